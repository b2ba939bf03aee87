"""Rules for the trailer and the catalogue: validation data and metadata may change; what acts or shows may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes import forms as rules_forms
from verify.signatures.changes import tags as rules_tags
from verify.signatures.changes.edits import Edit, Kind
from verify.signatures.objects import plain, ref_of, verb

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison, Pair, Rule

# What the entries of the catalogue, and of its name trees, do; the others are only "added", "changed" or "removed".
_KINDS: Mapping[str, Kind] = {
    "OpenAction": "active-content", "AA": "active-content", "JavaScript": "active-content",
    "EmbeddedFiles": "attachment-added", "AF": "attachment-added", "Collection": "attachment-added",
    "OCProperties": "layers-switched",
}  # fmt: skip


def trailer(step: Comparison) -> Iterator[Edit]:
    """What the file's trailer says of encryption; its catalogue is judged like any object."""
    before, after = (step.h.trailer(n) for n in (step.old, step.new))
    if "/Encrypt" not in after:
        return
    if "/Encrypt" not in before:
        yield step.edit("document", "encryption-added", "never")
        return
    old, new = plain(before.raw_get("/Encrypt")), plain(after.raw_get("/Encrypt"))
    # The dictionary itself is never encrypted, so it is compared only where an update writes it again.
    pointers = isinstance(old, generic.IndirectObject) and isinstance(new, generic.IndirectObject)
    rewritten = not pointers or ref_of(old) != ref_of(new) or ref_of(new) in step.h.touched(step.new)
    if rewritten and not step.same(step.at_old(old), step.at_new(new)):
        yield step.edit("document", "encryption-changed", "never")


def _catalog(step: Comparison, pair: Pair) -> Iterator[Edit]:
    for key, a, b in step.keys(pair):
        inner = pair.with_(step.at_old(a), step.at_new(b))
        match key:
            case "/AcroForm":
                yield from rules_forms.form(step, inner)
            case "/DSS":
                yield from _dss(step, pair.with_(a, b))
            case "/Metadata":
                yield from _metadata(step, inner)
            case "/Extensions" | "/Version":
                yield step.edit(f"document, {key[1:]}", "changed", "always", "version")
            case "/Perms":
                yield from _permissions(step, inner)
            case "/StructTreeRoot" if a is not None:
                yield from rules_tags.tags(step, inner)
            case "/MarkInfo" if a is None:
                yield step.edit("document, MarkInfo", "changed", "always", "version")
            case "/Names":
                yield from _names(step, inner)
            case _:
                yield _entry_edit(step, key[1:], a, b)


def _names(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """The name dictionary: scripts that run on opening, attachments, destinations."""
    for key, a, b in step.keys(pair):
        yield _entry_edit(step, key[1:], a, b)


def _entry(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """An object below an entry of the catalogue."""
    yield step.edit(f"document, {pair.label}", _KINDS.get(pair.label, "replaced"), "never")


def _entry_edit(step: Comparison, name: str, old: Any, new: Any) -> Edit:
    return step.edit(f"document, {name}", _KINDS.get(name, verb(old, new)), "never")


def _info(step: Comparison, pair: Pair) -> Iterator[Edit]:
    yield step.edit("document information", "changed", "always", "metadata")


def _metadata(step: Comparison, pair: Pair) -> Iterator[Edit]:
    if pair.new is not None and not isinstance(pair.new, generic.StreamObject):
        yield step.edit("metadata", "changed", "never")
    else:
        yield step.edit("metadata", "changed", "always", "metadata")


def _dss(step: Comparison, pair: Pair) -> Iterator[Edit]:
    kind: Kind = "changed" if pair.old is not None else "added"
    yield step.edit("validation data (DSS)", kind, "always", "validation-data")


def _permissions(step: Comparison, pair: Pair) -> Iterator[Edit]:
    for key, a, _ in step.keys(pair):
        if a is None:
            # A certification after an approval: ISO wants it first, yet nothing that was signed changes by it.
            yield step.edit(f"document permissions, {key[1:]}", "certified-later", "doubtful")
        else:
            yield step.edit(f"document permissions, {key[1:]}", "replaced", "never")


RULES: Mapping[str, Rule] = {
    "catalog": _catalog, "entry": _entry, "names": _names, "info": _info, "metadata": _metadata, "dss": _dss,
    "permissions": _permissions,
}  # fmt: skip

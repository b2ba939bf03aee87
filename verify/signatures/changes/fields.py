"""Rules for fields: a value may be filled in, and the look may follow it; whatever else a field is stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes import forms as rules_forms
from verify.signatures.changes.acts import hides
from verify.signatures.changes.edits import Edit
from verify.signatures.changes.history import OTHERS
from verify.signatures.changes.looks import untrue
from verify.signatures.changes.pages import is_font
from verify.signatures.objects import Ref, raw_items, ref_of, verb

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison, Pair, Rule

_OF_SIGNING = frozenset({"/V", "/AP", "/AS", "/I", "/RV", "/M", "/DV", "/Lock", "/MK", "/F", "/P", "/Type", "/Subtype",
                         "/StructParent", "/Border", "/DA"})  # fmt: skip
_ACTIVE = frozenset({"/A", "/AA", "/PA"})


def _field(step: Comparison, pair: Pair) -> Iterator[Edit]:
    label, old, new = pair.label, pair.old, pair.new
    if isinstance(old, generic.ArrayObject) or isinstance(new, generic.ArrayObject):
        yield from rules_forms.fields(step, old, new)
        return
    words, shows = f"field {label}", rules_forms.widgets(step, {pair.ref} if pair.ref else set(), step.new)
    if old is None and new is not None:
        yield from rules_forms.widget_added(step, "", new, pair.ref)
        if rules_forms.type_of(step, new, step.new) == "/Sig":
            yield from rules_forms.field_added(step, new, pair.ref)
        return
    if not isinstance(new, generic.DictionaryObject) or not isinstance(old, generic.DictionaryObject):
        yield step.edit(words, "field-removed", "never", None, label)
        return
    kind = rules_forms.type_of(step, old, step.old)
    differing = {key: (a, b) for key, a, b in step.keys(pair)}
    signed = kind == "/Sig" and "/V" in old and step.at_old(old.raw_get("/V")) is not None
    if signed and "/V" in differing:
        yield step.edit(f"signature in field {label}", "signature-dictionary-differs", "never", None, label, shows)
    if signed and differing.keys() - {"/StructParent", "/V"}:
        yield step.edit(words, "signature-altered", "never", None, label, shows)
    if signed:
        return
    if kind == "/Sig" and "/V" in differing:
        yield from _signed(step, label, pair, differing, shows)
        return
    for key, (a, b) in sorted(differing.items()):
        yield from _entry(step, label, key, pair.with_(a, b), shows)


def _signed(
    step: Comparison, label: str, pair: Pair, differing: Mapping[str, Any], shows: tuple[Ref, ...]
) -> Iterator[Edit]:
    """An empty signature field that holds a signature now."""
    words = f"field {label}"
    step.filled.add(label)
    value = step.at_new(differing["/V"][1])
    if not rules_forms.is_signature(value):
        yield step.edit(f"signature in field {label}", "malformed", "doubtful", None, label, shows)
    if rules_forms.is_timestamp(value):
        yield step.edit(words, "timestamp-added", "always", "timestamp")
        if rules_forms.shows_something(step, pair.new):
            yield rules_forms.shown_stamp(step, label, shows)
    else:
        yield step.edit(words, "signature-added", "signing", "signature", label, shows)
        pages = step.h.holders(pair.ref, "page")
        if rules_forms.visible(step, pair.new) and any(
            hides(step, page, pair.new, step.new, more=True) for page in pages[:1]
        ):
            yield step.edit(words, "signature-over-content", "covered-by-signing", "signature", label, shows)
    for key in sorted(differing.keys() - _OF_SIGNING):
        yield step.edit(f"{words}, {key[1:]}", "active-content" if key in _ACTIVE else "changed", "never", None, label)


def _entry(step: Comparison, label: str, key: str, pair: Pair, shows: tuple[Ref, ...]) -> Iterator[Edit]:
    """One entry of a field that differs; the pair holds its raw values."""
    words, a, b = f"field {label}", pair.old, pair.new
    if key == "/V":
        step.filled.add(label)
        yield step.edit(words, "value-changed", "form-filling", "form-filling", label, shows)
    elif key in ("/AS", "/I", "/RV", "/DV"):
        if key in ("/AS", "/RV"):
            step.filled.add(label)
        yield step.edit(f"{words}, {key[1:]}", "value-changed", "form-filling", "form-filling", label, shows)
    elif key == "/AP":
        step.looks.append((label, f"{words}, appearance", shows))
    elif key == "/Ff" and _only_read_only(step.at_old(a), step.at_new(b)):
        yield step.edit(f"{words}, flags", "made-read-only", "form-filling", "form-filling")
    elif key in ("/M", "/StructParent", "/Type"):
        yield step.edit(f"{words}, {key[1:]}", "changed", "always", "no-visible-effect")
    elif key == "/Kids":
        yield from _kids(step, label, step.at_old(a), step.at_new(b))
    elif key == "/P" and a is None:
        yield step.edit(f"{words}, page", "changed", "always", "no-visible-effect")
    elif key in _ACTIVE:
        yield step.edit(f"{words}, {key[1:]}", "active-content", "never", None, label, shows)
    else:
        yield step.edit(f"{words}, {key[1:]}", verb(a, b), "never", None, label, shows)


def _kids(step: Comparison, label: str, old: Any, new: Any) -> Iterator[Edit]:
    """A field's widgets may be removed where annotations may; its named kids are fields."""
    after, before = (raw_items(v) if isinstance(v, generic.ArrayObject) else [] for v in (new, old))
    kept = {ref_of(v) for v in after if isinstance(v, generic.IndirectObject)}
    held = {ref_of(v) for v in before if isinstance(v, generic.IndirectObject)}
    for ref in sorted(held - kept):
        gone = step.h.get(ref, step.old)
        if isinstance(gone, generic.DictionaryObject) and "/T" in gone:
            yield step.edit(f"field {step.h.field_name(gone, step.old)}", "field-removed", "never", None, label)
        elif step.on_a_page(ref):
            yield step.edit(f"field {label}", "widget-detached", "never", None, label, (ref,))
        else:
            yield step.edit(f"field {label}", "widget-removed", "annotations", "annotations", label)
    for ref in sorted(kept - held):
        added = step.h.get(ref, step.new)
        if isinstance(added, generic.DictionaryObject) and "/T" in added:
            yield from rules_forms.field_added(step, added, ref)
        elif added is not None:
            yield from rules_forms.widget_added(step, "", added, ref)


def _value(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """A value that is an object of its own."""
    step.filled.add(pair.label)
    shows = rules_forms.widgets(step, step.h.named(pair.label), step.new)
    yield step.edit(f"field {pair.label}", "value-changed", "form-filling", "form-filling", pair.label, shows)


def _detail(step: Comparison, pair: Pair) -> Iterator[Edit]:
    yield step.edit(f"field {pair.label}", "replaced", "never", None, pair.label)


def _signature(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """The dictionary that the signed bytes hold is not the one that a reader is shown."""
    shows = rules_forms.widgets(step, step.h.named(pair.label), step.new)
    words = f"signature in field {pair.label}"
    yield step.edit(words, "signature-dictionary-differs", "never", None, pair.label, shows)


def _appearance(step: Comparison, pair: Pair) -> Iterator[Edit]:
    if is_font(pair.old):
        # Other letters under the same codes: the field shows something else, whatever its value says.
        yield step.edit(f"field {pair.label}, appearance", "font-replaced", "never", None, pair.label)
        return
    step.looks.append((pair.label, f"field {pair.label}, appearance", step.h.holders(pair.ref, "field")))


def looks(step: Comparison) -> Iterator[Edit]:
    """Appearances that changed, each against its field's value; told last, when all values are known."""
    for name, words, shows in step.looks:
        if name in step.filled and name != OTHERS:
            yield step.edit(words, "appearance-changed", "form-filling", "form-filling", name, shows)
        else:
            yield step.edit(words, "appearance-without-value", "never", None, name, shows)
    redrawn = {name for name, _, _ in step.looks}
    for name in sorted(step.filled):
        yield from untrue(step, name, redrawn=name in redrawn)
        yield from _covering(step, name)


def _covering(step: Comparison, name: str) -> Iterator[Edit]:
    """A field that was filled may hide no more of its page than it did; a signature's look is judged where it comes."""
    for ref in rules_forms.widgets(step, step.h.named(name), step.new):
        widget, pages = step.h.get(ref, step.new), step.h.holders(ref, "page")
        if not pages or rules_forms.type_of(step, widget, step.new) == "/Sig" or not rules_forms.visible(step, widget):
            continue
        if hides(step, pages[0], widget, step.new, more=True):
            yield step.edit(f"field {name}, appearance", "appearance-over-content", "doubtful", None, name, (ref,))


def _only_read_only(old: Any, new: Any) -> bool:
    """Whether a field's flags differ in the read-only bit alone, and that is set now."""
    before = old if isinstance(old, int) else 0
    return isinstance(new, int) and new == before | 1


RULES: Mapping[str, Rule] = {
    "field": _field, "field-detail": _detail, "value": _value, "appearance": _appearance, "signature": _signature,
}  # fmt: skip

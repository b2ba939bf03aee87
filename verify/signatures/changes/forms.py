"""Rules for the form: signature fields may come, other fields stay as many as they were, and so do their fonts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes.acts import actions_of, hides
from verify.signatures.changes.edits import Edit
from verify.signatures.objects import Ref, entry, plain, raw_items, raw_pairs, ref_of, stream_bytes, verb

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison, Pair, Rule

_BLANK = b"\x00\t\n\f\r "  # ISO 32000-2, table 1
_COMMENT = re.compile(rb"%[^\r\n]*")


def form(step: Comparison, pair: Pair) -> Iterator[Edit]:
    old, new = pair.old, pair.new
    if new is None:
        yield step.edit("form", "removed", "never")
        return
    if isinstance(old, generic.ArrayObject) or isinstance(new, generic.ArrayObject):
        yield from fields(step, old, new)
        return
    for key, a, b in step.keys(pair):
        match key:
            case "/Fields":
                yield from fields(step, step.at_old(a), step.at_new(b))
            case "/SigFlags" | "/DA" | "/Q":
                yield step.edit(f"form, {key[1:]}", "changed", "always", "signature")
            case "/DR":
                yield from _resources(step, pair.with_(step.at_old(a), step.at_new(b)))
            case "/NeedAppearances":
                if step.at_new(b):
                    yield step.edit("form, NeedAppearances", "changed", "form-filling", "form-filling")
                else:
                    yield step.edit("form, NeedAppearances", "changed", "always", "no-visible-effect")
            case "/XFA":
                # The second form in the file: what it shows is not what the fields say.
                yield step.edit("form, XFA", "xfa-changed", "never")
            case _:
                yield step.edit(f"form, {key[1:]}", verb(a, b), "never")


def _detail(step: Comparison, pair: Pair) -> Iterator[Edit]:
    yield step.edit(f"form, {pair.label}", "xfa-changed" if pair.label == "XFA" else "replaced", "never")


def _resources(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """New resources may be added and others exchanged (each appearance has its own); the fields' fonts stay."""
    if pair.old is None or step.extended(step.old_entry(pair.old, "/Font"), step.new_entry(pair.new, "/Font")):
        yield step.edit("form, resources", "added", "always", "signature")
    else:
        yield step.edit("form, resources", "font-replaced", "never")


def _fonts(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """The list of the fields' fonts may grow; a font that is exchanged makes fields show something else."""
    fonts = entry(pair.old, "/Type") is None and not isinstance(pair.old, generic.StreamObject)
    if fonts and isinstance(pair.old, generic.DictionaryObject) and step.extended(pair.old, pair.new):
        yield step.edit("form, resources", "added", "always", "signature")
    else:
        yield step.edit("form, resources", "font-replaced", "never")


def fields(step: Comparison, old: Any, new: Any) -> Iterator[Edit]:
    before = raw_items(old) if isinstance(old, generic.ArrayObject) else []
    after = raw_items(new) if isinstance(new, generic.ArrayObject) else []
    held = {ref_of(v) for v in before if isinstance(plain(v), generic.IndirectObject)}
    kept = {ref_of(v) for v in after if isinstance(plain(v), generic.IndirectObject)}
    for ref in sorted(held - kept):
        gone = step.h.get(ref, step.old)
        if gone is not None:
            name = step.h.field_name(gone, step.old)
            yield step.edit(f"field {name}", "field-removed", "never", None, name)
    for ref in sorted(r for r in kept if r not in held or step.h.get(r, step.old) is None):
        yield from field_added(step, step.h.get(ref, step.new), ref)
    if any(not isinstance(plain(v), generic.IndirectObject) for v in after):
        yield step.edit("form, fields", "malformed", "never")


def field_added(step: Comparison, added: Any, ref: Ref | None) -> Iterator[Edit]:
    if not isinstance(added, generic.DictionaryObject):
        return
    name = step.h.field_name(added, step.new)
    words, shows = f"field {name}", widgets(step, {ref} if ref is not None else set(), step.new)
    if type_of(step, added, step.new) != "/Sig":
        yield step.edit(words, "field-added", "never", None, name, shows)
        return
    if actions_of(step, added, step.new):
        yield step.edit(words, "active-content", "never", None, name, shows)
    step.filled.add(name)
    signature = step.at_new(added.raw_get("/V")) if "/V" in added else None
    if not is_signature(signature):
        yield step.edit(words, "signature-field-added", "form-filling", "form-filling", name, shows)
        if signature is not None:
            yield step.edit(f"signature in field {name}", "malformed", "doubtful", None, name, shows)
    elif is_timestamp(signature):
        yield step.edit(words, "timestamp-added", "always", "timestamp")
        if shows_something(step, added):
            yield shown_stamp(step, name, shows)
    elif visible(step, added):
        yield step.edit(words, "signature-added", "signing", "signature", name, shows)
    else:
        yield step.edit(words, "signature-added", "signing", "signature", shows=shows)


def widget_added(step: Comparison, label: str, widget: Any, ref: Ref | None) -> Iterator[Edit]:
    """A field's widget that stands on a page now."""
    name = step.h.field_name(widget, step.new)
    words, shows = f"{label}, field {name}".removeprefix(", "), (ref,) if ref is not None else ()
    if type_of(step, widget, step.new) != "/Sig":
        yield step.edit(words, "widget-added", "never", None, name, shows)
        return
    if actions_of(step, widget, step.new):
        yield step.edit(words, "active-content", "never", None, name, shows)
    signature = _value_of(step, widget)
    if not is_signature(signature):
        yield step.edit(words, "signature-field-added", "form-filling", "form-filling", name, shows)
        yield from unsigned(step, words, name, step.h.page_of(label), widget, shows)
    elif is_timestamp(signature) and shows_something(step, widget):
        yield shown_stamp(step, name, shows)
    elif not visible(step, widget):
        yield step.edit(words, "signature-added", "always", "signature", name, shows)
    else:
        yield step.edit(words, "signature-added", "signing", "signature", name, shows)
        page = step.h.page_of(label)
        if page is not None and hides(step, page, widget, step.new):
            # The "sneaky signature": a picture that lies over what was signed.
            yield step.edit(words, "signature-over-content", "covered-by-signing", "signature", name, shows)


def unsigned(
    step: Comparison, words: str, name: str, page: Ref | None, widget: Any, shows: tuple[Ref, ...]
) -> Iterator[Edit]:
    """An empty signature field has nothing to show: nobody answers for what it draws."""
    if not visible(step, widget) or not draws(step, step.new_entry(widget, "/AP")):
        return
    yield step.edit(f"{words}, appearance", "appearance-without-value", "doubtful", None, name, shows)
    if page is not None and hides(step, page, widget, step.new):
        yield step.edit(words, "signature-over-content", "doubtful", None, name, shows)


def is_signature(value: Any) -> bool:
    """Whether a field's value is a signature, good or bad: it says what it signs, and holds what it says.

    A dictionary without them is no signature that anybody would examine.
    """
    return isinstance(value, generic.DictionaryObject) and all(
        entry(value, key) for key in ("/ByteRange", "/Contents", "/Filter")
    )


def widgets(step: Comparison, refs: set[Ref], number: int) -> tuple[Ref, ...]:
    """The objects among a field and its kids that take room on a page."""
    found: set[Ref] = set()
    for ref in refs:
        field = step.h.get(ref, number)
        if isinstance(field, generic.DictionaryObject) and "/Rect" in field:
            found.add(ref)
        kids = step.h.entry(field, "/Kids", number)
        for raw in raw_items(kids) if isinstance(kids, generic.ArrayObject) else []:
            if isinstance(raw, generic.IndirectObject) and "/T" not in (step.h.resolve(raw, number) or {}):
                found.add(ref_of(raw))
    return tuple(sorted(found))


def type_of(step: Comparison, value: Any, number: int) -> str | None:
    """/FT, which kids take over from their parents."""
    found = inherited(step, value, "/FT", number)
    return str(found) if found is not None else None


def inherited(step: Comparison, field: Any, key: str, number: int) -> Any:
    for _ in range(32):
        if not isinstance(field, generic.DictionaryObject):
            return None
        if (value := step.h.entry(field, key, number)) is not None:
            return value
        field = step.h.entry(field, "/Parent", number)
    return None


def _value_of(step: Comparison, field: Any) -> Any:
    return inherited(step, field, "/V", step.new)


def is_timestamp(signature: Any) -> bool:
    return isinstance(signature, generic.DictionaryObject) and (
        entry(signature, "/Type") == "/DocTimeStamp" or entry(signature, "/SubFilter") == "/ETSI.RFC3161"
    )


def shown_stamp(step: Comparison, name: str, shows: tuple[Ref, ...]) -> Edit:
    """Anyone's authority stamps anything: a timestamp that draws on the page could cover what was signed."""
    return step.edit(f"field {name}, appearance", "appearance-changed", "never", None, name, shows)


def shows_something(step: Comparison, field: Any, depth: int = 0) -> bool:
    """Whether a field, or a widget of it, takes room on the page or has anything to draw."""
    if not isinstance(field, generic.DictionaryObject):
        return False
    if visible(step, field) or draws(step, step.new_entry(field, "/AP")):
        return True
    kids = step.new_entry(field, "/Kids")
    if not isinstance(kids, generic.ArrayObject):
        return False
    return depth > 32 or any(shows_something(step, step.at_new(kid), depth + 1) for kid in raw_items(kids))


def draws(step: Comparison, look: Any, depth: int = 0) -> bool:
    """Whether an appearance holds an operator; writers give invisible fields an empty stream, or a comment."""
    if isinstance(look, generic.StreamObject):
        return _COMMENT.sub(b"", stream_bytes(look)).strip(_BLANK) != b""
    if isinstance(look, generic.DictionaryObject):
        return depth > 3 or any(draws(step, step.at_new(v), depth + 1) for _, v in raw_pairs(look))
    return False


def visible(step: Comparison, widget: Any) -> bool:
    """Whether a widget's rectangle holds an area. One that cannot be read might."""
    box = step.new_entry(widget, "/Rect")
    if box is None:
        return False
    try:
        x0, y0, x1, y1 = (float(step.at_new(v)) for v in raw_items(box))
    except (TypeError, ValueError):
        return True
    return x0 != x1 and y0 != y1


RULES: Mapping[str, Rule] = {
    "form": form, "form-detail": _detail, "form-resources": _resources, "form-fonts": _fonts,
}  # fmt: skip

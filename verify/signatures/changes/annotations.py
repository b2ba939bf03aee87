"""Rules for annotations: they may come, go and change where a certification permits it, unless they act or hide.

An annotation that covers what was signed, or whose going uncovers something else, is permitted by the letter of
DocMDP level 3 (ISO 32000-2, table 257) and deceives a reader all the same (the "evil annotation" attack).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes import forms as rules_forms
from verify.signatures.changes.acts import ATTACHED, acts, hides, is_action
from verify.signatures.changes.edits import Edit, Kind
from verify.signatures.changes.history import is_widget
from verify.signatures.objects import Ref, plain, raw_items, ref_of

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison, Pair, Rule

_SHOWN_BY = {"/Rect", "/AP", "/AS", "/F", "/C", "/IC", "/CA", "/ca", "/BM", "/QuadPoints", "/Vertices", "/InkList",
             "/Subtype", "/OC", "/BS", "/Border", "/L", "/Contents", "/DA", "/RC"}  # fmt: skip


def annotations_of_page(step: Comparison, label: str, old: Any, new: Any) -> Iterator[Edit]:
    """An array of annotations, before and after."""
    before = raw_items(old) if isinstance(old, generic.ArrayObject) else []
    after = raw_items(new) if isinstance(new, generic.ArrayObject) else []
    held, kept = _refs(before), _refs(after)
    for raw in before:
        if not (isinstance(raw, generic.IndirectObject) and ref_of(raw) in kept):
            yield from _gone(step, label, step.at_old(raw))
    for raw in after:
        known = isinstance(raw, generic.IndirectObject) and ref_of(raw) in held
        if not known or step.h.get(ref_of(raw), step.old) is None:
            yield from added(step, label, raw)
    # What covers what follows from the order (ISO 32000-2, 12.5.2: the last lies on top).
    stay = [r for r in map(_ref, before) if r in kept]
    if stay != [r for r in map(_ref, after) if r in held]:
        yield step.edit(f"{label}, annotations", "annotation-changed", "annotations", "annotations")


def _refs(values: list[Any]) -> set[Ref]:
    return {ref_of(v) for v in values if isinstance(plain(v), generic.IndirectObject)}


def _ref(value: Any) -> Ref | None:
    value = plain(value)
    return ref_of(value) if isinstance(value, generic.IndirectObject) else None


def _gone(step: Comparison, label: str, annotation: Any) -> Iterator[Edit]:
    if not isinstance(annotation, generic.DictionaryObject):
        return
    kind = str(step.old_entry(annotation, "/Subtype") or "").lstrip("/")
    if kind == "Widget":
        words = f"{label}, field {step.h.field_name(annotation, step.old)}"
        edit = step.edit(words, "widget-removed", "annotations", "annotations")
        yield step.stood(edit, step.h.page_of(label), annotation)
    else:
        yield _uncovering(step, label, annotation, f"{label}, annotation {kind}", "annotation-removed")


def added(step: Comparison, label: str, raw: Any) -> Iterator[Edit]:
    """An annotation that stands on a page now."""
    annotation = step.at_new(raw)
    if not isinstance(annotation, generic.DictionaryObject):
        return
    ref = _ref(raw)
    if is_widget(annotation):
        yield from rules_forms.widget_added(step, label, annotation, ref)
        return
    kind = str(step.new_entry(annotation, "/Subtype") or "").lstrip("/")
    words, shows = f"{label}, annotation {kind}".rstrip(), _shown(ref)
    yield from acts(step, words, annotation, shows)
    if hides(step, step.h.page_of(label), annotation, step.new):
        yield step.edit(words, "annotation-over-content", "covering", shows=shows)
    else:
        yield step.edit(words, "annotation-added", "annotations", "annotations", shows=shows)


def _shown(ref: Ref | None) -> tuple[Ref, ...]:
    return (ref,) if ref is not None else ()


def _uncovering(step: Comparison, label: str, annotation: Any, words: str, kind: Kind) -> Edit:
    """An annotation's going, or changing, where it stood: in doubt where it hid something as it was signed."""
    page = step.h.page_of(label)
    if hides(step, page, annotation, step.old):
        edit = step.edit(words, "annotation-uncovers-content", "covering")
    else:
        edit = step.edit(words, kind, "annotations", "annotations")
    return step.stood(edit, page, annotation)


def _annotation(step: Comparison, pair: Pair) -> Iterator[Edit]:
    label, old, new = pair.label, pair.old, pair.new
    if isinstance(old, generic.ArrayObject) or isinstance(new, generic.ArrayObject):
        yield from annotations_of_page(step, label, old, new)
        return
    if isinstance(new, generic.DictionaryObject) and (old is None or is_widget(new)):
        yield from added(step, label, generic.IndirectObject(*pair.ref, step.h.reader) if pair.ref else new)
        return
    keys = {key for key, _, _ in step.keys(pair)}
    words, shows = f"{label}, annotation", _shown(pair.ref)
    if keys <= {"/StructParent"}:
        yield step.edit(words, "changed", "always", "no-visible-effect")
        return
    if keys & {"/A", "/AA", "/PA"}:
        yield step.edit(words, "active-content", "never", shows=shows)
    if keys & ATTACHED:
        yield step.edit(words, "attachment-added", "covering", shows=shows)
    yield from _changed(step, label, words, keys, old, new, shows)


def _changed(
    step: Comparison, label: str, words: str, keys: set[str], old: Any, new: Any, shows: tuple[Ref, ...]
) -> Iterator[Edit]:
    """An annotation that looks otherwise: where it stands now, and where it stood."""
    if keys & _SHOWN_BY and isinstance(new, generic.DictionaryObject):
        if hides(step, step.h.page_of(label), new, step.new):
            yield step.edit(words, "annotation-over-content", "covering", shows=shows)
            return
        if isinstance(old, generic.DictionaryObject):
            yield _uncovering(step, label, old, words, "annotation-changed")
    yield step.edit(words, "annotation-changed", "annotations", "annotations", shows=shows)


def _look(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """An object below an annotation's appearance was overwritten."""
    for holder in step.h.holders(pair.ref, "annotation"):
        old, new = step.h.get(holder, step.old), step.h.get(holder, step.new)
        words = f"{pair.label}, appearance of an annotation"
        yield from _changed(step, pair.label, words, {"/AP"}, old, new, (holder,))
        return
    yield step.edit(f"{pair.label}, appearance of an annotation", "annotation-changed", "annotations", "annotations")


def _detail(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """Any other object below an annotation: an action, a file, a border."""
    value = pair.new if isinstance(pair.new, generic.DictionaryObject) else pair.old
    words = f"{pair.label}, annotation"
    holders = step.h.holders(pair.ref, "annotation")
    if is_action(value):
        yield step.edit(words, "active-content", "never", shows=holders)
    elif isinstance(value, generic.StreamObject) or (isinstance(value, generic.DictionaryObject) and "/EF" in value):
        yield step.edit(words, "attachment-added", "covering", shows=holders)
    else:
        yield step.edit(words, "annotation-changed", "annotations", "annotations", shows=holders)


RULES: Mapping[str, Rule] = {"annotation": _annotation, "annotation-look": _look, "annotation-detail": _detail}

"""Rules for the tags: they may grow with new fields and annotations; what was tagged stays tagged as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes.edits import Edit
from verify.signatures.objects import Ref, plain, raw_items, ref_of, verb

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison, Pair, Rule

_INDEXES = frozenset({"/ParentTree", "/ParentTreeNextKey", "/IDTree", "/Nums", "/Limits", "/Names", "/Kids"})


def tags(step: Comparison, pair: Pair) -> Iterator[Edit]:
    old, new = pair.old, pair.new
    if isinstance(old, generic.ArrayObject) and isinstance(new, generic.ArrayObject):
        if not step.grown(old, new):
            yield step.edit("structure (tags)", "changed", "never")
        else:
            yield step.edit("structure (tags)", "added", "always", "structure")
        return
    if not isinstance(old, generic.DictionaryObject) or not isinstance(new, generic.DictionaryObject):
        yield step.edit("structure (tags)", verb(old, new), "never")
        return
    for key, a, b in step.keys(pair):
        before, after = step.at_old(a), step.at_new(b)
        if key in _INDEXES:
            yield step.edit("structure (tags), index", "changed", "always", "structure")
        elif key == "/K" and (a is None or step.grown(before, after)):
            yield step.edit("structure (tags)", "added", "always", "structure")
        elif key == "/K" and _only_annotations_went(step, before, after):
            yield step.edit("structure (tags) of an annotation", "changed", "annotations", "annotations")
        else:
            yield step.edit(f"structure (tags), {key[1:]}", "changed", "never")


def _only_annotations_went(step: Comparison, before: Any, after: Any) -> bool:
    """Whether the kids that a tag lost stood for annotations that their pages lost as well."""
    if not step.grown(_without_annotations(step, before, step.old), _without_annotations(step, after, step.new)):
        return False
    stood, stands = _annotations_of(step, before, step.old), _annotations_of(step, after, step.new)
    return not any(step.on_a_page(ref) for ref in stood - stands)


def _annotations_of(step: Comparison, kids: Any, number: int) -> set[Ref]:
    entries = raw_items(kids) if isinstance(kids, generic.ArrayObject) else [kids]
    found = (step.h.resolve(e, number) for e in entries)
    raw = (plain(f.raw_get("/Obj")) for f in found if isinstance(f, generic.DictionaryObject) and "/Obj" in f)
    return {ref_of(r) for r in raw if isinstance(r, generic.IndirectObject)}


def _without_annotations(step: Comparison, kids: Any, number: int) -> Any:
    """The kids of a tag without those that stand for annotations (OBJR)."""
    entries = raw_items(kids) if isinstance(kids, generic.ArrayObject) else [] if kids is None else [kids]
    kept = [e for e in entries if step.h.entry(step.h.resolve(e, number), "/Type", number) != "/OBJR"]
    return generic.ArrayObject(kept)


RULES: Mapping[str, Rule] = {"structure": tags}

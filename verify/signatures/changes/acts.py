"""What an annotation or a form field does beyond showing something: it acts, carries a file, or hides the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes.cover import Before
from verify.signatures.changes.edits import Edit, Permission
from verify.signatures.objects import Ref, entry, plain, raw_items, ref_of
from verify.signatures.places import floats

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison

# Actions that only move the view (ISO 32000-2, table 201); unnamed ones do nothing.
_HARMLESS = frozenset({"/GoTo", "/Named", "/Thread", "/Trans", "None"})
_LEADING_OUT = frozenset({"/URI", "/GoToR"})  # at a reader's click, to what nobody signed
ATTACHED = frozenset({"/FS", "/AF", "/RichMediaContent", "/Sound", "/Movie", "/3DD"})
_MOST_ACTIONS = 200
_HIDDEN = 1 << 1  # /F: neither viewed nor printed (ISO 32000-2, table 167)
# Where an annotation without an appearance is drawn, whatever its rectangle says.
_SHAPES = ("/QuadPoints", "/Vertices", "/InkList", "/L", "/CL", "/Path")
_MOST_POINTS, _MOST_STATES = 2_000, 8


def acts(step: Comparison, words: str, annotation: Any, shows: tuple[Ref, ...]) -> Iterator[Edit]:
    """What a new annotation does when it is clicked or shown, and what it carries."""
    found = actions_of(step, annotation, step.new) - _HARMLESS
    if found:
        permission: Permission = "annotations" if found <= _LEADING_OUT else "never"
        yield step.edit(words, "active-content", permission, "annotations", shows=shows)
    if any(key in annotation for key in ATTACHED):
        yield step.edit(words, "attachment-added", "covering", shows=shows)


def actions_of(step: Comparison, holder: Any, number: int) -> set[str]:
    """The types of all actions that an annotation or field starts, chained ones included."""
    found: set[str] = set()
    if not isinstance(holder, generic.DictionaryObject):
        return found
    waiting = [holder.raw_get(key) for key in ("/A", "/PA") if key in holder]
    triggers = step.h.entry(holder, "/AA", number)
    if isinstance(triggers, generic.DictionaryObject):
        waiting += [triggers.raw_get(trigger) for trigger in triggers]
    for _ in range(_MOST_ACTIONS):
        if not waiting:
            break
        action = step.h.resolve(waiting.pop(), number)
        if isinstance(action, generic.ArrayObject):
            waiting += raw_items(action)[:_MOST_ACTIONS]
        elif isinstance(action, generic.DictionaryObject):
            found.add(str(step.h.entry(action, "/S", number)))
            if "/Next" in action:
                waiting.append(action.raw_get("/Next"))
    return found


def is_action(value: Any) -> bool:
    """Whether an object is an action that does more than move the view; styles of lines have /S of one letter."""
    name = entry(value, "/S")
    return isinstance(name, generic.NameObject) and len(name) > 2 and str(name) not in _HARMLESS


def hides(step: Comparison, page: Ref | None, annotation: Any, number: int, *, more: bool = False) -> bool:
    """Whether an annotation of a revision hides what its page itself shows.

    What is new is looked for in the file as it stands now, which is drawn once for all revisions: what a still later one
    takes away again hides nothing. `more`: only what the revision before still showed is asked for.
    """
    drawn = step.h.count - 1 if number == step.new else number
    index = _index(step, page, drawn)
    before = None
    if more and (was := _index(step, page, step.old)) is not None:
        before = Before(step.drawn(step.old), was)
    return step.drawn(drawn).hides(index, _area(step, annotation, number), _looks(step, annotation, number), before)


def _index(step: Comparison, page: Ref | None, number: int) -> int | None:
    pages = step.h.leaves(number)
    return pages.index(page) if page in pages else None


def _area(step: Comparison, annotation: Any, number: int) -> Any:
    """An annotation's rectangle; without an appearance, what its own points take up as well."""
    rect = step.h.entry(annotation, "/Rect", number)
    if not isinstance(annotation, generic.DictionaryObject) or "/AP" in annotation:
        return rect
    numbers = floats(rect)
    shape = [v for key in _SHAPES if key in annotation for v in _numbers(step, annotation.raw_get(key), number)]
    if numbers is None or len(shape) < 2:
        return rect
    xs, ys = [*numbers[::2], *shape[::2]], [*numbers[1::2], *shape[1::2]]
    return generic.ArrayObject([generic.FloatObject(f"{v:.4f}") for v in (min(xs), min(ys), max(xs), max(ys))])


def _numbers(step: Comparison, value: Any, number: int, depth: int = 0) -> list[float]:
    value = step.h.resolve(value, number)
    if isinstance(value, generic.ArrayObject) and depth < 3:
        return [v for raw in raw_items(value)[:_MOST_POINTS] for v in _numbers(step, raw, number, depth + 1)]
    return [float(value)] if isinstance(value, int | float) or hasattr(value, "as_numeric") else []


def _looks(step: Comparison, annotation: Any, number: int) -> list[Ref]:
    """The streams that an annotation shows: of the state that is chosen, or of each; none of a hidden annotation."""
    flags = step.h.entry(annotation, "/F", number)
    if isinstance(flags, int) and flags & _HIDDEN:
        return []
    looks = step.h.entry(annotation, "/AP", number)
    raw = looks.raw_get("/N") if isinstance(looks, generic.DictionaryObject) and "/N" in looks else None
    shown = step.h.resolve(raw, number)
    if isinstance(shown, generic.DictionaryObject) and not isinstance(shown, generic.StreamObject):
        state = step.h.entry(annotation, "/AS", number)
        found = [shown.raw_get(key) for key in shown if state is None or key == state]
    else:
        found = [raw]
    if "/RO" in annotation:  # what a redaction lays over the place that it marks
        found.append(annotation.raw_get("/RO"))
    return [ref_of(v) for v in map(plain, found[:_MOST_STATES]) if isinstance(v, generic.IndirectObject)]

"""What an annotation or a form field does beyond showing something: it acts, carries a file, or hides the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes.edits import Edit, Permission
from verify.signatures.objects import Ref, entry, raw_items

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison

# Actions that only move the view (ISO 32000-2, table 201); unnamed ones do nothing.
_HARMLESS = frozenset({"/GoTo", "/Named", "/Thread", "/Trans", "None"})
_LEADING_OUT = frozenset({"/URI", "/GoToR"})  # at a reader's click, to what nobody signed
ATTACHED = frozenset({"/FS", "/AF", "/RichMediaContent", "/Sound", "/Movie", "/3DD"})
_MOST_ACTIONS = 200


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


def hides(step: Comparison, page: Ref | None, annotation: Any, number: int) -> bool:
    """Whether an annotation of a revision hides what its page itself shows.

    What is new is looked for in the file as it stands now, which is drawn once for all revisions: what a still later one
    takes away again hides nothing.
    """
    drawn = step.h.count - 1 if number == step.new else number
    pages = step.h.leaves(drawn)
    index = pages.index(page) if page in pages else None
    return step.drawn(drawn).hides(index, step.h.entry(annotation, "/Rect", number))

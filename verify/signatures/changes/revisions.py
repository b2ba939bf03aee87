"""What changed after a signature: each later revision is compared with the one before it, once for all signatures.

The comparison is ours and refuses by default. Every object that a revision overwrites, frees or gives to a
reference that dangled before is judged by *every* part that it plays in the document (page, field, appearance, …);
a part whose change no rule allows is suspicious. New objects count through the edits that reach them. pyHanko's
own difference analysis compares each signature with each later revision (quadratic), names no object and takes
freed or identically rewritten objects for attacks, so only its reader is used here.

What a change needs is told by its `Permission`; whether a signature grants it follows from the certification level
and the locked fields (ISO 32000-2, 12.8.2.2 and 12.8.2.4). The comparison itself is in comparison.py, the rules in one
module a family: pages, forms, annotations, catalogue, tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from verify.signatures.changes.comparison import Comparison
from verify.signatures.changes.cover import Cover
from verify.signatures.changes.edits import Edit
from verify.signatures.changes.history import History, Unreadable
from verify.signatures.places import Places

_MOST_REVISIONS = 1_000
_MOST_PLACES = 20  # where one edit shows; a field may have a widget on each of a thousand pages


@dataclass(eq=False)
class Review:
    """The edits between neighbouring revisions, each pair compared once for all signatures."""

    history: History
    _steps: dict[int, tuple[Edit, ...]] = field(default_factory=dict)
    _covers: dict[int, Cover] = field(default_factory=dict)

    def since(self, revision: int) -> tuple[Edit, ...]:
        """All edits of the revisions after `revision` (from 0). Raises Unreadable."""
        if self.history.count - revision > _MOST_REVISIONS:
            raise Unreadable(f"the file was changed {self.history.count - revision - 1} times since")
        return tuple(edit for number in range(revision + 1, self.history.count) for edit in self._step(number))

    def _step(self, number: int) -> tuple[Edit, ...]:
        if number not in self._steps:
            try:
                # A part that an object got in between counts as well, so the parts only ever grow.
                self.history.know_parts(number - 1)
                edits = Comparison(self.history, number, self._places, self._drawn).edits()
                self._steps[number] = tuple(placed for edit in edits for placed in self._placed(edit))
            except RecursionError as error:
                raise Unreadable("the document's objects refer to each other in circles") from error
        return self._steps[number]

    def _placed(self, edit: Edit) -> Iterator[Edit]:
        """The edit once for each place on which it shows; one that is placed already shows where it stood."""
        found = {self._places.at(ref) for ref in edit.shows[:_MOST_PLACES]}
        spots = sorted((s for s in found if s is not None), key=lambda s: (s[0], s[1] or ()))
        if not spots:
            yield edit
        for page, box in spots:
            yield replace(edit, page=page, box_mm=box)

    @cached_property
    def _places(self) -> Places:
        return Places(self.history.reader)

    def _drawn(self, number: int) -> Cover:
        if number not in self._covers:
            self._covers[number] = Cover(self.history.beginning(number))
        return self._covers[number]


@dataclass(frozen=True)
class Terms:
    """What one signature allows afterwards: the certification level in force and the locked fields."""

    level: int | None = None  # DocMDP /P: 1 nothing, 2 forms and signing, 3 also annotations
    lock: Mapping[str, Any] | None = None  # {"action": All | Include | Exclude, "fields": [...]}

    def allow(self, edit: Edit) -> str | None:
        """The rule that permits an edit, or None."""
        if edit.permission in ("never", "doubtful", "covering"):
            return None
        if edit.field is not None and self.locked(edit.field) and edit.permission != "always":
            return None
        if edit.permission == "always":
            return edit.rule
        if edit.permission == "covered-by-signing":
            # Who certifies says what may come; where nobody did, a later signature's place is its signer's affair.
            return edit.rule if self.level is None else None
        if edit.permission in ("form-filling", "signing"):
            return edit.rule if self.level is None or self.level >= 2 else None
        return edit.rule if self.level == 3 else None

    def doubt(self, edit: Edit) -> bool:
        """Whether an edit that no rule permits is in doubt rather than forbidden."""
        if edit.permission == "covering":
            return self.level == 3
        if edit.permission == "covered-by-signing":
            return (
                self.level is not None and self.level >= 2 and not (edit.field is not None and self.locked(edit.field))
            )
        return edit.permission == "doubtful"

    def locked(self, name: str) -> bool:
        if self.lock is None:
            return False
        named = any(name == f or name.startswith(f + ".") for f in self.lock["fields"])
        return {"All": True, "Include": named, "Exclude": not named}.get(self.lock["action"], True)

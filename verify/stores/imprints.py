"""The index of registered impressions: which seals have the specimens most like an imprint.

An index knows descriptors and nothing of pictures. A descriptor's n numbers are n/2 real parts, then their n/2 imaginary
parts; turning a seal turns the phases only, so the lengths of these pairs stay. A question is a matrix with one
row for every place and turn asked about; a specimen is as like as its best row says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

EXACT = 200_000  # specimens up to which every one is held against every row
SHORTLIST = 5_000  # specimens that are, in a larger index
_BLOCK = 4_096


@dataclass(frozen=True)
class Entry:
    """A registered impression: the seal's id and the digest of the specimen's file."""

    seal: str
    specimen: str


@dataclass(frozen=True)
class Hit:
    """A seal found, with its likest specimen. `likeness`: inner product of unit descriptors, −1 to 1; it ranks,
    it is no evidence."""

    entry: Entry
    likeness: float


class ImprintIndex(Protocol):
    """Where registered impressions are searched."""

    def search(self, question: Array, *, most: int = 10) -> Sequence[Hit]:
        """The seals likest to the question (rows, n), the likest first, each once."""


@dataclass(frozen=True, eq=False)
class MemoryIndex:
    """An index in memory, searched with numpy. `descriptors` (len(entries), n), kept as float16 (1 KB each of 512).

    Up to `exact` specimens the search is exact. Above, the lengths of the pairs, which no turn changes, choose
    `shortlist` specimens that are searched exactly: a search for one place among a million then takes as long as an
    exact one among 200,000, about half a second, so that nothing but numpy is needed.
    """

    entries: Sequence[Entry]
    descriptors: NDArray[Any]
    exact: int = EXACT
    shortlist: int = SHORTLIST
    _lengths: NDArray[np.float16] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.descriptors.ndim != 2 or len(self.entries) != len(self.descriptors) or self.descriptors.shape[1] % 2:
            raise ValueError("an index needs one descriptor of paired numbers for every entry")
        lengths = None
        if len(self.entries) > self.exact:
            parts = [_lengths(block).astype(np.float16) for block in _blocks(self.descriptors)]
            lengths = np.concatenate(parts)
        object.__setattr__(self, "_lengths", lengths)

    def search(self, question: Array, *, most: int = 10) -> tuple[Hit, ...]:
        """The seals likest to the question, the likest first, each once; among equals the earlier entry."""
        if not self.entries:
            return ()
        asked = np.asarray(question, np.float32)
        chosen = np.arange(len(self.entries)) if self._lengths is None else self._likeliest(self._lengths, asked)
        pictures = self.descriptors if self._lengths is None else self.descriptors[chosen]
        likeness = np.concatenate([(block @ asked.T).max(axis=1) for block in _blocks(pictures)])
        found: dict[str, Hit] = {}
        for at in np.argsort(-likeness, kind="stable"):
            entry = self.entries[int(chosen[at])]
            found.setdefault(entry.seal, Hit(entry, float(likeness[at])))
            if len(found) == most:
                break
        return tuple(found.values())

    def _likeliest(self, lengths: NDArray[np.float16], asked: Array) -> NDArray[np.intp]:
        places = np.unique(_lengths(asked).round(4), axis=0)  # the turns of one place are one
        best = np.concatenate([(block @ places.T).max(axis=1) for block in _blocks(lengths)])
        return np.sort(np.argsort(-best, kind="stable")[: self.shortlist])


def _blocks(rows: NDArray[Any]) -> Iterator[Array]:
    """The rows as float32, a few thousand at a time: half precision is for keeping, not for multiplying."""
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK].astype(np.float32)


def _lengths(rows: Array) -> Array:
    half = rows.shape[1] // 2
    return np.hypot(rows[:, :half], rows[:, half:])

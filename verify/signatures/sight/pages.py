"""The pages of one state of a file as both engines draw them, and which page of two states is which."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.core.document import Pixels
from verify.signatures.sight.engines import Engine

_MOST_HELD = 64_000_000  # bytes of drawn pages kept for the next question
_SMALL = 24


@dataclass(frozen=True, eq=False)
class Leaf:
    """What is kept of a drawn page: the digest of its pixels and a small grey picture."""

    digest: str
    small: NDArray[np.int16]
    width_mm: float


@dataclass(eq=False)
class Purse:
    """How many pages may still be drawn for this document."""

    left: int


@dataclass(eq=False)
class Volume:
    """One state of the file. A page is drawn when it is asked for; of most, only the leaf is kept."""

    engines: Mapping[str, Engine]
    dpi: float
    purse: Purse
    _leaves: dict[tuple[str, int], Leaf | None] = field(default_factory=dict)
    _held: OrderedDict[tuple[str, int], Pixels] = field(default_factory=OrderedDict)

    def count(self, engine: str) -> int:
        return len(self.engines[engine])

    def known(self, engine: str, index: int) -> bool:
        return (engine, index) in self._leaves

    def leaf(self, engine: str, index: int) -> Leaf | None:
        """None where the engine has no such page or cannot draw it."""
        key = (engine, index)
        if key not in self._leaves:
            self._draw(engine, index)
        return self._leaves[key]

    def pixels(self, engine: str, index: int) -> Pixels:
        """The drawing behind a leaf; drawn again where it is no longer held."""
        key = (engine, index)
        if key not in self._held:
            self._draw(engine, index)
        return self._held[key]

    def width_mm(self, index: int) -> float:
        """A page's width; MuPDF's word where there is one, because PDFium does not tell a page's own unit."""
        leaves = (self._leaves.get((engine, index)) for engine in self.engines)
        return next(leaf.width_mm for leaf in leaves if leaf is not None)

    def _draw(self, engine: str, index: int) -> None:
        key = (engine, index)
        self._leaves[key] = None
        if not 0 <= index < self.count(engine):
            return
        self.purse.left -= 1
        try:
            pixels, (width_mm, _) = self.engines[engine].draw(index, self.dpi)
        except Exception:  # a page that an engine cannot draw has no leaf; its libraries raise types of their own
            return
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        small = cv2.resize(grey, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA).astype(np.int16)
        shape = ",".join(map(str, pixels.shape)).encode()
        self._leaves[key] = Leaf(hashlib.sha256(shape + np.ascontiguousarray(pixels).data).hexdigest(), small, width_mm)
        self._held[key] = pixels
        while len(self._held) > 1 and sum(p.nbytes for p in self._held.values()) > _MOST_HELD:
            self._held.popitem(last=False)


Numbered = tuple[int, Leaf | None]


@dataclass(frozen=True)
class Match:
    """Pages from 0: pairs (as signed, as now) in order, and those of one state only."""

    pairs: tuple[tuple[int, int], ...]
    removed: tuple[int, ...] = ()
    added: tuple[int, ...] = ()


def matched(signed: Sequence[Numbered], now: Sequence[Numbered], *, whole: bool) -> Match:
    """Which page is which: the same number first, then by equal pictures, then by likeness.

    A page that was moved is removed and added. `whole` false: both states have pages that are not in the lists, so
    that a page without partner at their end tells nothing.
    """
    a, b = [_name(n, "a") for n in signed], [_name(n, "b") for n in now]
    if len(a) == len(b):
        changed = [i for i in range(len(a)) if a[i] != b[i]]
        if not {a[i] for i in changed} & {b[i] for i in changed}:
            return Match(tuple((s[0], n[0]) for s, n in zip(signed, now, strict=True)))
    pairs: list[tuple[int, int]] = []
    removed: list[int] = []
    added: list[int] = []
    for word, a0, a1, b0, b1 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        left, right = signed[a0:a1], now[b0:b1]
        likeliest = [(i, i) for i in range(a1 - a0)] if word == "equal" else list(_alike(left, right))
        pairs += [(left[i][0], right[j][0]) for i, j in likeliest]
        at_end = not whole and a1 == len(a) and b1 == len(b)
        if not at_end:
            removed += [n[0] for i, n in enumerate(left) if i not in {p[0] for p in likeliest}]
            added += [n[0] for j, n in enumerate(right) if j not in {p[1] for p in likeliest}]
    return Match(tuple(pairs), tuple(removed), tuple(added))


def _name(page: Numbered, side: str) -> str:
    """Equal for equal pictures; a page that could not be drawn equals none."""
    number, leaf = page
    return leaf.digest if leaf is not None else f"{side}{number}"


def _alike(left: Sequence[Numbered], right: Sequence[Numbered]) -> Iterator[tuple[int, int]]:
    """Partners in order: every page of the shorter list with the likeliest of the longer that leaves enough."""
    if len(left) > len(right):
        yield from ((i, j) for j, i in _alike(right, left))
        return
    start = 0
    for i, page in enumerate(left):
        last = len(right) - (len(left) - i)
        best = min(range(start, last + 1), key=lambda j: (_unlike(page, right[j]), j))
        yield i, best
        start = best + 1


def _unlike(one: Numbered, other: Numbered) -> float:
    if one[1] is None or other[1] is None:
        return 255.0
    return float(np.abs(one[1].small - other[1].small).mean())

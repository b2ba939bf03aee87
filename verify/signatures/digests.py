"""Digests over a file's signed ranges, each byte read once.

Signatures of one file cover ever longer beginnings of it. A hash over the file is carried along and copied where a
signature's range ends, so that the cost grows with the bytes plus the signatures, not with their product.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any


class Digests:
    """The digests of one file."""

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self._states: dict[str, list[tuple[int, Any]]] = {}

    def beginning(self, end: int, algorithm: str = "sha256") -> bytes:
        """The digest of the first `end` bytes. Raises ValueError for an algorithm that nobody knows."""
        return _finished(self._state(end, algorithm), algorithm)

    def over(self, span: Sequence[int], algorithm: str) -> bytes:
        """The digest over ranges (start, length, start, length, …)."""
        pairs = list(zip(span[::2], span[1::2], strict=True))
        begins = bool(pairs) and pairs[0][0] == 0
        state = self._state(pairs[0][1] if begins else 0, algorithm)
        for start, length in pairs[1:] if begins else pairs:
            state.update(self._view[start : start + length])
        return _finished(state, algorithm)

    def _state(self, end: int, algorithm: str) -> Any:
        """A copy of the hash after `end` bytes, carried on from the nearest that is known."""
        if algorithm not in self._states:
            empty = hashlib.shake_256() if algorithm == "shake256" else hashlib.new(algorithm)
            self._states[algorithm] = [(0, empty)]
        known = self._states[algorithm]
        place = bisect_right(known, end, key=lambda k: k[0])
        offset, nearest = known[place - 1]
        if offset == end:
            return nearest.copy()
        state = nearest.copy()
        state.update(self._view[offset:end])
        known.insert(place, (end, state))
        return state.copy()


def _finished(state: Any, algorithm: str) -> bytes:
    """SHAKE256 gives 64 bytes, as Ed448 wants it (RFC 8419, 2.3)."""
    return bytes(state.digest(64) if algorithm == "shake256" else state.digest())

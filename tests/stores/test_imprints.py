from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from verify.stores.imprints import Entry, ImprintIndex, MemoryIndex

PAIRS = 16


def descriptors(count: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(5).standard_normal((count, 2 * PAIRS)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def turned(row: NDArray[np.float32]) -> NDArray[np.float32]:
    """The row in eight turns: its pairs' phases turn by their own harmonics."""
    pairs = row[:PAIRS] + 1j * row[PAIRS:]
    phases = np.exp(-2j * np.pi / 8 * np.arange(8)[:, None] * np.arange(PAIRS)[None])
    return np.concatenate([(pairs * phases).real, (pairs * phases).imag], axis=1).astype(np.float32)


def entries(count: int) -> list[Entry]:
    return [Entry(f"seal-{i}", f"specimen-{i}") for i in range(count)]


def test_the_likest_comes_first_in_any_turn() -> None:
    rows = descriptors(300)
    index: ImprintIndex = MemoryIndex(entries(300), rows.astype(np.float16))
    hits = index.search(turned(turned(rows[17])[3]), most=5)
    assert hits[0].entry == Entry("seal-17", "specimen-17")
    assert hits[0].likeness == pytest.approx(1.0, abs=0.01)
    assert [h.likeness for h in hits] == sorted((h.likeness for h in hits), reverse=True)
    assert len(hits) == 5


def test_a_seal_with_several_specimens_is_told_once_with_its_likest() -> None:
    rows = descriptors(3)
    index = MemoryIndex([Entry("a", "first"), Entry("a", "second"), Entry("b", "third")], rows)
    assert [h.entry for h in index.search(rows[1:2])] == [Entry("a", "second"), Entry("b", "third")]


def test_beyond_the_exact_size_a_shortlist_finds_the_same_first() -> None:
    rows = descriptors(300)
    large = MemoryIndex(entries(300), rows, exact=100, shortlist=30)
    assert all(large.search(turned(rows[i]), most=1)[0].entry.seal == f"seal-{i}" for i in range(0, 300, 23))


def test_an_empty_index_finds_nothing() -> None:
    assert MemoryIndex([], np.zeros((0, 2 * PAIRS), np.float32)).search(descriptors(1)) == ()


def test_every_entry_needs_its_descriptor() -> None:
    with pytest.raises(ValueError, match="one descriptor"):
        MemoryIndex(entries(2), descriptors(3))

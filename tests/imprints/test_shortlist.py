"""Of many registered seals the likest in design are screened, and described once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.imprints.stamped import SEAL, imprint, scan
from tests.stores.test_seals import seal, specimen
from verify.imprints.imprint import Imprint
from verify.imprints.shortlist import Registered, shortlist
from verify.stores.descriptors import MemoryDescriptors
from verify.stores.seals import ReferenceSeal, Specimen

SEALS = tuple(seal(id=f"seal-{n}", specimen=(specimen(sha256=f"{n:064}"),)) for n in range(3))


class Pictures:
    """The simulated seal of a number's own print; counts what is asked for."""

    def __init__(self, broken: str = "") -> None:
        self.asked: list[str] = []
        self.broken = broken

    def __call__(self, one: ReferenceSeal, _: Specimen) -> Imprint:
        self.asked.append(one.id)
        if one.id == self.broken:
            raise ValueError("no picture")
        found = scan(seal=SEAL + int(one.id[-1]))
        return Imprint(found.pixels, found.dpi)


def listed(seals: Sequence[ReferenceSeal], pictures: Pictures, kept: MemoryDescriptors, *, most: int) -> list[str]:
    def broke(one: ReferenceSeal, error: Exception) -> None:
        pictures.asked.append(f"{one.id} broke")

    registered = Registered(kept, pictures)
    found = shortlist(imprint(session=1), seals, registered, most=most, broke=broke, breaks=(ValueError,))
    return [s.id for s in found]


@pytest.mark.parametrize("order", [SEALS, SEALS[::-1]])
def test_the_seal_itself_is_the_first_of_them(order: Sequence[ReferenceSeal]) -> None:
    assert listed(order, Pictures(), MemoryDescriptors(), most=1) == ["seal-0"]


def test_each_specimen_is_described_once() -> None:
    pictures, kept = Pictures(), MemoryDescriptors()
    assert listed(SEALS, pictures, kept, most=2) == listed(SEALS, pictures, kept, most=2)
    assert pictures.asked == ["seal-0", "seal-1", "seal-2"]


def test_where_there_are_few_nothing_is_described() -> None:
    pictures = Pictures()
    assert listed(SEALS, pictures, MemoryDescriptors(), most=3) == ["seal-0", "seal-1", "seal-2"]
    assert pictures.asked == []


def test_a_seal_whose_picture_cannot_be_read_is_told_and_stops_nothing() -> None:
    pictures = Pictures(broken="seal-1")
    assert listed(SEALS, pictures, MemoryDescriptors(), most=1) == ["seal-0"]
    assert "seal-1 broke" in pictures.asked

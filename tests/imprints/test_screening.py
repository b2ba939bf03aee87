from __future__ import annotations

import numpy as np

from tests.imprints.stamped import SEAL, imprint, scan
from tests.imprints.test_align import turned
from verify.imprints.align import Searchable, frame
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift
from verify.imprints.screening import DPI, questioned_frame, screen


def specimen(seal: int = SEAL) -> Searchable:
    found = scan(seal=seal)
    return Searchable(frame(lift(Imprint(found.pixels, found.dpi))))


def test_the_seal_itself_screens_above_others_of_its_layout() -> None:
    questioned = questioned_frame(turned(imprint(), 40.0))
    own, other = screen(questioned, specimen()), screen(questioned, specimen(SEAL + 1))
    assert own.ncc > 0.9 > other.ncc
    assert abs((own.alignment.rotation + 40.0 + 180) % 360 - 180) < 1.0


def test_an_unknown_scale_is_searched() -> None:
    smaller = turned(imprint(session=1), 40.0, 0.8)
    assert screen(questioned_frame(Imprint(smaller.pixels, None)), specimen()).ncc > 0.9


def test_overlap_is_what_can_be_seen_on_both_sides() -> None:
    whole = imprint(session=1)
    half = Imprint(np.ascontiguousarray(whole.pixels[:, : whole.pixels.shape[1] * 2 // 3]), whole.dpi)
    assert screen(questioned_frame(whole), specimen()).overlap > 0.95
    assert 0.5 < screen(questioned_frame(half), specimen()).overlap < 0.85


def test_fine_scans_are_lifted_coarsely() -> None:
    assert abs(questioned_frame(imprint(dpi=600.0)).dpi - DPI) < 1.0


def test_equal_input_screens_equally() -> None:
    questioned = questioned_frame(imprint(session=1))
    assert screen(questioned, specimen()).ncc == screen(questioned, specimen()).ncc

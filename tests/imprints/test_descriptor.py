from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from tests.imprints.stamped import SEAL, imprint, scan
from tests.imprints.test_align import turned
from verify.imprints.descriptor import SIZE, TURNS, describe, likeness, question
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift

OTHERS = (SEAL + 1, SEAL + 2, SEAL + 3)


@cache
def specimen(seal: int = SEAL) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    found = scan(seal=seal)
    return describe(lift(Imprint(found.pixels, found.dpi)))


def ranked_first(questioned: Imprint) -> bool:
    """Of four contract seals, alike in layout, its own is the likest, and by a margin."""
    asked = question(lift(questioned))
    own = likeness(specimen(), asked)
    return own > 0.05 + max(likeness(specimen(seal), asked) for seal in OTHERS)


def test_equal_ink_gives_equal_descriptors_of_unit_length() -> None:
    ink = lift(imprint())
    assert describe(ink).shape == (SIZE,)
    assert np.array_equal(describe(ink), describe(ink))
    assert abs(np.linalg.norm(describe(ink)) - 1) < 1e-3


def test_another_print_turned_by_any_angle_is_the_likest() -> None:
    for angle in (0.0, 33.0, 171.0):
        assert ranked_first(turned(imprint(session=1), angle))


def test_neither_size_nor_an_unknown_scale_matters() -> None:
    assert ranked_first(turned(imprint(session=1), 20.0, 0.94))
    smaller = turned(imprint(session=1), 20.0, 0.7)
    assert ranked_first(Imprint(smaller.pixels, None))


def test_colour_does_not_matter() -> None:
    print_ = imprint(session=1)
    assert ranked_first(replace(print_, pixels=np.ascontiguousarray(print_.pixels[:, :, ::-1])))
    grey = cv2.cvtColor(cv2.cvtColor(print_.pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    assert ranked_first(replace(print_, pixels=np.asarray(grey, np.uint8)))


def test_a_missing_sixth_and_type_over_it_are_borne() -> None:
    print_ = imprint(session=1, clutter="medium")
    pixels = print_.pixels.copy()
    pixels[: pixels.shape[0] // 4, : pixels.shape[1] // 2] = 255
    assert ranked_first(replace(print_, pixels=pixels))


def test_blank_paper_is_like_nothing() -> None:
    blank = Imprint(np.full((300, 300, 3), 250, np.uint8), 300.0)
    asked = question(lift(blank))
    assert len(asked) % TURNS == 0
    assert np.isfinite(asked).all()
    assert likeness(specimen(), asked) < 0.5

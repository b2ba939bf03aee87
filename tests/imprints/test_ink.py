import numpy as np
import pytest

from tests.imprints.stamped import imprint, scan
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift


def test_lifted_ink_lies_where_the_seal_put_it() -> None:
    truth = scan()
    ink = lift(imprint())
    found = ink.density > 0.4
    assert (found & truth.ink).sum() / (found | truth.ink).sum() > 0.8


def test_text_over_the_seal_is_unknown_not_ink() -> None:
    truth = scan(clutter="medium")
    ink = lift(imprint(clutter="medium"))
    only_text = truth.foreign & ~truth.ink
    assert (ink.density[only_text] > 0.5).mean() < 0.05
    assert ink.unknown[only_text].mean() > 0.6


def test_grey_pictures_have_no_colour_to_unmix() -> None:
    grey = imprint().pixels.mean(axis=2).astype(np.uint8)
    ink = lift(Imprint(np.dstack([grey] * 3), 300.0))
    assert ink.colour is None
    assert not ink.quality.coloured
    assert not ink.unknown.any()


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_crop_is_lifted_without_complaint(value: int) -> None:
    ink = lift(Imprint(np.full((40, 50, 3), value, np.uint8), None))
    assert ink.density.shape == (40, 50)
    assert np.isfinite(ink.density).all()


def test_equal_pixels_give_equal_ink() -> None:
    assert np.array_equal(lift(imprint()).density, lift(imprint()).density)

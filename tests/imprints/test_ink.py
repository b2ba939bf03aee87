from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.imprints.stamped import die, imprint, scan
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, lift
from verify.simulation.impressions import Pressing, press
from verify.simulation.paper import Layer, handwriting, printed_lines
from verify.simulation.scans import Capture, Scan, scan_page


def _over(layer: Layer, capture: Capture) -> Scan:
    """The sample seal with a layer over it."""
    rng = np.random.default_rng(5)
    impression = press(die(), Pressing.draw(rng), rng)
    width, height = impression.size_mm
    return scan_page([(impression, 2.0, 2.0)], [layer], capture, rng, size_mm=(width + 4.0, height + 4.0))


@cache
def _typed(jpeg: int | None = None) -> Scan:
    return _over(printed_lines(np.random.default_rng(6), 50.0, 50.0), Capture(jpeg=jpeg))


def _iou(ink: Ink, truth: NDArray[np.bool_], where: NDArray[np.bool_]) -> float:
    found = (ink.density > 0.5) & ~ink.unknown
    return float((found & truth & where).sum() / ((found | truth) & where).sum())


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(np.dstack([cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)] * 3), np.uint8)


def test_lifted_ink_lies_where_the_seal_put_it() -> None:
    truth = scan()
    ink = lift(imprint())
    assert _iou(ink, truth.ink, np.ones_like(truth.ink)) > 0.93


def test_text_over_the_seal_is_not_ink() -> None:
    truth = _typed()
    ink = lift(Imprint(truth.pixels, truth.dpi))
    assert (ink.density[truth.foreign & ~truth.ink] > 0.5).mean() < 0.02


@pytest.mark.parametrize(("jpeg", "least"), [(None, 0.9), (80, 0.8)])
def test_ink_is_told_beneath_black_text(jpeg: int | None, least: float) -> None:
    truth = _typed(jpeg)
    ink = lift(Imprint(truth.pixels, truth.dpi))
    assert _iou(ink, truth.ink, truth.foreign & ~ink.unknown) > least
    assert ink.unknown[truth.foreign].mean() < 0.15


def test_black_that_leaves_no_light_is_unknown() -> None:
    truth = _typed()
    blackened = truth.pixels.copy()
    middle = blackened.shape[0] // 2
    blackened[middle - 20 : middle + 20] = 4
    ink = lift(Imprint(blackened, truth.dpi))
    assert ink.unknown[middle - 15 : middle + 15].mean() > 0.95


def test_a_blue_pen_over_a_red_seal_is_not_ink() -> None:
    truth = _over(handwriting(np.random.default_rng(7), 46.0, 46.0, pen="blue"), Capture())
    ink = lift(Imprint(truth.pixels, truth.dpi))
    assert ink.colour is not None and ink.colour[0] < 0.5
    assert (ink.density[truth.foreign & ~truth.ink] > 0.5).mean() < 0.03
    assert _iou(ink, truth.ink, truth.foreign & ~ink.unknown) > 0.8


def test_the_seal_is_told_by_how_it_lies_not_by_abundance() -> None:
    type_in_blue = printed_lines(np.random.default_rng(6), 50.0, 50.0)
    blue = Layer(type_in_blue.density, type_in_blue.px_per_mm, type_in_blue.x_mm, type_in_blue.y_mm, (2.1, 1.3, 0.3))
    truth = _over(blue, Capture())
    colour = lift(Imprint(truth.pixels, truth.dpi)).colour
    assert colour is not None and colour[0] < 0.5


def test_colours_that_the_scanner_shifted_invent_no_ink() -> None:
    truth = _typed()
    shifted = truth.pixels.copy()
    move = np.array([[1.0, 0.0, 0.35], [0.0, 1.0, 0.0]])
    size = (shifted.shape[1], shifted.shape[0])
    shifted[..., 0] = cv2.warpAffine(
        np.ascontiguousarray(shifted[..., 0]), move, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    ink = lift(Imprint(shifted, truth.dpi))
    assert (ink.density[truth.foreign & ~truth.ink] > 0.5).mean() < 0.02


def test_a_shadow_does_not_change_the_ink() -> None:
    lit = imprint()
    fall = np.linspace(1.0, 0.6, lit.pixels.shape[1], dtype=np.float32)[None, :, None]
    shaded = lift(Imprint(np.round(lit.pixels * fall).astype(np.uint8), lit.dpi))
    assert ((shaded.density > 0.5) != (lift(lit).density > 0.5)).mean() < 0.005


def test_grey_pictures_have_no_colour_to_unmix() -> None:
    ink = lift(Imprint(_grey(imprint().pixels), 300.0))
    assert ink.colour is None
    assert not ink.quality.coloured
    assert not ink.unknown.any()


def test_in_grey_what_is_darker_than_the_seal_is_unknown() -> None:
    truth = _typed()
    ink = lift(Imprint(_grey(truth.pixels), truth.dpi))
    assert (ink.density[truth.foreign & ~truth.ink] > 0.5).mean() < 0.02
    assert ink.unknown[truth.foreign].mean() > 0.5
    assert _iou(ink, truth.ink, ~truth.foreign & ~ink.unknown) > 0.9


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(40, 50), (1, 1), (3, 400)])
def test_a_blank_crop_is_lifted_without_complaint(value: int, shape: tuple[int, int]) -> None:
    ink = lift(Imprint(np.full((*shape, 3), value, np.uint8), None))
    assert ink.density.shape == shape
    assert np.isfinite(ink.density).all()


def test_noise_of_every_colour_is_lifted_without_complaint() -> None:
    ink = lift(Imprint(np.random.default_rng(0).integers(0, 256, (90, 80, 3)).astype(np.uint8), 300.0))
    assert np.isfinite(ink.density).all()


def test_equal_pixels_give_equal_ink() -> None:
    assert np.array_equal(lift(imprint()).density, lift(imprint()).density)

import cv2
import numpy as np
import pytest

from tests.imprints.stamped import imprint
from verify.imprints.align import Searchable, agreement, align, frame
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift


def turned(picture: Imprint, degrees: float, factor: float = 1.0) -> Imprint:
    h, w = picture.pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, factor)
    size = (w, h)
    pixels = cv2.warpAffine(picture.pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return Imprint(np.asarray(pixels, np.uint8), picture.dpi)


def test_a_turn_by_any_angle_is_found() -> None:
    reference = Searchable(frame(lift(imprint())))
    for angle in (-90.0, 47.0, 180.0):
        pose = align(reference, frame(lift(turned(imprint(), angle))), scale_known=True)
        assert abs((pose.rotation + angle + 180) % 360 - 180) < 0.2
        assert pose.ncc > 0.9


def test_an_unknown_scale_is_found() -> None:
    reference = Searchable(frame(lift(imprint())))
    smaller = turned(imprint(), 30.0, 0.8)
    questioned = frame(lift(Imprint(smaller.pixels, None)))
    pose = align(reference, questioned, scale_known=False)
    assert pose.ncc > 0.9
    # The frame of the smaller one spreads it over the nominal size, so only their product is the truth.
    told = pose.scale * questioned.to_pixels / reference.frame.to_pixels
    assert abs(told - 0.8) < 0.02


@pytest.mark.parametrize("factor", [0.35, 1.0])
def test_an_unknown_scale_is_told_by_the_size_and_not_by_a_guess_in_millimetres(factor: float) -> None:
    # The specimen's scale is known, so the nominal 40 mm of the questioned one may be far from it.
    h, w = imprint().pixels.shape[:2]
    pixels = cv2.resize(imprint(session=1).pixels, (round(w * factor), round(h * factor)), interpolation=cv2.INTER_AREA)
    reference = Searchable(frame(lift(imprint())))
    questioned = frame(lift(Imprint(np.asarray(pixels, np.uint8), None)))
    pose = align(reference, questioned, scale_known=False)
    told = pose.scale * questioned.to_pixels / reference.frame.to_pixels
    assert abs(told / factor - 1) < 0.03


def test_pen_strokes_beside_a_faint_grey_seal_do_not_draw_it_away() -> None:
    grey = cv2.cvtColor(imprint(session=1).pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    paper = float(np.percentile(grey, 90))
    faint = paper - 0.4 * (paper - grey)
    edge = round(0.5 * min(faint.shape))
    page = cv2.copyMakeBorder(faint, 0, edge, 0, edge, cv2.BORDER_CONSTANT, value=(paper,))
    for k in range(4):
        y = page.shape[0] - edge // 2 + 12 * k
        cv2.line(page, (20, y), (page.shape[1] - 20, y - 60 + 30 * k), (15.0,), 9)
    pixels = np.repeat(np.clip(page, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    reference = Searchable(frame(lift(imprint())))
    questioned = frame(lift(Imprint(np.ascontiguousarray(pixels), None)))
    pose = align(reference, questioned, scale_known=False)
    told = pose.scale * questioned.to_pixels / reference.frame.to_pixels
    assert abs(told - 1.0) < 0.03
    assert abs(pose.rotation) < 2.0


def test_the_rival_is_turned_and_agrees_less() -> None:
    reference = Searchable(frame(lift(imprint())))
    questioned = frame(lift(imprint(session=1)))
    for known in (True, False):
        pose = align(reference, questioned, scale_known=known)
        assert pose.rival is not None
        assert abs((pose.rival.rotation - pose.rotation + 180) % 360 - 180) > 10
        assert agreement(reference.frame, questioned, pose.rival) < agreement(reference.frame, questioned, pose) - 0.1

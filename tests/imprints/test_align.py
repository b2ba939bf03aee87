import cv2
import numpy as np

from tests.imprints.stamped import imprint
from verify.imprints.align import Searchable, align, frame
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

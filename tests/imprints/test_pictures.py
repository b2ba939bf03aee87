import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.imprints.stamped import imprint
from verify.core.document import Pixels
from verify.imprints.bending import bending
from verify.imprints.compare import Comparison, compare
from verify.imprints.imprint import Imprint
from verify.imprints.likelihood import load
from verify.imprints.lines import measured_lines
from verify.imprints.pictures import comparison_pictures
from verify.imprints.pictures.maps import difference, overlay
from verify.imprints.pictures.residuals import residual_shifts, residuals

CALIBRATION = load(Path(__file__).parents[2] / "models" / "comparison-1" / "calibration.json")
ROLES = {"aligned", "overlay", "difference", "fold", "residuals", "measures", "reference-ink", "questioned-ink"}
SPECIMEN = imprint(dpi=600.0)


@pytest.fixture(scope="module")
def genuine() -> Comparison:
    return compare(imprint(session=1), [SPECIMEN], calibration=CALIBRATION)


@pytest.fixture(scope="module")
def re_set() -> Comparison:
    return compare(imprint("re-set", session=1), [SPECIMEN], calibration=CALIBRATION)


def pixels(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_every_picture_is_a_readable_rgb_png_of_at_most_1200_pixels(genuine: Comparison) -> None:
    found = comparison_pictures(genuine, questioned=imprint(session=1), specimen=SPECIMEN)
    assert set(found) == ROLES
    for data in found.values():
        picture = pixels(data)
        assert picture.dtype == np.uint8 and picture.shape[2] == 3
        assert 300 < max(picture.shape) <= 1200


def test_equal_comparisons_give_equal_bytes(genuine: Comparison) -> None:
    again = compare(imprint(session=1), [SPECIMEN], calibration=CALIBRATION)
    assert comparison_pictures(genuine) == comparison_pictures(again)


def test_glyphs_set_anew_are_unusual_far_more_often_than_those_of_another_print(genuine: Comparison, re_set: Comparison) -> None:
    same, anew = ([r.unusual for r in residual_shifts(c.best)] for c in (genuine, re_set))
    # Between two simulated prints of this die some tenth lies beyond three deviations: rubber bends within 7 mm, too.
    assert np.mean(np.array(same) > 3) < 0.15
    assert np.mean(np.array(anew) > 3) > 0.3


def test_the_bending_follows_ring_and_star_and_not_the_glyphs_that_were_set_anew(re_set: Comparison) -> None:
    readings = re_set.best.readings
    found = bending(readings, dpi=300)
    assert found is not None
    glyph = readings.glyph[found.units]
    shift = found.left
    # A ring's piece is told across the line alone.
    across = [np.linalg.eigh(readings.covariance[i])[1][:, 0] @ s for i, s in zip(found.units, shift, strict=True)]
    assert np.median(np.abs(np.array(across)[~glyph])) < 0.05 < 0.08 < np.median(np.hypot(*shift[glyph].T))


def test_lines_of_a_genuine_print_agree_and_those_of_re_set_type_do_not(
    genuine: Comparison, re_set: Comparison
) -> None:
    lines = measured_lines(genuine.best)
    assert {"width", "height", "centre-first", "first-last", "arc-angle"} <= {x.what for x in lines}
    assert all(abs(x.unexplained) < 3.5 * x.deviation for x in lines)
    width = next(x for x in lines if x.what == "width")
    assert width.questioned is not None and abs(width.questioned / width.reference - 1) < 0.03
    assert any(abs(x.unexplained) > 3 * x.deviation for x in measured_lines(re_set.best))


def test_without_a_scale_there_are_angles_and_no_millimetres() -> None:
    unknown = Imprint(SPECIMEN.pixels, None)
    found = compare(imprint(session=1), [unknown], calibration=CALIBRATION)
    assert {x.unit for x in measured_lines(found.best)} <= {"deg"}
    assert "residuals" not in comparison_pictures(found)


def test_a_scan_too_coarse_for_microns_gets_no_arrows(genuine: Comparison) -> None:
    coarse = replace(genuine.best, measures={**genuine.best.measures, "dpi": 100.0})
    assert residuals(genuine.best) is not None
    assert residuals(coarse) is None


def test_a_blank_crop_is_drawn_all_the_same() -> None:
    blank = Imprint(np.full((200, 200, 3), 250, np.uint8), 300.0)
    found = comparison_pictures(
        compare(blank, [SPECIMEN], calibration=CALIBRATION), questioned=blank, specimen=SPECIMEN
    )
    assert {"aligned", "overlay", "difference", "fold"} <= set(found)


@pytest.mark.parametrize("draw", [overlay, difference])
def test_more_and_less_ink_are_told_apart_in_grey(draw: Callable[..., Pixels], re_set: Comparison) -> None:
    maps = re_set.best.pictures
    flat = np.zeros_like(maps.reference)
    ink = maps.reference > 0.9
    more = replace(maps, reference=flat, questioned=ink.astype(np.float32), known=np.ones_like(maps.known))
    less = replace(more, reference=more.questioned, questioned=flat)
    brightness = [np.asarray(Image.fromarray(draw(p, scaled=False)).convert("L")) for p in (more, less)]
    darkest = [int(np.percentile(b[b < 250], 20)) for b in brightness]
    assert abs(darkest[0] - darkest[1]) > 50

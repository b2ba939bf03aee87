from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.imprints.stamped import imprint
from verify.imprints.compare import Comparison, compare
from verify.imprints.imprint import Imprint
from verify.imprints.likelihood import Calibration, load

CALIBRATION = Path(__file__).parents[2] / "models" / "comparison-1" / "calibration.json"


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return load(CALIBRATION)


def ratio(found: Comparison, alternative: str) -> float:
    value = found.against(alternative).log10_lr
    assert value is not None
    return value


def test_another_print_of_the_die_speaks_for_it(calibration: Calibration) -> None:
    found = compare(imprint(session=1), [imprint(dpi=600.0)], calibration=calibration)
    assert found.quality.sufficient
    assert ratio(found, "another-seal") > 1
    assert ratio(found, "remake") > 1
    assert ratio(found, "near-copy") > -1
    assert not found.reuse.same_impression


@pytest.mark.parametrize(
    ("kind", "alternative"), [("another-seal", "another-seal"), ("other-font", "remake"), ("re-set", "remake")]
)
def test_a_forgery_speaks_against_the_die(kind: str, alternative: str, calibration: Calibration) -> None:
    found = compare(imprint(kind, session=1), [imprint(dpi=600.0)], calibration=calibration)
    # −1 is what the coarse regime may say: another design is often aligned so badly that no other is left.
    assert ratio(found, alternative) <= -1


def test_every_alternative_has_its_entry_and_twins_are_never_told(calibration: Calibration) -> None:
    found = compare(imprint(session=1), [imprint(dpi=600.0)], calibration=calibration)
    assert [x.against for x in found.likelihoods] == ["another-seal", "remake", "near-copy", "twin", "combined"]
    assert found.against("twin").log10_lr is None
    assert found.against("twin").reason == "cannot-separate-twins"
    for one in found.likelihoods:
        if one.log10_lr is not None:
            assert one.limits is not None
            assert one.interval95 is not None
            assert one.limits[0] <= one.interval95[0] <= one.log10_lr <= one.interval95[1] <= one.limits[1]


def test_the_pasted_specimen_is_the_same_impression(calibration: Calibration) -> None:
    specimen = imprint(dpi=600.0)
    small = cv2.resize(specimen.pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    ok, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert ok
    pasted = Imprint(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8), 300.0)
    found = compare(pasted, [imprint(session=2, dpi=600.0), specimen], calibration=calibration)
    assert found.reuse.same_impression
    assert found.reuse.specimen == specimen.digest
    assert found.specimen == 1


def test_without_a_scale_on_either_side_the_ratio_stays_coarse(calibration: Calibration) -> None:
    unscaled = Imprint(imprint(dpi=600.0).pixels, None)
    found = compare(Imprint(imprint(session=1).pixels, None), [unscaled], calibration=calibration)
    for one in found.likelihoods:
        if one.log10_lr is not None:
            assert abs(one.log10_lr) <= 1


def test_a_blank_crop_gives_no_ratio(calibration: Calibration) -> None:
    blank = Imprint(np.full((200, 200, 3), 250, np.uint8), 300.0)
    found = compare(blank, [imprint(dpi=600.0)], calibration=calibration)
    assert not found.quality.sufficient
    assert all(x.log10_lr is None and x.reason for x in found.likelihoods)


def test_no_specimen_is_a_callers_mistake(calibration: Calibration) -> None:
    with pytest.raises(ValueError, match="at least one specimen"):
        compare(imprint(), [], calibration=calibration)


def test_equal_input_gives_equal_output(calibration: Calibration) -> None:
    first = compare(imprint(session=1), [imprint(dpi=600.0)], calibration=calibration)
    again = compare(imprint(session=1), [imprint(dpi=600.0)], calibration=calibration)
    assert first.measures == again.measures
    assert first.likelihoods == again.likelihoods
    assert np.array_equal(first.overlay(), again.overlay())


def test_the_overlay_shows_lonely_questioned_ink_red_and_lonely_specimen_ink_cyan(calibration: Calibration) -> None:
    found = compare(imprint("another-seal", session=1), [imprint(dpi=600.0)], calibration=calibration)
    picture, maps = found.overlay().astype(int), found.best.pictures
    only_questioned = (maps.questioned > 0.9) & (maps.reference < 0.05) & maps.known
    only_specimen = (maps.reference > 0.9) & (maps.questioned < 0.05) & maps.known
    assert only_questioned.any()
    assert only_specimen.any()
    assert (picture[only_questioned][:, 0] > picture[only_questioned][:, 1] + 100).all()
    assert (picture[only_specimen][:, 1] > picture[only_specimen][:, 0] + 100).all()

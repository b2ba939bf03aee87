"""The simulator's claims: known truth, determinism, and forgeries that are what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from verify.simulation import fonts
from verify.simulation.dies import LAYOUTS, Die, DieSpec, Making, draw_die, make_die, worn
from verify.simulation.forgeries import ALTERNATIVE, MECHANISMS, forge
from verify.simulation.generator import random_seal, random_spec
from verify.simulation.impressions import Hardness, Pressing, Session, press
from verify.simulation.paper import TONER, Layer
from verify.simulation.scans import Capture, scan_crop, scan_page
from verify.simulation.seals import (
    DEMONSTRATION_SEALS,
    UNREGISTERED,
    demonstration_seal,
    organisation_check,
    unified_check,
)

COARSE = 20.0  # px/mm: enough for claims about layout


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def contract() -> Die:
    return demonstration_seal("xinghe-contract").die()


def share_in_common(a: Die, b: Die) -> float:
    return float((a.ink & b.ink).sum() / (a.ink | b.ink).sum())


# Seals ---------------------------------------------------------------------------------------------------------


def test_the_demonstration_has_a_seal_of_every_layout_a_blue_one_and_a_retired_one() -> None:
    assert {seal.spec.layout for seal in DEMONSTRATION_SEALS} == set(LAYOUTS)
    assert any(seal.spec.colour == "blue" for seal in DEMONSTRATION_SEALS)
    assert demonstration_seal("xinghe-contract-old").status == "retired"
    assert len({seal.id for seal in DEMONSTRATION_SEALS}) == len(DEMONSTRATION_SEALS) >= 8
    assert not UNREGISTERED.registered and UNREGISTERED not in DEMONSTRATION_SEALS


def test_fictional_codes_satisfy_gb_32100_and_lie_in_no_real_region() -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for seal in (*DEMONSTRATION_SEALS, UNREGISTERED):
        code = seal.unified_code
        assert (
            sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17])) % 31
            == (31 - alphabet.index(code[17])) % 31
        )
        assert code[:8] == "91990000" and code[16] == organisation_check(code[8:16])
        assert code[17] == unified_check(code[:17])


def test_each_codes_digits_are_thirteen() -> None:
    assert all(len(seal.spec.code) in (0, 13) for seal in DEMONSTRATION_SEALS)


@pytest.mark.parametrize("seal", [*DEMONSTRATION_SEALS, UNREGISTERED], ids=lambda seal: seal.id)
def test_a_die_fills_its_size_and_no_more(seal: object) -> None:
    assert isinstance(seal, type(UNREGISTERED))
    die = draw_die(seal.spec, px_per_mm=COARSE)
    rows, columns = np.flatnonzero(die.ink.any(axis=1)), np.flatnonzero(die.ink.any(axis=0))
    width, height = (columns[-1] - columns[0] + 1) / COARSE, (rows[-1] - rows[0] + 1) / COARSE
    assert (width, height) == pytest.approx(die.size_mm, abs=0.15)


def test_three_hundred_random_seals_differ_and_none_is_of_the_demonstration() -> None:
    specs = [random_seal(index) for index in range(300)]
    texts = {(spec.text, spec.code, spec.size_mm) for spec in specs}
    assert len(texts) == 300
    assert {spec.layout for spec in specs} == set(LAYOUTS)
    assert not any(word in spec.text for spec in specs for word in ("示例", "虚构", "EXAMPLE", "LANTERN"))


def test_random_seals_use_only_characters_that_their_typeface_has() -> None:
    for index in range(60):
        spec = random_seal(index, layout="contract")
        missing = fonts.glyph(spec.font, "\ue123", 48, 0.0)
        for character in spec.text.replace(" ", ""):
            picture = fonts.glyph(spec.font, character, 48, 0.0)
            assert picture.max() > 0.5 and not np.array_equal(picture, missing), character


def test_a_numbered_seal_is_the_same_for_ever() -> None:
    assert random_seal(7) == random_seal(7) != random_seal(8)
    assert random_spec(rng(3), layout="finance") == random_spec(rng(3), layout="finance")


def test_a_missing_typeface_names_its_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    from verify.core.errors import VerifyError

    monkeypatch.setattr(fonts, "_FOLDERS", ())
    with pytest.raises(VerifyError, match="fonts-droid-fallback"):
        fonts._data.__wrapped__("sans")


def test_faces_not_used_in_fitting_are_of_both_scripts_and_never_fall_back_on_those_that_were() -> None:
    assert not set(fonts.TRAINING_FACES) & set(fonts.HELD_OUT_FACES)
    assert len({*fonts.TRAINING_FACES, *fonts.HELD_OUT_FACES}) >= 8
    for faces in (fonts.TRAINING_FACES, fonts.HELD_OUT_FACES):
        assert {fonts.is_chinese(face) for face in faces} == {True, False}
        for face in faces:
            other = fonts.other_font(face)
            assert other in faces and other != face and fonts.is_chinese(other) == fonts.is_chinese(face)
            assert fonts.latin_beside(face) in faces and not fonts.is_chinese(fonts.latin_beside(face))


def test_seals_of_given_faces_use_no_others_and_leave_the_usual_seals_as_they_were() -> None:
    held_out = [random_seal(index, faces=fonts.HELD_OUT_FACES) for index in range(60)]
    assert {spec.font for spec in held_out} == set(fonts.HELD_OUT_FACES)
    assert {random_seal(index).font for index in range(60)} == {*fonts.CHINESE, *fonts.LATIN}
    assert random_seal(7).text == "西泠祥卓印刷包装有限公司 与原件相符"
    with pytest.raises(ValueError, match="Chinese"):
        random_seal(0, layout="finance", faces=["latin-mono"])


def test_typefaces_are_found_in_a_folder_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "gkai00mp.ttf").write_bytes(b"face")
    monkeypatch.setattr(fonts, "_FOLDERS", ())
    monkeypatch.setenv("SIGILLUM_FONTS", str(tmp_path))
    assert fonts._data.__wrapped__("kai") == b"face"


# Forgeries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_forgery_is_another_die_and_falls_under_a_named_alternative(mechanism: str, contract: Die) -> None:
    forged = forge(mechanism, contract, rng(5))  # type: ignore[arg-type]
    assert forged.coverage.max() > 0.99 and not np.array_equal(forged.coverage, contract.coverage)
    assert ALTERNATIVE[mechanism] in ("another-seal", "remake", "near-copy", "twin")  # type: ignore[index]


def test_forgeries_lie_as_near_as_they_claim(contract: Die) -> None:
    near = {
        name: share_in_common(contract, forge(name, contract, rng(6))) for name in MECHANISMS if name != "another-seal"
    }
    assert near["twin"] > 0.94
    assert near["twin"] > near["near-copy"] > near["copy-engraved"] > near["re-set"]
    # The copy keeps the swelling of the print that it was taken from, and its lens errs, so it overlaps less than
    # its shapes agree.
    assert near["optical-copy"] > near["re-set"]
    assert near["digit-changed"] > 0.93


def test_one_changed_digit_is_one_changed_unit(contract: Die) -> None:
    forged = forge("digit-changed", contract, rng(1))
    changed = [(a, b) for a, b in zip(contract.units, forged.units, strict=True) if a != b]
    assert len(changed) == 1 and changed[0][0].text != changed[0][1].text
    assert sum(a != b for a, b in zip(contract.spec.code, forged.spec.code, strict=True)) == 1


def test_a_near_copy_shifts_its_glyphs_by_hundredths_of_a_millimetre(contract: Die) -> None:
    shifts = [
        np.hypot(a.x_mm - b.x_mm, a.y_mm - b.y_mm)
        for seed in range(8)
        for a, b in zip(contract.units, forge("near-copy", contract, rng(seed)).units, strict=True)
        if a.kind == "glyph"
    ]
    assert 0.02 < np.median(shifts) < 0.06


def corner_lost_mm2(die: Die) -> float:
    """Ink that the outer corners of a square seal's frame lack."""
    scale, (w, h) = die.px_per_mm, die.size_mm
    x0, y0 = die.coverage.shape[1] / 2 - w / 2 * scale, die.coverage.shape[0] / 2 - h / 2 * scale
    side = round(0.4 * scale)
    corners = [
        die.coverage[yy : yy + side, xx : xx + side]
        for yy in (round(y0), round(y0 + h * scale) - side)
        for xx in (round(x0), round(x0 + w * scale) - side)
    ]
    return float(np.median([1.0 - c.mean() for c in corners])) * 0.16


def test_hand_cut_corners_are_mostly_rounder_than_the_makers_and_some_sharper() -> None:
    spec = DieSpec("square-name", "王明之印", size_mm=(12.0, 12.0), border_mm=1.0, star_mm=0.0)
    makers = np.array([corner_lost_mm2(make_die(spec, rng(seed))) for seed in range(12)])
    genuine = make_die(spec, rng(0))
    copies = np.array([corner_lost_mm2(forge("near-copy", genuine, rng(seed))) for seed in range(24)])
    assert np.median(copies) > 1.3 * np.median(makers)
    assert copies.min() < np.median(makers)


def test_an_optical_copy_keeps_the_rough_edges_of_its_source(contract: Die) -> None:
    copies = [forge("optical-copy", contract, rng(seed)) for seed in (3, 4)]
    rough = [edge_roughness(copy) for copy in (*copies, contract)]
    # Its own cutting, smooth edges and all, would leave 1.03; each gap and bulge of the print lengthens that.
    assert min(rough[:2]) > rough[2] + 0.01


def edge_roughness(die: Die) -> float:
    """How much longer the outlines of the seal's ring are than two circles, and more: holes count too."""
    ring = die.ink.copy()
    h, w = ring.shape
    y, x = np.mgrid[:h, :w]
    ring[np.hypot(y - h / 2, x - w / 2) < (die.size_mm[0] / 2 - 1.6) * die.px_per_mm] = False
    outlines, _ = cv2.findContours(ring.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return sum(cv2.arcLength(outline, True) for outline in outlines) / (2 * np.pi * die.size_mm[0] * die.px_per_mm)


def test_a_die_that_is_used_wears_a_little_and_keeps_its_marks(contract: Die) -> None:
    once = worn(contract, 0.5, rng(1))
    later = worn(once, 0.5, rng(2))
    assert worn(contract, 0.0, rng(1)) is contract
    assert 0.93 < later.ink.sum() / contract.ink.sum() < once.ink.sum() / contract.ink.sum() < 1.0
    assert share_in_common(once, later) > 0.96 and once.units == contract.units


def test_a_copied_picture_has_no_artwork_to_copy_again(contract: Die) -> None:
    copied = forge("optical-copy", contract, rng(2))
    with pytest.raises(ValueError, match="no artwork"):
        forge("near-copy", copied, rng(3))


# Impressions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hardness", ["ideal", "clean", "medium", "hard"])
def test_pressing_is_determined_by_its_generator_and_stays_in_bounds(hardness: Hardness, contract: Die) -> None:
    pressing = Pressing.draw(rng(1), hardness)
    one, same = press(contract, pressing, rng(2)), press(contract, pressing, rng(2))
    assert np.array_equal(one.density, same.density)
    assert np.isfinite(one.density).all() and one.density.min() >= 0 and one.density.max() <= 1.8
    assert max(one.density[:4].max(), one.density[:, -4:].max()) < 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_a_genuine_print_loses_ink_and_adds_hardly_any(seed: int, contract: Die) -> None:
    generator = rng(seed)
    impression = press(contract, replace(Pressing.draw(generator, "hard"), smear=0.0), generator)
    near = cv2.dilate(impression.contact.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0  # 0.2 mm
    assert impression.density[~near].max() < 0.01


def test_an_ideal_pressing_is_the_die(contract: Die) -> None:
    impression = press(contract, Pressing(), rng())
    assert impression.contact.sum() == pytest.approx(contract.ink.sum(), rel=0.01)


def test_prints_of_one_session_share_its_ink_swelling_and_spread_and_sessions_differ() -> None:
    generator = rng(5)
    sessions = [Session.draw(generator, "medium") for _ in range(12)]
    prints = [[Pressing.draw(generator, "medium", session=s) for _ in range(4)] for s in sessions]
    for name in ("load", "swelling", "gain"):
        values = np.array([[getattr(p, name) for p in group] for group in prints])
        assert values.mean(axis=1).std() > 0.8 * values.std(axis=1).mean(), name
    assert all(p.shade == s.shade for s, group in zip(sessions, prints, strict=True) for p in group)
    assert Session.draw(rng(), "ideal") == Session()


def test_metal_bends_less_than_rubber_and_foam_lays_on_softer_and_evener_ink() -> None:
    def mean(making: Making, name: str) -> float:
        return float(np.mean([getattr(Pressing.draw(rng(seed), "medium", making=making), name) for seed in range(20)]))

    assert mean("metal", "warp") < 0.5 * mean("rubber", "warp")
    assert mean("metal", "halo") > 1.5 * mean("rubber", "halo") > 1.5 * mean("pre-inked", "halo")
    assert mean("pre-inked", "feather") > 1.5 * mean("metal", "feather")
    assert mean("pre-inked", "mottle") < 0.8 * mean("rubber", "mottle")
    assert mean("rubber", "gain") > mean("metal", "gain")


def test_a_starved_middle_has_darker_rims() -> None:
    die = draw_die(DieSpec("rectangular", "合格", size_mm=(24.0, 12.0), border_mm=2.0, star_mm=0.0))
    density = press(die, Pressing(halo=0.6), rng()).density
    column = density[: density.shape[0] // 4, density.shape[1] // 2]
    inked = np.flatnonzero(column > 0.2)
    edge, middle = column[inked[0] + 3], column[inked[0] + 40]
    assert edge > 1.5 * middle > 0.2


def edge_wander_um(hardness: Hardness) -> NDArray[np.float64]:
    """Rms difference between two prints' straight edges, µm, in waves of 0.06–0.15, 0.15–0.4 and 0.4–4 mm."""
    die = draw_die(DieSpec("rectangular", "合格", size_mm=(24.0, 12.0), border_mm=2.0, star_mm=0.0))
    powers = []
    for seed in range(12):
        lines = []
        for n in (0, 1):
            generator = rng(100 * seed + n)
            drawn = Pressing.draw(generator, hardness)
            even = replace(drawn, starved=0.0, mottle=0.0, tilt=0.0, smear=0.0)
            pressing = replace(even, turn_deg=0.0, swelling=1.0, aspect=1.0)
            density = press(die, pressing, generator).density / np.float32(pressing.load)
            strip = density[: density.shape[0] // 5, 120:-120]
            lines.append(np.argmax(strip > 0.5, axis=0) - _fraction(strip))
        difference = (lines[0] - lines[1]).astype(np.float64) * 1000.0 / die.px_per_mm
        difference -= np.polyval(np.polyfit(np.arange(difference.size), difference, 2), np.arange(difference.size))
        spectrum = np.fft.rfft(difference)
        waves = 1.0 / np.maximum(np.fft.rfftfreq(difference.size, 1.0 / die.px_per_mm), 1e-6)
        bands = [(0.06, 0.15), (0.15, 0.4), (0.4, 4.0)]
        powers.append(
            [
                np.mean(np.fft.irfft(np.where((waves >= a) & (waves < b), spectrum, 0), difference.size) ** 2)
                for a, b in bands
            ]
        )
    return np.asarray(np.sqrt(np.median(np.array(powers), axis=0)))


def _fraction(strip: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far before the first pixel over a half the half itself lies, 0..1."""
    at = np.maximum(np.argmax(strip > 0.5, axis=0), 1)
    columns = np.arange(strip.shape[1])
    above, below = strip[at, columns].astype(np.float64), strip[at - 1, columns].astype(np.float64)
    return np.asarray((above - 0.5) / np.maximum(above - below, 1e-6))


def test_contours_wander_between_prints_as_much_as_real_ones_do() -> None:
    fine, middle, coarse = edge_wander_um("clean")
    # By these offsets, with mottle and the scan on top, simulated pairs measure like real ones (benchmarks/scatter.py).
    assert 4.0 < fine < 14.0
    assert 9.0 < middle < 30.0
    assert 15.0 < coarse < 50.0


# Scans ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hardness", ["clean", "medium", "hard"])
def test_a_scan_knows_where_its_ink_lies(hardness: Hardness, contract: Die) -> None:
    generator = rng(9)
    impression = press(contract, Pressing.draw(generator, hardness), generator)
    capture = replace(Capture.draw(generator, hardness), grey=False, jpeg=None)
    scan = scan_crop(impression, capture, generator)
    redness = scan.pixels[..., 0].astype(np.int16) - scan.pixels[..., 1]
    assert redness[scan.ink].mean() > redness[~scan.ink].mean() + 40
    x, y, w, h = scan.box_px
    rows, columns = np.flatnonzero(scan.ink.any(axis=1)), np.flatnonzero(scan.ink.any(axis=0))
    slack = 0.04 * w
    assert x - slack <= columns[0] and columns[-1] <= x + w + slack
    assert y - slack <= rows[0] and rows[-1] <= y + h + slack


def test_truth_maps_the_dies_millimetres_to_pixels() -> None:
    die = draw_die(DieSpec("round-company", "", star_mm=14.0))
    pressing = Pressing(turn_deg=30.0, swelling=1.01)
    scan = scan_crop(press(die, pressing, rng()), Capture(turn_deg=1.0, noise=0.0), rng())
    tip = scan.seals[0].to_px @ np.array([0.0, -6.5, 1.0])
    beside = scan.seals[0].to_px @ np.array([3.0, -6.5, 1.0])
    assert scan.ink[round(tip[1]), round(tip[0])] and not scan.ink[round(beside[1]), round(beside[0])]


def test_text_under_ink_stays_dark(contract: Die) -> None:
    impression = press(contract, Pressing(), rng())
    width, height = impression.size_mm
    bar = np.zeros((round(height * 10), round(width * 10)), dtype=np.float32)
    bar[:, bar.shape[1] // 2 - 10 : bar.shape[1] // 2 + 10] = 1.0
    scan = scan_page(
        [(impression, 0.0, 0.0)],
        [Layer(bar, 10.0, 0.0, 0.0, TONER)],
        Capture(noise=0.0),
        rng(),
        size_mm=(width, height),
    )
    assert scan.pixels[scan.ink & scan.foreign].mean() <= scan.pixels[scan.foreign & ~scan.ink].mean()
    assert scan.pixels[scan.ink & scan.foreign].max(axis=1).mean() < 110


def test_captures_are_determined_and_a_phone_tells_no_scale(contract: Die) -> None:
    impression = press(contract, Pressing(), rng())
    phone = Capture(kind="phone", dpi=200.0, perspective=0.03, noise=3.0, jpeg=80, shadow=0.2)
    one, same = (scan_crop(impression, phone, rng(4), clutter_of="hard") for _ in range(2))
    assert np.array_equal(one.pixels, same.pixels)
    assert one.dpi is None and one.capture.dpi == 200.0


def test_a_third_of_the_captures_printed_to_fit_have_a_scale_that_the_file_does_not_tell() -> None:
    errors = np.array([abs(Capture.draw(rng(n), printed_to_fit=True).scale_error - 1.0) for n in range(150)])
    off = errors > 0.0045
    assert 0.2 < off.mean() < 0.5 and errors.max() < 0.065
    assert Capture.draw(rng(1), fit=0.97).scale_error == pytest.approx(0.97, abs=0.004)
    assert all(abs(Capture.draw(rng(n)).scale_error - 1.0) < 0.005 for n in range(50))


def test_a_grey_capture_has_no_colour(contract: Die) -> None:
    scan = scan_crop(press(contract, Pressing(), rng()), Capture(grey=True, dpi=200.0), rng())
    assert np.array_equal(scan.pixels[..., 0], scan.pixels[..., 2])


def test_a_page_holds_its_stamps_where_they_were_put() -> None:
    spec = random_spec(rng(1), layout="square-name")
    impression = press(make_die(spec, rng(2)), Pressing(), rng(3))
    scan = scan_page([(impression, 40.0, 200.0), (impression, 120.0, 60.0)], [], Capture(dpi=150.0), rng(4))
    assert scan.pixels.shape == (1754, 1240, 3)
    for placed, (left, top) in zip(scan.seals, [(40.0, 200.0), (120.0, 60.0)], strict=True):
        x, y, w, h = placed.box_px
        margin = (impression.size_mm[0] - spec.size_mm[0]) / 2
        assert x / 150 * 25.4 == pytest.approx(left + margin, abs=0.4)
        assert y / 150 * 25.4 == pytest.approx(top + margin, abs=0.4)
        assert scan.ink[y : y + h, x : x + w].any()

"""Finding seals on simulated and drawn pages."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from verify.imprints.find import Found, find_imprints, whiten
from verify.simulation.dies import DieSpec, make_die
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.paper import Layer, handwriting, moved, printed_lines, table_lines, text_layer
from verify.simulation.scans import Capture, Scan, scan_page

Pixels = NDArray[np.uint8]
SIZE_MM = (120.0, 90.0)
RED = (0.15, 2.4, 2.2)


def overlap(found: Found, box: tuple[int, int, int, int]) -> float:
    a, b = found.box, box
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h) if w > 0 and h > 0 else 0.0


def stamped(
    spec: DieSpec, *, x: float = 30.0, y: float = 20.0, dpi: float = 200.0, over: Hardness | None = None, content: tuple[Layer, ...] = (),
    capture: Capture | None = None, pressing: Pressing | None = None,
) -> Scan:  # fmt: skip
    rng = np.random.default_rng(5)
    impression = press(make_die(spec, rng, px_per_mm=20.0), pressing or Pressing.draw(rng, "clean"), rng)
    layers = [printed_lines(rng, *SIZE_MM)] if over else []
    return scan_page([(impression, x, y)], [*layers, *content], capture or Capture(dpi=dpi), rng, size_mm=SIZE_MM)


@cache
def round_seal() -> DieSpec:
    return random_seal(11, layout="contract")


def only(scan: Scan, *, dpi: float | None = 200.0) -> Found:
    found = find_imprints(scan.pixels, dpi=dpi)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    "layout", ["round-company", "contract", "oval-invoice", "square-name", "rectangular", "latin-corporate"]
)
def test_a_seal_of_each_layout_is_found_with_its_shape(layout: str) -> None:
    spec = random_seal(3, layout=layout)  # type: ignore[arg-type]
    if spec.colour == "black":
        spec = DieSpec(**{**spec.__dict__, "colour": "blue"})
    scan = stamped(spec)
    found = only(scan)
    assert overlap(found, scan.box_px) > 0.8
    assert found.shape == spec.shape
    assert found.ink == spec.colour


@pytest.mark.parametrize("colour", ["red", "blue", "purple", "green"])
def test_ink_is_named_by_its_colour_even_on_a_yellow_photo(colour: str) -> None:
    spec = DieSpec("contract", "示例纸业有限公司", "合同专用章", colour=colour)  # type: ignore[arg-type]
    scan = stamped(
        spec, capture=Capture(kind="phone", dpi=200.0, cast=(1.0, 0.93, 0.74), shadow=0.25, noise=2.0, jpeg=85)
    )
    assert only(scan, dpi=None).ink == colour


def test_a_seal_over_text_and_table_is_found() -> None:
    scan = stamped(round_seal(), over="hard", content=(table_lines(np.random.default_rng(1), *SIZE_MM),))
    assert overlap(only(scan), scan.box_px) > 0.8


def test_a_blue_seal_under_blue_handwriting_is_found() -> None:
    spec = DieSpec("contract", "示例船舶有限公司", "业务专用章", colour="blue")
    pen = moved(handwriting(np.random.default_rng(4), 60, 30, pen="blue"), 35, 30)
    scan = stamped(spec, content=(pen,))
    assert overlap(only(scan), scan.box_px) > 0.7


def test_a_seal_cut_by_the_pages_edge_is_found() -> None:
    scan = stamped(round_seal(), x=SIZE_MM[0] - 30)
    found = only(scan)
    assert overlap(found, scan.box_px) > 0.75
    assert found.box[0] + found.box[2] <= scan.pixels.shape[1]


def test_a_starved_impression_is_found() -> None:
    scan = stamped(round_seal(), pressing=Pressing(load=0.45, starved=0.2, mottle=0.3, tilt=0.3))
    assert overlap(only(scan), scan.box_px) > 0.8


def test_a_name_seal_of_ten_millimetres_is_found() -> None:
    scan = stamped(DieSpec("square-name", "李示例印", size_mm=(10.0, 10.0), border_mm=0.6, star_mm=0.0))
    assert only(scan).shape == "square"


def test_a_seal_smaller_than_asked_for_is_left_out() -> None:
    scan = stamped(round_seal())
    assert find_imprints(scan.pixels, dpi=200.0, smallest_mm=60.0) == ()


def test_several_seals_of_two_colours_are_each_found_once() -> None:
    rng = np.random.default_rng(8)
    blue = DieSpec(
        "oval-invoice",
        "虚构水务有限公司",
        "91990000EXAMPLE00X",
        "发票专用章",
        size_mm=(40.0, 30.0),
        star_mm=0.0,
        colour="blue",
    )
    stamps = [
        (press(make_die(spec, rng, px_per_mm=20.0), Pressing.draw(rng), rng), x, y)
        for spec, x, y in ((round_seal(), 5.0, 5.0), (blue, 60.0, 5.0), (round_seal(), 60.0, 42.0))
    ]
    scan = scan_page(stamps, [], Capture(dpi=200.0), rng, size_mm=SIZE_MM)
    found = find_imprints(scan.pixels, dpi=200.0)
    assert len(found) == 3
    assert all(any(overlap(f, placed.box_px) > 0.8 for f in found) for placed in scan.seals)


def test_a_red_headline_and_its_rule_are_no_seal() -> None:
    rng = np.random.default_rng(2)
    line = text_layer(["示例市人民政府文件"], x_mm=8, y_mm=10, size_mm=11)
    rule = Layer(np.ones((8, 800), np.float32), 8.0, 10, 30, RED)
    red = Layer(line.density, line.px_per_mm, line.x_mm, line.y_mm, RED)
    scan = scan_page(
        [], [red, rule, moved(printed_lines(rng, 100, 40), 10, 40)], Capture(dpi=200.0), rng, size_mm=SIZE_MM
    )
    assert find_imprints(scan.pixels, dpi=200.0) == ()


def test_red_handwriting_and_an_empty_pen_circle_are_no_seal() -> None:
    rng = np.random.default_rng(6)
    pen = handwriting(rng, 60, 30)
    ring = np.zeros((400, 600), np.float32)
    cv2.ellipse(ring, (300, 200), (260, 160), 3, 0, 372, 1.0, 7, cv2.LINE_AA)
    layers = [
        Layer(pen.density, pen.px_per_mm, 5, 5, RED),
        Layer(ring, 14.0, 60, 45, RED),
        printed_lines(rng, *SIZE_MM),
    ]
    scan = scan_page([], layers, Capture(dpi=200.0), rng, size_mm=SIZE_MM)
    assert find_imprints(scan.pixels, dpi=200.0) == ()


def test_highlighter_tinted_cells_bars_and_a_colour_picture_are_no_seal() -> None:
    page = np.full((1200, 900, 3), 250, np.uint8)
    page[100:150, 100:500] = (255, 255, 120)
    page[200:260, 100:800] = (225, 235, 250)
    for i, colour in enumerate(((200, 40, 40), (40, 80, 200), (40, 160, 60))):
        page[600 - 90 * (i + 1) : 600, 100 + 80 * i : 160 + 80 * i] = colour
    cloud = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8), (0, 0), 9)
    page[800:1100, 300:700] = cv2.normalize(cloud, None, 0, 255, cv2.NORM_MINMAX)
    assert find_imprints(page, dpi=100.0) == ()


def test_text_in_colour_is_no_seal() -> None:
    rng = np.random.default_rng(3)
    body = printed_lines(rng, *SIZE_MM)
    blue = Layer(body.density, body.px_per_mm, body.x_mm, body.y_mm, (2.0, 1.2, 0.3))
    scan = scan_page([], [blue], Capture(dpi=200.0, jpeg=80, noise=2.0), rng, size_mm=SIZE_MM)
    assert find_imprints(scan.pixels, dpi=200.0) == ()


@pytest.mark.parametrize("dpi", [None, 20.0, 200.0, 2400.0])
def test_pages_of_nothing_but_one_colour_or_noise_give_an_answer(dpi: float | None) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3), dtype=np.uint8)
    plain = [np.full((400, 300, 3), colour, np.uint8) for colour in ((220, 20, 30), (255, 255, 255), (0, 0, 0))]
    thin = np.full((2, 3000, 3), 255, np.uint8)
    assert all(find_imprints(page, dpi=dpi) == () for page in (noise, *plain, thin))


def test_equal_pixels_give_equal_finds() -> None:
    scan = stamped(round_seal(), over="hard")
    first, second = find_imprints(scan.pixels, dpi=200.0), find_imprints(scan.pixels.copy(), dpi=200.0)
    assert [(f.box, f.size_px, f.confidence) for f in first] == [(f.box, f.size_px, f.confidence) for f in second]


def test_the_mask_lies_in_the_box_and_on_the_ink() -> None:
    scan = stamped(round_seal(), over="hard")
    found = only(scan)
    x, y, w, h = found.box
    truth = scan.ink[y : y + h, x : x + w] & ~scan.foreign[y : y + h, x : x + w]
    assert found.mask.shape == (h, w)
    assert (found.mask & truth).sum() > 0.8 * truth.sum()
    assert (
        found.mask
        & ~cv2.dilate(scan.ink[y : y + h, x : x + w].astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    ).mean() < 0.02


def test_paper_is_white_after_whitening_whatever_the_light() -> None:
    gradient = np.linspace(140, 230, 300)[None, :, None] * np.array([1.0, 0.9, 0.7])
    page = np.broadcast_to(gradient, (400, 300, 3)).astype(np.uint8)
    assert int(whiten(page).min()) > 240

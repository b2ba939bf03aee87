"""Measuring simulated imprints of known size."""

from __future__ import annotations

import numpy as np
import pytest

from verify.imprints.find import Found, find_imprints
from verify.imprints.imprint import Imprint
from verify.imprints.measure import measure
from verify.simulation.dies import DieSpec, make_die
from verify.simulation.impressions import Pressing, press
from verify.simulation.scans import Capture, Scan, scan_crop

ROUND = DieSpec("contract", "示例星云有限公司", "合同专用章", size_mm=(40.0, 40.0))
OVAL = DieSpec(
    "oval-invoice", "虚构山岳有限公司", "91990000EXAMPLE00X", "发票专用章", size_mm=(40.0, 30.0), star_mm=0.0
)
FRAME = DieSpec("rectangular", "示例港口有限公司", "收货专用章", size_mm=(50.0, 20.0), border_mm=0.7, star_mm=0.0)


def crop(
    spec: DieSpec, pressing: Pressing | None = None, capture: Capture | None = None
) -> tuple[Scan, Imprint, Found]:
    rng = np.random.default_rng(7)
    impression = press(make_die(spec, rng, px_per_mm=20.0), pressing or Pressing(), rng)
    scan = scan_crop(impression, capture or Capture(dpi=300.0), rng, margin_mm=4.0)
    found = find_imprints(scan.pixels, dpi=scan.dpi)[0]
    return scan, Imprint(scan.pixels, scan.dpi), found


@pytest.mark.parametrize("spec", [ROUND, OVAL, FRAME], ids=lambda s: s.layout)
def test_sides_are_right_to_a_fifth_of_a_millimetre(spec: DieSpec) -> None:
    _, imprint, found = crop(spec)
    sizes = measure(imprint, found)
    assert sizes.size_mm == pytest.approx(spec.size_mm, abs=0.2)
    assert sizes.coverage > 0.95


def test_a_turned_frame_tells_its_angle() -> None:
    _, imprint, found = crop(FRAME, Pressing(turn_deg=9.0))
    assert measure(imprint, found).angle_deg == pytest.approx(9.0, abs=0.3)


def test_without_a_scale_nothing_is_said_in_millimetres() -> None:
    _, imprint, found = crop(ROUND)
    sizes = measure(Imprint(imprint.pixels, None), found)
    assert sizes.size_mm is None
    assert sizes.edge_mm is None
    assert sizes.size_px[0] == pytest.approx(40 / 25.4 * 300, rel=0.01)


def test_a_finer_crop_of_a_coarse_find_measures_the_same() -> None:
    _, fine, _ = crop(ROUND, capture=Capture(dpi=600.0))
    coarse = fine.pixels[::3, ::3]
    found = find_imprints(np.ascontiguousarray(coarse), dpi=200.0)[0]
    x, y, w, h = found.box
    rim = round(0.08 * max(w, h))
    cut = fine.pixels[3 * (y - rim) : 3 * (y + h + rim), 3 * (x - rim) : 3 * (x + w + rim)]
    imprint = Imprint(np.ascontiguousarray(cut), 600.0, box=(3 * x, 3 * y, 3 * w, 3 * h))
    assert measure(imprint, found).size_mm == pytest.approx((40.0, 40.0), abs=0.2)


def test_blur_widens_the_edge() -> None:
    sharp = measure(*crop(ROUND, capture=Capture(dpi=300.0, blur_mm=0.02))[1:])
    soft = measure(*crop(ROUND, capture=Capture(dpi=300.0, blur_mm=0.12))[1:])
    assert sharp.edge_mm is not None
    assert soft.edge_mm is not None
    assert soft.edge_mm > 1.5 * sharp.edge_mm


def test_a_starved_impression_covers_less_of_its_outline() -> None:
    whole = measure(*crop(ROUND)[1:])
    starved = measure(*crop(ROUND, Pressing(load=0.5, starved=0.35, mottle=0.3))[1:])
    assert starved.coverage < whole.coverage
    assert set(whole.numbers()) == {"angle_deg", "coverage", "edge_px", "edge_mm", "inking", "starved"}

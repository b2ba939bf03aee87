"""The plots of a validation: well-formed, alike for alike pairs, within their frame."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from verify.imprints.validation import Sample
from verify.reports.plots import BOTTOM, HEIGHT, LEFT, PLOTS, RIGHT, TOP, WIDTH

RNG = np.random.default_rng(2)
SAMPLES = {
    "usual": Sample.of(RNG.normal(1, 1, 90).tolist(), RNG.normal(-1, 1, 120).tolist()),
    "many": Sample.of(RNG.normal(1, 1, 9000).tolist(), RNG.normal(-1, 1, 9000).tolist()),
    "perfect": Sample.of([2.5] * 3, [-2.5] * 3),
    "useless": Sample.of([0.0] * 3, [0.0] * 3),
    "wrong": Sample.of([-9.0, -3.0], [9.0]),
    "nulls": Sample.of([1.0, np.nan, np.nan], [-1.0, np.nan], allowed=0.0),
}


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("plot", PLOTS)
def test_every_plot_is_well_formed_and_stays_within_its_frame(plot: str, sample: Sample) -> None:
    svg = PLOTS[plot](sample)
    assert svg == PLOTS[plot](sample)
    assert len(svg) < 120_000
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    for path in root.iter("{http://www.w3.org/2000/svg}path"):
        if path.get("stroke") in ("#e6e8eb",) or "h20" in path.get("d", ""):
            continue
        points = re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d", ""))
        assert points
        for x, y in points:
            assert LEFT - 0.5 <= float(x) <= WIDTH - RIGHT + 0.5
            assert TOP - 0.5 <= float(y) <= HEIGHT - BOTTOM + 0.5


def test_a_tippett_plot_falls_from_all_pairs_to_none() -> None:
    root = ElementTree.fromstring(PLOTS["tippett"](SAMPLES["perfect"]))
    same = next(p for p in root.iter() if p.get("stroke") == "#176b3c" and "L" in p.get("d", ""))
    heights = [float(y) for _, y in re.findall(r"([\d.]+) ([\d.]+)", same.get("d", ""))]
    assert heights == sorted(heights)
    assert (heights[0], heights[-1]) == (TOP, HEIGHT - BOTTOM)

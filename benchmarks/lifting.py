"""Lifting the ink of simulated imprints of known truth, under text, rules and pens and beside them.

    python benchmarks/lifting.py [--quick] [--seals N] [--from SEAL] [--json FILE]

Every crop has something over the seal: what the simulator's clutter of its hardness gives, printed lines where
that gives nothing. Each is lifted as captured in colour, as grey, and as black and white (grey cut at 70 % of its
paper). "Under the text" is within 0.1 mm of foreign matter. Printed for each hardness and mode, with 95 % intervals
bootstrapped by seal: IoU of the lifted ink (density over a half, and known) with the truth on bare ground; the same
under the text, unknown left out, unknown taken for no ink, and every unknown pixel counted as wrong; the share of
unknown under the text and elsewhere; ink invented and ink lost, by the true ink; how often a bridged pixel is right.
All figures are of simulated captures. Single-threaded.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.core.geometry import MM_PER_INCH
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift
from verify.simulation.dies import make_die
from verify.simulation.fields import Mask
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.paper import printed_lines
from verify.simulation.scans import Capture, Pixels, Scan, clutter, scan_page

Mode = Literal["colour", "grey", "bilevel"]
HARDNESS: tuple[Hardness, ...] = ("clean", "medium", "hard")
MODES: tuple[Mode, ...] = ("colour", "grey", "bilevel")
FROM = 7_000_000  # numbers from here on were not looked at while the lifting was made
NEAR_MM = 0.1
MARGIN_MM = 3.0
BILEVEL = 0.7  # of the paper's grey


@dataclass(frozen=True)
class Counts:
    """Pixels of one crop, under the text (`_under`) and on bare ground (`_bare`). `both`: ink lifted and true;
    `either`: lifted or true, on known ground; `unknown`, `unknown_ink`: not told, and of those truly ink;
    `invented`, `lost`: on known ground; `ink`: true ink; `bridged`, `bridged_right`: told by continuity alone."""

    seal: int
    hardness: Hardness
    mode: Mode
    both_under: int
    either_under: int
    unknown_under: int
    unknown_ink_under: int
    area_under: int
    both_bare: int
    either_bare: int
    unknown_bare: int
    area_bare: int
    ink: int
    invented: int
    lost: int
    bridged: int
    bridged_right: int
    bridged_ink: int
    bridged_ink_right: int
    ms_per_mpx: float


def written_over(seal: int, hardness: Hardness) -> Scan:
    """A seal with something over it, captured in colour. The same for ever."""
    rng = np.random.default_rng((seal, HARDNESS.index(hardness)))
    impression = press(make_die(random_seal(seal), rng), Pressing.draw(rng, hardness), rng)
    width, height = (extent + 2 * MARGIN_MM for extent in impression.size_mm)
    layers = clutter(rng, hardness, width, height) or (printed_lines(rng, width, height),)
    capture = Capture.draw(rng, hardness)
    return scan_page(
        [(impression, MARGIN_MM, MARGIN_MM)], layers, Capture(**{**asdict(capture), "grey": False}), rng,
        size_mm=(width, height),
    )  # fmt: skip


def seen_as(pixels: Pixels, mode: Mode) -> Pixels:
    if mode == "colour":
        return pixels
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if mode == "bilevel":
        grey = np.where(grey > BILEVEL * np.percentile(grey, 85), np.uint8(255), np.uint8(0))
    return np.asarray(np.dstack([grey] * 3), np.uint8)


def count(seal: int, hardness: Hardness, scan: Scan, mode: Mode) -> Counts:
    imprint = Imprint(seen_as(scan.pixels, mode), scan.dpi)
    started = time.process_time()
    ink = lift(imprint)
    spent = time.process_time() - started
    size = (ink.density.shape[1], ink.density.shape[0])
    truth, foreign = (cv2.resize(m.astype(np.uint8), size) > 0 for m in (scan.ink, scan.foreign))
    reach = max(1, round(NEAR_MM * scan.capture.dpi / MM_PER_INCH))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    under: Mask = cv2.dilate(foreign.astype(np.uint8), disc) > 0
    known, found = ~ink.unknown, ink.density > 0.5
    bridged = getattr(ink, "bridged", None)
    bridged = np.zeros_like(known) if bridged is None else bridged

    def pixels(where: NDArray[np.bool_]) -> int:
        return int(np.count_nonzero(where))

    return Counts(
        seal, hardness, mode,
        both_under=pixels(found & truth & known & under), either_under=pixels((found | truth) & known & under),
        unknown_under=pixels(~known & under), unknown_ink_under=pixels(~known & truth & under),
        area_under=pixels(under),
        both_bare=pixels(found & truth & known & ~under), either_bare=pixels((found | truth) & known & ~under),
        unknown_bare=pixels(~known & ~under), area_bare=pixels(~under),
        ink=pixels(truth), invented=pixels(found & ~truth & known), lost=pixels(~found & truth & known),
        bridged=pixels(bridged), bridged_right=pixels(bridged & (found == truth)),
        bridged_ink=pixels(bridged & found), bridged_ink_right=pixels(bridged & found & truth),
        ms_per_mpx=spent * 1e9 / truth.size,
    )  # fmt: skip


FIGURES = {
    "IoU bare": lambda c: c["both_bare"] / c["either_bare"],
    "IoU under, unknown left out": lambda c: c["both_under"] / c["either_under"],
    "IoU under, unknown = no ink": lambda c: c["both_under"] / (c["either_under"] + c["unknown_ink_under"]),
    "IoU under, unknown = wrong": lambda c: c["both_under"] / (c["either_under"] + c["unknown_under"]),
    "unknown under": lambda c: c["unknown_under"] / c["area_under"],
    "unknown elsewhere": lambda c: c["unknown_bare"] / c["area_bare"],
    "invented": lambda c: c["invented"] / c["ink"],
    "lost": lambda c: c["lost"] / c["ink"],
    "bridged right": lambda c: c["bridged_right"] / c["bridged"],
    "bridged ink right": lambda c: c["bridged_ink_right"] / c["bridged_ink"],
}


def with_interval(counts: list[Counts], figure: str) -> tuple[float, float, float]:
    """The figure on the pooled pixels, and its 95 % interval over draws of seals with replacement; NaN: not defined."""
    keys = [k for k in Counts.__annotations__ if k not in ("seal", "hardness", "mode")]
    table = np.array([[getattr(c, k) for k in keys] for c in counts], np.float64)
    # Crops differ in resolution; each seal weighs by its share of pixels, not by their number.
    table /= np.maximum(table[:, [keys.index("area_under")]] + table[:, [keys.index("area_bare")]], 1.0)
    draws = np.random.default_rng(0).integers(len(table), size=(1000, len(table)))
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = FIGURES[figure](dict(zip(keys, table.sum(axis=0), strict=True)))
        drawn = FIGURES[figure](dict(zip(keys, table[draws].sum(axis=1).T, strict=True)))
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.percentile(drawn, (2.5, 97.5)) if drawn.size else (np.nan, np.nan)
    return float(whole), float(low), float(high)


def measure(first: int, seals: int) -> Iterator[Counts]:
    for hardness in HARDNESS:
        for seal in range(first, first + seals):
            scan = written_over(seal, hardness)
            yield from (count(seal, hardness, scan, mode) for mode in MODES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seals", type=int, default=60)
    parser.add_argument("--from", dest="first", type=int, default=FROM)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    counts = list(measure(args.first, 8 if args.quick else args.seals))
    for hardness in HARDNESS:
        for mode in MODES:
            some = [c for c in counts if (c.hardness, c.mode) == (hardness, mode)]
            print(f"\n{hardness}, {mode}: {len(some)} seals")
            for figure in FIGURES:
                value, low, high = with_interval(some, figure)
                if np.isfinite(value):
                    print(f"  {figure:28} {value:6.3f}  [{low:.3f}, {high:.3f}]")
            speed = statistics.median(c.ms_per_mpx for c in some)
            print(f"  {'ms a megapixel':28} {speed:6.0f}  (a 40-mm seal at 300 dpi: {speed * 0.30:.0f} ms)")
    if args.json:
        args.json.write_text(json.dumps([asdict(c) for c in counts]), encoding="utf-8")


if __name__ == "__main__":
    main()

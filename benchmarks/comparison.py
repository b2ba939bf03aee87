"""Error rates and time of `compare` beside the tutorial pipeline, on the same simulated pairs of held-out seals.

    python benchmarks/comparison.py [--quick] [--seals 60] [--cache DIR] [--workers 2]

The tutorial: ink by a colour threshold, SIFT, ratio test, USAC_MAGSAC homography, masked correlation. Prints
EER in % by mechanism and hardness with 95 % intervals bootstrapped by seal, what the default policy makes of
each kind, and the processor time of one comparison. Seals of numbers from 100,000 on: never used in fitting.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "models" / "training"))

from comparison import answer, by_seal, equal_error
from pairs import HELD_OUT_FROM, MIX, gather, hardness_of, render

from verify.imprints import compare as comparing
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift
from verify.imprints.likelihood import load
from verify.simulation.forgeries import ALTERNATIVE

Row = dict[str, Any]
MODEL = Path(__file__).resolve().parents[1] / "models" / "comparison-1" / "calibration.json"


def tutorial(questioned: Imprint, reference: Imprint) -> float:
    """The score that any tutorial arrives at, −1 to 1."""
    masks = [_mask(i) for i in (questioned, reference)]
    sift = cv2.SIFT.create()
    (qp, qd), (rp, rd) = (sift.detectAndCompute(m, None) for m in masks)
    if qd is None or rd is None or len(qd) < 4 or len(rd) < 4:
        return -1.0
    pairs = cv2.BFMatcher().knnMatch(rd, qd, k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < 0.75 * p[1].distance]
    if len(good) < 4:
        return -1.0
    source = np.float32([rp[m.queryIdx].pt for m in good])
    target = np.float32([qp[m.trainIdx].pt for m in good])
    matrix, _ = cv2.findHomography(source, target, cv2.USAC_MAGSAC, 4.0)
    if matrix is None:
        return -1.0
    h, w = masks[1].shape
    brought = cv2.warpPerspective(masks[0], matrix, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    a, b = (cv2.GaussianBlur(m.astype(np.float32), (0, 0), 1.5) for m in (brought, masks[1]))
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-9))


def _mask(imprint: Imprint) -> np.ndarray[Any, np.dtype[np.uint8]]:
    factor = 1.0 if imprint.dpi is None else min(1.0, 300 / imprint.dpi)
    pixels = cv2.resize(imprint.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    coloured = hsv[..., 1] > 50
    if coloured.mean() < 0.01:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        return np.asarray(cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1], np.uint8)
    return np.asarray(coloured * 255, np.uint8)


def measure(seal: int, cache: Path) -> list[Row]:
    specimen, questioned = render(seal, cache)
    prepared = comparing.prepare(specimen)
    _ = prepared.units, prepared.rounded, prepared.ground
    rows = []
    for kind, imprint in questioned.items():
        start = time.process_time()
        found = comparing.against(lift(imprint), prepared)
        middle = time.process_time()
        rows.append({
            "seal": seal, "kind": kind, "alternative": "genuine" if kind.startswith("genuine") else kind,
            "hardness": hardness_of(seal), "measures": found.measures, "dpi": imprint.dpi, "tutorial": tutorial(imprint, specimen),
            "seconds": middle - start, "tutorial_seconds": time.process_time() - middle,
        })  # fmt: skip
    return rows


def report(rows: Sequence[Row], calibration_path: Path) -> str:
    calibration = load(calibration_path)
    for r in rows:
        found = calibration.likelihoods(r["measures"], sufficient=comparing.quality(r["measures"]))
        # What cannot be told stands at no evidence: it is an error on whichever side the threshold leaves it.
        r["against"] = {x.against: x.log10_lr or 0.0 for x in found}
        r["answer"] = answer(calibration, r)
    lines = [f"{len({r['seal'] for r in rows})} held-out seals, {len(rows)} pairs, calibration {calibration.name}", ""]
    lines += [
        "EER in % [95 %]: the ratio against the mechanism's own alternative / the tutorial's score",
        "| mechanism | clean | medium | hard |",
        "|---|---|---|---|",
    ]
    for kind in [k for k in MIX if not k.startswith("genuine") and k != "reused"]:
        cells = []
        for hardness in ("clean", "medium", "hard"):
            part = [r for r in rows if r["hardness"] == hardness and r["kind"] in (kind, "genuine", "genuine-2")]
            own = "combined" if kind == "twin" else ALTERNATIVE[kind]
            ours = _cell([{**r, "score": r["against"][own]} for r in part], kind, "score")
            cells.append(f"{ours} / {_cell(part, kind, 'tutorial')}")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "Default policy, % of pairs: passed / failed / indeterminate / null",
        "| kind | clean | medium | hard |",
        "|---|---|---|---|",
    ]
    for kind in ("genuine", *(k for k in MIX if not k.startswith("genuine"))):
        cells = []
        for hardness in ("clean", "medium", "hard"):
            told = [r["answer"] for r in rows if r["kind"].removesuffix("-2") == kind and r["hardness"] == hardness]
            words = ("passed", "failed", "indeterminate", "null")
            cells.append(
                " / ".join(f"{100 * told.count(w) / max(len(told), 1):.0f}" for w in words) + f" (n={len(told)})"
            )
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    lines.append("")
    for dpi in (200.0, 300.0, 600.0):
        own = [r["seconds"] for r in rows if r["dpi"] == dpi]
        theirs = [r["tutorial_seconds"] for r in rows if r["dpi"] == dpi]
        if own:
            lines.append(
                f"{dpi:.0f} dpi: {1000 * float(np.median(own)):.0f} ms a comparison (95th percentile {1000 * float(np.percentile(own, 95)):.0f}), "
                f"tutorial {1000 * float(np.median(theirs)):.0f} ms; the specimen prepared once, not counted"
            )
    return "\n".join(lines)


def _cell(rows: Sequence[Row], kind: str, score: str) -> str:
    def rate(some: Sequence[Row]) -> float:
        genuine = np.array([r[score] for r in some if r["alternative"] == "genuine"])
        return equal_error(genuine, np.array([r[score] for r in some if r["kind"] == kind]))

    value, low, high = by_seal(rows, rate, times=200)
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20 seals, under five minutes")
    parser.add_argument("--seals", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--calibration", type=Path, default=MODEL)
    given = parser.parse_args()
    count = 20 if given.quick else given.seals
    with tempfile.TemporaryDirectory() as empty:
        cache = given.cache or Path(empty)
        seals = range(HELD_OUT_FROM, HELD_OUT_FROM + count)
        rows = list(gather(measure, seals, cache=cache, name="comparison-benchmark", workers=given.workers))
        print(report(rows, given.calibration))


if __name__ == "__main__":
    main()

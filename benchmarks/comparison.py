"""Error rates and time of `compare` beside the tutorial pipeline, on the same simulated pairs of held-out seals.

    python benchmarks/comparison.py [--quick] [--seals 200] [--workers 2] [--cache DIR] [--out FILE] [--calibration FILE]

Every held-out number (never used in fitting, its faces neither where they are installed) is asked in all three
hardnesses of capture: two genuine prints of later sessions and a print by each mechanism of forgery, one reproduction
of a genuine print, and in one of the hardnesses a pasted picture; against the first specimen alone, and (reproductions
and pasted pictures apart) against all three. Renders, ratios and the tutorial's scores are kept in the cache by what
made them, and a killed run goes on. All figures are of simulated impressions.

EER     of `log10_lr` combined: of genuine prints against the prints of one mechanism in one hardness, per specimens
Nulls   A pair without a ratio is a null. On each side (genuine; the mechanism) 1 / 5 / 15 % of the pairs of a clean /
        medium / hard capture may be null; whatever share lies beyond it enters as that many pairs that are wrong at
        every threshold (a genuine one below, a forged one at or above it), and costs one bit in Cllr. "told": nulls left out
Cllr    of combined, all mechanisms but twins, each weighing the same; Cllr-min after PAV on the told pairs
Wrong side   evidence of 100 or more for it, by the told pairs: of a forgery by the ratio against its own
        alternative, of a genuine print by any of the three (the least of them at or below 1/100)
Policy  the product's own checks imprint.consistent and imprint.original, the worse of both; "null" is what either leaves
        undecided for want of quality or calibration. Photos of unknown scale are told apart
[…]     95 % intervals, seals drawn with replacement; an end at none is told by what so many seals can say

The benchmark counts where the tutorial's EER is not below what it had on the first measured benchmark by more than its
interval. 200 seals: some 25 minutes for renders (26 MB a seal), an hour or more for the ratios on two cores;
`--quick`: 12 seals.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "models" / "training"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import caching
from pairs import HARDNESSES, HELD_OUT_FROM, PRINTED, Kind, Rendered, drawn_by, faces_of, gather, rendered

from benchmarks.comparison_rates import MECHANISMS, Rate, Row, figures
from benchmarks.comparison_tables import markdown
from benchmarks.tutorial import tutorial
from verify.imprints import compare as comparing
from verify.imprints.evidence import ComparisonEvidence
from verify.imprints.imprint import Imprint
from verify.imprints.likelihood import Calibration, load
from verify.simulation.fonts import TRAINING_FACES

ROOT = caching.ROOT
MODEL = ROOT / "models" / "comparison-1" / "calibration.json"


# ── measuring ──────────────────────────────────────────────────────────────────────────────────────────


def by_us(seal: int, cache: Path, *, calibration: Path) -> list[Row]:
    """A seal's comparisons in all hardnesses, with one specimen and with three."""
    fitted = _calibration(calibration)
    drawn = [rendered(seal, cache, hardness) for hardness in HARDNESSES]
    rows = []
    for count in (1, 3):
        specimens = drawn[0].specimens[:count]
        # The specimens' own part, which a registry has at hand, is made before the clock runs.
        comparing.compare(specimens[0], specimens, calibration=fitted)
        for one in drawn:
            for kind, imprint in one.questioned.items():
                if count == 1 or kind not in (*PRINTED, "reused"):
                    rows.append(_compared(one, kind, imprint, specimens, fitted))
    return rows


def _compared(
    drawn: Rendered, kind: Kind, imprint: Imprint, specimens: Sequence[Imprint], calibration: Calibration
) -> Row:
    start = time.process_time()
    result = comparing.compare(imprint, specimens, calibration=calibration)
    seconds = time.process_time() - start
    evidence = ComparisonEvidence(
        seal=str(drawn.seal), claimed_by=("caller",), of=1, specimens=(), likelihoods=result.likelihoods,
        reuse=result.reuse, making=result.making, measures=result.measures,
    )  # fmt: skip
    return {
        "seal": drawn.seal, "hardness": drawn.hardness, "kind": kind, "specimens": len(specimens), "dpi": imprint.dpi,
        "quality": result.quality.model_dump(), "evidence": evidence.model_dump(mode="json"), "seconds": seconds,
    }  # fmt: skip


def by_tutorial(seal: int, cache: Path) -> list[Row]:
    """A seal's scores by the tutorial, against the first specimen."""
    rows = []
    for hardness in HARDNESSES:
        drawn = rendered(seal, cache, hardness)
        for kind, imprint in drawn.questioned.items():
            start = time.process_time()
            score = tutorial(imprint, drawn.specimens[0])
            seconds = time.process_time() - start
            rows.append({"seal": seal, "hardness": hardness, "kind": kind, "score": score, "seconds": seconds})
    return rows


@functools.cache
def _calibration(path: Path) -> Calibration:
    return load(path)


def measured(seals: Sequence[int], cache: Path, calibration: Path, workers: int) -> tuple[list[Row], list[Row]]:
    """(ours, the tutorial's)."""
    code = caching.reached((ROOT / "verify/imprints/compare.py",), "verify.imprints")
    model = hashlib.sha256(calibration.read_bytes()).hexdigest()
    ours = gather(
        functools.partial(by_us, calibration=calibration), seals, cache=cache, name="benchmark-ours", workers=workers,
        made_by=f"{drawn_by(seals[0])}-{caching.digest(code, model)}",
    )  # fmt: skip
    theirs = gather(
        by_tutorial, seals, cache=cache, name="benchmark-tutorial", workers=workers,
        made_by=f"{drawn_by(seals[0])}-{caching.digest((ROOT / 'benchmarks/tutorial.py',))}",
    )  # fmt: skip
    return list(ours), list(theirs)


def peak_mb(seal: int, cache: Path, calibration: Path) -> float | None:
    """The most memory in MB that a fresh process held while it compared one seal's clean captures with three specimens."""
    with multiprocessing.get_context("spawn").Pool(1, initializer=caching.one_thread) as pool:
        return pool.apply(_peak_mb, (seal, cache, calibration))


def _peak_mb(seal: int, cache: Path, calibration: Path) -> float | None:
    drawn = rendered(seal, cache, "clean")
    for kind in MECHANISMS:
        comparing.compare(drawn.questioned[kind], drawn.specimens, calibration=_calibration(calibration))
    status = Path("/proc/self/status")  # ru_maxrss would hold the parent's own peak
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((int(x.split()[1]) / 1024 for x in lines if x.startswith("VmHWM")), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="12 seals, under ten minutes")
    parser.add_argument("--seals", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--cache", type=Path, help="a folder that keeps renders and scores; without it they are thrown away"
    )
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--calibration", type=Path, default=MODEL)
    given = parser.parse_args()
    seals = range(HELD_OUT_FROM, HELD_OUT_FROM + (12 if given.quick else given.seals))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as empty:
        cache = given.cache or Path(empty)
        ours, theirs = measured(seals, cache, given.calibration, given.workers)
        peak = peak_mb(seals[0], cache, given.calibration)
    found = figures(ours, theirs)
    found = {
        "seals": len(seals), "pairs": len(theirs), "comparisons": len(ours), "calibration": load(given.calibration).name,
        "drawn_by": drawn_by(seals[0]), "faces": faces_of(seals[0]), "peak_mb": peak, **found,
    }  # fmt: skip
    print(
        f"{len(seals)} held-out seals, {len(theirs)} pairs, {len(ours)} comparisons, calibration {found['calibration']}; "
        f"simulated; typefaces {_faces(seals[0])}. [95 % by seal]\n"
    )
    print(markdown(found))
    if peak is not None:
        print(f"\nMost memory of a process that compares with three specimens: {peak:.0f} MB")
    print(f"\n{(time.monotonic() - start) / 60:.1f} minutes")
    if given.out:
        given.out.write_text(json.dumps(found, default=_plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _faces(seal: int) -> str:
    faces = faces_of(seal)
    fitted = [face for face in faces if face in TRAINING_FACES]
    said = f"{', '.join(fitted)} were fitted on too, for want of installed ones" if fitted else "none was fitted on"
    return f"{', '.join(faces)} ({said})"


def _plain(value: object) -> object:
    """A rate as its numbers; null where there are none."""
    assert isinstance(value, Rate)
    return {k: None if np.isnan(v) else round(v, 5) for k, v in vars(value).items()}


if __name__ == "__main__":
    main()

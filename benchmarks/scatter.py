"""How genuine prints scatter: glyphs, edges and rounding of labelled real pairs beside those of simulated ones.

    python benchmarks/scatter.py [FOLDER] [--seals 30] [--size-mm 12] [--dpi 300]

FOLDER holds pairs.csv with questioned, reference, questioned_dpi, reference_dpi, label (same, twin, or any other word
for a forgery) and the pictures. Simulated: square name seals of the given size, of every making, half of the prints
clean and half medium, each against another clean print of the same die. Prints the 10th, 50th and 90th percentile of
each measure. Where the simulated genuine edges or glyphs scatter less than the real ones, the simulator is to be
mended before anything is fitted on it.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift
from verify.imprints.measuring import Measures, against
from verify.imprints.prepared import prepare
from verify.simulation.dies import Die, make_die
from verify.simulation.fields import Rng
from verify.simulation.forgeries import Mechanism, forge
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.scans import Capture, scan_crop

SHOWN = (
    "edge_fine_mm", "edge_middle_mm", "edge_long_mm", "rounding", "scatter_mm", "scatter_high_mm", "gain_scatter_mm",
    "gain_mm", "blur_mm", "ncc",
)  # fmt: skip
FORGED: tuple[Mechanism, ...] = ("twin", "near-copy", "copy-engraved", "optical-copy")
Values = dict[str, dict[str, list[float]]]  # label → measure → values


def real(folder: Path) -> Iterator[tuple[str, Measures]]:
    with (folder / "pairs.csv").open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["reference"])
    for row in rows:
        reference = prepare(_read(folder / row["reference"], row["reference_dpi"]))
        found = against(lift(_read(folder / row["questioned"], row["questioned_dpi"])), reference)
        if found.quality.sufficient:
            yield row["label"], found.measures


def _read(path: Path, dpi: str) -> Imprint:
    pixels = cv2.imread(str(path))
    if pixels is None:
        raise SystemExit(f"{path} cannot be read as a picture")
    return Imprint(np.ascontiguousarray(pixels[:, :, ::-1], np.uint8), float(dpi) if dpi else None)


def simulated(seals: int, size_mm: float, dpi: float) -> Iterator[tuple[str, Measures]]:
    for number in range(seals):
        rng = np.random.default_rng((11, number))
        spec = replace(random_seal(number, layout="square-name"), size_mm=(size_mm, size_mm), colour="red")
        die = make_die(replace(spec, border_mm=size_mm * 0.045), rng)
        reference = prepare(_print(die, "clean", rng, dpi))
        for label in ("same", "same", FORGED[number % 4], FORGED[(number + 1) % 4]):
            made = die if label == "same" else forge(label, die, rng)
            found = against(lift(_print(made, ("clean", "medium")[number % 2], rng, dpi)), reference)
            if found.quality.sufficient:
                yield label, found.measures


def _print(die: Die, hardness: Hardness, rng: Rng, dpi: float) -> Imprint:
    impression = press(die, Pressing.draw(rng, hardness, making=die.spec.making), rng)
    # The edges of a scan; what is grey, of a phone or written over is not what is measured here.
    capture = replace(Capture.draw(rng, hardness, dpi=dpi), kind="scanner", grey=False, perspective=0.0)
    return Imprint(scan_crop(impression, capture, rng).pixels, dpi)


def gathered(pairs: Iterator[tuple[str, Measures]]) -> Values:
    found: Values = {}
    for label, measures in pairs:
        for name in SHOWN:
            value = measures[name]
            if value is not None:
                found.setdefault(label, {}).setdefault(name, []).append(value)
    return found


def table(groups: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Rows: measures (mm as µm); columns: groups; each cell the 10th / 50th / 90th percentile."""
    sizes = {name: max((len(v) for v in values.values()), default=0) for name, values in groups.items()}
    lines = [
        "| 10 / 50 / 90 % | " + " | ".join(f"{name} (n={sizes[name]})" for name in groups) + " |",
        "|---" * (len(groups) + 1) + "|",
    ]
    for measure in SHOWN:
        in_mm = measure.endswith("_mm")
        cells = [
            _cell(values.get(measure, ()), 1000.0 if in_mm else 1.0, 1 if in_mm else 3) for values in groups.values()
        ]
        lines.append(f"| {measure.replace('_mm', ', µm')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(values: Sequence[float], factor: float, places: int) -> str:
    if not values:
        return "–"
    return " / ".join(f"{v * factor:.{places}f}" for v in np.percentile(values, (10, 50, 90)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="labelled real pairs; without it only simulated ones")
    parser.add_argument("--seals", type=int, default=30)
    parser.add_argument("--size-mm", type=float, default=12.0)
    parser.add_argument("--dpi", type=float, default=300.0)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    groups: dict[str, dict[str, list[float]]] = {}
    if given.folder:
        groups |= {f"real {label}": values for label, values in gathered(real(given.folder)).items()}
    made = gathered(simulated(given.seals, given.size_mm, given.dpi))
    groups |= {f"simulated {label}": values for label, values in made.items()}
    print(table(dict(sorted(groups.items(), key=lambda g: (not g[0].endswith("same"), g[0])))))


if __name__ == "__main__":
    main()

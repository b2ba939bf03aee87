"""A small table of simulated pairs for `sigillum compare --pairs`: pictures, and a pairs.csv that labels them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from verify.simulation.dies import Die, make_die
from verify.simulation.fields import Rng
from verify.simulation.forgeries import Mechanism, forge
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.registry import png_with_dpi
from verify.simulation.scans import Capture, Scan, scan_crop

COLUMNS = (
    "questioned", "reference", "questioned_dpi", "reference_dpi", "label", "set", "questioned_seal", "reference_seal",
)  # fmt: skip


def write_pairs(
    folder: Path,
    *,
    seals: int,
    seed: int,
    genuine: int = 2,
    mechanisms: Sequence[Mechanism] = ("another-seal", "re-set"),
    sets: Sequence[Hardness] = ("clean", "medium"),
) -> Path:
    """Per seal one specimen at 300 dpi, `genuine` other prints of its die and a forgery by each mechanism.

    The seals take the hardness of their captures by turns from `sets`, which is also their set. Gives the path of pairs.csv.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(seals):
        name, hardness = f"seal-{number + 1:02d}", sets[number % len(sets)]
        die = make_die(random_seal(number, seed=seed), np.random.default_rng((seed, number)))
        specimen = _save(
            folder / f"{name}-specimen.png", _print(die, "clean", np.random.default_rng((seed, number, 0)))
        )
        for index, label in enumerate([*["same"] * genuine, *mechanisms], start=1):
            rng = np.random.default_rng((seed, number, index))
            made = die if label == "same" else forge(cast(Mechanism, label), die, rng)
            file, dpi = _save(folder / f"{name}-{index}-{label}.png", _print(made, hardness, rng))
            owner = name if label == "same" else f"{name}-{label}"
            rows.append((file, specimen[0], dpi, specimen[1], label, hardness, owner, name))
    path = folder / "pairs.csv"
    with path.open("w", newline="", encoding="utf-8") as file_:
        csv.writer(file_).writerows([COLUMNS, *rows])
    return path


def _print(die: Die, hardness: Hardness, rng: Rng) -> Scan:
    """One print, captured at 300 dpi."""
    impression = press(die, Pressing.draw(rng, hardness, making=die.spec.making), rng)
    return scan_crop(impression, Capture.draw(rng, hardness, dpi=300.0), rng, clutter_of=hardness)


def _save(path: Path, scan: Scan) -> tuple[str, float]:
    path.write_bytes(png_with_dpi(scan.pixels, scan.dpi))
    return path.name, scan.dpi or 0.0

"""Identification 1:N: is the right seal among the first ten of 10,000, how fast; and the screening among 50.

    python benchmarks/search.py [--quick] [--seals 300] [--others 10000] [--workers 2] [--cache DIR]

Questions are simulated impressions on cluttered scans, turned by any angle, of seals that the descriptor's formula was
not chosen on (numbers from 100,000 on); their specimens are simulated scans too. The other seals are the
artwork of dies drawn by number, without impression or scan: cheap, and cleaner than registered specimens are.
Prints the shares found with 95 % intervals (Wilson), by hardness, and what grey scans, photos and black ink cost.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from verify.imprints.align import Searchable, frame
from verify.imprints.descriptor import describe, question
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, InkQuality, lift
from verify.imprints.screening import questioned_frame, screen
from verify.simulation.dies import Die, draw_die, make_die
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.scans import Capture, scan_crop
from verify.stores.imprints import Entry, MemoryIndex

SEED = 20261124
HELD_OUT_FROM, OTHERS_FROM = 100_000, 300_000
HARDNESS: tuple[Hardness, ...] = ("clean", "medium", "hard")
SCREENED = 50
PX_PER_MM = 8.0


@dataclass(frozen=True, eq=False)
class Asked:
    """One seal's specimen and its questioned imprints by hardness; `odd`: how each departs from a colour scan."""

    specimen: Imprint
    questioned: dict[str, Imprint]
    odd: dict[str, str]


def ask(number: int) -> Asked:
    cv2.setNumThreads(1)
    spec = random_seal(number)
    die = make_die(spec, np.random.default_rng((SEED, number)))
    questioned: dict[str, Imprint] = {}
    odd: dict[str, str] = {}
    for level, hardness in enumerate(HARDNESS):
        rng = np.random.default_rng((SEED, number, level))
        questioned[hardness], capture = _captured(die, hardness, hardness, rng, turned=True)
        odd[hardness] = (
            "grey"
            if capture.grey
            else "photo"
            if capture.kind == "phone"
            else "black"
            if spec.colour == "black"
            else ""
        )
    specimen, _ = _captured(die, "clean", "ideal", np.random.default_rng((SEED, number, 9)), turned=False)
    return Asked(specimen, questioned, odd)


def _captured(
    die: Die, hardness: Hardness, clutter: Hardness, rng: np.random.Generator, *, turned: bool
) -> tuple[Imprint, Capture]:
    pressing = Pressing.draw(rng, hardness)
    if turned:
        pressing = replace(pressing, turn_deg=float(rng.uniform(0, 360)))
    capture = Capture.draw(rng, hardness)
    scan = scan_crop(press(die, pressing, rng), capture, rng, clutter_of=clutter)
    return Imprint(scan.pixels, scan.dpi), capture


def other(number: int) -> np.ndarray[Any, np.dtype[np.float16]]:
    """The descriptor of a die's artwork."""
    cv2.setNumThreads(1)
    coverage = cv2.GaussianBlur(draw_die(random_seal(number), px_per_mm=PX_PER_MM).coverage, (0, 0), 0.5)
    known = np.zeros(coverage.shape, np.bool_)
    quality = InkQuality(coloured=True, strength=1.0, noise=0.0, ink_share=0.1, unknown_share=0.0)
    ink = Ink(np.asarray(coverage, np.float32), known, PX_PER_MM * 25.4, (0.1, 1.0, 0.9), quality)
    return describe(ink).astype(np.float16)


def others(count: int, workers: int, cache: Path | None) -> np.ndarray[Any, np.dtype[np.float16]]:
    path = cache / f"search-others-{count}.npy" if cache else None
    if path is not None and path.exists():
        return np.asarray(np.load(path), np.float16)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        rows = np.array(pool.map(other, range(OTHERS_FROM, OTHERS_FROM + count), chunksize=50), np.float16)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, rows)
    return rows


def identified(asked: Sequence[Asked], rest: np.ndarray[Any, np.dtype[np.float16]]) -> str:
    own = np.array([describe(lift(a.specimen)) for a in asked], np.float16)
    entries = [Entry(f"seal-{i}", "") for i in range(len(own) + len(rest))]
    everything = np.concatenate([own, rest])
    indices = (
        MemoryIndex(entries, everything),
        MemoryIndex(entries, everything, exact=1, shortlist=len(everything) // 20),
    )
    lines = [
        f"{len(everything)} seals searched, exactly / by a shortlist of a twentieth (the way of a large index); in %",
        "| capture | first | in the first ten | ms a search, median (95th percentile) | ms a question |",
        "|---|---|---|---|---|",
    ]
    by_kind: list[str] = []
    for hardness in HARDNESS:
        places: list[list[int]] = [[], []]
        seconds: list[list[float]] = [[], []]
        describing = []
        for i, a in enumerate(asked):
            ink = lift(a.questioned[hardness])
            begun = time.process_time()
            wanted = question(ink)
            describing.append(time.process_time() - begun)
            for k, index in enumerate(indices):
                begun = time.process_time()
                found = [hit.entry.seal for hit in index.search(wanted)]
                seconds[k].append(time.process_time() - begun)
                places[k].append(found.index(f"seal-{i}") if f"seal-{i}" in found else 10)
        first, ten = (" / ".join(_share([p < n for p in own]) for own in places) for n in (1, 10))
        took = " / ".join(_ms(own) for own in seconds)
        lines.append(f"| {hardness} | {first} | {ten} | {took} | {_ms(describing)} |")
        for kind in ("", "grey", "photo", "black"):
            if of := [p < 10 for p, a in zip(places[0], asked, strict=True) if a.odd[hardness] == kind]:
                by_kind.append(f"{hardness}, {kind or 'colour scan'}: {_share(of)} of {len(of)}")
    return "\n".join([*lines, "", "in the first ten by kind of capture", *by_kind])


def screened(asked: Sequence[Asked]) -> str:
    """Each question against the specimens of the first `SCREENED` seals, its own among them."""
    some = asked[:SCREENED]
    specimens = [Searchable(frame(lift(a.specimen))) for a in some]
    lines = [
        f"screening among {len(some)} seals",
        "| capture | first | ms a specimen, scale known | ms the imprint, once |",
        "|---|---|---|---|",
    ]
    for hardness in HARDNESS:
        first, seconds, lifting = [], [], []
        for i, a in enumerate(some):
            if a.questioned[hardness].dpi is None and i % 3:
                continue  # of unknown scale: seven times as long
            begun = time.process_time()
            questioned = questioned_frame(a.questioned[hardness])
            lifting.append(time.process_time() - begun)
            scores = []
            for specimen in specimens:
                begun = time.process_time()
                scores.append(screen(questioned, specimen).ncc)
                if questioned.scale_known:
                    seconds.append(time.process_time() - begun)
            first.append(int(np.argmax(scores)) == i)
        lines.append(f"| {hardness} | {_share(first)} | {_ms(seconds)} | {_ms(lifting)} |")
    return "\n".join(lines)


def _share(hits: Sequence[bool]) -> str:
    """In %, with Wilson's 95 % interval."""
    of, z = len(hits), 1.96
    p = sum(hits) / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    reach = z * sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{100 * p:.1f} [{100 * max(middle - reach, 0):.1f}, {100 * min(middle + reach, 1):.1f}]"


def _ms(seconds: Sequence[float]) -> str:
    return f"{1000 * float(np.median(seconds)):.0f} ({1000 * float(np.percentile(seconds, 95)):.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20 seals among 1,000, two minutes")
    parser.add_argument("--seals", type=int, default=300)
    parser.add_argument("--others", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="keep the other seals' descriptors here")
    given = parser.parse_args()
    seals, count = (20, 1000) if given.quick else (given.seals, given.others)
    cv2.setNumThreads(1)
    rest = others(count, given.workers, given.cache)
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        asked = pool.map(ask, range(HELD_OUT_FROM, HELD_OUT_FROM + seals), chunksize=4)
    print(identified(asked, rest))
    print()
    print(screened(asked))


if __name__ == "__main__":
    main()

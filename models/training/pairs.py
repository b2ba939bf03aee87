"""Simulated pairs of known truth for fitting and measuring a comparison, cached on disk and resumable.

For every seal number: one registered specimen and, in one hardness, genuine impressions, one forgery by each
mechanism and one reused picture. Crops are kept as PNG beside their scale, measures as JSON lines; both are
looked up by seal number, so a killed run goes on where it was.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import cv2
import numpy as np

from verify.imprints.imprint import Imprint
from verify.simulation.dies import Die, make_die
from verify.simulation.forgeries import ALTERNATIVE, Mechanism, forge
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.scans import Capture, scan_crop

SEED = 20261124
Mix = Literal["genuine", "genuine-2", "reused"] | Mechanism
MIX: tuple[Mix, ...] = (
    "genuine", "genuine-2", "another-seal", "digit-changed", "other-font", "re-set", "copy-engraved", "near-copy",
    "optical-copy", "twin", "reused",
)  # fmt: skip
# Of ten seals, so many are captured clean, medium and hard.
HARDNESS: tuple[Hardness, ...] = (
    "clean",
    "medium",
    "clean",
    "hard",
    "medium",
    "clean",
    "medium",
    "clean",
    "hard",
    "medium",
)


@dataclass(frozen=True)
class Pair:
    """One questioned imprint of a seal number; its specimen is the number's own."""

    seal: int
    kind: Mix
    hardness: Hardness

    @property
    def alternative(self) -> str:
        """The report's word for it: genuine, reused, or the alternative that its mechanism belongs to."""
        plain = self.kind.removesuffix("-2")
        return plain if plain in ("genuine", "reused") else ALTERNATIVE[cast(Mechanism, plain)]


# Numbers from here on are drawn lightly: one genuine impression and one forgery an alternative. The limits of a
# ratio grow with the number of seals, not of pairs.
LIGHT_FROM = 1000
LIGHT_HARDNESS: tuple[Hardness, ...] = (
    "clean", "medium", "clean", "clean", "hard", "clean", "medium", "clean", "medium", "clean",
)  # fmt: skip
HELD_OUT_FROM = 100_000
_REMAKE: tuple[Mix, ...] = ("other-font", "re-set", "copy-engraved")
_NEAR: tuple[Mix, ...] = ("near-copy", "optical-copy")


def hardness_of(seal: int) -> Hardness:
    if LIGHT_FROM <= seal < HELD_OUT_FROM:
        return LIGHT_HARDNESS[seal % len(LIGHT_HARDNESS)]
    return HARDNESS[seal % len(HARDNESS)]


def kinds_of(seal: int) -> tuple[Mix, ...]:
    if LIGHT_FROM <= seal < HELD_OUT_FROM:
        kinds: tuple[Mix, ...] = ("genuine", "another-seal", _REMAKE[seal % 3], _NEAR[seal // 2 % 2])
        return (*kinds, "digit-changed") if seal % 2 else kinds
    return MIX


def training_seals(full: int, light: int) -> list[int]:
    """The numbers that a calibration is fitted on; those from `HELD_OUT_FROM` on never are."""
    return [*range(full), *range(LIGHT_FROM, LIGHT_FROM + light)]


def pairs_of(seal: int) -> tuple[Pair, ...]:
    return tuple(Pair(seal, kind, hardness_of(seal)) for kind in kinds_of(seal))


def render(seal: int, cache: Path) -> tuple[Imprint, dict[Mix, Imprint]]:
    """The specimen of a seal number and its questioned imprints, from the cache or drawn anew (the same for ever)."""
    folder = cache / f"{seal:06d}"
    done = folder / "done.json"
    if done.exists():
        scales = json.loads(done.read_text(encoding="utf-8"))
        names = [n for n in scales if n != "specimen"]
        return _read(folder, "specimen", scales), {cast(Mix, n): _read(folder, n, scales) for n in names}
    folder.mkdir(parents=True, exist_ok=True)
    specimen, questioned = _draw(seal)
    crops: dict[str, Imprint] = {"specimen": specimen}
    crops.update({str(k): v for k, v in questioned.items()})
    for name, imprint in crops.items():
        flags = [cv2.IMWRITE_PNG_COMPRESSION, 1]
        cv2.imwrite(str(folder / f"{name}.png"), np.ascontiguousarray(imprint.pixels[:, :, ::-1]), flags)
    done.write_text(json.dumps({n: i.dpi for n, i in crops.items()}), encoding="utf-8")
    return specimen, questioned


def _read(folder: Path, name: str, scales: dict[str, float | None]) -> Imprint:
    pixels = cv2.imread(str(folder / f"{name}.png"))
    if pixels is None:
        raise FileNotFoundError(folder / f"{name}.png")
    return Imprint(np.ascontiguousarray(pixels[:, :, ::-1], np.uint8), scales[name])


def _draw(seal: int) -> tuple[Imprint, dict[Mix, Imprint]]:
    rng = np.random.default_rng((SEED, seal))
    die = make_die(random_seal(seal), rng)
    hardness = hardness_of(seal)
    specimen = _capture(die, "clean", "ideal", rng, dpi=float(rng.choice([300, 600, 600])))
    found: dict[Mix, Imprint] = {}
    for kind in kinds_of(seal):
        own = np.random.default_rng((SEED, seal, MIX.index(kind)))
        if kind == "reused":
            found[kind] = reused(specimen, own)
        elif kind in ("genuine", "genuine-2"):
            found[kind] = _capture(die, hardness, hardness, own)
        else:
            found[kind] = _capture(forge(cast(Mechanism, kind), die, own), hardness, hardness, own)
    return specimen, found


def _capture(
    die: Die, hardness: Hardness, clutter: Hardness, rng: np.random.Generator, *, dpi: float | None = None
) -> Imprint:
    impression = press(die, Pressing.draw(rng, hardness), rng)
    scan = scan_crop(impression, Capture.draw(rng, hardness, dpi=dpi), rng, clutter_of=clutter)
    return Imprint(scan.pixels, scan.dpi)


def reused(specimen: Imprint, rng: np.random.Generator) -> Imprint:
    """The specimen's own picture, turned, rescaled, its contrast changed, printed light or dark, saved as JPEG."""
    factor = (
        float(rng.choice([0.5, 0.75, 1.0, 1.0]))
        if (specimen.dpi or 0) > 400
        else float(rng.choice([0.8, 1.0, 1.0, 1.3]))
    )
    turn = float(rng.normal(0, 6)) if rng.random() < 0.7 else 0.0
    h, w = specimen.pixels.shape[:2]
    size = round(w * factor), round(h * factor)
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), turn, factor)
    matrix[:, 2] += np.array(size) / 2 - np.array((w, h)) / 2
    paper = tuple(float(v) for v in np.percentile(specimen.pixels.reshape(-1, 3), 80, axis=0))
    source = cv2.GaussianBlur(specimen.pixels, (0, 0), max(0.01, 0.35 * (1 / factor - 0.9)))
    picture = cv2.warpAffine(
        source, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=paper
    )
    light = picture.astype(np.float32) * float(rng.uniform(0.92, 1.08)) + rng.normal(
        0, float(rng.uniform(0, 2.5)), picture.shape
    )
    pixels = np.clip(light, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(65, 96))])
        pixels = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return Imprint(pixels, None if specimen.dpi is None else specimen.dpi * factor)


Measure = Callable[[int, Path], list[dict[str, Any]]]


def gather(measure: Measure, seals: Iterable[int], *, cache: Path, name: str, workers: int) -> Iterator[dict[str, Any]]:
    """`measure(seal, cache)` for every seal, kept in `cache/name.jsonl`; what is there already is not done again."""
    store = cache / f"{name}.jsonl"
    cache.mkdir(parents=True, exist_ok=True)
    wanted = list(seals)
    have: dict[int, list[dict[str, Any]]] = {}
    if store.exists():
        for line in store.read_text(encoding="utf-8").splitlines():
            if line.endswith("}"):
                row = json.loads(line)
                have[row["seal"]] = row["rows"]
    todo = [s for s in wanted if s not in have]
    if todo:
        # spawn: OpenCV's threads do not survive a fork.
        context = multiprocessing.get_context("spawn")
        with store.open("a", encoding="utf-8") as out, context.Pool(workers, initializer=_one_thread) as pool:
            jobs = pool.imap_unordered(_Job(measure, cache), todo)
            for count, (seal, rows) in enumerate(jobs, 1):
                have[seal] = rows
                out.write(json.dumps({"seal": seal, "rows": rows}) + "\n")
                out.flush()
                if count % 20 == 0:
                    print(f"{name}: {count}/{len(todo)} seals", file=sys.stderr, flush=True)
    for seal in wanted:
        yield from have[seal]


@dataclass(frozen=True)
class _Job:
    measure: Measure
    cache: Path

    def __call__(self, seal: int) -> tuple[int, list[dict[str, Any]]]:
        return seal, self.measure(seal, self.cache)


def _one_thread() -> None:
    cv2.setNumThreads(1)

"""Makes models/<name>/: how a mark came onto the page, fitted on simulated crops.

    python models/training/making.py --cache DIR [--seals 300] [--name making-1]

For every seal number: windows of one print, stamped, and of its scan printed by an ink-jet and a laser and
photocopied, each captured on its own (some 3 s of one core a seal). A fold's devices and seals are not fitted on by that fold. Writes
calibration.json and card.md, then the digests into models/index.toml. What the cache holds is not done again.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
from comparison import write_index
from numpy.typing import NDArray
from scipy.optimize import minimize

from verify.imprints.evidence import MakingRates, Means
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift
from verify.imprints.making import (
    COARSEST_DPI,
    NAMES,
    Layer,
    MakingFit,
    MakingModel,
    Regime,
    grey_capture,
    measure,
    regime_of,
)
from verify.simulation.dies import Colour, Die, make_die
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.reproductions import Device, How, reproduce
from verify.simulation.scans import Capture, clutter, scan_crop, scan_page

Row = dict[str, Any]
Array = NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[1]
SEED = 20261125
WINDOW_MM = 18.0
CLASSES: tuple[Means, ...] = ("stamped", "ink-jet", "laser", "photocopied")
HOW: dict[Means, How] = {"ink-jet": "ink-jet", "laser": "laser", "photocopied": "photocopy"}
HARDNESS: tuple[Hardness, ...] = ("clean", "medium", "hard")
COLOURS: tuple[Colour, ...] = ("red", "red", "red", "red", "blue", "black", "purple", "black", "green", "red")
# Stamped crops outnumber each kind of print: the rate that matters most, of stamps called printed, needs them.
STAMPED = 3
HELD_OUT_FROM = 500_000


def crops(
    seal: int, *, dpi: float | None = None, hardness: Hardness | None = None
) -> Iterator[tuple[Means, Hardness, Imprint, str]]:
    """Class, hardness, crop, and the device in words. From `HELD_OUT_FROM` on screens are finer or coarser and
    droplets smaller than any that is fitted on."""
    rng = np.random.default_rng((SEED, seal))
    spec = replace(random_seal(seal, seed=SEED), colour=COLOURS[seal % len(COLOURS)])
    die = _part(make_die(spec, rng), rng)
    for index in range(STAMPED):
        own = np.random.default_rng((SEED, seal, index))
        hard = hardness or HARDNESS[(seal + index) % 3]
        stamp = press(die, Pressing.draw(own, hard), own)
        capture = Capture.draw(own, hard, dpi=dpi)
        yield "stamped", hard, _crop(scan_crop(stamp, capture, own, clutter_of=hard).pixels, capture, own), "stamp"
        if index == 0:
            source = stamp if hard != "hard" else press(die, Pressing.draw(own, "medium"), own)
    for index, means in enumerate(CLASSES[1:]):
        own = np.random.default_rng((SEED, seal, 10 + index))
        hard = hardness or HARDNESS[(seal + index) % 3]
        device = _device(own, HOW[means], seal >= HELD_OUT_FROM)
        first = Capture(dpi=float(own.choice([300, 600, 600])), blur_mm=float(own.uniform(0.015, 0.035)))
        first = replace(first, jpeg=None if own.random() < 0.5 else int(own.integers(80, 96)))
        picture = scan_crop(source, first, own).pixels
        size = picture.shape[1] / first.dpi * 25.4, picture.shape[0] / first.dpi * 25.4
        layers = reproduce(picture, first.dpi, device, own)
        capture = Capture.draw(own, hard, dpi=dpi)
        page = scan_page([], [*layers, *clutter(own, hard, *size)], capture, own, size_mm=size)
        words = f"{device.how} {'black' if device.black else 'colour'} {device.lpi:.0f} lpi {device.dpi} dpi"
        yield means, hard, _crop(page.pixels, capture, own), words


def _device(rng: np.random.Generator, how: How, held_out: bool) -> Device:
    if not held_out:
        return Device.draw(rng, how, lpi=(145.0, 195.0), dpi=(600,))
    lpi = (195.0, 215.0) if rng.random() < 0.5 else (133.0, 145.0)
    return Device.draw(rng, how, lpi=lpi, dpi=(1200,))


def _part(die: Die, rng: np.random.Generator) -> Die:
    """A part of at most 18 mm, the most inked of four: the physics of the whole at a fraction of the cost."""
    side = round(WINDOW_MM * die.px_per_mm)
    h, w = die.coverage.shape
    best: tuple[float, int, int] | None = None
    for _ in range(4):
        y, x = int(rng.integers(max(h - side, 0) + 1)), int(rng.integers(max(w - side, 0) + 1))
        inked = float(die.coverage[y : y + side, x : x + side].mean())
        best = (inked, y, x) if best is None or inked > best[0] else best
    assert best is not None
    _, y, x = best
    return replace(die, coverage=np.ascontiguousarray(die.coverage[y : y + side, x : x + side]))


def _crop(pixels: NDArray[np.uint8], capture: Capture, rng: np.random.Generator) -> Imprint:
    """A phone's scale is what an alignment would tell: within some 2 %."""
    scale = capture.dpi * (1.0 if capture.kind == "scanner" else float(rng.normal(1.0, 0.02)))
    return Imprint(pixels, scale)


def kept_crops(
    seal: int, cache: Path, *, dpi: float | None = None, hardness: Hardness | None = None
) -> list[tuple[Means, Hardness, Imprint, str]]:
    """The crops of a seal number as PNG with their words, from the cache or drawn anew (the same for ever)."""
    folder = cache / f"making-{dpi or 0:.0f}-{hardness or 'all'}" / f"{seal:06d}"
    done = folder / "done.json"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        said = []
        for index, (means, hard, imprint, device) in enumerate(crops(seal, dpi=dpi, hardness=hardness)):
            bgr = np.ascontiguousarray(imprint.pixels[:, :, ::-1])
            cv2.imwrite(str(folder / f"{index}.png"), bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            said.append((means, hard, imprint.dpi, device))
        done.write_text(json.dumps(said), encoding="utf-8")
    kept = []
    for index, (means, hard, scale, device) in enumerate(json.loads(done.read_text(encoding="utf-8"))):
        bgr = cv2.imread(str(folder / f"{index}.png"))
        assert bgr is not None
        kept.append((means, hard, Imprint(np.ascontiguousarray(bgr[:, :, ::-1], np.uint8), scale), device))
    return kept


def rows_of(seal: int, cache: Path, *, dpi: float | None = None, hardness: Hardness | None = None) -> list[Row]:
    """Features of all crops of a seal number, each as captured and as another scanner would have saved it; crops are
    cached, features are measured each time."""
    rows = []
    for index, (means, hard, imprint, device) in enumerate(kept_crops(seal, cache, dpi=dpi, hardness=hardness)):
        assert imprint.dpi is not None
        rng = np.random.default_rng((SEED, seal, index, 7))
        for scanner, pixels in (("plain", imprint.pixels), ("other", other_scanner(imprint.pixels, rng))):
            seen = Imprint(pixels, imprint.dpi)
            ink = lift(seen)
            grey = grey_capture(pixels)
            found = None if grey or imprint.dpi < COARSEST_DPI else measure(seen, ink, imprint.dpi)
            rows.append({
                "seal": seal, "means": means, "hardness": hard, "device": device, "scanner": scanner, "dpi": imprint.dpi,
                "grey": grey, "regime": regime_of(ink), "features": found,
            })  # fmt: skip
    return rows


def other_scanner(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """What scanners do besides: colours some tenths of a pixel apart and unequally sharp, edges overdrawn, tones
    stretched, colour at half the resolution (JPEG 4:2:0). Real prints at hand show all of it; none of it speaks of a printer."""
    h, w = pixels.shape[:2]
    channels = []
    for channel in cv2.split(pixels.astype(np.float32)):
        move = np.array([[1.0, 0.0, rng.normal(0, 0.25)], [0.0, 1.0, rng.normal(0, 0.25)]])
        moved = cv2.warpAffine(channel, move, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        channels.append(cv2.GaussianBlur(moved, (0, 0), float(rng.uniform(0.25, 0.6))))
    seen = np.dstack(channels)
    if rng.random() < 0.6:  # tones stretched until paper is white and solid ink black in some colours
        low, high = float(rng.uniform(0.0, 70.0)), float(rng.uniform(0.85, 1.0)) * float(np.percentile(seen, 80))
        seen = (seen - low) * (255.0 / max(high - low, 60.0))
    seen += float(rng.uniform(0.0, 1.6)) * (seen - cv2.GaussianBlur(seen, (0, 0), float(rng.uniform(0.8, 1.6))))
    data = cv2.imencode(
        ".jpg",
        np.clip(seen, 0, 255).astype(np.uint8)[:, :, ::-1],
        [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 95))],
    )[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1], np.uint8)


# ── fitting ────────────────────────────────────────────────────────────────────────────────────────────

FOLDS = 6
HIDDEN = 10
PENALTY = 1.0
MOST_FALSE = 0.003  # of stamped crops, in cross-validation: the aim is under 1 % on others'
LEAST = 40  # crops of stamped ones and of others, below which a regime is not fitted


def fit_regime(regime: Regime, rows: Sequence[Row], *, seals: int) -> tuple[MakingFit, Array] | None:
    """The fit and its cross-validated probabilities (n, classes), seals and their devices left out together."""
    classes = tuple(c for c in CLASSES if sum(r["means"] == c for r in rows) >= LEAST)
    rows = [r for r in rows if r["means"] in classes]
    if len(classes) < 2 or "stamped" not in classes:
        return None
    names = tuple(n for n in NAMES)
    raw = np.array([[r["features"][n] for n in names] for r in rows])
    means, spreads = raw.mean(axis=0), raw.std(axis=0) + 1e-3
    x = np.clip((raw - means) / spreads, -4.0, 4.0)
    y = np.array([classes.index(r["means"]) for r in rows])
    fold = np.array([r["seal"] for r in rows]) % FOLDS
    weight = _balance(y, len(classes))
    crossed = np.zeros((len(rows), len(classes)))
    for f in range(FOLDS):
        out = fold == f
        crossed[out] = _ask(_learn(x[~out], y[~out], weight[~out], len(classes)), x[out])
    centre = x.mean(axis=0)
    # Shrunk covariance; every class's own spread is inside the whole's.
    covariance = np.cov((x - centre).T) + 0.1 * np.eye(x.shape[1])
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    radius = float(np.percentile(((x - centre) @ whitening.T).__pow__(2).sum(axis=1), 99.5))
    printed = 1.0 - crossed[:, 0]
    printed_at = max(0.9, float(np.quantile(printed[y == 0], 1.0 - MOST_FALSE)) + 1e-3)
    stamped_at = 0.9
    hidden, output = _learn(x, y, weight, len(classes))
    bare = MakingFit(
        regime=regime, features=names, means=_tuple(means), spreads=_tuple(spreads), hidden=hidden, output=output,
        classes=classes, centre=_tuple(centre), whitening=tuple(_tuple(r) for r in whitening), radius=round(radius, 2),
        printed_at=round(min(printed_at, 0.9999), 4), stamped_at=stamped_at,
        rates=_rates(crossed, y, [r["seal"] for r in rows], min(printed_at, 0.9999), stamped_at),
    )  # fmt: skip
    return bare, crossed


def _rates(
    crossed: Array, y: NDArray[np.int64], seals: Sequence[int], printed_at: float, stamped_at: float
) -> MakingRates:
    printed, stamped = 1 - crossed[:, 0] >= printed_at, crossed[:, 0] >= stamped_at
    false = (printed & (y == 0)).astype(float)
    rng = np.random.default_rng(5)
    number = np.array(seals)
    unique = np.unique(number)
    draws = []
    for _ in range(300):
        times = np.bincount(rng.integers(0, len(unique), len(unique)), minlength=len(unique))[
            np.searchsorted(unique, number)
        ]
        draws.append(float((times * false).sum() / max((times * (y == 0)).sum(), 1)))
    low, high = np.percentile(draws, (2.5, 97.5))
    if false.sum() == 0:  # the rule of three, one crop a seal
        high = 3.0 / len(np.unique(number[y == 0]))
    return MakingRates(
        stamped_called_printed=round(float(false.sum() / (y == 0).sum()), 5),
        printed_called_stamped=round(float((stamped & (y > 0)).sum() / (y > 0).sum()), 5),
        undecided=round(float((~printed & ~stamped).mean()), 4),
        interval95_stamped_called_printed=(round(float(low), 5), round(float(high), 5)),
        crops=len(y), seals=len(unique),
    )  # fmt: skip


def _balance(y: NDArray[np.int64], classes: int) -> Array:
    """Stamped and the rest weigh the same, and the kinds of print among themselves."""
    share = np.array([0.5, *([0.5 / (classes - 1)] * (classes - 1))])
    return np.asarray(len(y) * share[y] / np.bincount(y, minlength=classes)[y])


def _learn(x: Array, y: NDArray[np.int64], weight: Array, classes: int) -> tuple[Layer, Layer]:
    """A hidden layer beside the features themselves, by L-BFGS on the penalised likelihood; the same every time."""
    n = x.shape[1]
    rng = np.random.default_rng(3)
    sizes = (n * HIDDEN, HIDDEN, (n + HIDDEN) * classes, classes)
    start = np.concatenate([rng.normal(0, 0.3 / math.sqrt(n), sizes[0]), np.zeros(sizes[1] + sizes[2] + sizes[3])])
    start[sizes[0] + sizes[1] : -classes] = rng.normal(0, 0.05, sizes[2])
    target = np.eye(classes)[y]

    def parts(p: Array) -> tuple[Array, Array, Array, Array]:
        a, b, c, d = np.split(p, np.cumsum(sizes)[:-1])
        return a.reshape(n, HIDDEN), b, c.reshape(n + HIDDEN, classes), d

    def loss(p: Array) -> tuple[float, Array]:
        w1, b1, w2, b2 = parts(p)
        h = np.tanh(x @ w1 + b1)
        z = np.hstack([x, h])
        s = z @ w2 + b2
        s = s - s.max(axis=1, keepdims=True)
        logs = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        value = -float((weight[:, None] * target * logs).sum()) + 0.5 * PENALTY * float((w1**2).sum() + (w2**2).sum())
        ds = weight[:, None] * (np.exp(logs) - target)
        dz = ds @ w2.T
        dh = dz[:, n:] * (1 - h**2)
        gradient = [x.T @ dh + PENALTY * w1, dh.sum(axis=0), z.T @ ds + PENALTY * w2, ds.sum(axis=0)]
        return value, np.concatenate([g.ravel() for g in gradient])

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    w1, b1, w2, b2 = parts(found.x)
    return Layer(weights=tuple(_tuple(r) for r in w1), offsets=_tuple(b1)), Layer(
        weights=tuple(_tuple(r) for r in w2), offsets=_tuple(b2)
    )


def _ask(layers: tuple[Layer, Layer], x: Array) -> Array:
    hidden, output = layers
    h = np.tanh(x @ np.asarray(hidden.weights) + np.asarray(hidden.offsets))
    s = np.hstack([x, h]) @ np.asarray(output.weights) + np.asarray(output.offsets)
    s = np.exp(s - s.max(axis=1, keepdims=True))
    return np.asarray(s / s.sum(axis=1, keepdims=True))


def _tuple(values: Array) -> tuple[float, ...]:
    return tuple(round(float(v), 4) for v in values)


def fit(rows: Sequence[Row], *, name: str) -> tuple[MakingModel, dict[Regime, tuple[list[Row], Array]]]:
    """The model, and for every regime its rows with their cross-validated probabilities."""
    usable = [r for r in rows if r["features"] is not None]
    seals = len({r["seal"] for r in rows})
    fits, crossed = [], {}
    for regime in get_args(Regime):
        mine = [r for r in usable if r["regime"] == regime]
        made = fit_regime(regime, mine, seals=seals)
        if made is not None:
            fits.append(made[0])
            crossed[regime] = ([r for r in mine if r["means"] in made[0].classes], made[1])
    return MakingModel(name=name, basis="simulated", seals=seals, fits=tuple(fits)), crossed


# ── the card ───────────────────────────────────────────────────────────────────────────────────────────

KINDS: tuple[tuple[str, tuple[Means, ...]], ...] = (
    ("stamped", ("stamped",)),
    ("printed", ("ink-jet", "laser")),
    ("copied", ("photocopied",)),
)


def card(model: MakingModel, crossed: dict[Regime, tuple[list[Row], Array]], rows: Sequence[Row]) -> str:
    """The model card: data, rates cross-validated by seal and device, limits."""
    lines = [
        f"# {model.name}: stamped, ink-jet, laser or photocopied",
        "",
        f"Fitted by `models/training/making.py` on windows of {model.seals} random simulated seals, {len(rows)} crops. Basis: "
        "**simulated**: the printers are verify/simulation/reproductions.py's, the stamps verify/simulation/impressions.py's; no real "
        "print or photocopy of a seal was measured. Rates are cross-validated by seal; every crop has a device of its own.",
        "",
        "| regime | hardness | n | stamped called printed | printed or copied called stamped | undecided |",
        "|---|---|---|---|---|---|",
    ]
    for regime, (mine, chances) in crossed.items():
        fit = model.fit(regime)
        assert fit is not None
        for hardness in (*HARDNESS, "all"):
            at = np.array([hardness in (r["hardness"], "all") for r in mine])
            stamped = np.array([r["means"] == "stamped" for r in mine])
            printed, told = 1 - chances[:, 0] >= fit.printed_at, chances[:, 0] >= fit.stamped_at
            lines.append(
                f"| {regime} | {hardness} | {at.sum()} | {(at & stamped & printed).sum()} of {(at & stamped).sum()} | "
                f"{(at & ~stamped & told).sum()} of {(at & ~stamped).sum()} | {100 * (~printed & ~told)[at].mean():.0f} % |"
            )
    lines += ["", _BREAKS]
    return "\n".join(lines) + "\n"


_BREAKS = """## Where it breaks
- **Grey captures** (no colour at all): red ink and black toner look alike; always unknown. Unknown scale likewise, unless an
  alignment tells the scale.
- **Below 180 dpi** nothing is said; below 300 most screens are finer than what is seen, and much is unknown.
- **Colour photocopies and colour laser prints** are one engine: the two are often taken for one another.
- **Black stamps and black copies** differ in evenness and edges alone.
- Printers of 1,200 dpi and more with fine dots look like a film below 600 dpi; dye printers, offset and relief printing were not
  simulated.
- Outside the range of the features that it was fitted on the answer is unknown.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seals", type=int, default=300)
    parser.add_argument("--name", default="making-1")
    parser.add_argument("--out", type=Path, default=ROOT)
    given = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    rows = [r for s in range(given.seals) for r in rows_of(s, given.cache)]
    model, crossed = fit(rows, name=given.name)
    folder = given.out / given.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.json").write_text(model.model_dump_json() + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card(model, crossed, rows), encoding="utf-8")
    write_index(given.out, given.name)


if __name__ == "__main__":
    main()

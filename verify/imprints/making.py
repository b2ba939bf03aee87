"""How the mark came onto the page, as far as its ink tells: stamped, ink-jet, laser, photocopied, or not to be told.

A stamp lays one film of one ink: whatever its thickness, its colours lie on one curve (Beer–Lambert), and its
unevenness is soft. A printer mixes dots of several inks, each on its own screen: at the scale of dots, hue and strength
part, a screen repeats itself, droplets leave satellites and toner leaves specks. A black copy is crisp and even. All
of it is read in millimetres at the capture's own resolution, so a known scale is needed; what the resolution
cannot show is "unknown". A mark without grain on paper without grain is an electronic picture.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from verify.core.geometry import MM_PER_INCH
from verify.imprints.evidence import Making, MakingRates, Means
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, Map, Mask
from verify.imprints.lifting.registration import registered

FLAT = 0.006  # standard deviation of density inside strokes; the cleanest real scans have five times that
GLARE = (
    0.08  # light added to all before the logarithm: scanners cut dark tones off, and their noise must not be texture
)
FINEST_DPI = 620.0  # finer captures are reduced to 600: no device's dots need more
COARSEST_DPI = 180.0
LEAST_MM2 = 6.0  # of stroke interiors

Regime = Literal["colour", "neutral"]
Features = dict[str, float]

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Layer(BaseModel):
    """One step of the classifier: `weights` (n inputs × n outputs), `offsets` (n outputs)."""

    model_config = _FROZEN

    weights: tuple[tuple[float, ...], ...]
    offsets: tuple[float, ...]


class MakingFit(BaseModel):
    """The classifier of one regime: standardised features, a hidden layer (tanh), a multinomial logistic.

    `radius`: squared Mahalanobis distance, by `whitening` (n × n), that all but 0.5 % of the training's crops keep within.
    `printed_at`, `stamped_at`: probabilities from which the mark is said to be printed or stamped.
    """

    model_config = _FROZEN

    regime: Regime
    features: tuple[str, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    hidden: Layer
    output: Layer
    classes: tuple[Means, ...]
    centre: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]
    radius: float
    printed_at: float
    stamped_at: float
    rates: MakingRates


class MakingModel(BaseModel):
    """models/<name>/calibration.json of the making: a fit for each regime."""

    model_config = _FROZEN

    schema_: Literal["sigillum/making/1"] = "sigillum/making/1"
    name: str
    basis: Literal["simulated", "real", "both"]
    seals: int
    fits: tuple[MakingFit, ...]

    def fit(self, regime: Regime) -> MakingFit | None:
        return next((f for f in self.fits if f.regime == regime), None)


def load(path: Path) -> MakingModel:
    """The model in a file `calibration.json`."""
    return MakingModel.model_validate(json.loads(path.read_text(encoding="utf-8")))


def making(imprint: Imprint, ink: Ink, model: MakingModel | None = None, *, dpi: float | None = None) -> Making:
    """What the ink shows. `dpi`: the scale as another source tells it (a comparison's alignment), where the
    imprint has none of its own. Without a model only the electronic picture is told."""
    if _electronic(imprint, ink):
        return Making(kind="electronic", reason="flat-ink-on-flat-paper")
    scale = imprint.dpi or dpi
    if scale is None:
        return Making(kind="unknown", reason="making-scale-unknown")
    if scale < COARSEST_DPI:
        return Making(kind="unknown", reason="making-too-coarse")
    if grey_capture(imprint.pixels):
        return Making(kind="unknown", reason="making-grey-capture")
    found = measure(imprint, ink, scale)
    if found is None:
        return Making(kind="unknown", reason="too-little-solid-ink")
    fit = model.fit(regime_of(ink)) if model is not None else None
    if model is None or fit is None:
        return Making(kind="unknown", reason="making-not-decided")
    return decided(fit, found, model)


def decided(fit: MakingFit, found: Mapping[str, float], model: MakingModel) -> Making:
    """The statement of one regime's fit on measured features."""
    row, distance = standardised(fit, found)
    odds = dict(zip(fit.classes, (float(p) for p in probabilities(fit, row)), strict=True))
    stamped = odds["stamped"]
    log10 = math.log10(max(stamped, 1e-9) / max(1.0 - stamped, 1e-9))
    kind: Literal["stamped", "printed", "unknown"] = "unknown"
    reason = "making-not-decided"
    if distance > fit.radius:
        reason = "making-outside-training"
    elif 1.0 - stamped >= fit.printed_at:
        kind, reason = "printed", "error-rates-simulated"
    elif stamped >= fit.stamped_at:
        kind, reason = "stamped", "error-rates-simulated"
    means: Means | None = "stamped" if kind == "stamped" else None
    if kind == "printed":
        likeliest: Means = max((c for c in fit.classes if c != "stamped"), key=odds.__getitem__)
        means = likeliest
    return Making(
        kind=kind,
        reason=reason,
        means=means,
        log10_odds_stamped=round(log10, 2),
        rates=fit.rates,
        calibration=model.name,
        basis=model.basis,
    )


def standardised(fit: MakingFit, found: Mapping[str, float]) -> tuple[NDArray[np.float64], float]:
    """The features in the fit's order, standardised and clipped to ±4, and their squared distance from the training."""
    raw = np.array([found[n] for n in fit.features])
    row = np.clip((raw - np.asarray(fit.means)) / np.asarray(fit.spreads), -4.0, 4.0)
    left = np.asarray(fit.whitening) @ (row - np.asarray(fit.centre))
    return row, float(left @ left)


def probabilities(fit: MakingFit, row: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each class, for standardised features (n,) or (m, n)."""
    hidden = np.tanh(row @ np.asarray(fit.hidden.weights) + np.asarray(fit.hidden.offsets))
    score = np.concatenate([row, hidden], axis=-1) @ np.asarray(fit.output.weights) + np.asarray(fit.output.offsets)
    score = np.exp(score - score.max(axis=-1, keepdims=True))
    return np.asarray(score / score.sum(axis=-1, keepdims=True))


def regime_of(ink: Ink) -> Regime:
    """Which fit holds: whether the mark has a colour, or is black or grey in a coloured capture."""
    return "neutral" if ink.colour is None else "colour"


def _electronic(imprint: Imprint, ink: Ink) -> bool:
    solid = ((ink.density > 0.8) & ~ink.unknown).astype(np.uint8)
    inside = cv2.erode(solid, np.ones((5, 5), np.uint8)) > 0
    if inside.sum() < 60 or imprint.pixels.shape[:2] != ink.density.shape:
        return False
    spread = float(np.std(imprint.pixels[inside].astype(np.float32) / 255.0, axis=0).max())
    return spread < FLAT and ink.quality.noise < FLAT


def grey_capture(pixels: NDArray[np.uint8]) -> bool:
    """A capture without colour: red ink and black toner look alike in it. JPEG may leave a trace of chroma."""
    low = np.minimum(np.minimum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])
    high = np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])
    return float(np.percentile(high - low, 99.5)) <= 4


# ── features ───────────────────────────────────────────────────────────────────────────────────────────

BANDS_MM = ((0.0, 0.06), (0.06, 0.15), (0.15, 0.4), (0.4, 1.2))  # between blurs of these standard deviations
NAMES = (
    *(f"{what}_{i}" for what in ("strength", "hue", "third") for i in range(4)), "pair_0", "pair_1", "pair_2",
    "third_pair_1", "peak_strength", "peak_hue", "peak_third", "edge_mm", "ragged", "near_specks", "far_specks",
    "third_level", "paper_strength_1", "paper_strength_2", "paper_hue_1", "paper_hue_2", "cut", "white", "noise", "dpi",
)  # fmt: skip


def measure(imprint: Imprint, ink: Ink, dpi: float) -> Features | None:
    """Features by name, most of them logarithms; None where too little solid ink is seen.

    strength_i, hue_i, third_i: standard deviation inside strokes, in four bands of scale, of the ink's strength, of the
    difference between its two darkest channels, and of the lightest one, each as a share of the mean absorbance
    and less the sensor's noise. pair_i: correlation of the two darkest channels; near 1 in one film. peak_*: the tallest
    line of the spectrum over its surroundings. edge_mm: width of edges. ragged: wander of edges below 0.2 mm.
    paper_*: the same on bare paper, where printers sprinkle the tint of the paper they copy.
    cut, white: share of stroke and of paper that the scanner has driven to black or white.
    near_specks, far_specks: share of paper with small marks, within 0.7 mm of strokes and farther away.
    """
    pixels, density, unknown, dpi = _common(imprint, ink, dpi)
    mm = dpi / MM_PER_INCH
    smooth = cv2.GaussianBlur(density, (0, 0), max(0.07 * mm, 0.5))
    away = cv2.distanceTransform((smooth <= 0.25).astype(np.uint8), cv2.DIST_L2, 3) / mm
    depth, value = _absorbance(pixels, _bare(away))
    covered = _foreign(depth, unknown, ink.colour, mm)
    inside = cv2.erode(((smooth > 0.45) & ~covered).astype(np.uint8), _disc(0.07 * mm)) > 0
    if inside.sum() < LEAST_MM2 * mm**2:
        return None
    # Near text and near the crop's rim nothing is counted.
    clear = cv2.dilate(covered.astype(np.uint8), _disc(0.25 * mm)) == 0
    near, far = clear & (away > 0.15) & (away < 0.7), clear & (away > 1.0)
    if far.sum() < 500:
        far = clear & (away > 0.4)
    if far.sum() < 200:
        return None
    level = np.array([float(depth[..., c][inside].mean()) for c in range(3)])
    order = np.argsort(-level, kind="stable")
    first, second, third = (np.ascontiguousarray(depth[..., c]) for c in order)
    first, second, third = first / level[order[0]], second / max(level[order[1]], 0.05), third / level[order[0]]
    first, second, third = (_without_rims(m, inside) for m in (first, second, third))
    # The sensor's noise is even in the picture's values; in absorbance it depends on how dark it is.
    gain = []
    for c in order:
        dark = float(value[..., c][inside].mean())
        gain.append((dark**1.2 * (1.0 + GLARE) / (dark**2.2 + GLARE)) ** 2)
    found: Features = {}
    maps = _bands((first, second, third), inside, far, mm)
    for i in range(len(BANDS_MM)):
        a, b, c = (m[i] for m in maps)
        waa, wbb, wcc = (max(_var(x[0]) - g * _var(x[1]), 0.0) for x, g in zip((a, b, c), gain, strict=True))
        wab = _cov(a[0], b[0]) - math.sqrt(gain[0] * gain[1]) * _cov(a[1], b[1])
        wac = _cov(a[0], c[0]) - math.sqrt(gain[0] * gain[2]) * _cov(a[1], c[1])
        found[f"strength_{i}"] = _log((waa + wbb + 2 * wab) / 4)
        found[f"hue_{i}"] = _log(waa + wbb - 2 * wab)
        found[f"third_{i}"] = _log(wcc)
        if i < 3:
            found[f"pair_{i}"] = float(np.clip(wab / (math.sqrt(waa * wbb) + 3e-5), -1.0, 1.5))
        if i in (1, 2):
            found[f"paper_strength_{i}"] = _log(
                (_var(a[1]) * level[order[0]] ** 2 + _var(b[1]) * level[order[1]] ** 2) / 2
            )
            found[f"paper_hue_{i}"] = _log(_var(a[1] * level[order[0]] - b[1] * level[order[1]]))
        if i == 1:
            found["third_pair_1"] = float(np.clip(wac / (math.sqrt(waa * wcc) + 3e-5), -1.0, 1.5))
    strength, hue = (first + second) / 2, first - second
    for name, m in (("strength", strength), ("hue", hue), ("third", third)):
        found[f"peak_{name}"] = _peak(np.asarray(m, np.float32), inside, mm)
    found["edge_mm"], found["ragged"] = _edges(strength.astype(np.float32), clear, mm)
    darkest = np.asarray(depth.max(axis=2), np.float32)
    found["near_specks"], found["far_specks"] = _specks(darkest, near, far, mm)
    found["third_level"] = float(level[order[2]] / level[order[0]])
    found["cut"] = float((pixels.min(axis=2)[inside] < 4).mean())
    found["white"] = float((pixels.min(axis=2)[far] > 252).mean())
    found["noise"] = math.log(0.5 / 255 + float(np.std(value[..., 1][far])))
    found["dpi"] = math.log(dpi)
    return found


def _common(imprint: Imprint, ink: Ink, dpi: float) -> tuple[NDArray[np.uint8], Map, Mask, float]:
    """Pixels with their colours laid upon one another, density and unknown ground at one resolution, at most 600 dpi."""
    pixels = registered(imprint.pixels)
    factor = min(1.0, 600.0 / dpi) if dpi > FINEST_DPI else 1.0
    if factor < 1.0:
        pixels = np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    size = (pixels.shape[1], pixels.shape[0])
    density, unknown = ink.density, ink.unknown
    if density.shape != pixels.shape[:2]:
        density = np.asarray(cv2.resize(density, size, interpolation=cv2.INTER_AREA), np.float32)
        unknown = cv2.resize(unknown.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return pixels, density, np.asarray(unknown), dpi * factor


def _bare(away: Map) -> Mask:
    """Paper that tells the light: away from the seal's ink, or what there is."""
    for least in (1.0, 0.4, 0.1):
        far = away > least
        if far.sum() > 500:
            return np.asarray(far)
    return np.ones(away.shape, np.bool_)


def _foreign(depth: Map, unknown: Mask, colour: tuple[float, float, float] | None, mm: float) -> Mask:
    """Text, rules and pens: what no amount of the seal's ink explains, where it is broader than a printer's dots."""
    kept = unknown
    if colour is not None:
        seal = -np.log(1.0 - 0.9 * np.asarray(colour, np.float32))
        seal /= np.linalg.norm(seal)
        smooth = cv2.GaussianBlur(depth, (0, 0), 0.1 * mm)
        along = smooth @ seal
        left = np.sqrt(np.maximum((smooth**2).sum(axis=2) - along**2, 0.0))
        # Mixed shades of one ink stray from its line by a share of its strength.
        kept = kept | (left > 0.35 + 0.3 * np.maximum(along, 0.0))
    opened = cv2.morphologyEx(kept.astype(np.uint8), cv2.MORPH_OPEN, _disc(0.1 * mm))
    return np.asarray(cv2.dilate(opened, _disc(0.12 * mm)) > 0)


def _absorbance(pixels: NDArray[np.uint8], far: Mask) -> tuple[Map, Map]:
    """(h, w, 3) absorbance in linear light against the paper, and values as shares of the paper's.

    The light is a second-order surface through the bare paper."""
    values = pixels.astype(np.float32) / 255.0
    h, w = values.shape[:2]
    y, x = np.mgrid[-1 : 1 : complex(0, h), -1 : 1 : complex(0, w)]
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).astype(np.float32)
    at = np.flatnonzero(far)[:: max(1, int(far.sum()) // 8000)]
    rows = basis.reshape(-1, 6)[at].astype(np.float64)
    for channel in range(3):
        told = values[..., channel].reshape(-1)[at].astype(np.float64)
        keep = told >= np.percentile(told, 40)  # text darkens much of some papers
        terms = np.linalg.solve(rows[keep].T @ rows[keep] + 1e-3 * np.eye(6), rows[keep].T @ told[keep])
        values[..., channel] /= np.maximum(basis @ terms.astype(np.float32), 0.1)
    light = np.clip(values, 0.0, 1.3) ** np.float32(2.2)
    return np.asarray(np.log((1.0 + GLARE) / (light + np.float32(GLARE))), np.float32), values


def _without_rims(m: Map, inside: Mask) -> Map:
    """The map less what depends on the distance from the stroke's rim alone.

    Blur, coarser colour (JPEG 4:2:0) and sharpening shade every stroke from its rim inwards, on thin strokes throughout, and
    strokes set in rows would pass for a screen.
    """
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    step = np.minimum((depth[inside] * 2).astype(np.int64), 24)
    values = m[inside]
    count = np.bincount(step, minlength=25)
    mean = np.bincount(step, weights=values, minlength=25) / np.maximum(count, 1)
    left = m.copy()
    left[inside] = values - mean[step].astype(np.float32) + np.float32(values.mean())
    return left


def _bands(
    maps: tuple[Map, Map, Map], inside: Mask, far: Mask, mm: float
) -> list[list[tuple[NDArray[np.float32], NDArray[np.float32]]]]:
    """Each map in each band, inside the strokes (looking only inside) and on bare paper: [map][band] → both."""
    sides = [(mask, mask.astype(np.float32)) for mask in (inside, far)]
    levels = [[[m[mask] for mask, _ in sides]] for m in maps]
    for _, wide in BANDS_MM:
        sigma = wide * mm
        # Below the pixel nothing of a band is seen.
        bottoms = [None if sigma < 0.45 else np.maximum(_blurred(weight, sigma)[mask], 1e-3) for mask, weight in sides]
        for m, kept in zip(maps, levels, strict=True):
            kept.append([
                kept[-1][i] if bottom is None else (_blurred(m * weight, sigma)[mask] / bottom).astype(np.float32)
                for i, ((mask, weight), bottom) in enumerate(zip(sides, bottoms, strict=True))
            ])  # fmt: skip
    return [[(k[i][0] - k[i + 1][0], k[i][1] - k[i + 1][1]) for i in range(len(BANDS_MM))] for k in levels]


def _blurred(m: Map, sigma: float) -> Map:
    """A Gaussian blur; wide ones at half the resolution."""
    if sigma < 4:
        return np.asarray(cv2.GaussianBlur(m, (0, 0), sigma), np.float32)
    small = cv2.resize(m, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    wide = cv2.GaussianBlur(small, (0, 0), sigma / 2)
    return np.asarray(cv2.resize(wide, (m.shape[1], m.shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def _var(v: NDArray[np.float32]) -> float:
    return _cov(v, v)


def _cov(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Covariance with the outer 1 % at each end of both cut: a hair or a pore is no texture."""
    a, b = (np.clip(v, *np.percentile(v[:: max(1, len(v) // 20000)], (1, 99))) for v in (a, b))
    return float(np.mean((a - a.mean()) * (b - b.mean())))


def _log(variance: float) -> float:
    """log of the standard deviation, with a floor of 0.4 %: below it lies what 8 bits cannot show."""
    return 0.5 * math.log(max(variance, 0.0) + 0.004**2)


TILE_MM = 5.0


def _peak(m: Map, inside: Mask, mm: float) -> float:
    """log10 of the tallest line between 1.8 lines/mm and the resolution's limit over the median at its radius, less what
    noise alone would show.

    The spectrum is summed over overlapping tiles, so that a screen shows wherever the seal lies on it.
    """
    weight = inside.astype(np.float32)
    sigma = 0.3 * mm
    mean = _blurred(m * weight, sigma) / np.maximum(_blurred(weight, sigma), 1e-3)
    left = np.clip((m - mean) * weight, -0.6, 0.6)
    side = 2 * round(TILE_MM * mm / 2)
    if min(m.shape) < side:
        return 0.0
    window = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
    power, tiles = np.zeros((side, side // 2 + 1)), 0
    for top in range(0, m.shape[0] - side + 1, side // 2):
        for start in range(0, m.shape[1] - side + 1, side // 2):
            tile = np.s_[top : top + side, start : start + side]
            if weight[tile].mean() > 0.06:
                power += np.abs(np.fft.rfft2(left[tile] * window)) ** 2
                tiles += 1
    if tiles == 0:
        return 0.0
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]) * mm
    seen = (radius > 1.8) & (radius < min(0.47 * mm, 11.0))
    power, ring = power[seen], (radius[seen] * TILE_MM / 3).astype(int)
    best = 0.0
    for r in range(ring.min(), ring.max() + 1):
        here = power[ring == r]
        if here.size > 8:
            best = max(best, float(here.max() / max(float(np.median(here)), 1e-12)))
    return math.log10(max(best, 0.1)) - _expected_peak(0.6 * tiles, int(power.size))


def _expected_peak(averages: float, lines: int) -> float:
    """log10 of the tallest of `lines` lines over their median, when each is the mean of so many exponential ones (noise
    alone): Wilson and Hilferty's approximation. Without it a small seal's few tiles would pass for a screen."""
    k = max(averages, 1.0)
    tall = (1 - 1 / (9 * k) + math.sqrt(2 * math.log(max(lines, 3))) / (3 * math.sqrt(k))) ** 3
    return math.log10(tall / (1 - 1 / (9 * k)) ** 3)


def _edges(strength: Map, clear: Mask, mm: float) -> tuple[float, float]:
    """Width of the steepest edges (standard deviation, log mm), and wander of edges below 0.2 mm (log mm)."""
    gy, gx = np.gradient(strength)
    slope = np.hypot(gx, gy)
    steep = slope[(strength > 0.3) & (strength < 0.7) & clear]
    width = 1.0 if steep.size < 50 else 1.0 / (max(float(np.percentile(steep, 90)), 1e-3) * math.sqrt(2 * math.pi)) / mm
    fine = cv2.GaussianBlur(strength, (0, 0), max(0.05 * mm, 0.5))
    wide = np.asarray(cv2.GaussianBlur(strength, (0, 0), 0.15 * mm), np.float32)
    gy, gx = np.gradient(wide)
    slope = np.hypot(gx, gy) * mm
    at = (slope > 1.2) & clear & (wide > 0.3) & (wide < 0.7)
    if at.sum() < 100:
        return math.log(width), math.log(0.02)
    offset = np.clip((fine - wide)[at] / slope[at], -0.1, 0.1)
    return math.log(width), math.log(float(offset.std()) + 1e-3)


def _specks(dark: Map, near: Mask, far: Mask, mm: float) -> tuple[float, float]:
    """log10 of the share of paper, near strokes and far from them, that small marks darken."""
    wide = cv2.GaussianBlur(dark, (0, 0), 0.35 * mm)
    small = cv2.GaussianBlur(dark, (0, 0), 0.6) - wide
    scale = 1.4826 * float(np.median(np.abs(small[far] - np.median(small[far])))) + 0.004
    mark = small > np.maximum(5.0 * scale, 0.05)
    return tuple(math.log10(float(mark[m].mean()) + 1e-4) if m.any() else -4.0 for m in (near, far))  # type: ignore[return-value]


def _disc(radius: float) -> NDArray[np.uint8]:
    r = max(1, round(radius))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * r + 1, 2 * r + 1)), np.uint8)

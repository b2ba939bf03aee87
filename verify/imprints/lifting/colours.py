"""The inks of a crop, each as a direction of absorbance: the seal's, black, and at most one more chromatic ink.

Which chromatic ink is the seal's is told by how it lies: a seal goes round the middle of its crop and keeps off the
rim, where lines of type run over the rim and a pen stays on one side. The most abundant colour may be either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.lifting.paper import Map

SIDE = 420  # px that the colours are looked for at
VIVID = 0.13  # spread of the absorbance over the channels that makes a pixel chromatic
SEAL_SHARE = 0.006  # of the crop, chromatic, below which the picture has no colour
OTHER_SHARE = 0.0015  # of the crop, for another ink
BINS = 36
SHADE = (0.05, 0.12)  # relative scatter of black's colour: the least, and the most, taken where none is seen
NEAR_DEG, APART_DEG = 25.0, 45.0


@dataclass(frozen=True)
class Inks:
    """`seal`, `black`, `other`: absorbance a channel (R, G, B), the largest 1; `solid`: amount of well-inked seal;
    `shade`: how much black's own channels scatter against one another, relative."""

    seal: tuple[float, float, float]
    solid: float
    black: tuple[float, float, float]
    shade: float
    other: tuple[float, float, float] | None


def inks(dark: Map) -> Inks | None:
    """The inks of a crop from its absorbance (h, w, 3); None where nothing on it has colour."""
    factor = SIDE / max(dark.shape[:2])
    smooth = cv2.resize(dark, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else dark
    smooth = cv2.GaussianBlur(smooth, (3, 3), 0.7)
    h, w = smooth.shape[:2]
    flat = np.asarray(smooth, np.float32).reshape(-1, 3)
    red, green, blue = (np.ascontiguousarray(flat[:, c]) for c in range(3))
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = most - least
    # Under black the channels spread by noise alone; a colour is told where it is a good part of the darkness.
    index = np.flatnonzero((chroma > VIVID) & (chroma > 0.25 * most))
    if len(index) < SEAL_SHARE * len(flat):
        return None
    ink, weight = flat[index], np.minimum(chroma[index], 1.0)
    hue = np.arctan2(np.sqrt(3.0) * (ink[:, 1] - ink[:, 2]), 2 * ink[:, 0] - ink[:, 1] - ink[:, 2])
    peaks = [p for p in _peaks(hue, weight) if (_near(hue, p)).sum() >= OTHER_SHARE * len(flat)]
    if not peaks:
        return None
    scores = [_lies_like_a_seal(index[near], weight[near], h, w) for near in (_near(hue, p) for p in peaks)]
    order = np.argsort(scores)[::-1]
    chosen = peaks[int(order[0])]
    seal, solid = _direction(ink, weight, _near(hue, chosen))
    if min(seal) > 0.8:
        return None
    other = next((p for i, p in enumerate(peaks) if i != order[0]), None)
    third = None if other is None else _direction(ink, weight, _near(hue, other))[0]
    return Inks(seal, solid, *_black(dark, float(np.percentile(least, 99.8))), third)


def _near(hue: NDArray[np.float32], centre: float) -> NDArray[np.bool_]:
    return np.asarray(_apart(hue, centre) < np.deg2rad(NEAR_DEG))


def _apart(hue: Any, centre: float) -> Any:
    """The angle between hues, in radians, 0 to π."""
    between = np.abs(hue - centre)
    return np.minimum(between, 2 * np.pi - between)


def _peaks(hue: NDArray[np.float32], weight: NDArray[np.float32]) -> list[float]:
    """The hues that stand out, at most three, the most abundant first, well apart."""
    counts, edges = np.histogram(hue, bins=BINS, range=(-np.pi, np.pi), weights=weight)
    wide = counts + np.roll(counts, 1) + np.roll(counts, -1)
    found: list[float] = []
    for bin_ in np.argsort(wide)[::-1]:
        here = float(edges[bin_] + np.pi / BINS)
        if wide[bin_] < max(wide[bin_ - 1], wide[(bin_ + 1) % BINS]) or len(found) == 3:
            continue
        if all(_apart(here, f) > np.deg2rad(APART_DEG) for f in found):
            found.append(here)
    return found


def _lies_like_a_seal(index: NDArray[np.intp], weight: NDArray[np.float32], h: int, w: int) -> float:
    """Weight of an ink, by the share of directions from the middle that it is seen in, and by how it keeps off the rim."""
    y, x = (index // w + 0.5) / h * 2 - 1, (index % w + 0.5) / w * 2 - 1
    outer = np.hypot(x, y) > 0.35
    sectors = np.bincount(((np.arctan2(y, x)[outer] + np.pi) / (2 * np.pi) * 23.999).astype(int), minlength=24)
    round_about = float((sectors > 0.15 * max(float(np.median(sectors)), 1.0)).mean())
    rim = np.maximum(np.abs(x), np.abs(y)) > 0.94
    at_rim = float(weight[rim].sum() / max(float(weight.sum()), 1e-6)) / 0.116  # 1: as much as the rim's area
    return float(weight.sum()) * round_about**2 / (1.0 + 2.0 * at_rim)


def _direction(
    ink: Map, weight: NDArray[np.float32], near: NDArray[np.bool_]
) -> tuple[tuple[float, float, float], float]:
    """An ink's absorbance and its solid amount, from its stronger half: pale pixels are edges, mixed with paper."""
    strong = near & (weight >= np.percentile(weight[near], 50))
    top = ink[strong].max(axis=1)
    direction = np.median(np.maximum(ink[strong], 0.0) / top[:, None], axis=0)
    direction /= direction.max()
    return (float(direction[0]), float(direction[1]), float(direction[2])), float(np.median(top))


def _black(dark: Map, deepest: float) -> tuple[tuple[float, float, float], float]:
    """The colour of black on this capture and its scatter: of the nearly colourless dark; neutral where there is none."""
    unseen = (1.0, 1.0, 1.0), SHADE[1]
    least = np.minimum(np.minimum(dark[..., 0], dark[..., 1]), dark[..., 2])
    index = np.flatnonzero(least > 0.6 * max(deepest, 0.5))
    if len(index) < 40:
        return unseen
    deep = dark.reshape(-1, 3)[index[:: max(1, len(index) // 8000)]]
    ratio = deep / deep.mean(axis=1, keepdims=True)
    neutral = ratio[(np.abs(ratio - 1.0) < 0.2).all(axis=1)]
    if len(neutral) < 40:
        return unseen
    middle = np.median(neutral, axis=0)
    # Compression errs seldom and much: its tail counts, not its middle.
    scatter = float(np.percentile(np.abs(neutral - middle), 80, axis=0).max()) / 1.28 * np.sqrt(2.0)
    middle /= middle.max()
    return (float(middle[0]), float(middle[1]), float(middle[2])), float(np.clip(scatter, *SHADE))

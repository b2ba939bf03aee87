"""Unmixing: how much seal ink each pixel holds beneath black and another ink, and how well that is known.

Absorbances add, so each pixel's is the seal's by an amount, black's by another. Weighted least squares by the noise
of the values tells both, with the standard deviation of the seal's. Where black leaves no light, noise is all that is
left, and the deviation says so; no darkness is forbidden by a fixed threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.lifting.colours import Inks
from verify.imprints.lifting.paper import Map

PAPER = 0.07  # absorbance below which a pixel is bare paper, or ink too pale to matter
NOISE = 0.7  # of 255: rounding and what the densest compression hides
SUBSAMPLED = 0.45  # colour that changes less than this from pixel to neighbour, by that to the next: half resolution
LEAK = (0.03, 0.14)  # share of the colour's local range that lands on a wrong pixel: full colour, subsampled
FRINGE = 0.04  # share of the local range of brightness by which the colours may differ at an edge
FOREIGN = 0.25  # absorbance that the inks do not explain
THIRD = 0.08  # absorbance of another ink that counts as one


@dataclass(frozen=True, eq=False)
class Unmixed:
    """`amount` (h, w): of seal ink, in solid inks, about 0 on paper; `deviation` (h, w): standard deviation of it;
    infinite where an ink lies that is neither the seal's nor black nor the third."""

    amount: Map
    deviation: Map


def unmix(pixels: NDArray[np.uint8], dark: Map, inks: Inks) -> Unmixed:
    """The seal's ink from the values (h, w, 3), 0 to 255, and their absorbance against the paper."""
    seal = inks.seal
    channels = cv2.split(dark)
    most, least = int(np.argmax(seal)), int(np.argmin(seal))
    amount = (channels[0] * seal[0] + channels[1] * seal[1] + channels[2] * seal[2]) / np.float32(
        sum(c * c for c in seal) * inks.solid
    )
    tint = cv2.subtract(pixels[..., least], pixels[..., most], dtype=cv2.CV_32F)
    darkest = np.maximum(np.maximum(channels[0], channels[1]), channels[2])
    noise, subsampled = _colour_noise(tint, darkest)
    deviation = np.full(tint.shape, noise / 255.0 / inks.solid, np.float32)
    inked = np.flatnonzero(darkest > PAPER)
    if not len(inked):
        return Unmixed(amount, deviation)
    box = np.ones((5, 5) if subsampled else (3, 3), np.uint8)
    leak = (cv2.dilate(tint, box) - cv2.erode(tint, box)).ravel()[inked] * np.float32(LEAK[subsampled])
    # Even after registering, a steep edge is tinted a little: lenses and sensors differ by colour.
    green, small = pixels[..., 1], np.ones((3, 3), np.uint8)
    step = cv2.morphologyEx(np.ascontiguousarray(green), cv2.MORPH_GRADIENT, small)
    fringe = step.ravel()[inked].astype(np.float32) * np.float32(FRINGE)
    value = np.stack([c.ravel()[inked].astype(np.float32) for c in cv2.split(pixels)])
    here = np.stack([c.ravel()[inked] for c in channels])
    told, variance, misfit = _solved(value, here, leak * leak + fringe * fringe + np.float32(noise**2), inks)
    amount.ravel()[inked] = told / np.float32(inks.solid)
    spread = np.sqrt(variance) / np.float32(inks.solid)
    spread[misfit > FOREIGN] = np.inf
    deviation.ravel()[inked] = spread
    return Unmixed(amount, deviation)


def _solved(value: Map, dark: Map, variance: Map, inks: Inks) -> tuple[Map, Map, Map]:
    """Amount of seal ink, its variance, and the absorbance left unexplained; `value` and `dark` (3, n), `variance` (n,)
    of one value."""
    seal, black = np.asarray(inks.seal, np.float32), np.asarray(inks.black, np.float32)
    least = int(np.argmin(seal))
    # Ink denser than solid cannot be told from solid in the dark: a value far below adds no certainty.
    deepest = np.maximum(dark[least], 0.0) + np.float32(1.25 * inks.solid) * seal[:, None]
    absorbed = np.minimum(dark, deepest)
    seen = np.maximum(value * np.exp(dark - absorbed), np.float32(1.5))
    weights = seen * seen / variance
    weighted = weights * absorbed
    ss, sk, kk = (seal * seal) @ weights, (seal * black) @ weights, (black * black) @ weights
    sl, kl = seal @ weighted, black @ weighted
    determinant = ss * kk - sk * sk
    covered = (ss * kl - sk * sl) / determinant
    # Without black there is one ink only: what looks like less than none is the rim's mixing with paper.
    bare = covered <= 0
    amount = np.where(bare, sl / ss, (kk * sl - sk * kl) / determinant)
    spread = np.where(bare, 1.0 / ss, kk / determinant)
    covered = np.maximum(covered, 0.0)
    rest = absorbed - seal[:, None] * amount - black[:, None] * covered
    misfit = np.sqrt((rest * rest).mean(axis=0))
    if inks.other is not None:
        amount, spread, misfit = _beside_another(absorbed, 1.0 / weights, inks, (amount, spread, misfit))
    shaded = covered * np.float32(inks.shade / max(float(seal.max() - seal.min()), 0.2))
    return amount, spread + shaded * shaded, misfit


def _beside_another(absorbed: Map, variances: Map, inks: Inks, two: tuple[Map, Map, Map]) -> tuple[Map, Map, Map]:
    """The same with a third ink, solved exactly, where that ink is there at all."""
    assert inks.other is not None
    columns = np.array([inks.seal, inks.black, inks.other], np.float64).T
    if abs(np.linalg.det(columns)) < 1e-3:
        return two
    rows = np.linalg.inv(columns).astype(np.float32)
    third, third_variance = rows[2] @ absorbed, (rows[2] ** 2) @ variances
    present = (third > THIRD) & (third * third > 9.0 * third_variance)
    exact = (rows[0] @ absorbed, (rows[0] ** 2) @ variances, np.zeros_like(third))
    amount, spread, misfit = (np.where(present, e, t) for e, t in zip(exact, two, strict=True))
    return amount, spread, misfit


def _colour_noise(tint: Map, darkest: Map) -> tuple[float, bool]:
    """Noise of one channel against another on bare paper, of 255, and whether colour is kept at half resolution."""
    bare = cv2.erode((darkest < 0.12).astype(np.uint8), np.ones((3, 7), np.uint8))
    index = np.flatnonzero(bare)
    index = index[index % tint.shape[1] >= 2]
    index = index[:: max(1, len(index) // 40_000)]
    if len(index) < 200:
        return 3.0, True
    flat = tint.ravel()
    level = flat[index]
    spread = np.abs(level - np.median(level))
    noise = float(np.sqrt(np.mean(np.minimum(spread, np.percentile(spread, 97)) ** 2) / 2.0))
    near, far = (float(np.square(level - flat[index - step]).mean()) for step in (1, 2))
    return max(noise, NOISE), near <= SUBSAMPLED * far

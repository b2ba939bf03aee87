"""Lifting the ink: how much of the seal's own ink lies on each pixel, and where that cannot be told.

Paper and illumination are divided out; what is left is unmixed into the seal's ink and black (toner,
pen). Where black covers the paper, or an ink of another colour, the seal's ink is *unknown*: a comparison
must neither invent strokes there nor count them as lost. Grey pictures have no colour to unmix: their
darkness is taken as ink, and `InkQuality.coloured` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.imprint import Imprint

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]

LARGEST_SIDE = 2400  # pixels; a seal of 60 mm at 1,000 dpi. Larger crops are reduced first.


@dataclass(frozen=True)
class InkQuality:
    """What the picture lets one see.

    `strength`: absorptance of solid ink, 0 to 1. `noise`: standard deviation of density on bare paper.
    `ink_share` and `unknown_share`: of the crop. `coloured` False: grey, so text counts as ink.
    """

    coloured: bool
    strength: float
    noise: float
    ink_share: float
    unknown_share: float


@dataclass(frozen=True, eq=False)
class Ink:
    """`density` (h, w): 0 paper, 1 solid ink. `unknown` (h, w): the ink cannot be told. `dpi` of both.

    `colour`: absorptance of solid ink in R, G, B, scaled to a maximum of 1; None for grey pictures.
    """

    density: Map
    unknown: Mask
    dpi: float | None
    colour: tuple[float, float, float] | None
    quality: InkQuality


def lift(imprint: Imprint) -> Ink:
    """The seal's ink on the imprint. Equal pixels give equal ink; no picture is refused."""
    pixels, dpi = _reduced(imprint)
    absorbed = _absorptance(pixels)
    colour = _seal_colour(absorbed)
    if colour is None:
        raw = absorbed.mean(axis=2)
        unknown = np.zeros(raw.shape, np.bool_)
    else:
        raw, black, foreign = _unmix(absorbed, colour)
        # A pixel half black at the stroke's rim still misleads: the mask is widened a little.
        covered = (black > 0.30) | (foreign > 0.16)
        reach = 1 if dpi is None else max(1, round(dpi / 25.4 * 0.09))
        specks = cv2.morphologyEx(covered.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        unknown = cv2.dilate(specks, _disc(reach)).astype(np.bool_)
    level = _solid_level(raw, unknown)
    density = np.clip(raw / max(level, 0.05), 0.0, 1.25).astype(np.float32)
    density[unknown] = 0.0
    bare = density[~unknown & (density < 0.3)]
    noise = float(1.4826 * np.median(np.abs(bare - np.median(bare)))) if bare.size > 50 else 1.0
    quality = InkQuality(
        coloured=colour is not None,
        strength=float(level),
        noise=noise,
        ink_share=float((density > 0.5).mean()),
        unknown_share=float(unknown.mean()),
    )
    return Ink(density, unknown, dpi, colour, quality)


def _reduced(imprint: Imprint) -> tuple[NDArray[np.uint8], float | None]:
    side = max(imprint.pixels.shape[:2])
    if side <= LARGEST_SIDE:
        return imprint.pixels, imprint.dpi
    factor = LARGEST_SIDE / side
    small = cv2.resize(imprint.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), None if imprint.dpi is None else imprint.dpi * factor


def _absorptance(pixels: NDArray[np.uint8]) -> Map:
    """1 − value / paper, per channel, 0 to 1; paper is the bright level of coarse blocks, smoothed."""
    h, w = pixels.shape[:2]
    blocks = 10
    paper = np.empty((blocks, blocks, 3), np.float32)
    ys = np.linspace(0, h, blocks + 1).astype(int)
    xs = np.linspace(0, w, blocks + 1).astype(int)
    for i in range(blocks):
        for j in range(blocks):
            block = pixels[ys[i] : max(ys[i + 1], ys[i] + 1), xs[j] : max(xs[j + 1], xs[j] + 1)].reshape(-1, 3)
            paper[i, j] = np.percentile(block[:: max(1, len(block) // 2000)], 85, axis=0)
    # A block full of ink has no paper of its own: it takes that of its brightest neighbours.
    ceiling = np.median(paper.reshape(-1, 3), axis=0)
    paper = cv2.dilate(paper, np.ones((3, 3), np.uint8))
    paper = np.minimum(cv2.GaussianBlur(paper, (0, 0), 1.2), np.maximum(ceiling * 1.25, 1.0)).astype(np.float32)
    full = cv2.resize(paper, (w, h), interpolation=cv2.INTER_CUBIC)
    result: Map = np.clip(1.0 - pixels.astype(np.float32) / np.maximum(full, 8.0), 0.0, 1.0)
    return result


def _seal_colour(absorbed: Map) -> tuple[float, float, float] | None:
    """The absorptance of the crop's most abundant chromatic ink, or None where there is next to none."""
    smooth = cv2.GaussianBlur(absorbed, (0, 0), 0.8)
    factor = 500 / max(absorbed.shape[:2])
    if factor < 1:
        smooth = cv2.resize(smooth, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    smooth = smooth.reshape(-1, 3)
    chroma = _extreme(np.maximum, smooth) - _extreme(np.minimum, smooth)
    vivid = chroma > 0.12
    if vivid.mean() < 0.006:
        return None
    ink, weight = smooth[vivid], chroma[vivid]
    hue = np.arctan2(np.sqrt(3.0) * (ink[:, 1] - ink[:, 2]), 2 * ink[:, 0] - ink[:, 1] - ink[:, 2])
    counts, edges = np.histogram(hue, bins=36, range=(-np.pi, np.pi), weights=weight)
    wide = counts + np.roll(counts, 1) + np.roll(counts, -1)
    centre = float((edges[:-1] + np.pi / 36)[int(np.argmax(wide))])
    near = np.abs(np.angle(np.exp(1j * (hue - centre)))) < np.deg2rad(25)
    strong = near & (weight >= np.percentile(weight[near], 50))
    direction = np.median(ink[strong] / ink[strong].max(axis=1, keepdims=True), axis=0)
    direction /= direction.max()
    if direction.min() > 0.8:
        return None
    return float(direction[0]), float(direction[1]), float(direction[2])


def _unmix(absorbed: Map, colour: tuple[float, float, float]) -> tuple[Map, Map, Map]:
    """Non-negative least squares of each pixel on seal ink and black: both amounts and the misfit."""
    s = np.asarray(colour, np.float32)
    ss, sk = float(s @ s), float(s.sum())
    red, green, blue = (np.ascontiguousarray(absorbed[..., k]) for k in range(3))
    to_s, to_k = red * s[0] + green * s[1] + blue * s[2], red + green + blue
    determinant = ss * 3.0 - sk * sk
    seal = (3.0 * to_s - sk * to_k) / determinant
    black = (ss * to_k - sk * to_s) / determinant
    no_seal, no_black = seal < 0, black < 0
    black = np.where(no_seal, to_k / 3.0, black)
    seal = np.where(no_black, to_s / ss, seal)
    seal, black = np.maximum(seal, 0.0), np.maximum(black, 0.0)
    square = sum((channel - seal * share - black) ** 2 for channel, share in zip((red, green, blue), s, strict=True))
    misfit = np.sqrt(square / 3.0)
    return np.asarray(seal, np.float32), np.asarray(black, np.float32), np.asarray(misfit, np.float32)


def _extreme(of: np.ufunc, colours: Map) -> Map:
    """The largest or smallest channel; three times as fast as a reduction over a short axis."""
    return np.asarray(of(of(colours[:, 0], colours[:, 1]), colours[:, 2]), np.float32)


def _solid_level(raw: Map, unknown: Mask) -> float:
    """The absorptance that counts as solid: the upper part of what is clearly ink."""
    seen = raw[~unknown]
    if seen.size < 50:
        return 1.0
    top = float(np.percentile(seen, 99.5))
    ink = seen[seen > 0.35 * top]
    return float(np.percentile(ink, 70)) if ink.size > 20 else max(top, 0.05)


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)

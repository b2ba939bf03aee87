"""Lifting the ink: how much of the seal's own ink lies on each pixel, and where that cannot be told.

The steps, each a module of `lifting`: the colours are laid upon one another; paper and light are divided out;
the seal's ink, black and another ink are found and unmixed, each pixel with its uncertainty; what the noise leaves
open is settled by what surrounds it, or stays *unknown*: a comparison must neither invent strokes there nor count
them as lost. Grey pictures have no colour to unmix: their darkness is taken as ink, what is clearly darker than
the seal is unknown, and `InkQuality.coloured` says so. In black and white, type counts as ink.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.imprint import Imprint
from verify.imprints.lifting.colours import inks
from verify.imprints.lifting.continuity import settle
from verify.imprints.lifting.levels import darker
from verify.imprints.lifting.paper import absorbance
from verify.imprints.lifting.registration import registered
from verify.imprints.lifting.unmix import unmix

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]

POWER = 2.2  # coded value to light: light taken is linear in the area covered, so a blurred edge stays in its place
NOTHING_TOLD = 9.0  # standard deviation of a density of which nothing is known
LARGEST_SIDE = 2400  # pixels; a seal of 60 mm at 1,000 dpi. Larger crops are reduced first.


@dataclass(frozen=True)
class InkQuality:
    """What the picture lets one see.

    `strength`: the share of light that solid ink takes, 0 to 1. `noise`: standard deviation of density on bare paper.
    `ink_share` and `unknown_share`: of the crop. `coloured` False: grey, so text that is no darker counts as ink.
    """

    coloured: bool
    strength: float
    noise: float
    ink_share: float
    unknown_share: float


@dataclass(frozen=True, eq=False)
class Ink:
    """`density` (h, w): 0 paper, 1 solid ink. `unknown` (h, w): the ink cannot be told. `dpi` of both.

    Density is linear in the area that solid ink covers, so that a blurred edge passes a half where the edge is.
    `colour`: absorbance of the ink in R, G, B, scaled to a maximum of 1; None for grey pictures. `bridged` (h, w):
    known, but by what lies on both sides rather than by its own light: less sure than the rest.
    """

    density: Map
    unknown: Mask
    dpi: float | None
    colour: tuple[float, float, float] | None
    quality: InkQuality
    bridged: Mask | None = None


def lift(imprint: Imprint) -> Ink:
    """The seal's ink on the imprint. Equal pixels give equal ink; no picture is refused."""
    pixels, dpi = _reduced(imprint)
    pixels = registered(pixels)
    dark = absorbance(pixels)
    palette = inks(dark)
    if palette is None:
        amount, deviation = _grey(dark, dpi)
        solid = 1.0
    else:
        found = unmix(pixels, dark, palette)
        amount, deviation, solid = found.amount, found.deviation, palette.solid
    passed = cv2.exp(np.clip(amount, 0.0, 2.0) * np.float32(-POWER * solid))
    most = float(-np.expm1(-POWER * solid))
    deviation = np.minimum(deviation * passed * np.float32(POWER * solid / most), NOTHING_TOLD)
    raw = (1.0 - passed) / np.float32(most)
    raw, unknown, bridged = settle(raw, deviation, dpi)
    level = _solid_level(raw, unknown)
    density = np.clip(raw / max(level, 0.05), 0.0, 1.25).astype(np.float32)
    density[unknown] = 0.0
    some = density[::2, ::2]
    bare = some[~unknown[::2, ::2] & (some < 0.3)]
    noise = float(1.4826 * np.median(np.abs(bare - np.median(bare)))) if bare.size > 50 else 1.0
    quality = InkQuality(
        coloured=palette is not None,
        strength=float(level) * most,
        noise=noise,
        ink_share=float((density > 0.5).mean()),
        unknown_share=float(unknown.mean()),
    )
    return Ink(density, unknown, dpi, None if palette is None else palette.seal, quality, bridged)


def _grey(dark: Map, dpi: float | None) -> tuple[Map, Map]:
    """Darkness and its deviation: none, but under what is darker than the seal."""
    mean = np.asarray(cv2.transform(dark, np.full((1, 3), 1 / 3, np.float32)), np.float32)
    deviation = np.zeros_like(mean)
    covered = darker(mean, dpi)
    if covered is not None:
        deviation[covered] = np.inf
    return mean, deviation


def _reduced(imprint: Imprint) -> tuple[NDArray[np.uint8], float | None]:
    side = max(imprint.pixels.shape[:2])
    if side <= LARGEST_SIDE:
        return imprint.pixels, imprint.dpi
    factor = LARGEST_SIDE / side
    small = cv2.resize(imprint.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), None if imprint.dpi is None else imprint.dpi * factor


def _solid_level(raw: Map, unknown: Mask) -> float:
    """The absorptance that counts as solid: the upper part of what is clearly ink."""
    seen = raw[::2, ::2][~unknown[::2, ::2]]
    if seen.size < 50:
        return 1.0
    top = float(np.percentile(seen, 99.5))
    ink = seen[seen > 0.35 * top]
    return float(np.percentile(ink, 70)) if ink.size > 20 else max(top, 0.05)

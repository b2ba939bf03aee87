"""Each glyph's own shift, beyond the smooth bending of rubber and paper, with how well it is known.

Prints of one die leave short arrows within their ellipses: the scatter of ink. Glyphs set or engraved one by one
leave arrows that point every way. Shifts that flow together are bending, and are taken out before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from verify.core.document import Pixels
from verify.imprints.bending import bending
from verify.imprints.measuring import Against
from verify.imprints.pictures.canvas import (
    Colour,
    arrow,
    bar,
    disc,
    ellipse,
    line,
    pale,
    star,
    swatches,
    window,
    with_strip,
    write,
)

Array = NDArray[np.float64]

MAGNIFIED = (40, 20, 10, 5)  # the same for all ordinary prints, so that pictures can be compared
_LONG_MM = 7.0  # arrows longer than this in the picture would cross their neighbours
_BLURRED_MM = 0.03  # a direction known worse than this (along a ring) is not told
_COARSEST_DPI = 140  # below, a pixel is wider than what the arrows would tell
UNUSUAL = 3.0
_COLOURS: tuple[Colour, ...] = ((133, 172, 212), (47, 111, 176), (196, 72, 10), (120, 8, 12))


@dataclass(frozen=True, eq=False)
class Residual:
    """Of one unit, mm in the specimen's frame. `unusual`: in standard deviations of reading and genuine scatter."""

    at: Array
    shift: Array
    covariance: Array
    unusual: float


def residual_shifts(one: Against) -> list[Residual]:
    """Of every trusted unit that is known in at least one direction; empty with fewer than six trusted ones."""
    field = bending(one.readings, dpi=one.coarser_dpi)
    if field is None:
        return []
    found = []
    for i, left in zip(field.units, field.left, strict=True):
        values, vectors = np.linalg.eigh(one.readings.covariance[i])
        sharp = np.sqrt(values) < _BLURRED_MM
        if not sharp.any():
            continue
        own = (vectors.T @ left) * sharp
        total = values + field.genuine_mm**2
        distance = float((own**2 / total).sum())
        covariance = vectors @ np.diag(np.where(sharp, total, 0.0)) @ vectors.T
        found.append(
            Residual(one.readings.position[i], vectors @ own, covariance, _deviations(distance, int(sharp.sum())))
        )
    return found


def _deviations(distance: float, directions: int) -> float:
    """A squared distance in one or two directions as the deviations of one normal variable that is as rare."""
    if directions == 1:
        return math.sqrt(distance)
    tail = math.exp(-0.5 * min(distance, 60.0))
    return -NormalDist().inv_cdf(tail / 2) if tail < 1 else 0.0


def residuals(one: Against) -> Pixels | None:
    """The arrows on the pale specimen; None where shifts of microns mean nothing: no scale, too coarse, too poor."""
    if not (one.reference.scale_known and one.quality.sufficient and one.coarser_dpi >= _COARSEST_DPI):
        return None
    found = residual_shifts(one)
    if not found:
        return None
    lengths = np.array([np.hypot(*r.shift) for r in found])
    high = float(np.percentile(lengths, 95))
    times = next((m for m in MAGNIFIED if high * m <= _LONG_MM), MAGNIFIED[-1])
    view = window(one.pictures)
    picture = with_strip(pale(view.cut(one.pictures.reference), darkest=0.84))
    scale = times * view.px_per_mm
    order = sorted(range(len(found)), key=lambda i: found[i].unusual)
    starts = view.points(np.array([r.at for r in found]))
    for i in order:
        line(picture, starts[i] + ellipse(found[i].covariance) * scale, (150, 156, 162), width=1, closed=True)
    for i in order:
        own, start = found[i], starts[i]
        colour = _COLOURS[min(int(own.unusual), 3)]
        arrow(picture, start, start + own.shift * scale, colour, width=2 if own.unusual < 2 else 3)
        disc(picture, start, 2.5, colour)
        if own.unusual >= UNUSUAL:
            away = -own.shift / max(float(np.hypot(*own.shift)), 1e-9)
            star(picture, start + away * 11, 9, _COLOURS[3])
    end = bar(picture, scale, 0.1, "0.1 mm")
    write(picture, (end + 14, picture.shape[0] - 23), f"(x{times})")
    swatches(picture, [(c, s) for c, s in zip(_COLOURS, ("< 1", "1-2", "2-3", "> 3"), strict=True)])
    return picture

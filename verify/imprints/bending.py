"""The smooth bending of a print, told from its units, and what each unit does beyond it: for the exhibits.

Ring and star hold together even in a copy, and a ring's piece knows its shift across the line alone. So the
surface starts from the pieces, weighs every direction by what is known of it, and lets single glyphs that were
placed apart fall out, instead of bending towards them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.core.geometry import MM_PER_INCH
from verify.imprints.units import Readings, trusted

Array = NDArray[np.float64]

GENUINE_MM = 0.02
"""Standard deviation, each way, of a glyph's place between genuine prints of one die. Between real 300-dpi prints
the residual lengths are 15, 19 and 27 µm (10th, 50th, 90th percentile), which is 0.016 mm each way; rounded up."""

_PIXEL_SHARE = 0.2  # of a pixel: the least that a place read on a coarse scan scatters

FEWEST = 6
_BELIEVED_MM = 0.5  # how large the surface's terms may be
_GLYPHS_FIRST = 0.2  # weight of a glyph beside a piece of ring or star in the first fit
_TOLERATED = 2.0  # standard deviations beyond which a unit loses weight


@dataclass(frozen=True, eq=False)
class Bending:
    """A second-order surface, a plane below twelve units. `units` (m,): indexes of the trusted readings;
    `left` (m, 2) mm: what it leaves of their shifts; `genuine_mm`: what it would leave between genuine prints."""

    units: NDArray[np.intp]
    genuine_mm: float
    left: Array
    coefficients: Array
    middle: Array
    span: float

    def at(self, position: Array) -> Array:
        """The smooth shift (k, 2) at places (k, 2), all in mm of the specimen's frame."""
        terms = _terms((position - self.middle) / self.span)[: len(self.coefficients)]
        return np.asarray(terms.T @ self.coefficients)


def bending(readings: Readings, *, dpi: float) -> Bending | None:
    """Fitted robustly to the trusted units; None with fewer than `FEWEST` of them. `dpi` of the coarser print."""
    chosen = np.flatnonzero(trusted(readings))
    if len(chosen) < FEWEST:
        return None
    place, shift = readings.position[chosen], readings.shift[chosen]
    middle, span = place.mean(axis=0), max(float(np.ptp(place, axis=0).max()) / 2, 3.0)
    terms = _terms((place - middle) / span)[: 6 if len(chosen) >= 12 else 3]
    genuine = max(GENUINE_MM, _PIXEL_SHARE * MM_PER_INCH / dpi)
    information = np.linalg.inv(readings.covariance[chosen] + genuine**2 * np.eye(2))
    pieces = ~readings.glyph[chosen]
    weight = np.where(pieces, 1.0, _GLYPHS_FIRST) if pieces.sum() >= FEWEST else np.ones(len(chosen))
    k = len(terms)
    coefficients, left = np.zeros((k, 2)), shift
    for _ in range(6):
        weighted = information * weight[:, None, None]
        normal = np.einsum("kn,ln,nab->kalb", terms, terms, weighted).reshape(2 * k, 2 * k)
        right = np.einsum("kn,nab,nb->ka", terms, weighted, shift).reshape(-1)
        coefficients = np.linalg.solve(normal + np.eye(2 * k) / _BELIEVED_MM**2, right).reshape(k, 2)
        left = shift - terms.T @ coefficients
        distance = np.einsum("na,nab,nb->n", left, information, left)
        # A print that scatters more than others as a whole bends no less smoothly: its own middle is the measure.
        weight = 1.0 / (1.0 + distance / (_TOLERATED**2 * max(float(np.median(distance)), 1.0)))
    return Bending(chosen, genuine, left, coefficients, middle, span)


def _terms(place: Array) -> Array:
    u, v = place.T
    return np.stack([np.ones(len(place)), u, v, u * u, u * v, v * v])

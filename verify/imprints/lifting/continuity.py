"""Continuity: what the known ink on both sides says of a thin unknown stroke between.

A measured amount and what its neighbourhood lets expect are two readings with a variance each; they are weighed by
it. Where both sides agree the expectation is sharp, at the edge of a stroke it is not, and far from anything known
there is none. What is still wide afterwards stays unknown.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.lifting.paper import Map

Mask = NDArray[np.bool_]

REACH_MM = 0.125  # half of the widest stroke that is bridged
NOMINAL_DPI = 300.0  # where the scale is not known
MEASURED = 0.22  # standard deviation of the density below which a measurement stands by itself
AT_MOST, SURE = 0.35, 1.6  # or below which it does where half of solid ink is this many deviations away
BRIDGED = 0.20  # and below which it stands with its neighbourhood's help ...
DECIDED = 0.25  # ... if both are this far from half, on one side: else the two rims have not agreed


def settle(density: Map, deviation: Map, dpi: float | None) -> tuple[Map, Mask, Mask]:
    """Density, unknown and bridged: told by its neighbours rather than by its own light."""
    measured = (deviation < MEASURED) | ((deviation < AT_MOST) & (np.abs(density - 0.5) > SURE * deviation))
    if measured.all():
        return density, ~measured, np.zeros_like(measured)
    sigma = max(REACH_MM * (dpi or NOMINAL_DPI) / 25.4 * 0.7, 0.8)
    seen = measured.astype(np.float32)
    known = density * seen
    size = 2 * int(np.ceil(2.2 * sigma)) + 1
    mass, first, second = (cv2.GaussianBlur(m, (size, size), sigma) for m in (seen, known, known * density))
    told = np.maximum(mass, 1e-3)
    expected = first / told
    scatter = np.maximum(second / told - expected * expected, 0.0)
    # The farther the known ground, the less of it: an expectation from one rim alone is worth little.
    prior = scatter + np.float32(0.06**2) + np.float32(0.04**2) / told**2
    variance = deviation * deviation
    weighed = (density * prior + expected * variance) / (prior + variance)
    after = np.sqrt(prior * variance / (prior + variance))
    agreed = (np.minimum(weighed, expected) > 0.5 + DECIDED) | (np.maximum(weighed, expected) < 0.5 - DECIDED)
    helped = ~measured & (after < BRIDGED) & (mass > 0.12) & agreed
    result = np.where(helped, weighed, density).astype(np.float32)
    return result, ~(measured | helped), helped

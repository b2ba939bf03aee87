"""Grey pictures: toner beside the paler grey that coloured ink becomes.

No colour tells them apart; only darkness may. Where the middles of the strokes fall into two clearly separate
levels, the darker is taken for type or pen: what lies beneath it cannot be told, nor at its rim, which passes through
every level on its way to paper. Where they do not (a black seal, black and white, mottled ink), nothing is taken away.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.lifting.paper import Map

Mask = NDArray[np.bool_]

INKED = 0.18  # absorbance above which a pixel is more than paper
LEAST_SHARE = 0.04  # of the strokes' middles, for a level to count as one
LEAST_PEAK = 0.08  # of the higher peak
VALLEY = 0.55  # the least between two levels, by the lower of both
RATIO = 1.35  # the darker level by the paler
RIM_MM = 0.10
TYPE_MM = 0.45  # so far from a dark core a thin grey stroke may be the same type's
THIN_MM = 0.22


def darker(dark: Map, dpi: float | None) -> Mask | None:
    """Where the darker of two inks and its rim lie, from the absorbance (h, w); None where there is one level only."""
    # Thin strokes have no flat middle; their ridge comes nearest to their ink's own level.
    tops = (dark > INKED) & (dark > 0.97 * cv2.dilate(dark, np.ones((3, 3), np.uint8)))
    border = _valley(dark[tops])
    if border is None:
        return None
    per_mm = (dpi or 300.0) / 25.4
    core = (dark > border).astype(np.uint8)
    rim = cv2.dilate(core, _disc(max(1, round(RIM_MM * per_mm))))
    # Serifs and cross-strokes of the same type are too thin to be dark.
    inked = (dark > INKED).astype(np.uint8)
    thin = inked & ~cv2.morphologyEx(inked, cv2.MORPH_OPEN, _disc(max(1, round(THIN_MM * per_mm / 2))))
    near = cv2.dilate(core, _disc(max(1, round(TYPE_MM * per_mm))))
    return np.asarray((rim > 0) | ((thin & near) > 0))


def _valley(levels: NDArray[np.float32]) -> float | None:
    """The absorbance between two levels, or None where the histogram has no deep valley."""
    if levels.size < 200:
        return None
    counts, edges = np.histogram(np.minimum(levels, 3.0), bins=60, range=(0.0, 3.0))
    smooth = np.convolve(np.pad(counts.astype(np.float64), 4, mode="edge"), _KERNEL, mode="same")[4:-4]
    middle = (edges[:-1] + edges[1:]) / 2
    best: tuple[float, int] | None = None
    for i in range(2, 58):
        low, high = int(np.argmax(smooth[:i])), i + int(np.argmax(smooth[i:]))
        lesser = min(smooth[low], smooth[high])
        if lesser < LEAST_PEAK * smooth.max():
            continue
        depth = smooth[i] / lesser
        if middle[high] > RATIO * middle[low] and (best is None or depth < best[0]):
            best = float(depth), i
    if best is None or best[0] > VALLEY:
        return None
    share = float((levels > edges[best[1]]).mean())
    return float(edges[best[1]]) if LEAST_SHARE < share < 1 - LEAST_SHARE else None


_KERNEL = np.array([1, 4, 7, 4, 1]) / 17.0


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)

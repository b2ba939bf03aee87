"""Paper and light: how dark each pixel is against the bare paper around it.

Absorbance here is ln(paper / value) of the coded values, a channel. Under a power law (sRGB is nearly one) it is
the absorbance in linear light by a constant, so the absorbances of inks that lie upon one another add
(Beer–Lambert), whatever the exponent.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

BLOCKS = 12  # a side
GRAIN = 18  # pixels looked at along a block
FILLED = 0.10  # darker than the light's smooth course by this, and of another colour: ink fills the block


def paper_level(pixels: NDArray[np.uint8]) -> Map:
    """ln of the paper's value, (h, w, 3): the bright level of blocks, holes and filled blocks bridged, smoothed."""
    h, w = pixels.shape[:2]
    rows, columns = min(BLOCKS, max(h // 8, 1)), min(BLOCKS, max(w // 8, 1))
    # A pixel in so many is enough to tell a block's bright level.
    some = cv2.resize(pixels, (columns * GRAIN, rows * GRAIN), interpolation=cv2.INTER_NEAREST)
    some = some.reshape(rows, GRAIN, columns, GRAIN, 3).transpose(0, 2, 4, 1, 3).reshape(rows, columns, 3, -1)
    rank = int(0.85 * (GRAIN * GRAIN - 1))
    bright = np.partition(some, rank, axis=-1)[..., rank].astype(np.float32)
    level = np.log(np.maximum(bright, 8.0))
    # A hole of two blocks is ink; a shadow is wider than that and keeps its edge.
    level = cv2.morphologyEx(level, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    level = _without_filled(np.asarray(level, np.float32).reshape(rows, columns, 3))
    level = cv2.GaussianBlur(level, (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(level, (w, h), interpolation=cv2.INTER_LINEAR), np.float32).reshape(h, w, 3)


def _without_filled(level: Map) -> Map:
    """Blocks that coloured ink fills altogether take the smooth course of the others; shadows have no colour."""
    rows, columns = level.shape[:2]
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j] if rows > 2 and columns > 2 else (None, None)
    if x is None or y is None:
        return level
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    values = level.reshape(-1, 3).astype(np.float64)
    weight = np.ones(len(values))
    course = values
    for _ in range(6):
        root = np.sqrt(weight)[:, None]
        course = basis @ np.linalg.lstsq(basis * root, values * root, rcond=None)[0]
        below = np.maximum((course - values).max(axis=1), 0.0)
        weight = 1.0 / (1.0 + (below / 0.04) ** 2)
    below = course - values
    filled = (below.max(axis=1) > FILLED) & (below.max(axis=1) - below.min(axis=1) > 0.5 * FILLED)
    return np.asarray(np.where(filled[:, None], course, values), np.float32).reshape(level.shape)


_LN = np.log(np.maximum(np.arange(256), 0.7)).astype(np.float32)


def absorbance(pixels: NDArray[np.uint8]) -> Map:
    """ln(paper / value), (h, w, 3), not clipped: bare paper scatters about 0."""
    dark = np.asarray(cv2.subtract(paper_level(pixels), cv2.LUT(pixels, _LN)), np.float32)
    # Bright blocks are read at their upper edge of noise: the bare paper's own middle is the zero.
    some = dark[:: max(1, dark.shape[0] // 150), :: max(1, dark.shape[1] // 150)].reshape(-1, 3)
    bare = some[(some < 0.12).all(axis=1)]
    if len(bare) > 50:
        dark -= np.median(bare, axis=0).astype(np.float32)
    return dark

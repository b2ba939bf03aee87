"""Colours that the scanner did not lay upon one another: red and blue brought back onto green.

A line sensor reads its colours from rows that lie apart; a tenth to a third of a pixel often remains. Then one side
of black type is tinted, and would pass for ink. The shift is told from all edges together: what a shift does to the
two sides of a stroke is of opposite sign, what the ink's own colour does is of the same, and cancels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.lifting.paper import Map

LEAST, MOST = 0.04, 0.8  # px; below it is noise, above it is no longer a small shift
BETTER = 0.95  # of the edges' tint may be left, or nothing is moved
LEAST_EDGES = 200  # px
EDGE = 24  # of 255 over two pixels; flat ground tells nothing of a shift
ALIKE = 1.5  # type has the same edges in every colour; an ink's edges differ, and would count for a shift


def registered(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture (h, w, 3) with its red and blue moved onto its green, where they are off; else itself."""
    if min(pixels.shape[:2]) < 16:
        return pixels
    red, green, blue = cv2.split(pixels)
    smooth = _smooth(green)
    # The rows and columns at the border have no neighbour on one side.
    steep = cv2.morphologyEx(smooth, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    steep[[0, -1], :] = 0
    steep[:, [0, -1]] = 0
    edges = np.flatnonzero(steep > EDGE)
    if len(edges) < LEAST_EDGES:
        return pixels
    still = _slopes(smooth, edges)
    moved = [_moved(channel, edges, still) for channel in (red, blue)]
    return np.asarray(cv2.merge([moved[0], green, moved[1]]), np.uint8)


def _smooth(channel: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blurred, or the slope of a sharp edge is underrated."""
    return np.asarray(cv2.GaussianBlur(channel, (5, 5), 1.1), np.uint8)


def _slopes(smooth: NDArray[np.uint8], at: NDArray[np.intp]) -> Map:
    """Value, slope across and slope down, (3, n), at flat indices."""
    flat, w = smooth.ravel().astype(np.float32), smooth.shape[1]
    return np.stack([flat[at], (flat[at + 1] - flat[at - 1]) / 2.0, (flat[at + w] - flat[at - w]) / 2.0])


def _moved(channel: NDArray[np.uint8], edges: NDArray[np.intp], still: Map) -> NDArray[np.uint8]:
    own = _slopes(_smooth(channel), edges)
    here, there = np.abs(own[1:]).sum(axis=0), np.abs(still[1:]).sum(axis=0)
    alike = (there > EDGE / 2) & (here < ALIKE * there) & (there < ALIKE * here)
    if alike.sum() < LEAST_EDGES:
        return channel
    slope = (own[1:, alike] + still[1:, alike]) / 2.0
    inertia = (slope @ slope.T).astype(np.float64)
    if np.linalg.cond(inertia) > 1e3:
        return channel
    tint = own[0, alike] - still[0, alike]
    tint -= np.median(tint)
    x, y = np.linalg.solve(inertia, (slope @ tint).astype(np.float64))
    if not LEAST < float(np.hypot(x, y)) < MOST:
        return channel
    back = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]])
    size = (channel.shape[1], channel.shape[0])
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    better = np.asarray(cv2.warpAffine(channel, back, size, flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    # Where something else than a shift tints the edges, moving the channel only tints their other side.
    after = _smooth(better).ravel()[edges[alike]] - still[0, alike]
    after -= np.median(after)
    return better if float(after @ after) < BETTER * float(tint @ tint) else channel

"""Reuse: is it the very impression of a specimen, pasted or scanned again, rather than another print?

Two prints of one die share its strokes, never the chance of the ink: mottle inside solid strokes, hairs and
pinholes differ, and their edges part by several micrometres. A pasted picture shares all of it, after
any scaling, turning or JPEG.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from verify.imprints.ink import Map, Mask


@dataclass(frozen=True)
class Coincidence:
    """`texture`: correlation of the ink's mottle inside solid strokes, −1 to 1; None where too little is solid.
    `mottle`: how much of it the reference shows (standard deviation of density); without any, nothing can coincide."""

    texture: float | None
    mottle: float


def coincidence(reference: Map, questioned: Map, known: Mask) -> Coincidence:
    """Both maps in one frame, at 10 px/mm, aligned to better than a stroke's edge."""
    solid = ((reference > 0.55) & known).astype(np.uint8)
    inside = cv2.erode(cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), np.ones((3, 3), np.uint8)) > 0
    if inside.sum() < 250:
        return Coincidence(None, 0.0)
    r, q = _mottle(reference, inside), _mottle(questioned, inside)
    spread = float(r.std())
    if spread < 1e-4 or q.std() < 1e-4:
        return Coincidence(None, spread)
    return Coincidence(float(np.corrcoef(r, q)[0, 1]), spread)


def _mottle(density: Map, inside: Mask) -> Map:
    """What a blur of 0.35 mm that looks only inside the strokes does not explain, slightly smoothed."""
    weight = inside.astype(np.float32)
    smooth = cv2.GaussianBlur(density, (0, 0), 0.7)
    mean = cv2.GaussianBlur(smooth * weight, (0, 0), 3.5) / np.maximum(cv2.GaussianBlur(weight, (0, 0), 3.5), 1e-3)
    return np.asarray((smooth - mean)[inside], np.float32)

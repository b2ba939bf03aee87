"""SIFT features of lifted ink: where the strokes turn, and what they look like there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.ink import Map, Mask


@dataclass(frozen=True, eq=False)
class Features:
    """`points` (n, 2) x, y in pixels of the density map; `descriptors` (n, 128) RootSIFT."""

    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]


def detect(density: Map, unknown: Mask, *, most: int = 600) -> Features:
    """The `most` strongest SIFT features that do not lie on unknown ground."""
    picture = np.asarray(np.clip(255 - 255 * density, 0, 255), np.uint8)
    sift = cv2.SIFT.create(nfeatures=most, contrastThreshold=0.03)
    clear = np.asarray(np.where(unknown, 0, 255), np.uint8)
    points, descriptors = sift.detectAndCompute(picture, clear)
    if descriptors is None or len(points) == 0:
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    # RootSIFT (Arandjelović and Zisserman 2012): Euclidean distance becomes Hellinger's.
    root = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    return Features(np.array([p.pt for p in points], np.float32), root.astype(np.float32))

"""Matching features: the ratio test, then an affinity that many matches agree on (USAC_MAGSAC)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.features import Features

RATIO = 0.85  # Lowe's 0.75 loses repeated strokes; MAGSAC bears the outliers


def affinity(reference: Features, questioned: Features, *, tolerance: float) -> NDArray[np.float64] | None:
    """A (2, 3) affinity from reference to questioned pixels within `tolerance` pixels; None without six inliers."""
    if len(reference.points) < 6 or len(questioned.points) < 6:
        return None
    distance = 2.0 - 2.0 * reference.descriptors @ questioned.descriptors.T
    order = np.argpartition(distance, 1, axis=1)[:, :2]
    rows = np.arange(len(order))
    first, second = distance[rows, order[:, 0]], distance[rows, order[:, 1]]
    best = np.where(first <= second, order[:, 0], order[:, 1])
    clear = np.minimum(first, second) < RATIO**2 * np.maximum(first, second)
    if clear.sum() < 6:
        return None
    found = cv2.estimateAffine2D(
        reference.points[clear],
        questioned.points[best[clear]],
        method=cv2.USAC_MAGSAC,
        ransacReprojThreshold=tolerance,
        maxIters=1000,
        confidence=0.995,
    )
    if found[0] is None or int(found[1].sum()) < 6:
        return None
    matrix = np.asarray(found[0], np.float64)
    stretch = np.linalg.svd(matrix[:, :2], compute_uv=False)
    # A mirrored or badly sheared fit is chance agreement, not a seal.
    if np.linalg.det(matrix[:, :2]) <= 0 or stretch[0] > 1.25 * stretch[1]:
        return None
    return matrix

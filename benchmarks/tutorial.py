"""The pipeline that any tutorial arrives at: ink by a colour threshold, SIFT, ratio test, homography, correlation.

It stands beside ours in every benchmark of the comparison, and tells whether the benchmark is hard enough to count.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from verify.imprints.imprint import Imprint


def tutorial(questioned: Imprint, reference: Imprint) -> float:
    """Masked correlation, −1 to 1; −1 where nothing could be aligned."""
    masks = [_mask(i) for i in (questioned, reference)]
    sift = cv2.SIFT.create()
    (qp, qd), (rp, rd) = (sift.detectAndCompute(m, None) for m in masks)
    if qd is None or rd is None or len(qd) < 4 or len(rd) < 4:
        return -1.0
    pairs = cv2.BFMatcher().knnMatch(rd, qd, k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < 0.75 * p[1].distance]
    if len(good) < 4:
        return -1.0
    source = np.array([rp[m.queryIdx].pt for m in good], np.float32)
    target = np.array([qp[m.trainIdx].pt for m in good], np.float32)
    matrix, _ = cv2.findHomography(source, target, cv2.USAC_MAGSAC, 4.0)
    if matrix is None:
        return -1.0
    h, w = masks[1].shape
    brought = cv2.warpPerspective(masks[0], matrix, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    a, b = (cv2.GaussianBlur(m.astype(np.float32), (0, 0), 1.5) for m in (brought, masks[1]))
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-9))


def _mask(imprint: Imprint) -> np.ndarray[Any, np.dtype[np.uint8]]:
    factor = 1.0 if imprint.dpi is None else min(1.0, 300 / imprint.dpi)
    pixels = cv2.resize(imprint.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    coloured = hsv[..., 1] > 50
    if coloured.mean() < 0.01:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        return np.asarray(cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1], np.uint8)
    return np.asarray(coloured * 255, np.uint8)

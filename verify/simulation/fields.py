"""Maps of float32 and the smooth random fields that everything here is made of. Lengths in pixels unless named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.float64]
Rng = np.random.Generator

_STEP = 2.0  # grid cells a wavelength: enough that the cubic interpolation between them stays smooth


def as_map(values: Any) -> Map:
    """Whatever OpenCV gave, as float32 without copying where it already is."""
    return np.asarray(values, dtype=np.float32)


def noise(rng: Rng, shape: tuple[int, int], wavelength: float) -> Map:
    """A smooth Gaussian field, (H, W), mean 0 and variance 1 in expectation; most of its power lies
    about and above `wavelength` px. Drawn on a coarse grid and interpolated, so that long waves are cheap."""
    step = max(wavelength / (2 * _STEP), 1.0)
    height, width = shape
    rows, columns = int(np.ceil(height / step)) + 3, int(np.ceil(width / step)) + 3
    sigma = wavelength / step / 5.0
    grid = as_map(rng.standard_normal((rows, columns), dtype=np.float32))
    if sigma > 0.3:
        grid = as_map(cv2.GaussianBlur(grid, (0, 0), sigma, borderType=cv2.BORDER_REFLECT))
        grid = as_map(grid * np.float32(2.0 * np.sqrt(np.pi) * sigma))
    if step <= 1.0:
        return np.ascontiguousarray(grid[:height, :width])
    big = cv2.resize(grid, (round(columns * step), round(rows * step)), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(as_map(big)[:height, :width])


def blur(image: Map, sigma: float) -> Map:
    """Gaussian blur with a standard deviation in px; nothing below 0.2 px."""
    return image if sigma < 0.2 else as_map(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def move_edges(coverage: Map, offset: Map | float, *, sigma: float) -> Map:
    """Move the contour of a coverage map outwards by `offset` px (inwards where negative).

    The map is blurred by `sigma` px, which makes a ramp of known slope about the contour (and rounds
    corners to about that radius), then cut again at the shifted level. Offsets beyond 1.25 sigma are cut off
    there: no ramp tells them from blank paper, which would come out speckled.
    """
    ramp = blur(coverage, sigma)
    slope = np.float32(1.0 / (sigma * np.sqrt(2.0 * np.pi)))
    most = max(1.2 * sigma - 0.55, 0.0)
    # One px of ramp is left: an antialiased edge.
    return as_map(np.clip((ramp - np.float32(0.5)) / slope + np.clip(offset, -most, most) + np.float32(0.5), 0.0, 1.0))


def warp(image: Map, matrix: Matrix, size: tuple[int, int]) -> Map:
    """Through a 3×3 matrix (source px → target px, pixel centres at whole numbers) onto (w, h) px; nothing outside.

    Shrinking is preceded by the blur that keeps it from aliasing.
    """
    centre = matrix @ np.array([image.shape[1] / 2, image.shape[0] / 2, 1.0])
    beside = matrix @ np.array([image.shape[1] / 2 + 1.0, image.shape[0] / 2, 1.0])
    scale = float(np.hypot(*(beside[:2] / beside[2] - centre[:2] / centre[2])))
    if scale < 0.9:
        image = blur(image, 0.45 * float(np.sqrt(1.0 / scale**2 - 1.0)))
    return as_map(cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=0.0))


def bounds(matrix: Matrix, width: float, height: float) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a rectangle from (0, 0) after a 3×3 matrix."""
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=np.float64) @ matrix.T
    x, y = corners[:, 0] / corners[:, 2], corners[:, 1] / corners[:, 2]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def turning(degrees: float) -> Matrix:
    """A turn, clockwise as displayed (y downwards)."""
    a = np.deg2rad(degrees)
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


def scaling(x: float, y: float | None = None) -> Matrix:
    return np.diag([x, x if y is None else y, 1.0])


def moving(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def centred(px_per_mm: float) -> Matrix:
    """mm → px when mm measure from the outer corner and pixel centres lie at whole numbers."""
    return moving(-0.5, -0.5) @ scaling(px_per_mm)


def pick(rng: Rng, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def between(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))

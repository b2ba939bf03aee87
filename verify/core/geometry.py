"""Boxes in pixels as displayed and in millimetres; points are PDF's 1/72 inch."""

from __future__ import annotations

from typing import NamedTuple

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72.0


class Box(NamedTuple):
    """An axis-parallel box: left, top, width and height, y downwards, in one unit."""

    x: float
    y: float
    w: float
    h: float

    def scaled(self, factor: float) -> Box:
        return Box(self.x * factor, self.y * factor, self.w * factor, self.h * factor)

    def overlap(self, other: Box) -> float:
        """The share of *this* box that lies in the other, 0 to 1."""
        width = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        height = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        if width <= 0 or height <= 0 or self.w <= 0 or self.h <= 0:
            return 0.0
        return float(width * height / (self.w * self.h))

    def rounded(self, digits: int = 2) -> Box:
        return Box(*(round(float(v), digits) for v in self))


def px_to_mm(pixels: float, dpi: float) -> float:
    return pixels * MM_PER_INCH / dpi


def mm_to_px(millimetres: float, dpi: float) -> float:
    return millimetres * dpi / MM_PER_INCH


def points_to_mm(points: float) -> float:
    return points * MM_PER_INCH / POINTS_PER_INCH

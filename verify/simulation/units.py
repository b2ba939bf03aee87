"""Units of a die: each glyph, star and ring placed on its own, so that a forger can shift or turn one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from verify.simulation.fields import Map, as_map, moving, scaling, turning
from verify.simulation.fonts import FontName, em_for, glyph

UnitKind = Literal["glyph", "star", "ring", "frame", "teeth", "rule"]
_SHIFT = 4  # OpenCV's fixed-point bits for drawing between pixels


@dataclass(frozen=True)
class Unit:
    """One piece of artwork. `x_mm`, `y_mm`: its centre from the die's centre, y downwards; `turn_deg` clockwise.

    `w_mm`, `h_mm`: for a glyph the em box, else the outer size. `line_mm`: the line's width of rings, frames
    and rules, the corner radius apart; for a glyph what its strokes are thickened by, in em.
    """

    kind: UnitKind
    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float
    turn_deg: float = 0.0
    line_mm: float = 0.0
    text: str = ""
    font: FontName = "song"
    count: int = 0


def render(units: Sequence[Unit], size_mm: tuple[float, float], px_per_mm: float) -> Map:
    """Coverage 0..1, (H, W), the die's centre in the middle of the picture; overlapping units unite."""
    width, height = round(size_mm[0] * px_per_mm), round(size_mm[1] * px_per_mm)
    canvas = np.zeros((height, width), dtype=np.float32)
    for unit in units:
        if unit.kind == "glyph":
            _glyph(canvas, unit, px_per_mm)
        else:
            _outline(canvas, unit, px_per_mm)
    return canvas


def _glyph(canvas: Map, unit: Unit, px_per_mm: float) -> None:
    em = em_for(max(unit.h_mm, unit.w_mm) * px_per_mm)
    picture = glyph(unit.font, unit.text, em, unit.line_mm)
    side = picture.shape[0]
    cx = canvas.shape[1] / 2 + unit.x_mm * px_per_mm
    cy = canvas.shape[0] / 2 + unit.y_mm * px_per_mm
    reach = int(np.ceil(0.9 * max(unit.w_mm, unit.h_mm) * px_per_mm)) + 2
    x0, y0 = int(cx) - reach, int(cy) - reach
    matrix = (
        moving(cx - x0 - 0.5, cy - y0 - 0.5)
        @ turning(unit.turn_deg)
        @ scaling(unit.w_mm * px_per_mm / em, unit.h_mm * px_per_mm / em)
        @ moving(0.5 - side / 2, 0.5 - side / 2)
    )
    patch = as_map(cv2.warpAffine(picture, matrix[:2], (2 * reach, 2 * reach), flags=cv2.INTER_LINEAR))
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x0 + 2 * reach, canvas.shape[1]), min(y0 + 2 * reach, canvas.shape[0])
    if right <= left or bottom <= top:
        return
    target = canvas[top:bottom, left:right]
    np.maximum(target, patch[top - y0 : bottom - y0, left - x0 : right - x0], out=target)


def _outline(canvas: Map, unit: Unit, px_per_mm: float) -> None:
    """Drawn as polygons in 8 bits with antialiasing, then united with the canvas inside the unit's box."""
    centre = np.array([canvas.shape[1] / 2, canvas.shape[0] / 2]) + np.array([unit.x_mm, unit.y_mm]) * px_per_mm
    reach = int(np.ceil(0.75 * px_per_mm * max(unit.w_mm, unit.h_mm))) + 3
    left, top = max(int(centre[0]) - reach, 0), max(int(centre[1]) - reach, 0)
    right, bottom = min(int(centre[0]) + reach, canvas.shape[1]), min(int(centre[1]) + reach, canvas.shape[0])
    if right <= left or bottom <= top:
        return
    picture = np.zeros((bottom - top, right - left), dtype=np.uint8)
    origin = centre - np.array([left, top]) - 0.5
    for outline, value in _polygons(unit):
        turned = outline @ turning(unit.turn_deg)[:2, :2].T * px_per_mm + origin
        points = np.round(turned * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(picture, [points], value, lineType=cv2.LINE_AA, shift=_SHIFT)
    target = canvas[top:bottom, left:right]
    np.maximum(target, picture.astype(np.float32) / np.float32(255.0), out=target)


def _polygons(unit: Unit) -> list[tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], int]]:
    """Outlines in mm about the unit's centre, filled in turn with 255 (artwork) or 0 (a hole)."""
    a, b, line = unit.w_mm / 2, unit.h_mm / 2, unit.line_mm
    if unit.kind == "ring":
        return [(_ellipse(a, b), 255), (_ellipse(a - line, b - line), 0)]
    if unit.kind == "teeth":
        # A toothed edge: a wave about the outer ellipse, `line_mm` deep, over a plain hole.
        t = np.linspace(0, 2 * np.pi, 1440, endpoint=False)
        wave = 1.0 - (line / 2) / max(a, b) * (1.0 - np.cos(unit.count * t))
        return [(_ellipse(a, b, 1440) * wave[:, None], 255), (_ellipse(a - 1.6 * line, b - 1.6 * line), 0)]
    if unit.kind == "frame":
        return [(_box(a, b), 255), (_box(a - line, b - line), 0)]
    if unit.kind == "star":
        t = np.deg2rad(np.arange(10) * 36.0 - 90.0)
        radius = np.where(np.arange(10) % 2 == 0, 1.0, 0.381966)
        return [(np.stack([a * radius * np.cos(t), b * radius * np.sin(t)], axis=1), 255)]
    return [(_box(a, b), 255)]


def _ellipse(a: float, b: float, points: int = 720) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    t = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([a * np.cos(t), b * np.sin(t)], axis=1)


def _box(a: float, b: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[-a, -b], [a, -b], [a, b], [-a, b]], dtype=np.float64)

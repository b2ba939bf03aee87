"""The measured lines drawn on both prints, with their numbers."""

from __future__ import annotations

import math

import numpy as np

from verify.core.document import Pixels
from verify.imprints.lines import Drawn
from verify.imprints.lines import drawn_lines as lines_of
from verify.imprints.measuring import Against
from verify.imprints.pictures.canvas import (
    WHITE,
    Array,
    Colour,
    Window,
    bar,
    beside,
    disc,
    line,
    pale,
    text_size,
    window,
    with_strip,
    write,
)

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels

_COLOURS: tuple[Colour, ...] = (
    (23, 78, 140), (150, 30, 30), (20, 105, 60), (122, 60, 140), (160, 82, 10), (10, 105, 115), (90, 90, 20),
    (150, 20, 90), (60, 60, 60),
)  # fmt: skip
_ANGLE_MM = 3.0  # radius of the first angle's arc; the next are drawn wider
_OUTSIDE_MM = 1.5  # widths and heights are drawn so far outside the ink
_TEXT = 17


def measures(one: Against) -> Pixels | None:
    """Specimen left, questioned imprint right; the numbers are those of the report's table. None without lines."""
    found = lines_of(one)
    if not found:
        return None
    view = window(one.pictures, panels=2, edge_mm=_OUTSIDE_MM + 1.0)
    panels = []
    for questioned in (False, True):
        density = one.pictures.questioned if questioned else one.pictures.reference
        panel = pale(view.cut(density), darkest=0.86)
        taken: list[Box] = []
        paths = [_drawn(panel, view, d, n, questioned=questioned) for n, d in enumerate(found, start=1)]
        for number, (drawn, path) in enumerate(zip(found, paths, strict=True), start=1):
            value = drawn.line.questioned if questioned else drawn.line.reference
            sign = "" if value is None else f" {value:.2f} mm" if drawn.line.unit == "mm" else f" {value:.1f}°"
            _label(panel, path, str(number), sign, _colour(number), taken)
        panels.append(panel)
    picture = with_strip(beside(*panels))
    if one.reference.scale_known:
        bar(picture, view.px_per_mm, 10, "10 mm")
    return picture


def _colour(number: int) -> Colour:
    return _COLOURS[(number - 1) % len(_COLOURS)]


def _drawn(panel: Pixels, view: Window, drawn: Drawn, number: int, *, questioned: bool) -> Array:
    """Draws one line or angle; returns the path along which its label may lie."""
    colour = _colour(number)
    places = drawn.here if questioned else drawn.at
    points = path = view.points(places)
    if drawn.line.what in ("width", "height"):
        path = _outside(points, view)
        for inner, outer in zip(points, path, strict=True):
            line(
                panel,
                np.array([inner, outer + (outer - inner) * 4 / max(float(np.hypot(*(outer - inner))), 1.0)]),
                colour,
                width=1,
            )
        line(panel, path, colour, width=2)
    elif drawn.line.unit == "mm":
        line(panel, points, colour, width=2)
    else:
        path = _arc(points, (_ANGLE_MM + 1.3 * (number % 3)) * view.px_per_mm)
        line(panel, path, colour, width=2)
        line(panel, points, colour, width=1)
    for point in points:
        disc(panel, point, 4, colour)
    return path


def _outside(points: Array, view: Window) -> Array:
    """A width or height drawn beside the seal, as on a workshop's drawing: below, or at its left."""
    along = (points[1] - points[0]) / max(float(np.hypot(*(points[1] - points[0]))), 1.0)
    across = np.array([-along[1], along[0]])  # a width runs to the right, a height down: this points down, or left
    room = np.array([0.0, view.size[1]]) if abs(along[0]) > abs(along[1]) else np.array([0.0, 0.0])
    axis = 1 if abs(along[0]) > abs(along[1]) else 0
    target = room[axis] - math.copysign(0.8 * view.px_per_mm, across[axis])
    return np.asarray(points + across * (target - float(points[:, axis].mean())) / across[axis])


def _arc(points: Array, radius: float) -> Array:
    """From the first to the last, clockwise about the middle point."""
    start, end = (math.atan2(*(p - points[1])[::-1]) for p in (points[0], points[2]))
    t = start + np.linspace(0, (end - start) % (2 * math.pi), 60)
    return np.asarray(points[1] + radius * np.stack([np.cos(t), np.sin(t)], axis=1))


def _label(panel: Pixels, along: Array, number: str, sign: str, colour: Colour, taken: list[Box]) -> None:
    """The number in a disc and the value beside it, at the place along the line that is free of other labels."""
    w, h = text_size(sign, size=_TEXT)
    w += 24
    length = np.append(0.0, np.cumsum(np.hypot(*np.diff(along, axis=0).T)))
    options: list[tuple[float, int, Box]] = []
    for share in (0.5, 0.32, 0.68, 0.2, 0.8, 0.42, 0.58):
        at = np.array([np.interp(share * length[-1], length, along[:, k]) for k in range(2)])
        x = float(np.clip(at[0] - w / 2, 2, panel.shape[1] - w - 2))
        y = float(np.clip(at[1] - h / 2, 2, panel.shape[0] - h - 2))
        box = (x, y, x + w, y + h)
        options.append((sum(_common(box, other) for other in taken), len(options), box))
    _, _, (x, y, x1, y1) = min(options)
    taken.append((x, y, x1, y1))
    part = panel[round(y) : round(y1), round(x) : round(x1)]
    part[:] = np.rint(part * 0.15 + 255 * 0.85).astype(np.uint8)
    disc(panel, np.array([x + 11, y + h / 2]), 11, colour)
    write(panel, (x + 11 - text_size(number, size=15)[0] / 2, y + h / 2 - 9), number, colour=WHITE, size=15)
    write(panel, (x + 22, y), sign, colour=colour, size=_TEXT)


def _common(a: Box, b: Box) -> float:
    """Area that two boxes x0, y0, x1, y1 share."""
    return max(min(a[2], b[2]) - max(a[0], b[0]), 0.0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)

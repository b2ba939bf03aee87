"""Measuring an imprint: its outline to a fraction of a pixel, how much of it is there, sharpness, inking.

The outline that the finder saw is fitted again on the ink of the fine crop: along many normals, where does
the density fall through half of the rim's level, seen from outside? A robust ellipse or four robust lines go
through those points; a pen across the rim, breaks and places under black type do not pull them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.core.geometry import MM_PER_INCH
from verify.imprints.find import Found, Outline
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, lift

_NORMALS = 240
_STEP = 0.25  # px along a normal
_ROUND = 0.04  # axes that differ by less are a circle's


@dataclass(frozen=True)
class Measures:
    """Of one imprint. None: could not be told.

    `size_px`, `size_mm`: w, h of the outline before its turn (millimetres need a known dpi). `angle_deg`:
    clockwise; None for a circle, whose turn its text tells. `coverage`: share of the outline with ink, 0 to 1.
    `edge_px`, `edge_mm`: how wide the outline's edge is, 10 to 90 % of the rise. `inking`: mean density of what
    is inked, 0 to 1; `starved`: share of the rim's length with less than half of its median density.
    `outline`: in the crop's pixels.
    """

    outline: Outline
    size_px: tuple[float, float]
    size_mm: tuple[float, float] | None
    angle_deg: float | None
    coverage: float
    edge_px: float | None
    edge_mm: float | None
    inking: float | None
    starved: float | None

    def numbers(self) -> dict[str, float | None]:
        """By name, rounded: what a report prints."""
        values = {
            "angle_deg": self.angle_deg, "coverage": self.coverage, "edge_px": self.edge_px, "edge_mm": self.edge_mm,
            "inking": self.inking, "starved": self.starved,
        }  # fmt: skip
        return {name: None if value is None else round(value, 3) for name, value in values.items()}


def measure(imprint: Imprint, found: Found, *, ink: Ink | None = None) -> Measures:
    """`found` is the imprint as the finder saw it, at whatever resolution; `ink` is `lift(imprint)` where at hand."""
    ink = ink or lift(imprint)
    scale = ink.density.shape[1] / imprint.pixels.shape[1]  # lifting may have reduced a large crop
    start = outline_on_crop(imprint, found).scaled(scale)
    fit, coverage, edge, starved = _refined(ink, start)
    fit = fit.scaled(1 / scale)
    edge = None if edge is None else edge / scale
    inked = ink.density[ink.density > 0.35]
    per_mm = None if imprint.dpi is None else imprint.dpi / MM_PER_INCH
    return Measures(
        outline=fit,
        size_px=fit.size,
        size_mm=None if per_mm is None else (round(fit.size[0] / per_mm, 2), round(fit.size[1] / per_mm, 2)),
        angle_deg=None if fit.shape == "round" else fit.angle,
        coverage=coverage,
        edge_px=edge,
        edge_mm=None if per_mm is None or edge is None else edge / per_mm,
        inking=float(min(inked.mean(), 1.0)) if inked.size else None,
        starved=starved,
    )


def outline_on_crop(imprint: Imprint, found: Found) -> Outline:
    """The finder's outline in the pixels of the crop.

    The crop shows the box with equal margins, less where the page's edge cuts them: the margin is told by the
    axis that is not cut.
    """
    x, y, w, h = found.box
    outline = Outline(found.shape, found.centre, found.size_px, found.angle)
    if imprint.box is None:
        # Only the crop is known: taken to be the page itself.
        return outline
    factor = imprint.box[2] / max(w, 1)
    height, width = imprint.pixels.shape[:2]
    margin = max((width - w * factor) / 2, (height - h * factor) / 2, 0.0)
    left, top = min(margin, x * factor), min(margin, y * factor)
    return outline.scaled(factor, left / factor - x, top / factor - y)


def _refined(ink: Ink, start: Outline) -> tuple[Outline, float, float | None, float | None]:
    """The fitted outline, its coverage, the edge's width in px, the starved share."""
    if start.shape not in ("round", "oval", "square", "rectangle"):
        return start, 0.0, None, None
    elliptic = start.shape in ("round", "oval")
    current, widths, peaks = start, np.empty(0), np.empty(0)
    known = 1
    for reach in (0.09, 0.05):
        base, normal = _rim(current)
        points, widths, peaks, known = _edges(ink, base, normal, reach * min(current.size))
        fitted = _through_ellipse(points, current) if elliptic else _through_rectangle(points, current)
        if fitted is None:
            break
        current = fitted
    if peaks.size == 0:
        return current, 0.0, None, None
    coverage = float(min(peaks.size / max(known, 1), 1.0))
    starved = float((peaks < 0.5 * np.median(peaks)).mean())
    return current, coverage, float(np.median(widths)), starved


def _rim(o: Outline) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points along the outline and its outward normals, (n, 2) x, y."""
    c, s = math.cos(math.radians(o.angle)), math.sin(math.radians(o.angle))
    a, b = o.size[0] / 2, o.size[1] / 2
    if o.shape in ("round", "oval"):
        t = np.linspace(0, 2 * np.pi, _NORMALS, endpoint=False)
        local = np.stack([a * np.cos(t), b * np.sin(t)], axis=1)
        normal = np.stack([np.cos(t) / a, np.sin(t) / b], axis=1)
    else:
        # A tenth at each corner is left out: corners are rounded and smear.
        t = np.linspace(-0.8, 0.8, _NORMALS // 4)
        one = np.ones_like(t)
        local = np.concatenate(
            [np.stack(p, axis=1) for p in ((t * a, -b * one), (a * one, t * b), (t * a, b * one), (-a * one, t * b))]
        )
        normal = np.repeat(np.array([[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), len(t), axis=0)
    normal /= np.hypot(*normal.T)[:, None]
    turn = np.array([[c, s], [-s, c]])
    return local @ turn + np.array(o.centre), normal @ turn


def _edges(
    ink: Ink, base: NDArray[np.float64], normal: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], int]:
    """Where density falls through half on each normal, seen from outside: points (n, 3) x, y, index of the normal;
    edge widths in px; the rim's density there; and on how many normals the ink can be told."""
    reach = max(reach, 4.0)
    steps = np.arange(reach, -reach - 1e-9, -_STEP)
    x = (base[:, :1] + normal[:, :1] * steps).astype(np.float32)
    y = (base[:, 1:] + normal[:, 1:] * steps).astype(np.float32)
    profile = cv2.remap(ink.density, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    hidden = cv2.remap(
        ink.unknown.astype(np.uint8), x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=1
    )
    told = hidden.mean(axis=1) < 0.15
    peak = profile.max(axis=1)
    level = max(0.25, 0.3 * float(np.median(peak[told]))) if told.any() else 0.25
    points, widths, peaks = [], [], []
    for i in np.flatnonzero(told & (peak > level)):
        line = profile[i]
        first = int(np.argmax(line > 0.6 * peak[i]))
        rim = float(line[first : first + max(int(0.5 * reach / _STEP), 4)].max())
        at = int(np.argmax(line[: first + 1] >= 0.5 * rim))
        if at == 0:
            continue  # ink from beyond: a pen, a neighbour
        before, after = float(line[at - 1]), float(line[at])
        offset = steps[at - 1] - _STEP * (0.5 * rim - before) / max(after - before, 1e-6)
        slope = (float(line[min(at + 1, len(line) - 1)]) - float(line[max(at - 2, 0)])) / (3 * _STEP)
        points.append((*(base[i] + normal[i] * offset), i))
        widths.append(0.8 * rim / max(slope, 1e-3))
        peaks.append(rim)
    return np.array(points).reshape(-1, 3), np.array(widths), np.array(peaks), int(told.sum())


def _through_ellipse(points: NDArray[np.float64], before: Outline) -> Outline | None:
    """A robust ellipse: fitted, then without what strays beyond three median deviations, thrice."""
    xy = points[:, :2].astype(np.float32)
    fit: Outline | None = None
    for _ in range(3):
        if len(xy) < 20:
            return fit
        (cx, cy), (w, h), angle = cv2.fitEllipseDirect(xy)
        if not all(map(math.isfinite, (cx, cy, w, h))) or not 0.8 < max(w, h) / max(before.size) < 1.25:
            return fit
        fit = Outline("oval", (cx, cy), (w, h), angle)
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        dx, dy = xy[:, 0] - cx, xy[:, 1] - cy
        off = np.abs(np.hypot((dx * c + dy * s) / (w / 2), (dy * c - dx * s) / (h / 2)) - 1)
        xy = xy[off <= max(3 * float(np.median(off)), 0.4 / min(w, h))]
    assert fit is not None
    if abs(fit.size[0] - fit.size[1]) < _ROUND * max(fit.size):
        return replace(fit, shape="round", angle=0.0)
    return upright(fit)


def _through_rectangle(points: NDArray[np.float64], before: Outline) -> Outline | None:
    """Four robust lines; sides are the distances between opposite ones, in the mean direction."""
    per_side = _NORMALS // 4
    lines = []
    for side in range(4):
        mine = points[(points[:, 2] // per_side).astype(int) == side][:, :2].astype(np.float32)
        if len(mine) < 8:
            return None
        vx, vy, px, py = (float(v) for v in np.ravel(cv2.fitLine(mine, cv2.DIST_HUBER, 0, 0.01, 0.01)))
        lines.append((math.degrees(math.atan2(vy, vx)), px, py, len(mine)))
    turns = [(line[0] - (90 if i % 2 else 0) - before.angle + 45) % 90 - 45 for i, line in enumerate(lines)]
    angle = before.angle + float(np.average(turns, weights=[line[3] for line in lines]))
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    along = [line[1] * c + line[2] * s for line in lines]
    down = [line[2] * c - line[1] * s for line in lines]
    top, right, bottom, left = down[0], along[1], down[2], along[3]
    w, h = right - left, bottom - top
    if not (0.8 < w / before.size[0] < 1.25 and 0.8 < h / before.size[1] < 1.25):
        return None
    u, v = (left + right) / 2, (top + bottom) / 2
    return replace(before, centre=(u * c - v * s, u * s + v * c), size=(w, h), angle=angle)


def upright(o: Outline) -> Outline:
    """The same outline, turned by 45° at most: w runs along what is nearly horizontal."""
    angle, (w, h) = (o.angle + 90) % 180 - 90, o.size
    if abs(angle) > 45:
        w, h, angle = h, w, angle - math.copysign(90, angle)
    return replace(o, size=(w, h), angle=angle)

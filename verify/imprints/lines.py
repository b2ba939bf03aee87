"""Lines and angles between the same landmarks on a specimen and on a questioned imprint.

The examiner's ruler: how wide and high the ring or frame is, the centre of the star, the first and last
glyph of the arc, the ends of the code. A landmark's place on the questioned imprint is measured, not carried
over: the alignment plus the unit's own shift with its covariance. Beside the plain difference stands what is
left of it after the smooth bending of rubber and paper (`bending`), the same for which the residual
arrows are drawn. Only what is there on both prints is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.align import FINE
from verify.imprints.bending import Bending, bending
from verify.imprints.evidence import Line, LineName
from verify.imprints.ink import Map
from verify.imprints.measuring import Against

Array = NDArray[np.float64]

RIM_MM = 0.06
"""What 0.02 mm is for a glyph, for a rim: soft edges spread under pressure, and the smooth bending is known only inside of it."""

_REACH_MM = 1.6  # the rim is looked for so far from the outline of the specimen's ink
_WINDOW_DEG = 20.0  # of a ring to each side of the place where it is measured
_INDEPENDENT = 4.0  # mean rim points, 0.5 mm apart, that wander together
_COMMON = 0.4  # share of the rim points that both prints must show


@dataclass(frozen=True, eq=False)
class Mark:
    """A landmark, all in mm. `at`: on the specimen; `here`: measured on the questioned imprint, brought into the
    specimen's frame; `smooth`: where smooth bending would have put it in that frame; `covariance` (2, 2) of `here`."""

    at: Array
    here: Array
    smooth: Array
    covariance: Array


@dataclass(frozen=True, eq=False)
class Drawn:
    """A measured line and its places, mm of the specimen's frame: on the specimen and on the questioned imprint,
    (2, 2) for a length, (3, 2) for an angle at the middle one."""

    line: Line
    at: Array
    here: Array


def measured_lines(one: Against) -> tuple[Line, ...]:
    """What can be measured on both prints, in a fixed order; empty where the prints do not register."""
    return tuple(d.line for d in drawn_lines(one))


def drawn_lines(one: Against) -> tuple[Drawn, ...]:
    """The same with their places, for the picture."""
    outline, field = _outline(one.pictures.reference), bending(one.readings, dpi=one.coarser_dpi)
    if outline is None or field is None:
        return ()
    marks = _rim_marks(one, outline, field)
    marks |= _round_marks(one, outline, field) if outline.elliptic else _row_marks(one, outline, field)
    if outline.elliptic and "centre" not in marks:
        marks |= _centre_of_rim(outline, marks, field)
    return tuple(
        _measure(one, what, [marks[n] for n in names])
        for what, names in _LINES.items()
        if all(n in marks for n in names) and (len(names) == 3 or one.reference.scale_known)
    )


_LINES: dict[LineName, tuple[str, ...]] = {
    "width": ("left", "right"),
    "height": ("top", "bottom"),
    "centre-first": ("centre", "first"),
    "centre-last": ("centre", "last"),
    "first-last": ("first", "last"),
    "code": ("code-first", "code-last"),
    "arc-angle": ("first", "centre", "last"),
    "code-angle": ("code-last", "centre", "code-first"),
    "star-angle": ("first", "centre", "tip"),
}


def _measure(one: Against, what: LineName, marks: list[Mark]) -> Drawn:
    angle = len(marks) == 3
    value = _angle if angle else _length
    at, here, smooth = (np.array(points) for points in zip(*((m.at, m.here, m.smooth) for m in marks), strict=True))
    seen, bent = _own(one, here), _own(one, smooth)
    # Beyond the size of the whole a length is compared in the specimen's mm.
    size = 1.0 if angle else one.alignment.scale
    both = angle or one.questioned.scale_known
    difference = (value(seen) - value(bent) + 180.0) % 360.0 - 180.0 if angle else (value(seen) - value(bent)) / size
    deviation = math.sqrt(_variance(value, here, [m.covariance for m in marks]))
    line = Line(
        what=what,
        unit="deg" if angle else "mm",
        reference=round(value(at), 3),
        questioned=round(value(seen), 3) if both else None,
        unexplained=round(difference, 3),
        deviation=round(deviation, 3),
    )
    return Drawn(line, at, here)


def _length(points: Array) -> float:
    return float(np.hypot(*(points[1] - points[0])))


def _angle(points: Array) -> float:
    """At the middle point from the first to the last, clockwise as seen, 0 to 360 degrees."""
    (ax, ay), (bx, by) = points[0] - points[1], points[2] - points[1]
    return math.degrees(math.atan2(by, bx) - math.atan2(ay, ax)) % 360.0


def _variance(value: Callable[[Array], float], points: Array, covariances: list[Array]) -> float:
    """Propagated by differences over 1 µm."""
    total, start = 0.0, value(points)
    for i, covariance in enumerate(covariances):
        moved = np.repeat(points[None], 2, axis=0)
        moved[0, i, 0] += 1e-3
        moved[1, i, 1] += 1e-3
        slope = np.array([value(m) - start for m in moved]) / 1e-3
        total += float(slope @ covariance @ slope)
    return total


def _own(one: Against, place: Array) -> Array:
    """Places (k, 2), mm of the specimen's frame, on the questioned imprint's own paper, mm (nominal without a scale)."""
    pose = one.alignment
    u, v = ((place * FINE - np.array(pose.centre)) / pose.span).T
    basis = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v])
    return np.asarray((pose.coefficients @ basis).T / FINE)


# ── landmarks among the units ──────────────────────────────────────────────────────────────────────────


def _mark(one: Against, members: NDArray[np.intp], field: Bending) -> Mark:
    """Units taken together (the pieces of a star, or one glyph), each by how well its shift is known."""
    readings = one.readings
    information = np.linalg.inv(readings.covariance[members])
    covariance = np.linalg.inv(information.sum(axis=0))

    def mean(shift: Array) -> Array:
        return np.asarray(covariance @ np.einsum("iab,ib->a", information, shift))

    at = readings.position[members].mean(axis=0)
    smooth = mean(field.at(readings.position[members]))
    return Mark(at, at + mean(readings.shift[members]), at + smooth, covariance + field.genuine_mm**2 * np.eye(2))


def _round_marks(one: Against, outline: _Outline, field: Bending) -> dict[str, Mark]:
    """Star, arc and code of a round or oval seal, by radius in shares of the outline's and by angle."""
    readings, chosen = one.readings, field.units
    radius, angle = outline.polar(readings.position[chosen])
    marks: dict[str, Mark] = {}
    star = chosen[_of_star(one, outline, readings.position[chosen]) & ~readings.glyph[chosen]]
    if len(star) >= 3:
        marks["centre"] = centre = _mark(one, star, field)
        # The piece farthest out holds a tip.
        marks["tip"] = _mark(one, star[[np.argmax(np.hypot(*(readings.position[star] - centre.at).T))]], field)
    glyph, ink = readings.glyph[chosen], readings.ink_mm2[chosen]
    outer = glyph & (radius > 0.6) & (radius < 0.97)
    if outer.sum() < 5:
        return marks
    usual = float(np.quantile(ink[outer], 0.8))
    arc_radius = float(np.median(radius[outer & (ink > 0.35 * usual)]))
    arc = np.flatnonzero(outer & (np.abs(radius - arc_radius) < 0.06))
    code = np.flatnonzero(outer & (radius > arc_radius + 0.06) & (ink < 0.35 * usual))
    if len(arc) < 5:
        return marks
    # Clockwise from the widest gap, which the arc of a seal leaves below.
    arc = arc[np.argsort(angle[arc], kind="stable")]
    gaps = np.diff(np.append(angle[arc], angle[arc[0]] + 360.0))
    widest = int(np.argmax(gaps))
    if gaps[widest] < 35.0:
        return marks
    first, last = arc[(widest + 1) % len(arc)], arc[widest]
    marks |= {"first": _mark(one, chosen[[first]], field), "last": _mark(one, chosen[[last]], field)}
    behind = (angle[code] - angle[last]) % 360.0
    code = code[(behind < gaps[widest])]
    if len(code) >= 5:
        # Written from left to right below: counter-clockwise.
        order = code[np.argsort((angle[code] - angle[last]) % 360.0, kind="stable")]
        marks |= {
            "code-first": _mark(one, chosen[[order[-1]]], field),
            "code-last": _mark(one, chosen[[order[0]]], field),
        }
    return marks


def _of_star(one: Against, outline: _Outline, place: Array) -> NDArray[np.bool_]:
    """Which places belong to the large figure in the middle; none where there is no such figure."""
    ink = (one.pictures.reference > 0.5).astype(np.uint8)
    _, labels, stats, centroids = cv2.connectedComponentsWithStats(ink, connectivity=8)
    r = float(min(outline.half)) * FINE
    off = np.hypot(*(centroids - outline.centre * FINE).T)
    central = (
        (off < 0.25 * r) & (stats[:, 4] > 0.02 * math.pi * r * r) & (np.maximum(stats[:, 2], stats[:, 3]) < 1.1 * r)
    )
    central[0] = False
    if not central.any():
        return np.zeros(len(place), np.bool_)
    k = int(np.argmax(np.where(central, stats[:, 4], 0)))
    ys, xs = np.nonzero(labels == k)
    hull = cv2.convexHull(np.stack([xs, ys], axis=1).astype(np.int32))
    return np.array([cv2.pointPolygonTest(hull, (float(x * FINE), float(y * FINE)), True) > -3.0 for x, y in place])


def _row_marks(one: Against, outline: _Outline, field: Bending) -> dict[str, Mark]:
    """The glyphs nearest to two opposite corners of a frame."""
    readings, chosen = one.readings, field.units
    glyphs = chosen[readings.glyph[chosen]]
    if len(glyphs) < 2:
        return {}
    along = outline.local(readings.position[glyphs]).sum(axis=1)
    first, last = glyphs[[np.argmin(along)]], glyphs[[np.argmax(along)]]
    return {"first": _mark(one, first, field), "last": _mark(one, last, field)}


# ── the outline and its rim ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class _Outline:
    """Of the specimen's design, mm: centre, half axes, unit vectors `axes` (2, 2) of width (pointing right) and height."""

    elliptic: bool
    centre: Array
    half: Array
    axes: Array

    def local(self, place: Array) -> Array:
        """Places (k, 2) in shares of the half axes."""
        return np.asarray((place - self.centre) @ self.axes.T / self.half)

    def polar(self, place: Array) -> tuple[Array, Array]:
        """Radius in shares of the outline's, and angle in degrees, clockwise as seen."""
        local = self.local(place)
        return np.hypot(*local.T), np.degrees(np.arctan2(local[:, 1], local[:, 0]))


def _outline(reference: Map) -> _Outline | None:
    ys, xs = np.nonzero(reference > 0.5)
    if len(xs) < 200:
        return None
    hull = cv2.convexHull(np.stack([xs, ys], axis=1).astype(np.int32))[:, 0].astype(np.float32)
    (bx, by), (bw, bh), turn = cv2.minAreaRect(hull)
    share = cv2.contourArea(hull) / max(bw * bh, 1.0)
    elliptic = share < 0.88  # π/4 for an ellipse, 1 for a rectangle
    if elliptic and len(hull) >= 8:
        (bx, by), (bw, bh), turn = cv2.fitEllipseDirect(hull)
        if abs(bw - bh) < 0.04 * max(bw, bh):
            turn = 0.0  # a circle has no axes of its own: the picture's are taken
    if not all(map(math.isfinite, (bx, by, bw, bh))) or min(bw, bh) < 5 * FINE:
        return None
    # The width is the axis that lies nearer to the picture's horizontal.
    turn = (turn + 90.0) % 180.0 - 90.0
    if abs(turn) > 45.0:
        turn, bw, bh = turn - math.copysign(90.0, turn), bh, bw
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    half = np.array([bw, bh]) / 2 / FINE
    return _Outline(bool(elliptic), np.array([bx, by]) / FINE, half, np.array([[c, s], [-s, c]]))


def _rim_marks(one: Against, outline: _Outline, field: Bending) -> dict[str, Mark]:
    """The middle of the rim's line at the four ends of the axes, where both prints show it."""
    marks: dict[str, Mark] = {}
    for name, axis, sign in (("left", 0, -1.0), ("right", 0, 1.0), ("top", 1, -1.0), ("bottom", 1, 1.0)):
        found = _rim_mark(one, outline, field, axis, sign)
        if found is not None:
            marks[name] = found
    return marks


def _rim_mark(one: Against, outline: _Outline, field: Bending, axis: int, sign: float) -> Mark | None:
    base, normal = _stretch_of_rim(outline, axis, sign)
    steps = np.arange(_REACH_MM * 0.5, -_REACH_MM, -0.02)
    x = ((base[:, :1] + normal[:, :1] * steps) * FINE).astype(np.float32)
    y = ((base[:, 1:] + normal[:, 1:] * steps) * FINE).astype(np.float32)
    maps = one.pictures
    known = cv2.remap(maps.known.astype(np.uint8), x, y, cv2.INTER_NEAREST, borderValue=(0,)).all(axis=1)
    offsets = [_middle_of_line(cv2.remap(m, x, y, cv2.INTER_LINEAR), steps) for m in (maps.reference, maps.questioned)]
    both = known & np.isfinite(offsets[0]) & np.isfinite(offsets[1])
    if both.sum() < max(_COMMON * len(base), 6):
        return None
    reference, moved = offsets[0][both], (offsets[1] - offsets[0])[both]
    out = outline.axes[axis] * sign
    at = outline.centre + out * (outline.half[axis] + float(np.median(reference)))
    kept = moved[np.abs(moved - np.median(moved)) < 0.3]
    if len(kept) < 6:
        return None
    variance = float(kept.var()) * _INDEPENDENT / len(kept) + RIM_MM**2 / 2
    return Mark(at, at + out * float(kept.mean()), at + field.at(at[None])[0], variance * np.eye(2))


def _stretch_of_rim(outline: _Outline, axis: int, sign: float) -> tuple[Array, Array]:
    """Points about the end of an axis, some 0.5 mm apart, with their outward normals (k, 2)."""
    a, b = outline.half[axis], outline.half[1 - axis]
    u, v = outline.axes[axis] * sign, outline.axes[1 - axis]
    if not outline.elliptic:
        t = np.linspace(-0.6 * b, 0.6 * b, max(int(1.2 * b / 0.5), 12))
        return outline.centre + u * a + t[:, None] * v, np.repeat(u[None], len(t), axis=0)
    t = np.radians(np.linspace(-_WINDOW_DEG, _WINDOW_DEG, max(int(2 * math.radians(_WINDOW_DEG) * b / 0.5), 12)))
    base = outline.centre + np.cos(t)[:, None] * a * u + np.sin(t)[:, None] * b * v
    normal = np.cos(t)[:, None] / a * u + np.sin(t)[:, None] / b * v
    return base, normal / np.hypot(*normal.T)[:, None]


def _middle_of_line(profiles: Map, steps: Array) -> Array:
    """Where the first line seen from outside has its middle, by its two half levels; NaN where there is none."""
    middles = np.full(len(profiles), np.nan)
    for i, profile in enumerate(profiles):
        if profile.max() < 0.35:
            continue
        level = 0.5 * min(float(profile.max()), 1.0)
        inside = profile > level
        start = int(np.argmax(inside))
        end = start + int(np.argmin(inside[start:])) if not inside[start:].all() else 0
        if start > 0 and end > start:
            middles[i] = 0.5 * (_crossing(profile, steps, start, level) + _crossing(profile, steps, end, level))
    return middles


def _crossing(profile: Map, steps: Array, i: int, level: float) -> float:
    before, after = float(profile[i - 1]), float(profile[i])
    share = (level - before) / (after - before) if after != before else 0.5
    return float(steps[i - 1] + share * (steps[i] - steps[i - 1]))


def _centre_of_rim(outline: _Outline, marks: dict[str, Mark], field: Bending) -> dict[str, Mark]:
    """Where there is no star, the middle between the four ends of a ring."""
    if not {"left", "right", "top", "bottom"} <= marks.keys():
        return {}
    moved = np.zeros(2)
    variance = 0.0
    for axis, names in ((0, ("left", "right")), (1, ("top", "bottom"))):
        ends = [marks[n] for n in names]
        moved += outline.axes[axis] * float(np.mean([(e.here - e.at) @ outline.axes[axis] for e in ends]))
        variance = max(variance, *(float(e.covariance[0, 0]) for e in ends))
    at = outline.centre
    return {"centre": Mark(at, at + moved, at + field.at(at[None])[0], variance / 2 * np.eye(2))}

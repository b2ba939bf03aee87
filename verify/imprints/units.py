"""Units: the glyphs, star and ring pieces of a seal, and how each one lies on the questioned imprint.

Every unit is measured by itself: its shift, turn, weight (gain) and the rounding of its corners, by
Gauss–Newton on the band about its edges, with the information matrix kept, so that a starved glyph counts
for as little as it says. `field_evidence` then asks whether all shifts together can come from one smooth
bending of the whole (the same die) or need glyphs that were placed one by one (another making).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.align import FINE
from verify.imprints.ink import Map, Mask

Array = NDArray[np.float64]

LARGEST_GLYPH_MM = 10.0
GLYPH_MM = 6.0  # strokes that lie together up to this size are one glyph
CELL_MM = 4.0  # larger pieces are cut into cells of about this size
BAND_MM = 0.30  # how far about its ink a unit is looked at
SMALLEST_MM2 = 0.10

# Columns of the linear model of one unit, in this order.
SHIFT_X, SHIFT_Y, STRETCH_X, STRETCH_Y, SHEAR_X, SHEAR_Y, GAIN, ROUNDING, CONTRAST, OFFSET, BLUR, TILT_X, TILT_Y = (
    range(13)
)
# Standard deviations believed before looking: mm, mm/mm, mm, share, density, density, mm², density/mm.
PRIOR = np.array([0.25, 0.25, 0.02, 0.02, 0.02, 0.02, 0.10, 1.0, 0.6, 0.15, 0.02, 0.10, 0.10])
_TURN = np.array([0.0, 0.0, -0.5, 0.5])  # of (stretch x, stretch y, shear x, shear y)
_SIZE = np.array([0.5, 0.5, 0.0, 0.0])
CORRELATED_PIXELS = 14.0  # neighbours share blur, paper and ink: so many pixels make one observation


@dataclass(frozen=True, eq=False)
class Unit:
    """Pixels of one unit's band in the reference's frame. `glyph` False: a piece of ring, frame or large figure."""

    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    centre: tuple[float, float]
    ink_mm2: float
    glyph: bool


@dataclass(frozen=True, eq=False)
class Readings:
    """What was measured on each of n units. Shifts in mm in the reference's frame.

    `shift` (n, 2), covariance (n, 2, 2); `gain` (n,) mm and `rounding` (n,) share, with their
    standard deviations; `stretch` (n, 4) each unit's own stretches and shears; `turn`, `size` (n,) its own turn in
    radians and growth in shares, each with its variance; `contrast` (n,) share of the
    expected ink; `ncc` (n,) after the unit's own fit; `seen` (n,) share of the band that was known; `position`
    (n, 2) mm; `residual` (h, w): what the fits leave, 0 where nothing was measured.
    """

    shift: Array
    covariance: Array
    gain: Array
    gain_sd: Array
    rounding: Array
    rounding_sd: Array
    contrast: Array
    ncc: Array
    seen: Array
    position: Array
    glyph: NDArray[np.bool_]
    ink_mm2: Array
    stretch: Array
    turn: Array
    turn_variance: Array
    size: Array
    size_variance: Array
    residual: Map

    def __len__(self) -> int:
        return len(self.ncc)


def segment(density: Map, unknown: Mask) -> tuple[Unit, ...]:
    """The units of a reference whose `density` is at `FINE` pixels a millimetre."""
    # Lower than half: strokes of a code's digits are thinner than the blur and never reach full density.
    ink = ((density > 0.3) & ~unknown).astype(np.uint8)
    ys, xs = np.nonzero(ink)
    if len(ys) == 0:
        return ()
    # A name seal's few glyphs fill it: there a glyph may be larger, or it would be cut into cells like a frame.
    narrow = min(np.ptp(xs), np.ptp(ys)) / FINE
    glyph_mm = float(np.clip(0.5 * narrow, GLYPH_MM, LARGEST_GLYPH_MM)) if narrow < 26 else GLYPH_MM
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    small, pieces = np.zeros_like(ink), []
    for k in range(1, count):
        x, y, w, h, area = stats[k]
        if max(w, h) > glyph_mm * 1.15 * FINE:
            pieces += _cells(labels[y : y + h, x : x + w] == k, int(x), int(y))
        elif area >= 4:
            small[y : y + h, x : x + w] |= (labels[y : y + h, x : x + w] == k).astype(np.uint8)
    glyphs = _glyphs(small, (0.30, 0.15, 0.0), glyph_mm)
    allowed = ~unknown
    units = [_unit(mask, allowed, glyph=True) for mask in glyphs] + [
        _unit(mask, allowed, glyph=False) for mask in pieces
    ]
    return tuple(u for u in units if u is not None)


def _glyphs(
    ink: NDArray[np.uint8], reaches: tuple[float, ...], glyph_mm: float
) -> list[tuple[NDArray[np.bool_], int, int]]:
    """Strokes closer than twice the reach form a glyph, if it stays small enough; else a shorter reach is tried."""
    radius = round(reaches[0] * FINE)
    wide = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)) if radius else ink
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    found: list[tuple[NDArray[np.bool_], int, int]] = []
    for k in range(1, count):
        x, y, w, h, _area = (int(v) for v in stats[k])
        inside = (labels[y : y + h, x : x + w] == k) & (ink[y : y + h, x : x + w] > 0)
        if max(w, h) <= (glyph_mm + 2 * reaches[0]) * FINE or len(reaches) == 1:
            found.append((inside, x, y))
        else:
            rest = np.zeros_like(ink)
            rest[y : y + h, x : x + w] = inside
            found += _glyphs(rest, reaches[1:], glyph_mm)
    return found


def _cells(mask: NDArray[np.bool_], x: int, y: int) -> list[tuple[NDArray[np.bool_], int, int]]:
    h, w = mask.shape
    across, down = max(1, round(w / (CELL_MM * FINE))), max(1, round(h / (CELL_MM * FINE)))
    xs, ys = np.linspace(0, w, across + 1).astype(int), np.linspace(0, h, down + 1).astype(int)
    found = []
    for i in range(down):
        for j in range(across):
            part = mask[ys[i] : ys[i + 1], xs[j] : xs[j + 1]]
            if part.any():
                found.append((part, x + int(xs[j]), y + int(ys[i])))
    return found


def _unit(piece: tuple[NDArray[np.bool_], int, int], allowed: Mask, *, glyph: bool) -> Unit | None:
    mask, x, y = piece
    area = float(mask.sum()) / FINE**2
    if area < SMALLEST_MM2:
        return None
    reach = round(BAND_MM * FINE)
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=(0,))
    wide = cv2.dilate(padded, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))
    if not glyph:  # the band does not run past the cut
        sides = wide.copy()
        wide = np.zeros_like(wide)
        wide[reach:-reach, reach:-reach] = sides[reach:-reach, reach:-reach]
        full = mask.all(axis=0).any() or mask.all(axis=1).any()
        wide = sides if not full else wide
    rows, cols = np.nonzero(wide)
    rows, cols = rows + y - reach, cols + x - reach
    inside = (rows >= 2) & (cols >= 2) & (rows < allowed.shape[0] - 2) & (cols < allowed.shape[1] - 2)
    rows, cols = rows[inside], cols[inside]
    keep = allowed[rows, cols]
    rows, cols = rows[keep], cols[keep]
    if len(rows) < 40:
        return None
    return Unit(rows, cols, (float(cols.mean()), float(rows.mean())), area, glyph)


def read(
    units: tuple[Unit, ...], template: Map, rounded: Map, questioned: Map, known: Mask, *, noise: float
) -> Readings:
    """Measure every unit. All maps are in the reference's frame; `template` is the expected ink there.

    `rounded`: what rounding the corners would change. `questioned` is normalised to the local strength of
    ink. Units of which less than half is known, or too few pixels, are left out.
    """
    gy, gx = (np.asarray(g, np.float32) for g in np.gradient(template))
    laplacian = cv2.Laplacian(template, cv2.CV_32F)
    edge = np.asarray(np.hypot(gx, gy), np.float32)
    residual = np.zeros_like(template)
    results = []
    for unit in units:
        seen = known[unit.rows, unit.cols]
        if seen.mean() < 0.5 or seen.sum() < 40:
            continue
        rows, cols = unit.rows[seen], unit.cols[seen]
        one = _read_unit(unit, rows, cols, template, gx, gy, edge, laplacian, rounded, questioned, noise)
        if one is None:
            continue
        values, left = one
        residual[rows, cols] = left
        results.append((*values, float(seen.mean()), unit))
    n = len(results)
    shift, covariance = np.zeros((n, 2)), np.zeros((n, 2, 2))
    table, stretch, own = np.zeros((n, 7)), np.zeros((n, 4)), np.zeros((n, 4))
    position, glyph, ink = np.zeros((n, 2)), np.zeros(n, np.bool_), np.zeros(n)
    for i, (solution, spread, ncc, seen_share, unit) in enumerate(results):
        shift[i], covariance[i] = solution[:2], spread[:2, :2]
        deviation = np.sqrt(np.diag(spread))
        table[i] = (
            solution[GAIN],
            deviation[GAIN],
            solution[ROUNDING],
            deviation[ROUNDING],
            solution[CONTRAST],
            ncc,
            seen_share,
        )
        stretch[i] = solution[STRETCH_X : SHEAR_Y + 1]
        for column, direction in ((0, _TURN), (2, _SIZE)):
            own[i, column] = direction @ stretch[i]
            own[i, column + 1] = direction @ spread[STRETCH_X : SHEAR_Y + 1, STRETCH_X : SHEAR_Y + 1] @ direction
        position[i] = unit.centre[0] / FINE, unit.centre[1] / FINE
        glyph[i], ink[i] = unit.glyph, unit.ink_mm2
    return Readings(
        shift, covariance, table[:, 0], table[:, 1], table[:, 2], table[:, 3], table[:, 4], table[:, 5], table[:, 6],
        position, glyph, ink, stretch, own[:, 0], own[:, 1], own[:, 2], own[:, 3], residual,
    )  # fmt: skip


def _read_unit(
    unit: Unit, rows: NDArray[np.intp], cols: NDArray[np.intp], template: Map, gx: Map, gy: Map, edge: Map,
    laplacian: Map, rounded: Map, questioned: Map, noise: float,
) -> tuple[tuple[Array, Array, float], Map] | None:  # fmt: skip
    t = template[rows, cols].astype(np.float64)
    # Gradients per mm; positions in mm from the unit's centre.
    dx, dy = gx[rows, cols] * FINE, gy[rows, cols] * FINE
    x, y = (cols - unit.centre[0]) / FINE, (rows - unit.centre[1]) / FINE
    design = np.stack(
        [-dx, -dy, -dx * x, -dy * y, -dx * y, -dy * x, edge[rows, cols] * FINE, rounded[rows, cols], t, np.ones_like(t),
         laplacian[rows, cols] * FINE**2, t * x, t * y]
    ).astype(np.float64)  # fmt: skip
    information_prior = np.diag(1.0 / PRIOR**2)
    believed = np.zeros(len(PRIOR))
    believed[CONTRAST] = 1.0
    moved = np.zeros(6)
    solution = believed.copy()
    weight = np.ones_like(t)
    left = np.zeros_like(t)
    for iteration in range(3):
        # questioned(x + d) = template(x): the sample moves, the design stays.
        px = cols + (moved[SHIFT_X] + moved[STRETCH_X] * x + moved[SHEAR_X] * y) * FINE
        py = rows + (moved[SHIFT_Y] + moved[STRETCH_Y] * y + moved[SHEAR_Y] * x) * FINE
        value = cv2.remap(
            questioned,
            px.astype(np.float32)[None],
            py.astype(np.float32)[None],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[0].astype(np.float64)
        if iteration == 0:
            left = value - t
            spread = max(noise, 1.4826 * float(np.median(np.abs(left))))
        weight = 1.0 / (1.0 + (left / (2.5 * spread)) ** 2)
        centre = believed.copy()
        centre[:6] = -moved
        weighted = design * (weight / (spread**2 * CORRELATED_PIXELS))
        information = weighted @ design.T + information_prior
        solution = np.linalg.solve(information, weighted @ value + information_prior @ centre)
        left = value - solution @ design
        spread = max(noise, float(np.sqrt(np.average(left**2, weights=weight))))
        moved = moved + np.clip(solution[:6], -0.25, 0.25)
        if np.abs(moved[:2]).max() > 0.8:
            return None
    covariance = np.linalg.inv(weighted @ design.T + information_prior)
    final = solution.copy()
    final[:6] = moved
    fit = value - left
    ct, cf = value - np.average(value, weights=weight), fit - np.average(fit, weights=weight)
    ncc = float((weight * ct * cf).sum() / max(np.sqrt((weight * ct * ct).sum() * (weight * cf * cf).sum()), 1e-9))
    return (final, np.asarray(covariance, np.float64), ncc), left.astype(np.float32)


def trusted(readings: Readings) -> NDArray[np.bool_]:
    """The units (n,) that are inked, seen and alike enough for their shifts to mean something."""
    return np.asarray((readings.contrast > 0.35) & (readings.ncc > 0.6) & (readings.seen > 0.6))


@dataclass(frozen=True)
class FieldEvidence:
    """`log10_bayes`: one smooth field against glyphs placed apart (positive: same die). `jitter_mm`: the most
    likely scatter of glyphs beyond the smooth field. `scatter_mm`, `scatter_high_mm`: median and 90th percentile
    of the lengths that a smooth surface leaves."""

    log10_bayes: float
    jitter_mm: float
    scatter_mm: float
    scatter_high_mm: float


# The smooth field: amplitudes and correlation lengths in mm. Rubber bends over some 7 mm and more.
AMPLITUDES = (0.01, 0.02, 0.04, 0.07)
LENGTHS_MM = (6.0, 9.0, 14.0)
# What glyphs scatter beyond it, each by itself: between prints of one die (10 to 24 µm between real 300-dpi prints,
# see docs/results), and where they were placed one by one.
FLOORS = (0.004, 0.008, 0.013, 0.018, 0.023)
JITTERS = (0.028, 0.036, 0.05, 0.07, 0.1, 0.16, 0.25)
POLYNOMIAL_MM = 0.3
# Prints without any deformation show half of the variance that the units' own fits claim.
CLAIMED = 0.5
MOST_UNITS = 60  # the cost grows with the cube
FEWEST_GLYPHS = 4
SHARP_MM = 0.03  # a shift less well known in its worst direction says nothing here: a ring's piece along the ring
STRAY = 18.0  # squared standardised shift beyond which a unit is a stray: starved, written over, or another glyph
MOST_STRAYS = 0.12  # of the units


def field_evidence(readings: Readings, trusted: NDArray[np.bool_]) -> FieldEvidence | None:
    """Exact Gaussian evidences over grids of amplitudes, for the `trusted` glyphs; None below four units.

    Where there are fewer than four glyphs, pieces of rings and frames count as well.
    """
    worst = np.sqrt(np.linalg.eigvalsh(readings.covariance)[:, 1]) if len(readings) else np.zeros(0)
    chosen = np.flatnonzero(trusted & readings.glyph & (worst < SHARP_MM))
    if len(chosen) < FEWEST_GLYPHS:
        chosen = np.flatnonzero(trusted)
    if len(chosen) < 4:
        return None
    if len(chosen) > MOST_UNITS:  # the best known of many
        chosen = np.sort(chosen[np.argsort(worst[chosen], kind="stable")[:MOST_UNITS]])
    place, shift = readings.position[chosen], readings.shift[chosen]
    n = len(chosen)
    span = max(float(np.ptp(place, axis=0).max()) / 2, 3.0)
    u, v = ((place - place.mean(axis=0)) / span).T
    flat = (np.stack([np.ones(n), u, v]).T @ np.stack([np.ones(n), u, v])) * POLYNOMIAL_MM**2
    distance = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))
    kernels = [np.exp(-0.5 * (distance / length) ** 2) for length in LENGTHS_MM]
    target = shift.T.reshape(-1)
    loose = np.where(readings.glyph[chosen], 1.0, 0.4)  # a ring's pieces hold together even in a copy
    measured = np.zeros((2 * n, 2 * n))
    each = np.arange(n)
    for a in range(2):
        for b in range(2):
            measured[a * n + each, b * n + each] = CLAIMED * readings.covariance[chosen, a, b]

    def total(plane: Array, own: Array) -> Array:
        whole = measured.copy()
        whole[:n, :n] += flat + plane
        whole[n:, n:] += flat + plane
        whole[np.diag_indices(2 * n)] += np.concatenate([own, own]) + 1e-10
        return whole

    strays = _strays(total(0.03**2 * kernels[1], (0.018 * loose) ** 2), target)

    def evidence(plane: Array, own: Array) -> float:
        factor = np.linalg.cholesky(total(plane, own + strays))
        z = np.linalg.solve(factor, target)
        return float(-0.5 * z @ z - np.log(np.diag(factor)).sum())

    scales = (*FLOORS, *JITTERS)
    found = np.array([[evidence(a**2 * k, (own * loose) ** 2) for own in scales] for a in AMPLITUDES for k in kernels])
    same, apart = found[:, : len(FLOORS)], found[:, len(FLOORS) :]
    scale = np.array([_mean_exp(list(column)) for column in found.T])
    weights = np.exp(scale - scale.max())
    jitter = float(np.exp(weights @ np.log(np.asarray(scales)) / weights.sum()))
    basis = np.stack([np.ones(n), u, v, u * u, u * v, v * v])
    left = _left_by_smooth(basis, readings, chosen)
    return FieldEvidence(
        float((_mean_exp(list(same.ravel())) - _mean_exp(list(apart.ravel()))) / np.log(10)),
        jitter,
        float(np.median(left)),
        float(np.percentile(left, 90)),
    )


# What glyphs turn and grow by themselves, in radians and shares: between prints of one die, and cut one by one.
TURN_FLOORS = (0.0005, 0.001, 0.002, 0.003, 0.0045)
TURN_JITTERS = (0.006, 0.008, 0.012, 0.018, 0.03)


def turning_evidence(readings: Readings, trusted: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Glyphs that turn and grow together (bending rubber) against each by itself: (log10 Bayes factor, positive: together;
    most likely scatter in radians). Exact Gaussian evidences under a linear trend; None below four known glyphs."""
    worst = np.sqrt(np.maximum(readings.turn_variance, readings.size_variance))
    chosen = np.flatnonzero(trusted & readings.glyph & (worst < 0.02))
    if len(chosen) < FEWEST_GLYPHS:
        return None
    place = readings.position[chosen]
    span = max(float(np.ptp(place, axis=0).max()) / 2, 3.0)
    trend = np.column_stack([np.ones(len(chosen)), (place - place.mean(axis=0)) / span])
    flat = trend @ trend.T * 0.03**2
    scales = (*TURN_FLOORS, *TURN_JITTERS)
    logs = np.zeros(len(scales))
    for value, variance in (
        (readings.turn[chosen], readings.turn_variance[chosen]),
        (readings.size[chosen], readings.size_variance[chosen]),
    ):
        known = CLAIMED * variance
        inverse = np.linalg.inv(flat + np.diag(known + TURN_FLOORS[3] ** 2))
        off = (inverse @ value) ** 2 / np.diag(inverse)
        off = off / max(float(np.median(off)) / 0.46, 1.0)
        most = np.argsort(-off, kind="stable")[: max(1, int(MOST_STRAYS * len(chosen)))]
        stray = np.zeros(len(chosen))
        stray[[i for i in most if off[i] > 12.0]] = 0.05**2
        for k, own in enumerate(scales):
            factor = np.linalg.cholesky(flat + np.diag(known + stray + own**2))
            z = np.linalg.solve(factor, value)
            logs[k] += float(-0.5 * z @ z - np.log(np.diag(factor)).sum())
    weights = np.exp(logs - logs.max())
    scatter = float(np.exp(weights @ np.log(np.asarray(scales)) / weights.sum()))
    same, apart = list(logs[: len(TURN_FLOORS)]), list(logs[len(TURN_FLOORS) :])
    return float((_mean_exp(same) - _mean_exp(apart)) / np.log(10)), scatter


def _strays(whole: Array, target: Array) -> Array:
    """A variance for each unit that lies far off under both hypotheses, 0 for the others: it tells about itself only.

    Each is held against what all the others foretell (leave one out), beside what is usual on this print.
    """
    n = len(target) // 2
    inverse = np.linalg.inv(whole)
    off = (inverse @ target) ** 2 / np.diag(inverse)
    squared = off[:n] + off[n:]
    squared = squared / max(float(np.median(squared)) / 1.4, 1.0)
    most = np.argsort(-squared, kind="stable")[: max(1, int(MOST_STRAYS * n))]
    variance = np.zeros(n)
    variance[[i for i in most if squared[i] > STRAY]] = 0.15**2
    return variance


def _left_by_smooth(basis: Array, readings: Readings, chosen: NDArray[np.intp]) -> Array:
    """Lengths in mm of what a second-order surface, fitted robustly, leaves of the shifts."""
    shift = readings.shift[chosen]
    terms = basis[: 6 if len(chosen) >= 12 else 3]
    weight = 1.0 / (np.trace(readings.covariance[chosen], axis1=1, axis2=2) + 0.015**2)
    left = shift
    robust = weight
    for _ in range(4):
        normal = (terms * robust) @ terms.T + 1e-6 * np.eye(len(terms))
        left = shift - terms.T @ np.linalg.solve(normal, (terms * robust) @ shift)
        length = np.hypot(*left.T)
        robust = weight / (1.0 + (length / max(2 * float(np.median(length)), 0.005)) ** 2)
    # A ring's piece does not know its shift along the ring: only well-known shifts are told.
    sharp = np.sqrt(np.linalg.eigvalsh(readings.covariance[chosen])[:, 1]) < 0.03
    length = np.hypot(*left.T)
    return np.asarray(length[sharp] if sharp.sum() >= 3 else length)


def _mean_exp(logs: list[float]) -> float:
    top = max(logs)
    return top + float(np.log(np.mean(np.exp(np.asarray(logs) - top))))

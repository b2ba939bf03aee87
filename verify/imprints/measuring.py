"""Measuring: what one lifted imprint shows against one prepared reference, as named numbers.

Align, bring the questioned ink into the reference's frame, measure: coincidence as a whole, each glyph by itself,
ink added and ink missing, edges. Ink that is missing is cheap, ink that was added in a well-inked place is not
(Horiuchi 2001). Where either side is unknown, nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from verify.imprints import align as alignment
from verify.imprints import replaced
from verify.imprints import units as unit
from verify.imprints.align import FINE, Alignment, Frame
from verify.imprints.evidence import Quality
from verify.imprints.ink import Ink, Map, Mask
from verify.imprints.prepared import SOFT_MM, Prepared
from verify.imprints.reuse import coincidence

TOLERANCE_MM = 0.22  # ink this near to reference ink is spread, not addition
WINDOW_MM = 2.0  # about one digit of a seal's code
LOCAL_MM = 2.5  # over which the strength of ink may vary

Measures = dict[str, float | None]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Maps in the specimen's frame at 10 px/mm, all (h, w): what the exhibits are drawn from."""

    reference: Map
    questioned: Map
    known: Mask
    added: Map
    missing: Map


@dataclass(frozen=True, eq=False)
class Against:
    """The comparison with one specimen: alignment, measures (see `MEASURES`), readings of the units, pictures.

    `questioned`, `reference`: both inks each in its own frame, before the alignment. `replaced`: where a glyph looks
    replaced, the likeliest place first.
    """

    alignment: Alignment
    measures: Measures
    readings: unit.Readings
    pictures: Pictures
    quality: Quality
    questioned: Frame
    reference: Frame
    replaced: tuple[replaced.Place, ...] = ()

    @property
    def coarser_dpi(self) -> float:
        """The lower of both resolutions, in the specimen's scale."""
        return min(self.measures["dpi"] or self.reference.dpi, self.reference.dpi)


MEASURES: Mapping[str, str] = {
    "ncc": "masked correlation of both inks, evened to the local strength",
    "ncc_edge": "the same within 0.3 mm of the strokes' edges",
    "ncc_coarse": "correlation of inks blurred by 0.3 mm; the only one that holds without scale",
    "unit_ncc_low": "the tenth percentile of the units' correlations after each one's own fit",
    "unit_ncc_worst": "the worst unit of those well inked",
    "field": "log10 Bayes factor: one smooth bending against glyphs placed one by one",
    "jitter_mm": "most likely scatter of glyphs beyond the smooth bending, mm",
    "scatter_mm": "median length of what the smooth bending leaves of the units' shifts, mm",
    "scatter_high_mm": "the 90th percentile of it among well-measured units, mm",
    "gain_mm": "mean spread of edges outwards, mm",
    "gain_scatter_mm": "scatter of the spread among glyphs, mm",
    "rounding": "pooled rounding of corners, in shares of a radius of 0.15 mm",
    "stretch_scatter": "scatter of the glyphs' own stretch and shear",
    "turn_field": "log10 Bayes factor: glyphs that turn and grow together against each by itself",
    "turn_scatter": "most likely scatter of the glyphs' own turn and growth, radians",
    "edge_fine_mm": "rms offset of edges along the contours between 0.1 and 0.3 mm, mm",
    "edge_middle_mm": "the same between 0.3 and 0.8 mm",
    "edge_long_mm": "the same above 0.8 mm",
    "added_share": "ink beyond the tolerance where the specimen has none, by the specimen's ink",
    "added_worst_mm2": "the most of it in one window of 2 mm",
    "missing_share": "specimen's ink that is not there, by the specimen's ink",
    "missing_worst_mm2": "the most of it in one window of 2 mm, by how well inked its surroundings are",
    "changed_worst_mm2": "geometric mean of added and missing in the worst window: a replaced glyph has both",
    "stroke_added": "most ink added in one window of 1 mm that the unit's own fit does not explain, share of solid ink",
    "stroke_missing": "most ink missing in such a window, where its surroundings are inked",
    "stroke_changed": "geometric mean of both in the worst window",
    "stroke_usual": "upper quartile of both together over the seal: what is usual on this print",
    "window_worst": "how unlike both inks are in the worst window of a digit's size (1.3 mm), 0 alike to 2 opposite",
    "window_high": "the 98th percentile of it",
    "window_usual": "the median of it: what is usual on this print",
    "window_ratio": "window_worst by window_high",
    "glyph_worst": "1 − correlation of the glyph that is least like the specimen's, a shift of 0.1 mm allowed",
    "glyph_outlier": "the same by the median of all glyphs: a replaced digit stands out from its neighbours",
    "glyph_second": "the same by the third worst glyph",
    "replaced_worst": "logit of a small network for a glyph replaced in the worst place",
    "replaced_third": "the same in the third worst place: what is usual on this print",
    "scale": "size of the questioned imprint by the specimen's, when both scales are known",
    "anisotropy": "larger by smaller stretch, minus 1",
    "texture": "correlation of the mottle inside strokes: near 1 in a reused picture",
    "mottle": "how much mottle the specimen shows",
    "inked": "all ink on the seal's ground by the specimen's: what is left of it, wherever it lies",
    "overlap": "share of the specimen's ink on ground that is known on both sides",
    "units": "how many units were measured",
    "glyphs": "how many of them are glyphs",
    "noise": "standard deviation of density on bare paper",
    "blur_mm": "width of the questioned edges as the standard deviation of a Gaussian, mm",
    "blur_fit_mm": "blur of the questioned imprint beyond the specimen's, mm (negative: sharper)",
    "dpi": "resolution of the questioned capture in the specimen's scale",
    "reference_dpi": "resolution of the specimen",
    "size_mm": "longer side of the specimen's design",
    "scale_known": "1 when both scales are known, 0.5 when only the specimen's is, else 0",
    "coloured": "1 when ink and text were told apart by colour on both sides",
    "specimens": "how many specimens the reference was made of",
    "edge_fine_excess": "log of edge_fine_mm by what each specimen shows against the others; with three specimens or more",
    "edge_middle_excess": "the same of edge_middle_mm",
    "edge_long_excess": "the same of edge_long_mm",
    "scatter_excess": "the same of scatter_mm",
    "scatter_high_excess": "the same of scatter_high_mm",
    "gain_scatter_excess": "the same of gain_scatter_mm",
    "ncc_edge_excess": "the same of what ncc_edge lacks of 1",
}


def against(ink: Ink, reference: Prepared) -> Against:
    """Align and measure one lifted imprint against one prepared specimen."""
    questioned = alignment.frame(ink)
    # A crop as large as a page was reduced to fit the frame: its scale there is another.
    both = questioned.scale_known and reference.frame.scale_known
    pose = alignment.align(reference.searchable, questioned, scale_known=both)
    shape = reference.frame.density.shape
    seen = (~questioned.unknown).astype(np.float32)
    known = (pose.bring(seen, shape) > 0.97) & ~reference.frame.unknown
    raw = pose.bring(questioned.density, shape)
    template = np.asarray(cv2.GaussianBlur(reference.template, (0, 0), SOFT_MM * FINE), np.float32)
    soft = np.asarray(cv2.GaussianBlur(raw, (0, 0), SOFT_MM * FINE), np.float32)
    strength = _strength(template, soft, known)
    even = np.clip(soft / np.maximum(strength, 0.3), 0.0, 1.3).astype(np.float32)
    expected, even, spread_mm, blur = _same_look(template, even, known & reference.ground)
    ground = known & reference.ground
    added, missing, amounts = _added_and_missing(expected, even, strength, ground)
    places = replaced.find(expected, even, ground, replaced.network())
    readings = unit.read(reference.units, expected, reference.rounded, even, known, noise=0.05)
    ink_ground = reference.template > 0.5
    measures: Measures = {
        "ncc": _correlation(expected, even, ground),
        "ncc_edge": _correlation(expected, even, ground & _edges(expected)),
        "ncc_coarse": pose.ncc,
        "gain_mm": spread_mm,
        "blur_fit_mm": blur,
        "blur_mm": _edge_width_mm(questioned.density) * (1.0 if both else 1.0 / pose.scale),
        **amounts,
        **_of_units(readings),
        **_edge_offsets(expected, readings.residual, strength),
        **_strange_strokes(expected, readings.residual, strength),
        **_strange_windows(expected, even, ground),
        **replaced.measures(places),
        **_strange_glyphs(reference.units, expected, even, known),
        "scale": pose.scale if both else None,
        "anisotropy": pose.anisotropy,
        "inked": float(min(soft[ground].sum() / max(float(template[ground].sum()), 1.0), 1.5)) if ground.any() else 0.0,
        "overlap": float((ink_ground & known).sum() / max(ink_ground.sum(), 1)),
        "units": float(len(readings)),
        "glyphs": float(readings.glyph.sum()),
        "noise": ink.quality.noise,
        "dpi": questioned.dpi * (1.0 if both else pose.scale),
        "reference_dpi": reference.frame.dpi,
        "size_mm": _size_mm(reference.template),
        "scale_known": 1.0 if both else 0.5 if reference.frame.scale_known else 0.0,
        "coloured": float(ink.colour is not None and reference.ink.colour is not None),
        "specimens": 1.0,
    }
    chance = coincidence(reference.frame.density, raw, ground)
    measures["texture"], measures["mottle"] = chance.texture, chance.mottle
    pictures = Pictures(expected, even, known, added, missing)
    return Against(pose, measures, readings, pictures, quality(measures), questioned, reference.frame, places)


def _strength(template: Map, soft: Map, known: Mask) -> Map:
    """The local strength of the questioned ink: 1 where it is as solid as the specimen's template."""
    weight = known.astype(np.float32) * template
    sigma = LOCAL_MM * FINE

    # Smooth and slow: a quarter of the resolution suffices.
    def wide(m: Map) -> Map:
        small = cv2.resize(m, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.GaussianBlur(small, (0, 0), sigma / 4), np.float32)

    top, bottom = wide(weight * soft), wide(weight * template)
    overall = float(top.sum() / max(float(bottom.sum()), 1e-6))
    ratio = (top + 0.02 * overall) / (bottom + 0.02)
    full = cv2.resize(ratio, (template.shape[1], template.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(full, 0.0, 1.3), np.float32)


def _same_look(template: Map, even: Map, where: Mask) -> tuple[Map, Map, float, float]:
    """Spread and blur of the questioned print, told from the whole and given to the template (or, if it is the
    sharper one, taken from it): (expected, questioned, spread in mm, blur in mm, negative: sharper)."""
    expected, spread, variance = template, 0.0, 0.0
    even_now = even
    for _ in range(2):
        gy, gx = np.gradient(expected)
        edge = np.hypot(gx, gy)
        use = where & (edge > 0.03)
        if use.sum() < 200:
            break
        pick = np.flatnonzero(use)[:: max(1, int(use.sum() // 20000))]
        laplacian = cv2.Laplacian(expected, cv2.CV_32F)
        columns = [m.reshape(-1)[pick].astype(np.float64) for m in (expected, edge, laplacian)]
        design = np.stack([*columns, np.ones(len(pick))])
        value = even_now.reshape(-1)[pick].astype(np.float64)
        weight = np.ones(len(pick))
        solution = np.zeros(4)
        for _ in range(3):
            normal = (design * weight) @ design.T + 1e-3 * np.eye(4)
            solution = np.linalg.solve(normal, (design * weight) @ value)
            left = value - solution @ design
            weight = 1.0 / (1.0 + (left / 0.15) ** 2)
        contrast = max(float(solution[0]), 0.3)
        step = float(np.clip(solution[1] / contrast / FINE, -0.12, 0.12))
        blur = float(np.clip(2.0 * solution[2] / contrast, -1.5, 4.0))
        spread, variance = spread + step, variance + blur
        expected = _spread(template, spread)
        even_now = even
        if variance > 0.05:
            expected = np.asarray(cv2.GaussianBlur(expected, (0, 0), math.sqrt(variance)), np.float32)
        elif variance < -0.05:
            even_now = np.asarray(cv2.GaussianBlur(even, (0, 0), math.sqrt(-variance)), np.float32)
    blur_mm = math.copysign(math.sqrt(abs(variance)), variance) / FINE
    return expected, even_now, spread, blur_mm


def _spread(template: Map, amount_mm: float) -> Map:
    """The template with its edges moved outwards: first order in the amount, kept within 0 and 1."""
    gy, gx = np.gradient(template)
    return np.asarray(np.clip(template + amount_mm * FINE * np.hypot(gx, gy), 0.0, 1.0), np.float32)


def _edges(expected: Map) -> Mask:
    ink = (expected > 0.5).astype(np.uint8)
    size = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    return np.asarray((cv2.dilate(ink, size) > 0) & (cv2.erode(ink, size) == 0))


def _correlation(a: Map, b: Map, where: Mask) -> float | None:
    if where.sum() < 200:
        return None
    x, y = a[where].astype(np.float64), b[where].astype(np.float64)
    x, y = x - x.mean(), y - y.mean()
    return float((x @ y) / max(math.sqrt((x @ x) * (y @ y)), 1e-9))


def _added_and_missing(expected: Map, even: Map, strength: Map, ground: Mask) -> tuple[Map, Map, Measures]:
    """Ink where the specimen has none within the tolerance, and the reverse."""
    reach = round(TOLERANCE_MM * FINE)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    near_reference, near_questioned = cv2.dilate(expected, disc), cv2.dilate(even, disc)
    usable = ground.astype(np.float32)
    added = np.clip((even - near_reference - 0.25) / 0.4, 0.0, 1.0) * usable
    missing = np.clip((expected - near_questioned - 0.25) / 0.4, 0.0, 1.0) * usable
    # Around a well-inked place a lost stroke needs an explanation, in a starved patch it does not.
    present = np.minimum(even * np.minimum(strength, 1.0), expected) * usable
    wide = round(3 * WINDOW_MM * FINE) | 1
    inked = _mean(present, wide) / np.maximum(_mean(expected * usable, wide), 0.02)
    trusted = np.clip((inked - 0.45) / 0.35, 0.0, 1.0)
    window = round(WINDOW_MM * FINE) | 1
    area = window**2 / FINE**2
    added_here, missing_here = _mean(added, window) * area, _mean(missing, window) * area * trusted
    total = max(float((expected * usable).sum()), 1.0)
    amounts: Measures = {
        "added_share": float(added.sum() / total),
        "added_worst_mm2": float((added_here * np.minimum(strength + 0.2, 1.0)).max()),
        "missing_share": float(missing.sum() / total),
        "missing_worst_mm2": float(missing_here.max()),
        "changed_worst_mm2": float(np.sqrt(added_here * missing_here).max()),
    }
    return np.asarray(added, np.float32), np.asarray(missing, np.float32), amounts


def _mean(m: Map, window: int) -> Map:
    return np.asarray(cv2.blur(m, (window, window)), np.float32)


def _of_units(readings: unit.Readings) -> Measures:
    names = (
        "field", "jitter_mm", "scatter_mm", "scatter_high_mm", "unit_ncc_low", "unit_ncc_worst", "gain_scatter_mm",
        "rounding", "stretch_scatter", "turn_field", "turn_scatter",
    )  # fmt: skip
    nothing: Measures = dict.fromkeys(names)
    if len(readings) < 4:
        return nothing
    inked, trusted = readings.contrast > 0.35, unit.trusted(readings)
    found = unit.field_evidence(readings, trusted)
    weights = readings.ink_mm2 * readings.seen
    order = np.argsort(readings.ncc, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    nothing["unit_ncc_low"] = float(readings.ncc[order][np.searchsorted(share, 0.1)])
    well = readings.ncc[inked & (readings.seen > 0.75)]
    nothing["unit_ncc_worst"] = float(well.min()) if well.size else None
    if found is None:
        return nothing
    chosen = np.flatnonzero(trusted)
    precision = 1.0 / (readings.rounding_sd[chosen] ** 2 + 0.1)
    gain_precision = 1.0 / (readings.gain_sd[chosen] ** 2 + 0.01**2)
    gain = readings.gain[chosen]
    mean_gain = float(np.average(gain, weights=gain_precision))
    turning = unit.turning_evidence(readings, trusted)
    return {
        **nothing,
        "turn_field": None if turning is None else turning[0],
        "turn_scatter": None if turning is None else turning[1],
        "field": found.log10_bayes,
        "jitter_mm": found.jitter_mm,
        "scatter_mm": found.scatter_mm,
        "scatter_high_mm": found.scatter_high_mm,
        "gain_scatter_mm": float(np.sqrt(np.average((gain - mean_gain) ** 2, weights=gain_precision))),
        "rounding": float(np.average(readings.rounding[chosen], weights=precision)),
        "stretch_scatter": float(np.median(np.abs(readings.stretch[chosen]))),
    }


def _edge_offsets(expected: Map, residual: Map, strength: Map) -> Measures:
    """rms offsets of the questioned edge along the contours, in three bands of wavelength, mm.

    The residual after each unit's own fit, divided by the slope of the edge, is the offset; averages along
    the contour at three widths tell the bands apart.
    """
    gy, gx = np.gradient(expected)
    edge = np.hypot(gx, gy) * FINE
    measured = ((residual != 0) & (strength > 0.5) & (edge > 0.8)).astype(np.float32)
    top, bottom = residual * edge * measured, edge * edge * measured
    levels = []
    for sigma in (0.08, 0.2, 0.5):
        t, b = (cv2.GaussianBlur(m, (0, 0), sigma * FINE) for m in (top, bottom))
        levels.append(t / np.maximum(b, 1e-3))
    where = measured > 0
    names = ("edge_fine_mm", "edge_middle_mm", "edge_long_mm")
    if where.sum() < 400:
        return dict.fromkeys(names)
    bands = (levels[0] - levels[1], levels[1] - levels[2], levels[2])
    return {n: float(np.sqrt(np.mean(np.clip(b[where], -0.2, 0.2) ** 2))) for n, b in zip(names, bands, strict=True)}


STROKE_MM = 0.42  # standard deviation of the window that looks for one changed stroke of a digit


def _strange_strokes(expected: Map, residual: Map, strength: Map) -> Measures:
    """Strokes that each unit's own fit (shift, turn, weight) does not explain, in windows smaller than a digit.

    Differences below 0.28 of solid ink are edges and mottle. Missing ink counts by how well inked the surroundings are.
    """
    measured = residual != 0
    names = ("stroke_added", "stroke_missing", "stroke_changed", "stroke_usual")
    if measured.sum() < 400:
        return dict.fromkeys(names)
    sigma = STROKE_MM * FINE
    extra = np.clip((residual - 0.28) / 0.5, 0.0, 1.0)
    lost = np.clip((-residual - 0.28) / 0.5, 0.0, 1.0) * np.clip((strength - 0.4) / 0.4, 0.0, 1.0)
    # What is usual on this print is told by its own middle, so that mottle everywhere accuses no single digit.
    added = np.asarray(cv2.GaussianBlur(extra, (0, 0), sigma))
    missing = np.asarray(cv2.GaussianBlur(lost, (0, 0), sigma))
    inside = measured & (cv2.GaussianBlur(expected, (0, 0), sigma) > 0.08)
    if inside.sum() < 400:
        return dict.fromkeys(names)
    both = np.sqrt(added * missing)
    return {
        "stroke_added": float(added[inside].max()),
        "stroke_missing": float(missing[inside].max()),
        "stroke_changed": float(both[inside].max()),
        "stroke_usual": float(np.percentile((added + missing)[inside], 75)),
    }


DIGIT_MM = 1.3


def _strange_windows(expected: Map, even: Map, ground: Mask) -> Measures:
    """How unlike the two inks are in the worst window of a digit's size, 0 alike to 2 opposite.

    The window may shift by 0.1 mm, so that a moved glyph is not taken for a replaced one. A window that has
    lost most of its ink says little: pale is not changed.
    """
    names = ("window_worst", "window_usual", "window_high", "window_ratio")
    side = round(DIGIT_MM * FINE) | 1
    weight = ground.astype(np.float32)
    seen = _mean(weight, side)
    whole = np.maximum(seen, 1e-3)

    def mean(m: Map) -> Map:
        return np.asarray(_mean(m * weight, side) / whole, np.float32)

    e_mean, q_mean = mean(expected), mean(even)
    contrast = mean(expected**2) - e_mean**2 + mean(even**2) - q_mean**2
    least = np.full(expected.shape, np.inf, np.float32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            moved = np.roll(expected, (dy, dx), (0, 1))
            least = np.minimum(least, mean((moved - even) ** 2))
    unlike = least / (contrast + 0.05)
    present = np.clip((q_mean / np.maximum(e_mean, 0.02) - 0.45) / 0.35, 0.0, 1.0)
    # Solid ink has mottle and no strokes; only windows that hold edges can show a changed one.
    inside = (seen > 0.85) & (e_mean > 0.06) & (e_mean < 0.75) & (contrast > 0.06)
    if inside.sum() < 200:
        return dict.fromkeys(names)
    told = (unlike * present)[inside]
    high = np.percentile(told, (50, 98))
    worst = float(told.max())
    return {
        "window_worst": worst,
        "window_usual": float(high[0]),
        "window_high": float(high[1]),
        "window_ratio": worst / (float(high[1]) + 0.03),
    }


def _strange_glyphs(units: tuple[unit.Unit, ...], expected: Map, even: Map, known: Mask) -> Measures:
    """The glyph that is least like the specimen's, beside what is usual among the glyphs of the same print.

    A glyph may shift by 0.1 mm each way, no more is given to it. Unlikeness is 1 − correlation over its band.
    A replaced digit stands out from its neighbours; a poor print makes all of them poor alike. Glyphs that
    lost most of their ink are left out.
    """
    ratios: list[float] = []
    for one in units:
        if not one.glyph:
            continue
        seen = known[one.rows, one.cols]
        if seen.mean() < 0.8 or seen.sum() < 40:
            continue
        rows, cols = one.rows[seen], one.cols[seen]
        e = expected[rows, cols].astype(np.float64)
        e -= e.mean()
        spread = math.sqrt(float(e @ e))
        best, present = -1.0, 0.0
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                q = even[np.clip(rows + dy, 0, even.shape[0] - 1), np.clip(cols + dx, 0, even.shape[1] - 1)].astype(
                    np.float64
                )
                present = max(present, float(q.sum()))
                q -= q.mean()
                best = max(best, float(e @ q) / max(spread * math.sqrt(float(q @ q)), 1e-9))
        if present > 0.5 * float(expected[rows, cols].sum()):
            ratios.append(1.0 - best)
    if len(ratios) < 4:
        return {"glyph_worst": max(ratios) if ratios else None, "glyph_outlier": None, "glyph_second": None}
    unlike = np.sort(np.array(ratios))
    usual = float(np.median(unlike)) + 0.01
    return {
        "glyph_worst": float(unlike[-1]),
        "glyph_outlier": float(unlike[-1]) / usual,
        "glyph_second": float(unlike[-1]) / (float(unlike[-3]) + 0.01),
    }


def _edge_width_mm(density: Map) -> float:
    """Standard deviation of the blur of the steepest tenth of the edges, told without the specimen."""
    gy, gx = np.gradient(density)
    steep = np.hypot(gx, gy)[(density > 0.3) & (density < 0.7)]
    if steep.size < 50:
        return 1.0
    # A step of height 1 blurred by s has the greatest slope 1 / (s √(2π)).
    return float(1.0 / (max(float(np.percentile(steep, 90)), 1e-3) * math.sqrt(2 * math.pi)) / FINE)


def _size_mm(template: Map) -> float:
    ys, xs = np.nonzero(template > 0.5)
    return float(max(np.ptp(xs), np.ptp(ys)) / FINE) if len(xs) else 0.0


# ── quality ────────────────────────────────────────────────────────────────────────────────────────────


def quality(m: Measures) -> Quality:
    """Whether anything may be concluded at all; the calibration's own range comes after it."""
    reasons = []
    if (m["overlap"] or 0.0) < 0.45:
        reasons.append("too-much-covered")
    if (m["inked"] or 0.0) < 0.25:
        reasons.append("too-little-ink")
    if (m["units"] or 0.0) < 4:
        reasons.append("too-few-strokes")
    if (m["dpi"] or 0.0) < 90:
        reasons.append("too-coarse")
    if (m["blur_mm"] or 0.0) > 0.3:
        reasons.append("too-blurred")
    return Quality(sufficient=not reasons, reasons=tuple(reasons))

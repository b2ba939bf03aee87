"""Fits a calibration of the comparison of imprints to rows of measures (see comparison.py, which makes them)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from verify.imprints.evidence import Alternative
from verify.imprints.likelihood import (
    LN10,
    MIXED,
    REGIMES,
    Calibration,
    Expectation,
    Fit,
    Part,
    Range,
    Regime,
    ReuseFit,
    Term,
    bounds,
    covariate,
    covariate_row,
    ramps,
    told,
)
from verify.simulation.forgeries import ALTERNATIVE, Mechanism

Row = dict[str, Any]
Array = NDArray[np.float64]
Scores = dict[tuple[Regime, Alternative], list[tuple[Row, float]]]

COVARIATES = ("noise", "inked", "blur_mm", "dpi", "overlap", "glyphs", "coloured", "scale_known")
# Measures with a heavy tail enter by their logarithm, this much added.
LOGARITHM: dict[str, float] = {
    "1-ncc": 0.005, "1-ncc_edge": 0.01, "1-ncc_coarse": 0.01, "1-unit_ncc_low": 0.01, "1-unit_ncc_worst": 0.02,
    "jitter_mm": 0.0005, "scatter_mm": 0.004, "scatter_high_mm": 0.01, "gain_scatter_mm": 0.004, "stretch_scatter": 0.001, "turn_scatter": 0.0001,
    "edge_fine_mm": 0.001, "edge_middle_mm": 0.001, "edge_long_mm": 0.001, "added_share": 0.003, "added_worst_mm2": 0.04,
    "missing_share": 0.003, "missing_worst_mm2": 0.04, "changed_worst_mm2": 0.02, "anisotropy": 0.002, "stroke_added": 0.02,
    "stroke_missing": 0.03, "stroke_changed": 0.01, "window_worst": 0.05, "window_high": 0.02, "window_usual": 0.01,
    "window_ratio": 0.2, "glyph_worst": 0.01, "glyph_outlier": 0.2, "glyph_second": 0.2,
}  # fmt: skip
KNOTS = (-10.0, -6.0, -3.5, -2.0, -1.0, 0.0, 1.0)
# Which way a measure speaks for the registered seal: more of it (1), less of it (-1), or near what is usual (both).
SIGNS: dict[str, tuple[int, ...]] = {"field": (1,), "turn_field": (1,), "rounding": (-1, 1), "replaced_third": (-1, 1)}

_COINCIDENCE = ("1-ncc", "1-ncc_edge", "1-unit_ncc_low", "window_high", "stroke_added", "changed_worst_mm2")
_PLACED = ("field", "jitter_mm", "scatter_mm", "scatter_high_mm", "turn_field", "turn_scatter")
_CUT = ("gain_scatter_mm", "rounding", "1-ncc_edge")
_EDGES = ("edge_fine_mm", "edge_middle_mm", "edge_long_mm")
_REPLACED = (
    "replaced_worst", "replaced_third", "glyph_worst", "glyph_outlier", "glyph_second", "stroke_added", "stroke_changed",
    "window_worst", "window_high", "changed_worst_mm2", "1-unit_ncc_worst",
)  # fmt: skip
# What each mechanism may betray itself by: few measures with a reason, for with some hundred seals more of them fit noise.
FINE: dict[Mechanism, tuple[str, ...]] = {
    "another-seal": (*_COINCIDENCE, "glyph_worst", "jitter_mm"),
    "digit-changed": _REPLACED,
    "other-font": (*_COINCIDENCE, *_PLACED, "gain_scatter_mm", "glyph_worst"),
    "re-set": (*_COINCIDENCE, *_PLACED, "stretch_scatter"),
    "copy-engraved": (*_PLACED, *_CUT, "stretch_scatter"),
    "near-copy": (*_PLACED, *_CUT, "edge_middle_mm", "edge_long_mm", "stretch_scatter"),
    "optical-copy": (*_EDGES, *_CUT, "scatter_mm", "1-unit_ncc_low"),
}
_EXCESS = ("edge_fine_excess", "edge_middle_excess", "edge_long_excess", "gain_scatter_excess", "ncc_edge_excess")
SEVERAL: dict[Mechanism, tuple[str, ...]] = {
    **FINE,
    "copy-engraved": (*FINE["copy-engraved"], "scatter_excess", "gain_scatter_excess"),
    "near-copy": (*FINE["near-copy"], "scatter_excess", "scatter_high_excess", *_EXCESS[1:]),
    "optical-copy": (*FINE["optical-copy"], "scatter_excess", *_EXCESS),
}
_COARSE = ("1-ncc_coarse", "1-ncc", "added_share", "missing_share", "1-unit_ncc_low")
COARSE: dict[Mechanism, tuple[str, ...]] = dict.fromkeys(FINE, _COARSE)
USED: dict[Regime, dict[Mechanism, tuple[str, ...]]] = {
    "sharp-several": SEVERAL, "plain-several": SEVERAL, "sharp": FINE, "plain": FINE, "coarse": COARSE,
}  # fmt: skip


def _ranges(
    *,
    specimens: float,
    scale: float,
    coloured: float,
    dpi: float,
    blur: float,
    inked: float,
    overlap: float,
    glyphs: float,
) -> tuple[Range, ...]:
    return (
        Range(measure="specimens", low=specimens, high=1000.0),
        # The specimen's scale is needed, everything is read in its millimetres; the questioned imprint's own is not.
        Range(measure="scale_known", low=scale, high=1.0),
        Range(measure="coloured", low=coloured, high=1.0),
        Range(measure="dpi", low=dpi, high=1300.0),
        Range(measure="reference_dpi", low=280.0, high=1300.0),
        Range(measure="size_mm", low=9.0, high=66.0),
        Range(measure="blur_mm", low=0.0, high=blur),
        Range(measure="inked", low=inked, high=1.5),
        Range(measure="overlap", low=overlap, high=1.0),
        Range(measure="units", low=6.0, high=400.0),
        Range(measure="glyphs", low=glyphs, high=400.0),
        # No genuine print was ever fitted like this: such an alignment is a failure, of a smeared print (five of 175
        # real ones) or of another design, and its fine measures mean nothing.
        Range(measure="scale", low=0.92, high=1.08, optional=True),
        Range(measure="anisotropy", low=0.0, high=0.08),
    )


_SHARP = {"scale": 1.0, "coloured": 1.0, "dpi": 280.0, "blur": 0.12, "inked": 0.65, "overlap": 0.68, "glyphs": 8.0}
_PLAIN = {"scale": 0.5, "coloured": 0.0, "dpi": 145.0, "blur": 0.17, "inked": 0.35, "overlap": 0.55, "glyphs": 0.0}
RANGES: dict[Regime, tuple[Range, ...]] = {
    "sharp-several": _ranges(specimens=3.0, **_SHARP),
    "plain-several": _ranges(specimens=3.0, **_PLAIN),
    "sharp": _ranges(specimens=1.0, **_SHARP),
    "plain": _ranges(specimens=1.0, **_PLAIN),
    "coarse": (Range(measure="dpi", low=90.0, high=2500.0), Range(measure="units", low=4.0, high=400.0)),
}
# A finer regime's captures train the wider one as well, so that it has more seals; they are not asked of it.
FINER: dict[Regime, Regime] = {"plain-several": "sharp-several", "plain": "sharp"}
# Without scale, colour or resolution a comparison may hint, never decide: no real data supports more.
COARSE_LIMIT = 1.0
PENALTY = 0.5
BOOTSTRAPS = 40
FOLDS = 8
DIGIT_SHARE = 0.01


def share(mechanism: str) -> float:
    """How likely a mechanism is within its alternative, stated beforehand: of other seals, one in a hundred differs from the
    registered one in a single digit or glyph; the other mechanisms are equally likely."""
    if mechanism in ("another-seal", "digit-changed"):
        return DIGIT_SHARE if mechanism == "digit-changed" else 1.0 - DIGIT_SHARE
    return 1.0 / len(mechanisms(ALTERNATIVE[cast(Mechanism, mechanism)]))


def mechanisms(alternative: Alternative) -> tuple[Mechanism, ...]:
    return tuple(m for m, a in ALTERNATIVE.items() if a == alternative)


def fit(rows: Sequence[Row], *, name: str) -> tuple[Calibration, Scores]:
    """The calibration, and every fitted row's cross-validated log10 LR, before limits.

    A row: `seal`, `kind`, `alternative`, `measures`, `sufficient` (see comparison.py). Regimes without rows are left out.
    """
    used = {regime: [r for r in rows if r["sufficient"] and _inside(r, regime)] for regime in REGIMES}
    present = tuple(g for g in REGIMES if len({r["seal"] for r in used[g]}) >= 2 * FOLDS)
    genuine = [r for g in present if g != "coarse" for r in _of(used[g], "genuine")]
    raw = np.array([[covariate(r["measures"], c) for c in COVARIATES] for r in genuine])
    means, spreads = tuple(map(float, raw.mean(axis=0))), tuple(map(float, raw.std(axis=0) + 1e-6))
    expectations = {
        g: tuple(_expect(m, _of(used[g], "genuine"), means, spreads) for m in _all_used(g)) for g in present
    }
    bare = Calibration(
        name=name, basis="simulated", seals=len({r["seal"] for r in rows}), pairs=len(rows), covariates=COVARIATES,
        covariate_means=means, covariate_spreads=spreads, expectations=expectations, fits=(),
        ranges={g: RANGES[g] for g in present},
    )  # fmt: skip
    fits, scores = [], {}
    for regime in present:
        for alternative in MIXED:
            chosen = [r for r in used[regime] if r["alternative"] in ("genuine", alternative)]
            one, crossed = _fit_one(bare, regime, alternative, chosen)
            fits.append(one)
            scores[regime, alternative] = list(zip(chosen, crossed, strict=True))
    return bare.model_copy(update={"fits": tuple(fits)}), scores


def _all_used(regime: Regime) -> list[str]:
    return sorted({m for measures in USED[regime].values() for m in measures})


def _of(rows: Sequence[Row], alternative: str) -> list[Row]:
    return [r for r in rows if r["alternative"] == alternative]


def _inside(row: Row, regime: Regime) -> bool:
    m = row["measures"]
    if regime == "coarse" and any(_inside(row, g) for g in REGIMES if g != "coarse"):
        return False
    if not regime.endswith("-several") and regime != "coarse" and m["specimens"] > 1:
        return False
    return all(r.holds(m.get(r.measure)) for r in RANGES[regime])


def _expect(name: str, genuine: Sequence[Row], means: tuple[float, ...], spreads: tuple[float, ...]) -> Expectation:
    """Ridge regression of the measure on the covariates, then of the log of what it leaves."""
    rows = [r for r in genuine if told(r["measures"], name) is not None]
    x = np.array([covariate_row(r["measures"], COVARIATES, means, spreads) for r in rows])
    y = np.array([cast(float, told(r["measures"], name)) for r in rows])
    logarithm = LOGARITHM.get(name)
    if logarithm is not None:
        y = np.log(np.maximum(y, 0.0) + logarithm)
    # Huber weights: a genuine pair whose registration failed must not set the scale.
    mean = _ridge(x, y, np.ones(len(y)))
    for _ in range(5):
        left = np.abs(y - x @ mean)
        mean = _ridge(x, y, 1.0 / np.maximum(1.0, left / (2.0 * np.median(left) + 1e-9)))
    left = np.abs(y - x @ mean)
    floor = 0.1 * float(np.median(left)) + 1e-6
    log_spread = _ridge(x, np.log(left + floor) + 0.5, np.ones(len(y)), strength=100.0)
    return Expectation(
        measure=name, logarithm=logarithm, mean=tuple(map(float, mean)), log_spread=tuple(map(float, log_spread))
    )


def _ridge(x: Array, y: Array, weight: Array, strength: float = 15.0) -> Array:
    penalty = np.eye(x.shape[1]) * strength
    penalty[0, 0] = 0.0
    return np.asarray(np.linalg.solve((x * weight[:, None]).T @ x + penalty, (x * weight[:, None]).T @ y))


# ── one alternative ────────────────────────────────────────────────────────────────────────────────────


def _terms(measures: Sequence[str]) -> tuple[Term, ...]:
    return tuple(Term(measure=m, sign=cast(Any, s), knots=KNOTS) for m in measures for s in SIGNS.get(m, (-1,)))


def _fit_one(bare: Calibration, regime: Regime, alternative: Alternative, rows: Sequence[Row]) -> tuple[Fit, Array]:
    """A regression a mechanism, their mixture stretched and shifted by its cross-validated scores; those scores, log10."""
    standard = [bare.standardised(r["measures"], regime) for r in rows]
    genuine = np.array([r["alternative"] == "genuine" for r in rows])
    kinds = np.array([r["kind"] for r in rows])
    seals = np.array([r["seal"] for r in rows])
    unique = np.unique(seals)
    rng = np.random.default_rng(7)
    draws = [np.bincount(rng.integers(0, len(unique), len(unique)), minlength=len(unique)) for _ in range(BOOTSTRAPS)]
    times = [draw[np.searchsorted(unique, seals)].astype(float) for draw in draws]
    parts, crossed = [], []
    for mechanism in mechanisms(alternative):
        terms = _terms(USED[regime][mechanism])
        design = np.array([ramps(terms, s) for s in standard])
        mine = genuine | (kinds == mechanism)
        own = np.zeros(len(rows))
        for fold in range(FOLDS):
            test = seals % FOLDS == fold
            train = mine & ~test
            own[test] = design[test] @ _logistic(design[train], genuine[train], _even(genuine[train]))
        weights = _logistic(design[mine], genuine[mine], _even(genuine[mine]))
        boot = [_logistic(design[mine], genuine[mine], _even(genuine[mine], t[mine])) for t in times]
        parts.append(
            Part(
                mechanism=mechanism, share=round(share(mechanism), 4), terms=terms, weights=_rounded(weights),
                bootstrap=tuple(_rounded(w) for w in boot),
            )
        )  # fmt: skip
        crossed.append(np.log(share(mechanism)) - own)
    mixed = -np.logaddexp.reduce(np.stack(crossed), axis=0)
    # The cross-validated scores tell how overconfident the fit is; slope and offset mend it. Only the captures that
    # the regime will be asked about have a say in that and in the limits.
    finer = FINER.get(regime)
    asked = np.array([finer is None or not _inside(r, finer) for r in rows])
    balance = _balance(genuine, kinds)
    slope, shift = _platt(mixed[asked], genuine[asked], balance[asked])
    scores = (slope * mixed + shift) / LN10
    mends = []
    for t in times:
        # The bootstrap's own stretch is that of the cross-validated scores, drawn by the same seals.
        a, b = _platt(mixed[asked], genuine[asked], (balance * t)[asked])
        mends.append((round(a, 4), round(b, 4)))
    routed = [r for r, a in zip(rows, asked, strict=True) if a]
    limits = _limits(routed, scores[asked])
    if regime == "coarse":
        limits = max(limits[0], -COARSE_LIMIT), min(limits[1], COARSE_LIMIT)
    made = Fit(
        against=alternative, regime=regime, parts=tuple(parts), slope=round(slope, 4), shift=round(shift, 4),
        mends=tuple(mends), limits=(round(limits[0], 2), round(limits[1], 2)), seals=len({r["seal"] for r in routed}),
    )  # fmt: skip
    return made, scores


def _rounded(weights: Array) -> tuple[float, ...]:
    return tuple(round(float(v), 4) for v in weights)


def _even(genuine: NDArray[np.bool_], times: Array | None = None) -> Array:
    """Both classes weigh the same; `times`: how often each row's seal was drawn."""
    weight = np.ones(len(genuine)) if times is None else times
    total = weight.sum()
    mine, theirs = max(weight[genuine].sum(), 1e-9), max(weight[~genuine].sum(), 1e-9)
    return np.asarray(np.where(genuine, weight * total / 2 / mine, weight * total / 2 / theirs))


def _balance(genuine: NDArray[np.bool_], kinds: NDArray[np.str_]) -> Array:
    """Both classes weigh the same, and within the alternative every mechanism by its share."""
    others = {str(k) for k in kinds[~genuine]}
    whole = sum(share(k) for k in others)
    weight = np.zeros(len(kinds))
    weight[genuine] = len(kinds) / 2 / max(genuine.sum(), 1)
    for kind in others:
        here = (kinds == kind) & ~genuine
        weight[here] = len(kinds) / 2 * share(kind) / whole / here.sum()
    return weight


def _logistic(x: Array, genuine: NDArray[np.bool_], weight: Array) -> Array:
    """Weights ≥ 0 but for the intercept: more coincidence never speaks against the seal."""
    y = np.where(genuine, 1.0, -1.0)

    def loss(w: Array) -> tuple[float, Array]:
        margin = y * (x @ w)
        value = float((weight * np.logaddexp(0.0, -margin)).sum() + 0.5 * PENALTY * (w[1:] ** 2).sum())
        slope = -weight * y / (1.0 + np.exp(np.clip(margin, -500, 500)))
        gradient = x.T @ slope
        gradient[1:] += PENALTY * w[1:]
        return value, gradient

    limits = [(None, None)] + [(0.0, None)] * (x.shape[1] - 1)
    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 400})
    return np.asarray(found.x)


def _platt(score: Array, genuine: NDArray[np.bool_], weight: Array) -> tuple[float, float]:
    y = np.where(genuine, 1.0, -1.0)

    def loss(p: Array) -> float:
        return float((weight * np.logaddexp(0.0, -y * (p[0] * score + p[1]))).sum())

    found = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.2, 1.0), (-3.0, 3.0)])
    return float(found.x[0]), float(found.x[1])


def _limits(rows: Sequence[Row], score: Array) -> tuple[float, float]:
    """Limits as the likelihood module defines them: a seal counts once a class, a mechanism by its share."""
    genuine = np.array([r["alternative"] == "genuine" for r in rows])
    kinds = [r["kind"] for r in rows]
    seals = [r["seal"] for r in rows]
    count: Mapping[tuple[int, bool, str], int] = _counted(rows, genuine)
    weight = np.zeros(len(rows))
    for i, (s, g, k) in enumerate(zip(seals, genuine, kinds, strict=True)):
        # One pair a seal and mechanism, however many were drawn; of the mechanisms by their shares.
        weight[i] = 1.0 / count[s, bool(g), "" if g else k] * (1.0 if g else share(k))
    numbers = tuple(len({s for s, g in zip(seals, genuine, strict=True) if g == side}) for side in (True, False))
    return bounds(
        score[genuine], score[~genuine], seals=(numbers[0], numbers[1]), weights=(weight[genuine], weight[~genuine])
    )


def _counted(rows: Sequence[Row], genuine: NDArray[np.bool_]) -> dict[tuple[int, bool, str], int]:
    found: dict[tuple[int, bool, str], int] = {}
    for row, g in zip(rows, genuine, strict=True):
        key = row["seal"], bool(g), "" if g else row["kind"]
        found[key] = found.get(key, 0) + 1
    return found


def fit_reuse(rows: Sequence[Row]) -> ReuseFit | None:
    chosen = [r for r in rows if r["alternative"] in ("genuine", "reused") and r["measures"]["texture"] is not None]
    chosen = [r for r in chosen if (r["measures"]["edge_fine_mm"] or 0) > 0]
    if len(_of(chosen, "reused")) < 30:
        return None
    terms = (
        Term(measure="texture", sign=1, knots=(0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9)),
        Term(measure="edge_fine_mm", sign=-1, knots=(-0.03, -0.02, -0.014, -0.01, -0.007, -0.004)),
        Term(measure="1-unit_ncc_low", sign=-1, knots=(-0.2, -0.1, -0.05, -0.03, -0.015, -0.005)),
        Term(measure="1-ncc_edge", sign=-1, knots=(-0.2, -0.1, -0.05, -0.03, -0.015, -0.007, -0.003)),
        Term(measure="scatter_mm", sign=-1, knots=(-0.06, -0.03, -0.02, -0.014, -0.01, -0.006)),
    )
    design = np.array(
        [ramps(terms, {t.measure: float(told(r["measures"], t.measure) or 0) for t in terms}) for r in chosen]
    )
    same = np.array([r["alternative"] == "reused" for r in chosen])
    weight = np.where(same, 0.5 / same.mean(), 0.5 / (1 - same.mean()))
    seals = np.array([r["seal"] for r in chosen])
    crossed = np.zeros(len(chosen))
    for fold in range(FOLDS):
        test = seals % FOLDS == fold
        crossed[test] = design[test] @ _logistic(design[~test], same[~test], weight[~test])
    crossed /= LN10
    limits = bounds(crossed[same], crossed[~same])
    return ReuseFit(
        terms=terms, weights=tuple(round(float(v), 4) for v in _logistic(design, same, weight)),
        limits=(round(limits[0], 2), round(limits[1], 2)),
        # Only what no other print of a die reached, and at least a ratio of 50.
        threshold=round(max(1.7, float(np.sort(crossed[~same])[-1]) + 0.1), 2),
    )  # fmt: skip

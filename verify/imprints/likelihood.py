"""Likelihood ratios: what the measures weigh, against each named alternative, within limits.

A calibration is numbers fitted offline (models/training) and read here; the product itself needs nothing
but arithmetic. For every mechanism of forgery it holds a sum of monotone, saturating ramps over standardised
measures, fitted by logistic regression on equal classes, so the sum *is* the natural log of the likelihood
ratio against that mechanism. A measure is standardised by what genuine impressions of the same quality (noise,
inking, blur, resolution, number of units) show: a starved print is compared with starved prints.

An alternative is a mixture of mechanisms with shares stated beforehand: LR = 1 / Σ (share / LR of the mechanism),
then stretched and shifted by what cross-validation by seal shows of it. One regression for mechanisms that betray
themselves by different measures would let each hide behind the others' strengths.

Limits. A ratio may not claim more than the number of seals supports. With every seal of equal weight, let
`miss(t)` be the share of genuine pairs below t and `false(t)` the share of the others at or above it
(mechanisms by their stated shares), each with one more misleading seal added (the idea of ELUB, Vergeer et al. 2016). The largest t with
t ≤ (1 − miss(t)) / false(t) is the upper limit, and the mirror of it the lower one: with N seals and no
misleading pair, log10(N).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from verify.imprints.evidence import ALTERNATIVES, Alternative, Likelihood, Quality

_FROZEN = ConfigDict(frozen=True, extra="forbid")
Regime = Literal["sharp-several", "plain-several", "sharp", "plain", "coarse"]
"""Kinds of captures with a calibration of their own; `several`: three specimens or more, used together as images."""
REGIMES: tuple[Regime, ...] = ("sharp-several", "plain-several", "sharp", "plain", "coarse")
Values = Mapping[str, float | None]
LN10 = math.log(10)

# Weights of the mixture `combined`: the alternatives are equally likely beforehand.
MIXED: tuple[Alternative, ...] = ("another-seal", "remake", "near-copy")
SEVERAL = 3  # specimens from which they are used together as images


class Range(BaseModel):
    """The captures that a calibration holds for: lowest and highest value of a measure; `optional`: or none of it."""

    model_config = _FROZEN

    measure: str
    low: float
    high: float
    optional: bool = False

    def holds(self, value: float | None) -> bool:
        return self.optional if value is None else self.low <= value <= self.high


class Expectation(BaseModel):
    """What genuine impressions of a given quality show: mean and log of the spread, linear in the covariates."""

    model_config = _FROZEN

    measure: str
    logarithm: float | None
    """Offset added before taking the logarithm; None: the measure as it is."""
    mean: tuple[float, ...]
    log_spread: tuple[float, ...]

    def standardised(self, values: Values, covariates: NDArray[np.float64]) -> float:
        """(measure − mean) / spread; 0 (says nothing) where the measure could not be taken."""
        value = told(values, self.measure)
        if value is None or not math.isfinite(value):
            return 0.0
        if self.logarithm is not None:
            value = math.log(max(value, 0.0) + self.logarithm)
        mean = float(covariates @ np.asarray(self.mean))
        spread = math.exp(float(np.clip(covariates @ np.asarray(self.log_spread), -8.0, 8.0)))
        return (value - mean) / max(spread, 1e-6)


def told(values: Values, name: str) -> float | None:
    """A measure by name; `1-name` is what a correlation lacks of 1."""
    value = values.get(name.removeprefix("1-"))
    return None if value is None else 1.0 - value if name.startswith("1-") else value


class Term(BaseModel):
    """A monotone ramp function of one standardised measure: between knots it climbs by the weights (≥ 0).

    `sign` +1: more of it speaks for the registered seal; −1: against. At 0, the genuine mean, it need not be 0.
    """

    model_config = _FROZEN

    measure: str
    sign: Literal[-1, 1]
    knots: tuple[float, ...]


class Part(BaseModel):
    """The natural log of the likelihood ratio against one mechanism. `weights`: intercept, then every term's ramps in order.

    `share`: how likely the mechanism is within its alternative, stated beforehand. `bootstrap`: the weights fitted on
    resampled seals, for the 95 % interval.
    """

    model_config = _FROZEN

    mechanism: str
    share: float
    terms: tuple[Term, ...]
    weights: tuple[float, ...]
    bootstrap: tuple[tuple[float, ...], ...]


class Fit(BaseModel):
    """The log likelihood ratio against one alternative: slope · ln(1 / Σ share / LR) + shift over its parts.

    `mends`: (slope, shift) of every bootstrap, in the order of the parts' own. `limits`: log10; see the module's text.
    """

    model_config = _FROZEN

    against: Alternative
    regime: Regime
    parts: tuple[Part, ...]
    slope: float
    shift: float
    mends: tuple[tuple[float, float], ...]
    limits: tuple[float, float]
    seals: int

    def natural(self, standard: Mapping[str, float]) -> float:
        """ln LR of standardised measures, before the limits."""
        return self.slope * mixture(self.parts, [p.weights for p in self.parts], standard) + self.shift

    def resampled(self, standard: Mapping[str, float]) -> list[float]:
        """The same by every bootstrap."""
        return [
            slope * mixture(self.parts, [p.bootstrap[i] for p in self.parts], standard) + shift
            for i, (slope, shift) in enumerate(self.mends)
        ]


def mixture(parts: Sequence[Part], weights: Sequence[Sequence[float]], standard: Mapping[str, float]) -> float:
    """ln LR against a mixture of mechanisms: −ln Σ share · exp(−ln LR)."""
    logs = [
        math.log(part.share) - float(ramps(part.terms, standard) @ np.asarray(own))
        for part, own in zip(parts, weights, strict=True)
    ]
    return -float(np.logaddexp.reduce(logs))


class ReuseFit(BaseModel):
    """Logistic regression of a reused picture against another print of the same die."""

    model_config = _FROZEN

    terms: tuple[Term, ...]
    weights: tuple[float, ...]
    limits: tuple[float, float]
    threshold: float


class Calibration(BaseModel):
    """models/<name>/calibration.json: fitted numbers, the range they hold for, the number of seals."""

    model_config = _FROZEN

    schema_: Literal["sigillum/calibration/2"] = "sigillum/calibration/2"
    name: str
    basis: Literal["simulated", "real", "both"]
    seals: int
    pairs: int
    covariates: tuple[str, ...]
    covariate_means: tuple[float, ...]
    covariate_spreads: tuple[float, ...]
    expectations: dict[Regime, tuple[Expectation, ...]]
    fits: tuple[Fit, ...]
    ranges: dict[Regime, tuple[Range, ...]]
    reuse_fit: ReuseFit | None = None

    @property
    def reuse_threshold(self) -> float:
        """log10 LR from which a reused impression is said to be one."""
        return math.inf if self.reuse_fit is None else self.reuse_fit.threshold

    @property
    def several(self) -> bool:
        """Whether it holds for specimens used together."""
        return any(r.endswith("-several") for r in self.ranges)

    def regime(self, values: Values) -> tuple[Regime | None, str | None]:
        """The regime whose range holds the capture; else None and the code of what is outside."""
        reason: str | None = None  # of the last regime that could have held it: the widest
        order = [r for r in REGIMES if r in self.ranges or r == "coarse"]
        if (values.get("scale_known") or 0.0) == 0:
            order = ["coarse"]
        if (values.get("specimens") or 1.0) < SEVERAL:
            order = [r for r in order if not r.endswith("-several")]
        for regime in order:
            outside = self._outside(regime, values)
            if outside is None:
                return regime, None
            reason = reason if regime == "coarse" and reason else outside
        return None, reason

    def _outside(self, regime: Regime, values: Values) -> str | None:
        for r in self.ranges.get(regime, ()):
            if not r.holds(values.get(r.measure)):
                return f"outside-calibration-{r.measure.removesuffix('_mm').replace('_', '-')}"
        return None if regime in self.ranges else "no-calibration"

    def likelihoods(self, values: Values, *, sufficient: Quality) -> tuple[Likelihood, ...]:
        """An entry for every alternative, `combined` last; twins are never told apart."""
        regime, outside = self.regime(values)
        if not sufficient.sufficient:
            regime, outside = None, f"insufficient-{sufficient.reasons[0]}"
        found: dict[Alternative, Likelihood] = {}
        for alternative in ALTERNATIVES:
            if alternative == "twin":
                found[alternative] = self._null(alternative, "cannot-separate-twins")
            elif alternative == "combined":
                found[alternative] = self._combined(found, regime, outside)
            elif regime is None:
                found[alternative] = self._null(alternative, outside or "outside-calibration")
            else:
                found[alternative] = self._one(alternative, regime, values)
        return tuple(found[a] for a in ALTERNATIVES)

    def _null(self, against: Alternative, reason: str) -> Likelihood:
        return Likelihood(against=against, log10_lr=None, calibration=self.name, basis=self.basis, reason=reason)

    def _one(self, against: Alternative, regime: Regime, values: Values) -> Likelihood:
        fit = next((f for f in self.fits if f.against == against and f.regime == regime), None)
        if fit is None:
            return self._null(against, "no-calibration")
        standard = self.standardised(values, regime)
        low, high = fit.limits
        value = fit.natural(standard) / LN10
        spread = [v / LN10 for v in fit.resampled(standard)] or [value]
        interval = np.clip(np.percentile(spread, (2.5, 97.5)), low, high)
        return Likelihood(
            against=against,
            log10_lr=float(np.clip(value, low, high)),
            limits=fit.limits,
            interval95=(
                float(min(interval[0], np.clip(value, low, high))),
                float(max(interval[1], np.clip(value, low, high))),
            ),
            calibration=self.name,
            basis=self.basis,
            reason="coarse-measures-only" if regime == "coarse" else None,
        )

    def _combined(
        self, found: Mapping[Alternative, Likelihood], regime: Regime | None, outside: str | None
    ) -> Likelihood:
        parts = [found[a] for a in MIXED]
        told = [p for p in parts if p.log10_lr is not None and p.limits is not None and p.interval95 is not None]
        if len(told) < len(parts):
            return self._null("combined", outside or "no-calibration")

        def mixed(values: list[float]) -> float:
            return -math.log10(sum(10.0**-v for v in values) / len(values))

        return Likelihood(
            against="combined",
            log10_lr=mixed([p.log10_lr for p in told if p.log10_lr is not None]),
            limits=(mixed([p.limits[0] for p in told if p.limits]), mixed([p.limits[1] for p in told if p.limits])),
            interval95=(
                mixed([p.interval95[0] for p in told if p.interval95]),
                mixed([p.interval95[1] for p in told if p.interval95]),
            ),
            calibration=self.name,
            basis=self.basis,
            reason="coarse-measures-only" if regime == "coarse" else None,
        )

    def standardised(self, values: Values, regime: Regime) -> dict[str, float]:
        """Every expected measure, standardised for the capture's quality."""
        row = covariate_row(values, self.covariates, self.covariate_means, self.covariate_spreads)
        return {e.measure: e.standardised(values, row) for e in self.expectations[regime]}

    def reuse(self, values: Values) -> float | None:
        """log10 of P(measures | the same impression) / P(… | two prints of one die), as fitted: what the threshold decides on.
        None where the mottle or the edges cannot be read."""
        if self.reuse_fit is None:
            return None
        standard: dict[str, float] = {}
        for term in self.reuse_fit.terms:
            value = told(values, term.measure)
            if value is None:
                return None
            standard[term.measure] = value
        return float(ramps(self.reuse_fit.terms, standard) @ np.asarray(self.reuse_fit.weights)) / LN10

    def reuse_ratio(self, score: float) -> float:
        """The ratio that the seals behind the fit support."""
        return score if self.reuse_fit is None else float(np.clip(score, *self.reuse_fit.limits))


def covariate_row(
    values: Values, names: tuple[str, ...], means: tuple[float, ...], spreads: tuple[float, ...]
) -> NDArray[np.float64]:
    """1, then the standardised covariates, clipped to ±2: no extrapolation."""
    raw = np.array([covariate(values, n) for n in names])
    z = np.clip((raw - np.asarray(means)) / np.asarray(spreads), -2.0, 2.0)
    return np.concatenate([[1.0], z])


def covariate(values: Values, name: str) -> float:
    """A measure of quality as it enters the expectation; counts and resolutions by their logarithm."""
    value = values.get(name)
    number = 0.0 if value is None else float(value)
    if name == "glyphs":
        return math.log1p(number)
    return math.log(max(number, 1e-3)) if name in {"dpi", "reference_dpi", "size_mm", "noise"} else number


def ramps(terms: tuple[Term, ...], standard: Mapping[str, float]) -> NDArray[np.float64]:
    """1, then for every term a ramp from 0 to 1 (by its sign) between each two knots."""
    row = [1.0]
    for term in terms:
        x = term.sign * standard[term.measure]
        for a, b in zip(term.knots[:-1], term.knots[1:], strict=True):
            row.append(min(max((x - a) / (b - a), 0.0), 1.0))
    return np.asarray(row)


def bounds(
    genuine: NDArray[np.float64],
    others: NDArray[np.float64],
    *,
    seals: tuple[int, int] | None = None,
    weights: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> tuple[float, float]:
    """Lower and upper limit of log10 LR from the scores of both classes; see the module's text.

    `seals`: how many seals stand behind each class (else one a score); one misleading seal is added to each.
    `weights`: of the scores, so that a seal with more pairs counts once and mechanisms by their shares.
    """
    count = seals or (len(genuine), len(others))
    given = weights or (np.ones(len(genuine)), np.ones(len(others)))
    mine, theirs = given[0] / given[0].sum(), given[1] / given[1].sum()
    return (
        -_upper(-others, theirs, count[1], -genuine, mine, count[0]),
        _upper(genuine, mine, count[0], others, theirs, count[1]),
    )


def _upper(
    genuine: NDArray[np.float64], mine: NDArray[np.float64], seals: int,
    others: NDArray[np.float64], theirs: NDArray[np.float64], other_seals: int,
) -> float:  # fmt: skip
    best = 0.0
    for t in np.arange(0.0, 6.0, 0.01):
        miss = (float(mine[genuine < t].sum()) * seals + 1) / (seals + 1)
        false = (float(theirs[others >= t].sum()) * other_seals + 1) / (other_seals + 1)
        if t > math.log10(max((1 - miss) / false, 1e-9)):
            break
        best = float(t)
    return best


def load(path: Path) -> Calibration:
    """The calibration in a file `calibration.json`."""
    return Calibration.model_validate(json.loads(path.read_text(encoding="utf-8")))

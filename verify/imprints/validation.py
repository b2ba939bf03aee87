"""Error rates of the ratios on labelled pairs: what a laboratory measures on impressions of its own.

Terms. `same`: both impressions are of one die. `different`: they are not. A *null* is a pair without a ratio (poor
quality, outside the calibration, unreadable). A share of nulls is allowed; whatever lies beyond it counts as an error at
every threshold, so that a method cannot choose its pairs. With 1.0 allowed, nulls are left out.

EER     where as many same pairs lie below the threshold as different ones at or above it, linear between thresholds
Cllr    ½ (mean of log2(1 + 1/LR) over same + mean of log2(1 + LR) over different), in bits: 0 perfect, 1 says nothing
        (Brümmer & du Preez 2006). A null beyond the allowed share is a ratio of 1: it costs one bit
Cllr-min  the same after the best monotone recalibration of these very pairs (PAV); Cllr-cal = Cllr − Cllr-min
ECE     the same cost at any prior odds, in bits (Ramos & Gonzalez-Rodriguez 2013)

Intervals. Pairs of one seal are not independent, so seals are drawn with replacement, not pairs: a pair counts as often as
its reference seal was drawn, times as often as its questioned one where that is a seal of its own in the table (the vertex
bootstrap of Snijders & Borgatti 1999). A bootstrap of n seals whose lower end is 0 cannot exclude that none errs; the upper end
is then at least 1 − 0.05^(1/n), the "rule of three".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import isotonic_regression

from verify.core.errors import UsageError
from verify.imprints.evidence import Alternative

Array = NDArray[np.float64]
_FROZEN = ConfigDict(frozen=True, extra="forbid")

SAME = frozenset(
    {"same", "same-seal", "same-source", "genuine", "mated", "match", "1", "true", "yes", "相同", "同一", "真"}
)
DIFFERENT = frozenset(
    {
        "different", "different-seal", "different-source", "forged", "forgery", "non-mated", "non-match", "other", "0",
        "false", "no", "不同", "伪", "假",
    }
)  # fmt: skip
# What is made how: the alternative that a pair speaks about, where its label says so.
FORGED: Mapping[str, Alternative] = {
    "another-seal": "another-seal", "digit-changed": "another-seal",
    "remake": "remake", "other-font": "remake", "re-set": "remake", "copy-engraved": "remake",
    "near-copy": "near-copy", "optical-copy": "near-copy",
    "twin": "twin",
}  # fmt: skip
# Column of the scores → the alternative that its ratio is against.
COLUMNS: Mapping[str, Alternative] = {
    "log10_lr": "combined", "log10_lr_another_seal": "another-seal", "log10_lr_remake": "remake",
    "log10_lr_near_copy": "near-copy", "log10_lr_twin": "twin",
}  # fmt: skip
BEYOND = (1, 2, 3)  # log10 LR from which evidence for the wrong side is counted
DRAWS = 400
SEED = 11


# ── the pairs ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Pair:
    """One labelled row of the scores. `alternative` None: different, but how it was made is not said."""

    same: bool
    label: str
    alternative: Alternative | None
    set: str
    seal: str
    """The reference seal: column `reference_seal`, else the reference's files."""
    questioned_seal: str | None
    ratios: Mapping[str, float | None]
    measures: Mapping[str, float | None] | None
    """None where the pair could not be read, its quality is insufficient, or they were not asked for."""
    calibration: str | None


@dataclass(frozen=True)
class Table:
    """The labelled pairs, and what was left out."""

    pairs: tuple[Pair, ...]
    unlabelled: int
    errors: int
    by_column: bool
    """Whether the seals are named by a column; else each reference file counts as a seal."""


def table(rows: Iterable[Mapping[str, Any]], *, measures: bool = True) -> Table:
    """The scores' rows as pairs, with their measures (what a fit needs, and most of the memory) or without.

    Raises UsageError `labels-missing`, `label-unknown`, `one-class-only`, `scores-invalid`.
    """
    pairs: list[Pair] = []
    unknown: dict[str, int] = {}
    unlabelled = errors = 0
    labelled = by_column = False
    for number, row in enumerate(rows, start=1):
        labelled |= "label" in row
        label = _text(row.get("label")).casefold()
        if not label:
            unlabelled += 1
        elif label not in SAME and label not in DIFFERENT and label not in FORGED:
            unknown[label] = unknown.get(label, 0) + 1
        else:
            errors += "error" in row
            by_column |= bool(_text(row.get("reference_seal")))
            pairs.append(_pair(row, label, number, measures))
    if not labelled:
        raise UsageError(
            "labels-missing",
            "no row has a column `label`",
            "Add it to pairs.csv with `same` or `different` for each pair, and run compare --pairs again.",
        )
    if unknown:
        raise UsageError(
            "label-unknown",
            f"labels that are not known: {', '.join(sorted(unknown)[:8])} ({sum(unknown.values())} rows)",
            f"Known: {', '.join(sorted(SAME))}; {', '.join(sorted(DIFFERENT))}; or how it was made: {', '.join(FORGED)}. "
            "Empty: left out.",
        )
    sides = {p.same for p in pairs}
    if len(sides) < 2:
        have = "none" if not sides else "only same pairs" if True in sides else "only different pairs"
        raise UsageError(
            "one-class-only",
            f"error rates need both same and different pairs; there are {have}",
            "Add pairs of the other kind to the table.",
        )
    return Table(tuple(pairs), unlabelled, errors, by_column)


def _pair(row: Mapping[str, Any], label: str, number: int, measures: bool) -> Pair:
    quality = row.get("quality")
    usable = (
        measures
        and isinstance(quality, dict)
        and bool(quality.get("sufficient"))
        and isinstance(row.get("measures"), dict)
    )
    return Pair(
        same=label in SAME,
        label=label,
        alternative=FORGED.get(label),
        set=_text(row.get("set")),
        seal=_text(row.get("reference_seal")) or _text(row.get("reference")),
        questioned_seal=_text(row.get("questioned_seal")) or None,
        ratios={c: _ratio(row, c, number) for c in COLUMNS},
        measures=cast(Mapping[str, float | None], row["measures"]) if usable else None,
        calibration=_text(row.get("calibration")) or None,
    )


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _ratio(row: Mapping[str, Any], column: str, number: int) -> float | None:
    value = row.get(column)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(
            "scores-invalid", f"row {number}: {column} is no number", "Use the file that compare --pairs wrote."
        )
    return float(value)


def concerned(pairs: Sequence[Pair], against: Alternative) -> list[Pair]:
    """The pairs that a ratio against an alternative is measured on: same ones, and different ones made so.

    Different pairs of unsaid making count everywhere; against `combined` all count but twins, which it leaves out, unless
    there are no others.
    """
    if against == "combined":
        left = [p for p in pairs if p.same or p.alternative != "twin"]
        return left if any(not p.same for p in left) else list(pairs)
    return [p for p in pairs if p.same or p.alternative in (against, None)]


# ── the arithmetic ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class Sample:
    """log10 LRs (n,), nan where there is none; which are of one die (n,); weights (n,); the share of nulls allowed."""

    values: Array
    same: NDArray[np.bool_]
    weights: Array
    allowed: float = 1.0

    @staticmethod
    def of(same: Sequence[float], different: Sequence[float], *, allowed: float = 1.0) -> Sample:
        """Every score with the same weight."""
        values = np.array([*same, *different], np.float64)
        return Sample(values, np.arange(len(values)) < len(same), np.ones(len(values)), allowed)

    def side(self, same: bool) -> tuple[Array, Array, float]:
        """Told values and weights of one side, and the weight of its nulls beyond what is allowed."""
        here = self.same == same
        null = here & np.isnan(self.values)
        told = here & ~null & (self.weights > 0)
        excess = float(self.weights[null].sum()) - self.allowed * float(self.weights[here].sum())
        return self.values[told], self.weights[told], max(0.0, excess)

    @property
    def told(self) -> Sample:
        """Without the nulls."""
        known = ~np.isnan(self.values)
        return Sample(self.values[known], self.same[known], self.weights[known])


def detection(sample: Sample) -> tuple[Array, Array, Array]:
    """(thresholds, miss, false): share of same below and of different at or above each; the last is above all values."""
    (s, sw, lost), (d, dw, wrong) = sample.side(True), sample.side(False)
    at = np.unique(np.concatenate([s, d]))
    above = at[-1] + 1.0 if len(at) else 0.0
    miss = np.append(_below(s, sw, at), sw.sum())
    false = np.append(dw.sum() - _below(d, dw, at), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            np.append(at, above),
            np.asarray((miss + lost) / (sw.sum() + lost)),
            np.asarray((false + wrong) / (dw.sum() + wrong)),
        )


def _below(values: Array, weights: Array, at: Array) -> Array:
    """Weight of the values below each of the sorted `at`."""
    order = np.argsort(values, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    return np.asarray(sums[np.searchsorted(values[order], at, side="left")])


def equal_error(sample: Sample) -> float:
    """The equal error rate as a share; nan where a side is empty."""
    _, miss, false = detection(sample)
    gap = miss - false
    if np.isnan(gap).any():
        return math.nan
    i = int(np.argmax(gap >= 0))
    if i == 0:
        return float((miss[0] + false[0]) / 2)
    part = -gap[i - 1] / (gap[i] - gap[i - 1])
    return float(miss[i - 1] + part * (miss[i] - miss[i - 1]))


def cllr(sample: Sample) -> float:
    """The log-likelihood-ratio cost in bits; nan where a side is empty."""
    return (_bits(sample, True, sample.side(True)[0]) + _bits(sample, False, sample.side(False)[0])) / 2


def _bits(sample: Sample, same: bool, ratios: Array) -> float:
    """Mean cost of one side whose told pairs have these log10 ratios."""
    _, weights, excess = sample.side(same)
    total = float(weights.sum()) + excess
    return (float(weights @ cost(ratios, same)) + excess) / total if total > 0 else math.nan


def cost(log10_lr: Array, same: bool, odds: float = 0.0) -> Array:
    """log2(1 + 1/(LR·O)) for same, log2(1 + LR·O) for different; `odds`: log10 of the prior odds O."""
    posterior = (log10_lr + odds) * math.log(10)
    return np.asarray(np.logaddexp(0.0, -posterior if same else posterior) / math.log(2))


def pav(sample: Sample) -> tuple[Array, Array]:
    """(values, log10 LR): the monotone recalibration that suits the told pairs best, at each value that occurs.

    Pool adjacent violators; infinite where only one side occurs below or above.
    """
    (s, sw, _), (d, dw, _) = sample.side(True), sample.side(False)
    at, where = np.unique(np.concatenate([s, d]), return_inverse=True)
    if not (sw.sum() > 0 and dw.sum() > 0):
        return at, np.full(len(at), math.nan)
    mine, theirs = np.zeros(len(at)), np.zeros(len(at))
    np.add.at(mine, where[: len(s)], sw / sw.sum())
    np.add.at(theirs, where[len(s) :], dw / dw.sum())
    both = mine + theirs
    share = isotonic_regression(mine / both, weights=both).x
    with np.errstate(divide="ignore"):
        return at, np.asarray(np.log10(share) - np.log10(1.0 - share))


def _recalibrated(sample: Sample) -> tuple[Array, Array]:
    at, best = pav(sample)
    return tuple(best[np.searchsorted(at, sample.side(side)[0])] for side in (True, False))  # type: ignore[return-value]


def cllr_min(sample: Sample) -> float:
    """Cllr after `pav`: what is lost for want of separation, not of calibration."""
    if not (sample.side(True)[0].size and sample.side(False)[0].size):
        return math.nan
    same, different = _recalibrated(sample)
    return (_bits(sample, True, same) + _bits(sample, False, different)) / 2


def misleading(sample: Sample, beyond: float) -> tuple[float, float]:
    """Shares of told pairs with evidence for the wrong side: same at or below −beyond, different at or above it."""
    (s, sw, _), (d, dw, _) = sample.side(True), sample.side(False)
    return (
        float(sw[s <= -beyond].sum() / sw.sum()) if sw.sum() > 0 else math.nan,
        float(dw[d >= beyond].sum() / dw.sum()) if dw.sum() > 0 else math.nan,
    )


def null_shares(sample: Sample) -> tuple[float, float]:
    """Shares of same and of different pairs without a ratio."""
    null = np.isnan(sample.values)
    shares = []
    for side in (sample.same, ~sample.same):
        total = float(sample.weights[side].sum())
        shares.append(float(sample.weights[side & null].sum()) / total if total > 0 else math.nan)
    return shares[0], shares[1]


@dataclass(frozen=True, eq=False)
class EmpiricalCrossEntropy:
    """Costs in bits (m,) at log10 prior odds (m,): as reported, after `pav`, and without any evidence."""

    odds: Array
    reported: Array
    best: Array
    nothing: Array


def ece(sample: Sample, odds: Array) -> EmpiricalCrossEntropy:
    """The empirical cross-entropy of the told pairs."""
    known = sample.told
    (s, sw, _), (d, dw, _) = known.side(True), known.side(False)
    best_s, best_d = _recalibrated(known)
    prior = 1.0 / (1.0 + 10.0**-odds)

    def at(same: Array, different: Array) -> Array:
        mine = np.array([np.average(cost(same, True, o), weights=sw) for o in odds])
        theirs = np.array([np.average(cost(different, False, o), weights=dw) for o in odds])
        return np.asarray(prior * mine + (1 - prior) * theirs)

    return EmpiricalCrossEntropy(odds, at(s, d), at(best_s, best_d), at(np.zeros(len(s)), np.zeros(len(d))))


# ── seals drawn with replacement ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class Seals:
    """Who depends on whom: each pair's reference seal (n,), and its questioned one (n,), −1 where that is no other seal."""

    reference: NDArray[np.intp]
    questioned: NDArray[np.intp]
    count: int

    @staticmethod
    def of(pairs: Sequence[Pair]) -> Seals:
        """A questioned die that occurs with one reference only (a forgery of it) is drawn with that reference."""
        references = {p.seal for p in pairs}
        met: dict[str, set[str]] = {}
        for p in pairs:
            if p.questioned_seal:
                met.setdefault(p.questioned_seal, set()).add(p.seal)
        known = sorted(references | {q for q, seals in met.items() if len(seals) > 1})
        number = {s: i for i, s in enumerate(known)}
        own = [-1 if p.questioned_seal in (None, p.seal) else number.get(p.questioned_seal or "", -1) for p in pairs]
        return Seals(np.array([number[p.seal] for p in pairs], np.intp), np.array(own, np.intp), len(known))

    def weights(self, rng: np.random.Generator) -> Array:
        """How often each pair occurs when as many seals are drawn as there are."""
        times = np.bincount(rng.integers(0, self.count, self.count), minlength=self.count).astype(np.float64)
        return np.asarray(times[self.reference] * np.where(self.questioned < 0, 1.0, times[self.questioned]))


def intervals(
    sample: Sample, seals: Seals, measure: Callable[[Sample], Array], *, draws: int = DRAWS, seed: int = SEED
) -> tuple[Array, Array]:
    """(m, 2) 95 % intervals of what `measure` tells (m,), by seals drawn with replacement; nan where none can be told."""
    rng = np.random.default_rng(seed)
    point = measure(sample)
    found = np.array([measure(replace(sample, weights=seals.weights(rng))) for _ in range(draws)])
    ends = np.full((len(point), 2), math.nan)
    for i in range(len(point)):
        told = found[:, i][~np.isnan(found[:, i])]
        if len(told) >= draws / 2:
            ends[i] = np.percentile(told, (2.5, 97.5))
    return point, ends


# ── what is reported ───────────────────────────────────────────────────────────────────────────────────


class Rate(BaseModel):
    """A number with its 95 % interval, bootstrapped by seal; null where a side has no pairs, or too few seals."""

    model_config = _FROZEN

    value: float | None
    interval95: tuple[float, float] | None


class Misleading(BaseModel):
    """Shares of told pairs whose evidence for the wrong side reaches 10^beyond."""

    model_config = _FROZEN

    beyond: int
    same: Rate
    different: Rate


class Sides(BaseModel):
    model_config = _FROZEN

    same: int
    different: int


class Measured(BaseModel):
    """One column of the scores over one group of pairs. Rates are shares, costs are bits.

    `eer` and `cllr` count nulls beyond the allowed share as errors; `…_told` leave nulls out.
    """

    model_config = _FROZEN

    against: Alternative
    pairs: Sides
    seals: Sides
    nulls_same: Rate
    nulls_different: Rate
    eer: Rate
    eer_told: Rate
    cllr: Rate
    cllr_told: Rate
    cllr_min: Rate
    cllr_cal: Rate
    misleading: tuple[Misleading, ...]


class Group(BaseModel):
    """Pairs of one set (null: all), and of one word for the different ones (null: all)."""

    model_config = _FROZEN

    set: str | None
    label: str | None
    columns: dict[str, Measured]


class Validation(BaseModel):
    """validation.json."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    schema_: Literal["sigillum/validation/1"] = Field(default="sigillum/validation/1", alias="schema")
    scores: str
    scores_sha256: str
    pairs_are: Literal["real", "simulated"]
    pairs: Sides
    unlabelled: int
    errors: int
    labels: dict[str, int]
    seals_by: Literal["reference_seal", "reference"]
    null_share: float
    calibrations: tuple[str, ...]
    groups: tuple[Group, ...]


def validate(
    given: Table,
    *,
    scores: str,
    scores_sha256: str,
    pairs_are: Literal["real", "simulated"],
    null_share: float,
    draws: int = DRAWS,
) -> Validation:
    """All rates: over all pairs, by set, and by word for the different ones where there are several."""
    pairs = given.pairs
    return Validation(
        scores=scores,
        scores_sha256=scores_sha256,
        pairs_are=pairs_are,
        pairs=_sides(pairs),
        unlabelled=given.unlabelled,
        errors=given.errors,
        labels={w: sum(p.label == w for p in pairs) for w in sorted({p.label for p in pairs})},
        seals_by="reference_seal" if given.by_column else "reference",
        null_share=null_share,
        calibrations=tuple(sorted({p.calibration for p in pairs if p.calibration})),
        groups=tuple(Group(set=s, label=w, columns=_columns(part, null_share, draws)) for s, w, part in _groups(pairs)),
    )


def _groups(pairs: Sequence[Pair]) -> Iterator[tuple[str | None, str | None, list[Pair]]]:
    yield None, None, list(pairs)
    for name in sorted({p.set for p in pairs if p.set}):
        yield name, None, [p for p in pairs if p.set == name]
    words = sorted({p.label for p in pairs if not p.same})
    if len(words) > 1:
        for word in words:
            yield None, word, [p for p in pairs if p.same or p.label == word]


def _columns(pairs: Sequence[Pair], allowed: float, draws: int) -> dict[str, Measured]:
    """Every column that has a ratio or is `log10_lr`: a column of nothing but nulls tells nothing."""
    found = {}
    for column, against in COLUMNS.items():
        part = concerned(pairs, against)
        told = any(p.ratios[column] is not None for p in part)
        if column == "log10_lr" or (told and any(not p.same for p in part)):
            found[column] = _measured(part, column, against, allowed, draws)
    return found


def sample_of(pairs: Sequence[Pair], column: str, *, allowed: float = 1.0) -> Sample:
    """One column of the pairs as a sample."""
    values = np.array([math.nan if (v := p.ratios[column]) is None else v for p in pairs], np.float64)
    return Sample(values, np.array([p.same for p in pairs], np.bool_), np.ones(len(pairs)), allowed)


def _measured(pairs: Sequence[Pair], column: str, against: Alternative, allowed: float, draws: int) -> Measured:
    sample = sample_of(pairs, column, allowed=allowed)

    def numbers(one: Sample) -> Array:
        told = one.told
        whole, least = cllr(told), cllr_min(told)
        return np.array(
            [
                *null_shares(one), equal_error(one), equal_error(told), cllr(one), whole, least, whole - least,
                *(rate for k in BEYOND for rate in misleading(one, k)),
            ]
        )  # fmt: skip

    point, ends = intervals(sample, Seals.of(pairs), numbers, draws=draws)
    seals = Sides(same=len({p.seal for p in pairs if p.same}), different=len({p.seal for p in pairs if not p.same}))
    fewest = min(seals.same, seals.different)
    of = [seals.same, seals.different, fewest, fewest, 0, 0, 0, 0, *(seals.same, seals.different) * len(BEYOND)]
    rates = [_rate(float(v), e, n) for v, e, n in zip(point, ends, of, strict=True)]
    return Measured(
        against=against, pairs=_sides(pairs), seals=seals, nulls_same=rates[0], nulls_different=rates[1],
        eer=rates[2], eer_told=rates[3], cllr=rates[4], cllr_told=rates[5], cllr_min=rates[6], cllr_cal=rates[7],
        misleading=tuple(
            Misleading(beyond=k, same=rates[8 + 2 * i], different=rates[9 + 2 * i]) for i, k in enumerate(BEYOND)
        ),
    )  # fmt: skip


def _rate(value: float, ends: Array, seals: int) -> Rate:
    """`seals` > 0: a share of so many; an end that lies at none (or all) is told by what so many seals can say."""
    if math.isnan(value):
        return Rate(value=None, interval95=None)
    low, high = (float(e) for e in ends)
    if seals:
        room = 1.0 - 0.05 ** (1.0 / seals)
        low, high = (value if math.isnan(low) else low), (value if math.isnan(high) else high)
        low, high = (min(low, 1.0 - room) if high == 1 else low), (max(high, room) if low == 0 else high)
    told = None if math.isnan(low) or math.isnan(high) else (_round(min(low, value)), _round(max(high, value)))
    return Rate(value=_round(value), interval95=told)


def _round(value: float) -> float:
    return round(value, 5)


def _sides(pairs: Sequence[Pair]) -> Sides:
    same = sum(p.same for p in pairs)
    return Sides(same=same, different=len(pairs) - same)

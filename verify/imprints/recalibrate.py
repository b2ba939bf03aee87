"""A calibration from a laboratory's own pairs: the given one, its ratios stretched and shifted to what the pairs show.

Why not fit the measures' weights anew. They number some forty an alternative, and a laboratory has tens of seals, not
hundreds: such a fit would learn its few dies. The order in which the given calibration ranks pairs is kept; per
alternative and regime two numbers are fitted to it, new ln LR = slope · ln LR + shift, by logistic regression with both
sides of equal weight and every seal of equal weight within its side (linear calibration, Brümmer & du Preez 2006). The
slope is at most 1: the pairs may weaken the given ratios, never sharpen them. A weak prior (slope 1 ± 0.5, shift 0 ± 3)
holds both where the pairs say nothing, as when they separate without error. The parts stay as they are, so the result
is a calibration like any other.

Limits come from the user's own seals alone, by the rule of `likelihood.bounds` on cross-validated ratios: n seals without
a misleading pair support a ratio of n. Below ten seals on either side not even a ratio of 10 could be supported, and the fit
is refused; a ratio of 100, which the default policy asks for, needs 100.

What the pairs do not speak of. Different pairs of unsaid making are taken for another seal. An alternative without
different pairs of its own keeps its ratio and its upper limit; the lower one is still told by the same pairs, real ones
against those that the given calibration was fitted on. A regime with too few seals is left out: its captures fall to the
next coarser one, and where there is none they get no ratio.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.optimize import minimize

from verify.core.errors import UsageError
from verify.imprints.evidence import Alternative
from verify.imprints.likelihood import LN10, MIXED, Calibration, Fit, Regime, bounds
from verify.imprints.validation import Pair, Sample, cllr

Array = NDArray[np.float64]
Basis = Literal["simulated", "real", "both"]
LEAST_SEALS = 10
FOR_A_HUNDRED = 100  # seals that a ratio of 100 needs, without one misleading pair
STEEPEST, FLATTEST = 1.0, 0.02
FOLDS = 8
SEED = 11
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Refitted(BaseModel):
    """What became of one alternative in one regime. Cllr in bits on the pairs themselves: as it was, and cross-validated.

    `slope` null: no different pairs of this making; only the lower limit was told anew.
    """

    model_config = _FROZEN

    against: Alternative
    regime: Regime
    seals_same: int
    seals_different: int
    pairs_same: int
    pairs_different: int
    labels: dict[str, int]
    """The different pairs by their word: they weigh as they come."""
    slope: float | None
    shift: float | None
    limits_before: tuple[float, float]
    limits: tuple[float, float]
    cllr_before: float | None
    cllr: float | None


@dataclass(frozen=True)
class Recalibrated:
    calibration: Calibration
    refitted: tuple[Refitted, ...]
    left_out: tuple[Regime, ...]


def recalibrate(
    pairs: Sequence[Pair], base: Calibration, *, name: str, pairs_are: Literal["real", "simulated"]
) -> Recalibrated:
    """The given calibration fitted to the pairs. Raises UsageError `seals-too-few`."""
    usable = [p for p in pairs if p.measures is not None]
    _enough(usable)
    by_regime, left_out = _shared_out(usable, base)
    if not by_regime:
        raise _too_few("no kind of capture has", usable)
    fits: list[Fit] = []
    told: list[Refitted] = []
    for regime, part in by_regime.items():
        for fit in base.fits:
            if fit.regime == regime:
                made, how = _refit(part, base, fit)
                fits.append(made)
                told.append(how)
    basis: Basis = base.basis if base.basis == pairs_are else "both"
    calibration = base.model_copy(
        update={
            "name": name,
            "basis": basis,
            "seals": len({p.seal for p in usable}),
            "pairs": sum(len(part) for part in by_regime.values()),
            "fits": tuple(fits),
            "expectations": {r: e for r, e in base.expectations.items() if r in by_regime},
            "ranges": {r: e for r, e in base.ranges.items() if r in by_regime},
        }
    )
    return Recalibrated(calibration, tuple(told), tuple(left_out))


def _shared_out(pairs: Sequence[Pair], base: Calibration) -> tuple[dict[Regime, list[Pair]], list[Regime]]:
    """The pairs by regime. One with too few seals is taken out, and its pairs fall to the next that holds them."""
    left_out: list[Regime] = []
    narrowed = base
    while narrowed.ranges:
        found: dict[Regime, list[Pair]] = {r: [] for r in narrowed.ranges}
        for pair in pairs:
            regime, _ = narrowed.regime(pair.measures or {})
            if regime is not None:
                found[regime].append(pair)
        short = [r for r in found if min(_seals(found[r], True), _seals(found[r], False)) < LEAST_SEALS]
        if not short:
            return found, left_out
        # The finest first: what falls out of it may fill the next.
        left_out.append(short[0])
        narrowed = narrowed.model_copy(update={"ranges": {r: v for r, v in narrowed.ranges.items() if r != short[0]}})
    return {}, left_out


def _enough(pairs: Sequence[Pair]) -> None:
    if min(_seals(pairs, True), _seals(pairs, False)) < LEAST_SEALS:
        raise _too_few("there are", pairs)


def _too_few(what: str, pairs: Sequence[Pair]) -> UsageError:
    return UsageError(
        "seals-too-few",
        f"a calibration needs {LEAST_SEALS} seals with same and {LEAST_SEALS} with different pairs of sufficient quality; "
        f"{what} {_seals(pairs, True)} and {_seals(pairs, False)}" + (" in all" if what != "there are" else ""),
        f"Add pairs of more seals, named in a column reference_seal; a ratio of 100 needs {FOR_A_HUNDRED} seals on both sides.",
    )


def _seals(pairs: Sequence[Pair], same: bool) -> int:
    return len({p.seal for p in pairs if p.same == same})


def _of(pairs: Sequence[Pair], against: Alternative) -> list[Pair]:
    """Same pairs, and different ones made so; unsaid making is another seal."""
    return [p for p in pairs if p.same or (p.alternative or "another-seal") == against]


def natural(base: Calibration, fit: Fit, values: Mapping[str, float | None]) -> float:
    """ln LR as the calibration's weights have it, before its limits."""
    return fit.natural(base.standardised(values, fit.regime))


def _refit(pairs: Sequence[Pair], base: Calibration, fit: Fit) -> tuple[Fit, Refitted]:
    part = _of(pairs, fit.against)
    same = np.array([p.same for p in part])
    seals = np.array([p.seal for p in part])
    scores = np.array([natural(base, fit, p.measures or {}) for p in part])
    counts = (_seals(part, True), _seals(part, False))
    weights = _weights(same, seals)
    about: dict[str, Any] = {
        "seals_same": counts[0], "seals_different": counts[1],
        "pairs_same": int(same.sum()), "pairs_different": int((~same).sum()),
        "labels": dict(sorted(Counter(p.label for p in part if not p.same).items())),
    }  # fmt: skip
    if counts[1] < LEAST_SEALS:
        # The given calibration's own different pairs stand for those that are lacking: as many seals, none misleading.
        absent = np.full(max(fit.seals, 1), -9.0)
        low, _ = bounds(
            scores[same] / LN10, absent, seals=(counts[0], len(absent)), weights=(weights[same], np.ones(len(absent)))
        )
        limits = (_round(max(low, fit.limits[0])), fit.limits[1])
        kept = fit.model_copy(update={"limits": limits})
        return kept, Refitted(
            against=fit.against, regime=fit.regime, slope=None, shift=None, limits_before=fit.limits, limits=limits,
            cllr_before=None, cllr=None, **about,
        )  # fmt: skip
    slope, shift = linear(scores, same, weights, counts)
    crossed = _crossed(scores, same, seals) / LN10
    low, high = bounds(crossed[same], crossed[~same], seals=counts, weights=(weights[same], weights[~same]))
    if fit.regime == "coarse":  # a rule of the house, not a number: coarse measures alone never decide
        low, high = max(low, fit.limits[0]), min(high, fit.limits[1])
    limits = (_round(low), _round(high))
    made = fit.model_copy(
        update={
            "slope": round(slope * fit.slope, 6),
            "shift": round(slope * fit.shift + shift, 6),
            "mends": _bootstrapped(fit, scores, same, seals),
            "limits": limits,
            "seals": min(counts),
        }
    )
    before = Sample(np.clip(scores / LN10, *fit.limits), same, weights)
    return made, Refitted(
        against=fit.against, regime=fit.regime, slope=_round(slope), shift=_round(shift / LN10), limits_before=fit.limits,
        limits=limits, cllr_before=_round(cllr(before)), cllr=_round(cllr(Sample(np.clip(crossed, low, high), same, weights))),
        **about,
    )  # fmt: skip


def linear(scores: Array, same: NDArray[np.bool_], weights: Array, seals: tuple[int, int]) -> tuple[float, float]:
    """(slope, shift) of ln LR. `weights` sum to 1 on either side; `seals` is how much evidence that stands for."""
    sign = np.where(same, 1.0, -1.0)
    evidence = weights * (seals[0] * seals[1] / (seals[0] + seals[1]))  # both sides alike, as the scarcer has it

    def loss(p: Array) -> float:
        fit = float((evidence * np.logaddexp(0.0, -sign * (p[0] * scores + p[1]))).sum())
        return fit + 0.5 * float(((p[0] - 1.0) / 0.5) ** 2 + (p[1] / 3.0) ** 2)

    found = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(FLATTEST, STEEPEST), (-12.0, 12.0)])
    return float(found.x[0]), float(found.x[1])


def _weights(same: NDArray[np.bool_], seals: NDArray[np.str_]) -> Array:
    """Every seal of equal weight within its side; each side sums to 1."""
    weights = np.zeros(len(same))
    for side in (True, False):
        here = np.flatnonzero(same == side)
        times = Counter(seals[here].tolist())
        weights[here] = [1.0 / (times[str(s)] * len(times)) for s in seals[here]]
    return weights


def _crossed(scores: Array, same: NDArray[np.bool_], seals: NDArray[np.str_]) -> Array:
    """Every pair's ln LR by a fit that never saw its reference seal. Seals go into folds by turns, in the order of names."""
    fold = {s: i % FOLDS for i, s in enumerate(sorted(set(seals.tolist())))}
    folds = np.array([fold[str(s)] for s in seals])
    crossed = np.zeros(len(scores))
    for number in range(FOLDS):
        test = folds == number
        slope, shift = _fit(scores[~test], same[~test], seals[~test])
        crossed[test] = slope * scores[test] + shift
    return crossed


def _fit(scores: Array, same: NDArray[np.bool_], seals: NDArray[np.str_]) -> tuple[float, float]:
    """1 and 0 where a side is empty."""
    counts = len(set(seals[same].tolist())), len(set(seals[~same].tolist()))
    return linear(scores, same, _weights(same, seals), counts) if min(counts) else (1.0, 0.0)


def _bootstrapped(
    fit: Fit, scores: Array, same: NDArray[np.bool_], seals: NDArray[np.str_]
) -> tuple[tuple[float, float], ...]:
    """The stretch and shift on seals drawn with replacement, each upon one of the given calibration's own such fits."""
    rng = np.random.default_rng(SEED)
    names = sorted(set(seals.tolist()))
    places = {n: np.flatnonzero(seals == n) for n in names}
    made = []
    for given in fit.mends:
        drawn = rng.integers(0, len(names), len(names))
        chosen = np.concatenate([places[names[int(d)]] for d in drawn])
        # A seal drawn twice is two seals.
        again = np.concatenate([np.full(len(places[names[int(d)]]), str(k)) for k, d in enumerate(drawn)])
        slope, shift = _fit(scores[chosen], same[chosen], again)
        made.append((round(slope * given[0], 6), round(slope * given[1] + shift, 6)))
    return tuple(made)


def _round(value: float) -> float:
    return math.copysign(round(abs(value), 3), value)


def card(made: Recalibrated, base: Calibration, *, scores: str, scores_sha256: str, pairs_are: str) -> str:
    """The model card: data, numbers, limits, and what it does not tell."""
    c = made.calibration
    lines = [
        f"# {c.name}: calibration of the comparison of imprints",
        "",
        f"Made by `sigillum validate --fit` from {c.pairs} {pairs_are} pairs of {c.seals} reference seals "
        f"(`{scores}`, SHA-256 {scores_sha256}): the ratios of {base.name} (basis: {base.basis}), stretched and shifted per "
        f"alternative and kind of capture to what these pairs show. Basis: **{c.basis}**.",
        "",
        "| regime | against | same: pairs (seals) | different: pairs (seals) | slope | shift, log10 | limits before | limits | "
        "Cllr before | Cllr, cross-validated by seal |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in made.refitted:
        numbers = [
            _told(r.slope),
            _told(r.shift),
            _span(r.limits_before),
            _span(r.limits),
            _told(r.cllr_before),
            _told(r.cllr),
        ]
        lines.append(
            f"| {r.regime} | {r.against} | {r.pairs_same} ({r.seals_same}) | {_different(r)} | "
            + " | ".join(numbers)
            + " |"
        )
    kept = sorted({r.against for r in made.refitted if r.slope is None}, key=MIXED.index)
    lines += ["", "## Limits", ""]
    if kept:
        lines.append(
            f"- Too few different pairs were made as {', '.join(kept)}: these ratios and their upper limits are those of "
            f"{base.name} ({base.basis}); only their lower limit comes from these pairs."
        )
    if made.left_out:
        lines.append(
            f"- Fewer than {LEAST_SEALS} seals had captures of the kind {', '.join(made.left_out)}: it is left out, and such "
            "captures get a ratio by a coarser kind or none."
        )
    lines += [
        "- Different pairs weigh as they come in the table, whatever the share of each making in casework.",
        f"- Limits follow the number of these seals: a ratio of 100 needs {FOR_A_HUNDRED} seals on both sides and not one "
        "misleading pair. Below that the default policy passes nothing under this calibration.",
        "- The range of captures is the given calibration's; outside it no ratio is given. Whether these pairs resemble the "
        "case at hand (making of the seals, ink, paper, scanner) is for the examiner to say.",
        "- Twins are not told apart. The ratio of a reused impression is the given calibration's.",
    ]
    return "\n".join(lines) + "\n"


def _different(r: Refitted) -> str:
    words = ", ".join(f"{word} {count}" for word, count in r.labels.items())
    return f"{r.pairs_different} ({r.seals_different})" + (f": {words}" if words else "")


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _span(limits: tuple[float, float]) -> str:
    return f"{limits[0]:+.2f} to {limits[1]:+.2f}"

"""Error rates: known answers for constructed scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from verify.core.errors import UsageError
from verify.imprints.validation import (
    FORGED,
    Measured,
    Sample,
    Seals,
    Validation,
    cllr,
    cllr_min,
    cost,
    detection,
    ece,
    equal_error,
    intervals,
    misleading,
    null_shares,
    pav,
    sample_of,
    table,
    validate,
)
from verify.simulation.forgeries import ALTERNATIVE

NULL = math.nan


def calibrated(count: int = 4000, d: float = 2.0) -> Sample:
    """Gaussian scores whose log ratio is known: the natural log ratio is normal with mean ±d²/2 and variance d²."""
    rng = np.random.default_rng(5)
    mean = d * d / 2
    return Sample.of(rng.normal(mean, d, count) / math.log(10), rng.normal(-mean, d, count) / math.log(10))  # type: ignore[arg-type]


def row(label: str, value: float | None, seal: str = "s1", **more: object) -> dict[str, Any]:
    columns = dict.fromkeys(("log10_lr_another_seal", "log10_lr_remake", "log10_lr_near_copy"), value)
    return {"label": label, "reference_seal": seal, "log10_lr": value, **columns, "log10_lr_twin": None, **more}


def rates(rows: list[dict[str, Any]], *, null_share: float = 0.05) -> Validation:
    given = table(rows)
    return validate(given, scores="s", scores_sha256="0", pairs_are="simulated", null_share=null_share, draws=40)


def combined(found: Validation) -> Measured:
    return found.groups[0].columns["log10_lr"]


# ── known answers ──────────────────────────────────────────────────────────────────────────────────────


def test_a_perfect_method_errs_never_and_costs_nothing() -> None:
    sample = Sample.of([9.0] * 5, [-9.0] * 7)
    assert equal_error(sample) == 0
    assert cllr(sample) == pytest.approx(0, abs=1e-8)
    assert cllr_min(sample) == 0


def test_a_method_that_says_nothing_errs_half_the_time_and_costs_one_bit() -> None:
    sample = Sample.of([0.0] * 5, [0.0] * 9)
    assert equal_error(sample) == pytest.approx(0.5)
    assert cllr(sample) == pytest.approx(1.0)
    assert cllr_min(sample) == pytest.approx(1.0)


def test_a_method_that_says_the_opposite_errs_always() -> None:
    assert equal_error(Sample.of([-1.0, -2.0], [1.0, 2.0])) == pytest.approx(1.0)
    assert cllr(Sample.of([-1.0, -2.0], [1.0, 2.0])) > 1


def test_one_of_four_on_either_side_is_a_quarter() -> None:
    assert equal_error(Sample.of([-1.0, 2.0, 3.0, 4.0], [-4.0, -3.0, -2.0, 2.5])) == pytest.approx(0.25)


def test_the_equal_error_of_gaussian_scores_is_that_of_theory() -> None:
    assert equal_error(calibrated(d=2.0)) == pytest.approx(0.1587, abs=0.01)


def test_one_ratio_of_a_hundred_on_the_right_side_costs_what_the_formula_says() -> None:
    assert cllr(Sample.of([2.0], [-2.0])) == pytest.approx(math.log2(1.01))


def test_the_best_recalibration_never_costs_more() -> None:
    for scale in (0.2, 1.0, 3.0):
        good = calibrated(400)
        sample = Sample(good.values * scale + 0.7, good.same, good.weights)
        assert cllr_min(sample) <= cllr(sample)
        assert cllr_min(sample) == pytest.approx(cllr_min(good))


def test_a_calibrated_method_loses_little_by_calibration() -> None:
    sample = calibrated()
    assert cllr(sample) - cllr_min(sample) < 0.02
    at, best = pav(sample)
    middle = np.abs(at) < 1
    assert np.abs(best - at)[middle].mean() < 0.15


def test_recalibration_pools_what_stands_in_the_wrong_order() -> None:
    at, best = pav(Sample.of([1.0, 3.0], [0.0, 2.0]))
    assert at.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert best.tolist() == pytest.approx([-math.inf, 0.0, 0.0, math.inf])


def test_misleading_evidence_is_counted_on_each_side() -> None:
    sample = Sample.of([-1.0, -2.5, 2.0, 2.0], [3.0, -1.0])
    assert misleading(sample, 1) == (0.5, 0.5)
    assert misleading(sample, 2) == (0.25, 0.5)
    assert misleading(sample, 3) == (0.0, 0.5)


def test_cross_entropy_at_even_odds_is_cllr_and_never_below_the_best() -> None:
    sample = calibrated(500)
    found = ece(sample, np.linspace(-2, 2, 41))
    assert found.reported[20] == pytest.approx(cllr(sample))
    assert found.best[20] == pytest.approx(cllr_min(sample))
    assert (found.best <= found.reported + 1e-12).all()
    assert (found.best <= found.nothing + 1e-12).all()
    assert found.nothing[20] == pytest.approx(1.0)


def test_cost_is_one_bit_without_evidence() -> None:
    assert cost(np.zeros(1), True).tolist() == cost(np.zeros(1), False).tolist() == [1.0]


# ── nulls ──────────────────────────────────────────────────────────────────────────────────────────────


def test_nulls_within_the_share_are_left_out_and_those_beyond_are_errors() -> None:
    same, different = [9.0] * 18 + [NULL] * 2, [-9.0] * 20
    assert equal_error(Sample.of(same, different, allowed=0.1)) == 0
    beyond = Sample.of(same, different, allowed=0.05)  # one null too many, of 19 that count
    _, miss, false = detection(beyond)
    assert miss.min() == pytest.approx(1 / 19)
    assert false.min() == 0
    assert equal_error(beyond) == pytest.approx(1 / 19)
    assert cllr(beyond) == pytest.approx(0.5 / 19)
    assert null_shares(beyond) == (0.1, 0.0)


def test_a_method_that_never_answers_always_errs() -> None:
    assert equal_error(Sample.of([NULL] * 5, [NULL] * 5, allowed=0.0)) == 1
    assert cllr(Sample.of([NULL] * 5, [NULL] * 5, allowed=0.0)) == 1


def test_both_rates_stand_in_the_report() -> None:
    rows = [row("same", 2.0, f"s{i}") for i in range(8)] + [row("same", None, "s8"), row("same", None, "s9")]
    rows += [row("different", -2.0, f"s{i}") for i in range(10)]
    found = combined(rates(rows))
    assert found.nulls_same.value == 0.2
    assert found.eer.value is not None
    assert found.eer.value > 0
    assert found.eer_told.value == 0


# ── intervals ──────────────────────────────────────────────────────────────────────────────────────────


def clustered() -> Iterator[dict[str, Any]]:
    """Ten pairs a seal that err together: 30 seals, not 300 independent pairs."""
    rng = np.random.default_rng(3)
    for seal in range(30):
        for label, mean in (("same", 1.0), ("different", -1.0)):
            shift = rng.normal(0, 1.0)
            yield from (
                row(label, float(mean + shift + rng.normal(0, 0.1)), f"s{seal}", reference=f"{seal}") for _ in range(10)
            )


def test_drawing_seals_gives_wider_intervals_than_drawing_pairs_where_seals_err_together() -> None:
    rows = list(clustered())
    by_seal = table(rows).pairs
    by_pair = table([{**r, "reference_seal": str(i)} for i, r in enumerate(rows)]).pairs

    def width(pairs: Any) -> float:
        _, ends = intervals(
            sample_of(pairs, "log10_lr"), Seals.of(pairs), lambda s: np.array([equal_error(s)]), draws=100
        )
        return float(ends[0, 1] - ends[0, 0])

    assert width(by_seal) > 1.8 * width(by_pair)


def test_the_same_pairs_give_the_same_intervals() -> None:
    assert rates(list(clustered())) == rates(list(clustered()))


def test_a_questioned_die_counts_as_a_seal_where_it_joins_two() -> None:
    rows = [
        row("same", 1.0, "a", questioned_seal="a"),
        row("different", -1.0, "a", questioned_seal="b"),  # b is a reference, too
        row("different", -1.0, "b", questioned_seal="forged-b"),  # a forgery of b alone
        row("different", -1.0, "a", questioned_seal="c"),
        row("different", -1.0, "b", questioned_seal="c"),
    ]
    seals = Seals.of(table(rows).pairs)
    assert seals.count == 3
    assert seals.questioned.tolist() == [-1, 1, -1, 2, 2]


def test_where_none_erred_the_interval_says_what_so_many_seals_can_say() -> None:
    rows = [row(label, value, f"s{i}") for i in range(30) for label, value in (("same", 3.0), ("different", -3.0))]
    found = combined(rates(rows))
    assert found.eer.value == 0
    assert found.eer.interval95 == (0.0, pytest.approx(1 - 0.05 ** (1 / 30), abs=1e-4))


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"log10_lr": 1.0}], "labels-missing"),
        ([], "labels-missing"),
        ([row("same", 1.0), row("perhaps", 1.0)], "label-unknown"),
        ([row("same", 1.0), row("genuine", 2.0)], "one-class-only"),
        ([row("", 1.0)], "one-class-only"),
        ([row("same", 1.0), row("different", "high")], "scores-invalid"),  # type: ignore[arg-type]
    ],
)
def test_a_table_that_cannot_be_measured_is_refused(rows: list[Mapping[str, Any]], code: str) -> None:
    with pytest.raises(UsageError) as refused:
        table(rows)
    assert refused.value.code == code


def test_labels_may_be_said_in_several_words() -> None:
    given = table(
        [row("Same", 1.0), row("genuine", 1.0), row("0", 1.0), row("不同", 1.0), row("optical-copy", 1.0), row("", 1)]
    )
    assert [p.same for p in given.pairs] == [True, True, False, False, False]
    assert given.pairs[-1].alternative == "near-copy"
    assert given.unlabelled == 1


def test_the_simulations_words_are_known() -> None:
    assert FORGED.items() >= ALTERNATIVE.items()


def test_each_ratio_is_measured_on_pairs_made_as_its_alternative_says() -> None:
    rows = [row("same", 1.0), row("another-seal", -1.0), row("remake", -1.0), row("remake", -1.0), row("twin", 1.0)]
    columns = rates(rows).groups[0].columns
    assert columns["log10_lr"].pairs.different == 3
    assert columns["log10_lr_another_seal"].pairs.different == 1
    assert columns["log10_lr_remake"].pairs.different == 2
    assert "log10_lr_near_copy" not in columns
    assert "log10_lr_twin" not in columns


def test_twins_are_measured_by_the_combined_ratio_where_they_stand_alone() -> None:
    groups = rates([row("same", 1.0), row("remake", -1.0), row("twin", 1.0)]).groups
    assert [g.columns["log10_lr"].pairs.different for g in groups if g.label == "twin"] == [1]


def test_sets_and_words_are_reported_apart() -> None:
    rows = [row("same", 1.0, set="office"), row("remake", -1.0, set="office"), row("another-seal", -1.0, set="phone")]
    groups = rates(rows).groups
    assert [(g.set, g.label) for g in groups] == [
        (None, None), ("office", None), ("phone", None), (None, "another-seal"), (None, "remake"),
    ]  # fmt: skip
    phone = groups[2].columns["log10_lr"]
    assert phone.eer.value is None
    assert phone.eer.interval95 is None

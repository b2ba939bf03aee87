import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "training"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks import comparison_rates as rates
from benchmarks.tutorial import tutorial
from verify.imprints.evidence import ALTERNATIVES
from verify.imprints.validation import equal_error
from verify.kinds import CHECKS
from verify.simulation.pairs import write_pairs
from verify.stores.policies import policy_named


def row(kind: str, log10_lr: float | None, *, seal: int = 0, making: str = "unknown", **own: float) -> rates.Row:
    ratios = {a: None if a == "twin" else own.get(a.replace("-", "_"), log10_lr) for a in ALTERNATIVES}
    evidence: dict[str, Any] = {
        "seal": str(seal), "claimed_by": ["caller"], "of": 1, "specimens": [], "measures": {},
        "likelihoods": [
            {"against": a, "log10_lr": v, "reason": None if v is not None else "outside-calibration"} for a, v in ratios.items()
        ],
        "reuse": {"log10_lr": None, "same_impression": kind == "reused"}, "making": {"kind": making},
    }  # fmt: skip
    return {
        "seal": seal, "hardness": "clean", "kind": kind, "specimens": 1, "dpi": 300.0, "evidence": evidence,
        "quality": {"sufficient": True, "reasons": []}, "seconds": 0.1,
    }  # fmt: skip


def eer(rows: list[rates.Row], allowed: float) -> tuple[float, float]:
    counted, told = rates.told(rows, rates.combined, allowed, equal_error, rates.eer_told)
    return counted.value, told.value


def test_nulls_within_the_allowance_cost_nothing_and_those_beyond_it_are_errors() -> None:
    rows = [row("genuine", 2.0, seal=n) for n in range(18)] + [row("genuine", None, seal=n) for n in (18, 19)]
    rows += [row("re-set", -2.0, seal=n) for n in range(18)] + [row("re-set", None, seal=n) for n in (18, 19)]
    assert eer(rows, 0.15) == (0.0, 0.0)
    # One of twenty is allowed, the other stands on the wrong side among the 18 told: 1 of 19 on either side.
    assert eer(rows, 0.05) == (pytest.approx(1 / 19), 0.0)


def test_a_seal_without_an_error_cannot_exclude_that_some_err() -> None:
    rows = [row(kind, value, seal=n) for n in range(20) for kind, value in (("genuine", 2.0), ("re-set", -2.0))]
    (rate,) = rates.told(rows, rates.combined, 1.0, equal_error)
    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high == pytest.approx(1 - 0.05 ** (1 / 20))


def test_a_forgery_is_read_by_its_own_alternative_and_a_genuine_print_by_the_least() -> None:
    assert rates.own(row("re-set", 1.0, remake=-2.5)) == -2.5
    assert rates.own(row("digit-changed", 1.0, another_seal=2.5)) == 2.5
    assert rates.own(row("genuine", 1.0, near_copy=-2.1)) == -2.1


def test_outcomes_are_the_products_own() -> None:
    default, strict = (policy_named(name, CHECKS) for name in ("default", "strict"))
    consistent = row("genuine", 2.5, near_copy=0.5)
    assert (rates.outcome(consistent, default), rates.outcome(consistent, strict)) == ("passed", "indeterminate")
    assert rates.outcome(row("re-set", 2.5, remake=-2.5), default) == "failed"
    assert rates.outcome(row("genuine", None), default) == "null"
    assert rates.outcome(row("genuine", 1.0), default) == "indeterminate"
    assert rates.outcome(row("laser", 2.5, making="printed"), default) == "indeterminate"
    assert rates.outcome(row("reused", 2.5), default) == "failed"


def test_every_mechanism_weighs_the_same_in_the_pooled_cost() -> None:
    rows = [row("genuine", 1.0), *[row("re-set", -1.0) for _ in range(9)], row("twin", 3.0)]
    (mean,) = rates.told(
        rows, rates.combined, 1.0, rates.balanced(rows, lambda s: float((s.values * s.weights)[1:].sum()))
    )
    assert mean.value == pytest.approx(-1.0 + 3.0)


def test_a_benchmark_that_is_too_easy_for_the_tutorial_does_not_count() -> None:
    easy = {
        "by": "tutorial",
        "kind": "near-copy",
        "hardness": "clean",
        "eer": rates.Rate(0.1, 0.05, 0.2),
        "anchor": 0.37,
    }
    hard = {**easy, "eer": rates.Rate(0.3, 0.2, 0.4)}
    assert "NOT count: the tutorial is too good in 1 of 2 cells: near-copy clean" in rates.counts([easy, hard])
    assert rates.counts([hard]).startswith("The benchmark counts")


def test_the_tutorial_gives_a_print_of_the_same_die_more_than_another_seals(tmp_path: Path) -> None:
    from verify.imprints.examiner import picture_imprint

    write_pairs(tmp_path, seals=1, seed=3, genuine=1, mechanisms=("another-seal",), sets=("clean",))
    specimen, same, other = (
        picture_imprint((tmp_path / f"seal-01-{name}.png").read_bytes(), None)
        for name in ("specimen", "1-same", "2-another-seal")
    )
    assert tutorial(same, specimen) > tutorial(other, specimen)

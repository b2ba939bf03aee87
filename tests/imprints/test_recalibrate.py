"""A calibration from a laboratory's own pairs, made upon a given one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from verify.core.errors import UsageError
from verify.imprints.evidence import Quality
from verify.imprints.likelihood import MIXED, Calibration, Expectation, Fit, Part, Range, Regime, Term
from verify.imprints.recalibrate import Recalibrated, card, linear, natural, recalibrate
from verify.imprints.validation import Pair, table

GOOD = Quality(sufficient=True)


def base() -> Calibration:
    """ln LR = 10 · score − 5, score within 0 and 1; plain above 145 dpi, coarse above 90."""
    term = Term(measure="score", sign=1, knots=(0.0, 1.0))
    regimes: tuple[Regime, ...] = ("plain", "coarse")
    return Calibration(
        name="given-1", basis="simulated", seals=500, pairs=2000, covariates=(), covariate_means=(), covariate_spreads=(),
        expectations=dict.fromkeys(regimes, (Expectation(measure="score", logarithm=None, mean=(0.0,), log_spread=(0.0,)),)),
        fits=tuple(
            Fit(
                against=a, regime=r, slope=1.0, shift=0.0, mends=((1.0, 0.0), (1.0, 0.0)), limits=(-2.6, 2.6), seals=500,
                parts=(Part(mechanism=a, share=1.0, terms=(term,), weights=(-5.0, 10.0), bootstrap=((-4.5, 9.0), (-5.5, 11.0))),),
            )
            for r in regimes
            for a in MIXED
        ),
        ranges={
            "plain": (Range(measure="dpi", low=145.0, high=1300.0),),
            "coarse": (Range(measure="dpi", low=90.0, high=1300.0),),
        },
    )  # fmt: skip


def pairs(
    seals: int,
    *,
    same: float = 0.8,
    different: float = 0.2,
    label: str = "different",
    noise: float = 0.12,
    dpi: float = 300.0,
) -> Sequence[Pair]:
    rng = np.random.default_rng(4)

    def row(seal: int, word: str, middle: float) -> dict[str, Any]:
        measures = {"score": float(np.clip(rng.normal(middle, noise), 0, 1)), "dpi": dpi, "scale_known": 1.0}
        return {"label": word, "reference_seal": f"s{seal:03d}", "quality": {"sufficient": True}, "measures": measures}

    rows = [row(s, word, m) for s in range(seals) for word, m in (("same", same), (label, different)) for _ in range(2)]
    return table(rows).pairs


def made(given: Sequence[Pair]) -> Recalibrated:
    return recalibrate(given, base(), name="own-1", pairs_are="real")


def test_too_few_seals_are_refused_and_the_number_is_said() -> None:
    with pytest.raises(UsageError, match="10 seals") as refused:
        made(pairs(9))
    assert refused.value.code == "seals-too-few"
    assert "100 seals" in refused.value.hint


def test_pairs_of_one_seal_do_not_become_many_seals() -> None:
    one = [p for p in pairs(40) if p.seal < "s005"]
    with pytest.raises(UsageError, match="5 and 5"):
        made(one * 20)


def test_ratios_that_the_pairs_bear_out_stay_and_limits_follow_the_seals() -> None:
    found = made(pairs(30, same=0.95, different=0.05, noise=0.02))
    plain = next(r for r in found.refitted if r.against == "another-seal")
    assert plain.slope == pytest.approx(1.0, abs=0.05)
    assert plain.limits == (pytest.approx(-np.log10(30), abs=0.02), pytest.approx(np.log10(30), abs=0.02))
    assert found.calibration.basis == "both"
    assert found.calibration.name == "own-1"


def test_ratios_that_are_too_bold_are_weakened_and_cost_less() -> None:
    found = made(pairs(60, same=0.62, different=0.5, noise=0.25))
    another = next(r for r in found.refitted if r.against == "another-seal")
    assert another.slope is not None
    assert another.slope < 0.4
    assert another.cllr is not None
    assert another.cllr_before is not None
    assert another.cllr < another.cllr_before


def test_ratios_that_lean_to_one_side_are_shifted_back() -> None:
    found = made(pairs(60, same=0.45, different=0.15, noise=0.1))
    another = next(r for r in found.refitted if r.against == "another-seal")
    assert another.shift is not None
    assert another.shift > 0.3
    values = {"score": 0.45, "dpi": 300.0, "scale_known": 1.0}
    before, after = (c.likelihoods(values, sufficient=GOOD)[0].log10_lr for c in (base(), found.calibration))
    assert before is not None
    assert after is not None
    assert before < 0 < after


def test_the_order_of_pairs_is_kept() -> None:
    found = made(pairs(60, same=0.62, different=0.5, noise=0.25)).calibration
    fit = next(f for f in found.fits if f.against == "another-seal" and f.regime == "plain")
    ratios = [natural(found, fit, {"score": s, "dpi": 300.0}) for s in (0.1, 0.4, 0.7, 1.0)]
    assert ratios == sorted(ratios)


def test_an_alternative_without_pairs_keeps_its_ratio_and_gives_way_below_where_same_pairs_fall() -> None:
    found = made(pairs(40, same=0.2, different=0.15, label="another-seal"))
    near = next(f for f in found.calibration.fits if f.against == "near-copy" and f.regime == "plain")
    assert (near.parts[0].weights, near.slope, near.shift) == (base().fits[0].parts[0].weights, 1.0, 0.0)
    assert near.limits[1] == 2.6
    assert near.limits[0] > -0.3
    told = next(r for r in found.refitted if r.against == "near-copy")
    assert told.slope is None


def test_captures_of_a_kind_with_too_few_seals_are_left_out() -> None:
    found = made(pairs(40))
    assert found.left_out == ("coarse",)
    outside = found.calibration.likelihoods({"score": 0.9, "dpi": 100.0, "scale_known": 1.0}, sufficient=GOOD)
    assert all(x.log10_lr is None and x.reason for x in outside)
    inside = found.calibration.likelihoods({"score": 0.9, "dpi": 300.0, "scale_known": 1.0}, sufficient=GOOD)
    assert all(x.log10_lr is not None for x in inside if x.against != "twin")
    assert {x.calibration for x in inside} == {"own-1"}


def test_captures_of_a_finer_kind_fall_to_the_coarser_when_theirs_is_left_out() -> None:
    given = [*pairs(5, dpi=300.0), *pairs(40, dpi=100.0)]
    found = made(given)
    assert found.left_out == ("plain",)
    coarse = next(r for r in found.refitted if r.regime == "coarse" and r.against == "another-seal")
    assert coarse.pairs_same == 90


def test_the_calibration_survives_its_file() -> None:
    calibration = made(pairs(30)).calibration
    assert Calibration.model_validate_json(calibration.model_dump_json()) == calibration


def test_the_same_pairs_give_the_same_calibration() -> None:
    assert made(pairs(20)) == made(pairs(20))


def test_the_card_says_what_the_pairs_did_not_speak_of() -> None:
    found = made(pairs(30, label="another-seal"))
    text = card(found, base(), scores="scores.jsonl", scores_sha256="ab", pairs_are="real")
    assert "remake, near-copy: these ratios and their upper limits are those of given-1 (simulated)" in text
    assert "Basis: **both**" in text


def test_a_separation_without_error_does_not_sharpen_the_ratios() -> None:
    scores, same = np.array([3.0] * 20 + [-3.0] * 20), np.arange(40) < 20
    slope, shift = linear(scores, same, np.full(40, 0.05), (20, 20))
    assert slope == pytest.approx(1.0)
    assert shift == pytest.approx(0.0, abs=1e-3)

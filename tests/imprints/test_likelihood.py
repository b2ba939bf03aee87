import numpy as np
import pytest

from verify.imprints.likelihood import Term, bounds, ramps


def test_perfect_separation_of_n_seals_supports_about_log_n() -> None:
    genuine, others = np.full(400, 9.0), np.full(400, -9.0)
    low, high = bounds(genuine, others)
    assert high == pytest.approx(np.log10(401), abs=0.02)
    assert low == pytest.approx(-np.log10(401), abs=0.02)


def test_one_misleading_pair_halves_the_limit() -> None:
    genuine, others = np.full(400, 9.0), np.append(np.full(399, -9.0), 9.0)
    assert bounds(genuine, others)[1] == pytest.approx(np.log10(401 / 2), abs=0.02)


def test_scores_that_say_nothing_support_nothing() -> None:
    same = np.random.default_rng(1).normal(0, 2, 300)
    low, high = bounds(same, same)
    assert -0.1 <= low <= 0.0 <= high <= 0.1


def test_a_ramp_climbs_and_saturates() -> None:
    term = Term(measure="m", sign=-1, knots=(-2.0, 0.0, 1.0))
    assert ramps((term,), {"m": 5.0}).tolist() == [1.0, 0.0, 0.0]
    assert ramps((term,), {"m": 1.0}).tolist() == [1.0, 0.5, 0.0]
    assert ramps((term,), {"m": -7.0}).tolist() == [1.0, 1.0, 1.0]

"""Evidence from the glyphs' own shifts and turns, on made-up readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from verify.imprints.units import Array, Readings, field_evidence, turning_evidence


def readings(shift: Array, *, turn: Array | None = None, known: float = 0.004) -> Readings:
    """Glyphs on a 6 × 6 grid 6 mm apart, shifts known to `known` mm and turns to 1 mrad."""
    n = len(shift)
    place = np.stack(np.meshgrid(np.arange(6.0), np.arange(6.0)), axis=-1).reshape(-1, 2)[:n] * 6.0
    ones, none = np.ones(n), np.zeros(n)
    return Readings(
        shift=shift, covariance=np.tile(np.eye(2) * known**2, (n, 1, 1)), gain=none, gain_sd=ones * 0.01, rounding=none,
        rounding_sd=ones * 0.2, contrast=ones, ncc=ones * 0.95, seen=ones, position=place, glyph=ones > 0, ink_mm2=ones,
        stretch=np.zeros((n, 4)), turn=none if turn is None else turn, turn_variance=ones * 1e-6, size=none,
        size_variance=ones * 1e-6, residual=np.zeros((4, 4), np.float32),
    )  # fmt: skip


def smooth(rng: np.random.Generator) -> Array:
    """A bending of 0.05 mm over some 20 mm, and the noise of reading."""
    place = readings(np.zeros((36, 2))).position
    bent = 0.05 * np.stack([np.sin(place[:, 0] / 12), np.cos(place[:, 1] / 14)], axis=1)
    return np.asarray(bent + rng.normal(0, 0.003, (36, 2)))


def test_a_smooth_bending_speaks_for_one_die_and_glyphs_placed_apart_against_it() -> None:
    rng = np.random.default_rng(1)
    every = np.ones(36, np.bool_)
    together = field_evidence(readings(smooth(rng)), every)
    apart = field_evidence(readings(smooth(rng) + rng.normal(0, 0.05, (36, 2))), every)
    assert together is not None
    assert apart is not None
    assert together.log10_bayes > 1 > -1 > apart.log10_bayes
    assert together.jitter_mm < 0.02 < apart.jitter_mm


def test_one_glyph_far_off_does_not_outvote_the_others() -> None:
    shift = smooth(np.random.default_rng(2))
    shift[7] += 0.4
    found = field_evidence(readings(shift), np.ones(36, np.bool_))
    assert found is not None
    assert found.log10_bayes > 1


def test_pieces_of_a_ring_have_no_say_where_there_are_glyphs_enough() -> None:
    rng = np.random.default_rng(3)
    shift = smooth(rng)
    shift[20:] += rng.normal(0, 0.1, (16, 2))
    one = readings(shift)
    ringed = replace(one, glyph=np.arange(36) < 20)
    found = field_evidence(ringed, np.ones(36, np.bool_))
    assert found is not None
    assert found.log10_bayes > 1


def test_glyphs_that_turn_one_by_one_speak_against_the_die() -> None:
    rng = np.random.default_rng(4)
    every = np.ones(36, np.bool_)
    trend = readings(np.zeros((36, 2))).position[:, 0] * 0.0004
    together = turning_evidence(readings(np.zeros((36, 2)), turn=trend), every)
    apart = turning_evidence(readings(np.zeros((36, 2)), turn=trend + rng.normal(0, 0.012, 36)), every)
    assert together is not None
    assert apart is not None
    assert together[0] > 1 > -1 > apart[0]
    assert together[1] < 0.004 < apart[1]


def test_three_units_are_too_few_for_either() -> None:
    three = readings(np.zeros((3, 2)))
    assert field_evidence(three, np.ones(3, np.bool_)) is None
    assert turning_evidence(three, np.ones(3, np.bool_)) is None

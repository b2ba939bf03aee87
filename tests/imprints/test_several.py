"""Specimens laid upon one another, on simulated prints."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift
from verify.imprints.measuring import MEASURES, against
from verify.imprints.prepared import prepare
from verify.imprints.several import EXCESS, against_several, excess_name, together
from verify.simulation.dies import Die, make_die
from verify.simulation.forgeries import forge
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Pressing, press
from verify.simulation.scans import Capture, scan_crop


@cache
def die(number: int) -> Die:
    return make_die(random_seal(number, layout="contract"), np.random.default_rng(number))


@cache
def printed(number: int, seed: int, *, copied: bool = False) -> Imprint:
    rng = np.random.default_rng((number, seed))
    made = forge("optical-copy", die(number), np.random.default_rng(99)) if copied else die(number)
    scan = scan_crop(press(made, Pressing.draw(rng), rng), Capture.draw(rng, dpi=300.0), rng)
    return Imprint(scan.pixels, scan.dpi)


def specimens() -> tuple[Imprint, ...]:
    return tuple(printed(3, seed) for seed in range(3))


def test_the_median_of_three_prints_is_nearer_to_a_fourth_than_one_of_them() -> None:
    several = together(specimens())
    assert several is not None
    assert sorted(several.of) == [0, 1, 2]
    ink = lift(printed(3, 10))
    alone = [against(ink, prepare(s)).measures["ncc_edge"] or 0.0 for s in specimens()]
    assert (against_several(ink, several).measures["ncc_edge"] or 0.0) > max(alone)


def test_a_copy_made_after_one_print_lies_further_off_than_another_print_of_the_die() -> None:
    several = together(specimens())
    assert several is not None
    name = excess_name("edge_long_mm")
    prints = [against_several(lift(printed(3, s)), several).measures[name] or 0.0 for s in (10, 11, 12)]
    copies = [against_several(lift(printed(3, s, copied=True)), several).measures[name] or 0.0 for s in (20, 21, 22)]
    assert np.mean(copies) > np.mean(prints)


def test_a_specimen_of_another_die_is_left_out_and_two_are_too_few() -> None:
    strange = printed(4, 0)
    several = together((*specimens(), strange))
    assert several is not None
    assert 3 not in several.of
    assert together((*specimens()[:2], strange)) is None


def test_specimens_without_a_scale_are_not_laid_together() -> None:
    assert together(tuple(replace(s, dpi=None) for s in specimens())) is None


def test_every_excess_is_told_and_described() -> None:
    several = together(specimens())
    assert several is not None
    measures = against_several(lift(printed(3, 10)), several).measures
    assert measures["specimens"] == 3.0
    assert all(measures[excess_name(n)] is not None and excess_name(n) in MEASURES for n in EXCESS)

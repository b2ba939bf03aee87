"""A replaced digit is told from a poor print of the same digits."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from verify.core.errors import VerifyError
from verify.imprints import replaced
from verify.imprints.align import FINE
from verify.imprints.ink import Map, Mask
from verify.imprints.replaced import Network, Place


@cache
def digits(text: str) -> Map:
    """Seven digits of about 2 mm in two lines' height of paper, at the frame's scale."""
    large = np.zeros((480, 1120), np.uint8)
    for k, digit in enumerate(text):
        cv2.putText(large, digit, (40 + 150 * k, 285), cv2.FONT_HERSHEY_DUPLEX, 3.6, (255,), 14, cv2.LINE_AA)
    small = cv2.resize(large, (280, 120), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), 0.9), np.float32)


def everywhere(like: Map) -> Mask:
    return np.ones(like.shape, np.bool_)


def looked(expected: Map, even: Map, where: Mask | None = None) -> tuple[Place, ...]:
    return replaced.find(expected, even, everywhere(expected) if where is None else where, replaced.network())


def test_a_replaced_digit_is_found_in_its_place() -> None:
    worst = looked(digits("4712098"), digits("4718098"))[0]
    x = (40 + 150 * 3 + 40) / 4 / FINE
    assert worst.logit > 2
    assert abs(worst.x_mm - x) < 1.5


def test_the_same_digits_printed_poorly_look_less_replaced_than_one_other_digit() -> None:
    rng, full = np.random.default_rng(3), digits("4712098")
    mottle = cv2.GaussianBlur(rng.normal(0, 1, full.shape).astype(np.float32), (0, 0), 4)
    poor = np.asarray(np.clip(full * (0.9 + 0.9 * mottle / mottle.std() * 0.15), 0, 1.2), np.float32)
    told = replaced.measures(looked(full, poor))["replaced_worst"]
    other = replaced.measures(looked(full, digits("4718098")))["replaced_worst"]
    assert told is not None and other is not None
    assert told < 0 < other


def test_a_change_under_what_is_unknown_is_not_told() -> None:
    known = everywhere(digits("4712098"))
    left, right = 40 + 150 * 3 - 20, 40 + 150 * 4
    known[:, left // 4 - 8 : right // 4 + 8] = False
    assert looked(digits("4712098"), digits("4718098"), known)[0].logit < 0


def test_nothing_known_gives_no_place_and_no_measure() -> None:
    full = digits("4712098")
    found = looked(full, full, np.zeros(full.shape, np.bool_))
    assert found == ()
    assert replaced.measures(found) == {"replaced_worst": None, "replaced_third": None}


def test_places_lie_apart_and_the_likeliest_comes_first() -> None:
    places = looked(digits("4712098"), digits("9137654"))
    assert len(places) == replaced.PLACES
    assert [p.logit for p in places] == sorted((p.logit for p in places), reverse=True)
    for i, a in enumerate(places):
        assert all(max(abs(a.x_mm - b.x_mm), abs(a.y_mm - b.y_mm)) >= replaced.APART_MM for b in places[:i])


def test_any_height_and_width_is_looked_at_the_same_twice() -> None:
    one, other = digits("4712098")[:117, :263], digits("4718098")[:117, :263]
    assert looked(one, other) == looked(one, other)


def test_data_that_is_no_network_is_refused_in_words() -> None:
    with pytest.raises(VerifyError) as refused:
        Network(b"no network")
    assert refused.value.code == "model-invalid"

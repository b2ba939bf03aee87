"""What vanishes and what stays legible, on drawings of our own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from verify.signatures.changes.ink import Grey, vanishes

HIGH, WIDE = 60, 260


def page(words: str = "", *, paper: int = 255, ink: int = 0) -> Grey:
    drawn = np.full((HIGH, WIDE), paper, np.uint8)
    cv2.putText(drawn, words, (12, 36), cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, 1, cv2.LINE_AA)
    return drawn


def box(drawn: Grey, x0: int, x1: int, shade: int, y0: int = 0, y1: int = HIGH) -> Grey:
    changed = drawn.copy()
    changed[y0:y1, x0:x1] = shade
    return changed


def hidden(before: Grey, after: Grey) -> bool:
    return vanishes(before, after, np.ones(before.shape, np.bool_))


@pytest.mark.parametrize("shade", [255, 128, 0])
def test_words_under_a_box_vanish_whatever_its_shade(shade: int) -> None:
    drawn = page("The fee is 100,000")
    assert hidden(drawn, box(drawn, 0, WIDE, shade))


def test_one_figure_that_is_painted_over_with_another_vanishes() -> None:
    drawn = page("100,000")
    other = cv2.putText(box(drawn, 11, 21, 255), "9", (12, 36), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1, cv2.LINE_AA)
    assert hidden(drawn, other)


def test_light_words_in_a_dark_panel_vanish_under_its_own_shade() -> None:
    drawn = page("100,000", paper=40, ink=255)
    assert hidden(drawn, box(drawn, 0, WIDE, 40))


def test_drawn_shapes_vanish_like_letters() -> None:
    drawn = box(page(), 40, 120, 0, 20, 36)
    assert hidden(drawn, page())
    assert hidden(box(page(), 0, 130, 0), page())  # half of what is looked at


def test_a_highlight_and_a_transparent_seal_leave_words_legible() -> None:
    drawn = page("The fee is 100,000")
    assert not hidden(drawn, (drawn * 0.8).astype(np.uint8))
    assert not hidden(drawn, np.minimum(drawn, cv2.circle(page(), (60, 30), 25, 110, 4)))


def test_strokes_across_words_leave_them_legible() -> None:
    drawn = page("The fee is 100,000")
    assert not hidden(drawn, cv2.line(drawn.copy(), (5, 50), (200, 15), 0, 2))


def test_a_line_or_dots_to_sign_on_may_vanish() -> None:
    line = cv2.line(page(), (20, 40), (220, 40), 0, 2)
    dots = page()
    for x in range(20, 220, 6):
        dots[39:41, x : x + 2] = 0
    frame = cv2.rectangle(page(), (20, 4), (230, 55), 0, 1)
    assert not any(hidden(drawn, page()) for drawn in (line, dots, frame))


def test_a_bar_code_is_no_line_to_sign_on() -> None:
    bars = page()
    for x in range(20, 200, 5):
        bars[5:55, x : x + 2] = 0
    assert hidden(bars, page())


def test_what_was_hidden_before_does_not_vanish_now() -> None:
    drawn = page("The fee is 100,000")
    inside, nothing = np.ones(drawn.shape, np.bool_), np.zeros(drawn.shape, np.bool_)
    assert vanishes(drawn, page(), inside)
    assert not vanishes(drawn, page(), inside, nothing)


def test_what_changes_outside_does_not_count() -> None:
    drawn = page("The fee is 100,000")
    inside = np.zeros(drawn.shape, np.bool_)
    inside[:, 200:] = True
    assert not vanishes(drawn, page(), inside)

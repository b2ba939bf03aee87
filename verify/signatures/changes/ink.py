"""What of a page's ink vanishes under something that lies over it: letters and drawn shapes alike, by pixels.

Ink is what stands out from its ground, be it dark or light; it vanishes where it does not stand out any more. What is
drawn across it leaves it legible: a stroke, a transparent seal, a highlight. A line to sign on may vanish.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

DPI = 100  # of the drawings; every length below is in pixels of 0.25 mm
_FAINTEST = 48  # levels of grey by which ink stands out from its ground
_MOST_LOST = 0.35  # of one letter's ink
_LEAST_INK = 4
_NEAR = 31  # wider than the strokes of any text, narrower than a panel behind it
_TILE = 24  # what is larger than a letter is asked in pieces
# A line to sign on: long, thin, and no part of a hatching or a bar code; or a row of dots or dashes.
_LONG_ACROSS, _LONG_DOWN, _THIN = 30, 40, 8
_DOT = (10, 3)
_DOTS_APART = 13

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def inked(drawn: Grey, inside: Mask) -> bool:
    """Whether there is anything that could vanish."""
    part = drawn[inside]
    return bool(part.size) and int(part.max()) - int(part.min()) > _FAINTEST


def vanishes(before: Grey, after: Grey, inside: Mask, seen: Mask | None = None) -> bool:
    """Whether ink that lies inside vanishes. `seen`: the pixels that showed their ink earlier; none: all of them."""
    if not bool((inside & (before != after)).any()):
        return False
    near = np.abs(before.astype(np.int16) - cv2.medianBlur(before, _NEAR)) > _FAINTEST
    whole = np.abs(before.astype(np.int16) - int(np.median(before))) > _FAINTEST
    # The letters in a panel are told from the panel.
    masks = [near, whole & ~near]
    return any(_lost(before, after, mask, inside, seen) for mask in masks if bool((mask & inside).any()))


def _lost(before: Grey, after: Grey, ink: Mask, inside: Mask, seen: Mask | None) -> bool:
    ground = ~ink
    asked = ink & ~_lines(ink)
    if seen is not None:
        asked &= seen
    _, labels, stats, _ = cv2.connectedComponentsWithStats(asked.astype(np.uint8), connectivity=8)
    touched = np.unique(labels[inside & asked & (before != after)])
    for label in touched:
        x, y, w, h = (int(v) for v in stats[label][:4])
        for top in range(y, y + h, _TILE if h > 2 * _TILE else h):
            for left in range(x, x + w, _TILE if w > 2 * _TILE else w):
                tall, wide = (_TILE if n > 2 * _TILE else n for n in (h, w))
                box = np.s_[top : min(top + tall, y + h), left : min(left + wide, x + w)]
                letter = labels[box] == label
                if letter.sum() < _LEAST_INK:
                    continue
                around = np.s_[max(top - 2, 0) : top + tall + 2, max(left - 2, 0) : left + wide + 2]
                level = _level(after, ground, around)
                gone = np.abs(after[box].astype(np.int16) - level) <= _FAINTEST // 2
                if (gone & letter & inside[box]).sum() > _MOST_LOST * letter.sum():
                    return True
    return False


def _level(after: Grey, ground: Mask, around: tuple[slice, slice]) -> int:
    """What the ground of a letter looks like now."""
    local = after[around][ground[around]]
    if local.size >= _LEAST_INK:
        return int(np.median(local))
    everywhere = after[ground]
    return int(np.median(everywhere)) if everywhere.size else 255


def _lines(ink: Mask) -> Mask:
    # At an edge, morphology takes for set what lies beyond.
    mask = np.pad(ink.astype(np.uint8), _LONG_DOWN)
    found = _thin(mask, across=True) | _thin(mask, across=False) | _dotted(mask)
    return found[_LONG_DOWN:-_LONG_DOWN, _LONG_DOWN:-_LONG_DOWN]


def _thin(mask: Grey, *, across: bool) -> Mask:
    def block(along: int, thick: int) -> Grey:
        return np.ones((thick, along) if across else (along, thick), np.uint8)

    runs = cv2.morphologyEx(mask, cv2.MORPH_OPEN, block(_LONG_ACROSS if across else _LONG_DOWN, 1))
    bands = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, block(1, _THIN + 1))
    thick = cv2.morphologyEx(bands, cv2.MORPH_OPEN, block(1, _THIN))
    return np.asarray((runs > 0) & (thick == 0))


def _dotted(mask: Grey) -> Mask:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    small = (stats[:, cv2.CC_STAT_WIDTH] <= _DOT[0]) & (stats[:, cv2.CC_STAT_HEIGHT] <= _DOT[1])
    small[0] = False
    dots = small[labels].astype(np.uint8)
    joined = cv2.morphologyEx(dots, cv2.MORPH_CLOSE, np.ones((1, _DOTS_APART), np.uint8))
    runs = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, _LONG_ACROSS), np.uint8))
    # A dot's faint edge is wider or narrower than its middle.
    rows = cv2.dilate(runs, np.ones((3, 1), np.uint8))
    return np.asarray((dots > 0) & (rows > 0))

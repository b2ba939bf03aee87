"""What differs between two drawings of a page: where, by whom explained, and as pictures for a reader."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from verify.core.document import Pixels
from verify.core.geometry import Box

Mask = NDArray[np.bool_]

# One engine draws the same content to the same pixels, so that anything beyond a shade's rounding is a difference.
DIFFERS = 20  # of 255, in any channel
_GONE = 60  # ink that became lighter by this is covered; the edges of letters laid over others change less
_HINT = 6  # what the other engine has to show for the two to agree
_NEAR_MM = 3.0  # differing pixels nearer than this are one place: letters of a word, words of a line
_MOST_AREAS = 12  # a page; the smallest are told together

_UNEXPLAINED = (200, 24, 24)
_EXPLAINED = (24, 96, 190)


class Area(NamedTuple):
    """A place that differs: box in pixels, the number of differing pixels, the permitted object that shows there."""

    box: Box
    pixels: int
    explained_by: str | None


class Known(NamedTuple):
    """Where a permitted change shows, in pixels with its margin."""

    object: str
    box: Box


def differs(signed: Pixels, now: Pixels, beyond: int = DIFFERS) -> Mask:
    """Pixels that differ in any channel; both pictures have one shape."""
    red, green, blue = cv2.split(cv2.absdiff(signed, now))
    mask: Mask = cv2.max(cv2.max(red, green), blue) > beyond
    return mask


def hinted(signed: Pixels, now: Pixels, box: Box) -> bool:
    """Whether two drawings differ at all within a box (pixels)."""
    part = _slices(box, signed.shape[:2])
    a, b = signed[part], now[part]
    return bool(a.size) and bool(differs(a, b, _HINT).any())


def blank(mask: Mask, boxes: Sequence[Box]) -> None:
    """Take boxes (pixels) out of a mask, in place."""
    for box in boxes:
        mask[_slices(box, mask.shape)] = False


def hidden(signed: Pixels, now: Pixels, box: Box) -> Mask:
    """Where ink that was signed is gone from a box. What is drawn over it without a ground leaves it there."""
    mask = np.zeros(signed.shape[:2], np.bool_)
    part = _slices(box, mask.shape)
    mask[part] = (now[part].astype(np.int16) - signed[part]).max(axis=2) > _GONE
    return mask


def areas(mask: Mask, known: Sequence[Known], px_per_mm: float, never: Mask | None = None) -> list[Area]:
    """The places that differ: first those that permitted changes explain, then what is left, from top to bottom.

    Nothing explains a difference in `never`.
    """
    rest = mask.copy()
    found: list[Area] = []
    for change in known:
        part = _slices(change.box, mask.shape)
        explained = np.zeros_like(mask)
        explained[part] = rest[part]
        if never is not None:
            explained &= ~never
        if explained.any():
            found.append(Area(Box(*cv2.boundingRect(explained.astype(np.uint8))), int(explained.sum()), change.object))
            rest &= ~explained
    return found + _together(sorted(_connected(rest, px_per_mm), key=lambda a: (a.box.y, a.box.x)))


def _connected(mask: Mask, px_per_mm: float) -> Iterator[Area]:
    if not mask.any():
        return
    reach = max(round(_NEAR_MM * px_per_mm), 1) | 1
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8))
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    for number in range(1, count):
        left, top, width, height = (int(v) for v in stats[number, :4])
        window = (slice(top, top + height), slice(left, left + width))
        inside = mask[window] & (numbers[window] == number)
        x, y, w, h = cv2.boundingRect(inside.astype(np.uint8))
        yield Area(Box(left + x, top + y, w, h), int(inside.sum()), None)


def _together(found: list[Area]) -> list[Area]:
    if len(found) <= _MOST_AREAS:
        return found
    largest = sorted(found, key=lambda a: -a.pixels)
    kept = set(largest[: _MOST_AREAS - 1])
    rest = [a for a in found if a not in kept]
    left, top = min(a.box.x for a in rest), min(a.box.y for a in rest)
    right, bottom = max(a.box.x + a.box.w for a in rest), max(a.box.y + a.box.h for a in rest)
    united = Area(Box(left, top, right - left, bottom - top), sum(a.pixels for a in rest), None)
    return [*(a for a in found if a in kept), united]


def _slices(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape[:2]
    left, top = (min(max(int(v), 0), most) for v, most in ((box.x, width), (box.y, height)))
    right, bottom = (
        min(max(int(np.ceil(v)), 0), most) for v, most in ((box.x + box.w, width), (box.y + box.h, height))
    )
    return slice(top, max(bottom, top)), slice(left, max(right, left))


def marked(now: Pixels, mask: Mask, found: Sequence[Area]) -> Pixels:
    """The page as it is now, pale, with each place framed and its pixels coloured.

    Red and a heavy frame: nothing permitted explains it. Blue and a fine frame: a permitted change shows there.
    """
    picture = (255 - (255 - now.astype(np.uint16)) * 2 // 5).astype(np.uint8)
    for area in found:
        part = _slices(area.box, now.shape)
        colour = _UNEXPLAINED if area.explained_by is None else _EXPLAINED
        picture[part][mask[part]] = colour
    for area in found:
        x, y, w, h = (round(v) for v in area.box)
        heavy = area.explained_by is None
        colour = _UNEXPLAINED if heavy else _EXPLAINED
        cv2.rectangle(picture, (x - 5, y - 5), (x + w + 4, y + h + 4), colour, 3 if heavy else 1)
    return picture


def png(pixels: Pixels) -> bytes:
    """PNG bytes, the same for the same pixels; a picture without colour as shades of grey."""
    first = pixels[:, :, 0]
    grey = bool((first == pixels[:, :, 1]).all() and (first == pixels[:, :, 2]).all())
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(first) if grey else pixels).save(out, "PNG", compress_level=4)
    return out.getvalue()

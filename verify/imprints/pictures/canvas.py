"""What all exhibits are drawn with: the part of the frame that is shown, enlarged, with lines, numbers and a bar."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from verify.core.document import Pixels
from verify.imprints.align import FINE
from verify.imprints.ink import Map
from verify.imprints.measuring import Pictures

Colour = tuple[int, int, int]
Array = NDArray[np.float64]

LARGEST_PX = 1200
EDGE_MM = 1.5  # paper shown about the ink
GAP_PX = 16  # between two panels
BLACK, GREY, WHITE = (20, 24, 28), (120, 126, 132), (255, 255, 255)
_FRACTION = 3  # bits of a pixel in OpenCV's coordinates


def png(pixels: Pixels) -> bytes:
    """PNG bytes, the same for the same pixels."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", optimize=False, compress_level=1)
    return out.getvalue()


@dataclass(frozen=True)
class Window:
    """The part of the specimen's frame that is shown: left, top, width, height in its pixels, and the enlargement."""

    x: int
    y: int
    w: int
    h: int
    zoom: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the panel in pixels."""
        return round(self.w * self.zoom), round(self.h * self.zoom)

    def cut(self, one: Map, *, smooth: bool = True) -> Map:
        """The part of a map of the frame, enlarged."""
        part = one[self.y : self.y + self.h, self.x : self.x + self.w]
        how = cv2.INTER_CUBIC if smooth else cv2.INTER_NEAREST
        return np.asarray(cv2.resize(part, self.size, interpolation=how))

    def points(self, mm: Array) -> Array:
        """Places (k, 2) in mm of the frame, in pixels of the panel."""
        return np.asarray((mm * FINE - np.array([self.x, self.y]) + 0.5) * self.zoom - 0.5)

    @property
    def px_per_mm(self) -> float:
        return FINE * self.zoom


def window(p: Pictures, *, panels: int = 1, largest: float = 2.0, edge_mm: float = EDGE_MM) -> Window:
    """About all ink that is known on either print; so large that `panels` side by side fit."""
    ink = ((p.reference > 0.4) | ((p.questioned > 0.5) & p.known)).astype(np.uint8)
    ink = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    ys, xs = np.nonzero(ink)
    h, w = p.reference.shape
    # No more than the frame's own margin (2.5 mm): beyond it there are no maps.
    edge = round(edge_mm * FINE)
    x0, x1 = (max(int(xs.min()) - edge, 0), min(int(xs.max()) + edge + 1, w)) if len(xs) else (0, w)
    y0, y1 = (max(int(ys.min()) - edge, 0), min(int(ys.max()) + edge + 1, h)) if len(xs) else (0, h)
    room = (LARGEST_PX - GAP_PX * (panels - 1)) // panels
    # The legend below takes its strip of the height.
    zoom = min(largest, room / (x1 - x0), (LARGEST_PX - STRIP_PX) / (y1 - y0))
    return Window(x0, y0, x1 - x0, y1 - y0, zoom)


STRIP_PX = 46


def beside(*panels: Pixels) -> Pixels:
    """Panels of one height side by side, a white gap between."""
    gap = np.full((panels[0].shape[0], GAP_PX, 3), 255, np.uint8)
    parts = [part for panel in panels for part in (panel, gap)][:-1]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def with_strip(picture: Pixels) -> Pixels:
    """A white strip below, for the bar and the legend."""
    return np.asarray(cv2.copyMakeBorder(picture, 0, STRIP_PX, 0, 0, cv2.BORDER_CONSTANT, value=WHITE), np.uint8)


def bar(picture: Pixels, px_per_mm: float, mm: float, label: str, *, x: int = 14) -> int:
    """A bar of so many mm in the strip, from `x` on, with its label; returns where its label ends."""
    y, end = picture.shape[0] - 14, x + round(mm * px_per_mm)
    for a, b in (((x, y), (end, y)), ((x, y - 6), (x, y + 6)), ((end, y - 6), (end, y + 6))):
        cv2.line(picture, a, b, BLACK, 2)
    return write(picture, (end + 10, y - 9), label)


def to_bytes(picture: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)


def pale(density: Map, *, darkest: float = 0.8) -> Pixels:
    """Ink as a light ground to draw on; solid ink has this brightness."""
    level = 1 - (1 - darkest) * np.clip(density, 0, 1)
    return to_bytes(np.dstack([level] * 3))


def line(picture: Pixels, points: Array, colour: Colour, *, width: int = 2, closed: bool = False) -> None:
    """A line through points (k, 2) to an eighth of a pixel."""
    fixed = np.rint(points * (1 << _FRACTION)).astype(np.int32)
    cv2.polylines(picture, [fixed], closed, colour, width, cv2.LINE_AA, _FRACTION)


def arrow(picture: Pixels, start: Array, end: Array, colour: Colour, *, width: int = 2) -> None:
    """With a filled head; short arrows have short heads."""
    along = end - start
    length = float(np.hypot(*along))
    if length < 1.0:
        disc(picture, start, 1.5, colour)
        return
    along = along / length
    across = np.array([-along[1], along[0]])
    head = min(11.0, 0.6 * length)
    line(picture, np.array([start, end - along * head * 0.6]), colour, width=width)
    fill(
        picture,
        np.array([end, end - along * head + across * head * 0.45, end - along * head - across * head * 0.45]),
        colour,
    )


def fill(picture: Pixels, points: Array, colour: Colour) -> None:
    fixed = np.rint(points * (1 << _FRACTION)).astype(np.int32)
    cv2.fillPoly(picture, [fixed], colour, cv2.LINE_AA, _FRACTION)


def disc(picture: Pixels, at: Array, radius: float, colour: Colour) -> None:
    scale = 1 << _FRACTION
    x, y = (round(float(v) * scale) for v in at)
    cv2.circle(picture, (x, y), round(radius * scale), colour, -1, cv2.LINE_AA, _FRACTION)


def star(picture: Pixels, at: Array, radius: float, colour: Colour) -> None:
    """Five points, one up."""
    turns = np.arange(10) * math.pi / 5
    reach = np.where(np.arange(10) % 2 == 0, radius, 0.42 * radius)
    fill(picture, at + np.stack([reach * np.sin(turns), -reach * np.cos(turns)], axis=1), colour)


def ellipse(covariance: Array, *, points: int = 32) -> Array:
    """The 1-sigma ellipse (points, 2) of a covariance, about 0."""
    values, vectors = np.linalg.eigh(covariance)
    t = np.linspace(0, 2 * math.pi, points, endpoint=False)
    return np.asarray(np.stack([np.cos(t), np.sin(t)], axis=1) * np.sqrt(np.maximum(values, 0.0)) @ vectors.T)


def write(picture: Pixels, at: tuple[float, float], text: str, *, colour: Colour = BLACK, size: int = 20) -> int:
    """Text with its upper left corner at a place, kept inside the picture; returns the x where it ends."""
    stamp = _text(text, size)
    h, w = int(stamp.shape[0]), int(stamp.shape[1])
    x = max(min(round(at[0]), int(picture.shape[1]) - w), 0)
    y = max(min(round(at[1]), int(picture.shape[0]) - h), 0)
    part = picture[y : y + h, x : x + w]
    share = stamp[: part.shape[0], : part.shape[1], None].astype(np.float32) / 255
    part[:] = np.rint(part * (1 - share) + np.array(colour) * share).astype(np.uint8)
    return x + w


def text_size(text: str, *, size: int = 20) -> tuple[int, int]:
    """Width and height in pixels."""
    h, w = _text(text, size).shape
    return w, h


@cache
def _text(text: str, size: int) -> NDArray[np.uint8]:
    """How much each pixel is covered, 0 to 255. Pillow's own typeface: the same on every machine."""
    font = ImageFont.load_default(size)
    left, _, right, _ = font.getbbox(text)
    image = Image.new("L", (math.ceil(right - left) + 6, round(size * 1.25)), 0)
    ImageDraw.Draw(image).text((3 - left, round(size * 0.05)), text, font=font, fill=255)
    return np.asarray(image, np.uint8)


def swatches(picture: Pixels, entries: Sequence[tuple[Colour, str]], *, right: int = 14) -> None:
    """Coloured squares with their signs, from the right end of the strip."""
    x = picture.shape[1] - right
    y = picture.shape[0] - 32
    for colour, text in reversed(entries):
        x -= text_size(text)[0]
        write(picture, (x, y - 1), text)
        x -= 30
        cv2.rectangle(picture, (x, y), (x + 24, y + 22), colour, -1)
        cv2.rectangle(picture, (x, y), (x + 24, y + 22), GREY, 1)
        x -= 18

"""Both prints in one frame: side by side, laid over each other, subtracted, split."""

from __future__ import annotations

import cv2
import numpy as np

from verify.core.document import Pixels
from verify.imprints import compare
from verify.imprints.align import Frame
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Map
from verify.imprints.measuring import Against, Pictures
from verify.imprints.pictures.canvas import (
    BLACK,
    GREY,
    Window,
    bar,
    beside,
    line,
    pale,
    swatches,
    to_bytes,
    window,
    with_strip,
)

SILENT = 0.22  # a difference in density below this is mottle and noise
LOUD = 0.62
_ADDED, _MISSING, _SAME, _UNKNOWN = (173, 5, 15), (77, 158, 255), (214, 214, 214), (255, 242, 184)


def aligned(one: Against, questioned: Imprint | None, specimen: Imprint | None) -> Pixels:
    """Specimen left, questioned imprint right, in one frame and at one scale, with a bar where there is a scale."""
    view = window(one.pictures, panels=2)
    if questioned is None or specimen is None:
        left, right = (pale(view.cut(m), darkest=0.1) for m in (one.pictures.reference, one.pictures.questioned))
    else:
        gx, gy = _places(view)
        left = _photograph(specimen, one.reference, gx, gy, view)
        px, py = one.alignment.grid(one.pictures.reference.shape)
        qx, qy = (cv2.remap(m, gx, gy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for m in (px, py))
        right = _photograph(questioned, one.questioned, qx, qy, view)
    picture = with_strip(beside(left, right))
    if one.reference.scale_known:
        bar(picture, view.px_per_mm, 10, "10 mm")
    return picture


def _places(view: Window) -> tuple[Map, Map]:
    """For each pixel of the panel, its place in the specimen's frame."""
    w, h = view.size
    x = (np.arange(w, dtype=np.float32) + 0.5) / view.zoom - 0.5 + view.x
    y = (np.arange(h, dtype=np.float32) + 0.5) / view.zoom - 0.5 + view.y
    gx, gy = np.meshgrid(x, y)
    return gx, gy


def _photograph(imprint: Imprint, frame: Frame, x: Map, y: Map, view: Window) -> Pixels:
    """The imprint's own pixels at places of its frame; beyond them the colour of its paper."""
    w = imprint.pixels.shape[1]
    inner_w, inner_h = (frame.density.shape[1] - 2 * frame.offset[0], frame.density.shape[0] - 2 * frame.offset[1])
    # Large scans are reduced first: sampling them point by point would sparkle.
    factor = min(1.0, 1.2 * inner_w * view.zoom / w)
    pixels = (
        cv2.resize(imprint.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        if factor < 1
        else imprint.pixels
    )
    sx, sy = pixels.shape[1] / inner_w, pixels.shape[0] / inner_h
    px = np.asarray((x - frame.offset[0] + 0.5) * sx - 0.5, np.float32)
    py = np.asarray((y - frame.offset[1] + 0.5) * sy - 0.5, np.float32)
    paper = tuple(float(v) for v in np.percentile(pixels[::4, ::4].reshape(-1, 3), 80, axis=0))
    return np.asarray(
        cv2.remap(pixels, px, py, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=paper), np.uint8
    )


def _enlarged(p: Pictures, view: Window) -> Pictures:
    return Pictures(
        reference=view.cut(p.reference),
        questioned=view.cut(p.questioned),
        known=view.cut(p.known.astype(np.uint8), smooth=False) > 0,
        added=view.cut(p.added),
        missing=view.cut(p.missing),
    )


def overlay(p: Pictures, *, scaled: bool) -> Pixels:
    """Questioned ink red, specimen cyan, both together dark."""
    view = window(p)
    picture = with_strip(compare.overlay(_enlarged(p, view)))
    if scaled:
        bar(picture, view.px_per_mm, 10, "10 mm")
    return picture


def difference(p: Pictures, *, scaled: bool) -> Pixels:
    """Questioned minus specimen: more ink dark red, less ink light blue, the same grey, unknown ground yellow."""
    view = window(p)
    big = _enlarged(p, view)
    questioned, reference = np.clip(big.questioned, 0, 1), np.clip(big.reference, 0, 1)
    signed = questioned - reference
    strength = np.clip((np.abs(signed) - SILENT) / (LOUD - SILENT), 0, 1)
    ground = 1 - (1 - _SAME[0] / 255) * np.minimum(questioned, reference)
    more, less = np.where(signed > 0, strength, 0), np.where(signed < 0, strength, 0)
    picture = np.empty((*signed.shape, 3), np.float32)
    for channel in range(3):
        level = ground * (1 - strength) + more * (_ADDED[channel] / 255) + less * (_MISSING[channel] / 255)
        picture[..., channel] = np.where(big.known, level, _UNKNOWN[channel] / 255)
    shown = with_strip(to_bytes(picture))
    if scaled:
        bar(shown, view.px_per_mm, 10, "10 mm")
    swatches(shown, [(_ADDED, "+"), (_MISSING, "-"), (_SAME, "="), (_UNKNOWN, "?")])
    return shown


def fold(p: Pictures) -> Pixels:
    """One half from each print, along a vertical and along a diagonal through the middle: do strokes run on?

    The specimen's half, left or upper left, is blue, the questioned print's red.
    """
    view = window(p, panels=2)
    reference, questioned = (np.clip(view.cut(m), 0, 1)[..., None] for m in (p.reference, p.questioned))
    blue = to_bytes(1 - reference * np.array([0.97, 0.85, 0.45], np.float32))
    red = to_bytes(1 - questioned * np.array([0.10, 0.76, 0.78], np.float32))
    w, h = view.size
    x, y = np.arange(w) + 0.5, np.arange(h)[:, None] + 0.5
    panels = []
    for first, ends in (
        (x + 0 * y < w / 2, ((w / 2, 0), (w / 2, h))),
        (x / w + y / h < 1, ((w, 0), (0, h))),
    ):
        panel = np.where(first[..., None], blue, red)
        line(panel, np.array(ends, np.float64), GREY, width=1)
        panels.append(panel)
    return beside(*panels)


def frames(p: Pictures) -> dict[str, Pixels]:
    """Both inks, each alone in the same frame: shown in turn, what moves is what differs."""
    view = window(p, largest=1.6)
    inks = {"reference-ink": p.reference, "questioned-ink": p.questioned}
    pictures = {role: pale(view.cut(m), darkest=0.1) for role, m in inks.items()}
    for picture in pictures.values():
        # A cross in both: what stays still.
        middle = np.array([picture.shape[1] / 2, picture.shape[0] / 2])
        for step in (np.array([6.0, 0.0]), np.array([0.0, 6.0])):
            line(picture, np.array([middle - step, middle + step]), BLACK, width=1)
    return pictures

"""Captures: layers on paper seen by a scanner or a phone, as 8-bit pixels with known truth.

Inks absorb one after another (Beer–Lambert): in linear light their absorbances add, so that text under ink
stays dark. Then optics, sensor and JPEG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.core.geometry import MM_PER_INCH
from verify.simulation.fields import (
    Map,
    Mask,
    Matrix,
    Rng,
    as_map,
    between,
    blur,
    bounds,
    centred,
    moving,
    noise,
    pick,
    scaling,
    turning,
    warp,
)
from verify.simulation.impressions import Hardness, Impression, fit_scale
from verify.simulation.paper import Layer, handwriting, moved, paper_texture, printed_lines, table_lines

Pixels = NDArray[np.uint8]
A4_MM = (210.0, 297.0)


@dataclass(frozen=True)
class Capture:
    """How the paper was captured. `dpi` is true; a phone's picture does not tell it. `blur_mm`: standard deviation
    of the optics. `perspective`: shift of the corners as a share of the size. `noise`: rms of 255. `jpeg`: quality,
    None for lossless. `shadow`: fall of the light across the picture, 0..1. `cast`: gain a channel (R, G, B)."""

    kind: Literal["scanner", "phone"] = "scanner"
    dpi: float = 300.0
    turn_deg: float = 0.0
    perspective: float = 0.0
    blur_mm: float = 0.025
    noise: float = 1.0
    jpeg: int | None = None
    grey: bool = False
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    shadow: float = 0.0
    scale_error: float = 1.0

    @staticmethod
    def draw(
        rng: Rng, hardness: Hardness = "clean", *, dpi: float | None = None, printed_to_fit: bool = False,
        fit: float | None = None,
    ) -> Capture:  # fmt: skip
        """A capture as an office would make it. Phones occur in hard ones only (and seldom in medium ones).

        `printed_to_fit`: a third of the papers were printed or copied at a scale off by 0.5 to 6 % which the file
        does not tell. `fit`: that scale itself, of a `Session`, instead of drawing one.
        """
        if hardness == "ideal":
            return Capture(dpi=dpi or 600.0, blur_mm=0.015, noise=0.0)
        level = {"clean": 0, "medium": 1, "hard": 2}[hardness]
        phone = rng.random() < (0.0, 0.08, 0.3)[level]
        resolution = float(dpi or pick(rng, ((300, 400, 600), (200, 300, 300, 400), (150, 200, 200, 300))[level]))
        lossless = rng.random() < (0.5, 0.25, 0.1)[level]
        cast = np.exp(rng.normal(0.0, 0.06 if phone else 0.015, 3))
        if fit is None:
            fit = fit_scale(rng) if printed_to_fit and rng.random() < 1 / 3 else 1.0
        return Capture(
            kind="phone" if phone else "scanner",
            dpi=resolution,
            turn_deg=float(rng.normal(0.0, 3.0 if phone else (0.4, 0.8, 1.5)[level])),
            perspective=between(rng, 0.005, 0.05) if phone else 0.0,
            blur_mm=between(rng, 0.015, (0.035, 0.05, 0.075)[level]) + (between(rng, 0.0, 0.04) if phone else 0.0),
            noise=between(rng, 0.5, (2.0, 3.5, 5.0)[level]) + (between(rng, 0.0, 4.0) if phone else 0.0),
            jpeg=None if lossless else int(rng.integers(*((85, 97), (72, 95), (50, 90))[level])),
            grey=bool(rng.random() < (0.0, 0.06, 0.15)[level]),
            cast=(float(cast[0]), float(cast[1]), float(cast[2])),
            contrast=between(rng, *((0.97, 1.05), (0.93, 1.12), (0.88, 1.25))[level]),
            shadow=between(rng, 0.05, 0.35) if phone else between(rng, 0.0, (0.0, 0.03, 0.06)[level]),
            scale_error=fit * (1.0 + float(rng.normal(0.0, 0.001))),
        )


@dataclass(frozen=True)
class Placed:
    """One seal's truth in a scan: box in px (x, y, w, h; of the contact area), and 3×3 mm from the die's centre → px
    (the rubber's smooth deformation apart)."""

    impression: Impression
    box_px: tuple[int, int, int, int]
    to_px: Matrix


@dataclass(frozen=True, eq=False)
class Scan:
    """What a capture gave: `pixels` (H, W, 3) uint8 RGB; `dpi` as the file would say it, None for a phone;
    `ink` (H, W): where seal ink truly lies; `foreign` (H, W): where text, rules or a pen lie; one `Placed` a seal."""

    pixels: Pixels
    dpi: float | None
    ink: Mask
    foreign: Mask
    seals: tuple[Placed, ...]
    capture: Capture

    @property
    def box_px(self) -> tuple[int, int, int, int]:
        """Of the first seal."""
        return self.seals[0].box_px


def clutter(rng: Rng, hardness: Hardness, width_mm: float, height_mm: float) -> tuple[Layer, ...]:
    """What lies about and over a seal in a rectangle: nothing when ideal, mostly nothing when clean."""
    level = {"ideal": -1, "clean": 0, "medium": 1, "hard": 2}[hardness]
    if level < 0:
        return ()
    layers: list[Layer] = []
    if rng.random() < (0.25, 0.6, 0.8)[level]:
        layers.append(printed_lines(rng, width_mm, height_mm))
    if rng.random() < (0.0, 0.12, 0.25)[level]:
        layers.append(table_lines(rng, width_mm, height_mm))
    if rng.random() < (0.0, 0.25, 0.5)[level]:
        layers.append(handwriting(rng, width_mm, height_mm))
    return tuple(layers)


def scan_crop(
    impression: Impression, capture: Capture, rng: Rng, *, clutter_of: Hardness = "ideal", margin_mm: float = 3.0
) -> Scan:
    """A seal with a margin, upon and under clutter of the given hardness."""
    width, height = (extent + 2 * margin_mm for extent in impression.size_mm)
    layers = clutter(rng, clutter_of, width, height)
    return scan_page([(impression, margin_mm, margin_mm)], layers, capture, rng, size_mm=(width, height))


def scan_page(
    stamps: Sequence[tuple[Impression, float, float]], content: Sequence[Layer], capture: Capture, rng: Rng, *,
    size_mm: tuple[float, float] = A4_MM,
) -> Scan:  # fmt: skip
    """A page with its content and stamps; a stamp's (x, y) is the upper left corner of its map in mm."""
    scale = capture.dpi * capture.scale_error / MM_PER_INCH
    # Twice as fine where that is cheap: absorbance is not linear, edges must be mixed as light.
    fine = 2 if capture.dpi <= 400 and size_mm[0] * size_mm[1] < 10_000 else 1
    to_px, (width, height) = _view(size_mm, scale, capture, rng)
    to_fine = centred(1.0) @ scaling(fine) @ np.linalg.inv(centred(1.0)) @ to_px
    shape = (height * fine, width * fine)
    depth = np.zeros((*shape, 3), dtype=np.float32)
    foreign = np.zeros(shape, dtype=np.float32)
    ink = np.zeros(shape, dtype=np.float32)
    for layer in content:
        _lay(depth, foreign, layer, to_fine)
    seals = []
    for impression, x, y in stamps:
        _lay(depth, ink, Layer(impression.density, impression.px_per_mm, x, y, impression.absorbance), to_fine)
        seals.append(_placed(impression, x, y, to_px, (height, width)))
    light = as_map(cv2.exp(-depth)) * paper_texture(rng, shape, scale * fine)
    light = blur(as_map(light), capture.blur_mm * scale * fine)
    if fine > 1:
        light = as_map(cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA))
        ink = as_map(cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA))
        foreign = as_map(cv2.resize(foreign, (width, height), interpolation=cv2.INTER_AREA))
    pixels = _developed(light, capture, scale, rng)
    told = None if capture.kind == "phone" else capture.dpi
    return Scan(pixels, told, np.asarray(ink > 0.25), np.asarray(foreign > 0.25), tuple(seals), capture)


def _view(size_mm: tuple[float, float], scale: float, capture: Capture, rng: Rng) -> tuple[Matrix, tuple[int, int]]:
    """Page mm → px, and the picture's (w, h): the page's own frame, turned and tilted about its middle."""
    width, height = round(size_mm[0] * scale), round(size_mm[1] * scale)
    turned = (
        moving(size_mm[0] / 2, size_mm[1] / 2) @ turning(capture.turn_deg) @ moving(-size_mm[0] / 2, -size_mm[1] / 2)
    )
    view = centred(scale) @ turned
    if capture.perspective > 0:
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
        shift = rng.uniform(-1, 1, (4, 2)) * capture.perspective * np.array([width, height])
        view = (
            np.asarray(cv2.getPerspectiveTransform(corners, (corners + shift).astype(np.float32)), dtype=np.float64)
            @ view
        )
    return view, (width, height)


def _lay(depth: Map, cover: Map, layer: Layer, to_px: Matrix) -> None:
    """Add a layer's absorbance where it lands."""
    height, width = layer.density.shape
    matrix = to_px @ moving(layer.x_mm, layer.y_mm) @ np.linalg.inv(centred(layer.px_per_mm))
    left, top, right, bottom = bounds(matrix, width, height)
    x0, y0 = max(int(left) - 1, 0), max(int(top) - 1, 0)
    x1, y1 = min(int(right) + 2, depth.shape[1]), min(int(bottom) + 2, depth.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    patch = warp(layer.density, moving(-x0, -y0) @ matrix, (x1 - x0, y1 - y0))
    for channel in range(3):
        depth[y0:y1, x0:x1, channel] += patch * np.float32(layer.absorbance[channel])
    np.maximum(cover[y0:y1, x0:x1], patch, out=cover[y0:y1, x0:x1])


def _placed(impression: Impression, x: float, y: float, to_px: Matrix, shape: tuple[int, int]) -> Placed:
    rows, columns = np.flatnonzero(impression.contact.any(axis=1)), np.flatnonzero(impression.contact.any(axis=0))
    matrix = to_px @ moving(x, y) @ np.linalg.inv(centred(impression.px_per_mm))
    left, top, right, bottom = bounds(
        matrix @ moving(float(columns[0]), float(rows[0])), float(columns[-1] - columns[0]), float(rows[-1] - rows[0])
    )
    x0, y0 = max(round(left), 0), max(round(top), 0)
    x1, y1 = min(round(right), shape[1]), min(round(bottom), shape[0])
    return Placed(impression, (x0, y0, x1 - x0, y1 - y0), matrix @ impression.to_map)


def _developed(light: Map, capture: Capture, scale: float, rng: Rng) -> Pixels:
    """Linear light → 8-bit sRGB-like pixels: light, cast, tone, noise, JPEG."""
    height, width = light.shape[:2]
    if capture.shadow > 0:
        angle = between(rng, 0, 2 * np.pi)
        x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :] * np.float32(np.cos(angle))
        y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
        light = as_map(light * (1.0 - np.float32(capture.shadow) * (0.5 + x + y))[..., None])
    light = light * np.asarray(capture.cast, dtype=np.float32)
    tone = as_map(cv2.pow(np.clip(light, 0.0, 1.0), 1.0 / 2.2)) * np.float32(255.0)
    # Offices' scanners stretch the tones: paper near white, darks darker.
    tone = (tone - np.float32(250.0)) * np.float32(capture.contrast) + np.float32(250.0)
    if capture.grey:
        tone = as_map(cv2.merge([cv2.cvtColor(as_map(tone), cv2.COLOR_RGB2GRAY)] * 3))
    if capture.noise > 0:
        if capture.grey:
            tone = tone + (noise(rng, (height, width), 1.5) * np.float32(capture.noise))[..., None]
        else:
            tone = tone + rng.standard_normal(tone.shape, dtype=np.float32) * np.float32(capture.noise)
    pixels: Pixels = np.clip(np.round(tone), 0, 255).astype(np.uint8)
    if capture.jpeg is None:
        return pixels
    flags = [cv2.IMWRITE_JPEG_QUALITY, capture.jpeg]
    data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), flags)[1]
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # our own encoding
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), dtype=np.uint8)


__all__ = ["A4_MM", "Capture", "Placed", "Scan", "clutter", "moved", "scan_crop", "scan_page"]

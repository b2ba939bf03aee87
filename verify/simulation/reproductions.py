"""Reproductions: a scan of a seal's print put on paper again by an ink-jet, a laser printer or a photocopier.

Each ink is a layer of dots, laid like any other on a page (verify.simulation.scans): halftoning decides where a dot
falls, the device decides what the dot looks like. Ink-jets scatter droplets by error diffusion, and paper wicks
them; laser devices grow clustered dots on a screen, an angle a colour, and toner is crisp, even and a little
scattered. All inks are mixtures of cyan, magenta, yellow and black. Constants are those of office devices in general,
none was measured on one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.core.geometry import MM_PER_INCH
from verify.simulation.fields import Map, Rng, as_map, between, blur, noise, pick
from verify.simulation.paper import Layer

How = Literal["ink-jet", "laser", "photocopy"]
HOWS: tuple[How, ...] = ("ink-jet", "laser", "photocopy")
GRID = 1200.0 / MM_PER_INCH  # px/mm of the dots' maps
# Absorbance a channel (natural logarithm, linear light, R G B) of one solid ink: cyan, magenta, yellow, black.
_TONERS = ((2.3, 0.45, 0.18), (0.16, 2.5, 0.75), (0.03, 0.16, 2.4), (2.8, 2.8, 2.75))
_JETS = ((2.0, 0.40, 0.16), (0.14, 2.0, 0.60), (0.03, 0.14, 1.9), (2.1, 2.1, 2.0))
_ANGLES = (15.0, 75.0, 0.0, 45.0)


@dataclass(frozen=True)
class Device:
    """A device and its settings. Lengths in mm, angles in degrees.

    `black`: one black ink only. `clean`: the value that becomes white, as a share of the picture's paper; above 1 the
    paper itself is printed too. `contrast`: slope of the tone about the middle. `blur`: standard deviation of
    the picture before it is halftoned (a copier's own scanner, a resized picture). `gcr`: share of the grey in a
    colour that black prints.
    Ink-jet: `dpi` 600 or 1200, `dot` the droplet's standard deviation, `jitter` of its place, `satellites` a droplet,
    `wicking` rms displacement along fibres, `banding` rms of the swaths' strength.
    Laser: `lpi` of the screen, 0 for an edge-preserving threshold (text mode); `turn` of all angles;
    `misregistration` rms between colours; `scatter`: toner specks a mm² near edges; `rough`: rms of the threshold.
    """

    how: How
    black: bool = False
    clean: float = 0.95
    contrast: float = 1.0
    blur: float = 0.0
    gcr: float = 0.3
    dpi: int = 600
    dot: float = 0.018
    jitter: float = 0.006
    satellites: float = 0.03
    wicking: float = 0.01
    banding: float = 0.02
    lpi: float = 175.0
    turn: float = 0.0
    misregistration: float = 0.03
    scatter: float = 2.0
    rough: float = 0.05
    toner: float = 1.0

    @staticmethod
    def draw(
        rng: Rng, how: How, *, lpi: tuple[float, float] = (135.0, 215.0), dpi: tuple[int, ...] = (600, 1200)
    ) -> Device:
        """A device as it stands in offices; `lpi` and `dpi` narrow the choice, so that some can be held out."""
        copier = how == "photocopy"
        black = copier and rng.random() < 0.75
        threshold = black and rng.random() < 0.4
        return Device(
            how=how,
            black=black,
            clean=between(rng, 0.86, 1.04) if copier else between(rng, 0.80, 1.0),
            contrast=between(rng, 1.2, 2.2) if black else between(rng, 1.0, 1.35),
            blur=between(rng, 0.02, 0.05) if copier else between(rng, 0.0, 0.02),
            gcr=between(rng, 0.1, 0.6),
            dpi=int(pick(rng, dpi)),
            dot=between(rng, 0.013, 0.024),
            jitter=between(rng, 0.003, 0.010),
            satellites=between(rng, 0.005, 0.06),
            wicking=between(rng, 0.004, 0.016),
            banding=between(rng, 0.005, 0.04),
            lpi=0.0 if threshold else between(rng, *lpi),
            turn=float(rng.normal(0.0, 6.0)),
            misregistration=between(rng, 0.01, 0.05),
            scatter=between(rng, 0.5, 5.0) * (1.6 if copier else 1.0),
            rough=between(rng, 0.03, 0.10),
            toner=between(rng, 0.85, 1.1),
        )


def reproduce(
    pixels: NDArray[np.uint8], dpi: float, device: Device, rng: Rng, *, x_mm: float = 0.0, y_mm: float = 0.0
) -> tuple[Layer, ...]:
    """The layers of ink that the device lays for a picture (h, w, 3) uint8 RGB at `dpi`, at its true size, its corner at
    (x, y): one a colour, blank ones left out."""
    cover = _coverages(pixels, dpi, device)
    if device.how == "ink-jet":
        dots, inks = _droplets(cover, device, rng), _JETS
    else:
        dots, inks = _toner(cover, device, rng), _TONERS
    strength = device.toner
    return tuple(
        Layer(d, GRID, x_mm, y_mm, (a[0] * strength, a[1] * strength, a[2] * strength))
        for d, a in zip(dots, inks, strict=True)
        if d.max() > 0
    )


def _coverages(pixels: NDArray[np.uint8], dpi: float, device: Device) -> Map:
    """(h, w, 4) coverage asked of C, M, Y and K, 0 to 1, on the grid of the device's halftone."""
    grid = device.dpi / MM_PER_INCH if device.how == "ink-jet" else GRID
    picture = as_map(pixels) / np.float32(255.0)
    if device.blur > 0:
        picture = blur(as_map(picture), device.blur * dpi / MM_PER_INCH)
    paper = np.percentile(picture.reshape(-1, 3)[::7], 85, axis=0).astype(np.float32)
    picture = picture / np.maximum(paper * np.float32(device.clean), np.float32(0.05))
    if device.black:
        grey = picture @ np.array([0.30, 0.59, 0.11], dtype=np.float32)
        picture = as_map(cv2.merge([grey] * 3))
    # The slope is taken about light tones: whoever copies pale ink wants it dark.
    picture = np.clip((picture - np.float32(0.8)) * np.float32(device.contrast) + np.float32(0.8), 0.0, 1.0)
    if device.clean <= 1.0:
        picture = np.where(picture > 0.985, np.float32(1.0), picture)
    height, width = (max(round(n * grid * MM_PER_INCH / dpi), 1) for n in pixels.shape[:2])
    # Not more than the halftone can hold: a finer picture is averaged, a coarser one interpolated.
    shrink = cv2.INTER_AREA if grid * MM_PER_INCH < dpi else cv2.INTER_LINEAR
    cmy = np.float32(1.0) - as_map(cv2.resize(as_map(picture), (width, height), interpolation=shrink))
    if device.black:
        nothing = np.zeros((height, width), dtype=np.float32)
        return as_map(cv2.merge([nothing, nothing, nothing, cmy[..., 0]]))
    black = np.float32(device.gcr) * cmy.min(axis=2)
    return as_map(np.clip(np.dstack([cmy - black[..., None], black]), 0.0, 1.0))


# ── ink-jet ────────────────────────────────────────────────────────────────────────────────────────────


def _droplets(cover: Map, device: Device, rng: Rng) -> list[Map]:
    """Where droplets land and how they spread."""
    bits = diffused(cover, rng)
    step = round(GRID * MM_PER_INCH) // device.dpi
    height, width = bits.shape[0] * step, bits.shape[1] * step
    bands = 1.0 + device.banding * rng.standard_normal(height // 24 + 2).repeat(24)[:height]
    dx, dy = (noise(rng, (height, width), 0.15 * GRID) * np.float32(device.wicking * GRID) for _ in range(2))
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    fibres = 1.0 + np.float32(0.10) * noise(rng, (height, width), 0.12 * GRID)
    layers = []
    for channel in range(4):
        rows, columns = np.nonzero(bits[..., channel])
        if not len(rows):
            layers.append(np.zeros((height, width), dtype=np.float32))
            continue
        place = np.stack([rows, columns]) * step + (step - 1) / 2
        place = place + rng.normal(0.0, device.jitter * GRID, place.shape)
        size = rng.normal(1.0, 0.12, len(rows)).clip(0.5, 1.5)
        # A satellite trails its droplet in the direction that the head travels.
        tail = rng.random(len(rows)) < device.satellites
        far = place[:, tail] + np.stack(
            [rng.normal(0, 0.01 * GRID, tail.sum()), rng.uniform(0.04, 0.12, tail.sum()) * GRID]
        )
        ink = _landed(place, size, (height, width)) + _landed(far, np.full(tail.sum(), 0.2), (height, width))
        ink = blur(ink, device.dot * GRID) * np.float32(step**2)
        # Overlapping droplets wet the same fibres: the second adds less than the first.
        ink = (1.0 - np.exp(-1.7 * ink)) * np.float32(1.2)
        ink = as_map(cv2.remap(as_map(ink), across + dx, down + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        layers.append(as_map(ink * fibres * bands[:, None]))
    return layers


def _landed(place: NDArray[np.float64], size: NDArray[np.float64], shape: tuple[int, int]) -> Map:
    at = np.rint(place).astype(np.int64)
    inside = (at[0] >= 0) & (at[0] < shape[0]) & (at[1] >= 0) & (at[1] < shape[1])
    flat = at[0, inside] * shape[1] + at[1, inside]
    return as_map(np.bincount(flat, weights=size[inside], minlength=shape[0] * shape[1]).reshape(shape))


def diffused(cover: Map, rng: Rng) -> NDArray[np.bool_]:
    """Floyd–Steinberg error diffusion with a noisy threshold, (h, w, n) → bool; along the diagonals x + 2y, which need
    only earlier ones, so that a whole diagonal is decided at once."""
    height, width, inks = cover.shape
    steps = width + 2 * (height - 1)
    y = np.arange(height)
    value = np.zeros((steps + 3, height + 1, inks), dtype=np.float32)
    valid = np.zeros((steps + 3, height + 1, 1), dtype=bool)
    at = np.arange(width)[None, :] + 2 * y[:, None] + 3
    rows = np.broadcast_to(y[:, None] + 1, at.shape)
    value[at, rows] = cover
    valid[at, rows] = True
    threshold = as_map(0.5 + np.float32(0.12) * rng.standard_normal(value.shape, dtype=np.float32))
    error = np.zeros((4, height + 1, inks), dtype=np.float32)  # of the last four diagonals
    on = np.zeros(value.shape, dtype=bool)
    for t in range(3, steps + 3):
        one, two, three = error[(t - 1) % 4], error[(t - 2) % 4], error[(t - 3) % 4]
        here = as_map(value[t])  # the same memory: what it passes on is kept in it
        here += np.float32(7 / 16) * one
        here[1:] += np.float32(3 / 16) * one[:-1] + np.float32(5 / 16) * two[:-1] + np.float32(1 / 16) * three[:-1]
        fired = (here > threshold[t]) & valid[t]
        on[t] = fired
        left = as_map((here - fired) * valid[t])
        np.clip(left, -1.0, 1.0, out=left)
        error[t % 4] = left
    return np.asarray(on[at, rows] & (cover > 0.004))


# ── toner ──────────────────────────────────────────────────────────────────────────────────────────────


def _toner(cover: Map, device: Device, rng: Rng) -> list[Map]:
    """Clustered dots on a screen, or a threshold in text mode; scatter and misregistration."""
    height, width = cover.shape[:2]
    y, x = (v.astype(np.float32) for v in np.mgrid[0:height, 0:width])
    wave = noise(rng, (height, width), 1.5 * GRID)
    layers = []
    for channel in range(4):
        asked = cover[..., channel]
        if not (asked > 0.004).any():
            layers.append(np.zeros((height, width), dtype=np.float32))
            continue
        grain = noise(rng, (height, width), 0.035 * GRID) * np.float32(device.rough)
        if device.lpi > 0:
            level = _screen(x, y, device.lpi / MM_PER_INCH / GRID, _ANGLES[channel] + device.turn)
        else:
            level = np.full((height, width), 0.42, dtype=np.float32)
        # The last and first tenth of the scale close: no toner stands alone, and no pinhole stays open.
        tone = np.clip((asked - np.float32(0.03)) * np.float32(1.12), 0.0, 1.0)
        dots = np.clip((tone - level + grain) * np.float32(6.0) + np.float32(0.5), 0.0, 1.0)
        dots = np.where(tone <= 0, np.float32(0.0), dots)
        dots = np.maximum(as_map(dots), _specks(as_map(dots), device, rng))
        shift = rng.normal(0.0, device.misregistration, 2) * GRID if channel < 3 else np.zeros(2)
        matrix = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
        dots = cv2.warpAffine(as_map(dots), matrix, (width, height), flags=cv2.INTER_LINEAR)
        layers.append(as_map(blur(as_map(dots), 0.008 * GRID) * (1.0 + np.float32(0.03) * wave)))
    return layers


def _screen(x: Map, y: Map, frequency: float, angle: float) -> Map:
    """The threshold of a clustered dot, uniform between 0 and 1; `frequency` in cycles a px."""
    a = np.deg2rad(angle)
    u = np.float32(2 * np.pi * frequency) * (x * np.float32(np.cos(a)) + y * np.float32(np.sin(a)))
    v = np.float32(2 * np.pi * frequency) * (y * np.float32(np.cos(a)) - x * np.float32(np.sin(a)))
    spot = (np.cos(u) + np.cos(v)) / 2
    turns = np.cos(np.linspace(0, 2 * np.pi, 200, endpoint=False))
    ordered = np.sort(((turns[:, None] + turns[None, :]) / 2).ravel())
    # The highest place of the spot is inked first.
    rank = 1.0 - np.searchsorted(ordered, np.linspace(-1.0, 1.0, 1001)) / len(ordered)
    return as_map(rank.astype(np.float32)[np.rint((spot + 1.0) * 500.0).astype(np.int32)])


def _specks(dots: Map, device: Device, rng: Rng) -> Map:
    """Toner that missed: most of it within 0.3 mm of what was printed, a little anywhere."""
    height, width = dots.shape
    near = cv2.resize((dots > 0.5).astype(np.float32), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    near = np.minimum(blur(as_map(near), 0.05 * GRID) * np.float32(2.0), 1.0)
    # Thrown evenly, kept by how near the print is.
    count = int(rng.poisson(1.04 * device.scatter * dots.size / GRID**2))
    y, x = rng.integers(0, height, count), rng.integers(0, width, count)
    kept = (
        rng.random(count) * 1.04
        < near[np.minimum(y // 4, near.shape[0] - 1), np.minimum(x // 4, near.shape[1] - 1)] + 0.04
    )
    specks = np.zeros((height, width), dtype=np.float32)
    specks[y[kept], x[kept]] = rng.uniform(0.4, 1.0, int(kept.sum()))
    return as_map(cv2.dilate(specks, np.ones((2, 2), np.uint8)))

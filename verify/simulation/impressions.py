"""Impressions: a die pressed on paper. A genuine one mostly loses ink, and its contour wanders.

The contour itself is moved (by smooth offsets and displacements), rather than sprinkled with specks: that is
how real prints differ from one another. Constants were set so that pairs of simulated prints of one square seal at 300 dpi
differ as pairs of real ones do (edge offsets in three bands of wavelength, scatter of local displacements).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from verify.simulation.dies import Colour, Die
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
    move_edges,
    moving,
    noise,
    scaling,
    turning,
)

Hardness = Literal["ideal", "clean", "medium", "hard"]

MARGIN_MM = 1.0
# Absorbance a channel (natural logarithm, linear light, R G B) of ink at density 1.
INKS: dict[Colour, tuple[float, float, float]] = {
    "red": (0.22, 2.3, 1.9), "blue": (2.1, 1.35, 0.35), "purple": (1.2, 2.2, 0.6), "green": (2.2, 0.5, 1.3),
    "black": (2.6, 2.6, 2.6),
}  # fmt: skip
_COARSE = 8  # px between the nodes of the deformation's grid


@dataclass(frozen=True)
class Pressing:
    """One application of a seal. Lengths in mm, angles in degrees (clockwise as displayed); 0 is "none".

    `load`: ink, 1 for a well inked die. `tilt`: how much the density falls across the seal, with the direction
    `tilt_deg`. `starved`: share of the area with too little ink. `edge_fine/middle/coarse`: rms offset of the contour
    in waves of about 0.1, 0.25 and 0.8 mm. `gain`: the contour moves out by this (spread ink) or in;
    `spread`: rms of that over a few mm, as the pressure varies.
    `warp`: rms of the smooth deformation of the rubber; `scatter`: of its part short enough to move glyphs apart.
    """

    load: float = 1.0
    tilt: float = 0.0
    tilt_deg: float = 0.0
    starved: float = 0.0
    mottle: float = 0.0
    smear: float = 0.0
    smear_deg: float = 0.0
    swelling: float = 1.0
    aspect: float = 1.0
    warp: float = 0.0
    scatter: float = 0.0
    gain: float = 0.0
    rounding: float = 0.02
    edge_fine: float = 0.0
    edge_middle: float = 0.0
    edge_coarse: float = 0.0
    spread: float = 0.0
    turn_deg: float = 0.0
    shade: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @staticmethod
    def draw(rng: Rng, hardness: Hardness = "clean") -> Pressing:
        """A pressing as a careful (clean), ordinary (medium) or careless (hard) hand would do it; ideal: no loss."""
        if hardness == "ideal":
            return Pressing()
        level = {"clean": 0, "medium": 1, "hard": 2}[hardness]
        load = between(rng, *((0.85, 1.15), (0.6, 1.2), (0.35, 1.25))[level])
        shade = np.exp(rng.normal(0.0, 0.08, 3))
        smeared = rng.random() < (0.0, 0.12, 0.35)[level]
        return Pressing(
            load=load,
            tilt=abs(float(rng.normal(0.0, (0.10, 0.25, 0.5)[level]))),
            tilt_deg=between(rng, 0.0, 360.0),
            starved=between(rng, *((0.0, 0.02), (0.0, 0.10), (0.04, 0.28))[level]),
            mottle=between(rng, *((0.08, 0.22), (0.1, 0.28), (0.18, 0.45))[level]),
            smear=between(rng, 0.1, (0.1, 0.25, 0.5)[level]) if smeared else 0.0,
            smear_deg=between(rng, 0.0, 360.0),
            swelling=1.0 + float(np.clip(rng.normal(0.0, (0.004, 0.008, 0.010)[level]), -0.02, 0.02)),
            aspect=1.0 + float(np.clip(rng.normal(0.0, 0.002), -0.006, 0.006)),
            warp=between(rng, 0.01, (0.04, 0.06, 0.09)[level]),
            scatter=between(rng, 0.007, (0.017, 0.018, 0.020)[level]),
            gain=float(np.clip(rng.normal(0.012 * (load - 0.9), (0.010, 0.016, 0.024)[level]), -0.05, 0.06)),
            rounding=between(rng, 0.02, (0.05, 0.06, 0.07)[level]),
            edge_fine=between(rng, 0.003, (0.0042, 0.0045, 0.005)[level]),
            edge_middle=between(rng, 0.003, (0.007, 0.008, 0.010)[level]),
            edge_coarse=between(rng, 0.006, (0.012, 0.013, 0.015)[level]),
            spread=between(rng, 0.008, (0.018, 0.018, 0.022)[level]),
            turn_deg=float(rng.normal(0.0, (4.0, 8.0, 15.0)[level])),
            shade=(float(shade[0]), float(shade[1]), float(shade[2])),
        )


@dataclass(frozen=True, eq=False)
class Impression:
    """Ink on paper: `density` (H, W) float32, 0 for none and about 1 where well inked; `contact` (H, W): where the
    die's artwork came down, ink or not (the truth). `to_map`: 3×3, mm from the die's centre → px of the map (centre
    of the swelling and turn; the smooth deformation apart). `absorbance`: of this ink, a channel (R, G, B)."""

    die: Die
    pressing: Pressing
    density: Map
    contact: Mask
    px_per_mm: float
    to_map: Matrix
    absorbance: tuple[float, float, float]

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height of the whole map, its margin included."""
        return self.density.shape[1] / self.px_per_mm, self.density.shape[0] / self.px_per_mm


def press(die: Die, pressing: Pressing, rng: Rng) -> Impression:
    """Press a die once: deform, let the contour wander, then lay on ink unevenly."""
    scale = die.px_per_mm
    to_map, size = _placement(die, pressing)
    contact = _deformed(die, pressing, to_map, size, rng)
    contour = _contour(contact, pressing, scale, rng)
    density = contour * _inking(contour, pressing, scale, rng)
    if pressing.smear > 0:
        density = _smeared(density, pressing, scale)
    ink = INKS[die.spec.colour]
    absorbance = (ink[0] * pressing.shade[0], ink[1] * pressing.shade[1], ink[2] * pressing.shade[2])
    return Impression(die, pressing, density, np.asarray(contact > 0.5), scale, to_map, absorbance)


def _placement(die: Die, pressing: Pressing) -> tuple[Matrix, tuple[int, int]]:
    """mm from the die's centre → px of the map, and the map's (w, h)."""
    w, h = die.size_mm
    stretch = turning(pressing.turn_deg) @ scaling(
        pressing.swelling * np.sqrt(pressing.aspect), pressing.swelling / np.sqrt(pressing.aspect)
    )
    round_like = die.spec.shape in ("round", "oval")
    if round_like:
        a = np.deg2rad(pressing.turn_deg)
        width = float(np.hypot(w * np.cos(a), h * np.sin(a))) * 1.02
        height = float(np.hypot(w * np.sin(a), h * np.cos(a))) * 1.02
    else:
        left, top, right, bottom = bounds(stretch @ moving(-w / 2, -h / 2), w, h)
        width, height = right - left, bottom - top
    width, height = width + 2 * MARGIN_MM, height + 2 * MARGIN_MM
    to_map = centred(die.px_per_mm) @ moving(width / 2, height / 2) @ stretch
    return to_map, (int(np.ceil(width * die.px_per_mm)), int(np.ceil(height * die.px_per_mm)))


def _deformed(die: Die, pressing: Pressing, to_map: Matrix, size: tuple[int, int], rng: Rng) -> Map:
    """The die's coverage on the paper, through placement and the rubber's own smooth deformation."""
    scale = die.px_per_mm
    columns, rows = -(-size[0] // _COARSE) + 2, -(-size[1] // _COARSE) + 2
    x = (np.arange(columns) + 0.5) * _COARSE - 0.5
    y = (np.arange(rows) + 0.5) * _COARSE - 0.5
    back = (
        centred(scale)
        @ moving(die.coverage.shape[1] / scale / 2, die.coverage.shape[0] / scale / 2)
        @ np.linalg.inv(to_map)
    )
    grid = np.empty((rows, columns, 2), dtype=np.float32)
    grid[..., 0] = back[0, 0] * x[None, :] + back[0, 1] * y[:, None] + back[0, 2]
    grid[..., 1] = back[1, 0] * x[None, :] + back[1, 1] * y[:, None] + back[1, 2]
    cell = scale / _COARSE
    for axis in (0, 1):
        # Long waves: the rubber bends; a few mm: what moves glyphs apart; 0.8 mm: what makes strokes wander.
        for wave, rms in ((25.0, pressing.warp), (5.0, pressing.scatter), (0.9, 0.6 * pressing.edge_coarse)):
            field = noise(rng, (rows, columns), wave * cell)
            grid[..., axis] += field * np.float32(rms * scale)
    whole = (columns * _COARSE, rows * _COARSE)
    across, down = (
        np.ascontiguousarray(as_map(cv2.resize(grid[..., axis], whole))[: size[1], : size[0]]) for axis in (0, 1)
    )
    return as_map(cv2.remap(die.coverage, across, down, cv2.INTER_LINEAR, borderValue=0.0))


def _contour(contact: Map, pressing: Pressing, scale: float, rng: Rng) -> Map:
    shape = (contact.shape[0], contact.shape[1])
    offset = np.full(shape, pressing.gain * scale, dtype=np.float32)
    waves = (
        (0.1, pressing.edge_fine),
        (0.28, pressing.edge_middle),
        (0.8, pressing.edge_coarse),
        (4.0, pressing.spread),
    )
    for wave, rms in waves:
        if rms > 0:
            offset += noise(rng, shape, wave * scale) * np.float32(rms * scale)
    total = abs(pressing.gain) + 2.0 * float(np.sqrt(sum(rms**2 for _, rms in waves)))
    return move_edges(contact, offset, sigma=max(pressing.rounding, 0.9 * total, 0.02) * scale)


def _inking(contour: Map, pressing: Pressing, scale: float, rng: Rng) -> Map:
    """Ink per inked area: load, tilt, mottling, starved patches with their grain, and squeezed-out middles."""
    height, width = contour.shape
    shape = (height, width)
    a = np.deg2rad(pressing.tilt_deg)
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :] * np.float32(np.cos(a))
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None] * np.float32(np.sin(a))
    ink = np.float32(pressing.load) * (np.float32(1.0) - np.float32(pressing.tilt) * (0.5 + 0.5 * (x + y)))
    if pressing.mottle > 0:
        fine = noise(rng, shape, 0.18 * scale)
        wide = noise(rng, shape, 1.2 * scale)
        grain = as_map(fine * np.float32(0.8) + wide * np.float32(0.6))
        ink = ink * (np.float32(1.0) + np.float32(pressing.mottle) * np.clip(grain, -2.5, 2.0))
        if pressing.starved > 0:
            # A patch is where a long wave falls below its quantile; in it the paper's grain decides.
            patch = noise(rng, shape, 9.0 * scale)
            level = np.float32(_quantile(pressing.starved))
            depth = np.clip((level - patch) * np.float32(1.6), 0.0, 1.0)
            ink = ink * (1.0 - depth * np.clip(np.float32(0.75) + np.float32(0.55) * fine, 0.0, 1.0))
        # Ink is lost where a thin film breaks: white pores in large faces of a poorly inked seal.
        pores = np.clip(
            (np.float32(-0.9 - 1.1 * pressing.load) - fine - 0.5 * wide + 1.2 * pressing.mottle) * 2.0, 0.0, 1.0
        )
        ink = ink * (1.0 - pores)
    return as_map(np.clip(ink, 0.0, 1.8))


def _quantile(share: float) -> float:
    """Where a standard normal field falls below with the given share."""
    from scipy.special import ndtri

    return float(ndtri(min(max(share, 1e-4), 0.95)))


def _smeared(density: Map, pressing: Pressing, scale: float) -> Map:
    """The seal slipped: ink drawn out in one direction, thinner than the print itself."""
    length = max(pressing.smear * scale, 1.0)
    side = 2 * int(np.ceil(length)) + 1
    kernel = np.zeros((side, side), dtype=np.float32)
    a = np.deg2rad(pressing.smear_deg)
    middle = side // 2
    tip = (round(middle + length * np.cos(a)), round(middle + length * np.sin(a)))
    cv2.line(kernel, (middle, middle), tip, 1.0, 1, cv2.LINE_AA)
    kernel /= kernel.sum()
    # filter2D correlates: the kernel's tip points to where the ink comes from.
    drawn = as_map(cv2.filter2D(density, -1, kernel, borderType=cv2.BORDER_CONSTANT))
    return as_map(np.maximum(density, np.float32(0.75) * blur(drawn, 0.8)))

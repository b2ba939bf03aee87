"""Impressions: a die pressed on paper. A genuine one mostly loses ink, and its contour wanders.

The contour itself is moved (by smooth offsets and displacements), rather than sprinkled with specks: that is how real
prints differ from one another. Constants were set so that pairs of simulated prints of one square seal at 300 dpi
differ as pairs of real ones do (benchmarks/scatter.py: edge offsets in three bands of wavelength, scatter of glyphs
and of their weight). Rubber, foam and metal differ in how they bend, how ink leaves them, and how edges look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from verify.simulation.dies import Colour, Die, Making
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
class _Manner:
    """How dies of one making print, as factors on what is drawn; `feather` in mm, `gain` in mm for a full load.

    `bend`: of every deformation. `edge`: of the contour's wander. `spread`: of the gain's own variation. `halo`: upper end
    of the rim of squeezed ink about starved middles.
    """

    bend: float
    edge: float
    gain: float
    spread: float
    mottle: float
    halo: float
    feather: float


# Rubber gives way and squeezes ink; foam (photosensitive, pre-inked) holds its ink and lets it out evenly and softly;
# metal hardly bends, and what ink it carries on its hard face is pressed out to the rims.
_MANNERS: dict[Making, _Manner] = {
    "rubber": _Manner(bend=1.25, edge=1.0, gain=0.006, spread=1.25, mottle=1.1, halo=0.35, feather=0.014),
    "photosensitive": _Manner(bend=0.95, edge=0.95, gain=0.0, spread=1.0, mottle=0.8, halo=0.12, feather=0.022),
    "pre-inked": _Manner(bend=1.0, edge=1.0, gain=0.006, spread=1.1, mottle=0.7, halo=0.08, feather=0.026),
    "metal": _Manner(bend=0.5, edge=1.05, gain=0.0, spread=0.85, mottle=1.25, halo=0.7, feather=0.010),
}  # fmt: skip
_LEVEL: dict[Hardness, int] = {"ideal": 0, "clean": 0, "medium": 1, "hard": 2}


@dataclass(frozen=True)
class Session:
    """What the prints of one sitting share: ink, pad, operator, the die's state, the copier's scale.

    `load`: ink that the pad gives, 1 for well; `mottle`: factor for a dry or lumpy pad; `gain` mm; `tilt` and
    `turn_deg`: the operator's habit; `swelling`, `aspect`: of the rubber that day; `wear`: share of a heavy year's wear
    that the die took since the session before (give it to `dies.worn`); `fit`: scale at which the papers of the sitting
    were printed or copied (give it to `Capture.draw`).
    """

    load: float = 1.0
    mottle: float = 1.0
    gain: float = 0.0
    tilt: float = 0.0
    tilt_deg: float = 0.0
    turn_deg: float = 0.0
    swelling: float = 1.0
    aspect: float = 1.0
    wear: float = 0.0
    fit: float = 1.0
    shade: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @staticmethod
    def draw(rng: Rng, hardness: Hardness = "clean") -> Session:
        """A sitting of a careful (clean), ordinary or careless hand; ideal: nothing is off."""
        if hardness == "ideal":
            return Session()
        level = _LEVEL[hardness]
        shade = np.exp(rng.normal(0.0, 0.08, 3))
        lumpy = rng.random() < (0.08, 0.15, 0.3)[level]
        return Session(
            load=between(rng, *((0.88, 1.15), (0.72, 1.2), (0.5, 1.25))[level]),
            mottle=between(rng, 1.3, 2.0) if lumpy else between(rng, 0.85, 1.15),
            gain=float(rng.normal(0.0, (0.009, 0.013, 0.018)[level])),
            tilt=abs(float(rng.normal(0.0, (0.06, 0.15, 0.3)[level]))),
            tilt_deg=between(rng, 0.0, 360.0),
            turn_deg=float(rng.normal(0.0, (2.5, 5.0, 9.0)[level])),
            swelling=1.0 + float(np.clip(rng.normal(0.0, (0.0038, 0.0076, 0.0095)[level]), -0.02, 0.02)),
            aspect=1.0 + float(np.clip(rng.normal(0.0, 0.0015), -0.005, 0.005)),
            wear=between(rng, 0.05, 0.6) if rng.random() < 0.5 else 0.0,
            fit=fit_scale(rng) if rng.random() < 1 / 3 else 1.0,
            shade=(float(shade[0]), float(shade[1]), float(shade[2])),
        )


def fit_scale(rng: Rng) -> float:
    """The scale of a page that was printed or copied to fit: off by 0.5 to 6 %, smaller more often than larger."""
    off = 0.005 * float((0.06 / 0.005) ** rng.random())
    return 1.0 - off if rng.random() < 0.7 else 1.0 + off


@dataclass(frozen=True)
class Pressing:
    """One application of a seal. Lengths in mm, angles in degrees (clockwise as displayed); 0 is "none".

    `load`: ink, 1 for a well inked die. `tilt`: how much the density falls across the seal, with the direction
    `tilt_deg`; strokes are thinner there too. `starved`: share of the area with too little ink. `halo`: how much more
    ink lies on the rims than in the middles of strokes. `edge_fine/middle/coarse`: rms offset of the contour in waves
    of about 0.13, 0.28 and 0.8 mm. `gain`: the contour moves out by this (spread ink) or in; `spread`: rms of that over
    a few mm, as the pressure varies. `feather`: softness of the ink's edge as a standard deviation.
    `warp`: rms of the smooth deformation of the rubber; `scatter`: of its part short enough to move glyphs apart.
    """

    load: float = 1.0
    tilt: float = 0.0
    tilt_deg: float = 0.0
    starved: float = 0.0
    mottle: float = 0.0
    halo: float = 0.0
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
    feather: float = 0.0
    turn_deg: float = 0.0
    shade: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @staticmethod
    def draw(
        rng: Rng, hardness: Hardness = "clean", *, making: Making = "photosensitive", session: Session | None = None
    ) -> Pressing:
        """A pressing as a careful (clean), ordinary (medium) or careless (hard) hand would do it; ideal: no loss.

        Prints of one `session` share its ink, pad, habit and swelling; without one each print is its own session.
        """
        if hardness == "ideal":
            return Pressing()
        level, manner = _LEVEL[hardness], _MANNERS[making]
        day = session or Session.draw(rng, hardness)
        load = day.load * between(rng, *((0.92, 1.06), (0.82, 1.08), (0.65, 1.1))[level])
        tilt, tilt_deg = _tilted(day, abs(float(rng.normal(0.0, (0.08, 0.2, 0.4)[level]))), between(rng, 0.0, 360.0))
        gain = day.gain + manner.gain * load + 0.05 * (load - 0.95) + rng.normal(0.0, (0.009, 0.013, 0.018)[level])
        smeared = rng.random() < (0.0, 0.12, 0.35)[level]
        rough = manner.edge * between(rng, 0.75, 1.35)
        return Pressing(
            load=load,
            tilt=tilt,
            tilt_deg=tilt_deg,
            starved=between(rng, *((0.0, 0.02), (0.0, 0.10), (0.04, 0.28))[level]),
            mottle=day.mottle * manner.mottle * between(rng, *((0.09, 0.22), (0.11, 0.28), (0.18, 0.42))[level]),
            halo=manner.halo * between(rng, 0.2, 1.0),
            smear=between(rng, 0.1, (0.1, 0.25, 0.5)[level]) if smeared else 0.0,
            smear_deg=between(rng, 0.0, 360.0),
            swelling=day.swelling + float(rng.normal(0.0, (0.0012, 0.0022, 0.003)[level])),
            aspect=day.aspect + float(np.clip(rng.normal(0.0, 0.0013), -0.004, 0.004)),
            warp=manner.bend * between(rng, 0.012, (0.04, 0.06, 0.09)[level]),
            scatter=manner.bend * between(rng, *_SCATTER[level]),
            gain=float(np.clip(gain, -0.055, 0.065)),
            rounding=between(rng, 0.02, (0.055, 0.065, 0.075)[level]),
            edge_fine=rough * _EDGES[0][level],
            edge_middle=rough * between(rng, 0.8, 1.25) * _EDGES[1][level],
            edge_coarse=rough * between(rng, 0.8, 1.25) * _EDGES[2][level],
            spread=manner.spread * between(rng, *_SPREAD[level]),
            feather=manner.feather * between(rng, 0.7, 1.4),
            turn_deg=day.turn_deg + float(rng.normal(0.0, (3.0, 6.0, 12.0)[level])),
            shade=day.shade,
        )


# Of a clean, a medium and a hard print, mm.
_EDGES = ((0.0155, 0.0160, 0.0165), (0.0240, 0.0245, 0.0250), (0.0105, 0.0115, 0.0130))
_SPREAD = ((0.016, 0.033), (0.017, 0.034), (0.018, 0.036))
_SCATTER = ((0.016, 0.025), (0.017, 0.027), (0.018, 0.029))


def _tilted(day: Session, tilt: float, tilt_deg: float) -> tuple[float, float]:
    """The operator's habit and this print's own tilt added as vectors: (amount, direction in degrees)."""
    a, b = np.deg2rad(day.tilt_deg), np.deg2rad(tilt_deg)
    x, y = day.tilt * np.cos(a) + tilt * np.cos(b), day.tilt * np.sin(a) + tilt * np.sin(b)
    return float(np.hypot(x, y)), float(np.rad2deg(np.arctan2(y, x)) % 360.0)


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
    density = blur(as_map(contour * _inking(contour, pressing, scale, rng)), pressing.feather * scale)
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
    # Less pressure prints thinner strokes as well as paler ones.
    offset = np.float32(scale) * (
        np.float32(pressing.gain) - np.float32(_TILTED_GAIN_MM * pressing.tilt) * _slope(shape, pressing.tilt_deg)
    )
    waves = (
        (0.13, pressing.edge_fine),
        (0.28, pressing.edge_middle),
        (0.8, pressing.edge_coarse),
        (7.0, pressing.spread),
    )
    for wave, rms in waves:
        if rms > 0:
            offset += noise(rng, shape, wave * scale) * np.float32(rms * scale)
    total = abs(pressing.gain) + 2.0 * float(np.sqrt(sum(rms**2 for _, rms in waves)))
    # A ramp wide enough for most of the offset, but narrower than strokes: ink that runs farther than 0.09 mm has
    # run out.
    ramp = min(max(pressing.rounding, 0.7 * total, 0.02), _WIDEST_RAMP_MM)
    return move_edges(contact, offset, sigma=ramp * scale)


_WIDEST_RAMP_MM = 0.08


_TILTED_GAIN_MM = 0.03  # thinner on the light side, where the ink's density would fall to nothing


def _slope(shape: tuple[int, int], degrees: float) -> Map:
    """From −1 to 1 (√2 in corners) across the seal in a direction."""
    a = np.deg2rad(degrees)
    x = np.linspace(-1.0, 1.0, shape[1], dtype=np.float32)[None, :] * np.float32(np.cos(a))
    return x + np.linspace(-1.0, 1.0, shape[0], dtype=np.float32)[:, None] * np.float32(np.sin(a))


def _inking(contour: Map, pressing: Pressing, scale: float, rng: Rng) -> Map:
    """Ink per inked area: load, tilt, mottling, starved patches with their grain, and squeezed-out middles."""
    shape = (contour.shape[0], contour.shape[1])
    fall = np.float32(0.5) + np.float32(0.5) * _slope(shape, pressing.tilt_deg)
    ink = np.float32(pressing.load) * (np.float32(1.0) - np.float32(pressing.tilt) * fall)
    if pressing.halo > 0:
        ink = ink * _squeezed(contour, pressing.halo, scale)
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


def _squeezed(contour: Map, halo: float, scale: float) -> Map:
    """Factors on the ink: more on rims, less in what lies 0.2 mm and more inside. Told at a quarter of the scale."""
    small = cv2.resize(contour, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    inside = blur(as_map(small), _RIM_MM * scale / 4)
    factor = np.float32(1.0 + 0.35 * halo) - np.float32(1.1 * halo) * np.clip(2.0 * inside - 1.0, 0.0, 1.0)
    return as_map(cv2.resize(as_map(factor), (contour.shape[1], contour.shape[0]), interpolation=cv2.INTER_LINEAR))


_RIM_MM = 0.14


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

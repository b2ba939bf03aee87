"""Dies: what a seal says, how it is laid out, and how the making left it.

`draw_die` gives the artwork as designed; `make_die` a physical die of it: glyphs a little scattered by the
type-setting, corners rounded and edges roughened by the cutting, a few nicks of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np

from verify.simulation.fields import Map, Rng, as_map, between, move_edges, noise
from verify.simulation.fonts import FontName
from verify.simulation.units import Unit, render

Layout = Literal[
    "round-company", "contract", "finance", "oval-invoice", "square-name", "rectangular", "latin-corporate"
]
Colour = Literal["red", "blue", "purple", "green", "black"]
Making = Literal["rubber", "photosensitive", "pre-inked", "metal"]
LAYOUTS: tuple[Layout, ...] = (
    "round-company", "contract", "finance", "oval-invoice", "square-name", "rectangular", "latin-corporate",
)  # fmt: skip

PX_PER_MM = 40.0
MARGIN_MM = 1.0  # empty artwork about the outer edge, so that edges may wander outwards
# Radius to which the cutter rounds corners, and rms roughness of the edge, in mm.
_CUTTING: dict[Making, tuple[float, float]] = {
    "rubber": (0.045, 0.005), "photosensitive": (0.035, 0.003), "pre-inked": (0.045, 0.004), "metal": (0.040, 0.003),
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """How the type was set: what a typesetter chooses anew each time. Factors about 1, angles in degrees."""

    glyph_width: float = 1.0
    glyph_height: float = 1.0
    radius: float = 1.0
    spread: float = 1.0
    star: float = 1.0
    line_height: float = 1.0
    weight: float = 0.012
    code_spread: float = 1.0


@dataclass(frozen=True)
class DieSpec:
    """The design of a seal. Sizes in mm, (w, h) over the outer edge.

    `arc`: the text along the upper edge (of a square or rectangular seal: its rows, joined); `centre`: the line
    below the star or in the middle; `bottom`: the line below that; `code`: digits along the lower edge.
    """

    layout: Layout
    arc: str
    centre: str = ""
    bottom: str = ""
    code: str = ""
    font: FontName = "song"
    size_mm: tuple[float, float] = (40.0, 40.0)
    border_mm: float = 1.0
    inner_mm: float = 0.0  # width of a second, inner line; 0 for none
    star_mm: float = 14.0
    teeth: int = 0
    colour: Colour = "red"
    making: Making = "photosensitive"
    setting: Setting = field(default_factory=Setting)

    @property
    def text(self) -> str:
        """All that the seal says, the code apart, in reading order."""
        return " ".join(part for part in (self.arc, self.centre, self.bottom) if part)

    @property
    def shape(self) -> Literal["round", "oval", "square", "rectangle"]:
        w, h = self.size_mm
        if self.layout in ("square-name", "rectangular"):
            return "square" if abs(w - h) < 0.05 * max(w, h) else "rectangle"
        return "round" if abs(w - h) < 0.05 * max(w, h) else "oval"


@dataclass(frozen=True, eq=False)
class Die:
    """A die as it would print if nothing were lost: `coverage` 0..1, (H, W) float32, readable (not mirrored).

    The centre of the picture is the centre of the seal; `MARGIN_MM` of nothing runs about the outer edge.
    `units` are the artwork it was made from; empty for a die copied as a picture.
    """

    spec: DieSpec
    coverage: Map
    px_per_mm: float
    units: tuple[Unit, ...]

    @property
    def size_mm(self) -> tuple[float, float]:
        return self.spec.size_mm

    @property
    def ink(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        return np.asarray(self.coverage > 0.5)


def canvas_mm(spec: DieSpec) -> tuple[float, float]:
    return spec.size_mm[0] + 2 * MARGIN_MM, spec.size_mm[1] + 2 * MARGIN_MM


def draw_die(spec: DieSpec, *, px_per_mm: float = PX_PER_MM) -> Die:
    """The artwork as designed, with mathematical edges."""
    from verify.simulation.layouts import compose

    units = compose(spec)
    return Die(spec, render(units, canvas_mm(spec), px_per_mm), px_per_mm, units)


def scatter(units: Sequence[Unit], rng: Rng, *, shift_mm: float, turn_deg: float) -> tuple[Unit, ...]:
    """Every glyph and star shifted (standard deviation per axis) and turned a little; rings and frames stay."""
    moved = []
    for unit in units:
        dx, dy, turn = rng.standard_normal(3)
        if unit.kind in ("glyph", "star"):
            unit = replace(
                unit,
                x_mm=unit.x_mm + shift_mm * float(dx),
                y_mm=unit.y_mm + shift_mm * float(dy),
                turn_deg=unit.turn_deg + turn_deg * float(turn),
            )
        moved.append(unit)
    return tuple(moved)


def make_die(spec: DieSpec, rng: Rng, *, px_per_mm: float = PX_PER_MM) -> Die:
    """A physical die of a design: artwork set by hand (glyphs scattered by some 0.02 mm), then cut."""
    from verify.simulation.layouts import compose

    units = scatter(compose(spec), rng, shift_mm=0.02, turn_deg=0.25)
    return cut_die(spec, units, rng, px_per_mm=px_per_mm)


def cut_die(
    spec: DieSpec, units: Sequence[Unit], rng: Rng, *, px_per_mm: float = PX_PER_MM, rounding: float = 1.0
) -> Die:
    """Cut given artwork: twins come from the same units and another `rng`. `rounding` multiplies the corner radius."""
    artwork = render(units, canvas_mm(spec), px_per_mm)
    return Die(
        spec,
        die_wear(artwork, rng, making=spec.making, px_per_mm=px_per_mm, rounding=rounding),
        px_per_mm,
        tuple(units),
    )


def die_wear(coverage: Map, rng: Rng, *, making: Making, px_per_mm: float, rounding: float = 1.0) -> Map:
    """What the cutting does to artwork and what stays with the die: rounded corners, rough edges, a few nicks."""
    radius, rough = _CUTTING[making]
    shape = (coverage.shape[0], coverage.shape[1])
    # Makers differ; a real pair of dies spreads more in rounding than one constant per making would.
    sigma = max(radius * rounding * between(rng, 0.6, 1.6) * px_per_mm, 1.0)
    offset = noise(rng, shape, 0.25 * px_per_mm) * np.float32(rough * between(rng, 0.7, 1.4) * px_per_mm)
    offset += noise(rng, shape, 0.9 * px_per_mm) * np.float32(rough * between(rng, 0.7, 1.6) * px_per_mm)
    offset += np.float32(rng.normal(0.0, 0.006) * px_per_mm)
    last = min(sigma, _narrow(px_per_mm))
    if sigma > last:
        coverage = _rounded(coverage, float(np.sqrt(sigma**2 - last**2)), px_per_mm)
    cut = move_edges(coverage, offset, sigma=last)
    return _nicks(cut, rng, px_per_mm)


def worn(die: Die, amount: float, rng: Rng) -> Die:
    """The die after `amount` of a heavy year's use (0 to 1 and beyond; add up by wearing again): corners rounder,
    edges some µm back, a few more nicks, all of which stay for later sessions."""
    if amount <= 0:
        return die
    scale = die.px_per_mm
    back = noise(rng, (die.coverage.shape[0], die.coverage.shape[1]), 5.0 * scale)
    # Where the die bears hardest it wears most: 6 µm in the mean over a year, uneven by half of that.
    offset = np.float32(-0.006 * amount * scale) * (np.float32(1.0) + np.float32(0.5) * back)
    rounded = move_edges(_rounded(die.coverage, 0.04 * float(np.sqrt(amount)) * scale, scale), offset, sigma=0.8)
    return replace(die, coverage=_nicks(rounded, rng, scale, mean=2.0 * amount, scratched=0.1 * amount))


def _rounded(coverage: Map, sigma: float, px_per_mm: float) -> Map:
    """Corners rounded to a radius of about `sigma` px. In steps no wider than a thin stroke: the contour moves by
    its curvature, while one wide blur would eat the strokes too, which no cutter does."""
    steps = max(int(np.ceil((sigma / _narrow(px_per_mm)) ** 2)), 1)
    for _ in range(steps):
        coverage = move_edges(coverage, 0.0, sigma=max(sigma / float(np.sqrt(steps)), 0.8))
    return coverage


def _narrow(px_per_mm: float) -> float:
    """A blur, px, that leaves strokes of 0.15 mm standing: 0.055 mm, and wide enough to be a blur at all."""
    return max(0.055 * px_per_mm, 1.2)


def _nicks(coverage: Map, rng: Rng, px_per_mm: float, *, mean: float = 3.0, scratched: float = 0.25) -> Map:
    """A handful of chips along edges and, rarely, a scratch: marks that belong to this die alone."""
    mask = np.zeros(coverage.shape, dtype=np.uint8)
    edges = np.flatnonzero((coverage > 0.25) & (coverage < 0.75))
    if edges.size == 0:
        return coverage
    for at in rng.choice(edges, size=int(rng.poisson(mean))):
        y, x = divmod(int(at), coverage.shape[1])
        radius = between(rng, 0.05, 0.18) * px_per_mm
        axes = (max(1, round(radius)), max(1, round(radius * between(rng, 0.4, 1.0))))
        cv2.ellipse(mask, (x, y), axes, between(rng, 0, 180), 0, 360, 255, -1, cv2.LINE_AA)
    if rng.random() < scratched:
        y, x = divmod(int(rng.choice(edges)), coverage.shape[1])
        angle, length = between(rng, 0, 2 * np.pi), between(rng, 0.5, 2.5) * px_per_mm
        end = (round(x + length * np.cos(angle)), round(y + length * np.sin(angle)))
        cv2.line(mask, (x, y), end, 255, max(1, round(0.05 * px_per_mm)), cv2.LINE_AA)
    return as_map(coverage * (np.float32(1.0) - mask.astype(np.float32) / np.float32(255.0)))

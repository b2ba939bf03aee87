"""From a design to units: where each glyph, star and ring of a layout goes. Millimetres from the seal's centre."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from verify.simulation.dies import DieSpec
from verify.simulation.fonts import FontName, advance, latin_beside
from verify.simulation.units import Unit

_Angles = NDArray[np.float64]


def compose(spec: DieSpec) -> tuple[Unit, ...]:
    """The units of a design in a fixed order: rings, star, arc text, lines, code."""
    return tuple(_COMPOSERS[spec.layout](spec))


def _face(font: FontName, character: str) -> FontName:
    return font if "\u2e80" <= character <= "\u9fff" else latin_beside(font)


def _edge(spec: DieSpec) -> list[Unit]:
    w, h = spec.size_mm
    units = []
    if spec.teeth:
        units.append(Unit("teeth", 0, 0, w, h, line_mm=spec.border_mm, count=spec.teeth))
    else:
        units.append(Unit("ring", 0, 0, w, h, line_mm=spec.border_mm))
    if spec.inner_mm > 0:
        gap = 2 * (2 * spec.border_mm + 0.35)
        units.append(Unit("ring", 0, 0, w - gap, h - gap, line_mm=spec.inner_mm))
    return units


def _inside(spec: DieSpec) -> float:
    """Distance from the outer edge to where text may begin."""
    return spec.border_mm + 0.9 + (spec.inner_mm + spec.border_mm + 0.35 if spec.inner_mm > 0 else 0.0)


def _arc(
    text: str, font: FontName, *, a: float, b: float, span_deg: float, w: float, h: float, weight: float,
    below: bool = False,
) -> list[Unit]:  # fmt: skip
    """Characters along an ellipse of half-axes `a`, `b` (their centres), at equal steps over `span_deg`.

    Above: feet towards the centre, from left over the top. `below`: heads towards the centre, left to right.
    """
    units: list[Unit] = []
    if not text:
        return units
    # Proportional advances for Latin; an ideograph's are all one.
    widths = np.array([advance(_face(font, c), c) if c != " " else 0.6 for c in text])
    centres = (np.cumsum(widths) - widths / 2) / widths.sum() - 0.5
    whole = span_deg * len(text) / max(len(text) - 1, 1)
    angles = _even(np.deg2rad(centres * whole), a, b)
    for character, t in zip(text, angles, strict=True):
        if character == " ":
            continue
        x, y = a * np.sin(t), (b * np.cos(t) if below else -b * np.cos(t))
        # The normal of the ellipse, so that glyphs of an oval stand upright on it.
        normal = (
            np.rad2deg(np.arctan2(x / a**2, -y / b**2)) if not below else np.rad2deg(np.arctan2(-x / a**2, y / b**2))
        )
        units.append(Unit("glyph", float(x), float(y), w, h, float(normal), weight, character, _face(font, character)))
    return units


def _even(angles: _Angles, a: float, b: float) -> _Angles:
    """Angles on a circle → parameters of the ellipse whose arcs have the same shares of the whole span."""
    if a == b:
        return angles
    most = max(abs(float(angles[0])), abs(float(angles[-1])), 1e-6)
    t = np.linspace(-most, most, 721)
    length = np.cumsum(np.hypot(a * np.cos(t), b * np.sin(t)))
    length = (length - length[360]) / (length[-1] - length[360]) * most
    return np.interp(angles, length, t)


def _line(text: str, font: FontName, *, y: float, width: float, w: float, h: float, weight: float) -> list[Unit]:
    """A straight line about the middle, its characters' steps spread to `width` mm at most."""
    advances = np.array([advance(_face(font, c), c) if c != " " else 0.5 for c in text]) * w
    factor = min(1.0, width / max(float(advances.sum()), 1e-6))
    starts = (np.cumsum(advances) - advances / 2 - advances.sum() / 2) * factor
    return [
        Unit("glyph", float(x), y, w * factor, h, 0.0, weight, c, _face(font, c))
        for c, x in zip(text, starts, strict=True)
        if c != " "
    ]


def _code(spec: DieSpec, a: float, b: float) -> list[Unit]:
    s = spec.setting
    return _arc(
        spec.code, latin_beside(spec.font), a=a, b=b, span_deg=5.2 * max(len(spec.code) - 1, 1) * s.code_spread,
        w=1.55, h=1.75, weight=0.0, below=True,
    )  # fmt: skip


def _round(spec: DieSpec) -> list[Unit]:
    """Company, contract and finance seals: arc text, a star, a line under it, a code along the foot."""
    s, radius = spec.setting, spec.size_mm[0] / 2
    units = _edge(spec)
    units.append(Unit("star", 0, -0.2 if spec.centre else 0, spec.star_mm * s.star, spec.star_mm * s.star))
    count = len(spec.arc)
    h = radius * 0.265 * s.glyph_height
    middle = (radius - _inside(spec) - h / 2) * s.radius
    span = min(270.0 if not spec.centre else 245.0, 26.0 * (count - 1)) * s.spread
    step = np.deg2rad(span / max(count - 1, 1)) * middle
    w = min(h * 0.78, step * 0.92) * s.glyph_width
    units += _arc(spec.arc, spec.font, a=middle, b=middle, span_deg=span, w=w, h=h, weight=s.weight)
    if spec.centre:
        lh = radius * 0.2 * s.line_height
        units += _line(
            spec.centre,
            spec.font,
            y=radius * 0.53,
            width=radius * 1.12,
            w=lh * 0.92 * s.glyph_width,
            h=lh,
            weight=s.weight,
        )
    if spec.code:
        inner = radius - _inside(spec) - 0.55
        units += _code(spec, inner, inner)
    return units


def _oval(spec: DieSpec) -> list[Unit]:
    """Invoice seal: arc text, the tax number in the middle, its purpose below."""
    s, (a, b) = spec.setting, (spec.size_mm[0] / 2, spec.size_mm[1] / 2)
    units = _edge(spec)
    h = b * 0.29 * s.glyph_height
    inset = _inside(spec) + h / 2
    count = len(spec.arc)
    half_w, half_h = (a - inset) * s.radius, (b - inset) * s.radius
    span = min(172.0, 17.0 * (count - 1)) * s.spread
    w = min(h * 0.8, np.deg2rad(span / max(count - 1, 1)) * (half_w + half_h) / 2 * 0.86) * s.glyph_width
    units += _arc(spec.arc, spec.font, a=half_w, b=half_h, span_deg=span, w=w, h=h, weight=s.weight)
    if spec.centre:
        # The tax number: digits wide apart, by rule in a plain face.
        units += _line(
            spec.centre,
            spec.font,
            y=b * 0.17,
            width=a * 1.12,
            w=2.6 * s.glyph_width,
            h=2.9 * s.line_height,
            weight=s.weight / 2,
        )
    if spec.bottom:
        lh = b * 0.26 * s.line_height
        units += _line(spec.bottom, spec.font, y=b * 0.55, width=a * 1.0, w=lh * s.glyph_width, h=lh, weight=s.weight)
    return units


def _square(spec: DieSpec) -> list[Unit]:
    """A name seal: characters in columns, read from right to left."""
    s, (w, h) = spec.setting, spec.size_mm
    units = [Unit("frame", 0, 0, w, h, line_mm=spec.border_mm)]
    rows = 2 if len(spec.arc) <= 4 else 3
    columns = -(-len(spec.arc) // rows)
    inset = spec.border_mm + 0.35
    cell_w, cell_h = (w - 2 * inset) / columns, (h - 2 * inset) / rows
    for index, character in enumerate(spec.arc):
        column, row = divmod(index, rows)
        x = (w / 2 - inset - cell_w * (column + 0.5)) * s.spread
        y = (-h / 2 + inset + cell_h * (row + 0.5)) * s.spread
        units.append(
            Unit(
                "glyph",
                x,
                y,
                cell_w * 0.95 * s.glyph_width,
                cell_h * 0.95 * s.glyph_height,
                0.0,
                s.weight,
                character,
                _face(spec.font, character),
            )
        )
    return units


def _rectangle(spec: DieSpec) -> list[Unit]:
    """A business seal: up to three rows in a frame, with a rule under the first where there are several."""
    s, (w, h) = spec.setting, spec.size_mm
    units = [Unit("frame", 0, 0, w, h, line_mm=spec.border_mm)]
    if spec.inner_mm > 0:
        gap = 2 * (2 * spec.border_mm + 0.2)
        units.append(Unit("frame", 0, 0, w - gap, h - gap, line_mm=spec.inner_mm))
    lines = [line for line in (spec.arc, spec.centre, spec.bottom) if line]
    inset = _inside(spec)
    row = (h - 2 * inset) / len(lines)
    for index, line in enumerate(lines):
        size = row * 0.84 * s.line_height
        y = (-h / 2 + inset + row * (index + 0.5)) * s.radius
        units += _line(
            line,
            spec.font,
            y=y,
            width=(w - 2 * inset) * 0.98 * s.spread,
            w=size * s.glyph_width,
            h=size * s.glyph_height,
            weight=s.weight,
        )
    return units


def _latin(spec: DieSpec) -> list[Unit]:
    """A corporate seal: double ring with the name above and the place below, lines in the middle."""
    s, radius = spec.setting, spec.size_mm[0] / 2
    units = _edge(spec)
    h = radius * 0.25 * s.glyph_height
    middle = (radius - _inside(spec) - h * 0.42) * s.radius
    # Capitals stand 0.7 em high: the em may be larger than the band.
    natural = sum(advance(latin_beside(spec.font), c) if c != " " else 0.6 for c in spec.arc) * h
    span = min(200.0, np.rad2deg(natural * 1.12 / middle)) * s.spread
    w = min(h, h * np.deg2rad(span) * middle / (natural * 1.05)) * s.glyph_width
    units += _arc(spec.arc, spec.font, a=middle, b=middle, span_deg=span, w=w, h=h, weight=s.weight / 2)
    if spec.bottom:
        width = sum(advance(latin_beside(spec.font), c) if c != " " else 0.6 for c in spec.bottom) * h
        foot = min(100.0, np.rad2deg(width * 1.12 / middle)) * s.spread
        units += _arc(
            spec.bottom, spec.font, a=middle, b=middle, span_deg=foot, w=w, h=h, weight=s.weight / 2, below=True
        )
    band = middle - h * 0.62
    units.append(Unit("ring", 0, 0, 2 * band, 2 * band, line_mm=0.35))
    for side in (-1.0, 1.0):
        t = np.deg2rad(90.0 + 26.0)
        units.append(
            Unit(
                "star", side * middle * float(np.sin(t)), -middle * float(np.cos(t)), h * 0.6 * s.star, h * 0.6 * s.star
            )
        )
    lines = spec.centre.split("/") if spec.centre else []
    for index, line in enumerate(lines):
        size = band * (0.34 if len(lines) > 1 else 0.42) * s.line_height
        y = (index - (len(lines) - 1) / 2) * size * 1.25
        units += _line(line, spec.font, y=y, width=band * 1.6, w=size * s.glyph_width, h=size, weight=s.weight / 2)
    if not lines:
        units.append(Unit("star", 0, 0, spec.star_mm * s.star, spec.star_mm * s.star))
    return units


_COMPOSERS: dict[str, Callable[[DieSpec], list[Unit]]] = {
    "round-company": _round, "contract": _round, "finance": _round, "oval-invoice": _oval, "square-name": _square,
    "rectangular": _rectangle, "latin-corporate": _latin,
}  # fmt: skip

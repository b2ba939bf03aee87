"""Forgeries by known mechanisms: each makes another die that claims to be the given one."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np

from verify.core.geometry import MM_PER_INCH
from verify.simulation.dies import Die, DieSpec, Setting, cut_die, die_wear, make_die, scatter
from verify.simulation.fields import Map, Rng, as_map, between, blur, move_edges, noise, pick
from verify.simulation.fonts import HELD_OUT_FACES, other_font
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.units import Unit

Mechanism = Literal[
    "other-font", "re-set", "copy-engraved", "near-copy", "optical-copy", "digit-changed", "twin", "another-seal"
]
Alternative = Literal["another-seal", "remake", "near-copy", "twin"]
# Each mechanism under the alternative that the report names.
ALTERNATIVE: dict[Mechanism, Alternative] = {
    "another-seal": "another-seal", "digit-changed": "another-seal",
    "other-font": "remake", "re-set": "remake", "copy-engraved": "remake",
    "near-copy": "near-copy", "optical-copy": "near-copy",
    "twin": "twin",
}  # fmt: skip
MECHANISMS: tuple[Mechanism, ...] = tuple(ALTERNATIVE)
_COPIER_DPI = 600.0


def forge(
    mechanism: Mechanism, die: Die, rng: Rng, *, source: Hardness = "clean", error_mm: float | None = None
) -> Die:
    """A die made by `mechanism` against `die`. `source`: the print that an optical copy is taken from; `error_mm`: how far
    an engraver misses a glyph's place, drawn from the mechanism's own range when not given."""
    scale = die.px_per_mm
    if not die.units and mechanism in ("digit-changed", "twin", "copy-engraved", "near-copy"):
        raise ValueError(f"a die copied as a picture has no artwork to make a {mechanism} of")
    if mechanism == "another-seal":
        return make_die(another_seal(die.spec, rng), rng, px_per_mm=scale)
    if mechanism == "other-font":
        return make_die(replace(die.spec, font=other_font(die.spec.font)), rng, px_per_mm=scale)
    if mechanism == "re-set":
        return make_die(reset_spec(die.spec, rng), rng, px_per_mm=scale)
    if mechanism == "optical-copy":
        return _optical_copy(die, rng, source)
    if mechanism == "digit-changed":
        spec, units = _one_changed(die, rng)
        return cut_die(spec, units, rng, px_per_mm=scale)
    if mechanism == "twin":
        return cut_die(die.spec, die.units, rng, px_per_mm=scale)
    if mechanism == "copy-engraved":
        missed = between(rng, 0.05, 0.1) if error_mm is None else error_mm
        units = _shifted(die.units, rng, missed, turn_deg=between(rng, 0.4, 1.0))
        return cut_die(die.spec, units, rng, px_per_mm=scale, rounding=_hand_rounding(rng))
    units = _shifted(die.units, rng, between(rng, 0.025, 0.05), turn_deg=between(rng, 0.1, 0.4))
    return cut_die(die.spec, units, rng, px_per_mm=scale, rounding=_hand_rounding(rng))


def _hand_rounding(rng: Rng) -> float:
    """By how much a copyist's corners are rounder than a maker's (radius about 0.04 mm, itself spread by 0.6 to 1.6).

    A hand-held graver's tip and the hand that turns it leave radii of 0.06 to 0.12 mm; a laser that follows an outline
    traced from a scan rounds by the scan's dots and its own beam, a little more than the maker's or much the same; a
    careful cutter who goes into each corner with a knife leaves sharper ones.
    """
    way = rng.random()
    if way < 0.6:
        return between(rng, 1.5, 2.8)
    if way < 0.85:
        return between(rng, 0.9, 1.6)
    return between(rng, 0.5, 0.85)


def reset_spec(spec: DieSpec, rng: Rng) -> DieSpec:
    """The same words in the same face, set anew: every choice of the typesetter off by some 2 to 5 %."""

    def off(low: float = 0.02, high: float = 0.05) -> float:
        return 1.0 + float(rng.choice([-1.0, 1.0])) * between(rng, low, high)

    s = spec.setting
    setting = Setting(
        glyph_width=s.glyph_width * off(), glyph_height=s.glyph_height * off(), radius=s.radius * off(0.005, 0.02),
        spread=s.spread * off(0.01, 0.04), star=s.star * off(), line_height=s.line_height * off(),
        weight=max(0.0, s.weight + between(rng, -0.006, 0.006)), code_spread=s.code_spread * off(),
    )  # fmt: skip
    return replace(spec, setting=setting, border_mm=spec.border_mm * off(0.02, 0.08))


def another_seal(spec: DieSpec, rng: Rng) -> DieSpec:
    """Another owner's seal of the same layout; of a held-out typeface where the given one is."""
    from verify.simulation.generator import random_spec

    return random_spec(rng, layout=spec.layout, faces=HELD_OUT_FACES if spec.font in HELD_OUT_FACES else None)


def _shifted(units: tuple[Unit, ...], rng: Rng, shift_mm: float, *, turn_deg: float) -> tuple[Unit, ...]:
    """Each glyph moved by about `shift_mm` (standard deviation a axis 0.7 of it), turned, and its size missed by 1 %."""
    moved = scatter(units, rng, shift_mm=0.7 * shift_mm, turn_deg=turn_deg)
    return tuple(
        replace(u, w_mm=u.w_mm * (1 + float(rng.normal(0, 0.12 * shift_mm))), h_mm=u.h_mm * (1 + float(rng.normal(0, 0.12 * shift_mm))))
        if u.kind == "glyph" else u
        for u in moved
    )  # fmt: skip


def _one_changed(die: Die, rng: Rng) -> tuple[DieSpec, tuple[Unit, ...]]:
    """One digit, or else one glyph, replaced in its place; all other artwork is the genuine one's."""
    glyphs = [i for i, u in enumerate(die.units) if u.kind == "glyph"]
    digits = [i for i in glyphs if die.units[i].text.isdigit()]
    at = int(pick(rng, digits or glyphs))
    old = die.units[at]
    stock = (
        "0123456789" if old.text.isdigit() else "ABCDEFGHKLMNPRSTUW" if old.text.isascii() else "明华信泰安康达新荣昌"
    )
    new = pick(rng, [c for c in stock if c != old.text])
    units = (*die.units[:at], replace(old, text=new), *die.units[at + 1 :])
    # The spec follows where the glyph can be told to stand; units are in the order arc, centre, bottom, code.
    left = [i for i in glyphs if i <= at]
    return _with_glyph(die.spec, len(left) - 1, new), units


def _with_glyph(spec: DieSpec, index: int, new: str) -> DieSpec:
    order = (
        ("arc", "bottom", "centre", "code") if spec.layout == "latin-corporate" else ("arc", "centre", "bottom", "code")
    )
    for name in order:
        text = getattr(spec, name)
        places = [i for i, c in enumerate(text) if c not in " /"]
        if index < len(places):
            at = places[index]
            changed = text[:at] + new + text[at + 1 :]
            if name == "arc":
                return replace(spec, arc=changed)
            if name == "centre":
                return replace(spec, centre=changed)
            return replace(spec, bottom=changed) if name == "bottom" else replace(spec, code=changed)
        index -= len(places)
    return spec


def _optical_copy(die: Die, rng: Rng, source: Hardness) -> Die:
    """One print scanned at 600 dpi, cleaned, thresholded and exposed again: it keeps that print's edges and gaps."""
    pressing = replace(Pressing.draw(rng, source, making=die.spec.making), turn_deg=0.0, smear=0.0)
    print_ = press(die, pressing, rng)
    dots = _COPIER_DPI / MM_PER_INCH
    ratio = dots / die.px_per_mm
    small = cv2.resize(
        blur(print_.density, 0.02 * die.px_per_mm), None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA
    )
    tone = as_map(np.exp(-2.0 * as_map(small)))
    tone += noise(rng, (tone.shape[0], tone.shape[1]), 1.5) * np.float32(0.015)
    # Otsu's level on the ink against paper, then specks and pinholes below some 0.1 mm are cleaned away.
    grey = np.clip(tone * 220.0, 0, 255).astype(np.uint8)
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    ink = np.asarray(cv2.medianBlur(ink, 3), dtype=np.uint8)
    ink = _without_specks(ink, round(0.02 * dots**2))
    ink = 255 - _without_specks(255 - ink, round(0.03 * dots**2))
    artwork = _onto_canvas(as_map(ink.astype(np.float32) / np.float32(255.0)), die, ratio, rng)
    artwork = move_edges(artwork, 0.0, sigma=0.03 * die.px_per_mm)
    worn = die_wear(artwork, rng, making="photosensitive", px_per_mm=die.px_per_mm, rounding=between(rng, 0.7, 1.2))
    return Die(replace(die.spec, making="photosensitive"), worn, die.px_per_mm, ())


def _without_specks(
    ink: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], smallest: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= smallest
    keep[0] = False
    return np.asarray(np.where(keep[labels], 255, 0), dtype=np.uint8)


def _onto_canvas(ink: Map, die: Die, ratio: float, rng: Rng) -> Map:
    """Back to the die's own canvas, centre on centre, as a scanner's scale and the exposure's lens err: by some
    0.3 % and 0.01 to 0.03 mm rms, smoothly over 20 mm. No glyph moves by itself."""
    height, width = die.coverage.shape
    scale = die.px_per_mm
    stretch = 1.0 + float(np.clip(rng.normal(0.0, 0.003), -0.006, 0.006))
    rms = between(rng, 0.01, 0.03) * scale
    rows, columns = -(-height // _COARSE) + 2, -(-width // _COARSE) + 2
    y = ((np.arange(rows) + 0.5) * _COARSE - 0.5)[:, None] * np.ones((1, columns))
    x = ((np.arange(columns) + 0.5) * _COARSE - 0.5)[None, :] * np.ones((rows, 1))
    maps = []
    for place, extent, source in ((x, width, ink.shape[1]), (y, height, ink.shape[0])):
        bent = noise(rng, (rows, columns), 20.0 * scale / _COARSE) * np.float32(rms)
        coarse = as_map(((place - (extent - 1) / 2) / stretch + bent) * ratio + (source - 1) / 2)
        whole = as_map(cv2.resize(coarse, (columns * _COARSE, rows * _COARSE)))
        maps.append(np.ascontiguousarray(whole[:height, :width]))
    return as_map(cv2.remap(ink, maps[0], maps[1], cv2.INTER_CUBIC, borderValue=0.0)).clip(0.0, 1.0)


_COARSE = 16  # px between the nodes of the lens's error

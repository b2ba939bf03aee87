"""The descriptor of an imprint: 512 numbers by which the seals most like it are found among thousands.

The ink density in rings about the outline's centre, in shares of the outline's size: neither place, size nor colour
is left, so captures of unknown scale are found as well. Along each ring a Fourier transform, across the rings a
cosine transform; what varies least between prints of one seal and most between seals weighs most. A turn of the seal
only turns the phases: a question is asked in all turns at once, as one matrix product.

Where a clutter of type and pens hides the outline, a question is asked about several centres and sizes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.find import likely_outlines
from verify.imprints.ink import Ink, Map

SIZE = 512
TURNS = 96  # turns asked, 3.75° apart
_RINGS, _ANGLES = 32, 128
_HARMONICS, _WAVES = 33, 16
_REACH = 1.04  # of the outline's half size: the rings' outer end
_BLUR = 0.035  # of it: rubber bends by less, and centres are known no better
_SIDE = 144  # pixels of the square from which the rings are read
_OUTLINE_SIDE = 240  # pixels of the picture in which outlines are sought
_INKED = 0.3
_MOST = 4  # places asked about in one picture: each costs a search 5 ms among 10,000
_ASKEW = 1.15  # a circle on a photo of unknown scale is taken for one up to this; beyond it is an oval

Array = NDArray[np.float32]


def describe(ink: Ink) -> Array:
    """The descriptor of a specimen (512,): unit length, the same for the same ink. Zeros where there is no ink.

    First the real parts of 256 coefficients, then their imaginary parts, as `verify.stores.imprints` turns them.
    """
    return _joined(_coefficients(ink, _places(ink)[0]))


def question(ink: Ink) -> Array:
    """The descriptors of a questioned imprint (n × 96, 512): about each of n likely places, in every turn."""
    turns = np.arange(TURNS) * (2 * np.pi / TURNS)
    phases = np.exp(-1j * turns[:, None] * _HARMONIC[None]).astype(np.complex64)
    seen = [ink] if ink.colour is not None else [ink, _paler(ink)]
    return np.concatenate([_joined(_coefficients(i, p)[None] * phases) for i in seen for p in _places(i)])


def likeness(specimen: Array, asked: Array) -> float:
    """How alike a specimen's descriptor and a question are in design, −1 to 1: the best place and turn."""
    return float((asked @ specimen.astype(np.float32)).max())


def _joined(coefficients: NDArray[np.complex64]) -> Array:
    return np.concatenate([coefficients.real, coefficients.imag], axis=-1)


def _choice() -> tuple[NDArray[np.intp], Array, NDArray[np.intp]]:
    """Which 256 of harmonics × waves are kept, their weights, and each one's harmonic.

    `reliable`: the share of a coefficient's variance that seals, not prints, account for; `usual`: its amplitude among
    seals of all designs. Both are smooth fits to simulated seals (numbers 5000 to 5149; measured tables did hardly
    better on others than these formulas). The weight is that of the log-likelihood ratio of two Gaussian prints.
    """
    m, k = np.arange(_HARMONICS)[:, None], np.arange(_WAVES)[None]
    reliable = np.minimum(0.93, 1.0 / (1.0 + (m / 33.5) ** 2 + (k / 20.0) ** 2))
    usual = 1.0 / np.sqrt((1.0 + (m / 9.0) ** 2) * (1.0 + (k / 4.0) ** 2))
    twice = np.where(m == 0, 1.0, 2.0)  # a harmonic and its conjugate
    weight = np.sqrt(twice * reliable / (1.0 - reliable**2)) / usual
    # The rings' means tell layouts, which thousands share; fine harmonics are the first that starved ink loses.
    weight *= np.where(m == 0, 0.2, 1.0) / np.sqrt(1.0 + (m / 20.0) ** 2)
    kept = np.sort(np.argsort(-reliable.ravel(), kind="stable")[: SIZE // 2])
    return kept, weight.ravel()[kept].astype(np.float32), kept // _WAVES


_KEPT, _WEIGHT, _HARMONIC = _choice()
_COSINES = (
    np.sqrt(np.where(np.arange(_WAVES) == 0, 1.0, 2.0) / _RINGS)[:, None]
    * np.cos(np.pi * np.arange(_WAVES)[:, None] * (np.arange(_RINGS)[None] + 0.5) / _RINGS)
).astype(np.float32)


@dataclass(frozen=True)
class _Place:
    """Where a seal may lie, in pixels: its centre and half size; a circle seen askew is `aspect` times longer than wide,
    along `angle` (radians)."""

    x: float
    y: float
    half: float
    aspect: float = 1.0
    angle: float = 0.0

    def near(self, other: _Place) -> bool:
        moved = math.hypot(self.x - other.x, self.y - other.y) < 0.02 * other.half
        return moved and abs(self.half / other.half - 1) < 0.03 and abs(self.aspect - other.aspect) < 0.015

    def scaled(self, factor: float) -> _Place:
        return replace(self, x=(self.x + 0.5) * factor - 0.5, y=(self.y + 0.5) * factor - 0.5, half=self.half * factor)


def _coefficients(ink: Ink, place: _Place) -> NDArray[np.complex64]:
    """256 weighted coefficients of unit length; unknown ground counts as its ring's mean."""
    density, known = _rings(ink, place)
    mean = (density * known).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1.0)
    spectrum = np.fft.rfft((density - mean) * known, axis=1)[:, :_HARMONICS] / _ANGLES
    spectrum[:, 0] = mean[:, 0]
    spectrum *= np.sqrt((np.arange(_RINGS)[:, None] + 0.5) / _RINGS)  # by the rings' areas
    # By the energy that turns with the seal: rings and fills alone would outshine starved type.
    spectrum /= max(float(np.sqrt(2 * (np.abs(spectrum[:, 1:]) ** 2).sum())), 1e-6)
    chosen = (_COSINES @ spectrum).T.ravel()[_KEPT] * _WEIGHT
    return np.asarray(chosen / max(float(np.linalg.norm(chosen)), 1e-6), np.complex64)


def _rings(ink: Ink, place: _Place) -> tuple[Map, Map]:
    """Density and the weight of what is known, (rings, angles); `place` in pixels of the ink."""
    scale = _SIDE / (2.2 * place.half)
    middle = _SIDE / 2 - 0.5
    known = (~ink.unknown).astype(np.float32)
    density = ink.density * known
    if scale < 1:  # against moiré, before reducing
        density, known = (cv2.GaussianBlur(x, (0, 0), 0.4 / scale) for x in (density, known))
    matrix = np.array([[scale, 0, middle - scale * place.x], [0, scale, middle - scale * place.y]])
    small = [cv2.warpAffine(x, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR) for x in (density, known)]
    top, bottom = (cv2.GaussianBlur(x, (0, 0), _BLUR * place.half * scale) for x in small)
    level = np.where(bottom > 0.1, top / np.maximum(bottom, 0.1), 0.0).astype(np.float32)
    radius = (np.arange(_RINGS)[:, None] + 0.5) / _RINGS * _REACH * place.half * scale
    angle = np.arange(_ANGLES)[None] * (2 * np.pi / _ANGLES) - place.angle
    c, s = math.cos(place.angle), math.sin(place.angle)
    along, across = radius * np.cos(angle), radius * np.sin(angle) / place.aspect
    x, y = (middle + along * c - across * s).astype(np.float32), (middle + along * s + across * c).astype(np.float32)
    return (
        np.asarray(cv2.remap(level, x, y, cv2.INTER_LINEAR), np.float32),
        np.asarray(cv2.remap(bottom.astype(np.float32), x, y, cv2.INTER_LINEAR), np.float32),
    )


def _paler(ink: Ink) -> Ink:
    """Of a grey picture's two darknesses the paler, which coloured ink becomes; the darker, mostly type, is unknown."""
    inked = ink.density[ink.density > _INKED]
    if inked.size < 50:
        return ink
    levels = np.clip(inked * 200, 0, 255).astype(np.uint8).reshape(-1, 1)
    border = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0] / 200
    dark = cv2.dilate((ink.density > border).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    pale = max(float(np.median(inked[inked <= border])), 0.1)
    density = np.clip(np.where(dark, 0.0, ink.density / pale), 0.0, 1.25).astype(np.float32)
    return replace(ink, density=density, unknown=ink.unknown | dark)


def _places(ink: Ink) -> list[_Place]:
    """Where the seal may lie, in pixels of the ink, the likeliest first, at least one."""
    seen = np.where(ink.unknown, 0.0, ink.density).astype(np.float32)
    factor = _OUTLINE_SIDE / max(seen.shape)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    size = (max(8, round(seen.shape[1] * factor)), max(8, round(seen.shape[0] * factor)))
    mask = ((cv2.resize(seen, size, interpolation=how) > _INKED) * 255).astype(np.uint8)
    found: list[_Place] = []
    for o in likely_outlines(mask, smallest=0.35 * _OUTLINE_SIDE, largest=1.02 * _OUTLINE_SIDE):
        round_like = o.shape in ("round", "oval")
        found.append(_Place(*o.centre, (max(o.size) if round_like else math.hypot(*o.size)) / 2))
        aspect = max(o.size) / min(o.size)
        if ink.dpi is None and round_like and 1.015 < aspect < _ASKEW:
            angle = math.radians(o.angle if o.size[0] > o.size[1] else o.angle + 90)
            found.append(replace(found[-1], aspect=aspect, angle=angle))
    found += [_extent(_widest(mask, reach)) for reach in (None, 0, 1, 3)]
    kept: list[_Place] = []
    for place in found:
        if len(kept) < _MOST and place.half > 8 and not any(place.near(other) for other in kept):
            kept.append(place)
    kept = kept or [_Place(size[0] / 2, size[1] / 2, max(size) / 2)]
    return [place.scaled(1 / factor) for place in kept]


def _widest(mask: NDArray[np.uint8], reach: int | None) -> NDArray[np.uint8]:
    """The widest piece of ink when gaps up to twice the reach are bridged; None: all ink but specks."""
    bridged = mask if not reach else cv2.dilate(mask, np.ones((2 * reach + 1,) * 2, np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bridged, connectivity=8)
    if count < 2:
        return mask
    if reach is None:
        large = stats[:, cv2.CC_STAT_AREA] >= 4
        large[0] = False
        return np.asarray(large[labels] * 255, np.uint8)
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_WIDTH] * stats[1:, cv2.CC_STAT_HEIGHT]))
    return np.asarray(np.where(labels == best, mask, 0), np.uint8)


def _extent(mask: NDArray[np.uint8]) -> _Place:
    """Centre and half size by how far ink reaches in every direction, strays (0.3 % at each end) left out."""
    ys, xs = np.nonzero(mask)
    if len(xs) < 10:
        return _Place(0.0, 0.0, 0.0)
    angle = np.deg2rad(np.arange(0, 180, 5))
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    along = direction @ np.stack([xs, ys]).astype(np.float64)
    low, high = np.percentile(along, (0.3, 99.7), axis=1)
    centre = np.linalg.lstsq(direction, (low + high) / 2, rcond=None)[0]
    width = high - low + 1.0
    return _Place(float(centre[0]), float(centre[1]), float(np.sort(width)[-3:].mean()) / 2)

"""Alignment: where each point of the reference lies on the questioned imprint.

Candidates come from two sides: SIFT with MAGSAC, and a search over rotation (correlation by FFT at every
4 degrees), which also catches prints too starved for features. The best are refined by Gauss–Newton on
blurred ink with robust weights, from coarse to fine: first affine, then with all second-order terms (the
smooth bending of rubber, paper and lens), and nothing freer: a free elastic warp would hide forgeries.

Where the scale is unknown, sizes are told by the inked extents only, and handwriting or a ring may outweigh the
seal. There all is done on `Frame.evened` maps, in which a faint glyph counts for as much as a black pen stroke.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints import match
from verify.imprints.features import Features, detect
from verify.imprints.ink import Ink, Map, Mask

FINE = 10.0  # pixels a millimetre of the frame in which imprints are compared (254 dpi)
NOMINAL_MM = 40.0  # what the longer side counts for where no scale is known
TURN = 4.0  # degrees between the rotations tried
SEARCH = 1.25  # pixels a millimetre of the search
SIDE = 100.0  # pixels along the inked extent of the maps that hold without scale
FREE_SIDE = 50.0  # the same of the search without scale
FREE_SCALES = (0.64, 0.72, 0.81, 0.9, 1.0, 1.11, 1.24, 1.39, 1.56)  # about the ratio of both extents
FREE_CANDIDATES = 10
OTHER_TURN = 10.0  # degrees from which on a pose is another one
MARGIN_MM = 2.5
LARGEST_MM = 75.0

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evened:
    """Strokes without their strength: band-passed ink by its local root mean square, reduced by `rate`.

    `ink` (h, w), about −2 to 2, 0 where nothing is known; `known` (h, w), 0 to 1; `ground` (h, w): the design with
    its bare inside. `rate`: map pixels for one pixel of the frame.
    """

    ink: Map
    known: Map
    ground: Mask
    rate: float


@dataclass(frozen=True, eq=False)
class Frame:
    """An imprint at `FINE` pixels a millimetre (nominal millimetres where `scale_known` is False).

    `density`, `unknown` (h, w). `dpi` is the capture's own resolution in that scale.
    `to_pixels`: pixels of the lifted ink for one pixel of the frame.
    """

    density: Map
    unknown: Mask
    dpi: float
    scale_known: bool
    to_pixels: float
    offset: tuple[float, float]

    def at(self, sigma_mm: float, pixels_per_mm: float) -> tuple[Map, Map]:
        """Density and the weight of what is known, blurred by `sigma_mm`, reduced to `pixels_per_mm`."""
        known = (~self.unknown).astype(np.float32)
        sigma = sigma_mm * FINE
        top = cv2.GaussianBlur(self.density * known, (0, 0), sigma)
        bottom = cv2.GaussianBlur(known, (0, 0), sigma)
        level = np.where(bottom > 0.05, top / np.maximum(bottom, 0.05), 0.0).astype(np.float32)
        factor = pixels_per_mm / FINE
        if factor == 1.0:
            return level, np.asarray(bottom, np.float32)
        size = (max(8, round(level.shape[1] * factor)), max(8, round(level.shape[0] * factor)))
        resized = cv2.resize(level, size, interpolation=cv2.INTER_AREA)
        return np.asarray(resized, np.float32), np.asarray(
            cv2.resize(bottom, size, interpolation=cv2.INTER_AREA), np.float32
        )

    @cached_property
    def extent(self) -> float:
        """The longer side of what is inked, in pixels of the frame."""
        return _spread(self.density)

    def evened(self, side: float) -> Evened:
        """The ink evened at `side` pixels along its extent, so at a resolution that needs no scale. Kept."""
        kept: dict[float, Evened] = self.__dict__.setdefault("_evened", {})
        if side not in kept:
            kept[side] = _evened(self, min(1.0, side / self.extent))
        return kept[side]

    @cached_property
    def features(self) -> Features:
        """SIFT at 6 px/mm, points given in pixels of the frame."""
        factor = 0.6
        small = cv2.resize(self.density, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        blank = cv2.resize(self.unknown.astype(np.uint8), (small.shape[1], small.shape[0])) > 0
        found = detect(np.asarray(small, np.float32), blank)
        return Features(found.points / np.float32(factor), found.descriptors)


def frame(ink: Ink, *, longest: float | None = None) -> Frame:
    """The ink at the frame's scale. `longest`: the mark's longer side in pixels, for inks of unknown scale."""
    known = ink.dpi is not None
    per_mm = ink.dpi / 25.4 if ink.dpi is not None else (longest or extent(ink)) / NOMINAL_MM
    factor = FINE / per_mm
    side = max(ink.density.shape) * factor
    if side > LARGEST_MM * FINE:  # a page, not a seal: only its middle scale is of use
        factor *= LARGEST_MM * FINE / side
        known = False
    h, w = ink.density.shape
    size = (max(16, round(w * factor)), max(16, round(h * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    density = np.clip(cv2.resize(ink.density, size, interpolation=how), 0.0, 1.25)
    unknown = cv2.resize(ink.unknown.astype(np.uint8), size, interpolation=cv2.INTER_LINEAR) > 0
    edge = round(MARGIN_MM * FINE)
    density = cv2.copyMakeBorder(density, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(0.0,))
    # Beyond the crop nothing is known: a seal cut by the crop's edge has not lost its ink.
    padded = cv2.copyMakeBorder(unknown.astype(np.uint8), edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(1,)) > 0
    return Frame(
        np.asarray(density, np.float32), padded, FINE / factor * 25.4, known, 1.0 / factor, (float(edge), float(edge))
    )


def extent(ink: Ink) -> float:
    """The longer side of what is inked, in pixels; strays (0.5 % at each end) left out."""
    return _spread(ink.density)


def _spread(density: Map) -> float:
    ys, xs = np.nonzero(density > 0.5)
    if len(ys) < 20:
        return float(max(density.shape))
    spread = [float(np.percentile(v, 99.5) - np.percentile(v, 0.5)) for v in (xs, ys)]
    return max(8.0, *spread)


def _evened(f: Frame, rate: float) -> Evened:
    size = (max(16, round(f.density.shape[1] * rate)), max(16, round(f.density.shape[0] * rate)))
    seen = (~f.unknown).astype(np.float32)
    known = cv2.resize(seen, size, interpolation=cv2.INTER_AREA)
    ink = cv2.resize(f.density * seen, size, interpolation=cv2.INTER_AREA)

    def mean(m: Map, sigma: float) -> Map:  # over what is known
        top, bottom = (cv2.GaussianBlur(x, (0, 0), sigma) for x in (m, known))
        return np.asarray(top / np.maximum(bottom, 0.05), np.float32)

    band = mean(ink, 0.8) - mean(ink, 3.2)
    # Ink weaker than 0.06 is paper: it is not raised to a stroke's height.
    even = band / (np.sqrt(mean(band**2 * known, 7.0)) + 0.06) * (known > 0.5)
    density = cv2.resize(f.density, size, interpolation=cv2.INTER_AREA)
    reach = max(1, round(0.03 * rate * f.extent))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    near = cv2.dilate((density > 0.35).astype(np.uint8), disc)
    outlines, _ = cv2.findContours(near, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(near)
    cv2.drawContours(filled, outlines, -1, (1,), cv2.FILLED)
    return Evened(np.asarray(even, np.float32), np.asarray(known, np.float32), np.asarray(filled > 0), rate)


@dataclass(frozen=True, eq=False)
class Alignment:
    """The map from pixels of the reference's frame to pixels of the questioned imprint's frame.

    `coefficients` (2, 6) on the basis 1, u, v, u², uv, v² with u, v = (x, y − centre) / span.
    `ncc`: masked correlation of the blurred inks under it, −1 to 1. `rotation` in degrees,
    `scale`: questioned over reference. `source`: what proposed it. `rival`: the best of the other candidates that is
    turned against it by more than `OTHER_TURN` degrees; None where there was none. A registration that is real
    leaves its rival far behind.
    """

    coefficients: Matrix
    centre: tuple[float, float]
    span: float
    ncc: float
    source: str
    rival: Alignment | None = None

    @property
    def linear(self) -> Matrix:
        return np.asarray(self.coefficients[:, 1:3] / self.span)

    @property
    def rotation(self) -> float:
        a = self.linear
        return float(np.rad2deg(np.arctan2(a[1, 0] - a[0, 1], a[0, 0] + a[1, 1])))

    @property
    def scale(self) -> float:
        return float(np.sqrt(max(np.linalg.det(self.linear), 1e-9)))

    @property
    def anisotropy(self) -> float:
        """The larger over the smaller principal stretch, minus 1."""
        s = np.linalg.svd(self.linear, compute_uv=False)
        return float(s[0] / max(s[1], 1e-9) - 1)

    def grid(self, shape: tuple[int, int], step: float = 1.0) -> tuple[Map, Map]:
        """Questioned x and y, in pixels at the same `step`, for each pixel of a (h, w) reduced by `step`."""
        u = ((np.arange(shape[1]) + 0.5) * step - 0.5 - self.centre[0]) / self.span
        v = ((np.arange(shape[0]) + 0.5) * step - 0.5 - self.centre[1]) / self.span
        c = self.coefficients
        uu, vv = u[None, :], v[:, None]
        out = []
        for k in range(2):
            p = c[k, 0] + c[k, 1] * uu + c[k, 2] * vv + c[k, 3] * uu**2 + c[k, 4] * uu * vv + c[k, 5] * vv**2
            out.append(((p + 0.5) / step - 0.5).astype(np.float32))
        return out[0], out[1]

    def bring(self, picture: Map, shape: tuple[int, int], *, step: float = 1.0, outside: float = 0.0) -> Map:
        """The questioned `picture` seen in the reference's frame of `shape`."""
        x, y = self.grid(shape, step)
        border = cv2.BORDER_CONSTANT
        return np.asarray(
            cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=border, borderValue=(outside,)), np.float32
        )


class _Turned:
    """A map turned by every angle of the search; `middle` (x, y) is the point that it turns about."""

    def __init__(self, small: Map, middle: tuple[float, float]) -> None:
        self._small = small
        self._middle = middle
        self._half = int(np.ceil(np.hypot(*small.shape) / 2)) + 1
        self._spectra: dict[tuple[int, float], tuple[NDArray[np.complex64], list[float]]] = {}

    @property
    def nbytes(self) -> int:
        return sum(planes.nbytes for planes, _ in self._spectra.values())

    def hits(self, small: Map, scale: float) -> list[tuple[float, float, float, float]]:
        """At each angle the best place: correlation, angle (radians), and x, y of the middle on `small`."""
        half = int(np.ceil(self._half * scale)) + 1
        need = max(small.shape) + 2 * half
        n = int(cv2.getOptimalDFTSize(need))
        spectra, energies = self._turned(n, scale, half)
        picture = np.zeros((n, n), np.float32)
        picture[: small.shape[0], : small.shape[1]] = small
        forward = np.fft.rfft2(picture).astype(np.complex64)
        scores = np.fft.irfft2(forward[None] * spectra, s=(n, n), axes=(1, 2))
        total = np.sqrt(float((small**2).sum()))
        found = []
        for i in range(len(scores)):
            plane = scores[i]
            at = int(np.argmax(plane))
            y, x = divmod(at, n)
            y, x = (y - n if y > n - half else y), (x - n if x > n - half else x)
            score = float(plane.flat[at]) / max(total * np.sqrt(energies[i]), 1e-6)
            # The turned map's middle lies at its own (half, half); the peak says where its corner goes.
            found.append((score, float(np.deg2rad(i * TURN)), float(x + half), float(y + half)))
        return found

    def _turned(self, n: int, scale: float, half: int) -> tuple[NDArray[np.complex64], list[float]]:
        key = (n, round(scale, 3))
        if key not in self._spectra:
            planes, energies = [], []
            side = 2 * half + 1
            for i in range(round(360 / TURN)):
                angle = np.deg2rad(i * TURN)
                cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
                mx, my = self._middle
                warp = np.array([[cos, -sin, half - cos * mx + sin * my], [sin, cos, half - sin * mx - cos * my]])
                turned = cv2.warpAffine(self._small, warp, (side, side), flags=cv2.INTER_LINEAR)
                plane = np.zeros((n, n), np.float32)
                plane[:side, :side] = turned
                energies.append(float((turned**2).sum()))
                planes.append(np.conj(np.fft.rfft2(plane)).astype(np.complex64))
            made = np.stack(planes), energies
            if scale != 1.0:  # some 10 MB each: only the ones that every comparison needs are kept
                return made
            if len(self._spectra) > 2:
                self._spectra.clear()
            self._spectra[key] = made
        return self._spectra[key]


class Searchable:
    """A reference prepared for the search over rotations: the Fourier transforms of its turned maps."""

    def __init__(self, reference: Frame) -> None:
        self.frame = reference
        small, _ = _band(reference)
        ys, xs = np.nonzero(reference.density > 0.5)
        h, w = reference.density.shape
        self.centre = (float(xs.mean()), float(ys.mean())) if len(xs) > 20 else (w / 2, h / 2)
        self.span = float(max(h, w)) / 2
        self._plain = _Turned(small, self._reduced(SEARCH / FINE))

    @property
    def nbytes(self) -> int:
        """What the turned spectra hold in memory now."""
        free: _Turned | None = self.__dict__.get("_free")
        return self._plain.nbytes + (free.nbytes if free is not None else 0)

    @cached_property
    def _free(self) -> _Turned:
        even = self.frame.evened(FREE_SIDE)
        return _Turned(even.ink, self._reduced(even.rate))

    def peaks(self, questioned: Frame, *, scales: tuple[float, ...], most: int) -> list[Alignment]:
        """The best poses at each scale, turned apart by more than 10 degrees or moved by more than 3 mm."""
        small, _ = _band(questioned)
        rate = SEARCH / FINE
        found = [self._pose(hit, scale, rate) for scale in scales for hit in self._plain.hits(small, scale)]
        return _distinct(found, 3.0 * FINE, most)

    def free_peaks(self, questioned: Frame, *, most: int) -> list[Alignment]:
        """The same where the scale is unknown: evened strokes, `FREE_SCALES` about the ratio of both extents."""
        q, rate = questioned.evened(FREE_SIDE), self.frame.evened(FREE_SIDE).rate
        found = [
            self._pose(hit, scale * rate / q.rate, q.rate)
            for scale in FREE_SCALES
            for hit in self._free.hits(q.ink, scale)
        ]
        return _distinct(found, 0.075 * questioned.extent, most)

    def _reduced(self, rate: float) -> tuple[float, float]:
        return (self.centre[0] + 0.5) * rate - 0.5, (self.centre[1] + 0.5) * rate - 0.5

    def _pose(self, hit: tuple[float, float, float, float], scale: float, rate: float) -> Alignment:
        score, angle, x, y = hit
        c = np.zeros((2, 6))
        c[:, 0] = (x + 0.5) / rate - 0.5, (y + 0.5) / rate - 0.5
        c[0, 1], c[0, 2] = np.cos(angle) * scale * self.span, -np.sin(angle) * scale * self.span
        c[1, 1], c[1, 2] = np.sin(angle) * scale * self.span, np.cos(angle) * scale * self.span
        return Alignment(c, self.centre, self.span, score, "rotation")


def align(reference: Searchable, questioned: Frame, *, scale_known: bool) -> Alignment:
    """The best verified alignment. Where the scale is unknown it is searched about the ratio of the inked extents."""
    if not scale_known:
        return _align_freely(reference, questioned)
    candidates = reference.peaks(questioned, scales=(1.0,), most=5)
    by_features = _from_features(reference, questioned, scale_known=True)
    if by_features is not None:
        candidates.insert(0, by_features)
    coarse = [refine(reference.frame, questioned, c, _COARSE) for c in candidates]
    coarse.sort(key=lambda a: -a.ncc)
    middle = [refine(reference.frame, questioned, c, _MIDDLE) for c in coarse[:2]]
    best = max(middle, key=lambda a: a.ncc)
    return replace(refine(reference.frame, questioned, best, _FINEST), rival=_rival(best, coarse))


def _align_freely(reference: Searchable, questioned: Frame) -> Alignment:
    """Without scale: candidates, refinement and verification by evened strokes; sharp ink only where it agrees."""
    r = reference.frame
    candidates = reference.free_peaks(questioned, most=FREE_CANDIDATES)
    by_features = _from_features(reference, questioned, scale_known=False)
    if by_features is not None:
        candidates.insert(0, by_features)
    coarse = [_refine_evened(r, questioned, c, _FREE_COARSE) for c in candidates]
    coarse = [replace(c, ncc=agreement(r, questioned, c)) for c in coarse]
    coarse.sort(key=lambda a: -a.ncc)
    even = _refine_evened(r, questioned, coarse[0], _FREE_FINE)
    sharp = refine(r, questioned, even, _FINEST)
    if agreement(r, questioned, sharp, 2 * SIDE) < agreement(r, questioned, even, 2 * SIDE):
        sharp = refine(r, questioned, even, _AS_IT_IS)
    return replace(sharp, rival=_rival(sharp, coarse))


def _rival(best: Alignment, others: list[Alignment]) -> Alignment | None:
    """The best of `others` (best first) that is turned against `best`."""
    return next((o for o in others if abs((o.rotation - best.rotation + 180) % 360 - 180) > OTHER_TURN), None)


def agreement(reference: Frame, questioned: Frame, pose: Alignment, side: float = SIDE) -> float:
    """Masked correlation of the evened inks on the reference's design, −1 to 1.

    −1 where less than a quarter of the design is known on both sides.
    """
    even, (ink, known) = reference.evened(side), bring_evened(reference, questioned, pose, side)
    both = even.ground & (even.known > 0.5) & (known > 0.5)
    if both.sum() < 0.25 * even.ground.sum():
        return -1.0
    a, b = even.ink[both] - even.ink[both].mean(), ink[both] - ink[both].mean()
    return float((a * b).sum() / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-9))


def bring_evened(reference: Frame, questioned: Frame, pose: Alignment, side: float = SIDE) -> tuple[Map, Map]:
    """The questioned evened ink and what is known of it, seen in the reference's evened map."""
    r, q = reference.evened(side), questioned.evened(side)
    step = 1.0 / r.rate
    x, y = (((m + np.float32(0.5)) * np.float32(step * q.rate) - np.float32(0.5)) for m in pose.grid(r.ink.shape, step))
    ink, known = (cv2.remap(m, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) for m in (q.ink, q.known))
    return np.asarray(ink, np.float32), np.asarray(known, np.float32)


def _from_features(reference: Searchable, questioned: Frame, *, scale_known: bool) -> Alignment | None:
    found = match.affinity(reference.frame.features, questioned.features, tolerance=0.4 * FINE)
    if found is None:
        return None
    scale = float(np.sqrt(abs(np.linalg.det(found[:, :2]))))
    if not (0.85 < scale < 1.18 if scale_known else 0.4 < scale < 2.5):
        return None
    c = np.zeros((2, 6))
    c[:, 0] = found[:, :2] @ np.array(reference.centre) + found[:, 2]
    c[:, 1:3] = found[:, :2] * reference.span
    return Alignment(c, reference.centre, reference.span, 0.0, "features")


def _band(f: Frame) -> tuple[Map, Map]:
    """The map that the search correlates: strokes of 0.5 to 2 mm, the plain paper near zero."""
    fine, known = f.at(0.55, SEARCH)
    wide = cv2.GaussianBlur(fine, (0, 0), 2.2 * SEARCH)
    band = (fine - wide) * (known > 0.4)
    return np.asarray(band, np.float32), known


def _distinct(found: list[Alignment], near: float, most: int) -> list[Alignment]:
    """The best poses that are turned apart, more than `near` pixels apart, or of another size."""
    kept: list[Alignment] = []
    for pose in sorted(found, key=lambda a: -a.ncc):
        if all(_apart(pose, other, near) for other in kept):
            kept.append(pose)
        if len(kept) == most:
            break
    return kept


def _apart(a: Alignment, b: Alignment, near: float) -> bool:
    turn = abs((a.rotation - b.rotation + 180) % 360 - 180)
    moved = float(np.hypot(*(a.coefficients[:, 0] - b.coefficients[:, 0])))
    return turn > OTHER_TURN or moved > near or abs(np.log(a.scale / b.scale)) > 0.15


@dataclass(frozen=True)
class Stage:
    """Rungs of a refinement, coarse to fine. Each: blur in mm, pixels a millimetre, terms of the map, iterations.

    3 terms are an affinity, 6 the quadratic map.
    """

    steps: tuple[tuple[float, float, int, int], ...]


_COARSE = Stage(((0.9, 1.25, 3, 5), (0.5, 2.5, 3, 4)))
_MIDDLE = Stage(((0.3, 2.5, 6, 5),))
_FINEST = Stage(((0.2, 5.0, 6, 4), (0.1, 10.0, 6, 2)))
_AS_IT_IS = Stage(((0.1, 10.0, 6, 0),))  # only correlates
# Without scale: pixels along the extent, terms of the map, iterations.
_FREE_COARSE = ((FREE_SIDE, 3, 6), (SIDE, 3, 4))
_FREE_FINE = ((SIDE, 6, 5), (2 * SIDE, 6, 4))


def refine(reference: Frame, questioned: Frame, start: Alignment, stage: Stage) -> Alignment:
    """The pose after every rung of `stage`, by Gauss–Newton from `start`; its `ncc` is the last rung's, on the
    reference's strokes. A rung that sees too little of both leaves the pose as it was."""
    pose = start
    for sigma, rate, terms, iterations in stage.steps:
        r, r_known = level(reference, sigma, rate)
        q, q_known = level(questioned, sigma, rate)
        pose = _gauss_newton(r, r_known, q, q_known, pose, (FINE / rate, FINE / rate), terms, iterations)
    return pose


def _refine_evened(
    reference: Frame, questioned: Frame, start: Alignment, rungs: tuple[tuple[float, int, int], ...]
) -> Alignment:
    pose = start
    for side, terms, iterations in rungs:
        r, q = reference.evened(side), questioned.evened(side)
        steps = 1.0 / r.rate, 1.0 / q.rate
        pose = _gauss_newton(r.ink, r.known, q.ink, q.known, pose, steps, terms, iterations)
    return pose


_LEVELS_KEPT = "_levels"


def level(f: Frame, sigma: float, rate: float) -> tuple[Map, Map]:
    """`Frame.at`, kept with the frame: the same levels serve every candidate."""
    kept: dict[tuple[float, float], tuple[Map, Map]] = f.__dict__.setdefault(_LEVELS_KEPT, {})
    key = (sigma, rate)
    if key not in kept:
        kept[key] = f.at(sigma, rate)
    return kept[key]


def _gauss_newton(
    r: Map,
    r_known: Map,
    q: Map,
    q_known: Map,
    start: Alignment,
    steps: tuple[float, float],
    terms: int,
    iterations: int,
) -> Alignment:
    """Least squares of a·q(map(x)) + b − r(x) over the map's coefficients, robustly weighted.

    `steps`: pixels of the frame for one pixel of r and of q. Missing ink pulls less than ink that is there: a starved
    patch must not bend the map.
    """
    r_step, step = steps
    gy, gx = np.gradient(r)
    strength = np.hypot(gx, gy)
    use = (strength > 0.08 * strength.max()) | (r > 0.3)
    use &= r_known > 0.5
    rows, cols = np.nonzero(use)
    if len(rows) < 60:
        return start
    if len(rows) > 24000:
        keep = np.linspace(0, len(rows) - 1, 24000).astype(int)
        rows, cols = rows[keep], cols[keep]
    u = ((cols + 0.5) * r_step - 0.5 - start.centre[0]) / start.span
    v = ((rows + 0.5) * r_step - 0.5 - start.centre[1]) / start.span
    basis = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v][:terms]).astype(np.float32)
    full = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v])
    here = r[rows, cols]
    qy, qx = np.gradient(q)
    coefficients = start.coefficients.copy()
    ncc = -1.0
    best, best_ncc = coefficients, -1.0
    for i in range(iterations + 1):
        place = coefficients @ full
        mx = ((place[0] + 0.5) / step - 0.5).astype(np.float32)[None]
        my = ((place[1] + 0.5) / step - 0.5).astype(np.float32)[None]
        sample = [
            cv2.remap(m, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[0] for m in (q, qx, qy, q_known)
        ]
        value, dx, dy, known = sample
        weight = (known > 0.5).astype(np.float32)
        if weight.sum() < 0.2 * len(rows):
            break
        gain, shift, ncc = _fit_levels(here, value, weight)
        if ncc > best_ncc:
            best, best_ncc = coefficients, ncc
        if i == iterations:
            break
        residual = gain * value + shift - here
        scale = max(float(np.sqrt(np.average(residual**2, weights=weight))), 0.05)
        weight = weight / (1.0 + (residual / (1.5 * scale)) ** 2)
        weight = np.where(residual < -scale, weight * 0.5, weight)
        jx, jy = gain * dx * basis, gain * dy * basis
        jacobian = np.concatenate([jx, jy, value[None], np.ones_like(value)[None]])
        weighted = jacobian * weight
        normal = (weighted @ jacobian.T).astype(np.float64)
        right = -(weighted @ residual).astype(np.float64)
        ridge = 1e-4 * np.trace(normal) / len(normal)
        delta = np.linalg.solve(normal + ridge * np.eye(len(normal)), right)
        moved = np.zeros((2, 6))
        moved[0, :terms], moved[1, :terms] = delta[:terms] * step, delta[terms : 2 * terms] * step
        size = np.abs(moved).max()
        limit = 3.0 * step
        coefficients = coefficients + moved * min(1.0, limit / max(size, 1e-9))
        if size < 0.01 * step:
            iterations = min(iterations, i + 1)
    return Alignment(best, start.centre, start.span, best_ncc, start.source)


def _fit_levels(here: Map, value: Map, weight: Map) -> tuple[float, float, float]:
    """The gain and shift that bring `value` to `here`, and their weighted correlation."""
    total = float(weight.sum())
    mh, mv = float((weight * here).sum()) / total, float((weight * value).sum()) / total
    ch, cv = here - mh, value - mv
    hh, vv, hv = float((weight * ch * ch).sum()), float((weight * cv * cv).sum()), float((weight * ch * cv).sum())
    ncc = hv / max(np.sqrt(hh * vv), 1e-9)
    gain = float(np.clip(hv / max(vv, 1e-9), 0.3, 5.0))
    return gain, mh - gain * mv, float(ncc)

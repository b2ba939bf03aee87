"""Alignment: where each point of the reference lies on the questioned imprint.

Candidates come from two sides: SIFT with MAGSAC, and a search over rotation (correlation by FFT at every
4 degrees), which also catches prints too starved for features. The best are refined by Gauss–Newton on
blurred ink with robust weights, from coarse to fine: first affine, then with all second-order terms (the
smooth bending of rubber, paper and lens), and nothing freer: a free elastic warp would hide forgeries.
"""

from __future__ import annotations

from dataclasses import dataclass
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
MARGIN_MM = 2.5
LARGEST_MM = 75.0

Matrix = NDArray[np.float64]


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
    ys, xs = np.nonzero(ink.density > 0.5)
    if len(ys) < 20:
        return float(max(ink.density.shape))
    spread = [float(np.percentile(v, 99.5) - np.percentile(v, 0.5)) for v in (xs, ys)]
    return max(8.0, *spread)


@dataclass(frozen=True, eq=False)
class Alignment:
    """The map from pixels of the reference's frame to pixels of the questioned imprint's frame.

    `coefficients` (2, 6) on the basis 1, u, v, u², uv, v² with u, v = (x, y − centre) / span.
    `ncc`: masked correlation of the blurred inks under it, −1 to 1. `rotation` in degrees,
    `scale`: questioned over reference. `source`: what proposed it.
    """

    coefficients: Matrix
    centre: tuple[float, float]
    span: float
    ncc: float
    source: str

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


class Searchable:
    """A reference prepared for the search over rotations: the Fourier transforms of its turned maps."""

    def __init__(self, reference: Frame) -> None:
        self.frame = reference
        small, _ = _band(reference)
        ys, xs = np.nonzero(reference.density > 0.5)
        h, w = reference.density.shape
        self.centre = (float(xs.mean()), float(ys.mean())) if len(xs) > 20 else (w / 2, h / 2)
        self.span = float(max(h, w)) / 2
        k = SEARCH / FINE
        self._middle = ((self.centre[0] + 0.5) * k - 0.5, (self.centre[1] + 0.5) * k - 0.5)
        half = int(np.ceil(np.hypot(*small.shape) / 2)) + 1
        self._half = half
        self._small = small
        self._energy = float((small**2).sum())
        self._spectra: dict[tuple[int, float], tuple[NDArray[np.complex64], list[float]]] = {}

    def peaks(self, questioned: Frame, *, scales: tuple[float, ...], most: int) -> list[Alignment]:
        """The best poses at each scale, turned apart by more than 10 degrees or moved by more than 3 mm."""
        small, _ = _band(questioned)
        found: list[tuple[float, Alignment]] = []
        for scale in scales:
            found += self._at_scale(small, scale)
        found.sort(key=lambda f: -f[0])
        kept: list[Alignment] = []
        for _score, pose in found:
            if all(_apart(pose, other) for other in kept):
                kept.append(pose)
            if len(kept) == most:
                break
        return kept

    def _at_scale(self, small: Map, scale: float) -> list[tuple[float, Alignment]]:
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
        k = SEARCH / FINE
        for i in range(len(scores)):
            plane = scores[i]
            at = int(np.argmax(plane))
            y, x = divmod(at, n)
            y, x = (y - n if y > n - half else y), (x - n if x > n - half else x)
            score = float(plane.flat[at]) / max(total * np.sqrt(energies[i]), 1e-6)
            angle = np.deg2rad(i * TURN)
            # The turned map's middle lies at its own (half, half); the peak says where its corner goes.
            mx, my = (x + half + 0.5) / k - 0.5, (y + half + 0.5) / k - 0.5
            c = np.zeros((2, 6))
            c[:, 0] = mx, my
            c[0, 1], c[0, 2] = np.cos(angle) * scale * self.span, -np.sin(angle) * scale * self.span
            c[1, 1], c[1, 2] = np.sin(angle) * scale * self.span, np.cos(angle) * scale * self.span
            found.append((score, Alignment(c, self.centre, self.span, score, "rotation")))
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


def align(reference: Searchable, questioned: Frame, *, scale_known: bool) -> Alignment:
    """The best verified alignment. Where the scale is unknown it is searched from 0.6 to 1.6."""
    scales: tuple[float, ...] = (1.0,) if scale_known else (0.64, 0.72, 0.81, 0.9, 1.0, 1.11, 1.24, 1.39, 1.56)
    candidates = reference.peaks(questioned, scales=scales, most=5 if scale_known else 8)
    by_features = _from_features(reference, questioned, scale_known=scale_known)
    if by_features is not None:
        candidates.insert(0, by_features)
    coarse = [_refine(reference.frame, questioned, c, _COARSE) for c in candidates]
    coarse.sort(key=lambda a: -a.ncc)
    middle = [_refine(reference.frame, questioned, c, _MIDDLE) for c in coarse[:2]]
    best = max(middle, key=lambda a: a.ncc)
    return _refine(reference.frame, questioned, best, _FINEST)


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


def _apart(a: Alignment, b: Alignment) -> bool:
    turn = abs((a.rotation - b.rotation + 180) % 360 - 180)
    moved = float(np.hypot(*(a.coefficients[:, 0] - b.coefficients[:, 0]))) / FINE
    return turn > 10 or moved > 3 or abs(np.log(a.scale / b.scale)) > 0.15


@dataclass(frozen=True)
class _Stage:
    """One rung of the refinement: blur in mm, pixels a millimetre, how many basis functions, iterations."""

    steps: tuple[tuple[float, float, int, int], ...]


_COARSE = _Stage(((0.9, 1.25, 3, 5), (0.5, 2.5, 3, 4)))
_MIDDLE = _Stage(((0.3, 2.5, 6, 5),))
_FINEST = _Stage(((0.2, 5.0, 6, 4), (0.1, 10.0, 6, 2)))


def _refine(reference: Frame, questioned: Frame, start: Alignment, stage: _Stage) -> Alignment:
    pose = start
    for sigma, rate, terms, iterations in stage.steps:
        r, r_known = _level(reference, sigma, rate)
        q, q_known = _level(questioned, sigma, rate)
        pose = _gauss_newton(r, r_known, q, q_known, pose, FINE / rate, terms, iterations)
    return pose


_LEVELS_KEPT = "_levels"


def _level(f: Frame, sigma: float, rate: float) -> tuple[Map, Map]:
    """`Frame.at`, kept with the frame: the same levels serve every candidate."""
    kept: dict[tuple[float, float], tuple[Map, Map]] = f.__dict__.setdefault(_LEVELS_KEPT, {})
    key = (sigma, rate)
    if key not in kept:
        kept[key] = f.at(sigma, rate)
    return kept[key]


def _gauss_newton(
    r: Map, r_known: Map, q: Map, q_known: Map, start: Alignment, step: float, terms: int, iterations: int
) -> Alignment:
    """Least squares of a·q(map(x)) + b − r(x) over the map's coefficients, robustly weighted.

    Missing ink pulls less than ink that is there: a starved patch must not bend the map.
    """
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
    u = ((cols + 0.5) * step - 0.5 - start.centre[0]) / start.span
    v = ((rows + 0.5) * step - 0.5 - start.centre[1]) / start.span
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
        sample = [cv2.remap(m, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[0] for m in (q, qx, qy, q_known)]
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

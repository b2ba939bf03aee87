"""Finding the seals on a page: where ink of one colour draws a closed outline with something inside it.

On a reduced picture (about 100 dpi): divide by the paper, so that yellow light and tinted forms become white;
take the hues that the page's inks have, one after another; for each, the connected pieces at several
reaches; in each piece the ellipses and rectangles whose outline the ink follows and which close: ink on the
outline, little right outside it, print inside. Under black text ink keeps its hue but loses saturation, so
hue alone decides and gaps in an outline are forgiven. Outlines only: a stamp without a frame is not found, and a
logo with a ring around letters is.

Black seals are sought too, but only round, oval and turned ones: upright black frames are tables.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.core.geometry import MM_PER_INCH
from verify.imprints.evidence import Ink, Shape

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Points = NDArray[np.float32]  # (n, 2)
Coordinates = NDArray[np.float32]  # (n,)

_WORK_DPI = 100.0
_WORK_SIDE = 1200  # longer side in px of the reduced picture where the scale is unknown
_A4_LONG_MM = 297.0
_ANGLES = 96
# Edge pixels with radial gradient for each pixel of radius: a whole clean ring has some 30.
_RING_VOTES = 8.0
# The confidence from which a find is reported: set on the real pages and the simulated ones (benchmarks/finding.py).
_ENOUGH = 0.5


@dataclass(frozen=True, eq=False)
class Found:
    """One seal on a page, all in the page's pixels.

    `box` x, y, w, h of the outline, within the page; `size_px` w, h of the fitted outline (ellipse: axes,
    rectangle: sides) before `angle`, degrees clockwise as seen; `centre` x, y of the outline, which may lie
    outside a page that cuts the seal; `mask` (h, w) bool of the box: where this ink lies; `coverage`: share
    of the outline that is there, 0 to 1; `confidence` 0 to 1, no probability.
    """

    box: tuple[int, int, int, int]
    shape: Shape
    ink: Ink
    size_px: tuple[float, float]
    angle: float
    mask: Mask
    centre: tuple[float, float]
    coverage: float
    confidence: float


@dataclass(frozen=True)
class Outline:
    """An ellipse or rectangle: centre, full axes or sides (w, h), degrees clockwise, and how well the ink draws it.

    `support`: share of the outline with ink; `outside`: the same just outside it; `inside`: share of ink in it, and
    `core`: in an ellipse's middle; `spread`: share of the inside's parts with ink; `aligned`: whether its edges run
    along it; `score`: all of that, 0 to 1.
    """

    shape: Shape
    centre: tuple[float, float]
    size: tuple[float, float]
    angle: float
    support: float = 0.0
    outside: float = 1.0
    inside: float = 0.0
    spread: float = 0.0
    aligned: float = 0.0
    core: float = 1.0
    score: float = 0.0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x, y, w, h of the axis-parallel box about it."""
        c, s = abs(math.cos(math.radians(self.angle))), abs(math.sin(math.radians(self.angle)))
        w, h = self.size
        if self.shape in ("round", "oval"):
            bw, bh = math.hypot(w * c, h * s), math.hypot(w * s, h * c)
        else:
            bw, bh = w * c + h * s, w * s + h * c
        return self.centre[0] - bw / 2, self.centre[1] - bh / 2, bw, bh

    def scaled(self, factor: float, dx: float = 0.0, dy: float = 0.0) -> Outline:
        """Shifted by dx, dy, then all lengths times `factor`."""
        return replace(
            self,
            centre=((self.centre[0] + dx) * factor, (self.centre[1] + dy) * factor),
            size=(self.size[0] * factor, self.size[1] * factor),
        )


def find_imprints(
    rgb: Pixels, *, dpi: float | None, smallest_mm: float = 8.0, largest_mm: float = 80.0
) -> tuple[Found, ...]:
    """The seals on a page, the surest first. `rgb` (h, w, 3) uint8 sRGB.

    Without `dpi` the picture's longer side is taken for an A4 page's as to the smallest seal, and a seal may
    fill the picture (a crop). Equal pixels give equal finds; no picture is refused.
    """
    if min(rgb.shape[:2]) < 24:
        return ()
    side = max(rgb.shape[:2])
    shrink = min(1.0, _WORK_DPI / dpi if dpi else _WORK_SIDE / side)
    # A picture whose scale lies or is huge must not cost more than a page.
    shrink = min(shrink, 2400 / side)
    small = rgb if shrink > 0.9 else _resized(rgb, shrink)
    if min(small.shape[:2]) < 24:
        return ()
    shrink = small.shape[1] / rgb.shape[1]
    per_mm = dpi * shrink / MM_PER_INCH if dpi else max(small.shape[:2]) / _A4_LONG_MM
    # Of unknown scale, a picture is seldom as large as A4: what looks smaller than 10 mm is mostly type.
    smallest = max(smallest_mm * per_mm * (1.0 if dpi else 1.25), 14.0)
    largest = largest_mm * per_mm if dpi else max(small.shape[:2]) * 1.02
    whitened = whiten(small)
    chosen: list[tuple[Outline, Ink]] = []
    colour = _Colour.of(whitened)
    for band in _bands(colour, smallest):
        chosen += [(o, band.ink) for o in _outlines(colour.mask(band), colour, smallest, largest)]
    chosen += [(o, "black") for o in _black_outlines(colour, smallest, largest)]
    kept = _distinct(chosen)
    return tuple(_found(rgb, outline.scaled(1 / shrink), ink) for outline, ink in kept)


def _resized(rgb: Pixels, factor: float) -> Pixels:
    return np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


# --- colour


def whiten(rgb: Pixels) -> Pixels:
    """The picture divided by its paper: (h, w, 3) uint8 where blank paper is 255 in every channel.

    Paper is what a closing of some 18 mm leaves: light falls smoothly, and a tinted form is paper too.
    """
    h, w = rgb.shape[:2]
    bright = cv2.dilate(cv2.medianBlur(rgb, 3), np.ones((3, 3), np.uint8))
    low = cv2.resize(bright, (max(w // 8, 2), max(h // 8, 2)), interpolation=cv2.INTER_AREA)
    size = max(3, round(min(low.shape[:2]) / 9)) | 1
    paper = cv2.morphologyEx(low, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8), borderType=cv2.BORDER_REPLICATE)
    paper = cv2.GaussianBlur(paper, (0, 0), size / 3)
    # Where a photo shows a dark table instead of paper, dividing would only raise noise.
    level = np.maximum(np.percentile(paper.reshape(-1, 3), 60, axis=0) * 0.45, 24).astype(np.uint8)
    paper = np.maximum(paper, level)
    return np.asarray(cv2.divide(rgb, cv2.resize(paper, (w, h)), scale=255), np.uint8)


@dataclass(frozen=True)
class _Band:
    """Hues of one ink in OpenCV's half degrees: centre and half width."""

    centre: float
    width: float
    ink: Ink


@dataclass(frozen=True, eq=False)
class _Colour:
    """Of a whitened picture: `hue` in half degrees, `chroma` max − min, `value` max; `vivid` 255 where there is
    coloured ink; `threshold` of chroma."""

    hue: Pixels
    chroma: Pixels
    value: Pixels
    vivid: Pixels
    threshold: float

    @staticmethod
    def of(whitened: Pixels) -> _Colour:
        smooth = cv2.GaussianBlur(whitened, (3, 3), 0)
        r, g, b = cv2.split(smooth)
        value = cv2.max(cv2.max(r, g), b)
        chroma = cv2.subtract(value, cv2.min(cv2.min(r, g), b))
        hue = cv2.cvtColor(smooth, cv2.COLOR_RGB2HSV)[:, :, 0]
        sample = chroma[::4, ::4]
        bright = sample[value[::4, ::4] > 200]
        noise = float(np.median(bright)) if bright.size else 10.0
        threshold = float(np.clip(2.2 * noise + 5.0, 13.0, 44.0))
        # Black type has coloured fringes (lens, scanner, JPEG): their chroma is small beside what they absorb.
        absorbed = cv2.bitwise_not(cv2.subtract(value, chroma))
        pure = cv2.compare(chroma, cv2.convertScaleAbs(absorbed, alpha=0.19), cv2.CMP_GT)
        vivid = cv2.bitwise_and(pure, cv2.compare(chroma, threshold, cv2.CMP_GT))
        vivid = cv2.bitwise_and(vivid, cv2.compare(value, 48.0, cv2.CMP_GT))
        return _Colour(hue, chroma, value, vivid, threshold)

    def mask(self, band: _Band) -> Pixels:
        """255 where the ink lies."""
        table = np.zeros(256, np.uint8)
        for h in range(180):
            table[h] = 255 * (abs((h - band.centre + 90) % 180 - 90) <= band.width)
        return np.asarray(cv2.bitwise_and(cv2.LUT(self.hue, table), self.vivid), np.uint8)


def ink_of_hue(hue: float) -> Ink | None:
    """The ink of a whitened hue in half degrees; None for yellow and brown: highlighter, age, rust."""
    if hue >= 164 or hue < 14:
        return "red"
    if hue < 36:
        return None
    return "green" if hue < 86 else "blue" if hue < 122 else "purple"


def _bands(colour: _Colour, smallest: float) -> Iterator[_Band]:
    """The hues of the page's inks, the commonest first; at most four."""
    strong = colour.vivid > 0
    hist = np.bincount(colour.hue[strong], minlength=180)[:180].astype(np.float64)
    enough = 0.05 * smallest * smallest
    for _ in range(5):
        wide = np.sum([np.roll(hist, k) for k in range(-6, 7)], axis=0)
        peak = int(np.argmax(wide))
        if wide[peak] < enough:
            return
        near = np.abs((np.arange(180) - peak + 90) % 180 - 90)
        ink = ink_of_hue(peak)
        if ink is not None:
            yield _Band(float(peak), 19.0, ink)
        hist[near <= 13] = 0


# --- pieces


def _outlines(mask: Pixels, colour: _Colour, smallest: float, largest: float) -> list[Outline]:
    """The closed outlines that one ink draws."""
    found: list[Outline] = []
    for x, y, w, h in _pieces(mask, smallest, largest):
        if any(o.score > 0.9 and _within((x, y, w, h), o.bounds) for o in found):
            continue  # inside one that is found
        piece = mask[y : y + h, x : x + w]
        if cv2.countNonZero(piece) > 0.9 * w * h:
            continue  # a fill, not a print
        for outline in _closed(piece, smallest, largest):
            placed = outline.scaled(1.0, x, y)
            if _on_paper(placed, colour, mask) and not _in_a_row(placed, mask):
                found.append(placed)
    return found


def _pieces(mask: Pixels, smallest: float, largest: float) -> Iterator[tuple[int, int, int, int]]:
    """Boxes of what belongs together, at several reaches: a broken outline joins at a wide one, and
    neighbours part at a narrow one. With a margin, equal boxes once, at most forty."""
    half = cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    half = cv2.threshold(half, 40, 255, cv2.THRESH_BINARY)[1]
    height, width = mask.shape
    seen: list[tuple[int, int, int, int]] = []
    for reach in (1, 3, 6):
        joined = cv2.dilate(half, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
        stats = cv2.connectedComponentsWithStats(joined)[2][1:]
        order = np.argsort(-stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT], kind="stable")
        for i in order[:40]:
            bx, by, bw, bh = (2 * int(v) for v in stats[i, :4])
            pad = 2 * reach
            bx, by, bw, bh = bx + pad, by + pad, bw - 2 * pad, bh - 2 * pad
            if max(bw, bh) < smallest or min(bw, bh) < 0.4 * smallest:
                continue
            x0, y0 = max(bx - 6, 0), max(by - 6, 0)
            box = (x0, y0, min(bx + bw + 6, width) - x0, min(by + bh + 6, height) - y0)
            if len(seen) < 40 and not any(_overlap(box, other) > 0.93 for other in seen):
                seen.append(box)
                yield box


def _closed(piece: Pixels, smallest: float, largest: float) -> list[Outline]:
    """Ellipses and rectangles drawn in a piece, at most four, the best first."""
    points = cv2.findNonZero(piece)
    if points is None or len(points) < 30:
        return []
    points = points.reshape(-1, 2)
    x, y = points[:, 0].astype(np.float32), points[:, 1].astype(np.float32)
    candidates: list[Outline] = []
    tried: list[Outline] = []
    for start in _ellipse_starts(piece, points, smallest, largest, candidates):
        if any(_alike(start, other) for other in tried):
            continue
        tried.append(start)
        fitted = _fit_ellipse(x, y, start)
        if fitted is not None and _sized(fitted, smallest, largest) and not any(_alike(fitted, o) for o in candidates):
            candidates.append(_judge_ellipse(piece, fitted))
    if not any(o.score > 0.9 for o in candidates):
        for rectangle in _rectangles(points, smallest, largest):
            candidates.append(_judge_rectangle(piece, rectangle))
        candidates += _polygons(piece, points, smallest, largest)
    good = sorted((o for o in candidates if _convincing(o)), key=lambda o: 0.2 * o.outside - o.score)
    kept: list[Outline] = []
    for outline in good:
        if len(kept) < 4 and not any(_same(outline, other) for other in kept):
            kept.append(outline)
    return kept


def likely_outlines(mask: Pixels, *, smallest: float, largest: float) -> list[Outline]:
    """Where the outline of a seal may run in a picture that is known to show one, the best first, at most four.

    `mask` (h, w) uint8: 255 where there is ink; lengths in its pixels. Unlike a finder's, these may be crossed by
    type and pens: what is found convincingly comes first, then ellipses and frames by how much of them is inked.
    """
    good = _closed(mask, smallest, largest)
    points = cv2.findNonZero(mask)
    if points is None or len(points) < 30 or any(o.score > 0.9 for o in good):
        return good
    points = points.reshape(-1, 2)
    x, y = points[:, 0].astype(np.float32), points[:, 1].astype(np.float32)
    fits = (_fit_ellipse(x, y, start) for start in _ellipse_starts(mask, points, smallest, largest, []))
    others = [_judge_ellipse(mask, o) for o in fits if o is not None and _sized(o, smallest, largest)]
    others += [_judge_rectangle(mask, o) for o in _rectangles(points, smallest, largest)]
    kept = list(good)
    for outline in sorted(others, key=lambda o: 0.5 * o.outside - o.support):
        if len(kept) < 4 and outline.support > 0.3 and not any(_same(outline, other) for other in kept):
            kept.append(outline)
    return kept


def _convincing(o: Outline) -> bool:
    """Whether an outline is a seal's. A few letters make a small ring by chance, never a large one: the smaller
    the outline in pixels, the more perfect it must be."""
    short = min(o.size)
    large = float(np.clip((short - 45) / 60, 0.0, 1.0))
    if o.shape in ("round", "oval"):
        well = o.aligned >= 0.8 - 0.3 * large and o.support >= 0.85 - 0.3 * large and o.spread >= 0.75
        return well and short >= 0.6 * max(o.size) and o.score >= 0.85 - (0.85 - _ENOUGH) * large
    if o.shape in ("triangle", "other"):
        return short >= 50
    # Two headline characters side by side have strokes on four sides, but their neighbours' and their own cross them.
    ruled = o.aligned - o.outside >= 0.34
    return ruled and o.inside >= 0.08 and o.score >= 0.72


def _sized(o: Outline, smallest: float, largest: float) -> bool:
    long, short = max(o.size), min(o.size)
    return smallest * 0.9 <= long <= largest and short >= max(0.5 * smallest, 0.16 * long)


# --- ellipses


def _alike(a: Outline, b: Outline) -> bool:
    """The same ellipse within a few hundredths."""
    reach = 0.03 * max(a.size)
    near = math.hypot(a.centre[0] - b.centre[0], a.centre[1] - b.centre[1]) < reach
    return near and abs(a.size[0] - b.size[0]) < reach and abs(a.size[1] - b.size[1]) < reach


def _ellipse_starts(
    piece: Pixels, points: Points, smallest: float, largest: float, judged: list[Outline]
) -> Iterator[Outline]:
    """First guesses: the hull's ellipse, and the circles for which the strokes' normals vote. `judged` is what came
    of those before: what is already found well is sought no further."""
    hull = cv2.convexHull(points)
    if len(hull) >= 5:
        (cx, cy), (w, h), angle = cv2.minAreaRect(hull)
        if w > 4 and h > 4:
            yield Outline("oval", (cx, cy), (w, h), angle)
    h, w = piece.shape
    if judged and judged[0].score > 0.9 and max(judged[0].size) > 0.8 * max(h, w):
        return
    if min(h, w) < 0.6 * smallest:
        return
    for stretch in (1.0, 1.35, 0.74):
        if stretch != 1.0 and (max(h, w) < 1.15 * min(h, w) or any(o.score > 0.7 for o in judged)):
            continue  # ovals and squeezed pages only
        for cx, cy, r in _voted_circles(piece, smallest / 2, min(largest, 1.3 * max(h, w)) / 2, stretch):
            yield Outline("oval", (cx, cy), (2 * r * stretch, 2 * r), 0.0)


def _voted_circles(piece: Pixels, low: float, high: float, stretch: float) -> Iterator[tuple[float, float, float]]:
    """Centres and radii by Hough voting along the gradient, x divided by `stretch`; three at most."""
    soft = cv2.GaussianBlur(piece, (5, 5), 1.2)
    gx = cv2.Sobel(soft, cv2.CV_32F, 1, 0) * np.float32(stretch)
    gy = cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    size = cv2.magnitude(gx, gy)
    ys, xs = np.nonzero(size > 160)
    if len(xs) < 40:
        return
    thinned = max(len(xs) / 1800, 1.0)
    if len(xs) > 1800:
        take = np.linspace(0, len(xs) - 1, 1800).astype(np.intp)
        xs, ys = xs[take], ys[take]
    ux, uy = gx[ys, xs] / size[ys, xs], gy[ys, xs] / size[ys, xs]
    x = xs.astype(np.float32) / np.float32(stretch)
    y = ys.astype(np.float32)
    cell = 2.0
    # A seal cut by the page's edge has its centre near or beyond the border of its piece.
    rim = 0.25 * high
    width, height = int((piece.shape[1] / stretch + 2 * rim) / cell) + 2, int((piece.shape[0] + 2 * rim) / cell) + 2
    radii = np.arange(low, high + 1, cell, dtype=np.float32)
    both = np.concatenate([radii, -radii])
    px = ((x[:, None] + ux[:, None] * both + rim) / cell).astype(np.int32)
    py = ((y[:, None] + uy[:, None] * both + rim) / cell).astype(np.int32)
    inside = (px >= 0) & (py >= 0) & (px < width) & (py < height)
    # A wide circle has more stroke to vote with: without the weight, text outvotes small seals.
    weight = np.broadcast_to(1.0 / np.sqrt(np.abs(both)), px.shape)[inside]
    votes = np.bincount(py[inside] * width + px[inside], weight, width * height).reshape(height, width)
    votes = cv2.GaussianBlur(votes.astype(np.float32), (0, 0), 1.3)
    for _ in range(3):
        _, top, _, (vx, vy) = cv2.minMaxLoc(votes)
        if top <= 0:
            return
        cx, cy = (vx + 0.5) * cell - rim, (vy + 0.5) * cell - rim
        cv2.circle(votes, (vx, vy), max(3, int(low / cell / 1.5)), 0.0, -1)
        along = np.abs((x - cx) * ux + (y - cy) * uy)
        distance = np.hypot(x - cx, y - cy)
        radial = distance[(along > 0.94 * distance) & (distance >= low) & (distance <= high)]
        counts = np.bincount((radial / cell).astype(np.intp), minlength=int(high / cell) + 2)
        share = (counts[:-1] + counts[1:]) / (np.arange(1, len(counts)) * cell)
        best = int(np.argmax(share))
        # The outermost ring that is nearly as complete: seals have inner rings and arcs of text.
        if share[best] * thinned < _RING_VOTES:
            continue
        strong = np.flatnonzero(share > 0.6 * share[best])
        for r in sorted({int(strong[-1]), best}, reverse=True):
            yield cx * stretch, cy, (r + 1.0) * cell


def _normalised(o: Outline, x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
    """Coordinates in which the outline is the unit circle (or square)."""
    c, s = math.cos(math.radians(o.angle)), math.sin(math.radians(o.angle))
    dx, dy = x - np.float32(o.centre[0]), y - np.float32(o.centre[1])
    u, v = (dx * c + dy * s) / (o.size[0] / 2), (dy * c - dx * s) / (o.size[1] / 2)
    return u.astype(np.float32), v.astype(np.float32)


def _fit_ellipse(x: Coordinates, y: Coordinates, start: Outline) -> Outline | None:
    """The ellipse through the outermost ink near the guess, narrowing; None where it runs away."""
    current = start
    for reach in (0.14, 0.09, 0.06, 0.045):
        u, v = _normalised(current, x, y)
        square = u * u + v * v
        width = max(reach, 5 / min(current.size))
        near = np.flatnonzero((square > max(1 - width, 0) ** 2) & (square < (1 + width) ** 2))
        if len(near) < 24:
            return None
        if reach == 0.14:  # later rings lie within this one, or the guess was none
            wide = np.flatnonzero((square > max(1 - 2.2 * width, 0) ** 2) & (square < (1 + 2.2 * width) ** 2))
            near = np.searchsorted(wide, near)
            x, y, u, v, square = x[wide], y[wide], u[wide], v[wide], square[wide]
        rho = np.sqrt(square[near])
        sector = ((np.arctan2(v[near], u[near]) + np.pi) / (2 * np.pi) * _ANGLES).astype(np.intp) % _ANGLES
        order = np.lexsort((rho, sector))
        last = np.flatnonzero(np.append(np.diff(sector[order]) != 0, True))
        chosen = order[last]
        if len(chosen) < 16:
            return None
        outer = np.stack([x[near[chosen]], y[near[chosen]]], axis=1)
        # Points whose radius strays are text or a pen across the ring.
        stray = np.abs(rho[chosen] - np.median(rho[chosen]))
        outer = outer[stray <= max(3 * float(np.median(stray)), 0.02)]
        if len(outer) < 12:
            return None
        (cx, cy), (w, h), angle = cv2.fitEllipseDirect(outer)
        if not all(map(math.isfinite, (cx, cy, w, h, angle))) or min(w, h) < 8 or max(w, h) > 2.5 * max(start.size):
            return None
        current = Outline("oval", (cx, cy), (w, h), angle)
    w, h = current.size
    if abs(w - h) < 0.09 * max(w, h):
        return replace(current, shape="round")
    return _upright(current)


def _upright(o: Outline) -> Outline:
    """The same outline with its angle within ±45° or, for what is wider than high, ±90° halved: w along the text."""
    angle, (w, h) = o.angle % 180, o.size
    if angle > 90:
        angle -= 180
    if abs(angle) > 45:
        w, h, angle = h, w, angle - math.copysign(90, angle)
    return replace(o, size=(w, h), angle=angle)


def _judge_ellipse(piece: Pixels, o: Outline) -> Outline:
    """The ellipse with its numbers: unrolled to a strip of angle by radius, about half a pixel apart."""
    radius = min(o.size) / 2
    turns = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False, dtype=np.float32)
    rho = np.linspace(0.04, 1.5, int(np.clip(radius * 2.2, 50, 180)), dtype=np.float32)
    c, s = math.cos(math.radians(o.angle)), math.sin(math.radians(o.angle))
    u, v = np.cos(turns)[:, None] * rho * (o.size[0] / 2), np.sin(turns)[:, None] * rho * (o.size[1] / 2)
    strip = cv2.remap(
        piece, (o.centre[0] + u * c - v * s).astype(np.float32), (o.centre[1] + u * s + v * c).astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0,
    )  # fmt: skip
    grey = strip.astype(np.float32)
    strip = cv2.threshold(strip, 90, 1, cv2.THRESH_BINARY)[1]
    # The line may wander by a pixel, or by 1.2 %: rubber gives, paper curls.
    wander = max(1.0, 0.012 * radius) / radius / float(rho[1] - rho[0])
    loose = cv2.dilate(strip, np.ones((1, 2 * round(wander) + 1), np.uint8))
    profile = loose.mean(axis=0)
    line = max(1.6 / radius, 0.03)
    near = np.flatnonzero(np.abs(rho - 1 + 0.4 * line) <= 1.2 * line)
    at = int(near[np.argmax(profile[near])])
    support = float(profile[at])
    out = profile[(rho > 1 + 1.5 * line) & (rho <= 1 + 4 * line)]
    if out.size == 0:
        return o  # too small to tell its rim from what is outside
    outside = float(out.mean())
    band = grey[:, max(at - 4, 0) : at + 5]
    step = np.pi * (o.size[0] + o.size[1]) / 2 / _ANGLES
    aligned = _aligned(np.diff(band, axis=1) / (radius * float(rho[1] - rho[0])), np.diff(band, axis=0) / step)
    gap = profile[(rho < rho[at] - 1.2 * line) & (rho > rho[at] - max(0.3, 5 * line))]
    beside = float(gap.min()) if gap.size else 1.0
    interior = rho < 1 - 2.5 * line
    if not interior.any():
        return o
    within = strip[:, interior].astype(np.float32)
    weight = rho[interior]
    inside = float((within * weight).sum() / (weight.sum() * _ANGLES))
    shares = (within * weight).reshape(12, _ANGLES // 12, -1).sum(axis=(1, 2)) / (weight.sum() * (_ANGLES // 12))
    spread = float((shares > 0.025).mean())
    middle = rho < 0.65
    core = float((strip[:, middle] * rho[middle]).sum() / (rho[middle].sum() * _ANGLES))
    score = _score(support, outside, beside, aligned, inside, spread) if core > 0.008 else 0.0
    return replace(
        o, support=support, outside=outside, inside=inside, spread=spread, aligned=aligned, core=core, score=score
    )  # fmt: skip


def _aligned(across: Points, along: Points) -> float:
    """Whether edges run along a line: (E⊥ − E∥) / (E⊥ + E∥) of the gradient; near 1 on a ruled line, near 0 in type."""
    a, b = float((across**2).sum()), float((along**2).sum())
    return (a - b) / (a + b) if a + b > 0 else 0.0


def _score(
    support: float, outside: float, beside: float, aligned: float, inside: float, spread: float, *, fullest: float = 0.8
) -> float:  # fmt: skip
    """How sure a closed outline is a seal: complete, a line, paper on both its sides, and print inside; 0 to 1.

    `beside`: share of ink along the emptiest parallel line inside: a block of type is as dense there as at its rim.
    `fullest`: more ink inside is a fill (a small name seal is nearly one).
    """
    if support < 0.5 or inside < 0.025 or inside > fullest or spread < 0.4:
        return 0.0
    closed = min((support - 0.4) / 0.45, 1.0)
    clear = min((support - outside) / 0.7, 1.0)
    thin = min((support - beside) / 0.45, 1.0)
    if min(clear, thin) <= 0:
        return 0.0
    return float(np.clip(0.4 * closed + 0.3 * clear + 0.3 * thin, 0.0, 1.0) * np.clip((aligned - 0.1) / 0.4, 0.0, 1.0))


# --- rectangles


def _rectangles(points: Points, smallest: float, largest: float) -> Iterator[Outline]:
    """Frames in a piece: the turn at which the ink's projections are sharpest, then the outermost pairs of peaks."""
    xy = points.astype(np.float32)
    if len(xy) > 2400:
        xy = xy[np.linspace(0, len(xy) - 1, 2400).astype(np.intp)]
        thinned = len(points) / 2400
    else:
        thinned = 1.0
    middle = xy.mean(axis=0)
    best: tuple[float, float] | None = None
    hull_angle = cv2.minAreaRect(cv2.convexHull(points))[2] % 90
    hull_angle = hull_angle - 90 if hull_angle > 45 else hull_angle
    for angle in sorted({*np.arange(-18.0, 18.5, 1.5).tolist(), float(hull_angle), hull_angle - 1.0, hull_angle + 1.0}):
        across, down = _turned(xy - middle, angle)
        sharp = sum(
            float((np.bincount((v - v.min()).astype(np.intp)).astype(np.float64) ** 2).sum()) for v in (across, down)
        )
        if best is None or sharp > best[0]:
            best = (sharp, angle)
    assert best is not None
    angle = best[1]
    across, down = _turned(xy - middle, angle)
    for left, right in _peak_pairs(across, thinned, float(np.ptp(down))):
        for top, bottom in _peak_pairs(down, thinned, right - left):
            u, v = (left + right) / 2, (top + bottom) / 2
            c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            w, h = right - left, bottom - top
            if max(w, h) < smallest * 0.9 or max(w, h) > largest or min(w, h) < max(0.5 * smallest, 0.16 * max(w, h)):
                continue
            shape: Shape = "square" if abs(w - h) < 0.12 * max(w, h) else "rectangle"
            yield Outline(shape, (float(middle[0] + u * c - v * s), float(middle[1] + u * s + v * c)), (w, h), angle)


def _turned(xy: Points, angle: float) -> tuple[Points, Points]:
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return xy[:, 0] * np.float32(c) + xy[:, 1] * np.float32(s), xy[:, 1] * np.float32(c) - xy[:, 0] * np.float32(s)


def _peak_pairs(values: Points, thinned: float, length: float) -> Iterator[tuple[float, float]]:
    """Outermost two peaks on each side of a projection, as pairs: sides of a frame run straight across."""
    low = float(values.min())
    hist = np.bincount((values - low).astype(np.intp)).astype(np.float64) * thinned
    pair = np.convolve(hist, np.ones(2), "same")
    strong = np.flatnonzero(pair > max(0.3 * length, 0.45 * float(np.percentile(pair, 98))))
    if len(strong) < 2:
        return
    groups = np.split(strong, np.flatnonzero(np.diff(strong) > 2) + 1)
    if len(groups) < 2:
        return
    firsts = [float(g[0]) for g in groups[:2]]
    lasts = [float(g[-1]) for g in groups[-2:]]
    for a in firsts:
        for b in lasts:
            if b - a > 8:
                yield low + a, low + b + 1.0


def _judge_rectangle(piece: Pixels, o: Outline) -> Outline:
    """The rectangle with its numbers: its sides and the strips beside them, rectified."""
    w, h = round(o.size[0]), round(o.size[1])
    rim = max(6, round(0.1 * min(w, h)))
    c, s = math.cos(math.radians(o.angle)), math.sin(math.radians(o.angle))
    u = np.arange(-rim, w + rim, dtype=np.float32)[None, :] - np.float32(w / 2 - 0.5)
    v = np.arange(-rim, h + rim, dtype=np.float32)[:, None] - np.float32(h / 2 - 0.5)
    flat = cv2.remap(
        piece, (o.centre[0] - 0.5 + u * c - v * s).astype(np.float32), (o.centre[1] - 0.5 + u * s + v * c).astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0,
    )  # fmt: skip
    grey = flat.astype(np.float32)
    flat = cv2.threshold(flat, 90, 1, cv2.THRESH_BINARY)[1]
    edges = []
    shares, outsides, besides, running = [], [], [], 0
    depth = max(4, round(0.25 * min(w, h)))
    for turn in range(4):
        seen = np.rot90(flat, turn)  # this side on top
        length = seen.shape[1] - 2 * rim
        wander = max(1, round(0.01 * length))
        loose = cv2.dilate(np.ascontiguousarray(seen[: rim + depth]), np.ones((2 * wander + 1, 1), np.uint8))
        profile = loose[:, rim:-rim].mean(axis=1)
        near = slice(max(rim - 3, 0), rim + 4)
        at = near.start + int(np.argmax(profile[near]))
        shares.append(float(profile[at]))
        band = np.rot90(grey, turn)[max(min(at, rim) - 4, 0) : at + 4, rim:-rim]  # a thick frame's outer edge, too
        edges.append(_aligned(np.diff(band, axis=0), np.diff(band, axis=1)))
        outsides.append(float(profile[: max(at - 3, 1)].mean()))
        besides.append(float(profile[min(at + 3, len(profile) - 1) :].min()))
        # A table's rules run on beyond the corner of a cell.
        rule = loose[at]
        running += int(rule[: rim - 2].mean() > 0.8) + int(rule[2 - rim :].mean() > 0.8)
    skip = rim + max(3, round(0.06 * min(w, h)))
    content = flat[skip:-skip, skip:-skip]
    if min(content.shape) < 4:
        return o
    inside = float(content.mean())
    blocks = [float(b.mean()) for row in np.array_split(content, 2) for b in np.array_split(row, 6, axis=1) if b.size]
    spread = float((np.asarray(blocks) > 0.025).mean())
    aligned = float(np.mean(edges))
    support, outside, beside = float(np.mean(shares)), float(np.mean(outsides)), float(np.mean(besides))
    score = (
        _score(support, outside, beside, aligned, inside, spread, fullest=0.9)
        if min(shares) > 0.4 and running <= 1
        else 0.0
    )
    return replace(
        o, support=support, outside=outside, inside=inside, spread=spread, aligned=aligned, score=score
    )  # fmt: skip


# --- other closed outlines


def _polygons(piece: Pixels, points: Points, smallest: float, largest: float) -> Iterator[Outline]:
    """A triangle, shield or other convex outline: the piece's hull, where ink runs along nearly all of it."""
    hull = cv2.convexHull(points.astype(np.int32))
    area, around = cv2.contourArea(hull), cv2.arcLength(hull, True)
    (cx, cy), (w, h), angle = cv2.minAreaRect(hull)
    if min(w, h) < 1.2 * smallest or max(w, h) > largest or max(w, h) > 1.8 * min(w, h):
        return
    if area > 0.94 * w * h:
        return  # a rectangle: judged as such
    corners = len(cv2.approxPolyDP(hull, 0.03 * around, True))
    line, inner = np.zeros_like(piece), np.zeros_like(piece)
    cv2.polylines(line, [hull], True, 255, 1)
    cv2.fillPoly(inner, [hull], 255)
    reach = max(2, round(0.012 * max(w, h)))
    loose = cv2.dilate(piece, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    support = cv2.countNonZero(cv2.bitwise_and(loose, line)) / max(cv2.countNonZero(line), 1)
    # A rule has paper behind it; letters that touch the hull do not.
    depth = 2 * max(3, round(0.05 * min(w, h))) + 1
    body = cv2.erode(inner, np.ones((depth, depth), np.uint8))
    behind = cv2.subtract(body, cv2.erode(body, np.ones((5, 5), np.uint8)))
    beside = cv2.countNonZero(cv2.bitwise_and(piece, behind)) / max(cv2.countNonZero(behind), 1)
    inside = cv2.countNonZero(cv2.bitwise_and(piece, body)) / max(area, 1.0)
    if support < 0.9 or beside > 0.6 or not 0.06 < inside < 0.6:
        return
    shape: Shape = "triangle" if corners == 3 else "other"
    yield _upright(
        Outline(shape, (cx, cy), (w, h), angle, support, 0.0, inside, 1.0, 1.0, 0.6 + 0.4 * (support - beside))
    )


# --- what a page is besides seals


def _on_paper(o: Outline, colour: _Colour, mask: Pixels) -> bool:
    """Whether paper shows between the strokes, and few other colours: pictures and charts have neither."""
    x, y, w, h = _inside(o.bounds, mask.shape)
    if w < 4 or h < 4:
        return False
    chroma, value = colour.chroma[y : y + h, x : x + w], colour.value[y : y + h, x : x + w]
    own = mask[y : y + h, x : x + w] > 0
    vivid = chroma > max(colour.threshold, 30)
    other = float((vivid & ~own).sum()) / max(float(own.sum()), 1.0)
    blank = float(((value > 185) & (chroma < max(colour.threshold, 24))).mean())
    return other < 1.2 and blank > 0.12


def _in_a_row(o: Outline, mask: Pixels) -> bool:
    """Whether a small find is a piece of a line of type: the line goes on beside it as densely, and above and below
    there is paper."""
    x, y, w, h = o.bounds
    if o.support > 0.97 and o.aligned > 0.75:
        return False

    def share(left: float, top: float, wide: float, high: float) -> float:
        x0, y0, bw, bh = _inside((left, top, wide, high), mask.shape)
        return cv2.countNonZero(mask[y0 : y0 + bh, x0 : x0 + bw]) / (bw * bh) if bw * bh else 0.0

    own, gap = share(x, y, w, h), 3.0
    beside = max(share(x - 0.9 * h, y, 0.9 * h - gap, h), share(x + w + gap, y, 0.9 * h - gap, h))
    over = max(share(x, y - 0.3 * h, w, 0.3 * h - gap), share(x, y + h + gap, w, 0.3 * h - gap))
    return beside > 0.45 * own and over < 0.12 * own


def _black_outlines(colour: _Colour, smallest: float, largest: float) -> list[Outline]:
    """Black seals: rings, shields and turned frames, more complete than a coloured one must be."""
    grey = cv2.compare(colour.chroma, max(colour.threshold, 40.0), cv2.CMP_LT)
    found: list[Outline] = []
    # Thin lines of a photocopy are pale at this size; on mottled paper only the darker level parts ink from paper.
    for level in (205.0, 150.0):
        dark = cv2.bitwise_and(cv2.compare(colour.value, level, cv2.CMP_LT), grey)
        # At half size: labelling every letter of a page would take longer than all the rest.
        half = cv2.resize(dark, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        half = cv2.threshold(half, 60, 255, cv2.THRESH_BINARY)[1]
        stats = 2 * cv2.connectedComponentsWithStats(half)[2][1:]
        w, h = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
        fit = (np.minimum(w, h) >= smallest) & (np.maximum(w, h) <= min(2.2 * largest, 0.6 * max(dark.shape)))
        fit &= 2 * stats[:, cv2.CC_STAT_AREA] < 0.6 * w * h
        for x, y, bw, bh in stats[fit][:12, :4].tolist():
            x0, y0 = max(x - 8, 0), max(y - 8, 0)
            if any(_within((x, y, bw, bh), o.bounds) for o in found):
                continue
            for o in _closed(dark[y0 : y + bh + 8, x0 : x + bw + 8], smallest, largest):
                turned = abs(o.angle) > 2.5 or o.shape not in ("square", "rectangle")
                large = min(o.size) > 1.5 * smallest or o.shape == "square"  # the o and D of a heading are rings, too
                if turned and large and o.support > 0.8 and o.spread > 0.6 and o.inside > 0.06 and o.core > 0.03:
                    found.append(o.scaled(1.0, x0, y0))
    return found


# --- choosing


def _inside(bounds: tuple[float, float, float, float], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    x, y, w, h = bounds
    x0, y0 = max(math.floor(x), 0), max(math.floor(y), 0)
    x1, y1 = min(math.ceil(x + w), shape[1]), min(math.ceil(y + h), shape[0])
    return x0, y0, max(x1 - x0, 0), max(y1 - y0, 0)


def _within(box: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether the box lies in the other or hardly reaches out of it."""
    rim = 0.12 * max(other[2:]) + 8
    return (
        box[0] > other[0] - rim and box[1] > other[1] - rim
        and box[0] + box[2] < other[0] + other[2] + rim and box[1] + box[3] < other[1] + other[3] + rim
    )  # fmt: skip


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


def _same(a: Outline, b: Outline) -> bool:
    """One seal found twice: much overlap, or the one mostly within the other."""
    p, q = a.bounds, b.bounds
    w = min(p[0] + p[2], q[0] + q[2]) - max(p[0], q[0])
    h = min(p[1] + p[3], q[1] + q[3]) - max(p[1], q[1])
    return w > 0 and h > 0 and w * h > 0.6 * min(p[2] * p[3], q[2] * q[3])


def _distinct(found: Iterable[tuple[Outline, Ink]]) -> list[tuple[Outline, Ink]]:
    """Each seal once: the surest, but a larger one that is nearly as sure before the ring or box inside it."""

    def rank(entry: tuple[Outline, Ink]) -> float:
        o = entry[0]
        return o.score - 0.2 * o.outside + 0.08 * math.log2(max(o.size[0] * o.size[1], 1.0)) / 2

    kept: list[tuple[Outline, Ink]] = []
    for entry in sorted(found, key=rank, reverse=True):
        if not any(_same(entry[0], other[0]) for other in kept):
            kept.append(entry)
    return kept


def _found(rgb: Pixels, o: Outline, ink: Ink) -> Found:
    box = _inside(o.bounds, rgb.shape)
    x, y, w, h = box
    return Found(
        box=box, shape=o.shape, ink=ink, size_px=o.size, angle=o.angle, mask=ink_mask(rgb[y : y + h, x : x + w], ink),
        centre=o.centre, coverage=o.support, confidence=o.score,
    )  # fmt: skip


def ink_mask(crop: Pixels, ink: Ink) -> Mask:
    """Where an ink lies on a crop (h, w, 3): bool (h, w). The crop's own bright level is its paper."""
    paper = np.maximum(np.percentile(crop.reshape(-1, 3)[:: max(1, crop.size // 60000)], 88, axis=0), 40)
    white = np.clip(crop * (255.0 / paper), 0, 255).astype(np.uint8)
    hue = cv2.cvtColor(white, cv2.COLOR_RGB2HSV)[:, :, 0]
    value, least = white.max(axis=2), white.min(axis=2)
    if ink in ("black", "unknown"):
        return np.asarray(value < 150)
    centre = {"red": 178.0, "blue": 108.0, "purple": 140.0, "green": 62.0}[ink]
    near = np.abs((hue.astype(np.float32) - centre + 90) % 180 - 90) <= 22
    return np.asarray(near & (value - least > 28))

"""Reading a seal: the text along its arc, the lines in its middle, the 13-digit code along its foot.

Around a circle or an ellipse the rim is unrolled to a straight strip; the text's band is found in its radial
profile, its beginning at the widest gap; which way is up follows from that gap. What lies inside the band, a star
taken away, is read as lines. Tesseract reads: one call for all Chinese lines on one sheet, one for digits. It is
weak on seals, so the answer is for finding the seal in a register (`similar`), not for quoting.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.core.similarity import similar
from verify.imprints.find import Found, Outline
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, lift
from verify.imprints.measure import Measures, measure

Map = NDArray[np.float32]
Picture = NDArray[np.uint8]

_GLYPH_PX = 44  # height of a line as given to tesseract: its models were trained on lines about so high
_STRIP_PX = 240  # height of the unrolled strip, rim to centre
_PER_TURN = 2160  # columns a turn: a sixth of a degree
_SURE_OF_CODE = 0.9
_TIMEOUT_S = 4.0  # of one call; one takes 0.2 s on an idle core
_UNIFIED = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015, table 1: no I, O, S, V, Z


@dataclass(frozen=True)
class SealText:
    """What was read. Empty where nothing was; `reason` then tells why: `no-tesseract`, `no-language`,
    `ocr-timeout`, `ocr-failed`, `unreadable`.

    `lines` from top to bottom; `code` 13 digits, else None. Confidences 0 to 1 are tesseract's own (None: not read).
    """

    arc: str = ""
    lines: tuple[str, ...] = ()
    code: str | None = None
    arc_confidence: float | None = None
    lines_confidence: tuple[float, ...] = ()
    code_confidence: float | None = None
    reason: str | None = None

    @property
    def confidence(self) -> float | None:
        """Mean of the arc's and the lines', by length."""
        parts = [(self.arc_confidence, len(self.arc)), *zip(self.lines_confidence, map(len, self.lines), strict=True)]
        told = [(c, n) for c, n in parts if c is not None and n]
        return sum(c * n for c, n in told) / sum(n for _, n in told) if told else None

    @property
    def text(self) -> str:
        """All of it in reading order, the code apart."""
        return " ".join(part for part in (self.arc, *self.lines) if part)


def unified_code_holds(code: str) -> bool:
    """Whether a Unified Social Credit Code's check character fits (GB 32100-2015, 4.4): (31 − Σ cᵢ·3^(i−1)) mod 31."""
    if len(code) != 18 or any(c not in _UNIFIED for c in code):
        return False
    total = sum(_UNIFIED.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return _UNIFIED[(31 - total % 31) % 31] == code[17]


def read_text(imprint: Imprint, found: Found, *, ink: Ink | None = None, measures: Measures | None = None) -> SealText:
    """The text on an imprint; `ink` and `measures` where they are at hand. Never raises for want of tesseract."""
    if (missing := missing_reader()) is not None:
        return SealText(reason=missing)
    ink = ink or lift(imprint)
    outline = (measures or measure(imprint, found, ink=ink)).outline
    outline = outline.scaled(ink.density.shape[1] / imprint.pixels.shape[1])
    density = _bridged(ink)
    parts = (
        _parts_of_round(density, outline) if outline.shape in ("round", "oval") else _parts_of_frame(density, outline)
    )
    try:
        return _read(parts)
    except subprocess.TimeoutExpired:
        return SealText(reason="ocr-timeout")
    except (OSError, subprocess.CalledProcessError):
        return SealText(reason="ocr-failed")


# --- what is to be read


def _bridged(ink: Ink) -> Map:
    """The density, with strokes carried on across thin black type. For reading only: a comparison must not guess."""
    if not ink.unknown.any():
        return ink.density
    reach = max(3, round(min(ink.density.shape) / 90)) | 1
    around = cv2.morphologyEx(
        ink.density, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    )
    return np.where(ink.unknown, around, ink.density).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Parts:
    """Pictures to read, ink dark on white: the arc in several widths, the lines from top to bottom, the code."""

    arc: tuple[Picture, ...] = ()
    lines: tuple[Picture, ...] = ()
    code: Picture | None = None


def _parts_of_round(density: Map, o: Outline) -> Parts:
    strip = unrolled(density, o)
    band = text_band(strip)
    if band is None:
        return Parts(lines=_rows(_straightened(density, o, 0.0)[0]))
    # A line along the foot dips into the arc's band. So: which way is up, take the lines away, unroll again.
    square, upright, turn = _straightened(density, o, _heading(strip, *band))
    if o.shape == "round":
        square, upright, turn = _straightened(density, o, turn + _slope(square, upright))
    lines = _foot_lines(square, upright)
    bare = square.copy()
    for x0, y0, x1, y1 in lines:
        bare[y0:y1, x0:x1] = 0
    strip = unrolled(bare, upright)
    band = text_band(strip) or band
    first, length = _text_run(strip, *band)
    top, bottom = band
    text = np.take(strip, range(first, first + length), axis=1, mode="wrap")[max(top - 4, 0) : bottom + 4]
    arc = _set_as_type(text, math.pi * (o.size[0] + o.size[1]) / 2, min(o.size) / 2, (top + bottom) / 2 / _STRIP_PX)
    if o.shape == "round" and length < 0.9 * _PER_TURN:
        # The text's own middle tells the turn better than the ink's weight did.
        middle = (first + length / 2) / _PER_TURN * 360.0 - 180.0
        if not lines:
            square, upright, _ = _straightened(density, o, turn + middle)
            lines = _foot_lines(square, upright)
    rows = tuple(
        _line_picture(square[y0:y1, x0:x1], round((x1 - x0) * _GLYPH_PX / (y1 - y0))) for x0, y0, x1, y1 in lines
    )
    return Parts(arc, rows, _code_picture(strip, top, bottom, first + length, _PER_TURN - length))


def _heading(strip: Map, top: int, bottom: int) -> float:
    """Degrees clockwise that the seal is turned: the arc outweighs what stands along the foot, on the same axis."""
    weight = (strip[top : (top + bottom) // 2 + 1] > 0.4).sum(axis=0).astype(np.float64)
    angle = np.arange(_PER_TURN) / _PER_TURN * 2 * np.pi
    return math.degrees(math.atan2(float(weight @ np.sin(angle)), float(weight @ np.cos(angle)))) - 180.0


def _slope(square: Map, o: Outline) -> float:
    """Degrees clockwise by which the lines inside still slope: where their projection on the vertical is sharpest.
    0 without lines."""
    y, x = np.nonzero(_without_star(square, o) > 0.4)
    dx, dy = x - o.centre[0], y - o.centre[1]
    inner = np.hypot(dx, dy) < 0.62 * min(o.size) / 2
    dx, dy = dx[inner], dy[inner]
    if len(dx) < 0.006 * square.size:
        return 0.0
    angles = np.arange(-44, 45, 2)
    sharp = []
    for angle in np.deg2rad(angles):
        rows = ((dy * np.cos(angle) - dx * np.sin(angle)) / 3 + 200).astype(np.intp)
        sharp.append(float((np.bincount(rows).astype(np.float64) ** 2).sum()))
    best = int(np.argmax(sharp))
    return float(angles[best]) if sharp[best] > 1.12 * float(np.median(sharp)) else 0.0


def _foot_lines(square: Map, o: Outline) -> list[tuple[int, int, int, int]]:
    """Boxes x0, y0, x1, y1 of the lines across the upright seal, from top to bottom; a star is none."""
    a, b = o.size[0] / 2, o.size[1] / 2
    cx, cy = o.centre
    block = _without_star(square, o)
    half = 0.42 if o.shape == "round" else 0.5
    low, high = round(cy - 0.45 * b), round(cy + 0.78 * b)
    middle = block[low:high, round(cx - half * a) : round(cx + half * a)] > 0.4
    inked = middle.sum(axis=1) > max(2, 0.03 * middle.shape[1])
    boxes = []
    for start, end in _merged(_runs(np.asarray(inked)), 2):
        # What runs on to the search's lower end is a text along the foot's arc.
        if not 0.09 * b < end - start < 0.46 * b or end >= high - low - 2:
            continue
        y0, y1 = low + start, low + end
        columns = (block[y0:y1] > 0.4).max(axis=0)
        # Outwards from the middle until a gap: beyond it stands the arc.
        reach = math.sqrt(max(1 - (((y0 + y1) / 2 - cy) / b) ** 2, 0.0)) * a * 0.9
        if (y0 + y1) / 2 < cy + 0.25 * b:
            reach = min(reach, 0.62 * a)
        gap = 0.5 * (y1 - y0)
        runs = [
            r
            for r in _merged(_runs(np.asarray(columns)), round(gap))
            if r[0] < cx < r[1] or min(abs(r[0] - cx), abs(r[1] - cx)) < 0.2 * a
        ]
        if not runs:
            continue
        x0, x1 = max(runs[0][0], round(cx - reach)), min(runs[-1][1], round(cx + reach))
        if x1 - x0 > 1.5 * (y1 - y0):
            boxes.append((x0, y0 - 1, x1, y1 + 1))
    return boxes[:4]


def _merged(runs: Sequence[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Runs joined where no more than `gap` parts them."""
    merged: list[tuple[int, int]] = []
    for start, end in runs:
        if merged and start - merged[-1][1] <= gap:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def unrolled(density: Map, o: Outline) -> Map:
    """The inside of the outline as a strip (height 0 = rim, bottom = centre), columns clockwise from the foot,
    glyphs upright whose feet are towards the centre."""
    turn = np.linspace(0, 2 * np.pi, _PER_TURN, endpoint=False)[None, :] + np.pi / 2
    rho = (1 - np.arange(_STRIP_PX) / _STRIP_PX)[:, None]
    c, s = math.cos(math.radians(o.angle)), math.sin(math.radians(o.angle))
    u, v = np.cos(turn) * rho * o.size[0] / 2, np.sin(turn) * rho * o.size[1] / 2
    if abs(o.size[0] - o.size[1]) > 0.1 * max(o.size):
        # On an oval a glyph stands on the normal, not on the ray: go inwards along it by the same depth.
        a, b = o.size[0] / 2, o.size[1] / 2
        depth = (1 - rho) * min(a, b)
        nx, ny = np.cos(turn) / a, np.sin(turn) / b
        length = np.hypot(nx, ny)
        u, v = np.cos(turn) * a - nx / length * depth, np.sin(turn) * b - ny / length * depth
    x, y = (o.centre[0] + u * c - v * s).astype(np.float32), (o.centre[1] + u * s + v * c).astype(np.float32)
    strip: Map = cv2.remap(density, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return strip


def text_band(strip: Map) -> tuple[int, int] | None:
    """Rows of the strip between which the arc's text stands: the outermost band that is neither a ring nor thin."""
    profile = cv2.GaussianBlur((strip > 0.4).astype(np.float32).mean(axis=1)[:, None], (1, 3), 0).ravel()
    body = profile[round(0.08 * _STRIP_PX) : round(0.6 * _STRIP_PX)]
    level = 0.3 * float(np.percentile(body, 75))
    runs = _runs(np.asarray(profile > max(level, 0.02)))
    # Rings are thin; a band of text is a tenth of the radius at least. Glyphs that touch the ring are parted from it.
    for start, end in runs:
        if start < 0.05 * _STRIP_PX:
            start = _past_ring(profile, end)
        if end - start >= 0.1 * _STRIP_PX and start < 0.45 * _STRIP_PX:
            return start, min(end, start + round(0.48 * _STRIP_PX))
    return None


def _past_ring(profile: NDArray[np.float32], end: int) -> int:
    """The row where a ring that touches the text ends: its profile's fall from nearly full."""
    full = np.flatnonzero(profile[: min(end, round(0.25 * _STRIP_PX))] > 0.62)
    return int(full[-1]) + 2 if full.size else 0


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _columns(band: Map) -> NDArray[np.bool_]:
    """Which columns hold ink: more than specks."""
    return np.asarray((band > 0.4).sum(axis=0) > max(1, 0.05 * band.shape[0]))


def _text_run(strip: Map, top: int, bottom: int) -> tuple[int, int]:
    """First column and length of the arc's text: the turn without its widest gap. A code hugs the rim: what has no
    ink in the band's inner half is no text."""
    inked = _columns(strip[(top + bottom) // 2 : bottom]) & _columns(strip[top:bottom])
    gaps = _gaps(inked)
    if not gaps:
        return 0, _PER_TURN
    start, length = max(gaps, key=lambda g: g[1])
    return (start + length - 6) % _PER_TURN, min(_PER_TURN - length + 12, _PER_TURN)


def _gaps(inked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and length of runs without ink, around the turn."""
    if not inked.any():
        return []
    shift = int(np.argmax(inked))
    return [((a + shift) % len(inked), b - a) for a, b in _runs(~np.roll(inked, -shift))]


def _set_as_type(text: Map, around: float, radius: float, depth: float) -> tuple[Picture, ...]:
    """A strip of arc text set as a printer would: characters as wide as high, gaps of a fifth of their height.

    `around` is the rim's length and `radius` its radius in one unit, `depth` the text's as a share of the radius.
    Twice: as it is, and with small holes of a starved impression closed.
    """
    glyphs = _glyph_count(text)
    inked = _columns(text)
    if inked.sum() < 20:
        return ()
    natural = around * (1 - depth) / _PER_TURN / (radius / _STRIP_PX)  # a column's width over a row's
    wide = 0.92 * text.shape[0] * glyphs / float(inked.sum()) if glyphs >= 3 else natural
    aspect = float(np.clip(wide, 0.7 * natural, 1.9 * natural))
    longest = max(round(0.2 * text.shape[0] / aspect), 2)
    keep = np.ones(text.shape[1], np.bool_)
    for start, end in _runs(~inked):
        keep[start + longest : end] = False
    closed = text[:, keep]
    scale = _GLYPH_PX / text.shape[0]
    width = round(closed.shape[1] * aspect * scale)
    soft = cv2.morphologyEx(
        cv2.GaussianBlur(closed, (0, 0), 1.8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    ) * np.float32(1.3)
    return _line_picture(closed, width), _line_picture(soft, width)


def _glyph_count(text: Map) -> int:
    """How many glyphs stand in a strip: by the period of its gaps."""
    column = cv2.GaussianBlur((text > 0.4).sum(axis=0).astype(np.float32)[None, :], (0, 0), 5).ravel()
    column = column - column.mean()
    size = len(column)
    spectrum = np.abs(np.fft.rfft(column * np.hanning(size), 4 * size))
    low, high = 4 * size // 140, 4 * size // 36  # a pitch of 9 to 35 degrees
    if high <= low + 2:
        return 0
    peak = low + int(np.argmax(spectrum[low:high]))
    return round(peak / 4)


def _line_picture(ink: Map, width: int, height: int = _GLYPH_PX) -> Picture:
    """Dark on white, `height` px of text with a margin."""
    width = max(width, 8)
    method = cv2.INTER_AREA if ink.shape[0] > height else cv2.INTER_CUBIC
    sized = cv2.resize(np.clip(ink, 0, 1).astype(np.float32), (width, height), interpolation=method)
    level = np.clip((sized - 0.15) / 0.55, 0, 1)
    picture = np.full((height + 24, width + 40), 255, np.uint8)
    picture[12 : 12 + height, 20 : 20 + width] = np.round(255 * (1 - level)).astype(np.uint8)
    return picture


def _straightened(density: Map, o: Outline, turn: float) -> tuple[Map, Outline, float]:
    """The seal turned back by `turn` degrees (clockwise), 400 px over the longer axis: picture, outline, turn taken.

    An oval's or a frame's own axes tell its turn better than its text does, but for which side is up.
    """
    if o.shape == "oval":
        relative = (turn - o.angle + 180) % 360 - 180
        turn = o.angle if abs(relative) < 90 else o.angle + 180
    elif o.shape != "round":
        turn = o.angle
    factor = max(o.size) / 400
    w, h = round(o.size[0] / factor), round(o.size[1] / factor)
    c, s = math.cos(math.radians(turn)) * factor, math.sin(math.radians(turn)) * factor
    matrix = np.array([[c, -s, o.centre[0] - (w * c - h * s) / 2], [s, c, o.centre[1] - (w * s + h * c) / 2]])
    square: Map = cv2.warpAffine(
        density,
        matrix,
        (w, h),
        flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return square, Outline(o.shape, (w / 2, h / 2), (float(w), float(h)), 0.0), turn


def _without_star(square: Map, o: Outline) -> Map:
    """Without the piece in the middle that is large, compact and no glyph."""
    result = square.copy()
    count, labels, stats, centres = cv2.connectedComponentsWithStats(
        (cv2.GaussianBlur(square, (0, 0), 1.5) > 0.35).astype(np.uint8)
    )
    radius = min(o.size) / 2
    for i in range(1, count):
        w, h, area = stats[i, cv2.CC_STAT_WIDTH], stats[i, cv2.CC_STAT_HEIGHT], stats[i, cv2.CC_STAT_AREA]
        off = math.hypot(centres[i][0] - o.centre[0], centres[i][1] - o.centre[1])
        if min(w, h) > 0.28 * radius and off < 0.3 * radius and 0.6 < w / h < 1.6 and area > 0.2 * w * h:
            reach = cv2.dilate((labels == i).astype(np.uint8), np.ones((7, 7), np.uint8))
            result[reach > 0] = 0
    return result


def _rows(block: Map) -> tuple[Picture, ...]:
    """Lines of a block of text, by the gaps in its row profile; four at most."""
    inked = (block > 0.4).sum(axis=1) > max(2, 0.006 * block.shape[1])
    rows = []
    for a, b in _merged(_runs(np.asarray(inked)), 3):
        if not 0.035 * block.shape[1] < b - a < 0.5 * block.shape[1]:
            continue
        line = block[a:b]
        columns = np.flatnonzero((line > 0.4).any(axis=0))
        if columns.size < 2 or columns[-1] - columns[0] < 1.2 * (b - a):
            continue
        line = line[:, columns[0] : columns[-1] + 1]
        rows.append(_line_picture(line, round(line.shape[1] * _GLYPH_PX / (b - a))))
    return tuple(rows[:4])


def _code_picture(strip: Map, top: int, bottom: int, first: int, length: int) -> Picture | None:
    """The digits along the foot, left to right with their heads towards the centre: the strip's gap, turned by 180°."""
    if length < 20 / 360 * _PER_TURN:
        return None
    gap = np.take(strip, range(first, first + length), axis=1, mode="wrap")
    start = max(top - 6, 0)
    part = gap[start : start + round(0.62 * (bottom - top)) + 6]
    inked = (part > 0.4).astype(np.uint8)
    columns = _columns(part)
    runs = _runs(columns)
    if len(runs) < 6:
        return None
    rows = np.flatnonzero(inked.mean(axis=1) > 0.05)
    if rows.size < 6:
        return None
    # The longest band of rows: what remains of the ring is thin.
    a, b = max(_runs(np.asarray(inked.mean(axis=1) > 0.05)), key=lambda r: r[1] - r[0])
    digits = np.rot90(part[max(a - 1, 0) : b + 1, runs[0][0] : runs[-1][1]], 2)
    return _line_picture(np.ascontiguousarray(digits), round(len(runs) * 0.95 * 36), 36)


def _parts_of_frame(density: Map, o: Outline) -> Parts:
    """A rectangle's lines; a square's characters one beside the other, columns from right to left."""
    block, _, _ = _straightened(density, o, 0.0)
    h, w = block.shape
    rim = _frame_width(block)
    inside = block[rim : h - rim, rim : w - rim]
    if min(inside.shape) < 12:
        return Parts()
    if float((inside > 0.5).mean()) > 0.6:
        inside = np.clip(1.0 - inside, 0, 1).astype(np.float32)  # white characters cut out of a solid square
    if o.shape != "square":
        return Parts(lines=_rows(_without_rules(inside)))
    return Parts(arc=_columns_as_line(inside))


def _frame_width(block: Map) -> int:
    """From the edge past the frame: where the inked share of the four sides has fallen and stays low for a while."""
    reach = max(round(0.16 * min(block.shape)), 6)
    sides = [(np.rot90(block, k)[:reach] > 0.4).mean(axis=1) for k in range(4)]
    share = np.mean(sides, axis=0)
    full = np.flatnonzero(share > 0.55)
    return int(full[-1]) + 3 if full.size else 3


def _without_rules(block: Map) -> Map:
    """A block of text without rules across it."""
    share = (block > 0.4).mean(axis=1)
    result = block.copy()
    result[share > 0.7] = 0
    return result


def _columns_as_line(block: Map) -> tuple[Picture, ...]:
    """Characters of a name seal in reading order: two or three rows, columns from the right."""
    h, w = block.shape
    share = (block > 0.4).mean(axis=1)
    third = share[round(0.28 * h) : round(0.39 * h)].min() + share[round(0.61 * h) : round(0.72 * h)].min()
    rows = 3 if third < share[round(0.44 * h) : round(0.56 * h)].min() else 2
    cells = []
    for c in (1, 0):
        for r in range(rows):
            cell = block[r * h // rows : (r + 1) * h // rows, c * w // 2 : (c + 1) * w // 2]
            cells.append(
                np.pad(cv2.resize(cell, (_GLYPH_PX, _GLYPH_PX), interpolation=cv2.INTER_AREA), ((0, 0), (4, 4)))
            )
    line = np.hstack(cells)
    return (_line_picture(line, line.shape[1]), _line_picture(cv2.GaussianBlur(line, (0, 0), 1.2), line.shape[1]))


# --- the reader


@lru_cache(maxsize=1)
def _languages() -> frozenset[str] | None:
    """Tesseract's languages; None without tesseract."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    try:
        listed = subprocess.run([program, "--list-langs"], capture_output=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return frozenset(listed.stdout.decode("utf-8", "replace").split()[1:])


def missing_reader() -> str | None:
    """Why nothing can be read on this machine: `no-tesseract`, `no-language`; None when all is there."""
    languages = _languages()
    if languages is None:
        return "no-tesseract"
    return None if "chi_sim" in languages else "no-language"


@dataclass(frozen=True)
class Line:
    """A line as tesseract read it; `y` its middle on the sheet; `confidence` 0 to 1."""

    y: float
    text: str
    confidence: float


def _tesseract(sheet: Picture, *options: str) -> list[Line]:
    """Lines of a sheet. Raises TimeoutExpired, CalledProcessError and OSError."""
    png = cv2.imencode(".png", sheet, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    program = shutil.which("tesseract") or "tesseract"
    # One thread: tesseract's own threads slow it down on small pictures, and the archive runs many at once.
    done = subprocess.run(  # noqa: S603
        [program, "stdin", "stdout", "--dpi", "300", *options, "tsv"],
        input=png, capture_output=True, timeout=_TIMEOUT_S, check=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )  # fmt: skip
    words: dict[tuple[str, ...], list[tuple[float, str, float]]] = {}
    for row in done.stdout.decode("utf-8", "replace").splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) == 12 and cells[0] == "5" and cells[11].strip():
            words.setdefault(tuple(cells[1:5]), []).append(
                (float(cells[7]) + float(cells[9]) / 2, cells[11].strip(), float(cells[10]))
            )
    lines = []
    for parts in words.values():
        weight = sum(len(text) for _, text, _ in parts)
        confidence = sum(len(text) * max(c, 0.0) for _, text, c in parts) / weight / 100
        lines.append(Line(sum(y for y, _, _ in parts) / len(parts), _joined([t for _, t, _ in parts]), confidence))
    return lines


def _joined(words: Sequence[str]) -> str:
    """Chinese words run together, Latin ones keep a space between."""
    text = ""
    for word in words:
        text += (
            " " if text[-1:].isascii() and text[-1:].isalnum() and word[:1].isascii() and word[:1].isalnum() else ""
        ) + word
    return text


def _read(parts: Parts) -> SealText:
    pictures = [*parts.arc, *parts.lines]
    arc, arc_confidence = "", None
    lines: list[tuple[str, float]] = []
    if pictures:
        read = _read_sheet(pictures, "chi_sim")
        best = max(read[: len(parts.arc)], key=_worth, default=None)
        rest = read[len(parts.arc) :]
        latin = [t for t, _ in read if t]
        if latin and _latin_share("".join(latin)) > 0.5 and "eng" in (_languages() or ()):
            read = _read_sheet(pictures, "eng")
            best, rest = max(read[: len(parts.arc)], key=_worth, default=None), read[len(parts.arc) :]
        if best is not None and best[0]:
            arc, arc_confidence = best
        lines = [(t, c) for t, c in rest if t]
    code, code_confidence = _read_code(parts.code) if parts.code is not None else (None, None)
    nothing = not arc and not lines and code is None
    return SealText(
        arc, tuple(t for t, _ in lines), code, arc_confidence, tuple(c for _, c in lines), code_confidence,
        "unreadable" if nothing else None,
    )  # fmt: skip


def _worth(read: tuple[str, float]) -> float:
    """A longer reading of equal confidence is the better one."""
    return read[1] * math.sqrt(len(read[0]))


def _latin_share(text: str) -> float:
    letters = [c for c in text if c.isalpha()]
    return sum(c.isascii() for c in letters) / len(letters) if letters else 0.0


def _read_sheet(pictures: Sequence[Picture], language: str) -> list[tuple[str, float]]:
    """All pictures on one sheet, one below the other: starting tesseract costs more than a line does."""
    width = max(p.shape[1] for p in pictures)
    sheet = np.vstack([np.pad(p, ((14, 14), (0, width - p.shape[1])), constant_values=255) for p in pictures])
    ends = np.cumsum([p.shape[0] + 28 for p in pictures])
    found: list[list[Line]] = [[] for _ in pictures]
    for line in _tesseract(sheet, "-l", language, "--psm", "6"):
        found[min(int(np.searchsorted(ends, line.y)), len(pictures) - 1)].append(line)
    return [_cleaned(lines) for lines in found]


def _cleaned(lines: Sequence[Line]) -> tuple[str, float]:
    text = _joined([line.text for line in lines])
    text = re.sub(r"[^\w\s（）()&.\-·]", "", text).strip(" _-.·")
    if len([c for c in text if c.isalnum()]) < 2:
        return "", 0.0
    weight = sum(len(line.text) for line in lines)
    return text, sum(len(line.text) * line.confidence for line in lines) / weight


def _read_code(picture: Picture) -> tuple[str | None, float | None]:
    language = "eng" if "eng" in (_languages() or ()) else "chi_sim"
    lines = _tesseract(picture, "-l", language, "--psm", "7", "-c", "tessedit_char_whitelist=0123456789")
    digits = "".join(re.sub(r"\D", "", line.text) for line in lines)
    confidence = min((line.confidence for line in lines), default=0.0)
    # One wrong digit names another seal: rather none.
    if len(digits) != 13 or confidence < _SURE_OF_CODE:
        return None, None
    return digits, confidence


__all__ = ["SealText", "missing_reader", "read_text", "similar", "unified_code_holds"]

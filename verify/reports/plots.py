"""Plots of a validation as SVG, drawn by hand: no library, no script, the same bytes for the same pairs.

Each function takes a sample of log10 ratios and gives one picture that stands alone and may be put into a page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from verify.imprints.validation import Sample, detection, ece, pav

Array = NDArray[np.float64]
WIDTH, HEIGHT = 520, 400
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 52, 50
SAME, DIFFERENT, PLAIN, SOFT = "#176b3c", "#a3211c", "#23406b", "#8a929c"
_POINTS = 700  # more make no difference at this size
_ODDS = np.linspace(-3.0, 3.0, 121)


@dataclass(frozen=True)
class Axis:
    """`ticks`: where, in the data's own numbers, and what is written there."""

    low: float
    high: float
    title: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, eq=False)
class Line:
    x: Array
    y: Array
    colour: str
    label: str
    dash: str = ""
    marks: bool = False


def tippett(sample: Sample) -> str:
    """Shares of same and of different pairs whose ratio is at least what stands below (Evett & Buckleton 1996)."""
    end = _end(sample)
    lines = []
    for side, colour, word in ((True, SAME, "same seal"), (False, DIFFERENT, "different")):
        values, weights, _ = sample.told.side(side)
        order = np.argsort(values, kind="stable")
        x, w = values[order], weights[order]
        above = 1.0 - np.concatenate([[0.0], np.cumsum(w)]) / w.sum()
        lines.append(Line(*_steps(np.append(x, end), above, start=-end), colour, word))
    zero = Line(np.zeros(2), np.array([0.0, 1.0]), SOFT, "", "2 3")
    return _chart(
        "Tippett plot",
        _ratio_axis(end, "log10 likelihood ratio"),
        _share_axis("share of pairs at or above"),
        [zero, *lines],
    )


def cross_entropy(sample: Sample) -> str:
    """The empirical cross-entropy over prior odds: as reported, after the best recalibration, without evidence."""
    found = ece(sample, _ODDS)
    top = max(1.0, min(2.0, float(found.reported.max()))) * 1.05
    lines = [
        Line(found.odds, found.nothing, SOFT, "no evidence", "2 3"),
        Line(found.odds, np.minimum(found.reported, top), DIFFERENT, "as reported"),
        Line(found.odds, found.best, PLAIN, "best recalibration (PAV)", "6 3"),
    ]
    ticks = tuple((v, f"{v:.1f}") for v in np.arange(0.0, top, 0.2))
    return _chart(
        "Empirical cross-entropy",
        _ratio_axis(3.0, "log10 prior odds"),
        Axis(0.0, top, "cross-entropy, bits", ticks),
        lines,
    )


def calibration(sample: Sample) -> str:
    """What a reported ratio was worth on these pairs: the best monotone recalibration (PAV) over the ratio itself."""
    at, best = pav(sample)
    end = _end(sample)
    shown = np.clip(np.nan_to_num(best, posinf=end, neginf=-end), -end, end)
    even = Line(np.array([-end, end]), np.array([-end, end]), SOFT, "as reported", "2 3")
    found = Line(*_thinned(at, shown), PLAIN, "found (PAV); at the edges: without limit", marks=len(at) <= 60)
    axis = _ratio_axis(end, "log10 likelihood ratio, reported")
    return _chart("Calibration", axis, _ratio_axis(end, "log10 likelihood ratio, found"), [even, found])


def det(sample: Sample) -> str:
    """Missed same pairs against accepted different ones, both on a normal scale (Martin et al. 1997)."""
    _, miss, false = detection(sample)
    least, most = 0.0005, 0.6

    def scale(shares: Array) -> Array:
        return np.asarray(ndtri(np.clip(shares, least, most)))

    ticks = tuple((float(ndtri(p)), f"{100 * p:g}") for p in (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4))
    low, high = float(ndtri(least)), float(ndtri(most))
    ends = np.array([low, high])
    lines = [
        Line(ends, ends, SOFT, "equal errors", "2 3"),
        Line(*_thinned(scale(false), scale(miss)), PLAIN, "found; at the edges: none erred"),
    ]
    return _chart(
        "Detection error trade-off", Axis(low, high, "different pairs accepted, %", ticks), Axis(low, high, "same pairs missed, %", ticks),
        lines,
    )  # fmt: skip


PLOTS: dict[str, Callable[[Sample], str]] = {
    "tippett": tippett,
    "ece": cross_entropy,
    "calibration": calibration,
    "det": det,
}


# ── drawing ────────────────────────────────────────────────────────────────────────────────────────────


def _end(sample: Sample) -> float:
    """A round end for an axis of log10 ratios, the same on both sides."""
    values = sample.told.values
    return float(math.ceil(max(1.0, float(np.abs(values).max()) if len(values) else 1.0) + 0.05))


def _ratio_axis(end: float, title: str) -> Axis:
    step = max(1, math.ceil(end / 5))
    marks = range(-int(end) // step * step, int(end) + 1, step)
    return Axis(-end, end, title, tuple((float(v), f"{v:+d}" if v else "0") for v in marks if abs(v) <= end))


def _share_axis(title: str) -> Axis:
    return Axis(0.0, 1.0, title, tuple((v / 10, f"{v * 10} %") for v in range(0, 11, 2)))


def _steps(x: Array, y: Array, *, start: float) -> tuple[Array, Array]:
    """A curve that holds y[i] up to x[i] and falls there."""
    x, y = _thinned(x, y)
    return np.concatenate([[start], np.repeat(x, 2)[:-1]]), np.repeat(y, 2)[: 2 * len(x)]


def _thinned(x: Array, y: Array) -> tuple[Array, Array]:
    if len(x) <= _POINTS:
        return x, y
    chosen = np.unique(np.linspace(0, len(x) - 1, _POINTS).round().astype(int))
    return x[chosen], y[chosen]


def _chart(title: str, across: Axis, up: Axis, lines: Sequence[Line]) -> str:
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def px(x: float) -> str:
        return f"{LEFT + wide * (x - across.low) / (across.high - across.low):.1f}"

    def py(y: float) -> str:
        return f"{TOP + high * (1 - (y - up.low) / (up.high - up.low)):.1f}"

    floor, foot = TOP + high, HEIGHT - 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" '
        f'font-size="12" fill="#1b1f24"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="600">{escape(title)}</text>',
    ]
    for value, label in across.ticks:
        parts.append(f'<path d="M{px(value)} {TOP}V{floor}" stroke="#e6e8eb"/>')
        parts.append(f'<text x="{px(value)}" y="{floor + 17}" text-anchor="middle">{escape(label)}</text>')
    for value, label in up.ticks:
        parts.append(f'<path d="M{LEFT} {py(value)}H{LEFT + wide}" stroke="#e6e8eb"/>')
        parts.append(f'<text x="{LEFT - 7}" y="{float(py(value)) + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    for line in lines:
        path = "L".join(f"{px(float(x))} {py(float(y))}" for x, y in zip(line.x, line.y, strict=True))
        dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
        parts.append(f'<path d="M{path}" fill="none" stroke="{line.colour}" stroke-width="1.8"{dash}/>')
        if line.marks:
            dots = zip(line.x, line.y, strict=True)
            parts += [
                f'<circle cx="{px(float(x))}" cy="{py(float(y))}" r="2.6" fill="{line.colour}"/>' for x, y in dots
            ]
    parts.append(f'<rect x="{LEFT}" y="{TOP}" width="{wide}" height="{high}" fill="none" stroke="#1b1f24"/>')
    parts.append(f'<text x="{LEFT + wide / 2:.0f}" y="{foot}" text-anchor="middle">{escape(across.title)}</text>')
    parts.append(
        f'<text transform="translate(14 {TOP + high / 2:.0f}) rotate(-90)" text-anchor="middle">{escape(up.title)}</text>'
    )
    parts.append(_legend([line for line in lines if line.label]))
    return "".join(parts) + "</svg>\n"


def _legend(lines: Sequence[Line]) -> str:
    """A row below the title."""
    parts, x = [], float(LEFT)
    for line in lines:
        dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
        parts.append(f'<path d="M{x:.0f} 38h20" stroke="{line.colour}" stroke-width="1.8" fill="none"{dash}/>')
        parts.append(f'<text x="{x + 25:.0f}" y="42" font-size="11" fill="#5d6570">{escape(line.label)}</text>')
        x += 44 + 6.0 * len(line.label)
    return "".join(parts)

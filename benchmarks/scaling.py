"""How the time of examining signatures grows with their number: 1, 5, 25, 100 in one document, ours and pyHanko's.

    python benchmarks/scaling.py [--signatures 1,5,25,100] [--repeat 3] [--out PLOT.svg]

The documents are made by script: a contract signed again and again by incremental updates, each signature B-LT (a
timestamp and, in a security store, the revocation lists of its day). pyHanko's is its plain validation of every
signature, offline and without roots; ours is the examination without the comparison by sight. Each time is the
median of the runs. The slope stands between neighbouring sizes: log(time ratio) / log(size ratio), about 1 where
the time grows with the signatures, 2 where it grows with their square. What is written down grows with the square
(each signature's evidence lists every later change), so ours lies a little above 1; from 1.5 on the exit code is 1.
"""

from __future__ import annotations

import argparse
import gc
import logging
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.signature_anchors import pyhanko
from verify.formats.read import read
from verify.signatures.evidence import SignatureEvidence
from verify.signatures.examiner import SignatureExaminer
from verify.simulation.contracts import contract_pdf
from verify.simulation.pki import TestPki
from verify.simulation.signing import sign_pdf
from verify.stores.trust import NO_ANCHORS

FIRST = datetime(2024, 6, 3, 2, 0, tzinfo=UTC)
AT = datetime(2026, 11, 24, tzinfo=UTC)
_STEEP = 1.5
PARTY = "长风仓储有限公司（虚构）"


@dataclass(frozen=True)
class Point:
    signatures: int
    bytes: int
    ours: float  # seconds
    pyhanko: float


def documents(sizes: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """The same document at each number of signatures, all by one signer."""
    pki = TestPki()
    signer = pki.signer(PARTY, code="91110000MA00000001")
    pdf = contract_pdf(
        "仓储服务合同 Storage Services Agreement", [PARTY], ["一、甲方向乙方提供仓储服务。"], dated=FIRST
    )
    for number in range(1, max(sizes) + 1):
        at = FIRST + timedelta(days=number)
        pdf = sign_pdf(
            pdf, signer, at=at, timestamper=pki.timestamper(at), revocation=pki, field=f"Signature{number}"
        )  # fmt: skip
        if number in sizes:
            yield number, pdf


def measured(signatures: int, pdf: bytes, repeat: int) -> Point:
    document = read(pdf, name="contract.pdf")
    examiner = SignatureExaminer(NO_ANCHORS, AT, sight=False)
    judged = [e for e in examiner.examine(document) if isinstance(e, SignatureEvidence)]
    assert len(judged) == signatures, f"{len(judged)} of {signatures} signatures were judged"
    assert all(e.intact for e in judged)
    assert pyhanko(pdf, AT).intact == (True,) * signatures
    return Point(
        signatures,
        len(pdf),
        _median(lambda: list(examiner.examine(document)), repeat),
        _median(lambda: pyhanko(pdf, AT), repeat),
    )


def _median(call: Callable[[], object], repeat: int) -> float:
    taken = []
    for _ in range(repeat):
        gc.collect()
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def table(points: Sequence[Point]) -> str:
    lines = ["signatures      KiB    ours s  pyHanko s  ratio  ours/signature ms  slope ours  slope pyHanko"]
    before: Point | None = None
    for p in points:
        slopes = (_slope(before, p, "ours"), _slope(before, p, "pyhanko")) if before else ("–", "–")
        lines.append(
            f"{p.signatures:10d} {p.bytes / 1024:8.0f} {p.ours:9.3f} {p.pyhanko:10.3f} {p.ours / p.pyhanko:6.2f} "
            f"{p.ours / p.signatures * 1e3:18.1f} {slopes[0]:>11} {slopes[1]:>14}"
        )
        before = p
    return "\n".join(lines)


def _slope(a: Point, b: Point, whose: str) -> str:
    return f"{math.log(getattr(b, whose) / getattr(a, whose)) / math.log(b.signatures / a.signatures):.2f}"


# The plot


_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 640, 420, 70, 50, 40, 110
_COLOURS = {"ours": "#0b6e4f", "pyhanko": "#a33b20"}
_NAMES = {"ours": "Sigillum", "pyhanko": "pyHanko"}


def plot(points: Sequence[Point]) -> str:
    """Both axes logarithmic, as SVG; the dashed line grows with the number of signatures."""
    times = [t for p in points for t in (p.ours, p.pyhanko)]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    right = math.log10(points[-1].signatures) or 1.0

    def x(signatures: float) -> float:
        return _LEFT + math.log10(signatures) / right * (_WIDTH - _LEFT - _RIGHT)

    def y(seconds: float) -> float:
        return _HEIGHT - _BOTTOM - (math.log10(seconds) - low) / (high - low) * (_HEIGHT - _BOTTOM - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="22" font-size="14">Time to examine all signatures of one document (B-LT each)</text>',
    ]
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    for p in points:
        parts.append(
            f'<text x="{x(p.signatures):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{p.signatures}</text>'
        )
    parts.append(f'<text x="{x(10):.1f}" y="{_HEIGHT - 10}" text-anchor="middle">signatures</text>')
    first, last = points[0], points[-1]
    linear = last.ours * first.signatures / last.signatures
    if linear > 10.0**low:
        parts.append(
            f'<line x1="{x(first.signatures):.1f}" y1="{y(linear):.1f}" x2="{x(last.signatures):.1f}" '
            f'y2="{y(last.ours):.1f}" stroke="#888" stroke-dasharray="4 4"/>'
        )
    for whose, colour in _COLOURS.items():
        line = " ".join(f"{x(p.signatures):.1f},{y(getattr(p, whose)):.1f}" for p in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for p in points:
            parts.append(
                f'<circle cx="{x(p.signatures):.1f}" cy="{y(getattr(p, whose)):.1f}" r="3.5" fill="{colour}"/>'
            )
        end = getattr(last, whose)
        parts.append(
            f'<text x="{x(last.signatures) + 8:.1f}" y="{y(end) + 4:.1f}" fill="{colour}">{_NAMES[whose]} {end:.2g} s</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signatures", default="1,5,25,100")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--out", type=Path, help="SVG to write the plot to")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sizes = sorted({int(n) for n in options.signatures.split(",")})
    points = [measured(number, pdf, options.repeat) for number, pdf in documents(sizes)]
    print(table(points))
    steep = [(a, b) for a, b in pairwise(points) if float(_slope(a, b, "ours")) >= _STEEP]
    for a, b in steep:
        print(f"steeper than the number of signatures from {a.signatures} to {b.signatures}")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(plot(points), encoding="utf-8")
    return 1 if steep else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Finding seals on simulated A4 pages of known truth, and reading them.

    python benchmarks/finding.py [--quick] [--pages N] [--seed S] [--json FILE]

Prints recall and precision (IoU 0.5) and the time of one 200-dpi page for our finder and, in the same run on the
same pages, for a plain HSV-threshold-and-contours finder; size errors in mm; characters right of the arc, the
lines and the code. Half of the pages hold seals (one to three, over text and tables, written over, cut by the
edge); the others hold none, but what is taken for seals: red headlines and rules, logos, charts, a coloured photo,
red handwriting, highlighter, tinted cells. Single-threaded. The real pages decide; these show the direction.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.imprints.find import Found, find_imprints
from verify.imprints.imprint import Imprint
from verify.imprints.measure import measure
from verify.imprints.text import read_text
from verify.simulation.dies import DieSpec, make_die
from verify.simulation.fields import Rng, between, noise
from verify.simulation.generator import random_spec
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.paper import Layer, handwriting, moved, printed_lines, table_lines, text_layer
from verify.simulation.scans import A4_MM, Capture, Scan, scan_page

RED, PEN_RED = (0.15, 2.4, 2.2), (0.3, 1.9, 1.6)
COLOURS = {"red": RED, "blue": (2.0, 1.2, 0.3), "green": (1.9, 0.4, 1.5), "orange": (0.1, 0.9, 2.2)}
NEGATIVES = ("headline", "logo", "chart", "photo", "red-pen", "highlighter", "tinted", "plain")
Box = tuple[float, float, float, float]


# --- pages


@dataclass(frozen=True, eq=False)
class Made:
    """A page with its truth: the designs beside the scan's seals, and the kind of page."""

    scan: Scan
    specs: tuple[DieSpec, ...]
    kind: str


def page_with_seals(rng: Rng, hardness: Hardness, *, dpi: float | None = None) -> Made:
    """One to three seals on a page of text; the second sometimes over the page's edge."""
    width, height = A4_MM
    content = [_body(rng)]
    if rng.random() < 0.4:
        content.append(table_lines(rng, width, height))
    if rng.random() < 0.3:
        content.append(_headline(rng)[0])
    stamps, specs = [], []
    places: list[tuple[float, float]] = []
    for number in range(int(rng.integers(1, 4))):
        spec = random_spec(rng)
        if spec.colour == "black":
            continue
        impression = press(make_die(spec, rng, px_per_mm=20.0), Pressing.draw(rng, hardness), rng)
        w, h = impression.size_mm
        for _ in range(20):
            x, y = between(rng, 8, width - w - 8), between(rng, 20, height - h - 10)
            if number and rng.random() < 0.15:
                x = width - w * between(rng, 0.6, 0.9)  # cut by the edge
            if all(abs(x + w / 2 - px) > 45 or abs(y + h / 2 - py) > 45 for px, py in places):
                break
        else:
            continue
        places.append((x + w / 2, y + h / 2))
        stamps.append((impression, x, y))
        specs.append(spec)
        if rng.random() < 0.4:
            content.append(moved(handwriting(rng, 45, 25), x, y + h / 4))
    return Made(scan_page(stamps, content, Capture.draw(rng, hardness, dpi=dpi), rng), tuple(specs), hardness)


def page_without(rng: Rng, kind: str, *, dpi: float | None = None) -> Made:
    """A page without a seal, with something that looks like one to a finder by colour."""
    content = [_body(rng)]
    if kind == "headline":
        content += _headline(rng)
    elif kind == "logo":
        content += [_logo(rng) for _ in range(2)]
    elif kind == "chart":
        content += _chart(rng)
    elif kind == "photo":
        content += _photo(rng)
    elif kind == "red-pen":
        content += [_penned(rng) for _ in range(4)] + [_pen_circle(rng)]
    elif kind == "highlighter":
        content += [_box(rng, (0.0, 0.02, 0.9)), _box(rng, (0.02, 0.5, 0.2)), _box(rng, (0.5, 0.02, 0.5))]
    elif kind == "tinted":
        content += [
            _fill(20 + 42 * i, 80 + 9 * j, 42, 9, COLOURS[c], 0.25)
            for i, c in enumerate(COLOURS)
            for j in range(0, 8, 2)
        ]
        content.append(moved(table_lines(rng, 168, 90), 20, 75))
    return Made(scan_page([], content, Capture.draw(rng, "medium", dpi=dpi), rng), (), kind)


def _body(rng: Rng) -> Layer:
    return moved(printed_lines(rng, A4_MM[0] - 50, A4_MM[1] - 100), 25, 60)


def _headline(rng: Rng) -> list[Layer]:
    line = "示例市虚构区人民政府文件"[: int(rng.integers(8, 13))]
    text = text_layer(
        [line], x_mm=22, y_mm=22, size_mm=between(rng, 12, 17), name="song" if rng.random() < 0.6 else "sans"
    )
    rule = _fill(25, 52, 160, between(rng, 0.5, 1.5), RED, 1.0)
    return [Layer(text.density, text.px_per_mm, text.x_mm, text.y_mm, RED), rule]


def _fill(x: float, y: float, w: float, h: float, colour: tuple[float, float, float], density: float) -> Layer:
    picture = np.full((max(2, round(h * 8)), max(2, round(w * 8))), density, np.float32)
    return Layer(picture, 8.0, x, y, colour)


def _box(rng: Rng, colour: tuple[float, float, float]) -> Layer:
    return _fill(between(rng, 25, 110), between(rng, 60, 240), between(rng, 25, 70), between(rng, 5, 14), colour, 1.0)


def _logo(rng: Rng) -> Layer:
    """A company's sign: a disc, bar or ring segment of solid colour with letters cut out of it."""
    size = between(rng, 18, 35)
    px = round(size * 12)
    picture = np.zeros((px, px), np.uint8)
    style = int(rng.integers(3))
    if style == 0:
        cv2.circle(picture, (px // 2, px // 2), px // 2 - 4, 255, -1)
    elif style == 1:
        cv2.rectangle(picture, (4, px // 4), (px - 4, 3 * px // 4), 255, -1)
    else:
        cv2.fillPoly(picture, [np.array([[px // 2, 4], [px - 4, px - 4], [4, px - 4]])], 255)
    cv2.putText(
        picture, "NB", (px // 4, round(px * 0.62)), cv2.FONT_HERSHEY_DUPLEX, px / 75, 0, max(2, px // 40), cv2.LINE_AA
    )
    colour = list(COLOURS.values())[int(rng.integers(4))]
    return Layer(
        picture.astype(np.float32) / np.float32(255), 12.0, between(rng, 15, 150), between(rng, 10, 40), colour
    )


def _chart(rng: Rng) -> list[Layer]:
    bars = [
        _fill(40 + 12 * i, 220 - h, 9, h, list(COLOURS.values())[i % 4], 0.9)
        for i, h in enumerate(rng.uniform(15, 70, 8))
    ]
    pie = np.zeros((480, 480), np.float32)
    first = float(rng.uniform(0, 360))
    cv2.ellipse(pie, (240, 240), (230, 230), 0, first, first + float(rng.uniform(60, 300)), 1.0, -1)
    line = np.zeros((600, 900), np.float32)
    points = np.stack([np.linspace(10, 890, 12), rng.uniform(40, 560, 12)], axis=1).astype(np.int32)
    cv2.polylines(line, [points], False, 1.0, 8, cv2.LINE_AA)
    return [*bars, Layer(pie, 12.0, 145, 150, COLOURS["blue"]), Layer(line, 12.0, 40, 60, RED)]


def _photo(rng: Rng) -> list[Layer]:
    layers = []
    for absorbance in ((1.5, 0.2, 0.3), (0.2, 1.6, 0.4), (0.1, 0.3, 1.5)):
        cloud = noise(rng, (480, 640), between(rng, 20, 90)) * np.float32(0.5) + np.float32(0.6)
        layers.append(Layer(np.clip(cloud, 0, 2).astype(np.float32), 8.0, 60, 120, absorbance))
    return layers


def _penned(rng: Rng) -> Layer:
    pen = handwriting(rng, between(rng, 30, 60), between(rng, 15, 30))
    return Layer(pen.density, pen.px_per_mm, between(rng, 20, 130), between(rng, 40, 240), PEN_RED)


def _pen_circle(rng: Rng) -> Layer:
    picture = np.zeros((400, 600), np.float32)
    cv2.ellipse(picture, (300, 200), (260, 160), float(rng.uniform(-8, 8)), 10, 372, 1.0, 7, cv2.LINE_AA)
    return Layer(picture, 14.0, between(rng, 30, 130), between(rng, 60, 230), PEN_RED)


# --- the anchor


def plain_find(rgb: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    """The tutorials' finder: fixed HSV ranges of red and blue, closing, outer contours of plausible size."""
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    boxes: list[tuple[int, int, int, int]] = []
    ranges = (((0, 60, 60), (10, 255, 255)), ((160, 60, 60), (179, 255, 255)), ((95, 60, 60), (140, 255, 255)))
    masks = [cv2.inRange(hsv, np.array(low), np.array(high)) for low, high in ranges]
    for mask in (masks[0] | masks[1], masks[2]):
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
        for contour in cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
            x, y, w, h = cv2.boundingRect(contour)
            if min(w, h) >= rgb.shape[1] * 8 / 210 and max(w, h) <= rgb.shape[1] * 80 / 210:
                boxes.append((x, y, w, h))
    return boxes


# --- counting


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return 0.0 if w <= 0 or h <= 0 else w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


def pairs(found: list[Box], truth: list[Box]) -> dict[int, int]:
    """Truth → found, each found once, at IoU 0.5."""
    matched: dict[int, int] = {}
    for t, box in enumerate(truth):
        free = [(overlap(f, box), i) for i, f in enumerate(found) if i not in matched.values()]
        if free and max(free)[0] >= 0.5:
            matched[t] = max(free)[1]
    return matched


def right(read: str, known: str) -> int:
    """Characters of `known` that were read, in order."""
    blocks = SequenceMatcher(None, read, known, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


def run(pages: int, seed: int, *, texts: int) -> dict[str, Any]:
    tally: Counter[str] = Counter()
    ours_s: list[float] = []
    plain_s: list[float] = []
    size_errors: list[float] = []
    text_s: list[float] = []
    missed: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for index in range(pages):
        rng = np.random.default_rng((seed, index))
        if index % 2:
            made = page_without(rng, NEGATIVES[index // 2 % len(NEGATIVES)], dpi=200.0 if index % 4 == 1 else None)
        else:
            hardness: Hardness = ("clean", "medium", "hard")[index // 2 % 3]
            made = page_with_seals(rng, hardness, dpi=200.0 if index % 4 == 0 else None)
        rgb, scan = made.scan.pixels, made.scan
        if made.scan.capture.grey:
            continue  # colour is what both finders go by
        start = time.perf_counter()
        found = find_imprints(rgb, dpi=scan.dpi)
        middle = time.perf_counter()
        plain = plain_find(rgb)
        end = time.perf_counter()
        if scan.capture.dpi == 200.0:
            ours_s.append(middle - start)
            plain_s.append(end - middle)
        truth: list[Box] = [placed.box_px for placed in scan.seals]
        hits = pairs([f.box for f in found], truth)
        plain_hits = pairs([tuple(map(float, b)) for b in plain], truth)  # type: ignore[misc]
        tally["pages"] += 1
        tally["truth"] += len(truth)
        tally["hit"] += len(hits)
        tally["false"] += len(found) - len(hits)
        tally["plain hit"] += len(plain_hits)
        tally["plain false"] += len(plain) - len(plain_hits)
        if not truth:
            tally["empty"] += 1
            tally["empty with a false one"] += bool(found)
            tally["plain empty with a false one"] += bool(plain)
        false[made.kind] += len(found) - len(hits)
        for t, spec in enumerate(made.specs):
            if t not in hits:
                missed[f"{made.kind} {spec.shape} {spec.colour}"] += 1
                continue
            one = found[hits[t]]
            cut = truth[t][0] + truth[t][2] >= rgb.shape[1] - 1
            if scan.dpi is None or cut:
                continue
            imprint = cut_out(rgb, one, scan.dpi)
            sizes = measure(imprint, one)
            if sizes.size_mm is not None:
                swollen = made.scan.seals[t].impression.pressing
                for got, known in zip(sizes.size_mm, spec.size_mm, strict=True):
                    size_errors.append(abs(got - known * swollen.swelling))
            if tally["texts"] < texts:
                start = time.perf_counter()
                text = read_text(imprint, one)
                text_s.append(time.perf_counter() - start)
                tally["texts"] += 1
                words = spec.arc.replace(" ", ""), (spec.centre + spec.bottom).replace("/", "").replace(" ", "")
                tally["arc"] += len(words[0])
                tally["arc right"] += right((text.arc + "".join(text.lines)).replace(" ", ""), words[0])
                tally["lines"] += len(words[1])
                tally["lines right"] += right(("".join(text.lines) + text.arc).replace(" ", ""), words[1])
                if spec.code:
                    tally["code"] += 1
                    tally["code right"] += text.code == spec.code
                    tally["code wrong"] += text.code is not None and text.code != spec.code
    return {
        "tally": dict(tally), "missed": dict(missed), "false": {k: v for k, v in false.items() if v},
        "find_ms": _times(ours_s), "plain_ms": _times(plain_s), "text_ms": _times(text_s),
        "size_error_mm": {"median": _median(size_errors), "p90": float(np.percentile(size_errors, 90)) if size_errors else None},
    }  # fmt: skip


def cut_out(rgb: NDArray[np.uint8], found: Found, dpi: float | None) -> Imprint:
    x, y, w, h = found.box
    rim = round(0.08 * max(w, h))
    crop = rgb[max(y - rim, 0) : y + h + rim, max(x - rim, 0) : x + w + rim]
    return Imprint(np.ascontiguousarray(crop), dpi, box=found.box)


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def _times(seconds: list[float]) -> dict[str, float | None]:
    return {"median": _median([1000 * s for s in seconds]), "worst": max((1000 * s for s in seconds), default=None)}


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none"


def report(result: dict[str, Any]) -> str:
    t: Counter[str] = Counter(result["tally"])
    lines = [f"{t['pages']} simulated pages (seeded), {t['truth']} seals, {t['empty']} pages without one"]
    for name, prefix, times in (
        ("ours", "", result["find_ms"]),
        ("plain HSV + contours", "plain ", result["plain_ms"]),
    ):
        hit, wrong = t[prefix + "hit"], t[prefix + "false"]
        lines.append(
            f"{name}: recall {_share(hit, t['truth'])}, precision {_share(hit, hit + wrong)}, pages without a seal but "
            f"with a false one {_share(t[prefix + 'empty with a false one'], t['empty'])}; 200-dpi A4 page "
            f"{times['median'] or 0:.0f} ms (worst {times['worst'] or 0:.0f})"
        )
    lines.append(f"missed: {result['missed']}; false on: {result['false']}")
    size = result["size_error_mm"]
    if size["median"] is not None:
        lines.append(f"size error: median {size['median']:.2f} mm, 90th percentile {size['p90']:.2f} mm")
    lines.append(
        f"text of {t['texts']} imprints: arc {_share(t['arc right'], t['arc'])} characters right, lines "
        f"{_share(t['lines right'], t['lines'])}, code right {_share(t['code right'], t['code'])} and wrong {t['code wrong']}; "
        f"{result['text_ms']['median'] or 0:.0f} ms an imprint (worst {result['text_ms']['worst'] or 0:.0f})"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="32 pages and 15 texts: under three minutes")
    parser.add_argument("--pages", type=int, default=160)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--json", type=Path, help="write the numbers there")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    result = run(32 if options.quick else options.pages, options.seed, texts=15 if options.quick else 60)
    print(report(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Paper and what else is on it: its grain, printed lines, tables, handwriting. Layers in mm, mixed by absorbance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from verify.simulation.fields import Map, Rng, as_map, between, blur, noise, pick
from verify.simulation.fonts import FontName, font

TONER = (2.7, 2.7, 2.6)
PENS = {"black": (2.4, 2.3, 2.1), "blue": (1.9, 1.4, 0.45)}
_TEXT_SCALE = 16.0

SENTENCES = (
    "本合同一式两份，双方各执一份，自签字盖章之日起生效。", "乙方应于收到货物后七个工作日内完成验收。",
    "未尽事宜，由双方协商解决，并签订补充协议。", "甲方逾期付款的，应按日支付万分之五的违约金。",
    "交货地点为示例市虚构区第一仓库，运费由甲方承担。", "因不可抗力不能履行合同的，部分或者全部免除责任。",
    "货物的名称、数量、单价见本合同附件一。", "争议提交示例仲裁委员会仲裁，裁决为终局。",
    "乙方保证所供货物符合国家标准及双方约定。", "本合同总价为人民币壹拾贰万叁仟元整（￥123,000.00）。",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Layer:
    """Something on the page: `density` (H, W) at `px_per_mm`, its upper left corner at (`x_mm`, `y_mm`),
    `absorbance` a channel (R, G, B; natural logarithm, linear light) at density 1."""

    density: Map
    px_per_mm: float
    x_mm: float
    y_mm: float
    absorbance: tuple[float, float, float]


def paper_texture(rng: Rng, shape: tuple[int, int], px_per_mm: float) -> Map:
    """Reflectance of blank paper, (H, W, 3) in linear light: white with a cast, clouds and fibres."""
    white = between(rng, 0.84, 0.95)
    cast = np.array([1.0, 1.0 - between(rng, 0.0, 0.012), 1.0 - between(rng, 0.0, 0.05)], dtype=np.float32)
    grain = noise(rng, shape, 0.3 * px_per_mm) * np.float32(0.006) + noise(rng, shape, 6.0 * px_per_mm) * np.float32(
        0.005
    )
    tone = np.float32(white) * (np.float32(1.0) + grain)
    return as_map(cv2.merge([tone * c for c in cast]))


def text_layer(
    lines: Sequence[str], *, x_mm: float, y_mm: float, size_mm: float = 4.2, leading: float = 1.75,
    name: FontName = "song", px_per_mm: float = _TEXT_SCALE,
) -> Layer:  # fmt: skip
    """Printed lines of text from a corner down; `size_mm` is the em (4.2 mm is 12 points)."""
    em = round(size_mm * px_per_mm)
    face = font(name, em)
    width = max((face.getlength(line) for line in lines), default=1.0)
    image = Image.new("L", (int(width) + em, round(em * leading * len(lines)) + em), 0)
    pen = ImageDraw.Draw(image)
    for index, line in enumerate(lines):
        pen.text((em / 4, em / 4 + index * em * leading), line, fill=255, font=face, stroke_width=0.012 * em)
    density = np.asarray(image, dtype=np.float32) / np.float32(255.0)
    offset = 0.25 * size_mm
    return Layer(density, px_per_mm, x_mm - offset, y_mm - offset, TONER)


def printed_lines(rng: Rng, width_mm: float, height_mm: float) -> Layer:
    """Contract text over a whole rectangle, from a random phase: what a seal is stamped upon."""
    size = between(rng, 3.2, 5.0)
    leading = between(rng, 1.4, 2.2)
    count = int(height_mm / (size * leading)) + 2
    chars = int(width_mm / size) + 2
    body = "".join(pick(rng, SENTENCES) for _ in range(count * chars // 15 + 2))
    start = int(rng.integers(10))
    lines = [body[start + i * chars : start + (i + 1) * chars] for i in range(count)]
    face: FontName = "song" if rng.random() < 0.7 else "sans"
    if face == "sans":
        lines = ["".join(c for c in line if c > "\u2e80") for line in lines]
    return text_layer(
        lines,
        x_mm=-between(rng, 0, size),
        y_mm=-between(rng, 0, size * leading),
        size_mm=size,
        leading=leading,
        name=face,
    )


def table_lines(rng: Rng, width_mm: float, height_mm: float) -> Layer:
    """A few ruled lines through a rectangle."""
    density = np.zeros((round(height_mm * _TEXT_SCALE), round(width_mm * _TEXT_SCALE)), dtype=np.float32)
    thick = max(1, round(between(rng, 0.12, 0.35) * _TEXT_SCALE))
    for axis, extent in ((0, height_mm), (1, width_mm)):
        at = between(rng, 2.0, 14.0)
        while at < extent:
            pixel = round(at * _TEXT_SCALE)
            if axis == 0:
                density[pixel : pixel + thick, :] = 1.0
            else:
                density[:, pixel : pixel + thick] = 1.0
            at += between(rng, 7.0, 12.0) if axis == 0 else between(rng, 18.0, 40.0)
    return Layer(density, _TEXT_SCALE, 0.0, 0.0, TONER)


def handwriting(rng: Rng, width_mm: float, height_mm: float, *, pen: str | None = None) -> Layer:
    """A signature-like scrawl across a rectangle: smooth strokes of varying width, overlapping the way a pen does."""
    colour = pen or pick(rng, tuple(PENS))
    scale = _TEXT_SCALE
    # Strokes may leave the rectangle; the picture's border must not cut them off.
    rim = 0.5 * min(width_mm, height_mm)
    image = np.zeros((round((height_mm + 2 * rim) * scale), round((width_mm + 2 * rim) * scale)), dtype=np.uint8)
    size = between(rng, 0.25, 0.5) * min(width_mm, height_mm)
    x = between(rng, 0.05, 0.35) * width_mm
    y = between(rng, 0.3, 0.7) * height_mm
    width = between(rng, 0.3, 0.7)
    for _ in range(int(rng.integers(5, 10))):
        knots = np.cumsum(rng.normal(0.0, 0.42, (int(rng.integers(3, 6)), 2)), axis=0) * size + (x, y)
        t = np.linspace(0, len(knots) - 1, 14 * len(knots))
        path = np.stack([_spline(knots[:, i], t) for i in (0, 1)], axis=1)
        path = (path + rim) * scale
        swell = 0.75 + 0.25 * np.sin(np.linspace(0, np.pi * between(rng, 1, 3), len(path)))
        for a, b, s in zip(path[:-1], path[1:], swell, strict=False):
            thick = max(1, round(width * float(s) * scale))
            cv2.line(image, (round(a[0]), round(a[1])), (round(b[0]), round(b[1])), 255, thick, cv2.LINE_AA)
        x += size * between(rng, 0.2, 0.6)
    density = blur(as_map(image.astype(np.float32) / np.float32(255.0)), 0.6)
    density = density * (np.float32(0.88) + np.float32(0.12) * noise(rng, (image.shape[0], image.shape[1]), 8.0))
    return Layer(as_map(density), scale, -rim, -rim, PENS[colour])


def _spline(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], t: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    from scipy.interpolate import CubicSpline

    return np.asarray(CubicSpline(np.arange(len(values)), values)(t), dtype=np.float64)


def moved(layer: Layer, x_mm: float, y_mm: float) -> Layer:
    return Layer(layer.density, layer.px_per_mm, layer.x_mm + x_mm, layer.y_mm + y_mm, layer.absorbance)

"""Fictional contracts as PDF: born digital, in Chinese and English, or with the sealed page as a full-page scan."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pymupdf
from PIL import Image

from verify.core.document import Pixels
from verify.simulation import fonts

_WIDTH, _HEIGHT = 595.28, 841.89  # A4
_MARGIN = 62.0


@dataclass(frozen=True, eq=False)
class Scan:
    """A page as a picture: pixels (h, w, 3) sRGB or encoded bytes, and their resolution."""

    pixels: Pixels | bytes
    dpi: float
    jpeg_quality: int | None = None  # None keeps every pixel


def contract_pdf(
    title: str,
    parties: Sequence[str],
    lines: Sequence[str],
    *,
    dated: datetime | None = None,
    number: str | None = None,
    pages: Sequence[Scan] = (),
) -> bytes:
    """A contract of one or more text pages, then each scan as a page of its own size. Equal input gives equal bytes."""
    document: Any = pymupdf.open()
    face = {"song": fonts._data("song")}
    writer = _Writer(document, face["song"])
    writer.line(title, size=18, centred=True, gap=14)
    if number:
        writer.line(f"合同编号 / Contract No.: {number}", size=10)
    for name, party in zip("甲乙丙丁", parties, strict=False):
        writer.line(f"{name}方 / Party {'ABCD'['甲乙丙丁'.index(name)]}: {party}", size=11)
    if dated:
        writer.line(f"签订日期 / Date: {dated:%Y-%m-%d}", size=11)
    writer.gap(10)
    for line in lines:
        writer.line(line, size=11)
    for scan in pages:
        _scanned(document, scan)
    moment = (dated or datetime(2024, 1, 1, tzinfo=UTC)).strftime("D:%Y%m%d%H%M%S+00'00'")
    document.set_metadata(
        {"title": title, "producer": "Sigillum simulation", "creationDate": moment, "modDate": moment}
    )
    document.subset_fonts()
    return bytes(document.tobytes(garbage=3, deflate=True, no_new_id=True))


class _Writer:
    """Sets lines below each other and turns the page."""

    def __init__(self, document: Any, font: bytes) -> None:
        self.document, self.font = document, font
        self.face = pymupdf.Font(fontbuffer=font)
        self.page: Any = None
        self.y = 0.0

    def gap(self, points: float) -> None:
        self.y += points

    def line(self, text: str, *, size: float, centred: bool = False, gap: float = 4.0) -> None:
        for piece in self._wrapped(text, size):
            if self.page is None or self.y + size > _HEIGHT - _MARGIN:
                self.page = self.document.new_page(width=_WIDTH, height=_HEIGHT)
                self.page.insert_font(fontname="song", fontbuffer=self.font)
                self.y = _MARGIN
            x = (_WIDTH - self.face.text_length(piece, size)) / 2 if centred else _MARGIN
            self.y += size
            self.page.insert_text((x, self.y), piece, fontname="song", fontsize=size)
            self.y += size * 0.5
        self.y += gap

    def _wrapped(self, text: str, size: float) -> list[str]:
        lines, current = [], ""
        for character in text:
            if self.face.text_length(current + character, size) > _WIDTH - 2 * _MARGIN:
                # A Latin word is not cut where a space stands near.
                cut = current.rfind(" ") if character.isascii() and character != " " else -1
                keep = cut if cut > len(current) * 0.6 else len(current)
                lines.append(current[:keep].rstrip())
                current = current[keep:].lstrip()
            current += character
        return [*lines, current]


def _scanned(document: Any, scan: Scan) -> None:
    data = scan.pixels if isinstance(scan.pixels, bytes) else _encoded(scan.pixels, scan.dpi, scan.jpeg_quality)
    with Image.open(io.BytesIO(data)) as picture:
        width, height = picture.size
    page = document.new_page(width=width / scan.dpi * 72, height=height / scan.dpi * 72)
    page.insert_image(page.rect, stream=data, keep_proportion=False)


def _encoded(pixels: Pixels, dpi: float, quality: int | None) -> bytes:
    out = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if quality is None:
        picture.save(out, "PNG", dpi=(dpi, dpi), compress_level=6)
    else:
        picture.save(out, "JPEG", quality=quality, subsampling=0, dpi=(dpi, dpi))
    return out.getvalue()

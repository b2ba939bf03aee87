"""The two engines that draw a file for the comparison by sight: MuPDF and PDFium.

Both are libraries in C, and PDFium allows one thread only: whoever compares by sight does so in one thread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Protocol

import numpy as np
import pypdfium2

from verify.core.document import Document, Pages, Pixels
from verify.core.geometry import MM_PER_INCH, POINTS_PER_INCH, points_to_mm
from verify.formats.pdf import open_pdf

_MOST_PIXELS = 6_000_000  # an A3 page at 180 dpi; larger pages are drawn smaller


class Drawing(NamedTuple):
    """A page as an engine draws it: (h, w, 3) sRGB, and its width and height in mm."""

    pixels: Pixels
    size_mm: tuple[float, float]


class Engine(Protocol):
    """One engine with one file open."""

    def __len__(self) -> int: ...

    def draw(self, index: int, dpi: float) -> Drawing:
        """The page as displayed, annotations and form fields included. Raises what the library raises."""


def opened(document: Document, end: int) -> Iterator[tuple[str, Engine]]:
    """The first `end` bytes of a document in each engine that can open them, by the engine's name."""
    whole = end == len(document.data)
    data = document.data if whole else document.data[:end]
    with suppress(Exception):  # what one engine cannot open is left to the other
        yield (
            "mupdf",
            _Mupdf(document.pages if whole else open_pdf(data, document.name, password=document.password).pages),
        )
    with suppress(Exception):
        yield "pdfium", _Pdfium(data, document.password)


class _Mupdf:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def __len__(self) -> int:
        return len(self._pages)

    def draw(self, index: int, dpi: float) -> Drawing:
        page = self._pages[index]
        width, height = page.size_mm or (210.0, 297.0)
        return Drawing(page.render(_within(width, height, dpi)), (width, height))


class _Pdfium:
    def __init__(self, data: bytes, password: str | None) -> None:
        self._pdf = pypdfium2.PdfDocument(data, password=password)
        if not len(self._pdf):
            raise ValueError("no page")
        with suppress(pypdfium2.PdfiumError):  # a form that PDFium does not understand: the pages still show
            self._pdf.init_forms()

    def __len__(self) -> int:
        return len(self._pdf)

    def draw(self, index: int, dpi: float) -> Drawing:
        page = self._pdf[index]
        try:
            width, height = points_to_mm(page.get_width()), points_to_mm(page.get_height())
            bitmap = page.render(scale=_within(width, height, dpi) / POINTS_PER_INCH, rev_byteorder=True)
            try:
                # The bitmap's memory is freed with it.
                return Drawing(np.array(bitmap.to_numpy()[:, :, :3]), (width, height))
            finally:
                bitmap.close()
        finally:
            page.close()


def _within(width_mm: float, height_mm: float, dpi: float) -> float:
    """The resolution, or the one at which the page is no larger than is allowed."""
    if not 0 < width_mm * height_mm < math.inf:
        raise ValueError("the page has no size")
    return min(dpi, math.sqrt(_MOST_PIXELS / (width_mm * height_mm)) * MM_PER_INCH)

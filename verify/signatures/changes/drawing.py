"""A page's rectangle in grey as MuPDF draws it, as PDFium shows it and prints it, with its annotations and without.

Engines differ in what they draw: MuPDF leaves out what a link shows, PDFium a mark for redaction, both a pop-up. So an
appearance can also be drawn by itself, as any reader might that goes by the appearance alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
import pymupdf
import pypdfium2

from verify.signatures.changes.ink import DPI, Grey
from verify.signatures.objects import Ref

_MOST_PIXELS = 16_000_000  # a page of A0; larger ones are drawn smaller
_SCALE = DPI / 72.0

Corners = tuple[float, float, float, float]


class Window(NamedTuple):
    """Pixels of a page as it lies in the file, that is without its rotation."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return np.s_[self.y0 : self.y1, self.x0 : self.x1]


class View(Protocol):
    """One way in which a file is drawn."""

    name: str

    def draw(self, index: int, size: tuple[int, int], window: Window, annotated: bool) -> Grey:
        """A window of a page that is `size` pixels wide and high. Raises what the library raises."""


class Mupdf:
    """MuPDF's view, which also knows how large a page is and where a rectangle of it lies."""

    name = "mupdf"

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pdf: Any = pymupdf.open(stream=data, filetype="pdf")
        self._alone: Any = None
        self._sizes: dict[int, tuple[int, int]] = {}

    def _page(self, pdf: Any, index: int) -> Any:
        page = pdf[index]
        if page.rotation:
            page.set_rotation(0)
        return page

    def size(self, index: int) -> tuple[int, int]:
        """A page's width and height in pixels."""
        if index not in self._sizes:
            rect = self._page(self._pdf, index).rect
            scale = min(_SCALE, math.sqrt(_MOST_PIXELS / (rect.width * rect.height)))
            self._sizes[index] = max(round(rect.width * scale), 1), max(round(rect.height * scale), 1)
        return self._sizes[index]

    def window(self, index: int, corners: Corners) -> Window | None:
        """Where a rectangle in user space lies; None outside the page."""
        page, (width, height) = self._page(self._pdf, index), self.size(index)
        area = (pymupdf.Rect(corners).normalize() * page.transformation_matrix) & page.rect
        if area.is_empty:
            return None
        x, y = width / page.rect.width, height / page.rect.height
        return Window(
            int(area.x0 * x), int(area.y0 * y), min(math.ceil(area.x1 * x), width), min(math.ceil(area.y1 * y), height)
        )

    def draw(self, index: int, size: tuple[int, int], window: Window, annotated: bool) -> Grey:
        return self._drawn(self._page(self._pdf, index), size, window, annotated)

    def alone(self, index: int, window: Window, corners: Corners, look: Ref) -> Grey:
        """The page with one appearance stream in a rectangle, and no annotation else."""
        if self._alone is None:
            self._alone = pymupdf.open(stream=self._data, filetype="pdf")
        box = " ".join(f"{v:.4f}" for v in corners)
        stamp = f"[<</Type/Annot/Subtype/Stamp/F 4/Rect[{box}]/AP<</N {look[0]} {look[1]} R>>>>]"
        # Before the page is loaded, for a loaded page keeps its annotations.
        self._alone.xref_set_key(self._alone.page_xref(index), "Annots", stamp)
        return self._drawn(self._page(self._alone, index), self.size(index), window, True)

    def _drawn(self, page: Any, size: tuple[int, int], window: Window, annotated: bool) -> Grey:
        x, y = size[0] / page.rect.width, size[1] / page.rect.height
        clip = pymupdf.Rect(window.x0 / x, window.y0 / y, window.x1 / x, window.y1 / y)
        drawn = page.get_pixmap(
            matrix=pymupdf.Matrix(x, y), clip=clip, colorspace=pymupdf.csGRAY, alpha=False, annots=annotated
        )
        return _fitted(np.frombuffer(drawn.samples, np.uint8).reshape(drawn.height, drawn.stride), window)


class _Pdfium:
    def __init__(self, pdf: Any, *, printed: bool) -> None:
        self.name = "pdfium, printed" if printed else "pdfium"
        self._pdf, self._printed = pdf, printed

    def draw(self, index: int, size: tuple[int, int], window: Window, annotated: bool) -> Grey:
        page = self._pdf[index]
        try:
            if page.get_rotation():
                page.set_rotation(0)
            # A hair less, for sizes and margins are rounded up.
            scale = (size[0] - 0.25) / page.get_width()
            width, height = (math.ceil(v * scale) for v in page.get_size())
            margins = (window.x0, height - window.y1, width - window.x1, window.y0)
            bitmap = page.render(
                scale=scale, crop=tuple(max(v - 0.5, 0.0) / scale for v in margins), may_draw_forms=annotated,
                draw_annots=annotated, optimize_mode="print" if self._printed else None,
            )  # fmt: skip
            try:
                # The bitmap's memory is freed with it; the conversion copies.
                return _fitted(cv2.cvtColor(bitmap.to_numpy()[:, :, :3], cv2.COLOR_BGR2GRAY), window)
            finally:
                bitmap.close()
        finally:
            page.close()


def pdfium(data: bytes) -> Iterator[View]:
    """PDFium's two views; none of a file that it cannot open, which is left to MuPDF."""
    with suppress(pypdfium2.PdfiumError):
        pdf = pypdfium2.PdfDocument(data)
        with suppress(pypdfium2.PdfiumError):  # a form that PDFium does not understand: the pages still show
            pdf.init_forms()
        yield from [_Pdfium(pdf, printed=False), _Pdfium(pdf, printed=True)]


def _fitted(drawn: Grey, window: Window) -> Grey:
    """Exactly the window's size: at the page's edge an engine may be a pixel short, or long."""
    high, wide = window.y1 - window.y0, window.x1 - window.x0
    drawn = drawn[:high, :wide]
    if drawn.shape == (high, wide):
        return drawn
    return np.pad(drawn, ((0, high - drawn.shape[0]), (0, wide - drawn.shape[1])), mode="edge")

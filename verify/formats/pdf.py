"""PDF pages through MuPDF. Signatures read the same bytes through pyHanko, in signatures/."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pymupdf

from verify.core.document import Document, Page, Pixels
from verify.core.errors import Refusal, VerifyError
from verify.core.geometry import points_to_mm

_DEFAULT_DPI = 200.0
# A page of 5 m at 200 dpi is an attack or a mistake; we render such pages smaller.
_MOST_PIXELS = 60_000_000
_LARGE_POINTS = 40.0

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)


def open_pdf(data: bytes, name: str, *, password: str | None, remarks: tuple[tuple[str, str], ...] = ()) -> Document:
    """Open a PDF's pages. A broken cross-reference table is rebuilt by MuPDF and remarked upon."""
    try:
        pdf = pymupdf.open(stream=data, filetype="pdf")
    except Exception as error:  # MuPDF raises half a dozen types of its own
        if b"/Adobe.PubSec" in data:
            raise _for_recipient(name) from error
        raise Refusal(
            "pdf-undecodable", f"{name} cannot be read as a PDF", "Ask the sender to export it again."
        ) from error
    if pdf.needs_pass:
        if b"/Adobe.PubSec" in data:
            raise _for_recipient(name)
        if password is None:
            raise Refusal("pdf-encrypted", f"{name} is encrypted", "Give the password by --password-file.")
        if not pdf.authenticate(password):
            raise Refusal("pdf-wrong-password", f"The password does not open {name}", "Check the password.")
    try:
        count = pdf.page_count
    except Exception:  # MuPDF raises its own kinds
        count = 0
    if count < 1:
        raise Refusal("pdf-undecodable", f"{name} holds no page that can be read", "Ask the sender to export it again.")
    if pdf.is_repaired:
        remarks = (
            *remarks,
            ("repaired", "The cross-reference table is broken; the pages were found by searching the file."),
        )
    return Document(name=name, data=data, format="pdf", pages=PdfPages(pdf), password=password, remarks=remarks)


def _for_recipient(name: str) -> Refusal:
    return Refusal(
        "pdf-encrypted-for-recipient",
        f"{name} is encrypted for the holder of a certificate",
        "Have its recipient save it without encryption, and check that; no password opens it.",
    )


def _greyish(colour: int) -> bool:
    red, green, blue = colour >> 16 & 255, colour >> 8 & 255, colour & 255
    return max(red, green, blue) - min(red, green, blue) < 24


@dataclass(frozen=True, eq=False)
class PdfPages:
    pdf: pymupdf.Document

    def __len__(self) -> int:
        return int(self.pdf.page_count)

    def __getitem__(self, index: int) -> Page:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return PdfPage(self.pdf, index)


@dataclass(frozen=True, eq=False)
class PdfPage:
    pdf: pymupdf.Document
    index: int

    @property
    def _page(self) -> pymupdf.Page:
        try:
            return self.pdf.load_page(self.index)
        except Exception as error:
            raise VerifyError(
                "page-unreadable", f"page {self.number} cannot be read: {error}"[:200], "Ask for the document anew."
            ) from error

    @property
    def number(self) -> int:
        return self.index + 1

    @property
    def size_mm(self) -> tuple[float, float]:
        rect = self._page.rect
        return points_to_mm(rect.width), points_to_mm(rect.height)

    @property
    def native_dpi(self) -> float | None:
        """The resolution of the one picture that fills the page, as a scan does; else None."""
        page = self._page
        area = abs(page.rect.width * page.rect.height) or 1.0
        for info in page.get_image_info():
            x0, y0, x1, y1 = info["bbox"]
            if (x1 - x0) * (y1 - y0) > 0.8 * area:
                # The picture's own axis as laid on the page, so that neither /Rotate nor a turned picture matters.
                a, b, *_ = info["transform"]
                length = math.hypot(a, b)
                return float(info["width"] / length * 72.0) if length > 0 else None
        return None

    @property
    def fixed(self) -> bool:
        return False

    @property
    def drawn(self) -> bool:
        try:
            page = self._page
            if page.get_image_info() or page.first_annot is not None or page.first_widget is not None:
                return True
            if any(kind != "fill-text" for kind, _ in page.get_bboxlog()):
                return True
            # A seal may be set in type: coloured or large text is looked at, too.
            text = page.get_text("dict", flags=0)
            spans = (span for block in text["blocks"] for line in block.get("lines", ()) for span in line["spans"])
            return any(span["size"] > _LARGE_POINTS or not _greyish(span["color"]) for span in spans)
        except Exception:  # whatever MuPDF cannot follow may be drawn all the same
            return True

    def render(self, dpi: float | None, clip: tuple[int, int, int, int] | None = None) -> Pixels:
        page = self._page
        scale = (dpi or _DEFAULT_DPI) / 72.0
        area = page.rect
        if clip is not None:
            x, y, w, h = (v / scale for v in clip)
            area = pymupdf.Rect(x, y, x + w, y + h) & page.rect
        width, height = max(area.width, 1.0), max(area.height, 1.0)
        if width * height * scale * scale > _MOST_PIXELS:
            scale = float((_MOST_PIXELS / (width * height)) ** 0.5)
        try:
            pixmap = page.get_pixmap(
                matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=False, clip=area if clip else None
            )
        except Exception as error:
            raise VerifyError(
                "page-unrenderable", f"page {self.number} cannot be drawn: {error}"[:200], "Ask for the document anew."
            ) from error
        pixels: Pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
        return pixels

    def text(self) -> str:
        try:
            return str(self._page.get_text())
        except Exception:  # a page that cannot be read has no text for us
            return ""

"""The page with its imprints."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from verify.core.document import Page
from verify.core.exhibits import Piece, piece
from verify.core.geometry import MM_PER_INCH
from verify.imprints.pictures.canvas import png
from verify.imprints.sight import FINDING_DPI, Sighted

_PICTURE_PX = 1400


def page_picture(page: Page, sighted: Sequence[Sighted], before: int) -> Piece:
    """The page with a numbered box around each imprint."""
    dpi = sighted[0].imprint.dpi
    pixels = page.render(FINDING_DPI if dpi else None)
    shrink = min(1.0, _PICTURE_PX / max(pixels.shape[:2]))
    picture = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    to_page = pixels.shape[1] / (page.size_mm[0] / MM_PER_INCH * dpi) if dpi and page.size_mm else 1.0
    for number, one in enumerate(sighted, start=before + 1):
        x, y, w, h = (round(v * shrink * to_page) for v in one.box)
        cv2.rectangle(picture, (x - 6, y - 6), (x + w + 6, y + h + 6), (20, 80, 200), 3)
        cv2.putText(picture, str(number), (x - 4, max(y - 14, 24)), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 80, 200), 3)
    return piece(png(picture), type="image/png", role="page", subject="document", page=page.number)

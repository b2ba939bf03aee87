"""Exhibits of imprints: pages with boxes, and what one looks at to see whether two prints are of one die.

Every picture is an RGB PNG of at most 1,200 pixels a side, equal for equal input. Text in it is numbers and mm
alone; the words stand in the report. What differs in colour differs in brightness too, for prints in grey.
"""

from __future__ import annotations

from collections.abc import Iterator

from verify.core.exhibits import Piece, piece
from verify.imprints.compare import Comparison
from verify.imprints.imprint import Imprint
from verify.imprints.pictures.canvas import png
from verify.imprints.pictures.maps import aligned, difference, fold, frames, overlay
from verify.imprints.pictures.pages import page_picture
from verify.imprints.pictures.residuals import residuals
from verify.imprints.pictures.ruler import measures

__all__ = ["comparison_pictures", "comparison_pieces", "page_picture", "png"]


def comparison_pictures(
    result: Comparison, *, questioned: Imprint | None = None, specimen: Imprint | None = None
) -> dict[str, bytes]:
    """PNG bytes by role. What cannot be drawn (no landmarks, no scale) is left out.

    `aligned` is drawn from both imprints' own colours where they are given, else from their ink.
    """
    one = result.best
    drawn = {
        "aligned": aligned(one, questioned, specimen),
        "overlay": overlay(one.pictures, scaled=one.reference.scale_known),
        "difference": difference(one.pictures, scaled=one.reference.scale_known),
        "fold": fold(one.pictures),
        "residuals": residuals(one),
        "measures": measures(one),
        **frames(one.pictures),
    }
    return {role: png(picture) for role, picture in drawn.items() if picture is not None}


def comparison_pieces(
    result: Comparison, *, subject: str, questioned: Imprint, specimen: Imprint, page: int
) -> Iterator[Piece]:
    """The exhibits of one comparison."""
    yield piece(png(specimen.pixels), type="image/png", role="reference", subject=subject)
    for role, data in comparison_pictures(result, questioned=questioned, specimen=specimen).items():
        yield piece(data, type="image/png", role=role, subject=subject, page=page)

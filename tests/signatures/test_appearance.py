"""Where a signature shows: millimetres from the top left of the page as displayed."""

from __future__ import annotations

from typing import Any

import pymupdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from tests.signatures.documents import PKI, SIGNED, contract, only, signed, signer
from verify.simulation.signing import Look, sign_pdf, update_of, written


def test_a_visible_signature_says_where() -> None:
    found = only(signed())
    assert found.appearance is not None
    assert found.appearance.page == 1
    assert found.appearance.box_mm == pytest.approx((120, 200, 40, 40), abs=0.05)


def test_an_invisible_signature_says_nothing() -> None:
    assert only(sign_pdf(contract(), signer(), at=SIGNED)).appearance is None


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [False, True])
def test_the_box_is_where_the_ink_is_seen(turn: int, crop: bool) -> None:
    writer = update_of(contract(), f"turn{turn}{crop}")
    page: Any = writer.find_page_for_modification(0)[0].get_object()
    page[pdf_name("/Rotate")] = generic.NumberObject(turn)
    if crop:
        page[pdf_name("/CropBox")] = generic.ArrayObject([generic.NumberObject(v) for v in (40, 60, 560, 800)])
    writer.update_container(page)
    import numpy as np

    red = np.zeros((40, 40, 3), np.uint8)
    red[..., 0] = 255
    pdf = _signed_below(written(writer), red)
    found = only(pdf).appearance
    assert found is not None
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        pixmap = document[0].get_pixmap(dpi=100)
    pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
    rows, columns = np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 60))
    mm = 25.4 / 100
    seen = (columns.min() * mm, rows.min() * mm, (np.ptp(columns) + 1) * mm, (np.ptp(rows) + 1) * mm)
    assert found.box_mm == pytest.approx(seen, abs=0.6)


def _signed_below(pdf: bytes, picture: Any) -> bytes:
    """Signed with a box in the page's own coordinates, which turning and cropping leave alone."""
    from unittest.mock import patch

    look = Look(1, (0, 0, 1, 1), picture)
    with patch("verify.simulation.signing._box", return_value=(150.0, 250.0, 220.0, 290.0)):
        return sign_pdf(pdf, signer(), at=SIGNED, timestamper=PKI.timestamper(SIGNED), appearance=look)

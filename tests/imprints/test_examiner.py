"""Imprints in documents: cut out at the page's own resolution, held against their seals, one failure stopping nothing."""

from __future__ import annotations

import io
from datetime import date
from typing import ClassVar

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.golden.test_golden import page
from verify.core.errors import NotExamined, Problem
from verify.core.exhibits import Piece
from verify.formats import read
from verify.imprints import examiner, screening
from verify.imprints.calibrations import read_calibration
from verify.imprints.claims import Claims
from verify.imprints.evidence import ImprintEvidence
from verify.imprints.sight import sight
from verify.simulation.contracts import Scan, contract_pdf
from verify.simulation.registry import png_with_dpi
from verify.stores.models import find_model
from verify.stores.packaged import packaged
from verify.stores.seals import FolderShelf, ReferenceSeal, SealShelf, Specimen
from verify.verifier import CALIBRATION

XINGHE = ("xinghe-company", "xinghe-contract", "xinghe-contract-old", "xinghe-finance")


class OneSpecimen(FolderShelf):
    """Some of the demonstration's seals with their first specimen; counts how often a picture is asked for."""

    asked: ClassVar[list[str]] = []

    def seals(self) -> tuple[ReferenceSeal, ...]:
        return tuple(
            s.model_copy(update={"specimen": s.specimen[:1]})
            for s in FolderShelf(self.folder).seals()
            if s.id in XINGHE
        )

    def specimen(self, seal: ReferenceSeal, specimen: Specimen) -> bytes:
        self.asked.append(seal.id)
        return super().specimen(seal, specimen)


def compared(shelf: SealShelf, *seals: str) -> ImprintEvidence:
    calibration = read_calibration(find_model((packaged("models"),), CALIBRATION))
    document = read(png_with_dpi(page(None), 300.0))
    (one,) = imprints(list(examiner.ImprintExaminer(shelf, calibration).examine(document, Claims(seals=seals))))
    return one


def described(data: bytes, **options: int) -> list[object]:
    return list(examiner.describe(read(data), **options))


def imprints(things: list[object]) -> list[ImprintEvidence]:
    return [t for t in things if isinstance(t, ImprintEvidence)]


def test_a_picture_of_1200_dpi_is_cut_where_the_seal_is() -> None:
    large = cv2.resize(page(None), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    (one,) = sight(read(png_with_dpi(large, 1200.0)).pages[0])
    (small,) = sight(read(png_with_dpi(page(None), 300.0)).pages[0])
    assert one.imprint.dpi == 1200.0
    assert one.box == pytest.approx([4 * v for v in small.box], abs=24)
    assert np.ptp(one.imprint.pixels) > 100


def test_a_scan_in_a_pdf_is_measured_at_its_own_resolution() -> None:
    pdf = contract_pdf("Contract (fictional)", ["A"], ["One."], pages=[Scan(page(None), 300.0)])
    (one,) = imprints(described(pdf))
    assert (one.page, one.dpi) == (2, pytest.approx(300.0, rel=0.01))
    assert one.size_mm == pytest.approx((40.0, 40.0), abs=1.0)


def test_pages_past_the_bound_are_named_as_not_examined() -> None:
    frames = [Image.new("RGB", (60, 40), "white") for _ in range(5)]
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:])
    (left,) = described(out.getvalue(), pages=2)
    assert left == NotExamined(pages="3-5", why="imprints are looked for on 2 pages")


def test_a_broken_imprint_is_a_problem_and_the_page_is_still_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ValueError("nothing to fit")

    monkeypatch.setattr(examiner, "measure", breaks)
    things = described(png_with_dpi(page(None), 300.0))
    assert [t.code for t in things if isinstance(t, Problem)] == ["imprint-not-examined"]
    assert [t.exhibit.role for t in things if isinstance(t, Piece)] == ["page"]


def test_of_many_claimed_seals_the_unlike_are_screened_only_and_decide_nothing() -> None:
    one = compared(OneSpecimen(packaged("reference_seals")), *XINGHE)
    assert "xinghe-company" in {c.seal for c in one.comparisons}
    (over,) = one.passed_over
    assert (over.claimed_by, over.in_full) == (("caller",), False)
    assert over.screened is not None and over.screened < 0.9
    assert one.comparisons[0].taken == (date(2022, 1, 5),)


def test_what_screening_made_of_a_specimen_serves_the_next_document() -> None:
    screening._specimens.clear()
    shelf = OneSpecimen(packaged("reference_seals"))
    compared(shelf, *XINGHE)
    shelf.asked.clear()
    (over,) = compared(shelf, *XINGHE).passed_over
    assert over.seal not in shelf.asked

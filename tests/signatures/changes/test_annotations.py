"""Annotations after the signature: where they are permitted, what they hide and what they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from tests.signatures.documents import (
    PKI,
    SIGNED,
    TEXT_BOX,
    contract,
    doubted,
    edits_of,
    examined,
    forbidden,
    only,
    permitted,
    signed,
    signer,
    update,
)
from verify.simulation.signing import Look, sign_pdf
from verify.simulation.tampering import hide_content

EMPTY_BOX = (22.0, 250.0, 60.0, 10.0)
LINK = {"/Subtype": "/Link"}


def annotated(entries: dict[str, Any], *, certify: str | None = "annotate", look: bytes | None = None) -> bytes:
    """A certified contract to which an annotation was added, over the words that `TEXT_BOX` frames."""

    def change(writer: Any) -> None:
        page = writer.find_page_for_modification(0)[0].get_object()
        height = float(page["/MediaBox"][3])
        x, y, w, h = (v * 72 / 25.4 for v in TEXT_BOX)
        box = [generic.FloatObject(f"{v:.2f}") for v in (x, height - y - h, x + w, height - y)]
        annotation = generic.DictionaryObject({pdf_name("/Rect"): generic.ArrayObject(box)})
        annotation.update({pdf_name(k): pdf_name(v) if isinstance(v, str) else v for k, v in entries.items()})
        if look is not None:
            form = generic.StreamObject(stream_data=look)
            form[pdf_name("/Subtype")] = pdf_name("/Form")
            form[pdf_name("/BBox")] = generic.ArrayObject([generic.FloatObject(v) for v in ("0", "0", str(w), str(h))])
            multiply = generic.DictionaryObject({pdf_name("/BM"): pdf_name("/Multiply")})
            states = generic.DictionaryObject({pdf_name("/M"): multiply})
            form[pdf_name("/Resources")] = generic.DictionaryObject({pdf_name("/ExtGState"): states})
            annotation[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})
        held = page["/Annots"] if "/Annots" in page else generic.ArrayObject()
        kept = [held.raw_get(i) for i in range(len(held))]
        page[pdf_name("/Annots")] = generic.ArrayObject([*kept, writer.add_object(annotation)])
        writer.update_container(page)

    return update(signed(certify=certify), change)


def test_an_annotation_is_suspicious_where_no_certification_permits_it() -> None:
    found = only(hide_content(signed(), 1, EMPTY_BOX))
    assert found.modification == "suspicious"
    assert any(c.object == "page 1, annotation Square" and c.permitted_by is None for c in found.changes)
    assert only(hide_content(signed(certify="fill-forms"), 1, EMPTY_BOX)).modification == "suspicious"


def test_an_annotation_on_an_empty_place_is_permitted_where_the_certification_says_so() -> None:
    assert only(hide_content(signed(certify="annotate"), 1, EMPTY_BOX)).modification == "permitted"


def test_an_annotation_tells_where_it_shows() -> None:
    (edit,) = [
        e for e in edits_of(hide_content(signed(certify="annotate"), 1, EMPTY_BOX)) if e.kind == "annotation-added"
    ]
    assert edit.page == 1
    assert edit.box_mm == pytest.approx(EMPTY_BOX, abs=0.1)


@pytest.mark.parametrize("subtype", ["/Square", "/FreeText", "/Stamp", "/Redact", "/Highlight", "/Text"])
def test_the_evil_annotation_that_hides_words_is_never_permitted(subtype: str) -> None:
    """Whatever it calls itself, a filled box over the fee is no comment."""
    pdf = annotated({"/Subtype": subtype}, look=b"1 1 1 rg 0 0 2000 2000 re f")
    assert doubted(pdf, level=3) == {f"page 1, annotation {subtype[1:]}": "annotation-over-content"}
    assert forbidden(pdf, level=2) == {f"page 1, annotation {subtype[1:]}": "annotation-over-content"}
    assert only(pdf).modification != "permitted"


WHITE = b"1 1 1 rg 0 0 2000 2000 re f"


@pytest.mark.parametrize("subtype", ["/Link", "/Popup"])
def test_what_only_some_engines_draw_counts_as_drawn(subtype: str) -> None:
    """MuPDF draws neither, PDFium the link, poppler both."""
    pdf = annotated({"/Subtype": subtype, "/F": generic.NumberObject(4)}, look=WHITE)
    assert doubted(pdf, level=3) == {f"page 1, annotation {subtype[1:]}": "annotation-over-content"}


def test_what_shows_in_print_alone_counts_as_drawn() -> None:
    pdf = annotated({"/Subtype": "/Stamp", "/F": generic.NumberObject(36)}, look=WHITE)
    assert doubted(pdf, level=3) == {"page 1, annotation Stamp": "annotation-over-content"}


def test_an_annotation_is_asked_where_its_points_lie() -> None:
    """Without an appearance, the engines draw a marking by its points, wherever its rectangle is."""
    height = 842.0
    x, y, w, h = (v * 72 / 25.4 for v in TEXT_BOX)
    points = (x, height - y, x + w, height - y, x, height - y - h, x + w, height - y - h)
    corners = generic.ArrayObject([generic.FloatObject(f"{v:.2f}") for v in points])
    black = generic.ArrayObject([generic.NumberObject(0)] * 3)
    far = generic.ArrayObject([generic.NumberObject(v) for v in (10, 10, 20, 20)])
    pdf = annotated({"/Subtype": "/Highlight", "/Rect": far, "/QuadPoints": corners, "/C": black})
    assert doubted(pdf, level=3) == {"page 1, annotation Highlight": "annotation-over-content"}


def drawn_shapes(shapes: bytes, certify: str) -> bytes:
    """A certified contract with shapes in `EMPTY_BOX`, which lies at 62 to 232 and 105 to 133 points."""

    def change(writer: Any) -> None:
        page = writer.find_page_for_modification(0)[0].get_object()
        more = writer.add_object(generic.StreamObject(stream_data=b"q 0 g 0 G " + shapes + b" Q"))
        held = page["/Contents"] if isinstance(page["/Contents"], generic.ArrayObject) else None
        first = [held.raw_get(i) for i in range(len(held))] if held is not None else [page.raw_get("/Contents")]
        page[pdf_name("/Contents")] = generic.ArrayObject([*first, more])
        writer.update_container(page)

    return sign_pdf(update(contract(), change), signer(), at=SIGNED, certify=certify)  # type: ignore[arg-type]


BARS = b"70 110 10 14 re 85 110 10 14 re 100 110 60 14 re f"


def test_shapes_that_are_drawn_are_content_like_words() -> None:
    stamped = hide_content(drawn_shapes(BARS, "annotate"), 1, EMPTY_BOX)
    assert doubted(stamped, level=3) == {"page 1, annotation Square": "annotation-over-content"}
    later = sign_pdf(
        drawn_shapes(BARS, "fill-forms"), PKI.signer("北辰贸易有限公司（虚构）"), at=SIGNED, field="Signature2",
        appearance=Look(1, EMPTY_BOX, np.full((20, 120, 3), 255, np.uint8)),
    )  # fmt: skip
    assert doubted(later, level=2) == {"page 1, field Signature2": "signature-over-content"}


def test_a_signature_on_the_line_to_sign_on_is_permitted() -> None:
    later = sign_pdf(
        drawn_shapes(b"1 w 70 115 m 225 115 l S", "fill-forms"), PKI.signer("北辰贸易有限公司（虚构）"), at=SIGNED,
        field="Signature2", appearance=Look(1, EMPTY_BOX, np.full((20, 120, 3), 255, np.uint8)),
    )  # fmt: skip
    assert not doubted(later, level=2)
    assert not forbidden(later, level=2)


def test_a_highlight_that_leaves_the_words_legible_is_permitted() -> None:
    pdf = annotated({"/Subtype": "/Highlight"}, look=b"/M gs 1 1 0 rg 0 0 2000 2000 re f")
    assert permitted(pdf, level=3)["page 1, annotation Highlight"] == "annotation-added"
    assert not doubted(pdf, level=3)


def test_an_annotation_whose_removal_uncovers_words_is_in_doubt() -> None:
    """The "hide" attack the other way round: what was signed under a cover is shown by removing the cover."""
    covered = hide_content(signed(), 1, TEXT_BOX)
    pdf = sign_pdf(covered, PKI.signer("北辰贸易有限公司（虚构）"), at=SIGNED, field="Signature2")

    def change(writer: Any) -> None:
        page = writer.find_page_for_modification(0)[0].get_object()
        for index, annotation in enumerate(page["/Annots"]):
            if annotation.get_object()["/Subtype"] == "/Square":
                del page["/Annots"][index]
                break
        writer.update_container(page["/Annots"] if page["/Annots"].container_ref != page.container_ref else page)

    kinds = {e.kind for e in edits_of(update(pdf, change))}
    assert "annotation-uncovers-content" in kinds


@pytest.mark.parametrize("action", ["/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Hide", "/SetOCGState"])
def test_an_annotation_that_acts_is_never_permitted(action: str) -> None:
    pdf = annotated({**LINK, "/A": generic.DictionaryObject({pdf_name("/S"): pdf_name(action)})})
    assert forbidden(pdf, level=3) == {"page 1, annotation Link": "active-content"}


def test_an_action_behind_another_is_found() -> None:
    script = generic.DictionaryObject({pdf_name("/S"): pdf_name("/JavaScript")})
    first = generic.DictionaryObject({pdf_name("/S"): pdf_name("/GoTo"), pdf_name("/Next"): script})
    assert "active-content" in forbidden(annotated({**LINK, "/A": first}), level=3).values()


@pytest.mark.parametrize("action", ["/URI", "/GoToR"])
def test_a_link_that_leads_out_is_named_and_permitted_as_an_annotation(action: str) -> None:
    pdf = annotated({**LINK, "/A": generic.DictionaryObject({pdf_name("/S"): pdf_name(action)})})
    kinds = {e.kind for e in edits_of(pdf)}
    assert {"active-content", "annotation-added"} <= kinds
    assert not forbidden(pdf, level=3)
    assert (
        "active-content" in forbidden(pdf, level=2).values() or "annotation-added" in forbidden(pdf, level=2).values()
    )


def test_a_file_attached_by_an_annotation_is_named() -> None:
    pdf = annotated({"/Subtype": "/FileAttachment", "/FS": generic.DictionaryObject()})
    assert "attachment-added" in {e.kind for e in edits_of(pdf)}
    assert "attachment-added" not in permitted(pdf, level=3).values()


def visible_signature(picture: Any, box: tuple[float, float, float, float]) -> bytes:
    other = PKI.signer("北辰贸易有限公司（虚构）")
    return sign_pdf(
        signed(certify="fill-forms"), other, at=SIGNED, field="Signature2", appearance=Look(1, box, picture)
    )


def test_the_sneaky_signature_that_lies_over_content_is_in_doubt() -> None:
    pdf = visible_signature(np.full((40, 40, 3), 255, np.uint8), TEXT_BOX)
    assert doubted(pdf, level=2) == {"page 1, field Signature2": "signature-over-content"}
    assert examined(pdf)[0].modification != "permitted"


def test_a_signature_on_an_empty_place_is_permitted() -> None:
    pdf = visible_signature(np.full((40, 40, 3), 255, np.uint8), (40, 200, 40, 40))
    assert not doubted(pdf, level=2)
    assert not forbidden(pdf, level=2)

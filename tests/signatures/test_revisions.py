"""What changed after signing: permitted, suspicious or unknown, with the objects named."""

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
    drawn_stamp,
    examined,
    fill,
    form_look,
    only,
    signed,
    signer,
    stamped,
    update,
    with_empty_field,
    with_form,
)
from verify.simulation.contracts import Scan, contract_pdf
from verify.simulation.signing import Look, sign_pdf
from verify.simulation.tampering import (
    append_bytes,
    change_text,
    hide_content,
    save_incrementally_broken,
    swap_appearance,
)


def words(pdf: bytes) -> dict[str, str | None]:
    return {f"{c.object}: {c.kind}": c.permitted_by for c in only(pdf).changes}


def test_nothing_after_the_signature_is_none() -> None:
    found = only(signed(revocation=False))
    assert (found.modification, found.coverage, found.changes) == ("none", "whole-file", ())


def test_validation_data_added_later_is_permitted() -> None:
    found = only(signed())
    assert (found.modification, found.coverage) == ("permitted", "revision")
    assert (found.revision, found.revisions) == (2, 3)
    assert words(signed())["validation data (DSS): added"] == "validation-data"


def test_a_document_timestamp_is_permitted_even_where_nothing_else_is() -> None:
    certified = signed(certify="no-changes")
    found = only(certified)
    assert (found.certification, found.modification) == ("no-changes", "permitted")
    assert only(stamped()).modification == "permitted"


@pytest.mark.parametrize("place", ["field", "widget", "indirect", "prepared"])
@pytest.mark.parametrize("as_signature", [False, True])
def test_a_timestamp_that_draws_on_the_page_is_suspicious(place: str, as_signature: bool) -> None:
    """Anyone's authority would do, and a white widget could lie over the fee."""
    before = with_empty_field() if place == "prepared" else signed()
    found = only(drawn_stamp(before, place=place, as_signature=as_signature))
    assert found.modification == "suspicious"
    assert any(c.object == "field Timestamp1, appearance" and c.permitted_by is None for c in found.changes)


def test_a_timestamp_with_a_look_but_no_room_is_suspicious() -> None:
    assert only(drawn_stamp(signed(), rect=(0, 0, 0, 0))).modification == "suspicious"


def test_a_timestamp_with_room_but_no_look_is_suspicious() -> None:
    assert only(drawn_stamp(signed(), look=None)).modification == "suspicious"


@pytest.mark.parametrize("look", [b"", b"% DSBlank\n", None])
def test_an_invisible_timestamp_may_have_an_empty_look(look: bytes | None) -> None:
    found = only(drawn_stamp(signed(), rect=(0, 0, 0, 0), look=look))
    assert found.modification == "permitted"


def test_the_widget_of_a_later_signature_may_be_seen() -> None:
    picture = np.full((40, 40, 3), 255, np.uint8)
    other = PKI.signer("北辰贸易有限公司（虚构）")
    second = sign_pdf(signed(), other, at=SIGNED, field="Signature2", appearance=Look(1, (40, 200, 40, 40), picture))
    assert examined(second)[0].modification == "permitted"


def test_changed_text_is_suspicious_and_names_the_page() -> None:
    found = only(change_text(signed(), 1, TEXT_BOX, "The fee is CNY 900,000."))
    assert (found.intact, found.modification) == (True, "suspicious")
    assert (found.indication, found.sub_indication) == ("TOTAL_FAILED", "FORMAT_FAILURE")
    assert any(c.object == "page 1, content" and c.permitted_by is None for c in found.changes)


def test_content_hidden_by_an_annotation_is_suspicious() -> None:
    found = only(hide_content(signed(), 1, TEXT_BOX))
    assert found.modification == "suspicious"
    assert any(c.object == "page 1, annotation Square" for c in found.changes)


def test_an_annotation_is_permitted_where_the_certification_says_so() -> None:
    pdf = hide_content(signed(certify="annotate"), 1, TEXT_BOX)
    assert only(pdf).modification == "permitted"
    assert only(hide_content(signed(certify="fill-forms"), 1, TEXT_BOX)).modification == "suspicious"


def test_bytes_after_the_end_are_never_none() -> None:
    found = only(append_bytes(signed(revocation=False)))
    assert found.modification == "unknown"
    assert found.modification_detail == "unlisted-bytes"
    assert only(append_bytes(signed(revocation=False), b"\r\n\x00")).modification == "none"


def test_incremental_saving_with_a_broken_table_is_suspicious() -> None:
    found = only(save_incrementally_broken(signed(), 1, TEXT_BOX, "The fee is CNY 900,000."))
    assert found.intact is True
    assert found.modification == "suspicious"
    assert any(c.kind == "unlisted" for c in found.changes)


def test_filling_a_form_is_permitted_and_named() -> None:
    found = only(fill(with_form(), "250", "250"))
    assert found.modification == "permitted"
    assert {c.object for c in found.changes} >= {"field amount", "field amount, appearance"}


def test_an_appearance_without_its_value_is_the_replace_attack() -> None:
    found = only(swap_appearance(with_form(), "amount", "900000"))
    assert found.modification == "suspicious"
    assert any(c.kind == "appearance-without-value" for c in found.changes)


def test_an_appearance_that_shows_another_value_is_suspicious() -> None:
    found = only(fill(with_form(), "250", "900000"))
    assert found.modification == "suspicious"
    assert any(c.kind == "appearance-differs" for c in found.changes)


def test_an_appearance_stream_changed_in_place_is_suspicious() -> None:
    def change(writer: Any) -> None:
        field = next(f.get_object() for f in writer.root["/AcroForm"]["/Fields"] if f.get_object()["/T"] == "amount")
        stream = field["/AP"]["/N"]
        stream._data = form_look("900000").data
        stream._encoded_data = None
        writer.mark_update(field["/AP"].raw_get("/N").reference)

    found = only(update(with_form(), change))
    assert found.modification == "suspicious"
    assert any(c.object == "field amount, appearance" for c in found.changes)


def test_a_locked_field_may_not_be_filled() -> None:
    assert only(fill(with_form(lock=True), "250", "250")).modification == "suspicious"


def test_a_second_signature_is_permitted_and_both_are_judged() -> None:
    second = sign_pdf(signed(), PKI.signer("北辰贸易有限公司（虚构）"), at=SIGNED, field="Signature2")
    first, other = examined(second)
    assert (first.field, first.modification) == ("Signature1", "permitted")
    assert (other.field, other.modification, other.coverage) == ("Signature2", "none", "whole-file")
    assert any(c.kind == "signature-added" and c.permitted_by == "signature" for c in first.changes)


def test_a_second_signature_breaks_a_certification_that_allows_nothing() -> None:
    from verify.simulation import signing

    writer = signing.update_of(signed(certify="no-changes"), "forced")
    # pyHanko refuses to sign here, so the field is added by hand, with the first signature as its value.
    first = writer.root["/AcroForm"]["/Fields"][0]
    writer.root["/AcroForm"]["/Fields"].append(
        writer.add_object(
            generic.DictionaryObject(
                {
                    pdf_name("/FT"): pdf_name("/Sig"),
                    pdf_name("/T"): generic.pdf_string("Signature2"),
                    pdf_name("/V"): first.raw_get("/V"),
                }
            )
        )
    )
    writer.update_container(writer.root["/AcroForm"]["/Fields"])
    assert only(signing.written(writer)).modification in ("suspicious", "unknown")


@pytest.mark.parametrize(
    ("key", "kind"),
    [("/OpenAction", "active-content"), ("/AA", "active-content"), ("/OCProperties", "added"), ("/Names", "added")],
)
def test_a_new_entry_of_the_catalogue_is_suspicious(key: str, kind: str) -> None:
    def change(writer: Any) -> None:
        writer.root[pdf_name(key)] = generic.DictionaryObject({pdf_name("/S"): pdf_name("/JavaScript")})
        writer.update_root()

    found = only(update(signed(), change))
    assert found.modification == "suspicious"
    assert any(c.object == f"document, {key[1:]}" and c.kind == kind for c in found.changes)


def test_a_removed_page_is_suspicious() -> None:
    def change(writer: Any) -> None:
        pages = writer.root["/Pages"]
        pages["/Kids"].append(pages["/Kids"].raw_get(0))
        pages[pdf_name("/Count")] = generic.NumberObject(2)
        writer.update_container(pages)

    found = only(update(signed(), change))
    assert any(c.object == "pages" and c.kind == "page-added" for c in found.changes)
    assert found.modification == "suspicious"


def test_a_turned_page_is_suspicious() -> None:
    def change(writer: Any) -> None:
        page = writer.find_page_for_modification(0)[0].get_object()
        page[pdf_name("/Rotate")] = generic.NumberObject(180)
        writer.update_container(page)

    assert only(update(signed(), change)).modification == "suspicious"


def test_an_object_written_again_as_it_was_is_no_change() -> None:
    def change(writer: Any) -> None:
        page = writer.find_page_for_modification(0)[0].get_object()
        writer.update_container(page)

    assert only(update(signed(revocation=False), change)).modification == "none"


def test_a_reason_written_into_a_signature_afterwards_is_suspicious() -> None:
    def change(writer: Any) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        value = field["/V"]
        value[pdf_name("/Reason")] = generic.pdf_string("I approve of everything")
        writer.mark_update(field.raw_get("/V").reference)

    assert only(update(signed(), change)).modification == "suspicious"


def test_metadata_may_change() -> None:
    def change(writer: Any) -> None:
        writer.set_info(generic.DictionaryObject({pdf_name("/Title"): generic.pdf_string("Another title")}))

    found = only(update(signed(), change))
    assert found.modification == "permitted"


def test_a_dangling_reference_that_gets_an_object_is_judged() -> None:
    """A shadow document refers to what is not there yet; the update supplies it."""
    from tests.signatures.documents import contract
    from verify.simulation.signing import update_of, written

    writer = update_of(contract(), "dangling")
    page = writer.find_page_for_modification(0)[0].get_object()
    missing = writer.allocate_placeholder()
    page[pdf_name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), missing])
    writer.update_container(page)
    prepared = written(writer)
    pdf = sign_pdf(prepared, signer(), at=SIGNED)

    def change(late: Any) -> None:
        stream = generic.StreamObject(stream_data=b"1 1 1 rg 0 0 500 500 re f")
        late.objects[(missing.generation, missing.idnum)] = stream
        stream.container_ref = generic.Reference(missing.idnum, missing.generation, late)

    found = only(update(pdf, change))
    assert found.modification == "suspicious"


def test_a_signature_that_leaves_out_the_end_of_its_revision_is_in_doubt() -> None:
    """What stands behind the signed part but belongs to the same revision could have been written by anybody."""
    import re

    plain = signed(revocation=False)
    # The signed range ends before "%%EOF"; the digest does not matter here.
    span = re.search(rb"/ByteRange \[ ?0 (\d+) (\d+) (\d+) ?\]", plain)
    assert span is not None
    shorter = f"/ByteRange [0 {span.group(1).decode()} {span.group(2).decode()} {int(span.group(3)) - 7}]".encode()
    cut = plain.replace(span.group(), shorter.ljust(len(span.group())), 1)
    later = update(cut, lambda writer: writer.update_root())
    assert only(later).modification == "unknown"
    assert only(later).modification_detail == "trailer-not-covered"


def test_a_field_that_is_made_read_only_after_signing_is_permitted() -> None:
    def change(writer: Any) -> None:
        field = next(f.get_object() for f in writer.root["/AcroForm"]["/Fields"] if f.get_object()["/T"] == "amount")
        field[pdf_name("/Ff")] = generic.NumberObject(1)
        writer.update_container(field)

    assert only(update(with_form(), change)).modification == "permitted"


def test_a_change_is_named_by_the_page_that_a_reader_sees() -> None:
    pages = [Scan(np.full((40, 30, 3), 250, np.uint8), 20.0)] * 2
    pdf = contract_pdf("Contract (fictional)", ["A"], ["One."], pages=pages)
    signed_pdf = sign_pdf(pdf, signer(), at=SIGNED)
    for page in (1, 2, 3):
        changed = only(change_text(signed_pdf, page, (2.0, 2.0, 10.0, 5.0), "x"))
        assert {c.object.split(",")[0] for c in changed.changes if c.permitted_by is None} == {f"page {page}"}

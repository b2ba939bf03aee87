"""What changed after signing: permitted, suspicious or unknown, with the objects named."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from tests.signatures.documents import (
    PKI,
    SIGNED,
    drawn_stamp,
    examined,
    only,
    signed,
    stamped,
    update,
    with_empty_field,
)
from verify.reports.html import labels
from verify.signatures.changes.edits import Edit, Kind
from verify.signatures.changes.revisions import Terms
from verify.signatures.changes.tables import StrangerKind
from verify.signatures.pdf import find, open_signed, stray
from verify.simulation.signing import Look, sign_pdf


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


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_kind_of_change_has_its_words(lang: str) -> None:
    kinds = {*get_args(Kind), *get_args(StrangerKind)}
    assert not sorted(k for k in kinds if k not in labels(lang)["words"])


@pytest.mark.parametrize("level", [None, 1, 2, 3])
def test_what_hides_content_is_permitted_by_no_certification(level: int | None) -> None:
    covering = Edit(2, "page 1, annotation Stamp", "annotation-over-content", "covering")
    assert Terms(level).allow(covering) is None
    assert Terms(level).doubt(covering) is (level == 3)


def test_a_later_signature_over_content_is_in_doubt_only_where_somebody_certified() -> None:
    over = Edit(2, "field Signature2", "signature-over-content", "covered-by-signing", "signature", "Signature2")
    assert Terms(None).allow(over) == "signature"
    assert [Terms(level).doubt(over) for level in (None, 1, 2, 3)] == [False, False, True, True]
    assert not Terms(2, {"action": "All", "fields": []}).doubt(over)


@pytest.mark.parametrize("rights", [False, True])
def test_usage_rights_are_no_signature_that_the_form_leaves_out(rights: bool) -> None:
    def change(writer: Any) -> None:
        if rights:
            value = writer.root["/AcroForm"]["/Fields"][0].raw_get("/V")
            writer.root[pdf_name("/Perms")] = generic.DictionaryObject({pdf_name("/UR3"): value})
        del writer.root["/AcroForm"]
        writer.update_root()

    file = open_signed(update(signed(revocation=False), change), None)
    assert not list(find(file))
    assert len(stray(file)) == (0 if rights else 1)

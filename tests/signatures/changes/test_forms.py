"""Forms after the signature: filling them in is permitted, showing something else than the value is not."""

from __future__ import annotations

from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from tests.signatures.documents import (
    PKI,
    SIGNED,
    chinese_look,
    doubted,
    edits_of,
    field_named,
    fill,
    forbidden,
    form_look,
    only,
    permitted,
    signed,
    update,
    with_fields,
    with_form,
)
from verify.signatures.changes.fieldtext import agrees
from verify.simulation.signing import sign_pdf, update_of, written
from verify.simulation.tampering import swap_appearance


def changed(pdf: bytes, name: str, entries: dict[str, Any], look: Any = None) -> bytes:
    """A field with other entries, and another look where one is given (a stream, or what makes one)."""

    def change(writer: Any) -> None:
        field = field_named(writer, name)
        for key, value in entries.items():
            field[pdf_name(key)] = value
        if look is not None:
            stream = look(writer) if callable(look) else writer.add_object(look)
            field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): stream})
        writer.update_container(field)

    return update(pdf, change)


def text(value: str) -> Any:
    return generic.pdf_string(value)


def test_filling_a_form_is_permitted_named_and_placed() -> None:
    found = only(fill(with_form(), "250", "250"))
    assert found.modification == "permitted"
    assert {c.object for c in found.changes} >= {"field amount", "field amount, appearance"}
    assert all(c.page == 1 and c.box_mm is not None for c in found.changes if c.object.startswith("field amount"))


def test_an_appearance_without_its_value_is_the_replace_attack() -> None:
    found = only(swap_appearance(with_form(), "amount", "900000"))
    assert found.modification == "suspicious"
    assert any(c.kind == "appearance-without-value" for c in found.changes)


def test_an_appearance_that_shows_another_value_is_suspicious() -> None:
    found = only(fill(with_form(), "250", "900000"))
    assert found.modification == "suspicious"
    assert any(c.kind == "appearance-differs" for c in found.changes)


@pytest.mark.parametrize("shown", ["9250", "2500", "25", ""])
def test_an_amount_with_a_figure_more_or_less_is_another_amount(shown: str) -> None:
    assert "appearance-differs" in forbidden(fill(with_form(), "250", shown)).values()


@pytest.mark.parametrize("shown", ["250.00", "CNY 250", "2 5 0", "250,-"])
def test_an_amount_may_be_shown_with_its_currency_and_cents(shown: str) -> None:
    assert not forbidden(fill(with_form(), "250", shown))


def test_an_appearance_stream_changed_in_place_is_suspicious() -> None:
    def change(writer: Any) -> None:
        field = field_named(writer, "amount")
        stream = field["/AP"]["/N"]
        stream._data = form_look("900000").data
        stream._encoded_data = None
        writer.mark_update(field["/AP"].raw_get("/N").reference)

    assert forbidden(update(with_form(), change)) == {"field amount, appearance": "appearance-without-value"}


def test_hexadecimal_text_is_read() -> None:
    look = form_look("")
    look._data = b"BT /Helv 11 Tf 2 4 Td <393030303030> Tj ET"
    assert forbidden(changed(with_form(), "amount", {"/V": text("250")}, look)) == {
        "field amount, appearance": "appearance-differs"
    }


@pytest.mark.parametrize(("value", "agreed"), [("贰佰伍拾元", True), ("玖拾万元", False)])
def test_chinese_text_in_glyph_numbers_is_read(value: str, agreed: bool) -> None:
    pdf = changed(with_form(), "amount", {"/V": text(value)}, lambda writer: chinese_look(writer, "贰佰伍拾元"))
    assert forbidden(pdf) == ({} if agreed else {"field amount, appearance": "appearance-differs"})


def test_text_that_is_not_drawn_does_not_count() -> None:
    look = form_look("")
    look._data = b"BT /Helv 11 Tf 3 Tr 2 4 Td (250) Tj 0 Tr (900000) Tj ET"
    assert "appearance-differs" in forbidden(changed(with_form(), "amount", {"/V": text("250")}, look)).values()


def test_a_picture_in_the_place_of_a_value_is_in_doubt() -> None:
    look = form_look("")
    look._data = b"0 0 1 rg 2 2 50 10 re f"
    (edit,) = [
        e for e in edits_of(changed(with_form(), "amount", {"/V": text("250")}, look)) if e.kind == "appearance-differs"
    ]
    assert edit.permission == "doubtful"


def test_a_value_in_an_object_of_its_own_is_held_against_its_look_as_well() -> None:
    writer = update_of(with_form(), "indirect")
    field = field_named(writer, "amount")
    field[pdf_name("/V")] = writer.add_object(text("100"))
    writer.update_container(field)
    pdf = sign_pdf(written(writer), PKI.signer("北辰贸易有限公司（虚构）"), at=SIGNED, field="Signature2")

    def change(late: Any) -> None:
        held = field_named(late, "amount")
        number = held.raw_get("/V").reference
        late.objects[(number.generation, number.idnum)] = text("250")
        stream = held["/AP"]["/N"]
        stream._data, stream._encoded_data = form_look("900000").data, None
        late.mark_update(held["/AP"].raw_get("/N").reference)

    assert "appearance-differs" in {e.kind for e in edits_of(update(pdf, change))}


def test_a_tick_and_its_value_go_together() -> None:
    yes, off = pdf_name("/Yes"), pdf_name("/Off")
    assert not forbidden(changed(with_fields(), "agreed", {"/V": yes, "/AS": yes}))
    for value, state in ((off, yes), (yes, off), (yes, pdf_name("/Other"))):
        pdf = changed(with_fields(), "agreed", {"/V": value, "/AS": state})
        assert forbidden(pdf) == {"field agreed, appearance": "state-differs"}


@pytest.mark.parametrize(("shown", "agreed"), [("Shanghai", True), ("sh", True), ("Beijing", False)])
def test_a_choice_shows_what_was_chosen(shown: str, agreed: bool) -> None:
    pdf = changed(with_fields(), "place", {"/V": text("sh")}, form_look(shown))
    assert forbidden(pdf) == ({} if agreed else {"field place, appearance": "appearance-differs"})


def test_rich_text_says_what_the_value_says() -> None:
    same = {"/V": text("some"), "/RV": text("<p>so<b>me</b></p>")}
    other = {"/V": text("some"), "/RV": text("<p>nothing at all</p>")}
    assert not forbidden(changed(with_fields(), "note", same, form_look("some")))
    assert forbidden(changed(with_fields(), "note", other, form_look("some"))) == {
        "field note, RV": "rich-text-differs"
    }


def test_a_comb_shows_its_letters_one_by_one() -> None:
    look = form_look("")
    look._data = b"BT /Helv 9 Tf 2 4 Td (2) Tj 20 0 Td (5) Tj 20 0 Td (0) Tj ET"
    assert not forbidden(changed(with_form(), "amount", {"/V": text("250")}, look))


def test_a_font_of_the_form_that_is_overwritten_is_named() -> None:
    """Other letters under the same codes: every field that uses the font shows something else."""

    def change(writer: Any) -> None:
        fonts = writer.root["/AcroForm"]["/DR"]["/Font"]
        fonts["/Helv"][pdf_name("/BaseFont")] = pdf_name("/Symbol")
        writer.mark_update(fonts.raw_get("/Helv").reference)

    pdf = update(with_fields(), change)
    assert "font-replaced" in forbidden(pdf).values()
    assert only(pdf).modification == "suspicious"


def test_a_font_in_an_appearance_that_is_overwritten_is_named_though_the_field_is_filled() -> None:
    writer = update_of(with_form(), "font")
    field = field_named(writer, "amount")
    look = form_look("100")
    names = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    font = writer.add_object(generic.DictionaryObject({pdf_name(k): pdf_name(v) for k, v in names.items()}))
    fonts = generic.DictionaryObject({pdf_name("/Helv"): font})
    look[pdf_name("/Resources")] = generic.DictionaryObject({pdf_name("/Font"): fonts})
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)})
    writer.update_container(field)
    pdf = sign_pdf(written(writer), PKI.signer("北辰贸易有限公司（虚构）"), at=SIGNED, field="Signature2")

    def change(late: Any) -> None:
        held = field_named(late, "amount")
        held[pdf_name("/V")] = text("100.00")
        late.update_container(held)
        faces = held["/AP"]["/N"]["/Resources"]["/Font"]
        faces["/Helv"][pdf_name("/BaseFont")] = pdf_name("/Symbol")
        late.mark_update(faces.raw_get("/Helv").reference)

    found = [e for e in edits_of(update(pdf, change)) if e.kind == "font-replaced"]
    assert found
    assert {e.permission for e in found} == {"never"}


def test_a_second_form_in_xfa_that_changes_is_named() -> None:
    def change(writer: Any) -> None:
        form = writer.root["/AcroForm"]
        form[pdf_name("/XFA")] = writer.add_object(generic.StreamObject(stream_data=b"<xdp/>"))
        writer.update_container(form)

    assert forbidden(update(with_form(), change)) == {"form, XFA": "xfa-changed"}


def test_a_script_that_is_given_to_a_field_is_named() -> None:
    script = generic.DictionaryObject({pdf_name("/S"): pdf_name("/JavaScript")})
    assert forbidden(changed(with_form(), "amount", {"/A": script})) == {"field amount, A": "active-content"}


def test_a_new_field_and_its_widget_are_named() -> None:
    def change(writer: Any) -> None:
        field = generic.DictionaryObject(
            {pdf_name("/FT"): pdf_name("/Tx"), pdf_name("/T"): text("extra"), pdf_name("/Subtype"): pdf_name("/Widget")}
        )
        added = writer.add_object(field)
        form, page = writer.root["/AcroForm"], writer.find_page_for_modification(0)[0].get_object()
        form["/Fields"].append(added)
        page["/Annots"].append(added)
        writer.update_container(form["/Fields"])
        writer.update_container(page["/Annots"])

    assert forbidden(update(with_form(), change), level=3) == {
        "field extra": "field-added",
        "page 1, field extra": "widget-added",
    }


def test_a_locked_field_may_not_be_filled() -> None:
    assert only(fill(with_form(lock=True), "250", "250")).modification == "suspicious"


def test_a_field_that_is_made_read_only_after_signing_is_permitted() -> None:
    assert permitted(changed(with_form(), "amount", {"/Ff": generic.NumberObject(1)})) == {
        "field amount, flags": "made-read-only"
    }


def test_a_signature_dictionary_that_is_overwritten_is_named() -> None:
    def change(writer: Any) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field["/V"][pdf_name("/Reason")] = text("I approve of everything")
        writer.mark_update(field.raw_get("/V").reference)

    found = only(update(signed(), change))
    assert found.modification == "suspicious"
    assert any(c.kind == "signature-dictionary-differs" for c in found.changes)


def test_a_field_that_points_to_another_signature_is_named() -> None:
    def change(writer: Any) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0].get_object()
        copied = generic.DictionaryObject({k: field["/V"].raw_get(k) for k in field["/V"]})
        copied[pdf_name("/Reason")] = text("I approve of everything")
        field[pdf_name("/V")] = writer.add_object(copied)
        writer.update_container(field)

    assert only(update(signed(), change)).modification in ("suspicious", "unknown")


@pytest.mark.parametrize(
    ("value", "shown", "formatted", "agreed"),
    [
        ("1234.5", "1,234.50", False, True),
        ("1234.5", "1.234,50", False, True),
        ("100009", "900001", False, False),
        ("2024-06-03", "03.06.2024", False, True),
        ("2024-06-03", "04.06.2024", False, False),
        ("0.25", "25 %", False, False),
        ("0.25", "25 %", True, True),
        ("Ja", "ja", False, True),
        ("שלום", "םולש", False, True),
        ("", "", False, True),
        ("", "900", False, False),
        ("1000.00", "100000", False, False),
        ("1.5", "15", False, False),
        ("100", "-100", False, False),
        ("1,200,900", "1,900,200", False, False),
        ("5", "5 million", False, False),
        ("100", "100%", False, False),
        ("100", "100 EUR", False, True),
        ("1000", "¥1,000.00", False, True),
        ("approved", "not approved", False, False),
        ("not approved", "approved", False, False),
        ("I agree", "I agree to nothing of this", False, False),
        ("1.500", "1500", False, False),
        ("1234", "1,234", False, True),
        ("1234.5", "1 234,50", False, True),
        ("100", "(100)", False, False),
        ("100", "100-", False, False),
        ("-100", "(100)", False, True),
        ("100", "EUR -100", False, False),
        ("5", ".5", False, False),
        ("10", "<10", False, False),
        ("10", "1/0", False, False),
        ("102", "10²", False, False),
        ("5", "5万", False, False),
        ("007", "7", False, False),
        ("5", "5月", False, False),
        ("2024-06-03", "3/6/2024", False, True),
        ("10.20.30", "30.20.10", False, False),
        ("0301234567", "(030) 123-4567", True, True),
        ("0301234567", "(030) 123-4567", False, False),
        ("", "✗", False, False),
        ("rabbit", "rab-\nbit", False, True),
    ],
)
def test_a_text_agrees_with_a_value_that_says_the_same(value: str, shown: str, formatted: bool, agreed: bool) -> None:
    assert agrees(value, shown, formatted=formatted) is agreed


def listed(flags: int, kind: str = "/Ch") -> bytes:
    """A signed form whose field "amount" is of another kind, empty, and draws nothing."""
    options = generic.ArrayObject([text(v) for v in ("Beijing", "Shanghai", "Shenzhen")])

    def change(writer: Any) -> None:
        field = field_named(writer, "amount")
        for key in ("/V", "/AP"):
            field.pop(pdf_name(key), None)
        field[pdf_name("/FT")], field[pdf_name("/Ff")] = pdf_name(kind), generic.NumberObject(flags)
        if kind == "/Ch":
            field[pdf_name("/Opt")] = options
        writer.update_container(field)

    return sign_pdf(update(with_form(), change), PKI.signer("北辰贸易有限公司（虚构）"), at=SIGNED, field="Signature2")


def late(pdf: bytes) -> dict[str, str]:
    """Object → kind of what the last revision did that is in doubt or forbidden."""
    edits = edits_of(pdf)
    newest = max(e.revision for e in edits)
    return {e.object: e.kind for e in edits if e.revision == newest and e.permission in ("doubtful", "never")}


def lines(*words: str) -> Any:
    look = form_look("")
    look._data = b"BT /Helv 6 Tf 2 14 Td " + b" 0 -6 Td ".join(b"(%s) Tj" % w.encode() for w in words) + b" ET"
    return look


DIFFERS = {"field amount, appearance": "appearance-differs"}


def test_a_list_shows_its_own_options_in_their_order() -> None:
    chosen = {"/V": text("Shanghai")}
    assert not late(changed(listed(0), "amount", chosen, lines("Beijing", "Shanghai", "Shenzhen")))
    assert not late(changed(listed(0), "amount", chosen, lines("Shanghai", "Shenzhen")))
    assert late(changed(listed(0), "amount", chosen, lines("Shanghai", "900,000"))) == DIFFERS


def test_a_password_shows_marks_and_nothing_else() -> None:
    assert not late(changed(listed(1 << 13, "/Tx"), "amount", {"/V": text("secret")}, form_look("******")))
    assert late(changed(listed(1 << 13, "/Tx"), "amount", {"/V": text("secret")}, form_look("900,000"))) == DIFFERS


def test_a_button_that_draws_something_else_is_in_doubt() -> None:
    assert late(changed(listed(1 << 16, "/Btn"), "amount", {"/V": pdf_name("/a")}, form_look("900,000"))) == DIFFERS


def test_an_appearance_without_a_box_is_in_doubt() -> None:
    """Some engines draw it, some do not."""
    look = form_look("250")
    del look["/BBox"]
    assert doubted(changed(with_form(), "amount", {"/V": text("250")}, look)) == DIFFERS


@pytest.mark.parametrize("drawing", [b"0 g 10 2 60 14 re f", b"0 g 10 2 m 40 18 l 70 2 l f"])
def test_a_value_in_white_beside_a_drawing_is_in_doubt(drawing: bytes) -> None:
    look = form_look("")
    look._data = b"1 g BT /Helv 11 Tf 2 4 Td (250) Tj ET " + drawing
    assert doubted(changed(with_form(), "amount", {"/V": text("250")}, look)) == DIFFERS


def test_a_frame_and_the_dividers_of_a_comb_are_no_drawings() -> None:
    look = form_look("")
    look._data = b"0.5 0.5 99 19 re S 33 0 m 33 20 l S 66 0 m 66 20 l S BT /Helv 11 Tf 9 4 Td (2) Tj 33 0 Td (5) Tj 33 0 Td (0) Tj ET"
    pdf = changed(with_form(), "amount", {"/V": text("250")}, look)
    assert not doubted(pdf)
    assert not forbidden(pdf)


def test_a_value_of_several_lines_is_held_against_its_look() -> None:
    value = generic.ByteStringObject(b"one\rtwo")
    assert not forbidden(changed(with_form(), "amount", {"/V": value}, lines("one", "two")))
    assert forbidden(changed(with_form(), "amount", {"/V": value}, lines("one", "ten"))) == DIFFERS


def test_a_long_text_that_is_cut_off_is_in_doubt() -> None:
    value = "everything but what is said on the second page of this contract"
    assert doubted(changed(with_form(), "amount", {"/V": text(value)}, form_look(value[:27]))) == DIFFERS

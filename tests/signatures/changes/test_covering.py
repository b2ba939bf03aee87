"""What is drawn over the contract by fields and empty signatures is never passed over in silence."""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from tests.signatures.documents import only, signed, update, with_form
from verify.signatures.changes.cover import Cover

_BOX = (50, 600, 500, 780)  # points: the contract's text stands there


def _paint(words: bytes = b"BT /F 11 Tf 5 90 Td (The fee is 900,000) Tj ET") -> generic.StreamObject:
    w, h = _BOX[2] - _BOX[0], _BOX[3] - _BOX[1]
    font = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Font"),
            pdf_name("/Subtype"): pdf_name("/Type1"),
            pdf_name("/BaseFont"): pdf_name("/Helvetica"),
        }
    )
    resources = {pdf_name("/Font"): generic.DictionaryObject({pdf_name("/F"): font})}
    return generic.StreamObject(
        dict_data={
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject([generic.NumberObject(v) for v in (0, 0, w, h)]),
            pdf_name("/Resources"): generic.DictionaryObject(resources),
        },
        stream_data=b"1 1 1 rg 0 0 %d %d re f 0 g " % (w, h) + words,
    )


def _rect() -> generic.ArrayObject:
    return generic.ArrayObject([generic.NumberObject(v) for v in _BOX])


def _empty_signature(writer: Any) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    field = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Sig"),
                pdf_name("/T"): generic.pdf_string("Later"),
                pdf_name("/F"): generic.NumberObject(4),
                pdf_name("/Rect"): _rect(),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(_paint())}),
            }
        )
    )
    form = writer.root["/AcroForm"]
    form["/Fields"].append(field)
    writer.update_container(form)
    held = page["/Annots"] if "/Annots" in page else generic.ArrayObject()
    page[pdf_name("/Annots")] = generic.ArrayObject([*(held.raw_get(i) for i in range(len(held))), field])
    writer.update_container(page)


def test_an_empty_signature_field_that_paints_over_the_text_is_not_permitted() -> None:
    for level in (None, "fill-forms"):
        found = only(update(signed(certify=level), _empty_signature))
        assert found.modification in ("unknown", "suspicious")
        assert any(c.kind == "signature-over-content" for c in found.changes)


def test_a_filled_field_that_paints_over_the_text_is_not_permitted() -> None:
    def change(writer: Any) -> None:
        field = next(f.get_object() for f in writer.root["/AcroForm"]["/Fields"] if f.get_object()["/T"] == "amount")
        field[pdf_name("/V")] = generic.pdf_string("The fee is 900,000")
        field[pdf_name("/Rect")] = _rect()
        field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(_paint())})
        writer.update_container(field)

    found = only(update(with_form(), change))
    assert found.modification in ("unknown", "suspicious")


def test_what_hides_ink_is_seen_and_what_leaves_it_is_not() -> None:
    painted = update(signed(), _empty_signature)
    assert Cover(painted).hides(0, _rect())
    assert not Cover(signed()).hides(0, _rect())

"""Pages after the signature: each way to change what they show has its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.images import PdfImage

from tests.signatures.documents import SIGNED, TEXT_BOX, contract, edits_of, forbidden, only, signed, signer, update
from verify.simulation.contracts import Scan, contract_pdf
from verify.simulation.signing import sign_pdf, update_of, written
from verify.simulation.tampering import change_text


@cache
def three_pages() -> bytes:
    pages = [Scan(np.full((40, 30, 3), 250, np.uint8), 20.0)] * 2
    pdf = contract_pdf("Contract (fictional)", ["A"], ["One."], pages=pages)
    return sign_pdf(pdf, signer(), at=SIGNED)


def on_page(change: Callable[[Any, Any], None], number: int = 0) -> Callable[[Any], None]:
    def changed(writer: Any) -> None:
        page = writer.find_page_for_modification(number)[0].get_object()
        change(writer, page)
        writer.update_container(page)

    return changed


def on_tree(change: Callable[[Any], None]) -> Callable[[Any], None]:
    def changed(writer: Any) -> None:
        pages = writer.root["/Pages"]
        change(pages)
        pages[pdf_name("/Count")] = generic.NumberObject(len(pages["/Kids"]))
        writer.update_container(pages)

    return changed


def test_a_change_is_named_by_the_page_that_a_reader_sees() -> None:
    for page in (1, 2, 3):
        changed = change_text(three_pages(), page, (2.0, 2.0, 10.0, 5.0), "x")
        assert {o.split(",")[0] for o in forbidden(changed)} == {f"page {page}"}
        assert {e.page for e in edits_of(changed)} == {page}


def test_changed_text_is_suspicious_and_names_the_page() -> None:
    found = only(change_text(signed(), 1, TEXT_BOX, "The fee is CNY 900,000."))
    assert (found.intact, found.modification) == (True, "suspicious")
    assert (found.indication, found.sub_indication) == ("TOTAL_FAILED", "FORMAT_FAILURE")
    (content,) = [c for c in found.changes if c.kind == "page-content-changed"]
    assert (content.object, content.permitted_by, content.page) == ("page 1, content", None, 1)


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("/Rotate", generic.NumberObject(180), "page-turned"),
        ("/MediaBox", generic.ArrayObject(map(generic.NumberObject, (0, 0, 300, 300))), "page-resized"),
        ("/CropBox", generic.ArrayObject(map(generic.NumberObject, (0, 0, 300, 300))), "page-resized"),
        ("/UserUnit", generic.NumberObject(2), "page-resized"),
        ("/Resources", generic.DictionaryObject(), "page-resources-changed"),
        ("/AA", generic.DictionaryObject(), "active-content"),
    ],
)
def test_what_a_page_is_may_not_change(key: str, value: Any, kind: str) -> None:
    changed = update(signed(), on_page(lambda _, page: page.__setitem__(pdf_name(key), value)))
    assert kind in forbidden(changed).values()
    assert only(changed).modification == "suspicious"


def test_a_page_turned_by_what_it_takes_over_from_the_tree_is_named() -> None:
    changed = update(signed(), on_tree(lambda pages: pages.__setitem__(pdf_name("/Rotate"), generic.NumberObject(90))))
    assert forbidden(changed) == {"pages, Rotate": "page-turned"}


def test_an_added_page_is_named_with_its_place() -> None:
    def change(writer: Any) -> None:
        pages = writer.root["/Pages"]
        page = writer.add_object(generic.DictionaryObject({pdf_name("/Type"): pdf_name("/Page")}))
        pages["/Kids"].append(page)
        pages[pdf_name("/Count")] = generic.NumberObject(2)
        writer.update_container(pages)

    assert forbidden(update(signed(), change)) == {"page 2": "page-added"}


def test_a_page_that_is_shown_twice_is_a_page_more() -> None:
    changed = update(signed(), on_tree(lambda pages: pages["/Kids"].append(pages["/Kids"].raw_get(0))))
    assert forbidden(changed) == {"pages": "page-added"}


def test_a_removed_page_is_named_by_its_number_as_signed() -> None:
    changed = update(three_pages(), on_tree(lambda pages: pages["/Kids"].pop(1)))
    assert forbidden(changed) == {"page 2": "page-removed"}


def test_reordered_pages_are_named() -> None:
    changed = update(three_pages(), on_tree(lambda pages: pages["/Kids"].reverse()))
    assert forbidden(changed) == {"pages": "pages-reordered"}
    assert only(changed).modification == "suspicious"


@cache
def with_picture() -> bytes:
    """A signed contract whose page shows a picture: the overlay of a "hide" attack."""
    writer = update_of(contract(), "picture")
    page = writer.find_page_for_modification(0)[0].get_object()
    resources = page["/Resources"]
    copied = generic.DictionaryObject({k: resources.raw_get(k) for k in resources})
    image = PdfImage(Image.fromarray(np.full((8, 8, 3), 200, np.uint8)), writer=writer).image_ref
    copied[pdf_name("/XObject")] = generic.DictionaryObject({pdf_name("/Over"): image})
    page[pdf_name("/Resources")] = copied
    drawn = writer.add_object(generic.StreamObject(stream_data=b"q 200 0 0 40 60 600 cm /Over Do Q"))
    contents = page["/Contents"]
    page[pdf_name("/Contents")] = generic.ArrayObject([*(contents.raw_get(i) for i in range(len(contents))), drawn])
    writer.update_container(page)
    return sign_pdf(written(writer), signer(), at=SIGNED)


def test_a_picture_that_is_exchanged_is_the_hide_attack_and_named() -> None:
    def change(writer: Any) -> None:
        held = writer.find_page_for_modification(0)[0].get_object()["/Resources"]["/XObject"]
        picture = held["/Over"]
        picture._data, picture._encoded_data = bytes(len(picture.data)), None
        writer.mark_update(held.raw_get("/Over").reference)

    changed = update(with_picture(), change)
    assert "image-replaced" in forbidden(changed).values()
    assert only(changed).modification == "suspicious"


def test_a_picture_whose_object_is_freed_is_the_hide_attack_too() -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    from verify.simulation.attacks import add_revision

    page = PdfFileReader(BytesIO(with_picture()), strict=False).root["/Pages"]["/Kids"][0]
    number = page["/Resources"]["/XObject"].raw_get("/Over").idnum
    assert "image-replaced" in forbidden(add_revision(with_picture(), {}, frees={number: 1})).values()


def test_a_font_of_the_page_that_is_overwritten_is_named() -> None:
    def change(writer: Any) -> None:
        fonts = writer.find_page_for_modification(0)[0].get_object()["/Resources"]["/Font"]
        key = next(iter(fonts))
        fonts[key][pdf_name("/BaseFont")] = pdf_name("/Courier")
        writer.mark_update(fonts.raw_get(key).reference)

    assert "font-replaced" in forbidden(update(signed(), change)).values()


def test_a_dangling_reference_that_gets_an_object_is_judged() -> None:
    """A shadow document refers to what is not there yet; the update supplies it."""
    writer = update_of(contract(), "dangling")
    page = writer.find_page_for_modification(0)[0].get_object()
    missing = writer.allocate_placeholder()
    page[pdf_name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), missing])
    writer.update_container(page)
    pdf = sign_pdf(written(writer), signer(), at=SIGNED)

    def change(late: Any) -> None:
        stream = generic.StreamObject(stream_data=b"1 1 1 rg 0 0 500 500 re f")
        late.objects[(missing.generation, missing.idnum)] = stream
        stream.container_ref = generic.Reference(missing.idnum, missing.generation, late)

    assert only(update(pdf, change)).modification == "suspicious"


def test_an_object_written_again_as_it_was_is_no_change() -> None:
    assert only(update(signed(revocation=False), on_page(lambda *_: None))).modification == "none"

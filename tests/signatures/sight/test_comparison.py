"""The comparison by sight: what a reader sees of a later revision, where, and what explains it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from tests.signatures.documents import (
    OTHER,
    SIGNED,
    TEXT_BOX,
    drawn_stamp,
    fill,
    signed,
    stamped,
    update,
    with_form,
)
from verify.core.exhibits import Piece
from verify.core.geometry import Box
from verify.formats.read import read
from verify.signatures.evidence import Appearance, Change, Difference, Sight
from verify.signatures.sight.comparison import DPI, Eye, Limits
from verify.signatures.sight.engines import opened
from verify.signatures.sight.pages import Leaf, matched
from verify.signatures.sight.pictures import differs
from verify.simulation.signing import Look, sign_pdf
from verify.simulation.tampering import change_text, hide_content, save_incrementally_broken, swap_appearance

FIELD_BOX = (35.28, 254.67, 35.28, 7.06)  # of "amount", 100 to 200 and 100 to 120 points
OWN = Appearance(page=1, box_mm=(120, 200, 40, 40))


def look(before: bytes, now: bytes, *changes: Change, own: Appearance | None = None) -> tuple[Sight, tuple[Piece, ...]]:
    assert now.startswith(before)
    return Eye(read(now, name="x.pdf")).look(len(before), changes, own, "signature-1")


def seen(before: bytes, now: bytes, *changes: Change, own: Appearance | None = None) -> tuple[Difference, ...]:
    return look(before, now, *changes, own=own)[0].differences


def change(object: str, box_mm: tuple[float, float, float, float], rule: str | None = "form-filling") -> Change:
    return Change(revision=2, object=object, kind="value-changed", permitted_by=rule, page=1, box_mm=box_mm)


@cache
def typed(*texts: str, size: int = 9) -> bytes:
    """A page for each text, which is all that stands on it."""
    with pymupdf.open() as document:
        for text in texts:
            document.new_page(width=595, height=842).insert_text((72, 100), text, fontsize=size)
        return bytes(document.tobytes(no_new_id=True))


def retyped(pdf: bytes, page: int, text: str, size: int = 9) -> bytes:
    """An update in which a page (from 0) shows another text."""

    def replace(writer: Any) -> None:
        dictionary = writer.find_page_for_modification(page)[0].get_object()
        drawn = f"q BT 1 0 0 1 72 742 Tm /helv {size} Tf ({text}) Tj ET Q".encode()
        dictionary[pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=drawn))
        writer.update_container(dictionary)

    return update(pdf, replace)


def paged(pdf: bytes, change: Callable[[Any], None]) -> bytes:
    """An update in which `change` does something to the list of pages."""

    def rewrite(writer: Any) -> None:
        pages = writer.root["/Pages"]
        change(pages["/Kids"])
        pages[pdf_name("/Count")] = generic.NumberObject(len(pages["/Kids"]))
        writer.update_container(pages)

    return update(pdf, rewrite)


def on_page(pdf: bytes, key: str, value: Any) -> bytes:
    def set_entry(writer: Any) -> None:
        dictionary = writer.find_page_for_modification(0)[0].get_object()
        dictionary[pdf_name(key)] = value
        writer.update_container(dictionary)

    return update(pdf, set_entry)


# What changed, and where


def test_a_changed_text_is_found_where_it_stands_and_nothing_explains_it() -> None:
    sight, pieces = look(signed(), change_text(signed(), 1, (22, 62, 60, 6), "The fee is CNY 900,000."))
    assert sight.engines == ("mupdf", "pdfium")
    assert sight.unexplained == sight.differences != ()
    assert {d.kind for d in sight.differences} == {"changed"}
    assert {d.engine for d in sight.differences} == {"mupdf, pdfium"}
    assert all(Box(*d.box_mm).overlap(Box(20, 60, 64, 10)) > 0.9 for d in sight.differences if d.box_mm)
    assert [p.exhibit.role for p in pieces] == ["as-signed", "as-now", "what-changed"]
    assert {(p.exhibit.subject, p.exhibit.page, p.exhibit.type) for p in pieces} == {("signature-1", 1, "image/png")}


def test_text_under_a_white_annotation_is_missed() -> None:
    found = seen(signed(), hide_content(signed(), 1, TEXT_BOX))
    assert {d.kind for d in found} == {"changed"}
    assert all(d.box_mm and Box(*d.box_mm).overlap(Box(21, 61, 152, 10)) > 0.99 for d in found)


def test_an_update_outside_of_every_cross_reference_table_is_seen() -> None:
    """Incremental saving: who follows the table sees nothing, who rebuilds it sees the forged text."""
    forged = save_incrementally_broken(signed(), 1, (22, 62, 60, 6), "The fee is CNY 900,000.")
    assert [d.kind for d in seen(signed(), forged)].count("changed") >= 1


def test_an_invisible_timestamp_changes_nothing_that_is_seen() -> None:
    sight, pieces = look(signed(), stamped())
    assert (sight.pages, sight.left_out, sight.differences, pieces) == (1, None, (), ())


@pytest.mark.parametrize(
    ("before", "after"), [("CNY 300,000", "CNY 800,000"), ("CNY 1,000 due", "CNY 1.000 due"), ("6.0 %", "60 %")]
)
def test_one_changed_sign_of_nine_points_is_seen_by_both_engines(before: str, after: str) -> None:
    first = retyped(typed("x"), 0, before)
    (found,) = seen(first, retyped(first, 0, after))
    assert (found.kind, found.engine) == ("changed", "mupdf, pdfium")
    assert found.box_mm is not None and found.box_mm[2] < 8 and found.box_mm[3] < 4


def test_the_resolution_leaves_room_below_it() -> None:
    """At two thirds of the resolution a comma that became a point would still be seen."""
    pages = [read(retyped(typed("x"), 0, t), name="x.pdf") for t in ("CNY 1,000 due", "CNY 1.000 due")]
    drawn = [[engine.draw(0, DPI * 2 / 3).pixels for _, engine in opened(p, len(p.data))] for p in pages]
    assert all(differs(a, b).any() for a, b in zip(*drawn, strict=True))


# What explains it


def test_a_filled_in_field_explains_what_shows_in_it() -> None:
    sight, _ = look(with_form(), fill(with_form(), "200", "200"), change("field amount", FIELD_BOX))
    assert [(d.kind, d.explained_by) for d in sight.differences] == [("changed", "field amount")]
    assert sight.unexplained == ()


def test_a_change_that_nothing_permits_explains_nothing() -> None:
    swapped = swap_appearance(with_form(), "amount", "900")
    (found,) = seen(with_form(), swapped, change("field amount", FIELD_BOX, rule=None))
    assert found.explained_by is None


def test_what_lies_beside_the_permitted_change_is_told_apart() -> None:
    filled = fill(with_form(), "200", "200")
    both = change_text(filled, 1, (22, 240, 60, 6), "and CNY 900,000")
    found = seen(with_form(), both, change("field amount", FIELD_BOX))
    assert {d.explained_by for d in found} == {"field amount", None}


def _second(box_mm: tuple[float, float, float, float]) -> bytes:
    picture = np.full((60, 60, 3), 255, np.uint8)
    picture[10:50, 10:20] = (20, 60, 200)
    return sign_pdf(
        signed(),
        OTHER.signer("Northlight Trading Ltd"),
        at=SIGNED + timedelta(days=2),
        appearance=Look(1, box_mm, picture),
        field="Signature2",
    )


def test_a_later_signature_explains_its_own_look() -> None:
    box = (40.0, 200.0, 40.0, 40.0)
    (found,) = seen(signed(), _second(box), change("field Signature2", box, "signature"), own=OWN)
    assert found.explained_by == "field Signature2"


def test_nothing_explains_that_the_signatures_own_look_is_covered() -> None:
    box = (120.0, 200.0, 40.0, 40.0)
    found = seen(signed(), _second(box), change("field Signature2", box, "signature"), own=OWN)
    assert None in {d.explained_by for d in found}


# What one engine hides


def test_what_only_one_engine_shows_is_told_and_shown() -> None:
    """MuPDF draws its own sign in place of a timestamp's look; PDFium shows the white that covers the text."""
    sight, pieces = look(signed(), drawn_stamp(signed()))
    alone = [d for d in sight.differences if d.kind == "engines-disagree"]
    assert {d.engine for d in alone} == {"pdfium"}
    assert sum(d.share or 0 for d in alone) > 0.005
    assert [p.exhibit.role for p in pieces] == ["as-signed", "as-now", "what-changed", "as-now-otherwise"]


def test_what_only_one_engine_shows_may_be_explained() -> None:
    box = (21.17, 64.2, 155.2, 21.2)
    sight, _ = look(signed(), drawn_stamp(signed()), change("field Timestamp1", box, "signature"))
    assert sight.unexplained == ()
    assert "engines-disagree" in {d.kind for d in sight.differences}


# Pages


def test_an_added_page_is_told_and_the_pages_after_it_are_still_compared() -> None:
    base = typed("one", "two", "three")

    def insert(kids: Any) -> None:
        page = generic.DictionaryObject({key: kids[0].raw_get(key) for key in kids[0]})
        page[pdf_name("/Rotate")] = generic.NumberObject(180)
        kids.insert(1, page)

    sight, pieces = look(base, paged(base, insert))
    assert [(d.kind, d.page) for d in sight.differences] == [("page-added", 2)]
    assert sight.pages == 3
    assert [(p.exhibit.role, p.exhibit.page) for p in pieces] == [("page-added", 2)]


def test_a_removed_page_is_told_by_its_number_as_signed() -> None:
    base = typed("one", "two", "three")
    sight, pieces = look(base, paged(base, lambda kids: kids.pop(1)))
    assert [(d.kind, d.page) for d in sight.differences] == [("page-removed", 2)]
    assert [(p.exhibit.role, p.exhibit.page) for p in pieces] == [("page-removed", 2)]


def test_a_moved_page_is_removed_here_and_added_there() -> None:
    base = typed("one", "two", "three")
    found = seen(base, paged(base, lambda kids: kids.append(kids.pop(0))))
    assert [(d.kind, d.page) for d in found] == [("page-removed", 1), ("page-added", 3)]


def test_a_page_that_changed_into_another_is_no_moved_page() -> None:
    base = typed("one", "two")
    found = seen(base, retyped(base, 0, "another"))
    assert {(d.kind, d.page) for d in found} == {("changed", 1)}


def test_a_turned_and_a_resized_page_are_told() -> None:
    base = typed("one")
    box = generic.ArrayObject([generic.NumberObject(v) for v in (0, 0, 595, 700)])
    for key, value in (("/Rotate", generic.NumberObject(90)), ("/MediaBox", box)):
        (found,) = seen(base, on_page(base, key, value))
        assert (found.kind, found.page, found.engine) == ("page-resized", 1, "mupdf, pdfium")


def test_a_page_upside_down_is_told() -> None:
    base = typed("one")
    assert {d.kind for d in seen(base, on_page(base, "/Rotate", generic.NumberObject(180)))} == {"changed"}


def test_likeness_finds_the_partner_of_a_changed_page_among_added_ones() -> None:
    def leaf(name: str, grey: int) -> Leaf:
        return Leaf(name, np.full((24, 24), grey, np.int16), 210.0)

    match = matched([(0, leaf("a", 200))], [(0, leaf("b", 20)), (1, leaf("c", 198))], whole=True)
    assert (match.pairs, match.removed, match.added) == (((0, 1),), (), (0,))


# Bad files


def test_an_encrypted_file_is_drawn_with_its_password(tmp_path: Path) -> None:
    file = tmp_path / "x.pdf"
    with pymupdf.open(stream=typed("one"), filetype="pdf") as document:
        document.save(file, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="open", owner_pw="own")
    before = file.read_bytes()
    with pymupdf.open(file) as document:
        document.authenticate("open")
        document[0].insert_text((72, 200), "later")
        document.saveIncr()
    now = file.read_bytes()
    sight, _ = Eye(read(now, name="x.pdf", password="open")).look(len(before), (), None, "signature-1")
    assert sight.engines == ("mupdf", "pdfium")
    assert {d.kind for d in sight.differences} == {"changed"}


def test_a_page_that_is_no_page_any_more_ends_nothing() -> None:
    base = typed("one", "two")
    broken = paged(base, lambda kids: kids.__setitem__(1, generic.NumberObject(7)))
    sight, _ = look(base, broken)
    assert sight.differences != ()


def test_a_signed_part_that_no_engine_opens_is_told_as_not_compared() -> None:
    sight, pieces = Eye(read(signed(), name="x.pdf")).look(20, (), None, "signature-1")
    assert (sight.engines, sight.pages, sight.left_out, pieces) == ((), 0, "1", ())


def test_a_page_without_size_is_undrawable() -> None:
    base = typed("one")
    nothing = generic.ArrayObject([generic.NumberObject(0)] * 4)
    assert seen(base, on_page(base, "/MediaBox", nothing)) != ()


# Costs


def test_of_many_pages_those_that_changed_go_first_and_the_rest_is_named() -> None:
    base = typed("one", "two", "three", "four")
    now = retyped(base, 3, "five")
    shown = Change(revision=2, object="page 4", kind="page-content", page=4, box_mm=(20, 20, 50, 50))
    eye = Eye(read(now, name="x.pdf"), limits=Limits(pages=2))
    sight, _ = eye.look(len(base), [shown], None, "signature-1")
    assert (sight.pages, sight.left_out) == (2, "2-3")
    assert {d.page for d in sight.differences} == {4}


def test_when_the_drawings_are_used_up_the_rest_is_named() -> None:
    base = typed("one", "two", "three")
    eye = Eye(read(retyped(base, 0, "four"), name="x.pdf"), limits=Limits(drawings=8))
    sight, _ = eye.look(len(base), (), None, "signature-1")
    assert (sight.pages, sight.left_out) == (2, "3")


def test_pictures_end_where_their_share_ends_and_the_same_picture_is_paid_once() -> None:
    base = typed("one")
    now = retyped(base, 0, "two")
    whole = sum(len(p.data) for p in look(base, now)[1])
    eye = Eye(read(now, name="x.pdf"), limits=Limits(exhibits=whole))
    first = eye.look(len(base), (), None, "signature-1")[1]
    second = eye.look(len(base), (), None, "signature-2")[1]
    assert [p.exhibit.sha256 for p in first] == [p.exhibit.sha256 for p in second]
    assert len(first) == 3
    sparing = Eye(read(now, name="x.pdf"), limits=Limits(exhibits=whole - 1))
    sight, pieces = sparing.look(len(base), (), None, "signature-1")
    assert len(pieces) == 2 and sight.differences != ()


def test_two_looks_are_alike_to_the_last_byte() -> None:
    now = drawn_stamp(signed())
    (one, pieces), (other, again) = look(signed(), now), look(signed(), now)
    assert one == other
    assert [p.data for p in pieces] == [p.data for p in again]

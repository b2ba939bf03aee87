"""Known attacks on signed PDFs, each built by script and each by its name."""

from __future__ import annotations

import re
import struct
from io import BytesIO
from typing import Any, get_args

import pymupdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from tests.signatures.documents import (
    SIGNED,
    TEXT_BOX,
    contract,
    edits_of,
    examined,
    forbidden,
    only,
    signed,
    signer,
    update,
)
from verify.signatures.changes.tables import Stranger, strangers
from verify.signatures.pdf import open_signed
from verify.simulation.attacks import (
    Forgery,
    add_revision,
    embed_object,
    forge,
    hide_object,
    loop_tables,
    move_contents,
    newest_table,
    root_of,
    show_hidden,
    size_of,
    skip_revision,
    swap_halves,
    wrap,
)
from verify.simulation.signing import sign_pdf
from verify.simulation.tampering import Broken, append_bytes, change_text, save_incrementally_broken

RED = b"<</Length 26>>stream\n1 0 0 rg 0 0 500 500 re f\nendstream"


def content_number(pdf: bytes) -> int:
    """The number of a content stream of the first page."""
    page = PdfFileReader(BytesIO(pdf), strict=False).root["/Pages"]["/Kids"][0]
    contents = page["/Contents"]
    raw = (
        contents.raw_get(len(contents) - 2) if isinstance(contents, generic.ArrayObject) else page.raw_get("/Contents")
    )
    return int(raw.idnum)


def content(pdf: bytes) -> bytes:
    reader = PdfFileReader(BytesIO(pdf), strict=False)
    stream = reader.get_object(generic.Reference(content_number(pdf), 0, reader))
    return b"<</Length %d>>stream\n%s\nendstream" % (len(stream.data), stream.data)


def strange(pdf: bytes) -> list[Stranger]:
    return strangers(pdf, open_signed(pdf, None).reader, len(signed_once()))


def signed_once() -> bytes:
    return signed(revocation=False)


# Bytes that no table accounts for


def test_bytes_after_the_end_are_never_none() -> None:
    found = only(append_bytes(signed_once()))
    assert (found.modification, found.modification_detail) == ("unknown", "unlisted-bytes")
    assert any(c.kind == "unlisted" for c in found.changes)
    assert only(append_bytes(signed_once(), b"\r\n\x00")).modification == "none"


@pytest.mark.parametrize("broken", get_args(Broken))
def test_incremental_saving_with_a_broken_table_is_never_permitted(broken: Broken) -> None:
    pdf = save_incrementally_broken(signed_once(), 1, TEXT_BOX, "The fee is CNY 900,000.", broken=broken)
    found = only(pdf)
    assert found.intact is True
    assert found.modification in ("suspicious", "unknown")
    assert "unlisted" in {c.kind for c in found.changes}


def test_a_revision_without_its_end_is_named() -> None:
    """Viewers follow the last "startxref" though no end-of-file mark comes after it; the table's reader goes back."""
    pdf = save_incrementally_broken(signed_once(), 1, TEXT_BOX, "The fee is CNY 900,000.", broken="no-end")
    assert "revision-cut-off" in {s.kind for s in strange(pdf)}


def test_a_revision_that_the_chain_passes_by_is_named() -> None:
    changed = change_text(signed_once(), 1, TEXT_BOX, "The fee is CNY 900,000.")
    pdf = skip_revision(changed, signed_once())
    assert "revision-hidden" in {s.kind for s in strange(pdf)}
    assert only(pdf).modification in ("suspicious", "unknown")


def test_tables_that_lead_in_a_circle_end_the_reading_and_not_the_examination() -> None:
    found = only(loop_tables(signed_once()))
    assert (found.intact, found.modification) == (True, "suspicious")


def test_a_second_end_mark_is_no_change() -> None:
    assert only(signed_once() + b"%%EOF\n").modification == "none"


# Two readings of one file


def body_of(pdf: bytes, number: int) -> bytes:
    """An object's newest body, in a file without object streams."""
    return re.findall(rb"(?:^|[\r\n])%d 0 obj\s*(.*?)\s*endobj" % number, pdf, re.DOTALL)[-1]


def page_number(pdf: bytes) -> int:
    return int(PdfFileReader(BytesIO(pdf), strict=False).root["/Pages"]["/Kids"].raw_get(0).idnum)


def twice(body: bytes, key: bytes, other: bytes, spelled: bytes | None = None) -> bytes:
    """A dictionary in which a key stands a second time, with another value, behind the first."""
    assert b"/" + key in body
    return body[: body.rindex(b">>")] + b" /" + (spelled or key) + b" " + other + b" >>"


@pytest.mark.parametrize("spelled", [b"Contents", b"Cont#65nts"])
def test_a_page_whose_content_stands_twice_is_never_permitted(spelled: bytes) -> None:
    """pyHanko takes the first, MuPDF, pdfium and poppler the last."""
    pdf, number = signed_once(), page_number(signed_once())
    page = twice(body_of(pdf, number), b"Contents", b"%d 0 R" % size_of(pdf), spelled)
    found = only(add_revision(pdf, {number: page, size_of(pdf): RED}))
    assert (found.intact, found.modification) == (True, "suspicious")  # by sight
    assert any(c.kind == "duplicate-keys" and "/Contents" in c.object for c in found.changes)


def test_a_key_that_stands_twice_with_one_value_is_no_change() -> None:
    pdf, number = signed_once(), page_number(signed_once())
    page = body_of(pdf, number)
    kids = re.search(rb"/Parent (\d+ 0 R)", page)
    assert kids is not None
    assert only(add_revision(pdf, {number: twice(page, b"Parent", kids.group(1))})).modification == "none"


def test_a_key_that_stood_twice_when_it_was_signed_leaves_a_doubt_with_and_without_a_later_revision() -> None:
    number = content_number(contract())
    body = twice(b"<</Length 26/Note 1>>", b"Note", b"2") + RED.removeprefix(b"<</Length 26>>")
    pdf = sign_pdf(add_revision(contract(), {number: body}), signer(), at=SIGNED)
    for now in (pdf, add_revision(pdf, {size_of(pdf): b"<<>>"}), add_revision(pdf, {number: RED})):
        assert only(now).modification in ("unknown", "suspicious")


@pytest.mark.parametrize("key", [b"Root", b"Prev"])
def test_a_trailer_in_which_a_key_stands_twice_is_never_permitted(key: bytes) -> None:
    pdf = signed_once()
    changed = add_revision(pdf, {size_of(pdf): body_of(pdf, root_of(pdf))})
    start = changed.rindex(b"trailer")
    other = b"%d 0 R" % size_of(pdf) if key == b"Root" else b"%d" % newest_table(contract())
    trailer = twice(changed[start : changed.rindex(b"startxref")], key, other) + b"\n"
    found = only(changed[:start] + trailer + changed[changed.rindex(b"startxref") :])
    assert found.modification in ("unknown", "suspicious")
    assert "duplicate-keys" in {c.kind for c in found.changes}


@pytest.mark.parametrize("evil_first", [True, False])
def test_an_object_that_a_table_gives_twice_is_never_permitted(evil_first: bool) -> None:
    pdf, number = signed_once(), content_number(signed_once())
    changed = add_revision(pdf, {number: RED})
    place = int(PdfFileReader(BytesIO(pdf), strict=False).xrefs[generic.Reference(number, 0)])
    own = re.findall(rb"\d+ 1\n\d{10} 00000 n \n", changed)[-1]
    other = b"%d 1\n%010d 00000 n \n" % (number, place)
    at = changed.rindex(own)
    both = own + other if evil_first else other + own
    found = only(changed[:at] + both + changed[at + len(own) :])
    assert found.modification in ("unknown", "suspicious")
    assert "table-ambiguous" in {c.kind for c in found.changes}


@pytest.mark.parametrize("entry", [b"99999 n", b"00000 x"])
def test_an_entry_that_only_some_readers_follow_is_never_permitted(entry: bytes) -> None:
    pdf, number = signed_once(), content_number(signed_once())
    changed = add_revision(pdf, {number: RED})
    at = changed.rindex(b"00000 n ")
    found = only(changed[:at] + entry + changed[at + 7 :])
    assert found.modification in ("unknown", "suspicious")
    assert "table-ambiguous" in {c.kind for c in found.changes}


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n", b" \r\n"])
def test_tables_with_other_line_ends_are_sound(end: bytes) -> None:
    pdf = signed_once()
    changed = add_revision(pdf, {size_of(pdf): b"<<>>"})
    at = changed.rindex(b" n \n")
    assert only(changed[:at] + b" n" + end + changed[at + 4 :]).modification == "none"


@pytest.mark.parametrize("space", [b"\x00", b"%x\n", b"\x00%\r\n "])
def test_an_object_that_no_table_lists_is_found_behind_any_white_space(space: bytes) -> None:
    hidden = b"4" + space + b"0" + space + b"obj\n<<>>\nendobj\n"
    pdf = signed_once()
    found = only(add_revision(pdf, {size_of(pdf): b"<<>>"}, before=hidden))
    assert (found.modification, found.modification_detail) == ("unknown", "unlisted-bytes")


@pytest.mark.parametrize("space", [b"\x00", b"%\n", b"\x0b"])
def test_a_last_word_startxref_with_two_readings_is_never_permitted(space: bytes) -> None:
    """pyHanko goes by lines, others by the last word alone."""
    pdf = signed_once()
    changed = add_revision(pdf, {content_number(pdf): RED})
    other = b"startxref startxref" + space + b"%d\n%d\n%%%%EOF\n" % (newest_table(changed), newest_table(pdf))
    found = only(changed[: changed.rindex(b"startxref")] + other)
    assert found.modification in ("unknown", "suspicious")


@pytest.mark.parametrize("index", [0, 1])
def test_a_number_that_stands_twice_in_an_object_stream_is_never_permitted(index: int) -> None:
    """pyHanko goes by the number, others by the place in the list."""
    pdf, number = signed_once(), page_number(signed_once())
    page = body_of(pdf, number)
    found = only(given_from_stream(pdf, number, [page, page.replace(b"/MediaBox", b"/Mediabox")], index))
    assert found.modification in ("unknown", "suspicious")
    assert "duplicate-keys" in {c.kind for c in found.changes}
    assert only(given_from_stream(pdf, number, [page], 0)).modification == "none"


def given_from_stream(pdf: bytes, number: int, bodies: list[bytes], index: int) -> bytes:
    """An update that gives an object from a stream that lists it as often as there are bodies."""
    out, size = bytearray(pdf if pdf.endswith(b"\n") else pdf + b"\n"), size_of(pdf)
    places = [sum(len(b) + 1 for b in bodies[:n]) for n in range(len(bodies))]
    header = b" ".join(b"%d %d" % (number, place) for place in places) + b" "
    data = header + b" ".join(bodies)
    host, table = len(out), 0
    out += b"%d 0 obj\n<</Type/ObjStm/N %d/First %d/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        size, len(bodies), len(header), len(data), data,
    )  # fmt: skip
    table = len(out)
    rows = b"".join(struct.pack(">BIH", *row) for row in ((2, size, index), (1, host, 0), (1, table, 0)))
    out += b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Index[%d 1 %d 2]/Root %d 0 R/Prev %d/Length %d>>stream\n" % (
        size + 1, size + 2, number, size, root_of(pdf), newest_table(pdf), len(rows),
    )  # fmt: skip
    return bytes(out) + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % table


# Hybrid tables


def test_a_hybrid_file_whose_halves_differ_is_named() -> None:
    """Signed as it is: an old viewer shows one content, a new one the other."""
    pdf = sign_pdf(swap_halves(contract(), content_number(contract()), content(contract()), RED), signer(), at=SIGNED)
    assert {s.kind for s in strange(pdf)} == {"hybrid-table-differs"}
    assert only(pdf).modification in ("suspicious", "unknown")


def test_a_plain_hybrid_file_is_sound() -> None:
    number = size_of(contract())
    hybrid = add_revision(contract(), {}, frees={number: 65535}, other_half={number: b"<<>>"})
    pdf = sign_pdf(hybrid, signer(), at=SIGNED)
    assert not strange(pdf)
    assert only(pdf).modification == "none"


def test_halves_that_say_the_same_are_sound() -> None:
    pdf = sign_pdf(swap_halves(contract(), content_number(contract()), RED, RED), signer(), at=SIGNED)
    assert not strange(pdf)


# Entries that point elsewhere


def test_hide_and_replace_is_named() -> None:
    """Both contents were signed, one of them unseen; an update that adds no object but an entry exchanges them."""
    number = content_number(contract())
    prepared, position = hide_object(contract(), number, RED)
    pdf = sign_pdf(prepared, signer(), at=SIGNED)
    assert only(pdf).modification == "none"
    shown = show_hidden(pdf, number, position)
    assert forbidden(shown)[f"object {number}"] == "object-from-earlier-bytes"
    assert only(shown).modification == "suspicious"


def test_an_entry_into_the_middle_of_another_object_is_named() -> None:
    number = content_number(signed_once())
    assert forbidden(embed_object(signed_once(), number, RED))[f"object {number}"] == "objects-overlap"


def test_an_entry_that_points_to_another_object_is_named() -> None:
    number = content_number(signed_once())
    pdf = add_revision(signed_once(), {}, points_to={number: signed_once().index(b"1 0 obj")})
    assert "object-mismatch" in {e.kind for e in edits_of(pdf)}
    assert only(pdf).modification == "suspicious"


def test_an_object_that_cannot_be_read_any_more_is_named() -> None:
    number = content_number(signed_once())
    pdf = add_revision(signed_once(), {number: b"<</Length 5 /Filter [ >"})
    assert "malformed" in {e.kind for e in edits_of(pdf)}


def test_a_number_that_is_used_again_under_another_generation_is_named() -> None:
    number = content_number(signed_once())
    pdf = add_revision(signed_once(), {number: RED}, generations={number: 1})
    assert forbidden(pdf) == {f"object {number}": "object-number-reused"}
    assert only(pdf).modification == "suspicious"


def test_an_object_freed_under_another_generation_is_named() -> None:
    number = content_number(signed_once())
    assert forbidden(add_revision(signed_once(), {}, frees={number: 65535})) == {f"object {number}": "freed-in-use"}


def test_an_object_that_is_freed_though_it_is_used_is_named_by_what_it_was() -> None:
    pdf = add_revision(signed_once(), {}, frees={content_number(signed_once()): 1})
    assert set(forbidden(pdf).values()) == {"page-content-changed"}


def packed() -> bytes:
    """A signed contract whose objects stand in object streams."""
    with pymupdf.open(stream=contract(), filetype="pdf") as document:
        return sign_pdf(document.tobytes(use_objstms=1, deflate=True), signer(), at=SIGNED)


def test_an_object_stream_that_is_replaced_is_named() -> None:
    reader = PdfFileReader(BytesIO(packed()), strict=False)
    number = min(r.idnum for r in reader.xrefs.object_streams_used_in(0))
    other = b"<</Type/ObjStm/N 1/First 4/Length 8>>stream\n1 0 <<>>\nendstream"
    pdf = add_revision(packed(), {number: other}, root=reader.root_ref.idnum)
    assert forbidden(pdf)[f"object stream {number}"] == "object-stream-replaced"


def test_a_packed_object_that_is_overwritten_by_a_plain_one_is_judged() -> None:
    reader = PdfFileReader(BytesIO(packed()), strict=False)
    page, tree = reader.root["/Pages"]["/Kids"].raw_get(0).idnum, reader.root.raw_get("/Pages").idnum
    body = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 9 9]>>" % tree
    changed = add_revision(packed(), {page: body}, root=reader.root_ref.idnum)
    assert "page-resized" in forbidden(changed).values()


# What genuine writers do


def test_an_entry_that_is_given_again_is_no_change() -> None:
    number = content_number(signed_once())
    reader = PdfFileReader(BytesIO(signed_once()), strict=False)
    place = reader.xrefs[generic.Reference(number, 0)]
    assert only(add_revision(signed_once(), {}, points_to={number: int(place)})).modification == "none"


def test_an_object_that_nothing_refers_to_is_no_change() -> None:
    number = size_of(signed_once())
    pdf = add_revision(signed_once(), {number: b"<<>>"})
    assert only(pdf).modification == "none"
    assert only(add_revision(pdf, {}, frees={number: 1})).modification == "none"


def test_a_number_that_was_free_may_be_used_again() -> None:
    number = size_of(contract())
    with_extra = add_revision(contract(), {number: b"<<>>"})
    freed = sign_pdf(add_revision(with_extra, {}, frees={number: 1}), signer(), at=SIGNED)
    assert only(add_revision(freed, {number: b"<</New true>>"}, generations={number: 1})).modification == "none"


# The signature's own dictionary


@pytest.mark.parametrize("kind", get_args(Forgery))
def test_universal_forgery_is_not_intact(kind: Forgery) -> None:
    found = examined(forge(signed_once(), kind))
    assert found
    assert all(e.intact is False and e.indication != "TOTAL_PASSED" for e in found)
    assert all(e.modification in ("suspicious", "unknown") for e in found)
    assert {e.broken for e in found} <= {"no-byte-range", "no-signature-value", "malformed"}


def test_signature_wrapping_is_suspicious() -> None:
    (found,) = examined(wrap(signed_once()))
    assert found.intact is not True
    assert (found.modification, found.modification_detail) == ("suspicious", "byte-range-leaves-out-more")


def test_contents_that_lie_elsewhere_are_suspicious() -> None:
    (found,) = examined(move_contents(signed_once()))
    assert found.intact is not True
    assert (found.modification, found.modification_detail) == ("suspicious", "contents-elsewhere")


def test_a_signature_that_leaves_out_the_end_of_its_revision_is_in_doubt() -> None:
    """What stands behind the signed part but belongs to the same revision could have been written by anybody."""
    span = re.search(rb"/ByteRange \[ ?0 (\d+) (\d+) (\d+) ?\]", signed_once())
    assert span is not None
    # The signed range ends before "%%EOF"; the digest does not matter here.
    shorter = b"/ByteRange [0 %s %s %d]" % (span.group(1), span.group(2), int(span.group(3)) - 7)
    cut = signed_once().replace(span.group(), shorter.ljust(len(span.group())), 1)

    def again(writer: Any) -> None:
        writer.update_root()

    found = only(update(cut, again))
    assert (found.modification, found.modification_detail) == ("unknown", "trailer-not-covered")

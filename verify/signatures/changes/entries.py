"""Cross-reference sections read once more by their bytes: entries that two readers take differently.

pyHanko lets the last of two entries for one number count, MuPDF and poppler the first; it passes by what it does not
know (a generation above 65535, another word than n or f), where others go by the number alone (ISO 32000-2, 7.5.4 and
7.5.8). Each of these shows one document to one reader and another to the next.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.xref import XRefSectionMetaInfo, XRefSectionType

from verify.signatures.reader import Reader

_SUBSECTION = re.compile(rb"[\x00\t\n\f\r ]*+(\d{1,10})[\x00\t\n\f\r ]++(\d{1,10})[\x00\t\n\f\r ]++")
_TRAILER = re.compile(rb"[\x00\t\n\f\r ]*+trailer")
# Twenty bytes an entry, as the standard wants them, and a generation that there can be.
_PLAIN = re.compile(rb"(?:\d{10} (?:[0-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]) [nf](?: \r| \n|\r\n))*+")
_ENTRY = 20
_HIGHEST_GENERATION = 0xFFFF

Entry = tuple[bytes, int, int]  # n or f, the offset, the generation


def ambiguous(data: bytes, reader: Reader, revision: int) -> Iterator[str]:
    """In words, what another reader may take otherwise in a revision's table and in its stream."""
    info = reader.xrefs.get_xref_container_info(revision)
    section = reader.xrefs.get_xref_data(revision)
    if info.xref_section_type == XRefSectionType.STREAM:
        yield from _of_stream(reader, info)
        return
    yield from _of_table(data, info, section)
    if section.hybrid is not None:
        yield from _of_stream(reader, section.hybrid.meta_info)


def _of_table(data: bytes, info: XRefSectionMetaInfo, section: Any) -> Iterator[str]:
    spans: list[tuple[int, int, int]] = []  # first number, count, where its entries begin
    position = int(info.start_location)
    while (head := _SUBSECTION.match(data, position)) is not None:
        first, count = int(head[1]), int(head[2])
        end = head.end() + _ENTRY * count
        if end > len(data) or _PLAIN.fullmatch(data, head.end(), end) is None:
            break
        spans.append((first, count, head.end()))
        position = end
    if _TRAILER.match(data, position) is None:
        yield from _of_crooked_table(data, info, section)
        return
    for (first, count, start), (other, others, place) in pairwise(sorted(spans)):
        if other < first + count:
            shared = range(max(other, 1), min(first + count, other + others))
            for number in shared:
                one = data[start + _ENTRY * (number - first) :][: _ENTRY - 2]
                if one != data[place + _ENTRY * (number - other) :][: _ENTRY - 2]:
                    yield f"an object {number} that a table gives twice"
            if other + others < first + count:  # the next one may lie in this one as well
                yield f"a table whose parts overlap at object {other}"


def _of_crooked_table(data: bytes, info: XRefSectionMetaInfo, section: Any) -> Iterator[str]:
    """A table whose lines are not as the standard wants them: read by its words, and compared with pyHanko's reading."""
    words = data[int(info.start_location) : int(info.end_location)].replace(b"\x00", b" ").split()
    read: dict[int, list[Entry]] = defaultdict(list)
    try:
        for number, entry in _entries(words):
            read[number].append(entry)
    except (ValueError, IndexError):
        yield f"a table at byte {info.start_location} that cannot be read by its words"
        return
    read.pop(0, None)
    for number, entries in sorted(read.items()):
        word, offset, generation = entries[-1]
        if word == b"n":
            same = section.standard_xrefs.get(number) == (generation, offset)
        else:
            same = word == b"f" and section.freed.get(number) == generation
        if len(set(entries)) > 1 or not same:
            yield f"an object {number} that a table gives in two ways"
    unread = (section.standard_xrefs.keys() | section.freed.keys()) - read.keys()
    yield from (f"an object {number} that a table gives in two ways" for number in sorted(unread))


def _entries(words: Sequence[bytes]) -> Iterator[tuple[int, Entry]]:
    """Raises ValueError or IndexError."""
    place = 0
    while words[place] != b"trailer":
        first, count = int(words[place]), int(words[place + 1])
        place += 2
        for number in range(first, first + count):
            offset, generation, word = words[place : place + 3]
            yield number, (word, int(offset), int(generation))
            place += 3


def _of_stream(reader: Reader, info: XRefSectionMetaInfo) -> Iterator[str]:
    where = f"a table in the stream at byte {info.start_location}"
    ref = info.stream_ref
    try:
        stream = reader._read_object(ref, int(info.start_location), never_decrypt=True)
        widths = [int(w) for w in stream["/W"]]
        index = [int(n) for n in stream.get("/Index", generic.ArrayObject([0, stream["/Size"]]))]
        rows = bytes(stream.data)
    except Exception as error:  # pyHanko read it when it opened the file: by another way
        yield f"{where} that cannot be read again ({type(error).__name__})"
        return
    if len(widths) != 3 or any(not 0 <= w <= 8 for w in widths) or len(index) % 2:
        yield f"{where} whose columns are odd"
        return
    kind, place, last = widths
    wide = sum(widths)
    count = sum(index[1::2])
    if len(rows) < wide * count:
        yield f"{where} that ends before its last entry"
        return
    rows = rows[: wide * count]
    if kind == 1 and set(rows[::wide]) - {0, 1, 2}:
        yield f"{where} with entries of an unknown kind"
    elif kind > 1 or last > 2:
        for start in range(0, len(rows), wide):
            word = int.from_bytes(rows[start : start + kind]) if kind else 1
            if word > 2 or (word == 1 and int.from_bytes(rows[start + kind + place :][:last]) > _HIGHEST_GENERATION):
                yield f"{where} with entries of an unknown kind"
                return

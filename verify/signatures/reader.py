"""pyHanko's reader with a quicker way through the bytes.

pyHanko reads objects byte by byte and parses an object stream's header anew for every object in it; a signature
value of a megabyte or a large form then costs a second. Here well-formed objects are taken apart by one regular
expression into the same pyHanko types; whatever looks odd in the least goes to pyHanko's own parser, so that there
is one reading of malformed files, and it is the library's. Where other viewers read such an object otherwise (a key that
stands twice), the reader remembers it.
"""

from __future__ import annotations

import re
from collections import Counter
from io import BytesIO
from typing import Any, NamedTuple

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef, XRefSectionType

from verify.signatures.doubles import doubled

# Where bytes are searched: what any reader takes for white space, with comments (ISO 32000-2, 7.2).
SPACE = rb"(?:[\x00\t\n\x0b\f\r ]|%[^\r\n]*[\r\n])"
# An object's header: its number and its generation.
OBJECT = re.compile(rb"(?<![\d.])(\d++)" + SPACE + rb"++(\d++)" + SPACE + rb"++obj\b")

_TOKEN = re.compile(
    rb"""(?:[\x00\t\n\f\r ]|%[^\r\n]*[\r\n])*+                     # white space and comments (ISO 32000-2, 7.2)
    (?:(\d{1,10})[\x00\t\n\f\r ]+(\d{1,5})[\x00\t\n\f\r ]+R(?=[\x00\t\n\f\r \[\]<>/()%]|$)   # 1, 2: a reference
    |([+-]?\d{1,18})(?=[\x00\t\n\f\r \[\]<>/()%]|$)                # 3: an integer
    |([+-]?(?:\d+\.\d*|\.\d+))(?=[\x00\t\n\f\r \[\]<>/()%]|$)      # 4: a real
    |(/[!"$&'*-.0-;=?-Z\\^-z|~]*)(?=[\x00\t\n\f\r \[\]<>/()%]|$)   # 5: a name without escapes
    |(<<|>>|\[|\])                                                 # 6: what opens or closes
    |<([0-9A-Fa-f\t\n\f\r ]*)>                                     # 7: a hexadecimal string
    |\(([^()\\\r]*)\)                                              # 8: a literal string without escapes
    |(true|false|null)(?=[\x00\t\n\f\r \[\]<>/()%]|$))             # 9
    """,
    re.VERBOSE,
)
_STRING = re.compile(rb"(?:[\x00\t\n\f\r ]|%[^\r\n]*[\r\n])*+\(")
_STREAM = re.compile(rb"[\x00\t\n\f\r ]*stream(\r\n|\n)")
_ENDSTREAM = re.compile(rb"[\x00\t\n\f\r ]*endstream")
_HEADER = re.compile(
    rb"[\x00\t\n\f\r ]*(\d{1,10})[\x00\t\n\f\r ]+(\d{1,5})[\x00\t\n\f\r ]+obj(?=[\x00\t\n\f\r \[<(/%])"
)
_END = re.compile(rb"(?:[\x00\t\n\f\r ]|%[^\r\n]*[\r\n])*+endobj")
# Where an object's own text begins, as leniently as pyHanko finds it.
_LOOSE_HEADER = re.compile(SPACE + rb"*+\d++" + SPACE + rb"++\d++" + SPACE + rb"++obj")
_DEEPEST = 100


class _Odd(Exception):
    """Not plain enough for the quick way."""


class _Listed(NamedTuple):
    """An object stream's header."""

    numbers: tuple[int, ...]  # in their order
    offsets: dict[int, int]  # where an object begins in the stream; the first of two of one number
    twice: frozenset[int]


class Reader(PdfFileReader):  # type: ignore[misc]
    """pyHanko's reader over a file's bytes, lenient."""

    def __init__(self, data: bytes) -> None:
        self._bytes = data
        self._headers: dict[tuple[int, int], _Listed] = {}  # by an object stream's number
        self._doubled: dict[int | ObjStreamRef, tuple[str, ...]] = {}
        super().__init__(BytesIO(data), strict=False)

    @property
    def any_doubled(self) -> bool:
        """Whether something stands twice in any object that was read."""
        return bool(self._doubled)

    def doubled(self, place: int | ObjStreamRef | None) -> tuple[str, ...]:
        """What stands twice, and differently, in the object at a place; only where that object was read."""
        return self._doubled.get(place, ()) if place is not None else ()

    def doubled_in_trailer(self, revision: int) -> tuple[str, ...]:
        """The keys that stand twice in a revision's trailer or in the dictionary of its cross-reference stream."""
        info = self.xrefs.get_xref_container_info(revision)
        if info.xref_section_type == XRefSectionType.STREAM:
            return self._doubled_at(int(info.start_location))
        found = doubled(self._bytes, int(info.end_location))
        hybrid = self.xrefs.get_xref_data(revision).hybrid
        return found if hybrid is None else found + self._doubled_at(int(hybrid.meta_info.start_location))

    def _doubled_at(self, position: int) -> tuple[str, ...]:
        head = _LOOSE_HEADER.match(self._bytes, position)
        return doubled(self._bytes, head.end()) if head is not None else ()

    def _read_object(
        self,
        ref: Any,
        marker: Any,
        never_decrypt: bool = False,
        transparent_decrypt: bool = True,
        as_metadata_stream: bool = False,
        **others: Any,
    ) -> Any:
        if isinstance(marker, int) and not others and not as_metadata_stream:
            try:
                found = self._plain_object(ref, marker)
            except _Odd:
                if keys := self._doubled_at(marker):
                    self._doubled[marker] = keys
            else:
                if not never_decrypt and self.encrypted:
                    return generic.proxy_encrypted_obj(found, self.security_handler)
                return found
        return super()._read_object(ref, marker, never_decrypt, as_metadata_stream=as_metadata_stream, **others)

    def _plain_object(self, ref: Any, position: int) -> Any:
        data = self._bytes
        head = _HEADER.match(data, position)
        if head is None or (int(head[1]), int(head[2])) != (ref.idnum, ref.generation):
            raise _Odd
        own = generic.Reference(ref.idnum, ref.generation, self)
        found, end = _parsed(data, head.end(), own)
        if isinstance(found, generic.DictionaryObject):
            payload = self._payload(found, end)
            if payload is not None:
                stream = generic.StreamObject(dict(found), encoded_data=payload)
                stream.container_ref = own
                return stream
        if _END.match(data, end) is None:
            raise _Odd
        return found

    def _payload(self, entries: Any, position: int) -> bytes | None:
        """A stream's bytes as they stand; None where the dictionary is no stream's."""
        data = self._bytes
        start = _STREAM.match(data, position)
        if start is None:
            return None
        length = entries.raw_get("/Length") if "/Length" in entries else None
        if isinstance(length, generic.IndirectObject):
            length = length.get_object()
        if not isinstance(length, int) or length < 0 or _ENDSTREAM.match(data, start.end() + length) is None:
            raise _Odd
        return data[start.end() : start.end() + length]

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        stream = generic.Reference(stmnum, 0, self).get_object()
        try:
            data, listed = self._contents(stream, stmnum)
            if not 0 <= idx < len(listed.numbers) or idnum not in listed.offsets:
                raise _Odd
        except _Odd:
            return super()._get_object_from_stream(idnum, stmnum, idx)
        start = listed.offsets[idnum]
        # The library goes by the number, others by the place in the list.
        keys: tuple[str, ...] = (f"object {idnum}",) if idnum in listed.twice or listed.numbers[idx] != idnum else ()
        try:
            found, _ = _parsed(data, start, generic.Reference(idnum, 0, self))
        except _Odd:
            keys += doubled(data, start)
            found = super()._get_object_from_stream(idnum, stmnum, idx)
        if keys:
            self._doubled[ObjStreamRef(stmnum, idx)] = keys
        return found

    def _contents(self, stream: Any, number: int) -> tuple[bytes, _Listed]:
        """An object stream's bytes, and what its header lists (ISO 32000-2, 7.5.7)."""
        if not isinstance(stream, generic.StreamObject) or stream.get("/Type") != "/ObjStm":
            raise _Odd
        data = bytes(stream.data)
        key = (number, id(stream))
        if key not in self._headers:
            count, first = stream.get("/N"), stream.get("/First")
            if not isinstance(count, int) or not isinstance(first, int) or not 0 <= first <= len(data):
                raise _Odd
            header = data[:first].replace(b"\x00", b" ").split()
            if len(header) < 2 * count or not all(n.isdigit() for n in header[: 2 * count]):
                raise _Odd
            numbers = tuple(int(n) for n in header[: 2 * count : 2])
            offsets: dict[int, int] = {}
            for one, offset in zip(numbers, header[1 : 2 * count : 2], strict=True):
                offsets.setdefault(one, first + int(offset))
            alone = len(offsets) == len(numbers)
            twice = frozenset[int]() if alone else frozenset(n for n, times in Counter(numbers).items() if times > 1)
            self._headers[key] = _Listed(numbers, offsets, twice)
        return data, self._headers[key]


def _parsed(data: bytes, position: int, own: Any, depth: int = 0) -> tuple[Any, int]:
    """The object at a position and where it ends. Raises _Odd for anything that is not plain."""
    token = _TOKEN.match(data, position)
    if token is None:
        return _string(data, position, own)
    kind = token.lastindex
    text: bytes = token[kind or 0]
    found: Any
    if kind == 2:
        found = generic.IndirectObject(int(token[1]), int(text), own.get_pdf_handler())
    elif kind == 3:
        found = generic.NumberObject(text)
    elif kind == 4:
        found = generic.FloatObject(text.decode("ascii"))
    elif kind == 5:
        found = generic.NameObject(text.decode("ascii"))
    elif kind == 6:
        if depth > _DEEPEST or text in (b">>", b"]"):
            raise _Odd
        found, end = (_dictionary if text == b"<<" else _array)(data, token.end(), own, depth)
        found.container_ref = own
        return found, end
    elif kind == 7:
        digits = bytes(text)
        try:
            value = bytes.fromhex(digits.decode("ascii"))
        except ValueError as error:  # an odd number of digits
            raise _Odd from error
        found = generic.pdf_string(value)
    elif kind == 8:
        found = generic.pdf_string(bytes(text))
    else:
        found = generic.NullObject() if text == b"null" else generic.BooleanObject(text == b"true")
    found.container_ref = own
    return found, token.end()


def _dictionary(data: bytes, position: int, own: Any, depth: int) -> tuple[Any, int]:
    entries: dict[Any, Any] = {}
    while True:
        token = _TOKEN.match(data, position)
        if token is None:
            raise _Odd
        if token.lastindex == 6 and token[6] == b">>":
            found = generic.DictionaryObject()
            dict.update(found, entries)  # the constructor would look at every key again
            return found, token.end()
        if token.lastindex != 5:
            raise _Odd
        key = generic.NameObject(token[5].decode("ascii"))
        value, position = _parsed(data, token.end(), own, depth + 1)
        if key in entries:
            raise _Odd
        entries[key] = value


def _array(data: bytes, position: int, own: Any, depth: int) -> tuple[Any, int]:
    items = generic.ArrayObject()
    while True:
        token = _TOKEN.match(data, position)
        if token is not None and token.lastindex == 6 and token[6] == b"]":
            return items, token.end()
        value, position = _parsed(data, position, own, depth + 1)
        items.append(value)


def _string(data: bytes, position: int, own: Any) -> tuple[Any, int]:
    """A literal string with escapes or parentheses, by the library."""
    start = _STRING.match(data, position)
    if start is None:
        raise _Odd
    # A bounded piece first: the library reads it byte by byte, and most strings are short.
    for reach in (1 << 12, 1 << 20):
        stream = BytesIO(data[start.end() - 1 : start.end() - 1 + reach])
        try:
            found = generic.read_string_from_stream(stream)
        except Exception:  # cut off, or malformed; the library's own way will tell
            found = None
        if found is not None:
            found.container_ref = own
            return found, start.end() - 1 + stream.tell()
    raise _Odd

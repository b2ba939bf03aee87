"""What a field's appearance shows, read as a reader would see it, and whether that is the field's value.

The appearance becomes a page of its own, with its resources as of one revision, and MuPDF reads its text: fonts with
glyph numbers (Identity-H), ToUnicode tables and CJK collections included. Text that is not drawn (render mode 3, no
opacity, outside the box) does not count. A font whose ToUnicode table lies is beyond this: only sight shows it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

import pymupdf
from pyhanko.pdf_utils import generic

from verify.signatures.objects import Ref, plain, raw_items, raw_pairs, ref_of
from verify.signatures.places import floats

_POINTERS = frozenset(
    {"/Parent", "/P", "/StructParent", "/StructParents", "/OC", "/AF", "/Metadata", "/Ref", "/PieceInfo"}
)
_MOST_BYTES = 24 << 20  # a Chinese font, whole, and some room
_MOST_OBJECTS = 4_000
_INVISIBLE = 3  # text render mode
_FAINTEST = 0.05
_NUMBER = re.compile(r"\d+")
_RTL = frozenset({"R", "AL"})


class Shown(NamedTuple):
    """What an appearance shows: its text, and whether it draws anything else."""

    text: str
    pictures: bool


class _TooLarge(Exception):
    """The appearance brings more than it takes to show a field."""


def shown(stream: Any, fonts: Any, resolve: Callable[[Any], Any]) -> Shown | None:
    """What an appearance stream shows; None where letters cannot be told (glyphs without names) or it cannot be drawn.

    `fonts`: the form's own resources, which appearances without resources draw on.
    """
    try:
        with pymupdf.open(stream=_Page(resolve).of(stream, fonts), filetype="pdf") as document:
            page = document[0]
            drawn = [s for s in page.get_texttrace() if s["type"] != _INVISIBLE and s["opacity"] > _FAINTEST]
            letters = [c for s in drawn for c in s["chars"] if page.rect.contains(pymupdf.Point(c[2]))]
            others = bool(page.get_image_info()) or bool(page.get_drawings())
    except Exception:  # MuPDF and the filters raise what they like
        return None
    codes = [c[0] for c in letters]
    if any(not 0 < c < 0x110000 or c == 0xFFFD or 0xE000 <= c < 0xF900 for c in codes):
        return None
    return Shown("".join(map(chr, codes)), others)


class _Page:
    """Writes one appearance, and what it refers to, as a file of one page."""

    def __init__(self, resolve: Callable[[Any], Any]) -> None:
        self._resolve = resolve
        self._numbers: dict[Ref, int] = {}
        self._objects: list[bytes] = []
        self._waiting: list[tuple[int, Any]] = []
        self._size = 0

    def of(self, stream: Any, fonts: Any) -> bytes:
        box = floats(generic.ArrayObject([self._resolve(v) for v in raw_items(self._resolve(stream.raw_get("/BBox")))]))
        matrix = self._resolve(stream.raw_get("/Matrix")) if "/Matrix" in stream else None
        place = pymupdf.Rect(box).normalize()
        if isinstance(matrix, generic.ArrayObject):
            place = place * pymupdf.Matrix(*(float(self._resolve(v)) for v in raw_items(matrix)))
        entries = dict(raw_pairs(stream))
        if "/Resources" not in entries and fonts is not None:
            entries["/Resources"] = fonts
        number = self._add(generic.StreamObject({generic.NameObject(k): v for k, v in entries.items()},
                                                encoded_data=stream.encoded_data))  # fmt: skip
        media = " ".join(f"{v:.3f}" for v in place)
        content = self._reserve(b"<</Length 5>>stream\n/X Do\nendstream")
        pages = len(self._objects) + 2
        page = self._reserve(
            f"<</Type/Page/Parent {pages} 0 R/MediaBox[{media}]/Contents {content} 0 R"
            f"/Resources<</XObject<</X {number} 0 R>>>>>>".encode()
        )
        self._reserve(f"<</Type/Pages/Count 1/Kids[{page} 0 R]>>".encode())
        root = self._reserve(f"<</Type/Catalog/Pages {pages} 0 R>>".encode())
        while self._waiting:
            at, value = self._waiting.pop()
            self._objects[at - 1] = self._written(value)
        return self._file(root)

    def _reserve(self, data: bytes = b"null") -> int:
        self._objects.append(data)
        if len(self._objects) > _MOST_OBJECTS:
            raise _TooLarge
        return len(self._objects)

    def _add(self, value: Any) -> int:
        number = self._reserve()
        self._waiting.append((number, value))
        return number

    def _written(self, value: Any) -> bytes:
        value = plain(value)
        if isinstance(value, generic.StreamObject):
            data = bytes(value.encoded_data)
            self._size += len(data)
            if self._size > _MOST_BYTES:
                raise _TooLarge
            entries = {
                **{k: v for k, v in raw_pairs(value) if k != "/Length"},
                "/Length": generic.NumberObject(len(data)),
            }
            return self._dictionary(entries) + b"stream\n" + data + b"\nendstream"
        return self._value(value)

    def _value(self, value: Any, depth: int = 0) -> bytes:
        value = plain(value)
        if depth > 40:
            raise _TooLarge
        if isinstance(value, generic.IndirectObject):
            ref = ref_of(value)
            if ref not in self._numbers:
                self._numbers[ref] = self._add(self._resolve(value))
            return b"%d 0 R" % self._numbers[ref]
        if isinstance(value, generic.DictionaryObject):
            return self._dictionary(dict(raw_pairs(value)), depth)
        if isinstance(value, generic.ArrayObject):
            return b"[" + b" ".join(self._value(v, depth + 1) for v in raw_items(value)) + b"]"
        if value is None:
            return b"null"
        out = BytesIO()
        value.write_to_stream(out, None)
        return out.getvalue()

    def _dictionary(self, entries: dict[str, Any], depth: int = 0) -> bytes:
        inner = b" ".join(
            self._value(generic.NameObject(k)) + b" " + self._value(v, depth + 1)
            for k, v in entries.items()
            if k not in _POINTERS
        )
        return b"<<" + inner + b">>"

    def _file(self, root: int) -> bytes:
        out, offsets = BytesIO(), []
        out.write(b"%PDF-1.7\n")
        for number, data in enumerate(self._objects, 1):
            offsets.append(out.tell())
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, data))
        start = out.tell()
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
        size = len(offsets) + 1
        out.write(b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, start))
        return out.getvalue()


def agrees(value: str, text: str, *, formatted: bool = False) -> bool:
    """Whether a text could be a value's look: the same but for spaces, case and punctuation, or it with a unit.

    Figures must be the same figures: no digit more but zeros behind the decimal sign, the groups of a date in any order.
    `formatted`: the field has a script that formats it, so that it may round, and say per cent.
    """
    a, b = _bare(value), _bare(text)
    if a == b or (_right_to_left(value) and Counter(a) == Counter(b)):
        return True
    if not a or not b:
        return False
    if any(c.isdigit() for c in a + b):
        return _same_figures(value, text) or (formatted and _same_number(value, text))
    return a in b or b in a


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in _RTL for c in text)


def _same_figures(value: str, text: str) -> bool:
    letters = ["".join(c for c in _bare(t) if not c.isdigit()) for t in (value, text)]
    if not (letters[0] in letters[1] or letters[1] in letters[0]):
        return False
    one, other = (_NUMBER.findall(unicodedata.normalize("NFKC", t)) for t in (value, text))
    if "".join(one) == "".join(other):
        return True
    if len(one) == len(other) == 3 and sorted(g.lstrip("0") for g in one) == sorted(g.lstrip("0") for g in other):
        return True  # a date in another order
    amounts = {_amount(t) for t in (value, text)}
    return None not in amounts and len(amounts) == 1


def _same_number(value: str, text: str) -> bool:
    one, other = _amount(value), _amount(text)
    if one is None or other is None:
        return False
    return any(abs(one * factor - other) <= 0.5 + abs(other) * 1e-9 for factor in (1.0, 100.0))


def _amount(text: str) -> float | None:
    """The one number of a text: 1,234.50 or 1.234,50 or 1234.5; None where there is none, or more than one."""
    found = re.findall(r"\d[\d.,'\u2019\s\u00a0]*", unicodedata.normalize("NFKC", text))
    if len(found) != 1:
        return None
    digits = re.sub(r"[\s'\u2019]", "", found[0]).rstrip(".,")
    parts = re.split(r"[.,]", digits)
    marks = re.findall(r"[.,]", digits)
    # The last mark is the decimal sign unless it groups thousands: three digits follow, or it stands twice.
    decimal = bool(marks) and marks.count(marks[-1]) == 1 and (len(parts[-1]) != 3 or len(set(marks)) == 2)
    whole = "".join(parts[:-1] if decimal else parts)
    return float(f"{whole}.{parts[-1]}" if decimal else whole)

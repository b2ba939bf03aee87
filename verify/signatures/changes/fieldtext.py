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
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
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
_CONTRAST, _MOST_LETTERS, _MOST_PIXELS = 48, 0.6, 1_500.0
_THIN, _FULL = 2.5, 0.8  # points; of the box
_MOST_EDGES = 60
_LONG_ENOUGH = 10  # of a text that is cut off
# What may stand beside an amount that has none: no word that changes how much it is (million, m, 万), no span of time.
_UNITS = frozenset(
    ("eur", "euro", "euros", "usd", "dollar", "dollars", "gbp", "chf", "cny", "rmb", "jpy", "hkd", "yuan", "元", "圆", "円",
     "人民币", "kg", "mm", "cm", "km", "ml", "pcs", "件", "个", "台", "套")
)  # fmt: skip
_RTL = frozenset({"R", "AL"})
_DASHES, _QUOTES = "\u2010\u2011\u2012\u2013\u2014\u2212", "\u2018\u2019"
_RAISED = ("<super>", "<sub>", "<fraction>")
_PUNCTUATION = frozenset(".,;:!'\"-_()[]/\u3002\u3001\u201c\u201d")
_AMOUNT = re.compile(
    r"(?P<open>\(?)\s*(?P<sign>[-+]?)\s*(?P<before>[^\d\s.,+\-()]*)\s*(?P<inner>[-+]?)\s*"
    r"(?P<digits>\d[\d.,'\s]*|[.,]\d+)(?:(?<=[.,])-+)?\s*(?P<after>[^\d\s.,+\-()]*)(?P<behind>-?)\s*(?P<close>\)?)"
)
_SPACED = re.compile(r"\d{1,3}(?:[\s']\d{3})+(?:[.,]\d*)?")
_DATE = re.compile(r"(?P<one>\d{1,4})[./\-年](?P<two>\d{1,2})[./\-月](?P<three>\d{1,4})[日.]?")
_GROUPED, _DIGITS = re.compile(r"[\d()/+\-]+"), re.compile(r"\D")


class Shown(NamedTuple):
    """What an appearance shows: its text, whether that stands out, and whether it draws more than a ground and a frame."""

    text: str
    pictures: bool
    legible: bool


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
            others = bool(page.get_image_info()) or not all(map(_frames(page.rect), page.get_drawings()))
            legible = _legible(page, letters)
    except Exception:  # MuPDF and the filters raise what they like
        return None
    codes = [c[0] for c in letters]
    if any(not 0 < c < 0x110000 or c == 0xFFFD or 0xE000 <= c < 0xF900 for c in codes):
        return None
    return Shown("".join(map(chr, codes)), others, legible)


def _legible(page: Any, letters: list[Any]) -> bool:
    """Whether most letters stand out from what the appearance draws around them, or from white."""
    boxes = [pymupdf.Rect(c[3]) & page.rect for c in letters if not chr(c[0]).isspace()]
    if not boxes:
        return True
    scale = max(min(2.0, _MOST_PIXELS / max(page.rect.width, page.rect.height, 1.0)), 0.1)
    drawn = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csGRAY, alpha=False)
    grey = np.frombuffer(drawn.samples, np.uint8).reshape(drawn.height, drawn.stride)
    windows = [
        grey[int(b.y0 * scale) : int(b.y1 * scale) + 1, int(b.x0 * scale) : int(b.x1 * scale) + 1] for b in boxes
    ]
    seen = [w for w in windows if w.size and int(w.max()) - int(w.min()) > _CONTRAST]
    return len(seen) >= _MOST_LETTERS * len(boxes)


def _frames(box: Any) -> Callable[[Any], bool]:
    """Whether a drawing is a ground, a frame, a divider of a comb or the mark of a line: nothing that says anything."""

    def check(drawing: Any) -> bool:
        items = drawing["items"]
        if any(item[0] not in ("re", "l", "qu") for item in items) or len(items) > _MOST_EDGES:
            return False
        half = (drawing.get("width") or 0.0) / 2 if "s" in drawing["type"] else 0.0
        x0, y0, x1, y1 = drawing["rect"]
        rect = pymupdf.Rect(x0 - half, y0 - half, x1 + half, y1 + half)
        if min(rect.width, rect.height) <= _THIN:
            return bool(max(rect.width, rect.height) >= _FULL * min(box.width, box.height))
        mark = len(items) == 1 and items[0][0] == "re"
        return bool(rect.width >= _FULL * box.width and (mark or rect.height >= _FULL * box.height))

    return check


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
    """Whether a text could be a value's look: the same but for spaces and case, or the same amount, or the same date.

    Words may lack punctuation, and a unit or a currency may stand beside. Amounts are the same in sign and decimals, with
    or without separators of thousands; a date's groups may stand in another order. `formatted`: the field has a script
    that formats it, so that it may round, say per cent, and set a telephone number in groups.
    """
    a, b = _flat(value), _flat(text)
    if a == b:
        return True
    if not any(c.isdigit() for c in a + b):
        return _same_words(a, b)
    one, other = _amount(value, shown=False), _amount(text, shown=True)
    if one is not None and other is not None:
        return one.matches(other) or (formatted and one.rounds_to(other))
    if (dates := [_date(t) for t in (a, b)])[0] is not None and dates[0] == dates[1]:
        return True
    return formatted and _GROUPED.fullmatch(b) is not None and _DIGITS.sub("", b) == a


def cut_off(value: str, text: str) -> bool:
    """Whether a text is the beginning of a value, as where a long text leaves its field."""
    a, b = _flat(value), _flat(text)
    return len(b) >= _LONG_ENOUGH and a.startswith(b) and not a[len(b) - 1 :][:2].isdigit()


def _flat(text: str) -> str:
    """A text without what a line's end, a comb or a font changes: spaces, case, ligatures, wide letters, hyphens."""
    return re.sub(r"\s", "", _folded(text))


def _folded(text: str) -> str:
    return "".join(map(_letter, text)).casefold()


def _letter(c: str) -> str:
    """A letter as it is compared. A raised or lowered figure is another figure."""
    if unicodedata.category(c) in ("Cf", "Cc") and not c.isspace():
        return ""
    if unicodedata.category(c) == "Nd":
        return str(unicodedata.decimal(c))
    if c in _DASHES:
        return "-"
    if c in _QUOTES:
        return "'"
    return c if unicodedata.decomposition(c).startswith(_RAISED) else unicodedata.normalize("NFKC", c)


def _same_words(a: str, b: str) -> bool:
    one, other = ("".join(c for c in t if c not in _PUNCTUATION) for t in (a, b))
    if one == other:
        return True
    if _right_to_left(one) and Counter(one) == Counter(other):
        return True
    if not one:
        return other in _UNITS
    before, found, after = other.partition(one)
    return bool(found) and all(part in _UNITS for part in (before, after) if part)


def _right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in _RTL for c in text)


class _Amount(NamedTuple):
    """A number with its sign and unit; `readings`: what it may say, for a lone mark may group or be the decimal sign."""

    readings: frozenset[Decimal]
    zeros: int  # in front, as codes have them
    negative: bool
    per_cent: bool
    units: frozenset[str]

    def matches(self, other: _Amount) -> bool:
        return (
            bool(self.readings & other.readings)
            and self[1:4] == other[1:4]
            and (self.units == other.units or not (self.units and other.units))
        )

    def rounds_to(self, other: _Amount) -> bool:
        if self.negative != other.negative or (self.per_cent and not other.per_cent):
            return False
        factor = 100 if other.per_cent and not self.per_cent else 1
        # To whole numbers at the coarsest.
        return any(abs(a * factor - b) <= Decimal("0.5") for a in self.readings for b in other.readings)


def _amount(text: str, *, shown: bool) -> _Amount | None:
    """The number that a text is, with a unit at most; None where it is anything else."""
    found = _AMOUNT.fullmatch(_folded(text).strip())
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    beside = {u.strip() for u in (found["before"], found["after"])} - {""}
    units = frozenset(beside - {"%"})
    if not all(u in _UNITS or unicodedata.category(u[0]) == "Sc" for u in units):
        return None
    digits = found["digits"].strip()
    readings = _readings(digits, shown=shown)
    if not readings:
        return None
    whole = re.split(r"[.,]", digits)[0]
    zeros = len(whole) - len(whole.lstrip("0")) if len(whole) > 1 else 0
    signs = [found[k] for k in ("sign", "inner", "behind") if found[k]] + (["-"] if found["open"] else [])
    if len(signs) > 1:
        return None
    return _Amount(readings, zeros, signs == ["-"], "%" in beside, units)


def _readings(digits: str, *, shown: bool) -> frozenset[Decimal]:
    """1,234.50 or 1.234,50 or 1 234.5. A lone mark before three figures groups or is the decimal sign where it is shown;
    in a value the comma groups there, and the point is the decimal sign."""
    if re.search(r"[\s']", digits):
        if not _SPACED.fullmatch(digits):
            return frozenset()
        digits = re.sub(r"[\s']", "", digits)
    marks = re.findall(r"[.,]", digits)
    parts = re.split(r"[.,]", digits)
    grouped = 1 <= len(parts[0]) <= 3 and all(len(p) == 3 for p in parts[1:])
    found: set[str] = set()
    if not marks:
        found = {digits}
    elif len(marks) == 1:
        if shown or not grouped or marks[0] == ".":
            found.add(f"{parts[0] or 0}.{parts[1] or 0}")
        if grouped and parts[0] != "0" and (shown or marks[0] == ","):
            found.add("".join(parts))
    elif len(set(marks)) == 1:
        found = {"".join(parts)} if grouped else set()
    elif marks.count(marks[-1]) == 1 and 1 <= len(parts[0]) <= 3 and all(len(p) == 3 for p in parts[1:-1]):
        found = {f"{''.join(parts[:-1])}.{parts[-1] or 0}"}
    return frozenset(map(Decimal, found))


def _date(text: str) -> list[int] | None:
    """A date's day, month and year in the order of their size; None where a text is none, or its year has two figures."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    groups = [found[k] for k in ("one", "two", "three")]
    numbers = sorted(map(int, groups))
    years = [g for g in groups if len(g) == 4]
    likely = len(years) == 1 and 1 <= numbers[0] <= 12 and 1 <= numbers[1] <= 31 and 1800 <= numbers[2] <= 2200
    return numbers if likely else None

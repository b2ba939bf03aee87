"""The signatures in a PDF: where they stand in the file and on the page, and which bytes they cover."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader, process_data_at_eof

from verify.signatures.evidence import Appearance
from verify.signatures.objects import entry, resolved
from verify.signatures.places import Places
from verify.signatures.reader import OBJECT, SPACE, Reader


def _spelled(name: bytes) -> bytes:
    """A pattern for a name, whichever of its letters are escaped (7.3.5)."""
    return b"/" + b"".join(b"(?:%c|#(?i:%02x))" % (letter, letter) for letter in name)


_BYTE_RANGE = re.compile(
    _spelled(b"ByteRange") + SPACE + rb"*+\[" + SPACE + rb"*+"
    + (SPACE + rb"++").join([rb"([+-]?\d++)"] * 4) + SPACE + rb"*+\]"
)  # fmt: skip
_SUBFILTER = re.compile(_spelled(b"SubFilter") + SPACE + rb"*+/([A-Za-z0-9._-]+)")
_START = re.compile(rb"startxref" + SPACE + rb"*+(\d++)")
_TABLE = re.compile(SPACE + rb"*+")
_SLACK = 8  # bytes by which writers miss their own table
_MOST_FIELDS = 5_000


class Unreadable(Exception):
    """pyHanko cannot read the file's structure; the message says why."""


@dataclass(frozen=True, eq=False)
class Found:
    """One signature dictionary and the field that holds it."""

    field: str
    contents: bytes | None  # None: absent or no string
    byte_range: tuple[int, ...] | None
    subfilter: str | None
    type: str | None
    revision: int | None  # from 0; None where the file's revisions cannot be told
    entries: Any = None  # the signature dictionary
    holder: Any = None  # the field's dictionary
    ref: tuple[int, int] | None = None
    elsewhere: Sequence[str] = ()  # other fields that hold the same signature

    @property
    def timestamp(self) -> bool:
        """A document timestamp, also where it is written as /Type /Sig."""
        return self.type == "DocTimeStamp" or self.subfilter == "ETSI.RFC3161"


@dataclass(frozen=True)
class Coverage:
    """Which bytes a signature covers. `defect`: code of what is wrong with the range."""

    word: str  # whole-file, revision or partial
    end: int  # the first byte after the signed part
    revision: int | None = None  # the last revision that is covered whole, from 0
    defect: str | None = None


@dataclass(eq=False)
class SignedFile:
    """A PDF's bytes with pyHanko's view of its revisions."""

    data: bytes
    reader: Reader

    @cached_property
    def places(self) -> Places:
        return Places(self.reader)

    @property
    def revisions(self) -> int:
        return int(self.reader.xrefs.total_revisions)

    def exists(self, found: Found, revision: int) -> bool:
        """Whether the signature's own dictionary was there in a revision: else it is not what its bytes cover."""
        if found.ref is None:
            return found.revision is None or found.revision <= revision
        reference = generic.Reference(*found.ref, pdf=self.reader)
        return self.reader.xrefs.get_historical_ref(reference, revision) is not None

    def revision_end(self, revision: int) -> int:
        """Where the revision's cross-reference section ends, and that of its other half in a hybrid file."""
        hybrid = self.reader.xrefs.get_xref_data(revision).hybrid
        end = int(self.reader.xrefs.get_xref_container_info(revision).end_location)
        return end if hybrid is None else max(end, int(hybrid.meta_info.end_location))

    def revision_at(self, end: int) -> int | None:
        """The revision that a reader of the file's first `end` bytes would take for the newest; None where none is.

        A revision counts by the chain that leads to it and not by where its bytes lie: the signed part may hold a
        table that only a later trailer leads to.
        """
        stated = _stated_start(self.data, end)
        if stated is None:
            return None
        place = self._table_at(stated)
        missed = [
            (abs(self._table_at(int(self.reader.xrefs.get_startxref_for_revision(n))) - place), -n)
            for n in range(self.revisions)
        ]
        least, number = min(missed)
        return -number if least <= _SLACK else None

    def _table_at(self, offset: int) -> int:
        """Where a table begins that an offset leads to: behind the white space."""
        found = _TABLE.match(self.data, offset)
        return found.end() if found is not None else offset


def open_signed(data: bytes, password: str | None) -> SignedFile:
    """Raises Unreadable."""
    try:
        reader = Reader(data)
        if reader.encrypted:
            # As text: older handlers encode it otherwise than UTF-8 (ISO 32000-2, 7.6.4.3).
            reader.decrypt(password or "")
        _ = reader.root
    except Exception as error:  # every kind that there is
        raise Unreadable(f"{type(error).__name__}: {str(error)[:160]}") from error
    return SignedFile(data, reader)


def open_prefix(data: bytes, password: str | None) -> SignedFile | None:
    """The file as it stood at its newest signature whose bytes can be read, where the file as it is cannot."""
    ends = {sum(f.byte_range[2:]) for f in scan(data) if f.byte_range is not None}
    for end in sorted((e for e in ends if 0 < e < len(data)), reverse=True)[:10]:
        try:
            prefix = open_signed(data[:end], password)
        except Unreadable:
            continue
        return SignedFile(data, prefix.reader)
    return None


def find(file: SignedFile) -> Iterator[Found | tuple[str, str]]:
    """Every filled signature field, also where fields are nested, repeated or damaged; (field, why) for hopeless ones."""
    seen: dict[tuple[int, int], int] = {}
    result: list[Found | tuple[str, str]] = []
    for name, holder in _fields(file.reader):
        try:
            raw = holder.raw_get("/V")
            ref = (raw.idnum, raw.generation) if isinstance(raw, generic.IndirectObject) else None
            entries = raw.get_object() if ref else raw
            if not isinstance(entries, generic.DictionaryObject):
                continue
            if ref in seen:
                first = result[seen[ref]]
                if isinstance(first, Found):
                    result[seen[ref]] = Found(**{**first.__dict__, "elsewhere": (*first.elsewhere, name)})
                continue
            found = Found(
                field=name,
                contents=_contents(entries),
                byte_range=_numbers(entry(entries, "/ByteRange")),
                subfilter=_name(entry(entries, "/SubFilter")),
                type=_name(entry(entries, "/Type")),
                revision=_revision(file.reader, raw, holder),
                entries=entries,
                holder=holder,
                ref=ref,
            )
        except Exception as error:
            result.append((name, f"{type(error).__name__}: {str(error)[:160]}"))
            continue
        if ref is not None:
            seen[ref] = len(result)
        result.append(found)
    yield from sorted(
        result, key=lambda f: (f.revision if f.revision is not None else 1 << 30) if isinstance(f, Found) else 1 << 31
    )


def _fields(reader: PdfFileReader) -> Iterator[tuple[str, Any]]:
    """Signature fields with a value: those of the form, then those that only a page knows."""
    done: set[tuple[int, int]] = set()
    count = 0

    def walk(items: Any, prefix: str, kind: str | None, depth: int) -> Iterator[tuple[str, Any]]:
        nonlocal count
        for index in range(len(items)):
            raw = items.raw_get(index)
            if isinstance(raw, generic.IndirectObject):
                if (raw.idnum, raw.generation) in done:
                    continue
                done.add((raw.idnum, raw.generation))
            node = resolved(raw)
            count += 1
            if not isinstance(node, generic.DictionaryObject) or depth > 40 or count > _MOST_FIELDS:
                continue
            title = _text(entry(node, "/T"))
            name = ".".join(p for p in (prefix, title) if p)
            own = _name(entry(node, "/FT")) or kind
            if "/V" in node and (own == "Sig" or entry(entry(node, "/V"), "/ByteRange") is not None):
                yield name, node
            kids = entry(node, "/Kids")
            if isinstance(kids, generic.ArrayObject):
                yield from walk(kids, name, own, depth + 1)

    try:
        fields = reader.root["/AcroForm"]["/Fields"]
    except Exception:
        fields = None
    if isinstance(fields, generic.ArrayObject):
        yield from walk(fields, "", None, 0)


def _contents(entries: Any) -> bytes | None:
    if "/Contents" not in entries:
        return None
    value = entries.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
    if isinstance(value, generic.IndirectObject):
        value = value.get_object()
    if isinstance(value, generic.TextStringObject | generic.ByteStringObject):
        return bytes(value.original_bytes)
    return None


def _numbers(value: Any) -> tuple[int, ...] | None:
    if not isinstance(value, generic.ArrayObject):
        return None
    numbers = [value[i] for i in range(len(value))]
    return tuple(int(v) for v in numbers) if all(isinstance(v, int) for v in numbers) else None


def _name(value: Any) -> str | None:
    return str(value).lstrip("/") if isinstance(value, generic.NameObject) else None


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, generic.TextStringObject) else None


def text_of(entries: Any, key: str) -> str | None:
    """A text entry of a signature dictionary; None where it is absent, empty or no text."""
    try:
        value = _text(entry(entries, key))
    except Exception:
        return None
    return value.strip()[:500] or None if value else None


def _revision(reader: PdfFileReader, raw: Any, holder: Any) -> int | None:
    try:
        ref = raw.reference if isinstance(raw, generic.IndirectObject) else holder.container_ref
        return int(reader.xrefs.get_last_change(ref))
    except Exception:
        return None


# Signatures that only the bytes show


def scan(data: bytes) -> Iterator[Found]:
    """Signatures by their byte ranges, for a file whose structure nobody can read."""
    for number, match in enumerate(_BYTE_RANGE.finditer(data), 1):
        span = tuple(int(v) for v in match.groups())
        near = data[max(match.start() - 2000, 0) : match.end() + 200]
        subfilter = _SUBFILTER.findall(near)
        yield Found(
            field=f"signature {number}",
            contents=gap(data, span),
            byte_range=span,
            subfilter=subfilter[-1].decode() if subfilter else None,
            type=None,
            revision=None,
        )


def stray(file: SignedFile) -> list[Found]:
    """Signatures that the bytes hold and the form does not list; usage rights are none (ISO 32000-1, 12.8.2.3).

    They open functions of a vendor's viewer, are in no field and say nothing of the content; PDF 2.0 dropped them.
    """
    rights = entry(file.reader.root, "/Perms")
    granted = {_numbers(entry(entry(rights, key), "/ByteRange")) for key in ("/UR3", "/UR")}
    return [f for f in scan(file.data) if f.contents is not None and f.byte_range not in granted]


def gap(data: bytes, span: Sequence[int]) -> bytes | None:
    """The bytes of the hexadecimal string that a byte range leaves out; None where it leaves out anything else."""
    start, end = span[0] + span[1], span[2]
    if not 0 <= start < end <= len(data) or data[start : start + 1] != b"<" or data[end - 1 : end] != b">":
        return None
    digits = re.sub(rb"[\x00\t\n\f\r ]+", b"", data[start + 1 : end - 1])
    try:
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None


# Which bytes


def coverage(data: bytes, found: Found, file: SignedFile | None) -> Coverage:
    """What a byte range covers, and what is wrong with it (ISO 32000-2, 12.8.1: everything but /Contents)."""
    span = found.byte_range
    if span is None or len(span) < 2 or len(span) % 2 or any(v < 0 for v in span):
        return Coverage("partial", 0, defect="no-byte-range")
    end = span[-2] + span[-1]
    if end > len(data):
        return Coverage("partial", len(data), defect="byte-range-outside")
    if len(span) != 4 or span[0] != 0:
        return Coverage("partial", end, defect="byte-range-odd")
    if span[2] < span[0] + span[1]:
        return Coverage("partial", end, defect="byte-range-overlap")
    left_out = gap(data, span)
    if left_out is None:
        return Coverage("partial", end, defect="byte-range-leaves-out-more")
    if found.contents is not None and left_out != found.contents:
        # The wrapping attack: the value that is read is not the one that the range leaves out.
        return Coverage("partial", end, defect="contents-elsewhere")
    if end == len(data):
        revision = file.revisions - 1 if file else None
        return Coverage("whole-file", end, revision)
    if file is None:
        return Coverage("partial", end, defect=None)
    if not data[end:].strip(b"\r\n\t \x00"):
        return Coverage("whole-file", end, file.revisions - 1)
    covered = file.revision_at(end)
    if covered is None or not file.exists(found, covered):
        return Coverage("partial", end, covered, "revision-not-covered")
    # The chain down from it lies in the signed part, and what follows it there is its own trailer and nothing else.
    last = max(file.revision_end(n) for n in range(covered + 1))
    tail = data[last:end]
    if last > end or tail.count(b"%%EOF") > 1 or OBJECT.search(tail):
        return Coverage("partial", end, covered, "revision-not-covered")
    if not data[:end].rstrip(b"\r\n\t \x00").endswith(b"%%EOF"):
        return Coverage("partial", end, covered, "trailer-not-covered")
    return Coverage("revision", end, covered)


def _stated_start(data: bytes, end: int) -> int | None:
    """Where the last trailer of the first `end` bytes says that the newest table begins; None where it says two things.

    pyHanko goes by lines and by the end-of-file mark, many viewers by the last word `startxref` alone.
    """
    tail = data[max(end - 4096, 0) : end]
    words = [int(number) for number in _START.findall(tail)]
    stream = BytesIO(tail)
    stream.seek(max(len(tail) - 1, 0))
    try:
        stated = int(process_data_at_eof(stream))
    except Exception:  # another spelling than the library's
        return words[-1] if words else None
    return stated if words and words[-1] == stated else None


# Where it shows


def appearance(file: SignedFile, holder: Any) -> Appearance | None:
    """The first visible widget: its page and its box in mm from the top left, as displayed."""
    widgets = [holder] if "/Rect" in holder else []
    kids = entry(holder, "/Kids")
    if isinstance(kids, generic.ArrayObject):
        widgets += [kids[i] for i in range(len(kids))]
    for widget in widgets:
        own = getattr(widget, "container_ref", None)
        place = file.places.at((own.idnum, own.generation)) if own is not None else None
        if place is not None and place[1] is not None:
            return Appearance(page=place[0], box_mm=place[1])
    return None

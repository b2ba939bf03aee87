"""ASiC: documents and their signatures together in one ZIP file (EN 319 162-1), read with a suspicious eye.

A ZIP file says twice what it holds, before each entry and in the directory at its end, and readers differ in whom they
believe. What one reader would show and another would not is told as a defect; whether it matters is asked in
signatures/files.py. Nothing is unpacked to disk.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from verify.core.document import Document
from verify.core.errors import Refusal
from verify.formats.limits import Limits

_MOST_ENTRIES = 2_000
# Deflate reaches 1:1032; documents, 1:20. Small entries may be as repetitive as they like.
_HIGHEST_RATIO, _RATIO_COUNTS_FROM = 200, 16 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MIME = re.compile(rb"application/vnd\.etsi\.asic-([se])\+zip")
_SIGNATURES = re.compile(r"META-INF/[^/]*(?:signature|timestamp|evidencerecord|asicmanifest|asicarchivemanifest)", re.I)
_UNICODE_PATH = 0x7075

Open = Callable[[bytes, str], Document]


@dataclass(frozen=True)
class Defect:
    """Something about the container that readers may see differently: a code, and where."""

    code: str
    where: str


@dataclass(frozen=True, eq=False)
class AsicDocument(Document):
    """A container. `entries`: its files by name. `inner`: those of them that have pages, as documents."""

    kind: str = "ASiC-E"
    entries: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    defects: tuple[Defect, ...] = ()
    inner: Mapping[str, Document] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def data_objects(self) -> tuple[str, ...]:
        """The files that signatures are about: all but META-INF and the mimetype."""
        return tuple(n for n in self.entries if n != "mimetype" and not in_meta(n))


def in_meta(name: str) -> bool:
    return name.startswith("META-INF/")


def looks_like(data: bytes) -> bool:
    """Whether a ZIP file is an ASiC container: by its mimetype, else by what lies in META-INF."""
    if data[:4] != b"PK\x03\x04":
        return False
    if _MIME.search(data[:200]):
        return True
    if b"META-INF/" not in data or b"mimetypeapplication/vnd.oasis" in data[:200]:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(_SIGNATURES.match(n) for n in archive.namelist()[:_MOST_ENTRIES])
    except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError):
        return False


def open_asic(data: bytes, name: str, *, open_inner: Open, limits: Limits) -> AsicDocument:
    """Open a container. Raises Refusal: container-undecodable, container-too-large."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError) as error:
        raise Refusal(
            "container-undecodable", f"{name} cannot be read as a ZIP file", "Ask for the container again."
        ) from error
    with archive:
        listed = archive.infolist()
        _affordable(listed, name, len(data), limits)
        defects = [*_outline(data, archive)]
        entries: dict[str, bytes] = {}
        for info in listed:
            if info.filename.endswith("/") and info.file_size == 0:
                continue
            bad, content = _entry(archive, info)
            if bad is not None:
                defects.append(bad)
            if content is None:
                continue
            if info.filename in entries:
                same = entries[info.filename] == content
                defects.append(Defect("repeated-entry" if same else "duplicate-entry", info.filename))
            entries[info.filename] = content
    letter = _letter(entries.get("mimetype", b""), archive.comment)
    inner, remarks = _inner(entries, open_inner)
    only = next(iter(inner.values())) if len(inner) == 1 else None
    remarks += tuple(
        ("evidence-record-not-examined", f"The evidence record {n} was not examined.")
        for n in entries
        if re.match(r"META-INF/[^/]*evidencerecord[^/]*\.(?:ers|xml)$", n, re.I) and "manifest" not in n.lower()
    )
    return AsicDocument(
        name=name,
        data=data,
        format="asic",
        pages=only.pages if only is not None else (),
        remarks=remarks,
        kind="ASiC-S" if letter == "s" else "ASiC-E",
        entries=MappingProxyType(entries),
        defects=tuple(dict.fromkeys(defects)),
        inner=MappingProxyType(inner),
    )


def _letter(mimetype: bytes, comment: bytes) -> str | None:
    found = _MIME.search(mimetype) or _MIME.search(comment)
    return found[1].decode() if found else None


def _affordable(listed: list[zipfile.ZipInfo], name: str, size: int, limits: Limits) -> None:
    total = sum(i.file_size for i in listed)
    if len(listed) > _MOST_ENTRIES or total > limits.file_bytes:
        raise Refusal(
            "container-too-large",
            f"{name} holds {len(listed)} files of {total / 1e6:.0f} MB; at most {_MOST_ENTRIES} of "
            f"{limits.file_bytes / 1e6:.0f} MB are read",
            "Split the container, or raise the limit in the settings.",
        )
    if total > max(_RATIO_COUNTS_FROM, _HIGHEST_RATIO * size):
        raise Refusal(
            "container-too-large",
            f"{name} would unpack to {total / 1e6:.0f} MB, {total // max(size, 1)} times its size",
            "A document does not shrink that far; ask the sender what this is.",
        )


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[Defect | None, bytes | None]:
    """An entry's bytes, and what is wrong with it."""
    name = info.filename
    if info.flag_bits & 0x1:
        return Defect("encrypted-entry", name), None
    if info.compress_type not in _METHODS:
        return Defect("compression-unknown", name), None
    if info.create_system == 3 and (info.external_attr >> 16) & 0xF000 == 0xA000:
        return Defect("symbolic-link", name), None
    try:
        content = archive.read(info)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, struct.error):
        return Defect("unreadable-entry", name), None
    parts = name.replace("\\", "/").split("/")
    # orig_filename: zipfile cuts a name at a NUL.
    if ".." in parts or name.startswith(("/", "\\")) or "\\" in name or ":" in parts[0] or "\0" in info.orig_filename:
        return Defect("entry-name", name), content
    return None, content


def _outline(data: bytes, archive: zipfile.ZipFile) -> Iterator[Defect]:
    """Local headers against the directory, and bytes that belong to no entry."""
    start = archive.start_dir
    position = 0
    for info in sorted(archive.infolist(), key=lambda i: i.header_offset):
        at = info.header_offset
        head = data[at : at + 30]
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            yield Defect("header-mismatch", info.filename)
            continue
        name_length, extra_length = struct.unpack_from("<HH", head, 26)
        raw = data[at + 30 : at + 30 + name_length]
        extra = data[at + 30 + name_length : at + 30 + name_length + extra_length]
        renamed = any(_other_name(e, info.filename) for e in (extra, info.extra))
        if raw != _raw_name(info) or renamed or not _agrees(head, info):
            yield Defect("header-mismatch", info.filename)
        if at < position:
            yield Defect("overlapping-entries", info.filename)
        elif not _blank(data[position:at], descriptor=position > 0):
            yield Defect("bytes-before-archive" if position == 0 else "bytes-between-entries", info.filename)
        position = max(position, at + 30 + name_length + extra_length + info.compress_size)
    if not _blank(data[position:start], descriptor=True):
        yield Defect("bytes-between-entries", "the directory")
    end = data.rfind(b"PK\x05\x06")
    if data.count(b"PK\x05\x06", start) != 1 or len(data) != end + 22 + len(archive.comment):
        yield Defect("bytes-after-archive", "the end of the archive")


def _agrees(head: bytes, info: zipfile.ZipInfo) -> bool:
    """Whether a local header says the same of the content as the directory, as far as it says anything."""
    flags, method = struct.unpack_from("<HH", head, 6)
    said: tuple[int, int, int] = struct.unpack_from("<III", head, 14)
    # With bit 3 the sizes follow the content; ZIP64 keeps them in the extra field.
    elsewhere = bool(flags & 0x8) or 0xFFFFFFFF in said[1:]
    same = elsewhere or said == (info.CRC, info.compress_size, info.file_size)
    return bool(method == info.compress_type and not (flags ^ info.flag_bits) & 0x1 and same)


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    """The name's bytes as the directory has them: bit 11 of the flags says how they are read."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")


def _blank(gap: bytes, *, descriptor: bool) -> bool:
    """Whether nothing lies in a gap: at most a data descriptor (APPNOTE 4.3.9), with or without signature, or ZIP64."""
    if not gap or not descriptor:
        return not gap
    return len(gap) in (12, 20) or (len(gap) in (16, 24) and gap[:4] == b"PK\x07\x08")


def _other_name(extra: bytes, name: str) -> bool:
    """Whether the extra field names the entry otherwise (Info-ZIP Unicode Path), as some readers would show it."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == _UNICODE_PATH and size > 5:
            return extra[9 : 4 + size].decode("utf-8", "replace") != name
        extra = extra[4 + size :]
    return False


def _inner(entries: Mapping[str, bytes], open_inner: Open) -> tuple[dict[str, Document], tuple[tuple[str, str], ...]]:
    """The data objects that have pages. One that wants a password is the caller's to mend."""
    found: dict[str, Document] = {}
    for name, content in entries.items():
        if name == "mimetype" or in_meta(name) or not content:
            continue
        try:
            found[name] = open_inner(content, name)
        except Refusal as refusal:
            if refusal.code in ("pdf-encrypted", "pdf-wrong-password", "nested-too-deep"):
                raise
    return found, tuple(remark for document in found.values() for remark in document.remarks)

"""Signed files of the CMS family: .p7m with the signed file inside, .p7s beside it (RFC 5652, EN 319 122-1).

DER or BER, bare, in base64, in PEM or in a mail's S/MIME wrapper. Only the envelope is opened here; whether the
signatures hold is asked in signatures/files.py, which reads the same `message`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import PurePath

from asn1crypto import cms, parser

from verify.core.document import Document
from verify.core.errors import Refusal

_DEPTH = 48
_MOST_ELEMENTS = 1_000_000
# What stands after the type's identifier in PKCS #7 (1.2.840.113549.1.7.x).
_TST_INFO = "1.2.840.113549.1.9.16.1.4"  # asn1crypto knows its name only once its tsp module is imported
_PKCS7 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_SIGNED_DATA = 2
_MAIL = re.compile(rb"^content-type:\s*application/(?:x-)?pkcs7-(?:mime|signature)\b", re.IGNORECASE | re.MULTILINE)
_MIME_HEAD = re.compile(rb"\A(?:[A-Za-z-]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+\r?\n")

Open = Callable[[bytes, str], Document]


@dataclass(frozen=True, eq=False)
class CmsDocument(Document):
    """A CMS file. `message`: its ContentInfo with definite lengths. `content`: the signed bytes, None where they are not here.

    `inner`: the signed file as a document, None where it is neither here nor of a kind with pages. `trailing`: bytes
    behind the message, which no signature covers.
    """

    message: bytes = b""
    content: bytes | None = None
    detached: bool = False
    inner: Document | None = None
    trailing: int = 0


def unwrapped(data: bytes) -> bytes | None:
    """The BER of a CMS message that the bytes are or wrap; None where they are none."""
    if data[:1] == b"\x30":
        return data if _PKCS7 in data[:24] else None
    head = data[:4096].lstrip()
    if head.startswith(b"-----BEGIN "):
        body = data[data.index(b"-----BEGIN ") + 11 :].partition(b"-----")[2]
        return _decoded(body.partition(b"-----END ")[0])
    if head.startswith(b"MI") and (plain := _decoded(data)) is not None:
        return plain  # "MIME-Version" begins like base64, too
    if _MAIL.search(data[:4096].partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]):
        payload = message_from_bytes(data).get_payload(decode=True)
        return unwrapped(payload) if isinstance(payload, bytes) else None
    return None


def _decoded(text: bytes) -> bytes | None:
    try:
        data = base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if data[:1] == b"\x30" and _PKCS7 in data[:24] else None


def open_cms(
    data: bytes,
    name: str,
    message: bytes,
    *,
    open_inner: Open,
    original: Document | bytes | None = None,
    remarks: tuple[tuple[str, str], ...] = (),
) -> CmsDocument:
    """Open a CMS file. `message`: as `unwrapped` gives it. `original`: the signed file, where it lies beside.

    Raises Refusal: cms-encrypted, cms-undecodable.
    """
    kind = message[message.find(_PKCS7) + len(_PKCS7)]
    if kind != _SIGNED_DATA:
        raise _other(name, kind)
    try:
        whole, end = definite(message)
        encapsulated = cms.ContentInfo.load(whole)["content"]["encap_content_info"]
        token = encapsulated["content_type"].dotted == _TST_INFO
        carried = octets(encapsulated.contents)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Refusal(
            "cms-undecodable", f"{name} cannot be read as a signed file (CMS)", "Ask for the file again."
        ) from error
    # Zeros and line ends come from block devices and mail; anything else behind the message is somebody's.
    trailing = len(message.rstrip(b"\x00\r\n")) - end
    # A time-stamp token's content says what was stamped; the stamped file itself lies beside it.
    detached = carried is None or token
    content = original.data if isinstance(original, Document) else original if detached else carried
    inner = original if isinstance(original, Document) else None
    if inner is None and content is not None:
        inner, words = _inner(content, inner_name(name), open_inner)
        remarks = (*remarks, *words)
    if trailing > 0:
        remarks = (*remarks, ("bytes-after-message", f"{trailing} bytes stand behind the signed message."))
    return CmsDocument(
        name=name,
        data=data,
        format="cms",
        pages=inner.pages if inner is not None else (),
        remarks=(*remarks, *(inner.remarks if inner is not None else ())),
        message=whole,
        content=content,
        detached=detached,
        inner=inner,
        trailing=max(trailing, 0),
    )


def octets(encapsulated: bytes) -> bytes | None:
    """The content of an EncapsulatedContentInfo's contents, as it is digested (RFC 5652, 5.4); None where it is absent.

    asn1crypto would read the octets as the structure that the content's type names, which need not be there.
    """
    _, _, _, head, kind, _ = parser.parse(encapsulated)
    rest = encapsulated[len(head) + len(kind) :]
    if not rest:
        return None
    _, _, _, _, explicit, _ = parser.parse(rest)
    return bytes(parser.parse(explicit)[4])


def inner_name(name: str) -> str:
    """contract.pdf.p7m → contract.pdf."""
    path = PurePath(name)
    return path.stem if path.suffix.lower() in (".p7m", ".p7s", ".p7", ".pkcs7", ".tst") and path.stem else name


def _inner(content: bytes, name: str, open_inner: Open) -> tuple[Document | None, tuple[tuple[str, str], ...]]:
    """The signed file as a document; a remark where its pages cannot be shown. A missing password is the caller's to mend."""
    try:
        return open_inner(_of_entity(content), name), ()
    except Refusal as refusal:
        if refusal.code in ("pdf-encrypted", "pdf-wrong-password", "nested-too-deep"):
            raise
        return None, (("content-not-shown", f"The signed content has no pages to look at: {refusal.message}."),)


def _of_entity(content: bytes) -> bytes:
    """What S/MIME signs is a mail's part with headers of its own (RFC 8551, 3.1); the file is in its body."""
    if b"content-type:" not in content[:2048].lower() or not _MIME_HEAD.match(content[:16_384]):
        return content
    part = message_from_bytes(content)
    payload = None if part.is_multipart() else part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else content


def _other(name: str, kind: int) -> Refusal:
    if kind in (3, 4, 6):
        return Refusal(
            "cms-encrypted",
            f"{name} is encrypted for its recipient",
            "Decrypt it with the recipient's key and check that.",
        )
    return Refusal("cms-undecodable", f"{name} is a CMS file without signatures", "Ask for the signed file.")


# BER


class _Malformed(ValueError):
    pass


def definite(data: bytes) -> tuple[bytes, int]:
    """The first BER element with definite lengths and octet strings in one piece, and where it ended in `data`.

    Elements that need no change keep their bytes, so that signed parts in DER stay what was signed. Raises ValueError.
    """
    walk = _Walk(memoryview(data))
    out, end, _ = walk.element(0, len(data), 0)
    return bytes(out), end


_Piece = bytes | memoryview


class _Walk:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.left = _MOST_ELEMENTS

    def element(self, start: int, end: int, depth: int) -> tuple[_Piece, int, bool]:
        """The element at `start`, where it ends, and whether its bytes had to be changed."""
        tag_end, constructed = self._tag(start, end)
        content, length = self._length(tag_end, end)
        self.left -= 1
        if depth > _DEPTH or self.left < 0:
            raise _Malformed("nested or split beyond reason")
        if length is not None and content + length > end:
            raise _Malformed("an element is longer than the file")
        if not constructed:
            if length is None:
                raise _Malformed("a primitive element without a length")
            return self.data[start : content + length], content + length, False
        stop = end if length is None else content + length
        pieces: list[_Piece] = []
        changed, position = length is None, content
        while length is None or position < stop:
            if length is None and bytes(self.data[position : position + 2]) == b"\x00\x00":
                position += 2
                break
            piece, position, other = self.element(position, stop, depth + 1)
            pieces.append(piece)
            changed = changed or other
        if self.data[start] == 0x24:  # an octet string in pieces
            return _tlv(b"\x04", [_value(p) for p in pieces]), position, True
        if not changed:
            return self.data[start:position], position, False
        return _tlv(bytes(self.data[start:tag_end]), pieces), position, True

    def _tag(self, start: int, end: int) -> tuple[int, bool]:
        if start >= end:
            raise _Malformed("the file ends within an element")
        first, position = self.data[start], start + 1
        if first & 0x1F == 0x1F:
            while position < end and self.data[position] & 0x80:
                position += 1
            position += 1
        return position, bool(first & 0x20)

    def _length(self, position: int, end: int) -> tuple[int, int | None]:
        if position >= end:
            raise _Malformed("the file ends within an element")
        first = self.data[position]
        if first < 0x80:
            return position + 1, first
        count = first & 0x7F
        if count == 0:
            return position + 1, None
        if count > 8 or position + 1 + count > end:
            raise _Malformed("a length of more than eight bytes")
        return position + 1 + count, int.from_bytes(self.data[position + 1 : position + 1 + count], "big")


def _tlv(tag: bytes, pieces: list[_Piece]) -> bytes:
    size = sum(len(p) for p in pieces)
    if size < 0x80:
        head = bytes([size])
    else:
        plain = size.to_bytes((size.bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(plain)]) + plain
    return b"".join([tag, head, *pieces])


def _value(piece: _Piece) -> _Piece:
    """The content of a primitive octet string."""
    if piece[0] != 0x04:
        raise _Malformed("an octet string in pieces that are none")
    first = piece[1]
    return piece[2:] if first < 0x80 else piece[2 + (first & 0x7F) :]

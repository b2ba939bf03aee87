"""Sniffing: what the bytes are decides, never the name."""

from __future__ import annotations

from pathlib import Path

from verify.core.document import Document
from verify.core.errors import Refusal, UsageError
from verify.formats.limits import DEFAULT_LIMITS, Limits

SUPPORTED_SUFFIXES = frozenset(
    {
        ".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp",
        ".p7m", ".p7s", ".p7", ".tst", ".asics", ".asice", ".scs", ".sce",
    }
)  # fmt: skip

# A signed file in a signed file in a container …
_DEEPEST = 5

_PICTURES = {
    b"\x89PNG\r\n\x1a\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"II*\x00": ".tiff",
    b"MM\x00*": ".tiff",
    b"II+\x00": ".tiff",
    b"MM\x00+": ".tiff",
    b"BM": ".bmp",
}


def read(
    source: bytes | Path,
    *,
    name: str | None = None,
    password: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    original: bytes | Path | None = None,
) -> Document:
    """Read a document: PDF, pictures, signed files (CMS, CAdES: .p7m, .p7s), containers of these (ASiC-S, ASiC-E).

    `original`: the signed file, for a signature that lies beside it. Raises Refusal with a code and a remedy:
    file-vanished, file-unreadable, file-empty, file-too-large, format-unsupported, format-office, format-mail,
    format-ofd, format-xml-signature, picture-too-large, picture-undecodable, pdf-undecodable, pdf-encrypted,
    pdf-encrypted-for-recipient, pdf-wrong-password, cms-undecodable, cms-encrypted, container-undecodable,
    container-too-large, nested-too-deep. Raises UsageError original-not-needed.
    """
    name, data = _named(source, name, limits)
    document = _opened(data, name, password, limits, original)
    if original is not None and not _detached(document):
        raise UsageError(
            "original-not-needed",
            f"{name} is no signature that lies beside its file; what was signed is in it",
            "Leave --original out.",
        )
    return document


def _named(source: bytes | Path, name: str | None, limits: Limits) -> tuple[str, bytes]:
    """The document's name and bytes, within the limits."""
    if isinstance(source, Path):
        name = name or source.name
        data = _load(source, limits)
    else:
        name, data = name or "document", source
    if not data:
        raise Refusal("file-empty", f"{name} is empty", "Send the file again; nothing arrived.")
    if len(data) > limits.file_bytes:
        raise _too_large(name, len(data), limits)
    return name, data


def _detached(document: Document) -> bool:
    return bool(document.format == "cms" and getattr(document, "detached", False))


def _opened(
    data: bytes, name: str, password: str | None, limits: Limits, original: bytes | Path | None = None, depth: int = 0
) -> Document:
    if depth > _DEEPEST:
        raise Refusal(
            "nested-too-deep",
            f"{name} lies in more than {_DEEPEST} signed files",
            "Take it out and check it by itself.",
        )

    def open_inner(content: bytes, inner: str) -> Document:
        return _opened(content, inner, password, limits, depth=depth + 1)

    # First what can enclose a PDF: its bytes would be found in the first kilobyte.
    if data[:4] == b"PK\x03\x04":
        from verify.formats import asic

        if asic.looks_like(data):
            return asic.open_asic(data, name, open_inner=open_inner, limits=limits)
    if (signed := _signed(data)) is not None:
        from verify.formats import cms

        beside = _original(original, password, limits, depth) if original is not None else None
        return cms.open_cms(data, name, signed, open_inner=open_inner, original=beside)
    if b"%PDF-" in data[:1024]:
        from verify.formats import pdf

        return pdf.open_pdf(data, name, password=password, remarks=_wrong_suffix(name, {".pdf"}))
    for magic, suffix in _PICTURES.items():
        if data.startswith(magic) or (suffix == ".png" and data[:4] == b"\x89PNG"):
            return _picture(data, name, suffix, limits)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _picture(data, name, ".webp", limits)
    raise _unsupported(data, name)


def _signed(data: bytes) -> bytes | None:
    """The CMS message that the bytes are or wrap; a look at the first ones spares the import."""
    head = data[:4096].lstrip()
    if data[:1] != b"\x30" and not head.startswith((b"-----BEGIN ", b"MI")) and b"pkcs7-" not in head:
        return None
    from verify.formats import cms

    return cms.unwrapped(data)


def _original(source: bytes | Path, password: str | None, limits: Limits, depth: int) -> Document | bytes:
    """What a detached signature signs: a document, or the bytes of what has no pages."""
    name, data = _named(source, None, limits)
    try:
        return _opened(data, name, password, limits, depth=depth + 1)
    except Refusal as refusal:
        if refusal.code in ("pdf-encrypted", "pdf-wrong-password"):
            raise
        return data


def _load(path: Path, limits: Limits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise _too_large(path.name, size, limits)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Refusal(
            "file-vanished", f"{path.name} is not there", "Check the name; the file may have been moved meanwhile."
        ) from error
    except IsADirectoryError as error:
        raise Refusal("file-vanished", f"{path.name} is a folder", "Name a file.") from error
    except PermissionError as error:
        raise Refusal("file-unreadable", f"{path.name} may not be read", "Ask for the right to read it.") from error
    except OSError as error:
        raise Refusal(
            "file-unreadable",
            f"{path.name} cannot be read: {error.strerror}",
            "Copy it to another place and try again.",
        ) from error


def _too_large(name: str, size: int, limits: Limits) -> Refusal:
    return Refusal(
        "file-too-large",
        f"{name} has {size / 1e6:.0f} MB; at most {limits.file_bytes / 1e6:.0f} MB are read",
        "Split the document, or raise the limit in the settings.",
    )


def _picture(data: bytes, name: str, suffix: str, limits: Limits) -> Document:
    from verify.formats import image

    same = {".jpg": {".jpg", ".jpeg", ".jpe", ".jfif"}, ".tiff": {".tif", ".tiff"}}.get(suffix, {suffix})
    return image.open_image(data, name, limits=limits, remarks=_wrong_suffix(name, same))


def _wrong_suffix(name: str, right: set[str]) -> tuple[tuple[str, str], ...]:
    suffix = Path(name).suffix.lower()
    if not suffix or suffix in right:
        return ()
    kind = next(iter(sorted(right))).lstrip(".").upper()
    return (("wrong-extension", f"The name ends in {suffix}, but the bytes are {kind}; it was examined as {kind}."),)


def _unsupported(data: bytes, name: str) -> Refusal:
    if data[:4] == b"PK\x03\x04":
        if b"OFD.xml" in data:
            return Refusal(
                "format-ofd", f"{name} is an OFD document", "OFD is not examined yet; ask the sender for the PDF, too."
            )
        if b"word/" in data or b"xl/" in data or b"ppt/" in data or b"mimetypeapplication/vnd.oasis" in data[:200]:
            return Refusal("format-office", f"{name} is an office document", "Export it as PDF and check that.")
        return Refusal("format-unsupported", f"{name} is a ZIP archive", "Unpack it and check the documents in it.")
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return Refusal("format-office", f"{name} is an old office or mail document", "Export it as PDF and check that.")
    head = data[:2048].lstrip().lower()
    if head.startswith((b"<?xml", b"\xef\xbb\xbf<?xml", b"<")) and b"http://www.w3.org/2000/09/xmldsig#" in data:
        return Refusal(
            "format-xml-signature",
            f"{name} is an XML signature",
            "XML signatures are not examined; ask the sender for a signed PDF, a .p7m or an ASiC container with CAdES.",
        )
    if Path(name).suffix.lower() in {".eml", ".msg", ".mbox"} or head.startswith(
        (b"from:", b"return-path:", b"received:", b"mime-version:")
    ):
        return Refusal(
            "format-mail",
            f"{name} is a mail",
            "Save its attachments and check those (a smime.p7m can be checked as it is); a mail itself can be exported "
            "as PDF.",
        )
    return Refusal(
        "format-unsupported",
        f"{name} is neither a PDF nor a picture nor a signed file that we know",
        "Send a PDF, PNG, JPEG, TIFF, .p7m, .p7s or ASiC container; export other formats as PDF.",
    )

"""Sniffing: what the bytes are decides, never the name."""

from __future__ import annotations

from pathlib import Path

from verify.core.document import Document
from verify.core.errors import Refusal
from verify.formats.limits import DEFAULT_LIMITS, Limits

SUPPORTED_SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})

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
    source: bytes | Path, *, name: str | None = None, password: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Document:
    """Read a document.

    Raises Refusal with a code and a remedy: file-vanished, file-empty, file-too-large,
    format-unsupported, format-office, format-mail, format-ofd, picture-too-large,
    picture-undecodable, pdf-undecodable, pdf-encrypted, pdf-wrong-password.
    """
    if isinstance(source, Path):
        name = name or source.name
        data = _load(source, limits)
    else:
        name, data = name or "document", source
    if not data:
        raise Refusal("file-empty", f"{name} is empty", "Send the file again; nothing arrived.")
    if len(data) > limits.file_bytes:
        raise _too_large(name, len(data), limits)
    if b"%PDF-" in data[:1024]:
        from verify.formats import pdf

        return pdf.open_pdf(data, name, password=password, remarks=_wrong_suffix(name, {".pdf"}))
    for magic, suffix in _PICTURES.items():
        if data.startswith(magic) or (suffix == ".png" and data[:4] == b"\x89PNG"):
            return _picture(data, name, suffix, limits)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _picture(data, name, ".webp", limits)
    raise _unsupported(data, name)


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
    if Path(name).suffix.lower() in {".eml", ".msg", ".mbox"} or head.startswith(
        (b"from:", b"return-path:", b"received:", b"mime-version:")
    ):
        return Refusal(
            "format-mail",
            f"{name} is a mail",
            "Save its attachments and check those; a mail itself can be exported as PDF.",
        )
    return Refusal(
        "format-unsupported",
        f"{name} is neither a PDF nor a picture that we know",
        "Send a PDF, PNG, JPEG or TIFF; export other formats as PDF.",
    )

"""A text field's value against what its appearance shows, where that can be read without fonts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from pyhanko.pdf_utils import generic

_SHOWN = re.compile(rb"\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>|\b(?:Tj|TJ|'|\")")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def value_text(value: Any) -> str | None:
    """The field's value as text; None where it is no text."""
    return str(value) if isinstance(value, generic.TextStringObject) else None


def appearance_text(widget: Any, resolve: Callable[[Any], Any]) -> str | None:
    """The text that the normal appearance shows; None where it cannot be read (glyph numbers, nested forms)."""
    looks = resolve(widget.raw_get("/AP"))
    if not isinstance(looks, generic.DictionaryObject) or "/N" not in looks:
        return None
    stream = resolve(looks.raw_get("/N"))
    if not isinstance(stream, generic.StreamObject):
        return None
    try:
        content = bytes(stream.data)
    except Exception:  # filters raise what they like
        return None
    if re.search(rb"/\S+\s+Do\b|\bBI\b", content) or re.search(rb"<[0-9A-Fa-f\s]+>", content):
        return None
    pieces = [_literal(m) for m in re.findall(rb"\(((?:\\.|[^\\()])*)\)", content, re.DOTALL)]
    text = b" ".join(pieces)
    if any(b < 9 or b > 126 for b in text):
        return None
    return text.decode("ascii")


def _literal(raw: bytes) -> bytes:
    def unescape(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        if code.isdigit():
            return bytes([int(code, 8) & 0xFF])
        return _ESCAPES.get(code, code)

    return re.sub(rb"\\([0-7]{1,3}|.)", unescape, raw, flags=re.DOTALL)


def agrees(value: str, shown: str) -> bool:
    """Whether one text could be the other's look: equal but for spaces, case and line breaks, or a part of it."""
    a, b = _bare(value), _bare(shown)
    return a == b or (bool(b) and (b in a or a in b)) if a else not b


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())

"""What a document may cost before it is refused or examined in part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes of a file, pixels of one picture as decoded, pages of which imprints are looked for."""

    file_bytes: int = 512 * 1024 * 1024
    picture_pixels: int = 300_000_000
    imprint_pages: int = 60


DEFAULT_LIMITS = Limits()

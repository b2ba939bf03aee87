"""STAND-IN; overwrite me."""

from __future__ import annotations

from dataclasses import dataclass

from verify.imprints.find import Found
from verify.imprints.imprint import Imprint


@dataclass(frozen=True)
class SealText:
    arc: str = ""
    lines: tuple[str, ...] = ()
    code: str | None = None
    confidence: float | None = None
    reason: str | None = None


def read_text(imprint: Imprint, found: Found) -> SealText:
    return SealText(reason="unreadable")

"""Small PDFs without any picture, quick to examine; one has a signature whose bytes were broken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pymupdf

from verify.simulation.pki import TestPki
from verify.simulation.signing import sign_pdf
from verify.simulation.tampering import break_bytes


def letter(text: str) -> bytes:
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), text)
    return bytes(document.tobytes())


def broken_contract() -> bytes:
    signed = sign_pdf(letter("contract"), TestPki().signer("A"), at=datetime(2026, 5, 20, tzinfo=UTC))
    return break_bytes(signed)


def write_letters(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"letter-{number:03}.pdf").write_bytes(letter(f"letter {number}"))

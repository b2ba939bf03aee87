"""Exhibits: images and files that back a statement, named by their digest."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from verify.core.document import digest

_SUFFIXES = {
    "image/png": "png", "image/jpeg": "jpg", "application/pdf": "pdf", "application/pkix-cert": "cer",
    "application/pkix-crl": "crl", "application/ocsp-response": "ors",
}  # fmt: skip


class Exhibit(BaseModel):
    """The description of an exhibit; its bytes travel beside the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    type: str
    role: str
    subject: str
    page: int | None = None

    @property
    def file_name(self) -> str:
        return f"{self.sha256[:16]}.{_SUFFIXES.get(self.type, 'bin')}"


@dataclass(frozen=True, eq=False)
class Piece:
    """An exhibit with its bytes."""

    exhibit: Exhibit
    data: bytes


def piece(data: bytes, *, type: str, role: str, subject: str, page: int | None = None) -> Piece:
    """Bytes and their description. `role` says what it shows: page, questioned, reference, overlay, difference, …"""
    return Piece(Exhibit(sha256=digest(data), type=type, role=role, subject=subject, page=page), data)

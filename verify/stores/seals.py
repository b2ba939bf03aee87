"""Reference seals: the protocol of a shelf, and the folder format that is exchanged."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError

SealKind = Literal["company", "contract", "finance", "invoice", "personnel", "legal-representative", "other"]
SealShape = Literal["round", "oval", "square", "rectangle", "triangle", "other"]
SealStatus = Literal["active", "retired", "destroyed", "reported-lost"]
SealMaking = Literal["rubber", "photosensitive", "pre-inked", "metal", "electronic", "unknown"]
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Owner(BaseModel):
    model_config = _FROZEN

    name: str
    unified_code: str | None = None


class Specimen(BaseModel):
    """One registered impression, with the resolution and the day at which it was taken."""

    model_config = _FROZEN

    file: str
    dpi: float = Field(ge=0, description="0 = unknown")
    taken: date
    sha256: str


class ReferenceSeal(BaseModel):
    """A registered seal; `size_mm` is width and height."""

    model_config = _FROZEN

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    owner: Owner
    unit: str | None = None
    kind: SealKind
    shape: SealShape
    size_mm: tuple[float, float]
    text: str
    code: str | None = None
    making: SealMaking = "unknown"
    valid_from: date | None = None
    valid_to: date | None = None
    status: SealStatus = "active"
    status_changed: date | None = None
    ledger_from: date | None = Field(
        default=None, description="From this day the ledger is declared complete for this seal."
    )
    specimen: tuple[Specimen, ...] = ()

    @property
    def record_digest(self) -> str:
        """Digest of everything that the registry says of it, specimens' digests included."""
        return digest(self.model_dump_json().encode())


class SealShelf(Protocol):
    """Where reference seals are read from."""

    @property
    def name(self) -> str: ...

    def seals(self) -> Sequence[ReferenceSeal]:
        """Every seal, in the order of their ids."""

    def specimen(self, seal: ReferenceSeal, specimen: Specimen) -> bytes:
        """The picture's bytes, checked against its digest."""


@dataclass(frozen=True)
class NoSeals:
    name: str = "none"

    def seals(self) -> Sequence[ReferenceSeal]:
        return ()

    def specimen(self, seal: ReferenceSeal, specimen: Specimen) -> bytes:
        raise KeyError(seal.id)


@dataclass(frozen=True)
class FolderShelf:
    """A read-only folder of `<id>/seal.toml` with specimens beside it."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def _seals(self) -> tuple[ReferenceSeal, ...]:
        if not self.folder.is_dir():
            raise UsageError("seals-missing", f"{self.folder} is not a folder", "Name a folder of <id>/seal.toml.")
        found = tuple(read_seal(p) for p in sorted(self.folder.glob("*/seal.toml")))
        if not found:
            raise UsageError(
                "seals-empty",
                f"{self.folder} holds no seal",
                "Name a folder of <id>/seal.toml, as reference_seals/ is.",
            )
        return tuple(sorted(found, key=lambda s: s.id))

    def seals(self) -> Sequence[ReferenceSeal]:
        return self._seals

    def specimen(self, seal: ReferenceSeal, specimen: Specimen) -> bytes:
        path = (self.folder / seal.id / specimen.file).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise VerifyError(
                "specimen-outside", f"{specimen.file} of {seal.id} points outside its folder", "Correct seal.toml."
            )
        try:
            data = path.read_bytes()
        except OSError as error:
            raise VerifyError(
                "specimen-missing", f"{specimen.file} of seal {seal.id} cannot be read", "Put the picture back."
            ) from error
        if digest(data) != specimen.sha256:
            raise VerifyError(
                "specimen-changed",
                f"{specimen.file} of seal {seal.id} is not the picture that was registered",
                "Restore the registered picture; a specimen is never edited.",
            )
        return data


def read_seal(path: Path) -> ReferenceSeal:
    """One seal.toml; raises UsageError `seal-invalid` naming the field."""
    try:
        seal = ReferenceSeal.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise UsageError("seal-invalid", f"{path}: {where}: {first['msg']}", "Correct seal.toml.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("seal-invalid", f"{path}: {error}", "Correct seal.toml.") from error
    if seal.id != path.parent.name:
        raise UsageError(
            "seal-invalid", f"{path}: the id {seal.id!r} is not the folder's name", "Name the folder after the id."
        )
    return seal

"""The ledger of authorised uses: the protocol, and its folder form `uses.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from verify.core.document import digest
from verify.core.errors import UsageError


class Use(BaseModel):
    """One decided application of a seal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    seal: str
    document_sha256: str
    purpose: str = ""
    copies: int = 1
    applied_by: str = ""
    approved_by: tuple[str, ...] = ()
    status: Literal["approved", "refused"]
    decided: datetime


class UseLedger(Protocol):
    """Where uses are looked up."""

    def uses(self) -> Sequence[Use]: ...

    @property
    def head(self) -> str:
        """Digest of the ledger as consulted, for the report's provenance."""


class _UsesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    use: tuple[Use, ...] = ()


@dataclass(frozen=True)
class FolderLedger:
    path: Path

    @cached_property
    def _data(self) -> bytes:
        return self.path.read_bytes()

    def uses(self) -> Sequence[Use]:
        try:
            return _UsesFile.model_validate(tomllib.loads(self._data.decode("utf-8"))).use
        except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(
                "uses-invalid", f"{self.path}: {str(error).splitlines()[0]}", "Correct uses.toml."
            ) from error

    @property
    def head(self) -> str:
        return digest(self._data)


def ledger_beside(seals: Path) -> UseLedger | None:
    """The ledger `uses.toml` in a folder of seals, if there is one."""
    path = seals / "uses.toml"
    return FolderLedger(path) if path.is_file() else None

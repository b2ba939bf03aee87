"""A trust profile: a TOML file that names what is trusted for what.

name = "contracts"
stale = "use"                      # or "refuse": what becomes of a list whose next update is overdue
[[anchors]]                        # a folder or file, relative to the profile
from = "roots"
for = ["signing", "time-stamping"]
[[list]]                           # a trusted list after ETSI TS 119 612, or a list of such lists
url = "https://lists.example/lotl.xml"
signers = "lotl-signers"           # the certificates that may have signed it, relative to the profile
territories = ["DE", "FR"]         # of a list of lists; all without
services = ["CA/QC", "TSA/QTST"]
[paths]                            # RFC 5280, 6.1.1 (c) to (g)
policies = ["1.2.3"]
explicit_policy = true
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from verify.core.document import digest
from verify.core.errors import UsageError
from verify.stores.trust import (
    ANY_POLICY,
    PURPOSES,
    Anchor,
    PathConstraints,
    Purpose,
    TrustAnchors,
    certificates_in,
    certificates_sorted,
)

_FROZEN = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
Name = Annotated[str, StringConstraints(pattern=f"^{PROFILE_NAME.pattern}$")]
Territory = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Oid = Annotated[str, StringConstraints(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$")]

# What a service of a trusted list is an anchor for (TS 119 612, 5.5.1; the type's URI after …/TrstSvc/Svctype/).
SERVICE_PURPOSES: dict[str, Purpose] = {
    "CA/QC": "signing",
    "CA/PKC": "signing",
    "TSA/QTST": "time-stamping",
    "TSA": "time-stamping",
    "TSA/TSS-QC": "time-stamping",
    "TSA/TSS-AdESQCandQES": "time-stamping",
}


class AnchorsEntry(BaseModel):
    """Certificates of the operator's own choice."""

    model_config = _FROZEN

    place: str = Field(alias="from", min_length=1)
    purposes: tuple[Purpose, ...] = Field(default=tuple(sorted(PURPOSES)), alias="for", min_length=1)


class ListEntry(BaseModel):
    """A trusted list, and who may have signed it."""

    model_config = _FROZEN

    url: str = Field(pattern=r"^https?://")
    signers: str = Field(min_length=1)
    territories: tuple[Territory, ...] | None = Field(default=None, min_length=1)
    services: tuple[str, ...] = Field(default=("CA/QC", "TSA/QTST"), min_length=1)

    @field_validator("services")
    @classmethod
    def _known(cls, services: tuple[str, ...]) -> tuple[str, ...]:
        for one in services:
            if one not in SERVICE_PURPOSES:
                raise ValueError(f"there is no service {one!r}; known: {', '.join(SERVICE_PURPOSES)}")
        return services


class PathsEntry(BaseModel):
    """What every certificate path must satisfy."""

    model_config = _FROZEN

    policies: tuple[Oid, ...] = Field(default=(ANY_POLICY,), min_length=1)
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any_policy: bool = False


class ProfileTable(BaseModel):
    """The file's content."""

    model_config = _FROZEN

    name: Name
    stale: Literal["use", "refuse"] = "use"
    anchors: tuple[AnchorsEntry, ...] = ()
    list: tuple[ListEntry, ...] = ()
    paths: PathsEntry = PathsEntry()


@dataclass(frozen=True)
class WantedList:
    """A list as a profile asks for it. `signers`: DER."""

    url: str
    signers: tuple[bytes, ...]
    territories: frozenset[str] | None
    services: frozenset[str]

    @property
    def key(self) -> str:
        """The name under which it is kept. Whoever may sign is part of it: what others vouched for is then not found."""
        territories = " ".join(sorted(self.territories)) if self.territories is not None else "all"
        return digest("\n".join([self.url, territories, *sorted(map(digest, self.signers))]).encode())[:32]


@dataclass(frozen=True)
class Profile:
    """A profile as loaded: its own anchors, the lists it wants, and what it asks of paths."""

    name: str
    own: TrustAnchors
    lists: tuple[WantedList, ...] = ()
    refuse_stale: bool = False


def load_profile(file: Path) -> Profile:
    """The profile of a file. Raises UsageError: trust-missing, trust-profile-invalid, trust-empty, trust-unreadable."""
    if not file.is_file():
        raise UsageError("trust-missing", f"{file} does not exist", "Name a trust profile.")
    table = _table(file)
    anchors = tuple(
        Anchor(der, frozenset(entry.purposes), entry.place)
        for entry in table.anchors
        for der in certificates_in(file.parent / entry.place)
    )
    p = table.paths
    constraints = PathConstraints(
        frozenset(p.policies), p.explicit_policy, p.inhibit_mapping, p.inhibit_any_policy
    )  # fmt: skip
    wanted = tuple(
        WantedList(
            entry.url,
            tuple(certificates_in(file.parent / entry.signers)),
            frozenset(entry.territories) if entry.territories else None,
            frozenset(entry.services),
        )
        for entry in table.list
    )
    own = TrustAnchors(table.name, certificates_sorted(anchors), anchors, constraints)
    return Profile(table.name, own, wanted, table.stale == "refuse")


def _table(file: Path) -> ProfileTable:
    try:
        return ProfileTable.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        said = "there is no such key" if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError(
            "trust-profile-invalid", f"{file}: {where}: {said}", "Correct the profile; docs/trust.md shows one."
        ) from error
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("trust-profile-invalid", f"{file}: {error}", "Correct the profile's TOML.") from error

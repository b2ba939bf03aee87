"""The trust store of an installation: a folder of profiles, of added certificates, and of the lists as last fetched.

    trust/
      contracts.toml                 a profile; see trustprofile.py
      contracts/both|signing|time-stamping/*.der      certificates added to it by `sigillum trust add`
      lists/<key>.json, <sha256>.xml                  what `sigillum trust update` found and checked

A profile exists once it has its TOML or its folder. Whoever may write here decides what is trusted, as with any folder
of roots; that is why a list is checked when it is fetched, and only read when documents are judged.
"""

from __future__ import annotations

import base64
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from verify.core.document import digest
from verify.core.errors import UsageError
from verify.stores.trust import (
    NO_ANCHORS,
    PURPOSES,
    Anchor,
    ListFacts,
    Purpose,
    TrustAnchors,
    anchors_from,
    certificates_of,
    certificates_sorted,
    merged,
)
from verify.stores.trustprofile import PROFILE_NAME, SERVICE_PURPOSES, Profile, WantedList, load_profile

_FOLDERS: dict[str, frozenset[Purpose]] = {
    "both": PURPOSES,
    "signing": frozenset({"signing"}),
    "time-stamping": frozenset({"time-stamping"}),
}
_LISTS = "lists"
_UPDATE = "`sigillum trust update` fetches the lists."


class KeptService(BaseModel):
    """One certificate of one listed service, and when the service had a good status."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    certificate: str  # base64 of DER
    service: str
    source: str
    since: datetime
    until: datetime | None
    qualified: bool

    @property
    def der(self) -> bytes:
        return base64.b64decode(self.certificate)


class KeptList(BaseModel):
    """One list as fetched and checked. `signer`: SHA-256 of the certificate whose signature held.

    `successors`: base64 of the certificates that a list of lists names as its own signers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    territory: str
    of_lists: bool
    sha256: str
    signer: str
    sequence: int
    issued: datetime
    next_update: datetime | None
    fetched: datetime
    services: tuple[KeptService, ...]
    remarks: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()

    @property
    def facts(self) -> ListFacts:
        name = f"{self.territory} list of lists" if self.of_lists else self.territory
        return ListFacts(name, self.sha256, self.sequence, self.issued, self.next_update, self.fetched)


class Kept(BaseModel):
    """What a profile's list gave: itself first, then the national ones it points to. `signers`: the pinned ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_name: Literal["sigillum/trust-list/1"] = "sigillum/trust-list/1"
    url: str
    signers: tuple[str, ...]
    lists: tuple[KeptList, ...]


@dataclass(frozen=True)
class TrustStore:
    """The folder; it need not exist."""

    folder: Path

    def names(self) -> list[str]:
        """The profiles, in the order of their names."""
        if not self.folder.is_dir():
            return []
        found = {p.stem for p in self.folder.glob("*.toml")}
        found |= {p.parent.name for p in self.folder.glob("*/*") if p.name in _FOLDERS and p.is_dir()}
        return sorted(name for name in found if PROFILE_NAME.fullmatch(name))

    def profile(self, name: str) -> Profile:
        """A stored profile, with the certificates that were added to it. Raises UsageError trust-unknown, and as load_profile."""
        if name not in self.names():
            known = ", ".join(self.names()) or "none yet"
            raise UsageError(
                "trust-unknown",
                f"there is no trust profile {name!r}",
                f"Known: {known}. Or name a folder or a TOML file.",
            )
        file = self.folder / f"{name}.toml"
        profile = load_profile(file) if file.is_file() else Profile(name, TrustAnchors(name, ()))
        if profile.name != name:
            raise UsageError(
                "trust-profile-invalid",
                f"{file}: the name {profile.name!r} is not the file's",
                "Name the file after it.",
            )
        added = tuple(self._added(name))
        own = merged(name, [profile.own, TrustAnchors(name, certificates_sorted(added), added)])
        return replace(profile, own=own)

    def _added(self, name: str) -> Iterator[Anchor]:
        for folder, purposes in _FOLDERS.items():
            for file in sorted((self.folder / name / folder).glob("*.der")):
                yield from (Anchor(der, purposes, f"{name}/{folder}/{file.name}") for der in certificates_of(file))

    def add(self, der: bytes, *, profile: str, purposes: frozenset[Purpose], label: str) -> Path:
        """Keep a certificate in a profile, under a readable name and its digest; the same one twice is one file."""
        folder = next(name for name, held in _FOLDERS.items() if held == purposes)
        readable = re.sub(r"[^\w-]+", "-", label).strip("-")[:40]
        file = self.folder / profile / folder / f"{readable or 'certificate'}-{digest(der)[:16]}.der"
        _write(file, der)
        return file

    def kept(self, wanted: WantedList) -> Kept | None:
        """What the last update kept of a list; None where there was none. Raises UsageError trust-store-damaged."""
        file = self.folder / _LISTS / f"{wanted.key}.json"
        try:
            return Kept.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise UsageError("trust-store-damaged", f"{file} cannot be read", f"Remove it; {_UPDATE}") from error

    def document(self, one: KeptList) -> bytes | None:
        """A kept list's own bytes; None where they are gone or no longer the ones that were checked."""
        try:
            data = (self.folder / _LISTS / f"{one.sha256}.xml").read_bytes()
        except OSError:
            return None
        return data if digest(data) == one.sha256 else None

    def keep(self, wanted: WantedList, kept: Kept, documents: Sequence[bytes]) -> None:
        """Keep what an update found. The index comes last and in one step: a reader sees the old state or the new one."""
        folder = self.folder / _LISTS
        for data in documents:
            file = folder / f"{digest(data)}.xml"
            if not file.is_file():
                _write(file, data)
        _write(folder / f"{wanted.key}.json", kept.model_dump_json(indent=1).encode())
        self._tidy({one.sha256 for one in kept.lists})

    def _tidy(self, used: set[str]) -> None:
        """Remove the lists that no index names any more: a year of daily updates would be gigabytes."""
        folder = self.folder / _LISTS
        indexes = "\n".join(p.read_text(encoding="utf-8") for p in sorted(folder.glob("*.json")))
        for file in folder.glob("*.xml"):
            if file.stem not in used and file.stem not in indexes:
                file.unlink(missing_ok=True)

    def anchors(self, profile: Profile, now: datetime) -> TrustAnchors:
        """All that a profile trusts, its lists as last fetched. Raises UsageError trust-list-stale where it refuses such.

        Raises trust-store-damaged as `kept` does.
        """
        parts = [profile.own]
        for wanted in profile.lists:
            kept = self.kept(wanted)
            missing = "never fetched" if kept is None else _unfetched(wanted, kept)
            if missing and profile.refuse_stale:
                raise UsageError("trust-list-stale", f"{profile.name}: {wanted.url} was {missing}", _UPDATE)
            if missing:
                parts.append(TrustAnchors(profile.name, (), remarks=(f"{missing}: {wanted.url}",)))
            if kept is not None:
                parts.append(_anchors_of(profile, wanted, kept, now))
        joined = merged(profile.name, parts)
        return replace(joined, constraints=profile.own.constraints)


def _anchors_of(profile: Profile, wanted: WantedList, kept: Kept, now: datetime) -> TrustAnchors:
    used = [one for one in kept.lists if _of_interest(wanted, one)]
    late = [one.facts for one in used if one.facts.stale(now)]
    if late and profile.refuse_stale:
        told = ", ".join(f"{one.name} ({one.due})" for one in late)
        raise UsageError("trust-list-stale", f"{profile.name}: lists are overdue: {told}", _UPDATE)
    anchors = tuple(
        Anchor(
            s.der,
            frozenset({SERVICE_PURPOSES[s.service]}),
            s.source,
            s.since,
            s.until,
            s.qualified,
            one.territory,
        )
        for one in used
        for s in one.services
        if s.service in wanted.services
    )
    return TrustAnchors(
        profile.name,
        certificates_sorted(anchors),
        anchors,
        lists=tuple(one.facts for one in used),
        remarks=tuple(f"stale: {one.name} {one.due}" for one in late),
    )


def _of_interest(wanted: WantedList, one: KeptList) -> bool:
    return one.of_lists or wanted.territories is None or one.territory in wanted.territories


def _unfetched(wanted: WantedList, kept: Kept) -> str | None:
    """Territories that a profile names and that are not there, in words."""
    lacking = sorted((wanted.territories or frozenset()) - {one.territory for one in kept.lists if not one.of_lists})
    return f"not fetched for {', '.join(lacking)}" if lacking else None


def trusted(given: Sequence[Path], store: TrustStore, *, default: str, now: datetime) -> TrustAnchors:
    """What a caller's `--trust` names: folders, certificates, profiles, names of stored profiles; together.

    Nothing named: the store's default profile where it holds anchors, else NO_ANCHORS. A folder or file that exists
    goes before a stored profile of the same name. Raises UsageError as anchors_from, load_profile and `anchors`.
    """
    if not given:
        if default not in store.names():
            return NO_ANCHORS
        found = store.anchors(store.profile(default), now)
        return found if found.certificates else NO_ANCHORS
    parts = [_named(one, store, now) for one in given]
    return parts[0] if len(parts) == 1 else merged(", ".join(p.name for p in parts), parts)


def profile_named(given: Path, store: TrustStore) -> Profile:
    """A profile by its file or by its name in the store. Raises UsageError trust-unknown, and as load_profile."""
    return load_profile(given) if given.suffix == ".toml" else store.profile(str(given))


def is_profile(given: Path, store: TrustStore) -> bool:
    """Whether this is a profile's file, or its name in the store, rather than a folder or a certificate."""
    if given.suffix == ".toml":
        return not given.is_dir()
    return not given.exists() and str(given) in store.names()


def _named(given: Path, store: TrustStore, now: datetime) -> TrustAnchors:
    if is_profile(given, store):
        profile = profile_named(given, store)
    elif not given.exists():
        raise UsageError(
            "trust-missing",
            f"{given} does not exist, and no trust profile is called so",
            "Name a folder of root certificates (PEM or DER), a profile's TOML, or a profile that `sigillum trust list` shows.",
        )
    else:
        return anchors_from([given])
    found = store.anchors(profile, now)
    if not found.certificates:
        raise UsageError(
            "trust-empty",
            f"the trust profile {profile.name!r} holds no anchor" + "".join(f"; {r}" for r in found.remarks),
            _UPDATE if profile.lists else f"`sigillum trust add ROOT.pem --profile {profile.name}` adds one.",
        )
    return found


def _write(file: Path, data: bytes) -> None:
    """Write in one step: beside the place, then moved onto it. Raises UsageError trust-store-unwritable."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(
            "trust-store-unwritable", f"{file}: {error.strerror or error}", "Check the folder's rights and space."
        ) from error

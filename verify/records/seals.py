"""The registry: seals and specimens in the records, with every status that a seal ever had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import PurePosixPath

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from verify.core.errors import UsageError, VerifyError
from verify.records.database import Records
from verify.records.tables import SealRow, SealStatusRow, SpecimenRow
from verify.stores.seals import Owner, ReferenceSeal, SealStatus, Specimen


@dataclass(frozen=True)
class RecordsShelf:
    """The registry as it stood when it was first asked: one examination sees one registry."""

    records: Records
    name: str = "records"

    @cached_property
    def _seals(self) -> tuple[ReferenceSeal, ...]:
        with self.records.session() as session:
            rows = session.scalars(select(SealRow).order_by(SealRow.id).options(selectinload(SealRow.specimens)))
            return tuple(_seal(row) for row in rows)

    def seals(self) -> Sequence[ReferenceSeal]:
        return self._seals

    def specimen(self, seal: ReferenceSeal, specimen: Specimen) -> bytes:
        return self.records.blobs.get(specimen.sha256)


@dataclass(frozen=True)
class StatusEntry:
    """A line of a seal's history: the status, from which day it holds, and when it was entered."""

    status: SealStatus
    since: date | None
    recorded: datetime


def registered(records: Records, id: str) -> ReferenceSeal | None:
    """The seal of that id as it stands, if there is one."""
    with records.session() as session:
        row = session.get(SealRow, id)
        return None if row is None else _seal(row)


def register(
    records: Records, seal: ReferenceSeal, pictures: Mapping[str, bytes], *, recorded: datetime, toml: str | None = None
) -> None:
    """Enter a seal with its specimens' pictures (by digest): whole or not at all.

    `toml` is the seal.toml that it came from. Raises UsageError `seal-exists`, `specimen-name`.
    """
    for specimen in seal.specimen:
        _proper_name(seal, specimen)
    with records.session() as session:
        if session.get(SealRow, seal.id) is not None:
            raise UsageError(
                "seal-exists",
                f"there is already a seal {seal.id!r}",
                "Choose another id; a registered seal is never overwritten. `sigillum seals set-status` changes its status.",
            )
        for specimen in seal.specimen:  # pictures first: a row must never name a blob that is not there
            if records.blobs.put(pictures[specimen.sha256]) != specimen.sha256:
                raise VerifyError(
                    "specimen-changed",
                    f"{specimen.file} of seal {seal.id} is not the picture that its digest names",
                    "Restore the registered picture; a specimen is never edited.",
                )
        session.add(_row(seal, toml))
        session.flush()
        session.add(
            SealStatusRow(
                seal_id=seal.id, status=seal.status, since=seal.status_changed or seal.valid_from, recorded=recorded
            )
        )


def set_status(records: Records, id: str, status: SealStatus, *, since: date, recorded: datetime) -> ReferenceSeal:
    """Enter a seal's new status from a day on. The former one stays in its history.

    Raises UsageError: seal-unknown, status-already (the same status from the same day), status-before-valid.
    """
    with records.session() as session:
        row = _known(session, id)
        if row.status == status and row.status_changed == since:
            raise UsageError(
                "status-already",
                f"seal {id} is {status} since {since} already",
                "Nothing was changed; nothing need be.",
            )
        if row.valid_from is not None and since < row.valid_from:
            raise UsageError(
                "status-before-valid",
                f"seal {id} is valid from {row.valid_from}; it cannot be {status} since {since}",
                "Correct --since.",
            )
        row.status, row.status_changed = status, since
        session.add(SealStatusRow(seal_id=id, status=status, since=since, recorded=recorded))
        return _seal(row)


def history(records: Records, id: str) -> tuple[StatusEntry, ...]:
    """Every status of a seal in the order of entry; raises UsageError `seal-unknown`."""
    with records.session() as session:
        _known(session, id)
        rows = session.scalars(select(SealStatusRow).where(SealStatusRow.seal_id == id).order_by(SealStatusRow.id))
        return tuple(StatusEntry(row.status, row.since, row.recorded) for row in rows)  # type: ignore[arg-type]


def _known(session: Session, id: str) -> SealRow:
    row = session.get(SealRow, id)
    if row is None:
        raise UsageError(
            "seal-unknown", f"there is no registered seal {id!r}", "`sigillum seals list` shows the seals."
        )
    return row


def _proper_name(seal: ReferenceSeal, specimen: Specimen) -> None:
    """A specimen's name becomes a path when the seal is exported."""
    path = PurePosixPath(specimen.file)
    proper = (
        not path.is_absolute() and ".." not in path.parts and "\\" not in specimen.file and "\0" not in specimen.file
    )
    if not proper or path.name in ("", "seal.toml"):
        raise UsageError(
            "specimen-name", f"{specimen.file!r} of seal {seal.id} is no proper file name", "Rename the picture."
        )


def _seal(row: SealRow) -> ReferenceSeal:
    return ReferenceSeal.model_validate(
        {
            "id": row.id,
            "owner": Owner(name=row.owner_name, unified_code=row.unified_code),
            "unit": row.unit,
            "kind": row.kind,
            "shape": row.shape,
            "size_mm": (row.width_mm, row.height_mm),
            "text": row.text,
            "code": row.code,
            "making": row.making,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
            "status": row.status,
            "status_changed": row.status_changed,
            "ledger_from": row.ledger_from,
            "specimen": tuple(Specimen(file=s.file, dpi=s.dpi, taken=s.taken, sha256=s.sha256) for s in row.specimens),
        }
    )


def _row(seal: ReferenceSeal, toml: str | None) -> SealRow:
    return SealRow(
        id=seal.id,
        owner_name=seal.owner.name,
        unified_code=seal.owner.unified_code,
        unit=seal.unit,
        kind=seal.kind,
        shape=seal.shape,
        width_mm=seal.size_mm[0],
        height_mm=seal.size_mm[1],
        text=seal.text,
        code=seal.code,
        making=seal.making,
        valid_from=seal.valid_from,
        valid_to=seal.valid_to,
        status=seal.status,
        status_changed=seal.status_changed,
        ledger_from=seal.ledger_from,
        toml=toml,
        specimens=[
            SpecimenRow(position=n, file=s.file, dpi=s.dpi, taken=s.taken, sha256=s.sha256)
            for n, s in enumerate(seal.specimen)
        ],
    )

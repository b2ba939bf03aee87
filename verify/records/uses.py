"""The ledger of uses in the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select

from verify.core.document import digest
from verify.core.errors import UsageError
from verify.records.database import Records
from verify.records.tables import SealRow, UseRow
from verify.stores.uses import Use


@dataclass(frozen=True)
class RecordsLedger:
    """The ledger as it stood when it was first asked, in the order of decisions."""

    records: Records

    @cached_property
    def _uses(self) -> tuple[Use, ...]:
        with self.records.session() as session:
            rows = session.scalars(select(UseRow).order_by(UseRow.decided, UseRow.id))
            return tuple(_use(row) for row in rows)

    def uses(self) -> Sequence[Use]:
        return self._uses

    @property
    def head(self) -> str:
        return digest("\n".join(use.model_dump_json() for use in self._uses).encode())


def enter_use(records: Records, use: Use) -> bool:
    """Enter a decided use; False where it stands there already, word for word.

    Raises UsageError: use-time-without-zone, use-of-unknown-seal, use-differs. A use is never altered.
    """
    if use.decided.tzinfo is None:
        raise UsageError(
            "use-time-without-zone",
            f"use {use.id} was decided at a time without its zone",
            "Write it as 2026-01-31T12:00:00+08:00.",
        )
    with records.session() as session:
        row = session.get(UseRow, use.id)
        if row is not None:
            if _use(row) == use:
                return False
            raise UsageError(
                "use-differs", f"use {use.id} stands in the records with another content", "A use is never altered."
            )
        if session.get(SealRow, use.seal) is None:
            raise UsageError(
                "use-of-unknown-seal",
                f"use {use.id} is of the seal {use.seal!r}, which is not registered",
                "Import it first.",
            )
        session.add(
            UseRow(
                id=use.id,
                seal_id=use.seal,
                document_sha256=use.document_sha256,
                purpose=use.purpose,
                copies=use.copies,
                applied_by=use.applied_by,
                approved_by=list(use.approved_by),
                status=use.status,
                decided=use.decided,
            )
        )
    return True


def _use(row: UseRow) -> Use:
    return Use.model_validate(
        {
            "id": row.id,
            "seal": row.seal_id,
            "document_sha256": row.document_sha256,
            "purpose": row.purpose,
            "copies": row.copies,
            "applied_by": row.applied_by,
            "approved_by": tuple(row.approved_by),
            "status": row.status,
            "decided": row.decided,
        }
    )

"""The tables. Nothing here is SQLite's own: the URL may name PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

# Constraints carry names, so that a later migration can name what it alters.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware moment. SQLite forgets the zone, so everything is kept as UTC and given back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without its zone cannot be kept")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: Moment(), date: Date(), dict[str, Any]: JSON(), list[str]: JSON()}  # noqa: RUF012


Digest = String(64)


class SealRow(Table):
    """A registered seal as it stands; how it came to stand so is in `seal_statuses`."""

    __tablename__ = "seals"

    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    owner_name: Mapped[str] = mapped_column(Text)
    unified_code: Mapped[str | None] = mapped_column(String(64))
    unit: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(32))
    shape: Mapped[str] = mapped_column(String(16))
    width_mm: Mapped[float] = mapped_column(Float(53))
    height_mm: Mapped[float] = mapped_column(Float(53))
    text: Mapped[str] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(String(64))
    making: Mapped[str] = mapped_column(String(16))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(16))
    status_changed: Mapped[date | None]
    ledger_from: Mapped[date | None]
    # seal.toml as it was imported, so that an export gives back its very bytes; null where the seal was added here.
    toml: Mapped[str | None] = mapped_column(Text)
    specimens: Mapped[list[SpecimenRow]] = relationship(order_by="SpecimenRow.position", cascade="all, delete-orphan")


class SpecimenRow(Table):
    """A registered impression; its picture is the blob called by its digest."""

    __tablename__ = "specimens"
    __table_args__ = (UniqueConstraint("seal_id", "position"), UniqueConstraint("seal_id", "file"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    seal_id: Mapped[str] = mapped_column(ForeignKey("seals.id"))
    position: Mapped[int]
    file: Mapped[str] = mapped_column(String(255))
    dpi: Mapped[float] = mapped_column(Float(53))
    taken: Mapped[date]
    sha256: Mapped[str] = mapped_column(Digest)


class SealStatusRow(Table):
    """Every status that a seal ever had; rows are added, never altered. The first is that of its registration."""

    __tablename__ = "seal_statuses"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    seal_id: Mapped[str] = mapped_column(ForeignKey("seals.id"), index=True)
    status: Mapped[str] = mapped_column(String(16))
    since: Mapped[date | None]
    recorded: Mapped[datetime]


class UseRow(Table):
    """One decided use of a seal."""

    __tablename__ = "uses"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    seal_id: Mapped[str] = mapped_column(ForeignKey("seals.id"), index=True)
    document_sha256: Mapped[str] = mapped_column(Digest, index=True)
    purpose: Mapped[str] = mapped_column(Text)
    copies: Mapped[int]
    applied_by: Mapped[str] = mapped_column(Text)
    approved_by: Mapped[list[str]]
    status: Mapped[str] = mapped_column(String(16))
    decided: Mapped[datetime]


class CaseRow(Table):
    """A kept report, called by the first half of its digest; `examination` is the key of what it was examined under."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "examination", "policy"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    document_sha256: Mapped[str] = mapped_column(Digest, index=True)
    name: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(16))
    policy: Mapped[str] = mapped_column(String(128))
    examination: Mapped[str] = mapped_column(Digest)
    created: Mapped[datetime]
    # How much could not be examined: such a report cannot pass, and an archive must not take it for complete.
    problems: Mapped[int]
    report: Mapped[str] = mapped_column(Text)


class RunRow(Table):
    """One run of the archive over its sources. `at` is fixed here once; `settings` is the key of all else that could
    change an answer (seals, uses, anchors, policy, models, version)."""

    __tablename__ = "archive_runs"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    sources: Mapped[list[str]]
    settings: Mapped[str] = mapped_column(Digest)
    described: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    started: Mapped[datetime]
    finished: Mapped[datetime | None]
    unsupported: Mapped[int] = mapped_column(default=0)


class JournalRow(Table):
    """One file of a run, done or to do: verify.records.journal names the states."""

    __tablename__ = "archive_journal"
    __table_args__ = (
        UniqueConstraint("run_id", "path"),
        Index(None, "run_id", "sha256"),
        Index(None, "run_id", "state"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("archive_runs.id"))
    path: Mapped[str] = mapped_column(Text, index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Digest, index=True)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"), index=True)
    code: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)


class FlagRow(Table):
    """A named finding of a kept case that somebody has to look at."""

    __tablename__ = "archive_flags"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    flag: Mapped[str] = mapped_column(String(64))
    check: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    page: Mapped[int | None]
    reason: Mapped[dict[str, Any]]
    # The impression that it repeats, where the evidence names one: documents that share it are flagged together.
    impression: Mapped[str | None] = mapped_column(Digest, index=True)

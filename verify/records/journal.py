"""The archive's journal: one run of many documents, each file done or to do, so that a killed run goes on.

States of a file: `todo`; `doing` (handed to a worker) and `alone` (handed out by itself, after it was there
when a worker died); `done` (has its case); `kept` (an earlier run's case under the same settings holds);
`same` (another file of this run has the same bytes); `refused` (cannot be examined, with a code); `broke` (it
killed two workers).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Executable, func, select, update
from sqlalchemy.orm import Session

from verify.records.cases import add_case
from verify.records.database import Records
from verify.records.tables import CaseRow, FlagRow, JournalRow, RunRow
from verify.report import Report

State = Literal["todo", "doing", "alone", "done", "kept", "same", "refused", "broke"]
OPEN: tuple[State, ...] = ("todo", "doing", "alone")


@dataclass(frozen=True)
class Entry:
    """A file of a run. `path` as kept: bytes that are no UTF-8 are written out."""

    id: int
    path: str
    sha256: str
    state: State
    attempts: int


@dataclass(frozen=True)
class Listed:
    """A file to be entered."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class RunFacts:
    """What `status` tells of a run."""

    id: int
    sources: tuple[str, ...]
    described: Mapping[str, Any]
    at: datetime
    started: datetime
    finished: datetime | None
    unsupported: int


@dataclass(frozen=True)
class KeptFlag:
    """A flag of a kept case with every place where the document lies."""

    flag: str
    check: str
    subject: str
    page: int | None
    reason: Mapping[str, Any]
    case: str
    sha256: str
    paths: tuple[str, ...]
    impression: str | None


@dataclass(frozen=True)
class Journal:
    """One run. Every call is one transaction, so that a kill loses what is under way and nothing else."""

    records: Records
    run: int
    at: datetime
    resumed: bool
    lookup_at: datetime | None

    @classmethod
    def begin(
        cls,
        records: Records,
        *,
        sources: Sequence[str],
        settings: str,
        described: Mapping[str, Any],
        at: datetime | None,
        now: datetime,
    ) -> Journal:
        """Go on with the unfinished run over these sources under these settings, else begin one.

        `at` None: the unfinished run's own; `now` for a new one. A given `at` must be the run's, and only cases of
        that moment are then looked up instead of being examined.
        """
        with records.session() as session:
            open_runs = (
                select(RunRow).where(RunRow.finished.is_(None), RunRow.settings == settings).order_by(RunRow.id.desc())
            )
            for row in session.scalars(open_runs):
                if row.sources == list(sources) and at in (None, row.at):
                    return cls(records, row.id, row.at, True, at)
            row = RunRow(sources=list(sources), settings=settings, described=dict(described), at=at or now, started=now)
            session.add(row)
            session.flush()
            return cls(records, row.id, row.at, False, at)

    def entries(self, paths: Sequence[str]) -> dict[str, Entry]:
        """What the run says already of these paths."""
        with self.records.session(lasting=False) as session:
            rows = session.scalars(select(JournalRow).where(JournalRow.run_id == self.run, JournalRow.path.in_(paths)))
            return {row.path: _entry(row) for row in rows}

    def enter(self, listed: Sequence[Listed]) -> list[Entry]:
        """Enter files: `same`, `kept` or `todo`."""
        with self.records.session(lasting=False) as session:
            settings = session.scalars(select(RunRow.settings).where(RunRow.id == self.run)).one()
            rows = []
            for one in listed:
                state, case = self._state(session, one.sha256, settings)
                row = JournalRow(
                    run_id=self.run,
                    path=one.path,
                    bytes=one.bytes,
                    sha256=one.sha256,
                    state=state,
                    attempts=0,
                    case_id=case,
                )
                session.add(row)
                session.flush()  # the next of equal bytes must see it
                rows.append(row)
            return [_entry(row) for row in rows]

    def _state(self, session: Session, sha256: str, settings: str) -> tuple[State, str | None]:
        if not sha256:  # it could not be read; the refusal will say why
            return "todo", None
        here = select(JournalRow.id).where(
            JournalRow.run_id == self.run, JournalRow.sha256 == sha256, JournalRow.state != "refused"
        )
        if session.scalars(here.limit(1)).first() is not None:
            return "same", None
        earlier = (
            select(JournalRow.case_id)
            .join(RunRow, RunRow.id == JournalRow.run_id)
            .where(JournalRow.sha256 == sha256, JournalRow.case_id.is_not(None), RunRow.settings == settings)
            .order_by(JournalRow.id.desc())
            .limit(1)
        )
        if self.lookup_at is not None:
            earlier = earlier.where(RunRow.at == self.lookup_at)
        case = session.scalars(earlier).first()
        return ("todo", None) if case is None else ("kept", case)

    def handed_out(self, id: int, *, alone: bool) -> None:
        self._set(id, state="alone" if alone else "doing", attempts=JournalRow.attempts + 1)

    def taken_back(self, ids: Sequence[int]) -> None:
        """Handed out, but interrupted through no fault of theirs."""
        with self.records.session(lasting=False) as session:
            session.execute(
                update(JournalRow)
                .where(JournalRow.id.in_(ids), JournalRow.state.in_(OPEN))
                .values(state="todo", attempts=JournalRow.attempts - 1)
            )

    def done(self, id: int, report_json: str, flags: Sequence[Mapping[str, Any]], *, now: datetime) -> str:
        """Keep the report and its flags, and the file as done; returns the case's id."""
        report = Report.model_validate_json(report_json)
        with self.records.session(lasting=False) as session:
            case = add_case(session, report_json, report, created=now)
            if session.scalars(select(FlagRow.id).where(FlagRow.case_id == case).limit(1)).first() is None:
                session.add_all(FlagRow(case_id=case, **flag) for flag in flags)
            # The digest is that of the bytes examined: the file may have changed since it was listed.
            session.execute(
                update(JournalRow)
                .where(JournalRow.id == id)
                .values(state="done", case_id=case, sha256=report.document.sha256, code=None, message=None)
            )
            return case

    def refused(self, id: int, code: str, message: str) -> None:
        self._set(id, state="refused", code=code, message=message)

    def broke(self, id: int, code: str, message: str) -> None:
        self._set(id, state="broke", code=code, message=message)

    def unbroken(self) -> None:
        """Give every file that broke another chance: it was not the files' fault."""
        with self.records.session(lasting=False) as session:
            session.execute(
                update(JournalRow)
                .where(JournalRow.run_id == self.run, JournalRow.state == "broke")
                .values(state="todo", attempts=0, code=None, message=None)
            )

    def finish(self, *, unsupported: int, now: datetime) -> int:
        """Close the run; returns how many listed files had vanished before they could be examined."""
        with self.records.session(lasting=False) as session:
            vanished = [JournalRow.run_id == self.run, JournalRow.state.in_(OPEN)]
            gone = session.scalar(select(func.count()).where(*vanished)) or 0
            session.execute(
                update(JournalRow)
                .where(*vanished)
                .values(state="refused", code="file-vanished", message="the file was there when the run began")
            )
            session.execute(update(RunRow).where(RunRow.id == self.run).values(finished=now, unsupported=unsupported))
            return int(gone)

    def _set(self, id: int, **values: Any) -> None:
        with self.records.session(lasting=False) as session:
            session.execute(update(JournalRow).where(JournalRow.id == id).values(**values))


# ── what is told of it ─────────────────────────────────────────────────────────────────────────────────


def last_run(records: Records) -> RunFacts | None:
    with records.session() as session:
        row = session.scalars(select(RunRow).order_by(RunRow.id.desc()).limit(1)).first()
        if row is None:
            return None
        return RunFacts(row.id, tuple(row.sources), row.described, row.at, row.started, row.finished, row.unsupported)


def states(records: Records, run: int) -> dict[str, int]:
    """How many files of a run are in each state."""
    return _counted(
        records, select(JournalRow.state, func.count()).where(JournalRow.run_id == run).group_by(JournalRow.state)
    )


def outcomes(records: Records, run: int) -> dict[str, int]:
    """How many documents of a run passed, failed or were not decided."""
    counted = select(CaseRow.outcome, func.count()).join(JournalRow, JournalRow.case_id == CaseRow.id)
    return _counted(records, counted.where(JournalRow.run_id == run).group_by(CaseRow.outcome))


def with_problems(records: Records, run: int) -> int:
    """How many documents of a run could not be examined in full."""
    counted = select(func.count()).select_from(JournalRow).join(CaseRow, JournalRow.case_id == CaseRow.id)
    with records.session() as session:
        return session.scalar(counted.where(JournalRow.run_id == run, CaseRow.problems > 0)) or 0


def flags_by_name(records: Records, run: int) -> dict[str, int]:
    counted = select(FlagRow.flag, func.count()).join(JournalRow, JournalRow.case_id == FlagRow.case_id)
    return _counted(records, counted.where(JournalRow.run_id == run).group_by(FlagRow.flag))


def unexamined(records: Records, run: int) -> Iterator[tuple[str, str, str]]:
    """Path, code and message of every file that was refused or broke."""
    with records.session() as session:
        rows = session.execute(
            select(JournalRow.path, JournalRow.code, JournalRow.message)
            .where(JournalRow.run_id == run, JournalRow.state.in_(("refused", "broke")))
            .order_by(JournalRow.code, JournalRow.path)
            .execution_options(yield_per=500)
        )
        for path, code, message in rows:
            yield path, code or "", message or ""


def kept_flags(records: Records) -> Iterator[KeptFlag]:
    """The flags of every document of the archive, each from the latest case that the journal names for it."""
    latest = select(func.max(JournalRow.id)).where(JournalRow.case_id.is_not(None)).group_by(JournalRow.sha256)
    with records.session() as session:
        rows = session.execute(
            select(FlagRow, JournalRow.sha256)
            .join(JournalRow, JournalRow.case_id == FlagRow.case_id)
            .where(JournalRow.id.in_(latest))
            .order_by(JournalRow.path, FlagRow.id)
            .execution_options(yield_per=500)
        )
        for flag, sha256 in rows:
            yield _kept(flag, sha256, _paths(session, sha256))


def shared_impressions(records: Records) -> dict[str, int]:
    """Impression → in how many documents of the archive it was found, where more than one."""
    latest = select(func.max(JournalRow.id)).where(JournalRow.case_id.is_not(None)).group_by(JournalRow.sha256)
    documents = func.count(JournalRow.sha256.distinct())
    return _counted(
        records,
        select(FlagRow.impression, documents)
        .join(JournalRow, JournalRow.case_id == FlagRow.case_id)
        .where(JournalRow.id.in_(latest), FlagRow.impression.is_not(None))
        .group_by(FlagRow.impression)
        .having(documents > 1),
    )


def _paths(session: Session, sha256: str) -> tuple[str, ...]:
    return tuple(
        session.scalars(select(JournalRow.path).where(JournalRow.sha256 == sha256).distinct().order_by(JournalRow.path))
    )


def _kept(row: FlagRow, sha256: str, paths: tuple[str, ...]) -> KeptFlag:
    return KeptFlag(row.flag, row.check, row.subject, row.page, row.reason, row.case_id, sha256, paths, row.impression)


def _counted(records: Records, query: Executable) -> dict[str, int]:
    with records.session() as session:
        return {str(name): int(count) for name, count in session.execute(query)}


def _entry(row: JournalRow) -> Entry:
    return Entry(row.id, row.path, row.sha256, row.state, row.attempts)  # type: ignore[arg-type]

"""Kept cases: the report as it was written, and its exhibits as blobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from verify.core.document import digest
from verify.core.errors import UsageError
from verify.records.database import Records
from verify.records.tables import CaseRow
from verify.report import Report


def examination_key(report: Report) -> str:
    """The key of what was examined under what: document, version, models, anchors, `at`, seals and the given date.

    Two reports of one key hold the same evidence; the policy is no part of it.
    """
    about = report.provenance
    given = report.document.date if report.document.date.source == "given" else None
    facts = {
        "document": report.document.sha256,
        "version": about.version,
        "models": about.models,
        "trust": about.trust,
        "at": about.at.isoformat(),
        "seals": about.seals,
        "date": given.model_dump(mode="json") if given else None,
        "settings": about.settings_sha256,
    }
    return digest(json.dumps(facts, sort_keys=True).encode())


def case_id(report_json: str) -> str:
    """A case is called by the first half of its report's digest: an equal report is the same case."""
    return digest(report_json.encode())[:32]


def keep(records: Records, report: Report, *, created: datetime, exhibits: Mapping[str, bytes] | None = None) -> str:
    """Keep a report with its exhibits; returns the case's id. A report that is kept already stays as it is."""
    for data in (exhibits or {}).values():
        records.blobs.put(data)
    with records.session() as session:
        return add_case(session, report.to_json(), report, created=created)


def add_case(session: Session, report_json: str, report: Report, *, created: datetime) -> str:
    """The same within a transaction of the caller's."""
    id = case_id(report_json)
    if session.get(CaseRow, id) is None:
        session.add(
            CaseRow(
                id=id,
                document_sha256=report.document.sha256,
                name=report.document.name,
                outcome=report.verdict.outcome,
                policy=report.provenance.policy,
                examination=examination_key(report),
                created=created,
                problems=len(report.problems),
                report=report_json,
            )
        )
        session.flush()
    return id


def kept(records: Records, id: str) -> Report:
    """The report of a case; raises UsageError `case-unknown`."""
    with records.session() as session:
        text = session.scalar(select(CaseRow.report).where(CaseRow.id == id))
    if text is None:
        raise UsageError("case-unknown", f"there is no case {id!r}", "`sigillum archive flags` names cases.")
    return Report.model_validate_json(text)

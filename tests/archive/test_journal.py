"""The journal: which run goes on, and what need not be examined again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import AT
from tests.records.test_cases import _report
from verify.records.database import Records
from verify.records.journal import Journal, Listed, kept_flags, last_run, shared_impressions, states

A, B = "a" * 64, "b" * 64
LATER = AT + timedelta(days=1)


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records.open(f"sqlite:///{tmp_path / 'records.db'}")


def begin(records: Records, *, settings: str = "s", at: datetime | None = None, now: datetime = AT) -> Journal:
    return Journal.begin(records, sources=["/x"], settings=settings, described={}, at=at, now=now)


def flag(impression: str | None = None) -> dict[str, object]:
    return {
        "flag": "reused-impression", "check": "imprint.original", "subject": "imprint-1", "page": 1,
        "reason": {"code": "x", "params": {}, "en": "X."}, "impression": impression,
    }  # fmt: skip


def examine(journal: Journal, path: str, sha256: str, flags: list[dict[str, object]] | None = None) -> None:
    (entry,) = journal.enter([Listed(path, 1, sha256)])
    report = _report()
    facts = report.document.model_copy(update={"sha256": sha256})
    journal.done(entry.id, report.model_copy(update={"document": facts}).to_json(), flags or [], now=AT)


def test_the_moment_of_an_unfinished_run_holds_when_it_goes_on(records: Records) -> None:
    first = begin(records)
    again = begin(records, now=LATER)
    assert (again.run, again.at, again.resumed) == (first.run, AT, True)


@pytest.mark.parametrize("changes", [{"settings": "t"}, {"at": LATER}])
def test_a_run_under_other_settings_or_for_another_moment_is_another_run(
    records: Records, changes: dict[str, object]
) -> None:
    first = begin(records)
    assert begin(records, **changes).run != first.run  # type: ignore[arg-type]


def test_a_finished_run_is_not_gone_on_with(records: Records) -> None:
    first = begin(records)
    first.finish(unsupported=0, now=AT)
    assert begin(records, now=LATER).at == LATER


def test_equal_bytes_are_a_further_copy(records: Records) -> None:
    entries = begin(records).enter([Listed("/x/1", 1, A), Listed("/x/2", 1, B), Listed("/x/3", 1, A)])
    assert [e.state for e in entries] == ["todo", "todo", "same"]


def test_files_that_could_not_be_read_are_no_copies_of_each_other(records: Records) -> None:
    assert [e.state for e in begin(records).enter([Listed("/x/1", 0, ""), Listed("/x/2", 0, "")])] == ["todo", "todo"]


def test_what_an_earlier_run_examined_under_the_same_settings_is_kept(records: Records) -> None:
    first = begin(records)
    examine(first, "/x/1", A)
    first.finish(unsupported=0, now=AT)
    assert [e.state for e in begin(records).enter([Listed("/x/1", 1, A), Listed("/x/2", 1, B)])] == ["kept", "todo"]
    assert [e.state for e in begin(records, settings="t").enter([Listed("/x/1", 1, A)])] == ["todo"]


def test_a_given_moment_is_examined_anew(records: Records) -> None:
    first = begin(records)
    examine(first, "/x/1", A)
    first.finish(unsupported=0, now=AT)
    assert [e.state for e in begin(records, at=LATER).enter([Listed("/x/1", 1, A)])] == ["todo"]
    assert [e.state for e in begin(records, at=AT).enter([Listed("/x/1", 1, A)])] == ["kept"]


def test_files_that_vanished_are_told_when_the_run_ends(records: Records) -> None:
    run = begin(records)
    run.enter([Listed("/x/1", 1, A)])
    assert run.finish(unsupported=3, now=AT) == 1
    assert states(records, run.run) == {"refused": 1}
    facts = last_run(records)
    assert facts is not None and (facts.unsupported, facts.finished) == (3, AT)


def test_a_flag_is_told_once_with_every_place_where_the_document_lies(records: Records) -> None:
    run = begin(records)
    examine(run, "/x/1", A, [flag()])
    run.enter([Listed("/x/2", 1, A)])
    (found,) = kept_flags(records)
    assert found.paths == ("/x/1", "/x/2")


def test_one_impression_in_several_documents_is_counted_by_documents(records: Records) -> None:
    run = begin(records)
    examine(run, "/x/1", A, [flag("d" * 64), flag("d" * 64)])
    assert shared_impressions(records) == {}
    examine(run, "/x/2", B, [flag("d" * 64)])
    assert shared_impressions(records) == {"d" * 64: 2}

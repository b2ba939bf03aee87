"""The database: its schema, and what is said when it cannot be used."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select
from sqlalchemy.exc import StatementError

import verify.records.database
from verify.core.errors import UsageError, VerifyError
from verify.records.database import HEAD, Records
from verify.records.tables import CaseRow, Table


def test_the_migrations_make_the_tables_that_the_models_describe(records: Records) -> None:
    with records.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_the_head_that_is_asked_for_is_the_newest_migration() -> None:
    folder = Path(verify.records.database.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [HEAD]


def test_sqlite_writes_ahead_so_that_readers_do_not_wait(records: Records) -> None:
    with records.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_several_may_open_new_records_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: Records.open(url), range(6)))
    for records in opened:
        with records.session() as session:
            assert session.scalars(select(CaseRow)).all() == []


def test_a_moment_comes_back_as_the_same_moment_whatever_its_zone(records: Records) -> None:
    created = datetime(2026, 6, 30, 9, 0, tzinfo=timezone(timedelta(hours=8)))
    row = {
        "document_sha256": "a" * 64, "name": "x", "outcome": "passed", "policy": "default", "examination": "b" * 64,
        "problems": 0, "report": "{}",
    }  # fmt: skip
    with records.session() as session:
        session.add(CaseRow(id="1", created=created, **row))
    with records.session() as session:
        kept = session.get_one(CaseRow, "1").created
    assert kept == created and kept.tzinfo is UTC
    with pytest.raises(StatementError, match="without its zone"), records.session() as session:
        session.add(CaseRow(id="2", created=datetime(2026, 6, 30), **row))


def test_records_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    Records.open(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(VerifyError) as caught:
        Records.open(f"sqlite:///{path}")
    assert caught.value.code == "records-newer"


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    path.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(VerifyError) as caught:
        Records.open(f"sqlite:///{path}")
    assert caught.value.code == "records-unusable"


def test_a_url_that_names_no_database_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        Records.open("carrier-pigeon://loft")
    assert caught.value.code == "records-url"

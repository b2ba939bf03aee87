"""Opening the records: the database at its newest schema, and the blobs beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from verify.core.errors import UsageError, VerifyError
from verify.records.blobs import Blobs
from verify.settings import Settings

# The newest migration; a test holds it against verify/records/migrations. So Alembic is loaded only to migrate.
HEAD = "0001"


@dataclass(frozen=True, eq=False)
class Records:
    """An open database and its blobs. Sessions are short; each is one transaction."""

    engine: Engine
    blobs: Blobs

    @classmethod
    def open(cls, url: str, *, blobs: Path | None = None) -> Self:
        """Open the records at `url`, made or brought to the newest schema where that is needed.

        `blobs` defaults to a folder beside an SQLite file. Raises UsageError `records-url`; VerifyError
        `records-unusable`, `records-newer`.
        """
        try:
            parsed = make_url(url)
            file = Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None
            engine = _engine(url, file)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise UsageError(
                "records-url",
                f"{url} is no database",
                "Name a path, or a URL such as sqlite:////var/lib/sigillum/records.db.",
            ) from error
        folder = blobs or (file.parent / "blobs" if file else None)
        if folder is None:
            raise UsageError(
                "records-blobs", "a server's records need a folder for their blobs", "Name one by SIGILLUM_BLOBS."
            )
        try:
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
            if _revision(engine) != HEAD:
                upgrade(engine)
        except (SQLAlchemyError, OSError) as error:
            raise _unusable(url, error) from error
        return cls(engine, Blobs(folder))

    @contextmanager
    def session(self, *, lasting: bool = True) -> Iterator[Session]:
        """One transaction: kept whole when the block ends, undone when it raises.

        `lasting` False does not wait for the disk: a power cut may undo the last of them in their order, a killed
        process does not. For what can be done again, as the archive's journal.
        """
        engine = self.engine if lasting else self.engine.execution_options(sigillum_lasting=False)
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except DBAPIError as error:
            raise _unusable(str(self.engine.url), error) from error

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """For many short transactions: SQLite tidies its log when the last connection closes, and waits for the disk."""
        with self.engine.connect():
            yield


def open_records(settings: Settings) -> Records:
    """The records that the settings name, made where there are none."""
    return Records.open(settings.records_url, blobs=settings.blobs_folder)


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest migration, in one transaction; of two who try, the second finds it done."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.execution_options(sigillum_writes=True).connect() as connection, connection.begin():
        here = _current(connection)
        if here is not None:
            try:
                ScriptDirectory.from_config(config).get_revision(here)
            except CommandError as error:
                raise VerifyError(
                    "records-newer",
                    f"the records were written by a newer version (schema {here})",
                    "Install that version of sigillum, or name other records by SIGILLUM_RECORDS.",
                ) from error
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _engine(url: str, file: Path | None) -> Engine:
    if file is None:
        return create_engine(url)
    # A connection of SQLite costs nothing to open, and one that is never kept is never left open.
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 60})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, record: object) -> None:
    connection.isolation_level = None  # Python's own transactions would leave CREATE TABLE outside of them
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin(connection: Connection) -> None:
    if not connection.get_execution_options().get("sigillum_lasting", True):
        connection.exec_driver_sql("PRAGMA synchronous = NORMAL")  # of this connection, which is not used again
    # A migration takes the write lock first: it must not read the schema, wait, and then find another one.
    writes = connection.get_execution_options().get("sigillum_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return _current(connection)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _unusable(url: str, error: Exception) -> VerifyError:
    said = str(getattr(error, "orig", None) or error).splitlines()[0]
    return VerifyError(
        "records-unusable",
        f"the records at {make_url(url).render_as_string()} cannot be used: {said}",
        "Check the path and its rights, or name other records by SIGILLUM_RECORDS.",
    )

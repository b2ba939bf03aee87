"""What is consulted when no folder is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import AT
from tests.records.shelves import seal
from tests.records.test_exchange import USE
from verify.core.errors import UsageError
from verify.records.database import open_records
from verify.records.defaults import default_ledger, default_shelf
from verify.records.seals import register
from verify.records.uses import enter_use
from verify.settings import Settings, load_settings
from verify.stores.seals import NoSeals


def _settings(folder: Path) -> Settings:
    return Settings(records=str(folder / "kept" / "records.db"))


def test_where_there_are_no_records_none_are_made(tmp_path: Path) -> None:
    assert isinstance(default_shelf(_settings(tmp_path)), NoSeals)
    assert default_ledger(_settings(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_empty_records_hold_no_seal(tmp_path: Path) -> None:
    open_records(_settings(tmp_path))
    assert isinstance(default_shelf(_settings(tmp_path)), NoSeals)
    assert default_ledger(_settings(tmp_path)) is None


def test_records_that_hold_seals_are_consulted(tmp_path: Path) -> None:
    record, pictures = seal()
    records = open_records(_settings(tmp_path))
    register(records, record, pictures, recorded=AT)
    enter_use(records, USE)
    assert list(default_shelf(_settings(tmp_path)).seals()) == [record]
    ledger = default_ledger(_settings(tmp_path))
    assert ledger is not None and list(ledger.uses()) == [USE] and len(ledger.head) == 64


def test_without_records_the_database_libraries_are_not_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; from verify.settings import load_settings; from verify.records.defaults import default_shelf;"
        "default_shelf(load_settings()); assert 'sqlalchemy' not in sys.modules and 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"XDG_DATA_HOME": str(tmp_path)})


def test_records_live_in_the_users_data_folder_unless_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIGILLUM_RECORDS", "SIGILLUM_BLOBS", "SIGILLUM_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert load_settings().records_file == tmp_path / "data" / "sigillum" / "records.db"
    assert load_settings().blobs_folder == tmp_path / "data" / "sigillum" / "blobs"
    (tmp_path / "config" / "sigillum").mkdir(parents=True)
    (tmp_path / "config" / "sigillum" / "settings.toml").write_text('records = "/srv/a.db"\npolicy = "strict"\n')
    assert (load_settings().records_url, load_settings().policy) == ("sqlite:////srv/a.db", "strict")
    monkeypatch.setenv("SIGILLUM_RECORDS", "postgresql+psycopg://db/sigillum")
    assert load_settings().records_url == "postgresql+psycopg://db/sigillum"
    assert load_settings().records_file is None


@pytest.mark.parametrize("text", ["recods = 'a.db'", "records = 3", "records = "])
def test_settings_that_cannot_be_read_are_said_to_be_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.delenv("SIGILLUM_RECORDS", raising=False)
    monkeypatch.setenv("SIGILLUM_SETTINGS", str(tmp_path / "settings.toml"))
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert caught.value.code == "settings-invalid"

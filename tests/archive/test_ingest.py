"""Ingesting: each document once, a killed run goes on, a deadly document does not stop the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.archive.letters import broken_contract, letter, write_letters
from tests.conftest import AT
from verify.archive import worker
from verify.archive.ingest import Ingest, Work
from verify.archive.recipe import Plan, Recipe, described, settings_key
from verify.archive.sources import shown
from verify.core.errors import UsageError, VerifyError
from verify.records.database import Records, open_records
from verify.records.journal import Journal, kept_flags, last_run, states
from verify.records.tables import JournalRow
from verify.settings import Settings
from verify.stores.models import add_model
from verify.stores.trust import NO_ANCHORS
from verify.verifier import CALIBRATION

# Stands in for the worker: what a document's name says happens to the process that examines it.
UNRULY = """
import dataclasses, os, signal, time
import verify.formats
from verify.archive import worker

def examine(plan, path, name):
    if "deadly" in name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "endless" in name:
        plan = dataclasses.replace(plan, longest_s=0.3)
        verify.formats.read = lambda path, name: time.sleep(60)
    if "baffling" in name:
        return worker.Broke("examiner-broke", "KeyError: 'x'")
    if "slow" in os.environ.get("UNRULY", ""):
        time.sleep(0.1)
    return worker.examine(plan, path, name)
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SIGILLUM_RECORDS", str(tmp_path / "kept" / "records.db"))
    monkeypatch.delenv("SIGILLUM_BLOBS", raising=False)
    return Settings()


@pytest.fixture
def unruly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "unruly.py").write_text(UNRULY)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    import unruly

    work: Work = unruly.examine
    yield work
    del sys.modules["unruly"]


def ingest(
    settings: Settings,
    folder: Path,
    work: Work = worker.examine,
    *,
    key: str | None = None,
    workers: int = 1,
    calibration: str = CALIBRATION,
) -> Counter[str]:
    recipe = Recipe(settings, None, NO_ANCHORS, "default", calibration)
    facts = described(recipe.verifier())
    journal = Journal.begin(
        open_records(settings), sources=[shown(folder)], settings=settings_key(facts), described=facts, at=None, now=AT
    )
    plan = Plan(recipe, journal.at, key or settings_key(facts), 600.0)
    return Counter(step.state for step in Ingest(journal, plan, [folder], workers, lambda: AT, work).steps())


def rows(records: Records) -> dict[str, JournalRow]:
    with records.session() as session:
        return {Path(row.path).name: row for row in session.scalars(select(JournalRow))}


def test_each_document_is_examined_once_and_flagged_with_all_its_places(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_letters(folder, 3)
    (folder / "contract.pdf").write_bytes(broken_contract())
    (folder / "sub").mkdir()
    (folder / "sub" / "again.pdf").write_bytes((folder / "contract.pdf").read_bytes())
    (folder / "empty.pdf").touch()
    (folder / "notes.txt").touch()
    assert ingest(settings, folder) == {"done": 4, "same": 1, "refused": 1, "unsupported": 1}

    records = open_records(settings)
    (flag,) = kept_flags(records)
    assert flag.flag == "broken-signature"
    assert [Path(p).name for p in flag.paths] == ["contract.pdf", "again.pdf"]
    assert rows(records)["empty.pdf"].code == "file-empty"
    facts = last_run(records)
    assert facts is not None and facts.finished == AT and facts.unsupported == 1
    (folder / "empty.pdf").unlink()
    assert ingest(settings, folder) == {"kept": 4, "same": 1, "unsupported": 1}


def test_another_calibration_or_a_changed_one_has_every_document_examined_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_letters(tmp_path / "in", 2)
    for content, home in ((b"{}", "one"), (b"[]", "two")):
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / home))
        add_model(settings.own_models, "office-1", {"calibration.json": content})
    assert ingest(settings, tmp_path / "in") == {"done": 2}
    assert ingest(settings, tmp_path / "in", calibration="office-1") == {"done": 2}
    assert ingest(settings, tmp_path / "in", calibration="office-1") == {"kept": 2}
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "one"))
    assert ingest(settings, tmp_path / "in", calibration="office-1") == {"done": 2}
    facts = last_run(open_records(settings))
    assert facts is not None and facts.described["calibration"].startswith("office-1 ")


def test_a_document_that_kills_its_worker_is_given_up_after_two_attempts_and_the_rest_goes_on(
    settings: Settings, tmp_path: Path, unruly: Work
) -> None:
    folder = tmp_path / "in"
    write_letters(folder, 6)
    for name in ("letter-001-deadly", "letter-003-endless", "letter-004-baffling"):
        (folder / f"{name}.pdf").write_bytes(letter(name))
    assert ingest(settings, folder, unruly, workers=2) == {"done": 6, "broke": 3}
    found = rows(open_records(settings))
    for name, code in (
        ("letter-001-deadly", "worker-died"),
        ("letter-003-endless", "worker-died"),
        ("letter-004-baffling", "examiner-broke"),
    ):
        assert (found[f"{name}.pdf"].code, found[f"{name}.pdf"].attempts) == (code, 2)


def test_where_every_document_breaks_the_run_stops_and_blames_none(
    settings: Settings, tmp_path: Path, unruly: Work
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(8):
        (folder / f"baffling-{number}.pdf").write_bytes(letter(str(number)))
    with pytest.raises(VerifyError) as caught:
        ingest(settings, folder, unruly)
    assert caught.value.code == "workers-die"
    records = open_records(settings)
    facts = last_run(records)
    assert facts is not None and facts.finished is None
    assert "broke" not in states(records, facts.id)


def test_a_run_stops_when_what_it_examines_with_changed(settings: Settings, tmp_path: Path) -> None:
    write_letters(tmp_path / "in", 2)
    with pytest.raises(UsageError) as caught:
        ingest(settings, tmp_path / "in", key="0" * 64)
    assert caught.value.code == "settings-changed"
    assert states(open_records(settings), 1) == {"todo": 2}


def _start(settings: Settings, folder: Path, code: Path) -> subprocess.Popen[bytes]:
    """The command in a group of its own, with a worker that takes its time."""
    script = code / "slow_ingest.py"
    script.write_text(
        "import functools, sys, unruly, verify.cli.archive as a\n"
        "from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        "    a.Ingest = functools.partial(a.Ingest, work=unruly.examine)\n"
        "    a.ingest([Path(sys.argv[1])], seals=None, trust=[], policy=None, at=None, workers=2)\n"
    )
    env = os.environ | {"UNRULY": "slow", "PYTHONPATH": str(code)}
    return subprocess.Popen([sys.executable, script, folder], start_new_session=True, env=env)


def _done(settings: Settings) -> int:
    file = settings.records_file
    if file is None or not file.is_file():
        return 0
    records = open_records(settings)
    return states(records, 1).get("done", 0) if last_run(records) else 0


def _until(what: str, true: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not come about"
        time.sleep(0.02)


def _alive(group: int) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


def test_a_run_that_was_killed_goes_on_where_it_was(settings: Settings, tmp_path: Path, unruly: Work) -> None:
    folder = tmp_path / "in"
    write_letters(folder, 24)
    first = _start(settings, folder, tmp_path / "code")
    _until("three documents done", lambda: _done(settings) >= 3)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    records = open_records(settings)
    before = {name: row for name, row in rows(records).items() if row.state == "done"}
    assert 3 <= len(before) < 24
    assert states(records, 1).get("doing", 0) <= 4, "few documents are handed out at a time"

    second = _start(settings, folder, tmp_path / "code")
    _until("three more documents done", lambda: _done(settings) >= len(before) + 3)
    os.kill(second.pid, signal.SIGKILL)
    second.wait()
    _until("workers ending with their parent", lambda: not _alive(second.pid))

    counted = ingest(settings, folder)
    after = rows(records)
    assert {row.state for row in after.values()} == {"done"} and len(after) == 24
    assert counted["known"] >= len(before) + 3 and counted["known"] + counted["done"] == 24
    for name, row in before.items():
        assert (row.attempts, row.case_id) == (after[name].attempts, after[name].case_id), "examined once"
    facts = last_run(records)
    assert facts is not None and facts.id == 1 and facts.finished is not None

"""`sigillum archive …` as a user runs it, and the records that `check` consults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.archive.letters import broken_contract, write_letters
from tests.records.shelves import write_seal


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    write_letters(tmp_path / "in", 2)
    (tmp_path / "in" / "contract.pdf").write_bytes(broken_contract())
    (tmp_path / "in" / "notes.txt").touch()
    return tmp_path


def sigillum(desk: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("sigillum")
    env = os.environ | {"SIGILLUM_RECORDS": str(desk / "kept" / "records.db")}
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, env=env, timeout=120, check=False
    )


def test_flags_name_the_document_and_the_reason(desk: Path) -> None:
    ran = sigillum(desk, "archive", "ingest", desk / "in", "--at", "2026-06-30")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "3 examined" in ran.stderr and "1 flags" in ran.stderr

    line = json.loads(sigillum(desk, "archive", "flags", "--json").stdout)
    assert (line["schema"], line["flag"], line["path"]) == (
        "sigillum/flag/1",
        "broken-signature",
        str((desk / "in" / "contract.pdf").resolve()),
    )
    assert "⟨" not in line["reason"]["en"] and "digest-mismatch" in line["reason"]["en"]
    status = sigillum(desk, "archive", "status").stdout
    assert "finished" in status and "2026-06-30T23:59:59+00:00" in status and "1 files of other kinds" in status


def test_wrong_words_are_answered_by_a_sentence(desk: Path) -> None:
    for arguments, code in (
        (["archive", "ingest", desk / "nowhere"], "source-missing"),
        (["archive", "flags"], "archive-empty"),
    ):
        ran = sigillum(desk, *arguments)
        assert (ran.returncode, code in ran.stderr, "Traceback" in ran.stderr) == (2, True, False)


def test_check_consults_the_records_when_they_hold_seals(desk: Path) -> None:
    def consulted() -> list[str]:
        ran = sigillum(desk, "check", desk / "in" / "letter-000.pdf", "--json")
        return list(json.loads(ran.stdout)["provenance"]["seals"])

    assert consulted() == []
    assert not (desk / "kept").exists()
    write_seal(desk / "there")
    assert sigillum(desk, "seals", "import", desk / "there").returncode == 0
    assert consulted() == ["ring"]

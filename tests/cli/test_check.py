"""`sigillum check` as a user runs it: exit codes, one line of JSON per file, refusals that stop nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pytest

from verify.report import Report
from verify.simulation.contracts import contract_pdf
from verify.simulation.pki import TestPki
from verify.simulation.signing import sign_pdf
from verify.simulation.tampering import break_bytes, hide_content

SIGNED = datetime(2026, 5, 20, 9, 30, tzinfo=UTC)
AT = ["--at", "2026-06-30"]


@lru_cache(maxsize=1)
def contract() -> bytes:
    pki = TestPki()
    pdf = contract_pdf("Contract (fictional example)", ["A", "B"], ["Clause 1. One hundred bearings."])
    return sign_pdf(
        pdf, pki.signer("示例星河贸易有限公司"), at=SIGNED, timestamper=pki.timestamper(SIGNED), revocation=pki
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "root.der").write_bytes(TestPki().root_der)
    (tmp_path / "good.pdf").write_bytes(contract())
    yield tmp_path


def sigillum(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("sigillum")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=120, check=False
    )


def lines(run: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_a_signed_contract_passes_with_its_root_and_is_open_without(desk: Path) -> None:
    trusted = sigillum("check", desk / "good.pdf", "--trust", desk / "trust", *AT)
    assert (trusted.returncode, "passed" in trusted.stdout) == (0, True)
    alone = sigillum("check", desk / "good.pdf", *AT)
    assert (alone.returncode, "identity not established" in alone.stdout) == (3, True)


def test_a_changed_contract_fails(desk: Path) -> None:
    (desk / "hidden.pdf").write_bytes(hide_content(contract(), 1, (20.0, 60.0, 100.0, 20.0)))
    (desk / "broken.pdf").write_bytes(break_bytes(contract()))
    for name in ("hidden.pdf", "broken.pdf"):
        assert sigillum("check", desk / name, "--trust", desk / "trust", *AT).returncode == 1


def test_one_line_of_json_per_file_and_the_gravest_exit_code(desk: Path) -> None:
    (desk / "empty.pdf").write_bytes(b"")
    run = sigillum(
        "check", "--json", desk / "good.pdf", desk / "empty.pdf", desk / "gone.pdf", "--trust", desk / "trust", *AT
    )
    assert run.returncode == 4
    assert [line["schema"] for line in lines(run)] == ["sigillum/report/1", "sigillum/refusal/1", "sigillum/refusal/1"]
    assert [line.get("code") for line in lines(run)[1:]] == ["file-empty", "file-vanished"]
    assert Report.model_validate_json(run.stdout.splitlines()[0]).verdict.outcome == "passed"


def test_a_folders_unsupported_files_are_counted_and_the_rest_checked(desk: Path) -> None:
    (desk / "in").mkdir()
    shutil.copy(desk / "good.pdf", desk / "in" / "a.pdf")
    (desk / "in" / "notes.txt").write_text("x")
    run = sigillum("check", "--json", desk / "in", "--trust", desk / "trust", *AT)
    assert (run.returncode, len(lines(run))) == (0, 1)
    assert "1 files of other kinds" in run.stderr


def test_equal_input_gives_an_equal_report(desk: Path) -> None:
    first, second = (sigillum("check", "--json", desk / "good.pdf", *AT).stdout for _ in range(2))
    assert first == second


def test_out_holds_the_case_and_nothing_else(desk: Path) -> None:
    run = sigillum("check", desk / "good.pdf", "--out", desk / "out", *AT)
    assert run.returncode == 3
    (case,) = (desk / "out").iterdir()
    assert {p.name for p in case.iterdir()} == {"report.json", "report.html", "validation-report.xml", "exhibits"}
    again = sigillum("judge", case / "report.json", "--policy", "strict", "--json")
    assert json.loads(again.stdout)["provenance"]["policy"] == "strict"


def test_chinese_is_spoken_when_asked(desk: Path) -> None:
    assert "身份未确立" in sigillum("check", desk / "good.pdf", "--lang", "zh", *AT).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--policy", "nosuch"], "policy-unknown"),
        (["--at", "yesterday"], "time-unreadable"),
        (["--trust", "nosuch"], "trust-missing"),
        (["--seals", "nosuch"], "seals-missing"),
        (["--lang", "fr"], "language-unknown"),
    ],
)
def test_a_wrong_option_is_explained_and_exits_with_2(desk: Path, arguments: list[str], code: str) -> None:
    run = sigillum("check", desk / "good.pdf", *arguments, cwd=desk)
    assert run.returncode == 2
    assert f"[{code}]" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_schema_holds_for_a_report(desk: Path) -> None:
    import jsonschema

    schema = json.loads(sigillum("schema", "report").stdout)
    jsonschema.validate(lines(sigillum("check", "--json", desk / "good.pdf", *AT))[0], schema)

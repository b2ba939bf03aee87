"""`sigillum compare --pairs`: a run that is killed leaves whole lines and goes on; what is done is not done again."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_check import sigillum
from verify.cli import pairs as table
from verify.core.errors import UsageError
from verify.imprints.imprint import Imprint
from verify.simulation.registry import png_with_dpi

ROWS = 60


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "blank.png").write_bytes(png_with_dpi(np.full((60, 60, 3), 250, np.uint8), 300.0))
    write(tmp_path, [row(i) for i in range(ROWS)])
    return tmp_path


def row(number: int, questioned: str = "blank.png") -> dict[str, str]:
    return {
        "questioned": questioned, "reference": "blank.png", "questioned_dpi": "300", "reference_dpi": "300",
        "label": "same", "case": str(number),
    }  # fmt: skip


def write(desk: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with (desk / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def compare(desk: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return sigillum("compare", "--pairs", desk / "pairs.csv", "--out", desk / "scores.jsonl", *options)


def kill_at_the_first_line(desk: Path, out: Path) -> None:
    command = [sys.executable, "-m", "verify.cli", "compare", "--pairs", desk / "pairs.csv", "--out", out]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True) as killed:
        until = time.monotonic() + 60
        while not (out.exists() and out.stat().st_size) and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate(timeout=60)


def fatal(job: table.Job) -> dict[str, str]:
    """In a worker: one row ends its process, as a lack of memory would."""
    if job.row["case"] == "1":
        os._exit(9)
    return dict(job.row)


def cases(desk: Path) -> list[str]:
    return [json.loads(line)["case"] for line in (desk / "scores.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_killed_run_leaves_whole_lines_and_the_next_one_does_the_rest_only(desk: Path) -> None:
    out = desk / "scores.jsonl"
    kill_at_the_first_line(desk, out)
    left = out.read_bytes()
    assert left.endswith(b"\n")
    assert all(json.loads(line) for line in left.splitlines())
    run = compare(desk)
    assert run.returncode == 0
    assert f"{len(left.splitlines())} of {ROWS} pairs are in" in run.stderr
    assert out.read_bytes().startswith(left)
    assert cases(desk) == [str(i) for i in range(ROWS)]


def test_the_workers_of_a_killed_run_end_with_it(desk: Path) -> None:
    kill_at_the_first_line(desk, desk / "s.jsonl")  # waits for the last process that holds its stderr


def test_a_torn_line_is_cut_off_and_its_row_done_again(desk: Path) -> None:
    write(desk, [row(0, "gone.png"), row(1, "gone.png")])
    assert compare(desk, "--workers", "1").returncode == 0
    whole = (desk / "scores.jsonl").read_bytes()
    first = whole.splitlines(keepends=True)[0]
    (desk / "scores.jsonl").write_bytes(whole[:-20])
    assert compare(desk, "--workers", "1").returncode == 0
    assert (desk / "scores.jsonl").read_bytes().startswith(first)
    assert cases(desk) == ["0", "1"]


def test_rows_that_are_alike_are_each_done(desk: Path) -> None:
    write(desk, [row(0, "gone.png"), row(0, "gone.png"), row(1, "gone.png")])
    compare(desk, "--workers", "1")
    again = compare(desk, "--workers", "1")
    assert cases(desk) == ["0", "0", "1"]
    assert "3 of 3 pairs" in again.stderr


def test_an_output_of_another_table_is_not_added_to(desk: Path) -> None:
    write(desk, [row(0, "gone.png")])
    compare(desk, "--workers", "1")
    before = (desk / "scores.jsonl").read_bytes()
    write(desk, [row(7, "gone.png")])
    run = compare(desk)
    assert (run.returncode, "[scores-of-another-run]" in run.stderr) == (2, True)
    assert (desk / "scores.jsonl").read_bytes() == before


def test_every_row_has_the_columns_of_the_contract_and_the_inputs_own(desk: Path) -> None:
    write(desk, [row(0), row(1, "gone.png")])
    compare(desk, "--workers", "1")
    compared, unread = (json.loads(line) for line in (desk / "scores.jsonl").read_text(encoding="utf-8").splitlines())
    assert compared.keys() >= {*row(0), *table.FOUND} - {"error"}
    assert unread["error"]["code"] == "picture-unreadable"
    told = {"calibration", "calibration_sha256", "error", "seconds"}
    assert all(unread[c] is None for c in table.FOUND if c not in told)
    assert compared["quality"]["sufficient"] is False


def test_a_row_that_ends_its_worker_has_an_error_and_the_others_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "score", fatal)
    jobs = [table.Job(row(i), Path(), ("c", "0")) for i in range(4)]
    lines = list(table._scored(iter(jobs), 2))
    assert [line["case"] for line in lines] == ["0", "1", "2", "3"]
    assert [line.get("error", {}).get("code") for line in lines] == [None, "worker-lost", None, None]


def test_a_resolution_that_is_none_is_the_rows_error(desk: Path) -> None:
    write(desk, [{**row(0), "questioned_dpi": "-3"}])
    compare(desk, "--workers", "1")
    assert json.loads((desk / "scores.jsonl").read_text(encoding="utf-8"))["error"]["code"] == "dpi-invalid"


def test_a_column_that_the_result_writes_is_refused(desk: Path) -> None:
    write(desk, [{**row(0), "seconds": "1"}])
    with pytest.raises(UsageError, match="seconds"):
        table.run(desk / "pairs.csv", out=desk / "s.jsonl", workers=1, calibration=None)


def test_a_specimen_is_decoded_once_while_it_is_among_the_last_used(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []

    def picture(data: bytes, dpi: float | None) -> Imprint:
        decoded.append(data)
        return Imprint(np.zeros((4, 4, 3), np.uint8), dpi or None)

    monkeypatch.setattr("verify.imprints.examiner.picture_imprint", picture)
    monkeypatch.setattr(table, "_specimens", {})
    for number in (1, 2, 1, 1, *range(3, 12), 2):
        table._specimen(bytes([number]), 300.0)
    assert decoded.count(bytes([1])) == 1
    assert decoded.count(bytes([2])) == 2
    assert len(table._specimens) == table._DECODED

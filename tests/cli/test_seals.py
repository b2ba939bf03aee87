"""`sigillum seals …` as a user runs it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from tests.records.shelves import impression, write_seal
from verify.cli import main, seals
from verify.records.specimens import specimens_from
from verify.stores.packaged import packaged


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("SIGILLUM_RECORDS", str(tmp_path / "kept" / "records.db"))
    monkeypatch.delenv("SIGILLUM_BLOBS", raising=False)

    def sigillum(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["sigillum", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return sigillum


def _add(run: Run, folder: Path, count: int, *more: str) -> Ran:
    files = []
    for number in range(count):
        (folder / f"2024-01-0{number + 1}.png").write_bytes(impression(seed=number))
        files += ["--specimen", str(folder / f"2024-01-0{number + 1}.png")]
    return run(
        "seals", "add", "ring", "--owner", "示例有限公司", "--kind", "company", "--shape", "round", "--size", "40",
        "--text", "示例有限公司", *files, *more,
    )  # fmt: skip


def test_a_seal_that_was_added_is_listed(run: Run, tmp_path: Path) -> None:
    ran = _add(run, tmp_path, 3, "--valid-from", "2022-01-01", "--unit", "总部", "--code", "9900000010019")
    assert (ran.code, "of 3 specimens" in ran.err) == (0, False)
    listed = json.loads(run("seals", "list", "--json").out)
    assert (listed["id"], listed["size_mm"], len(listed["specimen"])) == ("ring", [40.0, 40.0], 3)


def test_fewer_than_three_specimens_are_warned_of_with_the_reason(run: Run, tmp_path: Path) -> None:
    ran = _add(run, tmp_path, 1)
    assert ran.code == 0
    assert "1 of 3 specimens" in ran.err and "learnt" in ran.err and "made optically" in ran.err


def test_three_specimens_of_one_day_are_warned_of(run: Run, tmp_path: Path) -> None:
    ran = _add(run, tmp_path, 3, "--taken", "2024-01-05")
    assert (ran.code, "all specimens were taken on 2024-01-05" in ran.err) == (0, True)


def test_another_scan_of_one_impression_and_another_seal_are_warned_of(tmp_path: Path) -> None:
    home = packaged("reference_seals")
    first = (home / "xinghe-company" / "2022-01-05.png").read_bytes()
    pictures = [first, _scanned_again(first), (home / "baiyun-company" / "2022-01-05.png").read_bytes()]
    files = []
    for number, data in enumerate(pictures):
        files.append(tmp_path / f"2024-01-0{number + 1}.png")
        files[-1].write_bytes(data)
    same, other = seals._doubts(specimens_from(files, size_mm=(40.0, 40.0)))
    assert "2024-01-02.png looks like another picture of an impression" in same
    assert "2024-01-03.png does not look like the seal" in other


def _scanned_again(picture: bytes) -> bytes:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    out = io.BytesIO()
    image.rotate(3.0, Image.Resampling.BICUBIC, fillcolor=image.getpixel((2, 2))).save(
        out, "PNG", dpi=image.info["dpi"]
    )
    return out.getvalue()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--dpi", "600"], "specimen-size"),
        (["--size", "0x4"], "specimen-size"),
        (["--size", "wide"], "size-unreadable"),
        (["--kind", "rocket"], "seal-invalid"),
        (["--valid-from", "soon"], "date-unreadable"),
    ],
)
def test_a_seal_that_cannot_be_is_refused_and_nothing_is_kept(
    run: Run, tmp_path: Path, more: list[str], code: str
) -> None:
    ran = _add(run, tmp_path, 1, *more)
    assert (ran.code, code in ran.err) == (2, True)
    assert run("seals", "list").out == ""


def test_a_seal_without_any_specimen_is_refused(run: Run, tmp_path: Path) -> None:
    ran = _add(run, tmp_path, 0)
    assert (ran.code, "specimen-missing" in ran.err) == (2, True)


def test_an_id_that_is_taken_is_refused(run: Run, tmp_path: Path) -> None:
    _add(run, tmp_path, 1)
    ran = _add(run, tmp_path, 1)
    assert (ran.code, "seal-exists" in ran.err) == (2, True)


def test_seals_go_in_and_out_and_a_status_is_entered(run: Run, tmp_path: Path) -> None:
    write_seal(tmp_path / "there", heading="# Fictional.\n")
    assert run("seals", "import", tmp_path / "there") == Ran(0, "seal ring: imported\n", "")
    assert run("seals", "export", tmp_path / "back", "ring").code == 0
    for path in (tmp_path / "there" / "ring").iterdir():
        assert (tmp_path / "back" / "ring" / path.name).read_bytes() == path.read_bytes()
    ran = run("seals", "set-status", "ring", "retired", "--since", "2025-01-01")
    assert ran.code == 0
    assert [line.split()[1] for line in ran.out.splitlines()] == ["active", "retired"]
    refused = run("seals", "import", tmp_path / "there")
    assert (refused.code, "seal-differs" in refused.err) == (4, True)


def test_a_status_that_does_not_exist_is_refused(run: Run, tmp_path: Path) -> None:
    _add(run, tmp_path, 1)
    ran = run("seals", "set-status", "ring", "melted", "--since", "2025-01-01")
    assert (ran.code, "status-unknown" in ran.err) == (2, True)


def test_listing_where_there_are_no_records_makes_none(run: Run, tmp_path: Path) -> None:
    ran = run("seals", "list")
    assert (ran.code, ran.out) == (0, "")
    assert "seals add" in ran.err
    assert not (tmp_path / "kept").exists()

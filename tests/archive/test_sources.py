"""Walking folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from verify.archive.sources import LeftAlone, resolved, shown, walk
from verify.core.errors import UsageError


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_supported_files_come_in_order_and_others_are_told_apart(tmp_path: Path) -> None:
    _touch(tmp_path, "b.pdf", "a/z.PNG", "a/notes.txt", ".hidden/x.pdf", ".y.pdf")
    assert list(walk([tmp_path])) == [
        LeftAlone(tmp_path / "a" / "notes.txt"),
        tmp_path / "a" / "z.PNG",
        tmp_path / "b.pdf",
    ]


def test_a_link_back_to_its_folder_does_not_go_round_for_ever(tmp_path: Path) -> None:
    _touch(tmp_path, "a/b.pdf")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    assert [p for p in walk([tmp_path]) if isinstance(p, Path)] == [tmp_path / "a" / "b.pdf"]


def test_a_missing_source_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        resolved([tmp_path, tmp_path / "nowhere"])
    assert caught.value.code == "source-missing"


def test_a_source_named_twice_is_walked_once(tmp_path: Path) -> None:
    assert resolved([tmp_path, tmp_path / "."]) == (tmp_path.resolve(),)


def test_a_name_that_is_no_text_can_still_be_written(tmp_path: Path) -> None:
    name = os.fsdecode(b"n\xff.pdf")
    assert shown(tmp_path / name).endswith("n\\xff.pdf")
    shown(tmp_path / name).encode("utf-8")

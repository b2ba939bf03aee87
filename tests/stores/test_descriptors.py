"""Descriptors that are kept: found again by another process, and no loss where they cannot be."""

from __future__ import annotations

from pathlib import Path

from verify.stores.descriptors import FolderDescriptors, MemoryDescriptors


def test_what_one_process_kept_another_finds(tmp_path: Path) -> None:
    FolderDescriptors(tmp_path).keep("5d-300", b"numbers")
    assert FolderDescriptors(tmp_path).known("5d-300") == b"numbers"
    assert FolderDescriptors(tmp_path).known("5e-300") is None
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["5d-300"]


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    here = FolderDescriptors(tmp_path / "file")
    here.keep("5d-300", b"numbers")
    assert here.known("5d-300") == b"numbers"


def test_memory_forgets_with_the_process() -> None:
    MemoryDescriptors().keep("5d-300", b"numbers")
    assert MemoryDescriptors().known("5d-300") is None

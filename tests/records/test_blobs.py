"""Blobs are written once, and what is read is what was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from verify.core.errors import VerifyError
from verify.records.blobs import Blobs


def test_what_was_put_comes_back_under_its_digest(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    assert blobs.get(blobs.put(b"a specimen")) == b"a specimen"


def test_a_blob_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blobs.put(b"a specimen")
    (file,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    before = file.stat()
    blobs.put(b"a specimen")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [file]


def test_a_blob_that_was_altered_is_not_given_out(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    name = blobs.put(b"a specimen")
    (file,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    file.chmod(0o644)
    file.write_bytes(b"another one")
    with pytest.raises(VerifyError) as caught:
        blobs.get(name)
    assert caught.value.code == "blob-changed"


def test_a_missing_blob_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(VerifyError) as caught:
        Blobs(tmp_path).get("a" * 64)
    assert caught.value.code == "blob-missing"

"""What may be registered as a specimen."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.records.shelves import DPI, impression
from verify.core.errors import UsageError
from verify.records.specimens import specimens_from


def _file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_resolution_and_day_come_from_the_file_where_they_are_not_given(tmp_path: Path) -> None:
    file = _file(tmp_path, "2024-01-05.PNG", impression())
    (one,) = specimens_from([file], size_mm=(40.0, 40.0))
    assert (one.specimen.file, one.specimen.dpi, one.specimen.taken) == ("2024-01-05.png", DPI, date(2024, 1, 5))
    assert one.data == file.read_bytes()


def test_two_of_one_day_get_two_names(tmp_path: Path) -> None:
    files = [_file(tmp_path, f"{n}.png", impression(seed=n)) for n in range(3)]
    made = specimens_from(files, taken=[date(2024, 1, 5)], size_mm=(40.0, 40.0))
    assert [s.specimen.file for s in made] == ["2024-01-05.png", "2024-01-05-2.png", "2024-01-05-3.png"]


@pytest.mark.parametrize("dpi", [150.0, 200.0, 400.0, 600.0])
def test_a_resolution_that_contradicts_the_size_is_refused(tmp_path: Path, dpi: float) -> None:
    file = _file(tmp_path, "2024-01-05.png", impression())
    with pytest.raises(UsageError) as caught:
        specimens_from([file], dpi=[dpi], size_mm=(40.0, 40.0))
    assert caught.value.code == "specimen-size"


def test_a_size_cannot_be_checked_where_the_resolution_is_unknown(tmp_path: Path) -> None:
    file = _file(tmp_path, "2024-01-05.png", impression(dpi=None))
    with pytest.raises(UsageError) as caught:
        specimens_from([file], size_mm=(40.0, 40.0))
    assert caught.value.code == "specimen-dpi"
    (one,) = specimens_from([file], dpi=[0.0], size_mm=(40.0, 40.0))
    assert one.specimen.dpi == 0.0


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("2024-01-05.png", b"\x89PNG\r\n\x1a\nnonsense", "specimen-unreadable"),
        ("2024-01-05.pdf", b"%PDF-1.4 nonsense", "specimen-unreadable"),
        ("2024-01-05.png", b"", "specimen-unreadable"),
        ("scan.png", impression(), "specimen-day"),
        ("2024-02-31.png", impression(), "specimen-day"),
    ],
)
def test_what_is_no_specimen_is_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        specimens_from([_file(tmp_path, name, data)], size_mm=(40.0, 40.0))
    assert caught.value.code == code


def test_one_picture_is_not_two_impressions(tmp_path: Path) -> None:
    files = [_file(tmp_path, n, impression()) for n in ("2024-01-05.png", "2024-01-06.png")]
    with pytest.raises(UsageError) as caught:
        specimens_from(files, size_mm=(40.0, 40.0))
    assert caught.value.code == "specimen-twice"


def test_options_are_given_once_or_for_each(tmp_path: Path) -> None:
    files = [_file(tmp_path, f"2024-01-0{n}.png", impression(seed=n)) for n in (1, 2, 3)]
    with pytest.raises(UsageError) as caught:
        specimens_from(files, dpi=[300.0, 300.0], size_mm=(40.0, 40.0))
    assert caught.value.code == "options-unequal"

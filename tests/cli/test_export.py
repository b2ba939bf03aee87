"""`sigillum export` writes what the report's folder holds, from the report alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import signature
from tests.reports.cases import case
from verify.cli.export import run
from verify.core.errors import UsageError, VerifyError
from verify.report import Case
from verify.reports.etsi import validation_report


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Case, Path]:
    made = case(signature())
    path = tmp_path / "report.json"
    path.write_text(made.report.to_json(), encoding="utf-8")
    return made, path


def test_the_export_is_the_same_on_stdout_and_in_a_file(
    kept: tuple[Case, Path], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    made, path = kept
    run(path, form="etsi", out=None)
    run(path, form="etsi", out=tmp_path / "out.xml")
    assert capfdbinary.readouterr().out == validation_report(made.report)
    assert (tmp_path / "out.xml").read_bytes() == validation_report(made.report)


def test_a_folder_that_cannot_be_written_to_is_said_and_nothing_is_left(
    kept: tuple[Case, Path], tmp_path: Path
) -> None:
    with pytest.raises(VerifyError) as caught:
        run(kept[1], form="etsi", out=tmp_path / "absent" / "out.xml")
    assert caught.value.code == "out-unwritable"
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize(
    ("form", "content", "code"),
    [("pdf", None, "form-unknown"), ("etsi", "{}", "report-invalid"), ("etsi", "", "report-invalid")],
)
def test_what_cannot_be_exported_is_said_by_code(
    kept: tuple[Case, Path], form: str, content: str | None, code: str
) -> None:
    if content is not None:
        kept[1].write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        run(kept[1], form=form, out=None)
    assert caught.value.code == code

"""A calibration that a laboratory fitted is used wherever imprints are compared, and named where it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.golden.test_golden import page
from verify.cli import archive, check, compare, doctor, serve
from verify.core.errors import UsageError, VerifyError
from verify.imprints.calibrations import read_calibration
from verify.settings import load_settings
from verify.simulation.registry import png_with_dpi
from verify.stores.models import add_model, find_model
from verify.stores.packaged import packaged
from verify.verifier import CALIBRATION

OWN = "office-1"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own model beside the release's: its numbers under another name."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("SIGILLUM_SETTINGS", str(tmp_path / "settings.toml"))
    compare.load_calibration.cache_clear()
    folder = load_settings().own_models
    released = read_calibration(find_model((packaged("models"),), CALIBRATION))
    add_model(folder, OWN, {"calibration.json": released.model_copy(update={"name": OWN}).model_dump_json().encode()})
    return folder


def checked(folder: Path, **more: object) -> int:
    options = dict.fromkeys(("at", "document_date", "certificate", "policy", "password_file", "out"))
    return check.run(
        [folder],
        seals=packaged("reference_seals"),
        seal=[],
        trust=[],
        lang="en",
        json=True,
        **(options | more),  # type: ignore[arg-type]
    )


def started(name: str) -> None:
    serve.run(host="127.0.0.1", port=0, seals=None, trust=[], policy=None, view="public", force=False, calibration=name)


def ingested(name: str) -> None:
    archive.ingest([Path()], seals=None, trust=[], policy=None, at=None, workers=1, calibration=name)


def compared(name: str) -> None:
    compare.load_calibration(name)


def test_a_report_names_the_calibration_that_was_used_and_its_digest(
    tmp_path: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "q.png").write_bytes(png_with_dpi(page(None), 300.0))
    checked(tmp_path / "q.png", calibration=OWN)
    report = json.loads(capsys.readouterr().out)
    assert report["provenance"]["models"] == {OWN: find_model((models,), OWN).sha256}
    (imprint,) = (e for e in report["evidence"] if e["kind"] == "imprint")
    assert {x["calibration"] for c in imprint["comparisons"] for x in c["likelihoods"]} == {OWN}


@pytest.mark.parametrize(
    "use",
    [
        lambda name: checked(Path("gone.png"), calibration=name),
        started,
        ingested,
        compared,
    ],
    ids=["check", "serve", "archive", "compare"],
)
def test_an_unknown_name_is_answered_by_those_that_there_are(use: Callable[[str], object]) -> None:
    with pytest.raises(UsageError) as told:
        use("office-9")
    assert told.value.code == "model-unknown"
    assert CALIBRATION in told.value.hint and OWN in told.value.hint


def test_a_calibration_that_was_named_and_cannot_be_read_is_said_before_the_first_document(models: Path) -> None:
    (models / OWN / "calibration.json").write_bytes(b"{}")
    with pytest.raises(VerifyError) as told:
        checked(Path("gone.png"), calibration=OWN)
    assert told.value.code == "model-changed"


def test_the_settings_name_what_is_used_without_a_word_of_the_caller(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(f'calibration = "{OWN}"\n', encoding="utf-8")
    assert compare.load_calibration().name == OWN
    assert compare.load_calibration(CALIBRATION).name == CALIBRATION


def test_the_doctor_says_which_is_used_and_whether_each_can_be_read(models: Path) -> None:
    def said() -> dict[str, str | None]:
        return {one.what: one.remedy for one in doctor.examined() if one.what.startswith("calibration")}

    assert said() == {f"calibration {CALIBRATION} (used)": None, f"calibration {OWN}": None}
    add_model(models, "office-2", {"calibration.json": b"{}"})
    assert "Fit it again" in (said()["calibration office-2"] or "")

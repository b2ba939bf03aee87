"""`sigillum validate`: rates and plots from labelled scores, and a calibration that `compare` knows by its name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_check import sigillum
from verify.cli import validate as command
from verify.core.errors import UsageError
from verify.imprints.evidence import ComparisonEvidence
from verify.imprints.measuring import MEASURES
from verify.stores.packaged import packaged

SPECIMENS = sorted((packaged("reference_seals") / "xinghe-company").glob("*.png"))
SHARP = {
    "dpi": 300.0, "reference_dpi": 600.0, "scale_known": 1.0, "coloured": 1.0, "size_mm": 40.0, "blur_mm": 0.05, "inked": 0.9,
    "overlap": 0.95, "units": 40.0, "glyphs": 20.0, "scale": 1.0, "anisotropy": 0.002, "noise": 0.01,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def row(seal: int, label: str, value: float | None) -> dict[str, Any]:
    """Measures of a sharp capture; those that tell are as good or bad as the ratio."""
    good = 0.0 if value is None else value
    measures = (
        dict.fromkeys(MEASURES, 0.02)
        | SHARP
        | {"field": 4.0 * good, "ncc": 0.9 + 0.03 * good, "scatter_mm": 0.03 - 0.01 * good}
    )
    columns = dict.fromkeys(("log10_lr", "log10_lr_another_seal", "log10_lr_remake", "log10_lr_near_copy"), value)
    return {
        "questioned": "q.png", "reference": f"{seal}.png", "label": label, "set": "office" if seal % 2 else "phone",
        "reference_seal": f"s{seal}", **columns, "log10_lr_twin": None, "quality": {"sufficient": True}, "measures": measures,
        "calibration": "comparison-1",
    }  # fmt: skip


def write(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path = folder / "scores.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def scores(folder: Path, seals: int = 14) -> Path:
    rng = np.random.default_rng(1)
    rows = [
        row(s, label, round(float(np.clip(rng.normal(middle, 0.6), -2, 2)), 3))
        for s in range(seals)
        for label, middle in (("same", 1.2), ("another-seal", -1.2), ("remake", -0.8))
    ]
    return write(folder, [*rows, row(0, "same", None), {"label": "", "reference": "x"}])


def run(path: Path, **more: Any) -> None:
    command.run(path, **{"out": None, "fit": None, "pairs_are": "real", "null_share": 0.05, "json": False, **more})


def test_rates_plots_and_page_are_written(tmp_path: Path) -> None:
    done = sigillum("validate", scores(tmp_path), "--out", tmp_path / "out", "--pairs-are", "simulated")
    assert done.returncode == 0, done.stderr
    assert "43 same" not in done.stdout
    assert "15 same, 28 different simulated pairs (1 without a label left out, 0 unreadable)" in done.stdout
    found = json.loads((tmp_path / "out" / "validation.json").read_text(encoding="utf-8"))
    assert found["schema"] == "sigillum/validation/1"
    assert [(g["set"], g["label"]) for g in found["groups"]] == [
        (None, None), ("office", None), ("phone", None), (None, "another-seal"), (None, "remake"),
    ]  # fmt: skip
    told = found["groups"][0]["columns"]["log10_lr"]
    assert 0 <= told["eer"]["interval95"][0] <= told["eer"]["value"] <= told["eer"]["interval95"][1] <= 1
    assert told["cllr_min"]["value"] <= told["cllr_told"]["value"]
    assert {p.name for p in (tmp_path / "out" / "plots").iterdir()} == {
        "tippett.svg", "ece.svg", "calibration.svg", "det.svg",
    }  # fmt: skip
    assert "<svg" in (tmp_path / "out" / "validation.html").read_text(encoding="utf-8")


def test_json_goes_to_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(scores(tmp_path), json=True)
    assert json.loads(capsys.readouterr().out)["pairs"] == {"same": 15, "different": 28}


def test_a_calibration_made_from_the_pairs_is_known_by_its_name(tmp_path: Path) -> None:
    path = scores(tmp_path)
    fitted = sigillum("validate", path, "--out", tmp_path / "out", "--fit", "office-1")
    assert fitted.returncode == 0, fitted.stderr
    folder = tmp_path / "data" / "sigillum" / "models"
    assert '["office-1"]' in (folder / "index.toml").read_text(encoding="utf-8")
    assert "Basis: **both**" in (folder / "office-1" / "card.md").read_text(encoding="utf-8")
    assert "Calibration made: office-1" in (tmp_path / "out" / "validation.html").read_text(encoding="utf-8")

    compared = sigillum("compare", SPECIMENS[0], SPECIMENS[1], "--calibration", "office-1", "--json")
    likelihood = ComparisonEvidence.model_validate_json(compared.stdout).against("another-seal")
    assert (likelihood.calibration, likelihood.basis) == ("office-1", "both")
    assert likelihood.limits is not None
    assert max(map(abs, likelihood.limits)) <= np.log10(14) + 0.01

    again = sigillum("validate", path, "--fit", "office-1")
    assert (again.returncode, "[model-name-taken]" in again.stderr) == (2, True)


def test_nothing_is_written_where_the_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        run(scores(tmp_path, seals=9), fit="office-1", out=tmp_path / "out")
    assert refused.value.code == "seals-too-few"
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["comparison-1", "Office 1", "../office"])
def test_a_name_that_is_taken_or_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        run(scores(tmp_path), fit=name)
    assert refused.value.code in ("model-name-taken", "model-name-invalid")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"log10_lr": 1.0}], "labels-missing"),
        ([row(1, "same", 1.0)], "one-class-only"),
        ([row(1, "same", 1.0), row(1, "maybe", 1.0)], "label-unknown"),
    ],
)
def test_scores_that_cannot_be_measured_are_refused(tmp_path: Path, rows: list[dict[str, Any]], code: str) -> None:
    done = sigillum("validate", write(tmp_path, rows), "--out", tmp_path / "out")
    assert done.returncode == 2
    assert f"[{code}]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scores.jsonl").write_text("questioned,reference\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 1"):
        run(tmp_path / "scores.jsonl")
    with pytest.raises(UsageError, match="cannot be read"):
        run(tmp_path / "gone.jsonl")


def test_pairs_without_any_ratio_are_counted_and_not_drawn(tmp_path: Path) -> None:
    path = write(tmp_path, [row(s, label, None) for s in range(3) for label in ("same", "different")])
    run(path, out=tmp_path / "out")
    found = json.loads((tmp_path / "out" / "validation.json").read_text(encoding="utf-8"))
    assert found["groups"][0]["columns"]["log10_lr"]["nulls_same"]["value"] == 1
    assert "No plots" in (tmp_path / "out" / "validation.html").read_text(encoding="utf-8")

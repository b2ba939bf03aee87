"""`sigillum compare` and `find`: one comparison, a table of pairs in which one row is bad, imprints as JSON lines."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.test_check import lines, sigillum
from tests.golden.test_golden import page
from verify.imprints.evidence import ComparisonEvidence
from verify.simulation.registry import png_with_dpi
from verify.stores.packaged import packaged

SPECIMENS = sorted((packaged("reference_seals") / "xinghe-company").glob("*.png"))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "q.png").write_bytes(png_with_dpi(page(None), 300.0))
    (tmp_path / "forged.png").write_bytes(png_with_dpi(page("re-set"), 300.0))
    return tmp_path


def test_one_comparison_prints_an_element_of_comparisons(desk: Path) -> None:
    run = sigillum("compare", desk / "q.png", *SPECIMENS, "--json", "--out", desk / "out")
    found = ComparisonEvidence.model_validate_json(run.stdout)
    assert run.returncode == 0
    assert (found.against("remake").log10_lr or 0.0) > 0
    assert len(found.specimens) == len(SPECIMENS)
    assert {p.name for p in (desk / "out").iterdir()} >= {"overlay.png", "difference.png", "comparison.json"}


def test_a_bad_pair_has_an_error_and_the_run_goes_on(desk: Path) -> None:
    rows = [
        {"questioned": "q.png", "reference": ";".join(map(str, SPECIMENS)), "questioned_dpi": 300, "reference_dpi": 300, "label": "same"},
        {"questioned": "gone.png", "reference": str(SPECIMENS[0]), "questioned_dpi": 0, "reference_dpi": 300, "label": "x"},
        {"questioned": "forged.png", "reference": str(SPECIMENS[0]), "questioned_dpi": 300, "reference_dpi": 300, "label": "remake"},
    ]  # fmt: skip
    with (desk / "pairs.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    run = sigillum("compare", "--pairs", desk / "pairs.csv", "--out", desk / "scores.jsonl", "--workers", "2")
    same, gone, forged = (json.loads(line) for line in (desk / "scores.jsonl").read_text(encoding="utf-8").splitlines())
    assert run.returncode == 0
    assert same["log10_lr"] > 0 > forged["log10_lr"]
    assert (gone["error"]["code"], gone["log10_lr"], gone["label"]) == ("picture-unreadable", None, "x")
    assert {
        "limit_low",
        "limit_high",
        "log10_lr_another_seal",
        "log10_lr_twin",
        "reuse",
        "making",
        "quality",
        "measures",
        "seconds",
    } <= same.keys()


def test_a_table_without_its_columns_is_refused(desk: Path) -> None:
    (desk / "pairs.csv").write_text("a,b\n1,2\n")
    run = sigillum("compare", "--pairs", desk / "pairs.csv", "--out", desk / "s.jsonl")
    assert (run.returncode, "[pairs-invalid]" in run.stderr) == (2, True)


def test_find_prints_one_line_a_file_and_draws_the_page(desk: Path) -> None:
    (desk / "empty.png").write_bytes(b"")
    run = sigillum("find", desk / "q.png", desk / "empty.png", "--json", "--out", desk / "out")
    found, refused = lines(run)
    assert run.returncode == 4
    assert (found["schema"], refused["schema"], refused["code"]) == (
        "sigillum/imprints/1",
        "sigillum/refusal/1",
        "file-empty",
    )
    (imprint,) = found["imprints"]  # type: ignore[misc]
    assert (imprint["shape"], imprint["ink"]) == ("round", "red")
    assert imprint["size_mm"] == pytest.approx([40.0, 40.0], abs=1.0)
    assert list((desk / "out").glob("*/page-1.png"))

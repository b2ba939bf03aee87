"""Models by name: an own one beside those that travel with the product."""

from __future__ import annotations

from pathlib import Path

import pytest

from verify.core.errors import UsageError, VerifyError
from verify.stores.models import add_model, find_model, model, model_names
from verify.stores.packaged import packaged


def test_models_that_were_added_are_found_with_their_digests(tmp_path: Path) -> None:
    add_model(tmp_path, "own-1", {"calibration.json": b"{}", "card.md": b"one"})
    add_model(tmp_path, "own-2", {"calibration.json": b"[]", "card.md": b"two"})
    assert find_model((packaged("models"), tmp_path), "own-1").read() == b"{}"
    assert model(tmp_path, "own-2", "card.md").read() == b"two"


def test_a_model_that_was_changed_is_refused(tmp_path: Path) -> None:
    add_model(tmp_path, "own-1", {"calibration.json": b"{}"})
    (tmp_path / "own-1" / "calibration.json").write_bytes(b"{ }")
    with pytest.raises(VerifyError, match="not the file that was released"):
        find_model((packaged("models"), tmp_path), "own-1").read()


def test_the_products_models_come_first(tmp_path: Path) -> None:
    add_model(tmp_path, "comparison-1", {"calibration.json": b"{}"})
    assert find_model((packaged("models"), tmp_path), "comparison-1").path.is_relative_to(packaged("models"))


def test_a_name_that_nobody_knows_is_answered_by_those_that_there_are(tmp_path: Path) -> None:
    add_model(tmp_path, "own-1", {"calibration.json": b"{}"})
    with pytest.raises(UsageError, match="own-9") as unknown:
        find_model((packaged("models"), tmp_path), "own-9")
    assert unknown.value.code == "model-unknown"
    assert "comparison-1, own-1" in unknown.value.hint


def test_where_there_is_no_model_at_all_the_remedy_is_an_installation(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="not there") as missing:
        find_model((tmp_path, tmp_path / "none"), "own-9")
    assert (missing.value.code, "Install" in missing.value.hint) == ("model-missing", True)


def test_a_model_without_such_a_file_is_not_one_of_that_kind(tmp_path: Path) -> None:
    add_model(tmp_path, "own-1", {"weights.onnx": b""})
    assert model_names((tmp_path,)) == ()


@pytest.mark.parametrize("name", ["", "a", "../up", "Own", "a/b", ".hidden", 'a"b'])
def test_a_name_that_is_no_folder_of_its_own_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        add_model(tmp_path, name, {})
    assert refused.value.code == "model-name-invalid"
    assert list(tmp_path.iterdir()) == []

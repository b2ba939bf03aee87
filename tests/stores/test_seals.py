"""The folder of registered seals: read strictly, digests checked, nothing outside it."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError
from verify.stores.packaged import packaged
from verify.stores.seals import FolderShelf, Owner, ReferenceSeal, Specimen
from verify.stores.sealtoml import seal_toml
from verify.stores.uses import FolderLedger


def seal(**changes: object) -> ReferenceSeal:
    base: dict[str, object] = {
        "id": "one", "owner": Owner(name='示例"引号"公司', unified_code="91990000MADEMX0115"), "kind": "company", "shape": "round",
        "size_mm": (40.0, 40.0), "text": "示例", "valid_from": date(2024, 1, 1),
    }  # fmt: skip
    return ReferenceSeal(**(base | changes))  # type: ignore[arg-type]


def shelf(folder: Path, one: ReferenceSeal) -> FolderShelf:
    home = folder / one.id
    home.mkdir(parents=True)
    (home / "seal.toml").write_text(seal_toml(one), encoding="utf-8")
    return FolderShelf(folder)


def specimen(**changes: object) -> Specimen:
    return Specimen(
        **({"file": "a.png", "dpi": 300, "taken": date(2024, 1, 5), "sha256": digest(b"picture")} | changes)
    )  # type: ignore[arg-type]


def test_what_is_written_is_read_back_equal(tmp_path: Path) -> None:
    one = seal(specimen=(specimen(),), unit="合同部")
    assert ReferenceSeal.model_validate(tomllib.loads(seal_toml(one))) == one
    assert shelf(tmp_path, one).seals() == (one,)


def test_a_specimen_that_was_edited_is_noticed(tmp_path: Path) -> None:
    one = seal(specimen=(specimen(),))
    here = shelf(tmp_path, one)
    (tmp_path / "one" / "a.png").write_bytes(b"picture")
    assert here.specimen(one, one.specimen[0]) == b"picture"
    (tmp_path / "one" / "a.png").write_bytes(b"retouched")
    with pytest.raises(VerifyError, match="not the picture"):
        here.specimen(one, one.specimen[0])


def test_a_specimen_may_not_point_outside_its_folder(tmp_path: Path) -> None:
    one = seal(specimen=(specimen(file="../../etc/passwd"),))
    with pytest.raises(VerifyError) as caught:
        shelf(tmp_path, one).specimen(one, one.specimen[0])
    assert caught.value.code == "specimen-outside"


@pytest.mark.parametrize(
    "edit",
    [
        ('kind = "company"', 'kind = "compny"'),
        ("size_mm", "sizemm"),
        ('id = "one"', 'id = "two"'),
        ("= [40.0, 40.0]", "= ["),
    ],
)
def test_a_mistake_in_seal_toml_is_named(tmp_path: Path, edit: tuple[str, str]) -> None:
    here = shelf(tmp_path, seal())
    path = tmp_path / "one" / "seal.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(*edit), encoding="utf-8")
    with pytest.raises(UsageError, match=r"seal\.toml"):
        here.seals()


def test_a_folder_without_seals_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        FolderShelf(tmp_path).seals()
    assert caught.value.code == "seals-empty"


def test_a_mistake_in_the_ledger_is_named(tmp_path: Path) -> None:
    path = tmp_path / "uses.toml"
    path.write_text('[[use]]\nid = "1"\n', encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        FolderLedger(path).uses()
    assert caught.value.code == "uses-invalid"


def test_the_demonstrations_seals_are_whole_and_marked_fictional() -> None:
    folder = packaged("reference_seals")
    here = FolderShelf(folder)
    digests = tomllib.loads((folder / "index.toml").read_text(encoding="utf-8"))["seals"]
    assert len(here.seals()) >= 8
    for one in here.seals():
        assert digests[one.id] == one.record_digest
        assert "Fictional" in (folder / one.id / "seal.toml").read_text(encoding="utf-8").splitlines()[0]
        assert all(here.specimen(one, s) for s in one.specimen)

"""The exchange format: in, and out again byte for byte."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import AT
from tests.records.shelves import seal, write_seal
from verify.core.errors import UsageError
from verify.records.database import Records
from verify.records.exchange import Exchanged, export_folder, import_folder, uses_toml
from verify.records.seals import RecordsShelf, history, register, set_status
from verify.records.uses import RecordsLedger
from verify.stores.packaged import packaged
from verify.stores.seals import FolderShelf
from verify.stores.uses import FolderLedger, Use

USE = Use(
    id="USE-2024-0603-01", seal="ring", document_sha256="a" * 64, purpose="销售合同", copies=2, applied_by="甲",
    approved_by=("乙", "丙"), status="approved", decided=AT,
)  # fmt: skip


def _in(records: Records, folder: Path) -> list[Exchanged]:
    return list(import_folder(records, folder, recorded=AT))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_folder_comes_out_as_it_went_in(records: Records, tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    write_seal(there, "ring", heading="# Fictional.\n")
    write_seal(there, "star", ledger_from=date(2024, 6, 1), unit=None)
    (there / "uses.toml").write_text(uses_toml([USE]), encoding="utf-8")
    assert {e.outcome for e in _in(records, there)} == {"done"}
    assert {e.outcome for e in export_folder(records, back)} == {"done"}
    exported = _files(back)
    assert exported.pop("index.toml")
    assert exported == _files(there)


def test_the_demonstrations_seals_come_out_as_they_went_in(records: Records, tmp_path: Path) -> None:
    folder = packaged("reference_seals")
    assert {e.outcome for e in _in(records, folder)} == {"done"}
    list(export_folder(records, tmp_path / "back"))
    for path in folder.glob("*/*"):
        assert (tmp_path / "back" / path.relative_to(folder)).read_bytes() == path.read_bytes()
    assert tomllib.loads((tmp_path / "back" / "index.toml").read_text()) == tomllib.loads(
        (folder / "index.toml").read_text()
    )


def test_an_equal_seal_is_imported_once(records: Records, tmp_path: Path) -> None:
    write_seal(tmp_path)
    assert [e.outcome for e in _in(records, tmp_path)] == ["done"]
    assert [e.outcome for e in _in(records, tmp_path)] == ["same"]
    assert len(history(records, "ring")) == 1


def test_a_differing_seal_is_refused_and_the_others_are_imported(records: Records, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    record = write_seal(one)
    _in(records, one)
    write_seal(two, text="另一枚印章")
    write_seal(two, "star")
    ring, star = _in(records, two)
    assert (ring.outcome, ring.why and ring.why.code, star.outcome) == ("refused", "seal-differs", "done")
    assert ring.why is not None and "text" in ring.why.message
    assert RecordsShelf(records).seals()[0] == record


def test_one_wrong_picture_keeps_the_whole_seal_out(records: Records, tmp_path: Path) -> None:
    write_seal(tmp_path)
    (tmp_path / "ring" / "2024-01-08.png").write_bytes(b"another picture")
    (refused,) = _in(records, tmp_path)
    assert refused.why is not None and refused.why.code == "specimen-changed"
    assert not RecordsShelf(records).seals()


def test_a_record_that_the_index_does_not_name_is_refused(records: Records, tmp_path: Path) -> None:
    write_seal(tmp_path)
    (tmp_path / "index.toml").write_text(f'[seals]\nring = "{"0" * 64}"\n')
    (refused,) = _in(records, tmp_path)
    assert refused.why is not None and refused.why.code == "seal-changed"


def test_a_seal_toml_that_is_not_valid_is_refused_by_itself(records: Records, tmp_path: Path) -> None:
    write_seal(tmp_path)
    (tmp_path / "aaa").mkdir()
    (tmp_path / "aaa" / "seal.toml").write_text("id = 'aaa'\nkind = 'rocket'\n")
    bad, good = _in(records, tmp_path)
    assert bad.why is not None and bad.why.code == "seal-invalid"
    assert good.outcome == "done"


def test_a_changed_status_is_exported_and_the_heading_stays(records: Records, tmp_path: Path) -> None:
    write_seal(tmp_path / "there", heading="# Fictional.\n")
    _in(records, tmp_path / "there")
    set_status(records, "ring", "retired", since=date(2025, 1, 1), recorded=AT)
    list(export_folder(records, tmp_path / "back"))
    assert (tmp_path / "back" / "ring" / "seal.toml").read_text(encoding="utf-8").startswith("# Fictional.\nid =")
    assert FolderShelf(tmp_path / "back").seals() == RecordsShelf(records).seals()


def test_an_export_writes_over_nothing(records: Records, tmp_path: Path) -> None:
    register(records, *seal(), recorded=AT)
    (tmp_path / "ring").mkdir()
    (tmp_path / "ring" / "seal.toml").write_text("something else")
    with pytest.raises(UsageError):
        list(export_folder(records, tmp_path))
    assert (tmp_path / "ring" / "seal.toml").read_text() == "something else"


def test_exporting_twice_changes_nothing(records: Records, tmp_path: Path) -> None:
    register(records, *seal(), recorded=AT)
    list(export_folder(records, tmp_path / "back"))
    before = _files(tmp_path / "back")
    assert [e.outcome for e in export_folder(records, tmp_path / "back")] == ["same"]
    assert _files(tmp_path / "back") == before


def test_only_known_seals_are_exported(records: Records, tmp_path: Path) -> None:
    register(records, *seal(), recorded=AT)
    with pytest.raises(UsageError) as caught:
        list(export_folder(records, tmp_path / "back", ["ring", "nobody"]))
    assert caught.value.code == "seal-unknown"
    assert not (tmp_path / "back").exists()


def test_uses_travel_with_their_seals(records: Records, tmp_path: Path) -> None:
    write_seal(tmp_path / "there")
    (tmp_path / "there" / "uses.toml").write_text(uses_toml([USE]), encoding="utf-8")
    assert [(e.what, e.outcome) for e in _in(records, tmp_path / "there")] == [("seal", "done"), ("use", "done")]
    assert [(e.what, e.outcome) for e in _in(records, tmp_path / "there")] == [("seal", "same"), ("use", "same")]
    assert list(RecordsLedger(records).uses()) == [USE]
    list(export_folder(records, tmp_path / "back"))
    assert list(FolderLedger(tmp_path / "back" / "uses.toml").uses()) == [USE]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"copies": 3}, "use-differs"),
        ({"id": "USE-2", "seal": "nobody"}, "use-of-unknown-seal"),
        ({"id": "USE-2", "decided": AT.replace(tzinfo=None)}, "use-time-without-zone"),
    ],
)
def test_a_use_that_cannot_be_entered_is_refused(
    records: Records, tmp_path: Path, changes: dict[str, object], code: str
) -> None:
    write_seal(tmp_path)
    (tmp_path / "uses.toml").write_text(uses_toml([USE]), encoding="utf-8")
    _in(records, tmp_path)
    (tmp_path / "uses.toml").write_text(uses_toml([USE.model_copy(update=changes)]), encoding="utf-8")
    refused = _in(records, tmp_path)[-1]
    assert refused.why is not None and refused.why.code == code
    assert list(RecordsLedger(records).uses()) == [USE]

"""The registry: what is entered comes back, and no status is rewritten."""

from __future__ import annotations

from datetime import date

import pytest

from tests.conftest import AT
from tests.records.shelves import seal
from verify.core.errors import UsageError, VerifyError
from verify.records.database import Records
from verify.records.seals import RecordsShelf, history, register, set_status
from verify.stores.seals import ReferenceSeal


def test_a_registered_seal_comes_back_word_for_word_with_its_pictures(records: Records) -> None:
    record, pictures = seal()
    register(records, record, pictures, recorded=AT)
    shelf = RecordsShelf(records)
    assert list(shelf.seals()) == [record]
    assert shelf.seals()[0].record_digest == record.record_digest
    assert [shelf.specimen(record, s) for s in record.specimen] == list(pictures.values())


def test_seals_stand_in_the_order_of_their_ids(records: Records) -> None:
    for id in ("c", "a", "b"):
        record, pictures = seal(id)
        register(records, record, pictures, recorded=AT)
    assert [s.id for s in RecordsShelf(records).seals()] == ["a", "b", "c"]


def test_an_id_is_given_once(records: Records) -> None:
    record, pictures = seal()
    register(records, record, pictures, recorded=AT)
    with pytest.raises(UsageError) as caught:
        register(records, record.model_copy(update={"text": "other"}), pictures, recorded=AT)
    assert caught.value.code == "seal-exists"
    assert list(RecordsShelf(records).seals()) == [record]


def test_a_seal_is_entered_whole_or_not_at_all(records: Records) -> None:
    record, pictures = seal()
    wrong = dict.fromkeys(pictures, b"another picture")
    with pytest.raises(VerifyError) as caught:
        register(records, record, wrong, recorded=AT)
    assert caught.value.code == "specimen-changed"
    assert not RecordsShelf(records).seals()


@pytest.mark.parametrize("name", ["../evil.png", "/etc/x.png", "seal.toml", "a\\b.png"])
def test_a_specimens_name_stays_within_the_seals_folder(records: Records, name: str) -> None:
    record, pictures = seal()
    first = record.specimen[0].model_copy(update={"file": name})
    with pytest.raises(UsageError) as caught:
        register(records, record.model_copy(update={"specimen": (first,)}), pictures, recorded=AT)
    assert caught.value.code == "specimen-name"


def _registered(records: Records) -> ReferenceSeal:
    record, pictures = seal()
    register(records, record, pictures, recorded=AT)
    return record


def test_every_status_that_a_seal_ever_had_is_kept(records: Records) -> None:
    _registered(records)
    set_status(records, "ring", "reported-lost", since=date(2025, 3, 1), recorded=AT)
    after = set_status(records, "ring", "destroyed", since=date(2025, 4, 1), recorded=AT)
    assert (after.status, after.status_changed) == ("destroyed", date(2025, 4, 1))
    assert [(e.status, e.since) for e in history(records, "ring")] == [
        ("active", date(2022, 1, 1)),
        ("reported-lost", date(2025, 3, 1)),
        ("destroyed", date(2025, 4, 1)),
    ]


def test_a_corrected_day_is_a_further_entry(records: Records) -> None:
    _registered(records)
    set_status(records, "ring", "retired", since=date(2025, 3, 1), recorded=AT)
    set_status(records, "ring", "retired", since=date(2025, 2, 1), recorded=AT)
    assert [e.since for e in history(records, "ring")][1:] == [date(2025, 3, 1), date(2025, 2, 1)]


@pytest.mark.parametrize(
    ("id", "since", "code"),
    [
        ("nobody", date(2025, 1, 1), "seal-unknown"),
        ("ring", date(2021, 12, 31), "status-before-valid"),
        ("ring", date(2025, 1, 1), "status-already"),
    ],
)
def test_a_status_that_cannot_be_is_refused_and_leaves_no_entry(
    records: Records, id: str, since: date, code: str
) -> None:
    _registered(records)
    set_status(records, "ring", "retired", since=date(2025, 1, 1), recorded=AT)
    with pytest.raises(UsageError) as caught:
        set_status(records, id, "retired", since=since, recorded=AT)
    assert caught.value.code == code
    assert len(history(records, "ring")) == 2


def test_one_shelf_sees_one_registry_while_another_is_made_of_it(records: Records) -> None:
    _registered(records)
    shelf = RecordsShelf(records)
    assert shelf.seals()[0].status == "active"
    set_status(records, "ring", "retired", since=date(2025, 1, 1), recorded=AT)
    assert shelf.seals()[0].status == "active"
    assert RecordsShelf(records).seals()[0].status == "retired"

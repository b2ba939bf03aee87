"""The document's date: what proves outranks what claims, and that outranks what is written."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.builders import signature
from verify.agreement.dates import document_date, written_days

PROVEN, CLAIMED = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def test_a_timestamp_outranks_everything() -> None:
    both = [signature(best_time=PROVEN, claimed_time=CLAIMED)]
    assert document_date(both, date(2026, 1, 1), ["2025-12-31"]) == (PROVEN, "timestamp")


def test_a_timestamp_on_a_broken_signature_proves_nothing() -> None:
    assert document_date([signature(intact=False, best_time=PROVEN)], None, [])[1] == "unknown"


def test_the_earliest_proof_of_one_revision_counts() -> None:
    same = [signature(revision=2, best_time=LATER), signature(revision=2, best_time=PROVEN)]
    assert document_date(same, None, []) == (PROVEN, "timestamp")
    assert document_date([signature(best_time=LATER), signature(best_time=PROVEN)], None, []) == (PROVEN, "timestamp")


def test_a_signature_on_a_later_revision_dates_what_the_document_holds_now() -> None:
    first, second = signature(revision=2, best_time=PROVEN), signature(revision=4, best_time=LATER)
    assert document_date([first, second], None, []) == (LATER, "timestamp")
    broken = signature(revision=4, best_time=LATER, intact=False)
    assert document_date([first, broken], None, []) == (PROVEN, "timestamp")


def test_a_timestamp_renewed_for_the_archive_makes_no_document_younger() -> None:
    signed, stamp = (
        signature(revision=2, best_time=PROVEN),
        signature(purpose="timestamp", revision=4, best_time=LATER),
    )
    assert document_date([signed, stamp], None, []) == (PROVEN, "timestamp")
    assert document_date([signature(claimed_time=CLAIMED), stamp], None, []) == (LATER, "timestamp")


def test_of_claimed_times_the_latest_counts_because_the_earliest_is_the_one_that_clears() -> None:
    both = [signature(claimed_time=LATER), signature(claimed_time=CLAIMED)]
    assert document_date(both, None, []) == (LATER, "claimed")


def test_a_given_date_outranks_the_signers_claim_and_that_the_page() -> None:
    claimed = [signature(claimed_time=CLAIMED)]
    assert document_date(claimed, date(2026, 1, 1), ["2025-12-31"])[1] == "given"
    assert document_date(claimed, None, ["2025-12-31"]) == (CLAIMED, "claimed")
    assert document_date([], None, ["签订日期：2025年12月31日"]) == (date(2025, 12, 31), "read")


def test_several_days_on_the_page_tell_nothing() -> None:
    assert document_date([], None, ["2025-12-31", "2026年1月1日"]) == (None, "unknown")


def test_days_are_read_as_people_write_them() -> None:
    assert written_days("2024年6月3日 2024-06-04 2024/6/5 2024.6.6 12024-06-07 2024-02-31 2024-6-77") == {
        date(2024, 6, 3), date(2024, 6, 4), date(2024, 6, 5), date(2024, 6, 6),
    }  # fmt: skip

"""Every row of the table comes out as stated, and the table leaves no conclusion out."""

from __future__ import annotations

import pytest

from tests.signatures.table import algorithms, chains, changes, formats, permissions, revocation, times
from tests.signatures.table.rows import UNSAID, Row, differences, story

THEMES = (formats, algorithms, times, revocation, chains, permissions, changes)
ROWS = [row for theme in THEMES for row in theme.ROWS]

# EN 319 102-1, tables 5 and 6. NO_POE is what validation time sliding gives for a certificate (5.6.2.2); past signature
# validation then keeps the current indication (5.6.2.4), so no signature ends with it. CUSTOM is for a policy's own.
SUB_INDICATIONS = frozenset(
    {
        "FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE", "REVOKED", "EXPIRED", "NOT_YET_VALID",
        "SIG_CONSTRAINTS_FAILURE", "CHAIN_CONSTRAINTS_FAILURE", "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "CRYPTO_CONSTRAINTS_FAILURE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE", "POLICY_PROCESSING_ERROR",
        "SIGNATURE_POLICY_NOT_AVAILABLE", "TIMESTAMP_ORDER_FAILURE", "NO_SIGNING_CERTIFICATE_FOUND",
        "NO_CERTIFICATE_CHAIN_FOUND", "REVOKED_NO_POE", "REVOKED_CA_NO_POE", "OUT_OF_BOUNDS_NO_POE",
        "OUT_OF_BOUNDS_NOT_REVOKED", "REVOCATION_OUT_OF_BOUNDS_NO_POE", "TRY_LATER", "SIGNED_DATA_NOT_FOUND", "GENERIC",
    }
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_document_is_told_to_be_what_it_is(row: Row) -> None:
    wrong = differences(row)
    assert not wrong, "\n".join([f"{row.name} ({row.note})", *wrong, "all that was told:", story(row)])


def test_every_sub_indication_has_a_row() -> None:
    stated = {says.sub_indication for row in ROWS for says in row.expected} - {None, UNSAID}
    assert stated == SUB_INDICATIONS


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)

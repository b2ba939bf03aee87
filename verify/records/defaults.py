"""What is consulted when a caller names no folder: the records, where there are any and they hold seals.

The database is neither made nor its libraries loaded where there is none: a first `check` pays nothing for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verify.settings import Settings
from verify.stores.seals import NoSeals, SealShelf
from verify.stores.uses import UseLedger

if TYPE_CHECKING:
    from verify.records.database import Records


def default_shelf(settings: Settings) -> SealShelf:
    """The registered seals as they stand now; NoSeals where there are no records or they hold none."""
    records = existing(settings)
    if records is None:
        return NoSeals()
    from verify.records.seals import RecordsShelf

    shelf = RecordsShelf(records)
    return shelf if shelf.seals() else NoSeals()


def default_ledger(settings: Settings) -> UseLedger | None:
    """The ledger of uses as it stands now; None where there are no records or it is empty."""
    records = existing(settings)
    if records is None:
        return None
    from verify.records.uses import RecordsLedger

    ledger = RecordsLedger(records)
    return ledger if ledger.uses() else None


def existing(settings: Settings) -> Records | None:
    """The records, where they exist already; a server's database is taken to exist."""
    file = settings.records_file
    if file is not None and not file.is_file():
        return None
    from verify.records.database import open_records

    return open_records(settings)

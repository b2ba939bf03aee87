"""The document's date: the best timestamp, else given, else the signer's claim, else read, else unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from verify.signatures.evidence import SignatureEvidence

DateSource = Literal["timestamp", "given", "claimed", "read", "unknown"]
_WRITTEN = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d\d)\s*(?:年|[-./])\s*(?P<m>1[0-2]|0?[1-9])\s*(?:月|[-./])\s*(?P<d>3[01]|[12]\d|0?[1-9])(?!\d)"
)


def document_date(
    signatures: Sequence[SignatureEvidence], given: date | None, texts: Iterable[str]
) -> tuple[datetime | date | None, DateSource]:
    """The date that counts and what it rests on.

    Of several proven times, that of the latest signed revision counts, for what the document holds now
    existed only then, and the earliest where several cover it. A document timestamp counts only where
    no signature is proven: one renewed for the archive adds nothing to the content. Of several claimed
    times the latest counts: an unproven date may accuse, never clear. A date read on the page counts
    only where the pages agree on one, for a contract names many days.
    """
    if (proven := _proven(signatures)) is not None:
        return proven, "timestamp"
    if given is not None:
        return given, "given"
    claimed = [s.claimed_time for s in signatures if s.claimed_time is not None]
    if claimed:
        return max(claimed), "claimed"
    days = {day for text in texts for day in written_days(text)}
    if len(days) == 1:
        return days.pop(), "read"
    return None, "unknown"


def _proven(signatures: Sequence[SignatureEvidence]) -> datetime | None:
    found = [(s.purpose, s.revision or 0, s.best_time) for s in signatures if s.best_time is not None and s.intact]
    signed = [(revision, time) for purpose, revision, time in found if purpose == "signature"]
    times = signed or [(revision, time) for _, revision, time in found]
    latest = max((revision for revision, _ in times), default=0)
    return min((time for revision, time in times if revision == latest), default=None)


def written_days(text: str) -> set[date]:
    """Days written in figures: 2024年6月3日, 2024-06-03, 2024/6/3, 2024.6.3."""
    found: set[date] = set()
    for match in _WRITTEN.finditer(text):
        try:
            found.add(date(int(match["y"]), int(match["m"]), int(match["d"])))
        except ValueError:
            continue  # 2024-02-31
    return found

"""What a signature permits afterwards: certification (DocMDP) and locked fields (FieldMDP), ISO 32000-2, 12.8.2."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from verify.signatures.changes.revisions import Terms
from verify.signatures.objects import entry, items
from verify.signatures.pdf import Found
from verify.signatures.work import Work

LEVELS = {1: "no-changes", 2: "fill-forms", 3: "annotate"}


def certifies(found: Found) -> bool:
    return any(entry(r, "/TransformMethod") == "/DocMDP" for r in items(entry(found.entries, "/Reference")))


def certification(found: Found) -> str | None:
    """The certification level in words; None where it does not certify."""
    return LEVELS.get(_level(found) or 0) if certifies(found) else None


def terms(work: Work, all: Sequence[Work]) -> Terms:
    """The strictest certification level of this signature and those before it; its own locked fields."""
    levels = [_level(w.found) for w in all if w.coverage.end <= work.coverage.end and (w is work or certifies(w.found))]
    return Terms(min((v for v in levels if v is not None), default=None), _lock(work.found))


def raises(work: Work, all: Sequence[Work]) -> bool:
    """Whether a later signature gives permissions back: it may only take them away (ISO 32000-2, 12.8.2.4)."""
    later = sorted((w for w in all if w.coverage.end >= work.coverage.end), key=lambda w: w.coverage.end)
    levels = [v for v in (_level(w.found) for w in later) if v is not None]
    return any(b > a for a, b in pairwise(levels))


def _level(found: Found) -> int | None:
    for source in (_parameters(found, "/DocMDP"), entry(found.holder, "/Lock")):
        value = entry(source, "/P")
        if isinstance(value, int) and 1 <= value <= 3:
            return int(value)
    # The default of the transform parameters is 2 (ISO 32000-2, table 257).
    return 2 if certifies(found) else None


def _parameters(found: Found, method: str) -> Any:
    for reference in items(entry(found.entries, "/Reference")):
        if entry(reference, "/TransformMethod") == method:
            return entry(reference, "/TransformParams")
    return None


def _lock(found: Found) -> dict[str, Any] | None:
    source = _parameters(found, "/FieldMDP") or entry(found.holder, "/Lock")
    action = entry(source, "/Action")
    if action is None:
        return None
    return {"action": str(action).lstrip("/"), "fields": [str(f) for f in items(entry(source, "/Fields"))]}

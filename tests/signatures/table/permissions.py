"""Rows about what a signature permits afterwards: certification (DocMDP) and locked fields (FieldMDP)."""

from __future__ import annotations

from collections.abc import Sequence

from tests.signatures.table.builders import archived, longterm, timed, with_lists
from tests.signatures.table.edits import SENTENCE, SENTENCE_MM, annotate, fill
from tests.signatures.table.pki import STAMPED
from tests.signatures.table.rows import Row, failed, open_, passed, timestamp
from verify.simulation.tampering import change_text

_MDP = "ISO 32000-2, 12.8.2.2 and table 257"
_LOCK = "ISO 32000-2, 12.8.2.4 and table 258"
_DSS = "ISO 32000-2, table 257: validation data and document timestamps may always be added"
_BROKEN = failed("FORMAT_FAILURE", modification="suspicious")
_DOUBTED = open_("GENERIC", modification="unknown")
_HELD = passed(modification="permitted", best_time=STAMPED)


def _again(pdf: bytes, **asked: object) -> bytes:
    """A second signature, with lists of its own."""
    return with_lists(timed(pdf=pdf, **{"signer": "other", "field": "Signature2", **asked}))


def _locked(action: str, *names: str) -> bytes:
    return longterm(lock=(action, names))


_SECOND = passed(best_time=STAMPED)

ROWS: Sequence[Row] = [
    Row("certified-1", lambda: longterm(certify=1), [passed(modification="permitted", certification="no-changes")], _DSS),
    Row("certified-1-archived", lambda: archived(certify=1),
        [passed(modification="permitted", certification="no-changes", level="PAdES-B-LTA"), timestamp()], _DSS),
    Row("certified-1-filled", lambda: fill(longterm(certify=1), "amount", "250"), [_BROKEN], _MDP),
    Row("certified-1-annotated", lambda: annotate(longterm(certify=1)), [_BROKEN], _MDP),
    Row("certified-1-signed-again", lambda: _again(longterm(certify=1)), [_BROKEN, _SECOND], _MDP),
    Row("certified-2", lambda: longterm(certify=2), [passed(modification="permitted", certification="fill-forms")], _DSS),
    Row("certified-2-filled", lambda: fill(longterm(certify=2), "amount", "250"), [_HELD], _MDP),
    Row("certified-2-signed-again", lambda: _again(longterm(certify=2)), [_HELD, _SECOND], _MDP),
    Row("certified-2-signed-again-over-content", lambda: _again(longterm(certify=2), over=SENTENCE), [_DOUBTED, _SECOND],
        "the sneaky signature attack: a permitted signature whose look hides what was signed"),
    Row("certified-2-annotated", lambda: annotate(longterm(certify=2)), [_BROKEN], _MDP),
    Row("certified-3", lambda: longterm(certify=3), [passed(modification="permitted", certification="annotate")], _DSS),
    Row("certified-3-filled", lambda: fill(longterm(certify=3), "amount", "250"), [_HELD], _MDP),
    Row("certified-3-annotated", lambda: annotate(longterm(certify=3)), [_HELD], _MDP),
    Row("certified-3-annotated-over-content", lambda: annotate(longterm(certify=3), SENTENCE), [_DOUBTED],
        "the evil annotation attack: permitted by the letter, yet it hides what was signed"),
    Row("certified-3-text-changed", lambda: change_text(longterm(certify=3), 1, SENTENCE_MM, "The fee is 900,000"), [_BROKEN], _MDP),
    Row("certified-after-another-signature", lambda: _again(longterm(), certify=2), [_DOUBTED, _SECOND],
        "ISO 32000-2, 12.8.2.2.1: a certification is the first signature of a document"),
    Row("locked-all-filled", lambda: fill(_locked("All"), "amount", "250"), [_BROKEN], _LOCK),
    Row("locked-all-unchanged", lambda: _locked("All"), [_HELD], _LOCK),
    Row("locked-one-filled", lambda: fill(_locked("Include", "amount"), "amount", "250"), [_BROKEN], _LOCK),
    Row("locked-one-another-filled", lambda: fill(_locked("Include", "amount"), "note", "by post"), [_HELD], _LOCK),
    Row("locked-but-one-that-filled", lambda: fill(_locked("Exclude", "amount"), "amount", "250"), [_HELD], _LOCK),
    Row("locked-but-one-another-filled", lambda: fill(_locked("Exclude", "amount"), "note", "by post"), [_BROKEN], _LOCK),
    Row("locked-by-the-second-signature", lambda: fill(_again(longterm(), lock=("All", ())), "amount", "250"),
        [_HELD, _BROKEN], f"{_LOCK}: a lock binds what comes after it"),
]  # fmt: skip

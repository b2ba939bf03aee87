"""Rows about times: validity periods, timestamps, their order, and what archive timestamps rescue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.signatures.table.builders import (
    STAMP,
    Token,
    archived,
    basic,
    longterm,
    stamp,
    store,
    timed,
    with_lists,
)
from tests.signatures.table.pki import ARCHIVED, LISTED, NOW, SIGNED, STAMPED, revocation_list
from tests.signatures.table.rows import Row, failed, open_, passed, timestamp

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_YESTERDAY = NOW - _DAY
# "brief" runs out on 2025-06-01, its revoked twin was revoked on 2024-12-01; "tsa-brief" runs out on 2025-01-01.
_BEFORE_THE_END = datetime(2025, 5, 20, tzinfo=UTC)
_AFTER_THE_END = datetime(2025, 7, 1, tzinfo=UTC)
_BEFORE_TSA_ENDS = datetime(2024, 12, 1, tzinfo=UTC)
_AFTER_TSA_WENT = datetime(2025, 3, 1, tzinfo=UTC)
_FUTURE = datetime(2027, 1, 1, tzinfo=UTC)
_BOUNDS = "EN 319 102-1, 5.2.6.4 (1) and 5.5.4"
_PAST = "EN 319 102-1, 5.6.2.4"
_STAMP = "EN 319 102-1, 5.4 and 5.5.4 (3)"
_ORDER = "EN 319 102-1, 5.5.4 (5): the times contradict the order in which the stamps were set"


def _unproven_brief() -> bytes:
    return with_lists(basic(signer="brief"))


def _covered_end(pdf: bytes) -> bytes:
    """Lists that still told about the certificate when it ran out."""
    return with_lists(pdf, _BEFORE_THE_END)


def _late(**asked: object) -> bytes:
    """Signed and stamped after the certificate ran out."""
    return timed(signer="brief", claimed=_AFTER_THE_END, stamps=(Token(at=_AFTER_THE_END + _MINUTE),), **asked)


def _by(tsa: str) -> bytes:
    """B-LT by "brief": without its timestamp nothing proves that it was made in time."""
    return longterm(signer="brief", stamps=(Token(tsa),))


def _revoked_lists(pdf: bytes, at: datetime) -> bytes:
    return store(pdf, [revocation_list("root", at), revocation_list("issuer", at)], salt="later")


ROWS: Sequence[Row] = [
    # Validity periods
    Row("expired-unproven", _unproven_brief, [open_("OUT_OF_BOUNDS_NO_POE", problem="expired-since", best_time=None)], _BOUNDS),
    Row("expired-unproven-not-revoked", lambda: _covered_end(basic(signer="brief")),
        [open_("OUT_OF_BOUNDS_NOT_REVOKED", problem="expired-since", best_time=None)],
        f"{_BOUNDS}: it is known not to have been revoked while it was valid"),
    Row("expired-proven-before", lambda: longterm(signer="brief"), [passed(problem=None, best_time=STAMPED)], _BOUNDS),
    Row("expired-archived-before", lambda: archived(signer="brief", stamps=()),
        [passed(problem=None, best_time=ARCHIVED), timestamp()], _PAST),
    Row("expired-existed-after", lambda: with_lists(_late(), _AFTER_THE_END),
        [open_("OUT_OF_BOUNDS_NO_POE", problem="expired", best_time=_AFTER_THE_END + _MINUTE)],
        f"{_BOUNDS}: that it existed later does not prove that it was made later"),
    Row("expired-existed-after-not-revoked", lambda: _covered_end(_late()),
        [open_("OUT_OF_BOUNDS_NOT_REVOKED", problem="expired")], _BOUNDS),
    Row("expired-made-after", lambda: with_lists(_late(content_stamps=(Token(at=_AFTER_THE_END),)), _AFTER_THE_END),
        [failed("EXPIRED", problem="expired", best_time=_AFTER_THE_END + _MINUTE)],
        "EN 319 102-1, table 5 and 5.3.4: a content timestamp proves that it was made after the end"),
    Row("expired-claimed-after", lambda: with_lists(basic(signer="brief", claimed=_AFTER_THE_END)),
        [open_("OUT_OF_BOUNDS_NO_POE", problem="expired", best_time=None)], f"{_BOUNDS}: a claim proves nothing"),
    Row("not-yet-valid-when-stamped", lambda: longterm(signer="later"), [failed("NOT_YET_VALID", problem="not-yet-valid")],
        "EN 319 102-1, table 5 and 5.5.4 (4): it existed before the certificate was issued"),
    Row("not-yet-valid-now", lambda: with_lists(basic(signer="later")), [failed("NOT_YET_VALID", problem="not-yet-valid")],
        "EN 319 102-1, 5.5.4 (4): the best signature time is now, before the issuance", at=SIGNED + 7 * _DAY),
    # Timestamps on the signature
    Row("stamp-of-something-else", lambda: with_lists(basic(stamps=(Token(over=b"another value"),)), _YESTERDAY),
        [passed(best_time=None, stamps=(("signature", False, None),))], f"{_STAMP}: left out of account"),
    Row("stamp-of-something-else-rescues-nothing", lambda: longterm(signer="brief", stamps=(Token(over=b"another value"),)),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None)], _STAMP),
    Row("stamp-of-an-unknown-authority", lambda: _by("tsa-stranger"),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None, stamps=(("signature", True, None),))], _STAMP),
    Row("stamp-of-an-unknown-authority-that-is-trusted-here", lambda: _by("tsa-stranger"),
        [passed(best_time=STAMPED)], _STAMP, anchors=("root", "stranger")),
    Row("stamp-of-an-impostor", lambda: _by("false-tsa"), [open_("OUT_OF_BOUNDS_NO_POE", best_time=None)],
        f"{_STAMP}: its certificate names the authority, whose key never signed it"),
    Row("stamp-of-who-may-not-stamp", lambda: _by("tsa-unmarked"),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None, stamps=(("signature", True, False),))],
        "RFC 3161, 2.3: the extended key usage must be id-kp-timeStamping"),
    Row("stamp-of-an-expired-authority", lambda: _by("tsa-brief"), [open_("OUT_OF_BOUNDS_NO_POE", best_time=None)],
        f"{_STAMP}: nothing proves that the token existed while the authority's certificate was valid"),
    Row("stamp-of-an-expired-authority-archived-before", lambda: stamp(_by("tsa-brief"), at=_BEFORE_TSA_ENDS),
        [passed(best_time=STAMPED), timestamp(best_time=_BEFORE_TSA_ENDS)], _PAST),
    Row("stamp-of-a-revoked-authority", lambda: _revoked_lists(_by("tsa-revoked"), _AFTER_TSA_WENT),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None, stamps=(("signature", True, False),))],
        f"{_STAMP}: its key was compromised since; anybody can have made the token"),
    Row("stamp-of-a-revoked-authority-archived-before",
        lambda: _revoked_lists(stamp(_by("tsa-revoked")), _AFTER_TSA_WENT),
        [passed(best_time=STAMPED), timestamp()], _PAST),
    Row("stamp-of-an-authority-that-closed", lambda: _revoked_lists(_by("tsa-closed"), _AFTER_TSA_WENT),
        [passed(best_time=STAMPED)], "RFC 3161, 4 (1): revoked in good order, tokens made before stay valid"),
    Row("stamp-before-its-authority-was-certified", lambda: longterm(signer="brief", stamps=(Token("tsa-later"),)),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None)],
        "RFC 5280, 6.1.3 (a 2) for the time of the token: the authority's certificate did not exist when it is said to have signed"),
    Row("stamp-from-the-future", lambda: with_lists(basic(stamps=(Token(at=_FUTURE),)), _YESTERDAY),
        [passed(best_time=None)], f"{_STAMP}: a time that lies ahead of the validation proves nothing"),
    Row("two-stamps", lambda: longterm(stamps=(Token(at=STAMPED + _MINUTE), STAMP)), [passed(best_time=STAMPED)],
        f"{_STAMP}: the earliest counts"),
    Row("two-stamps-one-wrong", lambda: longterm(stamps=(Token(at=SIGNED, over=b"x"), STAMP)), [passed(best_time=STAMPED)],
        _STAMP),
    Row("content-stamp", lambda: longterm(content_stamps=(Token(at=SIGNED - _MINUTE),)),
        [passed(best_time=STAMPED, stamps=(("content", True, True), ("signature", True, True)))],
        "EN 319 122-1, 5.2.8: made after the one and before the other"),
    Row("content-stamp-proves-no-existence", lambda: with_lists(basic(signer="brief", content_stamps=(Token(at=SIGNED),))),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None)], "EN 319 122-1, 5.2.8: it covers the content, not the signature"),
    # Their order
    Row("content-stamp-after-the-signature-stamp", lambda: longterm(content_stamps=(Token(at=STAMPED + _DAY),)),
        [open_("TIMESTAMP_ORDER_FAILURE")], _ORDER),
    Row("archive-stamp-before-the-signature-stamp",
        lambda: stamp(longterm(stamps=(Token(at=STAMPED + 5 * _DAY),)), at=STAMPED + 4 * _DAY),
        [open_("TIMESTAMP_ORDER_FAILURE"), timestamp()], _ORDER),
    Row("archive-stamps-in-the-wrong-order", lambda: stamp(archived(), at=ARCHIVED - 5 * _DAY, field="Timestamp2"),
        [open_("TIMESTAMP_ORDER_FAILURE"), timestamp(indication=open_("").indication, sub_indication="TIMESTAMP_ORDER_FAILURE"),
         timestamp()],
        f"{_ORDER}: the outer one is said to be older than the one that it covers"),
    # Past validation
    Row("two-archive-stamps-the-older-authority-expired",
        lambda: stamp(archived(tsa="tsa-brief", signer="brief", stamps=()), at=_BEFORE_TSA_ENDS, field="Timestamp2"),
        [passed(best_time=ARCHIVED), timestamp(best_time=ARCHIVED), timestamp(best_time=_BEFORE_TSA_ENDS)], _PAST),
    Row("archive-stamp-holds-under-a-broken-one",
        lambda: stamp(archived(signer="brief", stamps=()), at=_BEFORE_TSA_ENDS, field="Timestamp2", over=b"another file"),
        [passed(best_time=ARCHIVED), timestamp(best_time=ARCHIVED), failed("HASH_FAILURE", intact=False, purpose="timestamp")],
        f"{_PAST}: the broken one proves nothing, the older one does"),
    Row("archive-stamp-of-a-revoked-authority", lambda: _revoked_lists(stamp(_unproven_brief(), "tsa-revoked"), _AFTER_TSA_WENT),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None), open_("REVOKED_NO_POE", purpose="timestamp", problem="revoked-since")], _PAST),
    Row("archive-stamp-over-sha-1", lambda: stamp(_unproven_brief(), hash="sha1"),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None), open_("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", purpose="timestamp")], _PAST),
    Row("lists-added-after-the-archive-stamp", lambda: with_lists(stamp(basic(signer="brief"))),
        [passed(problem=None, best_time=ARCHIVED), timestamp()],
        f"{_PAST}: the lists exist now, and those who signed them are still valid"),
    Row("authority-expired-since", lambda: longterm("issuer", "brief-issuer", signer="brief-issuer-signer"),
        [open_("REVOCATION_OUT_OF_BOUNDS_NO_POE", problem=None, best_time=STAMPED)],
        "EN 319 102-1, table 6: the list's signer has run out since, and nothing proves that the list is older"),
    Row("authority-expired-since-archived-before", lambda: archived("issuer", "brief-issuer", signer="brief-issuer-signer"),
        [passed(problem=None, best_time=STAMPED), timestamp()], _PAST),
    Row("authority-expired-since-unproven", lambda: with_lists(basic(signer="brief-issuer-signer"), LISTED, "issuer", "brief-issuer"),
        [open_("OUT_OF_BOUNDS_NO_POE", problem="expired-since")],
        f"{_BOUNDS}: nothing proves that it existed while the whole chain was valid"),
    Row("archive-stamp-too-late", lambda: stamp(_unproven_brief(), at=_AFTER_THE_END),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=_AFTER_THE_END), timestamp()], _PAST),
    Row("archive-stamp-of-something-else", lambda: stamp(_unproven_brief(), over=b"another file"),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None), failed("HASH_FAILURE", intact=False, purpose="timestamp", best_time=None)],
        f"{_PAST}: it rescues nothing"),
    Row("archive-stamp-that-is-no-container", lambda: stamp(_unproven_brief(), spoil=lambda der: b"no token"),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None), failed("FORMAT_FAILURE", intact=None, purpose="timestamp", best_time=None)],
        f"{_PAST}: it rescues nothing"),
    Row("archive-stamp-of-an-unknown-authority", lambda: stamp(_unproven_brief(), "tsa-stranger"),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None),
         open_("NO_CERTIFICATE_CHAIN_FOUND", purpose="timestamp", problem="no-path")], _PAST),
    Row("archive-stamp-of-an-expired-authority", lambda: stamp(_unproven_brief(), "tsa-brief"),
        [open_("OUT_OF_BOUNDS_NO_POE", best_time=None), open_("OUT_OF_BOUNDS_NO_POE", purpose="timestamp")], _PAST),
    Row("revoked-since-archived-before", lambda: _revoked_lists(archived(signer="revoked-after", stamps=()), _AFTER_TSA_WENT),
        [passed(problem=None, best_time=ARCHIVED), timestamp()], _PAST),
    Row("revoked-since-archived-after",
        lambda: _revoked_lists(stamp(with_lists(basic(signer="revoked-after")), at=_AFTER_TSA_WENT), _AFTER_TSA_WENT + _DAY),
        [open_("REVOKED_NO_POE", best_time=_AFTER_TSA_WENT), timestamp()], _PAST),
    Row("expired-and-revoked-since-proven-before",
        lambda: _revoked_lists(longterm(signer="brief-revoked"), _AFTER_TSA_WENT), [passed(problem=None, best_time=STAMPED)],
        f"{_BOUNDS}, {_PAST}"),
    Row("expired-and-revoked-since-unproven",
        lambda: _revoked_lists(with_lists(basic(signer="brief-revoked")), _AFTER_TSA_WENT),
        [open_("OUT_OF_BOUNDS_NO_POE", problem="expired-since")], f"{_BOUNDS}: the period is looked at first"),
]  # fmt: skip

"""Rows about revocation: who was revoked when, who says so, and whether the answer counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asn1crypto import core, x509

from tests.signatures.table.builders import Token, basic, longterm, stamp, store, timed, with_lists
from tests.signatures.table.pki import ARCHIVED, LISTED, SIGNED, answer, revocation_list
from tests.signatures.table.rows import Row, failed, open_, passed, timestamp

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_NEW_YEAR = datetime(2025, 1, 5, tzinfo=UTC)  # all that is ever revoked has been by then, the going authority too
_IN_MAY = datetime(2024, 5, 5, tzinfo=UTC)  # a week from here is over when everybody signs
_AFTER_BRIEF = datetime(2025, 7, 1, tzinfo=UTC)
_PATH = "EN 319 102-1, 5.2.6.4 (3)"
_FRESH = "EN 319 102-1, 5.2.5.4"
_ENTITLED = "RFC 6960, 4.2.2.2"
_OPEN = open_("TRY_LATER", problem=None)


def _answered(*answers: object, signer: str = "signer", lists: Sequence[object] = ()) -> bytes:
    """B-LT by answers about the signer; the root's list tells about the authority."""
    return store(timed(signer=signer), [revocation_list("root"), *lists], answers)


def _listed(*lists: object, signer: str = "signer", **asked: object) -> bytes:
    """B-LT by these lists; the root's tells about the authority."""
    return store(timed(signer=signer, **asked), [revocation_list("root"), *lists])


def _base_and_delta() -> bytes:
    place = x509.GeneralName("uniform_resource_identifier", "http://pki.invalid/delta.crl")
    point = x509.DistributionPoint({"distribution_point": x509.DistributionPointName("full_name", [place])})
    base = revocation_list("issuer", LISTED, only=(), more={"freshest_crl": [point]})
    number = base.crl_number_value.native
    delta = revocation_list("issuer", LISTED + _MINUTE, delta_of=number)
    return _listed(base, delta, signer="revoked-before")


def _hold_lifted() -> bytes:
    """On hold in the first list, off hold in the next."""
    return _listed(revocation_list("issuer"), revocation_list("issuer", LISTED + _DAY, only=()), signer="held")


_ODD = {"1.3.6.1.4.1.55555.98": core.ParsableOctetString(b"\x05\x00")}
_KEPT = {"2.5.29.60": core.ParsableOctetString(core.GeneralizedTime(datetime(2010, 1, 1, tzinfo=UTC)).dump())}

ROWS: Sequence[Row] = [
    # Who was revoked when
    Row("revoked-before", lambda: longterm(signer="revoked-before"), [open_("REVOKED_NO_POE", problem="revoked")],
        f"{_PATH} and 5.5.4 (4): it existed after the revocation; that it was not made before is not proven"),
    Row("revoked-before-and-made-after", lambda: longterm(signer="revoked-before", content_stamps=(Token(at=SIGNED),)),
        [failed("REVOKED", problem="revoked")],
        "EN 319 102-1, table 5 and 5.3.4: a content timestamp proves that it was made after the revocation"),
    Row("revoked-after", lambda: with_lists(longterm(signer="revoked-after"), _NEW_YEAR), [passed(problem=None)],
        "EN 319 102-1, 5.5.4 (4): proven to have existed before"),
    Row("revoked-after-unproven", lambda: with_lists(basic(signer="revoked-after"), _NEW_YEAR),
        [open_("REVOKED_NO_POE", problem="revoked-since")], f"{_PATH}: a claimed time clears nobody"),
    Row("revoked-and-claimed-after", lambda: with_lists(basic(signer="revoked-before"), _NEW_YEAR),
        [open_("REVOKED_NO_POE", problem="revoked")], f"{_PATH}: a claimed time accuses, and proves nothing"),
    Row("compromised-before-it-was-revoked", lambda: with_lists(longterm(signer="compromised"), _NEW_YEAR),
        [open_("REVOKED_NO_POE", problem="revoked")],
        "RFC 5280, 5.3.2: the key is suspected since before the proven time, and no longer proves who signed"),
    Row("on-hold", lambda: longterm(signer="held"), [open_("TRY_LATER", problem="on-hold")], _PATH),
    Row("on-hold-no-more", _hold_lifted, [passed(problem=None)], "RFC 5280, 5.3.1: off the list, the hold is lifted"),
    Row("authority-revoked-before", lambda: longterm("issuer", "gone-issuer", signer="gone-signer"),
        [open_("REVOKED_CA_NO_POE", problem="authority-revoked")], _PATH),
    Row("authority-revoked-after", lambda: with_lists(longterm("issuer", "going-issuer", signer="going-signer"), _NEW_YEAR),
        [passed(problem=None)], "EN 319 102-1, 5.5.4 (4): proven to have existed before"),
    Row("authority-revoked-after-unproven",
        lambda: with_lists(basic(signer="going-signer"), _NEW_YEAR, "issuer", "going-issuer"),
        [open_("REVOKED_CA_NO_POE", problem="authority-revoked-since")], _PATH),
    # Nothing is said
    Row("list-of-the-root-missing", lambda: store(timed(), [revocation_list()]), [_OPEN],
        f"{_PATH}: each step of the path needs an answer"),
    Row("list-of-the-issuer-missing", lambda: store(timed(), [revocation_list("root")]), [_OPEN], _PATH),
    Row("short-lived-certificate", lambda: store(timed(signer="unasked"), [revocation_list("root")]), [passed(problem=None)],
        "EN 319 412-1, 5.2: validity assured, short term; nobody answers for it"),
    Row("revoked-before-and-made-after-by-a-stranger",
        lambda: longterm(signer="revoked-before", content_stamps=(Token("tsa-stranger", SIGNED),)),
        [open_("REVOKED_NO_POE", problem="revoked")], "EN 319 102-1, 5.3.4: a token that nobody trusts proves nothing"),
    # OCSP
    Row("ocsp-by-a-responder", lambda: _answered(answer("signer")), [passed(level="PAdES-B-LT")], _ENTITLED),
    Row("ocsp-by-the-issuer", lambda: _answered(answer("signer", by=None)), [passed()], _ENTITLED),
    Row("ocsp-revoked", lambda: _answered(answer("revoked-before"), signer="revoked-before"),
        [open_("REVOKED_NO_POE", problem="revoked")], _PATH),
    Row("ocsp-by-who-may-not", lambda: _answered(answer("signer", by="responder-unmarked")), [_OPEN], _ENTITLED),
    Row("ocsp-by-another-authority's-responder", lambda: _answered(answer("signer", by="responder-elsewhere")), [_OPEN], _ENTITLED),
    Row("ocsp-with-another-key", lambda: _answered(answer("signer", key="stranger")), [_OPEN], _ENTITLED),
    Row("ocsp-by-a-revoked-responder",
        lambda: _answered(answer("signer", by="responder-revoked"), lists=[revocation_list(at=_IN_MAY, days=7)]),
        [_OPEN], "RFC 6960, 4.2.2.2.1: the responder's own certificate had been revoked"),
    Row("ocsp-before-signing-still-current", lambda: _answered(answer("signer", SIGNED - 2 * _DAY)), [passed()],
        f"{_FRESH}: not out of date at the proven time"),
    Row("ocsp-out-of-date", lambda: _answered(answer("signer", SIGNED - 30 * _DAY)), [_OPEN], _FRESH),
    Row("ocsp-without-next-update-after", lambda: _answered(answer("signer", days=None)), [passed()], _FRESH),
    Row("ocsp-without-next-update-before", lambda: _answered(answer("signer", SIGNED - _DAY, days=None)), [_OPEN],
        "RFC 6960, 4.2.2.1: newer information is available all the time"),
    Row("ocsp-whose-responder-expired-since", lambda: _answered(answer("signer", by="responder-brief")),
        [open_("REVOCATION_OUT_OF_BOUNDS_NO_POE", problem=None)],
        "EN 319 102-1, 5.2.6.4 and table 6: nothing proves that the answer existed while its signer's certificate was valid"),
    Row("ocsp-whose-responder-expired-since-archived-before",
        lambda: stamp(_answered(answer("signer", by="responder-brief"))), [passed(), timestamp()], "EN 319 102-1, 5.6.2.4"),
    Row("ocsp-whose-responder-expired-since-archived-too-late",
        lambda: stamp(_answered(answer("signer", by="responder-brief")), at=_AFTER_BRIEF),
        [open_("REVOCATION_OUT_OF_BOUNDS_NO_POE", problem=None), timestamp()], "EN 319 102-1, 5.6.2.4"),
    Row("ocsp-by-an-impostor", lambda: _answered(answer("signer", by="false-responder")), [_OPEN],
        f"{_ENTITLED}: its certificate names the authority, whose key never signed it"),
    Row("ocsp-after-its-responder-expired", lambda: _answered(answer("signer", _NEW_YEAR, by="responder-brief")), [_OPEN],
        "RFC 6960, 3.2 (4): its signer was not authorised any more"),
    Row("ocsp-from-the-future", lambda: _answered(answer("signer", ARCHIVED + 30 * _DAY)), [_OPEN],
        "RFC 6960, 4.2.2.1: thisUpdate lies ahead of the validation", at=ARCHIVED),
    Row("ocsp-about-a-namesake", lambda: _answered(answer("signer", namesake_of="stranger-issuer")), [_OPEN],
        "RFC 6960, 4.1.1: the same serial number of another authority is another certificate"),
    Row("ocsp-that-does-not-know", lambda: _answered(answer("signer", known=False)), [_OPEN], "RFC 6960, 2.2"),
    Row("ocsp-good-against-crl-revoked",
        lambda: _answered(answer("signer"), answer("revoked-before", SIGNED - 40 * _DAY), signer="revoked-before", lists=[revocation_list()]),
        [open_("REVOKED_NO_POE", problem="revoked")], f"{_PATH}: revoked is for good (RFC 5280, 5.3.1)"),
    # CRLs
    Row("crl-out-of-date", lambda: with_lists(timed(), SIGNED - 60 * _DAY), [_OPEN], _FRESH),
    Row("crl-from-the-future", lambda: with_lists(timed(), ARCHIVED + 30 * _DAY),
        [_OPEN], "RFC 5280, 6.3.3 and 5.1.2.4: issued after the moment of validation, it cannot be genuine", at=ARCHIVED),
    Row("crl-of-another-authority", lambda: _listed(revocation_list("stranger-issuer")), [_OPEN], "RFC 5280, 6.3.3 (b)"),
    Row("crl-with-another-key", lambda: _listed(revocation_list(key="stranger")), [_OPEN], "RFC 5280, 6.3.3 (g)"),
    Row("crl-by-an-impostor",
        lambda: store(timed(), [revocation_list("root"), revocation_list(key="false-issuer")], certificates=["false-issuer"]),
        [_OPEN], "RFC 5280, 6.3.3 (f): the name is the authority's, the key is not"),
    Row("crl-indirect-by-who-was-not-asked",
        lambda: store(timed(), [revocation_list("root"), revocation_list(by="lister", indirect=True)], certificates=["lister"]),
        [_OPEN], "RFC 5280, 6.3.3 (b 1): the certificate names no other issuer of lists"),
    Row("crl-with-an-unknown-critical-extension", lambda: _listed(revocation_list(more=_ODD, critical=True)), [_OPEN],
        "RFC 5280, 5.2: it must not be used to tell who is not revoked"),
    Row("crl-of-authorities-only", lambda: _listed(revocation_list(scope={"only_contains_ca_certs": True})), [_OPEN],
        "RFC 5280, 5.2.5 and 6.3.3 (b 2): it does not tell of people"),
    Row("crl-of-people-only", lambda: _listed(revocation_list(scope={"only_contains_user_certs": True})), [passed()],
        "RFC 5280, 5.2.5"),
    Row("crl-for-some-reasons", lambda: _listed(revocation_list(scope={"only_some_reasons": {"key_compromise"}})), [_OPEN],
        "RFC 5280, 6.3.3 (d): the other reasons remain open"),
    Row("crl-by-who-may-not", lambda: store(timed(signer="silent-signer"),
        [revocation_list(one) for one in ("root", "issuer", "silent-issuer")]), [_OPEN], "RFC 5280, 6.3.3 (f): cRLSign"),
    Row("crl-amended-by-a-delta", _base_and_delta, [open_("REVOKED_NO_POE", problem="revoked")], "RFC 5280, 5.2.4"),
    Row("crl-indirect", lambda: store(timed(signer="listed", carry=("listed", "issuer", "root", "lister")),
        [revocation_list("root"), revocation_list("issuer", by="lister", indirect=True)]),
        [open_("REVOKED_NO_POE", problem="revoked")], "RFC 5280, 5.2.5: the certificate names the list's issuer"),
    Row("crl-after-the-certificate-expired",
        lambda: store(timed(signer="brief"), [revocation_list("root"), revocation_list("issuer", _AFTER_BRIEF)]),
        [_OPEN], "RFC 5280, 3.3: lists forget what has run out"),
    Row("crl-that-keeps-the-expired",
        lambda: store(timed(signer="brief"), [revocation_list("root"), revocation_list("issuer", _AFTER_BRIEF, more=_KEPT)]),
        [passed(problem=None)], "X.509, expiredCertsOnCRL"),
    Row("ocsp-after-the-certificate-expired",
        lambda: store(timed(signer="brief"), [revocation_list("root")], [answer("brief", _AFTER_BRIEF)]),
        [_OPEN], "RFC 6960, 4.4.4: without an archive cutoff it does not tell of the expired"),
    Row("ocsp-with-an-archive-cutoff",
        lambda: store(timed(signer="brief"), [revocation_list("root")],
                      [answer("brief", _AFTER_BRIEF, archive_cutoff=datetime(2010, 1, 1, tzinfo=UTC))]),
        [passed(problem=None)], "RFC 6960, 4.4.4"),
]  # fmt: skip

"""Who signed, on whose word, and when that is judged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.signatures.documents import (
    ANCHORS,
    NAME,
    NOW,
    OTHER,
    PKI,
    SIGNED,
    contract,
    examined,
    only,
    signed,
    signer,
    stamped,
)
from verify.signatures.examiner import SignatureExaminer
from verify.simulation.signing import sign_pdf, with_ocsp, with_revocation
from verify.stores.trust import NO_ANCHORS, TrustAnchors


def test_everything_in_order_is_total_passed() -> None:
    found = only(signed())
    assert (found.indication, found.sub_indication, found.level) == ("TOTAL_PASSED", None, "PAdES-B-LT")
    assert found.path.complete
    assert found.path.problem is None
    assert [c.common_name for c in found.path.certificates] == [NAME, f"{PKI.organisation} 企业证书"]
    assert found.path.anchor is not None
    assert f"{PKI.organisation} 根证书" in found.path.anchor
    assert found.signer is not None
    assert (found.signer.organisation, found.signer.organisation_id) == (NAME, "91110000MA00000001")


def test_without_anchors_integrity_is_proven_and_identity_is_not() -> None:
    found = only(signed(), NO_ANCHORS)
    assert (found.intact, found.path.problem, found.path.complete) == (True, "no-anchors", False)
    assert (found.indication, found.sub_indication) == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")
    assert [s.trusted for s in found.timestamps] == [None]
    assert found.best_time is None


def test_an_authority_that_is_no_anchor_leads_nowhere() -> None:
    found = only(signed("other"))
    assert (found.path.problem, found.sub_indication) == ("no-path", "NO_CERTIFICATE_CHAIN_FOUND")
    assert only(signed("other"), TrustAnchors("other", (OTHER.root_der,))).indication == "TOTAL_PASSED"


def test_the_same_names_under_another_key_lead_nowhere() -> None:
    from verify.simulation.pki import TestPki

    twin = TestPki(seed="twin")  # the names of the trusted authority, other keys
    pdf = sign_pdf(contract(), twin.signer(NAME), at=SIGNED)
    assert only(pdf).path.problem == "no-path"


def test_a_signer_revoked_before_the_proven_time_fails() -> None:
    pki = PKI.revoke(signer(), SIGNED - timedelta(days=30))
    pdf = sign_pdf(contract(), signer(), at=SIGNED, timestamper=pki.timestamper(SIGNED), revocation=pki)
    found = only(pdf)
    assert (found.path.problem, found.indication, found.sub_indication) == (
        "revoked",
        "INDETERMINATE",
        "REVOKED_NO_POE",
    )
    fact = found.revocation[0]
    assert (fact.status, fact.source, fact.revoked_at) == ("revoked", "crl", SIGNED - timedelta(days=30))


def test_a_signer_revoked_after_the_proven_time_passes() -> None:
    pki = PKI.revoke(signer(), SIGNED + timedelta(days=3))
    plain = sign_pdf(contract(), signer(), at=SIGNED, timestamper=PKI.timestamper(SIGNED))
    found = only(with_revocation(plain, None, pki, SIGNED + timedelta(days=5), signer()))
    assert (found.path.problem, found.indication) == (None, "TOTAL_PASSED")


def test_a_claimed_time_may_accuse_but_never_clear() -> None:
    pki = PKI.revoke(signer(), SIGNED + timedelta(days=1))
    unproven = sign_pdf(contract(), signer(), at=SIGNED)
    found = only(with_revocation(unproven, None, pki, NOW, signer()))
    assert (found.path.problem, found.sub_indication) == ("revoked-since", "REVOKED_NO_POE")
    late = sign_pdf(contract(), signer(), at=SIGNED + timedelta(days=2))
    assert only(with_revocation(late, None, pki, NOW, signer())).path.problem == "revoked"


def test_an_expired_certificate_without_a_proven_time_is_undecided() -> None:
    short = PKI.signer(
        "短期有限公司（虚构）", valid_from=SIGNED - timedelta(days=1), valid_to=SIGNED + timedelta(days=30)
    )
    unproven = only(sign_pdf(contract(), short, at=SIGNED))
    assert (unproven.path.problem, unproven.sub_indication) == ("expired-since", "OUT_OF_BOUNDS_NO_POE")
    proven = only(sign_pdf(contract(), short, at=SIGNED, timestamper=PKI.timestamper(SIGNED), revocation=PKI))
    assert proven.indication == "TOTAL_PASSED"
    late = SIGNED + timedelta(days=60)
    expired = only(sign_pdf(contract(), short, at=late, timestamper=PKI.timestamper(late), revocation=PKI))
    assert (expired.path.problem, expired.indication, expired.sub_indication) == (
        "expired",
        "INDETERMINATE",
        "OUT_OF_BOUNDS_NO_POE",  # that it existed after the end does not prove that it was not made before
    )


def test_a_certificate_that_began_later_is_not_yet_valid() -> None:
    later = PKI.signer("未来有限公司（虚构）", valid_from=SIGNED + timedelta(days=10))
    found = only(sign_pdf(contract(), later, at=SIGNED, timestamper=PKI.timestamper(SIGNED)))
    assert (found.path.problem, found.sub_indication) == ("not-yet-valid", "NOT_YET_VALID")


def test_without_revocation_data_the_answer_is_to_try_later() -> None:
    found = only(sign_pdf(contract(), signer(), at=SIGNED))
    assert [r.status for r in found.revocation] == ["unknown", "unknown"]
    assert found.sub_indication == "TRY_LATER"


def test_an_ocsp_answer_counts() -> None:
    plain = sign_pdf(contract(), signer(), at=SIGNED, timestamper=PKI.timestamper(SIGNED))
    found = only(with_ocsp(plain, [PKI.ocsp(signer(), SIGNED)]))
    assert (found.revocation[0].source, found.revocation[0].status) == ("ocsp", "good")
    gone = PKI.revoke(signer(), SIGNED - timedelta(days=1))
    assert only(with_ocsp(plain, [gone.ocsp(signer(), SIGNED)])).path.problem == "revoked"


def test_an_answer_of_a_stranger_does_not_count() -> None:
    plain = sign_pdf(contract(), signer(), at=SIGNED, timestamper=PKI.timestamper(SIGNED))
    from verify.simulation.pki import TestPki

    liar = TestPki(seed="twin").revoke(signer(), SIGNED - timedelta(days=1))
    found = only(with_ocsp(plain, [liar.ocsp(signer(), SIGNED)]))
    assert found.revocation[0].status == "unknown"
    assert found.path.problem is None


def test_a_list_that_ran_out_tells_nothing() -> None:
    found = only(with_revocation(sign_pdf(contract(), signer(), at=SIGNED), None, PKI, SIGNED, signer()))
    assert found.revocation[0].status == "unknown"


def test_the_levels_are_told() -> None:
    stamper = PKI.timestamper(SIGNED)
    assert only(sign_pdf(contract(), signer(), at=SIGNED)).level == "PAdES-B-B"
    assert only(sign_pdf(contract(), signer(), at=SIGNED, timestamper=stamper)).level == "PAdES-B-T"
    assert only(signed()).level == "PAdES-B-LT"
    assert only(stamped()).level == "PAdES-B-LTA"


def test_times_are_told_apart() -> None:
    found = only(signed())
    assert found.claimed_time == SIGNED
    assert found.best_time == SIGNED + timedelta(minutes=1)
    assert [(s.kind, s.intact, s.trusted) for s in found.timestamps] == [("signature", True, True)]


def test_a_document_timestamp_proves_the_time_of_what_it_covers() -> None:
    from verify.simulation.signing import stamp_pdf

    plain = sign_pdf(contract(), signer(), at=SIGNED)
    when = SIGNED + timedelta(days=2)
    first, stamp = examined(stamp_pdf(plain, PKI.timestamper(when)))
    assert (first.best_time, first.level) == (when, "PAdES-B-T")
    assert (stamp.purpose, stamp.best_time) == ("timestamp", when)


def test_a_timestamp_of_an_untrusted_authority_proves_nothing() -> None:
    found = only(sign_pdf(contract(), signer(), at=SIGNED, timestamper=OTHER.timestamper(SIGNED)))
    assert [(s.intact, s.trusted) for s in found.timestamps] == [(True, None)]
    assert found.best_time is None


def test_a_timestamp_from_the_future_proves_nothing() -> None:
    found = only(sign_pdf(contract(), signer(), at=SIGNED, timestamper=PKI.timestamper(NOW + timedelta(days=9))))
    assert found.best_time is None


def test_a_signer_that_may_not_sign_breaks_its_chain() -> None:
    from verify.simulation.pki import Credentials

    authority = Credentials(PKI.issuer_der, PKI._key_der("issuer"), (PKI.root_der,))
    assert only(sign_pdf(contract(), authority, at=SIGNED)).path.problem == "key-usage"


def test_time_must_know_its_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SignatureExaminer(ANCHORS, NOW.replace(tzinfo=None))


def test_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the examiner went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert only(signed()).indication == "TOTAL_PASSED"


def test_a_certificate_for_something_else_signs_no_document() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    from verify.signatures.containers import certificate
    from verify.signatures.paths import Paths

    paths = Paths(ANCHORS, NOW)
    paths.add([certificate(PKI.issuer_der)])
    stamping = certificate(PKI.timestamper_der)
    assert x509.load_der_x509_certificate(PKI.timestamper_der).public_bytes(serialization.Encoding.DER) == stamping.dump()
    assert paths.judge(stamping, NOW, purpose="signing").problem == "key-usage"
    assert paths.judge(stamping, NOW, purpose="time-stamping").problem is None


def test_a_stamp_whose_authority_nobody_answers_for_saves_no_revoked_signer() -> None:
    pki = PKI.revoke(signer(), SIGNED + timedelta(days=3))
    elsewhere = OTHER.timestamper(SIGNED)
    both = TrustAnchors("both", (PKI.root_der, OTHER.root_der))
    plain = sign_pdf(contract(), signer(), at=SIGNED, timestamper=elsewhere)
    found = only(with_revocation(plain, None, pki, SIGNED + timedelta(days=5), signer()), both)
    assert [s.problem for s in found.timestamps] == ["revocation-unknown"]
    assert (found.path.problem, found.sub_indication) == ("revoked-since", "REVOKED_NO_POE")

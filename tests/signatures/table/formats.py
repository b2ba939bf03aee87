"""Rows about the form: sub-filters and levels, several signatures and signers, attributes, and what is malformed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asn1crypto import algos, cms, core, tsp
from asn1crypto import pdf as asn1_pdf
from pyhanko.sign import general
from pyhanko.sign.ades import cades_asn1

from tests.signatures.table import pki
from tests.signatures.table.builders import (
    Signing,
    Token,
    added,
    archived,
    attribute,
    basic,
    container,
    longterm,
    plain,
    replaced,
    stamp,
    timed,
    with_lists,
    without,
)
from tests.signatures.table.pki import ARCHIVED, EARLY, NOW, SIGNED, STAMPED
from tests.signatures.table.rows import Row, failed, open_, passed, timestamp

_YESTERDAY = NOW - timedelta(days=1)
_LATER = datetime(2024, 12, 1, tzinfo=UTC)
_FORM = "EN 319 102-1, 5.2.2.4"
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
# Fictional policy of signing
_POLICY = "1.3.6.1.4.1.55555.20"


def _policy() -> cms.CMSAttribute:
    identifier = cades_asn1.SignaturePolicyId(
        {
            "sig_policy_id": _POLICY,
            "sig_policy_hash": algos.DigestInfo({"digest_algorithm": {"algorithm": "sha256"}, "digest": b"\x07" * 32}),
        }
    )
    return attribute(
        "signature_policy_identifier", cades_asn1.SignaturePolicyIdentifier("signature_policy_id", identifier)
    )


def _implied_policy() -> cms.CMSAttribute:
    implied = cades_asn1.SignaturePolicyIdentifier("signature_policy_implied", core.Null())
    return attribute("signature_policy_identifier", implied)


def _archival(at: datetime) -> cms.CMSAttribute:
    lists = [pki.revocation_list(issuer, at) for issuer in ("root", "issuer")]
    return attribute("adobe_revocation_info_archival", asn1_pdf.RevocationInfoArchival({"crl": lists}))


def _unreadable_policy() -> cms.CMSAttribute:
    """An identifier of a policy that holds an integer where an object identifier should stand."""
    kind = cms.CMSAttributeType("signature_policy_identifier").dump()
    values = b"\x31" + _length(_sequence(core.Integer(1).dump()))
    return cms.CMSAttribute.load(_sequence(kind, values))


def _length(body: bytes) -> bytes:
    return bytes([len(body)]) + body


def _sequence(*parts: bytes) -> bytes:
    return b"\x30" + _length(b"".join(parts))


def _references(*labels: str) -> tsp.SigningCertificateV2:
    """The ESS attribute that names several certificates, the signer's first."""
    ids = [general.as_signing_certificate_v2(pki.certificate(one))["certs"][0] for one in labels]
    return tsp.SigningCertificateV2({"certs": ids})


def _wrong_bytes(pdf: bytes) -> bytes:
    return pdf.replace(b"The fee is 100,000", b"The fee is 900,000", 1)


def _last_bit(der: bytes) -> bytes:
    return der[:-1] + bytes([der[-1] ^ 1])


def _data_only(der: bytes) -> bytes:
    return bytes(cms.ContentInfo({"content_type": "data", "content": core.OctetString(b"nothing is signed")}).dump())


def _no_signer(der: bytes) -> bytes:
    message = cms.ContentInfo.load(der)
    message["content"]["signer_infos"] = cms.SignerInfos([])
    return bytes(message.dump(force=True))


def _indefinite(der: bytes) -> bytes:
    """The outer two elements without lengths of their own."""
    message = cms.ContentInfo.load(der)
    inner = message["content_type"].dump() + b"\xa0\x80" + message["content"].untag().dump()
    return bytes(b"\x30\x80" + inner + b"\x00\x00" + b"\x00\x00")


def _two_signers(**second: object) -> bytes:
    return longterm(also=(Signing(signer="other", **second),))  # type: ignore[arg-type]


def _two_signatures() -> bytes:
    both = timed(pdf=timed(), signer="other", field="Signature2", stamps=(Token(at=STAMPED + 5 * _MINUTE),))
    return with_lists(both)


def _byte_range(change: object) -> bytes:
    return with_lists(timed(span=change))


_CONTENT = b"A fictional contract of storage, signed as a file of its own."


def _detached() -> bytes:
    return container(Signing(stamps=(Token(),)), _CONTENT)


def _enveloping() -> bytes:
    return container(Signing(stamps=(Token(),)), _CONTENT, content=_CONTENT)


_LT = passed(level="PAdES-B-LT", modification="permitted", problem=None, best_time=STAMPED)

ROWS: Sequence[Row] = [
    # Sub-filters and levels
    Row("pades-b-b", basic, [open_("TRY_LATER", level="PAdES-B-B", modification="none", problem=None, best_time=None)],
        "EN 319 142-1, 6; EN 319 102-1, 5.2.6.4: nothing tells whether it was revoked"),
    Row("pades-b-b-checked-now", lambda: with_lists(basic(), _YESTERDAY),
        [passed(level="PAdES-B-B", modification="permitted", best_time=None)],
        "EN 319 102-1, 5.3: a basic signature under fresh lists; validation data without a timestamp is no B-LT"),
    Row("pades-b-t", timed, [open_("TRY_LATER", level="PAdES-B-T", problem=None, best_time=STAMPED,
                                   stamps=(("signature", True, True),))],
        "EN 319 142-1, 6; EN 319 102-1, 5.2.6.4"),
    Row("pades-b-t-by-document-timestamp", lambda: with_lists(stamp(basic(), at=STAMPED)),
        [passed(best_time=STAMPED, stamps=(("archive", True, True),)), timestamp(best_time=STAMPED)],
        "EN 319 142-1, 6.3 note: a document timestamp gives the proof of a signature timestamp"),
    Row("pades-b-lt", longterm, [_LT], "EN 319 142-1, 6; EN 319 102-1, 5.5"),
    Row("pades-b-lta", archived, [passed(level="PAdES-B-LTA", modification="permitted", best_time=STAMPED),
                                  timestamp(best_time=ARCHIVED, modification="none")],
        "EN 319 142-1, 6; EN 319 102-1, 5.6"),
    Row("pades-b-lta-twice", lambda: stamp(archived(tsa="tsa-brief"), at=_LATER, field="Timestamp2"),
        [passed(level="PAdES-B-LTA", best_time=STAMPED), timestamp(best_time=ARCHIVED), timestamp(best_time=_LATER)],
        "EN 319 102-1, 5.6.2.4: the older authority has run out since, the newer timestamp proves that it had not then"),
    Row("pkcs7-detached", lambda: longterm(subfilter="adbe.pkcs7.detached"),
        [passed(level="PKCS7-LT", best_time=STAMPED)], "ISO 32000-1, 12.8.3.3"),
    Row("pkcs7-detached-with-its-lists",
        lambda: timed(subfilter="adbe.pkcs7.detached", edit=added(_archival(SIGNED - _HOUR))),
        [passed(level="PKCS7-LT", best_time=STAMPED, modification="none")],
        "ISO 32000-2, 12.8.3.3.2: adbe-revocationInfoArchival"),
    Row("pkcs7-sha1-of-2024", lambda: longterm(subfilter="adbe.pkcs7.sha1"),
        [open_("CRYPTO_CONSTRAINTS_FAILURE_NO_POE")],
        "ISO 32000-1, 12.8.3.3: only a SHA-1 digest of the file is signed; EN 319 102-1, 5.2.8.4: it fell years before"),
    Row("pkcs7-sha1-of-2011",
        lambda: with_lists(timed(subfilter="adbe.pkcs7.sha1", claimed=EARLY, stamps=(Token(at=EARLY),)), EARLY + _HOUR),
        [passed(level="PKCS7-LT", best_time=EARLY)], "ISO 32000-1, 12.8.3.3: SHA-1 was strong then, as is proven"),
    Row("x509-rsa-sha1-of-2024",
        lambda: with_lists(stamp(basic(subfilter="adbe.x509.rsa_sha1", signer="rsa-2048"), at=STAMPED)),
        [open_("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", level=None, best_time=STAMPED), timestamp()], "ISO 32000-1, 12.8.3.2"),
    Row("x509-rsa-sha1-of-2011",
        lambda: with_lists(stamp(basic(subfilter="adbe.x509.rsa_sha1", signer="rsa-2048", claimed=EARLY), at=EARLY), EARLY + _HOUR),
        [passed(level=None, best_time=EARLY), timestamp()], "ISO 32000-1, 12.8.3.2: proven while SHA-1 was strong"),
    Row("document-timestamp", lambda: with_lists(stamp(plain()), _YESTERDAY),
        [timestamp(best_time=ARCHIVED, level=None)], "ISO 32000-2, 12.8.5; EN 319 102-1, 5.4"),
    Row("document-timestamp-as-signature", lambda: with_lists(stamp(plain(), as_signature=True), _YESTERDAY),
        [timestamp(best_time=ARCHIVED, level=None)], "ETSI.RFC3161 says what it is, whatever /Type says"),
    Row("document-timestamp-of-something-else", lambda: stamp(plain(), over=b"another file"),
        [failed("HASH_FAILURE", intact=False, purpose="timestamp", best_time=None)], "EN 319 102-1, 5.4: the imprint"),
    Row("type-left-out", lambda: longterm(type=None), [_LT], "ISO 32000-2, table 255: /Type is optional"),
    # Several
    Row("two-signatures", _two_signatures,
        [passed(best_time=STAMPED, modification="permitted"), passed(best_time=STAMPED + 5 * _MINUTE)],
        "ISO 32000-2, 12.8.1: each covers what was there before it"),
    Row("two-signers-in-one", lambda: _two_signers(stamps=(Token(),)), [passed(), passed()],
        "RFC 5652, 5.1: each SignerInfo is a signature of its own"),
    # The shorter SignerInfo comes first in the set.
    Row("two-signers-one-wrong", lambda: _two_signers(edit=replaced("message_digest", b"\x00" * 32)),
        [failed("HASH_FAILURE", intact=False), passed()], "RFC 5652, 5.1"),
    # What does not hold
    Row("bytes-changed", lambda: _wrong_bytes(longterm()), [failed("HASH_FAILURE", intact=False)], "EN 319 102-1, 5.2.7.4"),
    Row("value-changed", lambda: with_lists(basic(spoil=_last_bit)), [failed("SIG_CRYPTO_FAILURE", intact=False)],
        "EN 319 102-1, 5.2.7.4"),
    Row("no-container", lambda: basic(spoil=lambda der: b"this is no CMS container"), [failed("FORMAT_FAILURE", intact=None)], _FORM),
    Row("no-signed-data", lambda: basic(spoil=_data_only), [failed("FORMAT_FAILURE", intact=None)], _FORM),
    Row("no-signer", lambda: basic(spoil=_no_signer), [failed("FORMAT_FAILURE", intact=False)], f"{_FORM}: certificates only"),
    Row("container-in-ber", lambda: longterm(spoil=_indefinite), [_LT], "RFC 5652, 10.1: BER, but for the signed attributes"),
    Row("signer-named-by-its-key", lambda: longterm(by_key=True), [_LT], "RFC 5652, 5.3: subjectKeyIdentifier"),
    Row("contents-empty", lambda: basic(spoil=lambda der: b""), [failed("FORMAT_FAILURE", intact=False)], _FORM),
    Row("byte-range-absent", lambda: _misnamed(longterm()), [failed("FORMAT_FAILURE", intact=False)],
        f"{_FORM}; ISO 32000-2, 12.8.1"),
    Row("byte-range-outside", lambda: _byte_range(lambda right, size: (*right[:3], right[3] + 100_000)),
        [failed("FORMAT_FAILURE", intact=False)], f"{_FORM}: the range does not describe this file"),
    Row("byte-range-late", lambda: _byte_range(lambda right, size: (9, right[1] - 9, *right[2:])),
        [open_("GENERIC", modification="unknown")],
        "ISO 32000-2, 12.8.1: the first bytes are signed by nobody; the rest holds"),
    Row("byte-range-leaves-out-more", lambda: _byte_range(lambda right, size: (0, right[1] - 40, *right[2:])),
        [failed("FORMAT_FAILURE", modification="suspicious")], "ISO 32000-2, 12.8.1: only /Contents may be left out"),
    Row("byte-range-overlaps", lambda: _byte_range(lambda right, size: (0, right[1], right[1] - 5, size - right[1] + 5)),
        [failed("FORMAT_FAILURE", intact=False, modification="suspicious")],
        f"{_FORM} comes before the digest; ISO 32000-2, 12.8.1: /Contents cannot sign itself"),
    # Attributes
    Row("message-digest-absent", lambda: longterm(edit=without("message_digest")), [failed("FORMAT_FAILURE", intact=None)],
        f"{_FORM}; RFC 5652, 11.2"),
    Row("message-digest-twice", lambda: longterm(edit=added(attribute("message_digest", b"\x00" * 32))),
        [failed("FORMAT_FAILURE", intact=False)], f"{_FORM}; RFC 5652, 11.2: one instance, one value"),
    Row("content-type-of-something-else", lambda: longterm(edit=replaced("content_type", "tst_info")),
        [failed("FORMAT_FAILURE", intact=False)], f"{_FORM}; RFC 5652, 11.1: it must be that of the content"),
    Row("certificate-reference-absent", lambda: longterm(edit=without("signing_certificate_v2")),
        [passed(level=None)], "EN 319 142-1, 6.3: no baseline without it; EN 319 102-1, 5.2.3.4: the SignerInfo names it"),
    Row("certificate-reference-of-another",
        lambda: longterm(edit=replaced("signing_certificate_v2", _references("other"))),
        [open_("NO_SIGNING_CERTIFICATE_FOUND", intact=None)], "EN 319 102-1, 5.2.3.4"),
    Row("certificate-references-of-the-chain",
        lambda: longterm(edit=replaced("signing_certificate_v2", _references("signer", "issuer", "root"))),
        [_LT], "EN 319 102-1, 5.2.8.4.2.1: each is in the path"),
    Row("certificate-reference-to-a-stranger",
        lambda: longterm(edit=replaced("signing_certificate_v2", _references("signer", "stranger"))),
        [open_("SIG_CONSTRAINTS_FAILURE", problem=None)], "EN 319 102-1, 5.2.8.4.2.1: it names one that is not in the path"),
    Row("certificate-reference-twice",
        lambda: longterm(edit=added(attribute("signing_certificate_v2", _references("other")))),
        [open_("NO_SIGNING_CERTIFICATE_FOUND", intact=None)], "RFC 5035, 4: they contradict each other"),
    Row("certificate-reference-version-1",
        lambda: longterm(edit=lambda a: replaced("signing_certificate", general.as_signing_certificate(pki.certificate("signer")))(
            without("signing_certificate_v2")(a))),
        [passed(best_time=STAMPED)], "EN 319 122-1, 5.2.2.2"),
    Row("certificate-of-another-signer", lambda: longterm(names="other", carry=("signer", "other", "issuer", "root")),
        [open_("NO_SIGNING_CERTIFICATE_FOUND", intact=None)], "EN 319 102-1, 5.2.3.4"),
    Row("certificate-absent", lambda: longterm(carry=()), [open_("NO_SIGNING_CERTIFICATE_FOUND", intact=None)],
        "EN 319 102-1, 5.2.3.4"),
    Row("policy-unknown", lambda: longterm(edit=added(_policy())), [open_("SIGNATURE_POLICY_NOT_AVAILABLE", problem=None)],
        "EN 319 102-1, 5.2.4.4: the policy that the signature names is not at hand"),
    Row("policy-unreadable", lambda: longterm(edit=added(_unreadable_policy())), [open_("POLICY_PROCESSING_ERROR", problem=None)],
        "EN 319 102-1, 5.2.4.4 and table 6: what names the policy cannot be read"),
    Row("policy-implied",
        lambda: longterm(edit=added(_implied_policy())),
        [_LT], "EN 319 122-1, 5.2.9.1: no policy is named"),
    Row("commitment", lambda: longterm(edit=added(attribute("commitment_type",
        cades_asn1.CommitmentTypeIndication({"commitment_type_id": "proof_of_approval"})))), [_LT],
        "EN 319 102-1, 5.2.8.4.2.3: without a constraint any commitment is acceptable"),
    # Files of their own
    Row("file-detached-alone", _detached, [open_("SIGNED_DATA_NOT_FOUND", intact=None)],
        "EN 319 102-1, 5.2.7.4: what was signed is not at hand", document="contract.p7s", problems=("original-missing",)),
    Row("file-detached", _detached, [open_("TRY_LATER", problem=None, best_time=STAMPED)],
        "EN 319 122-1, 6", document="contract.p7s", original=lambda: _CONTENT),
    Row("file-detached-from-another", _detached, [failed("HASH_FAILURE", intact=False)],
        "EN 319 102-1, 5.2.7.4", document="contract.p7s", original=lambda: _CONTENT + b"!"),
    Row("file-enveloping", _enveloping, [open_("TRY_LATER", problem=None, best_time=STAMPED)], "RFC 5652, 5.2",
        document="contract.p7m"),
]  # fmt: skip


def _misnamed(pdf: bytes) -> bytes:
    """The signature dictionary loses its byte range; nothing else moves."""
    at = pdf.rindex(b"/ByteRange")
    return pdf[:at] + b"/ByteRangX" + pdf[at + 10 :]

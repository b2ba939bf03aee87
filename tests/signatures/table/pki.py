"""The table's fictional public-key infrastructure, described declaratively and issued by certomancer.

Three families: `root` (what most rows trust), `second` (another that some trust as well) and `stranger` (nobody's).
Everything asks for certificates, lists and answers by the labels below. Keys follow from their labels, RSA keys aside
(drawn once a session); nothing is read from or written to a disk, and no server runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from asn1crypto import algos, core, crl, keys, ocsp, x509
from certomancer import default_plugins  # noqa: F401 - registers the profiles that the certificates name
from certomancer.registry import ArchLabel, CertLabel, EntityLabel, PKIArchitecture
from certomancer.registry.entities import EntityRegistry
from certomancer.registry.keys import AsymKey, KeySet
from certomancer.registry.svc_config.ocsp import OCSPInterface
from certomancer.services import CRLBuilder, SimpleOCSPResponder, TimeStamper, choose_signed_digest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa

SIGNED = datetime(2024, 6, 3, 2, 0, tzinfo=UTC)
STAMPED = SIGNED + timedelta(minutes=1)
LISTED = SIGNED + timedelta(hours=1)  # when the authorities spoke about revocation
ARCHIVED = SIGNED + timedelta(days=10)
NOW = datetime(2026, 6, 30, tzinfo=UTC)
EARLY = datetime(2011, 6, 1, tzinfo=UTC)  # while SHA-1 and short keys were strong

POLICY = "1.3.6.1.4.1.55555.10"
OTHER_POLICY = "1.3.6.1.4.1.55555.11"
_ORGANISATION = "Fictions of the Table"
_ODD_EXTENSION = "1.3.6.1.4.1.55555.99"

_KINDS = {
    "rsa-1024": 1024, "rsa-2048": 2048, "rsa-3072": 3072, "negative": 2048, "rsa-for-pss": 2048,
    "p-384": ec.SECP384R1(), "p-521": ec.SECP521R1(),
    "brainpool-256": ec.BrainpoolP256R1(), "brainpool-384": ec.BrainpoolP384R1(),
    "ed25519": ed25519.Ed25519PrivateKey, "ed448": ed448.Ed448PrivateKey,
    "ml-dsa-44": mldsa.MLDSA44PrivateKey, "ml-dsa-65": mldsa.MLDSA65PrivateKey, "ml-dsa-87": mldsa.MLDSA87PrivateKey,
}  # fmt: skip


def _date(text: str) -> str:
    return f"{text}T00:00:00Z"


def _usage(*bits: str) -> dict[str, Any]:
    return {"id": "key_usage", "critical": True, "value": x509.KeyUsage(set(bits))}


def _basic(ca: bool, length: int | None = None) -> dict[str, Any]:
    value: dict[str, Any] = {"ca": ca}
    if length is not None:
        value["path_len_constraint"] = length
    return {"id": "basic_constraints", "critical": True, "value": value}


def _purpose(*purposes: str) -> dict[str, Any]:
    return {"id": "extended_key_usage", "critical": True, "value": list(purposes)}


def _policies(*oids: str) -> dict[str, Any]:
    return {"id": "certificate_policies", "value": [{"policy_identifier": oid} for oid in oids]}


def _names(kind: str, organisation: str) -> dict[str, Any]:
    inside = x509.Name.build({"country_name": "ZZ", "organization_name": organisation})
    base = x509.GeneralName("directory_name", inside)
    return {"id": "name_constraints", "critical": True, "value": {f"{kind}_subtrees": [{"base": base}]}}


def _listed_by(label: str) -> dict[str, Any]:
    """Whose lists tell about the certificate, where that is not its issuer."""
    name = {"country_name": "ZZ", "organization_name": _ORGANISATION, "common_name": label}
    names = x509.GeneralNames([x509.GeneralName("directory_name", x509.Name.build(name))])
    return {"id": "crl_distribution_points", "value": [{"crl_issuer": names}]}


def _certificate(
    issuer: str, *extensions: dict[str, Any], since: str = "2001-01-01", until: str = "2039-12-31", **more: Any
) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "validity": {"valid-from": _date(since), "valid-to": _date(until)},
        "extensions": list(extensions),
        **more,
    }


def _authority(issuer: str, *extensions: dict[str, Any], length: int | None = None, **more: Any) -> dict[str, Any]:
    return _certificate(issuer, _basic(True, length), _usage("key_cert_sign", "crl_sign"), *extensions, **more)


def _signer(issuer: str = "issuer", *extensions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _certificate(issuer, *extensions, _usage("digital_signature", "non_repudiation"), **more)


def _stamper(issuer: str = "issuer", **more: Any) -> dict[str, Any]:
    return _certificate(issuer, _usage("digital_signature"), _purpose("time_stamping"), **more)


def _revoked(since: str, reason: str = "key_compromise", *entries: dict[str, Any]) -> dict[str, Any]:
    return {"revoked-since": _date(since), "reason": reason, "crl-entry-extensions": list(entries)}


_INVALID_SINCE = {
    "id": "invalidity_date",
    "value": core.GeneralizedTime(datetime(2024, 5, 15, tzinfo=UTC)),
}

# Label → certificate. An entity and a key of the same name belong to each, unless `subject` or `subject-key` say otherwise.
_CERTIFICATES: dict[str, dict[str, Any]] = {
    "root": _authority("root", since="2000-01-01"),
    "second": _authority("second", since="2000-01-01"),
    "stranger": _authority("stranger", since="2000-01-01"),
    "issuer": _authority("root"),
    "stranger-issuer": _authority("stranger"),
    # Signers
    "signer": _signer(),
    "other": _signer(),
    "stranger-signer": _signer("stranger-issuer"),
    **{kind: _signer() for kind in _KINDS},
    "brief": _signer(since="2024-01-01", until="2025-06-01"),
    "later": _signer(since="2025-01-01"),
    "revoked-before": _signer(revocation=_revoked("2024-05-01")),
    "revoked-after": _signer(revocation=_revoked("2024-12-01", "superseded")),
    "compromised": _signer(revocation=_revoked("2024-12-01", "key_compromise", _INVALID_SINCE)),
    "held": _signer(revocation=_revoked("2024-05-01", "certificate_hold")),
    "brief-revoked": _signer(since="2024-01-01", until="2025-06-01", revocation=_revoked("2024-12-01", "superseded")),
    "encipherer": _certificate("issuer", _usage("key_encipherment")),
    "agreeing": _certificate("issuer", _usage("non_repudiation")),
    "unlimited": _certificate("issuer"),
    "odd": _signer("issuer", {"id": _ODD_EXTENSION, "critical": True, "value": core.ParsableOctetString(b"\x05\x00")}),
    "unasked": _signer(
        "issuer", {"id": "0.4.0.194121.2.1", "value": core.ParsableOctetString(b"\x05\x00")},
        since="2024-06-01", until="2024-06-10",
    ),
    "sha-1-signed": _signer(since="2018-01-01", digest_algo="sha1"),
    "loner": _certificate("loner", _usage("digital_signature"), since="2023-01-01"),
    # Authorities with a fault
    "gone-issuer": _authority("root", revocation=_revoked("2024-05-01", "ca_compromise")),
    "gone-signer": _signer("gone-issuer"),
    "going-issuer": _authority("root", revocation=_revoked("2025-01-01", "ca_compromise")),
    "going-signer": _signer("going-issuer"),
    "mute-issuer": _certificate("root", _basic(True), _usage("crl_sign")),
    "mute-signer": _signer("mute-issuer"),
    "lay-issuer": _certificate("root", _basic(False), _usage("key_cert_sign", "crl_sign")),
    "lay-signer": _signer("lay-issuer"),
    "shallow": _authority("root", length=0),
    "deep": _authority("shallow"),
    "deep-signer": _signer("deep"),
    "shallow-signer": _signer("shallow"),
    "permitting": _authority("root", _names("permitted", "Permitted Fictions Ltd")),
    "permitted-signer": _signer("permitting"),
    "unpermitted-signer": _signer("permitting"),
    "excluding": _authority("root", _names("excluded", "Excluded Fictions Ltd")),
    "excluded-signer": _signer("excluding"),
    "policy-issuer": _authority("root", _policies(POLICY)),
    "policy-signer": _signer("policy-issuer", _policies(POLICY)),
    "strict": _authority(
        "root", _policies(POLICY), {"id": "policy_constraints", "critical": True, "value": {"require_explicit_policy": 0}}
    ),
    "strict-signer": _signer("strict", _policies(OTHER_POLICY)),
    "silent-issuer": _certificate("root", _basic(True), _usage("key_cert_sign")),
    "silent-signer": _signer("silent-issuer"),
    "brief-issuer": _authority("root", since="2024-01-01", until="2025-06-01"),
    "brief-issuer-signer": _signer("brief-issuer", since="2024-01-01"),
    "old": _authority("old", since="2000-01-01", until="2024-01-01"),  # a root that has run out
    "old-signer": _signer("old"),
    # Two authorities that vouch for each other, and nobody for them
    "ring-one": _authority("ring-one"),
    "ring-two": _authority("ring-one"),
    "ring-one-by-two": _authority("ring-two", subject="ring-one", subject_key="ring-one"),
    "ring-signer": _signer("ring-one"),
    # One authority with two certificates: one has run out, the other is of the second root.
    "crossed": _authority("root", until="2024-01-01"),
    "crossed-anew": _authority("second", subject="crossed", subject_key="crossed"),
    "crossed-signer": _signer("crossed"),
    # Impostors: they bear the names of the authorities, and the stranger's key made them
    "false-issuer": _authority("root", subject="issuer", subject_key="false-issuer", authority_key="stranger"),
    "false-signer": _signer(authority_key="stranger"),
    "false-tsa": _stamper(authority_key="stranger"),
    "false-responder": _certificate("issuer", profiles=["ocsp-responder"], authority_key="stranger"),
    # Time-stamping authorities
    "tsa": _stamper(),
    "tsa-brief": _stamper(since="2023-01-01", until="2025-01-01"),
    "tsa-later": _stamper(since="2025-01-01"),
    "tsa-revoked": _stamper(revocation=_revoked("2025-01-01")),
    "tsa-closed": _stamper(revocation=_revoked("2025-01-01", "cessation_of_operation")),
    "tsa-unmarked": _certificate("issuer", _usage("digital_signature")),
    "tsa-stranger": _stamper("stranger-issuer"),
    # Who answers about revocation
    "responder": _certificate("issuer", profiles=["ocsp-responder"]),
    "responder-brief": _certificate("issuer", profiles=["ocsp-responder"], since="2024-01-01", until="2025-01-01"),
    "responder-unmarked": _certificate("issuer", _usage("digital_signature")),
    "responder-revoked": _certificate(
        "issuer", _usage("digital_signature"), _purpose("ocsp_signing"), revocation=_revoked("2024-05-01")
    ),
    "responder-elsewhere": _certificate("stranger-issuer", profiles=["ocsp-responder"]),
    "lister": _certificate("root", _basic(True), _usage("crl_sign")),
    "listed": _signer("issuer", _listed_by("lister"), revocation=_revoked("2024-05-01")),
}  # fmt: skip
_ORGANISATIONS = {
    "permitted-signer": "Permitted Fictions Ltd",
    "unpermitted-signer": "Unpermitted Fictions Ltd",
    "excluded-signer": "Excluded Fictions Ltd",
}


@cache
def private_key(label: str) -> Any:
    """The private key of a label; P-256 unless the label names another kind."""
    kind = _KINDS.get(label, ec.SECP256R1())
    seed = b"".join(hashlib.sha512(f"table:{label}:{n}".encode()).digest() for n in range(2))
    if isinstance(kind, int):
        return rsa.generate_private_key(65537, kind)
    if isinstance(kind, ec.EllipticCurve):
        # A secret short of the group's order, whichever curve it is.
        return ec.derive_private_key(int.from_bytes(seed[: kind.key_size // 8 - 1], "big"), kind)
    if kind in (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey):
        return kind.from_private_bytes(seed[: 32 if kind is ed25519.Ed25519PrivateKey else 57])
    return kind.from_seed_bytes(seed[:32])


@dataclass(frozen=True, eq=False)
class _Key:
    public_key_info: Any
    private_key_info: Any

    @property
    def key_pair(self) -> AsymKey:
        return AsymKey(self.public_key_info, self.private_key_info)


class _Keys(KeySet):  # type: ignore[misc]
    """Certomancer's key set, from memory instead of files."""

    def __init__(self) -> None:
        return

    def __getitem__(self, name: Any) -> Any:
        return _key(getattr(name, "value", name))


@cache
def _key(label: str) -> _Key:
    secret = private_key(label)
    public = keys.PublicKeyInfo.load(
        secret.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    if label == "negative":
        # As Estonian cards had it from 2012 to 2017: without the leading zero, DER calls the modulus negative.
        numbers = secret.public_key().public_numbers()
        modulus = keys.RSAPublicKey({"modulus": numbers.n - (1 << secret.key_size), "public_exponent": numbers.e})
        public = keys.PublicKeyInfo({"algorithm": public["algorithm"], "public_key": modulus})
    if label == "rsa-for-pss":
        public = keys.PublicKeyInfo(
            {"algorithm": {"algorithm": "rsassa_pss"}, "public_key": public["public_key"].parsed}
        )
    if label in ("ml-dsa-44", "ml-dsa-65", "ml-dsa-87"):
        return _Key(public, None)  # asn1crypto has no form for it; builders.py signs with `private_key`
    return _Key(
        public,
        keys.PrivateKeyInfo.load(
            secret.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        ),
    )


@cache
def _arch() -> PKIArchitecture:
    entities = {
        label: {"common-name": label, "organization-name": _ORGANISATIONS.get(label, _ORGANISATION)}
        for label in _CERTIFICATES
    }
    return PKIArchitecture(
        ArchLabel("table"),
        key_set=_Keys(),
        entities=EntityRegistry(entities, {"country-name": "ZZ"}),
        # Several certificates may bear an authority's name; the one that is called after it is meant.
        cert_spec_config={label: {"issuer_cert": spec["issuer"], **spec} for label, spec in _CERTIFICATES.items()},
        service_config={},
        external_url_prefix="http://pki.invalid",
    )


@cache
def certificate(label: str) -> x509.Certificate:
    return _arch().get_cert(CertLabel(label))


def chain(label: str) -> tuple[str, ...]:
    """The label itself and those above it, the root included."""
    found = [label]
    while (above := _CERTIFICATES[found[-1]]["issuer"]) != found[-1]:
        found.append(above)
    return tuple(found)


def timestamper(label: str, at: datetime, hash: str = "sha256") -> TimeStamper:
    """Certomancer's time-stamping authority, whose clock stands at `at`."""
    above = [certificate(one) for one in chain(label)[1:]]
    key = _key(label)
    return TimeStamper(
        certificate(label), key.private_key_info, choose_signed_digest(hash, key.public_key_info),
        certs_to_embed=above, fixed_dt=at, md_algorithm=hash,
    )  # fmt: skip


def revocation_list(
    issuer: str = "issuer",
    at: datetime = LISTED,
    *,
    days: int = 30,
    by: str | None = None,
    key: str | None = None,
    only: Sequence[str] | None = None,
    delta_of: int | None = None,
    indirect: bool = False,
    scope: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
    critical: bool = False,
) -> crl.CertificateList:
    """What an authority's list of a moment says: revoked is what its certificates' descriptions say.

    `by`: whose name stands on it; `key`: whose key signs; `only`: labels that it tells of; `delta_of`: the number of
    the list that it amends; `scope`: what its distribution point says that it covers; `more`: further extensions,
    identifier → value.
    """
    arch = _arch()
    signing = _key(key or by or issuer)
    extensions = [
        crl.TBSCertListExtension({"extn_id": name, "critical": critical, "extn_value": value})
        for name, value in (more or {}).items()
    ]
    if delta_of is not None:
        extensions.append(
            crl.TBSCertListExtension({"extn_id": "delta_crl_indicator", "critical": True, "extn_value": delta_of})
        )
    builder = CRLBuilder(
        arch.entities[EntityLabel(by or issuer)],
        signing.private_key_info,
        choose_signed_digest("sha256", signing.public_key_info),
        certificate(by or issuer).key_identifier_value,
        extensions,
    )
    entries = []
    for label, cert in _CERTIFICATES.items():
        told = only is None or label in only
        status = arch.check_revocation_status(CertLabel(label), at) if cert["issuer"] == issuer and told else None
        if status is not None:
            entries.append(
                arch._format_revo(certificate(label).serial_number, status, EntityLabel(issuer) if indirect else None)
            )
    distribution = {**(scope or {}), **({"indirect_crl": True} if indirect else {})}
    return builder.build_crl(int(at.timestamp()) // 60, at, at + timedelta(days=days), entries, distribution or None)


def answer(
    label: str,
    at: datetime = LISTED,
    *,
    by: str | None = "responder",
    key: str | None = None,
    days: int | None = 7,
    archive_cutoff: datetime | None = None,
    namesake_of: str | None = None,
    known: bool = True,
) -> ocsp.OCSPResponse:
    """An OCSP response about a certificate. `by`: who answers, None for the issuer itself; `key`: whose key signs.

    `namesake_of`: another authority whose certificate of the same serial number it is about. `known`: whether the
    responder knows it.
    """
    issuer = _CERTIFICATES[label]["issuer"]
    own = by or issuer
    interface = OCSPInterface(EntityLabel(issuer), _arch(), CertLabel(issuer))
    signing = _key(key or own)
    responder = SimpleOCSPResponder(
        certificate(own), signing.private_key_info, choose_signed_digest("sha256", signing.public_key_info), at,
        interface, timedelta(days=days) if days is not None else None,
    )  # fmt: skip
    above = certificate(issuer)
    named = ocsp.CertId(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha1"}),
            "issuer_name_hash": above.subject.sha1,
            "issuer_key_hash": above.public_key.sha1,
            "serial_number": certificate(label).serial_number,
        }
    )
    single = responder.format_single_ocsp_response(named, above)
    if namesake_of is not None:
        another = certificate(namesake_of)
        single["cert_id"]["issuer_name_hash"] = another.subject.sha1
        single["cert_id"]["issuer_key_hash"] = another.public_key.sha1
    if not known:
        single["cert_status"] = ocsp.CertStatus("unknown")
    if archive_cutoff is not None:
        single["single_extensions"] = [
            ocsp.SingleResponseExtension(
                {"extn_id": "archive_cutoff", "extn_value": core.GeneralizedTime(archive_cutoff)}
            )
        ]
    return responder.assemble_simple_ocsp_responses([single])

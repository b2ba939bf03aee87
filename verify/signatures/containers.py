"""What a signature's /Contents holds (CMS, PKCS#7, a raw RSA value), and whether its digest and value hold.

The library's `EmbeddedPdfSignature` rejects several SignerInfos, unsigned digests and unknown algorithms by
exceptions; here each of them is an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, core, crl, keys, ocsp, parser, tsp, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from pyhanko.sign.ades import cades_asn1  # noqa: F401 - makes CAdES attributes known to asn1crypto
from pyhanko_certvalidator.errors import AlgorithmNotSupported
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator, SignatureValidationContext

from verify.signatures.algorithms import hashed

Digest = Callable[[str], bytes]

_HASHES = frozenset(
    [
        "md5",
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
        "sha3_224",
        "sha3_256",
        "sha3_384",
        "sha3_512",
        "shake256",
    ]  # as hashlib names them
)
# ISO/IEC 10118-3 digests that some signers name by OID only (NIST CSOR).
_HASH_OIDS = {
    "2.16.840.1.101.3.4.2.7": "sha3_224", "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384", "2.16.840.1.101.3.4.2.10": "sha3_512",
}  # fmt: skip
# Signers that name the signature algorithm where the digest should stand (PKCS #1).
_HASH_OIDS |= {
    "1.2.840.113549.1.1.4": "md5", "1.2.840.113549.1.1.5": "sha1", "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384", "1.2.840.113549.1.1.13": "sha512", "1.2.840.113549.1.1.14": "sha224",
}  # fmt: skip
_RSA_SHA3_OIDS = {
    "2.16.840.1.101.3.4.3.13": "sha3_224", "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384", "2.16.840.1.101.3.4.3.16": "sha3_512",
}  # fmt: skip


# Plain ECDSA (BSI TR-03111, 5.2.2): r and s side by side instead of in a SEQUENCE.
_PLAIN_ECDSA = {
    "0.4.0.127.0.7.1.1.4.1.1": "sha1", "0.4.0.127.0.7.1.1.4.1.2": "sha224", "0.4.0.127.0.7.1.1.4.1.3": "sha256",
    "0.4.0.127.0.7.1.1.4.1.4": "sha384", "0.4.0.127.0.7.1.1.4.1.5": "sha512",
}  # fmt: skip
_REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"


class _Crls(core.SequenceOf):  # type: ignore[misc]
    _child_spec = crl.CertificateList


class _BasicResponses(core.SequenceOf):  # type: ignore[misc]
    _child_spec = ocsp.BasicOCSPResponse


class _RevocationValues(core.Sequence):  # type: ignore[misc]
    """The unsigned attribute revocation-values (EN 319 122-1, annex A.1.1.2)."""

    _fields = [  # noqa: RUF012 - a list, since asn1crypto completes it in place
        ("crls", _Crls, {"explicit": 0, "optional": True}),
        ("ocsps", _BasicResponses, {"explicit": 1, "optional": True}),
        ("others", core.Any, {"explicit": 2, "optional": True}),
    ]


class Malformed(Exception):
    """The container cannot be read; `code` goes into the evidence's `broken`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Certificate(x509.Certificate):  # type: ignore[misc]
    """A certificate whose RSA modulus is read as unsigned.

    Some issuers (Estonian eID, 2012 to 2017) left out the leading zero, so that DER says "negative"; asn1crypto
    then fails with `math domain error` (issue 254) and OpenSSL refuses the key. The signed bytes stay as they are:
    asn1crypto would also encode a unique identifier's bit string anew (PKITS 4.3.6), so `dump` gives what was read.
    """

    der: bytes | None = None

    def dump(self, force: bool = False) -> bytes:
        """The certificate as it was read."""
        return self.der if self.der is not None else bytes(super().dump(force))

    @property
    def public_key(self) -> Any:
        return mended_key(self["tbs_certificate"]["subject_public_key_info"])


def mended_key(info: Any) -> Any:
    """The public key with a positive modulus; the same object where nothing is wrong."""
    try:
        if info["algorithm"]["algorithm"].native not in ("rsa", "rsassa_pss"):
            return info
        modulus = info["public_key"].parsed["modulus"].native
    except (ValueError, TypeError, KeyError):
        return info
    if modulus > 0:
        return info
    key = info["public_key"].parsed
    length = len(key["modulus"].contents)
    fixed = keys.RSAPublicKey(
        {"modulus": modulus + (1 << (8 * length)), "public_exponent": key["public_exponent"].native}
    )
    return keys.PublicKeyInfo({"algorithm": info["algorithm"], "public_key": fixed})


def certificate(der: bytes) -> Any:
    """A certificate by its DER; trailing bytes are cut. Raises ValueError."""
    found = Certificate.load(der)
    found.der = bytes(der[: parser.peek(der)])
    # Parses now, not somewhere later.
    _ = found.serial_number, found.subject, found.issuer, found.not_valid_before, found.not_valid_after
    _ = found.public_key["algorithm"]["algorithm"].native
    return found


@dataclass(frozen=True, eq=False)
class Integrity:
    """Whether the signed bytes and the signature value hold. `broken` names what does not, or why we cannot tell."""

    intact: bool | None
    broken: str | None = None
    detail: str | None = None


@dataclass(frozen=True, eq=False)
class Signer:
    """One SignerInfo, or what stands in its place."""

    kind: str  # PAdES, PKCS7, X509-RSA, RFC3161, CMS
    certificates: Sequence[Any]  # all that the container carries
    certificate: Any | None  # the signer's
    digest_algorithm: str | None
    signature_algorithm: str | None
    signature: bytes  # the value that a signature timestamp covers
    signing_time: datetime | None
    signed_attributes: Any | None = None
    unsigned_attributes: Any | None = None
    info: Any = None
    content: Any = None  # EncapsulatedContentInfo
    signed: Any = None  # SignedData
    crls: Sequence[Any] = ()
    ocsps: Sequence[Any] = ()
    own_crls: Sequence[Any] = ()  # among these, what the signature itself covers
    own_ocsps: Sequence[Any] = ()
    time: datetime | None = None  # a time-stamp token's genTime
    structure: str | None = None  # code of a defect that leaves the value computable

    @property
    def names_its_certificate(self) -> bool:
        """The ESS signing-certificate attribute, which PAdES baseline requires."""
        return any(attribute(self.signed_attributes, n) for n in ("signing_certificate_v2", "signing_certificate"))


def read_cms(contents: bytes, kind: str) -> Sequence[Signer]:
    """Every SignerInfo of a CMS container. Raises Malformed."""
    if not contents.strip(b"\x00"):
        raise Malformed("no-signature-value", "the signature holds no value")
    try:
        # /Contents is padded with zeros; DER tells its own length.
        message = cms.ContentInfo.load(contents)
        if message["content_type"].native != "signed_data":
            raise Malformed("malformed", f"the container is {message['content_type'].native}, not signed data")
        signed = message["content"]
        infos = list(signed["signer_infos"])
        content = signed["encap_content_info"]
        certificates = tuple(_certificates(signed))
        crls, ocsps = _revocation_values(signed)
    except Malformed:
        raise
    except Exception as error:  # asn1crypto raises ValueError, TypeError, KeyError, IndexError by turns
        raise Malformed("malformed", f"the container is no readable CMS ({_short(error)})") from error
    if not infos:
        raise Malformed("no-signature-value", "the container holds no signature")
    stamp = _timestamp_time(content)
    found = []
    for info in infos:
        try:
            found.append(_signer(info, kind, signed, certificates, crls, ocsps, stamp))
        except Exception as error:
            raise Malformed("malformed", f"a signer of the container is unreadable ({_short(error)})") from error
    return found


def countersigner(info: Any, over: Signer) -> Signer:
    """The signer of a countersignature, which has no content of its own (RFC 5652, 11.4). Raises Malformed."""
    try:
        found = _signer(info, "CMS", over.signed, over.certificates, over.crls, over.ocsps, None)
    except Exception as error:
        raise Malformed("malformed", f"a countersigner is unreadable ({_short(error)})") from error
    return replace(found, content=None)


def _signer(
    info: Any, kind: str, data: Any, certificates: Any, crls: Any, ocsps: Any, stamp: datetime | None
) -> Signer:
    signed = info["signed_attrs"] if info["signed_attrs"] is not core.VOID and info["signed_attrs"] else None
    unsigned = info["unsigned_attrs"] if info["unsigned_attrs"] is not core.VOID and info["unsigned_attrs"] else None
    own_crls, own_ocsps = _archival(signed)
    other_crls, other_ocsps = _archival(unsigned)
    return Signer(
        kind="RFC3161" if stamp is not None and kind == "RFC3161" else kind,
        certificates=certificates,
        certificate=_own(info["sid"], certificates),
        digest_algorithm=digest_name(info["digest_algorithm"]),
        signature_algorithm=signature_name(info["signature_algorithm"]),
        signature=info["signature"].native,
        signing_time=_time(signed),
        signed_attributes=signed,
        unsigned_attributes=unsigned,
        info=info,
        content=data["encap_content_info"],
        signed=data,
        crls=(*crls, *own_crls, *other_crls),
        ocsps=(*ocsps, *own_ocsps, *other_ocsps),
        own_crls=own_crls,
        own_ocsps=own_ocsps,
        time=stamp,
    )


def read_rsa(contents: bytes, certificates: Sequence[bytes]) -> Signer:
    """adbe.x509.rsa_sha1: a PKCS#1 value in an OCTET STRING, the certificates in /Cert. Raises Malformed."""
    try:
        value = core.OctetString.load(contents).native
        found = tuple(certificate(der) for der in certificates)
    except Exception as error:
        raise Malformed("malformed", f"the signature value is unreadable ({_short(error)})") from error
    return Signer(
        kind="X509-RSA", certificates=found, certificate=found[0] if found else None, digest_algorithm="sha1",
        signature_algorithm="rsassa_pkcs1v15", signature=value, signing_time=None,
    )  # fmt: skip


def check(signer: Signer, digest: Digest, given: Any | None = None) -> Integrity:
    """Whether digest and value hold. `given`: a certificate from outside, where the container carries none."""
    own = signer.certificate if signer.certificate is not None else given
    try:
        if signer.kind == "X509-RSA":
            return _check_rsa(signer, digest, own)
        return _check_cms(signer, digest, own)
    except UnsupportedAlgorithm as error:
        return Integrity(None, "unknown-algorithm", _short(error))
    except Exception as error:
        return Integrity(None, "malformed", _short(error))


def _check_cms(signer: Signer, digest: Digest, own: Any | None) -> Integrity:
    name = signer.digest_algorithm
    if name is None:
        return Integrity(None, "unknown-algorithm", _oid(signer.info["digest_algorithm"]["algorithm"]))
    content: Any = signer.content
    inner: Any = content["content"] if content is not None and content["content"] is not core.VOID else None
    kind = content["content_type"].native if content is not None else "data"
    if kind == "tst_info":
        # A document timestamp: the token's imprint is what covers the file.
        stamped = inner.parsed["message_imprint"]
        imprint = digest_name(stamped["hash_algorithm"])
        if imprint is None:
            return Integrity(None, "unknown-algorithm", _oid(stamped["hash_algorithm"]["algorithm"]))
        covered = digest(imprint) == stamped["hashed_message"].native
        expected = hashed(name, bytes(inner))
    elif inner is not None:
        # adbe.pkcs7.sha1 wraps the SHA-1 of the byte range; some signers wrap the digest that they name, or the file itself.
        wrapped = bytes(inner)
        expected = hashed(name, wrapped)
        covered = wrapped in (digest("sha1"), digest(name)) or expected == digest(name)
    else:
        covered, expected = True, digest(name)
    attributes = signer.signed_attributes
    if attributes is None and inner is not None and reads_as_attributes(bytes(inner)):
        # A signature over another's attributes is a signature over this "content", too (RFC 8933, 5).
        return Integrity(False, "content-is-attributes")
    if attributes is None:
        to_verify, prehashed = expected, True
    else:
        stated = attribute(attributes, "message_digest")
        if not stated:
            # RFC 5652, 11.2 requires it; the value then protects the attributes, not the bytes.
            return Integrity(None, "no-message-digest", "the signed attributes hold no message digest")
        if len(stated) > 1:
            return Integrity(False, "malformed", "the signed attributes hold several message digests")
        if stated[0].native != expected:
            return Integrity(False, "digest-mismatch")
        types = attribute(attributes, "content_type")
        # A countersignature has no content, hence no type of it (RFC 5652, 11.4).
        if content is not None and (len(types) != 1 or types[0].native != kind):
            return Integrity(False, "content-type-mismatch")
        to_verify, prehashed = attributes.untag().dump(), False
    if not covered:
        return Integrity(False, "digest-mismatch")
    if own is None:
        return Integrity(None, "no-certificate", "the signature carries no certificate of its signer")
    if not _names(own, attributes):
        return Integrity(None, "certificate-mismatch", "the signature names another certificate than it carries")
    result = _verify(signer, own, to_verify, prehashed)
    if result.intact is False and attributes is not None and (ordered := _ordered(to_verify)) != to_verify:
        # The value is over the DER encoding (RFC 5652, 5.4), in which a set is in order, however it is written down.
        return _verify(signer, own, ordered, prehashed)
    return result


def _ordered(der: bytes) -> bytes:
    """A SET OF with its elements in the order of DER (X.690, 11.6)."""
    _, _, _, head, content, _ = parser.parse(der)
    elements = []
    while content:
        length = parser.peek(content)
        elements.append(content[:length])
        content = content[length:]
    return bytes(head) + b"".join(sorted(elements))


def reads_as_attributes(content: bytes) -> bool:
    """Whether a content is itself a set of signed attributes."""
    try:
        found = {a["type"].native for a in cms.CMSAttributes.load(content, strict=True)}
    except (ValueError, TypeError, KeyError):
        return False
    return {"content_type", "message_digest"} <= found


def _verify(signer: Signer, own: Any, data: bytes, prehashed: bool) -> Integrity:
    key = mended_key(own.public_key)
    algorithm = signer.info["signature_algorithm"]
    oid = _oid(algorithm["algorithm"])
    if oid in _RSA_SHA3_OIDS:
        return _verify_rsa(key, signer.signature, data, _RSA_SHA3_OIDS[oid], prehashed)
    if oid in _PLAIN_ECDSA:
        return _verify_ec(key, _sequence(signer.signature), data, _PLAIN_ECDSA[oid], prehashed)
    if oid == _EC_PUBLIC_KEY:  # the key's algorithm where the signature's should stand; such signers write it plain
        whole = signer.signature[:1] == b"\x30" and len(signer.signature) == signer.signature[1] + 2
        value = signer.signature if whole else _sequence(signer.signature)
        return _verify_ec(key, value, data, signer.digest_algorithm or "", prehashed)
    implied = signer.signature_algorithm
    if implied in ("rsassa_pkcs1v15", "rsa") and (signer.digest_algorithm or "").startswith("sha3"):
        return _verify_rsa(key, signer.signature, data, signer.digest_algorithm or "", prehashed)
    try:
        DefaultSignatureValidator().validate_signature(
            signer.signature, data, key, algorithm,
            SignatureValidationContext(contextual_md_algorithm=signer.digest_algorithm, prehashed=prehashed),
        )  # fmt: skip
    except AlgorithmNotSupported as error:
        return Integrity(None, "unknown-algorithm", _short(error))
    except InvalidSignature:
        return Integrity(False, "signature-mismatch")
    except AssertionError:
        return Integrity(False, "signature-mismatch", "the key is of another kind than the signature")
    return Integrity(True)


def _verify_rsa(key: Any, value: bytes, data: bytes, name: str, prehashed: bool) -> Integrity:
    public = serialization.load_der_public_key(key.dump())
    if not isinstance(public, rsa.RSAPublicKey):
        return Integrity(False, "signature-mismatch", "the key is of another kind than the signature")
    algorithm = _hash_algorithm(name)
    try:
        public.verify(value, data, padding.PKCS1v15(), utils.Prehashed(algorithm) if prehashed else algorithm)
    except InvalidSignature:
        return Integrity(False, "signature-mismatch")
    return Integrity(True)


def _verify_ec(key: Any, value: bytes, data: bytes, name: str, prehashed: bool) -> Integrity:
    public = serialization.load_der_public_key(key.dump())
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return Integrity(False, "signature-mismatch", "the key is of another kind than the signature")
    algorithm = _hash_algorithm(name)
    try:
        public.verify(value, data, ec.ECDSA(utils.Prehashed(algorithm) if prehashed else algorithm))
    except InvalidSignature:
        return Integrity(False, "signature-mismatch")
    return Integrity(True)


def _sequence(plain: bytes) -> bytes:
    half = len(plain) // 2
    return utils.encode_dss_signature(int.from_bytes(plain[:half], "big"), int.from_bytes(plain[half:], "big"))


def _hash_algorithm(name: str) -> hashes.HashAlgorithm:
    kinds: dict[str, type[hashes.HashAlgorithm]] = {
        "sha1": hashes.SHA1, "sha224": hashes.SHA224, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512,
        "sha3_224": hashes.SHA3_224, "sha3_256": hashes.SHA3_256, "sha3_384": hashes.SHA3_384, "sha3_512": hashes.SHA3_512,
    }  # fmt: skip
    if name not in kinds:
        raise UnsupportedAlgorithm(f"no signature is verified over {name}")
    return kinds[name]()


def _check_rsa(signer: Signer, digest: Digest, own: Any | None) -> Integrity:
    if own is None:
        return Integrity(None, "no-certificate", "the signature carries no certificate of its signer")
    # The name says SHA-1; ISO 32000-1 (12.8.3.2) lets the DigestInfo name another digest.
    for name in ("sha1", "sha256", "sha384", "sha512"):
        result = _verify_rsa(own.public_key, signer.signature, digest(name), name, prehashed=True)
        if result.intact:
            return result
    return Integrity(False, "signature-mismatch")


def _names(own: Any, attributes: Any | None) -> bool:
    """The ESS attribute, where there is one, must name the certificate (EN 319 102-1, 5.2.3)."""
    for name in ("signing_certificate_v2", "signing_certificate"):
        for value in attribute(attributes, name):
            try:
                first = value["certs"][0]
                how = digest_name(first["hash_algorithm"]) if name.endswith("v2") else "sha1"
                stated = first["cert_hash"].native
            except (ValueError, TypeError, KeyError, IndexError):
                return False
            if how is not None and hashed(how, own.dump()) != stated:
                return False
    return True


def references(signer: Signer) -> Sequence[tuple[str, bytes]]:
    """The certificates that the ESS attribute names: digest algorithm and digest, the signer's own first (RFC 5035)."""
    found = []
    for name in ("signing_certificate_v2", "signing_certificate"):
        for value in attribute(signer.signed_attributes, name):
            try:
                for one in value["certs"]:
                    how = digest_name(one["hash_algorithm"]) if name.endswith("v2") else "sha1"
                    if how is not None:
                        found.append((how, one["cert_hash"].native))
            except (ValueError, TypeError, KeyError):
                continue
    return found


def signature_policy(signer: Signer) -> str | None:
    """The policy under which it was signed: its number, or "unreadable"; None where none is named (EN 319 122-1, 5.2.9)."""
    for value in attribute(signer.signed_attributes, "signature_policy_identifier"):
        try:
            named = value.native if value.name == "signature_policy_implied" else value.chosen["sig_policy_id"].dotted
        except Exception:  # asn1crypto raises what it likes
            return "unreadable"
        return str(named) if named else None
    return None


# Timestamps on the signature value


def tokens(signer: Signer, name: str = "signature_time_stamp_token") -> Iterator[tuple[Signer | None, bytes]]:
    """The time-stamp tokens in the attributes; None for an unreadable one, with its DER."""
    for value in (*attribute(signer.signed_attributes, name), *attribute(signer.unsigned_attributes, name)):
        der = value.dump()
        try:
            yield read_cms(der, "RFC3161")[0], der
        except Malformed:
            yield None, der


def attribute(attributes: Any | None, name: str) -> Sequence[Any]:
    """All values of an attribute, of every occurrence."""
    if attributes is None:
        return ()
    try:
        return tuple(value for a in attributes if a["type"].native == name for value in a["values"])
    except (ValueError, TypeError):
        return ()


def _timestamp_time(content: Any) -> datetime | None:
    try:
        if content["content_type"].native == "tst_info":
            parsed = content["content"].parsed
            info = parsed if isinstance(parsed, tsp.TSTInfo) else tsp.TSTInfo.load(bytes(content["content"]))
            time: datetime = info["gen_time"].native
            return time
    except Exception:
        return None
    return None


def _time(attributes: Any | None) -> datetime | None:
    for value in attribute(attributes, "signing_time"):
        try:
            time: datetime = value.native
        except (ValueError, TypeError):
            return None
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return None


def _certificates(signed: Any) -> Iterator[Any]:
    if signed["certificates"] is core.VOID or not signed["certificates"]:
        return
    for choice in signed["certificates"]:
        if choice.name == "certificate":
            try:
                yield certificate(choice.chosen.dump())
            except (ValueError, TypeError):
                continue


def _own(sid: Any, certificates: Sequence[Any]) -> Any | None:
    if sid.name == "subject_key_identifier":
        wanted = sid.chosen.native
        return next((c for c in certificates if c.key_identifier == wanted), None)
    issuer, serial = sid.chosen["issuer"], sid.chosen["serial_number"].native
    same = [c for c in certificates if c.serial_number == serial]
    # Issuer names are sometimes re-encoded; comparing them in substance is slow, so their bytes come first.
    return next((c for c in same if c.issuer.dump() == issuer.dump() or c.issuer == issuer), None)


def _revocation_values(signed: Any) -> tuple[list[Any], list[Any]]:
    """RevocationInfoChoices of the SignedData: CRLs, and OCSP responses in the other format (RFC 5940)."""
    crls: list[Any] = []
    ocsps: list[Any] = []
    if signed["crls"] is core.VOID or not signed["crls"]:
        return crls, ocsps
    for choice in signed["crls"]:
        try:
            der = choice.chosen.dump()
            if choice.name == "other":
                ocsps.append(ocsp.OCSPResponse.load(choice.chosen["other_rev_info"].dump()))
            else:
                crls.append(crl.CertificateList.load(der))
        except (ValueError, TypeError):
            continue
    return crls, ocsps


def _archival(attributes: Any | None) -> tuple[list[Any], list[Any]]:
    """Adobe's revocation-info attribute (signed), and revocation values (unsigned, CAdES)."""
    crls: list[Any] = []
    ocsps: list[Any] = []
    for value in attribute(attributes, "adobe_revocation_info_archival"):
        try:
            crls += list(value["crl"] or ())
            ocsps += list(value["ocsp"] or ())
        except (ValueError, TypeError, KeyError):
            continue
    for value in attribute(attributes, _REVOCATION_VALUES):
        try:
            held = _RevocationValues.load(value.dump())
            crls += list(held["crls"] or ())
            # The attribute holds bare answers; the rest of the library wants them in their envelope (RFC 6960, 4.2.1).
            ocsps += [
                ocsp.OCSPResponse(
                    {
                        "response_status": "successful",
                        "response_bytes": {"response_type": "basic_ocsp_response", "response": basic},
                    }
                )
                for basic in held["ocsps"] or ()
            ]
        except (ValueError, TypeError, KeyError):
            continue
    return crls, ocsps


def digest_name(algorithm: Any) -> str | None:
    """Our name of a digest algorithm; None where we do not know it."""
    oid = _oid(algorithm["algorithm"])
    if oid in _HASH_OIDS:
        return _HASH_OIDS[oid]
    name = algorithm["algorithm"].native
    if name in _HASHES:
        return str(name)
    return None


def signature_name(algorithm: Any) -> str:
    if _oid(algorithm["algorithm"]) in _RSA_SHA3_OIDS:
        return "rsassa_pkcs1v15"
    try:
        return str(algorithm.signature_algo)
    except ValueError:
        return str(algorithm["algorithm"].native)


def _oid(value: Any) -> str:
    try:
        return str(value.dotted)
    except AttributeError:
        return str(value.native)


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:120]}" if text else type(error).__name__

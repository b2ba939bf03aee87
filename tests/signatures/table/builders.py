"""Signed PDFs for the table: a small document, CMS built by hand so that every part may be wrong, later revisions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from asn1crypto import algos, cms, core, tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign import fields, general
from pyhanko.sign.ades import cades_asn1  # noqa: F401 - makes CAdES attributes known to asn1crypto
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, SignatureObject
from pyhanko.sign.validation.dss import DocumentSecurityStore

from tests.signatures.table import pki
from tests.signatures.table.pki import ARCHIVED, LISTED, SIGNED, STAMPED
from verify.simulation.signing import update_of, written

_ROOM = 24_576  # bytes for a container: the largest holds an ML-DSA-87 value and two tokens
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[[0-9\s]+\]\s*")

Attributes = list[cms.CMSAttribute]
Span = tuple[int, ...]

# The document


@cache
def plain() -> bytes:
    """One page with a sentence, and two text fields: amount (100) and note (empty)."""
    page = b"BT /F1 12 Tf 60 700 Td (The fee is 100,000 fictional crowns.) Tj ET"
    look = b"/Tx BMC BT /F1 11 Tf 2 4 Td (100) Tj ET EMC"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R 6 0 R] /DR << /Font << /F1 7 0 R >> >> >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 7 0 R >> >>"
        b" /Annots [5 0 R 6 0 R] >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (amount) /V (100) /DA (/F1 11 Tf) /Rect [100 100 200 120]"
        b" /F 4 /P 3 0 R /AP << /N 8 0 R >> >>",
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (note) /DA (/F1 11 Tf) /Rect [100 140 200 160] /F 4 /P 3 0 R >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /F1 7 0 R >> >> /Length %d >>\n"
        b"stream\n%s\nendstream" % (len(look), look),
    ]
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, table)
    return bytes(out)


# Containers


@dataclass(frozen=True)
class Token:
    """A time-stamp token. `over`: what it is about, where that is not what it should be about."""

    tsa: str = "tsa"
    at: datetime = STAMPED
    hash: str = "sha256"
    over: bytes | None = None


STAMP = Token()


@dataclass(frozen=True)
class Signing:
    """One signature as asked for. `carry`: labels of the certificates in it, by default the signer's whole chain.

    `edit` changes the signed attributes, `late` gives unsigned ones, `spoil` changes the finished DER; `names`: whose
    serial number the SignerInfo states; `by_key`: it states the identifier of the key instead; `span`: the byte range
    that is stated and signed, from the right one.
    """

    signer: str = "signer"
    hash: str = "sha256"
    subfilter: str = "ETSI.CAdES.detached"
    claimed: datetime | None = SIGNED
    stamps: tuple[Token, ...] = ()
    content_stamps: tuple[Token, ...] = ()
    carry: tuple[str, ...] | None = None
    names: str | None = None
    by_key: bool = False
    pss: tuple[str, int] | None = None  # the digest of the mask and the salt's length
    algorithm: cms.SignedDigestAlgorithm | None = None  # stated instead of the one that was used
    edit: Callable[[Attributes], Attributes] | None = None
    late: tuple[cms.CMSAttribute, ...] = ()
    spoil: Callable[[bytes], bytes] | None = None
    also: tuple[Signing, ...] = ()
    certify: int | None = None
    lock: tuple[str, tuple[str, ...]] | None = None
    field: str = "Signature1"
    over: tuple[int, int, int, int] | None = None  # white paper that the signature shows there, in points
    span: Callable[[Span, int], Span] | None = None  # of the right one and the file's length
    type: str | None = "/Sig"


def token(asked: Token, value: bytes) -> cms.ContentInfo:
    """A token of the table's authorities over a value."""
    request = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": {"algorithm": asked.hash},
                "hashed_message": hashlib.new(asked.hash, asked.over if asked.over is not None else value).digest(),
            },
            "cert_req": True,
        }
    )
    return pki.timestamper(asked.tsa, asked.at, asked.hash).request_tsa_response(request)["time_stamp_token"]


def attribute(name: str, value: Any) -> cms.CMSAttribute:
    return general.simple_cms_attribute(name, value)


def _digest(name: str, data: bytes) -> bytes:
    hasher = hashlib.new(name, data)
    return hasher.digest(64) if name == "shake256" else hasher.digest()


def _algorithm(asked: Signing) -> cms.SignedDigestAlgorithm:
    key = pki.private_key(asked.signer)
    if asked.pss is not None:
        mask, salt = asked.pss
        return cms.SignedDigestAlgorithm(
            {
                "algorithm": "rsassa_pss",
                "parameters": algos.RSASSAPSSParams(
                    {
                        "hash_algorithm": {"algorithm": asked.hash},
                        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
                        "salt_length": salt,
                    }
                ),
            }
        )
    if isinstance(key, rsa.RSAPrivateKey):
        return cms.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"})
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return cms.SignedDigestAlgorithm({"algorithm": f"{asked.hash}_ecdsa"})
    return cms.SignedDigestAlgorithm({"algorithm": asked.signer.replace("-", "")})


def value_of(asked: Signing, data: bytes) -> bytes:
    """The signature value over bytes."""
    key = pki.private_key(asked.signer)
    kinds = {"sha3_256": hashes.SHA3_256, "sha3_384": hashes.SHA3_384}
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        kind = kinds.get(asked.hash) or getattr(hashes, asked.hash.upper())
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(kind()))
        if asked.pss is None:
            return key.sign(data, padding.PKCS1v15(), kind())
        mask, salt = asked.pss
        return key.sign(data, padding.PSS(padding.MGF1(getattr(hashes, mask.upper())()), salt), kind())
    signed: bytes = key.sign(data)
    return signed


def signer_info(asked: Signing, covered: bytes, content: bytes | None, kind: str = "data") -> cms.SignerInfo:
    """The SignerInfo over the covered bytes, or over the content where the container holds one."""
    certificate = pki.certificate(asked.signer)
    named = pki.certificate(asked.names or asked.signer)
    attributes: Attributes = [
        attribute("content_type", kind),
        attribute("message_digest", _digest(asked.hash, covered if content is None else content)),
    ]
    if asked.subfilter == "ETSI.CAdES.detached":
        attributes.append(attribute("signing_certificate_v2", general.as_signing_certificate_v2(certificate)))
    elif asked.claimed is not None:
        attributes.append(attribute("signing_time", cms.Time({"utc_time": asked.claimed})))
    attributes += [attribute("content_time_stamp", token(t, covered)) for t in asked.content_stamps]
    if asked.edit is not None:
        attributes = asked.edit(attributes)
    signed = cms.CMSAttributes(attributes)
    value = value_of(asked, signed.dump())
    unsigned = [attribute("signature_time_stamp_token", token(t, value)) for t in asked.stamps] + list(asked.late)
    stated = {"issuer_and_serial_number": {"issuer": named.issuer, "serial_number": named.serial_number}}
    if asked.by_key:
        stated = {"subject_key_identifier": named.key_identifier}
    info: dict[str, Any] = {
        "version": "v3" if asked.by_key else "v1",
        "sid": cms.SignerIdentifier(stated),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": asked.hash}),
        "signature_algorithm": asked.algorithm or _algorithm(asked),
        "signed_attrs": signed,
        "signature": value,
    }
    if unsigned:
        info["unsigned_attrs"] = cms.CMSAttributes(unsigned)
    return cms.SignerInfo(info)


def container(asked: Signing, covered: bytes, *, content: bytes | None = None) -> bytes:
    """The CMS container (or the bare PKCS #1 value) over the covered bytes, DER."""
    if asked.subfilter == "adbe.x509.rsa_sha1":
        key = pki.private_key(asked.signer)
        return bytes(core.OctetString(key.sign(covered, padding.PKCS1v15(), hashes.SHA1())).dump())
    if asked.subfilter == "adbe.pkcs7.sha1":
        content = hashlib.sha1(covered).digest()
    labels: dict[str, None] = {}
    infos = []
    for one in (asked, *asked.also):
        infos.append(signer_info(one, covered, content))
        labels.update(dict.fromkeys(one.carry if one.carry is not None else pki.chain(one.signer)))
    encapsulated: dict[str, Any] = {"content_type": "data"}
    if content is not None:
        encapsulated["content"] = content
    signed: dict[str, Any] = {
        "version": "v1",
        "digest_algorithms": [info["digest_algorithm"] for info in infos],
        "encap_content_info": encapsulated,
        "signer_infos": infos,
    }
    if labels:
        signed["certificates"] = [pki.certificate(label) for label in labels]
    message = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})
    der = bytes(message.dump())
    return asked.spoil(der) if asked.spoil is not None else der


# Signatures in a document


def sign(pdf: bytes | None = None, asked: Signing | None = None, **changes: Any) -> bytes:
    """Sign by an incremental update. `changes`: what is asked for beyond the defaults of Signing."""
    asked = replace(asked or Signing(), **changes)
    base = pdf if pdf is not None else plain()
    writer = update_of(base, f"{asked.field}{asked.signer}")
    steps = PdfCMSEmbedder(new_field_spec=fields.SigFieldSpec(asked.field, box=asked.over)).write_cms(
        field_name=asked.field, writer=writer
    )
    holder = next(steps).get_object()
    if asked.over is not None:
        width, height = asked.over[2] - asked.over[0], asked.over[3] - asked.over[1]
        look = _white(width, height)
        holder[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)})
        writer.update_container(holder)
    placeholder = SignatureObject(timestamp=asked.claimed, bytes_reserved=_ROOM)
    placeholder[pdf_name("/SubFilter")] = pdf_name("/" + asked.subfilter)
    if asked.type is None:
        placeholder.pop(pdf_name("/Type"), None)
    if asked.subfilter == "adbe.x509.rsa_sha1":
        placeholder[pdf_name("/Cert")] = generic.ArrayObject(
            [generic.ByteStringObject(pki.certificate(one).dump()) for one in asked.carry or pki.chain(asked.signer)]
        )
    locked = (
        fields.FieldMDPSpec(fields.FieldMDPAction("/" + asked.lock[0]), list(asked.lock[1])) if asked.lock else None
    )
    permissions = SigMDPSetup(
        md_algorithm="sha256",
        certify=asked.certify is not None,
        docmdp_perms=fields.MDPPerm(asked.certify) if asked.certify else None,
        field_lock=locked,
    )
    steps.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=permissions))
    return _filled(steps, lambda covered: container(asked, covered), asked.span)


def _white(width: int, height: int) -> generic.StreamObject:
    box = generic.ArrayObject([generic.NumberObject(v) for v in (0, 0, width, height)])
    entries = {pdf_name("/Type"): pdf_name("/XObject"), pdf_name("/Subtype"): pdf_name("/Form"), pdf_name("/BBox"): box}
    return generic.StreamObject(dict_data=entries, stream_data=b"1 1 1 rg 0 0 %d %d re f" % (width, height))


def stamp(
    pdf: bytes, tsa: str = "tsa", at: datetime = ARCHIVED, *, field: str = "Timestamp1", hash: str = "sha256",
    as_signature: bool = False, over: bytes | None = None, spoil: Callable[[bytes], bytes] | None = None,
) -> bytes:  # fmt: skip
    """Add a document timestamp. `over`: what it stamps instead of the file."""
    writer = update_of(pdf, field)
    steps = PdfCMSEmbedder(new_field_spec=fields.SigFieldSpec(field)).write_cms(field_name=field, writer=writer)
    next(steps)
    placeholder = DocumentTimestamp(bytes_reserved=_ROOM)
    if as_signature:
        placeholder[pdf_name("/Type")] = pdf_name("/Sig")
    steps.send(SigObjSetup(sig_placeholder=placeholder))

    def made(covered: bytes) -> bytes:
        der = bytes(token(Token(tsa, at, hash, over), covered).dump())
        return spoil(der) if spoil is not None else der

    return _filled(steps, made)


def _filled(steps: Any, made: Callable[[bytes], bytes], span: Callable[[Span, int], Span] | None = None) -> bytes:
    """The prepared file with the container in its place. The library's own filling allows no wrong byte range."""
    prepared, out = steps.send(SigIOSetup(md_algorithm="sha256", in_place=False))
    data = bytearray(out.getvalue())
    start, end = prepared.reserved_region_start, prepared.reserved_region_end
    right = (0, start, end, len(data) - end)
    stated = span(right, len(data)) if span is not None else right
    place = list(_BYTE_RANGE.finditer(data))[-1]
    words = b"/ByteRange [" + b" ".join(b"%d" % n for n in stated) + b"]"
    data[place.start() : place.end()] = words.ljust(place.end() - place.start())
    covered = b"".join(
        bytes(data[begin : begin + length]) for begin, length in zip(stated[::2], stated[1::2], strict=False)
    )
    written_hex = made(covered).hex().encode()
    if len(written_hex) > end - start - 2:
        raise ValueError(f"a container of {len(written_hex) // 2} bytes does not fit")
    data[start + 1 : start + 1 + len(written_hex)] = written_hex
    return bytes(data)


def store(
    pdf: bytes,
    crls: Iterable[Any] = (),
    ocsps: Iterable[Any] = (),
    certificates: Sequence[str] = (),
    salt: str = "store",
) -> bytes:
    """Add validation data to the document security store, as an update of its own."""
    writer = update_of(pdf, salt)
    DocumentSecurityStore.supply_dss_in_writer(
        writer, None, certs=[pki.certificate(c) for c in certificates], crls=list(crls), ocsps=list(ocsps)
    )
    return written(writer)


def update(pdf: bytes, change: Callable[[Any], None], salt: str = "update") -> bytes:
    """An incremental update in which `change(writer)` does what it likes."""
    writer = update_of(pdf, salt)
    change(writer)
    return written(writer)


# The usual documents


def with_lists(pdf: bytes, at: datetime = LISTED, *issuers: str, days: int = 30) -> bytes:
    """Add the lists of the root and of the issuing authorities as of a moment."""
    return store(pdf, [pki.revocation_list(one, at, days=days) for one in ("root", *(issuers or ("issuer",)))])


def basic(**asked: Any) -> bytes:
    """B-B: signed, nothing more."""
    return sign(**asked)


def timed(**asked: Any) -> bytes:
    """B-T: with a timestamp on the signature, a minute later."""
    return sign(**{"stamps": (STAMP,), **asked})


def longterm(*issuers: str, **asked: Any) -> bytes:
    """B-LT: and with the authorities' lists of an hour later."""
    return with_lists(timed(**asked), LISTED, *issuers)


def archived(*issuers: str, tsa: str = "tsa", at: datetime = ARCHIVED, **asked: Any) -> bytes:
    """B-LTA: and with a document timestamp over all of it."""
    return stamp(longterm(*issuers, **asked), tsa, at)


def without(name: str) -> Callable[[Attributes], Attributes]:
    return lambda attributes: [a for a in attributes if a["type"].native != name]


def replaced(name: str, value: Any) -> Callable[[Attributes], Attributes]:
    return lambda attributes: [*(a for a in attributes if a["type"].native != name), attribute(name, value)]


def added(*more: cms.CMSAttribute) -> Callable[[Attributes], Attributes]:
    return lambda attributes: [*attributes, *more]

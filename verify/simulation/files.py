"""Signatures around and beside files under the fictional PKI: CMS and CAdES, ASiC-S and ASiC-E, of known truth."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from asn1crypto import cms, core
from pyhanko.sign import general
from pyhanko.sign.timestamps import TimeStamper

from verify.signatures.algorithms import hashed
from verify.signatures.archive import ARCHIVE_TIME_STAMP_V3, HASH_INDEX_V3, HashIndex
from verify.simulation.pki import Credentials, TestPki
from verify.simulation.signing import _requested, signed_data, signer_info

ASIC_S, ASIC_E = "application/vnd.etsi.asic-s+zip", "application/vnd.etsi.asic-e+zip"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_PIECE = 1_000  # bytes of an octet string's piece, as signers that stream write them


def sign_file(
    content: bytes,
    signers: Sequence[Credentials],
    *,
    at: datetime,
    attached: bool = True,
    timestamper: TimeStamper | None = None,
    revocation: TestPki | None = None,
    archiver: TimeStamper | None = None,
    countersigner: Credentials | None = None,
) -> bytes:
    """A CAdES signature of each signer over the content, which is inside or (detached) beside. DER.

    B-B; with a timestamper B-T; with `revocation` (whose lists of `at` are put in) B-LT; with an `archiver` B-LTA.
    `countersigner` signs the first signature's value.
    """
    digest = hashlib.sha256(content).digest()
    infos = [signer_info(s, digest, timestamper=timestamper, at=at) for s in signers]
    if countersigner is not None:
        over = signer_info(countersigner, hashlib.sha256(infos[0]["signature"].native).digest(), kind=None, at=at)
        _add(infos[0], general.simple_cms_attribute("counter_signature", over))
    everyone = [*signers, *([countersigner] if countersigner is not None else [])]
    more = [revocation.timestamper_der] if revocation is not None else []
    lists = [revocation.crl(at), revocation.root_crl(at)] if revocation is not None else []
    message = signed_data(infos, everyone, content=content if attached else None, more=more, lists=lists)
    if archiver is None:
        return bytes(message.dump())
    return archived(bytes(message.dump()), content, archiver)


def archived(message: bytes, content: bytes, archiver: TimeStamper) -> bytes:
    """The same with an archive timestamp (EN 319 122-1, 5.5.3) over each signature."""
    read = cms.ContentInfo.load(message)
    signed = read["content"]
    for info in signed["signer_infos"]:
        index = HashIndex(
            {
                "algorithm": {"algorithm": "sha256"},
                "certificates": [_hash(c.dump()) for c in signed["certificates"]],
                "crls": [_hash(c.dump()) for c in signed["crls"] or ()],
                "attributes": [_hash(a["type"].dump() + v.dump()) for a in info["unsigned_attrs"] for v in a["values"]],
            }
        )
        pieces = [signed["encap_content_info"]["content_type"].dump(), hashlib.sha256(content).digest()]
        pieces += [info[f].dump() for f in ("version", "sid", "digest_algorithm")]
        pieces += [info[f].dump() for f in ("signed_attrs", "signature_algorithm", "signature")]
        token = _requested(archiver, hashed("sha256", *pieces, index.dump()))
        own = token["content"]["signer_infos"][0]
        _add(own, cms.CMSAttribute({"type": HASH_INDEX_V3, "values": [index]}))
        again = _rebuilt(token)
        _add(info, cms.CMSAttribute({"type": ARCHIVE_TIME_STAMP_V3, "values": [again]}))
    return bytes(_rebuilt(read).dump())


def _rebuilt(message: Any) -> cms.ContentInfo:
    """asn1crypto keeps the bytes of what it loaded; a changed signer has to be put in by hand."""
    signed = message["content"]
    fields = {name: signed[name] for name in ("version", "digest_algorithms", "encap_content_info", "certificates")}
    if signed["crls"]:
        fields["crls"] = signed["crls"]
    infos = [cms.SignerInfo.load(i.dump(force=True)) for i in signed["signer_infos"]]
    return cms.ContentInfo(
        {"content_type": "signed_data", "content": cms.SignedData({**fields, "signer_infos": infos})}
    )


def _add(info: cms.SignerInfo, attribute: Any) -> None:
    present = info["unsigned_attrs"] if info["unsigned_attrs"] is not core.VOID else ()
    info["unsigned_attrs"] = cms.CMSAttributes([*(present or ()), attribute])


def _hash(data: bytes) -> core.OctetString:
    return core.OctetString(hashlib.sha256(data).digest())


def stamp_file(content: bytes, timestamper: TimeStamper) -> bytes:
    """A time-stamp token over a file, which lies beside. DER."""
    return bytes(_requested(timestamper, hashlib.sha256(content).digest()).dump())


def in_pieces(message: bytes) -> bytes:
    """The same message as streaming signers write it: BER, lengths left open, the content in pieces."""
    signed = cms.ContentInfo.load(message)["content"]
    content = signed["encap_content_info"]["content"].native
    pieces = b"".join(_tlv(b"\x04", content[i : i + _PIECE]) for i in range(0, len(content), _PIECE))
    inner = _open(b"\xa0", _open(b"\x24", pieces))
    encapsulated = _open(b"\x30", signed["encap_content_info"]["content_type"].dump() + inner)
    rest = [signed[n].dump() for n in ("certificates", "crls", "signer_infos") if signed[n] is not core.VOID]
    head = signed["version"].dump() + signed["digest_algorithms"].dump()
    whole = _open(b"\xa0", _open(b"\x30", b"".join([head, encapsulated, *rest])))
    return _open(b"\x30", cms.ContentType("signed_data").dump() + whole)


def _open(tag: bytes, content: bytes) -> bytes:
    return tag + b"\x80" + content + b"\x00\x00"


def _tlv(tag: bytes, content: bytes) -> bytes:
    return tag + bytes(core.OctetString(content).dump())[1:]


def asic(mimetype: str, entries: Mapping[str, bytes]) -> bytes:
    """A container with the entries in their order; equal entries give equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in {"mimetype": mimetype.encode(), **entries}.items():
            info = zipfile.ZipInfo(name, (2024, 6, 3, 10, 0, 0))
            archive.writestr(info, content, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return out.getvalue()


def manifest(signature: str, files: Mapping[str, bytes], *, kind: str = "application/x-pkcs7-signature") -> bytes:
    """An ASiCManifest: the files with their digests, and which entry holds the signature over it."""
    references = "".join(
        f"<asic:DataObjectReference URI={quoteattr(name)}>"
        f'<ds:DigestMethod Algorithm="{_SHA256}"/>'
        f"<ds:DigestValue>{base64.b64encode(hashlib.sha256(content).digest()).decode()}</ds:DigestValue>"
        "</asic:DataObjectReference>"
        for name, content in files.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"'
        ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
        f"<asic:SigReference URI={quoteattr(signature)} MimeType={quoteattr(kind)}/>{references}</asic:ASiCManifest>"
    ).encode()


def asic_s(name: str, content: bytes, signers: Sequence[Credentials], **how: Any) -> bytes:
    """One data object and its signature (EN 319 162-1, 4.3); `how`: as for sign_file."""
    return asic(ASIC_S, {name: content, "META-INF/signature.p7s": sign_file(content, signers, attached=False, **how)})


def asic_e(
    files: Mapping[str, bytes],
    signers: Sequence[Credentials],
    *,
    archiver: TimeStamper | None = None,
    besides: Mapping[str, bytes] | None = None,
    **how: Any,
) -> bytes:
    """Several data objects and one signature over their manifest (EN 319 162-1, 4.4).

    `archiver` sets an archive timestamp over all of that; `besides`: files that nothing covers.
    """
    place = "META-INF/signature001.p7s"
    said = manifest(place, files)
    entries = {**files, "META-INF/ASiCManifest.xml": said, place: sign_file(said, signers, attached=False, **how)}
    if archiver is not None:
        stamp = "META-INF/timestamp001.tst"
        over = manifest(stamp, entries, kind="application/vnd.etsi.timestamp-token")
        entries |= {"META-INF/ASiCArchiveManifest.xml": over, stamp: stamp_file(over, archiver)}
    return asic(ASIC_E, {**entries, **(besides or {})})

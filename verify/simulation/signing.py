"""PAdES signatures under the fictional PKI, at a given time: B-B, B-T with a timestamper, B-LT with revocation data."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from asn1crypto import algos, cms, crl, ocsp, tsp, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image
from pyhanko.pdf_utils import generic, layout
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, general
from pyhanko.sign.signers.cms_embedder import (
    PdfCMSEmbedder,
    SigAppearanceSetup,
    SigIOSetup,
    SigMDPSetup,
    SigObjSetup,
)
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, SignatureObject
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import StaticStampStyle

from verify.core.document import Pixels
from verify.simulation.pki import Credentials, TestPki

Certify = Literal["no-changes", "fill-forms", "annotate"]
_LEVELS = {
    "no-changes": fields.MDPPerm.NO_CHANGES,
    "fill-forms": fields.MDPPerm.FILL_FORMS,
    "annotate": fields.MDPPerm.ANNOTATE,
}
_ROOM = 16_384  # bytes reserved for the container: generous, so that no trial signature is needed


@dataclass(frozen=True, eq=False)
class Look:
    """A visible signature: the page (from 1), the box in mm from its top left, and the picture that fills it, (h, w, 3 or 4)."""

    page: int
    box_mm: tuple[float, float, float, float]
    picture: Pixels | bytes


def sign_pdf(
    pdf: bytes,
    signer: Credentials,
    *,
    at: datetime,
    timestamper: TimeStamper | None = None,
    revocation: TestPki | None = None,
    appearance: Look | None = None,
    certify: Certify | None = None,
    lock: tuple[str, tuple[str, ...]] | None = None,
    field: str = "Signature1",
    reason: str | None = None,
    location: str | None = None,
    password: str | None = None,
) -> bytes:
    """Sign by an incremental update, PAdES baseline, with `at` as the claimed time.

    `revocation`: the PKI whose lists of `at` (as it then stood) are embedded, which makes it B-LT together with a
    timestamper. `lock`: action (All, Include, Exclude) and fields of a FieldMDP. `password`: of an encrypted PDF,
    whose bytes then vary (random vectors).
    """
    writer = update_of(pdf, f"sign:{field}:{at.isoformat()}", password)
    spec = fields.SigFieldSpec(
        sig_field_name=field,
        on_page=appearance.page - 1 if appearance else 0,
        box=_box(pdf, appearance) if appearance else None,
    )
    lock_spec = fields.FieldMDPSpec(fields.FieldMDPAction("/" + lock[0]), list(lock[1])) if lock else None
    steps = PdfCMSEmbedder(new_field_spec=spec).write_cms(field_name=field, writer=writer)
    next(steps)
    placeholder = SignatureObject(
        timestamp=at, subfilter=fields.SigSeedSubFilter.PADES, bytes_reserved=_ROOM, reason=reason, location=location
    )
    look = SigAppearanceSetup(style=_style(appearance), timestamp=at, name="") if appearance else None
    steps.send(
        SigObjSetup(
            sig_placeholder=placeholder,
            mdp_setup=SigMDPSetup(
                md_algorithm="sha256",
                certify=certify is not None,
                docmdp_perms=_LEVELS[certify] if certify else None,
                field_lock=lock_spec,
            ),
            appearance_setup=look,
        )
    )
    prepared, out = steps.send(SigIOSetup(md_algorithm="sha256", in_place=False))
    container = _container(signer, prepared.document_digest, timestamper)
    contents = steps.send(container)
    signed = bytes(out.getvalue())
    if revocation is None:
        return signed
    return with_revocation(signed, contents, revocation, at, signer)


def with_revocation(signed: bytes, contents: bytes | None, pki: TestPki, at: datetime, signer: Credentials) -> bytes:
    """Add a document security store with the chain and the revocation lists of a moment."""
    writer = update_of(signed, f"dss:{at.isoformat()}")
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        contents,
        certs=[x509.Certificate.load(der) for der in (*signer.chain, pki.timestamper_der)],
        crls=[crl.CertificateList.load(pki.crl(at)), crl.CertificateList.load(pki.root_crl(at))],
    )
    return written(writer)


def with_ocsp(signed: bytes, responses: list[bytes]) -> bytes:
    """Add OCSP responses to the document security store."""
    writer = update_of(signed, "ocsp")
    DocumentSecurityStore.supply_dss_in_writer(writer, None, ocsps=[ocsp.OCSPResponse.load(r) for r in responses])
    return written(writer)


def stamp_pdf(pdf: bytes, timestamper: TimeStamper, *, field: str = "Timestamp1", as_signature: bool = False) -> bytes:
    """Add a document timestamp. `as_signature`: written as /Type /Sig, as some products do."""
    writer = update_of(pdf, f"stamp:{field}")
    steps = PdfCMSEmbedder(new_field_spec=fields.SigFieldSpec(sig_field_name=field)).write_cms(
        field_name=field, writer=writer
    )
    next(steps)
    placeholder = DocumentTimestamp(bytes_reserved=_ROOM)
    if as_signature:
        placeholder[generic.pdf_name("/Type")] = generic.pdf_name("/Sig")
    steps.send(SigObjSetup(sig_placeholder=placeholder))
    prepared, out = steps.send(SigIOSetup(md_algorithm="sha256", in_place=False))
    steps.send(_requested(timestamper, prepared.document_digest))
    return bytes(out.getvalue())


class FixedTimeStamper(TimeStamper):  # type: ignore[misc]
    """A time-stamping authority in this process whose clock stands still; the same request gives the same token."""

    def __init__(self, credentials: Credentials, at: datetime) -> None:
        super().__init__(include_nonce=False)
        self.credentials = credentials
        self.at = at

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return self.request_tsa_response(req)

    def request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        imprint = req["message_imprint"]
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.3.6.1.4.1.55555.1",
                "message_imprint": imprint,
                "serial_number": int.from_bytes(hashlib.sha256(imprint.dump()).digest()[:8], "big") >> 1,
                "gen_time": self.at.astimezone(UTC).replace(microsecond=0),
            }
        ).dump()
        token = _signed_data(
            self.credentials, "tst_info", hashlib.sha256(info).digest(), content=cms.ParsableOctetString(info)
        )
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})


def _container(signer: Credentials, digest: bytes, timestamper: TimeStamper | None) -> cms.ContentInfo:
    """Built by hand: pyHanko's signer needs an event loop, which a notebook already runs, and draws ECDSA's k by chance."""
    return _signed_data(signer, "data", digest, timestamper=timestamper)


def _signed_data(
    signer: Credentials, kind: str, digest: bytes, *, content: Any | None = None, timestamper: TimeStamper | None = None
) -> cms.ContentInfo:
    info = signer_info(signer, digest, kind=kind, timestamper=timestamper)
    return signed_data([info], [signer], kind=kind, content=content)


def signer_info(
    signer: Credentials,
    digest: bytes,
    *,
    kind: str | None = "data",
    timestamper: TimeStamper | None = None,
    at: datetime | None = None,
) -> cms.SignerInfo:
    """One signer's word over a SHA-256 digest. `kind`: the content's type, None for a countersignature; `at`: claimed time."""
    certificate = x509.Certificate.load(signer.certificate)
    attributes = [
        general.simple_cms_attribute("signing_certificate_v2", general.as_signing_certificate_v2(certificate)),
        general.simple_cms_attribute("message_digest", digest),
    ]
    if kind is not None:
        attributes.insert(0, general.simple_cms_attribute("content_type", kind))
    if at is not None:
        attributes.append(general.simple_cms_attribute("signing_time", cms.Time({"utc_time": at.astimezone(UTC)})))
    signed = cms.CMSAttributes(attributes)
    value = _sign(signer.key, signed.dump())
    info: dict[str, Any] = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            {"issuer_and_serial_number": {"issuer": certificate.issuer, "serial_number": certificate.serial_number}}
        ),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        "signed_attrs": signed,
        "signature": value,
    }
    if timestamper is not None:
        token = _requested(timestamper, hashlib.sha256(value).digest())
        info["unsigned_attrs"] = cms.CMSAttributes([general.simple_cms_attribute("signature_time_stamp_token", token)])
    return cms.SignerInfo(info)


def signed_data(
    infos: Sequence[cms.SignerInfo],
    signers: Sequence[Credentials],
    *,
    kind: str = "data",
    content: Any | None = None,
    more: Sequence[bytes] = (),
    lists: Sequence[bytes] = (),
) -> cms.ContentInfo:
    """A container of signatures. `more`: certificates besides the signers' own; `lists`: revocation lists; all DER."""
    ders = [d for s in signers for d in (s.certificate, *s.chain)] + list(more)
    encapsulated: dict[str, Any] = {"content_type": kind}
    if content is not None:
        encapsulated["content"] = content
    fields: dict[str, Any] = {
        "version": "v1" if kind == "data" else "v3",
        "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
        "encap_content_info": encapsulated,
        "certificates": [x509.Certificate.load(der) for der in dict.fromkeys(ders)],
        "signer_infos": list(infos),
    }
    if lists:
        fields["crls"] = [cms.RevocationInfoChoice("crl", crl.CertificateList.load(der)) for der in lists]
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(fields)})


def _requested(timestamper: TimeStamper, digest: bytes) -> Any:
    request = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
            "cert_req": True,
        }
    )
    return timestamper.request_tsa_response(request)["time_stamp_token"]


def _sign(key: bytes, data: bytes) -> bytes:
    private = serialization.load_der_private_key(key, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return private.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


class _Update(IncrementalPdfFileWriter):  # type: ignore[misc]
    """An incremental update without the clock: pyHanko would write "now" into the document information."""

    def _update_meta(self) -> None:
        return


def update_of(pdf: bytes, salt: str, password: str | None = None) -> IncrementalPdfFileWriter:
    """A writer whose bytes follow from the file and `salt`. `password`: of an encrypted PDF."""
    writer = _Update(io.BytesIO(pdf), strict=False)
    if password is not None:
        writer.encrypt(password)
    identifier: Any = writer._document_id
    # pyHanko draws the second half by chance, and the first where the file has none.
    drawn = generic.ByteStringObject(hashlib.sha256(pdf + salt.encode()).digest()[:16])
    identifier[1] = drawn
    if "/ID" not in writer.prev.trailer:
        identifier[0] = drawn
    return writer


def written(writer: IncrementalPdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _box(pdf: bytes, look: Look) -> tuple[float, float, float, float]:
    """From mm below the top left to points above the bottom left, on an unturned page."""
    import pymupdf

    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        height = document[look.page - 1].rect.height
    x, y, w, h = (v * 72.0 / 25.4 for v in look.box_mm)
    return (x, height - y - h, x + w, height - y)


def _style(look: Look) -> StaticStampStyle:
    picture = (
        Image.open(io.BytesIO(look.picture))
        if isinstance(look.picture, bytes)
        else Image.fromarray(np.asarray(look.picture))
    )
    fill = layout.SimpleBoxLayoutRule(
        layout.AxisAlignment.ALIGN_MID,
        layout.AxisAlignment.ALIGN_MID,
        layout.Margins(0, 0, 0, 0),
        layout.InnerScaling.STRETCH_FILL,
    )
    return StaticStampStyle(
        background=PdfImage(picture, name="Look"), background_layout=fill, border_width=0, background_opacity=1.0
    )

"""Trusted lists by script: a fictional list of lists, national lists, their signers; and a server on loopback."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import methods
from signxml.algorithms import CanonicalizationMethod, SignatureMethod
from signxml.xades import XAdESSigner

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
ISSUED = datetime(2026, 6, 1, tzinfo=UTC)
DUE = datetime(2026, 11, 30, tzinfo=UTC)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_TSL = "http://uri.etsi.org/02231/v2#"
_ADDITIONAL = "http://uri.etsi.org/02231/v2/additionaltypes#"
_STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
_TYPE = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/"


@dataclass(frozen=True)
class Operator:
    """Who signs a list: a fictional key, following from its name."""

    name: str
    until: datetime = datetime(2035, 1, 1, tzinfo=UTC)

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        secret = int.from_bytes(hashlib.sha256(f"operator:{self.name}".encode()).digest(), "big") % (_ORDER - 1) + 1
        return ec.derive_private_key(secret, ec.SECP256R1())

    @property
    def certificate(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{self.name} (fictional)")])
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(datetime(2015, 1, 1, tzinfo=UTC))
            .not_valid_after(self.until)
            .sign(self.key, hashes.SHA256(), ecdsa_deterministic=True)
        )

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class Service:
    """A listed service; `history` as (status, since), newest first, the present one before all."""

    certificate: bytes
    kind: str = "CA/QC"
    history: Sequence[tuple[str, str]] = (("granted", "2016-07-01T00:00:00Z"),)
    name: str = "Issuing of certificates"
    extensions: str = ""


@dataclass(frozen=True)
class To:
    """A pointer to another list."""

    url: str
    territory: str
    signers: Sequence[bytes]
    kind: str = "EUgeneric"


@dataclass(frozen=True)
class TslText:
    """A list's content, unsigned."""

    territory: str = "XA"
    kind: str = "EUgeneric"
    number: int = 10
    issued: datetime = ISSUED
    due: datetime | None = DUE
    services: Sequence[Service] = ()
    pointers: Sequence[To] = ()
    pivots: Sequence[str] = ()
    version: str = "6"

    @property
    def xml(self) -> bytes:
        due = f"<dateTime>{self.due:%Y-%m-%dT%H:%M:%SZ}</dateTime>" if self.due else ""
        pivots = "".join(f'<URI xml:lang="en">{url}</URI>' for url in self.pivots)
        pointers = "".join(map(_pointer, self.pointers))
        services = "".join(map(_service, self.services))
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<TrustServiceStatusList xmlns="{_TSL}" xmlns:a="{_ADDITIONAL}" TSLTag="http://uri.etsi.org/19612/TSLTag" Id="list">
<SchemeInformation><TSLVersionIdentifier>{self.version}</TSLVersionIdentifier>
<TSLSequenceNumber>{self.number}</TSLSequenceNumber><TSLType>{_TYPE}{self.kind}</TSLType>
<SchemeInformationURI>{pivots}<URI xml:lang="en">https://lists.example/about</URI></SchemeInformationURI>
<SchemeTerritory>{self.territory}</SchemeTerritory><PointersToOtherTSL>{pointers}</PointersToOtherTSL>
<ListIssueDateTime>{self.issued:%Y-%m-%dT%H:%M:%SZ}</ListIssueDateTime><NextUpdate>{due}</NextUpdate></SchemeInformation>
<TrustServiceProviderList><TrustServiceProvider>
<TSPInformation><TSPName><Name xml:lang="en">Northlight Trust (fictional)</Name></TSPName></TSPInformation>
<TSPServices>{services}</TSPServices></TrustServiceProvider></TrustServiceProviderList>
</TrustServiceStatusList>""".encode()

    def signed(self, by: Operator, method: SignatureMethod = SignatureMethod.ECDSA_SHA256) -> bytes:
        return sign(self.xml, by, method)


class _Signer(XAdESSigner):
    """Says for each reference how it was canonicalised, as real lists do (signxml leaves it out, and then means 1.1)."""

    def _add_reference_to_signed_info(self, sig_root: Any, node_to_reference: Any, **attributes: str) -> None:
        super()._add_reference_to_signed_info(sig_root, node_to_reference, **attributes)
        ds = "{http://www.w3.org/2000/09/xmldsig#}"
        reference = sig_root.findall(f"{ds}SignedInfo/{ds}Reference")[-1]
        transforms = etree.Element(f"{ds}Transforms")
        etree.SubElement(transforms, f"{ds}Transform", Algorithm=self.c14n_alg.value)
        reference.insert(0, transforms)


def sign(
    xml: bytes, by: Operator, method: SignatureMethod = SignatureMethod.ECDSA_SHA256, *, reference: str | None = None
) -> bytes:
    """The XML with an enveloped signature. `reference`: the Id of what is signed; the whole document without."""
    signer = _Signer(
        method=methods.enveloped,
        signature_algorithm=method,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    pem = by.certificate.public_bytes(serialization.Encoding.PEM).decode()
    return bytes(etree.tostring(signer.sign(etree.fromstring(xml), key=by.key, cert=pem, reference_uri=reference)))


def _pointer(one: To) -> str:
    signers = "".join(_identity(der) for der in one.signers)
    return f"""<OtherTSLPointer><ServiceDigitalIdentities>{signers}</ServiceDigitalIdentities>
<TSLLocation>{one.url}</TSLLocation><AdditionalInformation>
<OtherInformation><TSLType>{_TYPE}{one.kind}</TSLType></OtherInformation>
<OtherInformation><SchemeTerritory>{one.territory}</SchemeTerritory></OtherInformation>
<OtherInformation><a:MimeType>application/vnd.etsi.tsl+xml</a:MimeType></OtherInformation>
</AdditionalInformation></OtherTSLPointer>"""


def _identity(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    return f"<ServiceDigitalIdentity><DigitalId><X509Certificate>{text}</X509Certificate></DigitalId></ServiceDigitalIdentity>"


def _service(one: Service) -> str:
    def body(status: str, since: str, identity: str) -> str:
        return f"""<ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/{one.kind}</ServiceTypeIdentifier>
<ServiceName><Name xml:lang="en">{one.name}</Name></ServiceName>{identity}<ServiceStatus>{_STATUS}{status}</ServiceStatus>
<StatusStartingTime>{since}</StatusStartingTime>
<ServiceInformationExtensions>{one.extensions}</ServiceInformationExtensions>"""

    # A former status may name the key alone (5.6.3).
    by_key = "<ServiceDigitalIdentity><DigitalId><X509SKI>AAAA</X509SKI></DigitalId></ServiceDigitalIdentity>"
    (status, since), *former = one.history
    now = f"<ServiceInformation>{body(status, since, _identity(one.certificate))}</ServiceInformation>"
    past = "".join(f"<ServiceHistoryInstance>{body(*entry, by_key)}</ServiceHistoryInstance>" for entry in former)
    return f"<TSPService>{now}<ServiceHistory>{past}</ServiceHistory></TSPService>"


def extension(*uris: str, critical: bool = False) -> str:
    """AdditionalServiceInformation: what a CA's certificates are for."""
    base = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/"
    said = "".join(
        f'<AdditionalServiceInformation><URI xml:lang="en">{base}{uri}</URI></AdditionalServiceInformation>'
        for uri in uris
    )
    return f'<Extension Critical="{str(critical).lower()}">{said}</Extension>'


LOTL_SIGNER = Operator("lotl")
XA_SIGNER = Operator("xa")
XB_SIGNER = Operator("xb")


@cache
def scheme(base: str = "https://lists.example") -> dict[str, bytes]:
    """A list of lists (territory EU) with two national ones, by path: XA has a CA and a TSA, XB a CA withdrawn in 2023."""
    from tests.signatures.documents import OTHER, PKI

    lotl = TslText(
        "EU", "EUlistofthelists", 300,
        pointers=[
            To(f"{base}/lotl.xml", "EU", [LOTL_SIGNER.der], "EUlistofthelists"),
            To(f"{base}/xa.xml", "XA", [XA_SIGNER.der]),
            To(f"{base}/xb.xml", "XB", [XB_SIGNER.der]),
        ],
    )  # fmt: skip
    xa = TslText("XA", services=[Service(PKI.issuer_der), Service(PKI.timestamper_der, "TSA/QTST", name="Stamps")])
    history = [("withdrawn", "2023-05-01T00:00:00Z"), ("granted", "2016-07-01T00:00:00Z")]
    xb = TslText("XB", number=7, services=[Service(OTHER.root_der, history=history)])
    return {
        "/lotl.xml": lotl.signed(LOTL_SIGNER),
        "/xa.xml": xa.signed(XA_SIGNER),
        "/xb.xml": xb.signed(XB_SIGNER),
    }


@contextmanager
def on_loopback(files: dict[str, bytes]) -> Iterator[str]:
    """Serve `files` by path, as they stand at each request; the server's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

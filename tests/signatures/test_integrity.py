"""What `intact` says, and what it says when it cannot be told."""

from __future__ import annotations

import hashlib
import io
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from pyhanko.pdf_utils.reader import PdfFileReader

from tests.signatures.documents import SIGNED, contract, examined, only, problems, signed, signer, stamped
from verify.signatures.pdf import scan
from verify.simulation.attacks import add_revision, newest_table, root_of, size_of
from verify.simulation.signing import sign_pdf
from verify.simulation.tampering import break_bytes
from verify.stores.trust import NO_ANCHORS


def test_an_untouched_signature_is_intact() -> None:
    found = only(signed())
    assert (found.intact, found.broken, found.container) == (True, None, "PAdES")


def test_one_changed_byte_breaks_the_digest() -> None:
    found = only(break_bytes(signed()))
    assert (found.intact, found.broken) == (False, "digest-mismatch")
    assert (found.indication, found.sub_indication) == ("TOTAL_FAILED", "HASH_FAILURE")


def test_a_changed_signature_value_breaks_the_signature() -> None:
    pdf = signed()
    span = re.search(rb"/Contents <([0-9A-Fa-f]+)>", pdf)
    assert span is not None
    value = bytes.fromhex(span.group(1).decode())
    at = _signature_value(value)
    broken = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
    found = only(pdf.replace(span.group(1), broken.hex().upper().encode(), 1), NO_ANCHORS)
    assert (found.intact, found.broken, found.sub_indication) == (False, "signature-mismatch", "SIG_CRYPTO_FAILURE")


def _signature_value(der: bytes) -> int:
    from asn1crypto import cms

    value = cms.ContentInfo.load(der)["content"]["signer_infos"][0]["signature"].native
    return der.index(value) + len(value) - 3


@pytest.mark.parametrize("contents", [b"", b"00", b"null"])
def test_a_signature_without_a_value_is_no_signature(contents: bytes) -> None:
    pdf = signed(revocation=False)
    span = re.search(rb"/Contents <[0-9A-Fa-f]+>", pdf)
    assert span is not None
    new = b"/Contents null" if contents == b"null" else b"/Contents <" + contents + b">"
    found = only(pdf.replace(span.group(), new.ljust(len(span.group())), 1), NO_ANCHORS)
    assert (found.intact, found.broken) == (False, "no-signature-value")
    assert found.sub_indication == "FORMAT_FAILURE"


def test_an_unreadable_container_is_null_and_not_false() -> None:
    pdf = signed(revocation=False)
    span = re.search(rb"/Contents <([0-9A-Fa-f]+)>", pdf)
    assert span is not None
    found = only(pdf.replace(span.group(1), b"AB" * (len(span.group(1)) // 2), 1), NO_ANCHORS)
    assert (found.intact, found.broken, found.indication) == (None, "malformed", "TOTAL_FAILED")


def test_a_value_that_the_range_does_not_leave_out_is_the_wrapping_attack() -> None:
    pdf = signed(revocation=False)
    span = re.search(rb"/ByteRange \[ ?0 (\d+) (\d+) (\d+) ?\]", pdf)
    assert span is not None
    first, second = int(span.group(1)), int(span.group(2))
    # A wider gap: the bytes beside /Contents are not signed any more.
    moved = f"/ByteRange [0 {first} {second + 40} {int(span.group(3)) - 40}]".encode().ljust(len(span.group()))
    found = only(pdf.replace(span.group(), moved, 1), NO_ANCHORS)
    assert found.modification == "suspicious"
    assert found.modification_detail == "byte-range-leaves-out-more"
    assert found.coverage == "partial"


def test_a_range_beyond_the_end_of_the_file_is_broken() -> None:
    pdf = signed(revocation=False)
    found = only(_longer_range(pdf), NO_ANCHORS)
    assert (found.intact, found.broken) == (False, "byte-range-outside")


def _longer_range(pdf: bytes) -> bytes:
    span = re.search(rb"/ByteRange \[ ?0 (\d+) (\d+) (\d+) ?\]", pdf)
    assert span is not None
    longer = f"/ByteRange [0 {span.group(1).decode()} {span.group(2).decode()} {int(span.group(3)) + 9}]".encode()
    return pdf.replace(span.group(), longer.ljust(len(span.group())), 1)


def test_a_revision_whose_table_lay_hidden_in_the_signed_part_is_a_later_one() -> None:
    """The signed bytes hold a table that nothing leads to, until an unsigned trailer does."""
    pdf, table = _with_a_prepared_table()
    assert pdf[table : table + 4] == b"xref"
    assert only(pdf).modification == "none"
    found = only(add_revision(pdf, {size_of(pdf) + 60: b"<<>>"}, previous=table))
    assert (found.intact, found.coverage, found.modification) == (True, "revision", "suspicious")
    assert found.revision is not None and found.revisions == found.revision + 2


def _with_a_prepared_table() -> tuple[bytes, int]:
    """A signed file with a table in an unused stream whose /Prev is the signature's own; and where that table is."""
    base = contract()
    page = PdfFileReader(io.BytesIO(base), strict=False).root["/Pages"]["/Kids"].raw_get(0).idnum
    host, guess = size_of(base), 0
    for _ in range(5):
        start = len(base if base.endswith(b"\n") else base + b"\n")
        head = b"<</Length %06d>>stream\n"
        evil = b"%d 0 obj\n<</Type/Page/MediaBox[0 0 9 9]>>\nendobj\n" % page
        first = start + len(b"%d 0 obj\n" % host) + len(head % 0)
        inner = evil + b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %d 0 R/Prev %010d>>\n" % (
            page, first, host + 60, root_of(base), guess,
        )  # fmt: skip
        prepared = add_revision(base, {host: head % len(inner) + inner + b"\nendstream"})
        pdf = sign_pdf(prepared, signer(), at=SIGNED)
        if newest_table(pdf) == guess:
            break
        guess = newest_table(pdf)
    return pdf, first + len(evil)


def test_a_byte_range_is_found_however_it_is_spelled() -> None:
    data = b"<</Byte#52ange%x\n[\x000 1\x00 5 %y\r 2 ]/Contents<00>/SubFilter\x00/adbe.pkcs7.detached>>"
    found = [*scan(data)]
    assert [(f.byte_range, f.subfilter) for f in found] == [((0, 1, 5, 2), "adbe.pkcs7.detached")]


def test_an_unsigned_document_gives_nothing() -> None:
    assert examined(contract()) == []
    assert problems(contract()) == []


def test_a_document_timestamp_written_as_a_signature_is_a_timestamp() -> None:
    _, stamp = examined(stamped(as_signature=True))
    assert (stamp.purpose, stamp.container, stamp.intact) == ("timestamp", "RFC3161", True)


def test_the_signed_revision_has_a_digest_of_its_own() -> None:
    pdf = signed(revocation=False)
    assert only(pdf).signed_revision_sha256 == hashlib.sha256(pdf).hexdigest()
    assert only(signed()).signed_revision_sha256 == hashlib.sha256(pdf).hexdigest()


def rsa_certificate(bits: int = 2048) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    from tests.signatures.documents import SIGNED

    key = rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "RSA Example")])
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(SIGNED).not_valid_after(SIGNED.replace(year=2040)).sign(key, hashes.SHA256())
    )  # fmt: skip
    return key, built


def prepared(subfilter: str, extra: str = "") -> tuple[bytes, tuple[int, int, int, int]]:
    """A minimal PDF with a hole of 8,000 bytes for /Contents, and its byte range."""
    hole = "<" + "0" * 16_000 + ">"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] /SigFlags 3 >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [4 0 R] >>",
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Old) /V 5 0 R /Rect [0 0 0 0] /P 3 0 R >>",
        f"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /{subfilter} {extra} /ByteRange [0 AAAAAAAA BBBBBBBB CCCCCCCC] /Contents {hole} >>",
    ]
    data, offsets = b"%PDF-1.6\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(data)
    data += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(f"{o:010d} 00000 n \n".encode() for o in offsets)
    data += f"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    first = data.index(hole.encode())
    second = first + len(hole)
    span = (0, first, second, len(data) - second)
    for mark, value in zip((b"AAAAAAAA", b"BBBBBBBB", b"CCCCCCCC"), span[1:], strict=True):
        data = data.replace(mark, str(value).ljust(8).encode())
    return data, span


def filled(data: bytes, span: tuple[int, int, int, int], container: bytes) -> bytes:
    return data[: span[1] + 1] + container.hex().encode().ljust(16_000, b"0") + data[span[2] - 1 :]


def covered(data: bytes, span: tuple[int, int, int, int]) -> bytes:
    return data[: span[1]] + data[span[2] :]


def test_adbe_pkcs7_sha1_is_judged() -> None:
    key, certificate = rsa_certificate()
    data, span = prepared("adbe.pkcs7.sha1")
    inner = hashlib.sha1(covered(data, span)).digest()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(inner).add_signer(certificate, key, hashes.SHA256())
    pdf = filled(data, span, builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary]))
    found = only(pdf, NO_ANCHORS)
    assert (found.container, found.intact) == ("PKCS7", True)
    assert only(pdf.replace(b"[0 0 200 200]", b"[0 0 300 200]"), NO_ANCHORS).broken == "digest-mismatch"


def test_adbe_x509_rsa_sha1_is_judged() -> None:
    from asn1crypto import core

    key, certificate = rsa_certificate()
    der = certificate.public_bytes(serialization.Encoding.DER)
    data, span = prepared("adbe.x509.rsa_sha1", f"/Cert <{der.hex()}>")
    value = key.sign(covered(data, span), padding.PKCS1v15(), hashes.SHA1())
    pdf = filled(data, span, core.OctetString(value).dump())
    found = only(pdf, NO_ANCHORS)
    assert (found.container, found.intact, found.algorithms.digest) == ("X509-RSA", True, "sha1")
    assert "sha1" in found.algorithms.weak
    assert only(pdf.replace(b"[0 0 200 200]", b"[0 0 300 200]"), NO_ANCHORS).intact is False


def test_a_key_that_is_short_for_the_time_is_weak() -> None:
    key, certificate = rsa_certificate(1024)
    data, span = prepared("adbe.pkcs7.detached")
    builder = pkcs7.PKCS7SignatureBuilder().set_data(covered(data, span)).add_signer(certificate, key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature]
    found = only(filled(data, span, builder.sign(serialization.Encoding.DER, options)), NO_ANCHORS)
    assert found.intact is True
    assert found.algorithms.weak == ("rsassa_pkcs1v15-1024",)


def test_a_negative_modulus_is_read_as_what_was_meant() -> None:
    """Estonian eID certificates of 2012 to 2017 leave out the leading zero."""
    from verify.signatures.containers import Certificate, mended_key

    _, certificate = rsa_certificate()
    der = certificate.public_bytes(serialization.Encoding.DER)
    good = Certificate.load(der).public_key
    spki = good.dump()
    modulus = good["public_key"].parsed["modulus"].native
    assert modulus >> 2047  # the top bit is set, so DER needs the zero
    from asn1crypto import core, keys

    negative = core.Integer(modulus - (1 << 2048)).dump()
    body = negative + core.Integer(65537).dump()
    sequence = b"\x30\x82" + len(body).to_bytes(2, "big") + body
    bits = b"\x03\x82" + (len(sequence) + 1).to_bytes(2, "big") + b"\x00" + sequence
    algorithm = keys.PublicKeyInfo.load(spki)["algorithm"].dump()
    whole = algorithm + bits
    broken = keys.PublicKeyInfo.load(b"\x30\x82" + len(whole).to_bytes(2, "big") + whole)
    assert broken["public_key"].parsed["modulus"].native < 0
    assert mended_key(broken)["public_key"].parsed["modulus"].native == modulus


def detached(
    key: object, certificate: x509.Certificate, data: bytes, *, algorithm: str, digest: str, value: bytes
) -> bytes:
    """A CMS container without signed attributes around a given value."""
    from asn1crypto import cms
    from asn1crypto import x509 as asn1_x509

    own = asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
    signed_data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": digest}],
            "encap_content_info": {"content_type": "data"},
            "certificates": [own],
            "signer_infos": [
                {
                    "version": "v1",
                    "sid": cms.SignerIdentifier(
                        {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}}
                    ),
                    "digest_algorithm": {"algorithm": digest},
                    "signature_algorithm": {"algorithm": algorithm},
                    "signature": value,
                }
            ],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump()


@pytest.mark.parametrize(
    ("algorithm", "plain"),
    [
        ("sha256_ecdsa", False),
        ("0.4.0.127.0.7.1.1.4.1.3", True),
        ("1.2.840.10045.2.1", True),
        ("1.2.840.10045.2.1", False),
    ],
)
def test_ecdsa_is_read_in_every_dress(algorithm: str, plain: bool) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    from tests.signatures.documents import PKI, signer

    key = PKI._key(f"signer:{'长风仓储有限公司（虚构）'}:")
    data, span = prepared("adbe.pkcs7.detached")
    value = key.sign(covered(data, span), ec.ECDSA(hashes.SHA256()))
    if plain:
        r, s = utils.decode_dss_signature(value)
        value = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    certificate = x509.load_der_x509_certificate(signer().certificate)
    container = detached(key, certificate, data, algorithm=algorithm, digest="sha256", value=value)
    assert only(filled(data, span, container), NO_ANCHORS).intact is True


def test_an_unknown_algorithm_is_null_with_its_number() -> None:
    _, certificate = rsa_certificate()
    data, span = prepared("adbe.pkcs7.detached")
    container = detached(None, certificate, data, algorithm="sha256_rsa", digest="1.2.3.4.5", value=b"1234")
    found = only(filled(data, span, container), NO_ANCHORS)
    assert (found.intact, found.broken) == (None, "unknown-algorithm")
    assert (found.indication, found.sub_indication) == ("INDETERMINATE", "GENERIC")


def test_a_signature_without_a_certificate_takes_one_from_outside() -> None:
    from asn1crypto import cms

    from tests.signatures.documents import NOW
    from verify.formats.read import read
    from verify.signatures.evidence import SignatureEvidence
    from verify.signatures.examiner import SignatureExaminer

    key, certificate = rsa_certificate()
    data, span = prepared("adbe.pkcs7.detached")
    value = key.sign(covered(data, span), padding.PKCS1v15(), hashes.SHA256())
    whole = cms.ContentInfo.load(detached(key, certificate, data, algorithm="sha256_rsa", digest="sha256", value=value))
    whole["content"]["certificates"] = []
    pdf = filled(data, span, whole.dump(force=True))
    found = only(pdf, NO_ANCHORS)
    assert (found.intact, found.broken, found.sub_indication) == (
        None,
        "no-certificate",
        "NO_SIGNING_CERTIFICATE_FOUND",
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    given, *_ = SignatureExaminer(NO_ANCHORS, NOW, (der,)).examine(read(pdf, name="x.pdf"))
    assert isinstance(given, SignatureEvidence)
    assert given.intact is True

"""Signed files are opened whatever they are wrapped in; what is no signed file is refused with a remedy."""

from __future__ import annotations

import base64
import io

import pymupdf
import pytest
from asn1crypto import cms
from PIL import Image

from tests.signatures.documents import PKI, SIGNED, contract, signer
from verify.core.errors import Refusal, UsageError
from verify.formats import read
from verify.formats.cms import CmsDocument, definite
from verify.simulation.files import in_pieces, sign_file, stamp_file

PDF = contract()
ATTACHED = sign_file(PDF, [signer()], at=SIGNED)
DETACHED = sign_file(PDF, [signer()], at=SIGNED, attached=False)


def opened(data: bytes, name: str = "contract.pdf.p7m", **options: object) -> CmsDocument:
    document = read(data, name=name, **options)  # type: ignore[arg-type]
    assert isinstance(document, CmsDocument)
    return document


def refused(data: bytes, name: str = "x.p7m", **options: object) -> str:
    with pytest.raises(Refusal) as caught:
        read(data, name=name, **options)  # type: ignore[arg-type]
    assert caught.value.hint
    return caught.value.code


def pem(data: bytes, label: str = "CMS") -> bytes:
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(data) + f"-----END {label}-----\n".encode()


def message(kind: int) -> bytes:
    """An empty message of a type of PKCS #7 (1.2.840.113549.1.7.x)."""
    return b"\x30\x0f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07" + bytes([kind]) + b"\xa0\x02\x30\x00"


def mail(data: bytes) -> bytes:
    head = b'MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\n'
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)


@pytest.mark.parametrize(
    "data",
    [
        ATTACHED,
        in_pieces(ATTACHED),
        pem(ATTACHED),
        pem(ATTACHED, "PKCS7"),
        base64.encodebytes(ATTACHED),
        mail(ATTACHED),
    ],
    ids=["der", "ber", "pem", "pkcs7", "base64", "mail"],
)
def test_the_signed_file_is_taken_out_of_every_wrapping(data: bytes) -> None:
    document = opened(data)
    assert document.format == "cms"
    assert document.content == PDF
    assert document.inner is not None
    assert (document.inner.name, document.inner.format, len(document.pages)) == ("contract.pdf", "pdf", 1)
    assert "Storage Services" in document.pages[0].text()


def test_a_mail_part_is_signed_with_its_headers_and_the_file_is_in_its_body() -> None:
    part = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(PDF)
    document = opened(mail(sign_file(part, [signer()], at=SIGNED)))
    assert document.content == part
    assert document.inner is not None and document.inner.data == PDF


def test_a_signed_picture_has_its_page() -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, "PNG")
    assert len(opened(sign_file(out.getvalue(), [signer()], at=SIGNED), "scan.png.p7m").pages) == 1


def test_signed_files_nest_but_not_forever() -> None:
    data = PDF
    for _ in range(3):
        data = sign_file(data, [signer()], at=SIGNED)
    assert len(opened(data).pages) == 1
    for _ in range(3):
        data = sign_file(data, [signer()], at=SIGNED)
    assert refused(data) == "nested-too-deep"


def test_a_signed_text_has_no_pages_and_the_document_says_so() -> None:
    document = opened(sign_file(b"hello", [signer()], at=SIGNED))
    assert (len(document.pages), document.inner, document.content) == (0, None, b"hello")
    assert [code for code, _ in document.remarks] == ["content-not-shown"]


def test_a_detached_signature_shows_the_pages_of_its_original_alone() -> None:
    without = opened(DETACHED, "contract.pdf.p7s")
    assert (without.detached, without.content, len(without.pages)) == (True, None, 0)
    beside = opened(DETACHED, "contract.pdf.p7s", original=PDF)
    assert (beside.detached, beside.content, len(beside.pages)) == (True, PDF, 1)


def test_an_original_without_pages_is_kept_as_bytes() -> None:
    document = opened(DETACHED, "x.p7s", original=b"something else")
    assert (document.content, len(document.pages)) == (b"something else", 0)


def test_a_timestamp_token_lies_beside_its_file() -> None:
    token = stamp_file(PDF, PKI.timestamper(SIGNED))
    assert opened(token, "contract.tst").content is None
    assert opened(token, "contract.tst", original=PDF).content == PDF


@pytest.mark.parametrize("data", [ATTACHED, PDF])
def test_an_original_beside_what_needs_none_is_a_mistake_of_the_caller(data: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        read(data, name="x", original=PDF)
    assert caught.value.code == "original-not-needed"


def test_bytes_behind_the_message_are_told() -> None:
    document = opened(ATTACHED + b"%PDF-1.7 something else")
    assert document.trailing == 23
    assert "bytes-after-message" in [code for code, _ in document.remarks]
    assert opened(ATTACHED + b"\x00\x00\r\n").trailing == 0


def test_an_encrypted_pdf_inside_asks_for_its_password() -> None:
    with pymupdf.open(stream=PDF, filetype="pdf") as plain:
        locked = plain.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="geheim", owner_pw="chef")
    data = sign_file(locked, [signer()], at=SIGNED)
    assert refused(data) == "pdf-encrypted"
    assert len(opened(data, password="geheim").pages) == 1


def test_what_is_encrypted_is_refused_and_so_is_what_is_broken() -> None:
    assert refused(message(3)) == "cms-encrypted"
    assert refused(message(1)) == "cms-undecodable"
    assert refused(ATTACHED[:200]) == "cms-undecodable"
    assert refused(in_pieces(ATTACHED)[:-6]) == "cms-undecodable"


def test_signed_content_of_any_type_is_taken_as_octets() -> None:
    data = ATTACHED.replace(cms.ContentType("data").dump(), cms.ContentType("digested_data").dump(), 1)
    assert opened(data).content == PDF


def test_der_stays_as_it_is_and_ber_becomes_it() -> None:
    assert definite(ATTACHED + b"more") == (ATTACHED, len(ATTACHED))
    ber = in_pieces(ATTACHED)
    assert definite(ber) == (ATTACHED, len(ber))


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80" * 500,
        b"\x30\x84\xff\xff\xff\xff\x00",
        b"\x04\x80\x00\x00",
        b"\x24\x80\x02\x01\x05\x00\x00",
        b"\x30",
        b"",
    ],
    ids=["nested", "too-long", "open-primitive", "pieces-of-another-kind", "cut", "empty"],
)
def test_malformed_ber_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        definite(data)


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (
            b'<?xml version="1.0"?><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>',
            "a.xml",
            "format-xml-signature",
        ),
        (b"Content-Type: multipart/signed; micalg=sha-256\r\nMIME-Version: 1.0\r\n\r\n", "a.eml", "format-mail"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "a.pem", "format-unsupported"),
    ],
)
def test_what_is_not_examined_is_refused_with_a_way_out(data: bytes, name: str, code: str) -> None:
    assert refused(data, name) == code

"""Encrypted PDFs are opened with a given password, and their signatures judged: /Contents is never encrypted."""

from __future__ import annotations

import io
from functools import cache

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.crypt import PubKeySecurityHandler, SecurityHandler, StandardSecurityHandler
from pyhanko.pdf_utils.crypt.pubkey import RecipientEncryptionPolicy
from pyhanko.pdf_utils.crypt.standard import StandardSecuritySettingsRevision
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from tests.signatures.documents import ANCHORS, NOW, PKI, SIGNED, contract, signer
from verify.core.errors import Refusal
from verify.formats import read
from verify.signatures.evidence import SignatureEvidence
from verify.signatures.examiner import SignatureExaminer
from verify.simulation.signing import sign_pdf

OWNER = "chef"
KINDS = {"rc4-40": (2, 5, False), "rc4-128": (3, 16, False), "aes-128": (4, 16, True), "aes-256": (6, 32, True)}


def written(handler: SecurityHandler | None, kind: str = "", user: str = "") -> bytes:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(contract())))
    if handler is None:
        revision, length, aes = KINDS[kind]
        if revision == 6:
            handler = StandardSecurityHandler.build_from_pw(OWNER, user)
        else:
            handler = StandardSecurityHandler.build_from_pw_legacy(
                StandardSecuritySettingsRevision(revision), writer._document_id[0].original_bytes, OWNER, user,
                keylen_bytes=length, use_aes128=aes,
            )  # fmt: skip
    writer._assign_security_handler(handler)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@cache
def locked(kind: str, user: str) -> bytes:
    return sign_pdf(written(None, kind, user), signer(), at=SIGNED, timestamper=PKI.timestamper(SIGNED), password=OWNER)


def only(data: bytes, password: str | None) -> SignatureEvidence:
    document = read(data, name="contract.pdf", password=password)
    (found,) = [e for e in SignatureExaminer(ANCHORS, NOW).examine(document) if isinstance(e, SignatureEvidence)]
    return found


def refused(data: bytes, password: str | None) -> str:
    with pytest.raises(Refusal) as caught:
        read(data, name="contract.pdf", password=password)
    assert caught.value.hint
    return caught.value.code


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("password", ["geheim", OWNER])
def test_either_password_opens_it_and_the_signature_is_judged(kind: str, password: str) -> None:
    evidence = only(locked(kind, "geheim"), password)
    assert (evidence.intact, evidence.modification, evidence.coverage) == (True, "none", "whole-file")
    assert evidence.level == "PAdES-B-T"
    assert evidence.path.complete


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_user_password_anybody_may_read(kind: str) -> None:
    assert only(locked(kind, ""), None).intact is True
    assert only(locked(kind, ""), "not needed").intact is True


@pytest.mark.parametrize("kind", ["aes-128", "aes-256"])
def test_a_password_with_umlauts_is_encoded_as_its_handler_wants(kind: str) -> None:
    assert only(locked(kind, "schlüssel"), "schlüssel").intact is True


def test_no_password_and_a_wrong_one_are_refused_with_the_remedy() -> None:
    assert refused(locked("aes-256", "geheim"), None) == "pdf-encrypted"
    assert refused(locked("aes-256", "geheim"), "wrong") == "pdf-wrong-password"


def test_a_changed_byte_in_an_encrypted_file_is_seen() -> None:
    data = locked("aes-256", "geheim")
    at = data.index(b"/Creator") if b"/Creator" in data else data.index(b"/Type")
    changed = data[: at + 1] + bytes([data[at + 1] ^ 0x20]) + data[at + 2 :]
    assert only(changed, "geheim").broken == "digest-mismatch"


def test_a_pdf_for_the_holder_of_a_certificate_is_refused() -> None:
    recipient = x509.Certificate.load(signer().certificate)
    policy = RecipientEncryptionPolicy(ignore_key_usage=True)
    handler = PubKeySecurityHandler.build_from_certs([recipient], policy=policy)
    assert refused(written(handler), None) == "pdf-encrypted-for-recipient"
    assert refused(written(handler), "geheim") == "pdf-encrypted-for-recipient"

"""The fictional authority and what it signs: the same bytes on every run."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

from cryptography import x509

from tests.signatures.documents import PKI, SIGNED, contract, signed, signer
from verify.formats.read import read
from verify.simulation.contracts import Scan, contract_pdf
from verify.simulation.pki import TestPki


def test_equal_seeds_give_equal_certificates_and_others_do_not() -> None:
    assert TestPki().signer("甲").certificate == TestPki().signer("甲").certificate
    assert TestPki(seed="other").root_der != TestPki().root_der


def test_the_chain_is_signed_from_root_to_signer() -> None:
    leaf, issuer, root = (
        x509.load_der_x509_certificate(c) for c in (signer().certificate, PKI.issuer_der, PKI.root_der)
    )
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)


def test_a_revocation_counts_from_its_moment_on() -> None:
    gone = PKI.revoke(signer(), SIGNED)
    before = x509.load_der_x509_crl(gone.crl(SIGNED - timedelta(days=1)))
    after = x509.load_der_x509_crl(gone.crl(SIGNED))
    assert before.get_revoked_certificate_by_serial_number(signer().serial) is None
    assert after.get_revoked_certificate_by_serial_number(signer().serial) is not None
    assert not PKI.revoked


def test_signing_twice_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib; from tests.signatures.documents import signed, stamped;"
        "print(hashlib.sha256(signed() + stamped()).hexdigest())"
    )
    runs = {subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout for _ in range(2)}
    assert len(runs) == 1
    assert signed() == signed.__wrapped__()


def test_a_contract_reads_in_both_languages() -> None:
    text = read(contract(), name="c.pdf").pages[0].text()
    assert "仓储服务合同" in text
    assert "Storage Services Agreement" in text


def test_a_scan_becomes_a_page_of_its_own_size_at_its_own_resolution() -> None:
    import numpy as np

    pixels = np.random.default_rng(1).integers(0, 255, (1169, 827, 3), dtype=np.uint8)
    pdf = contract_pdf("T", [], [], dated=datetime(2024, 1, 1, tzinfo=UTC), pages=[Scan(pixels, 100)])
    pages = read(pdf, name="s.pdf").pages
    assert len(pages) == 2
    assert pages[1].native_dpi is not None
    assert abs(pages[1].native_dpi - 100) < 0.5
    assert (pages[1].render(100)[:1169, :827] == pixels).mean() > 0.99

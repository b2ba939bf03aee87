"""What the checks make of signatures: findings with a code, under no policy yet."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.signatures.documents import PKI, SIGNED, TEXT_BOX, contract, examined, only, signed, signer, stamped
from verify.core.findings import Reply
from verify.signatures import checks
from verify.signatures.evidence import Path, SignatureEvidence
from verify.simulation.signing import sign_pdf
from verify.simulation.tampering import break_bytes, change_text
from verify.stores.trust import NO_ANCHORS


@dataclass(frozen=True)
class Alone:
    """A dossier of one signature."""

    evidence: tuple[SignatureEvidence, ...]


def asked(found: SignatureEvidence) -> dict[str, Reply | None]:
    return {c.id.removeprefix("signature."): c.function(found, Alone((found,))) for c in checks.CHECKS}


def codes(found: SignatureEvidence) -> dict[str, tuple[str, str] | None]:
    return {k: (r.outcome, r.code) if r else None for k, r in asked(found).items()}


def test_a_good_signature_passes_every_check() -> None:
    assert {r.outcome for r in asked(only(signed())).values() if r} == {"passed"}


def test_broken_bytes_fail_and_nobody_is_proven() -> None:
    found = codes(only(break_bytes(signed())))
    assert found["intact"] == ("failed", "signed-bytes-changed")
    assert found["identity"] == ("indeterminate", "nobody-proven")


def test_changed_text_fails_with_its_objects() -> None:
    reply = asked(only(change_text(signed(), 1, TEXT_BOX, "x")))["unmodified"]
    assert reply is not None
    assert (reply.outcome, reply.code) == ("failed", "changed-after-signing")
    assert "page 1, content" in (reply.params["objects"] or [])  # type: ignore[operator]


def test_a_revoked_signer_fails() -> None:
    pki = PKI.revoke(signer(), SIGNED - timedelta(days=1))
    pdf = sign_pdf(contract(), signer(), at=SIGNED, timestamper=pki.timestamper(SIGNED), revocation=pki)
    assert codes(only(pdf))["identity"] == ("failed", "path-revoked")


def test_without_anchors_identity_is_not_established() -> None:
    assert codes(only(signed(), NO_ANCHORS))["identity"] == ("indeterminate", "identity-not-established")


@pytest.mark.parametrize("problem", ["expired-since", "revoked-since", "weak-algorithm", "no-certificate"])
def test_a_doubt_accuses_nobody(problem: str) -> None:
    found = only(signed()).model_copy(update={"path": Path(complete=True, problem=problem)})
    assert codes(found)["identity"] == ("indeterminate", f"path-{problem}")


def test_a_document_timestamp_alone_is_asked_on_whose_word_it_stands() -> None:
    stamp = examined(stamped())[-1]
    assert codes(stamp)["authority"] == ("passed", "timestamp-proven")
    assert codes(stamp)["identity"] is None
    assert codes(stamp)["intact"] == ("passed", "signed-bytes-hold")


def test_judging_does_not_load_pyhanko() -> None:
    code = "import sys, verify.kinds; assert not [m for m in sys.modules if m.startswith(('pyhanko', 'asn1crypto'))]"
    subprocess.run([sys.executable, "-c", code], check=True)

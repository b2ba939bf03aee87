"""The level that a signature reaches: B-B, B-T, B-LT, B-LTA (EN 319 142-1, clause 6; EN 319 122-1 for CAdES).

PAdES asks for a reference to the signer's certificate; older PKCS#7 signatures are named after their own format.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asn1crypto import crl, ocsp

from verify.signatures.paths import name_key
from verify.signatures.times import Kept
from verify.signatures.work import Work

_NAMES = {"PAdES": "PAdES-B-", "CAdES": "CAdES-B-", "PKCS7": "PKCS7-"}


def level(work: Work, all: Sequence[Work], store: Sequence[Kept], chain: Sequence[Any] = ()) -> str | None:
    """None where the container has no levels, or misses what its name promises.

    It tells what was built in, not whether it is trusted. `chain`: the signer's certificate and those above it; a list or
    response about none of them makes no B-LT.
    """
    signer = work.signer
    if signer is None or signer.kind not in _NAMES or (signer.kind != "PKCS7" and not signer.names_its_certificate):
        return None
    name = _NAMES[signer.kind]
    later = [w for w in all if w.found.timestamp and w.coverage.end > work.coverage.end and w.integrity.intact]
    stamped = bool(later) or any(s.kind == "signature" and s.intact for s in work.stamps)
    if not stamped:
        return name + "B"
    answers = [k for k in store if _concerns(k.item, chain)]
    if not answers and not any(_concerns(a, chain) for a in (*signer.crls, *signer.ocsps)):
        return name + "T"
    covered = any(w.revision is not None and k.revision <= w.revision for w in later for k in answers)
    return name + ("LTA" if covered or (later and not answers) else "LT")


def _concerns(item: Any, chain: Sequence[Any]) -> bool:
    """Whether a list or a response could speak about one of the certificates."""
    if isinstance(item, crl.CertificateList):
        issuers = {name_key(c.issuer) for c in chain}
        return name_key(item.issuer) in issuers
    if isinstance(item, ocsp.OCSPResponse):
        serials = {c.serial_number for c in chain}
        try:
            return any(r["cert_id"]["serial_number"].native in serials for r in item.response_data["responses"])
        except (ValueError, TypeError, KeyError):
            return False
    return False

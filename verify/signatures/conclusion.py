"""The conclusion in the words of EN 319 102-1 (tables 5 and 6): an indication and a sub-indication.

A proof that a signature existed at a time does not prove that it was not made long before. So "made after the
certificate expired, was revoked, or after an algorithm fell" is TOTAL_FAILED only where a content timestamp, which
the signature covers, lies after that; otherwise the proof of existence is what is missing (…_NO_POE).
"""

from __future__ import annotations

from datetime import datetime

from verify.signatures.algorithms import until
from verify.signatures.containers import Integrity
from verify.signatures.evidence import Algorithms, Indication
from verify.signatures.trail import Trail

Conclusion = tuple[Indication, str | None]

_BROKEN: dict[str | None, Conclusion] = {
    "digest-mismatch": ("TOTAL_FAILED", "HASH_FAILURE"),
    "signature-mismatch": ("TOTAL_FAILED", "SIG_CRYPTO_FAILURE"),
    "no-certificate": ("INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND"),
    "certificate-mismatch": ("INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND"),
    "signed-data-missing": ("INDETERMINATE", "SIGNED_DATA_NOT_FOUND"),
    "unknown-algorithm": ("INDETERMINATE", "GENERIC"),
    "not-examined": ("INDETERMINATE", "GENERIC"),
}
_PATH: dict[str, Conclusion] = {
    "no-anchors": ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),
    "no-path": ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),
    "no-certificate": ("INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND"),
    "not-yet-valid": ("TOTAL_FAILED", "NOT_YET_VALID"),
    "on-hold": ("INDETERMINATE", "TRY_LATER"),
    "authority-revoked": ("INDETERMINATE", "REVOKED_CA_NO_POE"),
    "authority-revoked-since": ("INDETERMINATE", "REVOKED_CA_NO_POE"),
    "weak-algorithm": ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"),
    "constraints": ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE"),
}


def conclude(
    integrity: Integrity,
    modification: str,
    trail: Trail,
    algorithms: Algorithms,
    *,
    since: datetime | None = None,
    disordered: bool = False,
    timestamp: bool = False,
    malformed: bool = False,
    stranger: bool = False,
    policy: str | None = None,
) -> Conclusion:
    """The first thing that does not hold decides, in the standard's order.

    `since`: it was made after this moment. `malformed`: its byte range leaves room for what was not signed. `stranger`:
    it names a certificate that is not of the path. `policy`: not-available or unreadable, where the signer names one.
    """
    if malformed:
        return "TOTAL_FAILED", "FORMAT_FAILURE"
    if not integrity.intact:
        return _BROKEN.get(integrity.broken, ("TOTAL_FAILED", "FORMAT_FAILURE"))
    if modification == "suspicious":
        return "TOTAL_FAILED", "FORMAT_FAILURE"
    if trail.path.problem is not None:
        return _of_path(trail, since)
    if algorithms.weak:
        fell = min((t for t in map(until, algorithms.weak) if t is not None), default=None)
        late = since is not None and fell is not None and since >= fell
        return "INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE" if late else "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    unknown = [f for f in trail.facts if f.status == "unknown"]
    if unknown and not timestamp:
        if all(f.problem == "issuer-expired" for f in unknown):
            return "INDETERMINATE", "REVOCATION_OUT_OF_BOUNDS_NO_POE"
        return "INDETERMINATE", "TRY_LATER"
    if disordered:
        return "INDETERMINATE", "TIMESTAMP_ORDER_FAILURE"
    if stranger:
        return "INDETERMINATE", "SIG_CONSTRAINTS_FAILURE"
    if policy is not None:
        return (
            "INDETERMINATE",
            "POLICY_PROCESSING_ERROR" if policy == "unreadable" else "SIGNATURE_POLICY_NOT_AVAILABLE",
        )
    if modification == "unknown":
        return "INDETERMINATE", "GENERIC"
    return "TOTAL_PASSED", None


def _of_path(trail: Trail, since: datetime | None) -> Conclusion:
    problem = trail.path.problem or ""
    late = since is not None and trail.border is not None and since > trail.border
    if problem in ("expired", "expired-since"):
        if late:
            return "TOTAL_FAILED", "EXPIRED"
        return "INDETERMINATE", "OUT_OF_BOUNDS_NOT_REVOKED" if trail.not_revoked_at_border else "OUT_OF_BOUNDS_NO_POE"
    if problem in ("revoked", "revoked-since"):
        return ("TOTAL_FAILED", "REVOKED") if late else ("INDETERMINATE", "REVOKED_NO_POE")
    return _PATH.get(problem, ("INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE"))

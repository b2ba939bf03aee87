"""The conclusion in the words of EN 319 102-1 (tables 5 and 6): an indication and a sub-indication."""

from __future__ import annotations

from collections.abc import Sequence

from verify.signatures.containers import Integrity
from verify.signatures.evidence import Algorithms, Indication, Path, RevocationFact

_BROKEN: dict[str | None, tuple[Indication, str]] = {
    "digest-mismatch": ("TOTAL_FAILED", "HASH_FAILURE"),
    "byte-range-outside": ("TOTAL_FAILED", "HASH_FAILURE"),
    "signature-mismatch": ("TOTAL_FAILED", "SIG_CRYPTO_FAILURE"),
    "no-certificate": ("INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND"),
    "certificate-mismatch": ("INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND"),
    "unknown-algorithm": ("INDETERMINATE", "GENERIC"),
}
_PATH: dict[str, tuple[Indication, str]] = {
    "no-anchors": ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),
    "no-path": ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),
    "no-certificate": ("INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND"),
    "expired-since": ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE"),
    "revoked-since": ("INDETERMINATE", "REVOKED_NO_POE"),
    "weak-algorithm": ("INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"),
}
_PROVEN: dict[str, tuple[Indication, str]] = {
    "expired": ("TOTAL_FAILED", "EXPIRED"),
    "not-yet-valid": ("TOTAL_FAILED", "NOT_YET_VALID"),
    "revoked": ("TOTAL_FAILED", "REVOKED"),
}
_UNPROVEN: dict[str, tuple[Indication, str]] = {
    "expired": ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE"),
    "not-yet-valid": ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE"),
    "revoked": ("INDETERMINATE", "REVOKED_NO_POE"),
}


def conclude(
    integrity: Integrity,
    modification: str,
    path: Path,
    facts: Sequence[RevocationFact],
    algorithms: Algorithms,
    *,
    proven: bool,
    timestamp: bool,
) -> tuple[Indication, str | None]:
    """The first thing that does not hold decides, in the standard's order."""
    if not integrity.intact:
        return _BROKEN.get(integrity.broken, ("TOTAL_FAILED", "FORMAT_FAILURE"))
    if modification == "suspicious":
        return "TOTAL_FAILED", "FORMAT_FAILURE"
    if path.problem is not None:
        known = _PATH.get(path.problem) or (_PROVEN if proven else _UNPROVEN).get(path.problem)
        return known or ("INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE")
    if algorithms.weak:
        return "INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    if any(f.status == "unknown" for f in facts) and not timestamp:
        return "INDETERMINATE", "TRY_LATER"
    if modification == "unknown":
        return "INDETERMINATE", "GENERIC"
    return "TOTAL_PASSED", None

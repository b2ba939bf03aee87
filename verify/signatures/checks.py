"""The questions asked of every signature."""

from __future__ import annotations

from collections.abc import Iterable

from verify.core.findings import Dossier, Reply, check, failed, indeterminate, passed
from verify.signatures.evidence import SignatureEvidence

# What a path's problem means for the signer: a proven fault accuses, a missing fact does not.
_FAULTS = frozenset(
    {
        "revoked", "authority-revoked", "expired", "not-yet-valid",
        "name-constraints", "policy", "path-length", "key-usage", "constraints",
    }
)  # fmt: skip

# Doubts that have a sentence of their own; the others are "identity not established".
_DOUBTS = frozenset(
    {"expired-since", "revoked-since", "authority-revoked-since", "on-hold", "weak-algorithm", "no-certificate"}
)


@check("signature.intact", kind="signature", answer="unchanged")
def intact(evidence: SignatureEvidence, dossier: Dossier) -> Reply:
    """Do the signed bytes still match the signature?"""
    if evidence.intact:
        return passed("signed-bytes-hold", field=evidence.field)
    code = evidence.broken or "malformed"
    if evidence.intact is None:
        return indeterminate("signature-not-computed", field=evidence.field, what=code)
    return failed("signed-bytes-changed", field=evidence.field, what=code)


@check("signature.unmodified", kind="signature", answer="unchanged")
def unmodified(evidence: SignatureEvidence, dossier: Dossier) -> Reply | None:
    """Was anything changed in the file after this signature, beyond what it permits?"""
    detail = evidence.modification_detail
    if evidence.intact is not True and evidence.modification in ("none", "permitted"):
        return None  # what was signed is not here, so nothing can be said to have stayed
    match evidence.modification:
        case "none":
            return passed("nothing-changed-since", field=evidence.field)
        case "permitted":
            return passed("only-permitted-changes", field=evidence.field, count=len(evidence.changes))
        case "suspicious":
            objects = sorted({c.object for c in evidence.changes if c.permitted_by is None})
            return failed(
                "changed-after-signing", field=evidence.field, objects=objects[:5] or [detail or "?"], detail=detail
            )
        case _ if detail == "unsigned-files":
            objects = [c.object for c in evidence.changes if c.kind == "unsigned-file"]
            return indeterminate("unsigned-files", field=evidence.field, objects=objects[:5])
        case _:
            return indeterminate("changes-not-told", field=evidence.field, detail=detail)


@check("signature.sight", kind="signature", answer="unchanged")
def sight(evidence: SignatureEvidence, dossier: Dossier) -> Reply | None:
    """Do the pages still look as they did when this was signed?"""
    seen = evidence.sight
    if seen is None:
        return None
    if not seen.engines:
        return indeterminate("pages-not-drawn", field=evidence.field)
    if evidence.intact is not True:
        return indeterminate("compared-with-unproven", field=evidence.field)
    if seen.unexplained:
        return indeterminate("looks-different", field=evidence.field, pages=_pages(d.page for d in seen.unexplained))
    # A later signature's look is what a reader expects; a filled-in field or a note is worth a glance.
    expected = {c.object for c in evidence.changes if c.kind in ("signature-added", "timestamp-added")}
    shown = [d.page for d in seen.differences if d.explained_by not in expected]
    if shown:
        return indeterminate("permitted-changes-show", field=evidence.field, pages=_pages(shown))
    if seen.left_out:
        return indeterminate("pages-not-compared", field=evidence.field, pages=seen.left_out)
    return passed("looks-as-signed", field=evidence.field, count=seen.pages)


def _pages(numbers: Iterable[int]) -> str:
    return ", ".join(str(n) for n in sorted(set(numbers))[:10])


@check("signature.identity", kind="signature", answer="signer")
def identity(evidence: SignatureEvidence, dossier: Dossier) -> Reply | None:
    """Does a chain of certificates that we trust say who signed?"""
    if evidence.purpose == "timestamp":
        return None
    name = evidence.signer.common_name or evidence.signer.subject if evidence.signer else None
    if evidence.broken == "signed-data-missing":
        return indeterminate("signer-without-file", field=evidence.field, name=name)
    if not evidence.intact:
        code = "nobody-proven" if evidence.intact is False else "nobody-proven-untold"
        return indeterminate(code, field=evidence.field)
    path = evidence.path
    if path.problem is None and path.complete:
        return passed("signer-proven", name=name, anchor=path.anchor)
    if path.problem in _FAULTS:
        return failed(f"path-{path.problem}", name=name, detail=path.detail)
    if path.problem in _DOUBTS:
        return indeterminate(f"path-{path.problem}", name=name, detail=path.detail)
    return indeterminate("identity-not-established", name=name, detail=path.detail)


@check("signature.authority", kind="signature", answer="unchanged")
def authority(evidence: SignatureEvidence, dossier: Dossier) -> Reply | None:
    """Where nobody signed and only a timestamp protects the text: is its authority one that we trust?"""
    signed = any(e.kind == "signature" and e.purpose == "signature" for e in dossier.evidence)
    if evidence.purpose != "timestamp" or signed or not evidence.intact:
        return None
    name = evidence.signer.common_name or evidence.signer.subject if evidence.signer else None
    # Anybody can run an authority that nobody knows.
    if evidence.path.complete and evidence.path.problem is None:
        return passed("timestamp-proven", name=name, anchor=evidence.path.anchor)
    return indeterminate("timestamp-authority-unknown", name=name, detail=evidence.path.detail)


@check("signature.revocation", kind="signature", answer="signer")
def revocation(evidence: SignatureEvidence, dossier: Dossier) -> Reply | None:
    """Does the certificate authority's own word say that the certificate was not revoked?"""
    if evidence.purpose == "timestamp" or not evidence.intact or not evidence.path.complete:
        return None
    if any(r.status == "revoked" for r in evidence.revocation):
        return None  # signature.identity speaks of it, with the time
    leaf, name = (evidence.signer.sha256, _name(evidence)) if evidence.signer else (None, None)
    answers = [r for r in evidence.revocation if r.certificate == leaf]
    if any(r.status == "good" for r in answers):
        return passed("not-revoked", source=answers[0].source, name=name)
    return indeterminate("no-revocation-answer", name=name)


@check("signature.algorithms", kind="signature", answer="unchanged")
def algorithms(evidence: SignatureEvidence, dossier: Dossier) -> Reply | None:
    """Are the algorithms strong enough for the time of signing?"""
    weak = evidence.algorithms.weak
    if weak:
        return indeterminate("weak-algorithm", names=list(weak))
    return passed("algorithms-strong", digest=evidence.algorithms.digest, signature=evidence.algorithms.signature)


@check("signature.time", kind="signature", answer="signer")
def time(evidence: SignatureEvidence, dossier: Dossier) -> Reply | None:
    """Is the time of signing proven by a timestamp of a trusted authority?"""
    if evidence.purpose == "timestamp":
        return None
    name = _name(evidence)
    if evidence.best_time is not None:
        return passed("time-proven", time=evidence.best_time.isoformat(), name=name)
    if evidence.claimed_time is not None:
        return indeterminate("time-claimed", time=evidence.claimed_time.isoformat(), name=name)
    return indeterminate("time-unknown", name=name)


def _name(evidence: SignatureEvidence) -> str:
    """Whose signature it is: the signer as the certificate names him, else the field."""
    return evidence.signer.common_name or evidence.signer.subject if evidence.signer else evidence.field


CHECKS = (unmodified, intact, sight, authority, identity, revocation, algorithms, time)

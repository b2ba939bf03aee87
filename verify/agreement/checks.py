"""The questions about what signatures, imprints, registry and ledger say of each other."""

from __future__ import annotations

from datetime import date, datetime

from verify.agreement.evidence import AgreementEvidence, SealRecord
from verify.core.findings import Dossier, Param, Reply, check, failed, indeterminate, passed


@check("document.signed", kind="agreement", answer="unchanged")
def signed(evidence: AgreementEvidence, dossier: Dossier) -> Reply | None:
    """Does a signature protect the text at all?"""
    if evidence.about != "document" or any(e.kind == "signature" for e in dossier.evidence):
        return None
    return indeterminate("no-signature")


@check("document.complete", kind="agreement", answer="seal")
def complete(evidence: AgreementEvidence, dossier: Dossier) -> Reply | None:
    """Were all pages searched for imprints?"""
    left_out = dossier.document.not_examined
    if evidence.about != "document" or not left_out:
        return None
    return indeterminate("pages-not-examined", pages=[n.pages for n in left_out], why=left_out[0].why)


@check("agreement.validity", kind="agreement", answer="seal")
def validity(evidence: AgreementEvidence, dossier: Dossier) -> Reply | None:
    """Was the seal valid on the document's date?"""
    seal = evidence.seal
    if seal is None:
        return None
    at: datetime = dossier.provenance.at
    now_fault = _fault(seal, at.date())
    # Days are days of the zone in which `at` was given: a registry keeps its own calendar.
    day = evidence.date.astimezone(at.tzinfo).date() if isinstance(evidence.date, datetime) else evidence.date
    about: dict[str, Param] = {
        "seal": seal.id,
        "owner": seal.owner,
        "day": day.isoformat() if day else None,
        "source": evidence.date_source,
    }
    if day is None:
        return passed("seal-valid-now", **about) if now_fault is None else indeterminate("date-not-proven", **about)
    fault = _fault(seal, day)
    if fault is not None:
        # An unproven date may accuse, never clear.
        return failed(fault, **about, since=_since(seal, fault))
    if evidence.date_source in ("timestamp", "given"):
        return passed("seal-valid-on-day", **about)
    return passed("seal-valid-now", **about) if now_fault is None else indeterminate("date-not-proven", **about)


def _fault(seal: SealRecord, day: date) -> str | None:
    """Why the seal was not valid on a day; None when it was."""
    if seal.status != "active" and (seal.status_changed is None or day >= seal.status_changed):
        return f"seal-{seal.status}"
    if seal.valid_to is not None and day > seal.valid_to:
        return "seal-expired"
    if seal.valid_from is not None and day < seal.valid_from:
        return "seal-not-yet-valid"
    return None


def _since(seal: SealRecord, fault: str) -> str | None:
    moment = {"seal-expired": seal.valid_to, "seal-not-yet-valid": seal.valid_from}.get(fault, seal.status_changed)
    return moment.isoformat() if moment else None


@check("agreement.appearance", kind="agreement", answer="seal")
def appearance(evidence: AgreementEvidence, dossier: Dossier) -> Reply | None:
    """Where the imprint is the appearance of a signature: is the signer the seal's owner?"""
    if evidence.seal is None or evidence.appearance_of is None:
        return None
    about: dict[str, Param] = {"owner": evidence.seal.owner, "signers": list(evidence.signers)}
    match evidence.appearance_signer_accord:
        case "agrees":
            return passed("appearance-of-owner", **about)
        case "differs":
            return failed("appearance-of-another", **about)
        case _:
            return None


@check("agreement.signer", kind="agreement", answer="seal")
def signer(evidence: AgreementEvidence, dossier: Dossier) -> Reply | None:
    """Is a signer of the document the owner of the seal on it?"""
    if evidence.seal is None or not evidence.signers:
        return None
    about: dict[str, Param] = {"owner": evidence.seal.owner, "signers": list(evidence.signers)}
    match evidence.signer_accord:
        case "agrees":
            return passed("signer-owns-seal", **about)
        case "differs":
            return indeterminate("signer-is-another", **about)
        case _:
            return indeterminate("signer-owner-unknown", **about)


@check("agreement.text", kind="agreement", answer="seal")
def text(evidence: AgreementEvidence, dossier: Dossier, *, similarity: float = 0.5) -> Reply | None:
    """Does the text read on the imprint agree with the registered seal's text?"""
    if evidence.seal is None or not evidence.text_read or evidence.text_similarity is None:
        return None
    about: dict[str, Param] = {
        "read": evidence.text_read,
        "registered": evidence.seal.text,
        "similarity": evidence.text_similarity,
    }
    if evidence.text_similarity >= similarity:
        return passed("text-agrees", **about)
    return indeterminate("text-differs", **about)


@check("agreement.authorised", kind="agreement", answer="authorised")
def authorised(evidence: AgreementEvidence, dossier: Dossier) -> Reply | None:
    """Was this use of the seal approved for this document?"""
    if evidence.seal is None or not evidence.ledger_covers:
        return None
    about: dict[str, Param] = {"seal": evidence.seal.id, "owner": evidence.seal.owner}
    uses = [u for u in evidence.uses if u.seal == evidence.seal.id]
    same = sorted(
        (u for u in uses if u.content_matches), key=lambda u: (u.decided.timestamp() if u.decided else 0.0, u.id)
    )
    if same:
        # Of decisions about the same content the latest counts.
        latest = same[-1]
        answer = passed if latest.status == "approved" else failed
        return answer(f"use-{latest.status}", **about, use=latest.id)
    for use in uses:
        return failed("use-other-content" if use.status == "approved" else "use-refused", **about, use=use.id)
    return indeterminate("use-not-found", **about)


CHECKS = (signed, complete, validity, appearance, signer, text, authorised)

"""Who may see what: two views of one Report, in the same schema.

`full` is for those with the audit right on the seal. `public` is for everyone else: an allow-list, so a
new field, check or exhibit stays hidden until it is named here. Otherwise the service would hand forgers
the template (reference images, overlays) and an oracle to climb (ratios, measures).

What the public may see is what the document itself shows, to anyone who holds it: its signatures, where
imprints are, the pages; of an imprint beyond that, only the conclusion word and the reason's code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from verify.agreement.evidence import AgreementEvidence
from verify.core.errors import Problem
from verify.core.exhibits import Exhibit
from verify.core.findings import ANSWERS, Answer, Finding, Reason
from verify.core.messages import catalogue, sentence
from verify.core.policy import Summary, Verdict
from verify.imprints.evidence import ImprintEvidence, Quality, TextRead
from verify.kinds import AnyEvidence
from verify.report import Case, Commission, Provenance, Report
from verify.signatures.evidence import SignatureEvidence

View = Literal["full", "public"]

# Checks whose reasons speak of nothing but the file itself, its certificates and the anchors.
_OF_THE_FILE = frozenset(
    {
        "signature.intact",
        "signature.unmodified",
        "signature.sight",
        "signature.identity",
        "signature.revocation",
        "signature.algorithms",
        "signature.time",
        "document.signed",
        "document.complete",
    }
)
# The pages as handed in and as they were signed, with their boxes, and the crops from them.
_ROLES_OF_THE_FILE = frozenset(
    {
        "page",
        "questioned",
        "as-signed",
        "as-now",
        "what-changed",
        "as-now-otherwise",
        "page-added",
        "page-removed",
    }
)
_SUBJECT = re.compile(r"document|imprints|page \d+|(?:signature|imprint|agreement)-\d+")


def full(report: Report) -> Report:
    """Everything, for those with the audit right on the seal."""
    return report


def public(report: Report) -> Report:
    """What anyone may see. Applying it twice changes nothing more."""
    return Report(
        document=report.document,
        evidence=tuple(_evidence(e) for e in report.evidence),
        findings=tuple(_finding(f) for f in report.findings),
        verdict=_verdict(report),
        problems=tuple(_problem(p) for p in report.problems),
        exhibits=tuple(e for e in report.exhibits if _shown(e)),
        provenance=_provenance(report.provenance),
    )


VIEWS: Mapping[View, Callable[[Report], Report]] = {"full": full, "public": public}


def public_case(case: Case) -> Case:
    """The public view of every report, and of the exhibits' bytes only those that it still names."""
    reports = tuple(public(r) for r in case.reports)
    named = {e.sha256 for r in reports for e in r.exhibits}
    kept = {sha256: data for sha256, data in case.exhibits.items() if sha256 in named}
    return replace(case, reports=reports, exhibits=kept, commission=Commission())


def withheld(report: Report) -> bool:
    """Whether comparisons were taken out of this report."""
    compared = {e.id for e in report.evidence if e.kind == "imprint" and e.comparisons}
    return any(f.check == "imprint.consistent" and f.subject not in compared for f in report.findings)


def public_sentence(code: str, outcome: str, lang: str) -> str:
    """The sentence for a reason without its parameters; a code that has none gets its outcome's."""
    for name in (f"public-{code}", f"public-{outcome}"):
        if name in catalogue(lang) or name in catalogue("en"):
            return sentence(name, {}, lang)
    return sentence("public-indeterminate", {}, lang)


# ── what is left of each part ──────────────────────────────────────────────────────────────────────────


def _evidence(evidence: AnyEvidence) -> AnyEvidence:
    match evidence:
        case SignatureEvidence():
            return evidence
        case ImprintEvidence():
            return ImprintEvidence(
                id=evidence.id,
                page=evidence.page,
                box_px=evidence.box_px,
                box_mm=evidence.box_mm,
                dpi=evidence.dpi,
                shape=evidence.shape,
                ink=evidence.ink,
                size_mm=None,
                quality=Quality(sufficient=evidence.quality.sufficient),
                text=TextRead(),
            )
        case AgreementEvidence():
            return AgreementEvidence(
                id=evidence.id,
                about=evidence.about,
                signatures=evidence.signatures,
                imprints=evidence.imprints,
                signers=evidence.signers,
                appearance_of=evidence.appearance_of,
                appearance_intact=evidence.appearance_intact,
                date=evidence.date,
                date_source=evidence.date_source,
            )


def _finding(finding: Finding) -> Finding:
    if finding.check in _OF_THE_FILE:
        return finding
    return finding.model_copy(update={"reason": _bare(finding.reason, finding.outcome)})


def _bare(reason: Reason, outcome: str) -> Reason:
    return Reason(code=reason.code, en=public_sentence(reason.code, outcome, "en"))


def _verdict(report: Report) -> Verdict:
    verdict = report.verdict
    open_ = {(f.reason.code, f.reason.en) for f in report.findings if f.check in _OF_THE_FILE}
    answers: dict[Answer, Reason] = {}
    for answer in ANSWERS:
        if answer not in verdict.summary.answers:
            continue
        reason = verdict.summary.answers[answer]
        state = getattr(verdict.answers, answer)
        if state == "not_asked":
            answers[answer] = Reason(code=reason.code, en=sentence(reason.code, {}, "en"))
        else:
            answers[answer] = reason if (reason.code, reason.en) in open_ else _bare(reason, state)
    code = verdict.summary.code
    return Verdict(
        outcome=verdict.outcome,
        answers=verdict.answers,
        summary=Summary(code=code, en=sentence(code, {}, "en"), answers=answers),
        reasons=verdict.reasons,
    )


def _problem(problem: Problem) -> Problem:
    """Where without the seal ("imprint-1/<seal id>"), the code, and no message: it may name a seal or a path."""
    place = problem.where.partition("/")[0]
    return Problem(
        where=place if _SUBJECT.fullmatch(place) else "document",
        code=problem.code,
        message=sentence("public-problem", {}, "en"),
    )


def _shown(exhibit: Exhibit) -> bool:
    return exhibit.role in _ROLES_OF_THE_FILE and _SUBJECT.fullmatch(exhibit.subject) is not None


def _provenance(provenance: Provenance) -> Provenance:
    return Provenance(
        version=provenance.version,
        policy=provenance.policy,
        models=provenance.models,
        trust=provenance.trust,
        at=provenance.at,
        fetched=provenance.fetched,
    )

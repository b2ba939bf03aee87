"""Flags: named findings that somebody has to look at. Never "did not pass": every scan would be flagged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from verify.core.findings import Finding
from verify.imprints.evidence import ImprintEvidence
from verify.report import Report

# How a change names its place: "page 2, content".
_CHANGED_PAGE = re.compile(r"page (\d+)\b")

When = Callable[[Finding, ImprintEvidence | None], bool]


@dataclass(frozen=True)
class Rule:
    """A failed `check` gets the flag `name` when `when` holds; the first rule that fits decides."""

    name: str
    check: str
    when: When


def _always(finding: Finding, imprint: ImprintEvidence | None) -> bool:
    return True


def _looks_registered(finding: Finding, imprint: ImprintEvidence | None) -> bool:
    """The mark itself says whose it is: by its text or its design, not only by a certificate or the caller."""
    return imprint is not None and any({"text", "likeness"} & set(c.claimed_by) for c in imprint.comparisons)


def _because(*codes: str) -> When:
    return lambda finding, imprint: finding.reason.code in codes


# fmt: off
RULES: tuple[Rule, ...] = (
    #    flag                          a failed check of this name   when
    Rule("broken-signature",           "signature.intact",           _always),
    Rule("changed-after-signing",      "signature.unmodified",       _always),
    Rule("signer-not-valid",           "signature.identity",         _always),
    Rule("looks-registered-and-is-not", "imprint.consistent",        _looks_registered),
    Rule("not-the-claimed-seal",       "imprint.consistent",         _always),
    Rule("reused-impression",          "imprint.original",           _always),
    Rule("seal-after-retirement",      "agreement.validity",         _because("seal-retired")),
    Rule("seal-after-destruction",     "agreement.validity",         _because("seal-destroyed")),
    Rule("seal-after-loss",            "agreement.validity",         _because("seal-reported-lost")),
    Rule("seal-outside-validity",      "agreement.validity",         _always),
    Rule("seal-in-anothers-signature", "agreement.appearance",       _always),
    Rule("use-not-approved",           "agreement.authorised",       _always),
)
# fmt: on
# Raised when the flags are listed, by what the flags of several documents have in common.
SEVERAL_DOCUMENTS = "same-impression-in-several-documents"


@dataclass(frozen=True)
class Flag:
    """`reason` as in the report; `impression`: digest of the specimen that it repeats, where the evidence names one."""

    flag: str
    check: str
    subject: str
    page: int | None
    reason: dict[str, Any]
    impression: str | None = None


def flags_of(report: Report) -> Iterator[Flag]:
    """The flags of one report, in the order of its findings."""
    for finding in report.findings:
        if finding.outcome != "failed":
            continue
        imprint = _imprint(report, finding.subject)
        fitting = (r.name for r in RULES if r.check == finding.check and r.when(finding, imprint))
        yield Flag(
            # A check that is added later is flagged under its own name until a rule names it.
            flag=next(fitting, f"failed-{finding.check}"),
            check=finding.check,
            subject=finding.subject,
            page=_page(report, finding.subject, imprint, changed=finding.check == "signature.unmodified"),
            reason=finding.reason.model_dump(mode="json"),
            impression=_impression(imprint) if finding.check == "imprint.original" else None,
        )


def _imprint(report: Report, subject: str) -> ImprintEvidence | None:
    """The imprint that a finding is about, directly or through an agreement."""
    for evidence in report.evidence:
        if evidence.kind == "agreement" and evidence.id == subject:
            subject = evidence.about
    return next((e for e in report.evidence if e.kind == "imprint" and e.id == subject), None)


def _page(report: Report, subject: str, imprint: ImprintEvidence | None, *, changed: bool) -> int | None:
    """None where the finding is about no place on a page, as of an invisible signature.

    `changed`: the page that was changed after signing, not the one that shows the signature.
    """
    if imprint is not None:
        return imprint.page
    signature = next((e for e in report.evidence if e.kind == "signature" and e.id == subject), None)
    for change in signature.changes if signature and changed else ():
        place = _CHANGED_PAGE.match(change.object)
        if place and change.permitted_by is None:
            return int(place[1])
    return signature.appearance.page if signature and signature.appearance else None


def _impression(imprint: ImprintEvidence | None) -> str | None:
    comparisons = imprint.comparisons if imprint else ()
    return next((c.reuse.specimen for c in comparisons if c.reuse.same_impression and c.reuse.specimen), None)

"""Evidence and reports built by hand, for tests of what is made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from verify.agreement.evidence import AgreementEvidence, SealRecord
from verify.core.errors import Problem
from verify.imprints.evidence import (
    ALTERNATIVES,
    ComparisonEvidence,
    ImprintEvidence,
    Likelihood,
    Making,
    Quality,
    Reuse,
    TextRead,
)
from verify.kinds import AnyEvidence
from verify.report import DocumentFacts, Provenance
from verify.signatures.evidence import Certificate, Path, SignatureEvidence
from verify.verifier import Draft

AT = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
OWNER = "示例星河贸易有限公司"


def certificate(**changes: Any) -> Certificate:
    base: dict[str, Any] = {
        "subject": f"CN={OWNER}", "common_name": OWNER, "organisation": OWNER, "issuer": "CN=Example CA", "serial": "1", "sha256": "c" * 64,
    }  # fmt: skip
    return Certificate(**(base | changes))


def signature(**changes: Any) -> SignatureEvidence:
    """An intact, unmodified, trusted signature unless told otherwise."""
    base: dict[str, Any] = {
        "id": "signature-1",
        "field": "Signature1",
        "container": "PAdES",
        "intact": True,
        "modification": "none",
        "coverage": "whole-file",
        "indication": "TOTAL_PASSED",
        "signer": certificate(),
        "path": Path(complete=True, anchor="Example Root"),
    }
    return SignatureEvidence(**(base | changes))


def likelihoods(**values: float | None) -> tuple[Likelihood, ...]:
    return tuple(
        Likelihood(
            against=a,
            log10_lr=values.get(a.replace("-", "_"), 2.3),
            limits=(-2.5, 2.5),
            calibration="seals-1",
            basis="simulated",
            reason=None if values.get(a.replace("-", "_"), 2.3) is not None else "cannot-separate",
        )
        for a in ALTERNATIVES
    )


def comparison(seal: str = "xinghe-company", **changes: Any) -> ComparisonEvidence:
    base: dict[str, Any] = {
        "seal": seal,
        "owner": OWNER,
        "claimed_by": ("text",),
        "of": 3,
        "specimens": ("d" * 64,),
        "likelihoods": likelihoods(near_copy=0.4),
        "reuse": Reuse(log10_lr=-2.0, same_impression=False),
        "making": Making(kind="unknown"),
        "measures": {},
    }
    return ComparisonEvidence(**(base | changes))


def imprint(*comparisons: ComparisonEvidence, **changes: Any) -> ImprintEvidence:
    base: dict[str, Any] = {
        "id": "imprint-1",
        "page": 1,
        "box_px": (100, 100, 400, 400),
        "box_mm": (10.0, 10.0, 40.0, 40.0),
        "dpi": 254.0,
        "shape": "round",
        "ink": "red",
        "size_mm": (40.0, 40.0),
        "quality": Quality(sufficient=True),
        "text": TextRead(),
        "comparisons": comparisons,
    }
    return ImprintEvidence(**(base | changes))


def seal_record(**changes: Any) -> SealRecord:
    base: dict[str, Any] = {
        "id": "xinghe-company",
        "owner": OWNER,
        "kind": "company",
        "text": OWNER,
        "status": "active",
    }
    return SealRecord(**(base | changes))


def agreement(about: str = "document", **changes: Any) -> AgreementEvidence:
    return AgreementEvidence(
        **({"id": "agreement-1" if about == "document" else "agreement-2", "about": about} | changes)
    )


def dossier(*evidence: AnyEvidence, problems: tuple[Problem, ...] = (), **facts: Any) -> Draft:
    items = (
        evidence if any(e.kind == "agreement" and e.about == "document" for e in evidence) else (*evidence, agreement())
    )
    about = {"sha256": "a" * 64, "name": "contract.pdf", "format": "pdf", "bytes": 1000, "pages": 1} | facts
    provenance = Provenance(
        version="0",
        policy="default",
        trust="none",
        at=AT,
        seals={"xinghe-company": "e" * 64},
        models={"seals-1": "f" * 64},
    )
    return Draft(tuple(items), DocumentFacts(**about), provenance, problems)

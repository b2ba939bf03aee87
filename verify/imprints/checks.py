"""The questions asked of every imprint."""

from __future__ import annotations

import math

from verify.core.findings import Dossier, Param, Reply, check, failed, indeterminate, passed
from verify.imprints.evidence import Alternative, ComparisonEvidence, ImprintEvidence

_GATED: tuple[Alternative, ...] = ("another-seal", "remake", "near-copy")


@check("imprint.registered", kind="imprint", answer=None)
def registered(evidence: ImprintEvidence, dossier: Dossier) -> Reply | None:
    """Does the imprint claim to be of a registered seal?"""
    if not dossier.provenance.seals:
        return indeterminate("no-registry", page=evidence.page, ink=evidence.ink, shape=evidence.shape)
    if not evidence.comparisons:
        return indeterminate("not-registered", page=evidence.page, ink=evidence.ink, shape=evidence.shape)
    best = leading(evidence)
    return passed("claims-registered-seal", page=evidence.page, owner=best.owner, seal=best.seal)


@check("imprint.consistent", kind="imprint", answer="seal")
def consistent(
    evidence: ImprintEvidence,
    dossier: Dossier,
    *,
    pass_log10_lr: float = 2.0,
    fail_log10_lr: float = -2.0,
    near_copy_excluded: bool = False,
) -> Reply | None:
    """Is the imprint consistent with the registered seal that it claims to be of?"""
    if not evidence.comparisons:
        return None
    replies = [
        _against(one, evidence, pass_log10_lr, fail_log10_lr, near_copy_excluded) for one in _by_strength(evidence)
    ]
    for outcome in ("passed", "indeterminate"):
        for reply in replies:
            if reply.outcome == outcome:
                return reply
    return replies[0]


def _against(
    one: ComparisonEvidence, evidence: ImprintEvidence, pass_at: float, fail_at: float, near_copy_excluded: bool
) -> Reply:
    about: dict[str, Param] = {"page": evidence.page, "owner": one.owner, "seal": one.seal}
    values = {a: one.against(a).log10_lr for a in _GATED}
    if not evidence.quality.sufficient:
        return indeterminate("quality-insufficient", **about, reasons=list(evidence.quality.reasons))
    for alternative, value in values.items():
        if value is not None and value <= fail_at:
            return failed(f"points-to-{alternative}", **about, log10_lr=value, ratio=_ratio(-value))
    untold = [a for a in _GATED[:2] if values[a] is None]
    if untold:
        return indeterminate("outside-calibration", **about, reason=one.against(untold[0]).reason)
    between = [a for a in _GATED[:2] if (values[a] or 0.0) < pass_at]
    if between:
        return indeterminate("ratio-between", **about, against=between[0], log10_lr=values[between[0]])
    weakest = min(values[a] or 0.0 for a in _GATED[:2])
    near = values["near-copy"]
    if near is not None and near >= pass_at:
        return passed("consistent-near-copy-excluded", **about, log10_lr=weakest, ratio=_ratio(weakest))
    if near_copy_excluded:
        return indeterminate("near-copy-not-excluded", **about, log10_lr=near)
    return passed("consistent-near-copy-not-excluded", **about, log10_lr=weakest, ratio=_ratio(weakest))


def _ratio(log10_lr: float) -> str:
    """The ratio as a word of magnitude, rounded down to two digits: 100, 250, 1 200."""
    value = 10.0**log10_lr
    step = 10 ** max(math.floor(log10_lr) - 1, 0)
    return f"{math.floor(value / step) * step:,}".replace(",", " ")


def _by_strength(evidence: ImprintEvidence) -> list[ComparisonEvidence]:
    return sorted(
        evidence.comparisons, key=lambda c: (_excluded(c), -_strength(c), -(c.measures.get("ncc") or 0.0), c.seal)
    )


def _excluded(one: ComparisonEvidence) -> bool:
    """Whether the measures point away from the seal, as the default policy sees it."""
    return any(value is not None and value <= -2.0 for value in (one.against(a).log10_lr for a in _GATED))


def _strength(one: ComparisonEvidence) -> float:
    values = [one.against(a).log10_lr for a in ("another-seal", "remake")]
    return min((v if v is not None else -99.0) for v in values)


def leading(evidence: ImprintEvidence) -> ComparisonEvidence:
    """The claimed seal that the imprint is most like."""
    return _by_strength(evidence)[0]


@check("imprint.original", kind="imprint", answer="seal")
def original(evidence: ImprintEvidence, dossier: Dossier) -> Reply | None:
    """Is it an impression of its own, rather than a picture of another impression pasted, printed or photocopied?"""
    if not evidence.comparisons:
        return None
    about: dict[str, Param] = {"page": evidence.page, "owner": leading(evidence).owner, "seal": leading(evidence).seal}
    if any(c.reuse.same_impression for c in evidence.comparisons):
        shown = next((e for e in dossier.evidence if e.kind == "agreement" and e.about == evidence.id), None)
        if shown is not None and shown.appearance_intact and shown.appearance_signer_accord == "agrees":
            if shown.appearance_signer_proven:
                return passed("electronic-seal-picture", **about)
            return indeterminate("electronic-seal-unproven", **about)
        return failed("reused-impression", **about)
    if leading(evidence).making.kind == "electronic":
        return indeterminate("electronic-picture", **about)
    if leading(evidence).making.kind == "printed":
        return indeterminate("printed-copy", **about)
    if leading(evidence).reuse.same_impression is None:
        return None
    return passed("impression-of-its-own", **about)


CHECKS = (registered, consistent, original)

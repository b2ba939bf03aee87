"""The signer's certificate at the moment that counts: path, revocation and what they mean (EN 319 102-1, 5.2.6 and 5.5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from verify.signatures import revocation
from verify.signatures.evidence import Path, RevocationFact
from verify.signatures.paths import Judged, Paths, described
from verify.stores.trust import Purpose


@dataclass(frozen=True, eq=False)
class Trail:
    """A path with its revocation facts as judged. `border`: the moment at which the certificate stopped, or began, to count."""

    path: Path
    facts: Sequence[RevocationFact] = ()
    border: datetime | None = None
    not_revoked_at_border: bool = False
    chain: Sequence[Any] = ()  # the certificates, leaf first, the anchor's last


def trail(
    paths: Paths,
    certificate: Any | None,
    *,
    at: datetime,
    held: datetime | None,
    claimed: datetime | None,
    purpose: Purpose = "signing",
) -> Trail:
    """The best path of a certificate: at the proven time `held` where there is one before `at`, else at `at`."""
    moment = held if held is not None and held < at else at
    if certificate is None:
        return Trail(Path(complete=False, problem="no-certificate", at=moment))
    found: list[Trail] = []
    for judged in paths.candidates(certificate, moment, purpose=purpose):
        one = _along(paths, judged, moment, held is not None, claimed)
        if one.path.problem is None and not any(f.status == "unknown" for f in one.facts):
            return one
        found.append(one)
    # Without a perfect path, one without a problem; revocation that cannot be told is the lesser lack.
    return min(found, key=lambda t: t.path.problem is not None)


def _along(paths: Paths, judged: Judged, moment: datetime, proven: bool, claimed: datetime | None) -> Trail:
    facts = revocation.facts(paths, judged, moment)
    problem, detail, border = judged.problem, judged.detail, judged.when
    if problem == "expired" and not proven and not _accuses(claimed, border):
        # The certificate has run out since, perhaps; nothing proves when the signature was made.
        problem = "expired-since"
    elif problem is None:
        for position, fact in enumerate(facts):
            if fact.status != "revoked" or (fact.revoked_at is not None and fact.revoked_at > moment):
                continue
            border = fact.revoked_at
            detail = f"revoked {border:%Y-%m-%d}" if border else "revoked"
            problem = "revoked" if position == 0 else "authority-revoked"
            if fact.reason == "certificate_hold":
                problem, detail = "on-hold", f"on hold since {border:%Y-%m-%d}" if border else "on hold"
            elif not proven and claimed is not None and border is not None and claimed < border:
                problem = f"{problem}-since"
            break
    leaf = facts[0] if facts else None
    return Trail(
        path=Path(
            complete=judged.complete,
            certificates=tuple(described(c) for c in judged.steps),
            anchor=_name_of(judged.anchor) if judged.anchor is not None else None,
            at=moment,
            problem=problem,
            detail=detail,
        ),
        facts=facts,
        border=border,
        chain=(*judged.steps, *((judged.anchor,) if judged.anchor is not None else ())),
        not_revoked_at_border=leaf is not None and border is not None and revocation.covers(leaf, border),
    )


def _accuses(claimed: datetime | None, border: datetime | None) -> bool:
    """A time that the signer claims may accuse, never clear."""
    return claimed is not None and border is not None and claimed > border


def _name_of(anchor: Any) -> str:
    """An anchor's name as people say it."""
    shown = described(anchor)
    return shown.common_name or shown.organisation or shown.subject

"""What a row of the table is: a document, the moment and the anchors it is judged under, and what must come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from tests.signatures.table import pki
from verify.core.document import Document
from verify.core.errors import Problem
from verify.formats.read import read
from verify.signatures.evidence import SignatureEvidence
from verify.signatures.examiner import SignatureExaminer
from verify.stores.trust import PathConstraints, TrustAnchors

_NO_CONSTRAINTS = PathConstraints()
UNSAID: Any = object()  # this row makes no claim about it


@dataclass(frozen=True)
class Says:
    """What one signature or document timestamp must be told to be. The names are those of the evidence."""

    indication: Any
    sub_indication: Any = None
    intact: Any = True
    modification: Any = UNSAID
    level: Any = UNSAID
    problem: Any = UNSAID  # the path's
    best_time: Any = UNSAID
    purpose: Any = "signature"
    certification: Any = UNSAID
    weak: Any = UNSAID
    stamps: Any = UNSAID  # kind, intact, trusted of each
    unexplained: Any = UNSAID  # whether there are differences by sight that nothing explains: "some" or 0


@dataclass(frozen=True)
class Row:
    """`note`: the clause from which the expectation follows. `sight`: whether pages are to be compared as well."""

    name: str
    build: Callable[[], bytes]
    expected: Sequence[Says]
    note: str
    at: datetime = pki.NOW
    anchors: Sequence[str] = ("root",)
    constraints: PathConstraints = _NO_CONSTRAINTS
    profile: Callable[[], TrustAnchors] | None = None  # instead of `anchors`
    sight: bool = False
    document: str = "contract.pdf"
    original: Callable[[], bytes] | None = None
    problems: Sequence[str] = ()  # codes of what could not be examined

    @property
    def trust(self) -> TrustAnchors:
        if self.profile is not None:
            return self.profile()
        roots = tuple(pki.certificate(label).dump() for label in self.anchors)
        return TrustAnchors("table", roots, constraints=self.constraints)


def passed(**more: Any) -> Says:
    return Says("TOTAL_PASSED", **more)


def failed(sub: str, **more: Any) -> Says:
    return Says("TOTAL_FAILED", sub, **more)


def open_(sub: str, **more: Any) -> Says:
    return Says("INDETERMINATE", sub, **more)


def timestamp(**more: Any) -> Says:
    """A document timestamp in order."""
    return Says(**{"indication": "TOTAL_PASSED", "purpose": "timestamp", **more})


def opened(row: Row) -> Document:
    original = row.original() if row.original is not None else None
    return read(row.build(), name=row.document, **({"original": original} if original is not None else {}))


def told(row: Row) -> tuple[list[SignatureEvidence], list[Problem]]:
    """What the examiner says about a row's document."""
    found = list(SignatureExaminer(row.trust, row.at, sight=row.sight).examine(opened(row)))
    return [e for e in found if isinstance(e, SignatureEvidence)], [p for p in found if isinstance(p, Problem)]


def shown(evidence: SignatureEvidence) -> dict[str, Any]:
    """The evidence in the words of `Says`."""
    words = {f.name: getattr(evidence, f.name, None) for f in fields(Says)}
    return words | {
        "problem": evidence.path.problem,
        "weak": evidence.algorithms.weak,
        "stamps": tuple((s.kind, s.intact, s.trusted) for s in evidence.timestamps),
        "unexplained": _unexplained(evidence),
    }


def _unexplained(evidence: SignatureEvidence) -> Any:
    if evidence.sight is None:
        return None
    return "some" if evidence.sight.unexplained else 0


def differences(row: Row) -> list[str]:
    """Where what is told is not what is expected; empty where the row comes out as stated."""
    found, problems = told(row)
    lines = []
    codes = tuple(p.code for p in problems)
    if codes != tuple(row.problems):
        lines.append(f"problems: expected {list(row.problems)}, got {[f'{p.code}: {p.message}' for p in problems]}")
    if len(found) != len(row.expected):
        lines.append(f"expected {len(row.expected)} signatures, got {[e.field for e in found]}")
    for evidence, wanted in zip(found, row.expected, strict=False):
        words = shown(evidence)
        for part in fields(Says):
            expected = getattr(wanted, part.name)
            if expected is not UNSAID and words[part.name] != expected:
                lines.append(f"{evidence.field}: {part.name}: expected {expected}, got {words[part.name]}")
    return lines


def story(row: Row) -> str:
    """All that is told about a row's document, for the message of a test that fails."""
    found, problems = told(row)
    parts = [
        f"{e.field} ({e.purpose}): {shown(e)}\n    broken {e.broken}, detail {e.modification_detail or e.path.detail},"
        f" at {e.path.at}, claimed {e.claimed_time}\n    revocation"
        f" {[(r.source, r.status, r.problem, r.reason) for r in e.revocation]}\n    changes"
        f" {[(c.object, c.kind, c.permitted_by) for c in e.changes]}"
        f"\n    stamps {[(s.kind, s.time, s.problem) for s in e.timestamps]}"
        for e in found
    ]
    return "\n".join([*parts, *(f"problem {p.code}: {p.message}" for p in problems)])

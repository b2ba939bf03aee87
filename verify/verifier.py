"""The whole story: a document in, a defended verdict out.

Signatures first; what they claim goes to the imprints as plain words; then both are held against each
other, the registry and the ledger; then the policy judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.core.document import Document
from verify.core.errors import NotExamined, Problem, UsageError, VerifyError
from verify.core.exhibits import Exhibit, Piece
from verify.core.policy import Policy, judge
from verify.formats.limits import DEFAULT_LIMITS
from verify.kinds import CHECKS, AnyEvidence
from verify.report import Case, DocumentDate, DocumentFacts, Provenance, Report
from verify.stores.descriptors import Descriptors, MemoryDescriptors
from verify.stores.models import ModelFile, find_model
from verify.stores.packaged import packaged
from verify.stores.policies import policy_named
from verify.stores.seals import NoSeals, SealShelf
from verify.stores.trust import NO_ANCHORS, TrustAnchors
from verify.stores.uses import UseLedger
from verify.version import VERSION

if TYPE_CHECKING:
    from verify.signatures.online.fetch import OnlineRules

# The calibration that a release compares with, unless another is named; models/index.toml gives its file and digest.
CALIBRATION = "comparison-1"

Watch = Callable[[object], None]


@dataclass(frozen=True)
class Verifier:
    """What documents are verified with. Everything that could change an answer stands here or in `verify`'s arguments.

    `certificates`: signers' certificates as DER, for signatures that carry none. `online`: how far to go on the
    network for what a document lacks, within limits for each document; None = no connection is ever made. `models`:
    folders in which the `calibration` is looked for by its name; None = what travels with the package. `descriptors`:
    where those of registered impressions are kept; it changes no answer, only how soon it comes.
    """

    anchors: TrustAnchors = NO_ANCHORS
    seals: SealShelf = field(default_factory=NoSeals)
    uses: UseLedger | None = None
    policy: Policy = field(default_factory=lambda: policy_named("default", CHECKS))
    certificates: tuple[bytes, ...] = ()
    online: OnlineRules | None = None
    imprint_pages: int = DEFAULT_LIMITS.imprint_pages
    models: tuple[Path, ...] | None = None
    calibration: str = CALIBRATION
    descriptors: Descriptors = field(default_factory=MemoryDescriptors)

    def verify(
        self,
        document: Document,
        *,
        at: datetime,
        document_date: date | None = None,
        claimed_seals: Sequence[str] = (),
        watch: Watch | None = None,
    ) -> Case:
        """Examine and judge one document as of `at` (aware). `watch` is told each thing as it is found."""
        if at.tzinfo is None:
            raise UsageError(
                "time-without-zone", "`at` has no time zone", "Give the time with its zone, as 2026-01-31T12:00+08:00."
            )
        known = {seal.id: seal.record_digest for seal in self.seals.seals()}
        for seal in claimed_seals:
            if seal not in known:
                raise UsageError(
                    "seal-unknown", f"there is no registered seal {seal!r}", "`sigillum seals list` shows the seals."
                )

        tray = _Tray(watch)
        models: dict[str, str] = {}
        tray.take(self._signatures(document, at), "signatures")
        if document.pages:
            tray.take(self._imprints(document, tray.evidence, claimed_seals, models), "imprints")
        tray.take(self._agreement(document, tray.evidence, document_date), "agreement")

        report = self._report(document, tray, at, known, models)
        return Case(reports=(report,), exhibits={p.exhibit.sha256: p.data for p in tray.pieces})

    def calibration_file(self) -> ModelFile:
        """The file of the calibration by its name. Raises VerifyError `data-missing`, and as `find_model` does."""
        return find_model(self.models or (packaged("models"),), self.calibration)

    # Examiners are imported when they run: pyHanko and OpenCV cost a second that `--help` need not pay.

    def _signatures(self, document: Document, at: datetime) -> Iterator[object]:
        if document.format == "image":
            return
        from verify.signatures.examiner import SignatureExaminer

        yield from SignatureExaminer(self.anchors, at, self.certificates, online=self.online).examine(document)

    def _imprints(
        self, document: Document, so_far: Sequence[AnyEvidence], seals: Sequence[str], models: dict[str, str]
    ) -> Iterator[object]:
        from verify.imprints.calibrations import read_calibration
        from verify.imprints.claims import Claims
        from verify.imprints.examiner import ImprintExaminer

        calibration = None
        if self.seals.seals():
            try:
                file = self.calibration_file()
                calibration = read_calibration(file)
                models[file.name] = file.sha256
            except VerifyError as error:
                yield Problem(where="imprints", code=error.code, message=error.message)
                return
        signers = tuple(
            name
            for e in so_far
            if e.kind == "signature" and e.purpose == "signature" and e.intact and e.signer
            for name in (e.signer.organisation, e.signer.common_name)
            if name
        )
        yield from ImprintExaminer(self.seals, calibration, self.imprint_pages, self.descriptors).examine(
            document, Claims(signers, tuple(seals))
        )

    def _agreement(self, document: Document, so_far: Sequence[AnyEvidence], given: date | None) -> Iterator[object]:
        from verify.agreement.examiner import AgreementExaminer

        yield from AgreementExaminer(self.seals, self.uses, given).examine(
            document, [e for e in so_far if e.kind == "signature"], [e for e in so_far if e.kind == "imprint"]
        )

    def _report(
        self, document: Document, tray: _Tray, at: datetime, seals: dict[str, str], models: dict[str, str]
    ) -> Report:
        about = next((e for e in tray.evidence if e.kind == "agreement" and e.about == "document"), None)
        facts = DocumentFacts(
            sha256=document.sha256,
            name=document.name,
            format=document.format,
            bytes=len(document.data),
            pages=len(document.pages),
            date=DocumentDate(value=about.date, source=about.date_source) if about else DocumentDate(),
            not_examined=tuple(tray.not_examined),
            remarks=tuple(sentence for _, sentence in document.remarks),
        )
        provenance = Provenance(
            version=VERSION,
            policy=self.policy.name,
            models=models,
            trust=self.anchors.described,
            at=at,
            seals=seals,
            uses=self.uses.head if self.uses else None,
            fetched=tuple(sorted({p.exhibit.sha256 for p in tray.pieces if p.exhibit.role == "fetched"})),
        )
        draft = Draft(tuple(tray.evidence), facts, provenance, tuple(tray.problems))
        found, verdict = judge(draft, self.policy, CHECKS)
        return Report(
            document=facts,
            evidence=draft.evidence,
            findings=found,
            verdict=verdict,
            problems=draft.problems,
            exhibits=_distinct(p.exhibit for p in tray.pieces),
            provenance=provenance,
        )


def judge_again(report: Report, policy: Policy) -> Report:
    """The same evidence under another policy; nothing but findings, verdict and the policy's name changes."""
    found, verdict = judge(report, policy, CHECKS)
    provenance = report.provenance.model_copy(update={"policy": policy.name})
    return report.model_copy(update={"findings": found, "verdict": verdict, "provenance": provenance})


@dataclass(frozen=True)
class Draft:
    """A report before it is judged: what checks may see."""

    evidence: tuple[AnyEvidence, ...]
    document: DocumentFacts
    provenance: Provenance
    problems: tuple[Problem, ...]


@dataclass
class _Tray:
    """Sorts what the examiners yield."""

    watch: Watch | None
    evidence: list[Any] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    not_examined: list[NotExamined] = field(default_factory=list)

    def take(self, things: Iterator[object], where: str) -> None:
        """Sort what an examiner yields. One that breaks is a Problem, and what it had found stays."""
        try:
            for thing in things:
                self._put(thing)
        except UsageError:
            raise
        except VerifyError as error:
            self._put(Problem(where=where, code=error.code, message=error.message))
        except Exception as error:  # the report must say so rather than be lost
            self._put(Problem(where=where, code="examiner-broke", message=f"{type(error).__name__}: {error}"[:300]))

    def _put(self, thing: object) -> None:
        match thing:
            case Piece():
                self.pieces.append(thing)
            case Problem():
                self.problems.append(thing)
            case NotExamined():
                self.not_examined.append(thing)
            case _:
                self.evidence.append(thing)
        if self.watch is not None:
            self.watch(thing)


def _distinct(exhibits: Iterator[Exhibit]) -> tuple[Exhibit, ...]:
    return tuple({(e.sha256, e.role, e.subject): e for e in exhibits}.values())

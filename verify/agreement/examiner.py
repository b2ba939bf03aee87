"""Holds signatures, imprints, registry and ledger against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from verify.agreement.dates import DateSource, document_date
from verify.agreement.evidence import Accord, AgreementEvidence, SealRecord, UseFact
from verify.agreement.names import shown_name, signer_accord
from verify.core.document import Document
from verify.core.geometry import Box
from verify.core.similarity import similar
from verify.formats.limits import DEFAULT_LIMITS
from verify.imprints.checks import leading
from verify.imprints.evidence import ImprintEvidence
from verify.signatures.evidence import SignatureEvidence
from verify.stores.seals import ReferenceSeal, SealShelf
from verify.stores.uses import Use, UseLedger

# An imprint lies in a signature's appearance when most of its box does.
_INSIDE = 0.6


@dataclass(frozen=True)
class AgreementExaminer:
    """`given_date` is the caller's word for the document's date."""

    seals: SealShelf
    uses: UseLedger | None
    given_date: date | None = None

    def examine(
        self, document: Document, signatures: Sequence[SignatureEvidence], imprints: Sequence[ImprintEvidence]
    ) -> Iterator[AgreementEvidence]:
        """One item about the document, then one about each imprint that claims a seal."""
        signers = [s for s in signatures if s.purpose == "signature"]
        texts = (
            [document.pages[i].text() for i in range(min(len(document.pages), DEFAULT_LIMITS.imprint_pages))]
            if document.format != "image"
            else []
        )
        day, source = document_date(signatures, self.given_date, texts)
        names = tuple(dict.fromkeys(shown_name(s.signer) for s in signers if s.signer and s.intact))
        yield AgreementEvidence(
            id="agreement-1",
            about="document",
            signatures=len(signers),
            imprints=len(imprints),
            signers=names,
            date=day,
            date_source=source,
        )
        records = {seal.id: seal for seal in self.seals.seals()} if any(i.comparisons for i in imprints) else {}
        claiming = (i for i in imprints if i.comparisons)
        for number, imprint in enumerate(claiming, start=2):
            seal = records[leading(imprint).seal]
            yield self._about(f"agreement-{number}", imprint, seal, document, signers, names, day, source, texts)

    def _about(
        self,
        id: str,
        imprint: ImprintEvidence,
        seal: ReferenceSeal,
        document: Document,
        signers: Sequence[SignatureEvidence],
        names: tuple[str, ...],
        day: datetime | date | None,
        source: DateSource,
        texts: Sequence[str],
    ) -> AgreementEvidence:
        holder = _holding(imprint, signers)
        read = " ".join(filter(None, [imprint.text.arc, *imprint.text.lines])) or None
        closeness = round(similar(read, seal.text), 3) if read else None
        accords = [
            signer_accord(s.signer, seal.owner.name, seal.owner.unified_code) for s in signers if s.signer and s.intact
        ]
        covers = self._covers(seal, day)
        return AgreementEvidence(
            id=id,
            about=imprint.id,
            signatures=len(signers),
            imprints=1,
            seal=SealRecord(
                id=seal.id,
                owner=seal.owner.name,
                unified_code=seal.owner.unified_code,
                unit=seal.unit,
                kind=seal.kind,
                text=seal.text,
                valid_from=seal.valid_from,
                valid_to=seal.valid_to,
                status=seal.status,
                status_changed=seal.status_changed,
            ),
            text_read=read,
            text_accord="unknown" if closeness is None else "agrees" if closeness >= 0.5 else "differs",
            text_similarity=closeness,
            signers=names,
            signer_accord=_best(accords),
            appearance_of=holder.id if holder else None,
            appearance_intact=(holder.intact is True and holder.modification in ("none", "permitted"))
            if holder
            else None,
            appearance_signer_accord=signer_accord(holder.signer, seal.owner.name, seal.owner.unified_code)
            if holder and holder.signer
            else "unknown",
            appearance_signer_proven=(holder.path.complete and holder.path.problem is None) if holder else None,
            date=day,
            date_source=source,
            ledger_covers=covers,
            uses=tuple(self._uses(document, signers, texts)) if covers else (),
        )

    def _covers(self, seal: ReferenceSeal, day: datetime | date | None) -> bool | None:
        """Whether the ledger is declared complete for the seal on that day; None where there is no ledger or day."""
        if self.uses is None or day is None:
            return None
        if seal.ledger_from is None:
            return False
        return (day.date() if isinstance(day, datetime) else day) >= seal.ledger_from

    def _uses(
        self, document: Document, signers: Sequence[SignatureEvidence], texts: Sequence[str]
    ) -> Iterator[UseFact]:
        """Uses that hold this content, or that this document names by their number."""
        assert self.uses is not None
        digests = {document.sha256, *(s.signed_revision_sha256 for s in signers if s.signed_revision_sha256)}
        written = "\n".join([*texts, *(f"{s.reason or ''} {s.location or ''}" for s in signers)])
        for use in self.uses.uses():
            holds = use.document_sha256 in digests
            if holds or _names(written, use):
                yield UseFact(
                    id=use.id,
                    seal=use.seal,
                    status=use.status,
                    decided=use.decided,
                    document_sha256=use.document_sha256,
                    names_document_by="digest" if holds else "use-number",
                    content_matches=holds,
                )


def _names(written: str, use: Use) -> bool:
    """Whether a text names a use; short numbers would be found by accident anywhere, and longer ones hold shorter."""
    return len(use.id) >= 6 and re.search(rf"(?<![\w-]){re.escape(use.id)}(?![\w-])", written) is not None


def _holding(imprint: ImprintEvidence, signers: Sequence[SignatureEvidence]) -> SignatureEvidence | None:
    """The signature whose appearance holds the imprint; the latest where several do."""
    if imprint.box_mm is None:
        return None
    box = Box(*imprint.box_mm)
    for signature in reversed(signers):
        shown = signature.appearance
        if shown is not None and shown.page == imprint.page and box.overlap(Box(*shown.box_mm)) >= _INSIDE:
            return signature
    return None


def _best(accords: Sequence[Accord]) -> Accord:
    """One signer who is the owner suffices; a contract has other parties."""
    order: tuple[Accord, ...] = ("agrees", "unknown", "differs")
    return next((accord for accord in order if accord in accords), "unknown")

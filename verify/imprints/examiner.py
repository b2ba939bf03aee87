"""Finds the imprints of a document, reads them, and compares them with the seals that they claim to be of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial

import cv2

from verify.core.document import Document
from verify.core.errors import NotExamined, Problem, VerifyError
from verify.core.exhibits import Piece, piece
from verify.core.geometry import MM_PER_INCH
from verify.formats import read
from verify.formats.limits import DEFAULT_LIMITS
from verify.imprints.align import Frame, Searchable
from verify.imprints.claims import NO_CLAIMS, Claims, claims_of
from verify.imprints.compare import Comparison, compare
from verify.imprints.evidence import ClaimedBy, ComparisonEvidence, ImprintEvidence, Quality, Reuse, TextRead
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, lift
from verify.imprints.likelihood import Calibration
from verify.imprints.lines import measured_lines
from verify.imprints.measure import measure
from verify.imprints.measuring import against
from verify.imprints.pictures import comparison_pieces, page_picture, png
from verify.imprints.prepared import prepare
from verify.imprints.screening import questioned_frame, screen, specimen_frame
from verify.imprints.shortlist import Registered, shortlist
from verify.imprints.sight import Sighted, sight
from verify.imprints.text import SealText, read_text
from verify.stores.descriptors import Descriptors, MemoryDescriptors
from verify.stores.seals import NoSeals, ReferenceSeal, SealShelf, Specimen

# What one page or imprint may break on without stopping the others.
_BREAKS = (VerifyError, cv2.error, ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
# Seals whose specimens stay decoded: 4 MB each at 600 dpi.
_KEPT = 4
Yield = ImprintEvidence | Piece | Problem | NotExamined


@dataclass(frozen=True)
class ImprintExaminer:
    """`pages` is how many pages are searched; the rest are named as not examined."""

    seals: SealShelf
    calibration: Calibration | None
    pages: int = DEFAULT_LIMITS.imprint_pages
    descriptors: Descriptors = field(default_factory=MemoryDescriptors)

    def examine(self, document: Document, claims: Claims = NO_CLAIMS) -> Iterator[Yield]:
        """Every imprint in reading order, with its pictures. One page's failure does not stop the others."""
        shelf = _Shelf(self.seals, self.descriptors)
        count = 0
        for index in range(min(len(document.pages), self.pages)):
            try:
                sighted = list(sight(document.pages[index]))
            except _BREAKS as error:
                yield Problem(where=f"page {index + 1}", code="page-not-searched", message=_said(error))
                continue
            if sighted:
                yield page_picture(document.pages[index], sighted, count)
            for one in sighted:
                count += 1
                name = f"imprint-{count}"
                try:
                    yield from self._one(name, one, claims, shelf)
                except _BREAKS as error:
                    yield Problem(where=name, code="imprint-not-examined", message=_said(error))
        if len(document.pages) > self.pages:
            first = self.pages + 1
            yield NotExamined(
                pages=f"{first}-{len(document.pages)}", why=f"imprints are looked for on {self.pages} pages"
            )

    def _one(self, name: str, sighted: Sighted, claims: Claims, shelf: _Shelf) -> Iterator[Yield]:
        imprint, found = sighted.imprint, sighted.found
        sizes = measure(imprint, found)
        text = read_text(imprint, found)
        words = " ".join(filter(None, [text.arc, *text.lines, text.code]))
        yield piece(png(imprint.pixels), type="image/png", role="questioned", subject=name, page=imprint.page)

        problems: list[Problem] = []
        comparisons: list[ComparisonEvidence] = []
        quality = Quality(sufficient=True)
        held = _Against(name, imprint, shelf, self.calibration, problems)
        claimed = claims_of(
            text=words,
            shape=found.shape,
            size_mm=sizes.size_mm,
            claims=claims,
            seals=shelf.seals,
            screened=held.screened,
            likeness=held.likeness,
            shortlist=held.shortlist,
        )
        for claim in claimed.claims:
            result = held.compared(claim.seal)
            if result is None:
                continue
            specimens = shelf.specimens(claim.seal)
            described = [(s.sha256, i) for s, i in specimens]
            comparisons.append(
                comparison_evidence(
                    result,
                    seal=claim.seal.id,
                    owner=claim.seal.owner.name,
                    by=claim.by,
                    of=len(shelf.seals),
                    specimens=described,
                    taken=[s.taken for s, _ in specimens],
                )
            )
            if not result.quality.sufficient:
                quality = Quality(sufficient=False, reasons=result.quality.reasons)
            yield from comparison_pieces(
                result,
                subject=f"{name}/{claim.seal.id}",
                questioned=imprint,
                specimen=specimens[result.specimen][1],
                page=imprint.page,
            )
        if any(_told(c) for c in comparisons):
            quality = Quality(sufficient=True)
        yield from problems
        yield ImprintEvidence(
            id=name,
            page=imprint.page,
            box_px=sighted.box,
            box_mm=_mm(sighted.box, imprint.dpi),
            dpi=imprint.dpi,
            shape=found.shape,
            ink=found.ink,
            size_mm=sizes.size_mm,
            quality=quality,
            text=_text(text),
            measures=sizes.numbers(),
            comparisons=tuple(comparisons),
            passed_over=claimed.passed_over,
        )


def describe(document: Document, *, pages: int = DEFAULT_LIMITS.imprint_pages) -> Iterator[Yield]:
    """The imprints of a document found, measured and read, but compared with nothing."""
    yield from ImprintExaminer(NoSeals(), None, pages).examine(document)


@dataclass
class _Shelf:
    """The shelf with the specimens of the seals asked for last decoded."""

    shelf: SealShelf
    descriptors: Descriptors
    seals: Sequence[ReferenceSeal] = field(init=False)
    _decoded: OrderedDict[str, list[tuple[Specimen, Imprint]]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.seals = self.shelf.seals()

    def specimens(self, seal: ReferenceSeal) -> list[tuple[Specimen, Imprint]]:
        """Every specimen of a seal. Raises VerifyError `seal-without-specimen`, and as the shelf does."""
        if seal.id not in self._decoded:
            self._decoded[seal.id] = [(s, self.picture(seal, s)) for s in _specimens_of(seal)]
            while len(self._decoded) > _KEPT:
                self._decoded.popitem(last=False)
        return self._decoded[seal.id]

    def frames(self, seal: ReferenceSeal) -> Iterator[Frame]:
        """Every specimen lifted for screening; few are decoded for it, since most are remembered."""
        for specimen in _specimens_of(seal):
            yield specimen_frame(specimen.sha256, specimen.dpi, partial(self.picture, seal, specimen))

    def picture(self, seal: ReferenceSeal, specimen: Specimen) -> Imprint:
        return picture_imprint(self.shelf.specimen(seal, specimen), specimen.dpi)


def _specimens_of(seal: ReferenceSeal) -> Sequence[Specimen]:
    if not seal.specimen:
        raise VerifyError("seal-without-specimen", f"seal {seal.id} has no specimen", "Register one: seals add.")
    return seal.specimen


@dataclass
class _Against:
    """One imprint held against seals: screened, measured against one specimen, compared with all of them. What breaks is
    a Problem, once a seal."""

    name: str
    imprint: Imprint
    shelf: _Shelf
    calibration: Calibration | None
    problems: list[Problem]
    _likest: dict[str, int] = field(default_factory=dict)

    def shortlist(self, seals: Sequence[ReferenceSeal]) -> Sequence[ReferenceSeal]:
        """Of many seals that nobody named, those most alike in design."""
        registered = Registered(self.shelf.descriptors, self.shelf.picture)
        return shortlist(self.imprint, seals, registered, broke=self._broke, breaks=_BREAKS)

    def screened(self, seal: ReferenceSeal) -> float:
        """The correlation in screening with the specimen that is most alike; −1 where that broke."""
        try:
            found = [screen(self._frame, Searchable(frame)).ncc for frame in self.shelf.frames(seal)]
        except _BREAKS as error:
            self._broke(seal, error)
            return -1.0
        self._likest[seal.id] = max(range(len(found)), key=found.__getitem__)
        return max(found)

    def likeness(self, seal: ReferenceSeal) -> float:
        """The correlation in full with that specimen, or with the first where none was screened; −1 where that broke."""
        try:
            _, specimen = self.shelf.specimens(seal)[self._likest.get(seal.id, 0)]
            return against(self._ink, prepare(specimen)).measures["ncc"] or 0.0
        except _BREAKS as error:
            self._broke(seal, error)
            return -1.0

    def compared(self, seal: ReferenceSeal) -> Comparison | None:
        """The comparison with all specimens; None where it broke."""
        assert self.calibration is not None
        try:
            specimens = [i for _, i in self.shelf.specimens(seal)]
            return compare(self.imprint, specimens, calibration=self.calibration, ink=self._ink)
        except _BREAKS as error:
            self._broke(seal, error)
            return None

    @cached_property
    def _frame(self) -> Frame:
        return questioned_frame(self.imprint)

    @cached_property
    def _ink(self) -> Ink:
        return lift(self.imprint)

    def _broke(self, seal: ReferenceSeal, error: Exception) -> None:
        problem = Problem(where=f"{self.name}/{seal.id}", code="not-compared", message=_said(error))
        if problem not in self.problems:
            self.problems.append(problem)


def picture_imprint(data: bytes, dpi: float | None) -> Imprint:
    """An imprint from a picture file that shows little else. `dpi` None: the file's own word; 0: unknown.

    Raises Refusal where the bytes are no picture.
    """
    page = read(data, name="picture").pages[0]
    scale = page.native_dpi if dpi is None else dpi or None
    return Imprint(pixels=page.render(None).copy(), dpi=scale)


def comparison_evidence(
    result: Comparison,
    *,
    seal: str,
    specimens: Sequence[tuple[str, Imprint]],
    owner: str | None = None,
    by: tuple[ClaimedBy, ...] = ("caller",),
    of: int = 1,
    taken: Sequence[date] = (),
) -> ComparisonEvidence:
    """What crosses the border of a comparison; `specimens` are (sha256 of the file, its imprint), `taken` their days."""
    by_pixels = {imprint.digest: sha256 for sha256, imprint in specimens}
    reuse = result.reuse
    return ComparisonEvidence(
        seal=seal,
        owner=owner,
        claimed_by=by,
        of=of,
        specimens=tuple(sha256 for sha256, _ in specimens),
        taken=tuple(taken),
        likelihoods=result.likelihoods,
        reuse=Reuse(
            log10_lr=_rounded(reuse.log10_lr),
            same_impression=reuse.same_impression,
            specimen=by_pixels.get(reuse.specimen) if reuse.specimen else None,
        ),
        making=result.making,
        measures={k: _rounded(v) for k, v in result.measures.items()},
        lines=measured_lines(result.best),
    )


def _told(comparison: ComparisonEvidence) -> bool:
    return any(x.log10_lr is not None for x in comparison.likelihoods)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _text(text: SealText) -> TextRead:
    return TextRead(
        arc=text.arc or None, lines=tuple(text.lines), code=text.code, confidence=text.confidence, reason=text.reason
    )


def _mm(box: tuple[int, int, int, int], dpi: float | None) -> tuple[float, float, float, float] | None:
    if dpi is None:
        return None
    x, y, w, h = (round(v * MM_PER_INCH / dpi, 2) for v in box)
    return x, y, w, h


def _said(error: Exception) -> str:
    return error.message if isinstance(error, VerifyError) else f"{type(error).__name__}: {error}".splitlines()[0][:200]

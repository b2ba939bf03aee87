"""Finds the imprints of a document, reads them, and compares them with the seals that they claim to be of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2

from verify.core.document import Document
from verify.core.errors import NotExamined, Problem, VerifyError
from verify.core.exhibits import Piece, piece
from verify.core.geometry import MM_PER_INCH
from verify.formats import read
from verify.formats.limits import DEFAULT_LIMITS
from verify.imprints.claims import NO_CLAIMS, Claim, Claims, claims_of
from verify.imprints.compare import Comparison, against, compare, prepare
from verify.imprints.evidence import ClaimedBy, ComparisonEvidence, ImprintEvidence, Quality, Reuse, TextRead
from verify.imprints.find import Found
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift
from verify.imprints.likelihood import Calibration
from verify.imprints.lines import measured_lines
from verify.imprints.measure import measure
from verify.imprints.pictures import comparison_pieces, page_picture, png
from verify.imprints.sight import Sighted, sight
from verify.imprints.text import SealText, read_text
from verify.stores.seals import NoSeals, ReferenceSeal, SealShelf, Specimen

# What one page or imprint may break on without stopping the others.
_BREAKS = (VerifyError, cv2.error, ArithmeticError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
Yield = ImprintEvidence | Piece | Problem | NotExamined


@dataclass(frozen=True)
class ImprintExaminer:
    """`pages` is how many pages are searched; the rest are named as not examined."""

    seals: SealShelf
    calibration: Calibration | None
    pages: int = DEFAULT_LIMITS.imprint_pages

    def examine(self, document: Document, claims: Claims = NO_CLAIMS) -> Iterator[Yield]:
        """Every imprint in reading order, with its pictures. One page's failure does not stop the others."""
        shelf = _Shelf(self.seals)
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
        for claim in self._claims(name, imprint, found, sizes.size_mm, words, claims, shelf, problems):
            assert self.calibration is not None
            try:
                specimens = shelf.specimens(claim.seal)
                result = compare(imprint, [i for _, i in specimens], calibration=self.calibration)
            except _BREAKS as error:
                problems.append(Problem(where=f"{name}/{claim.seal.id}", code="not-compared", message=_said(error)))
                continue
            described = [(s.sha256, i) for s, i in specimens]
            comparisons.append(
                comparison_evidence(
                    result,
                    seal=claim.seal.id,
                    owner=claim.seal.owner.name,
                    by=claim.by,
                    of=len(shelf.seals),
                    specimens=described,
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
        )

    def _claims(
        self,
        name: str,
        imprint: Imprint,
        found: Found,
        size_mm: tuple[float, float] | None,
        read: str,
        claims: Claims,
        shelf: _Shelf,
        problems: list[Problem],
    ) -> tuple[Claim, ...]:
        if not shelf.seals:
            return ()
        ink = lift(imprint)

        def likeness(seal: ReferenceSeal) -> float:
            try:
                (_, specimen), *_ = shelf.specimens(seal)
                return against(ink, prepare(specimen)).measures["ncc"] or 0.0
            except _BREAKS as error:
                problems.append(Problem(where=f"{name}/{seal.id}", code="not-compared", message=_said(error)))
                return 0.0

        return claims_of(
            text=read, shape=found.shape, size_mm=size_mm, claims=claims, seals=shelf.seals, likeness=likeness
        )


def describe(document: Document, *, pages: int = DEFAULT_LIMITS.imprint_pages) -> Iterator[Yield]:
    """The imprints of a document found, measured and read, but compared with nothing."""
    yield from ImprintExaminer(NoSeals(), None, pages).examine(document)


@dataclass
class _Shelf:
    """The shelf with specimens decoded once per document."""

    shelf: SealShelf
    seals: Sequence[ReferenceSeal] = field(init=False)
    _decoded: dict[str, list[tuple[Specimen, Imprint]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seals = self.shelf.seals()

    def specimens(self, seal: ReferenceSeal) -> list[tuple[Specimen, Imprint]]:
        if seal.id not in self._decoded:
            if not seal.specimen:
                raise VerifyError(
                    "seal-without-specimen", f"seal {seal.id} has no specimen", "Register one: seals add."
                )
            self._decoded[seal.id] = [(s, picture_imprint(self.shelf.specimen(seal, s), s.dpi)) for s in seal.specimen]
        return self._decoded[seal.id]


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
) -> ComparisonEvidence:
    """What crosses the border of a comparison; `specimens` are (sha256 of the file, its imprint)."""
    by_pixels = {imprint.digest: sha256 for sha256, imprint in specimens}
    reuse = result.reuse
    return ComparisonEvidence(
        seal=seal,
        owner=owner,
        claimed_by=by,
        of=of,
        specimens=tuple(sha256 for sha256, _ in specimens),
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

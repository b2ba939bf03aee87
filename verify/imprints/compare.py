"""Comparison: a questioned imprint held against the specimens of one reference seal.

The steps: lift the ink of both, align them, bring the questioned ink into the specimen's frame, measure
(coincidence as a whole, each glyph by itself, ink added and ink missing, edges), and let the calibration
say what the measures weigh. Ink that is missing is cheap, ink that was added in a well-inked place is not
(Horiuchi 2001). Where either side is unknown, nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from verify.imprints.align import Alignment
from verify.imprints.evidence import Likelihood, Making, Quality, Reuse
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, lift
from verify.imprints.likelihood import SEVERAL, Calibration
from verify.imprints.making import making
from verify.imprints.measuring import Against, Measures, Pictures, against
from verify.imprints.prepared import prepare
from verify.imprints.several import against_several, together


@dataclass(frozen=True, eq=False)
class Comparison:
    """What one imprint says against one reference seal: by three specimens or more together, else by the one that it
    coincides with best.

    `measures`: named numbers, None where one could not be taken. `likelihoods`: an entry for every
    alternative. `specimen`: index of the best specimen. `quality.sufficient` False: no ratio is given.
    `details`: against each specimen. `together`: the specimens whose median gave the measures, empty if a single one did.
    """

    specimen: int
    measures: Measures
    likelihoods: tuple[Likelihood, ...]
    quality: Quality
    reuse: Reuse
    making: Making
    details: tuple[Against, ...] = field(repr=False)
    together: tuple[int, ...] = ()

    @property
    def best(self) -> Against:
        return self.details[self.specimen]

    @property
    def alignment(self) -> Alignment:
        return self.best.alignment

    def against(self, alternative: str) -> Likelihood:
        return next(x for x in self.likelihoods if x.against == alternative)

    def overlay(self) -> NDArray[np.uint8]:
        """(h, w, 3) RGB: the questioned ink red, the specimen's cyan, both together dark."""
        return overlay(self.best.pictures)


def compare(
    questioned: Imprint, references: Sequence[Imprint], *, calibration: Calibration, ink: Ink | None = None
) -> Comparison:
    """Hold the imprint against every specimen. Equal input, equal output.

    `ink`: what `lift` gives of the imprint, where it is at hand: of many claimed seals it is lifted once. Raises
    ValueError when there is no specimen at all.
    """
    if not references:
        raise ValueError("a comparison needs at least one specimen")
    ink = ink or lift(questioned)
    prepared = [prepare(r) for r in references]
    details = tuple(against(ink, p) for p in prepared)
    best = max(range(len(details)), key=lambda i: _rank(details[i]))
    several = together(references) if calibration.several and len(references) >= SEVERAL else None
    chosen = details[best] if several is None else against_several(ink, several)
    likelihoods = calibration.likelihoods(chosen.measures, sufficient=chosen.quality)
    return Comparison(
        specimen=best,
        measures=chosen.measures,
        likelihoods=likelihoods,
        quality=chosen.quality,
        reuse=_reuse(details, references, calibration),
        making=making(questioned, ink),
        details=details,
        together=() if several is None else several.of,
    )


def _rank(one: Against) -> float:
    return one.measures["ncc"] or -1.0


def _reuse(details: Sequence[Against], references: Sequence[Imprint], calibration: Calibration) -> Reuse:
    """The specimen whose chance marks coincide best decides."""
    scored = [(calibration.reuse(d.measures), r) for d, r in zip(details, references, strict=True)]
    told = [(s, r) for s, r in scored if s is not None]
    if not told:
        return Reuse(log10_lr=None, same_impression=None)
    score, specimen = max(told, key=lambda t: t[0])
    same = score >= calibration.reuse_threshold
    ratio = calibration.reuse_ratio(score)
    return Reuse(log10_lr=ratio, same_impression=same, specimen=specimen.digest if same else None)


# ── pictures ───────────────────────────────────────────────────────────────────────────────────────────


def overlay(p: Pictures) -> NDArray[np.uint8]:
    """Questioned ink red, specimen cyan, coinciding ink dark; unknown ground a little yellow."""
    q, r = np.clip(p.questioned, 0, 1), np.clip(p.reference, 0, 1)
    picture = np.dstack([1 - r, 1 - q, 1 - q])
    picture[~p.known] *= np.array([1.0, 1.0, 0.82])
    return _bytes(picture)


def _bytes(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)

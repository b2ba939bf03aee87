"""Which registered seals an imprint claims to be of: it is held against those and no others.

A seal is claimed by the text read on the imprint, by the certificate of a signer, by the caller, or
by likeness in design. An imprint that claims none is not registered, and is not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from verify.core.similarity import distinctive, similar
from verify.imprints.evidence import ClaimedBy, Shape
from verify.stores.seals import ReferenceSeal

# Text read on a seal is full of errors; from here on it names the seal rather than another.
_TEXT_NAMES = 0.6
# A text that was read and shares less than this with the seal's own says that it is another seal.
_TEXT_DENIES = 0.35
# Masked correlation from which two designs look alike; different companies' round seals stay below 0.45.
_LOOKS_ALIKE = 0.6
# Prints scale by up to 6 %, and sizes are measured on blurred edges.
_SIZE_TOLERANCE = 0.15
# Round and oval, square and rectangle are told apart badly on tilted photos.
_ALIKE_SHAPES = ({"round", "oval"}, {"square", "rectangle"})


@dataclass(frozen=True)
class Claims:
    """What the signatures and the caller claim: names of intact signers' organisations, ids of seals."""

    signers: Sequence[str] = ()
    seals: Sequence[str] = ()


NO_CLAIMS = Claims()


@dataclass(frozen=True)
class Claim:
    seal: ReferenceSeal
    by: tuple[ClaimedBy, ...]


def claims_of(
    *,
    text: str,
    shape: Shape,
    size_mm: tuple[float, float] | None,
    claims: Claims,
    seals: Sequence[ReferenceSeal],
    likeness: Callable[[ReferenceSeal], float],
) -> tuple[Claim, ...]:
    """The seals that one imprint claims. `likeness` is asked only of seals of a fitting shape and size."""
    found: list[Claim] = []
    for seal in seals:
        if seal.id in claims.seals:
            found.append(Claim(seal, ("caller",)))
            continue
        if not _fits(seal, shape, size_mm):
            continue
        by: list[ClaimedBy] = []
        closeness = _closeness(text, seal) if text else None
        if closeness is not None and closeness >= _TEXT_NAMES and len(seal.text) >= 3:
            by.append("text")
        owned = any(_same_name(name, seal.owner.name) for name in claims.signers)
        if owned and (closeness is None or closeness >= _TEXT_DENIES):
            by.append("certificate")
        if likeness(seal) >= _LOOKS_ALIKE:
            by.append("likeness")
        if by:
            found.append(Claim(seal, tuple(by)))
    return tuple(found)


def _fits(seal: ReferenceSeal, shape: Shape, size_mm: tuple[float, float] | None) -> bool:
    if shape != "other" and shape != seal.shape and not any({shape, seal.shape} <= pair for pair in _ALIKE_SHAPES):
        return False
    if size_mm is None:
        return True
    return abs(max(size_mm) / max(seal.size_mm) - 1.0) <= _SIZE_TOLERANCE


def _closeness(text: str, seal: ReferenceSeal) -> float:
    read = distinctive(text)
    return max(similar(read, distinctive(seal.text)), similar(read, distinctive(seal.owner.name)))


def _same_name(a: str, b: str) -> bool:
    return similar(a, b) > 0.95 and similar(b, a) > 0.95

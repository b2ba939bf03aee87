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
# Masked correlation from which two designs look alike. Ring and star are common to all round seals, so different ones
# reach 0.94; forgeries of a seal start at 0.95.
_LOOKS_ALIKE = 0.945
# An owner has several seals of one shape: the imprint is held against the one that it resembles most, and against any
# that it resembles nearly as much.
_NEARLY_AS_MUCH = 0.03
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
    """The seals that one imprint claims, by id.

    Text and certificates name owners; of an owner's seals the most alike is claimed. Where they name none, every seal
    of a fitting shape and size is asked for likeness. The caller's seals are claimed whatever they look like,
    unless the text says another name: a contract has other parties.
    """
    called = [
        Claim(seal, ("caller",))
        for seal in seals
        if seal.id in claims.seals and not (text and _closeness(text, seal) < _TEXT_DENIES)
    ]
    rest = [s for s in seals if s.id not in claims.seals]
    fitting = [s for s in rest if _fits(s, shape, size_mm)]
    named = {s.id: reasons for s in rest if (reasons := _named_by(s, text, claims))}
    # A text that names an owner none of whose seals fits is held against them all the same: a forger errs in size too.
    asked = [s for s in fitting if s.id in named] or [s for s in rest if s.id in named] or fitting
    alike = {s.id: likeness(s) for s in asked}
    found = list(called)
    for seal in asked:
        best = max(alike[s.id] for s in asked if s.owner.name == seal.owner.name)
        by: list[ClaimedBy] = list(named.get(seal.id, ()))
        if alike[seal.id] >= _LOOKS_ALIKE:
            if not by and _owned(seal, claims):
                by.append("certificate")
            by.append("likeness")
        if by and alike[seal.id] >= best - _NEARLY_AS_MUCH:
            found.append(Claim(seal, tuple(by)))
    return tuple(sorted(found, key=lambda c: c.seal.id))


def _named_by(seal: ReferenceSeal, text: str, claims: Claims) -> tuple[ClaimedBy, ...]:
    closeness = _closeness(text, seal) if text else None
    by: list[ClaimedBy] = []
    if closeness is not None and closeness >= _TEXT_NAMES and len(seal.text) >= 3:
        by.append("text")
    # A contract has other parties: an imprint that cannot be read is the signer's only where it looks so.
    if closeness is not None and closeness >= _TEXT_DENIES and _owned(seal, claims):
        by.append("certificate")
    return tuple(by)


def _owned(seal: ReferenceSeal, claims: Claims) -> bool:
    return any(_same_name(name, seal.owner.name) for name in claims.signers)


def _fits(seal: ReferenceSeal, shape: Shape, size_mm: tuple[float, float] | None) -> bool:
    if shape != "other" and shape != seal.shape and not any({shape, seal.shape} <= pair for pair in _ALIKE_SHAPES):
        return False
    if size_mm is None:
        return True
    pairs = zip(sorted(size_mm), sorted(seal.size_mm), strict=True)
    return all(abs(measured / known - 1.0) <= _SIZE_TOLERANCE for measured, known in pairs)


def _closeness(text: str, seal: ReferenceSeal) -> float:
    read = distinctive(text)
    return max(similar(read, distinctive(seal.text)), similar(read, distinctive(seal.owner.name)))


def _same_name(a: str, b: str) -> bool:
    return similar(a, b) > 0.95 and similar(b, a) > 0.95

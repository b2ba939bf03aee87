"""Which registered seals an imprint claims to be of: it is held against those and no others.

A seal is claimed by the text read on the imprint, by the certificate of a signer, by the caller, or
by likeness in design. An imprint that claims none is not registered, and is not judged.

Any seal of an owner with many may be meant. All are screened; the full comparison, ten times as long, is for those that
may be the one. Those that are not the most alike are named as such, and decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from verify.core.similarity import distinctive, similar
from verify.imprints.evidence import ClaimedBy, PassedOver, Shape
from verify.stores.seals import ReferenceSeal

# Text read on a seal is full of errors; from here on it names the seal rather than another.
_TEXT_NAMES = 0.6
# A text that was read and shares less than this with the seal's own says that it is another seal.
_TEXT_DENIES = 0.35
# Masked correlation from which two designs look alike. Ring and star are common to all round seals, so different ones
# reach 0.94; forgeries of a seal start at 0.95.
_LOOKS_ALIKE = 0.945
# An owner has several seals of one shape: the imprint is held against the one that it resembles most, and against any
# that may be it all the same. Other seals outrank the seal itself the more easily, the less the print shows: it may be
# one that lacks at most `_LACKS_TIMES` what the best lacks of a full correlation, and `_LACKS_MORE` beside. Screened among
# 16 seals of like shape and size, three of them remakes or with a digit changed, no seal itself fell out: of 504 simulated
# clean and medium prints the worst used 0.72 of what is allowed (the tail's fit: 1 in 9,000 falls out), of 80 hard ones
# 0.97 (1 in 500). Three, four and eight were left to compare. Whoever was 0.03 below the best fell out of 16 hard ones.
_LACKS_TIMES, _LACKS_MORE = 2.0, 0.05
# So many are measured in full without being screened; and so many of the best screened whatever they show.
FEW = 3
# A seal that nobody named is claimed from `_LOOKS_ALIKE` on in full, and not measured in full where screening shows less
# than this: of 83 simulated prints that reached it one was screened at 0.77, the others at 0.88 and higher.
_MAY_LOOK_ALIKE = 0.75
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


@dataclass(frozen=True)
class Claimed:
    """The seals that one imprint claims, and the named ones that it is less like; each by id."""

    claims: tuple[Claim, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


Likeness = Callable[[ReferenceSeal], float]


def claims_of(
    *,
    text: str,
    shape: Shape,
    size_mm: tuple[float, float] | None,
    claims: Claims,
    seals: Sequence[ReferenceSeal],
    screened: Likeness,
    likeness: Likeness,
    shortlist: Callable[[Sequence[ReferenceSeal]], Sequence[ReferenceSeal]] = lambda seals: seals,
) -> Claimed:
    """What one imprint claims. `screened` and `likeness`: correlations in screening and in full, asked once a seal at most.

    Text and certificates name owners; of an owner's seals the most alike is claimed, and any that may be it all the same.
    Where they name none, every seal of a fitting shape and size that `shortlist` leaves is asked for likeness. The
    caller's seals are claimed unless another of them is much more alike, or the text says another name: a contract has
    other parties.
    """
    called = [s for s in seals if s.id in claims.seals and not (text and _closeness(text, s) < _TEXT_DENIES)]
    rest = [s for s in seals if s.id not in claims.seals]
    fitting = [s for s in rest if _fits(s, shape, size_mm)]
    named = {s.id: reasons for s in rest if (reasons := _named_by(s, text, claims))}
    # A text that names an owner none of whose seals fits is held against them all the same: a forger errs in size too.
    asked = [s for s in fitting if s.id in named] or [s for s in rest if s.id in named] or shortlist(fitting)
    seen: dict[str, float] = {}

    def likely(group: Sequence[ReferenceSeal], least: float) -> list[ReferenceSeal]:
        if len(group) <= FEW:
            return list(group)
        seen.update((s.id, screened(s)) for s in group)
        return [s for s in _near_the_best(group, seen) if seen[s.id] >= least]

    chosen = likely(called, -1.0)
    found = [Claim(s, ("caller",)) for s in chosen]
    over = [_passed_over(s, ("caller",), seen, in_full=False) for s in called if s not in chosen]

    chosen = likely(asked, -1.0 if named else _MAY_LOOK_ALIKE)
    alike = {s.id: likeness(s) for s in chosen}
    for seal in asked:
        by: list[ClaimedBy] = list(named.get(seal.id, ()))
        if seal in chosen and alike[seal.id] >= _LOOKS_ALIKE:
            if not by and _owned(seal, claims):
                by.append("certificate")
            by.append("likeness")
        rivals = [alike[s.id] for s in chosen if s.owner.name == seal.owner.name]
        if by and seal in chosen and _may_be(alike[seal.id], max(rivals)):
            found.append(Claim(seal, tuple(by)))
        elif seal.id in named:
            over.append(_passed_over(seal, by, seen, in_full=seal in chosen))
    return Claimed(tuple(sorted(found, key=lambda c: c.seal.id)), tuple(sorted(over, key=lambda p: p.seal)))


def _passed_over(
    seal: ReferenceSeal, by: Sequence[ClaimedBy], seen: Mapping[str, float], *, in_full: bool
) -> PassedOver:
    screened = seen.get(seal.id)
    return PassedOver(
        seal=seal.id,
        owner=seal.owner.name,
        claimed_by=tuple(by),
        screened=None if screened is None else round(screened, 4),
        in_full=in_full,
    )


def _near_the_best(group: Sequence[ReferenceSeal], seen: Mapping[str, float]) -> list[ReferenceSeal]:
    """The best few, and every other that may be the seal."""
    order = sorted(group, key=lambda s: (-seen[s.id], s.id))
    best = seen[order[0].id]
    return [s for rank, s in enumerate(order) if rank < FEW or _may_be(seen[s.id], best)]


def _may_be(alike: float, best: float) -> bool:
    return 1.0 - alike <= _LACKS_TIMES * (1.0 - best) + _LACKS_MORE


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

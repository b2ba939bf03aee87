"""Several specimens of one die, used together as images.

What one print has by chance (a wandering edge, a starved patch, a clotted eye) and what the die has always come apart
when prints are laid upon one another: their median, point by point, stands for the die, and how far each print lies from
the others is what is usual for it. A copy that was made after one print carries that print's chance for ever, so it lies
further from the die than another print does.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from verify.imprints import align as alignment
from verify.imprints.align import Searchable
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, Map, Mask
from verify.imprints.likelihood import SEVERAL, told
from verify.imprints.measuring import Against, Measures, against
from verify.imprints.prepared import Prepared, prepare

# Measures told a second time by what is usual among the specimens, and the offset before taking the logarithm.
EXCESS: Final[Mapping[str, float]] = {
    "edge_fine_mm": 0.001, "edge_middle_mm": 0.001, "edge_long_mm": 0.001, "scatter_mm": 0.003,
    "scatter_high_mm": 0.005, "gain_scatter_mm": 0.003, "1-ncc_edge": 0.005,
}  # fmt: skip
LEAST_LIKE = 0.75  # correlation below which a specimen does not lie on the others: of another die, or smeared
KEPT = 4


@dataclass(frozen=True, eq=False)
class Together:
    """Specimens laid upon one another. `of`: which of those given, the one whose frame it is first. `prepared`: their median
    as a reference. `usual`: for every measure of `EXCESS` the mean logarithm of what each specimen shows against the
    median of the others."""

    of: tuple[int, ...]
    prepared: Prepared
    usual: Mapping[str, float]


def excess_name(measure: str) -> str:
    return f"{measure.removeprefix('1-').removesuffix('_mm')}_excess"


_together: OrderedDict[tuple[str, ...], Together | None] = OrderedDict()


def together(references: Sequence[Imprint]) -> Together | None:
    """The specimens as one reference; None where fewer than three of them have a scale and lie on one another.

    The last `KEPT` are remembered by the specimens' digests.
    """
    key = tuple(r.digest for r in references)
    if key not in _together:
        _together[key] = _lay(references)
        while len(_together) > KEPT:
            _together.popitem(last=False)
    _together.move_to_end(key)
    return _together[key]


def _lay(references: Sequence[Imprint]) -> Together | None:
    prepared = [prepare(r) for r in references]
    usable = [i for i, p in enumerate(prepared) if p.frame.scale_known and p.ink.colour is not None]
    if len(usable) < SEVERAL:
        return None
    # The finest of them, and of those the one least covered, lends its frame.
    first = max(usable, key=lambda i: (min(prepared[i].frame.dpi, 600.0), -prepared[i].ink.quality.unknown_share))
    base = prepared[first]
    shape = base.frame.density.shape
    chosen, shown, known = [first], [base.frame.density], [~base.frame.unknown]
    for i in usable:
        if i == first:
            continue
        other = prepared[i].frame
        pose = alignment.align(base.searchable, other, scale_known=True)
        if pose.ncc < LEAST_LIKE:
            continue
        chosen.append(i)
        shown.append(pose.bring(other.density, shape))
        known.append(pose.bring((~other.unknown).astype(np.float32), shape) > 0.97)
    if len(chosen) < SEVERAL:
        return None
    usual = [
        _logs(against(prepared[i].ink, _median(base, [*shown[:k], *shown[k + 1 :]], [*known[:k], *known[k + 1 :]])).measures)
        for k, i in enumerate(chosen)
    ]  # fmt: skip
    means = {
        name: float(np.mean(values))
        for name in EXCESS
        if len(values := [u[name] for u in usual if name in u]) == len(usual)
    }
    return Together(tuple(chosen), _median(base, shown, known), means)


def _median(base: Prepared, shown: Sequence[Map], known: Sequence[Mask]) -> Prepared:
    """The median of what is known at each point, as a reference in the frame of `base`."""
    stack: NDArray[np.float32] = np.where(np.stack(known), np.stack(shown), np.float32(np.nan))
    nowhere = ~np.any(np.stack(known), axis=0)
    stack[:, nowhere] = 0.0
    density = np.nanmedian(stack, axis=0).astype(np.float32)
    # A frame of its own: the levels kept with the old one are of another picture.
    return Prepared(base.ink, Searchable(replace(base.frame, density=density, unknown=nowhere)))


def _logs(measures: Measures) -> dict[str, float]:
    found = {}
    for name, offset in EXCESS.items():
        value = told(measures, name)
        if value is not None:
            found[name] = math.log(max(value, 0.0) + offset)
    return found


def against_several(ink: Ink, specimens: Together) -> Against:
    """Align and measure one lifted imprint against the specimens' median; the excesses beside the usual measures."""
    one = against(ink, specimens.prepared)
    own = _logs(one.measures)
    excess: Measures = {
        excess_name(n): own[n] - specimens.usual[n] if n in own and n in specimens.usual else None for n in EXCESS
    }
    return replace(one, measures={**one.measures, **excess, "specimens": float(len(specimens.of))})

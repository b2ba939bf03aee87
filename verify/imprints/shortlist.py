"""The shortlist: of many registered seals those most like an imprint in design, for screening to look at.

Screening takes some 60 ms a seal. Where neither text, certificate nor caller names one, all seals of its shape and size
come into question, and the likest by descriptor are the only ones that are screened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from verify.imprints.descriptor import SIZE, describe, question
from verify.imprints.imprint import Imprint
from verify.imprints.screening import coarse_ink
from verify.stores.descriptors import Descriptors
from verify.stores.imprints import Array, Entry, MemoryIndex
from verify.stores.seals import ReferenceSeal, Specimen
from verify.version import VERSION

# Twice the ten among which the seal itself is to be found in 99 of 100 clean prints, among 10,000 seals.
SHORTLISTED = 20


@dataclass(frozen=True)
class Registered:
    """Descriptors of specimens; `picture` is asked for those that are not kept yet."""

    kept: Descriptors
    picture: Callable[[ReferenceSeal, Specimen], Imprint]

    def of(self, seal: ReferenceSeal, specimen: Specimen) -> Array:
        """(512,); raises as `picture` does."""
        key = f"{specimen.sha256}-{specimen.dpi:g}-{VERSION}"  # another release may lift or describe otherwise
        data = self.kept.known(key)
        if data is None or len(data) != 2 * SIZE:
            data = describe(coarse_ink(self.picture(seal, specimen))).astype("<f2").tobytes()
            self.kept.keep(key, data)
        return np.frombuffer(data, "<f2").astype(np.float32)


def shortlist(
    imprint: Imprint,
    seals: Sequence[ReferenceSeal],
    registered: Registered,
    *,
    most: int = SHORTLISTED,
    broke: Callable[[ReferenceSeal, Exception], None],
    breaks: tuple[type[Exception], ...],
) -> Sequence[ReferenceSeal]:
    """Up to `most` of the seals, in their order, the likest in design; all where there are no more. `broke` is told of
    a seal whose specimens cannot be described."""
    if len(seals) <= most:
        return seals
    entries, rows = [], []
    for seal in seals:
        try:
            for specimen in seal.specimen:
                rows.append(registered.of(seal, specimen).astype(np.float16))
                entries.append(Entry(seal.id, specimen.sha256))
        except breaks as error:
            broke(seal, error)
    if not rows:
        return ()
    found = {
        hit.entry.seal for hit in MemoryIndex(entries, np.stack(rows)).search(question(coarse_ink(imprint)), most=most)
    }
    return [s for s in seals if s.id in found]

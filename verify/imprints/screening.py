"""Screening: how well an imprint lies on a specimen at all, to choose which claimed seals are compared in full.

The alignment with few candidates, affine only, and a masked correlation of both inks blurred to the width of a
stroke: a tenth of the full comparison's time. It tells other seals and bad claims, never a copy of the same design.
"""

from __future__ import annotations

from dataclasses import dataclass

from verify.imprints.align import Alignment

DPI = 170.0  # what is lifted for screening: the strokes it correlates are 0.3 mm and wider
CANDIDATES = 2
WIDE_CANDIDATES = 4  # where the scale is unknown
_SCALES = (0.72, 0.81, 0.9, 1.0, 1.11, 1.24, 1.39)
_RATE = 2.5  # pixels a millimetre of the maps correlated
_BLUR_MM = 0.3


@dataclass(frozen=True, eq=False)
class Screened:
    """`ncc`: masked correlation on the specimen's ground, −1 to 1; −1 where too little of it is known on both sides.
    `overlap`: share of the specimen's ink that lies on ground known on both sides. `alignment` as in a comparison."""

    ncc: float
    overlap: float
    alignment: Alignment

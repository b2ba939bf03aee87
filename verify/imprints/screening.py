"""Screening: how well an imprint lies on a specimen at all, to choose which claimed seals are compared in full.

The alignment with few candidates, affine only, and a masked correlation of both inks blurred to the width of a
stroke: a tenth of the full comparison's time. It tells other seals and bad claims, never a copy of the same design.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from verify.imprints.align import FINE, SEARCH, Alignment, Frame, Searchable, Stage, frame, level, refine
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, lift

DPI = 170.0  # what is lifted for screening: the strokes it correlates are 0.3 mm and wider
KEPT_MB = 80  # of specimens' frames
CANDIDATES, WIDE_CANDIDATES = 2, 4  # poses refined, where the scale is known and where it is not
_SCALES = (0.72, 0.81, 0.9, 1.0, 1.11, 1.24, 1.39)
_RATE = 2.5  # pixels a millimetre of the maps correlated
_BLUR_MM = 0.3
# Blur in mm, pixels a millimetre, terms of the map (affine), iterations.
_COARSE = Stage(((0.9, SEARCH, 3, 3),))
_FINE = Stage(((0.5, _RATE, 3, 3),))


@dataclass(frozen=True, eq=False)
class Screened:
    """`ncc`: masked correlation on the specimen's ground, −1 to 1; −1 where less than a fifth of its ink lies on known
    ground. `overlap`: share of the specimen's ink that lies on ground known on both sides. `alignment`: affine, from
    the specimen's frame to the questioned imprint's."""

    ncc: float
    overlap: float
    alignment: Alignment


def coarse_ink(imprint: Imprint) -> Ink:
    """The ink lifted at `DPI`, or as it is where the scale is unknown: lifting takes most of the time."""
    if imprint.dpi is None or imprint.dpi <= 1.2 * DPI:
        return lift(imprint)
    factor = DPI / imprint.dpi
    small = cv2.resize(imprint.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return lift(Imprint(np.asarray(small, np.uint8), DPI))


def questioned_frame(imprint: Imprint) -> Frame:
    """The questioned imprint's ink as `screen` takes it: once for all specimens held against it."""
    return frame(coarse_ink(imprint))


_specimens: OrderedDict[tuple[str, float], Frame] = OrderedDict()


def specimen_frame(sha256: str, dpi: float, picture: Callable[[], Imprint]) -> Frame:
    """A specimen's ink as `questioned_frame` lifts it, by the digest of its file and its resolution.

    The last are kept that fill no more than `KEPT_MB`, some 80 of 40 mm. The turned spectra are not: they are ten times
    as large, and made again in 25 ms.
    """
    key = sha256, dpi
    if key in _specimens:
        _specimens.move_to_end(key)
        return _specimens[key]
    made = _specimens[key] = questioned_frame(picture())
    held = sum(f.density.nbytes + f.unknown.nbytes for f in _specimens.values())
    while held > KEPT_MB * 2**20 and len(_specimens) > 1:
        _, dropped = _specimens.popitem(last=False)
        held -= dropped.density.nbytes + dropped.unknown.nbytes
    return made


def screen(questioned: Frame, specimen: Searchable) -> Screened:
    """Align and correlate. Equal input, equal output."""
    known = questioned.scale_known and specimen.frame.scale_known
    scales = (1.0,) if known else _SCALES
    candidates = specimen.peaks(questioned, scales=scales, most=CANDIDATES if known else WIDE_CANDIDATES)
    coarse = [refine(specimen.frame, questioned, c, _COARSE) for c in candidates]
    pose = refine(specimen.frame, questioned, max(coarse, key=lambda a: a.ncc), _FINE)
    return _correlated(questioned, specimen.frame, pose)


def _correlated(questioned: Frame, specimen: Frame, pose: Alignment) -> Screened:
    r, r_known = level(specimen, _BLUR_MM, _RATE)
    q, q_known = level(questioned, _BLUR_MM, _RATE)
    step = FINE / _RATE
    x, y = pose.grid(r.shape, step)
    here, seen = (cv2.remap(m, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) for m in (q, q_known))
    both = (seen > 0.5) & (r_known > 0.5)
    ink = (r > 0.4).astype(np.uint8)
    overlap = float((both & (ink > 0)).sum() / max(int(ink.sum()), 1))
    reach = 2 * round(1.5 * _RATE) + 1
    ground = both & (cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0)
    if overlap < 0.2:
        return Screened(-1.0, overlap, pose)
    a, b = r[ground] - r[ground].mean(), here[ground] - here[ground].mean()
    ncc = float((a * b).sum() / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-9))
    return Screened(ncc, overlap, pose)

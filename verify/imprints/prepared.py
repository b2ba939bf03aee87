"""Prepared references: a specimen lifted, framed and cut into units once, its turned spectra kept for the search."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from verify.imprints import align as alignment
from verify.imprints import units as unit
from verify.imprints.align import FINE, Frame, Searchable
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink, Map, Mask, lift

SOFT_MM = 0.08  # blur given to both sides, against pixel noise
SOLID_MM = 1.1  # ink that fills a window of this size holds no strokes, only its own mottle
KEPT_BYTES = 150 * 2**20  # of prepared references kept in memory; one takes some 15 MB


@dataclass(frozen=True, eq=False)
class Prepared:
    """A specimen made ready once: lifted, framed, cut into units, its turned spectra kept for the search."""

    ink: Ink
    searchable: Searchable

    @property
    def frame(self) -> Frame:
        return self.searchable.frame

    @property
    def nbytes(self) -> int:
        """What it holds in memory now: the turned spectra grow with the first search."""
        maps = [self.ink.density, self.ink.unknown, self.frame.density, self.frame.unknown]
        maps += [v for v in self.__dict__.values() if isinstance(v, np.ndarray)]
        return self.searchable.nbytes + sum(m.nbytes for m in maps)

    @cached_property
    def template(self) -> Map:
        """The specimen's ink with the mottle inside its strokes closed: what a full print of the die would show."""
        crisp = np.clip((self.frame.density - 0.2) / 0.5, 0.0, 1.0).astype(np.float32)
        closed = cv2.morphologyEx(crisp, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
        # Pinholes are the print's, not the die's. Only deep inside solid ink, though: the eye of a digit is as
        # small as a pinhole, and whoever fills it cannot tell a 6 from an 8.
        side = round(SOLID_MM * FINE) | 1
        deep = cv2.blur((closed > 0.4).astype(np.float32), (side, side)) > 0.8
        thick = cv2.erode((closed > 0.35).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        solid = deep & (thick | (closed < 0.5) | (crisp < closed))
        return np.asarray(np.where(solid, 1.0, crisp), np.float32)

    @cached_property
    def units(self) -> tuple[unit.Unit, ...]:
        return unit.segment(self.template, self.frame.unknown)

    @cached_property
    def rounded(self) -> Map:
        """What rounding the corners by a radius of about 0.15 mm changes, blurred like the template."""
        sharp = np.clip((self.template - 0.3) / 0.4, 0.0, 1.0).astype(np.float32)
        turned = np.clip((cv2.GaussianBlur(sharp, (0, 0), 0.15 * FINE) - 0.5) * 3.0 + 0.5, 0.0, 1.0)
        return np.asarray(cv2.GaussianBlur(turned - sharp, (0, 0), SOFT_MM * FINE), np.float32)

    @cached_property
    def ground(self) -> Mask:
        """Where the seal is: within 1 mm of its ink, with the holes inside the design filled."""
        ink = (self.template > 0.5).astype(np.uint8)
        near = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (21, 21)))
        outlines, _ = cv2.findContours(near, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        filled = np.zeros_like(near)
        cv2.drawContours(filled, outlines, -1, (1,), cv2.FILLED)
        return np.asarray(filled > 0)


_prepared: OrderedDict[str, Prepared] = OrderedDict()


def prepare(reference: Imprint) -> Prepared:
    """The specimen made ready; the last ones, up to `KEPT_BYTES`, are remembered by their digest."""
    key = reference.digest
    if key in _prepared:
        _prepared.move_to_end(key)
        return _prepared[key]
    ink = lift(reference)
    made = Prepared(ink, Searchable(alignment.frame(ink)))
    _prepared[key] = made
    while len(_prepared) > 1 and sum(p.nbytes for p in _prepared.values()) > KEPT_BYTES:
        _prepared.popitem(last=False)
    return made

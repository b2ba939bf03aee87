"""How the mark came onto the page, as far as its ink tells.

First version: it names the electronic picture, whose ink is one flat colour and whose paper has no grain.
Everything else is "unknown": between stamped, ink-jet, laser and photocopied it does not decide yet.
"""

from __future__ import annotations

import cv2
import numpy as np

from verify.imprints.evidence import Making
from verify.imprints.imprint import Imprint
from verify.imprints.ink import Ink

FLAT = 0.006  # standard deviation of density inside strokes; the cleanest real scans have five times that


def making(imprint: Imprint, ink: Ink) -> Making:
    """What the ink shows. Never "stamped" on this evidence alone."""
    solid = ((ink.density > 0.8) & ~ink.unknown).astype(np.uint8)
    inside = cv2.erode(solid, np.ones((5, 5), np.uint8)) > 0
    if inside.sum() < 60:
        return Making(kind="unknown", reason="too-little-solid-ink")
    spread = float(np.std(imprint.pixels[inside].astype(np.float32) / 255.0, axis=0).max()) if _same(imprint, ink) else 1.0
    if spread < FLAT and ink.quality.noise < FLAT:
        return Making(kind="electronic", reason="flat-ink-on-flat-paper")
    return Making(kind="unknown", reason="making-not-decided")


def _same(imprint: Imprint, ink: Ink) -> bool:
    return imprint.pixels.shape[:2] == ink.density.shape

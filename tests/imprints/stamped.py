"""Small simulated prints of known truth, for the comparison's tests."""

from __future__ import annotations

from functools import cache
from typing import cast

import numpy as np

from verify.imprints.imprint import Imprint
from verify.simulation.dies import Die, make_die
from verify.simulation.forgeries import Mechanism, forge
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Hardness, Pressing, press
from verify.simulation.scans import Capture, Scan, scan_crop

SEAL = 200_001


@cache
def die(kind: str = "genuine", seal: int = SEAL) -> Die:
    if kind == "genuine":
        return make_die(random_seal(seal, layout="contract"), np.random.default_rng((seal, 1)))
    return forge(cast(Mechanism, kind), die("genuine", seal), np.random.default_rng((seal, 2)))


@cache
def scan(kind: str = "genuine", *, session: int = 0, dpi: float = 300.0, clutter: Hardness = "ideal", seal: int = SEAL) -> Scan:
    rng = np.random.default_rng((seal, 3, session))
    return scan_crop(press(die(kind, seal), Pressing.draw(rng), rng), Capture.draw(rng, dpi=dpi), rng, clutter_of=clutter)


def imprint(kind: str = "genuine", *, session: int = 0, dpi: float = 300.0, clutter: Hardness = "ideal") -> Imprint:
    found = scan(kind, session=session, dpi=dpi, clutter=clutter)
    return Imprint(found.pixels, found.dpi)

"""Replaced: a small learned eye for one digit or glyph that was changed while the rest of the seal stayed.

What prints of one die differ by (starved or mottled ink, flooded counters, edges that wander, strokes beside
masked text) and what another digit in the same place differs by is told by a convolutional network of some 15,000
weights, trained on simulated prints by models/training/glyphs.py; its card beside it says with what success. It gives
one logit for every 0.4 mm: above 0, a glyph replaced here is the likelier of both on the mix it was trained on. That
is a measure, not a ratio: the calibration says what it weighs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.core.errors import VerifyError
from verify.imprints.align import FINE
from verify.imprints.ink import Map, Mask
from verify.stores.models import ModelFile, find_model
from verify.stores.packaged import packaged

MODEL = "glyphs-1"
FILE = "network.onnx"
CELL = 4  # pixels between two answers of the network
APART_MM = 1.2  # places nearer to each other are one place
PLACES = 5
SEEN_MM = 1.3  # about a place, so far is looked whether anything is known and inked there

_SMALL = 8  # pixels of the frame to one of the map of what is usual
_USUAL_MM = 2.4  # standard deviation of the neighbourhood that says what is usual on this print


@dataclass(frozen=True)
class Place:
    """Where a glyph looks replaced: middle in the reference's frame, mm, and the network's logit there."""

    x_mm: float
    y_mm: float
    logit: float


class Network:
    """The network, ready to look. One look at a time: OpenCV's own networks are not for several threads at once."""

    def __init__(self, data: bytes) -> None:
        """Raises VerifyError `model-invalid` when the data is no network that OpenCV can read."""
        try:
            self._net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
        except cv2.error as error:
            raise VerifyError(
                "model-invalid", f"{FILE} of model {MODEL} cannot be read", "Install sigillum again."
            ) from error
        self._one = threading.Lock()

    def logits(self, maps: NDArray[np.float32]) -> Map:
        """(4, h, w) as `channels` gives them, h and w multiples of `CELL` → (h / CELL, w / CELL)."""
        with self._one:
            self._net.setInput(maps[None])
            return np.array(self._net.forward()[0, 0], np.float32)


def network(folders: Sequence[Path] = ()) -> Network:
    """The network of the release, checked against its digest; read once a process.

    `folders`: where models are looked for, none: where they travel with the product. Raises VerifyError
    `data-missing`, `model-missing`, `model-changed`, `model-invalid`.
    """
    return _read(find_model(tuple(folders) or (packaged("models"),), MODEL, FILE))


@lru_cache(maxsize=2)
def _read(file: ModelFile) -> Network:
    return Network(file.read())


def measures(places: Sequence[Place]) -> dict[str, float | None]:
    """`replaced_worst`: the highest logit of the seal; `replaced_third`: that of the third place, what is usual among
    the worst of this print. None where fewer places could be looked at."""
    return {
        "replaced_worst": places[0].logit if places else None,
        "replaced_third": places[2].logit if len(places) > 2 else None,
    }


def find(expected: Map, even: Map, where: Mask, eye: Network) -> tuple[Place, ...]:
    """The `PLACES` places that look most like a replaced glyph, the likeliest first, at least `APART_MM` apart.

    `expected`, `even` (h, w): the reference's ink and the questioned, 0 to about 1, at `FINE` pixels a millimetre and
    in one frame, spread, blur and strength matched. `where` (h, w): the ground of the seal that is known on both sides.
    Empty where nothing could be looked at.
    """
    maps = channels(expected, even, where)
    told = np.where(lookable(expected, even, where), eye.logits(maps), -np.inf)
    near = round(APART_MM * FINE / CELL)
    places: list[Place] = []
    while len(places) < PLACES and told.size and np.isfinite(told.max()):
        row, column = divmod(int(told.argmax()), told.shape[1])
        x_mm, y_mm = ((v + 0.5) * CELL / FINE for v in (column, row))
        places.append(Place(x_mm, y_mm, float(told[row, column])))
        told[max(0, row - near) : row + near + 1, max(0, column - near) : column + near + 1] = -np.inf
    return tuple(places)


def channels(expected: Map, even: Map, where: Mask) -> NDArray[np.float32]:
    """(4, h, w) for the network, h and w filled up to multiples of `CELL`: both inks, what is known, and how unlike the
    two inks are over the neighbourhood, so that a poor print is not taken for a changed one."""
    seen = where.astype(np.float32)
    maps = np.stack([expected * seen, even * seen, seen, 3.0 * _usual(expected, even, seen)]).astype(np.float32)
    return np.pad(maps, ((0, 0), *_filling(expected)))


def lookable(expected: Map, even: Map, where: Mask) -> Mask:
    """(h / CELL, w / CELL): cells whose surroundings are known for the most part and hold ink on either side."""
    side = round(SEEN_MM * FINE) | 1
    seen = where.astype(np.float32)
    known = cv2.blur(seen, (side, side)) > 0.6
    inked = cv2.blur(np.maximum(expected, even) * seen, (side, side)) > 0.04
    middle = CELL // 2
    return np.asarray(np.pad(known & inked, _filling(expected))[middle::CELL, middle::CELL])


def _filling(like: Map) -> tuple[tuple[int, int], tuple[int, int]]:
    h, w = like.shape
    return (0, -h % CELL), (0, -w % CELL)


def _usual(expected: Map, even: Map, seen: Map) -> Map:
    """The root of the mean square of the difference of both inks over some 6 mm."""

    def wide(m: Map) -> Map:
        small = cv2.resize(m, None, fx=1 / _SMALL, fy=1 / _SMALL, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.GaussianBlur(small, (0, 0), _USUAL_MM * FINE / _SMALL), np.float32)

    unlike = np.asarray((even - expected) ** 2 * seen, np.float32)
    usual = np.sqrt(wide(unlike) / (wide(seen) + 0.03))
    full = cv2.resize(usual, (expected.shape[1], expected.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)

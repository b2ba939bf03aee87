"""The imprint: a seal's mark as cut from a page or a photo, with some paper around it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Imprint:
    """A crop of a page that shows one seal.

    `pixels` is (h, w, 3) uint8 sRGB. `dpi` None: the scale is not known (a photo, a picture from a
    screen), and nothing in millimetres may be said of it. `page` counts from 1; `box` is x, y, w, h in
    pixels of the page as displayed.
    """

    pixels: NDArray[np.uint8]
    dpi: float | None
    page: int = 1
    box: tuple[int, int, int, int] | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype != np.uint8:
            raise ValueError(f"an imprint's pixels are (h, w, 3) uint8, not {self.pixels.shape} {self.pixels.dtype}")
        if self.dpi is not None and not self.dpi > 0:
            raise ValueError("an imprint's dpi is positive, or None where it is unknown")

    @property
    def digest(self) -> str:
        """SHA-256 of size, scale and pixels: equal imprints have equal digests."""
        head = f"{self.pixels.shape} {self.dpi}".encode()
        return hashlib.sha256(head + np.ascontiguousarray(self.pixels).tobytes()).hexdigest()

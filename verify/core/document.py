"""A Document: bytes with a digest, a format, and pages rendered on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Format = Literal["pdf", "ofd", "image", "cms", "asic"]
Pixels = NDArray[np.uint8]


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal, the name of bytes everywhere in the project."""
    return hashlib.sha256(data).hexdigest()


class Page(Protocol):
    """One page as a person sees it."""

    @property
    def number(self) -> int:
        """From 1."""

    @property
    def size_mm(self) -> tuple[float, float] | None:
        """Width and height; None where the scale is unknown (most photos)."""

    @property
    def native_dpi(self) -> float | None:
        """The resolution that the page's own raster has, where one picture fills it; else None."""

    @property
    def fixed(self) -> bool:
        """Whether `render` gives the page's own pixels whatever resolution is asked."""

    @property
    def drawn(self) -> bool:
        """Whether anything on it could be an imprint: a raster or coloured paths. False only when that is certain."""

    def render(self, dpi: float | None, clip: tuple[int, int, int, int] | None = None) -> Pixels:
        """Pixels as displayed, (h, w, 3) sRGB; `clip` (x, y, w, h) in those pixels.

        `dpi` None gives a PDF page at 200 dpi; a picture always gives its own pixels, whatever is asked.
        """

    def text(self) -> str:
        """The page's text layer, empty where there is none."""


class Pages(Protocol):
    """The pages of one document, opened on demand."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Page: ...


@dataclass(frozen=True, eq=False)
class Document:
    """What was handed in. `remarks` are facts about the container noticed while reading (code, sentence)."""

    name: str
    data: bytes
    format: Format
    pages: Pages
    password: str | None = None
    remarks: Sequence[tuple[str, str]] = ()
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", digest(self.data))

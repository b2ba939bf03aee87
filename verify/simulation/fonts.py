"""Typefaces by name, and glyphs as pictures. Only faces that Debian or PyMuPDF carry: the same die everywhere.

`TRAINING_FACES` need no more than ./run installs; `HELD_OUT_FACES` are for seals that nothing was fitted on and need
the packages that their error names, or a folder with the files in the environment variable SIGILLUM_FONTS.
"""

from __future__ import annotations

import io
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from verify.core.errors import VerifyError
from verify.simulation.fields import Map

FontName = Literal[
    "song", "sans", "latin-serif", "latin-sans", "latin-mono", "kai", "hei", "latin-book", "latin-gothic"
]
CHINESE: tuple[FontName, ...] = ("song", "sans")  # what every installation has
LATIN: tuple[FontName, ...] = ("latin-serif", "latin-sans")
TRAINING_FACES: tuple[FontName, ...] = ("song", "sans", "latin-serif", "latin-sans", "latin-mono")
HELD_OUT_FACES: tuple[FontName, ...] = ("kai", "hei", "latin-book", "latin-gothic")

_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_FILES = {
    "song": ("gbsn00lp.ttf", "fonts-arphic-gbsn00lp"),
    "sans": ("DroidSansFallbackFull.ttf", "fonts-droid-fallback"),
    "kai": ("gkai00mp.ttf", "fonts-arphic-gkai00mp"),
    "hei": ("wqy-zenhei.ttc", "fonts-wqy-zenhei"),
    "latin-book": ("DejaVuSerif-Bold.ttf", "fonts-dejavu-core"),
    "latin-gothic": ("URWGothic-Demi.otf", "fonts-urw-base35"),
}
# PyMuPDF carries the base-14 faces: no Debian package, the same outlines everywhere.
_BUILT_IN = {"latin-serif": "tibo", "latin-sans": "hebo", "latin-mono": "cobo"}
_CHINESE_FACES = ("song", "sans", "kai", "hei")
_SIZES = (48, 96, 192, 320)


def is_chinese(name: FontName) -> bool:
    """Whether a face has Chinese characters; the others have Latin letters and digits."""
    return name in _CHINESE_FACES


def other_font(name: FontName) -> FontName:
    """Another typeface for the same script and of the same half of the faces: what a forger without the right one
    would take."""
    others: dict[FontName, FontName] = {
        "song": "sans", "sans": "song", "latin-serif": "latin-sans", "latin-sans": "latin-serif",
        "latin-mono": "latin-serif", "kai": "hei", "hei": "kai", "latin-book": "latin-gothic",
        "latin-gothic": "latin-book",
    }  # fmt: skip
    return others[name]


def _folders() -> tuple[Path, ...]:
    own = os.environ.get("SIGILLUM_FONTS")
    return (*_FOLDERS, Path(own)) if own else _FOLDERS


@lru_cache(maxsize=12)
def _data(name: FontName) -> bytes:
    if name in _BUILT_IN:
        import pymupdf

        face: Any = pymupdf.Font  # untyped
        return bytes(face(_BUILT_IN[name]).buffer)
    file, package = _FILES[name]
    for folder in _folders():
        for path in sorted(folder.rglob(file)) if folder.is_dir() else ():
            return path.read_bytes()
    raise VerifyError(
        "font-missing", f"The typeface {file} is not installed.", f"Install it: apt-get install {package}"
    )


@lru_cache(maxsize=48)
def font(name: FontName, size: int) -> ImageFont.FreeTypeFont:
    """A face at `size` px a em. Raises VerifyError `font-missing`, naming the Debian package."""
    return ImageFont.truetype(io.BytesIO(_data(name)), size)


def latin_beside(name: FontName) -> FontName:
    """The face for digits and Latin letters beside a Chinese one (Droid Fallback has none of its own)."""
    beside: dict[FontName, FontName] = {
        "song": "latin-serif", "sans": "latin-sans", "kai": "latin-book", "hei": "latin-gothic",
    }  # fmt: skip
    return beside.get(name, name)


def advance(name: FontName, character: str) -> float:
    """The width of a character in em."""
    return float(font(name, 192).getlength(character)) / 192.0


@lru_cache(maxsize=4096)
def glyph(name: FontName, character: str, em_px: int, weight: float) -> Map:
    """A glyph as coverage 0..1 in a square picture of 1.25 em, its em box centred; `weight` in em thickens strokes."""
    side = round(em_px * 1.25)
    face = font(name, em_px)
    image = Image.new("L", (side, side), 0)
    # The box of the script, not of the glyph: a dot stays on its line.
    x = side / 2 - face.getlength(character) / 2
    y = side / 2 - _middle(name, em_px, _ideograph(character))
    thick = weight * em_px
    draw = ImageDraw.Draw(image)
    draw.text((x, y), character, fill=255, font=face, stroke_width=thick)
    return np.asarray(image, dtype=np.float32) / np.float32(255.0)


def em_for(height_px: float) -> int:
    """The smallest size of the stock that need not be enlarged."""
    return next((size for size in _SIZES if size >= height_px), _SIZES[-1])


def _ideograph(character: str) -> bool:
    return "\u2e80" <= character <= "\u9fff"


@lru_cache(maxsize=64)
def _middle(name: FontName, em_px: int, ideograph: bool) -> float:
    """The middle of a script's line below the drawing origin, told from characters that fill it."""
    boxes = [font(name, em_px).getbbox(c) for c in ("国章鑫贸" if ideograph else "H")]
    return float(min(b[1] for b in boxes) + max(b[3] for b in boxes)) / 2

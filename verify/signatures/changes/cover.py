"""Whether what an annotation draws makes signed text or pictures vanish: the page with its annotations and without.

A highlight leaves the words below it legible, a filled box does not; subtype and opacity as written do not tell, since
an appearance stream draws what it likes. So the page is drawn twice, and the words below the rectangle are looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymupdf
from numpy.typing import NDArray

from verify.signatures.places import floats

_DPI = 100
_FAINTEST = 48  # levels of grey by which ink stands out from its ground
_MOST_LOST = 0.3  # of a word's ink: a seal or a line across a word leaves it legible
_LEAST_INK = 4  # pixels

Grey = NDArray[np.int16]


class Cover:
    """One revision of a file, drawn where it is asked for. What cannot be drawn counts as hidden."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._full: Any = None
        self._bare: Any = None
        self._drawn: dict[int, tuple[Grey, Grey]] = {}

    def hides(self, page: int | None, rect: Any) -> bool:
        """Whether in a rectangle (user space) of a page (index) the annotations hide the page's own words or pictures.

        A page that is not there cannot be drawn either.
        """
        corners = floats(rect)
        if page is None or corners is None:
            return True
        if (corners[2] - corners[0]) * (corners[3] - corners[1]) == 0:
            return False
        try:
            return self._hides(page, corners)
        except Exception:  # MuPDF raises what it likes
            return True

    def _hides(self, index: int, corners: tuple[float, float, float, float]) -> bool:
        without, with_ = self._pair(index)
        page = self._bare[index]
        area = pymupdf.Rect(corners).normalize() * page.transformation_matrix
        if (area & page.rect).is_empty:
            return False
        return any(self._lost(without, with_, box & area) for box in self._content(page, area))

    def _pair(self, index: int) -> tuple[Grey, Grey]:
        if self._full is None:
            self._full, self._bare = (pymupdf.open(stream=self._data, filetype="pdf") for _ in range(2))
        if index not in self._drawn:
            # Before the page is loaded, for a loaded page keeps its annotations.
            self._bare.xref_set_key(self._bare.page_xref(index), "Annots", "null")
            self._drawn[index] = (_grey(self._bare, index), _grey(self._full, index))
        return self._drawn[index]

    def _content(self, page: Any, area: Any) -> list[Any]:
        """The boxes of words (those that say something: a line to sign on does not) and of pictures."""
        words = [pymupdf.Rect(w[:4]) for w in page.get_text("words") if any(c.isalnum() for c in w[4])]
        pictures = [pymupdf.Rect(i["bbox"]) for i in page.get_image_info()]
        return [box for box in words + pictures if box.intersects(area)]

    def _lost(self, without: Grey, with_: Grey, box: Any) -> bool:
        x0, y0, x1, y1 = (v * _DPI / 72.0 for v in box)
        window = np.s_[max(int(y0), 0) : int(np.ceil(y1)), max(int(x0), 0) : int(np.ceil(x1))]
        before, after = without[window], with_[window]
        if not before.size or before.shape != after.shape:
            return False
        ink = np.abs(before - int(np.median(before))) > _FAINTEST
        if ink.sum() < _LEAST_INK:
            return False
        ground = int(np.median(after[~ink])) if (~ink).any() else int(np.median(after))
        gone = np.abs(after[ink] - ground) <= _FAINTEST // 2
        return bool(gone.mean() > _MOST_LOST)


def _grey(document: Any, index: int) -> Grey:
    page = document[index]
    page.set_rotation(0)
    drawn = page.get_pixmap(dpi=_DPI, colorspace=pymupdf.csGRAY, alpha=False)
    return np.frombuffer(drawn.samples, np.uint8).reshape(drawn.height, drawn.width).astype(np.int16)

"""Whether what an annotation draws makes signed content vanish: the page with its annotations and without.

A highlight leaves the words below it legible, a filled box does not; subtype and opacity as written do not tell, since
an appearance stream draws what it likes. So the rectangle is drawn with and without, by each engine and as printed, and
the ink below it is looked at: the worst of them counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from verify.signatures.changes.drawing import Corners, Mupdf, View, Window, pdfium
from verify.signatures.changes.ink import Grey, Mask, inked, vanishes
from verify.signatures.objects import Ref
from verify.signatures.places import floats

_MARGIN = 16  # pixels around the rectangle, so that letters at its edge are whole
_FEW = 3  # questions about a page that are answered by drawing no more than the rectangle
_SAME = 24  # levels of grey


class Before(NamedTuple):
    """An earlier revision and its page: what was hidden there already is not hidden now."""

    cover: Cover
    page: int


class Cover:
    """One revision of a file, drawn where it is asked for. What cannot be drawn counts as hidden."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._asked: Counter[int] = Counter()
        self._whole: dict[tuple[str, int, bool], Grey] = {}

    def hides(self, page: int | None, rect: Any, looks: Sequence[Ref] = (), before: Before | None = None) -> bool:
        """Whether in a rectangle (user space) of a page (index) the annotations hide what the page itself shows.

        `looks`: appearance streams that are asked by themselves as well, whatever the engines make of their annotation.
        A page that is not there cannot be drawn either.
        """
        corners = floats(rect)
        if page is None or corners is None:
            return True
        if (corners[2] - corners[0]) * (corners[3] - corners[1]) == 0:
            return False
        try:
            return self._hides(page, corners, looks, before)
        except Exception:  # the engines raise what they like
            return True

    def _hides(self, index: int, corners: Corners, looks: Sequence[Ref], before: Before | None) -> bool:
        core = self._mupdf.window(index, corners)
        if core is None:
            return False
        self._asked[index] += 1
        size = self._mupdf.size(index)
        if before is not None and before.cover._mupdf.size(before.page) != size:
            return True
        window = Window(
            max(core.x0 - _MARGIN, 0), max(core.y0 - _MARGIN, 0),
            min(core.x1 + _MARGIN, size[0]), min(core.y1 + _MARGIN, size[1]),
        )  # fmt: skip
        inside = np.zeros((window.y1 - window.y0, window.x1 - window.x0), np.bool_)
        inside[core.y0 - window.y0 : core.y1 - window.y0, core.x0 - window.x0 : core.x1 - window.x0] = True
        return any(
            vanishes(bare, drawn, inside)
            and (before is None or vanishes(bare, drawn, inside, self._seen(view, window, bare, before)))
            for view, bare, drawn in self._pairs(index, window, inside, corners, looks)
        )

    def _pairs(
        self, index: int, window: Window, inside: Mask, corners: Corners, looks: Sequence[Ref]
    ) -> Iterator[tuple[View, Grey, Grey]]:
        """The page without and with annotations, wherever there is anything to hide."""
        for view in self._views:
            bare = self._part(view, index, window, False)
            if not inked(bare, inside):
                continue
            yield view, bare, self._part(view, index, window, True)
            for look in looks if view is self._mupdf else ():
                yield view, bare, self._mupdf.alone(index, window, corners, look)

    def _seen(self, view: View, window: Window, bare: Grey, before: Before) -> Mask | None:
        """The pixels on which the earlier revision showed the page itself."""
        same = next((v for v in before.cover._views if v.name == view.name), None)
        if same is None:
            return None
        before.cover._asked[before.page] += 1
        earlier = before.cover._part(same, before.page, window, True)
        return np.asarray(np.abs(earlier.astype(np.int16) - bare) <= _SAME)

    def _part(self, view: View, index: int, window: Window, annotated: bool) -> Grey:
        """A window of a page; of a page that is asked often, it is cut from the whole."""
        key, size = (view.name, index, annotated), self._mupdf.size(index)
        if key not in self._whole:
            if self._asked[index] <= _FEW:
                return view.draw(index, size, window, annotated)
            self._whole[key] = view.draw(index, size, Window(0, 0, *size), annotated)
        return self._whole[key][window.slices]

    @cached_property
    def _mupdf(self) -> Mupdf:
        return Mupdf(self._data)

    @cached_property
    def _views(self) -> list[View]:
        return [self._mupdf, *pdfium(self._data)]

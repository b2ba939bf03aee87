"""Where annotations stand: the page as the file is now, and the box in mm from its top left as displayed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from verify.core.geometry import points_to_mm
from verify.signatures.objects import Ref, entry, plain, raw_items, ref_of, resolved

Box = tuple[float, float, float, float]
_LETTER = (0.0, 0.0, 612.0, 792.0)
_UNSEEN = 0b100010  # /F: hidden, or not to be viewed (ISO 32000-2, table 167)


class Places:
    """The pages of a file as it stands, and which annotation stands on which; each page is read once."""

    def __init__(self, reader: PdfFileReader) -> None:
        self.reader = reader

    def at(self, ref: Ref) -> tuple[int, Box | None] | None:
        """A page's number, or an annotation's page and box; None where it does not show."""
        if ref in self._pages:
            return self._pages[ref], None
        found = self._annotations.get(ref)
        if found is None:
            return None
        number, page = found
        return self._spot(number, page, resolved(generic.IndirectObject(*ref, self.reader)))

    def where(self, page: Ref | None, annotation: Any) -> tuple[int, Box | None] | None:
        """Where an annotation of an earlier revision would stand on a page as it is now."""
        number = self._pages.get(page) if page is not None else None
        return self._spot(number, self._numbered[number - 1][1], annotation) if number is not None else None

    def _spot(self, number: int, page: Any, annotation: Any) -> tuple[int, Box | None] | None:
        try:
            box = self._box(page, annotation)
        except Exception:  # a malformed rectangle or box: that it stands on the page is all that can be told
            return number, None
        return (number, box) if box is not None else None

    @cached_property
    def _pages(self) -> dict[Ref, int]:
        found: dict[Ref, int] = {}
        for number, page in self._numbered:
            own = getattr(page, "container_ref", None)
            if own is not None:
                found.setdefault((own.idnum, own.generation), number)
        return found

    @cached_property
    def _numbered(self) -> list[tuple[int, Any]]:
        try:
            return list(enumerate(_leaves(self.reader), 1))
        except Exception:  # a page tree that nobody can read
            return []

    @cached_property
    def _annotations(self) -> dict[Ref, tuple[int, Any]]:
        """By /Annots; /P is a hint of the writer's only."""
        found: dict[Ref, tuple[int, Any]] = {}
        for number, page in self._numbered:
            annotations = entry(page, "/Annots")
            if isinstance(annotations, generic.ArrayObject):
                for raw in raw_items(annotations):
                    if isinstance(raw, generic.IndirectObject):
                        found.setdefault(ref_of(raw), (number, page))
        return found

    def _box(self, page: Any, annotation: Any) -> Box | None:
        rect = floats(entry(annotation, "/Rect"))
        flags = entry(annotation, "/F")
        if rect is None or (isinstance(flags, int) and flags & _UNSEEN):
            return None
        x0, x1 = sorted((rect[0], rect[2]))
        y0, y1 = sorted((rect[1], rect[3]))
        if (x1 - x0) * (y1 - y0) <= 0:
            return None
        media = floats(_inherited(page, "/MediaBox")) or _LETTER
        crop = floats(_inherited(page, "/CropBox")) or media
        left, right = (
            max(min(crop[0], crop[2]), min(media[0], media[2])),
            min(max(crop[0], crop[2]), max(media[0], media[2])),
        )
        bottom, top = (
            max(min(crop[1], crop[3]), min(media[1], media[3])),
            min(max(crop[1], crop[3]), max(media[1], media[3])),
        )
        if min(x1, right) <= max(x0, left) or min(y1, top) <= max(y0, bottom):
            return None  # outside of what the page shows
        turn = _inherited(page, "/Rotate")
        unit = entry(page, "/UserUnit")
        scale = float(unit) if isinstance(unit, int | float) and unit > 0 else 1.0
        match (int(turn) if isinstance(turn, int) else 0) % 360:
            case 90:
                box = (y0 - bottom, x0 - left, y1 - y0, x1 - x0)
            case 180:
                box = (right - x1, y0 - bottom, x1 - x0, y1 - y0)
            case 270:
                box = (top - y1, right - x1, y1 - y0, x1 - x0)
            case _:
                box = (x0 - left, top - y1, x1 - x0, y1 - y0)
        x, y, w, h = (round(points_to_mm(v * scale), 2) for v in box)
        return x, y, w, h


def _leaves(reader: PdfFileReader) -> Iterator[Any]:
    done: set[Ref] = set()

    def walk(node: Any, depth: int) -> Iterator[Any]:
        if not isinstance(node, generic.DictionaryObject) or depth > 60:
            return
        kids = entry(node, "/Kids")
        if not isinstance(kids, generic.ArrayObject):
            yield node
            return
        for raw in raw_items(kids):
            if isinstance(raw, generic.IndirectObject):
                if ref_of(raw) in done:
                    continue
                done.add(ref_of(raw))
            yield from walk(resolved(raw), depth + 1)

    yield from walk(reader.root["/Pages"], 0)


def _inherited(page: Any, key: str) -> Any:
    node = page
    for _ in range(32):
        if not isinstance(node, generic.DictionaryObject):
            return None
        if key in node:
            return entry(node, key)
        node = entry(node, "/Parent")
    return None


def floats(value: Any) -> Box | None:
    """Four numbers; None where the value is anything else."""
    if not isinstance(value, generic.ArrayObject) or len(value) != 4:
        return None
    numbers = [plain(resolved(v)) for v in raw_items(value)]
    if not all(isinstance(v, int | float) or hasattr(v, "as_numeric") for v in numbers):
        return None
    a, b, c, d = (float(v) for v in numbers)
    return a, b, c, d

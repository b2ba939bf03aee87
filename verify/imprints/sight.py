"""The imprints of a page, cut out at the page's own resolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from verify.core.document import Page, Pixels
from verify.core.geometry import MM_PER_INCH
from verify.imprints.find import Found, find_imprints
from verify.imprints.imprint import Imprint

# Finding works on a coarse page; measuring on the page's own resolution, within what a seal can use.
FINDING_DPI = 200.0
_DRAWN_DPI = 300.0
_FINEST_DPI = 600.0
# Paper kept around an imprint, as a share of its longer side.
_MARGIN = 0.08


@dataclass(frozen=True, eq=False)
class Sighted:
    """An imprint as found on a page: `box` in the page's pixels at `imprint.dpi`, without the margin."""

    found: Found
    box: tuple[int, int, int, int]
    imprint: Imprint


def sight(page: Page) -> Iterator[Sighted]:
    """The imprints of one page, cut out at the page's own resolution."""
    if not page.drawn:
        return
    native = page.native_dpi
    coarse = page.render(FINDING_DPI)
    if page.fixed:
        coarse_dpi = fine_dpi = native
    else:
        coarse_dpi = coarse.shape[1] / page.size_mm[0] * MM_PER_INCH if page.size_mm else None
        fine_dpi = None if coarse_dpi is None else min(max(native or _DRAWN_DPI, 100.0), _FINEST_DPI)
    founds = find_imprints(coarse, dpi=coarse_dpi)
    if not founds:
        return
    for found in founds:
        factor = 1.0 if fine_dpi is None or coarse_dpi is None else fine_dpi / coarse_dpi
        yield _cut(page, found, coarse, factor, fine_dpi)


def _cut(page: Page, found: Found, coarse: Pixels, factor: float, dpi: float | None) -> Sighted:
    x, y, w, h = found.box
    margin = _MARGIN * max(w, h)
    left, top = max(x - margin, 0.0), max(y - margin, 0.0)
    right, bottom = min(x + w + margin, coarse.shape[1]), min(y + h + margin, coarse.shape[0])
    if abs(factor - 1.0) < 1e-3:
        crop = coarse[int(top) : round(bottom), int(left) : round(right)]
    else:
        clip = tuple(round(v * factor) for v in (left, top, right - left, bottom - top))
        crop = page.render(dpi, clip=(clip[0], clip[1], clip[2], clip[3]))
        if crop.shape[:2] == coarse.shape[:2]:  # a page that cannot be rendered finer
            crop, factor = coarse[int(top) : int(bottom), int(left) : int(right)], 1.0
    box = (round(x * factor), round(y * factor), round(w * factor), round(h * factor))
    return Sighted(found, box, Imprint(pixels=crop.copy(), dpi=dpi, page=page.number, box=box))

"""The comparison by sight: the signed revision and the current one are drawn, page by page, and held together.

Structure tells what a later revision did; sight tells what a reader sees of it. Each engine is compared with itself,
so that two engines' fonts and edges do not matter: one content gives the same pixels, and what is not the same was
changed. A second engine tells what the first hides: a difference that only one of them sees is said to be so.

A difference is explained where a permitted change shows: a field that was filled in, a later signature's look. The
rest is what nobody allowed, or what the structure does not tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.core.document import Document, Pixels
from verify.core.exhibits import Piece, piece
from verify.core.geometry import Box
from verify.signatures.evidence import Appearance, Change, Difference, Sight
from verify.signatures.sight.engines import opened
from verify.signatures.sight.pages import Match, Purse, Volume, matched
from verify.signatures.sight.pictures import Area, Known, Mask, areas, blank, differs, hidden, hinted, marked, png

DPI = 110.0  # a comma of 9 pt that became a point is three pixels, a changed digit twenty (test_sight)
_MARGIN_MM = 1.0
_SLIVER_MM = 0.5
_MOST_SHOWN = 6  # pages that become exhibits, for each signature


@dataclass(frozen=True)
class Limits:
    """What a comparison may cost; all are counts, so that the same file gives the same answer on every machine."""

    pages: int = 60
    """Pages compared for one signature; those on which a change shows go first."""
    drawings: int = 600
    """Pages drawn for one document, both engines and all signatures together."""
    exhibits: int = 8_000_000
    """Bytes of pictures for one document."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class View:
    """What one engine sees of a page that it draws otherwise now; `areas` null: the page has another size."""

    engine: str
    areas: Sequence[Area] | None
    px_per_mm: float = 1.0
    covered: Mask | None = None  # where the signature's own look is covered

    @property
    def unexplained(self) -> int:
        return sum(a.pixels for a in self.areas or () if a.explained_by is None)


@dataclass(frozen=True, eq=False)
class Spread:
    """A page with its partner, and what differs on it."""

    old: int
    new: int
    views: Sequence[View]
    differences: Sequence[Difference]

    @property
    def unexplained(self) -> bool:
        return any(d.explained_by is None for d in self.differences)


class Eye:
    """Draws a document as it stands once, for all signatures of it; for use in one thread."""

    def __init__(self, document: Document, *, dpi: float = DPI, limits: Limits = DEFAULT_LIMITS) -> None:
        self._document = document
        self._dpi = dpi
        self._limits = limits
        self._purse = Purse(limits.drawings)
        self._volumes: dict[int, Volume] = {}
        self._shown: dict[str, int] = {}  # digest and size of the exhibits so far

    def look(
        self, end: int, changes: Sequence[Change], own: Appearance | None, subject: str
    ) -> tuple[Sight, tuple[Piece, ...]]:
        """Compare `document.data[:end]`, as it was signed, with the document as it stands. Raises nothing.

        `changes`: all since then; those with `permitted_by`, `page` and `box_mm` explain what shows there, but nothing
        explains a difference in the signature's `own` look. The pieces are about `subject`; `page` is the page's number
        now. For each page that differs: as-signed, as-now and what-changed, and as-now-otherwise where the engines
        disagree; page-added and page-removed (its number as signed) for pages without a partner.
        """
        try:
            signed, now = self._volume(end), self._volume(len(self._document.data))
            engines = [name for name in now.engines if name in signed.engines]
            if engines:
                return self._look(signed, now, engines, changes, own, subject)
        except Exception:  # noqa: S110 (neither a library's own exceptions nor a hostile file may end the examination)
            pass
        return Sight(engines=(), dpi=self._dpi, pages=0, left_out=_ranges(range(len(self._document.pages)))), ()

    def _volume(self, end: int) -> Volume:
        if end not in self._volumes:
            whole = len(self._document.data)
            self._volumes = {k: v for k, v in self._volumes.items() if k == whole}  # one signed revision at a time
            self._volumes[end] = Volume(dict(opened(self._document, end)), self._dpi, self._purse)
        return self._volumes[end]

    def _look(
        self,
        signed: Volume,
        now: Volume,
        engines: Sequence[str],
        changes: Sequence[Change],
        own: Appearance | None,
        subject: str,
    ) -> tuple[Sight, tuple[Piece, ...]]:
        first = engines[0]
        counts = signed.count(first), now.count(first)
        chosen = self._chosen(signed, now, engines, changes)
        match = matched(
            [(i, signed.leaf(first, i)) for i in chosen if i < counts[0]],
            [(i, now.leaf(first, i)) for i in chosen if i < counts[1]],
            whole=len(chosen) == max(counts),
        )
        spreads = [_compared(signed, now, engines, pair, changes, own) for pair in match.pairs]
        differences = [d for s in spreads for d in s.differences]
        for kind, volume, pages in (("page-removed", signed, match.removed), ("page-added", now, match.added)):
            for page in pages:
                seers = ", ".join(e for e in engines if page < volume.count(e))
                explained = next((c.object for c in changes if c.kind == kind and c.permitted_by is not None), None)
                differences.append(Difference(page=page + 1, kind=kind, engine=seers, explained_by=explained))
        looked = {s.new for s in spreads} | set(match.added)
        left_out = [i for i in range(counts[1]) if i not in looked]
        sight = Sight(
            engines=tuple(engines),
            dpi=self._dpi,
            pages=len(spreads),
            left_out=_ranges(left_out) if left_out else None,
            differences=tuple(sorted(differences, key=lambda d: (d.page, d.kind, d.box_mm or (), d.engine))),
        )
        return sight, tuple(self._affordable(_pictures(spreads, match, signed, now, first), subject))

    def _chosen(self, signed: Volume, now: Volume, engines: Sequence[str], changes: Sequence[Change]) -> list[int]:
        """The pages to draw, from 0: all, or as many as may be, first those on which a change is known to show."""
        counts = [v.count(e) for v in (signed, now) for e in engines[:1]]
        named = {c.page - 1 for c in changes if c.page is not None} if counts[0] == counts[1] else set()
        chosen: list[int] = []
        left = self._purse.left
        for page in sorted(range(max(counts)), key=lambda i: (i not in named, i))[: self._limits.pages]:
            left -= sum(not v.known(e, page) for v in (signed, now) for e in engines)
            if left < 0:
                break
            chosen.append(page)
        return sorted(chosen)

    def _affordable(self, pictures: Iterator[tuple[str, int, Pixels]], subject: str) -> Iterator[Piece]:
        """The pictures as exhibits, until the document's share is used up; one that was shown before costs nothing."""
        for role, page, pixels in pictures:
            made = piece(png(pixels), type="image/png", role=role, subject=subject, page=page)
            if made.exhibit.sha256 not in self._shown:
                if sum(self._shown.values()) + len(made.data) > self._limits.exhibits:
                    return
                self._shown[made.exhibit.sha256] = len(made.data)
            yield made


# One page


def _compared(
    signed: Volume,
    now: Volume,
    engines: Sequence[str],
    pair: tuple[int, int],
    changes: Sequence[Change],
    own: Appearance | None,
) -> Spread:
    """A page as every engine draws it, and what differs."""
    old, new = pair
    views: list[View] = []
    differences: list[Difference] = []
    blind: list[str] = []
    for name in engines:
        before, after = signed.leaf(name, old), now.leaf(name, new)
        if before is None or after is None:
            blind.append(name)
            if before is not after:  # drawable in one state only
                differences.append(Difference(page=new + 1, kind="undrawable", engine=name))
            continue
        if before.digest == after.digest:
            continue
        a, b = signed.pixels(name, old), now.pixels(name, new)
        scale = b.shape[1] / now.width_mm(new)
        if a.shape != b.shape:
            views.append(View(name, None))
        else:
            kept = own is not None and own.page == new + 1
            covered = hidden(a, b, Box(*own.box_mm).scaled(scale)) if own is not None and kept else None
            found = areas(differs(a, b), _known(changes, new + 1, scale), scale, covered)
            views.append(View(name, found, scale, covered))
    if len(blind) == len(engines) and not differences:
        differences.append(Difference(page=new + 1, kind="undrawable", engine=", ".join(blind)))
    seeing = [e for e in engines if e not in blind]
    resized = [v.engine for v in views if v.areas is None]
    if resized:
        differences.append(Difference(page=new + 1, kind="page-resized", engine=", ".join(resized), share=1.0))
    else:
        differences += _without_slivers(list(_told(views, seeing, signed, now, pair, changes)))
    return Spread(old, new, views, differences)


def _told(
    views: Sequence[View],
    seeing: Sequence[str],
    signed: Volume,
    now: Volume,
    pair: tuple[int, int],
    changes: Sequence[Change],
) -> Iterator[Difference]:
    """The areas as differences. What both engines see is told once, with both names; of the second, what is left."""
    told: list[Box] = []
    for view in views:
        a, b = signed.pixels(view.engine, pair[0]), now.pixels(view.engine, pair[1])
        found = view.areas or ()
        if told:
            rest = differs(a, b)
            blank(rest, [box.scaled(view.px_per_mm) for box in told])
            found = areas(rest, _known(changes, pair[1] + 1, view.px_per_mm), view.px_per_mm, view.covered)
        before = list(told)
        for area in found:
            box = area.box.scaled(1 / view.px_per_mm)
            near = _widened(box, 2 * _MARGIN_MM)
            others = [] if before else [v.engine for v in views if v is not view and _hints(v, near, signed, now, pair)]
            told.append(near)
            x, y, w, h = box.rounded()
            yield Difference(
                page=pair[1] + 1,
                kind="changed" if len(others) + 1 == len(seeing) else "engines-disagree",
                engine=", ".join((view.engine, *others)),
                box_mm=(x, y, w, h),
                share=round(area.pixels / (b.shape[0] * b.shape[1]), 6),
                explained_by=area.explained_by,
            )


def _without_slivers(found: list[Difference]) -> list[Difference]:
    """Engines round an edge to another pixel: a sliver that one of them sees beside what both see tells nothing."""
    if not any(d.kind == "changed" for d in found):
        return found
    return [d for d in found if d.kind == "changed" or d.box_mm is None or min(d.box_mm[2:]) >= _SLIVER_MM]


def _hints(view: View, box_mm: Box, signed: Volume, now: Volume, pair: tuple[int, int]) -> bool:
    a, b = signed.pixels(view.engine, pair[0]), now.pixels(view.engine, pair[1])
    return hinted(a, b, box_mm.scaled(view.px_per_mm))


def _known(changes: Sequence[Change], page: int, px_per_mm: float) -> list[Known]:
    """Where permitted changes show on a page."""
    # What one rule permits and another forbids is forbidden: a field whose look is not its value.
    forbidden = {c.object for c in changes if c.permitted_by is None and not c.in_doubt}
    permitted = (c for c in changes if c.permitted_by is not None and c.object not in forbidden)
    shown = (c for c in permitted if c.page == page and c.box_mm is not None)
    return [Known(c.object, _widened(Box(*c.box_mm), _MARGIN_MM).scaled(px_per_mm)) for c in shown if c.box_mm]


def _widened(box: Box, by: float) -> Box:
    return Box(box.x - by, box.y - by, box.w + 2 * by, box.h + 2 * by)


# Exhibits


def _pictures(
    spreads: Sequence[Spread], match: Match, signed: Volume, now: Volume, engine: str
) -> Iterator[tuple[str, int, Pixels]]:
    """(role, page, picture), the pages with something that nothing explains first."""
    differing = sorted((s for s in spreads if s.views and s.differences), key=lambda s: (not s.unexplained, s.new))
    for spread in differing[:_MOST_SHOWN]:
        page = spread.new + 1
        view = max(spread.views, key=lambda v: v.unexplained)  # the first engine's where they agree
        before, after = signed.pixels(view.engine, spread.old), now.pixels(view.engine, spread.new)
        yield "as-signed", page, before
        yield "as-now", page, after
        if view.areas is not None:
            yield "what-changed", page, marked(after, differs(before, after), view.areas)
        if any(d.kind == "engines-disagree" for d in spread.differences):
            for other in now.engines:
                if other != view.engine and now.leaf(other, spread.new) is not None:
                    yield "as-now-otherwise", page, now.pixels(other, spread.new)
    for role, volume, pages in (("page-removed", signed, match.removed), ("page-added", now, match.added)):
        for index in pages[: _MOST_SHOWN // 2]:
            if volume.leaf(engine, index) is not None:
                yield role, index + 1, volume.pixels(engine, index)


def _ranges(pages: Sequence[int]) -> str:
    """[0, 1, 2, 5] → "1-3, 6"."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    return ", ".join(f"{a + 1}" if a == b else f"{a + 1}-{b + 1}" for a, b in runs)

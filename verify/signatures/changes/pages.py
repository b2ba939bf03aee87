"""Rules for pages: their number, order, size and content stay as signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes.annotations import annotations_of_page
from verify.signatures.changes.edits import Edit, Kind
from verify.signatures.changes.history import PAGE_WORDS, History
from verify.signatures.objects import Ref, entry, raw_pairs, verb

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison, Pair, Rule

# Entries of a page that change what it shows (ISO 32000-2, table 31).
_KINDS: Mapping[str, Kind] = {
    "/Contents": "page-content-changed", "/Resources": "page-resources-changed", "/Rotate": "page-turned",
    "/MediaBox": "page-resized", "/CropBox": "page-resized", "/UserUnit": "page-resized", "/BleedBox": "page-resized",
    "/TrimBox": "page-resized", "/ArtBox": "page-resized", "/AA": "active-content",
}  # fmt: skip
# Those that readers take over from the nodes above: the standard's four, and what some readers take besides.
_TAKEN_OVER = frozenset(_KINDS) | {"/Annots", "/Group"}
_MOST_NODES = 1_000
_FONT_FILES = frozenset({"/Type1C", "/CIDFontType0C", "/OpenType"})


def _pages(step: Comparison, pair: Pair) -> Iterator[Edit]:
    for key, a, b in step.keys(pair):
        if key in ("/Kids", "/Count"):
            yield from _kids(step)
        elif key == "/Parent":
            yield from _parent(step, pair, "pages")
        elif key in _KINDS:
            # Readers let pages take over more than the standard's four entries (7.7.3.4).
            yield step.edit(f"pages, {PAGE_WORDS.get(key, key[1:])}", _KINDS[key], "never")
        elif key in ("/Type", "/Annots", "/Group"):
            yield step.edit(f"pages, {key[1:]}", verb(a, b), "never")
        else:
            # A private entry (ISO 32000-2, annex E): no reader draws by it.
            yield step.edit(f"pages, {key[1:]}", verb(a, b), "always", "no-visible-effect")


def _above(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """A node that only /Parent leads to: readers take values over from it, its kids are no pages."""
    if not isinstance(pair.old, generic.DictionaryObject) or not isinstance(pair.new, generic.DictionaryObject):
        yield step.edit("pages", verb(pair.old, pair.new), "never")
        return
    for key, a, b in step.keys(pair):
        if key == "/Parent":
            yield from _parent(step, pair, "pages")
        elif key in _TAKEN_OVER:
            yield step.edit(f"pages, {PAGE_WORDS.get(key, key[1:])}", _KINDS.get(key, verb(a, b)), "never")


def _parent(step: Comparison, pair: Pair, words: str, shows: tuple[Ref, ...] = ()) -> Iterator[Edit]:
    """Another node above: no change as long as what is taken over stays the same."""
    before, after = _taken_over(step.h, pair.old, step.old), _taken_over(step.h, pair.new, step.new)
    for key in sorted(_TAKEN_OVER):
        if not step.same(before.get(key), after.get(key), 1):
            yield step.edit(
                f"{words}, {PAGE_WORDS.get(key, key[1:])}", _KINDS.get(key, "changed"), "never", shows=shows
            )


def _taken_over(history: History, node: Any, number: int) -> dict[str, Any]:
    """The raw values that a page or node has of its own or from the nearest node above."""
    found: dict[str, Any] = {}
    for _ in range(_MOST_NODES):
        if not isinstance(node, generic.DictionaryObject):
            break
        for key, value in raw_pairs(node):
            if key in _TAKEN_OVER:
                found.setdefault(key, value)
        node = history.entry(node, "/Parent", number)
    return found


def _kids(step: Comparison) -> Iterator[Edit]:
    """Which pages came, went or changed places; told once for the whole tree, whose nodes may all differ."""
    if step.pages_told:
        return
    step.pages_told = True
    before, after = step.h.leaves(step.old), step.h.leaves(step.new)
    stood, stand = set(before), set(after)
    for number, ref in enumerate(after, 1):
        if ref not in stood:
            yield step.edit(f"page {number}", "page-added", "never", shows=(ref,))
    for number, ref in enumerate(before, 1):
        if ref not in stand:
            yield step.edit(f"page {number}", "page-removed", "never")
    if [r for r in before if r in stand] != [r for r in after if r in stood]:
        # A page that stands twice is a page more; one that moved shows elsewhere.
        grew = len(after) > len(before) and stood == stand
        yield step.edit("pages", "page-added" if grew else "pages-reordered", "never")
    elif stood == stand:
        yield step.edit("pages", "changed", "never")


def _page(step: Comparison, pair: Pair) -> Iterator[Edit]:
    label, shows = pair.label, (pair.ref,) if pair.ref is not None else ()
    if not isinstance(pair.old, generic.DictionaryObject) or not isinstance(pair.new, generic.DictionaryObject):
        yield step.edit(label, "replaced", "never", shows=shows)
        return
    for key, a, b in step.keys(pair):
        match key:
            case "/Annots":
                yield from annotations_of_page(step, label, step.at_old(a), step.at_new(b))
            case "/Parent":
                yield from _parent(step, pair, label, shows)
            case "/Tabs" | "/LastModified" | "/StructParents":
                yield step.edit(f"{label}, {key[1:]}", "changed", "always", "no-visible-effect")
            case "/Metadata":
                yield step.edit(f"{label}, metadata", "changed", "always", "metadata")
            case _:
                words = f"{label}, {PAGE_WORDS.get(key, key[1:])}"
                yield step.edit(words, _KINDS.get(key, verb(a, b)), "never", shows=shows)


def _content(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """An object that pages draw with: a content stream, a picture, a font."""
    page = step.h.page_of(pair.label)
    words = pair.label or "page content"
    yield step.edit(words, content_kind(pair), "never", shows=(page,) if page is not None else ())


def content_kind(pair: Pair) -> Kind:
    """What kind of thing was overwritten, by what it was, else by what it is."""
    value = pair.old if isinstance(pair.old, generic.DictionaryObject) else pair.new
    if is_font(value):
        return "font-replaced"
    if entry(value, "/Subtype") == "/Image":
        return "image-replaced"
    if entry(value, "/Type") in ("/OCG", "/OCMD"):
        return "layers-switched"
    return "page-content-changed" if pair.label.endswith(PAGE_WORDS["/Contents"]) else "page-resources-changed"


def is_font(value: Any) -> bool:
    """A font, its descriptor, or its program (ISO 32000-2, tables 120 and 124)."""
    if not isinstance(value, generic.DictionaryObject):
        return False
    if entry(value, "/Type") in ("/Font", "/FontDescriptor", "/Encoding", "/CMap"):
        return True
    return isinstance(value, generic.StreamObject) and ("/Length1" in value or entry(value, "/Subtype") in _FONT_FILES)


RULES: Mapping[str, Rule] = {
    "pages": _pages, "pages-above": _above, "page": _page, "content": _content, "page-detail": _content,
}  # fmt: skip

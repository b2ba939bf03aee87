"""A file's revisions, read once: object versions, and the parts that objects play in the document."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef

from verify.signatures.objects import Ref, entry, plain, raw_items, raw_pairs, ref_of, stream_bytes

Part = tuple[str, str]  # the part that an object plays, and its label in words

# Parts whose references back into the document's structure are pointers, not uses.
_STRUCTURAL = frozenset({"catalog", "pages", "page", "field", "annotation", "structure"})
# Parts by which readers draw: what they refer to is drawn, whatever other part it plays.
_DRAWN = frozenset({"content", "appearance", "annotation-look", "form-resources", "form-fonts"})
# A page's entries by which readers draw it (ISO 32000-2, table 31).
_DRAWING = frozenset({"/Contents", "/Resources", "/Group"})
# What /Parent leads to, and the part that it plays where nothing else leads to it: readers take values over from it.
_ABOVE = {"field-above": "field", "pages-above": "pages-above"}
# An object that the document uses, and that only a more tolerant reader can read: what may be below it.
UNREADABLE = "unreadable"
_COMMENTS = rb"(?:[\x00\t\n\f\r ]|%[^\r\n]*[\r\n])+"
_MENTION = re.compile(rb"(\d{1,10})" + _COMMENTS + rb"(\d{1,5})" + _COMMENTS + rb"R")
_MOST_OBJECTS = 400_000
_MOST_NAMED = 6
_DEEPEST = 60
OTHERS = "and others"
PAGE_WORDS = {"/Contents": "content", "/Resources": "resources"}


class Unreadable(Exception):
    """The revisions cannot be compared; the message says why."""


@dataclass(eq=False)
class History:
    """The revisions of one file. Every object version is parsed once, every part recorded once."""

    reader: PdfFileReader
    base: int  # the earliest revision that anybody signed, from 0
    blind: bool = False  # whether the document uses an object that cannot be read, as far as revisions were walked
    _versions: dict[tuple[Ref, int], Any] = field(default_factory=dict)
    _broken: set[tuple[Ref, int]] = field(default_factory=set)
    _parts: dict[Ref, set[Part]] = field(default_factory=lambda: defaultdict(set))
    _parents: dict[Ref, set[Ref]] = field(default_factory=lambda: defaultdict(set))
    _changes: dict[Ref, list[int]] = field(default_factory=lambda: defaultdict(list))
    _generations: dict[int, list[Ref]] = field(default_factory=lambda: defaultdict(list))
    _walked: int = -1  # the last revision whose parts are known
    _pages: dict[str, Ref] = field(default_factory=dict)  # by the words that name them
    _fields: dict[str, set[Ref]] = field(default_factory=lambda: defaultdict(set))
    _leaves: dict[int, list[Ref]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in range(self.count):
            for ref in self._listed(number) | self._freed(number):
                self._changes[ref].append(number)
        for ref in sorted(self._changes):
            self._generations[ref[0]].append(ref)

    @property
    def count(self) -> int:
        return int(self.reader.xrefs.total_revisions)

    def know_parts(self, number: int) -> None:
        if self._walked < 0:
            trailer = self.trailer(self.base)
            self._walk(
                [
                    (trailer.raw_get(k), p, "", (0, 0))
                    for k, p in (("/Root", "catalog"), ("/Info", "info"))
                    if k in trailer
                ],
                self.base,
            )
            self._walked = self.base
        while self._walked < number:
            # Only what a revision touched can lead anywhere new.
            self._walked += 1
            trailer = self.trailer(self._walked)
            seeds: list[tuple[Any, str, str, Ref]] = [(trailer.raw_get("/Root"), "catalog", "", (0, 0))]
            for ref in sorted(self.touched(self._walked)):
                value = self.get(ref, self._walked)
                for part, label in sorted(self.parts(ref)):
                    seeds += [(c, p, n, ref) for c, p, n in self._children(value, part, label, self._walked)]
            self._walk(seeds, self._walked)

    def _listed(self, number: int) -> set[Ref]:
        return {(r.idnum, r.generation) for r in self.reader.xrefs.explicit_refs_in_revision(number)}

    def _freed(self, number: int) -> set[Ref]:
        return {(r.idnum, r.generation) for r in self.reader.xrefs.refs_freed_in_revision(number)}

    def touched(self, number: int) -> set[Ref]:
        return self._listed(number) | self._freed(number)

    def get(self, ref: Ref, number: int) -> Any:
        """The object as of a revision; None where it does not exist, is null or cannot be read."""
        seen = [n for n in self._changes.get(ref, ()) if n <= number]
        if not seen:
            return None
        key = (ref, seen[-1])
        if key not in self._versions:
            if len(self._versions) > _MOST_OBJECTS:
                raise Unreadable("the document has too many objects")
            reference = generic.Reference(ref[0], ref[1], pdf=self.reader)
            # The newest version is the reader's own, which it keeps; an older one it reads afresh.
            newest = seen[-1] == self._changes[ref][-1]
            try:
                found = self.reader.get_object(reference, None if newest else seen[-1])
            except RecursionError:
                raise
            except Exception:  # pyHanko raises what it likes: to a reader of the table there is no object
                self._broken.add(key)
                found = None
            self._versions[key] = None if isinstance(found, generic.NullObject) else found
        return self._versions[key]

    def broken(self, ref: Ref, number: int) -> bool:
        """Whether an object's version of just this revision cannot be read."""
        return self.get(ref, number) is None and (ref, number) in self._broken

    def resolve(self, value: Any, number: int) -> Any:
        for _ in range(16):
            value = plain(value)
            if not isinstance(value, generic.IndirectObject):
                return None if isinstance(value, generic.NullObject) else value
            value = self.get(ref_of(value), number)
        return None

    def entry(self, holder: Any, key: str, number: int) -> Any:
        """An entry of a dictionary, resolved in a revision; None where there is none."""
        if not isinstance(holder, generic.DictionaryObject) or key not in holder:
            return None
        return self.resolve(holder.raw_get(key), number)

    def trailer(self, number: int) -> Any:
        return self.reader.trailer.flatten(number)

    def parts(self, ref: Ref) -> set[Part]:
        return self._parts.get(ref, set())

    def parents(self, ref: Ref) -> set[Ref]:
        return self._parents.get(ref, set())

    def generations(self, number: int) -> list[Ref]:
        """An object number's references, of all revisions."""
        return self._generations.get(number, [])

    def page_of(self, label: str) -> Ref | None:
        """The page that the words for a part begin with."""
        return self._pages.get(label.split(",")[0])

    def named(self, field: str) -> set[Ref]:
        """The objects that make up a field: itself and its widgets, as far as revisions were walked."""
        return self._fields.get(field, set())

    def holders(self, ref: Ref | None, part: str) -> tuple[Ref, ...]:
        """The nearest objects above one that play a part: the widgets of an appearance, for instance."""
        level, seen, found = {ref} if ref is not None else set(), set[Ref](), set[Ref]()
        for _ in range(_MOST_NAMED):
            seen |= level
            above = {p for r in level for p in self.parents(r)} - seen
            found |= {p for p in above if any(name == part for name, _ in self.parts(p))}
            level = above - found
        return tuple(sorted(found))

    def leaves(self, number: int) -> list[Ref]:
        """The pages of a revision in order."""
        if number not in self._leaves:
            root = self.resolve(self.trailer(number).raw_get("/Root"), number)
            if isinstance(root, generic.DictionaryObject) and "/Pages" in root:
                self._leaves[number] = [*self._pages_below(root.raw_get("/Pages"), number, set(), 0)]
            else:
                self._leaves[number] = []
        return self._leaves[number]

    def _pages_below(self, raw: Any, number: int, done: set[Ref], depth: int) -> Iterator[Ref]:
        raw = plain(raw)
        if not isinstance(raw, generic.IndirectObject) or depth > _DEEPEST:
            return
        node = self.get(ref_of(raw), number)
        kids = self.entry(node, "/Kids", number)
        if not isinstance(kids, generic.ArrayObject):
            if node is not None:
                yield ref_of(raw)
        elif ref_of(raw) not in done:
            done.add(ref_of(raw))
            for kid in raw_items(kids):
                yield from self._pages_below(kid, number, done, depth + 1)

    def beginning(self, number: int) -> bytes:
        """The file up to the end of a revision."""
        whole: bytes = self.reader.stream.getvalue()
        if number >= self.count - 1:
            return whole
        end = whole.find(b"%%EOF", int(self.reader.xrefs.get_xref_container_info(number).end_location))
        return whole[: end + 5] if end >= 0 else whole

    # The parts that objects play

    def _walk(self, seeds: list[tuple[Any, str, str, Ref]], number: int) -> None:
        """Record parts and parents of everything that the seeds reach and that is not known yet."""
        # Structure first, the tags last of it, so that pointers back into it are known when the rest is walked.
        stacks: tuple[list[tuple[Any, str, str, Ref]], ...] = ([], [], [])
        for seed in seeds:
            stacks[_turn(seed[1])].append(seed)
        while any(stacks):
            value, part, label, parent = next(stack for stack in stacks if stack).pop()
            value = plain(value)
            if isinstance(value, generic.IndirectObject):
                ref = ref_of(value)
                known = self._parts[ref]
                pointer = part not in _STRUCTURAL | _DRAWN and any(p in _STRUCTURAL or p in _ABOVE for p, _ in known)
                if pointer and not isinstance(self.get(ref, number), generic.StreamObject):
                    continue
                part = _ABOVE.get(part, part)
                self._parents[ref].add(parent)
                value = self.get(ref, number)
                part, label = self._refine(value, part, label, known, number)
                if part == "page":
                    self._pages.setdefault(label, ref)
                elif part == "field":
                    self._fields[label].add(ref)
                if any(p == part for p, _ in known):
                    # Of what many share, the first few are named and the rest stands for all others.
                    if len(known) < _MOST_NAMED:
                        known.add((part, label))
                    elif part == "appearance":
                        known.add((part, OTHERS))
                    continue
                known.add((part, label))
                parent = ref
                if value is None:
                    for other, inner in self._instead(ref, part, number):
                        stacks[_turn(inner)].append((other, inner, label, ref))
            for child in self._children(value, part, label, number):
                stacks[_turn(child[1])].append((*child, parent))

    def _instead(self, ref: Ref, part: str, number: int) -> Iterator[tuple[Any, str]]:
        """What readers may find where ours finds nothing: another generation, or what an unreadable object mentions."""
        seen = [n for n in self._changes.get(ref, ()) if n <= number]
        if not seen:
            # Many viewers go by an object's number alone.
            for other in self.generations(ref[0]):
                yield generic.IndirectObject(*other, self.reader), part
        elif (ref, seen[-1]) in self._broken:
            self.blind = True
            for found in _MENTION.finditer(self._written(ref, seen[-1])):
                yield generic.IndirectObject(int(found[1]), int(found[2]), self.reader), UNREADABLE

    def _written(self, ref: Ref, number: int) -> bytes:
        """The bytes of an object that cannot be read, up to the next that a table lists; empty where there are none."""
        xrefs = self.reader.xrefs
        place = xrefs.get_historical_ref(generic.Reference(*ref, pdf=self.reader), number)
        if isinstance(place, ObjStreamRef):
            host = self.get((place.obj_stream_id, 0), number)
            return stream_bytes(host) if isinstance(host, generic.StreamObject) else b""
        if place is None:
            return b""
        starts = sorted(
            int(offset)
            for n in range(self.count)
            for section in (xrefs.get_xref_data(n),)
            for _, offset in section.standard_xrefs.values()
        )
        after = bisect_right(starts, int(place))
        data: bytes = self.reader.stream.getvalue()
        return data[int(place) : starts[after] if after < len(starts) else len(data)]

    def _refine(self, value: Any, part: str, label: str, known: set[Part], number: int) -> Part:
        if part == "pages" and isinstance(value, generic.DictionaryObject) and "/Kids" not in value:
            return "page", next((n for p, n in known if p == "page"), f"page {len(self._pages) + 1}")
        is_field = part == "field" or (part == "annotation" and is_widget(value))
        if is_field and isinstance(value, generic.DictionaryObject):
            return "field", self.field_name(value, number)
        return part, label

    def field_name(self, value: Any, number: int) -> str:
        names: list[str] = []
        for _ in range(32):
            if not isinstance(value, generic.DictionaryObject):
                break
            title = self.entry(value, "/T", number)
            if title is not None:
                names.append(str(title))
            value = self.entry(value, "/Parent", number)
        return ".".join(reversed(names))

    def _children(self, value: Any, part: str, label: str, number: int) -> Iterator[tuple[Any, str, str]]:
        if isinstance(value, generic.ArrayObject):
            items = list(raw_items(value))
            # The stack gives back the last first, and pages are numbered as they come.
            for entry in reversed(items) if part == "pages" else items:
                yield entry, part, label
        elif isinstance(value, generic.DictionaryObject):
            for key, entry in raw_pairs(value):
                child = _child_part(part, key, value)
                if child is not None:
                    inner = "" if child == "names" else label or key.lstrip("/")
                    if part == "page" and child in ("content", "page-detail"):
                        inner = f"{label}, {PAGE_WORDS.get(key, key.lstrip('/'))}"
                    yield entry, child, inner


def _child_part(part: str, key: str, holder: Any) -> str | None:
    """The part that an entry's value plays; None for pointers back."""
    if part == "catalog":
        return {
            "/Pages": "pages", "/AcroForm": "form", "/DSS": "dss", "/Metadata": "metadata",
            "/StructTreeRoot": "structure", "/Outlines": "outlines", "/Perms": "permissions", "/Names": "names",
        }.get(key, "entry")  # fmt: skip
    if part == "names":
        return "entry"
    if part in ("pages", "pages-above"):
        kids = "pages" if part == "pages" else None
        return {"/Kids": kids, "/Parent": "pages-above"}.get(key, "content" if key in _DRAWING else "page-detail")
    if part == "page":
        return {"/Annots": "annotation", "/Parent": "pages-above", "/Metadata": "metadata"}.get(
            key, "content" if key in _DRAWING else "page-detail"
        )
    if part == "annotation":
        return {
            "/AP": "annotation-look",
            "/P": None,
            "/Popup": "annotation",
            "/IRT": "annotation",
            "/Parent": "annotation",
        }.get(key, "annotation-detail")
    if part == "form":
        return {"/Fields": "field", "/DR": "form-resources"}.get(key, "form-detail")
    if part == "form-resources" and key == "/Font":
        return "form-fonts"
    if part == "field":
        if key == "/V":
            return (
                "signature"
                if isinstance(plain(holder.raw_get("/V")), generic.IndirectObject) and _signs(holder)
                else "value"
            )
        return {"/Kids": "field", "/Parent": "field-above", "/P": None, "/AP": "appearance"}.get(key, "field-detail")
    if part == "signature":
        return None if key == "/Data" else "signature"
    if part == "structure":
        return None if key in ("/Pg", "/Obj", "/P") else "structure"
    if part == "outlines":
        return None if key in ("/Parent", "/Prev", "/SE") else "outlines"
    # Elsewhere any name may be a resource's or a state's, so none is a pointer back.
    return part


def _turn(part: str) -> int:
    """When a part's objects are walked: the structure, the tags, the rest."""
    return 1 if part == "structure" else 0 if part in _STRUCTURAL else 2


def _signs(holder: Any) -> bool:
    return "/FT" not in holder or entry(holder, "/FT") == "/Sig"


def is_widget(value: Any) -> bool:
    return isinstance(value, generic.DictionaryObject) and bool(entry(value, "/Subtype") == "/Widget" or "/FT" in value)

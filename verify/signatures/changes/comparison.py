"""One revision compared with the one before it: what differs, and which rule judges it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes import annotations as rules_annotations
from verify.signatures.changes import catalogue as rules_catalog
from verify.signatures.changes import fields as rules_fields
from verify.signatures.changes import forms as rules_forms
from verify.signatures.changes import pages as rules_pages
from verify.signatures.changes import tags as rules_tags
from verify.signatures.changes.cover import Cover
from verify.signatures.changes.edits import Edit, Kind, Permission
from verify.signatures.changes.history import UNREADABLE, History, Part
from verify.signatures.changes.tables import oddities
from verify.signatures.objects import Ref, mentions, plain, raw_items, raw_pairs, ref_of
from verify.signatures.places import Places

Rule = Callable[["Comparison", "Pair"], Iterator[Edit]]


def _unreadable(step: Comparison, pair: Pair) -> Iterator[Edit]:
    """What it is for, the object that cannot be read might tell."""
    yield step.edit(f"object {pair.ref[0]}" if pair.ref is not None else "object", "malformed", "doubtful")


# Part → its rule. A part without one may not change.
_RULES: Mapping[str, Rule] = {
    **rules_catalog.RULES, **rules_pages.RULES, **rules_annotations.RULES, **rules_forms.RULES, **rules_fields.RULES,
    **rules_tags.RULES, UNREADABLE: _unreadable,
}  # fmt: skip
_VALUES_FIRST = {"field": 0, "value": 0, "form": 0, "catalog": 0}
_DEEPEST = 40
_FILTERS = ("/Filter", "/DecodeParms")
_ENCODING = frozenset({"/Length", *_FILTERS})
_PLAIN_FILTERS = frozenset({None, "/FlateDecode", "/Fl", "/ASCIIHexDecode", "/AHx", "/ASCII85Decode", "/A85"})


@dataclass(frozen=True, eq=False)
class Pair:
    """One object, or one entry of it, as it was and as it is, in one of its parts."""

    label: str
    old: Any
    new: Any
    ref: Ref | None = None  # of the object; None for the trailer's own entries

    def with_(self, old: Any, new: Any) -> Pair:
        """Another pair of values of the same object, without a label."""
        return Pair("", old, new, self.ref)


class Comparison:
    """The edits of one revision. Created, asked once, dropped."""

    def __init__(self, history: History, number: int, places: Places, drawn: Callable[[int], Cover]) -> None:
        """`drawn`: gives a revision's pages, drawn."""
        self.h = history
        self.places = places
        self.drawn = drawn
        self.old, self.new = number - 1, number
        self.looks_read = 0
        self.pages_told = False  # the page tree's nodes are many, its change is told once
        self.filled: set[str] = set()  # fields that got another value, or a signature, in this revision
        self.looks: list[tuple[str, str, tuple[Ref, ...]]] = []  # (field, words, widgets) of appearances that changed
        self.changed = {ref for ref in history.touched(number) if self._differs(ref)}

    def edits(self) -> Iterator[Edit]:
        yield from oddities(self)
        yield from rules_catalog.trailer(self)
        pending: list[tuple[Part, Pair]] = []
        old_root, new_root = (self.h.trailer(n).raw_get("/Root") for n in (self.old, self.new))
        if ref_of(old_root) != ref_of(new_root):
            pending.append((("catalog", ""), Pair("", self.at_old(old_root), self.at_new(new_root))))
        streams = {r.idnum for number in range(self.new) for r in self.h.reader.xrefs.object_streams_used_in(number)}
        hosts = {number for number in streams for number in self._below(number)}
        for ref in sorted(self.changed):
            if ref[0] in streams or ref[0] in hosts:
                yield self.edit(f"object stream {ref[0]}", "object-stream-replaced", "never")
                continue
            new = self.h.get(ref, self.new)
            if self.h.blind and not self.h.parts(ref):
                # Whether the document uses it, only the object that cannot be read could tell.
                yield self.edit(f"object {ref[0]}", "malformed", "doubtful")
            if new is None and not self.still_used(ref):
                continue  # freed, and nothing points to it any more
            for part in sorted(self.h.parts(ref)):
                pending.append((part, Pair(part[1], self.h.get(ref, self.old), new, ref)))
        # Values first: an appearance may change only where its value does.
        for (name, label), pair in sorted(pending, key=lambda p: _VALUES_FIRST.get(p[0][0], 1)):
            rule = _RULES.get(name)
            if rule is None:
                yield self.edit(_words(name, label), "replaced", "never")
            else:
                yield from rule(self, pair)
        yield from rules_fields.looks(self)

    def edit(
        self, object: str, kind: Kind, permission: Permission, rule: str | None = None, field: str | None = None,
        shows: tuple[Ref, ...] = (),
    ) -> Edit:  # fmt: skip
        return Edit(self.new + 1, object, kind, permission, rule, field, shows)

    def stood(self, edit: Edit, page: Ref | None, annotation: Any) -> Edit:
        """The edit with the place where an annotation of the earlier revision stood."""
        spot = self.places.where(page, annotation)
        return replace(edit, page=spot[0], box_mm=spot[1]) if spot is not None else edit

    # Values in either revision

    def at_old(self, value: Any) -> Any:
        return self.h.resolve(value, self.old)

    def at_new(self, value: Any) -> Any:
        return self.h.resolve(value, self.new)

    def old_entry(self, holder: Any, key: str) -> Any:
        return self.h.entry(holder, key, self.old)

    def new_entry(self, holder: Any, key: str) -> Any:
        return self.h.entry(holder, key, self.new)

    def still_used(self, ref: Ref) -> bool:
        return any(p == (0, 0) or mentions(self.h.get(p, self.new), ref) for p in self.h.parents(ref))

    def on_a_page(self, ref: Ref) -> bool:
        return any(
            part in ("page", "annotation") and mentions(self.h.get(parent, self.new), ref)
            for parent in self.h.parents(ref)
            for part, _ in self.h.parts(parent)
        )

    # Sameness

    def _differs(self, ref: Ref) -> bool:
        old, new = self.h.get(ref, self.old), self.h.get(ref, self.new)
        if old is None and not self.h.parts(ref):
            return False  # a new object: it counts through what reaches it
        return not self.same(old, new)

    def keys(self, pair: Pair) -> Iterator[tuple[str, Any, Any]]:
        """The entries that differ, with their raw values."""
        a = dict(raw_pairs(pair.old)) if isinstance(pair.old, generic.DictionaryObject) else {}
        b = dict(raw_pairs(pair.new)) if isinstance(pair.new, generic.DictionaryObject) else {}
        for key in sorted(a.keys() | b.keys()):
            if not self.same(a.get(key), b.get(key), 1):
                yield key, a.get(key), b.get(key)

    def grown(self, old: Any, new: Any) -> bool:
        """Whether an array kept all that it held."""
        before = raw_items(old) if isinstance(old, generic.ArrayObject) else [] if old is None else [old]
        after = raw_items(new) if isinstance(new, generic.ArrayObject) else [] if new is None else [new]
        return all(any(self.same(a, b, 1) for b in after) for a in before)

    def extended(self, old: Any, new: Any) -> bool:
        """Whether a tree of dictionaries and arrays kept all that it held."""
        old, new = self.at_old(old), self.at_new(new)
        if old is None:
            return True
        plain_tree = isinstance(old, generic.DictionaryObject) and not isinstance(old, generic.StreamObject)
        if plain_tree and isinstance(new, generic.DictionaryObject):
            b = dict(raw_pairs(new))
            return all(k in b and (self.same(v, b[k], 1) or self.extended(v, b[k])) for k, v in raw_pairs(old))
        if isinstance(old, generic.ArrayObject) and isinstance(new, generic.ArrayObject):
            return self.grown(old, new)
        return self.same(old, new, 1)

    def same(self, old: Any, new: Any, depth: int = 0, met: set[tuple[Ref, Ref]] | None = None) -> bool:
        """Equal in content. A reference to the same object counts as equal: the object is judged by itself.

        `met`: the objects of two numbers that are being compared already. Where they refer to each other in circles
        they are the same unless something else in the circle differs, and then the answer is no all the same.
        """
        met = set() if met is None else met
        old, new = plain(old), plain(new)
        if (
            isinstance(old, generic.IndirectObject)
            and isinstance(new, generic.IndirectObject)
            and ref_of(old) == ref_of(new)
        ):
            # An object that was not there before is judged by its new place, not by itself.
            return (
                depth == 0 or self.h.get(ref_of(old), self.old) is not None or self.h.get(ref_of(new), self.new) is None
            )
        if depth > _DEEPEST:
            return False
        if isinstance(old, generic.IndirectObject) and isinstance(new, generic.IndirectObject):
            if (ref_of(old), ref_of(new)) in met:
                return True
            met.add((ref_of(old), ref_of(new)))
        if isinstance(old, generic.IndirectObject):
            old = self.at_old(old)
        if isinstance(new, generic.IndirectObject):
            new = self.at_new(new)
        if old is None or new is None:
            return old is None and new is None
        if isinstance(old, generic.StreamObject) or isinstance(new, generic.StreamObject):
            return (
                isinstance(old, generic.StreamObject)
                and isinstance(new, generic.StreamObject)
                and self._same_content(old, new)
                and self._same_dictionaries(old, new, _ENCODING, depth, met)
            )
        if isinstance(old, generic.DictionaryObject):
            return isinstance(new, generic.DictionaryObject) and self._same_dictionaries(
                old, new, frozenset(), depth, met
            )
        if isinstance(old, generic.ArrayObject):
            a, b = raw_items(old), raw_items(new) if isinstance(new, generic.ArrayObject) else None
            return (
                b is not None
                and len(a) == len(b)
                and all(self.same(x, y, depth + 1, met) for x, y in zip(a, b, strict=True))
            )
        strings = (generic.TextStringObject, generic.ByteStringObject)
        if isinstance(old, strings) and isinstance(new, strings):
            return bool(old.original_bytes == new.original_bytes)
        # 1 and true, or a name and a text of the same letters, are not the same to a reader.
        return (type(old) is type(new) or _both_numbers(old, new)) and bool(old == new)

    def _same_dictionaries(
        self, old: Any, new: Any, skip: frozenset[str], depth: int, met: set[tuple[Ref, Ref]]
    ) -> bool:
        a, b = dict(raw_pairs(old)), dict(raw_pairs(new))
        return all(self.same(a.get(k), b.get(k), depth + 1, met) for k in (a.keys() | b.keys()) - skip)

    def _same_content(self, old: generic.StreamObject, new: generic.StreamObject) -> bool:
        """Whether two streams decode to the same: the same bytes mean something else under another filter."""
        a, b = dict(raw_pairs(old)), dict(raw_pairs(new))
        length = self.at_new(b.get("/Length"))
        stated = length == len(new.encoded_data) or self.same(a.get("/Length"), b.get("/Length"), 1)
        if not stated and not self.h.reader.encrypted:
            return False  # a reader that believes the length takes other bytes
        if old.encoded_data == new.encoded_data and all(self.same(a.get(k), b.get(k), 1) for k in _FILTERS):
            return True
        before, after = self._decoded(old, self.old), self._decoded(new, self.new)
        return before is not None and before == after

    def _decoded(self, stream: generic.StreamObject, number: int) -> bytes | None:
        """A stream's content; None where it takes a filter, or a filter's parameters, on which readers may differ."""
        names, parameters = (self.h.entry(stream, key, number) for key in _FILTERS)
        names = raw_items(names) if isinstance(names, generic.ArrayObject) else [names]
        parameters = raw_items(parameters) if isinstance(parameters, generic.ArrayObject) else [parameters]
        if not {self.h.resolve(n, number) for n in names} <= _PLAIN_FILTERS:
            return None
        if any(self.h.resolve(p, number) for p in parameters):
            return None
        try:
            return bytes(stream.data)
        except Exception:  # filters raise what they like
            return None

    def _below(self, number: int) -> set[int]:
        """The objects by which an object stream is read: a length of its own, for instance."""
        host = self.h.get((number, 0), self.old)
        if not isinstance(host, generic.StreamObject):
            return set()
        return {ref_of(v)[0] for k, v in raw_pairs(host) if k != "/Extends" and isinstance(v, generic.IndirectObject)}


def _both_numbers(old: Any, new: Any) -> bool:
    numbers = (generic.NumberObject, generic.FloatObject)
    return isinstance(old, numbers) and isinstance(new, numbers)


def _words(part: str, label: str) -> str:
    return {"entry": f"document, {label}", "outlines": "bookmarks"}.get(part, f"{part} {label}".strip())

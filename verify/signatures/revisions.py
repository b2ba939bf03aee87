"""What changed after a signature: each later revision is compared with the one before it, once for all signatures.

The comparison is ours and refuses by default. Every object that a revision overwrites, frees or gives to a
reference that dangled before is judged by *every* part that it plays in the document (page, field, appearance, …);
a part whose change no rule allows is suspicious. New objects count through the edits that reach them. pyHanko's
own difference analysis compares each signature with each later revision (quadratic), names no object and takes
freed or identically rewritten objects for attacks, so only its reader is used here.

What a change needs is told by its `Permission`; whether a signature grants it follows from the certification level
and the locked fields (ISO 32000-2, 12.8.2.2 and 12.8.2.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pyhanko.pdf_utils import generic

from verify.signatures.fieldtext import agrees, appearance_text, value_text
from verify.signatures.history import PAGE_WORDS, History, Part, Unreadable, is_widget
from verify.signatures.objects import Ref, entry, plain, raw_items, raw_pairs, ref_of

Permission = Literal["always", "form-filling", "signing", "annotations", "doubtful", "never"]

_VALUE_KEYS = frozenset({"/V", "/AP", "/AS", "/I", "/RV", "/M", "/DV"})
_MOST_REVISIONS = 1_000
_BLANK = b"\x00\t\n\f\r "  # ISO 32000-2, table 1
_COMMENT = re.compile(rb"%[^\r\n]*")
_INHERITED = frozenset({"/Resources", "/MediaBox", "/CropBox", "/Rotate"})


@dataclass(frozen=True)
class Edit:
    """One change between two neighbouring revisions."""

    revision: int  # from 1
    object: str
    kind: str
    permission: Permission
    rule: str | None = None  # the rule that allows it, given the permission
    field: str | None = None  # the form field concerned, for locks


@dataclass(eq=False)
class Review:
    """The edits between neighbouring revisions, each pair compared once for all signatures."""

    history: History
    _steps: dict[int, tuple[Edit, ...]] = field(default_factory=dict)

    def since(self, revision: int) -> tuple[Edit, ...]:
        """All edits of the revisions after `revision` (from 0). Raises Unreadable."""
        if self.history.count - revision > _MOST_REVISIONS:
            raise Unreadable(f"the file was changed {self.history.count - revision - 1} times since")
        return tuple(edit for number in range(revision + 1, self.history.count) for edit in self._step(number))

    def _step(self, number: int) -> tuple[Edit, ...]:
        if number not in self._steps:
            try:
                # A part that an object got in between counts as well, so the parts only ever grow.
                self.history.know_parts(number - 1)
                self._steps[number] = tuple(_Step(self.history, number).edits())
            except RecursionError as error:
                raise Unreadable("the document's objects refer to each other in circles") from error
        return self._steps[number]


class _Step:
    """The edits of one revision. Created, asked once, dropped."""

    def __init__(self, history: History, number: int) -> None:
        self.h = history
        self.old, self.new = number - 1, number
        self.changed = {ref for ref in history.touched(number) if self._differs(ref)}
        self.filled: set[str] = set()  # fields that got another value, or a signature, in this revision
        self.looks: list[tuple[str, str]] = []  # (field, words) of appearances that changed

    def edits(self) -> Iterator[Edit]:
        pending: list[tuple[Part, Ref | None, Any, Any]] = []
        old_trailer, new_trailer = self.h.trailer(self.old), self.h.trailer(self.new)
        old_root, new_root = old_trailer.raw_get("/Root"), new_trailer.raw_get("/Root")
        if ref_of(old_root) != ref_of(new_root):
            pending.append((("catalog", ""), None, self._at_old(old_root), self._at_new(new_root)))
        if "/Encrypt" in new_trailer and "/Encrypt" not in old_trailer:
            yield self._edit("document", "encryption-added", "never")
        streams = {r.idnum for number in range(self.new) for r in self.h.reader.xrefs.object_streams_used_in(number)}
        for ref in sorted(self.changed):
            if ref[0] in streams:
                yield self._edit(f"object stream {ref[0]}", "replaced", "never")
                continue
            new = self.h.get(ref, self.new)
            if new is None and not self._still_used(ref):
                continue  # freed, and nothing points to it any more
            for part in sorted(self.h.parts(ref)):
                pending.append((part, ref, self.h.get(ref, self.old), new))
        # Values first: an appearance may change only where its value does.
        order = {"field": 0, "value": 0, "form": 0, "catalog": 0}
        for part, _, old, new in sorted(pending, key=lambda p: order.get(p[0][0], 1)):
            yield from self._judge(part, old, new)
        for name, words in self.looks:
            if name in self.filled:
                yield self._edit(words, "appearance-changed", "form-filling", "form-filling", name)
            else:
                yield self._edit(words, "appearance-without-value", "never", None, name)

    def _edit(
        self, object: str, kind: str, permission: Permission, rule: str | None = None, field: str | None = None
    ) -> Edit:
        return Edit(self.new + 1, object, kind, permission, rule, field)

    def _at_old(self, value: Any) -> Any:
        return self.h.resolve(value, self.old)

    def _at_new(self, value: Any) -> Any:
        return self.h.resolve(value, self.new)

    def _differs(self, ref: Ref) -> bool:
        old, new = self.h.get(ref, self.old), self.h.get(ref, self.new)
        if old is None and not self.h.parts(ref):
            return False  # a new object: it counts through what reaches it
        return not self.same(old, new)

    def _still_used(self, ref: Ref) -> bool:
        return any(p == (0, 0) or _mentions(self.h.get(p, self.new), ref) for p in self.h.parents(ref))

    def same(self, old: Any, new: Any, depth: int = 0) -> bool:
        """Equal in content. A reference to the same object counts as equal: the object is judged by itself."""
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
        if depth > 40:
            return False
        if isinstance(old, generic.IndirectObject):
            old = self._at_old(old)
        if isinstance(new, generic.IndirectObject):
            new = self._at_new(new)
        if old is None or new is None:
            return old is None and new is None
        if isinstance(old, generic.StreamObject) or isinstance(new, generic.StreamObject):
            if not (isinstance(old, generic.StreamObject) and isinstance(new, generic.StreamObject)):
                return False
            if old.encoded_data != new.encoded_data and stream_bytes(old) != stream_bytes(new):
                return False
            skip = {"/Length", "/Filter", "/DecodeParms"}
            return self._same_dictionaries(old, new, skip, depth)
        if isinstance(old, generic.DictionaryObject):
            return isinstance(new, generic.DictionaryObject) and self._same_dictionaries(
                old, new, {"/Parent"} if depth else set(), depth
            )
        if isinstance(old, generic.ArrayObject):
            a, b = raw_items(old), raw_items(new) if isinstance(new, generic.ArrayObject) else None
            return (
                b is not None
                and len(a) == len(b)
                and all(self.same(x, y, depth + 1) for x, y in zip(a, b, strict=True))
            )
        strings = (generic.TextStringObject, generic.ByteStringObject)
        if isinstance(old, strings) and isinstance(new, strings):
            return bool(old.original_bytes == new.original_bytes)
        return bool(old == new)

    def _same_dictionaries(self, old: Any, new: Any, skip: set[str], depth: int) -> bool:
        a, b = dict(raw_pairs(old)), dict(raw_pairs(new))
        return all(self.same(a.get(k), b.get(k), depth + 1) for k in (a.keys() | b.keys()) - skip)

    # The rules, one function a part

    def _judge(self, part: Part, old: Any, new: Any) -> Iterator[Edit]:
        name, label = part
        rule = getattr(self, "_" + name.replace("-", "_"), None)
        if rule is None:
            yield self._edit(_words(name, label), "replaced", "never")
        else:
            yield from rule(label, old, new)

    def _keys(self, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
        """The entries that differ, with their raw values."""
        a = dict(raw_pairs(old)) if isinstance(old, generic.DictionaryObject) else {}
        b = dict(raw_pairs(new)) if isinstance(new, generic.DictionaryObject) else {}
        for key in sorted(a.keys() | b.keys()):
            if not self.same(a.get(key), b.get(key), 1):
                yield key, a.get(key), b.get(key)

    def _catalog(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        for key, a, b in self._keys(old, new):
            match key:
                case "/AcroForm":
                    yield from self._form("", self._at_old(a), self._at_new(b))
                case "/DSS":
                    yield from self._dss("", a, b)
                case "/Metadata":
                    yield from self._metadata("", self._at_old(a), self._at_new(b))
                case "/Extensions" | "/Version":
                    yield self._edit(f"document, {key[1:]}", "changed", "always", "version")
                case "/Perms":
                    yield from self._permissions("", self._at_old(a), self._at_new(b))
                case "/StructTreeRoot" if a is not None:
                    yield from self._structure("", self._at_old(a), self._at_new(b))
                case "/MarkInfo" if a is None:
                    yield self._edit("document, MarkInfo", "changed", "always", "version")
                case "/OpenAction" | "/AA":
                    yield self._edit(f"document, {key[1:]}", "active-content", "never")
                case _:
                    yield self._edit(f"document, {key[1:]}", _verb(a, b), "never")

    def _info(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        yield self._edit("document information", "changed", "always", "metadata")

    def _metadata(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        if new is not None and not isinstance(new, generic.StreamObject):
            yield self._edit("metadata", "changed", "never")
        else:
            yield self._edit("metadata", "changed", "always", "metadata")

    def _dss(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        yield self._edit(
            "validation data (DSS)", "changed" if old is not None else "added", "always", "validation-data"
        )

    def _permissions(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        for key, a, _ in self._keys(old, new):
            # A certification after an approval: ISO wants it first, yet nothing that was signed changes by it.
            kind, permission = ("certified-later", "doubtful") if a is None else ("replaced", "never")
            yield self._edit(f"document permissions, {key[1:]}", kind, permission)  # type: ignore[arg-type]

    def _pages(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        for key, a, b in self._keys(old, new):
            if key in ("/Kids", "/Count"):
                before, after = self._count(old, self.old), self._count(new, self.new)
                kind = "page-added" if after > before else "page-removed" if after < before else "pages-reordered"
                yield self._edit("pages", kind, "never")
            elif key in _INHERITED or key == "/Type":
                yield self._edit(f"pages, {key[1:]}", _verb(a, b), "never")
            elif key != "/Parent":
                # A private entry (ISO 32000-2, annex E): no reader draws by it.
                yield self._edit(f"pages, {key[1:]}", _verb(a, b), "always", "no-visible-effect")

    def _count(self, node: Any, number: int) -> int:
        count = self.h.entry(node, "/Count", number)
        return int(count) if isinstance(count, int) else 0

    def _page(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        if not isinstance(old, generic.DictionaryObject) or not isinstance(new, generic.DictionaryObject):
            yield self._edit(label, "replaced", "never")
            return
        for key, a, b in self._keys(old, new):
            match key:
                case "/Annots":
                    yield from self._annotations(label, self._at_old(a), self._at_new(b))
                case "/Tabs" | "/LastModified" | "/StructParents":
                    yield self._edit(f"{label}, {key[1:]}", "changed", "always", "no-visible-effect")
                case "/Metadata":
                    yield self._edit(f"{label}, metadata", "changed", "always", "metadata")
                case _:
                    yield self._edit(f"{label}, {PAGE_WORDS.get(key, key[1:])}", _verb(a, b), "never")

    def _annotations(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        before = raw_items(old) if isinstance(old, generic.ArrayObject) else []
        after = raw_items(new) if isinstance(new, generic.ArrayObject) else []
        held = {ref_of(v) for v in before if isinstance(plain(v), generic.IndirectObject)}
        kept = {ref_of(v) for v in after if isinstance(plain(v), generic.IndirectObject)}
        for value in before:
            raw = plain(value)
            if isinstance(raw, generic.IndirectObject) and ref_of(raw) in kept:
                continue
            yield from self._gone(label, self._at_old(raw))
        for value in after:
            raw = plain(value)
            if isinstance(raw, generic.IndirectObject) and ref_of(raw) in held:
                if self.h.get(ref_of(raw), self.old) is None:
                    yield from self._added(label, self._at_new(raw))
                continue
            yield from self._added(label, self._at_new(raw))

    def _gone(self, label: str, annotation: Any) -> Iterator[Edit]:
        if isinstance(annotation, generic.DictionaryObject):
            subtype = str(self.h.entry(annotation, "/Subtype", self.old) or "").lstrip("/")
            if subtype == "Widget":
                yield self._edit(
                    f"{label}, field {self.h.field_name(annotation, self.old)}",
                    "widget-removed",
                    "annotations",
                    "annotations",
                )
            else:
                yield self._edit(f"{label}, annotation {subtype}", "annotation-removed", "annotations", "annotations")

    def _added(self, label: str, annotation: Any) -> Iterator[Edit]:
        if not isinstance(annotation, generic.DictionaryObject):
            return
        if is_widget(annotation):
            name = self.h.field_name(annotation, self.new)
            words = f"{label}, field {name}"
            if self._type(annotation, self.new) != "/Sig":
                yield self._edit(words, "widget-added", "never", None, name)
            elif _is_timestamp(self._value_of(annotation)) and self._shows(annotation):
                yield self._shown_stamp(name)
            elif self._visible(annotation):
                yield self._edit(words, "signature-added", "signing", "signature", name)
            else:
                yield self._edit(words, "signature-added", "always", "signature", name)
            return
        subtype = str(self.h.entry(annotation, "/Subtype", self.new) or "").lstrip("/")
        yield self._edit(f"{label}, annotation {subtype}".rstrip(), "annotation-added", "annotations", "annotations")

    def _annotation(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        if isinstance(old, generic.ArrayObject) or isinstance(new, generic.ArrayObject):
            yield from self._annotations(label, old, new)
            return
        if isinstance(new, generic.DictionaryObject) and (old is None or is_widget(new)):
            yield from self._added(label, new)
            return
        keys = {key for key, _, _ in self._keys(old, new)}
        if keys <= {"/StructParent"}:
            yield self._edit(f"{label}, annotation", "changed", "always", "no-visible-effect")
        elif keys & {"/A", "/AA"}:
            yield self._edit(f"{label}, annotation", "active-content", "never")
        else:
            yield self._edit(f"{label}, annotation", "annotation-changed", "annotations", "annotations")

    def _annotation_look(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        yield self._edit(f"{label}, appearance of an annotation", "annotation-changed", "annotations", "annotations")

    def _annotation_detail(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        yield self._edit(f"{label}, annotation", "annotation-changed", "annotations", "annotations")

    def _structure(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        """The tags may grow with new fields and annotations; what was tagged stays tagged as it was."""
        if isinstance(old, generic.ArrayObject) and isinstance(new, generic.ArrayObject):
            if not self._grown(old, new):
                yield self._edit("structure (tags)", "changed", "never")
            else:
                yield self._edit("structure (tags)", "added", "always", "structure")
            return
        if not isinstance(old, generic.DictionaryObject) or not isinstance(new, generic.DictionaryObject):
            yield self._edit("structure (tags)", _verb(old, new), "never")
            return
        for key, a, b in self._keys(old, new):
            before, after = self._at_old(a), self._at_new(b)
            if key in ("/ParentTree", "/ParentTreeNextKey", "/IDTree", "/Nums", "/Limits", "/Names", "/Kids"):
                yield self._edit("structure (tags), index", "changed", "always", "structure")
            elif key == "/K" and (a is None or self._grown(before, after)):
                yield self._edit("structure (tags)", "added", "always", "structure")
            elif key == "/K" and self._only_annotations_went(before, after):
                yield self._edit("structure (tags) of an annotation", "changed", "annotations", "annotations")
            else:
                yield self._edit(f"structure (tags), {key[1:]}", "changed", "never")

    def _only_annotations_went(self, before: Any, after: Any) -> bool:
        """Whether the kids that a tag lost stood for annotations that their pages lost as well."""
        if not self._grown(self._without_annotations(before, self.old), self._without_annotations(after, self.new)):
            return False
        stood, stands = self._annotations_of(before, self.old), self._annotations_of(after, self.new)
        return not any(self._on_a_page(ref) for ref in stood - stands)

    def _annotations_of(self, kids: Any, number: int) -> set[Ref]:
        entries = raw_items(kids) if isinstance(kids, generic.ArrayObject) else [kids]
        found = (self.h.resolve(e, number) for e in entries)
        raw = (plain(f.raw_get("/Obj")) for f in found if isinstance(f, generic.DictionaryObject) and "/Obj" in f)
        return {ref_of(r) for r in raw if isinstance(r, generic.IndirectObject)}

    def _on_a_page(self, ref: Ref) -> bool:
        return any(
            part in ("page", "annotation") and _mentions(self.h.get(parent, self.new), ref)
            for parent in self.h.parents(ref)
            for part, _ in self.h.parts(parent)
        )

    def _without_annotations(self, kids: Any, number: int) -> Any:
        """The kids of a tag without those that stand for annotations (OBJR)."""
        entries = raw_items(kids) if isinstance(kids, generic.ArrayObject) else [] if kids is None else [kids]
        kept = [e for e in entries if self.h.entry(self.h.resolve(e, number), "/Type", number) != "/OBJR"]
        return generic.ArrayObject(kept)

    def _grown(self, old: Any, new: Any) -> bool:
        before = raw_items(old) if isinstance(old, generic.ArrayObject) else [] if old is None else [old]
        after = raw_items(new) if isinstance(new, generic.ArrayObject) else [] if new is None else [new]
        return all(any(self.same(a, b, 1) for b in after) for a in before)

    def _form(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        if new is None:
            yield self._edit("form", "removed", "never")
            return
        if isinstance(old, generic.ArrayObject) or isinstance(new, generic.ArrayObject):
            yield from self._fields(old, new)
            return
        for key, a, b in self._keys(old, new):
            match key:
                case "/Fields":
                    yield from self._fields(self._at_old(a), self._at_new(b))
                case "/SigFlags" | "/DA" | "/Q":
                    yield self._edit(f"form, {key[1:]}", "changed", "always", "signature")
                case "/DR":
                    yield from self._form_resources("", self._at_old(a), self._at_new(b))
                case "/NeedAppearances":
                    if self._at_new(b):
                        yield self._edit("form, NeedAppearances", "changed", "form-filling", "form-filling")
                    else:
                        yield self._edit("form, NeedAppearances", "changed", "always", "no-visible-effect")
                case _:
                    yield self._edit(f"form, {key[1:]}", _verb(a, b), "never")

    def _form_resources(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        """New resources may be added and others exchanged (each appearance has its own); the fields' fonts stay."""
        if old is None or self._extended(self.h.entry(old, "/Font", self.old), self.h.entry(new, "/Font", self.new)):
            yield self._edit("form, resources", "added", "always", "signature")
        else:
            yield self._edit("form, resources", "changed", "never")

    def _extended(self, old: Any, new: Any) -> bool:
        old, new = self._at_old(old), self._at_new(new)
        if old is None:
            return True
        if (
            isinstance(old, generic.DictionaryObject)
            and isinstance(new, generic.DictionaryObject)
            and not isinstance(old, generic.StreamObject)
        ):
            b = dict(raw_pairs(new))
            return all(k in b and (self.same(v, b[k], 1) or self._extended(v, b[k])) for k, v in raw_pairs(old))
        if isinstance(old, generic.ArrayObject) and isinstance(new, generic.ArrayObject):
            return self._grown(old, new)
        return self.same(old, new, 1)

    def _fields(self, old: Any, new: Any) -> Iterator[Edit]:
        before = raw_items(old) if isinstance(old, generic.ArrayObject) else []
        after = raw_items(new) if isinstance(new, generic.ArrayObject) else []
        held = {ref_of(v) for v in before if isinstance(plain(v), generic.IndirectObject)}
        kept = {ref_of(v) for v in after if isinstance(plain(v), generic.IndirectObject)}
        for ref in sorted(held - kept):
            gone = self.h.get(ref, self.old)
            if gone is not None:
                name = self.h.field_name(gone, self.old)
                yield self._edit(f"field {name}", "field-removed", "never", None, name)
        for ref in sorted(r for r in kept if r not in held or self.h.get(r, self.old) is None):
            yield from self._new_field(self.h.get(ref, self.new))
        if any(not isinstance(plain(v), generic.IndirectObject) for v in after):
            yield self._edit("form, fields", "malformed", "never")

    def _new_field(self, added: Any) -> Iterator[Edit]:
        if not isinstance(added, generic.DictionaryObject):
            return
        name = self.h.field_name(added, self.new)
        if self._type(added, self.new) != "/Sig":
            yield self._edit(f"field {name}", "field-added", "never", None, name)
            return
        self.filled.add(name)
        signature = self._at_new(added.raw_get("/V")) if "/V" in added else None
        if signature is None:
            yield self._edit(f"field {name}", "signature-field-added", "form-filling", "form-filling", name)
        elif _is_timestamp(signature):
            yield self._edit(f"field {name}", "timestamp-added", "always", "timestamp")
            if self._shows(added):
                yield self._shown_stamp(name)
        elif self._visible(added):
            yield self._edit(f"field {name}", "signature-added", "signing", "signature", name)
        else:
            yield self._edit(f"field {name}", "signature-added", "signing", "signature")

    def _field(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        words = f"field {label}"
        if isinstance(old, generic.ArrayObject) or isinstance(new, generic.ArrayObject):
            yield from self._fields(old, new)
            return
        if old is None and new is not None:
            yield from self._added("", new)
            if self._type(new, self.new) == "/Sig":
                yield from self._new_field(new)
            return
        if not isinstance(new, generic.DictionaryObject) or not isinstance(old, generic.DictionaryObject):
            yield self._edit(words, "field-removed", "never", None, label)
            return
        kind = self._type(old, self.old)
        differing = {key: (a, b) for key, a, b in self._keys(old, new)}
        signed = kind == "/Sig" and "/V" in old and self._at_old(old.raw_get("/V")) is not None
        if signed and differing.keys() - {"/StructParent"}:
            yield self._edit(words, "signature-altered", "never", None, label)
            return
        if kind == "/Sig" and "/V" in differing:
            self.filled.add(label)
            signature = self._at_new(differing["/V"][1])
            if _is_timestamp(signature):
                yield self._edit(words, "timestamp-added", "always", "timestamp")
                if self._shows(new):
                    yield self._shown_stamp(label)
            else:
                yield self._edit(words, "signature-added", "signing", "signature", label)
            allowed = _VALUE_KEYS | {"/Lock", "/MK", "/F", "/P", "/Type", "/Subtype", "/StructParent", "/Border", "/DA"}
            for key in differing.keys() - allowed:
                yield self._edit(f"{words}, {key[1:]}", "changed", "never", None, label)
            return
        for key, (a, b) in sorted(differing.items()):
            if key == "/V":
                self.filled.add(label)
                yield self._edit(words, "value-changed", "form-filling", "form-filling", label)
                yield from self._looks_like_its_value(words, label, kind, new)
            elif key in ("/AS", "/I", "/RV", "/DV"):
                if key == "/AS":
                    self.filled.add(label)
                yield self._edit(f"{words}, {key[1:]}", "value-changed", "form-filling", "form-filling", label)
            elif key == "/AP":
                self.looks.append((label, f"{words}, appearance"))
            elif key == "/Ff" and _only_read_only(self._at_old(a), self._at_new(b)):
                yield self._edit(f"{words}, flags", "made-read-only", "form-filling", "form-filling")
            elif key in ("/M", "/StructParent", "/Type"):
                yield self._edit(f"{words}, {key[1:]}", "changed", "always", "no-visible-effect")
            elif key == "/Kids":
                yield from self._kids(label, self._at_old(a), self._at_new(b))
            elif key == "/P" and a is None:
                yield self._edit(f"{words}, page", "changed", "always", "no-visible-effect")
            else:
                yield self._edit(f"{words}, {key[1:]}", _verb(a, b), "never", None, label)

    def _kids(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        """A field's widgets may be removed where annotations may; its named kids are fields."""
        kept = {
            ref_of(v)
            for v in (raw_items(new) if isinstance(new, generic.ArrayObject) else [])
            if isinstance(v, generic.IndirectObject)
        }
        before = raw_items(old) if isinstance(old, generic.ArrayObject) else []
        held = {ref_of(v) for v in before if isinstance(v, generic.IndirectObject)}
        for ref in sorted(held - kept):
            gone = self.h.get(ref, self.old)
            if isinstance(gone, generic.DictionaryObject) and "/T" in gone:
                yield self._edit(f"field {self.h.field_name(gone, self.old)}", "field-removed", "never", None, label)
            elif self._on_a_page(ref):
                yield self._edit(f"field {label}", "widget-detached", "never", None, label)
            else:
                yield self._edit(f"field {label}", "widget-removed", "annotations", "annotations", label)
        for ref in sorted(kept - held):
            added = self.h.get(ref, self.new)
            if isinstance(added, generic.DictionaryObject) and "/T" in added:
                yield from self._new_field(added)
            elif added is not None:
                yield from self._added("", added)

    def _looks_like_its_value(self, words: str, label: str, kind: str | None, new: Any) -> Iterator[Edit]:
        """A filled text field must show its value: the "replace" attack shows something else."""
        if kind != "/Tx" or "/AP" not in new:
            return
        shown = appearance_text(new, self._at_new)
        value = value_text(self._at_new(new.raw_get("/V")) if "/V" in new else None)
        if shown is not None and value is not None and not agrees(value, shown):
            yield self._edit(f"{words}, appearance", "appearance-differs", "never", None, label)

    def _value(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        self.filled.add(label)
        yield self._edit(f"field {label}", "value-changed", "form-filling", "form-filling", label)

    def _appearance(self, label: str, old: Any, new: Any) -> Iterator[Edit]:
        self.looks.append((label, f"field {label}, appearance"))
        yield from ()

    def _type(self, value: Any, number: int) -> str | None:
        for _ in range(32):
            if not isinstance(value, generic.DictionaryObject):
                return None
            if "/FT" in value:
                return str(self.h.resolve(value.raw_get("/FT"), number))
            value = self.h.resolve(value.raw_get("/Parent"), number) if "/Parent" in value else None
        return None

    def _value_of(self, field: Any) -> Any:
        """The value of a field, which its widgets take over from it."""
        for _ in range(32):
            if not isinstance(field, generic.DictionaryObject):
                return None
            if (value := self.h.entry(field, "/V", self.new)) is not None:
                return value
            field = self.h.entry(field, "/Parent", self.new)
        return None

    def _shown_stamp(self, name: str) -> Edit:
        """Anyone's authority stamps anything: a timestamp that draws on the page could cover what was signed."""
        return self._edit(f"field {name}, appearance", "appearance-changed", "never", None, name)

    def _shows(self, field: Any, depth: int = 0) -> bool:
        """Whether a field, or a widget of it, takes room on the page or has anything to draw."""
        if not isinstance(field, generic.DictionaryObject):
            return False
        if self._visible(field) or self._draws(self.h.entry(field, "/AP", self.new)):
            return True
        kids = self.h.entry(field, "/Kids", self.new)
        if not isinstance(kids, generic.ArrayObject):
            return False
        return depth > 32 or any(self._shows(self._at_new(kid), depth + 1) for kid in raw_items(kids))

    def _draws(self, look: Any, depth: int = 0) -> bool:
        """Whether an appearance holds an operator; writers give invisible fields an empty stream, or a comment."""
        if isinstance(look, generic.StreamObject):
            return _COMMENT.sub(b"", stream_bytes(look) or b"").strip(_BLANK) != b""
        if isinstance(look, generic.DictionaryObject):
            return depth > 3 or any(self._draws(self._at_new(v), depth + 1) for _, v in raw_pairs(look))
        return False

    def _visible(self, widget: Any) -> bool:
        """Whether a widget's rectangle holds an area. One that cannot be read might."""
        box = self.h.entry(widget, "/Rect", self.new)
        if box is None:
            return False
        try:
            x0, y0, x1, y1 = (float(self._at_new(v)) for v in raw_items(box))
        except (TypeError, ValueError):
            return True
        return x0 != x1 and y0 != y1


def _only_read_only(old: Any, new: Any) -> bool:
    """Whether a field's flags differ in the read-only bit alone, and that is set now."""
    before = old if isinstance(old, int) else 0
    return isinstance(new, int) and new == before | 1


def _is_timestamp(signature: Any) -> bool:
    return isinstance(signature, generic.DictionaryObject) and (
        entry(signature, "/Type") == "/DocTimeStamp" or entry(signature, "/SubFilter") == "/ETSI.RFC3161"
    )


def _verb(old: Any, new: Any) -> str:
    return "added" if old is None else "removed" if new is None else "changed"


def _words(part: str, label: str) -> str:
    return {
        "content": label or "page content",
        "entry": f"document, {label}",
        "outlines": "bookmarks",
        "signature": f"signature in field {label}",
        "field-detail": f"field {label}",
        "form-detail": f"form, {label}",
    }.get(part, f"{part} {label}".strip())


def stream_bytes(value: Any) -> bytes | None:
    try:
        return bytes(value.data)
    except Exception:  # filters raise what they like; undecodable streams are compared as encoded
        return bytes(value.encoded_data or b"")


def _mentions(value: Any, ref: Ref, depth: int = 0) -> bool:
    value = plain(value)
    if isinstance(value, generic.IndirectObject):
        return ref_of(value) == ref
    if depth > 40:
        return True
    if isinstance(value, generic.ArrayObject):
        return any(_mentions(v, ref, depth + 1) for v in raw_items(value))
    if isinstance(value, generic.DictionaryObject):
        return any(_mentions(v, ref, depth + 1) for _, v in raw_pairs(value))
    return False


@dataclass(frozen=True)
class Terms:
    """What one signature allows afterwards: the certification level in force and the locked fields."""

    level: int | None = None  # DocMDP /P: 1 nothing, 2 forms and signing, 3 also annotations
    lock: Mapping[str, Any] | None = None  # {"action": All | Include | Exclude, "fields": [...]}

    def allow(self, edit: Edit) -> str | None:
        """The rule that permits an edit, or None."""
        if edit.permission in ("never", "doubtful"):
            return None
        if edit.field is not None and self.locked(edit.field) and edit.permission != "always":
            return None
        if edit.permission == "always":
            return edit.rule
        if edit.permission in ("form-filling", "signing"):
            return edit.rule if self.level is None or self.level >= 2 else None
        return edit.rule if self.level == 3 else None

    def locked(self, name: str) -> bool:
        if self.lock is None:
            return False
        named = any(name == f or name.startswith(f + ".") for f in self.lock["fields"])
        return {"All": True, "Include": named, "Exclude": not named}.get(self.lock["action"], True)

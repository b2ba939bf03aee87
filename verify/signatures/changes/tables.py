"""Cross-reference tables against the bytes: what no table lists, and what two readers of a table see differently.

A viewer that rebuilds a broken table, reads a hybrid file's other half or minds no generation numbers shows objects
that the table's reader never sees (incremental saving, hide-and-replace). Each such room for a second document has a
name. Where bytes are searched, white space is what PDF takes for it, comments included (ISO 32000-2, 7.2): readers do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.xref import ObjStreamRef

from verify.signatures.changes.edits import Edit
from verify.signatures.changes.entries import ambiguous
from verify.signatures.objects import Ref
from verify.signatures.reader import OBJECT, SPACE, Reader

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison

_STARTXREF = re.compile(
    rb"startxref(?:" + SPACE + rb"*+(\d++)((?:[\x00\t\n\x0b\f\r ]|%(?!%EOF)[^\r\n]*[\r\n])*+%%EOF)?)?"
)
_SECTION = re.compile(SPACE + rb"*+(xref\b|\d++" + SPACE + rb"++\d++" + SPACE + rb"++obj\b)")
_BLANK = b"\r\n\t \x00"
_SLACK = range(-4, 3)  # writers count line ends wrongly
_LAST = 1024  # how far from the end of a file readers look for where to start
_MOST = 100
_MOST_REACHED = 400_000
_LEADING = (generic.IndirectObject, generic.DictionaryObject, generic.ArrayObject, generic.DecryptedObjectProxy)

StrangerKind = Literal[
    "unlisted", "revision-cut-off", "revision-hidden", "hybrid-table-differs", "table-ambiguous", "duplicate-keys"
]


class Stranger(NamedTuple):
    """Something that is in the file and in no revision that its tables lead to, or not in every reader's."""

    position: int  # the byte where it stands
    words: str
    kind: StrangerKind


def strangers(data: bytes, reader: Reader, start: int) -> list[Stranger]:
    """What stands in the file from `start` on and no recognised revision accounts for.

    And, wherever it stands, what makes two documents of one: it gets the end of the file as its position.
    """
    return [
        *_tails(data, reader, start),
        *_unlisted(data, reader, start),
        *_halves(data, reader),
        *_two_ways(data, reader),
        *_doubled(data, reader),
    ]


def _tails(data: bytes, reader: Reader, start: int) -> Iterator[Stranger]:
    xrefs = reader.xrefs
    starts = {int(xrefs.get_startxref_for_revision(n)) for n in range(xrefs.total_revisions)}
    # Readers begin at the end of the file, also where nothing follows what was signed.
    for mark in _STARTXREF.finditer(data, max(min(start, len(data) - _LAST), 0)):
        place = int(mark.group(1)) if mark.group(1) else None
        if place in starts or place == 0:
            continue
        position = mark.start() if mark.start() >= start else len(data)
        if place is None or not _SECTION.match(data, place):
            yield Stranger(position, f"a trailer at byte {mark.start()} that belongs to no revision", "unlisted")
        elif mark.group(2):
            # A whole revision with its table, which the chain of /Prev passes by.
            yield Stranger(position, f"a revision that ends at byte {mark.end()} and is passed by", "revision-hidden")
        else:
            # Many viewers do not ask for the end-of-file mark, and show the revision.
            yield Stranger(position, f"a revision without its end, at byte {mark.start()}", "revision-cut-off")
    last = data.rfind(b"%%EOF") + 5
    behind = len(data[max(last, start) :].strip(_BLANK))
    if behind:
        yield Stranger(len(data), f"{behind} bytes after the end of the file", "unlisted")


def _unlisted(data: bytes, reader: Reader, start: int) -> Iterator[Stranger]:
    xrefs = reader.xrefs
    known = {int(xrefs.get_startxref_for_revision(n)) for n in range(xrefs.total_revisions)}
    for number in range(xrefs.total_revisions):
        section = xrefs.get_xref_data(number)
        known |= {int(offset) for _, offset in section.standard_xrefs.values()}
        if section.hybrid is not None:
            known |= {int(offset) for _, offset in section.hybrid.xref_data.standard_xrefs.values()}
            known.add(int(section.hybrid.meta_info.start_location))
    count = 0
    for match in OBJECT.finditer(data, start):
        position = match.start()
        if not any(position - slack in known for slack in _SLACK):
            words = f"an object {match.group(1).decode()} at byte {position} that no revision lists"
            yield Stranger(position, words, "unlisted")
            count += 1
            if count > _MOST:
                break


def _halves(data: bytes, reader: Reader) -> Iterator[Stranger]:
    """Hybrid files (ISO 32000-2, 7.5.8.4): old viewers read the table alone, new ones its stream as well.

    The stream gives objects that the table hides. One that both give, each its own, is two documents in one. (One that
    only the stream of a later revision gives is usual: writers of hybrid files overwrite by the stream alone.)
    """
    for number in range(reader.xrefs.total_revisions):
        section = reader.xrefs.get_xref_data(number)
        if section.hybrid is None:
            continue
        stream = section.hybrid.xref_data
        places: dict[int, Any] = {n: int(offset) for n, (_, offset) in stream.standard_xrefs.items()}
        places |= stream.xrefs_in_objstm
        for one in sorted(places.keys() & section.standard_xrefs.keys())[:_MOST]:
            place = int(section.standard_xrefs[one][1])
            if place != places[one] and not _alike(reader, one, place, places[one]):
                words = f"an object {one} that the table and its stream give differently (revision {number + 1})"
                yield Stranger(len(data), words, "hybrid-table-differs")


def _two_ways(data: bytes, reader: Reader) -> Iterator[Stranger]:
    for number in range(reader.xrefs.total_revisions):
        for words in islice(ambiguous(data, reader, number), _MOST):
            yield Stranger(len(data), f"{words} (revision {number + 1})", "table-ambiguous")


def _doubled(data: bytes, reader: Reader) -> Iterator[Stranger]:
    """Keys that stand twice in a trailer, or in an object that the file as it stands leads to."""
    for number in range(reader.xrefs.total_revisions):
        for key in reader.doubled_in_trailer(number):
            yield Stranger(len(data), f"the trailer of revision {number + 1}, {key}", "duplicate-keys")
    reached = list(_reached(reader))
    for ref in reached if reader.any_doubled else ():
        for key in reader.doubled(reader.xrefs[generic.Reference(*ref, pdf=reader)]):
            yield Stranger(len(data), f"object {ref[0]}, {key}", "duplicate-keys")


def _reached(reader: Reader) -> Iterator[Ref]:
    """Every object that the newest trailer leads to, read; strings are left as they are, encrypted ones too."""
    seen: set[Ref] = set()
    pending: list[Any] = [reader.trailer.flatten()]
    while pending:
        value = pending.pop()
        if isinstance(value, generic.DecryptedObjectProxy):
            value = value.raw_object
        if isinstance(value, generic.IndirectObject):
            ref = (value.idnum, value.generation)
            if ref in seen or len(seen) >= _MOST_REACHED:
                continue
            seen.add(ref)
            with suppress(Exception):  # to a reader of the table there is no object
                pending.append(reader.get_object(generic.Reference(*ref, pdf=reader), transparent_decrypt=False))
            yield ref
        elif isinstance(value, generic.DictionaryObject):
            pending += [child for child in dict.values(value) if isinstance(child, _LEADING)]
        elif isinstance(value, generic.ArrayObject):
            pending += [child for child in list.__iter__(value) if isinstance(child, _LEADING)]


def _alike(reader: Reader, number: int, one: Any, other: Any) -> bool:
    """Whether two places hold the same object, as far as their bytes tell."""
    return _written(reader, number, one) == (_written(reader, number, other) or b"")


def _written(reader: Reader, number: int, place: Any) -> bytes | None:
    try:
        if isinstance(place, ObjStreamRef):
            found = reader._get_object_from_stream(number, place.obj_stream_id, place.ix_in_stream)
        else:
            found = reader._read_object(generic.Reference(number, 0, reader), place, never_decrypt=True)
        out = BytesIO()
        found.write_to_stream(out, None)
    except Exception:  # nothing can be read there
        return None
    return out.getvalue()


# Within a later revision


def oddities(step: Comparison) -> Iterator[Edit]:
    """Entries of a revision's table by which readers may see another document, or the signed part's hidden one."""
    section = step.h.reader.xrefs.get_xref_data(step.new)
    data: bytes = step.h.reader.stream.getvalue()
    yield from _reused(step)
    yield from _freed(step, section)
    for ref in sorted(step.h.touched(step.new)):
        if step.h.parts(ref) and step.h.broken(ref, step.new):
            yield step.edit(f"object {ref[0]}", "malformed", "never")
        if step.h.parts(ref) and _was_doubled(step, ref):
            yield step.edit(f"object {ref[0]}", "duplicate-keys", "doubtful")
    begin = max(int(step.h.reader.xrefs.get_xref_container_info(n).end_location) for n in range(step.new))
    own = sorted((int(offset), number, generation) for number, (generation, offset) in section.standard_xrefs.items())
    for position, number, generation in own:
        ref, words = (number, generation), f"object {number}"
        if ref not in step.changed and (step.h.parts(ref) or position >= begin):
            continue  # written again as it was, or new in its own revision
        if not _heads(data, position, number, generation):
            yield step.edit(words, "object-mismatch", "never")
        elif position < begin and position != _place(step, ref):
            # Bytes that were signed without being shown come to be shown (hide-and-replace).
            yield step.edit(words, "object-from-earlier-bytes", "never")
    for (position, number, generation), (after, other, _) in pairwise(own):
        found = step.h.get((number, generation), step.new) if position >= begin and after > position else None
        if isinstance(found, generic.StreamObject) and position + len(found.encoded_data or b"") > after:
            yield step.edit(f"object {other}", "objects-overlap", "never")


def _heads(data: bytes, position: int, number: int, generation: int) -> bool:
    """Whether the object's own header stands where the table says."""
    around = OBJECT.search(data, max(position + _SLACK.start, 0), position + 40)
    return around is not None and (int(around[1]), int(around[2])) == (number, generation)


def _place(step: Comparison, ref: tuple[int, int]) -> Any:
    return step.h.reader.xrefs.get_historical_ref(generic.Reference(*ref, pdf=step.h.reader), step.old)


def _was_doubled(step: Comparison, ref: Ref) -> bool:
    """Whether a key stands twice in the object as it was or as it is: what changed is then not for one reader to say."""
    reader = step.h.reader
    if not isinstance(reader, Reader):
        return False
    for number in (step.old, step.new):
        step.h.get(ref, number)
        if reader.doubled(reader.xrefs.get_historical_ref(generic.Reference(*ref, pdf=reader), number)):
            return True
    return False


def _reused(step: Comparison) -> Iterator[Edit]:
    """A number under another generation: many viewers go by the number alone (type confusion)."""
    for ref in sorted(step.h.touched(step.new)):
        for older in step.h.generations(ref[0]):
            if older == ref or not step.h.parts(older) or step.h.get(ref, step.new) is None:
                continue
            if step.h.get(older, step.old) is not None and step.still_used(older):
                yield step.edit(f"object {ref[0]}", "object-number-reused", "never")


def _freed(step: Comparison, section: Any) -> Iterator[Edit]:
    """An object freed under a generation that it does not have: viewers differ in whether it is gone."""
    hybrid = section.hybrid.xref_data if section.hybrid is not None else None
    for number in sorted(section.freed):
        if hybrid is not None and (number in hybrid.standard_xrefs or number in hybrid.xrefs_in_objstm):
            continue
        for ref in step.h.generations(number):
            if step.h.parts(ref) and step.h.get(ref, step.new) is not None and step.still_used(ref):
                yield step.edit(f"object {number}", "freed-in-use", "never")

"""Keys that stand twice in one dictionary, found in an object's bytes.

Which of the two counts is nobody's to say (ISO 32000-2, 7.3.7 forbids them): pyHanko takes the first, MuPDF, pdfium and
poppler take the last, so that such a file is two documents in one. The scan is lenient: it is asked for objects that
some reader or other finds malformed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    rb"""(?:[\x00\t\n\f\r ]|%[^\r\n]*(?:[\r\n]|\Z))*+
    (?:(<<|\[)                                    # 1: what opens
    |(>>|\])                                      # 2: what closes
    |/([^\x00\t\n\f\r ()<>\[\]{}/%]*+)            # 3: a name
    |<([^<>]*+)>                                  # 4: a hexadecimal string
    |(\()                                         # 5: where a literal string begins
    |([^\x00\t\n\f\r ()<>\[\]{}/%]++)             # 6: a number, or a word
    |(.))                                         # 7: what belongs to nothing
    """,
    re.VERBOSE | re.DOTALL,
)
_BRACKET = re.compile(rb"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_WORDS_AFTER = frozenset({b"endobj", b"stream", b"obj", b"xref", b"startxref", b"trailer"})


@dataclass(eq=False)
class _Open:
    """A dictionary or an array whose end is not reached yet."""

    dictionary: bool
    entries: dict[bytes, tuple[object, ...]] = field(default_factory=dict)
    key: bytes | None = None
    items: list[object] = field(default_factory=list)


def doubled(data: bytes, position: int) -> tuple[str, ...]:
    """The keys that stand twice, with different values, in a dictionary of the object that begins at a position."""
    stack: list[_Open] = []
    found: set[bytes] = set()
    while (token := _TOKEN.match(data, position)) is not None:
        kind, position = token.lastindex, token.end()
        value: object
        if kind == 1:
            stack.append(_Open(token[1] == b"<<"))
            continue
        if not stack or (kind == 6 and token[6] in _WORDS_AFTER):
            break
        top = stack[-1]
        if kind == 2:
            if top.dictionary:
                _end_entry(top, found)
                value = tuple(top.entries.items())
            else:
                value = tuple(top.items)
            stack.pop()
            if not stack:
                break
            stack[-1].items.append(value)
            continue
        if kind == 3:
            name = _ESCAPED.sub(lambda m: bytes((int(m[1], 16),)), token[3])
            if top.dictionary and (top.key is None or top.items):
                _end_entry(top, found)
                top.key = name
                continue
            value = b"/" + name
        elif kind == 4:
            value = b"<" + token[4].translate(None, b"\x00\t\n\f\r ").lower()
        elif kind == 5:
            end = _string_end(data, position)
            value, position = b"(" + data[position:end], end
        else:
            value = token[kind or 0]
        top.items.append(value)
    while stack:  # never closed: what was read counts
        _end_entry(stack.pop(), found)
    return tuple("/" + key.decode("latin-1")[:60] for key in sorted(found))


def _end_entry(top: _Open, found: set[bytes]) -> None:
    if top.dictionary and top.key is not None:
        value = tuple(top.items)
        if top.entries.setdefault(top.key, value) != value:
            found.add(top.key)
    top.items.clear()


def _string_end(data: bytes, position: int) -> int:
    """Where a literal string ends whose opening bracket ends at a position."""
    depth = 1
    for mark in _BRACKET.finditer(data, position):
        depth += {b"(": 1, b")": -1}.get(mark[0], 0)
        if depth == 0:
            return mark.end()
    return len(data)

"""A filled field must look like its value (the "replace" attack shows something else): text, choices, ticks, rich text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic

from verify.signatures.changes.edits import Edit
from verify.signatures.changes.fieldtext import Shown, agrees, cut_off, shown
from verify.signatures.changes.forms import draws, inherited, widgets
from verify.signatures.objects import Ref, raw_items, stream_bytes

if TYPE_CHECKING:
    from verify.signatures.changes.comparison import Comparison

# /Ff (ISO 32000-2, tables 227, 229 and 231)
_PASSWORD, _PUSHBUTTON, _COMBO = 1 << 13, 1 << 16, 1 << 17
_TAG = re.compile(r"<[^>]*>")
_MOST_LOOKS = 2_000  # of one revision: each is read like a page
_MOST_OPTIONS = 300
_MARKS = "*\u2022\u25cf\u00b7\u2217"  # what stands for the letters of a password


def untrue(step: Comparison, name: str, *, redrawn: bool) -> Iterator[Edit]:
    """What a field shows otherwise than its value says, one edit a widget. `redrawn`: it looks otherwise than before."""
    parts = step.h.named(name)
    for ref in widgets(step, parts, step.new):
        widget = step.h.get(ref, step.new)
        if not isinstance(widget, generic.DictionaryObject):
            continue
        kind = inherited(step, widget, "/FT", step.new)
        flags = inherited(step, widget, "/Ff", step.new)
        flags = flags if isinstance(flags, int) else 0
        if kind == "/Btn" and not flags & _PUSHBUTTON:
            yield from _state(step, name, widget, ref)
        elif kind == "/Tx" and not flags & _PASSWORD:
            yield from _text(step, name, widget, ref, [_words(inherited(step, widget, "/V", step.new))], redrawn)
            yield from _rich(step, name, widget, ref)
        elif kind == "/Ch" and flags & _COMBO:
            yield from _text(step, name, widget, ref, _chosen(step, widget), redrawn)
        elif redrawn and draws(step, step.new_entry(widget, "/AP")) and not _as_expected(step, kind, flags, widget):
            # A button's look says what it likes.
            yield _doubt(step, name, ref)


def _doubt(step: Comparison, name: str, ref: Ref) -> Edit:
    return step.edit(f"field {name}, appearance", "appearance-differs", "doubtful", None, name, (ref,))


def _as_expected(step: Comparison, kind: Any, flags: int, widget: Any) -> bool:
    """Whether a list shows options of its own in their order, and a password nothing but marks."""
    found = _shown(step, step.new_entry(step.new_entry(widget, "/AP"), "/N"))
    if found is None:
        return False
    letters = "".join(found.text.split())
    if kind == "/Tx" and flags & _PASSWORD:
        return not found.pictures and not letters.strip(_MARKS)
    if kind != "/Ch":
        return False
    options = ["".join(v.split()) for v in _displayed(step, widget)[:_MOST_OPTIONS]]
    # The list may be scrolled; it ends with a whole option.
    shown_options = (accumulate(options[n:]) for n in range(len(options)))
    return any(letters == run for runs in shown_options for run in runs)


def _displayed(step: Comparison, widget: Any) -> list[str]:
    options = inherited(step, widget, "/Opt", step.new)
    found = []
    for raw in raw_items(options) if isinstance(options, generic.ArrayObject) else []:
        option = step.at_new(raw)
        if isinstance(option, generic.ArrayObject) and len(option) == 2:
            option = step.at_new(raw_items(option)[1])
        found.append(_words(option) or "")
    return found


def _words(value: Any) -> str | None:
    """A value as text: a string, a stream (long text), a name; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, generic.StreamObject):
        return _decoded(stream_bytes(value))
    if isinstance(value, generic.ByteStringObject):
        return _decoded(value.original_bytes)  # line ends keep pyHanko from taking it for text
    return str(value) if isinstance(value, generic.TextStringObject) else None


def _decoded(data: bytes) -> str:
    """ISO 32000-2, 7.9.2.2."""
    if data.startswith(b"\xfe\xff"):
        return data[2:].decode("utf-16-be", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode(errors="replace")
    return "".join(map(_of_document, data))


def _of_document(code: int) -> str:
    try:
        return str(generic.decode_pdfdocencoding(bytes([code])))
    except ValueError:  # a control character
        return chr(code)


def _text(
    step: Comparison, name: str, widget: Any, ref: Ref, values: list[str | None], redrawn: bool
) -> Iterator[Edit]:
    """`values`: what the field may show, any of them."""
    look = step.new_entry(step.new_entry(widget, "/AP"), "/N")
    if look is None:
        return  # readers draw the value themselves
    known = [v for v in values if v is not None]
    found = _shown(step, look) if known else None
    if found is None:
        if redrawn and draws(step, look):
            yield _doubt(step, name, ref)
        return
    if found.pictures and any(v.strip() for v in known) and not found.text.strip():
        # A picture instead of letters: what it says, only sight can tell.
        yield _doubt(step, name, ref)
    elif not any(agrees(v, found.text, formatted=_formats(step, widget)) for v in known):
        if any(cut_off(v, found.text) for v in known):
            yield _doubt(step, name, ref)
            return
        yield step.edit(f"field {name}, appearance", "appearance-differs", "never", None, name, (ref,))
    elif redrawn and (found.pictures or not found.legible):
        # The value may be there for programs only, and a drawing for the eye.
        yield _doubt(step, name, ref)


def _shown(step: Comparison, look: Any) -> Shown | None:
    """What a look shows; None where that cannot be read."""
    if not isinstance(look, generic.StreamObject) or "/BBox" not in look or step.looks_read >= _MOST_LOOKS:
        return None
    step.looks_read += 1
    return shown(look, _form_resources(step), step.at_new)


def _formats(step: Comparison, widget: Any) -> bool:
    """Whether a script formatted the field as it was signed."""
    return step.old_entry(inherited(step, widget, "/AA", step.old), "/F") is not None


def _form_resources(step: Comparison) -> Any:
    root = step.at_new(step.h.trailer(step.new).raw_get("/Root"))
    return step.new_entry(step.new_entry(root, "/AcroForm"), "/DR")


def _chosen(step: Comparison, widget: Any) -> list[str | None]:
    """A choice's value and the words that its list of options gives it."""
    value = _words(inherited(step, widget, "/V", step.new))
    options = inherited(step, widget, "/Opt", step.new)
    found: list[str | None] = [value]
    for raw in raw_items(options) if isinstance(options, generic.ArrayObject) else []:
        pair = step.at_new(raw)
        if isinstance(pair, generic.ArrayObject) and len(pair) == 2:
            export, display = (_words(step.at_new(v)) for v in raw_items(pair))
            if export == value:
                found.append(display)
    return found


def _state(step: Comparison, name: str, widget: Any, ref: Ref) -> Iterator[Edit]:
    """A tick or a radio button: the look that is chosen (/AS) is one that there is, and the one that the value names."""
    state = step.new_entry(widget, "/AS")
    looks = step.new_entry(step.new_entry(widget, "/AP"), "/N")
    states = {str(k) for k in looks} if _is_states(looks) else None
    value = inherited(step, widget, "/V", step.new)
    if state is None or states is None or not isinstance(value, generic.NameObject | type(None)):
        return
    on = str(state) if str(state) != "/Off" else None
    wanted = str(value) if value is not None and str(value) in states - {"/Off"} else None
    if (on is not None and on not in states) or on != wanted:
        yield step.edit(f"field {name}, appearance", "state-differs", "never", None, name, (ref,))


def _is_states(looks: Any) -> bool:
    return isinstance(looks, generic.DictionaryObject) and not isinstance(looks, generic.StreamObject)


def _rich(step: Comparison, name: str, widget: Any, ref: Ref) -> Iterator[Edit]:
    """Rich text is the same text in other clothes (ISO 32000-2, 12.7.4.4)."""
    rich, value = (_words(inherited(step, widget, key, step.new)) for key in ("/RV", "/V"))
    if rich and value is not None and not agrees(value, unescape(_TAG.sub(" ", rich))):
        yield step.edit(f"field {name}, RV", "rich-text-differs", "never", None, name, (ref,))

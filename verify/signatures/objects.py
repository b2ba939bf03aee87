"""PDF values without detours: references as they stand, encrypted strings decrypted."""

from __future__ import annotations

from typing import Any, Literal

from pyhanko.pdf_utils import generic

Ref = tuple[int, int]


def plain(value: Any) -> Any:
    return value.decrypted if isinstance(value, generic.DecryptedObjectProxy) else value


def ref_of(value: Any) -> Ref:
    value = plain(value)
    return (value.idnum, value.generation)


def raw_pairs(value: Any) -> list[tuple[str, Any]]:
    return [(str(k), plain(value.raw_get(k))) for k in value]


def raw_items(value: Any) -> list[Any]:
    return [plain(value.raw_get(i)) for i in range(len(value))]


def entry(holder: Any, key: str) -> Any:
    """An entry of a dictionary, resolved; None where there is none, it is null, or leads nowhere.

    pyHanko's `get` does not resolve references.
    """
    if not isinstance(holder, generic.DictionaryObject) or key not in holder:
        return None
    try:
        value = holder[key]
    except Exception:  # a reference to nowhere, a broken object
        return None
    return None if isinstance(value, generic.NullObject) else value


def items(value: Any) -> list[Any]:
    """An array's entries, resolved; empty where it is no array or leads nowhere."""
    if not isinstance(value, generic.ArrayObject):
        return []
    try:
        return [value[i] for i in range(len(value))]
    except Exception:
        return []


def resolved(value: Any) -> Any:
    """What a reference points to; None where it leads nowhere."""
    try:
        return value.get_object() if isinstance(value, generic.IndirectObject) else value
    except Exception:
        return None


def stream_bytes(value: Any) -> bytes:
    """A stream's content; as encoded where no filter decodes it."""
    try:
        return bytes(value.data)
    except Exception:  # filters raise what they like; undecodable streams are compared as encoded
        return bytes(value.encoded_data or b"")


def mentions(value: Any, ref: Ref, depth: int = 0) -> bool:
    """Whether a value refers to an object, without following other references."""
    value = plain(value)
    if isinstance(value, generic.IndirectObject):
        return ref_of(value) == ref
    if depth > 40:
        return True
    if isinstance(value, generic.ArrayObject):
        return any(mentions(v, ref, depth + 1) for v in raw_items(value))
    if isinstance(value, generic.DictionaryObject):
        return any(mentions(v, ref, depth + 1) for _, v in raw_pairs(value))
    return False


def verb(old: Any, new: Any) -> Literal["added", "removed", "changed"]:
    return "added" if old is None else "removed" if new is None else "changed"

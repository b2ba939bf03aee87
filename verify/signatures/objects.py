"""PDF values without detours: references as they stand, encrypted strings decrypted."""

from __future__ import annotations

from typing import Any

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

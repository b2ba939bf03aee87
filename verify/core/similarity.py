"""How alike two texts are when one was read off a seal by a machine that errs."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher


def similar(read: str, known: str) -> float:
    """Share of the known text's characters found in order in the text read, 0 to 1; blanks and marks do not count.

    Not symmetric: what was read besides (a number, a neighbour's letter) costs little, what is missing costs in full.
    """
    a, b = _letters(read), _letters(known)
    if not a or not b:
        return 0.0
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    return sum(m.size for m in blocks) / len(b)


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())

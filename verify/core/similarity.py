"""How alike two texts are when one was read off a seal by a machine that errs."""

from __future__ import annotations

import re
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


# Words that hundreds of thousands of seals share: alike in these, two names are not alike.
_GENERIC = re.compile(
    r"股份有限公司|有限责任公司|有限公司|集团|(?:合同|财务|发票|业务|收货|人事|公)?专用章|公章|印$"
    r"|company|limited|corporate|seal|\bltd\b|\bco\b|\binc\b",
    re.IGNORECASE,
)


def distinctive(text: str) -> str:
    """A seal's text without the words that most seals share; the whole text where nothing else is left."""
    rest = _GENERIC.sub(" ", unicodedata.normalize("NFKC", text))
    return rest if _letters(rest) else text

"""One catalogue of sentences per language; a reason is a code with parameters."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "zh")


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every code's sentence in one language: the tables of `<language>.toml` laid together."""
    text = resources.files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    sentences: dict[str, str] = {}
    for room, table in tomllib.loads(text).items():
        for code, template in table.items():
            if code in sentences:
                raise ValueError(f"{language}.toml: {code} stands twice (again in [{room}])")
            sentences[code] = template
    return sentences


def sentence(code: str, params: Mapping[str, Any], language: str) -> str:
    """The sentence for a code; a code that the catalogue lacks falls back to English, then to itself."""
    template = catalogue(language).get(code) or catalogue("en").get(code)
    if template is None:
        return code.replace("-", " ")
    return template.format_map(_Spoken(params))


def clean(text: str) -> str:
    """A text without control and direction characters: names out of a document may not move a terminal's cursor."""
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf") else " " for c in text)


class _Spoken(dict[str, Any]):
    """Parameters as they read in a sentence: numbers short, lists joined, None as 'unknown'."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if value is None:
            return "–"
        if isinstance(value, float):
            return f"{value:.4g}"
        if isinstance(value, (list, tuple)):
            return "; ".join(clean(str(v)) for v in value)
        return clean(value) if isinstance(value, str) else value

    def __missing__(self, key: str) -> str:
        return f"⟨{key}⟩"

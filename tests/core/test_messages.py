"""Every reason has its sentence in every language."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

import verify
from verify.core.messages import LANGUAGES, catalogue, sentence

_REPLIES = {"passed", "failed", "indeterminate"}


def _codes_in_checks() -> set[str]:
    codes: set[str] = set()
    for path in Path(verify.__file__).parent.glob("*/checks.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in _REPLIES
                and isinstance(node.args[0], ast.Constant)
            ):
                codes.add(node.args[0].value)
    return codes


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_every_check_has_a_sentence(language: str) -> None:
    assert _codes_in_checks() - catalogue(language).keys() == set()


def test_the_languages_hold_the_same_codes_with_the_same_parameters() -> None:
    def parameters(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english, chinese = catalogue("en"), catalogue("zh")
    assert english.keys() == chinese.keys()
    assert [c for c in english if not parameters(chinese[c]) <= parameters(english[c])] == []


def test_a_missing_parameter_shows_itself_and_does_not_raise() -> None:
    assert "⟨field⟩" in sentence("nothing-changed-since", {}, "en")


def test_the_word_genuine_is_never_said_of_a_seal() -> None:
    assert [c for c, text in catalogue("en").items() if "genuine" in text.lower()] == []

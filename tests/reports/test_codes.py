"""No code of the evidence stands raw in a report: every document of the signatures' table, on the page for people."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

import verify.signatures
from tests.reports.cases import case
from tests.reports.test_html import Reading
from tests.signatures.table.rows import opened
from tests.signatures.table.test_table import THEMES
from verify.core.errors import Problem
from verify.core.exhibits import Piece
from verify.core.messages import LANGUAGES, catalogue
from verify.report import Case
from verify.reports.html import html, labels
from verify.reports.objects import spoken
from verify.signatures.evidence import SignatureEvidence
from verify.signatures.examiner import SignatureExaminer

EACH_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)
# What looks like a code in the sources and never reaches the evidence: parts of a document that changes are sorted by,
# permissions, encodings, a purpose, the reason of a conclusion.
INTERNAL = frozenset(
    {
        "annotation-detail", "annotation-look", "covered-by-signing", "field-above", "field-detail", "form-detail",
        "form-fonts", "form-resources", "in-doubt", "latin-1", "not-available", "page-detail", "pages-above",
        "short-key", "time-stamping", "utf-16-be", "utf-8",
    }
)  # fmt: skip

ROWS = {row.name: row for theme in THEMES for row in theme.ROWS}


def _codes() -> set[str]:
    """Whatever is written as a code where signatures are examined; what is asked online is told by catalogue alone."""
    found: set[str] = set()
    root = Path(verify.signatures.__file__).parent
    for file in root.rglob("*.py"):
        if file.parent.name not in ("online", "trustlists"):
            found |= set(re.findall(r'"([a-z]+(?:-[a-z0-9]+)+)"', file.read_text(encoding="utf-8")))
    return found - INTERNAL


class _Told(Reading):
    """The page's words without what stands there as a file's name or a check's number."""

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            super().handle_data(data)


@cache
def _made(name: str) -> Case:
    row = ROWS[name]
    found = list(SignatureExaminer(row.trust, row.at, sight=row.sight).examine(opened(row)))
    return case(
        *(e for e in found if isinstance(e, SignatureEvidence)),
        pieces=tuple(p for p in found if isinstance(p, Piece)),
        problems=tuple(p for p in found if isinstance(p, Problem)),
        name=row.document,
    )


@EACH_LANGUAGE
def test_every_code_has_its_words(lang: str) -> None:
    tables = labels(lang)
    known = {key for name in ("words", "why", "rules", "roles", "sight_kinds") for key in tables[name]}
    known |= catalogue(lang).keys()
    assert not sorted(c for c in _codes() if c not in known and f"path-{c}" not in known)


@pytest.mark.parametrize("name", ROWS)
def test_no_code_stands_raw_on_the_page(name: str) -> None:
    codes = _codes()
    for lang in LANGUAGES:
        text = _Told(html(_made(name), lang=lang)).text
        raw = sorted({m for m in re.findall(r"(?<![\w/.-])[a-z]+(?:-[a-z0-9]+)+(?![\w-])", text) if m in codes})
        assert not raw, f"{lang}: {raw}"
        assert not re.search(r"⟨|⟩|\{\w*\}|\bNone\b|Undefined", text)


def test_every_object_of_the_table_is_told_in_chinese() -> None:
    names = {
        change.object
        for name in ROWS
        for evidence in _made(name).report.evidence
        if isinstance(evidence, SignatureEvidence)
        for change in evidence.changes
    }
    assert names
    assert not sorted(n for n in names if not re.search("[\u4e00-\u9fff]", spoken(n, "zh")))

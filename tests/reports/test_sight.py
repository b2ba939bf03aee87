"""The comparison by sight on the page: what was signed beside what is seen now."""

from __future__ import annotations

import pytest

from tests.builders import signature
from tests.reports.cases import case
from tests.reports.test_html import Reading
from tests.signatures.documents import drawn_stamp, signed
from verify.core.messages import LANGUAGES
from verify.formats.read import read
from verify.report import Case
from verify.reports.html import html, labels
from verify.reports.views import public_case
from verify.signatures.evidence import Difference, Sight
from verify.signatures.sight.comparison import Eye

EACH_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)
SAME = Sight(engines=("mupdf", "pdfium"), dpi=110.0, pages=3)


def covered(*subjects: str) -> Case:
    """A timestamp's look covers the text, as PDFium shows and MuPDF hides."""
    now = drawn_stamp(signed())
    eye = Eye(read(now, name="x.pdf"))
    looks = [(subject, *eye.look(len(signed()), (), None, subject)) for subject in subjects]
    evidence = [signature(id=subject, coverage="revision", sight=sight) for subject, sight, _ in looks]
    return case(*evidence, pieces=tuple(p for _, _, pieces in looks for p in pieces))


@EACH_LANGUAGE
def test_the_signed_page_stands_beside_the_page_as_it_is(lang: str) -> None:
    page = Reading(html(covered("signature-1"), lang=lang))
    words = labels(lang)["sight"]
    told = [
        page.text.index(words[key]) for key in ("heading", "unexplained", "as_signed_note", "as_now_note", "otherwise")
    ]
    assert told == sorted(told)
    assert labels(lang)["sight_kinds"]["engines-disagree"] in page.text
    assert [name for name, _ in page.attributes].count("src") == 4


def test_the_pictures_are_as_large_as_they_were_made_and_lossless() -> None:
    made = covered("signature-1")
    page = html(made)
    assert page.count("data:image/png") == 4 and 'width="910" height="1287"' in page


def test_pictures_that_two_signatures_share_are_shown_once() -> None:
    page = html(covered("signature-1", "signature-2"))
    assert page.count("data:image/png") == 4
    assert "The pictures are those under Signature 1." in page


@EACH_LANGUAGE
def test_where_nothing_differs_one_line_says_so(lang: str) -> None:
    page = Reading(html(case(signature(sight=SAME)), lang=lang)).text
    assert labels(lang)["sight"]["same"].format(n=3) in page
    assert labels(lang)["sight"]["explained_by"] not in page


def test_what_was_not_compared_is_told() -> None:
    blind = Sight(engines=(), dpi=110.0, pages=0, left_out="1-3")
    page = html(case(signature(sight=blind)))
    assert labels("en")["sight"]["not_drawn"] in page and "Not compared by sight: pages 1-3." in page


def test_a_difference_without_pictures_is_told_all_the_same() -> None:
    gone = Difference(page=2, kind="page-removed", engine="mupdf")
    page = Reading(html(case(signature(sight=SAME.model_copy(update={"differences": (gone,)}))))).text
    assert "page was taken away" in page and "the whole page" in page and "nothing permitted" in page


def test_a_signature_that_was_not_looked_at_has_no_such_part() -> None:
    assert labels("en")["sight"]["heading"] not in html(case(signature()))


def test_the_public_sees_the_pages_of_the_document_as_signed_and_now() -> None:
    roles = {e.role for e in public_case(covered("signature-1")).report.exhibits}
    assert roles == {"as-signed", "as-now", "what-changed", "as-now-otherwise"}

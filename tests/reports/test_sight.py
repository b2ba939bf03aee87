"""The comparison by sight on the page: what was signed beside what is seen now."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import signature
from tests.reports.cases import case
from tests.reports.test_html import Reading
from tests.signatures.documents import drawn_stamp, signed
from verify.core.messages import LANGUAGES
from verify.formats.read import read
from verify.report import Case
from verify.reports.html import drawn_by, html, labels
from verify.reports.views import public_case
from verify.signatures.evidence import Change, Difference, Sight
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


def _places(page: Reading) -> int:
    return page.attributes.count(("class", "pair places"))


@EACH_LANGUAGE
def test_the_signed_page_stands_beside_the_page_as_it_is(lang: str) -> None:
    page = Reading(html(covered("signature-1"), lang=lang))
    words = labels(lang)["sight"]
    told = [
        page.text.index(words[key]) for key in ("heading", "unexplained", "as_signed_note", "as_now_note", "otherwise")
    ]
    assert told == sorted(told)
    assert labels(lang)["sight_kinds"]["engines-disagree"] in page.text
    assert [name for name, _ in page.attributes].count("src") == 4 + 2 * _places(page)


def test_the_pictures_are_as_large_as_they_were_made_and_lossless() -> None:
    made = covered("signature-1")
    page = html(made)
    assert page.count("data:image/png") == 4 + 2 * _places(Reading(page)) and 'width="910" height="1287"' in page


def test_pictures_that_two_signatures_share_are_shown_once() -> None:
    page = html(covered("signature-1", "signature-2"))
    assert page.count("data:image/png") == 4 + 2 * _places(Reading(page))
    assert "The pictures are those under Signature 1." in page


@EACH_LANGUAGE
def test_where_nothing_differs_one_line_says_so(lang: str) -> None:
    page = Reading(html(case(signature(sight=SAME)), lang=lang)).text
    assert labels(lang)["sight"]["same"].format(n=3) in page
    assert labels(lang)["sight"]["explained_by"] not in page


def test_what_was_not_compared_is_told() -> None:
    blind = Sight(engines=(), dpi=110.0, pages=0, left_out="1-3")
    page = html(case(signature(sight=blind)))
    assert labels("en")["sight"]["not_drawn"] in page and labels("en")["sight"]["left_out"].format(pages="1-3") in page


def test_a_difference_without_pictures_is_told_all_the_same() -> None:
    gone = Difference(page=2, kind="page-removed", engine="mupdf")
    page = Reading(html(case(signature(sight=SAME.model_copy(update={"differences": (gone,)}))))).text
    assert "page was taken away" in page and "the whole page" in page and "nothing permitted" in page


def test_a_signature_that_was_not_looked_at_has_no_such_part() -> None:
    assert labels("en")["sight"]["heading"] not in html(case(signature()))


def test_the_public_sees_the_pages_of_the_document_as_signed_and_now() -> None:
    roles = {e.role for e in public_case(covered("signature-1")).report.exhibits}
    assert roles == {"as-signed", "as-now", "what-changed", "as-now-otherwise"}


def test_places_that_differ_are_cut_out_of_both_pages_and_enlarged() -> None:
    made = covered("signature-1")
    page = html(made)
    assert 1 <= page.count('class="pair places"') <= 4
    assert labels("en")["sight"]["enlarged_signed"] in Reading(page).text
    assert 'class="pair places"' not in html(Case(made.reports))  # without the pictures' bytes there is nothing to cut


@EACH_LANGUAGE
def test_of_a_signature_that_does_not_hold_nobody_says_that_this_was_signed(lang: str) -> None:
    made = covered("signature-1")
    report = made.report
    broken = report.evidence[0].model_copy(update={"intact": False, "broken": "digest-mismatch"})
    text = Reading(html(Case((report.model_copy(update={"evidence": (broken,)}),), made.exhibits), lang=lang)).text
    words, roles = labels(lang)["sight"], labels(lang)["roles"]
    for key in ("heading", "unexplained", "as_signed"):
        assert words[f"{key}_unproven"] in text and words[key] not in text.replace(words[f"{key}_unproven"], "")
    assert words["unproven"] in text
    assert roles["as-signed-unproven"] in text and f" {roles['as-signed']} " not in text


@EACH_LANGUAGE
def test_what_is_permitted_on_an_object_explains_nothing_where_something_else_was_done_to_it(lang: str) -> None:
    spot: dict[str, Any] = {"object": "field amount", "page": 1, "box_mm": (10.0, 10.0, 40.0, 8.0)}
    filled = Change(revision=2, kind="value-changed", permitted_by="form-filling", **spot)
    lies = Change(revision=2, kind="appearance-differs", **spot)
    seen = Difference(
        page=1, kind="changed", engine="mupdf, pdfium", box_mm=spot["box_mm"], explained_by="field amount"
    )
    words = labels(lang)["sight"]
    stands = {
        "all_explained": (filled,),
        "in_doubt": (filled, lies.model_copy(update={"in_doubt": True})),
        "unexplained": (filled, lies),
    }
    for key, changes in stands.items():
        sight = SAME.model_copy(update={"differences": (seen,)})
        text = Reading(html(case(signature(sight=sight, changes=changes)), lang=lang)).text
        assert [k for k in stands if words[k] in text] == [key]
    assert words["explained_forbidden"].partition("{")[0] in text


def test_a_picture_names_its_program_only_where_the_report_tells_it() -> None:
    both = Difference(page=1, kind="changed", engine="mupdf, pdfium")
    second = Difference(page=1, kind="engines-disagree", engine="pdfium")
    explained = both.model_copy(update={"explained_by": "field amount"})
    gone = Difference(page=1, kind="page-removed", engine="mupdf, pdfium")
    assert drawn_by(SAME, [second]) == ("pdfium", "mupdf")
    assert drawn_by(SAME, [explained]) == ("mupdf", "pdfium")
    assert drawn_by(SAME, [gone]) == ("mupdf", "pdfium")
    assert drawn_by(SAME, [both]) == drawn_by(SAME, [both, second]) == (None, None)
    assert drawn_by(SAME.model_copy(update={"engines": ("pdfium",)}), [both]) == ("pdfium", None)

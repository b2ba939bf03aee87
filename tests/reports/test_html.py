"""The page stands alone, says everything, and can be trusted with hostile names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from tests.builders import certificate, signature
from tests.reports.cases import CASES, SEAL, case, drawn, failed, passed, png, ratios, undecided
from verify.core.errors import UsageError
from verify.core.exhibits import piece
from verify.core.findings import Reason
from verify.core.messages import LANGUAGES
from verify.kinds import CHECKS
from verify.report import Case
from verify.reports.html import html, labels, magnitude, say
from verify.reports.views import public_case
from verify.signatures.evidence import Path

Made = Callable[[], Case]
EVERY = pytest.mark.parametrize("made", CASES.values(), ids=CASES)
EACH_LANGUAGE = pytest.mark.parametrize("lang", LANGUAGES)
HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>\u202efdp.exe"
VOID = {"meta", "img", "br", "input", "circle", "rect", "path"}


class Reading(HTMLParser):
    """Tags, attributes and text of a page; checks that what is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@EVERY
@EACH_LANGUAGE
def test_the_page_is_well_formed_and_needs_nothing_from_outside(made: Made, lang: str) -> None:
    reading = Reading(html(made(), lang=lang))
    assert not {"script", "link", "iframe", "object", "form"} & set(reading.tags)
    assert not [n for n, _ in reading.attributes if n.startswith("on") or n in ("href", "action", "srcset", "style")]
    assert all(v.startswith("data:image/") for n, v in reading.attributes if n == "src")
    policy = next(v for n, v in reading.attributes if n == "content" and "default-src" in v)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


@EVERY
@EACH_LANGUAGE
def test_no_code_or_gap_is_left_in_the_text(made: Made, lang: str) -> None:
    for one in (made(), public_case(made())):
        text = Reading(html(one, lang=lang)).text
        assert not re.search(r"⟨|⟩|\{\w*\}|\bNone\b|\bTrue\b|Undefined", text)


@EVERY
@EACH_LANGUAGE
def test_equal_cases_give_equal_pages(made: Made, lang: str) -> None:
    assert html(made(), lang=lang) == html(made(), lang=lang)


def test_the_verdict_stands_before_everything_else() -> None:
    text = Reading(html(failed())).text
    order = [
        "guarantee-letter-scan.png",
        "failed",
        "The four questions",
        "To note",
        "The pages",
        "Seals",
        "Signatures",
        "All questions",
    ]
    places = [text.index(part, text.index("Verification report", 30)) for part in order]
    assert places == sorted(places)


def test_what_was_measured_is_told_with_limits_calibration_and_what_it_does_not_say() -> None:
    text = Reading(html(passed())).text
    for part in ("+2.61", "−2.61 … +2.61", "+1.89 … +2.61", "seals-1", "simulated", "does not say how probable"):
        assert part in text


def test_the_chain_the_registry_the_uses_and_the_provenance_are_told() -> None:
    text = Reading(html(passed())).text
    for part in (
        "Example Issuing CA 3",
        "Example Root CA",
        "PAdES-B-LT",
        "Example TSA 1",
        "USE-2026-0311",
        "合同管理部",
        "5d" * 32,
        "9e" * 32,
    ):
        assert part in text


def test_warnings_problems_and_what_was_left_out_are_told_once() -> None:
    text = Reading(html(undecided())).text
    note = text[text.index("To note") : text.index("The pages")]
    assert note.count("61-80") == 1
    for part in ("only the signer's own word", "claims no registered seal", "Page 7", "Imprint 1"):
        assert part in note


def test_the_word_genuine_is_never_used() -> None:
    assert "genuine" not in "".join(html(made()) for made in CASES.values()).lower()


def test_hostile_names_stay_text() -> None:
    signer = certificate(subject=HOSTILE, common_name=HOSTILE, organisation=HOSTILE, issuer=HOSTILE)
    hostile = case(signature(signer=signer, field=HOSTILE, reason=HOSTILE), name=HOSTILE, remarks=(HOSTILE,))
    page = html(hostile)
    reading = Reading(page)
    assert "<script" not in page and "onerror=" not in {n for n, _ in reading.attributes}
    assert "img" not in reading.tags and "alert('x')" in reading.text
    assert "\u202e" not in page


def test_pictures_are_carried_small_and_evidence_lossless() -> None:
    large = dict(drawn()) | {r: png(Image.effect_noise((1300, 650), 60)) for r in ("aligned", "reference-ink")}
    page = html(passed(large))
    assert page.count("data:image/jpeg") == 2 and page.count("data:image/png") == 7
    assert (
        'width="857" height="1200"' in page
        and 'width="1200" height="600"' in page
        and 'width="600" height="300"' in page
    )


def test_both_prints_stand_apart_where_they_were_not_put_side_by_side() -> None:
    without = {k: v for k, v in drawn().items() if k != "aligned"} | {"aligned": b"broken"}
    reading = Reading(html(passed(without)))
    assert "as on the page" in reading.text and "Side by side" not in reading.text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_measured_lines_stand_in_a_table_and_striking_ones_are_marked(lang: str) -> None:
    page = html(passed(), lang=lang)
    for told in ("38.86\u00a0mm", "39.34\u00a0mm", "−0.01\u00a0mm", "230.9°", "+2.4°"):
        assert told in page
    assert page.count('class="striking"') == 1
    assert "38.86" not in html(public_case(passed()), lang=lang)


def test_both_inks_can_be_shown_in_turn_without_a_script() -> None:
    page = html(passed())
    assert 'type="checkbox" id="turns-' in page and "@keyframes turns" in page and "<script" not in page


def test_a_damaged_or_missing_picture_does_not_silence_the_report() -> None:
    whole = passed()
    broken = replace(whole, exhibits={k: b"\x89PNG\r\n\x1a\n broken" for k in list(whole.exhibits)[:3]})
    assert "data:image" not in html(broken) and "Everything that was asked holds." in html(broken)


def test_a_file_that_is_no_picture_is_not_embedded() -> None:
    one = piece(b"<svg onload=alert(1)>", type="image/svg+xml", role="page", subject="document", page=1)
    assert "data:" not in html(case(pieces=(one,))).replace("img-src data:", "")


def test_the_public_page_says_that_it_is_one_and_shows_no_seal() -> None:
    page = html(public_case(passed()))
    assert labels("en")["page"]["withheld"] in page and SEAL not in page and "log₁₀" not in page
    assert labels("en")["page"]["withheld"] not in html(passed())


def test_several_reports_stand_in_one_page() -> None:
    first, second = passed(), failed()
    both = Case((first.report, second.report), {**first.exhibits, **second.exhibits})
    assert Reading(html(both)).tags.count("main") == 2


def test_a_ratio_in_words_is_about_the_measurements_and_within_its_limits() -> None:
    another, remake, near, twin, _ = ratios(remake=-1.3, near_copy=0.1)
    assert magnitude(another, "en") == "at least 400 times more probable with the registered seal"
    assert magnitude(remake, "en") == "about 20 times more probable with the alternative"
    assert magnitude(near, "en") == "about equally probable with both"
    assert magnitude(twin, "en") == "cannot be told: twins cannot be told apart"


def test_a_report_keeps_its_own_sentence_when_the_catalogue_has_forgotten_the_code() -> None:
    report = passed().report
    reason = report.findings[0].reason.model_copy(update={"code": "forgotten", "en": "As it was said then."})
    old = report.model_copy(
        update={"findings": (report.findings[0].model_copy(update={"reason": reason}), *report.findings[1:])}
    )
    assert "As it was said then." in html(Case((old,)))


def test_the_tables_of_words_are_the_same_in_both_languages() -> None:
    english = {(table, key) for table, words in labels("en").items() for key in words}
    chinese = {(table, key) for table, words in labels("zh").items() for key in words if table != "questions"}
    assert english == chinese
    assert all(words for table in labels("zh").values() for words in table.values())


def test_every_check_is_asked_in_chinese_too() -> None:
    assert {check.id for check in CHECKS} - labels("zh")["questions"].keys() == set()


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UsageError):
        html(passed(), lang="xx")


@pytest.mark.parametrize(
    ("trust", "lang", "told"),
    [
        ("given (1 roots, 2c71)", "en", "given (1 root, 2c71)"),
        ("given (3 roots, 2c71)", "en", "given (3 roots, 2c71)"),
        ("given (3 roots, 2c71)", "zh", "given (3 个根证书, 2c71)"),
    ],
)
def test_one_root_is_told_as_one(trust: str, lang: str, told: str) -> None:
    report = passed().report
    report = report.model_copy(update={"provenance": report.provenance.model_copy(update={"trust": trust})})
    assert told in Reading(html(Case((report,)), lang=lang)).text


def test_a_reason_of_an_earlier_version_without_a_parameter_keeps_its_sentence() -> None:
    old = Reason(code="time-claimed", en="The time was claimed.", params={"time": "2026-03-12T09:30:00+00:00"})
    assert say(old, "indeterminate", "en") == "The time was claimed."


@EACH_LANGUAGE
def test_what_a_library_says_stands_among_the_details_for_experts_alone(lang: str) -> None:
    words = "The path could not be validated because it exceeds the maximum path length"
    path = Path(complete=True, certificates=(certificate(),), anchor="Root", problem="path-length", detail=words)
    text = Reading(html(case(signature(path=path)), lang=lang)).text
    assert text.count(words) == 1
    assert text.index(words) > text.index(labels(lang)["signatures"]["details"])
    assert labels(lang)["words"]["in-details"] in text

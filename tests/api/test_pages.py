"""The pages for people: they work without a script, in the reader's language, and say what to do."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Any

import pytest

from api.deps import accepted_language
from api.errors import STATUS
from tests.api.service import Told, answering, service, settled, small_pdf

HTML = {"accept": "text/html,application/xhtml+xml"}


def send(client: Any, data: bytes, name: str = "contract.pdf", lang: str = "en", **fields: str) -> Any:
    return client.post(
        f"/v?lang={lang}",
        files={"file": (name, data)},
        data={"lang": lang} | fields,
        headers=HTML,
        follow_redirects=False,
    )


def shown(client: Any, place: str) -> Any:
    """The result's page once it no longer reloads itself."""
    settled(client, _Posted(place.replace("/v/", "/v1/verifications/")))
    return client.get(place, headers=HTML)


class _Posted:
    status_code, text = 202, ""

    def __init__(self, location: str) -> None:
        self.headers = {"location": location}


def test_the_form_leads_to_a_page_that_reloads_until_it_shows_the_report() -> None:
    verifier = Told()
    with service(verifier) as client:
        sent = send(client, small_pdf())
        assert sent.status_code == 303
        place = sent.headers["location"]
        waiting = client.get(place, headers=HTML)
        assert waiting.headers["refresh"] == "2"
        assert 'http-equiv="refresh"' in waiting.text
        assert "contract.pdf" in waiting.text
        verifier.gate.set()
        done = shown(client, place)
        assert "refresh" not in done.headers
        report = client.get(place.replace("/v/", "/v1/verifications/") + "/report.html").text
        main = re.compile(r"<main.*</main>", re.DOTALL)
        assert main.findall(done.text) == main.findall(report)
        assert "Save this report" in done.text
        assert "Save this report" not in report


def test_the_saved_report_is_a_file_named_by_the_digest() -> None:
    with service(answering()) as client:
        place = send(client, small_pdf(), "../evil.pdf").headers["location"]
        link = re.search(r'href="([^"]*download=true[^"]*)"', shown(client, place).text)
        assert link is not None
        got = client.get(link[1].replace("&amp;", "&"))
    assert re.fullmatch(r'attachment; filename="sigillum-[0-9a-f]{12}\.html"', got.headers["content-disposition"])


@pytest.mark.parametrize(("header", "lang"), [
    ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,en;q=0.9,zh;q=0.1", "en"), ("fr,zh;q=0.3", "zh"), ("fr", "en"), ("", "en"),
    ("en;q=0.2,zh;q=0.7", "zh"), ("zh;q=0", "en"), (";;q=,,,zh;q=x", "en"),
])  # fmt: skip
def test_the_readers_language_is_taken(header: str, lang: str) -> None:
    assert accepted_language(header) == lang


def test_the_page_speaks_chinese_by_header_and_by_link() -> None:
    with service(answering()) as client:
        assert 'lang="zh-CN"' in client.get("/", headers={"accept-language": "zh-CN"}).text
        assert 'lang="zh-CN"' in client.get("/?lang=zh").text
        assert 'lang="en"' in client.get("/?lang=en", headers={"accept-language": "zh-CN"}).text


def test_a_result_comes_in_the_language_of_the_form() -> None:
    with service(answering()) as client:
        done = shown(client, send(client, small_pdf(), lang="zh").headers["location"])
    assert 'lang="zh-CN"' in done.text
    assert "保存报告" in done.text


def test_a_refused_document_is_told_in_plain_words_with_the_form_to_try_again() -> None:
    with service(answering()) as client:
        for lang, words in (("en", "Export it as PDF"), ("zh", "请导出为 PDF")):
            page = shown(client, send(client, b"PK\x03\x04..word/document.xml", "c.docx", lang).headers["location"])
            assert page.status_code == 415
            assert words in page.text
            assert 'type="file"' in page.text


def test_mistakes_in_the_form_come_back_as_a_page() -> None:
    with service(answering()) as client:
        for got, status in (
            (send(client, b"", ""), 422),
            (client.get("/v/nobody", headers=HTML), 404),
            (client.get("/nowhere", headers=HTML), 404),
        ):
            assert (got.status_code, got.headers["content-type"]) == (status, "text/html; charset=utf-8")
            assert 'type="file"' in got.text
        assert client.get("/nowhere").headers["content-type"] == "application/problem+json"


def test_a_full_backlog_is_told_to_people_too() -> None:
    verifier = Told()
    with service(verifier, backlog=1) as client:
        first = send(client, small_pdf())
        settled(client, _Posted(first.headers["location"].replace("/v/", "/v1/verifications/")), states=("examining",))
        send(client, small_pdf())
        away = send(client, small_pdf())
        assert (away.status_code, "waiting just now" in away.text) == (503, True)
        assert away.headers["retry-after"]
        verifier.gate.set()


def test_names_from_outside_are_escaped() -> None:
    verifier = Told()
    with service(verifier) as client:
        place = send(client, small_pdf(), '"><img src=x onerror=1>.pdf').headers["location"]
        waiting = client.get(place, headers=HTML).text
        assert "<img" not in waiting
        verifier.gate.set()


def test_the_full_view_is_announced() -> None:
    with service(answering(), view="full") as client:
        assert "Full view" in client.get("/?lang=en").text
    with service(answering()) as client:
        assert "Full view" not in client.get("/?lang=en").text


def test_both_languages_say_the_same_things() -> None:
    def keys(table: dict[str, Any], above: str = "") -> set[str]:
        return {
            k
            for key, value in table.items()
            for k in (keys(value, f"{above}{key}.") if isinstance(value, dict) else {above + key})
        }

    words = {
        lang: tomllib.loads(resources.files("api").joinpath("templates", f"{lang}.toml").read_text(encoding="utf-8"))
        for lang in ("en", "zh")
    }
    # English falls back to the error's own words where it has no plainer ones.
    assert keys(words["en"]) <= keys(words["zh"])
    assert {k for k in keys(words["zh"]) - keys(words["en"]) if not k.startswith("refusals.")} == set()
    asked_by_people = set(STATUS) - {"host-unknown", "verification-unfinished", "exhibit-unknown"}
    assert asked_by_people <= set(words["zh"]["refusals"])

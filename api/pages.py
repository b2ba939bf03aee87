"""The pages for people: hand in a document, wait, read the verdict. Everything works without a script."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined

from api.deps import Language, TheDesk, accepted_language, asked_language, root_path
from api.desk import Desk, Entry
from api.errors import details
from api.headers import PAGE_POLICY, REPORT_POLICY
from api.intake import receive
from api.models import ProblemDetails
from verify.core.findings import ANSWERS
from verify.core.messages import LANGUAGES
from verify.formats.read import SUPPORTED_SUFFIXES
from verify.report import Case
from verify.reports.html import html
from verify.reports.words import ANSWER_QUESTIONS, ANSWER_WORDS

router = APIRouter(include_in_schema=False)

_NEEDS_PASSWORD = frozenset({"pdf-encrypted", "pdf-wrong-password"})


@router.get("/", response_class=HTMLResponse)
def front(request: Request, lang: Language) -> HTMLResponse:
    """Where a document is handed in."""
    return page(request, "front.html", lang, problem=None, password=False)


@router.post("/v", response_class=RedirectResponse)
async def hand_in(request: Request, desk: TheDesk) -> Response:
    """The form's target; sends the browser on to the result's page."""
    with desk.place():
        entry = desk.take(await receive(request, desk.limits, desk.policies))
    return RedirectResponse(f"{root_path(request)}/v/{entry.id}", HTTPStatus.SEE_OTHER)


@router.get("/v/{id}", response_class=HTMLResponse)
def result(request: Request, id: str, desk: TheDesk, lang: Language) -> HTMLResponse:
    """Reloads itself until there is a verdict, then shows the report."""
    entry = desk.find(id)
    lang = asked_language(request) or entry.lang or lang
    if entry.error is not None:
        return problem_page(request, details(entry.error), lang)
    if entry.case is not None:
        return _verdict(request, entry, entry.case, desk, lang)
    name = entry.order.name if entry.order else ""
    response = page(request, "waiting.html", lang, name=name, ahead=desk.ahead(entry))
    response.headers["Refresh"] = "2"
    return response


def _verdict(request: Request, entry: Entry, case: Case, desk: Desk, lang: str) -> HTMLResponse:
    """The report as everyone gets it, under a bar that leads on."""
    bar = _environment().get_template("bar.html").render(_common(request, lang) | {"entry": entry, "desk": desk})
    style = f"<style>{_text('bar.css')}</style>"
    told = html(case, lang=lang).replace("</head>", f"{style}</head>", 1).replace("<body>", f"<body>\n{bar}", 1)
    return HTMLResponse(told, headers={"Content-Security-Policy": REPORT_POLICY})


def page(request: Request, template: str, lang: str, *, status: int = HTTPStatus.OK, **context: Any) -> HTMLResponse:
    text = _environment().get_template(template).render(_common(request, lang) | context)
    return HTMLResponse(text, status, headers={"Content-Security-Policy": PAGE_POLICY, "Content-Language": lang})


def problem_page(request: Request, problem: ProblemDetails, lang: str) -> HTMLResponse:
    """What is the matter and what to do, with the form to try again."""
    words = labels(lang)["refusals"].get(problem.code, {})
    told = Told(words.get("what", problem.detail), words.get("do", problem.hint))
    return page(
        request, "front.html", lang, status=problem.status, problem=told, password=problem.code in _NEEDS_PASSWORD
    )


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, not a program."""
    path = request.url.path.removeprefix(root_path(request))
    return not path.startswith("/v1") and "text/html" in request.headers.get("accept", "")


def page_language(request: Request) -> str:
    return asked_language(request) or accepted_language(request.headers.get("accept-language", ""))


@dataclass(frozen=True)
class Told:
    """A refusal as the page tells it."""

    what: str
    do: str


@cache
def labels(lang: str) -> Mapping[str, Any]:
    """The fixed words of the pages: table → key → words."""
    return tomllib.loads(_text(f"{lang}.toml"))


def _common(request: Request, lang: str) -> dict[str, Any]:
    desk: Desk = request.app.state.desk
    return {
        "t": labels(lang),
        "lang": lang,
        "others": [(other, labels(other)["page"]["own_name"]) for other in LANGUAGES if other != lang],
        "path": request.url.path,
        "root": root_path(request),
        "full": request.app.state.view == "full",
        "megabytes": desk.limits.document.file_bytes // 2**20,
        "most_bytes": desk.limits.document.file_bytes,
        "minutes": round(desk.limits.kept_for.total_seconds() / 60),
        "suffixes": ",".join(sorted(SUPPORTED_SUFFIXES)),
        "policies": list(desk.policies),
        "questions": [(ANSWER_WORDS[lang][a], ANSWER_QUESTIONS[lang][a]) for a in ANSWERS],
    }


def _text(name: str) -> str:
    return resources.files("api").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_text), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

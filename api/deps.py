"""What the routers are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from api.desk import Desk
from verify.core.messages import LANGUAGES
from verify.reports.views import View


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _view(request: Request) -> View:
    view: View = request.app.state.view
    return view


def _language(
    request: Request,
    lang: Annotated[str | None, Query(description="en or zh; else as Accept-Language says.", examples=["zh"])] = None,
) -> str:
    return lang if lang in LANGUAGES else accepted_language(request.headers.get("accept-language", ""))


def accepted_language(header: str) -> str:
    """The first of our languages in the reader's order of preference (RFC 9110 §12.5.4); English where none is."""
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        primary = tag.strip().lower().partition("-")[0]
        if primary in LANGUAGES and quality > 0:
            wanted.append((-quality, position, primary))
    return min(wanted)[2] if wanted else LANGUAGES[0]


def asked_language(request: Request) -> str | None:
    """The language that the address names; None where it names none."""
    lang = request.query_params.get("lang")
    return lang if lang in LANGUAGES else None


def root_path(request: Request) -> str:
    """Where the service hangs behind a proxy; empty where it stands at the root."""
    return str(request.scope.get("root_path", "")).rstrip("/")


TheDesk = Annotated[Desk, Depends(_desk)]
TheView = Annotated[View, Depends(_view)]
Language = Annotated[str, Depends(_language)]

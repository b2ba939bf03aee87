"""/v1/verifications: hand in a document, ask how far it is, fetch the report and its exhibits."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.deps import Language, TheDesk, asked_language, root_path
from api.desk import Desk, Entry
from api.errors import RETRY_AFTER, details, documented
from api.headers import DATA_POLICY, REPORT_POLICY
from api.intake import receive
from api.models import Links, Verification
from verify.core.errors import UsageError
from verify.report import Report
from verify.reports.html import html

router = APIRouter(prefix="/v1/verifications", tags=["verifications"])

Id = Annotated[str, Path(description="As given when the document was handed in.", max_length=100)]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="The exhibit's digest, as the report names it.")]

# Types that a browser may show; anything else is bytes to it.
_SHOWN_TYPES = frozenset({"image/png", "image/jpeg"})

_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "contentMediaType": "application/octet-stream",
                            "description": "PDF, PNG, JPEG, TIFF, BMP or WebP; the bytes decide, not the name.",
                        },
                        "document_date": {
                            "type": "string",
                            "format": "date",
                            "description": "The document's date, where you know it.",
                        },
                        "password": {
                            "type": "string",
                            "format": "password",
                            "description": "A PDF's password; not kept.",
                        },
                        "policy": {"type": "string", "description": "Name of a policy of this service."},
                        "lang": {"type": "string", "enum": ["en", "zh"], "description": "The HTML report's language."},
                    },
                },
                "example": {"file": "(binary)", "document_date": "2026-05-20", "policy": "strict", "lang": "en"},
            }
        },
    }
}


@router.post(
    "",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Verification,
    openapi_extra=_UPLOAD,
    responses={
        202: {
            "description": "Taken; `Location` says where to ask.",
            "headers": {"Location": {"schema": {"type": "string"}}, "Retry-After": {"schema": {"type": "integer"}}},
        },
        **documented(
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
    },
)
async def hand_in(request: Request, response: Response, desk: TheDesk) -> Verification:
    """Hand in one document. It is examined after those before it; nobody but the holder of the id sees the result."""
    with desk.place():
        entry = desk.take(await receive(request, desk.limits, desk.policies))
    told = state_of(entry, desk, root_path(request))
    response.headers["Location"] = told.links.self
    response.headers["Retry-After"] = str(RETRY_AFTER["verification-unfinished"])
    return told


@router.get("/{id}", response_model=Verification, responses=documented(HTTPStatus.NOT_FOUND))
def how_far(request: Request, response: Response, id: Id, desk: TheDesk) -> Verification:
    """How far a verification is: waiting, examining, done, or refused with the problem."""
    entry = desk.find(id)
    if entry.state in ("waiting", "examining"):
        response.headers["Retry-After"] = str(RETRY_AFTER["verification-unfinished"])
    return state_of(entry, desk, root_path(request))


# A document that cannot be examined is told with its own status: 413, 415 or 422.
_REPORT_PROBLEMS = documented(
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


@router.get("/{id}/report", response_model=Report, responses=_REPORT_PROBLEMS)
def report(id: Id, desk: TheDesk) -> Response:
    """The report, byte for byte as `sigillum check --json` prints it, in the view that this service gives."""
    _, case = desk.done(id)
    return Response(case.report.to_json(), media_type="application/json")


@router.get(
    "/{id}/report.html",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}, **_REPORT_PROBLEMS},
)
def report_html(
    request: Request,
    id: Id,
    desk: TheDesk,
    lang: Language,
    download: Annotated[bool, Query(description="As a file to keep.")] = False,
) -> HTMLResponse:
    """The report as one page that needs nothing else."""
    entry, case = desk.done(id)
    headers = {"Content-Security-Policy": REPORT_POLICY}
    if download:
        headers["Content-Disposition"] = f'attachment; filename="sigillum-{case.report.document.sha256[:12]}.html"'
    return HTMLResponse(html(case, lang=asked_language(request) or entry.lang or lang), headers=headers)


@router.get(
    "/{id}/exhibits/{sha256}",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {}, "image/jpeg": {}, "application/octet-stream": {}}},
        **documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    },
)
def exhibit(id: Id, sha256: Sha256, desk: TheDesk) -> Response:
    """An exhibit that the report names."""
    _, case = desk.done(id)
    named = next((e for e in case.report.exhibits if e.sha256 == sha256), None)
    data = case.exhibits.get(sha256)
    if named is None or data is None:
        raise UsageError(
            "exhibit-unknown", "The report names no such exhibit", "Its `exhibits` lists those that there are."
        )
    shown = named.type in _SHOWN_TYPES
    return Response(
        data,
        media_type=named.type if shown else "application/octet-stream",
        headers={
            "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{named.file_name}"',
            "Content-Security-Policy": DATA_POLICY,
        },
    )


def state_of(entry: Entry, desk: Desk, root: str) -> Verification:
    here = f"{root}/v1/verifications/{entry.id}"
    return Verification(
        id=entry.id,
        state=entry.state,
        ahead=desk.ahead(entry),
        received=entry.received,
        kept_until=entry.kept_until,
        outcome=entry.case.report.verdict.outcome if entry.case else None,
        problem=details(entry.error) if entry.error else None,
        links=Links(self=here, report=f"{here}/report", report_html=f"{here}/report.html"),
    )

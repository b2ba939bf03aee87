"""Errors at this edge: the table from codes to HTTP statuses, and RFC 9457 problem details.

Bad news about a document is a finding in its report, never an error here.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from api.models import ProblemDetails
from verify.core.errors import Refusal, UsageError, VerifyError

# Seconds after which asking again is worth it.
RETRY_AFTER = {"backlog-full": 15, "verification-unfinished": 2}

STATUS: Mapping[str, HTTPStatus] = {
    # of the document
    "file-empty": HTTPStatus.UNPROCESSABLE_ENTITY,
    "file-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "picture-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "picture-undecodable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "pdf-undecodable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "pdf-encrypted": HTTPStatus.UNPROCESSABLE_ENTITY,
    "pdf-wrong-password": HTTPStatus.UNPROCESSABLE_ENTITY,
    "format-unsupported": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "format-office": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "format-mail": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "format-ofd": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    # of the upload
    "upload-malformed": HTTPStatus.BAD_REQUEST,
    "upload-missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "upload-slow": HTTPStatus.REQUEST_TIMEOUT,
    "request-invalid": HTTPStatus.UNPROCESSABLE_ENTITY,
    "host-unknown": HTTPStatus.MISDIRECTED_REQUEST,
    # of the service
    "backlog-full": HTTPStatus.SERVICE_UNAVAILABLE,
    "verification-unknown": HTTPStatus.NOT_FOUND,
    "verification-unfinished": HTTPStatus.CONFLICT,
    "exhibit-unknown": HTTPStatus.NOT_FOUND,
    "took-too-long": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too-much-memory": HTTPStatus.UNPROCESSABLE_ENTITY,
    "service-stopping": HTTPStatus.SERVICE_UNAVAILABLE,
    "internal-error": HTTPStatus.INTERNAL_SERVER_ERROR,
}
# Remedies that read otherwise here than on the command line.
_HINTS = {
    "pdf-encrypted": "Send its password in the field `password`.",
    "file-too-large": "Send the pages in question alone, or check the document on your own machine.",
}


def status_of(error: VerifyError) -> HTTPStatus:
    """A code that is not in the table: the caller's fault, the document's, or ours, by the error's class."""
    if error.code in STATUS:
        return STATUS[error.code]
    if isinstance(error, (UsageError, Refusal)):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.INTERNAL_SERVER_ERROR


def details(error: VerifyError) -> ProblemDetails:
    """An error as RFC 9457 problem details. Ours alone is told without its message: it may name a path."""
    status = status_of(error)
    told = error if status != HTTPStatus.INTERNAL_SERVER_ERROR else internal_error()
    return ProblemDetails(
        type=f"urn:sigillum:problem:{error.code}",
        title=status.phrase,
        status=status,
        detail=told.message,
        code=error.code,
        hint=_HINTS.get(error.code, told.hint),
    )


def problem_response(told: ProblemDetails, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        told.model_dump(mode="json"),
        told.status,
        headers={**retry_after(told.code), **(headers or {})},
        media_type="application/problem+json",
    )


def retry_after(code: str) -> dict[str, str]:
    """The header that says when to come back, where coming back is of use."""
    return {"Retry-After": str(RETRY_AFTER[code])} if code in RETRY_AFTER else {}


def internal_error() -> VerifyError:
    return VerifyError(
        "internal-error", "Something went wrong here, not in your document", "Try again; if it happens again, tell us."
    )


def unserved(status: int) -> ProblemDetails:
    """What the router itself refuses: an unknown path, a method that is not served."""
    phrase = HTTPStatus(status).phrase
    code = phrase.lower().replace(" ", "-")
    return ProblemDetails(
        type=f"urn:sigillum:problem:{code}",
        title=phrase,
        status=status,
        detail="This service has no such address" if status == HTTPStatus.NOT_FOUND else phrase,
        code=code,
        hint="/openapi.json describes what is served.",
    )


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """These refusals for the OpenAPI document."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {int(s): {"description": s.phrase, "content": content} for s in sorted(set(statuses))}

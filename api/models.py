"""What the service says of itself; what it says of documents is verify's own `Report`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from verify.core.findings import Outcome

State = Literal["waiting", "examining", "done", "refused"]


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; `code` is stable, `hint` names the remedy."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "type": "urn:sigillum:problem:format-office",
                "title": "Unsupported Media Type",
                "status": 415,
                "detail": "contract.docx is an office document",
                "code": "format-office",
                "hint": "Export it as PDF and check that.",
            }
        },
    )

    type: str = Field(description="urn:sigillum:problem:<code>")
    title: str = Field(description="The HTTP status in words.")
    status: int
    detail: str = Field(description="What is the matter, in one sentence.")
    code: str
    hint: str = Field(description="What to do about it.")


class Links(BaseModel):
    """Where to go on, as paths of this service."""

    model_config = ConfigDict(frozen=True)

    self: str
    report: str
    report_html: str


class Verification(BaseModel):
    """One document handed in: how far it is."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "id": "m3Jm0Zl1k1xH3oYBr2vQz8nq4bWcT5eU",
                "state": "done",
                "ahead": 0,
                "received": "2026-06-30T12:00:00Z",
                "kept_until": "2026-06-30T13:00:07Z",
                "outcome": "passed",
                "problem": None,
                "links": {
                    "self": "/v1/verifications/m3Jm0Zl1k1xH3oYBr2vQz8nq4bWcT5eU",
                    "report": "/v1/verifications/m3Jm0Zl1k1xH3oYBr2vQz8nq4bWcT5eU/report",
                    "report_html": "/v1/verifications/m3Jm0Zl1k1xH3oYBr2vQz8nq4bWcT5eU/report.html",
                },
            }
        },
    )

    id: str = Field(description="Unguessable; whoever knows it may read the result.")
    state: State
    ahead: int = Field(description="Documents that are examined before this one.")
    received: datetime
    kept_until: datetime | None = Field(description="When the result is forgotten; null until there is one.")
    outcome: Outcome | None = Field(description="The verdict's outcome; null until done.")
    problem: ProblemDetails | None = Field(description="Why there is no report; null unless refused.")
    links: Links


class Health(BaseModel):
    """Whether documents are examined."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"status": "ok", "version": "0.1.0"}})

    status: Literal["ok", "stopped"]
    version: str

"""The service as one FastAPI application; whoever starts it passes this object, never an import string.

Nobody signs in yet: whoever reaches the service may hand in documents, and whoever knows a result's
unguessable id may read it until it is forgotten. Nothing is listed.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from api import pages, verifications
from api.desk import Clock, Desk, Verifies
from api.errors import details, internal_error, problem_response, retry_after, unserved
from api.headers import Guarded
from api.limits import DEFAULT_SERVICE_LIMITS, ServiceLimits
from api.models import Health, ProblemDetails
from verify.core.errors import UsageError, VerifyError
from verify.core.policy import Policy
from verify.kinds import CHECKS
from verify.reports.views import View, public_case
from verify.stores.policies import packaged_policies, policy_named
from verify.version import VERSION

_log = logging.getLogger(__name__)

_DESCRIPTION = """Hand in a document; get one verdict, its four answers and the reasons.

`POST /v1/verifications` takes a document and answers 202 with the address of its state; the report is there
when the state is `done`. Documents are examined one after the other, in memory; results are forgotten after a while.
**No sign-in yet**: whoever knows a result's id may read it. Errors are RFC 9457 problem details with a stable `code`.
"""


def create_app(
    verifier: Verifies,
    *,
    view: View = "public",
    limits: ServiceLimits = DEFAULT_SERVICE_LIMITS,
    clock: Clock = lambda: datetime.now(UTC),
    policies: Mapping[str, Policy] | None = None,
    hosts: Collection[str] = (),
) -> FastAPI:
    """The service around a verifier.

    `policies`: those that a caller may name beside the verifier's own; by default what travels with the package.
    `hosts`: names under which it answers; empty for any.
    """
    desk = Desk(
        verifier,
        show=public_case if view == "public" else lambda case: case,
        policies={verifier.policy.name: verifier.policy} | dict(_packaged() if policies is None else policies),
        limits=limits,
        clock=clock,
    )

    @asynccontextmanager
    async def open_hours(_: FastAPI) -> AsyncIterator[None]:
        desk.open()
        yield
        desk.close()

    app = FastAPI(
        title="Sigillum",
        version=VERSION,
        summary="Verification of documents and forensics of seals",
        description=_DESCRIPTION,
        license_info={"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        lifespan=open_hours,
        # The usual pages for these load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        responses={"default": {"description": "A problem", "model": ProblemDetails}},
    )
    app.state.desk, app.state.view = desk, view
    app.add_middleware(Guarded, hosts=hosts)
    app.include_router(verifications.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(packages=[("api", "static")]), name="static")

    @app.get("/healthz", response_model=Health, tags=["service"])
    def healthz(response: Response) -> Health:
        """Whether documents are examined; 503 when not."""
        response.status_code = 200 if desk.working else 503
        return Health(status="ok" if desk.working else "stopped", version=VERSION)

    app.add_exception_handler(VerifyError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unserved)
    app.add_exception_handler(Exception, _broken)
    return app


def _packaged() -> dict[str, Policy]:
    return {name: policy_named(name, CHECKS) for name in packaged_policies()}


# ── errors, for programs as problem details, for people as a page ──────────────────────────────────────


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, VerifyError)
    return _answer(request, details(error))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return _answer(request, details(UsageError("request-invalid", f"{where}: {first['msg']}", "Correct the request.")))


def _unserved(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, unserved(error.status_code), error.headers)


def _broken(request: Request, error: Exception) -> Response:
    _log.error("request failed: %s", type(error).__name__)
    return _answer(request, details(internal_error()))


def _answer(request: Request, problem: ProblemDetails, headers: Mapping[str, str] | None = None) -> Response:
    if pages.wants_page(request):
        response: Response = pages.problem_page(request, problem, pages.page_language(request))
        response.headers.update({**retry_after(problem.code), **(headers or {})})
        return response
    return problem_response(problem, headers)

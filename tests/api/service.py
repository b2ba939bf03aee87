"""A service for tests: a clock that is set by hand, a verifier that answers what it is told, or the real one."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from api.app import create_app
from api.limits import ServiceLimits
from tests.reports.cases import passed
from verify.core.document import Document
from verify.core.policy import Policy
from verify.kinds import CHECKS
from verify.report import Case
from verify.reports.views import View
from verify.simulation.contracts import contract_pdf
from verify.simulation.pki import TestPki
from verify.simulation.signing import sign_pdf
from verify.stores.policies import policy_named
from verify.verifier import Watch

with warnings.catch_warnings():
    # Starlette would rather have httpx2; httpx serves until the lock moves on.
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
    from starlette.testclient import TestClient

SIGNED = datetime(2026, 5, 20, 9, 30, tzinfo=UTC)
NOON = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
SIGNER = "示例星河贸易有限公司"


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Told:
    """A verifier that gives one case, when `gate` lets it; `asked` holds what it was given."""

    case: Case = field(default_factory=passed)
    policy: Policy = field(default_factory=lambda: policy_named("default", CHECKS))
    gate: threading.Event = field(default_factory=threading.Event)
    asked: list[dict[str, Any]] = field(default_factory=list)
    breaks: Exception | None = None
    clock: Clock | None = None

    def verify(
        self, document: Document, *, at: datetime, document_date: date | None = None, watch: Watch | None = None
    ) -> Case:
        self.asked.append({"name": document.name, "sha256": document.sha256, "at": at, "date": document_date})
        assert self.gate.wait(20)
        if self.clock is not None:
            self.clock.pass_(minutes=30)
        if self.breaks is not None:
            raise self.breaks
        if watch is not None:
            watch(object())
        return self.case


def answering(**told: Any) -> Told:
    verifier = Told(**told)
    verifier.gate.set()
    return verifier


@contextmanager
def service(
    verifier: Any, *, view: View = "public", clock: Clock | None = None, hosts: tuple[str, ...] = (), **limits: Any
) -> Iterator[TestClient]:
    app = create_app(verifier, view=view, limits=ServiceLimits(**limits), clock=clock or Clock(), hosts=hosts)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def hand_in(client: TestClient, data: bytes, name: str = "contract.pdf", **fields: str) -> Any:
    return client.post("/v1/verifications", files={"file": (name, data)}, data=fields)


def settled(client: TestClient, posted: Any, *, states: tuple[str, ...] = ("done", "refused")) -> dict[str, Any]:
    """The verification's state once it is one of `states`."""
    assert posted.status_code == 202, posted.text
    until = time.monotonic() + 20
    while time.monotonic() < until:
        told: dict[str, Any] = client.get(posted.headers["location"]).json()
        if told["state"] in states:
            return told
        time.sleep(0.01)
    raise AssertionError(f"still {told['state']}")


def problem(response: Any) -> tuple[int, str]:
    """Status and code of a response, which must be an RFC 9457 problem."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    told = response.json()
    assert told["status"] == response.status_code
    assert told["type"] == f"urn:sigillum:problem:{told['code']}"
    assert told["title"] and told["detail"] and told["hint"]
    return response.status_code, told["code"]


@lru_cache(maxsize=1)
def contract() -> bytes:
    """A small signed contract; TestPki's root vouches for it."""
    pki = TestPki()
    pdf = contract_pdf("Contract (fictional example)", ["A", "B"], ["Clause 1. One hundred bearings."])
    return sign_pdf(pdf, pki.signer(SIGNER), at=SIGNED, timestamper=pki.timestamper(SIGNED), revocation=pki)


@lru_cache(maxsize=1)
def small_pdf() -> bytes:
    return contract_pdf("Contract (fictional example)", ["A", "B"], ["Clause 1."])

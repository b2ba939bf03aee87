"""The one typed result: a Report per document, a Case around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from verify.core.errors import NotExamined, Problem
from verify.core.exhibits import Exhibit
from verify.core.findings import Finding
from verify.core.policy import Verdict
from verify.kinds import AnyEvidence

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class DocumentDate(BaseModel):
    """The document's date: the best timestamp, else given, else the signer's claim, else read, else unknown."""

    model_config = _FROZEN

    value: datetime | date | None = None
    source: Literal["timestamp", "given", "claimed", "read", "unknown"] = "unknown"


class DocumentFacts(BaseModel):
    model_config = _FROZEN

    sha256: str
    name: str
    format: Literal["pdf", "ofd", "image", "cms", "asic"]
    bytes: int
    pages: int
    date: DocumentDate = DocumentDate()
    not_examined: tuple[NotExamined, ...] = ()
    remarks: tuple[str, ...] = Field(default=(), description="Facts about the container, e.g. a wrong extension.")


class Provenance(BaseModel):
    """Under what all of this was found; equal provenance and document give an equal report."""

    model_config = _FROZEN

    version: str
    policy: str
    models: dict[str, str] = Field(default={}, description="Name of a model or calibration → digest.")
    trust: str = Field(description="Name and digest of the trust anchors; 'none' where no anchor was given.")
    at: datetime
    seals: dict[str, str] = Field(default={}, description="Reference seal consulted → digest of its record.")
    uses: str | None = Field(default=None, description="Head of the ledger of uses; null where none was consulted.")
    fetched: tuple[str, ...] = ()
    settings_sha256: str | None = None


class Report(BaseModel):
    """One document's evidence, findings and verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    schema_: Literal["sigillum/report/1"] = Field(default="sigillum/report/1", alias="schema")
    document: DocumentFacts
    evidence: tuple[AnyEvidence, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    problems: tuple[Problem, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    provenance: Provenance

    def to_json(self, *, indent: int | None = None) -> str:
        return self.model_dump_json(indent=indent)


class RefusalLine(BaseModel):
    """What stands in place of a report for a file that was refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    schema_: Literal["sigillum/refusal/1"] = Field(default="sigillum/refusal/1", alias="schema")
    name: str
    sha256: str | None = None
    code: str
    hint: str


class Commission(BaseModel):
    """Who asked, what was asked, and who held the document when; may be empty."""

    model_config = _FROZEN

    asked_by: str | None = None
    question: str | None = None
    custody: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Case:
    """One or more reports with their commission, and the exhibits' bytes by digest."""

    reports: Sequence[Report]
    exhibits: Mapping[str, bytes] = field(default_factory=dict)
    commission: Commission = field(default_factory=Commission)

    @property
    def report(self) -> Report:
        return self.reports[0]

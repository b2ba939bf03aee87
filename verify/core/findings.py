"""Checks and findings: one question about evidence, and its answer.

A check is one function in a kind's `checks.py`. The decorator gives the id and the answer that it
feeds, `policies/default.toml` the level, the docstring is the printed question, keyword-only
arguments are its parameters, overridable in a policy.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict

Outcome = Literal["passed", "failed", "indeterminate"]
Level = Literal["require", "warn", "skip"]
Answer = Literal["unchanged", "signer", "seal", "authorised"]
ANSWERS: tuple[Answer, ...] = ("unchanged", "signer", "seal", "authorised")

Param = str | int | float | bool | None | list[str]


class Reason(BaseModel):
    """A code with parameters; the sentence comes from a catalogue, the English one is carried along."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    params: dict[str, Param] = {}
    en: str = ""


class Finding(BaseModel):
    """The answer to one check about one subject, at the level that the policy gave."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    subject: str
    outcome: Outcome
    level: Literal["require", "warn"]
    reason: Reason

    @property
    def key(self) -> str:
        return f"{self.check}/{self.subject}"


@dataclass(frozen=True)
class Reply:
    """What a check function answers; None instead means that the question does not arise."""

    outcome: Outcome
    code: str
    params: Mapping[str, Param]


def passed(code: str, **params: Param) -> Reply:
    return Reply("passed", code, params)


def failed(code: str, **params: Param) -> Reply:
    return Reply("failed", code, params)


def indeterminate(code: str, **params: Param) -> Reply:
    return Reply("indeterminate", code, params)


class Evidence(Protocol):
    """What every kind of evidence has."""

    @property
    def kind(self) -> str: ...

    @property
    def id(self) -> str: ...


class Dossier(Protocol):
    """What a check may see beside its own evidence: the report so far, never the document's bytes."""

    @property
    def evidence(self) -> Sequence[Any]: ...
    @property
    def document(self) -> Any: ...
    @property
    def provenance(self) -> Any: ...
    @property
    def problems(self) -> Sequence[Any]: ...


CheckFunction = Callable[..., Reply | None]


@dataclass(frozen=True)
class Check:
    """One question: `function(evidence, dossier, **parameters)`, asked of every evidence of `kind`."""

    id: str
    kind: str
    answer: Answer | None
    question: str
    function: CheckFunction
    parameters: Mapping[str, Any]
    types: Mapping[str, Any]


def check(id: str, *, kind: str, answer: Answer | None) -> Callable[[CheckFunction], Check]:
    """Declare a check. `answer` None: it stands beside the four answers (a warning at most)."""

    def declare(function: CheckFunction) -> Check:
        question = inspect.getdoc(function)
        if not question:
            raise TypeError(f"check {id} asks no question: its docstring is missing")
        keywords = {
            name: p.default
            for name, p in inspect.signature(function).parameters.items()
            if p.kind is inspect.Parameter.KEYWORD_ONLY
        }
        hints = get_type_hints(function)
        return Check(id, kind, answer, question, function, keywords, {k: hints[k] for k in keywords})

    return declare


def by_id(checks: Sequence[Check]) -> dict[str, Check]:
    """Checks by id; two of one id are a programming error."""
    table: dict[str, Check] = {}
    for one in checks:
        if one.id in table:
            raise TypeError(f"two checks are called {one.id}")
        table[one.id] = one
    return table

"""A policy gives each check its level and parameters; `judge` makes findings and a verdict of evidence.

Law of the verdict (docs/verdict.md): each of the four answers is the worst over its subjects; any
required failure makes the document failed; else any required indeterminate, or no evidence at all,
makes it indeterminate; `warn` adds a reason only; a report with problems cannot pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from verify.core.errors import UsageError
from verify.core.findings import (
    ANSWERS,
    Answer,
    Check,
    Dossier,
    Evidence,
    Finding,
    Level,
    Outcome,
    Param,
    Reason,
    Reply,
    by_id,
)
from verify.core.messages import sentence

AnswerState = Literal["passed", "failed", "indeterminate", "not_asked"]
_RANK: Mapping[Outcome, int] = {"passed": 0, "indeterminate": 1, "failed": 2}


class Answers(BaseModel):
    """The four answers. `not_asked`: nothing in the document or the call raises the question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unchanged: AnswerState = "not_asked"
    signer: AnswerState = "not_asked"
    seal: AnswerState = "not_asked"
    authorised: AnswerState = "not_asked"


class Summary(BaseModel):
    """One sentence for the whole and one for each answer, in English; `code` renders it in any language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    en: str
    answers: dict[Answer, Reason]


class Verdict(BaseModel):
    """What a policy makes of the findings. `reasons` are the keys of the findings that decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    answers: Answers
    summary: Summary
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    level: Level
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """A name and a rule for every check."""

    name: str
    rules: Mapping[str, Rule]


def load_policy(name: str, table: Mapping[str, Any], checks: Sequence[Check], *, base: Policy | None = None) -> Policy:
    """Read a policy's TOML table.

    Without a base (the default policy) every check must have a level; with one, only what differs
    need stand there. Raises UsageError `policy-invalid` for an unknown check, level or parameter.
    """
    known = by_id(checks)
    rules: dict[str, Rule] = dict(base.rules) if base else {}
    for extra in table.keys() - {"name", "title", "checks"}:
        raise _invalid(name, f"{extra!r} is no part of a policy")
    for check_id, entry in table.get("checks", {}).items():
        if check_id not in known:
            raise _invalid(name, f"there is no check {check_id!r}")
        if not isinstance(entry, Mapping):
            raise _invalid(name, f"{check_id} must be a table with a level")
        level = entry.get("level", rules[check_id].level if check_id in rules else None)
        if level not in ("require", "warn", "skip"):
            raise _invalid(name, f"{check_id} has level {level!r}; it must be require, warn or skip")
        parameters = dict(rules[check_id].parameters) if check_id in rules else dict(known[check_id].parameters)
        for key, value in entry.items():
            if key == "level":
                continue
            if key not in known[check_id].parameters:
                raise _invalid(name, f"{check_id} has no parameter {key!r}")
            try:
                parameters[key] = TypeAdapter(known[check_id].types[key]).validate_python(value, strict=False)
            except ValidationError as error:
                raise _invalid(name, f"{check_id}.{key}: {error.errors()[0]['msg']}") from error
        rules[check_id] = Rule(level, parameters)
    missing = sorted(known.keys() - rules.keys())
    if missing:
        raise _invalid(name, f"no level is given for {', '.join(missing)}")
    return Policy(table.get("name", name), rules)


def _invalid(name: str, what: str) -> UsageError:
    return UsageError(
        "policy-invalid",
        f"policy {name}: {what}",
        "Correct the policy's TOML; `sigillum schema checks` lists the checks.",
    )


def findings(dossier: Dossier, policy: Policy, checks: Sequence[Check]) -> tuple[Finding, ...]:
    """Ask every check that the policy does not skip of every evidence of its kind, in the order of the checks."""
    return tuple(_ask(dossier, policy, checks))


def _ask(dossier: Dossier, policy: Policy, checks: Sequence[Check]) -> Iterable[Finding]:
    for check in checks:
        rule = policy.rules[check.id]
        if rule.level == "skip":
            continue
        for evidence in dossier.evidence:
            if evidence.kind != check.kind:
                continue
            reply = check.function(evidence, dossier, **{**check.parameters, **rule.parameters})
            if reply is not None:
                yield _finding(check, evidence, rule.level, reply)


def _finding(check: Check, evidence: Evidence, level: Literal["require", "warn"], reply: Reply) -> Finding:
    params = dict(reply.params)
    reason = Reason(code=reply.code, params=params, en=sentence(reply.code, params, "en"))
    return Finding(check=check.id, subject=evidence.id, outcome=reply.outcome, level=level, reason=reason)


def judge(dossier: Dossier, policy: Policy, checks: Sequence[Check]) -> tuple[tuple[Finding, ...], Verdict]:
    """Findings and verdict of a report's evidence under a policy; pure, so old evidence can be judged anew."""
    found = findings(dossier, policy, checks)
    feeds = {check.id: check.answer for check in checks}
    required = [f for f in found if f.level == "require"]

    decided: dict[Answer, list[Finding]] = {}
    for one in required:
        answer = feeds[one.check]
        if answer is not None:
            decided.setdefault(answer, []).append(one)
    states: dict[Answer, Outcome] = {a: _worst(fs) for a, fs in decided.items()}

    outcome = _worst(required) if required else "indeterminate"
    substance = any(e.kind in ("signature", "imprint") for e in dossier.evidence)
    if outcome == "passed" and (dossier.problems or not substance):
        outcome = "indeterminate"
    deciding = [f for f in required if f.outcome == outcome and outcome != "passed"] or required
    verdict = Verdict(
        outcome=outcome,
        answers=Answers(**states),
        summary=_summary(outcome, decided, states, substance, bool(dossier.problems)),
        reasons=tuple(f.key for f in deciding),
    )
    return found, verdict


def _worst(found: Sequence[Finding]) -> Outcome:
    return max((f.outcome for f in found), key=_RANK.__getitem__)


def _together(reasons: Sequence[Reason]) -> Reason:
    """One reason for several of one code: two signers are both named."""
    first = reasons[0]
    params: dict[str, Param] = {}
    for name, value in first.params.items():
        others = list(dict.fromkeys(r.params.get(name) for r in reasons if isinstance(r.params.get(name), str)))
        params[name] = [str(o) for o in others] if isinstance(value, str) and len(others) > 1 else value
    return first.model_copy(update={"params": params, "en": sentence(first.code, params, "en")})


def _summary(
    outcome: Outcome,
    decided: Mapping[Answer, Sequence[Finding]],
    states: Mapping[Answer, Outcome],
    substance: bool,
    problems: bool,
) -> Summary:
    answers: dict[Answer, Reason] = {}
    for answer in ANSWERS:
        if answer not in states:
            code = f"answer-{answer}-not-asked"
            answers[answer] = Reason(code=code, en=sentence(code, {}, "en"))
            continue
        # The first finding with the answer's own outcome speaks for it, and for those that say the same of others.
        telling = [f.reason for f in decided[answer] if f.outcome == states[answer]]
        answers[answer] = _together([r for r in telling if r.code == telling[0].code])
    if not substance:
        code = "summary-nothing"
    elif outcome == "indeterminate" and problems and "indeterminate" not in states.values():
        code = "summary-problems"
    elif "seal" in states and _unsigned(decided):
        # A genuine seal does not protect the text: the sentence leads with the seal and says so.
        code = f"summary-paper-seal-{states['seal']}"
    else:
        code = f"summary-{outcome}"
    return Summary(code=code, en=sentence(code, {}, "en"), answers=answers)


def _unsigned(decided: Mapping[Answer, Sequence[Finding]]) -> bool:
    return any(f.reason.code == "no-signature" for f in decided.get("unchanged", ()))

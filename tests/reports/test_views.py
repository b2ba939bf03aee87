"""The public view shows what the document shows, and nothing that helps a forger."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.builders import OWNER
from tests.reports.cases import CASES, ROLES, SEAL, failed, passed, undecided
from verify.core.findings import Finding, Reason
from verify.core.messages import LANGUAGES, catalogue
from verify.report import Case, Commission, Report
from verify.reports.views import VIEWS, full, public, public_case, public_sentence, withheld

Made = Callable[[], Case]
EVERY = pytest.mark.parametrize("made", CASES.values(), ids=CASES)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def strings(report: Report) -> list[str]:
    return [v for v in leaves(json.loads(report.to_json())) if isinstance(v, str)]


def secrets(report: Report) -> set[str]:
    """Every number of a ratio and a measure, as JSON and as sentences write it; digests and ids of the registry."""
    found = {SEAL, "USE-2026-0311", *report.provenance.seals.values(), str(report.provenance.uses)}
    for one in (c for e in report.evidence if e.kind == "imprint" for c in e.comparisons):
        found |= set(one.specimens)
        numbers = [x.log10_lr for x in one.likelihoods] + [one.reuse.log10_lr, *one.measures.values()]
        numbers += [n for x in one.lines for n in (x.reference, x.questioned, x.unexplained, x.deviation)]
        found |= {str(abs(n)) for n in numbers if n is not None and n != round(n)}
    ratios = [f.reason.params.get("ratio") for f in report.findings]
    return found | {str(r) for r in ratios if r is not None}


@EVERY
def test_no_seal_ratio_measure_or_use_is_in_the_public_view(made: Made) -> None:
    report = made().report
    told = strings(public(report))
    assert [(s, t) for s in secrets(report) for t in told if s in t] == []
    numbers = {v for v in leaves(json.loads(public(report).to_json())) if isinstance(v, float)}
    hidden = {x.log10_lr for e in report.evidence if e.kind == "imprint" for c in e.comparisons for x in c.likelihoods}
    assert numbers & hidden == set()


def test_the_full_view_does_hold_what_the_public_one_hides() -> None:
    report = passed().report
    assert all(any(s in t for t in strings(report)) for s in (SEAL, "USE-2026-0311", OWNER, "210"))
    assert full(report) is report


def test_an_owner_that_the_document_does_not_show_is_not_told() -> None:
    assert any(OWNER in t for t in strings(failed().report))
    assert [t for t in strings(public(failed().report)) if OWNER in t] == []


def test_the_signer_is_told_because_the_document_shows_him() -> None:
    assert (
        public(passed().report).verdict.summary.answers["signer"] == passed().report.verdict.summary.answers["signer"]
    )
    assert [e for e in public(passed().report).evidence if e.kind == "signature"] == [
        e for e in passed().report.evidence if e.kind == "signature"
    ]


@EVERY
def test_outcome_answers_and_codes_stay(made: Made) -> None:
    report, shown = made().report, public(made().report)
    assert (shown.verdict.outcome, shown.verdict.answers) == (report.verdict.outcome, report.verdict.answers)
    assert [(f.key, f.outcome, f.reason.code) for f in shown.findings] == [
        (f.key, f.outcome, f.reason.code) for f in report.findings
    ]


@EVERY
def test_the_public_view_is_a_report_of_the_same_schema_and_final(made: Made) -> None:
    shown = public(made().report)
    assert Report.model_validate_json(shown.to_json()) == shown == public(shown)
    assert withheld(shown)


def test_problems_lose_their_message_and_the_seal_in_their_place() -> None:
    assert [(p.where, p.code) for p in public(undecided().report).problems] == [
        ("imprint-1", "not-compared"),
        ("page 7", "page-not-searched"),
    ]
    assert {p.message for p in public(undecided().report).problems} == {catalogue("en")["public-problem"]}


def test_a_check_that_nobody_allowed_is_told_without_parameters() -> None:
    report = passed().report
    new = Finding(
        check="imprint.new", subject="imprint-1", outcome="failed", level="warn",
        reason=Reason(code="a-new-code", params={"owner": OWNER}, en=f"The owner is {OWNER}."),
    )  # fmt: skip
    shown = public(report.model_copy(update={"findings": (new,)})).findings[0]
    assert shown.reason == Reason(code="a-new-code", en=catalogue("en")["public-failed"])


def test_only_pictures_of_the_document_itself_are_given_out() -> None:
    shown = public_case(passed())
    assert {e.role for e in shown.report.exhibits} == {"page", "questioned"}
    assert set(shown.exhibits) == {e.sha256 for e in shown.report.exhibits} < set(passed().exhibits)
    assert len(passed().exhibits) == 1 + len(ROLES)


def test_the_commission_is_nobody_elses_business() -> None:
    assert public_case(failed()).commission == Commission() != failed().commission


def test_public_sentences_have_no_parameters_in_any_language() -> None:
    for language in LANGUAGES:
        texts = [t for c, t in catalogue(language).items() if c.startswith("public-")]
        assert texts and all(name is None for t in texts for _, name, _, _ in string.Formatter().parse(t))
        assert public_sentence("a-new-code", "passed", language) == catalogue(language)["public-passed"]


def test_there_are_two_views() -> None:
    assert set(VIEWS) == {"full", "public"}

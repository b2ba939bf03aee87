"""Kept reports."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import dossier, imprint, signature
from tests.conftest import AT
from verify.core.errors import UsageError
from verify.core.policy import judge
from verify.kinds import CHECKS
from verify.records.cases import examination_key, keep, kept
from verify.records.database import Records
from verify.report import Report
from verify.stores.policies import policy_named
from verify.verifier import judge_again


def _report() -> Report:
    draft = dossier(signature(), imprint())
    found, verdict = judge(draft, policy_named("default", CHECKS), CHECKS)
    return Report(
        document=draft.document, evidence=draft.evidence, findings=found, verdict=verdict, provenance=draft.provenance
    )


def test_a_report_comes_back_word_for_word_with_its_exhibits(records: Records) -> None:
    report = _report()
    id = keep(records, report, created=AT, exhibits={"": b"a picture"})
    assert kept(records, id).to_json() == report.to_json()
    assert [p.read_bytes() for p in records.blobs.folder.rglob("*") if p.is_file()] == [b"a picture"]


def test_an_equal_report_is_the_same_case(records: Records) -> None:
    assert keep(records, _report(), created=AT) == keep(records, _report(), created=AT + timedelta(days=1))


def test_the_policy_is_no_part_of_the_examinations_key_but_the_moment_is() -> None:
    report = _report()
    assert examination_key(judge_again(report, policy_named("strict", CHECKS))) == examination_key(report)
    later = report.provenance.model_copy(update={"at": AT + timedelta(days=1)})
    assert examination_key(report.model_copy(update={"provenance": later})) != examination_key(report)


def test_an_unknown_case_is_said_to_be_unknown(records: Records) -> None:
    with pytest.raises(UsageError) as caught:
        kept(records, "nothing")
    assert caught.value.code == "case-unknown"

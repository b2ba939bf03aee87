"""The verdict is what ARCHITECTURE's law says, check by check."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.builders import agreement, certificate, comparison, dossier, imprint, likelihoods, seal_record, signature
from verify.core.errors import NotExamined, Problem, UsageError
from verify.core.policy import Policy, Verdict, judge, load_policy
from verify.imprints.evidence import Making, Quality, Reuse
from verify.kinds import CHECKS
from verify.signatures.evidence import Path, RevocationFact
from verify.stores.policies import policy_named
from verify.verifier import Draft

DEFAULT, STRICT = policy_named("default", CHECKS), policy_named("strict", CHECKS)


def verdict(draft: Draft, policy: Policy = DEFAULT) -> Verdict:
    return judge(draft, policy, CHECKS)[1]


def codes(draft: Draft, policy: Policy = DEFAULT) -> set[str]:
    return {f.reason.code for f in judge(draft, policy, CHECKS)[0]}


def test_an_intact_trusted_signature_passes() -> None:
    found = verdict(dossier(signature()))
    assert (found.outcome, found.answers.unchanged, found.answers.signer) == ("passed", "passed", "passed")
    assert (found.answers.seal, found.answers.authorised) == ("not_asked", "not_asked")


def test_a_broken_digest_fails_and_proves_nobody() -> None:
    found = verdict(dossier(signature(intact=False, broken="digest-mismatch", modification="unknown")))
    assert (found.outcome, found.answers.unchanged, found.answers.signer) == ("failed", "failed", "indeterminate")


@pytest.mark.parametrize(
    ("modification", "expected"),
    [("none", "passed"), ("permitted", "passed"), ("suspicious", "failed"), ("unknown", "indeterminate")],
)
def test_a_later_change_decides_unchanged(modification: str, expected: str) -> None:
    assert verdict(dossier(signature(modification=modification))).answers.unchanged == expected


def test_an_unknown_chain_is_indeterminate_and_a_revoked_one_failed() -> None:
    assert verdict(dossier(signature(path=Path(complete=False, problem="no-path")))).answers.signer == "indeterminate"
    assert verdict(dossier(signature(path=Path(complete=True, problem="revoked")))).answers.signer == "failed"


def test_the_worst_of_several_signatures_decides() -> None:
    both = dossier(signature(), signature(id="signature-2", modification="suspicious"))
    assert verdict(both).answers.unchanged == "failed"


def test_a_document_timestamp_alone_is_judged_by_its_authority() -> None:
    known = verdict(dossier(signature(purpose="timestamp")))
    unknown = verdict(dossier(signature(purpose="timestamp", path=Path(complete=False, problem="no-path"))))
    assert (known.outcome, known.answers.signer) == ("passed", "not_asked")
    assert (unknown.outcome, unknown.answers.unchanged) == ("indeterminate", "indeterminate")


def test_an_electronic_seal_of_an_unproven_signer_is_not_decided() -> None:
    shown = agreement(
        "imprint-1",
        seal=seal_record(),
        appearance_of="signature-1",
        appearance_intact=True,
        appearance_signer_accord="agrees",
        appearance_signer_proven=False,
    )
    assert verdict(dossier(signature(), imprint(comparison(reuse=SAME)), shown)).answers.seal == "indeterminate"


def test_a_document_timestamp_beside_a_signature_proves_no_signer() -> None:
    stranger = signature(id="signature-2", purpose="timestamp", path=Path(complete=False, problem="no-path"))
    assert verdict(dossier(signature(), stranger)).answers.signer == "passed"


def test_nothing_at_all_is_indeterminate() -> None:
    found = verdict(dossier())
    assert (found.outcome, found.summary.code) == ("indeterminate", "summary-nothing")


def test_a_seal_alone_does_not_protect_the_text() -> None:
    found = verdict(dossier(imprint(comparison())))
    assert (found.outcome, found.answers.unchanged, found.answers.seal) == ("indeterminate", "indeterminate", "passed")
    assert found.summary.code == "summary-paper-seal-passed"


def test_a_report_with_problems_cannot_pass() -> None:
    found = verdict(dossier(signature(), problems=(Problem(where="page 2", code="x", message="y"),)))
    assert (found.outcome, found.summary.code) == ("indeterminate", "summary-problems")


@pytest.mark.parametrize(
    ("values", "default", "strict"),
    [
        ({"another_seal": 2.1, "remake": 2.1, "near_copy": 2.1}, "passed", "passed"),
        ({"another_seal": 2.1, "remake": 2.1, "near_copy": 0.0}, "passed", "indeterminate"),
        ({"another_seal": 2.1, "remake": 2.1, "near_copy": -1.9}, "passed", "indeterminate"),
        ({"another_seal": 2.1, "remake": 2.1, "near_copy": None}, "passed", "indeterminate"),
        ({"another_seal": 2.1, "remake": 2.1, "near_copy": -2.0}, "failed", "failed"),
        ({"another_seal": 2.1, "remake": 1.9, "near_copy": 1.0}, "indeterminate", "indeterminate"),
        ({"another_seal": 1.9, "remake": 2.1, "near_copy": 1.0}, "indeterminate", "indeterminate"),
        ({"another_seal": 2.1, "remake": -2.0, "near_copy": 1.0}, "failed", "failed"),
        ({"another_seal": -2.0, "remake": None, "near_copy": None}, "failed", "failed"),
        ({"another_seal": 2.1, "remake": None, "near_copy": 1.0}, "indeterminate", "indeterminate"),
    ],
)
def test_the_ratios_decide_as_the_policy_says(values: dict[str, float | None], default: str, strict: str) -> None:
    draft = dossier(imprint(comparison(likelihoods=likelihoods(**values))))
    assert verdict(draft).answers.seal == default
    assert verdict(draft, STRICT).answers.seal == strict


def test_one_claimed_seal_that_holds_suffices_and_all_must_fail_to_fail() -> None:
    bad = comparison("xinghe-contract", likelihoods=likelihoods(remake=-2.2))
    assert verdict(dossier(imprint(comparison(), bad))).answers.seal == "passed"
    assert verdict(dossier(imprint(bad))).answers.seal == "failed"


def test_an_imprint_that_claims_none_is_a_warning_outside_the_answer() -> None:
    draft = dossier(signature(), imprint())
    assert verdict(draft).outcome == "passed"
    assert verdict(draft).answers.seal == "not_asked"
    assert "not-registered" in codes(draft)


def test_insufficient_quality_is_indeterminate() -> None:
    poor = imprint(
        comparison(likelihoods=likelihoods(remake=None, another_seal=None)),
        quality=Quality(sufficient=False, reasons=("too-blurred",)),
    )
    assert verdict(dossier(poor)).answers.seal == "indeterminate"


def test_a_near_copy_that_is_not_excluded_is_said_to_be() -> None:
    assert "consistent-near-copy-not-excluded" in codes(dossier(imprint(comparison())))


SAME = Reuse(log10_lr=3.0, same_impression=True, specimen="d" * 64)


def test_a_reused_impression_fails_unless_an_intact_signature_of_the_owner_shows_it() -> None:
    pasted = imprint(comparison(reuse=SAME))
    assert verdict(dossier(pasted)).answers.seal == "failed"
    shown = {"seal": seal_record(), "appearance_of": "signature-1", "signers": ("x",)}
    owner = agreement(
        "imprint-1", **shown, appearance_intact=True, appearance_signer_accord="agrees", appearance_signer_proven=True
    )
    broken = agreement("imprint-1", **shown, appearance_intact=False, appearance_signer_accord="agrees")
    another = agreement("imprint-1", **shown, appearance_intact=True, appearance_signer_accord="differs")
    assert verdict(dossier(signature(), pasted, owner)).answers.seal == "passed"
    assert verdict(dossier(signature(), pasted, broken)).answers.seal == "failed"
    assert verdict(dossier(signature(), pasted, another)).answers.seal == "failed"


def test_a_printed_seal_is_at_most_indeterminate() -> None:
    assert verdict(dossier(imprint(comparison(making=Making(kind="printed"))))).answers.seal == "indeterminate"


RETIRED = {"status": "retired", "status_changed": date(2025, 1, 1)}


@pytest.mark.parametrize(
    ("record", "day", "source", "expected"),
    [
        ({}, date(2026, 1, 1), "timestamp", "passed"),
        (RETIRED, date(2026, 1, 1), "timestamp", "failed"),
        (RETIRED, datetime(2024, 6, 1, tzinfo=UTC), "timestamp", "passed"),
        (RETIRED, date(2024, 6, 1), "given", "passed"),
        (RETIRED, date(2026, 1, 1), "claimed", "failed"),
        (RETIRED, date(2024, 6, 1), "claimed", "indeterminate"),
        (RETIRED, date(2024, 6, 1), "read", "indeterminate"),
        (RETIRED, None, "unknown", "indeterminate"),
        ({}, None, "unknown", "passed"),
        ({}, date(2024, 6, 1), "claimed", "passed"),
        ({"valid_to": date(2025, 1, 1)}, date(2025, 1, 2), "read", "failed"),
        ({"valid_from": date(2025, 1, 1)}, date(2024, 1, 2), "timestamp", "failed"),
    ],
)
def test_an_unproven_date_may_accuse_and_never_clear(
    record: dict[str, object], day: object, source: str, expected: str
) -> None:
    about = agreement("imprint-1", seal=seal_record(**record), date=day, date_source=source)
    assert verdict(dossier(imprint(comparison()), about)).answers.seal == expected


def use(**changes: object) -> dict[str, object]:
    base = {
        "id": "U-2026-001",
        "seal": "xinghe-company",
        "status": "approved",
        "document_sha256": "a" * 64,
        "names_document_by": "digest",
        "content_matches": True,
    }
    return base | changes


@pytest.mark.parametrize(
    ("covers", "uses", "expected"),
    [
        (True, [use()], "passed"),
        (True, [use(status="refused")], "failed"),
        (True, [use(content_matches=False, names_document_by="use-number")], "failed"),
        (True, [], "indeterminate"),
        (False, [], "not_asked"),
        (None, [use()], "not_asked"),
        (True, [use(seal="another")], "indeterminate"),
    ],
)
def test_the_ledger_answers_only_for_seals_and_days_that_it_covers(
    covers: bool | None, uses: list[dict[str, object]], expected: str
) -> None:
    about = agreement("imprint-1", seal=seal_record(), ledger_covers=covers, uses=tuple(uses))
    assert verdict(dossier(imprint(comparison()), about)).answers.authorised == expected


def test_pages_left_out_make_the_seal_indeterminate_at_best() -> None:
    draft = dossier(imprint(comparison()), not_examined=(NotExamined(pages="61-5000", why="x"),))
    assert verdict(draft).answers.seal == "indeterminate"


def test_strict_asks_for_revocation_answers_and_proven_times() -> None:
    draft = dossier(signature())
    assert verdict(draft).answers.signer == "passed"
    assert verdict(draft, STRICT).answers.signer == "indeterminate"
    full = signature(
        best_time=datetime(2026, 1, 1, tzinfo=UTC),
        revocation=(RevocationFact(certificate="c" * 64, source="ocsp", status="good"),),
    )
    assert verdict(dossier(full), STRICT).answers.signer == "passed"


def test_a_seal_shown_by_a_signature_of_another_fails() -> None:
    about = agreement(
        "imprint-1",
        seal=seal_record(),
        appearance_of="signature-1",
        appearance_intact=True,
        appearance_signer_accord="differs",
        signers=("B",),
    )
    assert (
        verdict(dossier(signature(signer=certificate(organisation="B")), imprint(comparison()), about)).answers.seal
        == "failed"
    )


def test_reasons_name_the_findings_that_decided() -> None:
    found = verdict(dossier(signature(modification="suspicious")))
    assert found.reasons == ("signature.unmodified/signature-1",)


@pytest.mark.parametrize(
    "table",
    [
        {"checks": {"signature.intakt": {"level": "require"}}},
        {"checks": {"signature.intact": {"level": "must"}}},
        {"checks": {"imprint.consistent": {"level": "require", "pass_log10": 2}}},
        {"checks": {"imprint.consistent": {"level": "require", "pass_log10_lr": "much"}}},
        {"chekcs": {}},
    ],
)
def test_a_misspelling_in_a_policy_fails_at_load(table: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="policy"):
        load_policy("mine", table, CHECKS, base=DEFAULT)


def test_a_check_without_a_level_fails_at_load() -> None:
    with pytest.raises(UsageError, match="no level is given"):
        load_policy("default", {"checks": {}}, CHECKS)


def test_a_parameter_is_overridden_in_a_policy() -> None:
    lenient = load_policy("lenient", {"checks": {"imprint.consistent": {"pass_log10_lr": 1.5}}}, CHECKS, base=DEFAULT)
    draft = dossier(imprint(comparison(likelihoods=likelihoods(remake=1.6))))
    assert (verdict(draft).answers.seal, verdict(draft, lenient).answers.seal) == ("indeterminate", "passed")


def test_two_signers_are_both_named_in_the_answer() -> None:
    from verify.core.findings import Reason
    from verify.core.policy import _together

    both = _together(
        [
            Reason(code="signer-proven", params={"name": "Alpha Ltd (fictional)", "anchor": "Root"}),
            Reason(code="signer-proven", params={"name": "Beta Ltd (fictional)", "anchor": "Root"}),
        ]
    )
    assert both.en == "Signed by Alpha Ltd (fictional); Beta Ltd (fictional), on the word of Root."

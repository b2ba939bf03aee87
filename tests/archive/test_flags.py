"""Flags: named findings, never "did not pass"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from tests.builders import agreement, comparison, dossier, imprint, likelihoods, seal_record, signature
from verify.archive.flags import RULES, Flag, flags_of
from verify.core.policy import judge
from verify.imprints.evidence import Making, Quality, Reuse
from verify.kinds import CHECKS, AnyEvidence
from verify.report import Report
from verify.signatures.evidence import Appearance, Change, Path
from verify.stores.policies import policy_named


def flags(*evidence: AnyEvidence) -> list[Flag]:
    draft = dossier(*evidence)
    found, verdict = judge(draft, policy_named("default", CHECKS), CHECKS)
    report = Report(
        document=draft.document, evidence=draft.evidence, findings=found, verdict=verdict, provenance=draft.provenance
    )
    return list(flags_of(report))


def about_imprint(**changes: Any) -> Sequence[AnyEvidence]:
    return agreement(), agreement("imprint-1", **({"seal": seal_record()} | changes))


RETIRED = {"status": "retired", "status_changed": date(2024, 1, 1)}
FORGED = comparison(likelihoods=likelihoods(remake=-2.4))
REUSED = comparison(reuse=Reuse(log10_lr=6.0, same_impression=True, specimen="d" * 64))


@pytest.mark.parametrize(
    ("evidence", "flag", "page"),
    [
        ([signature(intact=False, broken="digest-mismatch")], "broken-signature", None),
        ([signature(path=Path(complete=True, problem="revoked"))], "signer-not-valid", None),
        ([imprint(FORGED, page=3)], "looks-registered-and-is-not", 3),
        ([imprint(FORGED.model_copy(update={"claimed_by": ("certificate",)}))], "not-the-claimed-seal", 1),
        ([imprint(REUSED, page=2)], "reused-impression", 2),
        (
            [imprint(comparison(), page=4), *about_imprint(seal=seal_record(**RETIRED), date=date(2024, 5, 1))],
            "seal-after-retirement",
            4,
        ),
        (
            [
                imprint(comparison()),
                *about_imprint(seal=seal_record(**RETIRED | {"status": "reported-lost"}), date=date(2024, 5, 1)),
            ],
            "seal-after-loss",
            1,
        ),
        (
            [imprint(comparison()), *about_imprint(seal=seal_record(valid_to=date(2024, 1, 1)), date=date(2024, 5, 1))],
            "seal-outside-validity",
            1,
        ),
        (
            [
                imprint(comparison()),
                *about_imprint(appearance_of="signature-1", appearance_signer_accord="differs", signers=("B",)),
            ],
            "seal-in-anothers-signature",
            1,
        ),
    ],
)
def test_a_failed_finding_is_flagged_by_name_with_its_page(
    evidence: Sequence[AnyEvidence], flag: str, page: int | None
) -> None:
    (found,) = flags(*evidence)
    assert (found.flag, found.page) == (flag, page)
    assert found.reason["en"]


def test_a_change_after_signing_is_flagged_with_the_page_that_was_changed() -> None:
    (found,) = flags(
        signature(
            modification="suspicious",
            appearance=Appearance(page=1, box_mm=(0, 0, 10, 10)),
            changes=(
                Change(revision=2, object="page 1, annotation", kind="changed", permitted_by="fill-forms"),
                Change(revision=2, object="page 7, content", kind="changed"),
            ),
        )
    )
    assert (found.flag, found.page) == ("changed-after-signing", 7)


@pytest.mark.parametrize(
    "evidence",
    [
        [imprint()],
        [imprint(comparison())],
        [imprint(comparison(), quality=Quality(sufficient=False, reasons=("blurred",)))],
        [imprint(comparison(likelihoods=likelihoods(remake=0.1)))],
        [imprint(comparison(making=Making(kind="printed")))],
        [signature(path=Path(complete=False, problem="no-path"), indication="INDETERMINATE")],
        [imprint(comparison()), *about_imprint(seal=seal_record(**RETIRED))],
    ],
    ids=["unregistered", "consistent", "unclear", "undecided", "photocopy", "unknown-signer", "retired-undated"],
)
def test_what_is_only_undecided_is_no_flag(evidence: Sequence[AnyEvidence]) -> None:
    assert flags(*evidence) == []


def test_the_picture_of_an_intact_e_seal_of_its_owner_is_no_flag() -> None:
    electronic = about_imprint(
        appearance_of="signature-1", appearance_intact=True, appearance_signer_accord="agrees", signers=("A",)
    )
    assert flags(signature(), imprint(REUSED), *electronic) == []


def test_a_reused_impression_names_the_specimen_that_it_repeats() -> None:
    (found,) = flags(imprint(REUSED))
    assert found.impression == "d" * 64


def test_every_rule_names_a_check_that_exists() -> None:
    assert {rule.check for rule in RULES} <= {check.id for check in CHECKS}

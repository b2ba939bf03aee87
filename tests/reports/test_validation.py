"""The page of a validation: self-contained, escaped, and plain about what it rests on."""

from __future__ import annotations

import re
from typing import Any, Literal

from verify.imprints.validation import Validation, sample_of, table, validate
from verify.reports.plots import PLOTS
from verify.reports.validation import page, plain


def rows(*, label: str = "different", name: str = "office") -> list[dict[str, Any]]:
    return [
        {"label": word, "set": name, "log10_lr": value + 0.01 * i, "reference": f"{i}.png"}
        for i in range(12)
        for word, value in (("same", 1.5), (label, -1.5))
    ]


def found(given: list[dict[str, Any]], *, are: Literal["real", "simulated"] = "real", name: str = "s") -> Validation:
    return validate(table(given), scores=name, scores_sha256="ab", pairs_are=are, null_share=0.05, draws=20)


def test_the_page_needs_nothing_from_outside() -> None:
    given = rows()
    plots = {name: draw(sample_of(table(given).pairs, "log10_lr")) for name, draw in PLOTS.items()}
    told = page(found(given), plots)
    assert told.count("<svg") == len(PLOTS)
    assert not re.search(r"(?:src|href)=", told)
    assert "<script" not in told


def test_names_are_escaped() -> None:
    told = page(found(rows(name="<b>x</b>"), name="<script>"), {})
    assert "<b>x" not in told
    assert "<script" not in told


def test_simulated_pairs_are_said_to_be_simulated() -> None:
    assert "tells of a simulation" in page(found(rows(), are="simulated"), {})
    assert "simulated pairs" in plain(found(rows(), are="simulated"))
    assert "tells of a simulation" not in page(found(rows()), {})


def test_the_page_says_that_pictures_were_taken_for_seals() -> None:
    assert "each reference picture taken for a seal" in page(found(rows()), {})
    named = [{**r, "reference_seal": r["reference"]} for r in rows()]
    assert "each reference picture taken for a seal" not in page(found(named), {})


def test_rates_stand_with_their_intervals() -> None:
    assert re.search(r"0\.0 \[0\.0, 22\.1\]", plain(found(rows())))

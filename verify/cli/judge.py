"""`sigillum judge`: a kept report under another policy, without the document."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from verify.cli.kept import kept_report
from verify.core.errors import UsageError
from verify.kinds import CHECKS
from verify.reports.plain import plain
from verify.reports.views import withheld
from verify.stores.policies import policy_named
from verify.verifier import judge_again


def run(path: Path, *, policy: str, json: bool, lang: str) -> None:
    """Print the report judged anew."""
    report = kept_report(path)
    if withheld(report):
        raise UsageError(
            "report-withheld",
            f"{path} is a public view: the comparisons were taken out of it",
            "Judge the full report.",
        )
    again = judge_again(report, policy_named(policy, CHECKS))
    if json:
        print(again.to_json())
    else:
        Console(highlight=False, soft_wrap=True).print(plain(again, lang))

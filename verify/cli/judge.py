"""`sigillum judge`: a kept report under another policy, without the document."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from verify.core.errors import UsageError
from verify.kinds import CHECKS
from verify.report import Report
from verify.reports.plain import plain
from verify.reports.views import withheld
from verify.stores.policies import policy_named
from verify.verifier import judge_again


def run(path: Path, *, policy: str, json: bool, lang: str) -> None:
    """Print the report judged anew."""
    try:
        report = Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError("report-unreadable", f"{path} cannot be read", "Name a report.json.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise UsageError(
            "report-invalid", f"{path} is not a report: {where}: {first['msg']}", "Name a report.json of this version."
        ) from error
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

"""Reports that were kept: what `judge` and `export` begin with."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from verify.core.errors import UsageError
from verify.report import Report


def kept_report(path: Path) -> Report:
    """A report.json. Raises UsageError report-unreadable, report-invalid."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError("report-unreadable", f"{path} cannot be read", "Name a report.json.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise UsageError(
            "report-invalid", f"{path} is not a report: {where}: {first['msg']}", "Name a report.json of this version."
        ) from error

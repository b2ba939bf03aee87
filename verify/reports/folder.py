"""A case as a folder: report.json, report.html, its exhibits, and the signatures' validation report in XML."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from verify.core.errors import VerifyError
from verify.report import Case
from verify.reports.etsi import validation_report
from verify.reports.html import html


def write_case(case: Case, out: Path, *, lang: str = "en") -> Path:
    """Write `out/<first 12 of sha256>/`; whole or not at all: a killed run leaves no half case.

    Raises VerifyError `out-unwritable`.
    """
    target = out / case.report.document.sha256[:12]
    try:
        out.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".case-", dir=out))
        try:
            (draft / "exhibits").mkdir()
            for exhibit in case.report.exhibits:
                if exhibit.sha256 in case.exhibits:
                    (draft / "exhibits" / exhibit.file_name).write_bytes(case.exhibits[exhibit.sha256])
            (draft / "report.json").write_text(case.report.to_json(indent=1) + "\n", encoding="utf-8")
            (draft / "report.html").write_text(html(case, lang=lang), encoding="utf-8")
            if any(e.kind == "signature" for e in case.report.evidence):
                (draft / "validation-report.xml").write_bytes(validation_report(case.report))
            draft.chmod(0o755)
            if target.exists():
                shutil.rmtree(target)
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise VerifyError(
            "out-unwritable", f"{out} cannot be written to: {error.strerror}", "Name another folder for --out."
        ) from error
    return target

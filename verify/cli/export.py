"""`sigillum export`: a kept report in the form that others read, without the document."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from verify.cli.kept import kept_report
from verify.core.errors import UsageError, VerifyError
from verify.reports.etsi import validation_report

# How it is called on the command line → what writes it.
FORMS = {"etsi": validation_report}


def run(path: Path, *, form: str, out: Path | None) -> None:
    """Write the report in another form to a file, or to stdout."""
    if form not in FORMS:
        raise UsageError("form-unknown", f"there is no form {form!r}", f"Known: {', '.join(FORMS)}.")
    made = FORMS[form](kept_report(path))
    if out is None:
        sys.stdout.buffer.write(made)
        sys.stdout.flush()
        return
    try:
        _whole(out, made)
    except OSError as error:
        raise VerifyError(
            "out-unwritable", f"{out} cannot be written: {error.strerror}", "Name another file for --out."
        ) from error


def _whole(out: Path, data: bytes) -> None:
    """Whole or not at all: a killed run leaves no half file."""
    handle, name = tempfile.mkstemp(prefix=".export-", dir=out.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        draft.chmod(0o644)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)

"""What all commands share: exit codes, files out of arguments, messages on stderr, times out of text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from verify.core.errors import UsageError, VerifyError
from verify.core.messages import clean
from verify.settings import Settings

EXIT_PASSED, EXIT_FAILED, EXIT_USAGE, EXIT_INDETERMINATE, EXIT_REFUSED = 0, 1, 2, 3, 4
EXIT_BY_OUTCOME = {"passed": EXIT_PASSED, "failed": EXIT_FAILED, "indeterminate": EXIT_INDETERMINATE}
# Several files: the gravest decides.
_GRAVITY = (EXIT_REFUSED, EXIT_FAILED, EXIT_INDETERMINATE, EXIT_PASSED)


def gravest(codes: Iterable[int]) -> int:
    """4 over 1 over 3 over 0."""
    seen = set(codes)
    return next((code for code in _GRAVITY if code in seen), EXIT_PASSED)


def complain(error: VerifyError) -> None:
    print(f"sigillum: {clean(error.message)} [{error.code}]\n  {error.hint}", file=sys.stderr)


def say(text: str) -> None:
    print(text, file=sys.stderr)


def calibration_named(name: str | None, settings: Settings) -> str:
    """The calibration to compare with: the caller's, else as set, else the release's.

    One that somebody named is read before the first document: raises UsageError `model-unknown`, VerifyError
    `model-changed`, `model-invalid`. The release's own is not: where it lacks, each report says so as a problem.
    """
    from verify.verifier import CALIBRATION

    chosen = name or settings.calibration
    if chosen is None or chosen == CALIBRATION:
        return CALIBRATION
    from verify.imprints.calibrations import read_calibration
    from verify.stores.models import find_model

    read_calibration(find_model(settings.model_folders, chosen))
    return chosen


@dataclass(frozen=True)
class Files:
    """Files named or found in folders; unsupported ones in folders are only counted."""

    paths: tuple[Path, ...]
    unsupported: int


def files_of(arguments: Sequence[Path]) -> Files:
    """Files as named, and the supported files of folders in the order of their names."""
    from verify.formats.read import SUPPORTED_SUFFIXES

    paths: list[Path] = []
    unsupported = 0
    for argument in arguments:
        if not argument.is_dir():
            paths.append(argument)
            continue
        for path in sorted(_walk(argument)):
            if path.suffix.lower() in SUPPORTED_SUFFIXES:
                paths.append(path)
            else:
                unsupported += 1
    return Files(tuple(paths), unsupported)


def _walk(folder: Path) -> Iterator[Path]:
    return (
        p
        for p in folder.rglob("*")
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(folder).parts)
    )


def moment(text: str | None, *, option: str = "--at") -> datetime:
    """A moment with its zone; a day alone means its end in UTC; None means now (the one place that asks the clock)."""
    if text is None:
        return datetime.now(UTC)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "time-unreadable", f"{option} {text}: not a time", "Write it as 2026-01-31 or 2026-01-31T12:00:00+08:00."
        ) from error
    if len(text) <= 10:
        return datetime.combine(parsed.date(), time(23, 59, 59), UTC)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def day(text: str | None, *, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("date-unreadable", f"{option} {text}: not a date", "Write it as 2026-01-31.") from error

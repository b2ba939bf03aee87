"""Where data that travels with the project lies: a setting, else package data, else the checkout."""

from __future__ import annotations

from pathlib import Path

from verify.core.errors import VerifyError

_PACKAGE = Path(__file__).resolve().parent.parent


def packaged(name: str, *, setting: Path | None = None) -> Path:
    """The folder `name` ("models", "reference_seals"): as set, as package data of a wheel, or in the checkout.

    Raises VerifyError `data-missing`.
    """
    candidates = [setting] if setting else [_PACKAGE / "_data" / name, _PACKAGE.parent / name]
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise VerifyError(
        "data-missing", f"the folder {name} is not there", "Install sigillum again, or name the folder in the settings."
    )

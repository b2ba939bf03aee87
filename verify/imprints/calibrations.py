"""Calibrations by name: the release's, and those that a laboratory fitted to its own pairs."""

from __future__ import annotations

from functools import lru_cache

from pydantic import ValidationError

from verify.core.errors import VerifyError
from verify.imprints.likelihood import Calibration
from verify.stores.models import ModelFile


@lru_cache(maxsize=4)
def read_calibration(file: ModelFile) -> Calibration:
    """The calibration in a file, checked against its digest; read once a process.

    Raises VerifyError `model-missing`, `model-changed`, `model-invalid`.
    """
    try:
        return Calibration.model_validate_json(file.read())
    except ValidationError as error:
        raise VerifyError(
            "model-invalid",
            f"the calibration {file.name} is of another version of sigillum",
            "Fit it again: `sigillum validate SCORES --fit NAME`.",
        ) from error

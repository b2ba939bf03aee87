"""Models and calibrations by name, with their digests checked against index.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from verify.core.document import digest
from verify.core.errors import VerifyError


@dataclass(frozen=True)
class ModelFile:
    name: str
    path: Path
    sha256: str

    def read(self) -> bytes:
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise VerifyError(
                "model-missing", f"{self.path.name} of model {self.name} is not there", "Install sigillum again."
            ) from error
        if digest(data) != self.sha256:
            raise VerifyError(
                "model-changed",
                f"{self.path.name} of model {self.name} is not the file that was released",
                "Install sigillum again.",
            )
        return data


def model(folder: Path, name: str, file: str = "calibration.json") -> ModelFile:
    """A file of a model. index.toml has a table a model: file = its SHA-256. VerifyError `model-missing`."""
    try:
        sha256 = tomllib.loads((folder / "index.toml").read_text(encoding="utf-8"))[name][file]
        return ModelFile(name, folder / name / file, sha256)
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise VerifyError(
            "model-missing",
            f"the model {name} is not there",
            "Install sigillum again, or name the models' folder in the settings.",
        ) from error

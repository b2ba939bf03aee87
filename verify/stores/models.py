"""Models and calibrations by name, with their digests checked against index.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError

MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}[a-z0-9]")


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
    found = _index(folder).get(name, {}).get(file)
    if found is None:
        raise VerifyError(
            "model-missing",
            f"the model {name} is not there",
            "Install sigillum again, or name the models' folder in the settings.",
        )
    return ModelFile(name, folder / name / file, found)


def find_model(folders: Sequence[Path], name: str, file: str = "calibration.json") -> ModelFile:
    """A file of a model from the first folder that knows the name.

    Raises VerifyError `model-missing` where there is none at all, UsageError `model-unknown` naming those that there are.
    """
    for folder in folders:
        if file in _index(folder).get(name, {}):
            return model(folder, name, file)
    known = model_names(folders, file)
    if not known:
        return model(folders[0], name, file)
    raise UsageError(
        "model-unknown",
        f"there is no model {name!r}",
        f"Known: {', '.join(known)}. `sigillum validate SCORES --fit NAME` makes another from your own pairs.",
    )


def model_names(folders: Sequence[Path], file: str = "calibration.json") -> tuple[str, ...]:
    """The models that have such a file, in the order of the folders, each name once."""
    return tuple(dict.fromkeys(name for folder in folders for name, files in _index(folder).items() if file in files))


def _index(folder: Path) -> dict[str, dict[str, str]]:
    """What index.toml says; nothing where there is none that can be read."""
    try:
        tables = tomllib.loads((folder / "index.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    return {name: table for name, table in tables.items() if isinstance(table, dict)}


def add_model(folder: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Write a new model beside the folder's others and enter its digests into index.toml.

    Raises UsageError `model-name-invalid`, VerifyError `model-not-written`. Whether the name is free is the caller's to ask.
    """
    check_model_name(name)
    index = folder / "index.toml"
    try:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, data in files.items():
            (folder / name / file).write_bytes(data)
        known = index.read_text(encoding="utf-8") if index.exists() else ""
        lines = [f'["{name}"]', *(f'"{file}" = "{digest(data)}"' for file, data in sorted(files.items())), ""]
        draft = index.with_name(index.name + ".part")
        draft.write_text("\n".join([*([known.rstrip("\n"), ""] if known else []), *lines]), encoding="utf-8")
        draft.replace(index)
    except OSError as error:
        raise VerifyError(
            "model-not-written", f"the model {name} cannot be written to {folder}", "Make the folder writable."
        ) from error


def check_model_name(name: str) -> None:
    """Raises UsageError `model-name-invalid` where a name could not be a folder of its own."""
    if not MODEL_NAME.fullmatch(name):
        raise UsageError(
            "model-name-invalid",
            f"{name!r} is no model's name",
            "Lower-case letters, digits, dots and hyphens, two at least.",
        )

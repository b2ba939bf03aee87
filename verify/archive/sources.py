"""Walking folders of many documents without holding their list."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.core.errors import UsageError
from verify.formats.read import SUPPORTED_SUFFIXES


@dataclass(frozen=True)
class LeftAlone:
    """A file of another kind, or a folder that may not be read (`why`)."""

    path: Path
    why: str | None = None


def resolved(sources: Sequence[Path]) -> tuple[Path, ...]:
    """The sources as absolute paths, each once; raises UsageError `source-missing`."""
    for source in sources:
        if not source.exists():
            raise UsageError("source-missing", f"{source} does not exist", "Name folders of documents.")
    return tuple(dict.fromkeys(source.resolve() for source in sources))


def walk(sources: Sequence[Path]) -> Iterator[Path | LeftAlone]:
    """Files in the order of their names, folder by folder. Hidden ones and links to folders are passed over.

    A file named directly is given whatever its name.
    """
    for source in sources:
        if source.is_dir():
            yield from _folder(source)
        else:
            yield source


def _folder(folder: Path) -> Iterator[Path | LeftAlone]:
    try:
        with os.scandir(folder) as found:
            entries = sorted((e for e in found if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        yield LeftAlone(folder, why=error.strerror)
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _folder(path)
        elif entry.is_file():
            yield path if path.suffix.lower() in SUPPORTED_SUFFIXES else LeftAlone(path)


def digest_of(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()


def shown(path: Path) -> str:
    """A path as it can be kept and printed: bytes of a name that are no UTF-8 are written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")

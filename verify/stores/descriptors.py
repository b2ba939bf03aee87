"""Descriptors of registered impressions, kept once they were made: what is searched where thousands of seals may be meant."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class Descriptors(Protocol):
    """Bytes by a key of digits, letters, dots and hyphens. Forgetting is no loss: they are made again."""

    def known(self, key: str) -> bytes | None: ...

    def keep(self, key: str, descriptor: bytes) -> None: ...


@dataclass
class MemoryDescriptors:
    """Kept as long as this process."""

    _kept: dict[str, bytes] = field(default_factory=dict)

    def known(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def keep(self, key: str, descriptor: bytes) -> None:
        self._kept[key] = descriptor


@dataclass
class FolderDescriptors:
    """Kept in a folder, a file each, and read once. The folder may be shared by processes, and deleted at any time; one
    that cannot be written costs time and nothing else."""

    folder: Path
    _read: MemoryDescriptors = field(default_factory=MemoryDescriptors)

    def known(self, key: str) -> bytes | None:
        found = self._read.known(key)
        if found is None:
            try:
                found = self._path(key).read_bytes()
            except OSError:
                return None
            self._read.keep(key, found)
        return found

    def keep(self, key: str, descriptor: bytes) -> None:
        self._read.keep(key, descriptor)
        path = self._path(key)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(descriptor)
            draft.replace(path)
        except OSError:
            return

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

"""Fetched answers kept on disk, so that the next document need not ask the same again.

One file an answer, named by what was asked; its first line says from where, when and until when. Whatever is wrong
with the folder or a file costs only a request: nothing here raises, and nothing read here is trusted for more than
what came over the network, since every answer's signature is checked anew.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from verify.core.document import digest

_SUFFIX = ".answer"
_MOST_FILES = 20_000


@dataclass(eq=False)
class Answers:
    """The folder. `most_bytes` bounds it, but for what one document adds: it is swept once, before the first entry."""

    folder: Path
    most_bytes: int = 256 << 20
    _swept: bool = field(default=False, init=False)

    def get(self, key: str, now: datetime) -> tuple[bytes, datetime] | None:
        """An answer that still holds at `now`, and when it was fetched; a damaged or outdated file is removed."""
        path = self.folder / (key + _SUFFIX)
        try:
            head, _, data = path.read_bytes().partition(b"\n")
        except OSError:
            return None
        try:
            said = json.loads(head)
            fetched, until = datetime.fromisoformat(said["fetched"]), datetime.fromisoformat(said["until"])
            whole = said["sha256"] == digest(data)
            holds = fetched <= now < until  # an entry from the future is of a clock that went wrong
        except (ValueError, TypeError, KeyError):
            whole, holds = False, False
        if whole and holds:
            return data, fetched
        with contextlib.suppress(OSError):
            path.unlink()
        return None

    def put(self, key: str, url: str, data: bytes, *, fetched: datetime, until: datetime) -> None:
        """Keep an answer, whole or not at all: other processes read the folder at the same time."""
        head = {"url": url, "fetched": fetched.isoformat(), "until": until.isoformat(), "sha256": digest(data)}
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self._swept:
                self._swept = True
                self._sweep()
            with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".tmp", delete=False) as file:
                file.write(json.dumps(head).encode() + b"\n" + data)
            Path(file.name).replace(self.folder / (key + _SUFFIX))
        except OSError:  # a full or read-only disk: the next document asks again
            return

    def _sweep(self) -> None:
        """The oldest out until the rest fits, and what a process that died left half written."""
        found = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                if path.suffix in (_SUFFIX, ".tmp"):
                    told = path.stat()
                    found.append((told.st_mtime, told.st_size, path))
        found.sort(key=lambda f: f[0], reverse=True)
        total = 0
        for number, (_, size, path) in enumerate(found):
            total += size
            if total > self.most_bytes or number >= _MOST_FILES:
                with contextlib.suppress(OSError):
                    path.unlink()

"""Blobs: bytes in a local folder under their SHA-256, written once and never altered."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from verify.core.document import digest
from verify.core.errors import VerifyError


@dataclass(frozen=True)
class Blobs:
    """`folder/ab/cdef…`, made when the first blob is put."""

    folder: Path

    def put(self, data: bytes) -> str:
        """Keep bytes and return their digest. The file appears whole or not at all, and an existing one stays.

        Safe with several processes: whoever comes second finds it there. Raises VerifyError `blobs-unwritable`.
        """
        name = digest(data)
        target = self._path(name)
        if target.exists():
            return name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(prefix=".draft-", dir=target.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(draft).chmod(0o444)
                target.hardlink_to(draft)  # unlike a rename, never takes the place of a file that is there
            except FileExistsError:
                pass
            finally:
                Path(draft).unlink(missing_ok=True)
        except OSError as error:
            raise VerifyError(
                "blobs-unwritable",
                f"{self.folder} cannot be written to: {error.strerror}",
                "Free some space, or name another folder by SIGILLUM_BLOBS.",
            ) from error
        return name

    def get(self, sha256: str) -> bytes:
        """The bytes, checked against their digest; raises VerifyError `blob-missing`, `blob-changed`."""
        try:
            data = self._path(sha256).read_bytes()
        except OSError as error:
            raise VerifyError(
                "blob-missing", f"the blob {sha256[:16]} is not in {self.folder}", "Restore the folder from a backup."
            ) from error
        if digest(data) != sha256:
            raise VerifyError(
                "blob-changed",
                f"the blob {sha256[:16]} is not what was kept",
                "Restore the folder from a backup; blobs are never edited.",
            )
        return data

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:]

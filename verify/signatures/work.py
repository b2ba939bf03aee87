"""A signature under examination: what is known of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from verify.signatures.containers import Integrity, Signer
from verify.signatures.evidence import Timestamp
from verify.signatures.pdf import Coverage, Found


@dataclass(frozen=True, eq=False)
class Work:
    """One SignerInfo of one signature, or a document timestamp."""

    found: Found
    coverage: Coverage
    signer: Signer | None
    integrity: Integrity
    suffix: str = ""
    stamps: Sequence[Timestamp] = ()
    proven: datetime | None = None  # the earliest proven time of existence
    held: datetime | None = None  # what later stamps prove, without its own: the moment for a timestamp's own path
    since: datetime | None = None  # made after this: a trusted content timestamp lies in the signed attributes
    unchecked: bool = False  # what proves its time is a stamp whose authority may have been revoked
    disordered: bool = False  # trusted stamps contradict the order in which they were set

    @property
    def field(self) -> str:
        return self.found.field + self.suffix

    @property
    def revision(self) -> int | None:
        return self.coverage.revision if self.coverage.revision is not None else self.found.revision

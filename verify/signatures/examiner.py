"""The signatures' examiner: for each signature, is it whole, what changed since, and who signed on whose word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from verify.core.document import Document
from verify.core.errors import NotExamined, Problem
from verify.core.exhibits import Piece
from verify.signatures.evidence import SignatureEvidence
from verify.stores.trust import TrustAnchors

if TYPE_CHECKING:
    from verify.signatures.online.fetch import OnlineRules

_TRACES = (b"/ByteRange", b"/Sig", b"/AcroForm", b"/ObjStm", b"/Encrypt")
# A stretch of regular characters after a slash, with an escape in it; no name is longer than 127 bytes.
_ESCAPED = re.compile(rb"/[^\x00\t\n\f\r ()<>\[\]{}/%#]{0,127}#[0-9A-Fa-f]{2}")


@dataclass(frozen=True)
class SignatureExaminer:
    """Examines signatures under given anchors for a given moment. No clock; no network unless `online`.

    `certificates`: DER of signers' certificates from outside, for signatures that carry none. `sight`: whether what
    was signed and what the file shows now are drawn and compared, where the file has grown since.
    """

    anchors: TrustAnchors
    at: datetime
    certificates: tuple[bytes, ...] = ()
    sight: bool = True
    online: OnlineRules | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("`at` must know its time zone")

    def examine(self, document: Document) -> Iterator[SignatureEvidence | Piece | Problem | NotExamined]:
        """Every signature and document timestamp, oldest first. Bad news is evidence; only our inability is a Problem."""
        # pyHanko takes half a second to import; schema, judge and unsigned pictures must not pay for it.
        if document.format in ("cms", "asic"):
            from verify.signatures.files import FileExamination

            yield from FileExamination(
                document, self.anchors, self.at, self.certificates, online=self.online, inner=self.examine
            ).examine()
        elif document.format == "pdf" and _may_be_signed(document.data):
            from verify.signatures.case import Examination

            yield from Examination(
                document, self.anchors, self.at, self.certificates, sight=self.sight, online=self.online
            ).run()


def _may_be_signed(data: bytes) -> bool:
    """Whether the bytes leave room for a signature; pyHanko tells whether there is one.

    Object streams and encryption hide the names, and #xx spells them otherwise (ISO 32000-2, 7.3.5): /Byte#52ange.
    """
    return any(word in data for word in _TRACES) or _ESCAPED.search(data) is not None

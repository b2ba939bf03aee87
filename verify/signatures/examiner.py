"""The signatures' examiner: for each signature, is it whole, what changed since, and who signed on whose word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from verify.core.document import Document
from verify.core.errors import Problem
from verify.core.exhibits import Piece
from verify.signatures.evidence import SignatureEvidence
from verify.stores.trust import TrustAnchors


@dataclass(frozen=True)
class SignatureExaminer:
    """Examines signatures under given anchors for a given moment. No clock, no network.

    `certificates`: DER of signers' certificates from outside, for signatures that carry none.
    """

    anchors: TrustAnchors
    at: datetime
    certificates: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("`at` must know its time zone")

    def examine(self, document: Document) -> Iterator[SignatureEvidence | Piece | Problem]:
        """Every signature and document timestamp, oldest first. Bad news is evidence; only our inability is a Problem."""
        if document.format != "pdf":
            return
        if b"/ByteRange" not in document.data and b"/Sig" not in document.data and not _may_hide(document.data):
            return
        # pyHanko takes half a second to import; schema, judge and unsigned pictures must not pay for it.
        from verify.signatures.case import Examination

        yield from Examination(document, self.anchors, self.at, self.certificates).run()


def _may_hide(data: bytes) -> bool:
    """Object streams and encryption can hold signature fields that plain bytes do not show."""
    return b"/ObjStm" in data or b"/Encrypt" in data

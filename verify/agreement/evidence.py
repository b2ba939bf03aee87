"""AgreementEvidence: what signatures, imprints, registry and ledger say of each other.

One item about the document always, and one about each imprint that claims a registered seal.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_FROZEN = ConfigDict(frozen=True, extra="forbid")

Accord = Literal["agrees", "differs", "unknown"]


class SealRecord(BaseModel):
    """What the registry says of the seal that the imprint was matched with."""

    model_config = _FROZEN

    id: str
    owner: str
    unified_code: str | None = None
    unit: str | None = None
    kind: str
    text: str
    valid_from: date | None = None
    valid_to: date | None = None
    status: Literal["active", "retired", "destroyed", "reported-lost"]
    status_changed: date | None = None


class UseFact(BaseModel):
    """A use in the ledger that concerns this document."""

    model_config = _FROZEN

    id: str
    seal: str
    status: Literal["approved", "refused"]
    decided: datetime | None = None
    document_sha256: str
    names_document_by: Literal["digest", "use-number"]
    content_matches: bool


class AgreementEvidence(BaseModel):
    """`about` is "document" or an imprint's id."""

    model_config = _FROZEN

    kind: Literal["agreement"] = "agreement"
    id: str
    about: str
    signatures: int = Field(default=0, description="Signatures in the document (timestamps not counted).")
    imprints: int = 0
    seal: SealRecord | None = None
    text_read: str | None = None
    text_accord: Accord = "unknown"
    text_similarity: float | None = None
    signers: tuple[str, ...] = Field(default=(), description="Names of the signers held against the owner.")
    signer_accord: Accord = Field(
        default="unknown", description="Whether a signer is the seal's owner; unknown without one."
    )
    appearance_of: str | None = Field(default=None, description="Signature whose appearance holds the imprint.")
    appearance_intact: bool | None = None
    appearance_signer_accord: Accord = "unknown"
    appearance_signer_proven: bool | None = Field(
        default=None, description="Whether a trusted chain says who that signer is."
    )
    date: datetime | date | None = None
    date_source: Literal["timestamp", "given", "claimed", "read", "unknown"] = "unknown"
    ledger_covers: bool | None = Field(
        default=None,
        description="Whether the ledger is declared complete for seal and day; null = no ledger or no day.",
    )
    uses: tuple[UseFact, ...] = ()

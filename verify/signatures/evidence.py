"""SignatureEvidence: what was found about one signature, under provenance.trust and provenance.at."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_FROZEN = ConfigDict(frozen=True, extra="forbid")

Modification = Literal["none", "permitted", "suspicious", "unknown"]
Indication = Literal["TOTAL_PASSED", "TOTAL_FAILED", "INDETERMINATE"]


class Change(BaseModel):
    """One change of a later revision. `permitted_by` names the rule that allows it; null = none does."""

    model_config = _FROZEN

    revision: int
    object: str
    kind: str
    permitted_by: str | None = None
    in_doubt: bool = Field(
        default=False, description="Permitted by the letter, or by nothing and harmless: told as unknown."
    )
    page: int | None = Field(default=None, description="The page on which it shows, as the file stands now, from 1.")
    box_mm: tuple[float, float, float, float] | None = Field(
        default=None, description="Where it shows, from the page's top left as displayed; null where it shows nowhere."
    )


class Difference(BaseModel):
    """A place where the page as signed and the page as it is now look different, or two engines draw it differently."""

    model_config = _FROZEN

    page: int = Field(description="The page as the file stands now, from 1; of the signed file where it is gone.")
    kind: Literal["changed", "page-added", "page-removed", "page-resized", "engines-disagree", "undrawable"]
    engine: str = Field(description="Who drew it: mupdf, pdfium.")
    box_mm: tuple[float, float, float, float] | None = None
    share: float | None = Field(default=None, description="Share of the page's area that differs.")
    explained_by: str | None = Field(
        default=None, description="Object of the permitted change that shows here; null = none does."
    )


class Sight(BaseModel):
    """The signed revision and the current one, drawn and compared page by page."""

    model_config = _FROZEN

    engines: tuple[str, ...]
    dpi: float
    pages: int = Field(description="Pages that were compared.")
    left_out: str | None = Field(default=None, description="Pages that were not, as ranges.")
    differences: tuple[Difference, ...] = ()

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        return tuple(d for d in self.differences if d.explained_by is None)


class Algorithms(BaseModel):
    model_config = _FROZEN

    digest: str | None = None
    signature: str | None = None
    key_bits: int | None = None
    weak: tuple[str, ...] = Field(
        default=(), description="Names among these that are no longer strong at the best time."
    )


class Certificate(BaseModel):
    """The facts of a certificate that a reader needs."""

    model_config = _FROZEN

    subject: str
    common_name: str | None = None
    organisation: str | None = None
    organisation_id: str | None = Field(
        default=None, description="organizationIdentifier or a unified code in serialNumber."
    )
    issuer: str
    serial: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    sha256: str
    key_usage: tuple[str, ...] = ()
    self_signed: bool = False


class RevocationFact(BaseModel):
    """One step's revocation: what said so and for what moment. `status` unknown = no usable answer."""

    model_config = _FROZEN

    certificate: str = Field(description="SHA-256 of the certificate that this is about.")
    source: Literal["ocsp", "crl", "none"]
    embedded: bool = True
    status: Literal["good", "revoked", "unknown"]
    this_update: datetime | None = None
    next_update: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None
    problem: str | None = Field(
        default=None,
        description="Code of why the answer does not count: none, stale, issuer-expired (of its signer), unauthorised.",
    )
    fetched_from: str | None = Field(default=None, description="Address that it was fetched from; null = embedded.")


class Fetching(BaseModel):
    """One question asked online about a certificate, and what came of it.

    `code`: "used", or why not: not fetched (scheme, private-address, too-large, too-slow, unreachable, http-404, …), or
    of no use (not-a-certificate, not-a-crl, not-an-ocsp-response, ocsp-refused, about-another-certificate, after-expiry,
    not-usable, not-askable).
    """

    model_config = _FROZEN

    url: str
    sought: Literal["issuer", "ocsp", "crl"]
    certificate: str = Field(description="SHA-256 of the certificate that it was asked for.")
    code: str
    detail: str | None = None
    sha256: str | None = Field(default=None, description="Of the answer, which is an exhibit.")
    cached: bool = Field(default=False, description="Kept from an earlier document.")

    @property
    def reason(self) -> tuple[str, dict[str, str | None]]:
        """The code of its sentence in the catalogue, and the sentence's parameters."""
        code = "fetch-http" if self.code.startswith("http-") else f"fetch-{self.code}"
        return code, {"url": self.url, "detail": self.detail, "status": self.code.removeprefix("http-")}


class Path(BaseModel):
    """Leaf … anchor at `at`. `complete`: it ends in a configured anchor. `problem`: why it does not hold."""

    model_config = _FROZEN

    complete: bool
    certificates: tuple[Certificate, ...] = Field(default=(), description="Leaf first.")
    anchor: str | None = None
    at: datetime | None = Field(default=None, description="The moment for which the path was judged.")
    problem: str | None = Field(
        default=None,
        description="Code, e.g. no-path, expired, expired-since, not-yet-valid, revoked, authority-revoked, on-hold, "
        "name-constraints, policy, path-length, key-usage, weak-algorithm, no-anchors.",
    )
    detail: str | None = None


class Timestamp(BaseModel):
    """A time-stamp token on the signature or on the document."""

    model_config = _FROZEN

    kind: Literal["signature", "content", "document", "archive"]
    time: datetime | None
    intact: bool | None = Field(description="Its imprint and signature hold; null = could not be computed.")
    trusted: bool | None = Field(description="Its authority's path holds under the anchors; null = cannot be told.")
    authority: str | None = None
    problem: str | None = Field(
        default=None,
        description="Code of why it proves nothing: broken, no-anchors, no-path, expired, revoked, weak-algorithm, from-the-future, …",
    )


class Appearance(BaseModel):
    """Where the signature shows on a page; millimetres from the page's top left as displayed."""

    model_config = _FROZEN

    page: int
    box_mm: tuple[float, float, float, float]


class SignatureEvidence(BaseModel):
    """One signature or document timestamp."""

    model_config = _FROZEN

    kind: Literal["signature"] = "signature"
    id: str
    purpose: Literal["signature", "timestamp"] = "signature"
    field: str
    container: str = Field(description="PAdES, PKCS7, CMS, X509-RSA, RFC3161, SES-v1, SES-v4, …")
    level: str | None = Field(
        default=None, description="PAdES-B-B, -B-T, -B-LT, -B-LTA, also PKCS7-… and CAdES-…; null where not told."
    )
    intact: bool | None = Field(
        description="Digest and signature value hold over the signed bytes; null = could not be computed."
    )
    broken: str | None = Field(
        default=None,
        description="Code of what does not hold when intact is false or null: digest-mismatch, signature-mismatch, malformed, …",
    )
    modification: Modification
    changes: tuple[Change, ...] = ()
    modification_detail: str | None = None
    sight: Sight | None = Field(
        default=None, description="Null where nothing was changed since, or the pages were not to be compared."
    )
    coverage: Literal["whole-file", "revision", "partial"]
    revision: int | None = Field(default=None, description="The revision that the signature covers, from 1.")
    revisions: int | None = None
    certification: str | None = Field(
        default=None, description="DocMDP level where it certifies: no-changes, fill-forms, annotate."
    )
    algorithms: Algorithms = Algorithms()
    indication: Indication
    sub_indication: str | None = None
    signer: Certificate | None = Field(description="Null where no certificate could be matched to the signature.")
    reason: str | None = Field(default=None, description="The reason that the signer wrote in.")
    location: str | None = None
    signature_policy: str | None = Field(
        default=None, description="Number of the policy that the signer names; it is told, not applied."
    )
    appearance: Appearance | None = Field(default=None, description="Null when invisible.")
    claimed_time: datetime | None = None
    best_time: datetime | None = Field(
        default=None, description="Earliest proven time of existence; null = none proven."
    )
    path: Path
    timestamps: tuple[Timestamp, ...] = ()
    revocation: tuple[RevocationFact, ...] = ()
    fetching: tuple[Fetching, ...] = ()
    signed_revision_sha256: str | None = Field(default=None, description="Digest of the file as it stood when signed.")

"""ImprintEvidence: one imprint as found, measured, read and compared."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_FROZEN = ConfigDict(frozen=True, extra="forbid")

Shape = Literal["round", "oval", "square", "rectangle", "triangle", "other"]
Ink = Literal["red", "blue", "purple", "green", "black", "unknown"]
Alternative = Literal["another-seal", "remake", "near-copy", "twin", "combined"]
ALTERNATIVES: tuple[Alternative, ...] = ("another-seal", "remake", "near-copy", "twin", "combined")
ClaimedBy = Literal["text", "certificate", "caller", "likeness"]


class Quality(BaseModel):
    """Whether the imprint can bear a conclusion, and what stands in the way (codes)."""

    model_config = _FROZEN

    sufficient: bool
    reasons: tuple[str, ...] = ()


class TextRead(BaseModel):
    """What was read on the seal; null where nothing could be. Confidences 0 to 1."""

    model_config = _FROZEN

    arc: str | None = None
    lines: tuple[str, ...] = ()
    code: str | None = None
    confidence: float | None = None
    reason: str | None = Field(default=None, description="Why nothing was read, e.g. no-tesseract, unreadable.")


class Likelihood(BaseModel):
    """log10 of P(measures | registered seal) / P(measures | alternative), clipped to limits that the data support."""

    model_config = _FROZEN

    against: Alternative
    log10_lr: float | None = Field(description="Null with a reason when it cannot be told.")
    limits: tuple[float, float] | None = None
    interval95: tuple[float, float] | None = None
    calibration: str | None = None
    basis: Literal["simulated", "real", "both"] | None = None
    reason: str | None = None


class Reuse(BaseModel):
    """Whether it is the very impression of a specimen (a pasted picture), not another print of one die."""

    model_config = _FROZEN

    log10_lr: float | None
    same_impression: bool | None = Field(description="Null = could not be told.")
    specimen: str | None = Field(default=None, description="SHA-256 of the specimen that it repeats.")


Means = Literal["stamped", "ink-jet", "laser", "photocopied"]


class MakingRates(BaseModel):
    """How often the statement errs on captures of this resolution, by the calibration's own crops: shares, 0 to 1."""

    model_config = _FROZEN

    stamped_called_printed: float
    printed_called_stamped: float
    undecided: float
    interval95_stamped_called_printed: tuple[float, float]
    crops: int
    seals: int


class Making(BaseModel):
    """How the mark came onto the page: stamped, printed (`means`: ink-jet, laser, photocopied) or electronic picture.

    `log10_odds_stamped`: of stamped against printed, both held equally likely beforehand. `rates`: the errors of the fit
    that spoke, on its `basis`.
    """

    model_config = _FROZEN

    kind: Literal["stamped", "printed", "electronic", "unknown"]
    reason: str | None = None
    means: Means | None = None
    log10_odds_stamped: float | None = None
    rates: MakingRates | None = None
    calibration: str | None = None
    basis: Literal["simulated", "real", "both"] | None = None


LineName = Literal[
    "width", "height", "centre-first", "centre-last", "first-last", "code", "arc-angle", "code-angle", "star-angle"
]


class Line(BaseModel):
    """A length in mm or an angle in degrees between the same landmarks on the specimen and on the questioned imprint.

    `first` and `last` are glyphs of the arc (in a frame: nearest to its first and last corner). Lengths are given only
    where the specimen's scale is known.
    """

    model_config = _FROZEN

    what: LineName
    unit: Literal["mm", "deg"]
    reference: float = Field(description="On the specimen.")
    questioned: float | None = Field(description="On the questioned imprint. Null: a length, and its scale is unknown.")
    unexplained: float = Field(
        description="What the questioned one differs by, beyond size and the smooth bending of rubber and paper."
    )
    deviation: float = Field(description="Standard deviation of it: reading, and scatter among genuine prints.")


class ComparisonEvidence(BaseModel):
    """One imprint held against one reference seal, out of `of` registered ones."""

    model_config = _FROZEN

    seal: str
    owner: str | None = None
    claimed_by: tuple[ClaimedBy, ...]
    of: int
    specimens: tuple[str, ...] = Field(description="SHA-256 of every specimen that it was held against.")
    taken: tuple[date, ...] = Field(
        default=(), description="The specimens' days, in the same order; empty where they are not said."
    )
    likelihoods: tuple[Likelihood, ...]
    reuse: Reuse
    making: Making
    measures: dict[str, float | None]
    lines: tuple[Line, ...] = Field(default=(), description="Lines and angles of the specimen that it is nearest to.")

    def against(self, alternative: Alternative) -> Likelihood:
        return next(x for x in self.likelihoods if x.against == alternative)


class PassedOver(BaseModel):
    """A seal that text, certificate or caller named, though another one of those is more alike: it decides nothing."""

    model_config = _FROZEN

    seal: str
    owner: str
    claimed_by: tuple[ClaimedBy, ...]
    screened: float | None = Field(description="Correlation in screening, −1 to 1; null where it was not screened.")
    in_full: bool = Field(description="Whether it was measured in full too, and was less alike there; else screened only.")


class ImprintEvidence(BaseModel):
    """One imprint found on a page."""

    model_config = _FROZEN

    kind: Literal["imprint"] = "imprint"
    id: str
    page: int
    box_px: tuple[int, int, int, int]
    box_mm: tuple[float, float, float, float] | None = Field(description="Null where the scale is unknown.")
    dpi: float | None = Field(description="Null where the scale is unknown.")
    shape: Shape
    ink: Ink
    size_mm: tuple[float, float] | None
    quality: Quality
    text: TextRead
    measures: dict[str, float | None] = Field(
        default={}, description="Of the imprint alone: angle, sharpness, inking, …"
    )
    comparisons: tuple[ComparisonEvidence, ...] = ()
    passed_over: tuple[PassedOver, ...] = Field(
        default=(), description="Seals named for it that are not the most alike: of an owner's many, one is meant."
    )

"""Our own inability, as distinct from bad news about a document (which is a finding)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class VerifyError(Exception):
    """We could not do what was asked.

    `code` is stable and machine-readable, `message` says what is the matter in one sentence,
    `hint` names the remedy. The edges map codes to exit codes and HTTP statuses.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.code}). {self.hint}"

    def __reduce__(self) -> tuple[type[VerifyError], tuple[str, str, str]]:
        # Exceptions cross the process border of the archive's workers.
        return type(self), (self.code, self.message, self.hint)


class Refusal(VerifyError):
    """A document that cannot be examined at all: empty, undecodable, encrypted, of an unsupported kind."""


class UsageError(VerifyError):
    """The caller asked for something that does not exist: an unknown policy, seal or option."""


class Problem(BaseModel):
    """Something that we could not do on one object; the rest went on. A report with problems cannot pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    where: str
    code: str
    message: str


class NotExamined(BaseModel):
    """Pages left out, as ranges ("61-5000"), and why. They make `seal` indeterminate at best."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pages: str
    why: str

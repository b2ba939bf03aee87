"""STAND-IN; overwrite me."""

from __future__ import annotations

from dataclasses import dataclass

from verify.imprints.find import Found
from verify.imprints.imprint import Imprint


@dataclass(frozen=True)
class Measured:
    size_mm: tuple[float, float] | None

    def numbers(self) -> dict[str, float | None]:
        return {}


def measure(imprint: Imprint, found: Found) -> Measured:
    if imprint.dpi is None or imprint.box is None:
        return Measured(None)
    return Measured((round(imprint.box[2] / imprint.dpi * 25.4, 2), round(imprint.box[3] / imprint.dpi * 25.4, 2)))

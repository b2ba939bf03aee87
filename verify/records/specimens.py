"""Registering an impression: the picture must decode, and its ink must have the size that the seal is said to have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np

from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError
from verify.core.geometry import px_to_mm
from verify.formats import read
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift
from verify.stores.seals import ReferenceSeal, Specimen

# So many impressions registration asks for: what two prints of one die differ by is learnt from them.
ENOUGH = 3
# The ink's extent over the seal's size. A tilted square is 1.2 times as wide, rubber and ink add some 6 %;
# a wrong dpi is off by a half or more (200 for 300, 300 for 600).
_SMALLEST, _LARGEST = 0.78, 1.28
_Value = TypeVar("_Value", float, date)
_DAY_NAME = re.compile(r"\d{4}-\d\d-\d\d$")


@dataclass(frozen=True, eq=False)
class NewSpecimen:
    """A specimen to be registered, with its picture."""

    specimen: Specimen
    data: bytes


def specimens_from(
    files: Sequence[Path], *, dpi: Sequence[float] = (), taken: Sequence[date] = (), size_mm: tuple[float, float]
) -> tuple[NewSpecimen, ...]:
    """Specimens from picture files. `dpi` and `taken` are one for all, one for each, or none: then the file's own
    resolution, and its name where that is a day.

    Raises UsageError: specimen-missing, specimen-unreadable, specimen-dpi, specimen-day, specimen-size,
    specimen-twice, specimen-pages, options-unequal.
    """
    if not files:
        raise UsageError(
            "specimen-missing",
            "no specimen was given, so no imprint could be compared with the seal",
            "Name the pictures of three impressions: --specimen FILE --specimen FILE --specimen FILE.",
        )
    dpis = _each("--dpi", [float(v) for v in dpi], len(files))
    days = _each("--taken", list(taken), len(files))
    found: list[NewSpecimen] = []
    names: set[str] = set()
    for path, given_dpi, given_day in zip(files, dpis, days, strict=True):
        data = _bytes(path)
        if any(one.specimen.sha256 == digest(data) for one in found):
            raise UsageError(
                "specimen-twice",
                f"{path} is the same picture as another specimen",
                "Name a picture of another impression.",
            )
        own = _resolution(data, path.name)
        scale = given_dpi if given_dpi is not None else own
        if scale is None:
            raise UsageError(
                "specimen-dpi", f"{path} does not say its resolution", "Give it by --dpi; 0 says that it is unknown."
            )
        day = given_day or _day_of(path)
        check_picture(data, path.name, dpi=scale, size_mm=size_mm)
        name = _name(day, path.suffix.lower(), names)
        names.add(name)
        found.append(NewSpecimen(Specimen(file=name, dpi=scale, taken=day, sha256=digest(data)), data))
    return tuple(found)


def check_specimens(seal: ReferenceSeal, pictures: Sequence[bytes]) -> None:
    """Whether the pictures of a seal to be imported decode and fit its size; raises as `specimens_from` does."""
    for specimen, data in zip(seal.specimen, pictures, strict=True):
        check_picture(data, f"{specimen.file} of seal {seal.id}", dpi=specimen.dpi, size_mm=seal.size_mm)


def check_picture(data: bytes, name: str, *, dpi: float, size_mm: tuple[float, float]) -> None:
    """Raises UsageError: specimen-unreadable, specimen-pages, specimen-size."""
    try:
        document = read(data, name=name)
        if document.format != "image" or len(document.pages) != 1:
            raise UsageError(
                "specimen-pages", f"{name} is not one picture", "Save the impression as one PNG, JPEG or TIFF."
            )
        pixels = document.pages[0].render(None)
    except UsageError:
        raise
    except VerifyError as error:
        raise UsageError("specimen-unreadable", f"{name} cannot be a specimen: {error.message}", error.hint) from error
    measured = _extent_mm(Imprint(pixels=pixels.copy(), dpi=dpi or None))
    if measured is None:
        return
    ratio = max(measured) / max(size_mm)
    if not _SMALLEST <= ratio <= _LARGEST:
        shown = " x ".join(f"{v:.1f}" for v in measured)
        said = " x ".join(f"{v:g}" for v in size_mm)
        raise UsageError(
            "specimen-size",
            f"{name}: at {dpi:g} dpi the ink measures {shown} mm, but the seal is said to be {said} mm",
            "Correct the resolution or the size, and cut the picture to the seal.",
        )


def _extent_mm(imprint: Imprint) -> tuple[float, float] | None:
    """Width and height of what is inked, a few stray specks left out; None where the scale is unknown."""
    ink = lift(imprint)
    if ink.dpi is None:
        return None
    inked = ink.density > 0.5
    spans = []
    for axis in (0, 1):
        along = np.cumsum(inked.sum(axis=axis))
        if along[-1] == 0:
            return (0.0, 0.0)
        first, last = np.searchsorted(along, [0.002 * along[-1], 0.998 * along[-1]])
        spans.append(px_to_mm(float(last - first + 1), ink.dpi))
    return spans[0], spans[1]


def _each(option: str, values: list[_Value], count: int) -> list[_Value | None]:
    if not values:
        return [None] * count
    if len(values) not in (1, count):
        raise UsageError(
            "options-unequal",
            f"{option} was given {len(values)} times for {count} specimens",
            f"Give {option} once for all, or once for each --specimen in their order.",
        )
    return list(values if len(values) == count else values * count)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            "specimen-unreadable", f"{path} cannot be read: {error.strerror}", "Name a picture of an impression."
        ) from error


def _resolution(data: bytes, name: str) -> float | None:
    try:
        return read(data, name=name).pages[0].native_dpi
    except VerifyError as error:
        raise UsageError("specimen-unreadable", f"{name} cannot be a specimen: {error.message}", error.hint) from error


def _day_of(path: Path) -> date:
    if _DAY_NAME.match(path.stem):
        try:
            return date.fromisoformat(path.stem)
        except ValueError:
            pass
    raise UsageError("specimen-day", f"on which day {path} was taken is not said", "Give it by --taken, as 2026-01-31.")


def _name(day: date, suffix: str, taken: set[str]) -> str:
    """`2024-01-05.png`, then `2024-01-05-2.png`."""
    stems = [day.isoformat(), *(f"{day.isoformat()}-{n}" for n in range(2, len(taken) + 2))]
    return next(name for stem in stems if (name := f"{stem}{suffix}") not in taken)

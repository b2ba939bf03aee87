"""Simulated pairs of known truth for fitting and measuring a comparison, by seal number; what is drawn: `drawing`.

Crops are kept as PNG beside their scale (some 0.7 MB each), measures as lines, both by what made them: code that draws
or measures otherwise finds nothing of the old.
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import caching
import cv2
import drawing
import numpy as np
from caching import Measure
from drawing import HARDNESSES as HARDNESSES
from drawing import HELD_OUT_FROM as HELD_OUT_FROM
from drawing import LIGHT_FROM as LIGHT_FROM
from drawing import MIX as MIX
from drawing import PRINTED as PRINTED
from drawing import Kind as Kind
from drawing import faces_of as faces_of
from drawing import hardness_of as hardness_of

from verify.imprints.imprint import Imprint
from verify.simulation.forgeries import ALTERNATIVE, Mechanism
from verify.simulation.impressions import Hardness


def alternative_of(kind: Kind) -> str:
    """The report's word for it: genuine, reused, printed, or the alternative that its mechanism belongs to."""
    plain = kind.removesuffix("-2")
    if plain in PRINTED:
        return "printed"
    return plain if plain in ("genuine", "reused") else ALTERNATIVE[cast(Mechanism, plain)]


def training_seals(full: int, light: int) -> list[int]:
    """The numbers that a calibration is fitted on; those from `HELD_OUT_FROM` on never are."""
    return [*range(full), *range(LIGHT_FROM, LIGHT_FROM + light)]


# ── rendering ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class Rendered:
    """A number's specimens, oldest first, and what is questioned in one hardness."""

    seal: int
    hardness: Hardness
    specimens: tuple[Imprint, Imprint, Imprint]
    questioned: Mapping[Kind, Imprint]


def rendered(seal: int, cache: Path, hardness: Hardness | None = None) -> Rendered:
    """From the cache, or drawn (the same for ever) and put there. `hardness` None: the number's own."""
    asked = hardness or hardness_of(seal)
    folder = cache / f"renders-{drawn_by(seal)}" / f"{seal:06d}"
    first, second, third = _kept(folder / "specimens", lambda: drawing.specimens(seal)).values()
    questioned = _kept(folder / asked, lambda: {str(k): v for k, v in drawing.questioned(seal, asked, first).items()})
    return Rendered(seal, asked, (first, second, third), {cast(Kind, k): v for k, v in questioned.items()})


@functools.cache
def drawn_by(seal: int) -> str:
    """A digest of what draws a number: `drawing`, the simulator's code as far as it reaches, the typefaces."""
    files = caching.reached((Path(drawing.__file__).resolve(),), "verify.simulation")
    return caching.digest(files, *faces_of(seal))


@functools.cache
def measured_by() -> str:
    """The same of the code that lifts, aligns and measures; what a calibration makes of the measures has no part in it."""
    files = caching.reached((caching.ROOT / "verify/imprints/several.py",), "verify.imprints")
    return caching.digest(tuple(f for f in files if f.name not in ("likelihood.py", "evidence.py")))


def gather(
    measure: Measure, seals: Iterable[int], *, cache: Path, name: str, workers: int, made_by: str | None = None
) -> Iterator[dict[str, Any]]:
    """`caching.gather`; without `made_by` the rows hang on what draws, on the code that measures and on `measure` itself."""
    wanted = list(seals)
    of = made_by
    if of is None:
        text = ast.dump(ast.parse(textwrap.dedent(inspect.getsource(measure))))
        of = f"{drawn_by(max(wanted))}-{caching.digest((), measured_by(), text)}"
    return caching.gather(measure, wanted, cache=cache, name=name, workers=workers, made_by=of)


def _kept(folder: Path, draw: Callable[[], dict[str, Imprint]]) -> dict[str, Imprint]:
    """What the folder holds, by name; drawn and put there when it is not whole."""
    index = folder / "scales.json"
    if index.exists():
        scales = json.loads(index.read_text(encoding="utf-8"))
        return {name: Imprint(_pixels(folder / f"{name}.png"), dpi) for name, dpi in scales.items()}
    drawn = draw()
    folder.mkdir(parents=True, exist_ok=True)
    for name, imprint in drawn.items():
        flags = [cv2.IMWRITE_PNG_COMPRESSION, 1]
        cv2.imwrite(str(folder / f"{name}.png"), np.ascontiguousarray(imprint.pixels[:, :, ::-1]), flags)
    # Last and at once: a folder with an index is whole.
    torn = folder / "scales.part"
    torn.write_text(json.dumps({n: i.dpi for n, i in drawn.items()}), encoding="utf-8")
    torn.replace(index)
    return drawn


def _pixels(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    pixels = cv2.imread(str(path))
    if pixels is None:
        raise FileNotFoundError(path)
    return np.ascontiguousarray(pixels[:, :, ::-1], np.uint8)

"""What is drawn of a seal number, from the simulator: the same for ever for the same code and typefaces.

A number is a design (layout, face, words, make) and its one die. Of it there are three dated specimens, each of a session
of its own: 300 or 600 dpi, a clean hand, one in five starved or flooded, one in eight printed or written over.
Questioned, in each hardness of capture: prints of later sessions, a print of a die by each mechanism of forgery, one
genuine print reproduced by ink-jet, laser or photocopier, and the first specimen's own picture pasted. The die wears from
session to session; any print's paper may have been printed or copied to fit.

Numbers below `LIGHT_FROM` are drawn in full, those from there on lightly (the limits of a ratio grow with the number
of seals, not of pairs); both are to fit and calibrate on. Those from `HELD_OUT_FROM` on are never fitted on, and are set in
typefaces of their own.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Literal, cast

import cv2
import numpy as np

from verify.core.errors import VerifyError
from verify.core.geometry import MM_PER_INCH
from verify.imprints.imprint import Imprint
from verify.simulation.dies import Die, DieSpec, make_die, worn
from verify.simulation.fields import Rng, between, pick
from verify.simulation.fonts import HELD_OUT_FACES, TRAINING_FACES, FontName, font, is_chinese
from verify.simulation.forgeries import Mechanism, forge
from verify.simulation.generator import random_seal
from verify.simulation.impressions import Hardness, Pressing, Session, press
from verify.simulation.reproductions import HOWS, Device, How, reproduce
from verify.simulation.scans import Capture, Scan, clutter, scan_crop, scan_page

SEED = 20261124
Mix = Literal["genuine", "genuine-2", "reused"] | Mechanism
Kind = Mix | How
MIX: tuple[Mix, ...] = (
    "genuine", "genuine-2", "another-seal", "digit-changed", "other-font", "re-set", "copy-engraved", "near-copy",
    "optical-copy", "twin", "reused",
)  # fmt: skip
PRINTED: tuple[How, ...] = HOWS
HARDNESSES: tuple[Hardness, ...] = ("clean", "medium", "hard")
# Of ten seals that are captured in one hardness only, so many are clean, medium and hard.
HARDNESS: tuple[Hardness, ...] = (
    "clean", "medium", "clean", "hard", "medium", "clean", "medium", "clean", "hard", "medium",
)  # fmt: skip
LIGHT_FROM = 1000
LIGHT_HARDNESS: tuple[Hardness, ...] = (
    "clean", "medium", "clean", "clean", "hard", "clean", "medium", "clean", "medium", "clean",
)  # fmt: skip
HELD_OUT_FROM = 100_000
SPECIMENS = 3
_REMAKE: tuple[Mix, ...] = ("other-font", "re-set", "copy-engraved")
_NEAR: tuple[Mix, ...] = ("near-copy", "optical-copy")


def hardness_of(seal: int) -> Hardness:
    """The hardness of a number that is captured in one only."""
    if _light(seal):
        return LIGHT_HARDNESS[seal % len(LIGHT_HARDNESS)]
    return HARDNESS[seal % len(HARDNESS)]


def kinds_of(seal: int, hardness: Hardness | None = None) -> tuple[Kind, ...]:
    """What is questioned of a number in a hardness (none: its own). Of held-out ones, all hardnesses are asked, so that
    each kind of reproduction falls to one of them, and so does the pasted picture."""
    if _light(seal):
        kinds: tuple[Kind, ...] = ("genuine", "another-seal", _REMAKE[seal % 3], _NEAR[seal // 2 % 2])
        return (*kinds, "digit-changed") if seal % 2 else kinds
    turn = (seal + HARDNESSES.index(hardness or hardness_of(seal))) % 3
    return (*(k for k in MIX if k != "reused" or turn == 0 or seal < HELD_OUT_FROM), PRINTED[turn])


def _light(seal: int) -> bool:
    return LIGHT_FROM <= seal < HELD_OUT_FROM


# ── the design and its die ───────────────────────────────────────────────────────────────────────────────


def design(seal: int) -> DieSpec:
    return random_seal(seal, faces=faces_of(seal))


def faces_of(seal: int) -> tuple[FontName, ...]:
    """What a number may be set in: held-out ones in faces that no other is set in, as far as those are installed."""
    return _held_out_faces() if seal >= HELD_OUT_FROM else TRAINING_FACES


@functools.cache
def _held_out_faces() -> tuple[FontName, ...]:
    """By script, since a forger takes another face of the same one: all of a script's, or those of training."""
    chosen: list[FontName] = []
    for chinese in (True, False):
        own, usual = ([f for f in faces if is_chinese(f) == chinese] for faces in (HELD_OUT_FACES, TRAINING_FACES))
        chosen += own if all(map(_installed, own)) else usual
    return tuple(chosen)


def _installed(face: FontName) -> bool:
    try:
        font(face, 48)
    except VerifyError:
        return False
    return True


@functools.lru_cache(maxsize=SPECIMENS + 1)
def _die(seal: int, sitting: int) -> Die:
    """The die when the specimen of that sitting is made; 0: as it was cut."""
    if sitting == 0:
        return make_die(design(seal), np.random.default_rng((SEED, seal)))
    before, rng = _die(seal, sitting - 1), np.random.default_rng((SEED, seal, 3, sitting))
    return worn(before, _sitting(seal, sitting).wear, rng)


def _sitting(seal: int, sitting: int) -> Session:
    return Session.draw(np.random.default_rng((SEED, seal, 4, sitting)), "clean")


def specimens(seal: int) -> dict[str, Imprint]:
    return {f"specimen-{n}": _imprint(_specimen(seal, n)) for n in range(1, SPECIMENS + 1)}


def _specimen(seal: int, sitting: int) -> Scan:
    """A print made to be registered: nobody starves, floods or covers it on purpose."""
    die, rng = _die(seal, sitting), np.random.default_rng((SEED, seal, 1, sitting))
    pressing = Pressing.draw(rng, "clean", making=die.spec.making, session=_sitting(seal, sitting))
    fate = rng.random()
    if fate < 0.1:
        pressing = replace(pressing, load=between(rng, 0.5, 0.7), starved=between(rng, 0.05, 0.15))
    elif fate < 0.2:
        pressing = replace(pressing, load=between(rng, 1.3, 1.6), gain=pressing.gain + between(rng, 0.015, 0.035))
    over: tuple[Hardness, ...] = (*["ideal"] * 7, "clean", "clean", "medium")
    capture = Capture.draw(rng, "clean", dpi=float(pick(rng, (300, 600))))
    return scan_crop(press(die, pressing, rng), capture, rng, clutter_of=pick(rng, over))


def questioned(seal: int, hardness: Hardness, specimen: Imprint) -> dict[Kind, Imprint]:
    die = _die(seal, SPECIMENS)
    found: dict[Kind, Imprint] = {}
    for kind in kinds_of(seal, hardness):
        rng = np.random.default_rng((SEED, seal, 2 + HARDNESSES.index(hardness), (*MIX, *PRINTED).index(kind)))
        if kind == "reused":
            found[kind] = reused(specimen, rng)
        elif kind in PRINTED:
            found[kind] = _imprint(_reproduced(cast(How, kind), die, hardness, rng))
        elif kind in ("genuine", "genuine-2"):
            found[kind] = _imprint(_print(die, hardness, rng))
        else:
            found[kind] = _imprint(_print(forge(cast(Mechanism, kind), die, rng), hardness, rng))
    return found


def _print(die: Die, hardness: Hardness, rng: Rng) -> Scan:
    """A print of a session of its own, the die worn by then, its paper perhaps printed or copied to fit."""
    session = Session.draw(rng, hardness)
    pressing = Pressing.draw(rng, hardness, making=die.spec.making, session=session)
    impression = press(worn(die, session.wear, rng), pressing, rng)
    return scan_crop(impression, Capture.draw(rng, hardness, fit=session.fit), rng, clutter_of=hardness)


def _reproduced(how: How, die: Die, hardness: Hardness, rng: Rng) -> Scan:
    """A genuine print scanned well, put on paper again, used (text, rules, a pen) and captured."""
    session = Session.draw(rng, "clean")
    pressing = Pressing.draw(rng, "clean", making=die.spec.making, session=session)
    impression = press(worn(die, session.wear, rng), pressing, rng)
    source = scan_crop(impression, Capture.draw(rng, "clean"), rng)
    assert source.dpi is not None  # a scanner's
    width, height = (n * MM_PER_INCH / source.dpi for n in source.pixels.shape[1::-1])
    layers = reproduce(source.pixels, source.dpi, Device.draw(rng, how), rng)
    content = (*layers, *clutter(rng, hardness, width, height))
    capture = Capture.draw(rng, hardness, fit=session.fit)
    return scan_page([], content, capture, rng, size_mm=(width, height))


def _imprint(scan: Scan) -> Imprint:
    return Imprint(scan.pixels, scan.dpi)


def reused(specimen: Imprint, rng: np.random.Generator) -> Imprint:
    """The specimen's own picture, turned, rescaled, its contrast changed, printed light or dark, saved as JPEG."""
    factor = (
        float(rng.choice([0.5, 0.75, 1.0, 1.0]))
        if (specimen.dpi or 0) > 400
        else float(rng.choice([0.8, 1.0, 1.0, 1.3]))
    )
    turn = float(rng.normal(0, 6)) if rng.random() < 0.7 else 0.0
    h, w = specimen.pixels.shape[:2]
    size = round(w * factor), round(h * factor)
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), turn, factor)
    matrix[:, 2] += np.array(size) / 2 - np.array((w, h)) / 2
    paper = tuple(float(v) for v in np.percentile(specimen.pixels.reshape(-1, 3), 80, axis=0))
    source = cv2.GaussianBlur(specimen.pixels, (0, 0), max(0.01, 0.35 * (1 / factor - 0.9)))
    picture = cv2.warpAffine(
        source, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=paper
    )
    light = picture.astype(np.float32) * float(rng.uniform(0.92, 1.08)) + rng.normal(
        0, float(rng.uniform(0, 2.5)), picture.shape
    )
    pixels = np.clip(light, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(65, 96))])
        pixels = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return Imprint(pixels, None if specimen.dpi is None else specimen.dpi * factor)

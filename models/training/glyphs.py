"""Makes models/<name>/: the network of `verify.imprints.replaced`, trained on simulation.

    python models/training/glyphs.py --cache DIR [--seals 110] [--light 360] [--steps 6000] [--workers 2] [--name glyphs-1]

Compares the seals' pairs (rendered as for comparison.py, from the same cache; 3 s of one core a seal), makes changes by
setting the questioned print's own ink of one glyph in the place of another, trains on four fifths of the seals, measures
on the fifth, writes network.onnx and card.md, then the digests into models/index.toml. Needs PyTorch and onnx beside the
product's packages. Equal arguments give an equal network on one kind of machine: chance is seeded, one thread computes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from comparison import write_index
from drawing import HARDNESSES, MIX, PRINTED, SEED, SPECIMENS, _die, design
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from pairs import Kind, drawn_by, hardness_of, measured_by, rendered, training_seals

from verify.core.geometry import MM_PER_INCH
from verify.imprints import align, replaced
from verify.imprints.align import FINE
from verify.imprints.imprint import Imprint
from verify.imprints.ink import lift
from verify.imprints.measuring import Measures, against
from verify.imprints.prepared import Prepared, prepare
from verify.imprints.replaced import CELL
from verify.simulation.dies import Die, make_die
from verify.simulation.forgeries import forge

ROOT = Path(__file__).resolve().parents[1]
UNCHANGED: tuple[Kind, ...] = ("genuine", "genuine-2", "near-copy")  # a near copy has the same glyphs
FIFTH = 5
CROP, POOL = 64, 112  # pixels: what is trained on; what is kept, so that a place may lie anywhere in the crop
MARGIN = 8  # pixels of a crop whose answers lean on what lies beyond it
EACH = 8  # a step's crops of changes, of hard unchanged places, of any unchanged places
CHANGES = 5  # made of each unchanged print
# Channels in and out, width, stride. Two strides of 2: one answer for four pixels, from 25 about it.
LAYERS = ((4, 16, 5, 2), (16, 16, 3, 1), (16, 16, 3, 1), (16, 24, 3, 2), (24, 24, 3, 1), (24, 16, 1, 1), (16, 1, 1, 1))

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
# Channels, cells that may answer, cells of the change, cells far from it: all POOL pixels square.
Crop = tuple[NDArray[np.float16], Mask, Mask, Mask]


@dataclass(eq=False)
class Print:
    """One comparison: maps (h, w) in the specimen's frame; `glyphs` (n, 6): row, column, width and height in mm, turn in
    degrees clockwise, code point; `change`: where the glyph is that the forger changed, (row, column, reach) in pixels."""

    seal: int
    kind: str
    expected: NDArray[np.uint8]
    even: NDArray[np.uint8]
    where: Mask
    glyphs: Floats
    change: tuple[float, float, float] | None
    measures: Measures
    channels: NDArray[np.float16] = field(init=False)
    lookable: Mask = field(init=False)
    crops: list[Crop] = field(default_factory=list)

    @property
    def held_out(self) -> bool:
        return self.seal // 10 % FIFTH == 0

    @property
    def maps(self) -> tuple[Floats, Floats]:
        return self.expected / np.float32(190), self.even / np.float32(190)


# ── prints ───────────────────────────────────────────────────────────────────────────────────────────────


def prints(seal: int, cache: Path) -> list[Print]:
    """The unchanged prints of a seal number and the one with a glyph changed, compared with its first specimen."""
    drawn = rendered(seal, cache)
    prepared = prepare(drawn.specimens[0])
    place = Placing(prepared, make_die(design(seal), np.random.default_rng((SEED, seal))))
    found = []
    for kind, imprint in drawn.questioned.items():
        if kind not in (*UNCHANGED, "digit-changed"):
            continue
        one = against(lift(imprint), prepared)
        expected, even = (
            np.asarray(np.clip(m, 0, 1.3) * 190 + 0.5, np.uint8)
            for m in (one.pictures.reference, one.pictures.questioned)
        )
        where = one.pictures.known & prepared.ground
        change = place.change(seal) if kind == "digit-changed" else None
        found.append(Print(seal, str(kind), expected, even, where, place.glyphs, change, one.measures))
    return found


class Placing:
    """Where the die's glyphs lie in the specimen's frame: the artwork, drawn plainly, is aligned to the specimen."""

    def __init__(self, prepared: Prepared, die: Die) -> None:
        factor = FINE / die.px_per_mm
        plain = cv2.resize(die.coverage, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        grey = np.asarray(255 - 235 * np.clip(plain, 0, 1), np.uint8)
        artwork = align.frame(lift(Imprint(np.repeat(grey[..., None], 3, 2), FINE * MM_PER_INCH)))
        pose = align.align(prepared.searchable, artwork, scale_known=True)
        x, y = pose.grid(prepared.template.shape)
        middle = np.array(plain.shape[::-1]) / 2
        self._x_mm = (x + 0.5 - artwork.offset[0] - middle[0]) / FINE
        self._y_mm = (y + 0.5 - artwork.offset[1] - middle[1]) / FINE
        rows = [
            (*self._at(u.x_mm, u.y_mm), u.w_mm, u.h_mm, u.turn_deg - pose.rotation, ord(u.text[0]))
            for u in die.units
            if u.kind == "glyph"
        ]
        self.glyphs = np.array(rows, np.float32).reshape(-1, 6)

    def _at(self, x_mm: float, y_mm: float) -> tuple[int, int]:
        row, column = divmod(int(((self._x_mm - x_mm) ** 2 + (self._y_mm - y_mm) ** 2).argmin()), self._x_mm.shape[1])
        return row, column

    def change(self, seal: int) -> tuple[float, float, float]:
        """Which glyph the forger of this number changed: forged again by the same chance."""
        die, hardness = _die(seal, SPECIMENS), HARDNESSES.index(hardness_of(seal))
        rng = np.random.default_rng((SEED, seal, 2 + hardness, (*MIX, *PRINTED).index("digit-changed")))
        units = zip(die.units, forge("digit-changed", die, rng).units, strict=True)
        old = next(a for a, b in units if a.text != b.text)
        return (*self._at(old.x_mm, old.y_mm), FINE * max(old.w_mm, old.h_mm) / 2)


def kept(seal: int, cache: Path) -> list[Print]:
    """`prints`, from the cache where they are there already."""
    path = cache / f"glyphs-{drawn_by(seal)}-{measured_by()}" / f"{seal:06d}.npz"
    names = ("expected", "even", "where", "glyphs")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = {}
        for p in prints(seal, cache):
            made.update({f"{p.kind}/{n}": getattr(p, n) for n in names})
            made[f"{p.kind}/change"] = np.array(p.change or (), np.float32)
            made[f"{p.kind}/glyph_worst"] = np.array(p.measures["glyph_worst"] or 0.0)
        draft = path.with_suffix(".part.npz")
        np.savez_compressed(draft, **made)
        draft.replace(path)
    found = []
    with np.load(path) as data:
        for kind in sorted({n.split("/")[0] for n in data.files}):
            change = tuple(float(v) for v in data[f"{kind}/change"])
            expected, even, where, glyphs = (data[f"{kind}/{n}"] for n in names)
            place = (change[0], change[1], change[2]) if change else None
            worst: Measures = {"glyph_worst": float(data[f"{kind}/glyph_worst"])}
            found.append(Print(seal, kind, expected, even, where, glyphs, place, worst))
    return found


# ── changes ──────────────────────────────────────────────────────────────────────────────────────────────


def made_ready(one: Print, changes: int) -> None:
    """Its channels, and crops of changes: the forger's where there is one, else made of the print's own glyphs."""
    rng = np.random.default_rng((SEED, one.seal, (*UNCHANGED, "digit-changed").index(one.kind)))
    expected, even = one.maps
    h, w = expected.shape
    one.channels = replaced.channels(expected, even, one.where).astype(np.float16)[:, :h, :w]
    one.lookable = replaced.lookable(expected, even, one.where)
    if one.change is not None:
        row, column, reach = one.change
        yy, xx = np.ogrid[:h, :w]
        _keep(one, even, np.asarray((yy - row) ** 2 + (xx - column) ** 2 < (reach + 2) ** 2))
        return
    for _ in range(changes):
        changed = _another_glyph(one, rng)
        if changed is not None:
            _keep(one, *changed)


def _keep(one: Print, even: Floats, region: Mask) -> None:
    if not region.any() or one.where[region].mean() < 0.5:
        return
    expected, _ = one.maps
    h, w = expected.shape
    maps = replaced.channels(expected, even, one.where).astype(np.float16)[:, :h, :w]
    may = replaced.lookable(expected, even, one.where)
    far = cv2.dilate(region.astype(np.uint8), np.ones((21, 21), np.uint8)) == 0
    row, column = np.argwhere(region).mean(axis=0)
    corner = int(row) - POOL // 2, int(column) - POOL // 2
    full = np.repeat(np.repeat(may, CELL, 0), CELL, 1)[:h, :w]
    one.crops.append((_crop(maps, corner, POOL), *(_crop(m, corner, POOL) for m in (full, full & region, full & far))))


def _another_glyph(one: Print, rng: np.random.Generator) -> tuple[Floats, Mask] | None:
    """The questioned ink with one glyph's place taken by another glyph of its own, and where; None if none fits."""
    glyphs, (_, even) = one.glyphs, one.maps
    small = np.flatnonzero(np.minimum(glyphs[:, 2], glyphs[:, 3]) < 2.4)
    for _ in range(10):
        pool = small if len(small) > 2 and rng.random() < 0.75 else np.arange(len(glyphs))
        if len(glyphs) < 3:
            return None
        old = glyphs[int(rng.choice(pool))]
        alike = (np.abs(np.log(glyphs[:, 2] / old[2])) < 0.35) & (np.abs(np.log(glyphs[:, 3] / old[3])) < 0.2)
        others = np.flatnonzero(alike & (glyphs[:, 5] != old[5]))
        if not len(others):
            continue
        new = glyphs[int(rng.choice(others))]
        half_w, half_h = ((max(old[k], new[k]) * FINE + 3) / 2 for k in (2, 3))
        reach = int(np.ceil(np.hypot(half_w, half_h))) + 2
        row, column = int(old[0]), int(old[1])
        if min(row, column, even.shape[0] - 1 - row, even.shape[1] - 1 - column) < reach:
            continue
        here = np.s_[row - reach : row + reach + 1, column - reach : column + reach + 1]
        yy, xx = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
        turn, by = np.deg2rad(old[4]), np.deg2rad(new[4] - old[4])
        across, down = np.cos(turn) * xx + np.sin(turn) * yy, np.cos(turn) * yy - np.sin(turn) * xx
        box = np.clip(half_w - np.abs(across) + 0.5, 0, 1) * np.clip(half_h - np.abs(down) + 0.5, 0, 1)
        from_x = (new[1] + np.cos(by) * xx - np.sin(by) * yy).astype(np.float32)
        from_y = (new[0] + np.sin(by) * xx + np.cos(by) * yy).astype(np.float32)
        seen = cv2.remap(one.where.astype(np.float32), from_x, from_y, cv2.INTER_LINEAR)
        if (seen * box).sum() < 0.97 * box.sum() or (one.where[here] * box).sum() < 0.55 * box.sum():
            continue
        changed = even.copy()
        changed[here] = box * cv2.remap(even, from_x, from_y, cv2.INTER_LINEAR) + (1 - box) * even[here]
        if (np.abs(changed - even) * one.where).max() < 0.35:
            continue  # nobody could see it
        region = np.zeros(even.shape, np.bool_)
        region[here] = box > 0.5
        return changed, region
    return None


# ── training ─────────────────────────────────────────────────────────────────────────────────────────────


def network() -> torch.nn.Sequential:
    parts: list[torch.nn.Module] = []
    for into, out, width, stride in LAYERS:
        parts += [torch.nn.Conv2d(into, out, width, stride, width // 2), torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1])


def train(given: Sequence[Print], steps: int) -> torch.nn.Sequential:
    """The network after `steps` of Adam. A seal is judged by its worst place, so whole crops are: by the log of the sum
    of the odds over the cells of the change, which must be high, and over all others, which must be low; a third of the
    crops are those places of unchanged prints that look worst to the network so far."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = np.random.default_rng(SEED)
    changed = [[p for p in given if p.crops and (p.change is not None) == own] for own in (False, True)]
    unchanged = [p for p in given if p.change is None and p.kind in UNCHANGED and p.lookable.any()]
    made = network()
    optimiser = torch.optim.Adam(made.parameters(), 5e-3)
    hard: list[tuple[Print, int, int]] = []
    for step in range(steps):
        if step and step % max(1, steps // 6) == 0:
            hard = _worst(made, [unchanged[int(i)] for i in rng.permutation(len(unchanged))[:150]])
        for group in optimiser.param_groups:
            group["lr"] = 5e-3 * min(1.0, step / 60 + 0.02) * max(0.02, 1 - (step / steps) ** 1.5)
        batch = []
        for k in range(3 * EACH):
            if k < EACH:
                pool = changed[int(rng.random() < 0.3 and bool(changed[1]))]
                batch.append(_changed(pool[int(rng.integers(len(pool)))], rng))
            elif k < 2 * EACH and hard:
                one, row, column = hard[int(len(hard) * rng.random() ** 1.5)]
                batch.append(_unchanged(one, row, column, rng))
            else:
                one = unchanged[int(rng.integers(len(unchanged)))]
                cells = np.argwhere(one.lookable)
                row, column = CELL * cells[int(rng.integers(len(cells)))]
                batch.append(_unchanged(one, int(row), int(column), rng))
        maps, inside, outside = (torch.from_numpy(np.stack(m)) for m in zip(*batch, strict=True))
        logits = made(maps)[:, 0]
        told = inside.flatten(1).any(1)
        size = inside.flatten(1).sum(1).clamp(min=1).float()
        found = torch.nn.functional.softplus(0.5 * torch.log(size) - _odds(logits, inside))[told].mean()
        false = torch.nn.functional.softplus(_odds(logits, outside) - 1)
        loss = found + false[EACH:].mean() + 0.5 * false[:EACH].mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(made.parameters(), 2.0)
        optimiser.step()
        if step % 500 == 0:
            print(f"step {step}: loss {float(loss.detach()):.3f}", flush=True)
    return made


def _odds(logits: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    return torch.logsumexp(torch.where(where, logits, torch.full_like(logits, -30.0)).flatten(1), 1)


def _worst(made: torch.nn.Sequential, given: Sequence[Print]) -> list[tuple[Print, int, int]]:
    found = [(place.logit, p, place) for p in given for place in seen_by(made, p)]
    found.sort(key=lambda f: -f[0])
    pixels = FINE  # a millimetre's
    return [(p, int(w.y_mm * pixels), int(w.x_mm * pixels)) for _, p, w in found[: len(found) * 2 // 3]]


class Eye(replaced.Network):
    """The network that is being trained, in the place of the one that OpenCV reads."""

    def __init__(self, made: torch.nn.Sequential) -> None:
        self._made = made

    def logits(self, maps: Floats) -> Floats:
        with torch.no_grad():
            return np.asarray(self._made(torch.from_numpy(maps[None]))[0, 0].numpy(), np.float32)


def seen_by(made: torch.nn.Sequential, one: Print) -> tuple[replaced.Place, ...]:
    return replaced.find(*one.maps, one.where, Eye(made))


def _changed(one: Print, rng: np.random.Generator) -> tuple[Floats, Mask, Mask]:
    maps, may, inside, outside = one.crops[int(rng.integers(len(one.crops)))]
    spare = (POOL - CROP) // 2
    corner = tuple(int(v) for v in spare + rng.integers(-(spare // 2), spare // 2 + 1, 2))
    maps, may, inside, outside = (_crop(m, (corner[0], corner[1]), CROP) for m in (maps, may, inside, outside))
    return _varied(maps, inside & may, outside & may, rng)


def _unchanged(one: Print, row: int, column: int, rng: np.random.Generator) -> tuple[Floats, Mask, Mask]:
    corner = row - CROP // 2 + int(rng.integers(-12, 13)), column - CROP // 2 + int(rng.integers(-12, 13))
    h, w = one.where.shape
    may = _crop(np.repeat(np.repeat(one.lookable, CELL, 0), CELL, 1)[:h, :w], corner, CROP)
    return _varied(_crop(one.channels, corner, CROP), np.zeros_like(may), may, rng)


def _varied(
    maps: NDArray[np.float16], inside: Mask, outside: Mask, rng: np.random.Generator
) -> tuple[Floats, Mask, Mask]:
    """The crop turned or mirrored, and a little of what other presses, scanners and alignments do to it."""
    expected, even, seen, usual = maps.astype(np.float32)
    if rng.random() < 0.3:
        moved = np.array([[1, 0, rng.normal(0, 0.5)], [0, 1, rng.normal(0, 0.5)]], np.float32)
        even = cv2.warpAffine(even, moved, (CROP, CROP), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.3:
        even = np.clip(even, 0, None) ** np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.08))
    if rng.random() < 0.2:
        sigma = float(rng.uniform(0.3, 0.8))
        expected, even = (cv2.GaussianBlur(m, (0, 0), sigma) for m in (expected, even))
    if rng.random() < 0.2:
        even = even + rng.normal(0, rng.uniform(0, 0.05), even.shape)
    whole = np.zeros((CROP, CROP), np.bool_)
    whole[MARGIN:-MARGIN, MARGIN:-MARGIN] = True
    turn, mirror, middle = int(rng.integers(4)), bool(rng.integers(2)), CELL // 2

    def turned(m: NDArray[np.generic]) -> NDArray[np.generic]:
        m = np.rot90(m, turn, (-2, -1))
        return np.ascontiguousarray(m[..., ::-1] if mirror else m)

    channels = turned(np.stack([expected * seen, even * seen, seen, usual]).astype(np.float32))
    cells = [turned(m & whole)[middle::CELL, middle::CELL].copy() for m in (inside, outside)]
    return np.asarray(channels, np.float32), np.asarray(cells[0], np.bool_), np.asarray(cells[1], np.bool_)


def _crop(m: NDArray, corner: tuple[int, int], side: int) -> NDArray:  # type: ignore[type-arg]
    """The square with that corner; zero beyond the map."""
    out = np.zeros((*m.shape[:-2], side, side), m.dtype)
    (y, x), (h, w) = corner, m.shape[-2:]
    y0, y1, x0, x1 = max(0, y), min(h, y + side), max(0, x), min(w, x + side)
    if y1 > y0 and x1 > x0:
        out[..., y0 - y : y1 - y, x0 - x : x1 - x] = m[..., y0:y1, x0:x1]
    return out


# ── what comes of it ─────────────────────────────────────────────────────────────────────────────────────


def to_onnx(made: torch.nn.Sequential) -> bytes:
    """Convolutions and ReLUs of any height and width, written node by node: no exporter's version shows in the file."""
    nodes, weights, name = [], [], "maps"
    layers = [m for m in made if isinstance(m, torch.nn.Conv2d)]
    for i, layer in enumerate(layers):
        for letter, values in (("w", layer.weight), ("b", layer.bias)):
            assert values is not None
            weights.append(numpy_helper.from_array(values.detach().numpy().astype(np.float32), f"{letter}{i}"))
        out = "logit" if layer is layers[-1] else f"c{i}"
        width = layer.kernel_size[0]
        nodes.append(
            helper.make_node(
                "Conv",
                [name, f"w{i}", f"b{i}"],
                [out],
                kernel_shape=[width] * 2,
                pads=[width // 2] * 4,
                strides=list(layer.stride),
            )
        )
        if out != "logit":
            nodes.append(helper.make_node("Relu", [out], [f"r{i}"]))
            name = f"r{i}"
    into = helper.make_tensor_value_info("maps", TensorProto.FLOAT, [1, LAYERS[0][0], "height", "width"])
    out_of = helper.make_tensor_value_info("logit", TensorProto.FLOAT, [1, 1, "rows", "columns"])
    graph = helper.make_graph(nodes, "replaced", [into], [out_of], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="sigillum")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@dataclass(frozen=True)
class Scored:
    seal: int
    kind: str
    hardness: str
    values: dict[str, float | None]


def scored(made: torch.nn.Sequential, given: Iterable[Print]) -> list[Scored]:
    """Our measures and the hand-made `glyph_worst` of each print."""
    return [
        Scored(p.seal, p.kind, hardness_of(p.seal), {**replaced.measures(seen_by(made, p)), **p.measures})
        for p in given
    ]


def rates(rows: Sequence[Scored], name: str, hardness: str) -> str:
    """EER in % of a measure, prints of the die against prints with a glyph changed, its 95 % interval by seal."""
    rng = np.random.default_rng(1)
    here = [r for r in rows if r.hardness == hardness and r.kind != "near-copy" and r.values[name] is not None]
    seals = sorted({r.seal for r in here})

    def rate(weight: dict[int, int]) -> float:
        pairs = [(r.values[name], r.kind == "digit-changed", weight[r.seal]) for r in here]
        value = np.array([p[0] for p in pairs], np.float64)
        forged, n = np.array([p[1] for p in pairs]), np.array([p[2] for p in pairs], np.float64)
        levels = np.unique(value)
        accused = np.array([n[~forged & (value >= t)].sum() for t in levels]) / max(n[~forged].sum(), 1e-9)
        missed = np.array([n[forged & (value < t)].sum() for t in levels]) / max(n[forged].sum(), 1e-9)
        at = int(np.abs(accused - missed).argmin())
        return float(50 * (accused[at] + missed[at]))

    changed = sum(r.kind == "digit-changed" for r in here)
    if changed < 2 or changed == len(here):
        return "–"
    drawn = [rng.multinomial(len(seals), np.full(len(seals), 1 / len(seals))) for _ in range(500)]
    low, high = np.percentile([rate(dict(zip(seals, d, strict=True))) for d in drawn], (2.5, 97.5))
    best = rate(dict.fromkeys(seals, 1))
    return f"{best:.1f} [{low:.1f}, {high:.1f}], n={len(here) - changed}/{changed}"


def card(name: str, made: torch.nn.Sequential, given: Sequence[Print], steps: int) -> str:
    weights = sum(p.numel() for p in made.parameters())
    sets = (("held out", True), ("trained on", False))
    names = ("replaced_worst", "replaced_third", "glyph_worst")
    table = []
    for title, held_out in sets:
        rows = scored(made, [p for p in given if p.held_out == held_out])
        for hardness in HARDNESSES:
            table.append(f"| {title} | {hardness} | " + " | ".join(rates(rows, n, hardness) for n in names) + " |")
    trained = sorted({p.seal for p in given if not p.held_out})
    return f"""# {name}: the network that looks for a replaced glyph

Trained by `models/training/glyphs.py --steps {steps}` on simulated prints of {len(trained)} seals \
({sum(not p.held_out for p in given)} comparisons); {len({p.seal for p in given if p.held_out})} other seals were held out. \
Basis: **simulated**. {weights:,} weights, {len(LAYERS)} layers, one answer for every {CELL / FINE:.1f} mm from 2.5 mm about it; \
in: the specimen's ink, the questioned ink, what is known, what is usual on this print.

Unchanged: {", ".join(UNCHANGED)} (a near copy has the same glyphs). Changed: one glyph of the questioned print set in the place \
of another of its size, and the simulator's own prints with one digit or glyph changed (three in ten).

## EER in %
Prints of the same die against prints with one digit or glyph changed, by the measure alone; in brackets the 95 % interval, \
bootstrapped by seal; n: prints of the die / changed.

| seals | captured | replaced_worst | replaced_third | glyph_worst (made by hand, beside it) |
|---|---|---|---|---|
{chr(10).join(table)}

## Limits
- Only simulated changes: nobody gave us real seals with one digit changed.
- A change under masked text, in a starved place, or smaller than the capture shows (a gap of 0.15 mm closed makes an 8 of a 6) is not seen.
- The logits hold for the mix of prints trained on; they are measures for a calibration, not ratios.
- A calibration should not be fitted on the seals that the network was trained on: {trained[0]} to {trained[-1]}, \
as far as `seal // 10 % {FIFTH}` is not 0.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seals", type=int, default=110, help="with two prints of the die")
    parser.add_argument("--light", type=int, default=360, help="more seals, with one")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--name", default=replaced.MODEL)
    parser.add_argument("--out", type=Path, default=ROOT)
    given = parser.parse_args(arguments)
    seals = training_seals(given.seals, given.light)
    # spawn: OpenCV's threads do not survive a fork.
    with get_context("spawn").Pool(given.workers, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        pool.starmap(_keep_prints, [(s, given.cache) for s in seals], chunksize=1)
    every = [p for s in seals for p in kept(s, given.cache)]
    for one in every:
        made_ready(one, 0 if one.held_out else CHANGES)
    made = train([p for p in every if not p.held_out], given.steps)
    folder = given.out / given.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / replaced.FILE).write_bytes(to_onnx(made))
    (folder / "card.md").write_text(card(given.name, made, every, given.steps), encoding="utf-8")
    write_index(given.out, given.name)


def _keep_prints(seal: int, cache: Path) -> None:
    kept(seal, cache)


if __name__ == "__main__":
    main()

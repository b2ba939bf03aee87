"""Makes models/<name>/: the calibration of `verify.imprints.compare`, fitted on simulation.

    python models/training/comparison.py --cache DIR [--seals 170] [--light 320] [--workers 2] [--name comparison-1]

Renders the seals' pairs (about 4 s of one core and 10 MB a seal), measures them (6 s a seal), fits, and writes
calibration.json and card.md, then the digests into models/index.toml. What the cache holds is not done
again. Needs the product's packages only.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cards import card
from fitting import Row, fit, fit_reuse
from pairs import LIGHT_FROM, PRINTED, Kind, alternative_of, gather, hardness_of, rendered, training_seals

from verify.imprints.ink import lift
from verify.imprints.measuring import Against, against
from verify.imprints.prepared import prepare
from verify.imprints.several import against_several, together

ROOT = Path(__file__).resolve().parents[1]
COARSE_KINDS: tuple[Kind, ...] = ("genuine", "another-seal", "other-font", "near-copy")


def measure(seal: int, cache: Path) -> list[Row]:
    """All pairs of one seal number, by its first specimen and by all three, and, for every other seal, some as if no scale
    were known."""
    drawn = rendered(seal, cache)
    first = drawn.specimens[0]
    prepared, several = prepare(first), together(drawn.specimens)
    rows = []
    for kind, imprint in drawn.questioned.items():
        if kind in PRINTED:
            continue
        ink = lift(imprint)
        rows.append(_row(seal, kind, against(ink, prepared), forced=False))
        if several is not None and kind != "reused":
            rows.append(_row(seal, kind, against_several(ink, several), forced=False))
    if seal % 2 == 0 and seal < LIGHT_FROM:
        blind = prepare(replace(first, dpi=None)) if seal % 4 == 0 else prepared
        rows += [
            _row(seal, k, against(lift(replace(drawn.questioned[k], dpi=None)), blind), forced=True)
            for k in COARSE_KINDS
        ]
    return rows


def _row(seal: int, kind: Kind, found: Against, *, forced: bool) -> Row:
    return {
        "seal": seal, "kind": kind, "alternative": alternative_of(kind), "hardness": hardness_of(seal), "forced": forced,
        "sufficient": found.quality.sufficient, "measures": found.measures,
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seals", type=int, default=170, help="with every mechanism")
    parser.add_argument("--light", type=int, default=320, help="more seals, with one forgery an alternative")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--name", default="comparison-1")
    parser.add_argument("--out", type=Path, default=ROOT)
    given = parser.parse_args(arguments)
    rows = list(
        gather(
            measure, training_seals(given.seals, given.light), cache=given.cache, name=given.name, workers=given.workers
        )
    )
    calibration, scores = fit(rows, name=given.name)
    single = [r for r in rows if not r["forced"] and r["measures"]["specimens"] == 1]
    calibration = calibration.model_copy(update={"reuse_fit": fit_reuse(single)})
    folder = given.out / given.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.json").write_text(calibration.model_dump_json() + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card(calibration, scores, rows), encoding="utf-8")
    write_index(given.out, given.name)


def write_index(models: Path, name: str) -> None:
    """models/index.toml: the SHA-256 of every file of every model, one table a model."""
    lines = ["# SHA-256 of each model's files; verify.stores refuses a file that differs.", ""]
    for folder in sorted(p for p in models.iterdir() if (p / "card.md").exists()):
        lines.append(f'["{folder.name}"]')
        for path in sorted(folder.iterdir()):
            lines.append(f'"{path.name}" = "{hashlib.sha256(path.read_bytes()).hexdigest()}"')
        lines.append("")
    (models / "index.toml").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()

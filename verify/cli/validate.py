"""`sigillum validate`: error rates on the user's own labelled pairs, and a calibration from them."""

from __future__ import annotations

import hashlib
import json as jsonlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, cast

from verify.cli.compare import load_calibration
from verify.cli.shell import say
from verify.core.errors import UsageError, VerifyError
from verify.imprints import validation as rates
from verify.imprints.recalibrate import Recalibrated, card, recalibrate
from verify.reports import validation as shown
from verify.reports.plots import PLOTS
from verify.settings import load_settings
from verify.stores.models import add_model, check_model_name, find_model
from verify.verifier import CALIBRATION


def run(scores: Path, *, out: Path | None, fit: str | None, pairs_are: str, null_share: float, json: bool) -> None:
    """Print the rates; write validation.json, validation.html and plots/*.svg to `out`; make a calibration if named."""
    if pairs_are not in ("real", "simulated"):
        raise UsageError("basis-unknown", f"--pairs-are {pairs_are}: not known", "Say real or simulated.")
    are = cast(Literal["real", "simulated"], pairs_are)
    if fit is not None:
        _free(fit)
    sha256 = hashlib.sha256()
    table = rates.table(_rows(scores, sha256), measures=fit is not None)
    found = rates.validate(
        table, scores=scores.name, scores_sha256=sha256.hexdigest(), pairs_are=are, null_share=null_share
    )
    made = None if fit is None else recalibrate(table.pairs, load_calibration(CALIBRATION), name=fit, pairs_are=are)
    print(found.model_dump_json() if json else shown.plain(found))
    if fit is not None and made is not None:
        _keep(fit, made, found)
    if out is not None:
        _write(out, found, table, made)


def _rows(scores: Path, sha256: hashlib._Hash) -> Iterator[dict[str, Any]]:
    """The rows one at a time; `sha256` takes in the file's bytes."""
    try:
        with scores.open("rb") as file:
            for number, line in enumerate(file, start=1):
                sha256.update(line)
                if line.strip():
                    yield _row(line, number, scores)
    except OSError as error:
        raise UsageError("scores-unreadable", f"{scores} cannot be read", "Name what compare --pairs wrote.") from error


def _row(line: bytes, number: int, scores: Path) -> dict[str, Any]:
    try:
        row = jsonlib.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise UsageError(
            "scores-invalid", f"{scores} line {number} is not a JSON object", "Name what compare --pairs wrote."
        )
    return row


def _free(name: str) -> None:
    """A released calibration is never shadowed, an own one never overwritten: reports name them."""
    check_model_name(name)
    settings = load_settings()
    try:
        find_model(settings.model_folders, name)
    except VerifyError:
        return
    raise UsageError("model-name-taken", f"there is a calibration {name} already", "Choose another name.")


def _keep(name: str, made: Recalibrated, found: rates.Validation) -> None:
    base = load_calibration(CALIBRATION)
    text = card(made, base, scores=found.scores, scores_sha256=found.scores_sha256, pairs_are=found.pairs_are)
    folder = load_settings().own_models
    files = {"calibration.json": made.calibration.model_dump_json().encode() + b"\n", "card.md": text.encode()}
    add_model(folder, name, files)
    say(f"calibration {name} written to {folder / name}; use it by --calibration {name} or the setting calibration")


def _write(out: Path, found: rates.Validation, table: rates.Table, made: Recalibrated | None) -> None:
    pairs = rates.concerned(table.pairs, "combined")
    sample = rates.sample_of(pairs, "log10_lr", allowed=found.null_share)
    drawable = all(len(sample.side(side)[0]) for side in (True, False))
    plots = {name: draw(sample) for name, draw in PLOTS.items()} if drawable else {}
    refitted = made.refitted if made else ()
    try:
        (out / "plots").mkdir(parents=True, exist_ok=True)
        (out / "validation.json").write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
        page = shown.page(found, plots, refitted=refitted, fitted=made.calibration.name if made else None)
        (out / "validation.html").write_text(page, encoding="utf-8")
        for name, svg in plots.items():
            (out / "plots" / f"{name}.svg").write_text(svg, encoding="utf-8")
    except OSError as error:
        raise UsageError("out-invalid", f"{out} cannot be written", "Name a folder that can be.") from error
    print(f"written to {out}", file=sys.stderr)

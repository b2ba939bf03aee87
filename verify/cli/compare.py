"""`sigillum compare`: one imprint against a seal's specimens, or a table of pairs."""

from __future__ import annotations

import csv
import json as jsonlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError
from verify.imprints.examiner import comparison_evidence, picture_imprint
from verify.imprints.likelihood import Calibration
from verify.imprints.pictures import comparison_pictures
from verify.settings import load_settings
from verify.stores.models import model
from verify.stores.packaged import packaged
from verify.verifier import CALIBRATION

_COLUMNS = ("questioned", "reference", "questioned_dpi", "reference_dpi")
_ALTERNATIVES = ("another-seal", "remake", "near-copy", "twin")


@cache
def load_calibration() -> Calibration:
    """The release's calibration, read once a process."""
    return Calibration.model_validate_json(
        model(packaged("models", setting=load_settings().models), CALIBRATION).read()
    )


def run(
    questioned: Path | None,
    references: Sequence[Path],
    *,
    dpi: float | None,
    reference_dpi: float | None,
    json: bool,
    out: Path | None,
) -> None:
    """One comparison; `dpi` 0 says that the scale is unknown, None that the file's own word counts."""
    from verify.imprints.compare import compare

    if questioned is None or not references:
        raise UsageError(
            "nothing-to-compare",
            "a questioned picture and at least one reference are needed",
            "sigillum compare Q.png R.png",
        )
    asked = picture_imprint(_bytes(questioned), dpi)
    specimens = [(digest(_bytes(r)), picture_imprint(_bytes(r), reference_dpi)) for r in references]
    result = compare(asked, [i for _, i in specimens], calibration=load_calibration())
    evidence = comparison_evidence(result, seal=references[0].stem, specimens=specimens)
    if json:
        print(evidence.model_dump_json())
    else:
        print(f"{questioned.name} against {', '.join(r.name for r in references)}")
        for one in evidence.likelihoods:
            told = "cannot be told" if one.log10_lr is None else f"log10 LR {one.log10_lr:+.2f}"
            limits = f" within {one.limits[0]:+.2f} to {one.limits[1]:+.2f}" if one.limits else ""
            print(f"  against {one.against:<13} {told}{limits}{f'  ({one.reason})' if one.reason else ''}")
        same = evidence.reuse.same_impression
        print(f"  the same impression: {'cannot be told' if same is None else 'yes' if same else 'no'}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for role, data in comparison_pictures(result).items():
            (out / f"{role}.png").write_bytes(data)
        (out / "comparison.json").write_text(evidence.model_dump_json(indent=1) + "\n", encoding="utf-8")
        print(f"written to {out}", file=sys.stderr)


def run_pairs(pairs: Path, *, out: Path | None, workers: int) -> None:
    """Every row of the table; a pair that cannot be read has `error` and nulls, and the run goes on."""
    if out is None:
        raise UsageError("out-missing", "--pairs needs --out scores.jsonl", "Name the file to write.")
    if workers < 1:
        raise UsageError("workers-invalid", "--workers must be at least 1", "Give the number of processes.")
    rows = _rows(pairs)
    load_calibration()  # a missing model is said once, not on every row
    draft = out.with_name(out.name + ".part")
    with draft.open("w", encoding="utf-8") as file:
        for number, line in enumerate(_scores(rows, pairs.parent, workers), start=1):
            file.write(jsonlib.dumps(line, ensure_ascii=False) + "\n")
            if sys.stderr.isatty():
                print(f"\r{number}/{len(rows)}", end="", file=sys.stderr, flush=True)
    draft.replace(out)
    print(f"{len(rows)} pairs written to {out}", file=sys.stderr)


def _rows(pairs: Path) -> list[dict[str, str]]:
    try:
        with pairs.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
            if missing:
                raise UsageError(
                    "pairs-invalid",
                    f"{pairs} lacks the columns {', '.join(missing)}",
                    f"Columns: {', '.join(_COLUMNS)}[,label,set].",
                )
            return [{k: v or "" for k, v in row.items() if k} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError("pairs-unreadable", f"{pairs} cannot be read as CSV", "Save it as CSV in UTF-8.") from error


def _scores(rows: Sequence[Mapping[str, str]], base: Path, workers: int) -> Iterator[dict[str, Any]]:
    jobs = [(dict(row), str(base)) for row in rows]
    if workers == 1:
        yield from map(score, jobs)
        return
    with ProcessPoolExecutor(workers, initializer=_one_thread) as pool:
        yield from pool.map(score, jobs, chunksize=4)


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)


def score(job: tuple[dict[str, str], str]) -> dict[str, Any]:
    """One output row: the input's columns and what was found."""
    from verify.imprints.compare import compare

    row, base = job
    line: dict[str, Any] = dict(row)
    empty = [f"log10_lr_{a.replace('-', '_')}" for a in _ALTERNATIVES]
    line.update(
        dict.fromkeys(["log10_lr", "limit_low", "limit_high", *empty, "reuse", "making", "quality", "measures"])
    )
    started = time.perf_counter()
    try:
        folder = Path(base)
        asked = picture_imprint(_bytes(folder / row["questioned"]), _number(row["questioned_dpi"], "questioned_dpi"))
        scale = _number(row["reference_dpi"], "reference_dpi")
        names = [n.strip() for n in row["reference"].split(";") if n.strip()]
        if not names:
            raise UsageError("reference-missing", "the row names no reference", "Name at least one picture.")
        specimens = [(digest(data), picture_imprint(data, scale)) for data in (_bytes(folder / n) for n in names)]
        result = compare(asked, [i for _, i in specimens], calibration=load_calibration())
    except VerifyError as error:
        line["error"] = {"code": error.code, "message": error.message}
    except Exception as error:  # one odd picture must not end a run of thousands
        line["error"] = {"code": "not-compared", "message": f"{type(error).__name__}: {error}"[:300]}
    else:
        evidence = comparison_evidence(result, seal="", specimens=specimens)
        combined = evidence.against("combined")
        line["log10_lr"] = combined.log10_lr
        line["limit_low"], line["limit_high"] = combined.limits or (None, None)
        for alternative, name in zip(_ALTERNATIVES, empty, strict=True):
            line[name] = next((x.log10_lr for x in evidence.likelihoods if x.against == alternative), None)
        line["reuse"] = evidence.reuse.log10_lr
        line["making"] = evidence.making.kind
        line["quality"] = {"sufficient": result.quality.sufficient, "reasons": list(result.quality.reasons)}
        line["measures"] = evidence.measures
    line["seconds"] = round(time.perf_counter() - started, 3)
    return line


def _number(text: str, column: str) -> float:
    try:
        return float(text or 0)
    except ValueError as error:
        raise UsageError(
            "dpi-invalid", f"{column} {text!r} is not a number", "Give the resolution in dpi, 0 = unknown."
        ) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VerifyError("picture-unreadable", f"{path.name} cannot be read", "Check the name.") from error

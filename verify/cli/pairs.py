"""`sigillum compare --pairs`: a table of comparisons on all cores, into lines that a killed run can go on from.

Rows go out in the order of the table, each as one line in one write: a run that is killed leaves whole lines, and
the same command goes on after them. A row counts as done when the output holds its very columns under the same
calibration; that a picture was exchanged behind its name is not noticed. A row with an `error` counts as done, too:
take its line out to have it tried again.
"""

from __future__ import annotations

import csv
import json as jsonlib
import math
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.archive import worker
from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError

if TYPE_CHECKING:
    from verify.imprints.imprint import Imprint

NEEDED = ("questioned", "reference", "questioned_dpi", "reference_dpi")
_ALTERNATIVES = ("another-seal", "remake", "near-copy", "twin")
FOUND = (
    "log10_lr", "limit_low", "limit_high", *(f"log10_lr_{a.replace('-', '_')}" for a in _ALTERNATIVES), "reuse", "making",
    "quality", "measures", "calibration", "calibration_sha256", "error", "seconds",
)  # fmt: skip
# Results that may wait for an earlier row: enough to keep every worker busy, few enough to keep memory flat.
_AHEAD = 4
# Specimens decoded and kept by a worker, by the digest of their file; `compare.prepare` keeps what is made of them.
_DECODED = 8
_TELL_EVERY_S = 10.0

Row = dict[str, str]


@dataclass(frozen=True)
class Job:
    """One row for a worker: `base` is what its paths are relative to, `calibration` the model's name and digest."""

    row: Row
    base: Path
    calibration: tuple[str, str]


def run(pairs: Path, *, out: Path | None, workers: int | None, calibration: str | None) -> None:
    """Every row of the table; a pair that cannot be read has `error` and nulls, and the run goes on."""
    from verify.cli.compare import calibration_file

    if out is None:
        raise UsageError("out-missing", "--pairs needs --out scores.jsonl", "Name the file to write.")
    if workers is not None and workers < 1:
        raise UsageError("workers-invalid", "--workers must be at least 1", "Give the number of processes.")
    if (out.exists() and not os.access(out, os.R_OK | os.W_OK)) or out.is_dir() or not out.absolute().parent.is_dir():
        raise UsageError("out-invalid", f"{out} cannot be written", "Name a file in a folder that exists.")
    file = calibration_file(calibration)
    file.read()  # a missing or changed model is said once, not on every row
    model = file.name, file.sha256
    have = _done(out)
    total, done = _held(pairs, have, model, out)
    if done:
        print(f"{done} of {total} pairs are in {out} already", file=sys.stderr)
    progress = _Progress(total, done)
    target = _opened(out)
    jobs = (Job(row, pairs.absolute().parent, model) for row in _left(pairs, have, model))
    try:
        for line in _scored(jobs, min(workers or default_workers(), max(total - done, 1))):
            _append(target, (jsonlib.dumps(line, ensure_ascii=False) + "\n").encode())
            progress.step(failed="error" in line)
    finally:
        os.close(target)
        progress.end()
    print(f"{total} pairs in {out}, {progress.failed} of those just done with an error", file=sys.stderr)


def default_workers() -> int:
    """One process for each core that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _opened(out: Path) -> int:
    try:
        return os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as error:
        raise UsageError("out-invalid", f"{out} cannot be written", "Name a file that can be.") from error


def _append(target: int, data: bytes) -> None:
    """The whole line at once; a disk that is full is told, and the torn line is cut off by the next run."""
    written = os.write(target, data)
    if written != len(data):
        raise VerifyError("disk-full", "a line could not be written whole", "Make room; the same command goes on.")


def _rows(pairs: Path) -> Iterator[Row]:
    """The table's rows, one at a time: a table of a million needs no memory."""
    try:
        with pairs.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or ()
            missing = [c for c in NEEDED if c not in columns]
            if missing:
                raise UsageError(
                    "pairs-invalid",
                    f"{pairs} lacks the columns {', '.join(missing)}",
                    f"Columns: {', '.join(NEEDED)}[,label,set,questioned_seal,reference_seal].",
                )
            taken = [c for c in columns if c in FOUND]
            if taken:
                raise UsageError(
                    "pairs-invalid", f"{pairs} has columns that the result writes: {', '.join(taken)}", "Rename them."
                )
            for row in reader:
                yield {k: v or "" for k, v in row.items() if k}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError("pairs-unreadable", f"{pairs} cannot be read as CSV", "Save it as CSV in UTF-8.") from error


# ── what is done already ───────────────────────────────────────────────────────────────────────────────


def _done(out: Path) -> Counter[str]:
    """Keys of the rows that the output holds. A line torn by a crash is cut off."""
    have: Counter[str] = Counter()
    if out.exists():
        for line in _whole_lines(out):
            try:
                kept = jsonlib.loads(line)
                own = {k: v for k, v in kept.items() if k not in FOUND}
                have[_key(own, (kept["calibration"], kept["calibration_sha256"]))] += 1
            except (ValueError, KeyError, AttributeError) as error:
                raise _foreign(out) from error
    return have


def _held(pairs: Path, have: Counter[str], model: tuple[str, str], out: Path) -> tuple[int, int]:
    """(rows of the table, those of them that are done). Raises where the output holds what this run would not write."""
    total = sum(1 for _ in _rows(pairs))
    done = total - sum(1 for _ in _left(pairs, have, model))
    if done != have.total():
        raise _foreign(out)
    return total, done


def _left(pairs: Path, have: Counter[str], model: tuple[str, str]) -> Iterator[Row]:
    """The rows that are not done."""
    done = have.copy()
    for row in _rows(pairs):
        key = _key(row, model)
        if done.get(key, 0) > 0:
            done[key] -= 1
        else:
            yield row


def _foreign(out: Path) -> UsageError:
    return UsageError(
        "scores-of-another-run",
        f"{out} holds lines that are not of this table under this calibration",
        "Name another file, or delete it to do all pairs.",
    )


def _key(row: Mapping[str, Any], model: tuple[str, str]) -> str:
    return digest(jsonlib.dumps([sorted(row.items()), model], ensure_ascii=False).encode())


def _whole_lines(out: Path) -> Iterator[bytes]:
    """The file's whole lines; what follows the last line's end is cut off first."""
    with out.open("r+b") as file:
        whole = 0
        for line in file:
            if line.endswith(b"\n"):
                whole += len(line)
        file.truncate(whole)
        file.seek(0)
        yield from file


# ── the workers ────────────────────────────────────────────────────────────────────────────────────────


def _scored(jobs: Iterator[Job], workers: int) -> Iterator[dict[str, Any]]:
    """Every job's line, in order. A row that ends its worker twice has an error; the run goes on with new workers."""
    window: deque[Job] = deque()  # handed out, line not yet given
    suspect = False  # the first of the window was first when the workers were lost: it is tried alone
    while True:
        with _pool(1 if suspect else workers) as pool:
            running: deque[Future[dict[str, Any]]] = deque()
            try:
                running.extend(pool.submit(score, job) for job in islice(window, 1 if suspect else None))
                while True:
                    while not suspect and len(running) < workers * _AHEAD and (job := next(jobs, None)) is not None:
                        window.append(job)
                        running.append(pool.submit(score, job))
                    if not running:
                        return
                    line = running.popleft().result()
                    window.popleft()
                    yield line
                    if suspect:
                        suspect = False
                        break
            except BrokenProcessPool:
                if suspect:
                    lost = {"code": "worker-lost", "message": "the process that compared it ended (memory?)"}
                    yield _blank(window.popleft()) | {"error": lost, "seconds": None}
                suspect = not suspect


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Workers begun afresh (spawn): OpenCV's and BLAS's threads do not survive a fork. One thread each."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=worker.start)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _blank(job: Job) -> dict[str, Any]:
    """The input's columns and nulls."""
    name, sha256 = job.calibration
    nulls = dict.fromkeys(c for c in FOUND if c not in ("error", "seconds"))
    return {**job.row, **nulls, "calibration": name, "calibration_sha256": sha256}


def score(job: Job) -> dict[str, Any]:
    """One output row: the input's columns and what was found."""
    from verify.cli.compare import load_calibration
    from verify.imprints.compare import compare
    from verify.imprints.examiner import comparison_evidence, picture_imprint

    line, row = _blank(job), job.row
    started = time.perf_counter()
    try:
        asked = picture_imprint(_bytes(job.base / row["questioned"]), _dpi(row["questioned_dpi"], "questioned_dpi"))
        scale = _dpi(row["reference_dpi"], "reference_dpi")
        names = [n.strip() for n in row["reference"].split(";") if n.strip()]
        if not names:
            raise UsageError("reference-missing", "the row names no reference", "Name at least one picture.")
        specimens = [_specimen(_bytes(job.base / n), scale) for n in names]
        result = compare(asked, [i for _, i in specimens], calibration=load_calibration(job.calibration[0]))
        evidence = comparison_evidence(result, seal="", specimens=specimens)
    except VerifyError as error:
        line["error"] = {"code": error.code, "message": error.message}
    except Exception as error:  # one odd picture must not end a run of thousands
        line["error"] = {"code": "not-compared", "message": f"{type(error).__name__}: {error}"[:300]}
    else:
        combined = evidence.against("combined")
        line["log10_lr"] = combined.log10_lr
        line["limit_low"], line["limit_high"] = combined.limits or (None, None)
        for alternative in _ALTERNATIVES:
            one = next((x for x in evidence.likelihoods if x.against == alternative), None)
            line[f"log10_lr_{alternative.replace('-', '_')}"] = one.log10_lr if one else None
        line["reuse"] = evidence.reuse.log10_lr
        line["making"] = evidence.making.kind
        line["quality"] = {"sufficient": result.quality.sufficient, "reasons": list(result.quality.reasons)}
        line["measures"] = {k: v if v is None or math.isfinite(v) else None for k, v in evidence.measures.items()}
    line["seconds"] = round(time.perf_counter() - started, 3)
    return line


_specimens: dict[tuple[str, float], Imprint] = {}


def _specimen(data: bytes, dpi: float) -> tuple[str, Imprint]:
    """(digest of the file, its imprint), decoded once a worker as long as it is among the last used."""
    from verify.imprints.examiner import picture_imprint

    key = digest(data), dpi
    imprint = _specimens.pop(key, None) or picture_imprint(data, dpi)
    _specimens[key] = imprint
    while len(_specimens) > _DECODED:
        del _specimens[next(iter(_specimens))]
    return key[0], imprint


def _dpi(text: str, column: str) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise UsageError("dpi-invalid", f"{column} {text!r} is no resolution", "Give it in dpi; 0 = unknown.")
    return value


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VerifyError("picture-unreadable", f"{path.name} cannot be read", "Check the name.") from error


class _Progress:
    """How far the run is, on stderr: a line that renews itself on a terminal, a line now and then in a log."""

    def __init__(self, total: int, done: int) -> None:
        self.total, self.begun_with, self.done, self.failed = total, done, done, 0
        self.terminal = sys.stderr.isatty()
        self.started = self.told = time.monotonic()

    def step(self, *, failed: bool) -> None:
        self.done += 1
        self.failed += failed
        now = time.monotonic()
        if now - self.told < (0.2 if self.terminal else _TELL_EVERY_S):
            return
        self.told = now
        left = (now - self.started) / (self.done - self.begun_with) * (self.total - self.done)
        text = f"{self.done}/{self.total} pairs, {self.failed} with an error, about {_duration(left)} left"
        print(
            f"\r{text:<70}" if self.terminal else text, end="" if self.terminal else "\n", file=sys.stderr, flush=True
        )

    def end(self) -> None:
        if self.terminal and self.told > self.started:
            print(f"\r{'':<70}\r", end="", file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{round(seconds)} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"

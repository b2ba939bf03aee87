"""What was drawn and measured, kept on disk and looked up by what made it: nothing stale is taken for new.

Code is known by a digest of its syntax, so that a comment or a line break costs nothing and a changed constant makes
everything anew. Measures are JSON lines, one a seal, appended as they come: a killed run goes on where it was.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

ROOT = Path(__file__).resolve().parents[2]
Row = dict[str, Any]
Measure = Callable[[int, Path], list[Row]]


@functools.cache
def reached(files: tuple[Path, ...], package: str) -> tuple[Path, ...]:
    """The files, and every module of the package that they import, anywhere in their text, directly or by one another."""
    found: dict[Path, None] = {}
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            waiting += [p for m in _imported(path, package) if (p := _file(m)) is not None]
    return tuple(sorted(found))


def _imported(path: Path, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        yield from (n for n in names if n.startswith(f"{package}."))


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


@functools.cache
def digest(files: tuple[Path, ...], *more: str) -> str:
    """12 hexadecimal digits for the code in the files, comments and layout apart, and for further words."""
    sha = hashlib.sha256()
    for path in files:
        sha.update(f"{path.name}\0{ast.dump(ast.parse(path.read_text(encoding='utf-8')))}\0".encode())
    for word in more:
        sha.update(f"{word}\0".encode())
    return sha.hexdigest()[:12]


def gather(
    measure: Measure, seals: Iterable[int], *, cache: Path, name: str, workers: int, made_by: str = ""
) -> Iterator[Row]:
    """The rows of `measure(seal, cache)` for every seal, kept in `cache/name-made_by.jsonl` and not measured again.

    `made_by`: digest of all that the rows depend on. One worker: this process.
    """
    store = cache / (f"{name}-{made_by}.jsonl" if made_by else f"{name}.jsonl")
    cache.mkdir(parents=True, exist_ok=True)
    wanted = list(seals)
    have = _have(store)
    todo = [s for s in wanted if s not in have]
    if todo:
        print(f"{store.name}: {len(wanted) - len(todo)} of {len(wanted)} seals are there", file=sys.stderr, flush=True)
        with store.open("a", encoding="utf-8") as out:
            for count, (seal, rows) in enumerate(_measured(_Job(measure, cache), todo, workers), 1):
                have[seal] = rows
                out.write(json.dumps({"seal": seal, "rows": rows}) + "\n")
                out.flush()
                if count % 10 == 0:
                    print(f"{name}: {count}/{len(todo)} seals", file=sys.stderr, flush=True)
    for seal in wanted:
        yield from have[seal]


def _have(store: Path) -> dict[int, list[Row]]:
    """The seals that are done. A line torn by a crash is cut off."""
    have: dict[int, list[Row]] = {}
    if store.exists():
        whole = 0
        with store.open("r+b") as file:
            for line in file:
                if line.endswith(b"\n"):
                    whole += len(line)
                    row = json.loads(line)
                    have[row["seal"]] = row["rows"]
            file.truncate(whole)
    return have


@dataclass(frozen=True)
class _Job:
    measure: Measure
    cache: Path

    def __call__(self, seal: int) -> tuple[int, list[Row]]:
        return seal, self.measure(seal, self.cache)


def _measured(job: _Job, todo: Sequence[int], workers: int) -> Iterator[tuple[int, list[Row]]]:
    if workers < 2:
        one_thread()
        yield from map(job, todo)
        return
    # spawn: OpenCV's threads do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(workers, initializer=one_thread) as pool:
        yield from pool.imap_unordered(job, todo)


def one_thread() -> None:
    cv2.setNumThreads(1)

"""Examining many documents: both cores, each document once, going on where a killed run was.

Few documents are handed out at a time, so memory does not grow with the archive. When a worker dies, the
documents that were out are examined again one by one, each alone; the one that then dies again is marked.
"""

from __future__ import annotations

import fcntl
import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from verify.archive import worker
from verify.archive.recipe import Plan
from verify.archive.sources import LeftAlone, digest_of, shown, walk
from verify.archive.worker import Broke, Examined, Refused, Result, Stop
from verify.core.errors import UsageError, VerifyError
from verify.records.journal import Entry, Journal, Listed

# Files looked up, hashed and entered at a time; documents per worker process, since libraries keep memory.
_LISTED_AT_ONCE = 16
_DOCUMENTS_A_POOL = 2000
# So many documents that break before one is done: the machine is at fault, not the documents.
_ALL_BREAK = 5

Work = Callable[[Plan, Path, str], Result]


@dataclass(frozen=True)
class Step:
    """One file of the archive is settled."""

    path: str
    state: Literal["done", "kept", "same", "refused", "broke", "known", "unsupported", "unreadable-folder"]
    outcome: str | None = None
    flags: int = 0


@dataclass(frozen=True)
class _Job:
    entry: Entry
    path: Path


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """One ingest at a time on one set of records; the lock goes with the process, even if that is killed."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "archive.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise VerifyError(
                "archive-busy", "another `archive ingest` is under way on these records", "Wait until it has ended."
            ) from error
        yield


@dataclass
class Ingest:
    """One run over its sources. Iterate `steps()` to the end; leaving off gives back what was handed out."""

    journal: Journal
    plan: Plan
    sources: Sequence[Path]
    workers: int
    clock: Callable[[], datetime]
    work: Work = worker.examine
    _unsupported: int = 0
    _listed: bool = False
    _suspects: deque[_Job] = field(default_factory=deque)
    _out: dict[Future[Result], _Job] = field(default_factory=dict)
    _done: int = 0
    _broke: int = 0

    def steps(self) -> Iterator[Step]:
        """Settle every file; raises VerifyError `workers-die`, UsageError as a worker met it."""
        jobs = self._jobs()
        try:
            with self.journal.records.held_open():
                while not self._listed:
                    yield from self._together(jobs)
                    yield from self._one_by_one()
        finally:
            if self._out:
                self.journal.taken_back([job.entry.id for job in self._out.values()])
        vanished = self.journal.finish(unsupported=self._unsupported, now=self.clock())
        yield from (Step("", "refused") for _ in range(vanished))

    # ── listing ──

    def _jobs(self) -> Iterator[_Job | Step]:
        """Every file that is to be examined; a Step for each that need not be."""
        files = self._files()
        while chunk := list(itertools.islice(files, _LISTED_AT_ONCE)):
            yield from (one for one in chunk if isinstance(one, Step))
            paths = {shown(p): p for p in chunk if isinstance(p, Path)}
            known = self.journal.entries(list(paths))
            for name in (n for n in paths if n in known):
                yield from self._known(known[name], paths[name])
            yield from self._new({name: path for name, path in paths.items() if name not in known})

    def _files(self) -> Iterator[Path | Step]:
        for found in walk(self.sources):
            if not isinstance(found, LeftAlone):
                yield found
            elif found.why is None:
                self._unsupported += 1
                yield Step(shown(found.path), "unsupported")
            else:
                yield Step(shown(found.path), "unreadable-folder")

    def _known(self, entry: Entry, path: Path) -> Iterator[_Job | Step]:
        """A file that this run listed before it was killed."""
        if entry.state == "todo":
            yield _Job(entry, path)
        elif entry.state == "doing":
            # It was out when the run was killed, perhaps through it.
            self._suspects.append(_Job(entry, path))
        elif entry.state == "alone":
            self.journal.broke(entry.id, "worker-died", "the run ended twice while this file was examined")
            yield Step(entry.path, "broke")
        else:
            yield Step(entry.path, "known")

    def _new(self, paths: dict[str, Path]) -> Iterator[_Job | Step]:
        listed = []
        for name, path in paths.items():
            try:
                size, sha256 = digest_of(path)
            except OSError:
                size, sha256 = 0, ""  # the worker's refusal says why
            listed.append(Listed(name, size, sha256))
        for entry in self.journal.enter(listed) if listed else ():
            if entry.state == "todo":
                yield _Job(entry, paths[entry.path])
            else:
                yield Step(entry.path, "kept" if entry.state == "kept" else "same")

    # ── examining ──

    def _together(self, jobs: Iterator[_Job | Step]) -> Iterator[Step]:
        """Hand documents out to all workers until there is none left, a worker dies, or the pool has served its time."""
        first = yield from self._next(jobs)
        if first is None:
            return
        with _pool(self.workers) as pool:
            if not self._hand_out(pool, first):
                return
            served, more = 1, True
            while more or self._out:
                while more and len(self._out) < 2 * self.workers:
                    job = (yield from self._next(jobs)) if served < _DOCUMENTS_A_POOL else None
                    more = job is not None and self._hand_out(pool, job)
                    served += 1
                if not self._out:
                    return
                settled, _ = wait(self._out, return_when=FIRST_COMPLETED)
                for future in settled:
                    job = self._out[future]
                    try:
                        result = future.result()
                    except BrokenProcessPool:
                        result = None
                        more = False
                    if result is None or isinstance(result, Broke):
                        self._suspects.append(job)  # examined once more, alone
                    else:
                        yield self._settled(job, result)
                    del self._out[future]

    def _one_by_one(self) -> Iterator[Step]:
        """Documents that were out when a worker died, each by itself: whoever dies now is the cause."""
        while self._suspects:
            with _pool(1) as pool:
                while self._suspects:
                    job = self._suspects.popleft()
                    self.journal.handed_out(job.entry.id, alone=True)
                    future = pool.submit(self.work, self.plan, job.path, shown(Path(job.path.name)))
                    self._out[future] = job
                    try:
                        result = future.result()
                    except BrokenProcessPool:
                        yield self._settled(
                            job,
                            Broke(
                                "worker-died",
                                "the process that examined this file died, twice; the file may be hostile",
                            ),
                        )
                        break
                    finally:
                        if future.done():
                            del self._out[future]
                    yield self._settled(job, result)

    def _next(self, jobs: Iterator[_Job | Step]) -> Generator[Step, None, _Job | None]:
        """The next document to be examined, with the steps on the way to it; None when all files are listed."""
        for one in jobs:
            if isinstance(one, _Job):
                return one
            yield one
        self._listed = True
        return None

    def _hand_out(self, pool: ProcessPoolExecutor, job: _Job) -> bool:
        """Whether the pool took it; a pool whose worker died takes nothing, and the document is a suspect."""
        try:
            future = pool.submit(self.work, self.plan, job.path, shown(Path(job.path.name)))
        except BrokenProcessPool:
            self._suspects.append(job)
            return False
        self._out[future] = job
        self.journal.handed_out(job.entry.id, alone=False)
        return True

    def _settled(self, job: _Job, result: Result) -> Step:
        path = job.entry.path
        match result:
            case Examined():
                self.journal.done(job.entry.id, result.report, result.flags, now=self.clock())
                self._done += 1
                return Step(path, "done", result.outcome, len(result.flags))
            case Refused():
                self.journal.refused(job.entry.id, result.code, result.message)
                return Step(path, "refused")
            case Broke():
                self.journal.broke(job.entry.id, result.code, result.message)
                self._broke += 1
                if self._broke >= _ALL_BREAK and self._done == 0:
                    self.journal.unbroken()
                    raise VerifyError(
                        "workers-die",
                        f"the first {self._broke} documents could not be examined ({result.message})",
                        "`sigillum doctor` says what this machine lacks; then start the same command again.",
                    )
                return Step(path, "broke")
            case Stop():
                raise UsageError(result.code, result.message, result.hint)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Workers begun afresh (spawn): no lock, thread or open database of the parent goes with them."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=worker.start)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)

"""`sigillum check`: the main job."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import date, datetime
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from verify.cli.shell import (
    EXIT_BY_OUTCOME,
    EXIT_REFUSED,
    calibration_named,
    complain,
    day,
    files_of,
    gravest,
    moment,
    say,
)
from verify.cli.trust import anchors_for
from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError
from verify.core.messages import LANGUAGES, clean
from verify.formats import read
from verify.kinds import CHECKS
from verify.records.defaults import default_ledger, default_shelf
from verify.report import Case, RefusalLine
from verify.reports.folder import write_case
from verify.reports.plain import plain
from verify.settings import Settings, load_settings
from verify.signatures.online.fetch import OnlineRules
from verify.stores.descriptors import FolderDescriptors
from verify.stores.policies import policy_named
from verify.stores.seals import FolderShelf, SealShelf
from verify.stores.trust import anchors_from
from verify.stores.uses import ledger_beside
from verify.verifier import Verifier

# From so many files on, starting two processes (a second) is earned back.
_WORTH_A_POOL = 4
_UNDER_WAY = 4


def run(
    files: Sequence[Path],
    *,
    seals: Path | None,
    seal: Sequence[str],
    trust: Sequence[Path],
    at: str | None,
    document_date: str | None,
    certificate: Path | None,
    policy: str | None,
    password_file: Path | None,
    lang: str,
    json: bool,
    out: Path | None,
    online: bool = False,
    original: Path | None = None,
    calibration: str | None = None,
) -> int:
    """Check each file; returns the exit code."""
    if lang not in LANGUAGES:
        raise UsageError("language-unknown", f"there is no language {lang!r}", f"Known: {', '.join(LANGUAGES)}.")
    settings = load_settings()
    shelf: SealShelf = FolderShelf(seals) if seals else default_shelf(settings)
    shelf.seals()  # a wrong folder must be said before the first document, not after
    verifier = Verifier(
        anchors=anchors_for(trust, settings),
        seals=shelf,
        uses=ledger_beside(seals) if seals else default_ledger(settings),
        policy=policy_named(policy or settings.policy, CHECKS),
        certificates=tuple(anchors_from([certificate]).certificates) if certificate else (),
        models=settings.model_folders,
        calibration=calibration_named(calibration, settings),
        descriptors=FolderDescriptors(settings.descriptors_folder),
        online=rules_of(settings) if online else None,
    )
    when, written = moment(at), day(document_date, option="--document-date")
    password = _password(password_file)
    found = files_of(files)
    if not found.paths:
        raise UsageError(
            "nothing-to-check",
            "there is no document to check"
            + (f"; {found.unsupported} files of other kinds were left alone" if found.unsupported else ""),
            "Name PDFs, pictures or signed files, or folders that hold some.",
        )
    if original is not None and len(found.paths) != 1:
        raise UsageError(
            "original-of-several",
            f"--original names one file, and {len(found.paths)} are to be checked",
            "Check one signature at a time.",
        )

    console = Console(stderr=True)
    task = Task(verifier, password, when, written, tuple(seal), original)
    codes: list[int] = []
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        shown = progress.add_task("", total=len(found.paths))
        for number, (path, result) in enumerate(_results(task, found.paths), start=1):
            progress.update(shown, description=f"{number}/{len(found.paths)} {path.name}", advance=1)
            if isinstance(result, VerifyError):
                codes.append(EXIT_REFUSED)
                refused(path, result, json=json)
                continue
            code = EXIT_BY_OUTCOME[result.report.verdict.outcome]
            _point_to_original(path, result)
            try:
                _show(result, json=json, lang=lang, out=out)
            except VerifyError as error:  # the report was told; writing it down failed, and the other files go on
                complain(error)
                code = EXIT_REFUSED
            codes.append(code)
    if found.unsupported:
        say(f"{found.unsupported} files of other kinds in the folders were left alone")
    return gravest(codes)


def rules_of(settings: Settings) -> OnlineRules:
    """How far `--online` goes, as set."""
    return OnlineRules(
        allow=settings.network_allow,
        ports=settings.network_ports,
        seconds=settings.network_seconds,
        cache=settings.cache_folder,
        ca_file=settings.network_ca.expanduser() if settings.network_ca else None,
    )


@dataclass(frozen=True)
class Task:
    """What is the same for every file of one call."""

    verifier: Verifier
    password: str | None
    at: datetime
    document_date: date | None
    seals: tuple[str, ...]
    original: Path | None = None

    def __call__(self, path: Path) -> Case | VerifyError:
        """The case, or why the file was refused."""
        try:
            document = read(path, password=self.password, original=self.original)
            return self.verifier.verify(
                document, at=self.at, document_date=self.document_date, claimed_seals=self.seals
            )
        except UsageError:
            raise
        except VerifyError as error:
            return error


def _results(task: Task, paths: Sequence[Path]) -> Iterator[tuple[Path, Case | VerifyError]]:
    """Every file in order, on both cores where there are several; a few are under way at a time."""
    if len(paths) < _WORTH_A_POOL:
        for path in paths:
            yield path, task(path)
        return
    waiting: deque[tuple[Path, Future[Case | VerifyError]]] = deque()
    rest = iter(paths)
    handed: Path | None = None  # neither waiting nor left, while it is handed over
    pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    try:
        for path in rest:
            handed = path
            waiting.append((path, pool.submit(task, path)))
            handed = None
            if len(waiting) >= _UNDER_WAY:
                yield waiting[0][0], waiting[0][1].result()
                waiting.popleft()
        while waiting:
            yield waiting[0][0], waiting[0][1].result()
            waiting.popleft()
    except BrokenProcessPool:
        # A library took its process down: the files that were under way go on alone, so that one is named.
        for path, _ in waiting:
            yield path, _alone(task, path)
        if handed is not None:
            yield handed, _alone(task, handed)
        for path in rest:
            yield path, _alone(task, path)
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(task: Task, path: Path) -> Case | VerifyError:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(task, path).result()
        except BrokenProcessPool:
            return VerifyError(
                "examiner-died",
                f"{path.name} brought the examination down",
                "Send us the file; the others were checked.",
            )


def _point_to_original(path: Path, case: Case) -> None:
    """Say where the signed file may be; it is never taken for it unasked."""
    beside = path.with_suffix("")
    if any(p.code == "original-missing" for p in case.report.problems) and beside != path and beside.is_file():
        say(f"{clean(beside.name)} lies beside {clean(path.name)}; if that is what was signed, give it by --original")


def _show(case: Case, *, json: bool, lang: str, out: Path | None) -> None:
    if json:
        print(case.report.to_json(), flush=True)
    else:
        Console(highlight=False, soft_wrap=True).print(plain(case.report, lang))
    if out is not None:
        say(f"written to {write_case(case, out, lang=lang)}")


def refused(path: Path, error: VerifyError, *, json: bool) -> None:
    if json:
        line = RefusalLine(name=path.name, sha256=_digest(path), code=error.code, hint=error.hint)
        print(line.model_dump_json(), flush=True)
    else:
        Console(highlight=False, soft_wrap=True).print(
            f"{clean(path.name)}: refused. {clean(error.message)} [{error.code}]\n  {error.hint}\n", markup=False
        )


def _digest(path: Path) -> str | None:
    try:
        return digest(path.read_bytes()) if path.stat().st_size < 1 << 30 else None
    except OSError:
        return None


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return (path.read_text(encoding="utf-8").splitlines() or [""])[0]
    except OSError as error:
        raise UsageError(
            "password-file", f"{path} cannot be read", "Name a file whose first line is the password."
        ) from error

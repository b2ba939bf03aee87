"""`sigillum archive …`: many documents, and the flags among them."""

from __future__ import annotations

import json as jsonlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from verify.archive.flags import SEVERAL_DOCUMENTS
from verify.archive.ingest import Ingest, Step, only_run
from verify.archive.recipe import Plan, Recipe, described, settings_key
from verify.archive.sources import resolved, shown
from verify.cli.shell import calibration_named, moment, say
from verify.cli.trust import anchors_for
from verify.core.errors import UsageError
from verify.records import journal
from verify.records.database import Records, open_records
from verify.records.defaults import existing
from verify.records.journal import Journal, KeptFlag
from verify.settings import load_settings

# A worker that sits longer on one document is ended.
_LONGEST_S = 1800.0
# How often a log is told, where no terminal shows a bar.
_TELL_EVERY_S = 10.0


def ingest(
    sources: Sequence[Path],
    *,
    seals: Path | None,
    trust: Sequence[Path],
    policy: str | None,
    at: str | None,
    workers: int,
    calibration: str | None = None,
) -> None:
    """Examine every document of the sources, or go on where an earlier run was ended."""
    settings = load_settings()
    folders = resolved(sources)
    recipe = Recipe(
        settings,
        seals.resolve() if seals else None,
        anchors_for(trust, settings),
        policy or settings.policy,
        calibration_named(calibration, settings),
    )
    facts = described(recipe.verifier())
    if facts["calibration"] is None:
        say("warning: no calibration was found, so imprints are not examined (`sigillum doctor`)")
    with only_run(settings.blobs_folder.parent):
        records = open_records(settings)
        run = Journal.begin(
            records,
            sources=[shown(f) for f in folders],
            settings=settings_key(facts),
            described=facts,
            at=moment(at) if at else None,
            now=_now(),
        )
        say(f"run {run.run}{', going on where it was' if run.resumed else ''}: judged as of {run.at.isoformat()}")
        plan = Plan(recipe, run.at, settings_key(facts), _LONGEST_S)
        work = Ingest(run, plan, folders, workers, _now)
        counted: Counter[str] = Counter()
        with _telling(counted) as tell:
            for step in work.steps():
                counted[step.state] += 1
                counted["flags"] += step.flags
                tell(step)
    _summary(records, run.run)


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _telling(counted: Counter[str]) -> Iterator[Any]:
    """A bar on a terminal, else a line every few seconds; both on stderr."""
    console = Console(stderr=True)
    begun = last = monotonic()

    def line() -> str:
        examined = counted["done"]
        rate = examined / max(monotonic() - begun, 1e-9)
        parts = [f"{examined} examined ({rate:.1f} a second)"]
        parts += [f"{counted[s]} {words}" for s, words in _WORDS.items() if counted[s] and s != "done"]
        return ", ".join([*parts, f"{counted['flags']} flags"])

    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    ) as progress:  # fmt: skip
        task = progress.add_task("", total=None)

        def tell(step: Step) -> None:
            nonlocal last
            if step.state in ("broke", "unreadable-folder"):
                say(f"{step.path}: {_WORDS[step.state]}")
            if console.is_terminal:
                progress.update(task, description=line())
            elif monotonic() - last >= _TELL_EVERY_S:
                last = monotonic()
                say(line())

        yield tell


_WORDS = {
    "done": "examined",
    "known": "done before",
    "kept": "known from an earlier run",
    "same": "further copies",
    "refused": "refused",
    "broke": "given up after two attempts",
    "unsupported": "of other kinds",
    "unreadable-folder": "not searched: no right to read it",
    "todo": "to do",
    "doing": "under way",
    "alone": "under way, alone",
}


def _summary(records: Records, run: int) -> None:
    states, flags = journal.states(records, run), journal.flags_by_name(records, run)
    told = ", ".join(f"{n} {_WORDS[s]}" for s, n in states.items()) or "no document"
    say(f"run {run} is finished: {told}; {sum(flags.values())} flags (`sigillum archive flags`)")


def status() -> None:
    """Print how the last run stands."""
    records = existing(load_settings())
    run = journal.last_run(records) if records else None
    if records is None or run is None:
        print("no documents were ingested yet")
        return
    state = (
        f"finished {run.finished:%Y-%m-%d %H:%M} UTC" if run.finished else "not finished: start the same command again"
    )
    print(f"run {run.id}: {state}")
    print(f"  sources      {', '.join(run.sources)}")
    print(f"  judged as of {run.at.isoformat()}, policy {run.described['policy']}, trust {run.described['trust']}")
    print(f"  seals        {run.described['seals']}")
    print(f"  calibration  {(run.described['calibration'] or 'none').partition(' ')[0]}")
    for title, counts, words in (
        ("files", journal.states(records, run.id), _WORDS),
        ("verdicts", journal.outcomes(records, run.id), {"indeterminate": "not decided"}),
        ("flags", journal.flags_by_name(records, run.id), {}),
    ):
        told = ", ".join(f"{n} {words.get(name, name)}" for name, n in sorted(counts.items()))
        print(f"  {title:<12} {told or 'none'}")
    if incomplete := journal.with_problems(records, run.id):
        print(f"  {'problems':<12} {incomplete} documents could not be examined in full; their reports say why")
    if run.unsupported:
        print(f"  {'left alone':<12} {run.unsupported} files of other kinds")
    for path, code, message in journal.unexamined(records, run.id):
        print(f"  {path}: {message} [{code}]")


def flags(*, json: bool) -> None:
    """Print every flag of the archive with its document, page and reason."""
    records = existing(load_settings())
    if records is None:
        raise UsageError(
            "archive-empty", "no documents were ingested yet", "Ingest some: sigillum archive ingest FOLDER."
        )
    shared = journal.shared_impressions(records)
    for flag in journal.kept_flags(records):
        _show(flag, flag.flag, flag.reason, json=json)
        if flag.impression in shared:
            count = shared[flag.impression or ""]
            sentence = f"The same picture of a registered impression lies in {count} documents."
            reason = {"code": SEVERAL_DOCUMENTS, "params": {"documents": count}, "en": sentence}
            _show(flag, SEVERAL_DOCUMENTS, reason, json=json)


def _show(flag: KeptFlag, name: str, reason: Any, *, json: bool) -> None:
    if json:
        line = {
            "schema": "sigillum/flag/1",
            "flag": name,
            "check": flag.check,
            "path": flag.paths[0],
            "also": list(flag.paths[1:]),
            "sha256": flag.sha256,
            "page": flag.page,
            "subject": flag.subject,
            "reason": reason,
            "impression": flag.impression,
            "case": flag.case,
        }
        print(jsonlib.dumps(line, ensure_ascii=False))
        return
    page = f", page {flag.page}" if flag.page else ""
    print(f"{name}: {flag.paths[0]}{page}\n    {reason['en']}")
    for path in flag.paths[1:]:
        print(f"    also at {path}")

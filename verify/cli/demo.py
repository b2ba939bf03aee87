"""`sigillum demo`: makes the cases, checks each, and holds what is found against what is expected."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from verify.core.document import digest
from verify.core.findings import ANSWERS
from verify.formats import read
from verify.kinds import CHECKS
from verify.report import Report
from verify.reports.folder import write_case
from verify.simulation.demonstration.cases import AT, CASES, Case
from verify.stores.packaged import packaged
from verify.stores.policies import policy_named
from verify.stores.seals import FolderShelf
from verify.stores.trust import anchors_from
from verify.stores.uses import ledger_beside
from verify.verifier import Verifier, judge_again

_SIGNS = {"passed": "+", "failed": "x", "indeterminate": "?", "not_asked": "-"}
_STYLES = {"passed": "green", "failed": "red", "indeterminate": "yellow", "not_asked": "dim"}


@dataclass(frozen=True)
class Held:
    """A case, what was found, and where that is not what was expected."""

    case: Case
    report: Report
    strict: Report
    folder: Path
    amiss: tuple[str, ...]


def run(out: Path) -> int:
    """Make, check and compare; 0 only if every case is as expected, else 1."""
    console = Console(highlight=False)
    _fresh(out)
    held: list[Held] = []
    with Progress(console=Console(stderr=True), transient=True) as progress, ProcessPoolExecutor(2) as pool:
        making = progress.add_task("making the documents", total=len(CASES))
        uses: list[tuple[str, str]] = []
        for _, use in zip(CASES, pool.map(_make, [c.id for c in CASES], [str(out)] * len(CASES)), strict=True):
            progress.advance(making)
            if use is not None:
                uses.append(use)
        _write_ledger(out, uses)
        checking = progress.add_task("checking them", total=len(CASES))
        for one in pool.map(_hold, [c.id for c in CASES], [str(out)] * len(CASES)):
            held.append(one)
            progress.advance(checking)
    console.print(_table(held))
    for one in held:
        for line in _reasons(one):
            console.print(line)
    bad = [h for h in held if h.amiss]
    console.print()
    for one in bad:
        console.print(f"{one.case.id}: NOT AS EXPECTED: {'; '.join(one.amiss)}", style="bold red")
    console.print(f"{len(held) - len(bad)} of {len(held)} cases are as expected. Reports: {out}/cases/*/report.html")
    return 1 if bad else 0


def _fresh(out: Path) -> None:
    """A folder of this demonstration's own; somebody else's folder is not emptied."""
    marker = out / ".sigillum-demo"
    if out.exists() and any(out.iterdir()) and not marker.exists():
        from verify.core.errors import UsageError

        raise UsageError("out-not-empty", f"{out} is not empty", "Name an empty folder for --out.")
    if out.exists():
        shutil.rmtree(out)
    (out / "documents").mkdir(parents=True)
    marker.touch()
    from verify.simulation.demonstration.documents import write_roots

    write_roots(out / "trust")
    shutil.copytree(packaged("reference_seals"), out / "seals")


def _make(case: str, out: str) -> tuple[str, str] | None:
    """In a worker: write the document; returns the use that the ledger holds for it: its number, the digest approved."""
    _quiet()
    from verify.simulation.demonstration.documents import make

    made = make(case)
    file = next(c.file for c in CASES if c.id == case)
    (Path(out) / "documents" / file).write_bytes(made.data)
    return (made.use, digest(made.approved)) if made.use else None


def _write_ledger(out: Path, uses: list[tuple[str, str]]) -> None:
    lines = ["# The ledger of approved uses; every company and person in it is invented."]
    for use, sha256 in uses:
        decided = datetime(2026, 5, 19, 8, 0, tzinfo=UTC).isoformat()
        lines += [
            "", "[[use]]", f'id = "{use}"', 'seal = "xinghe-company"', f'document_sha256 = "{sha256}"',
            'purpose = "销售合同 (sales contract)"', "copies = 2", 'applied_by = "虚构经办人"', 'approved_by = ["虚构审批人"]',
            'status = "approved"', f"decided = {decided}",
        ]  # fmt: skip
    (out / "seals" / "uses.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _hold(case_id: str, out: str) -> Held:
    """In a worker: check one document and compare."""
    _quiet()
    case = next(c for c in CASES if c.id == case_id)
    base = Path(out)
    verifier = Verifier(
        anchors=anchors_from([base / "trust"]), seals=FolderShelf(base / "seals"), uses=ledger_beside(base / "seals")
    )
    found = verifier.verify(read(base / "documents" / case.file), at=AT)
    written = write_case(found, base / "cases")
    folder = base / "cases" / case.id
    if folder.exists():
        shutil.rmtree(folder)
    written.rename(folder)
    strict = judge_again(found.report, policy_named("strict", CHECKS))
    (folder / "expected.json").write_text(
        json.dumps(_expected(case), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return Held(case, found.report, strict, folder, tuple(amiss(case, found.report, strict)))


def _quiet() -> None:
    import cv2

    cv2.setNumThreads(1)


def _expected(case: Case) -> dict[str, object]:
    return {"title": case.title, "story": case.story, "outcome": sorted(case.outcome)} | {
        a: sorted(getattr(case, a)) for a in ANSWERS
    }


def amiss(case: Case, report: Report, strict: Report) -> Iterator[str]:
    """Where a report is not as the case expects."""
    verdict = report.verdict
    if verdict.outcome not in case.outcome:
        yield f"outcome {verdict.outcome}, expected {' or '.join(sorted(case.outcome))}"
    for answer in ANSWERS:
        found, allowed = getattr(verdict.answers, answer), getattr(case, answer)
        if found not in allowed:
            yield f"{answer} {found}, expected {' or '.join(sorted(allowed))}"
    codes = {f.reason.code for f in report.findings}
    for code in case.codes:
        if code not in codes:
            yield f"the reason {code} is missing"
    if case.seal_under_strict is not None and strict.verdict.answers.seal not in case.seal_under_strict:
        yield f"seal under strict {strict.verdict.answers.seal}, expected {' or '.join(sorted(case.seal_under_strict))}"
    if case.near_copy_said and verdict.answers.seal == "passed" and "consistent-near-copy-not-excluded" not in codes:
        yield "that a near copy is not excluded is not said"
    if report.problems:
        yield f"problems: {', '.join(p.code for p in report.problems)}"


def _table(held: list[Held]) -> Table:
    table = Table(title="found (expected where it differs)", show_lines=False, pad_edge=False)
    for name in ("case", "outcome", *ANSWERS, ""):
        table.add_column(name, overflow="fold")
    for one in held:
        answers = one.report.verdict.answers
        cells = [
            _cell(one.report.verdict.outcome, one.case.outcome),
            *(_cell(getattr(answers, a), getattr(one.case, a)) for a in ANSWERS),
        ]
        table.add_row(
            Text(one.case.title), *cells, Text("as expected", "green") if not one.amiss else Text("NOT", "bold red")
        )
    return table


def _cell(found: str, expected: frozenset[str]) -> Text:
    said = "not decided" if found == "indeterminate" else found.replace("_", " ")
    text = Text(f"{_SIGNS[found]} {said}", _STYLES[found])
    if found not in expected:
        text.append(f" ({'/'.join(sorted(expected))})", "bold red")
    return text


def _reasons(one: Held) -> Iterator[Text]:
    verdict = one.report.verdict
    worst = [a for a in ANSWERS if getattr(verdict.answers, a) == verdict.outcome] or ["seal"]
    reason = verdict.summary.answers[worst[0]]
    yield Text.assemble((f"{one.case.title}: ", "bold"), reason.en)

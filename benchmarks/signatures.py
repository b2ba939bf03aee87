"""Signatures over a corpus folder with a manifest: crashes, agreement, false alarms, accepted attacks, times.

    python benchmarks/signatures.py FOLDER [--json FILE] [--no-anchor]

FOLDER holds manifest.json (rows with file, crypto, modification, integrity_verdict) and optionally robustness/.
Each time stands beside pyHanko's own validation of the same file in the same run. The expectations are other
implementations' opinions; where we disagree, EXCEPTIONS says why, by name.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from verify.core.errors import Problem, Refusal
from verify.formats.read import read
from verify.signatures.evidence import SignatureEvidence
from verify.signatures.examiner import SignatureExaminer
from verify.stores.trust import NO_ANCHORS

AT = datetime(2026, 11, 24, tzinfo=UTC)

# File (its digest's start) → why our answer differs from the manifest's.
EXCEPTIONS: dict[str, str] = {
    "db5b0de31b5c": "form fields were filled in, which this approval signature allows; that a page looks different needs sight",
}


@dataclass(frozen=True)
class Outcome:
    file: Path
    verdict: str  # intact, modified, unknown, none, refused:<code>, crash:<type>
    modification: str
    seconds: float
    evidence: tuple[SignatureEvidence, ...] = ()
    problems: tuple[Problem, ...] = ()
    anchor_seconds: float | None = None
    anchor: str = ""


def examine(file: Path, *, anchor: bool) -> Outcome:
    start = time.perf_counter()
    try:
        document = read(file)
        start = time.perf_counter()  # pages are opened for imprints as well; the anchor opens none
        found = list(SignatureExaminer(NO_ANCHORS, AT).examine(document))
    except Refusal as refusal:
        return Outcome(file, f"refused:{refusal.code}", "", time.perf_counter() - start)
    except Exception as error:
        return Outcome(file, f"crash:{type(error).__name__}: {error}", "", time.perf_counter() - start)
    seconds = time.perf_counter() - start
    evidence = tuple(e for e in found if isinstance(e, SignatureEvidence))
    problems = tuple(p for p in found if isinstance(p, Problem))
    said, took = pyhanko(file.read_bytes()) if anchor else ("", None)
    return Outcome(file, verdict(evidence), worst(evidence), seconds, evidence, problems, took, said)


def verdict(evidence: Sequence[SignatureEvidence]) -> str:
    if not evidence:
        return "none"
    if any(e.intact is False or e.modification == "suspicious" for e in evidence):
        return "modified"
    if all(e.intact and e.modification in ("none", "permitted") for e in evidence):
        return "intact"
    return "unknown"


def worst(evidence: Sequence[SignatureEvidence]) -> str:
    order = ("none", "permitted", "unknown", "suspicious")
    return max((e.modification for e in evidence), key=order.index, default="")


def pyhanko(data: bytes) -> tuple[str, float]:
    """pyHanko's plain validation of every signature, without roots: what it says, and how long it takes."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
    from pyhanko_certvalidator import ValidationContext

    said = []
    start = time.perf_counter()
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        if reader.encrypted:
            reader.decrypt("")
        for signature in reader.embedded_signatures:
            context = ValidationContext(trust_roots=[], allow_fetching=False, moment=AT)
            stamp = signature.sig_object_type == "/DocTimeStamp"
            try:
                check: Any = async_validate_pdf_timestamp if stamp else async_validate_pdf_signature
                status = asyncio.run(check(signature, context))
                modified = getattr(status, "modification_level", None)
                said.append(
                    "ok"
                    if status.intact and status.valid and getattr(modified, "name", "NONE") != "OTHER"
                    else "not-ok"
                )
            except Exception as error:
                said.append(f"error:{type(error).__name__}")
    except Exception as error:
        said.append(f"error:{type(error).__name__}")
    return ",".join(said), time.perf_counter() - start


def agreement(row: dict[str, Any], outcome: Outcome) -> str:
    """agrees, false-alarm, not-told, accepted or differs."""
    wanted = row["integrity_verdict"]
    if wanted == "intact":
        return {"intact": "agrees", "modified": "false-alarm"}.get(outcome.verdict, "not-told")
    if wanted == "modified_or_broken":
        return {"modified": "agrees", "intact": "accepted"}.get(outcome.verdict, "not-told")
    match row["modification"]:
        case "none_or_permitted":
            return {"none": "agrees", "permitted": "agrees", "suspicious": "false-alarm"}.get(
                outcome.modification, "not-told"
            )
        case "suspicious" | "visual_only":
            return {"suspicious": "agrees", "unknown": "not-told"}.get(outcome.modification, "accepted")
        case "indeterminate":
            return {"unknown": "agrees"}.get(outcome.modification, "differs")
    match row["crypto"]:
        case "intact":
            return "agrees" if all(e.intact for e in outcome.evidence) and outcome.evidence else "differs"
        case "mixed":
            return "agrees" if any(e.intact is not True for e in outcome.evidence) else "differs"
    return "no-opinion"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-anchor", action="store_true")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    manifest = json.loads((options.folder / "manifest.json").read_text(encoding="utf-8"))
    files = sorted({options.folder / row["file"] for row in manifest})
    extra = sorted((options.folder / "robustness").glob("*.pdf"))
    pyhanko(files[0].read_bytes())
    outcomes = {file: examine(file, anchor=not options.no_anchor) for file in [*files, *extra]}

    print(f"{len(files)} files with expectations, {len(extra)} without")
    crashes = [o for o in outcomes.values() if o.verdict.startswith("crash")]
    print(f"crashes: {len(crashes)}")
    for o in crashes:
        print(f"  {o.file.name}: {o.verdict}")
    for o in outcomes.values():
        if o.verdict.startswith("refused"):
            print(f"  {o.file.name}: {o.verdict}")
    failed = [o for o in outcomes.values() if any(p.code == "signature-failed" for p in o.problems)]
    print(f"signatures that we failed on: {len(failed)}")
    for o in failed:
        print(f"  {o.file.name}: {[p.message for p in o.problems if p.code == 'signature-failed'][:1]}")

    table: dict[str, dict[str, int]] = {}
    lines: list[str] = []
    for row in manifest:
        outcome = outcomes[options.folder / row["file"]]
        answer = agreement(row, outcome)
        category = row["integrity_verdict"] or (
            f"modification {row['modification']}" if row["modification"] else f"crypto {row['crypto']}"
        )
        cells = table.setdefault(category, {})
        cells[answer] = cells.get(answer, 0) + 1
        if answer not in ("agrees", "no-opinion"):
            name = Path(row["file"]).name
            why = EXCEPTIONS.get(name.split("_", 1)[0], "")
            detail = "; ".join(
                f"{e.field}: intact={e.intact} {e.broken or ''} {e.modification} {e.modification_detail or ''} "
                + ", ".join(f"{c.object} {c.kind}" for c in e.changes if c.permitted_by is None)[:160]
                for e in outcome.evidence
                if e.intact is not True or e.modification in ("suspicious", "unknown")
            )
            lines.append(f"  {answer:12} {name} (expected {category}) {outcome.verdict} {detail[:330]} {why}")
    print("agreement by what is expected:")
    for category, cells in sorted(table.items()):
        print(f"  {category:38} {dict(sorted(cells.items()))}")
    print("not agreed, by name:")
    print("\n".join(sorted(set(lines))))

    ours = sorted(o.seconds for o in outcomes.values())
    print(
        f"ours:    median {statistics.median(ours) * 1e3:.0f} ms, p95 {ours[int(len(ours) * 0.95)] * 1e3:.0f} ms, worst {ours[-1]:.2f} s"
    )
    slowest = sorted(outcomes.values(), key=lambda o: -o.seconds)[:5]
    print(
        "  slowest:",
        ", ".join(f"{o.file.name} {o.seconds:.2f} s (pyHanko {o.anchor_seconds or 0:.2f})" for o in slowest),
    )
    timed = [o for o in outcomes.values() if o.anchor_seconds]
    if timed:
        theirs = sorted(o.anchor_seconds or 0.0 for o in timed)
        print(
            f"pyHanko: median {statistics.median(theirs) * 1e3:.0f} ms, p95 {theirs[int(len(theirs) * 0.95)] * 1e3:.0f} ms, worst {theirs[-1]:.2f} s"
        )
        fair = [o for o in timed if "error" not in o.anchor and o.anchor]
        ratios = sorted(o.seconds / (o.anchor_seconds or 1.0) for o in fair)
        print(f"median ratio over {len(fair)} files that pyHanko finishes: {statistics.median(ratios):.2f}")
        print(f"files on which pyHanko ends in an exception: {sum('error' in o.anchor for o in timed)}")
    if options.json:
        table_of = {
            str(file.relative_to(options.folder)): {
                "verdict": o.verdict,
                "seconds": o.seconds,
                "anchor": o.anchor,
                "evidence": [e.model_dump(mode="json") for e in o.evidence],
            }
            for file, o in outcomes.items()
        }
        options.json.write_text(json.dumps(table_of), encoding="utf-8")
    return 1 if crashes else 0


if __name__ == "__main__":
    raise SystemExit(main())

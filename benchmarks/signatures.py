"""Signatures over a corpus folder with a manifest: crashes, agreement, false alarms, accepted attacks, times.

    python benchmarks/signatures.py FOLDER [--anchors pyhanko,pdfsig] [--no-sight] [--repeat 5] [--json FILE]

FOLDER holds manifest.json (rows with file, crypto, modification, integrity_verdict) and optionally robustness/. Every
validator judges every file once, in this order in the same run, one at a time. Times: ours without the comparison by
sight is what stands beside the anchors (the document is read before, as the anchor's bytes are), with it stands
apart; pdfsig's hold the start of its process. The expectations are other implementations' opinions: EXCEPTIONS says
where we hold another opinion, WRONG where an expectation is shown to be wrong, both by name and with the reason.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import statistics
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.signature_anchors import PDFSIG, Answer, pdfsig, pyhanko
from verify.core.errors import Problem, Refusal
from verify.formats.read import read
from verify.signatures.evidence import SignatureEvidence
from verify.signatures.examiner import SignatureExaminer
from verify.stores.trust import NO_ANCHORS

AT = datetime(2026, 11, 24, tzinfo=UTC)
ANCHORS = ("pyhanko", "pdfsig")
TOO_LONG_S = 10.0

# A file (its digest's start) → why our answer differs from the manifest's, as a matter of opinion.
EXCEPTIONS: dict[str, str] = {
    "db5b0de31b5c": "form fields were filled in, which this approval signature allows, and every place that looks different is theirs",
    "f7eb403e7c8e": "a document timestamp of anybody's draws on page 1; no rule lets a timestamp change what a page shows",
}
# A file → what shows that the manifest's expectation is wrong: bytes, clause, what others say.
WRONG: dict[str, str] = {}
# Files that take long, and which share of pyHanko's plain validation ours may take.
LONG = {"debef5ff21d2": 0.25, "db5b0de31b5c": 0.5, "ee8ddcae8ecb": 0.5}


@dataclass(frozen=True)
class Outcome:
    """Ours on one file."""

    answer: Answer  # judged with sight where that is on; the seconds are those without
    evidence: tuple[SignatureEvidence, ...] = ()
    problems: tuple[Problem, ...] = ()
    sight_seconds: float | None = None


def examine(file: Path, *, sight: bool) -> Outcome:
    start = time.perf_counter()
    try:
        document = read(file)
        gc.collect()
        start = time.perf_counter()  # pages are opened for imprints as well; the anchors open none
        found = list(SignatureExaminer(NO_ANCHORS, AT, sight=False).examine(document))
        seconds = time.perf_counter() - start
        with_sight = None
        if sight:
            start = time.perf_counter()
            found = list(SignatureExaminer(NO_ANCHORS, AT).examine(document))
            with_sight = time.perf_counter() - start
    except Refusal as refusal:
        return Outcome(Answer(f"refused:{refusal.code}", "", (), time.perf_counter() - start))
    except Exception as error:
        return Outcome(Answer(f"crash:{type(error).__name__}: {error}", "", (), time.perf_counter() - start))
    evidence = tuple(e for e in found if isinstance(e, SignatureEvidence))
    return Outcome(
        Answer(verdict(evidence), worst(evidence), tuple(e.intact for e in evidence), seconds),
        evidence,
        tuple(p for p in found if isinstance(p, Problem)),
        with_sight,
    )


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


# Held against the manifest


def category(row: Mapping[str, Any]) -> str:
    if row["integrity_verdict"]:
        return str(row["integrity_verdict"])
    return f"modification {row['modification']}" if row["modification"] else f"crypto {row['crypto']}"


def agreement(row: Mapping[str, Any], answer: Answer) -> str:
    """agrees, false-alarm, accepted, not-told, not-analysed, differs, no-opinion; or the error in place of an answer."""
    wanted, changed = row["integrity_verdict"], row["modification"]
    if answer.word in ("crash", "rejected"):
        return answer.word
    if wanted == "intact":
        # "Valid" without a look at what came after agrees with "intact", as far as it goes.
        return {"intact": "agrees", "not-analysed": "agrees", "modified": "false-alarm"}.get(answer.verdict, "not-told")
    if wanted == "modified_or_broken":
        told = {"modified": "agrees", "intact": "accepted", "not-analysed": "not-analysed"}
        return told.get(answer.verdict, "not-told")
    if changed is not None and answer.modification == "not-analysed":
        return "not-analysed"
    match changed:
        case "none_or_permitted":
            told = {"none": "agrees", "permitted": "agrees", "suspicious": "false-alarm"}
            return told.get(answer.modification, "not-told")
        case "suspicious" | "visual_only":
            # No signature found, or no answer, is no acceptance.
            told = {"suspicious": "agrees", "none": "accepted", "permitted": "accepted"}
            return told.get(answer.modification, "not-told")
        case "indeterminate":
            return "agrees" if answer.modification == "unknown" else "differs"
    match row["crypto"]:
        case "intact":
            return "agrees" if answer.intact and all(answer.intact) else "differs"
        case "mixed":
            return "agrees" if any(i is not True for i in answer.intact) else "differs"
    return "no-opinion"


@dataclass(frozen=True)
class Corpus:
    folder: Path
    rows: Sequence[Mapping[str, Any]]

    @property
    def files(self) -> list[Path]:
        return sorted({self.folder / row["file"] for row in self.rows})

    @property
    def others(self) -> list[Path]:
        return sorted((self.folder / "robustness").glob("*.pdf"))

    def named(self, start: str) -> Path | None:
        return next((f for f in self.files if f.name.startswith(start)), None)


# Printing


def told(name: str, corpus: Corpus, answers: Mapping[Path, Answer]) -> None:
    """One validator's lines."""
    print(f"\n{name}")
    for word, label in (("crash", "crashes"), ("rejected", "rejections"), ("refused", "refusals")):
        these = {f.name: a.verdict.partition(":")[2] for f, a in answers.items() if a.word == word}
        kinds = dict(sorted(Counter(v.partition(":")[0] for v in these.values()).items()))
        print(f"  {label}: {len(these)}" + (f"  {kinds}" if kinds else ""))
        if word == "crash":
            for file, reason in these.items():
                print(f"    {file}: {reason}")
    table: dict[str, Counter[str]] = {}
    for row in corpus.rows:
        table.setdefault(category(row), Counter())[agreement(row, answers[corpus.folder / row["file"]])] += 1
    for what, cells in sorted(table.items()):
        print(f"  {what:34} {dict(sorted(cells.items()))}")
    said = [(row, agreement(row, answers[corpus.folder / row["file"]])) for row in corpus.rows]
    alarms = sum(a == "false-alarm" for row, a in said if row["integrity_verdict"] == "intact")
    print(f"  false alarms on the {sum(table.get('intact', Counter()).values())} intact rows: {alarms}")
    accepted = sorted({Path(row["file"]).name for row, a in said if a == "accepted"})
    print(f"  accepted attacks and changes: {len(accepted)}" + (f"  {', '.join(accepted)}" if accepted else ""))
    print(f"  time: {spread([a.seconds for a in answers.values()])}")


def spread(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    if not ordered:
        return "–"
    p95 = ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]
    return f"median {statistics.median(ordered) * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms, worst {ordered[-1]:.2f} s"


def exceptions(corpus: Corpus, outcomes: Mapping[Path, Outcome]) -> None:
    """Our disagreements by name, each with its reason or none."""
    opinion = [row for row in corpus.rows if row["integrity_verdict"] or row["modification"]]
    lines: dict[str, set[str]] = {
        "matters of opinion": set(),
        "expectation shown to be wrong": set(),
        "no reason": set(),
    }
    rows: Counter[str] = Counter()
    for row in corpus.rows:
        outcome = outcomes[corpus.folder / row["file"]]
        answer = agreement(row, outcome.answer)
        if answer in ("agrees", "no-opinion"):
            continue
        name = Path(row["file"]).name
        start = name.split("_", 1)[0]
        group = (
            "expectation shown to be wrong" if start in WRONG
            else "matters of opinion" if start in EXCEPTIONS else "no reason"
        )  # fmt: skip
        rows[group] += row in opinion
        why = WRONG.get(start) or EXCEPTIONS.get(start) or detail(outcome)
        lines[group].add(f"  {answer:12} {name} (expected {category(row)}, ours {outcome.answer.verdict}): {why}")
    agreed = len(opinion) - sum(rows.values())
    print(
        f"\nrows with an opinion on integrity or modification: {len(opinion)}, agreed {agreed}; not agreed: {dict(rows)}"
    )
    for group, these in lines.items():
        print(f"{group}: {len(these)} files")
        print("".join(line + "\n" for line in sorted(these)), end="")


def detail(outcome: Outcome) -> str:
    return "; ".join(
        f"{e.field}: intact={e.intact} {e.broken or ''} {e.modification} {e.modification_detail or ''} "
        + ", ".join(f"{c.object} {c.kind}" for c in e.changes if c.permitted_by is None)[:160]
        for e in outcome.evidence
        if e.intact is not True or e.modification in ("suspicious", "unknown")
    )[:330]


def repeated(corpus: Corpus, times: int) -> None:
    """The long files again, by turns, the median of each."""
    print(f"\nlong files, median of {times} runs by turns")
    for start, limit in LONG.items():
        file = corpus.named(start)
        if file is None:
            continue
        data, document = file.read_bytes(), read(file)
        ours, theirs, signatures = [], [], 0
        for _ in range(times):
            gc.collect()
            began = time.perf_counter()
            found = list(SignatureExaminer(NO_ANCHORS, AT, sight=False).examine(document))
            ours.append(time.perf_counter() - began)
            signatures = sum(isinstance(e, SignatureEvidence) for e in found)
            gc.collect()
            theirs.append(pyhanko(data, AT).seconds)
        mine, its = statistics.median(ours), statistics.median(theirs)
        word = "reached" if mine <= limit * its else "MISSED"
        print(
            f"  {file.name}: {signatures} signatures, ours {mine:.3f} s, pyHanko {its:.3f} s, "
            f"ratio {mine / its:.3f} (at most {limit}: {word})"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--anchors", default=",".join(ANCHORS), help="pyhanko, pdfsig, both by a comma, or none")
    parser.add_argument("--no-sight", action="store_true", help="leave the comparison by sight out")
    parser.add_argument("--repeat", type=int, default=5, help="runs of the long files; 0 leaves them out")
    parser.add_argument("--json", type=Path, help="write what each file gave")
    options = parser.parse_args(arguments)
    anchors = [a for a in options.anchors.split(",") if a != "none"]
    if unknown := set(anchors) - set(ANCHORS):
        parser.error(f"unknown anchors: {', '.join(sorted(unknown))}")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    manifest = json.loads((options.folder / "manifest.json").read_text(encoding="utf-8"))
    corpus = Corpus(options.folder, manifest)
    judges: dict[str, Callable[[Path], Answer]] = {"pyhanko": lambda f: pyhanko(f.read_bytes(), AT), "pdfsig": pdfsig}
    if "pdfsig" in anchors and PDFSIG is None:
        anchors.remove("pdfsig")
        print("pdfsig is not installed (poppler-utils): left out")

    # Imports and first calls belong to nobody's time.
    examine(corpus.files[0], sight=not options.no_sight)
    for anchor in anchors:
        judges[anchor](corpus.files[0])
    gc.collect()
    gc.freeze()
    outcomes: dict[Path, Outcome] = {}
    answers: dict[str, dict[Path, Answer]] = {anchor: {} for anchor in anchors}
    for file in [*corpus.files, *corpus.others]:
        outcomes[file] = examine(file, sight=not options.no_sight)
        for anchor in anchors:
            gc.collect()
            answers[anchor][file] = judges[anchor](file)

    ours = {file: o.answer for file, o in outcomes.items()}
    print(f"{len(corpus.files)} files with expectations in {len(manifest)} rows, {len(corpus.others)} without")
    told("ours", corpus, ours)
    seen = {f: o.sight_seconds for f, o in outcomes.items() if o.sight_seconds is not None}
    if seen:
        print(f"  time with sight: {spread(list(seen.values()))}")
    slowest = {f: max(o.answer.seconds, o.sight_seconds or 0.0) for f, o in outcomes.items()}
    print("  slowest:", ", ".join(f"{f.name} {s:.2f} s" for f, s in sorted(slowest.items(), key=lambda p: -p[1])[:5]))
    failed = {f: o for f, o in outcomes.items() if any(p.code == "signature-failed" for p in o.problems)}
    print(f"  files with a signature that we failed on: {len(failed)}")
    for file, outcome in failed.items():
        print(f"    {file.name}: {[p.message for p in outcome.problems if p.code == 'signature-failed'][:1]}")
    for file, answer in ours.items():
        if answer.word == "refused":
            print(f"    {file.name}: {answer.verdict}")
    for anchor in anchors:
        told(anchor, corpus, answers[anchor])
    if "pyhanko" in anchors:
        theirs = answers["pyhanko"]
        ratios = [ours[f].seconds / a.seconds for f, a in theirs.items() if a.word in ("intact", "modified", "unknown")]
        print(
            f"  ours / pyHanko, median over the {len(ratios)} files that it finishes: {statistics.median(ratios):.2f}"
        )
    exceptions(corpus, outcomes)
    if options.repeat and "pyhanko" in anchors:
        repeated(corpus, options.repeat)
    if options.json:
        made = {
            str(file.relative_to(options.folder)): {
                "verdict": o.answer.verdict,
                "seconds": o.answer.seconds,
                "seconds_with_sight": o.sight_seconds,
                "anchors": {a: vars(answers[a][file]) for a in anchors},
                "evidence": [e.model_dump(mode="json") for e in o.evidence],
            }
            for file, o in outcomes.items()
        }
        options.json.write_text(json.dumps(made), encoding="utf-8")
    long = [f for f, s in slowest.items() if s > TOO_LONG_S]
    return 1 if long or any(a.word == "crash" for a in ours.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The rates of the comparison's benchmark from its rows, with intervals; what they mean stands in `comparison.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pairs import HARDNESSES, PRINTED, Kind, alternative_of

from verify.core.policy import Policy, findings
from verify.imprints.checks import consistent, original
from verify.imprints.evidence import ComparisonEvidence, ImprintEvidence, Quality, TextRead
from verify.imprints.likelihood import MIXED
from verify.imprints.validation import Sample, Seals, cllr, cllr_min, equal_error, intervals, misleading, null_shares
from verify.kinds import CHECKS
from verify.simulation.impressions import Hardness
from verify.stores.policies import policy_named

Row = dict[str, Any]
Array = NDArray[np.float64]
ALLOWED: Mapping[Hardness, float] = {"clean": 0.01, "medium": 0.05, "hard": 0.15}
GENUINE: tuple[Kind, ...] = ("genuine", "genuine-2")
MECHANISMS: tuple[Kind, ...] = (
    "another-seal", "digit-changed", "other-font", "re-set", "copy-engraved", "near-copy", "optical-copy",
)  # fmt: skip
# The tutorial's EER in % on the first measured benchmark (30 seals), clean / medium / hard.
ANCHOR: Mapping[Kind, tuple[float, float, float]] = {
    "another-seal": (0.6, 5, 13), "other-font": (6, 16, 29), "re-set": (9, 18, 44), "copy-engraved": (17, 31, 44),
    "near-copy": (37, 38, 50),
}  # fmt: skip
# What is aimed at: mechanism and number of specimens → EER in %.
AIM: Mapping[tuple[Kind, int], tuple[float, float, float]] = {
    ("another-seal", 1): (0.2, 0.3, 1), ("digit-changed", 1): (0.5, 1, 5), ("other-font", 1): (0.2, 0.3, 1),
    ("re-set", 1): (0.2, 0.3, 1), ("copy-engraved", 1): (0.2, 0.3, 1), ("near-copy", 1): (1, 2, 5),
    ("optical-copy", 1): (8, 10, 18), ("optical-copy", 3): (2, 5, 12),
}  # fmt: skip
DRAWS = 400


# ── numbers with intervals ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Rate:
    """A number with its 95 % interval, bootstrapped by seal."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def percent(self) -> str:
        return "–" if np.isnan(self.value) else f"{self._of(self.value)} [{self._of(self.low)}, {self._of(self.high)}]"

    @staticmethod
    def _of(share: float) -> str:
        return f"{100 * share:.1f}"


Score = Callable[[Row], float]


def ratio(row: Row, against: str) -> float:
    """log10 LR; nan for a null."""
    found = next((x for x in row["evidence"]["likelihoods"] if x["against"] == against), None)
    return np.nan if found is None or found["log10_lr"] is None else float(found["log10_lr"])


def combined(row: Row) -> float:
    return ratio(row, "combined")


def own(row: Row) -> float:
    """Of a forgery the ratio against its own alternative; of a genuine print the least of the three."""
    if row["kind"] in GENUINE:
        return float(np.min([ratio(row, a) for a in MIXED]))  # nan where one is
    return ratio(row, alternative_of(row["kind"]))


def tutorials(row: Row) -> float:
    return float(row["score"])


def told(rows: Sequence[Row], score: Score, allowed: float, *numbers: Callable[[Sample], float]) -> list[Rate]:
    """Each number over the rows (genuine ones are `same`), with its interval; shares' ends at none by the rule of three."""
    if not rows:
        return [Rate(np.nan, np.nan, np.nan)] * len(numbers)
    sample = Sample(
        np.array([score(r) for r in rows], np.float64),
        np.array([r["kind"] in GENUINE for r in rows], np.bool_),
        np.ones(len(rows)),
        allowed,
    )
    numbered, reference = np.unique([r["seal"] for r in rows], return_inverse=True)
    seals = Seals(np.asarray(reference, np.intp), np.full(len(rows), -1, np.intp), len(numbered))
    point, ends = intervals(sample, seals, lambda s: np.array([n(s) for n in numbers]), draws=DRAWS)
    return [Rate(float(p), *_ends(float(p), e, len(numbered))) for p, e in zip(point, ends, strict=True)]


def _ends(value: float, ends: Array, seals: int) -> tuple[float, float]:
    """n seals of which none errs cannot exclude a share of 1 − 0.05^(1/n)."""
    low, high = (value if np.isnan(e) else float(e) for e in ends)
    room = 1.0 - 0.05 ** (1.0 / seals)
    return (min(low, 1.0 - room) if high == 1.0 else low), (max(high, room) if low == 0.0 else high)


def eer_told(sample: Sample) -> float:
    return equal_error(sample.told)


def balanced(rows: Sequence[Row], number: Callable[[Sample], float]) -> Callable[[Sample], float]:
    """The number with every kind weighing the same among the forgeries."""
    kinds = np.array([r["kind"] for r in rows])
    weight = np.array([1.0 / float((kinds == k).sum()) for k in kinds])
    return lambda sample: number(replace(sample, weights=sample.weights * weight))


def share(flag: Callable[[Row], bool], rows: Sequence[Row]) -> Rate:
    """The share of rows that the flag holds for."""

    def mean(sample: Sample) -> float:
        total = float(sample.weights.sum())
        return float(sample.values @ sample.weights) / total if total > 0 else np.nan

    return told(rows, lambda r: float(flag(r)), 1.0, mean)[0]


# ── what the policies say ──────────────────────────────────────────────────────────────────────────────

UNDECIDED = ("outside-calibration", "quality-insufficient")


def outcome(row: Row, policy: Policy) -> str:
    """passed, failed, indeterminate or null, by the product's own checks."""
    comparison = ComparisonEvidence.model_validate(row["evidence"])
    evidence = ImprintEvidence(
        id="imprint-1", page=1, box_px=(0, 0, 1, 1), box_mm=None, dpi=row["dpi"], shape="other", ink="unknown", size_mm=None,
        quality=Quality(**row["quality"]), text=TextRead(), comparisons=(comparison,),
    )  # fmt: skip
    found = findings(cast(Any, SimpleNamespace(evidence=[evidence])), policy, (consistent, original))
    outcomes = {f.outcome for f in found}
    if "failed" in outcomes:
        return "failed"
    if any(f.reason.code in UNDECIDED for f in found):
        return "null"
    return "indeterminate" if "indeterminate" in outcomes else "passed"


def capture_of(row: Row) -> str:
    """The row's hardness, or "photo" where a photo leaves the scale unknown."""
    return "photo" if row["dpi"] is None else str(row["hardness"])


# ── the report ─────────────────────────────────────────────────────────────────────────────────────────


def figures(ours: Sequence[Row], theirs: Sequence[Row]) -> dict[str, Any]:
    """All that is reported, rates as shares."""
    policies = [policy_named(name, CHECKS) for name in POLICIES]
    judged = [{**row, **{p.name: outcome(row, p) for p in policies}} for row in ours]
    return {
        "eer": [*_eers(ours, theirs)],
        "cllr": [*_costs(ours)],
        "wrong_side": [*_wrong(ours)],
        "optical_100": [*_optical(ours)],
        "policy": [*_policy_table(judged)],
        "passing": [*_passing(judged)],
        "statements": [*_statements(ours)],
        "seconds": [*_seconds(ours, theirs)],
    }


def of_rows(rows: Iterable[Row], **wanted: object) -> list[Row]:
    """The rows of these values; a tuple stands for any of its own."""
    return [r for r in rows if all(r[k] in v if isinstance(v, tuple) else r[k] == v for k, v in wanted.items())]


def _eers(ours: Sequence[Row], theirs: Sequence[Row]) -> Iterable[Row]:
    for kind in (*MECHANISMS, "twin", *PRINTED):
        for level, hardness in enumerate(HARDNESSES):
            asked = {"kind": (*GENUINE, kind), "hardness": hardness}
            for specimens in (1,) if kind in PRINTED else (1, 3):
                rows = of_rows(ours, **asked, specimens=specimens)
                aim = AIM.get((cast(Kind, kind), specimens))
                cell = {"by": "ours", "kind": kind, "hardness": hardness, "specimens": specimens}
                yield {**cell, **_eer(rows, combined, ALLOWED[hardness]), "aim": aim and aim[level] / 100}
                if kind == "twin" and any(not np.isnan(own(r)) for r in of_rows(rows, kind="twin")):
                    yield {**cell, "kind": "twin, by its own ratio", **_eer(rows, _against_twin, ALLOWED[hardness])}
            (rate,) = told(of_rows(theirs, **asked), tutorials, 1.0, equal_error)
            anchor = ANCHOR.get(cast(Kind, kind))
            yield {
                "by": "tutorial", "kind": kind, "hardness": hardness, "specimens": 1, "eer": rate,
                "anchor": anchor and anchor[level] / 100,
            }  # fmt: skip


def _eer(rows: Sequence[Row], score: Score, allowed: float) -> dict[str, Any]:
    def nulls(side: int) -> Callable[[Sample], float]:
        return lambda sample: null_shares(sample)[side]

    rate, alone, genuine, forged = told(rows, score, allowed, equal_error, eer_told, nulls(0), nulls(1))
    pairs = sum(r["kind"] not in GENUINE for r in rows)
    return {"eer": rate, "eer_told": alone, "nulls_genuine": genuine, "nulls_forged": forged, "pairs": pairs}


def _against_twin(row: Row) -> float:
    return ratio(row, "twin")


def _costs(ours: Sequence[Row]) -> Iterable[Row]:
    for specimens in (1, 3):
        for hardness in HARDNESSES:
            rows = of_rows(ours, kind=(*GENUINE, *MECHANISMS), hardness=hardness, specimens=specimens)
            numbers = [balanced(rows, n) for n in (cllr, lambda s: cllr(s.told), lambda s: cllr_min(s.told))]
            whole, alone, least = told(rows, combined, ALLOWED[hardness], *numbers)
            yield {
                "hardness": hardness, "specimens": specimens, "cllr": whole, "cllr_told": alone, "cllr_min": least,
                "pairs": len(rows),
            }  # fmt: skip


def _wrong(ours: Sequence[Row]) -> Iterable[Row]:
    for specimens in (1, 3):
        for hardness in (*HARDNESSES, None):
            rows = of_rows(
                ours, kind=(*GENUINE, *MECHANISMS, "twin"), specimens=specimens, hardness=hardness or HARDNESSES
            )
            known = [r for r in rows if not np.isnan(own(r))]
            genuine, forged = told(known, own, 1.0, lambda s: misleading(s, 2.0)[0], lambda s: misleading(s, 2.0)[1])
            yield {
                "hardness": hardness or "all", "specimens": specimens, "genuine": genuine, "forged": forged,
                "all": share(lambda r: own(r) <= -2 if r["kind"] in GENUINE else own(r) >= 2, known), "told": len(known),
                "pairs": len(rows),
            }  # fmt: skip


def _optical(ours: Sequence[Row]) -> Iterable[Row]:
    for specimens in (1, 3):
        for hardness in HARDNESSES:
            rows = of_rows(ours, kind="optical-copy", hardness=hardness, specimens=specimens)
            yield {
                "hardness": hardness, "specimens": specimens, "combined": share(lambda r: combined(r) >= 2, rows),
                "against_near_copy": share(lambda r: ratio(r, "near-copy") >= 2, rows), "pairs": len(rows),
            }  # fmt: skip


CAPTURES = (*HARDNESSES, "photo")
OUTCOMES = ("passed", "failed", "indeterminate", "null")
POLICIES = ("default", "strict")


def _policy_table(ours: Sequence[Row]) -> Iterable[Row]:
    for specimens in (1, 3):
        for kind in ("genuine", *MECHANISMS, "twin", *PRINTED, "reused"):
            asked = of_rows(ours, kind=GENUINE if kind == "genuine" else kind, specimens=specimens)
            for capture in CAPTURES:
                rows = [r for r in asked if capture_of(r) == capture]
                if rows:
                    shares = {p: {w: sum(r[p] == w for r in rows) / len(rows) for w in OUTCOMES} for p in POLICIES}
                    yield {"kind": kind, "capture": capture, "specimens": specimens, "pairs": len(rows), **shares}


def _passing(ours: Sequence[Row]) -> Iterable[Row]:
    """Shares that pass, and genuine prints that fail, by capture."""
    remade = tuple(k for k in MECHANISMS if k not in ("near-copy", "optical-copy"))
    asked: tuple[tuple[str, tuple[Kind, ...], str, str], ...] = (
        ("genuine that pass", GENUINE, "default", "passed"),
        ("genuine that fail", GENUINE, "default", "failed"),
        ("genuine that pass, strict", GENUINE, "strict", "passed"),
        ("forgeries but near copies that pass", cast(Any, remade), "default", "passed"),
        ("near copies by hand that pass", ("near-copy",), "default", "passed"),
        ("optical copies that pass", ("optical-copy",), "default", "passed"),
        ("near and optical copies that pass, strict", ("near-copy", "optical-copy"), "strict", "passed"),
        ("reproductions that pass", PRINTED, "default", "passed"),
        ("pasted pictures that pass", ("reused",), "default", "passed"),
    )
    for specimens in (1, 3):
        for name, kinds, policy, word in asked:
            rows = of_rows(ours, kind=kinds, specimens=specimens)
            if rows:
                by_capture = {c: _answered(policy, word, [r for r in rows if capture_of(r) == c]) for c in CAPTURES}
                yield {"what": name, "specimens": specimens, **by_capture}


def _answered(policy: str, word: str, rows: Sequence[Row]) -> Rate:
    return share(lambda r: bool(r[policy] == word), rows)


def _statements(ours: Sequence[Row]) -> Iterable[Row]:
    """What is said of reuse and of the making, one specimen."""
    for kind in ("genuine", *PRINTED, "reused"):
        for hardness in HARDNESSES:
            rows = of_rows(ours, kind=GENUINE if kind == "genuine" else kind, specimens=1, hardness=hardness)
            if rows:
                words = [r["evidence"]["making"]["kind"] for r in rows]
                yield {
                    "kind": kind, "hardness": hardness, "pairs": len(rows),
                    "same_impression": share(lambda r: bool(r["evidence"]["reuse"]["same_impression"]), rows),
                    **{w: words.count(w) / len(words) for w in ("stamped", "printed", "unknown", "electronic")},
                }  # fmt: skip


def _seconds(ours: Sequence[Row], theirs: Sequence[Row]) -> Iterable[Row]:
    for dpi in (150.0, 200.0, 300.0, 400.0, 600.0):
        for specimens in (1, 3):
            if took := [r["seconds"] for r in of_rows(ours, dpi=dpi, specimens=specimens)]:
                yield {"by": "ours", "dpi": dpi, "specimens": specimens, **_spread(took)}
    yield {"by": "tutorial", "dpi": None, "specimens": 1, **_spread([r["seconds"] for r in theirs])}


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "pairs": len(seconds),
        "median": float(np.median(seconds)),
        "p95": float(np.percentile(seconds, 95)),
    }


def counts(eers: Sequence[Row]) -> str:
    """Whether the benchmark is hard enough to count: the tutorial nowhere better than it was by more than its interval."""
    asked = [e for e in eers if e["by"] == "tutorial" and e["anchor"] is not None]
    easy = [e for e in asked if e["eer"].high < e["anchor"]]
    if not easy:
        return (
            f"The benchmark counts: in none of {len(asked)} cells is the tutorial's EER below its column by more than its "
            "interval."
        )
    named = ", ".join(f"{e['kind']} {e['hardness']} ({e['eer'].percent} against {100 * e['anchor']:g})" for e in easy)
    return f"The benchmark does NOT count: the tutorial is too good in {len(easy)} of {len(asked)} cells: {named}."

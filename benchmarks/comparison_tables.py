"""The figures of the comparison's benchmark as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pairs import HARDNESSES

from benchmarks.comparison_rates import AIM, CAPTURES, MECHANISMS, OUTCOMES, POLICIES, Row, counts, of_rows

Cells = Sequence[str]


def markdown(found: Mapping[str, Any]) -> str:
    """All that `comparison_rates.figures` found."""
    eers = found["eer"]
    blocks = [
        _table(
            "EER in %, nulls beyond the allowance counted: one specimen · three · the tutorial",
            ["forgery (aim)", *HARDNESSES],
            _eer_rows(eers, "eer"),
        ),
        counts(eers),
        _table("EER in %, nulls left out: one specimen · three", ["forgery (aim)", *HARDNESSES], _eer_rows(eers, "eer_told")),
        _table("Nulls in %, one specimen: genuine · forged", ["forgery", *HARDNESSES], _null_rows(eers)),
        _table(
            "Cllr in bits, all mechanisms but twins, each weighing the same",
            ["specimens", "captures", "pairs", "Cllr", "nulls left out", "Cllr-min"],
            (
                (c["specimens"], c["hardness"], c["pairs"], c["cllr"], c["cllr_told"], c["cllr_min"])
                for c in found["cllr"]
            ),
        ),
        _table(
            "Evidence of 100 or more for the wrong side, % of told pairs",
            ["specimens", "captures", "genuine", "forged", "all", "told of pairs"],
            (
                (
                    w["specimens"], w["hardness"], w["genuine"].percent, w["forged"].percent, w["all"].percent,
                    f"{w['told']} of {w['pairs']}",
                )
                for w in found["wrong_side"]
            ),
        ),
        _table(
            "Optical copies with a ratio of 100 or more for the seal, %",
            ["specimens", "captures", "pairs", "combined", "against a near copy"],
            (
                (o["specimens"], o["hardness"], o["pairs"], o["combined"].percent, o["against_near_copy"].percent)
                for o in found["optical_100"]
            ),
        ),
        *(
            _table(
                f"The {policy} policy, specimens: {specimens}; % passed / failed / not decided / null",
                ["questioned", *CAPTURES],
                _policy_rows(of_rows(found["policy"], specimens=specimens), policy),
            )
            for policy in POLICIES
            for specimens in (1, 3)
        ),
        _table(
            "Under the policies, %",
            ["what", "specimens", *CAPTURES],
            ((a["what"], a["specimens"], *(a[c].percent for c in CAPTURES)) for a in found["passing"]),
        ),
        _table(
            "What is said of reuse and making, %, one specimen",
            ["questioned", "captures", "pairs", "same impression", "stamped", "printed", "unknown", "electronic"],
            (
                (
                    s["kind"], s["hardness"], s["pairs"], s["same_impression"].percent,
                    *(f"{100 * s[w]:.0f}" for w in ("stamped", "printed", "unknown", "electronic")),
                )
                for s in found["statements"]
            ),
        ),
        _table(
            "Processor time of one comparison, ms; the specimens' own part made before",
            ["by", "dpi", "specimens", "pairs", "median", "95th percentile"],
            (
                (
                    s["by"], s["dpi"] and f"{s['dpi']:.0f}", s["specimens"], s["pairs"], f"{1000 * s['median']:.0f}",
                    f"{1000 * s['p95']:.0f}",
                )
                for s in found["seconds"]
            ),
        ),
    ]  # fmt: skip
    return "\n\n".join(blocks)


def _table(title: str, head: Cells, rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join('–' if c is None else str(c) for c in row)} |" for row in (head, *rows)]
    return "\n".join([title, "", lines[0], "|" + "---|" * len(head), *lines[1:]])


def _eer_rows(eers: Sequence[Row], what: str) -> Iterator[Cells]:
    for kind in dict.fromkeys(e["kind"] for e in eers):
        aims = [(n, AIM[kind, n]) for n in (1, 3) if (kind, n) in AIM]
        said = "".join(f" (≤ {' / '.join(f'{v:g}' for v in aim)}{', three' if n > 1 else ''})" for n, aim in aims)
        yield [f"{kind}{said}", *(_eer_cell(of_rows(eers, kind=kind, hardness=h), what) for h in HARDNESSES)]


def _eer_cell(eers: Sequence[Row], what: str) -> str:
    told = [e[what].percent for e in sorted(eers, key=lambda e: (e["by"] != "ours", e["specimens"])) if what in e]
    return " · ".join(told)


def _null_rows(eers: Sequence[Row]) -> Iterator[Cells]:
    for kind in MECHANISMS:
        found = of_rows(eers, by="ours", specimens=1, kind=kind)
        yield [kind, *(f"{e['nulls_genuine'].percent} · {e['nulls_forged'].percent}" for e in found)]


def _policy_rows(table: Sequence[Row], policy: str) -> Iterator[Cells]:
    for kind in dict.fromkeys(p["kind"] for p in table):
        of = {p["capture"]: p for p in of_rows(table, kind=kind)}
        yield [
            kind,
            *(
                " / ".join(f"{100 * of[c][policy][w]:.0f}" for w in OUTCOMES) + f" (n={of[c]['pairs']})"
                if c in of
                else "–"
                for c in CAPTURES
            ),
        ]

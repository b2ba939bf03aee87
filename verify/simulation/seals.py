"""The demonstration's seals. Every owner, person and code here is invented; region 990000 does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from verify.simulation.dies import PX_PER_MM, Die, DieSpec, make_die

Kind = Literal["company", "contract", "finance", "invoice", "personnel", "legal-representative", "other"]
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015, table 1: no I, O, S, V, Z
_ORGANISATION = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # GB 11714-1997


def organisation_check(body: str) -> str:
    """The check character of an 8-character organisation code, GB 11714-1997, 3.3."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(w * _ORGANISATION.index(c) for w, c in zip(weights, body, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def unified_check(body: str) -> str:
    """The check character of the 17 before it, GB 32100-2015, 4.4."""
    if len(body) != 17:
        raise ValueError(f"17 characters are checked, not {len(body)}")
    total = sum(_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return _ALPHABET[(31 - total % 31) % 31]


def fictional_code(body: str) -> str:
    """A unified social credit code (18 characters) with correct checks in a region that does not exist."""
    first = f"91990000{body}{organisation_check(body)}"
    return first + unified_check(first)


@dataclass(frozen=True)
class DemonstrationSeal:
    """A registered seal of the demonstration and the design of its die. `seed` makes the die; all is fictional."""

    id: str
    owner: str
    unified_code: str
    unit: str
    kind: Kind
    spec: DieSpec
    seed: int
    valid_from: date = date(2022, 1, 1)
    valid_to: date | None = None
    status: Literal["active", "retired"] = "active"
    status_changed: date = date(2022, 1, 1)
    registered: bool = True

    def die(self, *, px_per_mm: float = PX_PER_MM) -> Die:
        """The one physical die, always the same."""
        return make_die(self.spec, np.random.default_rng(self.seed), px_per_mm=px_per_mm)


_XINGHE = ("示例星河贸易有限公司", fictional_code("MADEMX01"))
_BAIYUN = ("虚构白云机械制造有限公司", fictional_code("MADEMB02"))
_FENGYE = ("示例枫叶物流有限公司", fictional_code("MADEMF03"))
_LANTERN = ("Lantern Harbour Trading Ltd (example)", fictional_code("MADEM104"))
_NOBODY = ("示例无名商贸有限公司", fictional_code("MADEMN05"))

DEMONSTRATION_SEALS: tuple[DemonstrationSeal, ...] = (
    DemonstrationSeal(
        "xinghe-company",
        *_XINGHE,
        "",
        "company",
        DieSpec("round-company", _XINGHE[0], code="9900000010017", border_mm=1.2, making="photosensitive"),
        101,
    ),
    DemonstrationSeal(
        "xinghe-contract",
        *_XINGHE,
        "合同管理部",
        "contract",
        DieSpec(
            "contract",
            _XINGHE[0],
            "合同专用章",
            code="9900000010025",
            star_mm=11.5,
            border_mm=1.0,
            making="photosensitive",
        ),
        102,
        valid_from=date(2024, 7, 1),
    ),
    DemonstrationSeal(
        "xinghe-contract-old",
        *_XINGHE,
        "合同管理部",
        "contract",
        DieSpec(
            "contract",
            _XINGHE[0],
            "合同专用章",
            code="9900000010009",
            font="sans",
            size_mm=(42.0, 42.0),
            star_mm=12.0,
            border_mm=1.1,
            making="rubber",
        ),
        103,
        valid_to=date(2024, 6, 30),
        status="retired",
        status_changed=date(2024, 6, 30),
    ),
    DemonstrationSeal(
        "xinghe-finance",
        *_XINGHE,
        "财务部",
        "finance",
        DieSpec(
            "finance",
            _XINGHE[0],
            "财务专用章",
            code="9900000010033",
            size_mm=(38.0, 38.0),
            star_mm=11.0,
            border_mm=0.9,
            making="pre-inked",
        ),
        104,
    ),
    DemonstrationSeal(
        "xinghe-invoice",
        *_XINGHE,
        "财务部",
        "invoice",
        DieSpec(
            "oval-invoice",
            _XINGHE[0],
            _XINGHE[1],
            "发票专用章",
            size_mm=(40.0, 30.0),
            border_mm=0.8,
            inner_mm=0.25,
            star_mm=0.0,
        ),
        105,
    ),
    DemonstrationSeal(
        "baiyun-company",
        *_BAIYUN,
        "",
        "company",
        DieSpec(
            "round-company",
            _BAIYUN[0],
            code="9900000020010",
            font="sans",
            size_mm=(42.0, 42.0),
            border_mm=1.1,
            making="rubber",
        ),
        106,
    ),
    DemonstrationSeal(
        "baiyun-legal",
        *_BAIYUN,
        "",
        "legal-representative",
        DieSpec("square-name", "李虚构印", size_mm=(18.0, 18.0), border_mm=0.9, star_mm=0.0, making="metal"),
        107,
    ),
    DemonstrationSeal(
        "fengye-goods",
        *_FENGYE,
        "仓储部",
        "other",
        DieSpec(
            "rectangular",
            _FENGYE[0],
            "收货专用章",
            font="sans",
            size_mm=(52.0, 20.0),
            border_mm=0.7,
            star_mm=0.0,
            making="rubber",
        ),
        108,
    ),
    DemonstrationSeal(
        "fengye-business",
        *_FENGYE,
        "业务部",
        "other",
        DieSpec(
            "contract",
            _FENGYE[0],
            "业务专用章",
            size_mm=(38.0, 38.0),
            star_mm=10.5,
            border_mm=0.9,
            colour="blue",
            making="pre-inked",
        ),
        109,
    ),
    DemonstrationSeal(
        "lantern-corporate",
        *_LANTERN,
        "",
        "company",
        DieSpec(
            "latin-corporate",
            "LANTERN HARBOUR TRADING LTD",
            "CORPORATE/SEAL/2019",
            "EXAMPLE BAY",
            font="latin-serif",
            border_mm=0.8,
            inner_mm=0.3,
            teeth=64,
            star_mm=0.0,
            making="rubber",
        ),
        110,
    ),
)
UNREGISTERED = DemonstrationSeal(
    "unregistered",
    *_NOBODY,
    "",
    "company",
    DieSpec("round-company", _NOBODY[0], code="9900000050013", border_mm=1.0),
    111,
    registered=False,
)


def demonstration_seal(id: str) -> DemonstrationSeal:
    """By id, `unregistered` included. KeyError for another."""
    return {seal.id: seal for seal in (*DEMONSTRATION_SEALS, UNREGISTERED)}[id]

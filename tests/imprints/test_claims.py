"""An imprint is held against the seals that it claims, and against no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.stores.test_seals import seal
from verify.imprints.claims import Claim, Claims, claims_of
from verify.imprints.evidence import PassedOver, Shape
from verify.stores.seals import Owner, ReferenceSeal

XINGHE = seal(id="xinghe", owner=Owner(name="示例星河贸易有限公司"), text="示例星河贸易有限公司", size_mm=(40.0, 40.0))
BAIYUN = seal(
    id="baiyun", owner=Owner(name="虚构白云机械制造有限公司"), text="虚构白云机械制造有限公司", size_mm=(42.0, 42.0)
)


def claims(
    text: str = "",
    *,
    shape: Shape = "round",
    size: tuple[float, float] | None = (40.0, 40.0),
    by: Claims | None = None,
    likeness: Callable[[ReferenceSeal], float] = lambda s: 0.0,
) -> dict[str, tuple[str, ...]]:
    found = claims_of(
        text=text,
        shape=shape,
        size_mm=size,
        claims=by or Claims(),
        seals=(XINGHE, BAIYUN),
        screened=_never,
        likeness=likeness,
    )
    return {c.seal.id: c.by for c in found.claims}


def _never(one: ReferenceSeal) -> float:
    raise AssertionError(f"{one.id} was screened, though two seals are compared in full")


def many(
    screened: Sequence[float], *, by: Claims | None = None, text: str = ""
) -> tuple[list[str], dict[str, PassedOver], list[str]]:
    """Of one owner's seals, as alike in full as in screening: the claimed, those passed over, those compared in full."""
    seals = [XINGHE.model_copy(update={"id": f"xinghe-{n:02}"}) for n in range(len(screened))]
    values = {one.id: value for one, value in zip(seals, screened, strict=True)}
    compared: list[str] = []

    def likeness(one: ReferenceSeal) -> float:
        compared.append(one.id)
        return values[one.id]

    found = claims_of(
        text=text,
        shape="round",
        size_mm=(40.0, 40.0),
        claims=by or Claims(),
        seals=seals,
        screened=lambda s: values[s.id],
        likeness=likeness,
    )
    return [c.seal.id for c in found.claims], {p.seal: p for p in found.passed_over}, compared


def test_text_read_with_errors_still_names_its_seal() -> None:
    assert claims("示例星何贸易有限公司") == {"xinghe": ("text",)}


def test_text_of_a_third_company_names_none() -> None:
    assert claims("示例无名商贸有限公司", likeness=lambda s: 0.3) == {}


def test_a_signers_name_claims_its_seals_unless_the_text_says_otherwise() -> None:
    signer = Claims(signers=("示例星河贸易有限公司",))
    assert claims("", by=signer, likeness=lambda s: 0.97) == {
        "xinghe": ("certificate", "likeness"),
        "baiyun": ("likeness",),
    }
    assert claims("", by=signer, likeness=lambda s: 0.9) == {}
    assert claims("虚构白云机械制造厂", by=signer) == {"baiyun": ("text",)}


def test_an_unreadable_imprint_that_looks_alike_claims_by_likeness() -> None:
    assert claims("", likeness=lambda s: 0.97 if s.id == "xinghe" else 0.9) == {"xinghe": ("likeness",)}


def test_another_shape_or_size_claims_nothing_and_is_not_compared() -> None:
    asked: list[str] = []

    def likeness(one: ReferenceSeal) -> float:
        asked.append(one.id)
        return 1.0

    assert claims("", shape="square", likeness=likeness) == {}
    assert claims("", size=(25.0, 25.0), likeness=likeness) == {}
    assert asked == []


def test_a_text_that_names_an_owner_is_held_against_it_whatever_the_size() -> None:
    assert claims("示例星河贸易有限公司", size=(47.0, 47.0)) == {"xinghe": ("text",)}
    assert claims("示例星河贸易有限公司", shape="square") == {"xinghe": ("text",)}


def test_the_callers_word_yields_to_another_name_on_the_seal() -> None:
    assert claims("无名商行", by=Claims(seals=("xinghe",))) == {}


def test_the_callers_word_outranks_shape_and_size() -> None:
    assert claims("", shape="square", size=(12.0, 12.0), by=Claims(seals=("xinghe",))) == {"xinghe": ("caller",)}


def test_of_an_owners_many_seals_those_that_may_be_the_one_are_compared_in_full() -> None:
    values = [0.4, 0.96, 0.3, 0.9, 0.86, 0.5]
    claimed, over, compared = many(values, text="示例星河贸易有限公司")
    assert compared == ["xinghe-01", "xinghe-03", "xinghe-04"]
    assert claimed == ["xinghe-01", "xinghe-03"]
    assert {s: (p.screened, p.in_full) for s, p in over.items()} == {
        "xinghe-00": (0.4, False),
        "xinghe-02": (0.3, False),
        "xinghe-04": (0.86, True),
        "xinghe-05": (0.5, False),
    }
    assert over["xinghe-00"].claimed_by == ("text",)


def test_the_less_a_print_shows_the_more_seals_may_be_the_one() -> None:
    assert len(many([0.95, *[0.88] * 9], text="示例星河贸易有限公司")[2]) == 10
    assert len(many([0.95, *[0.80] * 9], text="示例星河贸易有限公司")[2]) == 3
    assert len(many([0.70, *[0.40] * 9], text="示例星河贸易有限公司")[2]) == 10


def test_of_many_seals_that_the_caller_names_the_unlike_are_screened_only() -> None:
    ids = tuple(f"xinghe-{n:02}" for n in range(5))
    claimed, over, _ = many([0.2, 0.97, 0.1, 0.3, 0.25], by=Claims(seals=ids))
    assert claimed == ["xinghe-01", "xinghe-03", "xinghe-04"]
    assert {s: p.claimed_by for s, p in over.items()} == {"xinghe-00": ("caller",), "xinghe-02": ("caller",)}


def test_an_imprint_that_nobody_named_and_that_is_like_none_is_compared_with_none() -> None:
    assert many([0.6, 0.5, 0.55, 0.4, 0.7]) == ([], {}, [])


def test_a_claim_is_a_value() -> None:
    assert Claim(XINGHE, ("text",)) == Claim(XINGHE, ("text",))

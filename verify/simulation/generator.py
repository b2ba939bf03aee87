"""Any number of random fictional seals, none of them a demonstration seal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from verify.simulation.dies import Colour, DieSpec, Layout, Making, Setting
from verify.simulation.fields import Rng, between, pick
from verify.simulation.fonts import CHINESE, LATIN, FontName, is_chinese

# Demonstration owners begin with 示例 or 虚构, or are named here; random ones never are.
_PLACES = ("澄江", "云岭", "望海", "青禾", "南屏", "北辰", "东篱", "西泠", "临川", "沧澜", "玉溪湾", "平湖", "松阳", "泽州口")  # fmt: skip
_SYLLABLES = "华鼎盛泰宏达瑞丰恒信嘉安荣昌永兴隆裕德源博远天辰金石友邦凯旋锦程卓越伟业融创佳美康宁祥和正阳启航新力"
_TRADES = (
    "贸易", "科技", "商贸", "机械制造", "电子", "建筑工程", "物流", "食品", "咨询服务", "环保设备", "纺织", "文化传播",
    "医疗器械", "农业发展", "投资管理", "信息技术", "装饰工程", "化工", "印刷包装", "餐饮管理",
)  # fmt: skip
_ENDINGS = ("有限公司", "有限公司", "有限公司", "股份有限公司", "有限责任公司")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "明华建国志强秀英文丽军洋勇艳杰娟涛超霞平刚桂兰鑫宇浩然晨曦子轩思源"
_PURPOSES: dict[Layout, tuple[str, ...]] = {
    "round-company": ("",),
    "contract": ("合同专用章", "业务专用章", "销售专用章", "报关专用章", "检测专用章", "投标专用章"),
    "finance": ("财务专用章", "结算专用章", "人事专用章", "资料专用章"),
    "oval-invoice": ("发票专用章",),
}
_DESKS = ("收货专用章", "仓储专用章", "质检合格", "与原件相符", "现金付讫", "转账收讫", "附件审核", "办公室")
_WORDS = (
    "NORTH", "HARBOUR", "SILVER", "RIVER", "OAK", "GRANITE", "MERIDIAN", "ATLAS", "COPPER", "FALCON", "CEDAR", "HORIZON",
    "SUMMIT", "VALLEY", "BRIGHT", "STONE", "COBALT", "WILLOW", "ORCHARD", "PIONEER",
)  # fmt: skip
_LINES = ("TRADING", "LOGISTICS", "PARTNERS", "ENGINEERING", "TEXTILES", "HOLDINGS", "SYSTEMS", "FOODS", "METALS")
_FORMS = ("LTD", "LLC", "INC", "GMBH", "CO LTD", "PLC")
_TOWNS = ("PORT AVEN", "LOWMERE", "ESTERHAM", "NEW TARVO", "SOLBRIDGE", "KALDERA", "VINTERO", "MARWICK BAY")
_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def company_name(rng: Rng) -> str:
    """A fictional company: place, two or three syllables, trade, form."""
    syllables = "".join(pick(rng, _SYLLABLES) for _ in range(int(rng.integers(2, 4))))
    name = f"{pick(rng, _PLACES)}{syllables}{pick(rng, _TRADES)}{pick(rng, _ENDINGS)}"
    # Fifteen characters are as many as an arc holds at full height.
    return name if len(name) <= 15 else f"{syllables}{pick(rng, _TRADES)}有限公司"


def random_spec(
    rng: Rng, *, layout: Layout | None = None, font: FontName | None = None, faces: Sequence[FontName] | None = None
) -> DieSpec:
    """A random seal's design, of a layout drawn by how common it is unless given; of one of `faces` that has the
    layout's script, evenly, or of the usual ones without. Never a demonstration seal: those carry 示例, 虚构 or
    EXAMPLE in their text, which nothing here can compose.

    Raises ValueError where the layout's script is in none of the faces given.
    """
    layouts: tuple[Layout, ...] = (
        "round-company", "contract", "finance", "oval-invoice", "square-name", "rectangular", "latin-corporate",
    )  # fmt: skip
    weights = np.array([0.26, 0.16, 0.14, 0.11, 0.14, 0.09, 0.10])
    kind: Layout = layout or layouts[int(rng.choice(len(layouts), p=weights))]
    chinese = kind != "latin-corporate"
    if faces is not None and font is None:
        fitting = [face for face in faces if is_chinese(face) == chinese]
        if not fitting:
            raise ValueError(f"a {kind} seal needs a {'Chinese' if chinese else 'Latin'} face, none of {list(faces)}")
        font = fitting[int(rng.integers(len(fitting)))]
    if not chinese:
        return _latin(rng, font)
    face: FontName = font or (CHINESE[0] if rng.random() < 0.6 else CHINESE[1])
    if not is_chinese(face):
        raise ValueError(f"{face} has no Chinese characters; a {kind} seal needs a face that has")
    if kind == "square-name":
        return _name_seal(rng, face)
    if kind == "rectangular":
        return _desk_seal(rng, face)
    return _company(rng, kind, face)


def random_seal(
    index: int, *, seed: int = 2026, layout: Layout | None = None, faces: Sequence[FontName] | None = None
) -> DieSpec:
    """The seal of a number: the same for ever (for the same faces), whatever else was drawn."""
    return random_spec(np.random.default_rng((seed, index)), layout=layout, faces=faces)


def _setting(rng: Rng) -> Setting:
    f = rng.normal(1.0, 0.06, 8).clip(0.85, 1.15)
    return Setting(
        glyph_width=float(f[0]), glyph_height=float(f[1]), radius=float(1.0 - abs(f[2] - 1.0) * 0.4),
        spread=float(1.0 - abs(f[3] - 1.0)), star=float(f[4]), line_height=float(f[5]),
        weight=between(rng, 0.0, 0.022), code_spread=float(f[7]),
    )  # fmt: skip


def _making(rng: Rng) -> Making:
    makings: tuple[Making, ...] = ("photosensitive", "photosensitive", "rubber", "pre-inked", "metal")
    return makings[int(rng.integers(len(makings)))]


def _colour(rng: Rng, red: float) -> Colour:
    return "red" if rng.random() < red else ("blue", "blue", "purple", "black", "green")[int(rng.integers(5))]


def _digits(rng: Rng, count: int) -> str:
    return "".join(str(d) for d in rng.integers(0, 10, count))


def _company(rng: Rng, layout: Layout, face: FontName) -> DieSpec:
    purpose = pick(rng, _PURPOSES[layout])
    oval = layout == "oval-invoice"
    diameter = float(pick(rng, (38.0, 40.0, 40.0, 42.0, 45.0)))
    size = float(pick(rng, ((40.0, 30.0), (40.0, 28.0), (42.0, 30.0)))[0]), float(pick(rng, (28.0, 30.0)))
    tax = "91" + "".join(pick(rng, _CODE_ALPHABET) for _ in range(16))
    return DieSpec(
        layout=layout,
        arc=company_name(rng),
        centre=tax if oval else purpose,
        bottom=purpose if oval else "",
        code=_digits(rng, 13) if not oval and rng.random() < 0.8 else "",
        font=face,
        size_mm=size if oval else (diameter, diameter),
        border_mm=between(rng, 0.7, 1.3),
        inner_mm=between(rng, 0.15, 0.3) if rng.random() < (0.6 if oval else 0.1) else 0.0,
        star_mm=between(rng, 10.0, 12.5) if purpose else between(rng, 12.0, 15.0),
        colour=_colour(rng, 0.95),
        making=_making(rng),
        setting=_setting(rng),
    )


def _name_seal(rng: Rng, face: FontName) -> DieSpec:
    given = "".join(pick(rng, _GIVEN) for _ in range(int(rng.integers(1, 3))))
    ending = ("之印", "印章")[int(rng.integers(2))] if len(given) == 1 else "印"
    side = float(pick(rng, (12.0, 15.0, 18.0, 20.0, 22.0)))
    return DieSpec(
        layout="square-name", arc=pick(rng, _SURNAMES) + given + ending, font=face, size_mm=(side, side),
        border_mm=side * between(rng, 0.035, 0.06), star_mm=0.0, colour=_colour(rng, 0.9), making=_making(rng),
        setting=_setting(rng),
    )  # fmt: skip


def _desk_seal(rng: Rng, face: FontName) -> DieSpec:
    name = company_name(rng)
    two = rng.random() < 0.7
    return DieSpec(
        layout="rectangular", arc=name if two else pick(rng, _DESKS), centre=pick(rng, _DESKS) if two else "",
        font=face, size_mm=(between(rng, 45.0, 60.0), between(rng, 16.0, 24.0)) if two else (between(rng, 30, 42), between(rng, 10, 14)),
        border_mm=between(rng, 0.4, 0.9), inner_mm=between(rng, 0.15, 0.3) if rng.random() < 0.2 else 0.0, star_mm=0.0,
        colour=_colour(rng, 0.5), making=_making(rng), setting=_setting(rng),
    )  # fmt: skip


def _latin(rng: Rng, font: FontName | None) -> DieSpec:
    face: FontName = font or LATIN[int(rng.integers(2))]
    name = f"{pick(rng, _WORDS)} {pick(rng, _WORDS)} {pick(rng, _LINES)} {pick(rng, _FORMS)}"
    diameter = between(rng, 36.0, 45.0)
    toothed = rng.random() < 0.35
    year = int(rng.integers(1960, 2026))
    return DieSpec(
        layout="latin-corporate", arc=name, centre=f"CORPORATE/SEAL/{year}" if rng.random() < 0.7 else f"EST {year}",
        bottom=pick(rng, _TOWNS), font=face, size_mm=(diameter, diameter), border_mm=between(rng, 0.6, 1.1),
        inner_mm=between(rng, 0.2, 0.4), teeth=int(rng.integers(48, 90)) if toothed else 0, star_mm=0.0,
        colour=_colour(rng, 0.4), making=_making(rng), setting=_setting(rng),
    )  # fmt: skip

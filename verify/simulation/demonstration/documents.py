"""Makes the demonstration's documents. Equal code gives equal documents, signatures' random parts apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from verify.core.document import Pixels
from verify.simulation.contracts import Scan, contract_pdf
from verify.simulation.demonstration.cases import CASES
from verify.simulation.dies import Die
from verify.simulation.forgeries import Mechanism, forge
from verify.simulation.impressions import Pressing, press
from verify.simulation.paper import Layer, text_layer
from verify.simulation.pki import TestPki
from verify.simulation.registry import SPECIMEN_DPI, png_with_dpi, registered_pixels
from verify.simulation.scans import Capture, scan_page
from verify.simulation.seals import demonstration_seal
from verify.simulation.signing import Look, sign_pdf
from verify.simulation.tampering import break_bytes, change_text, hide_content

TITLE = "货物买卖合同（虚构示例） Sales Contract (fictional example)"
XINGHE, BAIYUN = demonstration_seal("xinghe-company").owner, demonstration_seal("baiyun-company").owner
SIGNED = datetime(2026, 5, 20, 9, 30, tzinfo=UTC)
FINE_DPI = 600.0
_PAGE_MM = (210.0, 148.0)
# Where on the sealed page the seal goes down, upper left corner of its picture.
_PLACE_MM = (112.0, 62.0)
_CLAUSES = (
    "第一条 甲方向乙方购买精密轴承一百套，总价人民币 120000 元。",
    "Clause 1. Party A buys one hundred bearings from Party B at a total price of CNY 120000.",
    "第二条 乙方应于二零二六年七月一日前交货。",
    "Clause 2. Party B delivers within six weeks of the signing of this contract.",
    "第三条 逾期交货的，乙方每日按总价的千分之一支付违约金。",
    "Clause 3. For each day of delay Party B pays one per mille of the total price.",
    "本合同及其各方均为虚构，仅用于演示。 This contract and its parties are invented for a demonstration.",
)
_PRICE_MM, _DELAY_MM = (20.0, 77.5, 165.0, 10.5), (20.0, 104.0, 165.0, 13.5)


@dataclass(frozen=True)
class Made:
    """What a case needs: the document's bytes, and the use of the seal that the ledger holds, for the bytes `approved`."""

    data: bytes
    use: str | None = None
    approved: bytes = b""


def pki() -> TestPki:
    """The demonstration's authority."""
    return TestPki()


def make(case: str) -> Made:
    """The document of a case by its id."""
    return _MAKERS[case]()


def write_roots(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demonstration-root.der").write_bytes(pki().root_der)


# ── paper ──────────────────────────────────────────────────────────────────────────────────────────────


def _content(owner: str) -> list[Layer]:
    return [
        text_layer(
            ["（签署页，虚构示例）", f"甲方（盖章）：{owner}", f"乙方（盖章）：{BAIYUN}", "签订地点：示例市"],
            x_mm=25.0,
            y_mm=28.0,
            leading=3.4,
        )
    ]


def _sealed(*dies: Die, seed: int, owner: str = XINGHE, dpi: float = FINE_DPI) -> Pixels:
    """A page with clean impressions of the dies side by side, scanned cleanly."""
    rng = np.random.default_rng([seed, 2026])
    stamps = []
    for index, die in enumerate(dies):
        impression = press(die, _with_care(Pressing.draw(rng, "clean")), rng)
        stamps.append((impression, _PLACE_MM[0] - 70.0 * index, _PLACE_MM[1]))
    capture = Capture.draw(rng, "clean", dpi=dpi)
    return scan_page(stamps, _content(owner), capture, rng, size_mm=_PAGE_MM).pixels


def _with_care(pressing: Pressing) -> Pressing:
    """The same hand taking its time: half the unevenness. How seals fare that are pressed as usual: docs/results.md."""
    half = {
        name: getattr(pressing, name) / 2
        for name in (
            "tilt",
            "starved",
            "mottle",
            "smear",
            "warp",
            "scatter",
            "gain",
            "edge_fine",
            "edge_middle",
            "edge_coarse",
            "spread",
        )
    }
    return replace(pressing, swelling=1 + (pressing.swelling - 1) / 2, aspect=1 + (pressing.aspect - 1) / 2, **half)


@lru_cache(maxsize=1)
def _genuine_page() -> Pixels:
    return _sealed(demonstration_seal("xinghe-company").die(), seed=1)


def _contract(*scans: Pixels, number: str = "XH-2026-0520", dpi: float = FINE_DPI) -> bytes:
    pages = [Scan(p, dpi, jpeg_quality=93) for p in scans]
    return contract_pdf(TITLE, [XINGHE, BAIYUN], _CLAUSES, number=number, pages=pages)


# ── the cases ──────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _genuine_signed() -> bytes:
    return _signed(_contract(_genuine_page()))


def _signed(pdf: bytes, *, owner: str = XINGHE, authority: TestPki | None = None, at: datetime = SIGNED) -> bytes:
    authority = authority or pki()
    code = demonstration_seal("xinghe-company" if owner == XINGHE else "baiyun-company").unified_code
    signer = authority.signer(owner, code=code)
    return sign_pdf(pdf, signer, at=at, timestamper=authority.timestamper(at), revocation=authority)


def _genuine() -> Made:
    signed = _genuine_signed()
    return Made(signed, use="USE-2026-0519-01", approved=_as_signed(signed))


def _as_signed(pdf: bytes) -> bytes:
    """The file as it stood when it was signed, before revocation data were added: what was shown for approval."""
    ranges = re.search(rb"/ByteRange\s*\[\s*0\s+\d+\s+(\d+)\s+(\d+)", pdf)
    assert ranges is not None
    return pdf[: int(ranges[1]) + int(ranges[2])]


def _genuine_scan() -> Made:
    return Made(png_with_dpi(_genuine_page(), FINE_DPI))


def _text_changed() -> Made:
    return Made(change_text(_genuine_signed(), 1, _PRICE_MM, "Clause 1. ... at a total price of CNY 920000."))


def _content_hidden() -> Made:
    return Made(hide_content(_genuine_signed(), 1, _DELAY_MM))


def _bytes_replaced() -> Made:
    return Made(break_bytes(_genuine_signed()))


def _forged(mechanism: Mechanism, seed: int, *, error_mm: float | None = None) -> Made:
    die = demonstration_seal("xinghe-company").die()
    forged = forge(mechanism, die, np.random.default_rng([seed, 99]), error_mm=error_mm)
    return Made(png_with_dpi(_sealed(forged, seed=seed), FINE_DPI))


def _retired_seal() -> Made:
    page = _sealed(demonstration_seal("xinghe-contract-old").die(), seed=6)
    return Made(_signed(_contract(page, number="XH-2026-0521")))


def _unregistered_beside() -> Made:
    page = _sealed(
        demonstration_seal("baiyun-company").die(), demonstration_seal("unregistered").die(), seed=7, owner=BAIYUN
    )
    return Made(_signed(_contract(page, number="BY-2026-0033"), owner=BAIYUN))


def _pasted_specimen() -> Made:
    """A born-digital page with the registered picture laid on it, as an editor does it."""
    return Made(_with_picture(_contract(number="XH-2026-0601")))


def _electronic_seal() -> Made:
    seal = demonstration_seal("baiyun-company")
    picture = registered_pixels(seal.id)
    width, height = (n / SPECIMEN_DPI * 25.4 for n in (picture.shape[1], picture.shape[0]))
    authority = pki()
    signer = authority.signer(BAIYUN, code=seal.unified_code)
    look = Look(page=1, box_mm=(120.0, 200.0, width, height), picture=png_with_dpi(picture, SPECIMEN_DPI))
    signed = sign_pdf(
        _contract(number="BY-2026-0040"),
        signer,
        at=SIGNED,
        timestamper=authority.timestamper(SIGNED),
        revocation=authority,
        appearance=look,
    )
    return Made(signed)


def _revoked_signer() -> Made:
    authority = pki()
    signer = authority.signer(BAIYUN, code=demonstration_seal("baiyun-company").unified_code)
    revoked = authority.revoke(signer, datetime(2026, 5, 1, tzinfo=UTC))
    page = _sealed(demonstration_seal("baiyun-company").die(), seed=8, owner=BAIYUN)
    return Made(_signed(_contract(page, number="BY-2026-0041"), owner=BAIYUN, authority=revoked))


def _untrusted_chain() -> Made:
    stranger = TestPki(seed="stranger", organisation="无名虚构认证中心")
    page = _sealed(demonstration_seal("baiyun-company").die(), seed=9, owner=BAIYUN)
    return Made(_signed(_contract(page, number="BY-2026-0042"), owner=BAIYUN, authority=stranger))


def _other_content() -> Made:
    """The contract names a use that was approved for another file."""
    page = _sealed(demonstration_seal("xinghe-company").die(), seed=10)
    return Made(_signed(_contract(page, number="XH-2026-0522 / USE-2026-0519-01")))


def _scan_without_signature() -> Made:
    page = _sealed(
        demonstration_seal("fengye-business").die(),
        seed=11,
        owner=demonstration_seal("fengye-business").owner,
        dpi=300.0,
    )
    return Made(png_with_dpi(page, 300.0))


def _nothing() -> Made:
    return Made(contract_pdf("信函（虚构示例） A letter (fictional example)", [XINGHE], ["此致 With kind regards"]))


def _with_picture(pdf: bytes) -> bytes:
    import pymupdf

    picture = registered_pixels("xinghe-company")
    width, height = (n / SPECIMEN_DPI * 72.0 for n in (picture.shape[1], picture.shape[0]))
    document = pymupdf.open(stream=pdf, filetype="pdf")
    page = document[0]
    page.insert_image(pymupdf.Rect(340, 560, 340 + width, 560 + height), stream=png_with_dpi(picture, SPECIMEN_DPI))
    return bytes(document.tobytes(garbage=3, deflate=True, no_new_id=True))


_MAKERS: dict[str, Callable[[], Made]] = {
    "genuine": _genuine,
    "genuine-scan": _genuine_scan,
    "text-changed": _text_changed,
    "content-hidden": _content_hidden,
    "bytes-replaced": _bytes_replaced,
    "forged-other-font": lambda: _forged("other-font", 2),
    "forged-re-set": lambda: _forged("re-set", 3),
    "forged-copied-print": lambda: _forged("copy-engraved", 4, error_mm=0.1),
    "near-copy": lambda: _forged("near-copy", 5),
    "retired-seal": _retired_seal,
    "unregistered-beside": _unregistered_beside,
    "pasted-specimen": _pasted_specimen,
    "electronic-seal": _electronic_seal,
    "revoked-signer": _revoked_signer,
    "untrusted-chain": _untrusted_chain,
    "other-content": _other_content,
    "scan-without-signature": _scan_without_signature,
    "nothing": _nothing,
}
assert _MAKERS.keys() == {case.id for case in CASES}

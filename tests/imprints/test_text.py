"""Reading simulated seals, and what is answered where nothing can be read."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from verify.imprints import text as reading
from verify.imprints.find import Found, find_imprints
from verify.imprints.imprint import Imprint
from verify.imprints.text import SealText, missing_reader, read_text, similar, unified_code_holds
from verify.simulation.dies import DieSpec, make_die
from verify.simulation.impressions import Pressing, press
from verify.simulation.scans import Capture, scan_crop
from verify.simulation.seals import fictional_code

SPEC = DieSpec("contract", "虚构平安贸易有限公司", "合同专用章", code="9900000099999")


@pytest.fixture(autouse=True)
def _fresh_languages() -> Iterator[None]:
    reading._languages.cache_clear()
    yield
    reading._languages.cache_clear()


def seal(spec: DieSpec, turn: float = 0.0) -> tuple[Imprint, Found]:
    rng = np.random.default_rng(7)
    impression = press(make_die(spec, rng), Pressing(turn_deg=turn), rng)
    scan = scan_crop(impression, Capture(dpi=400.0), rng, margin_mm=4.0)
    return Imprint(scan.pixels, scan.dpi), find_imprints(scan.pixels, dpi=400.0)[0]


@pytest.mark.parametrize("turn", [0.0, 35.0, -70.0, 160.0])
def test_arc_and_line_are_read_however_the_seal_is_turned(turn: float) -> None:
    read = read_text(*seal(SPEC, turn))
    assert read.reason is None
    assert similar(read.text, SPEC.arc) >= 0.7
    assert similar(read.text, SPEC.centre) >= 0.6


def test_a_code_is_thirteen_digits_and_right_or_not_told() -> None:
    code = read_text(*seal(SPEC)).code
    assert code in (None, SPEC.code)


def test_the_frame_of_a_business_seal_does_not_hinder_its_lines() -> None:
    spec = DieSpec(
        "rectangular",
        "示例大同物流有限公司",
        "收货专用章",
        font="sans",
        size_mm=(50.0, 20.0),
        border_mm=0.7,
        star_mm=0.0,
    )
    read = read_text(*seal(spec))
    assert similar(" ".join(read.lines), spec.arc + spec.centre) >= 0.7


def test_latin_letters_are_read_as_latin() -> None:
    spec = DieSpec(
        "latin-corporate", "GRANITE HARBOUR TRADING LTD", "EST 1987", "EXAMPLE BAY", font="latin-sans", border_mm=0.8,
        inner_mm=0.3, star_mm=0.0, colour="blue",
    )  # fmt: skip
    assert similar(read_text(*seal(spec)).text, spec.arc) >= 0.7


def test_equal_pixels_give_equal_text() -> None:
    imprint, found = seal(SPEC)
    assert read_text(imprint, found) == read_text(imprint, found)


def test_without_tesseract_the_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    imprint, found = seal(SPEC)
    monkeypatch.setattr(reading.shutil, "which", lambda _name: None)
    assert read_text(imprint, found) == SealText(reason="no-tesseract")


def test_without_the_language_the_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    imprint, found = seal(SPEC)
    monkeypatch.setattr(reading, "_languages", lambda: frozenset({"eng"}))
    monkeypatch.setattr(reading._languages, "cache_clear", lambda: None, raising=False)
    assert read_text(imprint, found) == SealText(reason="no-language")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (subprocess.TimeoutExpired("tesseract", 4), "ocr-timeout"),
        (subprocess.CalledProcessError(1, "tesseract"), "ocr-failed"),
        (OSError("gone"), "ocr-failed"),
    ],
)
def test_a_reader_that_hangs_or_breaks_is_an_answer(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    imprint, found = seal(SPEC)

    def broken(*_: Any) -> list[Any]:
        raise error

    monkeypatch.setattr(reading, "_tesseract", broken)
    assert read_text(imprint, found).reason == reason


def test_the_reader_runs_on_one_thread_and_with_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def run(_command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        seen.update(options)
        return subprocess.CompletedProcess([], 0, b"header\n", b"")

    monkeypatch.setattr(reading.subprocess, "run", run)
    reading._tesseract(np.full((40, 200), 255, np.uint8), "-l", "chi_sim")
    assert seen["env"]["OMP_THREAD_LIMIT"] == "1"
    assert 0 < seen["timeout"] <= 10


def test_this_machine_can_read() -> None:
    assert missing_reader() is None


def test_a_unified_code_holds_only_with_its_check_character() -> None:
    code = fictional_code("MADEMX01")
    assert unified_code_holds(code)
    assert not any(unified_code_holds(code[:17] + c) for c in "0123456789ABCDEFGHJKLMNPQRTUWXY" if c != code[17])
    assert not unified_code_holds(code[:-1])
    assert not unified_code_holds("I" + code[1:])


def test_errors_of_reading_cost_little_and_another_name_much() -> None:
    assert similar("平湖力兴文化传播有腿公司", "平湖力兴文化传播有限公司") > 0.9
    assert similar("平湖力兴文化传播有腿公司", "临川启隆印刷包装股份有限公司") < 0.5

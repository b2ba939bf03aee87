"""What the benchmark of signatures holds ours against: pyHanko in this process, and poppler's pdfsig in its own."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

_LIMIT_S = 120


@dataclass(frozen=True)
class Answer:
    """What one validator says about one file.

    `verdict`: intact, modified, unknown, none (no signature), not-analysed (valid, but what came after was not looked
    at), refused:<code>, rejected:<type> (an error of its own kind), crash:<type: message> (any other, or a signal).
    `modification`: none, permitted, suspicious, unknown, not-analysed, or empty. `intact`: one for each signature.
    """

    verdict: str
    modification: str
    intact: tuple[bool | None, ...]
    seconds: float

    @property
    def word(self) -> str:
        return self.verdict.partition(":")[0]


def pyhanko(data: bytes, at: datetime) -> Answer:
    """pyHanko's plain validation of every signature: lenient, offline, without roots, AdES or a time limit."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
    from pyhanko_certvalidator import ValidationContext

    said: list[tuple[bool, str]] = []
    errors: list[str] = []
    start = time.perf_counter()
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        if reader.encrypted:
            reader.decrypt("")
        for signature in reader.embedded_signatures:
            context = ValidationContext(trust_roots=[], allow_fetching=False, moment=at)
            stamp = signature.sig_object_type == "/DocTimeStamp"
            check: Any = async_validate_pdf_timestamp if stamp else async_validate_pdf_signature
            try:
                said.append(_status(asyncio.run(check(signature, context))))
            except Exception as error:
                errors.append(_error(error))
    except Exception as error:
        errors.append(_error(error))
    seconds = time.perf_counter() - start
    intact = tuple(ok for ok, _ in said)
    modification = max((m for _, m in said), key=("none", "permitted", "unknown", "suspicious").index, default="")
    if errors:
        verdict = min(errors)  # a crash before a rejection
    elif not said:
        verdict = "none"
    elif not all(intact) or modification == "suspicious":
        verdict = "modified"
    else:
        verdict = "unknown" if modification == "unknown" else "intact"
    return Answer(verdict, modification, intact, seconds)


def _status(status: Any) -> tuple[bool, str]:
    """Whether the signature holds, and what pyHanko thinks of later changes, the certification level included."""
    level = getattr(getattr(status, "modification_level", None), "name", None)
    word = {None: "unknown", "NONE": "none", "OTHER": "suspicious"}.get(level, "permitted")
    if level is not None and status.docmdp_ok is False:
        word = "suspicious"
    return bool(status.intact and status.valid), word


def _error(error: Exception) -> str:
    own = type(error).__module__.partition(".")[0] in ("pyhanko", "pyhanko_certvalidator")
    return f"{'rejected' if own else 'crash'}:{type(error).__name__}: {' '.join(str(error).split())[:100]}"


PDFSIG = shutil.which("pdfsig")
_VALIDATION = re.compile(r"- Signature Validation: (.+)")
_WORDS = {"Signature is Valid": True, "Signature is Invalid": False, "Digest Mismatch": False}  # others: not verified


def pdfsig(file: Path) -> Answer:
    """`pdfsig -nocert`, the start of its process included. It does not look at what came after a signature."""
    assert PDFSIG is not None
    start = time.perf_counter()
    try:
        ran = subprocess.run([PDFSIG, "-nocert", str(file)], capture_output=True, timeout=_LIMIT_S)
    except subprocess.TimeoutExpired:
        return Answer("crash:timeout", "", (), time.perf_counter() - start)
    seconds = time.perf_counter() - start
    text = ran.stdout.decode("utf-8", "replace")
    if ran.returncode < 0:
        return Answer(f"crash:signal {-ran.returncode}", "", (), seconds)
    lines = [line.strip(" .") for line in _VALIDATION.findall(text)]
    intact = tuple(_WORDS.get(line) for line in lines)
    if not lines:
        # Fields without a signature in them end in 0, a file without fields in 2, as an unreadable one does.
        none = ran.returncode == 0 or "does not contain" in text
        return Answer("none" if none else f"rejected:exit {ran.returncode}", "", (), seconds)
    # Where several signed, each says for itself whether it covers the whole file; what came between is not told.
    last = "not-analysed" if "- Not total document signed" in text else "none"
    if False in intact:
        return Answer("modified", last, intact, seconds)
    if None in intact:
        return Answer("unknown", last, intact, seconds)
    return Answer("intact" if last == "none" else "not-analysed", last, intact, seconds)

"""Golden reports: what is found in these documents changes only on purpose (CHANGELOG, *Verdicts*).

    SIGILLUM_GOLDEN=write ./test tests/golden        writes them anew

Digests, times and measured numbers are left out: signatures are random, and a renderer's last digit may move.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verify.formats import read
from verify.report import Report
from verify.simulation.contracts import Scan, contract_pdf
from verify.simulation.demonstration.cases import AT
from verify.simulation.demonstration.documents import SIGNED, XINGHE
from verify.simulation.forgeries import forge
from verify.simulation.impressions import Pressing, press
from verify.simulation.pki import TestPki
from verify.simulation.registry import png_with_dpi
from verify.simulation.scans import Capture, scan_page
from verify.simulation.seals import demonstration_seal
from verify.simulation.signing import sign_pdf
from verify.simulation.tampering import append_bytes, break_bytes, change_text, hide_content
from verify.stores.packaged import packaged
from verify.stores.seals import FolderShelf
from verify.stores.trust import TrustAnchors
from verify.verifier import Verifier

HERE = Path(__file__).parent
BOX = (20.0, 60.0, 120.0, 20.0)


@lru_cache(maxsize=4)
def page(mechanism: str | None) -> Any:
    """A part of a page with a clean impression at 300 dpi, of the registered die or of a forgery of it."""
    rng = np.random.default_rng([5, 5])
    die = demonstration_seal("xinghe-company").die()
    if mechanism:
        die = forge(mechanism, die, np.random.default_rng([6, 6]))  # type: ignore[arg-type]
    impression = press(die, Pressing.draw(rng, "clean"), rng)
    capture = replace(Capture.draw(rng, "clean", dpi=300), kind="scanner", grey=False, perspective=0.0)
    return scan_page([(impression, 20.0, 15.0)], [], capture, rng, size_mm=(90.0, 80.0)).pixels


@lru_cache(maxsize=1)
def plain() -> bytes:
    return contract_pdf("Contract (fictional example)", [XINGHE, "B"], ["Clause 1. One hundred bearings."])


@lru_cache(maxsize=1)
def signed() -> bytes:
    return sign(plain())


def sign(pdf: bytes, pki: TestPki | None = None) -> bytes:
    pki = pki or TestPki()
    return sign_pdf(pdf, pki.signer(XINGHE), at=SIGNED, timestamper=pki.timestamper(SIGNED), revocation=pki)


def revoked() -> bytes:
    pki = TestPki()
    return sign(plain(), pki.revoke(pki.signer(XINGHE), SIGNED.replace(day=1)))


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "signed": signed,
    "unsigned": plain,
    "text-changed": lambda: change_text(signed(), 1, BOX, "Clause 1. Nine hundred bearings."),
    "content-hidden": lambda: hide_content(signed(), 1, BOX),
    "bytes-replaced": lambda: break_bytes(signed()),
    "bytes-appended": lambda: append_bytes(signed()),
    "revoked": revoked,
    "untrusted": lambda: sign(plain(), TestPki(seed="stranger", organisation="无名虚构认证中心")),
    "stamped-scan": lambda: png_with_dpi(page(None), 300.0),
    "stamped-and-signed": lambda: sign(
        contract_pdf("Contract (fictional)", [XINGHE], ["One."], pages=[Scan(page(None), 300.0)])
    ),
    "re-set-seal": lambda: png_with_dpi(page("re-set"), 300.0),
}


def told(report: Report) -> dict[str, Any]:
    """What of a report must not move by itself."""

    def evidence(one: Any) -> dict[str, Any]:
        names = {
            "signature": (
                "purpose",
                "container",
                "level",
                "intact",
                "modification",
                "coverage",
                "indication",
                "sub_indication",
            ),
            "imprint": ("page", "shape", "ink"),
            "agreement": ("about", "signer_accord", "date_source", "ledger_covers"),
        }[one.kind]
        said = {"id": one.id} | {n: getattr(one, n) for n in names}
        if one.kind == "imprint":
            said["compared_with"] = [c.seal for c in one.comparisons]
        return said

    return {
        "document": {
            "format": report.document.format,
            "pages": report.document.pages,
            "date": report.document.date.source,
        },
        "evidence": [evidence(e) for e in report.evidence],
        "findings": [f"{f.key}: {f.outcome} ({f.level}) {f.reason.code}" for f in report.findings],
        "verdict": {
            "outcome": report.verdict.outcome,
            "answers": report.verdict.answers.model_dump(),
            "summary": report.verdict.summary.code,
            "reasons": list(report.verdict.reasons),
        },
        "problems": [p.code for p in report.problems],
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_report_is_the_golden_one(name: str) -> None:
    verifier = Verifier(
        anchors=TrustAnchors("test", (TestPki().root_der,)), seals=FolderShelf(packaged("reference_seals"))
    )
    found = told(verifier.verify(read(DOCUMENTS[name](), name=name), at=AT).report)
    path = HERE / f"{name}.json"
    if os.environ.get("SIGILLUM_GOLDEN") == "write":
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(path.read_text(encoding="utf-8"))

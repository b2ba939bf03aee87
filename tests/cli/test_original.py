"""Signed files on the command line: `--original` gives a detached signature its file, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_check import AT, SIGNED, contract, lines, sigillum
from verify.simulation.files import sign_file
from verify.simulation.pki import TestPki


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    pki = TestPki()
    how = {"at": SIGNED, "timestamper": pki.timestamper(SIGNED), "revocation": pki}
    signer = pki.signer("示例星河贸易有限公司")
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "root.der").write_bytes(pki.root_der)
    (tmp_path / "good.pdf").write_bytes(contract())
    (tmp_path / "good.pdf.p7s").write_bytes(sign_file(contract(), [signer], attached=False, **how))
    (tmp_path / "good.pdf.p7m").write_bytes(sign_file(contract(), [signer], **how))
    return tmp_path


def test_a_detached_signature_passes_with_its_original(desk: Path) -> None:
    run = sigillum(
        "check", desk / "good.pdf.p7s", "--original", desk / "good.pdf", "--trust", desk / "trust", "--json", *AT
    )
    (line,) = lines(run)
    assert run.returncode == 0, run.stderr
    assert line["document"]["format"] == "cms" and line["document"]["pages"] == 1  # type: ignore[index]


def test_without_it_nothing_is_decided_and_the_file_beside_is_pointed_to(desk: Path) -> None:
    run = sigillum("check", desk / "good.pdf.p7s", "--trust", desk / "trust", *AT)
    assert (run.returncode, "original-missing" in run.stdout) == (3, True)
    assert "good.pdf lies beside good.pdf.p7s" in run.stderr


def test_a_signed_file_with_its_signature_around_it_passes(desk: Path) -> None:
    run = sigillum("check", desk / "good.pdf.p7m", "--trust", desk / "trust", "--out", desk / "out", *AT)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("names", "code"), [(("good.pdf",), "original-not-needed"), (("good.pdf", "good.pdf.p7s"), "original-of-several")]
)
def test_an_original_where_none_belongs_is_a_mistake_in_the_call(desk: Path, names: tuple[str, ...], code: str) -> None:
    run = sigillum("check", *(desk / n for n in names), "--original", desk / "good.pdf", *AT)
    assert (run.returncode, code in run.stderr) == (2, True)

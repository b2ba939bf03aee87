"""A wheel works away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing in it but the wheel's content; what it needs comes from this environment."""
    base = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", base / "dist", ROOT],
        check=True,
        timeout=300,
    )
    (wheel,) = (base / "dist").glob("*.whl")
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", base / "site", wheel], check=True, timeout=300
    )
    return base


def sigillum(base: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(base / "site")}
    return subprocess.run(
        [sys.executable, "-m", "verify.cli", *arguments],
        cwd=base,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_check_runs_from_the_wheel_with_its_own_data(installed: Path) -> None:
    where = "import verify, verify.stores.packaged as p; print(verify.__file__, p.packaged('models'), p.packaged('reference_seals'))"
    environment = {**os.environ, "PYTHONPATH": str(installed / "site")}
    run = subprocess.run(
        [sys.executable, "-c", where], cwd=installed, env=environment, capture_output=True, text=True, check=True
    )
    assert all(path.startswith(str(installed / "site")) for path in run.stdout.split())
    (installed / "nothing.pdf").write_bytes(_unsigned())
    seals = str(installed / "site" / "verify" / "_data" / "reference_seals")
    checked = sigillum(installed, "check", "nothing.pdf", "--seals", seals, "--at", "2026-06-30", "--out", "out")
    assert (checked.returncode, checked.stderr.count("Traceback")) == (3, 0)
    assert list((installed / "out").glob("*/report.html"))


def test_the_wheel_carries_no_training_and_no_tests(installed: Path) -> None:
    (wheel,) = (installed / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [n for n in names if "training" in n or n.startswith(("tests/", "benchmarks/", "notebooks/"))]


def test_the_version_is_said_once() -> None:
    from importlib.metadata import version

    from verify.version import VERSION

    assert version("sigillum") == VERSION


def _unsigned() -> bytes:
    import pymupdf

    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "A letter.")
    return bytes(document.tobytes())

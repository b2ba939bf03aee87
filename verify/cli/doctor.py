"""`sigillum doctor`: what this machine lacks, and what then does not work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from verify.core.errors import VerifyError
from verify.settings import load_settings
from verify.stores.models import model
from verify.stores.packaged import packaged
from verify.verifier import CALIBRATION


@dataclass(frozen=True)
class Ailment:
    what: str
    state: str
    remedy: str | None = None


def run() -> None:
    """Print each thing that is needed, its state and the remedy."""
    for one in examined():
        mark = "ok  " if one.remedy is None else "LACK"
        print(f"{mark} {one.what:<24} {one.state}")
        if one.remedy:
            print(f"     {one.remedy}")


def examined() -> Iterator[Ailment]:
    for package in ("pyhanko", "pymupdf", "opencv-python", "scikit-image", "numpy", "pytesseract"):
        try:
            yield Ailment(package, version(package))
        except PackageNotFoundError:
            yield Ailment(package, "not installed", "Run ./run again, or pip install sigillum.")
    yield _opencv()
    yield from _tesseract()
    yield from _fonts()
    try:
        file = model(packaged("models", setting=load_settings().models), CALIBRATION)
        file.read()
        yield Ailment(f"calibration {CALIBRATION}", f"digest {file.sha256[:16]}")
    except VerifyError as error:
        yield Ailment(f"calibration {CALIBRATION}", error.message, error.hint)
    yield Ailment(
        "trust anchors", "none by default; named for each call by --trust, without it no signer is identified"
    )


def _opencv() -> Ailment:
    try:
        import cv2

        return Ailment("OpenCV loads", str(cv2.__version__))
    except ImportError as error:
        return Ailment("OpenCV loads", str(error), "apt-get install libgl1 libglib2.0-0")


def _tesseract() -> Iterator[Ailment]:
    program = shutil.which("tesseract")
    if program is None:
        yield Ailment(
            "tesseract",
            "not installed",
            "The text on seals is not read: apt-get install tesseract-ocr tesseract-ocr-chi-sim",
        )
        return
    import pytesseract

    listed = pytesseract.get_languages()
    yield Ailment("tesseract", program)
    lacking = None if "chi_sim" in listed else "Chinese is not read: apt-get install tesseract-ocr-chi-sim"
    yield Ailment("tesseract chi_sim", "installed" if lacking is None else "not installed", lacking)


def _fonts() -> Iterator[Ailment]:
    from verify.simulation.fonts import CHINESE, font

    for name in CHINESE:
        try:
            font(name, 12)
            yield Ailment(f"font {name}", "installed")
        except VerifyError as error:
            yield Ailment(f"font {name}", error.message, f"Only the demonstration needs it. {error.hint}")

"""`sigillum doctor`: what this machine lacks, and what then does not work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from verify.cli.shell import moment
from verify.core.errors import VerifyError
from verify.settings import load_settings
from verify.stores.models import find_model, model_names
from verify.stores.trust import PURPOSES, TrustAnchors
from verify.stores.truststore import TrustStore
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
    yield from _calibrations()
    yield from _trust()


def _calibrations() -> Iterator[Ailment]:
    """The calibration that comparisons use unless another is named, then those fitted here."""
    from verify.imprints.calibrations import read_calibration

    settings = load_settings()
    used = settings.calibration or CALIBRATION
    own = model_names((settings.own_models,))
    for name in dict.fromkeys((used, *own)):
        what = f"calibration {name}" + (" (used)" if name == used else "")
        try:
            file = find_model(settings.model_folders, name)
            found = read_calibration(file)
            yield Ailment(what, f"{found.basis}, {found.seals} seals, digest {file.sha256[:16]}")
        except VerifyError as error:
            yield Ailment(what, error.message, error.hint)


def _trust() -> Iterator[Ailment]:
    """What the trust store holds, profile by profile; a service's answer about a signer rests on it."""
    settings, now = load_settings(), moment(None)
    store = TrustStore(settings.trust_folder)
    names = store.names()
    if settings.trust_profile not in names:
        yield Ailment(
            "trust anchors",
            f"none by default: the trust store holds no profile {settings.trust_profile!r}",
            "Without anchors no signer is identified: `sigillum trust add ROOT.pem`, or --trust with each call.",
        )
    for name in names:
        what = f"trust profile {name}" + (" (default)" if name == settings.trust_profile else "")
        try:
            profile = store.profile(name)
            anchors = store.anchors(replace(profile, refuse_stale=False), now)
        except VerifyError as error:
            yield Ailment(what, error.message, error.hint)
            continue
        yield Ailment(what, _counted(anchors), _emptiness(anchors))
        for remark in anchors.remarks:
            refused = "; this profile refuses documents until then" if profile.refuse_stale else ""
            yield Ailment(what, remark, f"`sigillum trust update --profile {name}`{refused}")


def _counted(anchors: TrustAnchors) -> str:
    held = ", ".join(f"{len(anchors.of(purpose))} for {purpose}" for purpose in sorted(PURPOSES))
    return f"anchors: {held}"


def _emptiness(anchors: TrustAnchors) -> str | None:
    if not anchors.of("signing"):
        return "No signer is identified by it: `sigillum trust add` adds roots, `trust update` fetches lists."
    if not anchors.of("time-stamping"):
        return "No timestamp counts by it, so no time is proven: add roots with --for time-stamping."
    return None


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

"""`sigillum compare`: one imprint against a seal's specimens. A table of pairs: pairs.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError
from verify.imprints.calibrations import read_calibration
from verify.imprints.examiner import comparison_evidence, picture_imprint
from verify.imprints.likelihood import Calibration
from verify.imprints.pictures import comparison_pictures
from verify.settings import load_settings
from verify.stores.models import ModelFile, find_model
from verify.verifier import CALIBRATION


def calibration_file(name: str | None = None) -> ModelFile:
    """The file of a calibration by name; without one, what the settings name, else the release's."""
    settings = load_settings()
    return find_model(settings.model_folders, name or settings.calibration or CALIBRATION)


@cache
def load_calibration(name: str | None = None) -> Calibration:
    """A calibration as `calibration_file` finds it, read once a process; raises as `read_calibration` does."""
    return read_calibration(calibration_file(name))


def run(
    questioned: Path | None,
    references: Sequence[Path],
    *,
    dpi: float | None,
    reference_dpi: float | None,
    json: bool,
    out: Path | None,
    calibration: str | None = None,
) -> None:
    """One comparison; `dpi` 0 says that the scale is unknown, None that the file's own word counts."""
    from verify.imprints.compare import compare

    if questioned is None or not references:
        raise UsageError(
            "nothing-to-compare",
            "a questioned picture and at least one reference are needed",
            "sigillum compare Q.png R.png",
        )
    asked = picture_imprint(_bytes(questioned), dpi)
    specimens = [(digest(_bytes(r)), picture_imprint(_bytes(r), reference_dpi)) for r in references]
    result = compare(asked, [i for _, i in specimens], calibration=load_calibration(calibration))
    evidence = comparison_evidence(result, seal=references[0].stem, specimens=specimens)
    if json:
        print(evidence.model_dump_json())
    else:
        print(f"{questioned.name} against {', '.join(r.name for r in references)}")
        for one in evidence.likelihoods:
            told = "cannot be told" if one.log10_lr is None else f"log10 LR {one.log10_lr:+.2f}"
            limits = f" within {one.limits[0]:+.2f} to {one.limits[1]:+.2f}" if one.limits else ""
            print(f"  against {one.against:<13} {told}{limits}{f'  ({one.reason})' if one.reason else ''}")
        same = evidence.reuse.same_impression
        print(f"  the same impression: {'cannot be told' if same is None else 'yes' if same else 'no'}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        nearest = specimens[result.specimen][1]
        for role, data in comparison_pictures(result, questioned=asked, specimen=nearest).items():
            (out / f"{role}.png").write_bytes(data)
        (out / "comparison.json").write_text(evidence.model_dump_json(indent=1) + "\n", encoding="utf-8")
        print(f"written to {out}", file=sys.stderr)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VerifyError("picture-unreadable", f"{path.name} cannot be read", "Check the name.") from error

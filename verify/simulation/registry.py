"""The demonstration's registry as a folder: reference_seals/ is made by this and nothing else."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image

from verify.core.document import Pixels, digest
from verify.simulation.impressions import Pressing, press
from verify.simulation.scans import Capture, scan_crop
from verify.simulation.seals import DEMONSTRATION_SEALS, DemonstrationSeal
from verify.stores.packaged import packaged
from verify.stores.seals import Owner, ReferenceSeal, Specimen
from verify.stores.sealtoml import seal_toml

# Three dated specimens a seal, as registration asks for.
_TAKEN = (date(2022, 1, 5), date(2023, 1, 9), date(2024, 1, 8))
SPECIMEN_DPI = 300.0
# From this day the ledger is complete for the one seal whose uses the demonstration asks about.
_LEDGER_FROM = {"xinghe-company": date(2024, 6, 1)}


def specimen_pixels(seal: DemonstrationSeal, number: int) -> Pixels:
    """One registered impression: clean ink on clean paper, a scanner at 300 dpi."""
    rng = np.random.default_rng([seal.seed, 7, number])
    impression = press(seal.die(), Pressing.draw(rng, "clean"), rng)
    capture = Capture.draw(rng, "clean", dpi=SPECIMEN_DPI)
    lossless = Capture(**{**capture.__dict__, "jpeg": None, "grey": False, "kind": "scanner", "perspective": 0.0})
    return scan_crop(impression, lossless, rng, clutter_of="ideal").pixels


def registered_pixels(seal: str) -> Pixels:
    """The oldest registered picture of a demonstration seal, as it is on file: what a forger would paste."""
    files = sorted((packaged("reference_seals") / seal).glob("*.png"))
    return np.array(Image.open(files[0]).convert("RGB"), dtype=np.uint8)


def png_with_dpi(pixels: Pixels, dpi: float | None) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", **({"dpi": (dpi, dpi)} if dpi else {}))
    return out.getvalue()


def write_registry(folder: Path) -> None:
    """Write `<id>/seal.toml` and specimens of every registered seal, and the digests in index.toml."""
    index: list[str] = ["# Fictional seals of the demonstration: every owner, code and mark is invented.", "[seals]"]
    for seal in DEMONSTRATION_SEALS:
        home = folder / seal.id
        home.mkdir(parents=True, exist_ok=True)
        specimens = []
        for number, taken in enumerate(_TAKEN):
            data = png_with_dpi(specimen_pixels(seal, number), SPECIMEN_DPI)
            name = f"{taken.isoformat()}.png"
            (home / name).write_bytes(data)
            specimens.append(Specimen(file=name, dpi=SPECIMEN_DPI, taken=taken, sha256=digest(data)))
        record = reference_seal(seal, tuple(specimens))
        text = "# Fictional: no such company, person or seal exists.\n" + seal_toml(record)
        (home / "seal.toml").write_text(text, encoding="utf-8")
        index.append(f'{seal.id} = "{record.record_digest}"')
    (folder / "index.toml").write_text("\n".join(index) + "\n", encoding="utf-8")


def reference_seal(seal: DemonstrationSeal, specimens: tuple[Specimen, ...] = ()) -> ReferenceSeal:
    """The registry's record of a demonstration seal."""
    return ReferenceSeal(
        id=seal.id,
        owner=Owner(name=seal.owner, unified_code=seal.unified_code),
        unit=seal.unit or None,
        kind=seal.kind,
        shape=seal.spec.shape,
        size_mm=seal.spec.size_mm,
        text=seal.spec.text,
        code=seal.spec.code or None,
        making=seal.spec.making,
        valid_from=seal.valid_from,
        valid_to=seal.valid_to,
        status=seal.status,
        status_changed=seal.status_changed,
        ledger_from=_LEDGER_FROM.get(seal.id),
        specimen=specimens,
    )

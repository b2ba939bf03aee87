"""Small seals on disk, for tests of what is kept of them."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from verify.core.document import digest
from verify.stores.seals import Owner, ReferenceSeal, Specimen
from verify.stores.sealtoml import seal_toml

DPI = 300.0
DAYS = (date(2022, 1, 5), date(2023, 1, 9), date(2024, 1, 8))


def impression(*, size_mm: float = 40.0, seed: int = 0, dpi: float | None = DPI) -> bytes:
    """A red ring with a cross in it, as PNG; the file says `dpi`, the ring is drawn for 300."""
    side = round(size_mm / 25.4 * DPI)
    pixels = np.full((side + 60, side + 60, 3), 255, np.uint8)
    centre = (side // 2 + 30, side // 2 + 30)
    cv2.circle(pixels, centre, side // 2 - 6, (200, 30, 30), 12)
    reach = side // 4 + seed
    cv2.line(pixels, (centre[0] - reach, centre[1]), (centre[0] + reach, centre[1]), (200, 30, 30), 20)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", **({"dpi": (dpi, dpi)} if dpi else {}))
    return out.getvalue()


def seal(id: str = "ring", **changes: Any) -> tuple[ReferenceSeal, dict[str, bytes]]:
    """A seal with three specimens, and their pictures by digest."""
    pictures = [impression(seed=n) for n in range(3)]
    specimens = tuple(
        Specimen(file=f"{day}.png", dpi=DPI, taken=day, sha256=digest(p)) for day, p in zip(DAYS, pictures, strict=True)
    )
    base: dict[str, Any] = {
        "id": id,
        "owner": Owner(name="示例星河贸易有限公司", unified_code="91990000MADEMA01XA"),
        "unit": "总部",
        "kind": "company",
        "shape": "round",
        "size_mm": (40.0, 40.0),
        "text": "示例星河贸易有限公司",
        "code": "9900000010019",
        "making": "rubber",
        "valid_from": date(2022, 1, 1),
        "status_changed": date(2022, 1, 1),
        "specimen": specimens,
    }
    return ReferenceSeal(**(base | changes)), {digest(p): p for p in pictures}


def write_seal(folder: Path, id: str = "ring", *, heading: str = "", **changes: Any) -> ReferenceSeal:
    """The seal in the exchange format."""
    record, pictures = seal(id, **changes)
    (folder / id).mkdir(parents=True)
    for specimen in record.specimen:
        (folder / id / specimen.file).write_bytes(pictures[specimen.sha256])
    (folder / id / "seal.toml").write_text(heading + seal_toml(record), encoding="utf-8")
    return record

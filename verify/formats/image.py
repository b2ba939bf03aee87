"""Pictures as documents: PNG, JPEG, TIFF with many pages, BMP, WebP, through Pillow."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from verify.core.document import Document, Page, Pixels
from verify.core.errors import Refusal
from verify.core.geometry import px_to_mm
from verify.formats.limits import Limits

# Below this a file's resolution is a screen's default (72, 96), not a scanner's word.
_LOWEST_DPI, _HIGHEST_DPI = 100.0, 2400.0
# Phones write a resolution that says nothing of the distance; a scanner's picture has no exposure data.
_EXIF_EXPOSURE_TIME, _EXIF_IFD = 0x829A, 0x8769

# The limit is ours and typed; Pillow's own would only warn.
Image.MAX_IMAGE_PIXELS = None


def open_image(data: bytes, name: str, *, limits: Limits, remarks: tuple[tuple[str, str], ...] = ()) -> Document:
    """Open a picture; pixels are decoded page by page when asked for."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data))
            count = int(getattr(picture, "n_frames", 1))
            largest = max(_pixels(picture, frame) for frame in range(min(count, 2000)))
        if largest > limits.picture_pixels:
            raise Refusal(
                "picture-too-large",
                f"{name} has {largest / 1e6:.0f} million pixels; at most {limits.picture_pixels / 1e6:.0f} million are read",
                "Scan the page at 300 to 600 dpi, or cut it out.",
            )
        pages = ImagePages(data, count)
        pages[0].render(None)  # a truncated file must be refused now, not in the middle of an examination
    except Refusal:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise Refusal(
            "picture-undecodable", f"{name} cannot be decoded as a picture", "Scan or export it again."
        ) from error
    return Document(name=name, data=data, format="image", pages=pages, remarks=remarks)


def _pixels(picture: Image.Image, frame: int) -> int:
    picture.seek(frame)
    return int(picture.width * picture.height)


@dataclass(frozen=True, eq=False)
class ImagePages:
    data: bytes
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Page:
        if not 0 <= index < self.count:
            raise IndexError(index)
        return ImagePage(self.data, index)


@dataclass(frozen=True, eq=False)
class ImagePage:
    data: bytes
    index: int

    def _open(self) -> Image.Image:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(self.data))
            picture.seek(self.index)
        return picture

    @property
    def number(self) -> int:
        return self.index + 1

    @property
    def native_dpi(self) -> float | None:
        picture = self._open()
        dpi = picture.info.get("dpi")
        if not dpi or _EXIF_EXPOSURE_TIME in picture.getexif().get_ifd(_EXIF_IFD):
            return None
        across, down = float(dpi[0]), float(dpi[1])
        if not (_LOWEST_DPI <= across <= _HIGHEST_DPI and abs(across - down) < 0.02 * across):
            return None
        # 299.9994 is how PNG, in pixels per metre, says 300.
        return float(round(across)) if abs(across - round(across)) < 0.05 else across

    @property
    def size_mm(self) -> tuple[float, float] | None:
        dpi, picture = self.native_dpi, self._open()
        return (px_to_mm(picture.width, dpi), px_to_mm(picture.height, dpi)) if dpi else None

    @property
    def fixed(self) -> bool:
        return True

    @property
    def drawn(self) -> bool:
        return True

    def render(self, dpi: float | None, clip: tuple[int, int, int, int] | None = None) -> Pixels:
        """The picture's own pixels, whatever `dpi` asks: resampling would change what is measured."""
        pixels = self._decode()
        if clip is None:
            return pixels
        x, y, w, h = clip
        return pixels[max(y, 0) : y + h, max(x, 0) : x + w]

    def _decode(self) -> Pixels:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = ImageOps.exif_transpose(self._open())
            if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
                opaque = picture.convert("RGBA")
                paper = Image.new("RGBA", opaque.size, "white")
                picture = Image.alpha_composite(paper, opaque)
            elif picture.mode.startswith("I") or picture.mode == "F":
                deep = np.asarray(picture, dtype=np.float64)
                top = 65535.0 if deep.max() > 255 else 255.0
                picture = Image.fromarray((deep / top * 255).clip(0, 255).astype(np.uint8))
            return np.asarray(picture.convert("RGB"), dtype=np.uint8)

    def text(self) -> str:
        return ""

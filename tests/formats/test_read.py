"""What the bytes are decides; what cannot be examined is refused with a code and a remedy."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from verify.core.errors import Refusal
from verify.formats import read
from verify.formats.limits import Limits


def picture(size: tuple[int, int] = (120, 80), format: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (250, 250, 248)).save(out, format, **options)
    return out.getvalue()


def pdf(pages: int = 1, **options: object) -> bytes:
    document = pymupdf.open()
    for number in range(pages):
        document.new_page(width=595, height=842).insert_text((72, 72), f"page {number + 1}")
    return bytes(document.tobytes(**options))


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return out.getvalue()


def refused(data: bytes, name: str = "x", **options: object) -> str:
    with pytest.raises(Refusal) as caught:
        read(data, name=name, **options)  # type: ignore[arg-type]
    assert caught.value.hint
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "empty.pdf", "file-empty"),
        (b"hello", "note.txt", "format-unsupported"),
        (archive("[Content_Types].xml", "word/document.xml"), "letter.docx", "format-office"),
        (archive("OFD.xml", "Doc_0/Document.xml"), "invoice.ofd", "format-ofd"),
        (archive("a.txt"), "a.zip", "format-unsupported"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old.doc", "format-office"),
        (b"Received: from a\nSubject: contract\n\nbody", "contract.eml", "format-mail"),
        (b"%PDF-1.7\n garbage", "broken.pdf", "pdf-undecodable"),
        (picture()[:60], "cut.png", "picture-undecodable"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "odd.png", "picture-undecodable"),
    ],
)
def test_what_cannot_be_examined_is_refused_with_a_remedy(data: bytes, name: str, code: str) -> None:
    assert refused(data, name) == code


def test_a_truncated_jpeg_is_refused_before_the_examination() -> None:
    whole = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(whole).save(out, "JPEG")
    assert refused(out.getvalue()[: len(out.getvalue()) // 2]) == "picture-undecodable"


def test_a_picture_of_900_million_pixels_is_refused_unread() -> None:
    header = picture((1, 1)).replace(b"\0\0\0\x01\0\0\0\x01", (30000).to_bytes(4, "big") * 2, 1)
    import zlib

    chunk = header[12:29]
    data = header[:29] + zlib.crc32(chunk).to_bytes(4, "big") + header[33:]
    assert refused(data) == "picture-too-large"


def test_a_file_over_the_limit_is_refused() -> None:
    assert refused(picture(), limits=Limits(file_bytes=10)) == "file-too-large"


def test_a_vanished_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="is not there") as caught:
        read(tmp_path / "gone.pdf")
    assert caught.value.code == "file-vanished"


def test_an_encrypted_pdf_needs_its_password() -> None:
    data = pdf(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner")
    assert refused(data) == "pdf-encrypted"
    assert refused(data, password="wrong") == "pdf-wrong-password"
    assert len(read(data, password="secret").pages) == 1


def test_a_wrong_extension_is_examined_and_remarked_upon() -> None:
    document = read(pdf(), name="contract.png")
    assert document.format == "pdf"
    assert [code for code, _ in document.remarks] == ["wrong-extension"]


def test_a_broken_cross_reference_table_is_examined_and_remarked_upon() -> None:
    data = pdf()
    broken = data[: data.rindex(b"startxref")] + b"startxref\n999999\n%%EOF\n"
    document = read(broken, name="x.pdf")
    assert len(document.pages) == 1
    assert [code for code, _ in document.remarks] == ["repaired"]


def test_a_tiff_has_as_many_pages_as_frames() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (60, 40), (n, n, n)) for n in (10, 20, 30)]
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:], dpi=(300, 300))
    document = read(out.getvalue())
    assert [int(document.pages[i].render(None)[0, 0, 0]) for i in range(3)] == [10, 20, 30]
    assert document.pages[1].native_dpi == 300.0


def test_a_scanners_resolution_is_believed_and_a_screens_default_is_not() -> None:
    assert read(picture(dpi=(300, 300))).pages[0].native_dpi == 300.0
    assert read(picture(dpi=(72, 72))).pages[0].native_dpi is None
    assert read(picture()).pages[0].size_mm is None


def test_a_phones_resolution_says_nothing_of_the_distance() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x829A] = 0.01
    assert read(picture(format="JPEG", dpi=(300, 300), exif=exif)).pages[0].native_dpi is None


def test_transparency_is_laid_on_white_paper() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(out, "PNG")
    assert read(out.getvalue()).pages[0].render(None)[0, 0].tolist() == [255, 255, 255]


def test_a_clip_is_a_part_of_the_whole_rendering() -> None:
    document = pymupdf.open()
    page = document.new_page(width=200, height=200)
    page.draw_rect(pymupdf.Rect(50, 50, 150, 150), fill=(1, 0, 0))
    shown = read(bytes(document.tobytes())).pages[0]
    whole, part = shown.render(144), shown.render(144, clip=(90, 90, 100, 80))
    assert part.shape == (80, 100, 3)
    assert np.abs(whole[90:170, 90:190].astype(int) - part.astype(int)).max() <= 8


def test_a_page_turned_by_rotate_tells_its_scans_resolution() -> None:
    document = pymupdf.open()
    page = document.new_page(width=144, height=288)
    page.insert_image(page.rect, stream=picture((600, 1200)))
    page.set_rotation(90)
    shown = read(bytes(document.tobytes())).pages[0]
    assert shown.native_dpi == pytest.approx(300, rel=0.01)
    assert shown.size_mm == pytest.approx((101.6, 50.8), abs=0.1)


def test_a_page_of_text_alone_is_not_searched_for_imprints() -> None:
    assert read(pdf()).pages[0].drawn is False

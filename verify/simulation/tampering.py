"""What a forger does to a signed PDF after the signature: by incremental updates, and to the signed bytes themselves."""

from __future__ import annotations

from typing import Any, Literal

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from verify.simulation.signing import update_of, written

Box = tuple[float, float, float, float]
Broken = Literal["no-table", "no-trailer", "wrong-start", "no-end"]


def change_text(signed: bytes, page: int, box_mm: Box, text: str, *, size: float = 11.0) -> bytes:
    """Cover a box of a page with white and write Latin text over it: an update of the page's content stream."""
    writer, dictionary, height = _page(signed, page, "text")
    x, y, w, h = _points(box_mm, height)
    cover = f"1 1 1 rg {x:.2f} {y:.2f} {w:.2f} {h:.2f} re f"
    words = f"0 0 0 rg BT /SigillumForged {size} Tf {x:.2f} {y + h * 0.3:.2f} Td ({_escaped(text)}) Tj ET"
    drawn = f"q {cover} {words} Q"
    stream = writer.add_object(generic.StreamObject(stream_data=drawn.encode("latin-1")))
    before = dictionary.raw_get("/Contents")
    old = before.get_object()
    parts = list(old) if isinstance(old, generic.ArrayObject) else [before]
    dictionary[pdf_name("/Contents")] = generic.ArrayObject(
        [_wrap(writer, b"q"), *(_raw(p) for p in parts), _wrap(writer, b"Q"), stream]
    )
    resources = dictionary["/Resources"]
    held = resources["/Font"] if "/Font" in resources else generic.DictionaryObject()
    faces = generic.DictionaryObject({k: held.raw_get(k) for k in held})
    faces[pdf_name("/SigillumForged")] = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Font"),
                pdf_name("/Subtype"): pdf_name("/Type1"),
                pdf_name("/BaseFont"): pdf_name("/Helvetica"),
            }
        )
    )
    copied = generic.DictionaryObject({k: resources.raw_get(k) for k in resources})
    copied[pdf_name("/Font")] = faces
    dictionary[pdf_name("/Resources")] = copied
    return _written(writer, dictionary)


def hide_content(signed: bytes, page: int, box_mm: Box, *, colour: tuple[float, float, float] = (1, 1, 1)) -> bytes:
    """Lay a filled annotation over a box (a shadow attack of the kind "hide"); the page's content stays as signed."""
    writer, dictionary, height = _page(signed, page, "hide")
    x, y, w, h = _points(box_mm, height)
    red, green, blue = colour
    look = generic.StreamObject(
        dict_data={
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): _numbers(0, 0, w, h),
        },
        stream_data=f"{red} {green} {blue} rg 0 0 {w:.2f} {h:.2f} re f".encode(),
    )
    annotation = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Square"),
            pdf_name("/Rect"): _numbers(x, y, x + w, y + h),
            pdf_name("/F"): generic.NumberObject(4 | 64 | 128),  # print, read-only, locked
            pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)}),
        }
    )
    held = dictionary["/Annots"] if "/Annots" in dictionary else generic.ArrayObject()
    dictionary[pdf_name("/Annots")] = generic.ArrayObject(
        [*(held.raw_get(i) for i in range(len(held))), writer.add_object(annotation)]
    )
    return _written(writer, dictionary)


def swap_appearance(signed: bytes, field: str, text: str) -> bytes:
    """Give a form field another look without another value (a shadow attack of the kind "replace")."""
    writer = update_of(signed, "swap")
    for holder in writer.root["/AcroForm"]["/Fields"]:
        if holder.get_object()["/T"] == field:
            widget = holder.get_object()
            rect = [float(v) for v in widget["/Rect"]]
            look = generic.StreamObject(
                dict_data={
                    pdf_name("/Type"): pdf_name("/XObject"),
                    pdf_name("/Subtype"): pdf_name("/Form"),
                    pdf_name("/BBox"): _numbers(0, 0, rect[2] - rect[0], rect[3] - rect[1]),
                },
                stream_data=f"/Tx BMC BT /Helv 11 Tf 2 4 Td ({_escaped(text)}) Tj ET EMC".encode("latin-1"),
            )
            widget[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)})
            return _written(writer, widget)
    raise ValueError(f"there is no field {field}")


def break_bytes(signed: bytes, old: bytes | None = None, new: bytes | None = None) -> bytes:
    """Replace bytes inside the signed range by as many others; by default one character of the first stream."""
    if old is not None and new is not None:
        if len(old) != len(new) or old not in signed:
            raise ValueError("the bytes must be there and keep their length")
        return signed.replace(old, new, 1)
    at = signed.index(b"stream") + 20
    return signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]


def append_bytes(signed: bytes, extra: bytes = b"\n% appended later\n1 0 obj\n<< /Type /Catalog >>\nendobj\n") -> bytes:
    """Append bytes after the end of the file, in no revision's cross-reference table."""
    return signed + extra


def save_incrementally_broken(
    signed: bytes, page: int, box_mm: Box, text: str, *, broken: Broken = "no-table"
) -> bytes:
    """The "incremental saving" attack: changed text in an update whose cross-reference table cannot be followed.

    Viewers rebuild the table and show the new text; whoever follows the table sees the signed revision only.
    """
    changed = change_text(signed, page, box_mm, text)
    update = changed[len(signed) :]
    end = update.rfind(b"startxref")
    table = update.rfind(b"xref", 0, end)
    match broken:
        case "no-table":
            return signed + update[:table] + b"startxref\n0\n%%EOF\n"
        case "no-trailer":
            return signed + update[: update.rfind(b"trailer")]
        case "wrong-start":
            return signed + update[:end] + b"startxref\n%d\n%%%%EOF\n" % (len(signed) + 7)
        case "no-end":
            return signed + update[: update.rfind(b"%%EOF")]


def _page(signed: bytes, page: int, salt: str) -> tuple[IncrementalPdfFileWriter, Any, float]:
    writer = update_of(signed, salt)
    ref = writer.find_page_for_modification(page - 1)[0]
    dictionary = ref.get_object()
    box = dictionary["/MediaBox"] if "/MediaBox" in dictionary else dictionary["/Parent"]["/MediaBox"]
    return writer, dictionary, float(box[3])


def _points(box_mm: Box, height: float) -> Box:
    x, y, w, h = (v * 72.0 / 25.4 for v in box_mm)
    return x, height - y - h, w, h


def _numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject([generic.FloatObject(f"{v:.2f}") for v in values])


def _wrap(writer: IncrementalPdfFileWriter, data: bytes) -> Any:
    return writer.add_object(generic.StreamObject(stream_data=data))


def _raw(part: Any) -> Any:
    return (
        part
        if isinstance(part, generic.IndirectObject)
        else generic.IndirectObject(part.container_ref.idnum, 0, part.container_ref.pdf)
    )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _written(writer: IncrementalPdfFileWriter, touched: Any) -> bytes:
    writer.update_container(touched)
    return written(writer)

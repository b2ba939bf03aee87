"""What is done to a signed document of the table afterwards, and what was prepared in it before."""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string

from tests.signatures.table.builders import plain, update

# The sentence of `plain`, as x0 y0 x1 y1 in points and as x y w h in mm from the top left.
SENTENCE = (55, 695, 320, 715)
SENTENCE_MM = (19.0, 44.5, 94.0, 8.0)
NOWHERE = (400, 400, 450, 420)


def dictionary(**entries: Any) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name("/" + key): value for key, value in entries.items()})


def array(*values: Any) -> generic.ArrayObject:
    return generic.ArrayObject([generic.NumberObject(v) if isinstance(v, int) else v for v in values])


def drawn(width: int, height: int, look: bytes, **more: Any) -> generic.StreamObject:
    """A form of that size."""
    entries = dictionary(Type=pdf_name("/XObject"), Subtype=pdf_name("/Form"), BBox=array(0, 0, width, height), **more)
    return generic.StreamObject(dict_data=dict(entries), stream_data=look)


def page_of(writer: Any, number: int = 0) -> Any:
    return writer.find_page_for_modification(number)[0].get_object()


def field_of(writer: Any, name: str) -> Any:
    return next(f.get_object() for f in writer.root["/AcroForm"]["/Fields"] if f.get_object()["/T"] == name)


def fill(pdf: bytes, name: str, value: str, shown: str | None = None) -> bytes:
    """Fill a text field; `shown`: what its appearance says, where that is not the value."""

    def change(writer: Any) -> None:
        field = field_of(writer, name)
        font = dictionary(Font=dictionary(F1=writer.root["/AcroForm"]["/DR"]["/Font"].raw_get("/F1")))
        look = drawn(100, 20, f"/Tx BMC BT /F1 11 Tf 2 4 Td ({shown or value}) Tj ET EMC".encode(), Resources=font)
        field[pdf_name("/V")] = pdf_string(value)
        field[pdf_name("/AP")] = dictionary(N=writer.add_object(look))
        writer.update_container(field)

    return update(pdf, change, f"fill {name} {value}")


def annotate(pdf: bytes, box: tuple[int, int, int, int] = NOWHERE) -> bytes:
    """Lay a white, opaque rectangle over a box of page 1."""

    def change(writer: Any) -> None:
        page = page_of(writer)
        width, height = box[2] - box[0], box[3] - box[1]
        look = writer.add_object(drawn(width, height, b"1 1 1 rg 0 0 %d %d re f" % (width, height)))
        entries = dictionary(
            Type=pdf_name("/Annot"), Subtype=pdf_name("/Square"), Rect=array(*box), F=generic.NumberObject(4),
            AP=dictionary(N=look),
        )  # fmt: skip
        held = page["/Annots"]
        page[pdf_name("/Annots")] = array(*(held.raw_get(i) for i in range(len(held))), writer.add_object(entries))
        writer.update_container(page)

    return update(pdf, change, "annotate")


def add_empty_signature(pdf: bytes, look: bytes, box: tuple[int, int, int, int] = SENTENCE) -> bytes:
    """A new signature field without a signature, which draws `look` in a box of page 1."""

    def change(writer: Any) -> None:
        page, form = page_of(writer), writer.root["/AcroForm"]
        shown = writer.add_object(drawn(box[2] - box[0], box[3] - box[1], look))
        field = writer.add_object(
            dictionary(
                Type=pdf_name("/Annot"), Subtype=pdf_name("/Widget"), FT=pdf_name("/Sig"), T=pdf_string("Empty"),
                Rect=array(*box), F=generic.NumberObject(4), AP=dictionary(N=shown),
            )
        )  # fmt: skip
        for holder, key in ((page, "/Annots"), (form, "/Fields")):
            held = holder[key]
            holder[pdf_name(key)] = array(*(held.raw_get(i) for i in range(len(held))), field)
            writer.update_container(holder)

    return update(pdf, change, f"empty {look!r}")


def unannotate(pdf: bytes) -> bytes:
    """Take the rectangle of page 1 away again."""

    def change(writer: Any) -> None:
        page = page_of(writer)
        held = page["/Annots"]
        kept = [held.raw_get(i) for i in range(len(held)) if held[i]["/Subtype"] != "/Square"]
        page[pdf_name("/Annots")] = array(*kept)
        writer.update_container(page)

    return update(pdf, change, "unannotate")


def _page(writer: Any, words: str) -> Any:
    text = writer.add_object(generic.StreamObject(stream_data=f"BT /F1 12 Tf 60 700 Td ({words}) Tj ET".encode()))
    font = dictionary(Font=dictionary(F1=writer.root["/AcroForm"]["/DR"]["/Font"].raw_get("/F1")))
    parent = writer.root.raw_get("/Pages")
    return writer.add_object(
        dictionary(Type=pdf_name("/Page"), Parent=parent, MediaBox=array(0, 0, 595, 842), Contents=text, Resources=font)
    )


def add_page(pdf: bytes, words: str = "One more page.") -> bytes:
    def change(writer: Any) -> None:
        pages = writer.root["/Pages"]
        pages["/Kids"].append(_page(writer, words))
        pages[pdf_name("/Count")] = generic.NumberObject(len(pages["/Kids"]))
        writer.update_container(pages["/Kids"])
        writer.update_container(pages)

    return update(pdf, change, f"page {words}")


def two_pages() -> bytes:
    return add_page(plain(), "The second page, which was signed as well.")


def rearrange(pdf: bytes, *order: int) -> bytes:
    """The pages in another order, or fewer of them."""

    def change(writer: Any) -> None:
        pages = writer.root["/Pages"]
        kids = pages["/Kids"]
        pages[pdf_name("/Kids")] = array(*(kids.raw_get(i) for i in order))
        pages[pdf_name("/Count")] = generic.NumberObject(len(order))
        writer.update_container(pages)

    return update(pdf, change, f"order {order}")


def turn(pdf: bytes) -> bytes:
    def change(writer: Any) -> None:
        page = page_of(writer)
        page[pdf_name("/Rotate")] = generic.NumberObject(180)
        writer.update_container(page)

    return update(pdf, change, "turn")


def of_catalogue(pdf: bytes, key: str, value: Any) -> bytes:
    def change(writer: Any) -> None:
        writer.root[pdf_name(key)] = value
        writer.update_root()

    return update(pdf, change, f"catalogue {key}")


def with_layers() -> bytes:
    """Two layers over page 1, of which the second is off: "(approved)" is seen, "(withdrawn)" is not."""

    def change(writer: Any) -> None:
        page = page_of(writer)
        layers = [writer.add_object(dictionary(Type=pdf_name("/OCG"), Name=pdf_string(n))) for n in ("one", "two")]
        text = (
            b"/OC /L1 BDC BT /F1 12 Tf 60 650 Td (approved) Tj ET EMC"
            b" /OC /L2 BDC BT /F1 12 Tf 60 650 Td (withdrawn) Tj ET EMC"
        )
        page[pdf_name("/Contents")] = array(
            page.raw_get("/Contents"), writer.add_object(generic.StreamObject(stream_data=text))
        )
        page["/Resources"][pdf_name("/Properties")] = dictionary(L1=layers[0], L2=layers[1])
        writer.update_container(page)
        shown = dictionary(ON=array(layers[0]), OFF=array(layers[1]), Order=array(*layers))
        writer.root[pdf_name("/OCProperties")] = dictionary(OCGs=array(*layers), D=shown)
        writer.update_root()

    return update(plain(), change, "layers")


def switch_layers(pdf: bytes) -> bytes:
    def change(writer: Any) -> None:
        shown = writer.root["/OCProperties"]["/D"]
        on, off = shown["/ON"].raw_get(0), shown["/OFF"].raw_get(0)
        shown[pdf_name("/ON")], shown[pdf_name("/OFF")] = array(off), array(on)
        writer.update_root()

    return update(pdf, change, "switch")


def of_signature(pdf: bytes, change: Any) -> bytes:
    """Change the dictionary of Signature1 by an update: `change(entries)`."""

    def apply(writer: Any) -> None:
        holder = field_of(writer, "Signature1")
        change(holder["/V"])
        writer.mark_update(holder.raw_get("/V").reference)

    return update(pdf, apply, "dictionary")


def same_value_elsewhere(pdf: bytes) -> bytes:
    """A second field that shows the first one's signature as its own."""

    def change(writer: Any) -> None:
        held = writer.root["/AcroForm"]["/Fields"]
        value = field_of(writer, "Signature1").raw_get("/V")
        held.append(writer.add_object(dictionary(FT=pdf_name("/Sig"), T=pdf_string("Signature2"), V=value)))
        writer.update_container(held)

    return update(pdf, change, "twice")


def unlist(pdf: bytes) -> bytes:
    """The form forgets its fields; the signature stands in the bytes only."""

    def change(writer: Any) -> None:
        writer.root[pdf_name("/AcroForm")] = dictionary(Fields=array())
        page = page_of(writer)
        page[pdf_name("/Annots")] = array()
        writer.update_container(page)
        writer.update_root()

    return update(pdf, change, "unlist")


_HIDDEN = b"BT /F1 12 Tf 60 700 Td (The fee is 900,000 fictional crowns.) Tj ET"


def with_a_hidden_object() -> bytes:
    """Another content of page 1 lies in the bytes, under the same number; no table lists it."""
    pdf = plain()
    hidden = b"4 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(_HIDDEN), _HIDDEN)
    at = pdf.index(b"xref\n0 ")
    moved = pdf[:at] + hidden + pdf[at:]
    return moved.replace(b"startxref\n%d\n" % at, b"startxref\n%d\n" % (at + len(hidden)))


def reveal(pdf: bytes) -> bytes:
    """An update that is a table only: object 4 is now what lay hidden in the signed bytes."""
    hidden = pdf.rindex(b"4 0 obj\n<< /Length %d >>" % len(_HIDDEN))
    previous, size = _trailer(pdf)
    table = b"xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root 1 0 R /Prev %d >>\n" % (hidden, size, previous)
    return pdf + table + b"startxref\n%d\n%%%%EOF\n" % len(pdf)


def lose_table(pdf: bytes) -> bytes:
    """The last update's startxref points nowhere: a reader has to rebuild the table."""
    at = pdf.rindex(b"startxref")
    number = pdf[at:].split()[1]
    return pdf[:at] + pdf[at:].replace(number, b"7".rjust(len(number), b"0"), 1)


def hide_in_hybrid(pdf: bytes) -> bytes:
    """An update whose table lists nothing, while the stream beside it (/XRefStm) brings another content of page 1."""
    previous, size = _trailer(pdf)
    replacement = b"4 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(_HIDDEN), _HIDDEN)
    stream_at = len(pdf) + len(replacement)
    row = b"\x01" + len(pdf).to_bytes(4, "big") + b"\x00"
    stream = b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 1] /Index [4 1] /Root 1 0 R /Length %d >>\nstream\n" % (
        size, size + 1, len(row),
    ) + row + b"\nendstream\nendobj\n"  # fmt: skip
    table_at = stream_at + len(stream)
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n" % (size, stream_at)
    trailer = b"<< /Size %d /Root 1 0 R /Prev %d /XRefStm %d >>\n" % (size + 1, previous, stream_at)
    return pdf + replacement + stream + table + trailer + b"startxref\n%d\n%%%%EOF\n" % table_at


def _trailer(pdf: bytes) -> tuple[int, int]:
    """Where the newest table stands, and the number of objects."""
    return int(pdf[pdf.rindex(b"startxref") :].split()[1]), int(pdf[pdf.rindex(b"/Size") :].split()[1])

"""What a signed document is made of is reached whatever it is called, and compared by what readers make of it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import pytest

from tests.signatures.documents import SIGNED, doubted, edits_of, forbidden, signer
from verify.simulation.attacks import add_revision
from verify.simulation.signing import sign_pdf

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
GOOD = b"BT /F1 12 Tf 60 700 Td (The fee is 100,000 crowns.) Tj ET"
EVIL = b"BT /F1 12 Tf 60 700 Td (The fee is 900,000 crowns.) Tj ET"
FONTS = b"/Font<</F1 7 0 R>>"


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(data), data)


def drawing(data: bytes) -> bytes:
    return stream(data, b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<<%s>>" % FONTS)


def page(resources: bytes, entries: bytes = b"", parent: int = 2) -> bytes:
    return b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]/Contents 4 0 R%s%s>>" % (parent, resources, entries)


def written(objects: Mapping[int, bytes], generations: Mapping[int, int] | None = None) -> bytes:
    """A file of one page (object 3) with one content stream (4); `generations`: other than 0."""
    bodies = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: page(b"/Resources<<%s>>" % FONTS),
        4: stream(GOOD),
        7: FONT,
        **objects,
    }
    out, entries, size = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), b"", max(bodies) + 1
    for number in range(1, size):
        if number in bodies:
            generation = (generations or {}).get(number, 0)
            entries += b"%010d %05d n \n" % (len(out), generation)
            out += b"%d %d obj\n%s\nendobj\n" % (number, generation, bodies[number])
        else:
            entries += b"0000000000 00001 f \n"
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\n" % (size, entries, size)
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % table


def signed(objects: Mapping[int, bytes], generations: Mapping[int, int] | None = None) -> bytes:
    return sign_pdf(written(objects, generations), signer(), at=SIGNED)


def changed(signed_as: Mapping[int, bytes], to: Mapping[int, bytes]) -> bytes:
    """The objects signed, and overwritten afterwards. Objects that signing rewrites are to be left alone."""
    return add_revision(signed(signed_as), to)


NAMES = ["P", "Parent", "Pg", "B", "Dest", "Kids", "V", "X"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["XObject", "Font", "Pattern"])
def test_a_resource_may_not_change_whatever_its_name(kind: str, name: str) -> None:
    resources = b"<<%s/%s<</%s 9 0 R>>>>" % (b"" if kind == "Font" else FONTS, kind.encode(), name.encode())
    pdf = changed({3: page(b"/Resources 8 0 R"), 8: resources, 9: drawing(GOOD)}, {9: drawing(EVIL)})
    assert "page 1, resources" in forbidden(pdf)


@pytest.mark.parametrize("kind", ["", "/Type/Page", "/Type/Pages", "/Type/Annot/FT/Tx", "/Type/StructElem/S/P"])
@pytest.mark.parametrize("name", ["P", "Parent", "Pg"])
def test_a_resource_that_another_replaces_in_place_is_a_change(name: str, kind: str) -> None:
    """Whatever the dictionary that holds it calls itself."""

    def resources(number: int) -> bytes:
        return b"<<%s/XObject<<%s/%s %d 0 R>>>>" % (FONTS, kind.encode(), name.encode(), number)

    objects = {3: page(b"/Resources 8 0 R"), 8: resources(9), 9: drawing(GOOD), 10: drawing(EVIL)}
    assert "page 1, resources" in forbidden(changed(objects, {8: resources(10)}))


@pytest.mark.parametrize("name", ["P", "Parent", "Pg"])
def test_a_look_of_an_annotation_may_not_change_whatever_its_state_is_called(name: str) -> None:
    stamp = b"<</Type/Annot/Subtype/Stamp/Rect[50 600 450 640]/F 4/AS/%s/AP<</N<</%s 9 0 R>>>>>>"
    objects = {
        3: page(b"/Resources<<>>", b"/Annots 21 0 R"),
        20: stamp % (name.encode(), name.encode()),
        21: b"[20 0 R]",
        9: drawing(GOOD),
    }
    assert any("annotation" in e.kind for e in edits_of(changed(objects, {9: drawing(EVIL)})))


def test_a_dictionary_that_is_a_field_and_resources_at_once_may_not_change_as_a_field() -> None:
    """A form that lists the page's pictures among its fields, to fill in one of them as a "value"."""
    field = b"<</FT/Tx/T(x)/V %d 0 R>>"
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[20 0 R]>>>>",
        3: page(b"/Resources<<%s/XObject 20 0 R>>" % FONTS),
        20: field % 9,
        9: drawing(GOOD),
        10: drawing(EVIL),
    }
    pdf = signed(objects)
    assert "page-resources-changed" in forbidden(add_revision(pdf, {20: field % 10})).values()
    assert forbidden(add_revision(pdf, {9: drawing(EVIL)}))


# Streams


def test_a_filter_over_the_same_bytes_is_a_change() -> None:
    raw = b"%BT/F1 12 Tf 60 700 Td(Fee 900)Tj ET   \x80\n" + GOOD
    pdf = changed({4: stream(raw)}, {4: stream(raw, b"/Filter/RunLengthDecode")})
    assert "page-content-changed" in forbidden(pdf).values()


IMAGE = b"/Type/XObject/Subtype/Image/Width 8/Height 8/BitsPerComponent 8/ColorSpace/DeviceGray"
SAMPLES = bytes((i * 53) % 256 if i % 9 else i % 3 for i in range(81))
FLATE = b"/Filter/FlateDecode"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (stream(zlib.compress(SAMPLES), IMAGE + FLATE),
         stream(zlib.compress(SAMPLES), IMAGE + FLATE + b"/DecodeParms<</Predictor 12/Columns 8>>")),
        (stream(SAMPLES, IMAGE), stream(SAMPLES, IMAGE + b"/Filter/DCTDecode")),
        (stream(SAMPLES, IMAGE + b"/Filter/DCTDecode"), stream(zlib.compress(SAMPLES), IMAGE + FLATE)),
        (stream(SAMPLES, IMAGE + b"/Filter/DCTDecode"), stream(SAMPLES, IMAGE + b"/Filter/JPXDecode")),
    ],
)  # fmt: skip
def test_a_picture_whose_bytes_are_read_by_another_filter_is_a_change(before: bytes, after: bytes) -> None:
    objects = {3: page(b"/Resources<<%s/XObject<</X 9 0 R>>>>" % FONTS), 9: before}
    assert "image-replaced" in forbidden(changed(objects, {9: after})).values()


def test_a_stream_that_is_only_packed_otherwise_is_no_change() -> None:
    packed = stream(zlib.compress(GOOD), FLATE)
    assert not edits_of(changed({4: stream(GOOD)}, {4: packed}))
    assert not edits_of(changed({4: packed}, {4: stream(zlib.compress(GOOD, 0), b"/Filter[/FlateDecode]")}))


def test_a_length_in_an_object_of_its_own_may_not_change() -> None:
    content = b"<</Length 9 0 R>>\nstream\n%s\nendstream" % GOOD
    pdf = changed({4: content, 9: b"%d" % len(GOOD)}, {9: b"20"})
    assert doubted(pdf) == {"object 9": "malformed"}  # by it the content ends in the middle, where ours cannot read on
    hidden = GOOD + b"\nendstream\nendobj\n" + EVIL
    longer = changed({4: content.replace(GOOD, hidden), 9: b"%d" % len(hidden)}, {9: b"%d" % len(GOOD)})
    assert "page-content-changed" in forbidden(longer).values()


# Objects that cannot be read


BROKEN = [b"/Q --5>>", b"/Q 1e5>>", b"/Q foo>>", b"/Q <zz>>>", b"", b"/Q>>"]


@pytest.mark.parametrize("rest", BROKEN)
def test_what_lies_below_an_object_that_cannot_be_read_is_in_doubt_when_it_changes(rest: bytes) -> None:
    held = b"<<%s/XObject<</X 9 0 R/Y 10%%\n0 R/Z 50 0 R>>%s" % (FONTS, rest)
    objects = {3: page(b"/Resources 8 0 R"), 8: held, 9: drawing(b"/P Do"), 10: drawing(GOOD), 11: drawing(GOOD)}
    pdf = signed(objects)
    for number in (9, 10, 11, 50):  # 50 is given only afterwards; 11 is nowhere mentioned: the broken object might
        found = {
            **forbidden(add_revision(pdf, {number: drawing(EVIL)})),
            **doubted(add_revision(pdf, {number: drawing(EVIL)})),
        }
        assert found == {f"object {number}": "malformed"}


def test_an_object_that_cannot_be_read_raises_no_alarm_where_nothing_below_it_changes() -> None:
    pdf = signed({3: page(b"/Resources 8 0 R"), 8: b"<<%s/Q --5>>" % FONTS})
    again = sign_pdf(pdf, signer(), at=SIGNED, field="Signature2")
    assert not forbidden(again)
    assert not doubted(again)


def test_an_object_under_another_generation_than_its_reference_says_may_not_change() -> None:
    """Viewers that go by the number alone draw it."""
    pdf = signed({3: page(b"/Resources<<%s/XObject<</X 9 0 R>>>>" % FONTS), 9: drawing(GOOD)}, {9: 1})
    assert forbidden(add_revision(pdf, {9: drawing(EVIL)}, generations={9: 1}))


# The nodes above


TREE = {
    2: b"<</Type/Pages/Kids[12 0 R]/Count 1/Resources<<%s/XObject<</X 9 0 R>>>>>>" % FONTS,
    3: page(b"", parent=12),
    9: drawing(GOOD),
    10: drawing(EVIL),
    12: b"<</Type/Pages/Parent 2 0 R/Kids[3 0 R]/Count 1>>",
    13: b"<</Type/Pages/Kids[12 0 R]/Count 1/Resources<<%s/XObject<</X 10 0 R>>>>>>" % FONTS,
    14: b"<</Type/Pages/Kids[12 0 R]/Count 1/Resources<<%s/XObject<</X 9 0 R>>>>>>" % FONTS,
}


def test_a_node_of_the_page_tree_below_another_that_gives_other_resources_is_a_change() -> None:
    pdf = changed(TREE, {12: TREE[12].replace(b"/Parent 2", b"/Parent 13")})
    assert forbidden(pdf) == {"pages, resources": "page-resources-changed"}


def test_a_node_of_the_page_tree_below_another_that_gives_the_same_is_no_change() -> None:
    assert not edits_of(changed(TREE, {12: TREE[12].replace(b"/Parent 2", b"/Parent 14")}))


@pytest.mark.parametrize(
    ("entry", "kind"),
    [(b"/Rotate 90", "page-turned"), (b"/MediaBox[0 0 9 9]", "page-resized"), (b"/Annots[]", "added")],
)
def test_what_a_node_above_gives_may_not_change(entry: bytes, kind: str) -> None:
    pdf = changed(TREE, {12: TREE[12][:-2] + entry + b">>"})
    assert kind in forbidden(pdf).values()


def test_a_node_that_only_the_page_itself_calls_its_parent_may_not_change() -> None:
    """Some viewers take values over by /Parent, others by the way down."""
    objects = {3: page(b"", parent=13), 13: b"<</Type/Pages/Resources<<%s>>>>" % FONTS}
    assert forbidden(changed(objects, {13: b"<</Type/Pages/Rotate 90/Resources<<%s>>>>" % FONTS}))


def test_a_field_that_only_its_widget_leads_to_may_not_change() -> None:
    widget = b"<</Type/Annot/Subtype/Widget/Parent 22 0 R/Rect[50 600 450 640]/F 4>>"
    objects = {
        3: page(b"/Resources<<>>", b"/Annots 21 0 R"),
        20: widget,
        21: b"[20 0 R]",
        22: b"<</FT/Tx/T(x)/V(100)/DA(/F1 9 Tf)/Kids[20 0 R]>>",
    }
    pdf = changed(objects, {22: b"<</FT/Tx/T(x)/V(100)/DA(/F1 90 Tf)/Kids[20 0 R]>>"})
    assert "field x, DA" in forbidden(pdf)

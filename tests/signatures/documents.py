"""Signed documents by script, each made once a run, and how a test asks about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pymupdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp

from verify.core.errors import Problem
from verify.formats.read import read
from verify.signatures.changes.edits import Edit
from verify.signatures.changes.history import History
from verify.signatures.changes.revisions import Review, Terms
from verify.signatures.evidence import SignatureEvidence
from verify.signatures.examiner import SignatureExaminer
from verify.signatures.pdf import Found, coverage, find, open_signed
from verify.simulation.contracts import contract_pdf
from verify.simulation.pki import Credentials, TestPki
from verify.simulation.signing import Look, _requested, sign_pdf, stamp_pdf, update_of, written
from verify.stores.trust import NO_ANCHORS, TrustAnchors

SIGNED = datetime(2024, 6, 3, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 6, 30, tzinfo=UTC)
PKI = TestPki()
OTHER = TestPki(seed="other", organisation="无名虚构证书中心")
NAME = "长风仓储有限公司（虚构）"
ANCHORS = TrustAnchors("test", (PKI.root_der,))
TEXT_BOX = (22.0, 62.0, 150.0, 8.0)


@cache
def signer() -> Credentials:
    return PKI.signer(NAME, code="91110000MA00000001")


@cache
def contract() -> bytes:
    lines = ["一、甲方向乙方提供仓储服务，费用为人民币100,000元。 The fee is CNY 100,000."] * 3
    return contract_pdf(
        "仓储服务合同 Storage Services Agreement", [NAME, "Northlight Trading Ltd"], lines, dated=SIGNED
    )


@cache
def signed(pki: str = "own", revocation: bool = True, certify: str | None = None) -> bytes:
    """A B-LT signature with a visible picture (120, 200, 40, 40 mm on page 1)."""
    authority = PKI if pki == "own" else OTHER
    picture = np.full((60, 60, 3), 255, np.uint8)
    picture[15:45, 15:45] = (220, 30, 30)
    return sign_pdf(
        contract(),
        signer() if pki == "own" else OTHER.signer(NAME),
        at=SIGNED,
        timestamper=authority.timestamper(SIGNED + timedelta(minutes=1)),
        revocation=authority if revocation else None,
        appearance=Look(1, (120, 200, 40, 40), picture),
        certify=certify,  # type: ignore[arg-type]
    )


@cache
def stamped(as_signature: bool = False) -> bytes:
    return stamp_pdf(signed(), PKI.timestamper(SIGNED + timedelta(days=1)), as_signature=as_signature)


@cache
def with_empty_field() -> bytes:
    """A signed contract with a visible signature field "Timestamp1" that is still empty."""
    writer = update_of(contract(), "empty")
    fields.append_signature_field(writer, fields.SigFieldSpec("Timestamp1", box=(60, 600, 500, 660)))
    return sign_pdf(written(writer), signer(), at=SIGNED, timestamper=PKI.timestamper(SIGNED))


def drawn_stamp(
    pdf: bytes,
    *,
    rect: tuple[int, int, int, int] = (60, 600, 500, 660),
    look: bytes | None = b"1 1 1 rg 0 0 440 60 re f",
    place: str = "field",
    as_signature: bool = False,
) -> bytes:
    """A valid document timestamp whose widget shows `look` in `rect` (points).

    `place`: the widget is the field itself, a kid of it ("widget"), gives its rectangle by references ("indirect"), or
    stood there before the signature ("prepared").
    """
    writer = update_of(pdf, "drawn")
    spec = fields.SigFieldSpec("Timestamp1", box=rect, combine_annotation=place != "widget")
    embedder = PdfCMSEmbedder(new_field_spec=None if place == "prepared" else spec)
    steps = embedder.write_cms(field_name="Timestamp1", writer=writer)
    field = next(steps).get_object()
    widget = field["/Kids"][0] if place == "widget" else field
    widget.pop(pdf_name("/AP"), None)
    if place != "prepared":
        numbers = [generic.NumberObject(v) for v in rect]
        widget[pdf_name("/Rect")] = generic.ArrayObject(
            [writer.add_object(v) for v in numbers] if place == "indirect" else numbers
        )
    if look is not None:
        drawn = form_look("")
        stream = writer.add_object(generic.StreamObject(dict_data=dict(drawn), stream_data=look))
        widget[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): stream})
    writer.update_container(widget)
    placeholder = DocumentTimestamp(bytes_reserved=16_384)
    if as_signature:
        placeholder[pdf_name("/Type")] = pdf_name("/Sig")
    steps.send(SigObjSetup(sig_placeholder=placeholder))
    prepared, out = steps.send(SigIOSetup(md_algorithm="sha256", in_place=False))
    steps.send(_requested(PKI.timestamper(SIGNED + timedelta(days=1)), prepared.document_digest))
    return bytes(out.getvalue())


@cache
def with_form(lock: bool = False) -> bytes:
    """A signed contract with a text field "amount" that is not filled yet."""
    plain = contract()
    writer = update_of(plain, "form")
    page = writer.find_page_for_modification(0)[0].get_object()
    look = writer.add_object(form_look("100"))
    field = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): generic.pdf_string("amount"),
                pdf_name("/V"): generic.pdf_string("100"),
                pdf_name("/DA"): generic.pdf_string("/Helv 11 Tf"),
                pdf_name("/Rect"): generic.ArrayObject([generic.FloatObject(v) for v in (100, 100, 200, 120)]),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): look}),
            }
        )
    )
    page[pdf_name("/Annots")] = generic.ArrayObject([field])
    writer.root[pdf_name("/AcroForm")] = writer.add_object(
        generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject([field])})
    )
    writer.update_container(page)
    writer.update_root()
    stamper = PKI.timestamper(SIGNED)
    return sign_pdf(written(writer), signer(), at=SIGNED, timestamper=stamper, lock=("All", ()) if lock else None)


def form_look(text: str) -> generic.StreamObject:
    return generic.StreamObject(
        dict_data={
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject([generic.NumberObject(v) for v in (0, 0, 100, 20)]),
        },
        stream_data=f"/Tx BMC BT /Helv 11 Tf 2 4 Td ({text}) Tj ET EMC".encode(),
    )


def fill(pdf: bytes, value: str, shown: str) -> bytes:
    """Fill "amount" with a value, and let it show something."""
    writer = update_of(pdf, "fill")
    field = next(f.get_object() for f in writer.root["/AcroForm"]["/Fields"] if f.get_object()["/T"] == "amount")
    field[pdf_name("/V")] = generic.pdf_string(value)
    field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form_look(shown))})
    writer.update_container(field)
    return written(writer)


def update(pdf: bytes, change: Any) -> bytes:
    """An incremental update in which `change(writer)` does what it likes."""
    writer = update_of(pdf, "update")
    change(writer)
    return written(writer)


def examined(pdf: bytes, anchors: TrustAnchors = ANCHORS, at: datetime = NOW) -> list[SignatureEvidence]:
    found = list(SignatureExaminer(anchors, at).examine(read(pdf, name="contract.pdf")))
    return [e for e in found if isinstance(e, SignatureEvidence)]


def problems(pdf: bytes) -> list[Problem]:
    return [p for p in SignatureExaminer(NO_ANCHORS, NOW).examine(read(pdf, name="x.pdf")) if isinstance(p, Problem)]


def only(pdf: bytes, anchors: TrustAnchors = ANCHORS, at: datetime = NOW) -> SignatureEvidence:
    """The one signature, document timestamps aside."""
    (found,) = [e for e in examined(pdf, anchors, at) if e.purpose == "signature"]
    return found


# Later revisions, by what the comparison says of them


def edits_of(data: bytes) -> tuple[Edit, ...]:
    """What the revisions after the first signature changed."""
    file = open_signed(data, None)
    first = next(f for f in find(file) if isinstance(f, Found))
    covered = coverage(data, first, file).revision
    assert covered is not None
    return Review(History(file.reader, covered)).since(covered)


def forbidden(data: bytes, level: int | None = None) -> dict[str, str]:
    """Object → kind of each edit that a signature of a certification level neither permits nor leaves in doubt."""
    terms = Terms(level)
    return {e.object: e.kind for e in edits_of(data) if terms.allow(e) is None and not terms.doubt(e)}


def doubted(data: bytes, level: int | None = None) -> dict[str, str]:
    """Object → kind of each edit that is left in doubt."""
    terms = Terms(level)
    return {e.object: e.kind for e in edits_of(data) if terms.allow(e) is None and terms.doubt(e)}


def permitted(data: bytes, level: int | None = None) -> dict[str, str]:
    """Object → kind of each edit that a signature of a certification level permits."""
    terms = Terms(level)
    return {e.object: e.kind for e in edits_of(data) if terms.allow(e) is not None}


@cache
def with_fields() -> bytes:
    """A signed contract with a tick "agreed" (off), a choice "place", and a text "note" with rich text."""
    writer = update_of(contract(), "fields")
    page = writer.find_page_for_modification(0)[0].get_object()
    states = {s: writer.add_object(form_look("X" if s == "/Yes" else "")) for s in ("/Yes", "/Off")}
    ticks = generic.DictionaryObject({pdf_name(s): look for s, look in states.items()})
    options = [("bj", "Beijing"), ("sh", "Shanghai")]
    choices = [generic.ArrayObject(map(generic.pdf_string, pair)) for pair in options]
    fields_ = [
        _field(writer, "agreed", "/Btn", 140, {"/V": pdf_name("/Off"), "/AS": pdf_name("/Off")}, ticks),
        _field(writer, "place", "/Ch", 170, {"/Ff": generic.NumberObject(1 << 17), "/V": generic.pdf_string("bj"),
               "/Opt": generic.ArrayObject(choices)}, writer.add_object(form_look("Beijing"))),
        _field(writer, "note", "/Tx", 200, {"/V": generic.pdf_string("none"), "/Ff": generic.NumberObject(1 << 25),
               "/RV": generic.pdf_string("<p>none</p>")}, writer.add_object(form_look("none"))),
    ]  # fmt: skip
    page[pdf_name("/Annots")] = generic.ArrayObject(fields_)
    font = writer.add_object(
        generic.DictionaryObject({pdf_name(k): pdf_name(v) for k, v in
                                  (("/Type", "/Font"), ("/Subtype", "/Type1"), ("/BaseFont", "/Helvetica"))})
    )  # fmt: skip
    fonts = generic.DictionaryObject({pdf_name("/Font"): generic.DictionaryObject({pdf_name("/Helv"): font})})
    writer.root[pdf_name("/AcroForm")] = writer.add_object(
        generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject(fields_), pdf_name("/DR"): fonts})
    )
    writer.update_container(page)
    writer.update_root()
    return sign_pdf(written(writer), signer(), at=SIGNED)


def _field(writer: Any, name: str, kind: str, y: int, entries: dict[str, Any], look: Any) -> Any:
    return writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name(kind),
                pdf_name("/T"): generic.pdf_string(name),
                pdf_name("/Rect"): generic.ArrayObject([generic.NumberObject(v) for v in (60, y, 160, y + 20)]),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): look}),
                **{pdf_name(k): v for k, v in entries.items()},
            }
        )
    )


def field_named(writer: Any, name: str) -> Any:
    return next(f.get_object() for f in writer.root["/AcroForm"]["/Fields"] if f.get_object()["/T"] == name)


def chinese_look(writer: Any, text: str) -> Any:
    """An appearance in a font whose text stands in the file as glyph numbers in hexadecimal strings."""
    with pymupdf.open() as drawn:
        page = drawn.new_page(width=100, height=20)
        page.insert_font(fontname="song", fontbuffer=pymupdf.Font("china-s").buffer)
        page.insert_text((2, 14), text, fontname="song", fontsize=10)
        drawn.subset_fonts()
        source = PdfFileReader(BytesIO(drawn.tobytes()), strict=False).root["/Pages"]["/Kids"][0]
    stream = form_look("")
    stream[pdf_name("/Resources")] = writer.import_object(source["/Resources"])
    contents = source["/Contents"]
    parts = [c.get_object() for c in contents] if isinstance(contents, generic.ArrayObject) else [contents]
    data = b"\n".join(p.data for p in parts)
    return writer.add_object(generic.StreamObject(dict_data=dict(stream), stream_data=data))

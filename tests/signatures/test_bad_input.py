"""No file may crash the examiner: what is malformed becomes evidence or a Problem."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pyhanko.pdf_utils import generic

from tests.signatures.documents import NOW, SIGNED, contract, only, signed, signer, stamped
from verify.core.document import Document
from verify.core.errors import Problem, Refusal
from verify.core.exhibits import Piece
from verify.formats.read import read
from verify.signatures.evidence import SignatureEvidence
from verify.signatures.examiner import SignatureExaminer
from verify.simulation.signing import sign_pdf
from verify.stores.trust import NO_ANCHORS


def everything(pdf: bytes) -> list[object]:
    try:
        document = read(pdf, name="bad.pdf")
    except Refusal:
        document = Document("bad.pdf", pdf, "pdf", ())
    found = SignatureExaminer(NO_ANCHORS, NOW).examine(document)
    return [f for f in found if not isinstance(f, Piece)]


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_is_reported_and_never_called_whole(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(stamped())
    match seed % 4:
        case 0:
            for _ in range(20):
                data[rng.randrange(len(data))] = rng.randrange(256)
        case 1:
            del data[rng.randrange(len(data) // 2, len(data)) :]
        case 2:
            at = rng.randrange(len(data))
            del data[at : at + rng.randrange(1, 2000)]
        case _:
            at = rng.randrange(len(data))
            data[at:at] = bytes(rng.randrange(256) for _ in range(50))
    original = stamped()
    for found in everything(bytes(data)):
        assert isinstance(found, SignatureEvidence | Problem)
        if isinstance(found, SignatureEvidence) and found.intact:
            # Only what lies behind the signed part, or in the padding of /Contents, may have changed.
            first = min(original.index(b"/Contents <"), data.find(b"/Contents <"))
            assert data[:first] == original[:first]


def test_a_broken_table_is_examined_from_the_signed_part() -> None:
    pdf = signed()
    found = only(pdf[: pdf.rindex(b"startxref")] + b"startxref\n9999999\n%%EOF\n", NO_ANCHORS)
    assert found.intact is True
    assert found.modification in ("suspicious", "unknown")


def test_a_signature_field_that_holds_nonsense_is_no_signature() -> None:
    pdf = signed(revocation=False)
    assert everything(pdf.replace(b"/ByteRange", b"/ByteRangX")) != []
    for found in everything(pdf.replace(b"/ByteRange", b"/ByteRangX")):
        assert isinstance(found, SignatureEvidence | Problem)
        if isinstance(found, SignatureEvidence):
            assert found.intact is False


def test_names_written_with_escapes_hide_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """ISO 32000-2, 7.3.5: /#42yteRange is /ByteRange."""

    def escaped(self: generic.NameObject, stream: Any, handler: Any = None, container_ref: Any = None) -> None:
        stream.write(b"/#%02X" % ord(self[1]) + self[2:].encode())

    with monkeypatch.context() as patched:
        patched.setattr(generic.NameObject, "write_to_stream", escaped)
        pdf = sign_pdf(contract(), signer(), at=SIGNED)
    assert not any(word in pdf for word in (b"/ByteRange", b"/Sig", b"/AcroForm", b"/ObjStm", b"/Encrypt"))
    (found,) = everything(pdf)
    assert isinstance(found, SignatureEvidence)
    assert found.intact is True


def test_a_picture_has_no_signatures() -> None:
    assert list(SignatureExaminer(NO_ANCHORS, NOW).examine(Document("a.png", b"/ByteRange", "image", ()))) == []


def test_many_signatures_cost_no_more_than_their_number() -> None:
    """Each revision is compared once: ten signatures take nowhere near the square of one."""
    import time

    from tests.signatures.documents import SIGNED, contract, examined, signer
    from verify.simulation.signing import sign_pdf

    pdf = contract()
    for number in range(10):
        pdf = sign_pdf(pdf, signer(), at=SIGNED, field=f"Signature{number}")
    start = time.perf_counter()
    assert [e.modification for e in examined(pdf, NO_ANCHORS)] == ["permitted"] * 9 + ["none"]
    assert time.perf_counter() - start < 5

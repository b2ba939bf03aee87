"""Signatures around and beside files: what is signed is judged as in a PDF, and what nothing protects is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from asn1crypto import cms, core

from tests.signatures.documents import ANCHORS, NAME, NOW, OTHER, PKI, SIGNED, contract, signed, signer
from verify.core.document import digest
from verify.core.errors import NotExamined, Problem
from verify.core.exhibits import Piece
from verify.formats import read
from verify.signatures.evidence import SignatureEvidence
from verify.signatures.examiner import SignatureExaminer
from verify.simulation.files import (
    ASIC_E,
    ASIC_S,
    asic,
    asic_e,
    asic_s,
    in_pieces,
    manifest,
    sign_file,
    stamp_file,
)

PDF = contract()
STAMPER, LATER = PKI.timestamper(SIGNED + timedelta(minutes=1)), PKI.timestamper(SIGNED + timedelta(days=30))
SIGNATURE, MANIFEST = "META-INF/signature001.p7s", "META-INF/ASiCManifest.xml"


@dataclass(frozen=True)
class Found:
    evidence: tuple[SignatureEvidence, ...]
    problems: tuple[Problem, ...]
    pieces: tuple[Piece, ...]
    left_out: tuple[NotExamined, ...]


def examined(data: bytes, name: str = "contract.pdf.p7m", **options: Any) -> Found:
    things = list(SignatureExaminer(ANCHORS, NOW).examine(read(data, name=name, **options)))
    return Found(
        tuple(t for t in things if isinstance(t, SignatureEvidence)),
        tuple(t for t in things if isinstance(t, Problem)),
        tuple(t for t in things if isinstance(t, Piece)),
        tuple(t for t in things if isinstance(t, NotExamined)),
    )


def only(data: bytes, **options: Any) -> SignatureEvidence:
    found = examined(data, **options)
    assert not found.problems
    (one,) = found.evidence
    return one


@cache
def beside() -> bytes:
    return sign_file(PDF, [signer()], at=SIGNED, attached=False, timestamper=STAMPER, revocation=PKI)


@pytest.mark.parametrize(
    ("how", "level", "stamps"),
    [
        ({}, "CAdES-B-B", []),
        ({"timestamper": STAMPER}, "CAdES-B-T", ["signature"]),
        ({"timestamper": STAMPER, "revocation": PKI}, "CAdES-B-LT", ["signature"]),
        ({"timestamper": STAMPER, "revocation": PKI, "archiver": LATER}, "CAdES-B-LTA", ["archive", "signature"]),
    ],
)
def test_the_level_is_reported(how: dict[str, Any], level: str, stamps: list[str]) -> None:
    evidence = only(sign_file(PDF, [signer()], at=SIGNED, **how))
    assert (evidence.container, evidence.level, evidence.intact) == ("CAdES", level, True)
    assert (evidence.coverage, evidence.modification) == ("whole-file", "none")
    assert [s.kind for s in evidence.timestamps] == stamps
    assert all(s.intact and s.trusted for s in evidence.timestamps)
    assert evidence.claimed_time == SIGNED
    assert evidence.best_time == (SIGNED + timedelta(minutes=1) if stamps else None)
    assert evidence.indication == ("TOTAL_PASSED" if "revocation" in how else "INDETERMINATE")
    assert evidence.signed_revision_sha256 == digest(PDF)


def test_a_signature_in_pieces_is_as_good_as_one_in_der() -> None:
    whole = sign_file(PDF, [signer()], at=SIGNED, timestamper=STAMPER, revocation=PKI)
    assert only(in_pieces(whole)) == only(whole)


def test_attributes_out_of_order_are_verified_in_order() -> None:
    message = sign_file(PDF, [signer()], at=SIGNED)
    attributes = cms.ContentInfo.load(message)["content"]["signer_infos"][0]["signed_attrs"]
    parts = [a.dump() for a in attributes]
    shuffled = message.replace(b"".join(parts), b"".join(reversed(parts)))
    assert shuffled != message
    assert only(shuffled).intact is True


def test_each_signer_is_evidence_of_its_own() -> None:
    found = examined(sign_file(PDF, [signer(), OTHER.signer(NAME)], at=SIGNED, timestamper=STAMPER, revocation=PKI))
    assert [e.field for e in found.evidence] == ["contract.pdf.p7m (1)", "contract.pdf.p7m (2)"]
    assert all(e.intact for e in found.evidence)
    assert {e.path.complete for e in found.evidence} == {True, False}


def test_a_countersignature_is_evidence_and_falls_with_what_it_is_over() -> None:
    witness = PKI.signer("旁证公证处（虚构）")
    message = sign_file(PDF, [signer()], at=SIGNED, attached=False, countersigner=witness)
    whole = examined(message, original=PDF).evidence
    assert [e.field for e in whole] == ["contract.pdf.p7m", "contract.pdf.p7m, countersignature 1"]
    assert [e.intact for e in whole] == [True, True]
    broken = examined(message, original=PDF + b"\n").evidence
    assert [(e.intact, e.broken) for e in broken] == [(False, "digest-mismatch")] * 2


def test_the_signatures_in_the_signed_pdf_follow_those_around_it() -> None:
    found = examined(sign_file(signed(), [signer()], at=SIGNED, timestamper=STAMPER, revocation=PKI))
    assert [(e.id, e.field, e.container) for e in found.evidence] == [
        ("signature-1", "contract.pdf.p7m", "CAdES"),
        ("signature-2", "contract.pdf: Signature1", "PAdES"),
    ]
    assert [e.indication for e in found.evidence] == ["TOTAL_PASSED", "TOTAL_PASSED"]
    assert found.evidence[1].appearance is not None
    assert {p.exhibit.subject for p in found.pieces} <= {"signature-1", "signature-2"}
    (content,) = [p for p in found.pieces if p.exhibit.role == "signed-content"]
    assert content.data == signed()


def test_a_signed_file_in_a_signed_file_is_examined_to_the_bottom() -> None:
    once = sign_file(signed(), [signer()], at=SIGNED)
    found = examined(sign_file(once, [OTHER.signer(NAME)], at=SIGNED), name="contract.pdf.p7m.p7m")
    assert [e.field for e in found.evidence] == [
        "contract.pdf.p7m.p7m",
        "contract.pdf.p7m: contract.pdf.p7m",
        "contract.pdf.p7m: contract.pdf: Signature1",
    ]
    assert [e.id for e in found.evidence] == ["signature-1", "signature-2", "signature-3"]


def test_the_original_makes_a_detached_signature_whole() -> None:
    evidence = only(beside(), name="contract.pdf.p7s", original=PDF)
    assert (evidence.intact, evidence.level, evidence.indication) == (True, "CAdES-B-LT", "TOTAL_PASSED")


def test_another_original_breaks_it() -> None:
    evidence = only(beside(), original=PDF + b"\n")
    assert (evidence.intact, evidence.broken) == (False, "digest-mismatch")
    assert (evidence.indication, evidence.sub_indication) == ("TOTAL_FAILED", "HASH_FAILURE")


def test_without_the_original_the_rest_is_told() -> None:
    found = examined(beside(), name="contract.pdf.p7s")
    assert [p.code for p in found.problems] == ["original-missing"]
    (evidence,) = found.evidence
    assert (evidence.intact, evidence.broken) == (None, "signed-data-missing")
    assert (evidence.indication, evidence.sub_indication) == ("INDETERMINATE", "SIGNED_DATA_NOT_FOUND")
    assert evidence.signer is not None and evidence.signer.organisation == NAME
    assert evidence.path.complete
    assert [(s.kind, s.intact) for s in evidence.timestamps] == [("signature", True)]


def test_a_broken_value_is_told_without_the_original() -> None:
    value = cms.ContentInfo.load(beside())["content"]["signer_infos"][0]["signature"].native
    data = beside().replace(value, value[:-1] + bytes([value[-1] ^ 1]))
    (evidence,) = examined(data).evidence
    assert (evidence.intact, evidence.broken) == (False, "signature-mismatch")


def test_a_changed_content_breaks_the_signature_around_it() -> None:
    data = sign_file(PDF, [signer()], at=SIGNED).replace(b"%PDF-1.", b"%PDF-2.", 1)
    evidence = only(data)
    assert (evidence.intact, evidence.broken) == (False, "digest-mismatch")


def test_bytes_behind_the_message_leave_doubt() -> None:
    evidence = only(sign_file(PDF, [signer()], at=SIGNED) + b"%PDF-1.7 other")
    assert (evidence.intact, evidence.coverage, evidence.modification) == (True, "partial", "unknown")
    assert evidence.modification_detail == "bytes-after-message"


def test_an_archive_timestamp_falls_when_what_it_covers_is_taken_away() -> None:
    data = sign_file(PDF, [signer()], at=SIGNED, timestamper=STAMPER, revocation=PKI, archiver=LATER)
    listed = cms.ContentInfo.load(data)["content"]["crls"][0].dump()
    gone = data.replace(listed, listed[:-1] + bytes([listed[-1] ^ 1]))
    (archive,) = [s for s in only(gone).timestamps if s.kind == "archive"]
    assert archive.intact is False


def test_a_timestamp_beside_a_file_proves_when_it_was_there() -> None:
    evidence = only(stamp_file(PDF, STAMPER), name="contract.tst", original=PDF)
    assert (evidence.purpose, evidence.container, evidence.intact) == ("timestamp", "RFC3161", True)
    assert evidence.best_time == SIGNED + timedelta(minutes=1)
    assert only(stamp_file(PDF, STAMPER), name="contract.tst", original=b"other").intact is False


# Containers


def test_a_simple_container_holds_one_file_and_its_signature() -> None:
    data = asic_s("contract.pdf", PDF, [signer()], at=SIGNED, timestamper=STAMPER, revocation=PKI)
    evidence = only(data, name="contract.asics")
    assert (evidence.field, evidence.level, evidence.intact) == ("META-INF/signature.p7s", "CAdES-B-LT", True)
    assert (evidence.coverage, evidence.modification, evidence.indication) == ("whole-file", "none", "TOTAL_PASSED")


def test_a_timestamp_over_the_file_does_not_prove_when_it_was_signed() -> None:
    entries = {
        "contract.pdf": PDF,
        "META-INF/signature.p7s": beside(),
        "META-INF/timestamp.tst": stamp_file(PDF, LATER),
    }
    signature, stamp = examined(asic(ASIC_S, entries)).evidence
    assert (stamp.purpose, stamp.intact, stamp.best_time) == ("timestamp", True, SIGNED + timedelta(days=30))
    assert [s.kind for s in signature.timestamps] == ["signature"]


def test_an_archive_timestamp_over_the_container_proves_the_signature() -> None:
    files = {"contract.pdf": PDF, "terms.txt": b"terms"}
    data = asic_e(files, [signer()], at=SIGNED, archiver=LATER, revocation=PKI)
    signature, stamp = examined(data, name="c.asice").evidence
    assert (signature.level, signature.best_time) == ("CAdES-B-LTA", SIGNED + timedelta(days=30))
    assert [(s.kind, s.intact, s.trusted) for s in signature.timestamps] == [("archive", True, True)]
    assert (stamp.purpose, stamp.coverage, stamp.intact) == ("timestamp", "whole-file", True)


def test_a_file_that_nothing_covers_is_named() -> None:
    evidence = only(asic_e({"a.txt": b"a"}, [signer()], at=SIGNED, besides={"evil.txt": b"b"}), name="c.asice")
    assert (evidence.intact, evidence.coverage, evidence.modification) == (True, "partial", "unknown")
    assert evidence.modification_detail == "unsigned-files"
    assert [(c.object, c.kind) for c in evidence.changes] == [("evil.txt", "unsigned-file")]
    hidden = only(asic_e({"a.txt": b"a"}, [signer()], at=SIGNED, besides={"META-INF/evil.pdf": b"b"}), name="c.asice")
    assert [c.object for c in hidden.changes] == ["META-INF/evil.pdf"]


def test_a_timestamp_of_anybody_does_not_make_a_file_signed() -> None:
    over = manifest("META-INF/timestamp9.tst", {"evil.txt": b"b"})
    besides = {
        "evil.txt": b"b",
        "META-INF/ASiCManifest9.xml": over,
        "META-INF/timestamp9.tst": stamp_file(over, OTHER.timestamper(SIGNED)),
    }
    data = asic_e({"a.txt": b"a"}, [signer()], at=SIGNED, besides=besides)
    assert examined(data, name="c.asice").evidence[0].modification_detail == "unsigned-files"


def test_a_strangers_signature_does_not_make_an_added_file_the_signers() -> None:
    """Whoever adds a file can add a signature of his own, or garbage in the place of one."""
    said = manifest("META-INF/signature9.p7s", {"final.txt": b"b"})
    stranger = sign_file(said, [OTHER.signer("无名有限公司（虚构）")], at=SIGNED, attached=False)
    for other in (stranger, b"0\x80junk"):
        besides = {"final.txt": b"b", "META-INF/ASiCManifest9.xml": said, "META-INF/signature9.p7s": other}
        data = asic_e({"a.txt": b"a"}, [signer()], at=SIGNED, besides=besides)
        first = examined(data, name="c.asice").evidence[0]
        assert (first.modification, first.modification_detail) == ("unknown", "unsigned-files")


def test_a_content_that_is_a_set_of_attributes_is_not_taken_for_a_file() -> None:
    """The value over another signature's attributes is a value over them as "content", too (RFC 8933, 5)."""
    whole = cms.ContentInfo.load(sign_file(b"a contract", [signer()], at=SIGNED))
    info = whole["content"]["signer_infos"][0]
    attributes = info["signed_attrs"].untag().dump()
    whole["content"]["encap_content_info"]["content"] = core.OctetString(attributes)
    kept = ("version", "sid", "digest_algorithm", "signature_algorithm", "signature")
    whole["content"]["signer_infos"] = [cms.SignerInfo({name: info[name] for name in kept})]
    forged = only(whole.dump(force=True))
    assert forged.intact is False


def test_a_changed_file_and_a_missing_one_are_named_by_the_manifest() -> None:
    said = manifest(SIGNATURE, {"a.txt": b"a", "b.txt": b"b"})
    signature = sign_file(said, [signer()], at=SIGNED, attached=False)
    around = {MANIFEST: said, SIGNATURE: signature}
    changed = only(asic(ASIC_E, {"a.txt": b"a", "b.txt": b"other", **around}), name="c.asice")
    assert (changed.intact, changed.broken, changed.coverage) == (False, "digest-mismatch", "partial")
    missing = only(asic(ASIC_E, {"a.txt": b"a", **around}), name="c.asice")
    assert (missing.intact, missing.broken) == (None, "signed-data-missing")
    assert missing.sub_indication == "SIGNED_DATA_NOT_FOUND"


def test_a_changed_manifest_breaks_its_signature() -> None:
    said = manifest(SIGNATURE, {"a.txt": b"a"})
    signature = sign_file(said, [signer()], at=SIGNED, attached=False)
    other = manifest(SIGNATURE, {"a.txt": b"evil"})
    evidence = only(asic(ASIC_E, {"a.txt": b"evil", MANIFEST: other, SIGNATURE: signature}), name="c.asice")
    assert (evidence.intact, evidence.broken) == (False, "digest-mismatch")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said.replace(b"<asic:ASiCManifest", b"<!DOCTYPE x [<!ENTITY a 'b'>]><asic:ASiCManifest", 1),
        lambda said: said.replace(SIGNATURE.encode(), b"META-INF/other.p7s"),
        lambda said: said[:-20],
    ],
    ids=["document-type", "of-another-signature", "cut"],
)
def test_a_manifest_that_cannot_count_leaves_the_signature_without_its_data(spoil: Any) -> None:
    said = spoil(manifest(SIGNATURE, {"a.txt": b"a", "b.txt": b"b"}))
    signature = sign_file(said, [signer()], at=SIGNED, attached=False)
    entries = {"a.txt": b"a", "b.txt": b"b", MANIFEST: said, SIGNATURE: signature}
    evidence = only(asic(ASIC_E, entries), name="c.asice")
    assert (evidence.intact, evidence.broken, evidence.modification) == (None, "signed-data-missing", "unknown")


def test_two_manifests_of_one_signature_are_one_too_many() -> None:
    said = manifest(SIGNATURE, {"a.txt": b"a"})
    entries = {
        "a.txt": b"a", MANIFEST: said, "META-INF/ASiCManifest2.xml": manifest(SIGNATURE, {"a.txt": b"b"}),
        SIGNATURE: sign_file(said, [signer()], at=SIGNED, attached=False),
    }  # fmt: skip
    assert only(asic(ASIC_E, entries), name="c.asice").intact is None


def test_a_name_in_an_old_code_page_is_found_by_its_content() -> None:
    said = manifest(SIGNATURE, {"合同.txt": b"a"})
    entries = {"║╧═¼.txt": b"a", MANIFEST: said, SIGNATURE: sign_file(said, [signer()], at=SIGNED, attached=False)}
    evidence = only(asic(ASIC_E, entries), name="c.asice")
    assert (evidence.intact, evidence.coverage) == (True, "whole-file")


def test_a_container_that_readers_see_differently_is_suspicious() -> None:
    signature = sign_file(b"signed", [signer()], at=SIGNED, attached=False)
    data = asic(ASIC_S, {"contract.bin": b"other", "contract.txt": b"signed", "META-INF/signature.p7s": signature})
    twice = data.replace(b"contract.bin", b"contract.txt")
    evidence = only(twice, name="c.asics")
    assert (evidence.intact, evidence.modification) == (True, "suspicious")
    assert evidence.modification_detail == "container-ambiguous"
    assert evidence.indication == "TOTAL_FAILED"


def test_a_container_with_more_than_its_entries_leaves_doubt() -> None:
    evidence = only(asic_s("contract.txt", b"signed", [signer()], at=SIGNED) + b"more", name="c.asics")
    assert (evidence.intact, evidence.modification) == (True, "unknown")
    assert evidence.modification_detail == "container-damaged"


def test_xml_signatures_are_named_as_not_examined() -> None:
    found = examined(asic(ASIC_E, {"a.txt": b"a", "META-INF/signatures0.xml": b"<x/>"}), name="c.asice")
    assert [(p.where, p.code) for p in found.problems] == [("META-INF/signatures0.xml", "xades-not-examined")]


def test_several_documents_are_left_to_be_checked_one_by_one() -> None:
    found = examined(asic_e({"a.pdf": signed(), "b.pdf": PDF}, [signer()], at=SIGNED), name="c.asice")
    assert [n.pages for n in found.left_out] == ["a.pdf, b.pdf"]
    inner = found.evidence[1]
    assert (inner.field, inner.appearance) == ("a.pdf: Signature1", None)


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\x30\x80" * 90, b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"]
)
def test_an_unreadable_signature_in_a_container_is_evidence(content: bytes) -> None:
    evidence = only(asic(ASIC_S, {"a.txt": b"a", "META-INF/signature.p7s": content}), name="c.asics")
    assert (evidence.intact, evidence.broken) == (None, "malformed")

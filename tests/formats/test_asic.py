"""A container is read with a suspicious eye: what two readers may see differently is told, bombs are refused."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from tests.signatures.documents import SIGNED, contract, signer
from verify.core.errors import Refusal
from verify.formats import read
from verify.formats.asic import AsicDocument, looks_like
from verify.formats.limits import Limits
from verify.simulation.files import ASIC_E, ASIC_S, asic, asic_e, asic_s

PDF = contract()
SIGNATURE = "META-INF/signature.p7s"
FILES = {"contract.pdf": PDF, SIGNATURE: b"x"}


def opened(data: bytes, name: str = "contract.asics", **options: object) -> AsicDocument:
    document = read(data, name=name, **options)  # type: ignore[arg-type]
    assert isinstance(document, AsicDocument)
    return document


def defects(data: bytes) -> set[tuple[str, str]]:
    return {(d.code, d.where) for d in opened(data).defects}


def refused(data: bytes, **options: object) -> str:
    with pytest.raises(Refusal) as caught:
        read(data, name="x.asice", **options)  # type: ignore[arg-type]
    assert caught.value.hint
    return caught.value.code


def with_entry(data: bytes, name: str | zipfile.ZipInfo, content: bytes) -> bytes:
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_a_container_gives_the_pages_of_its_one_document() -> None:
    document = opened(asic_s("contract.pdf", PDF, [signer()], at=SIGNED))
    assert (document.format, document.kind, document.defects) == ("asic", "ASiC-S", ())
    assert (document.data_objects, len(document.pages)) == (("contract.pdf",), 1)


def test_two_documents_have_pages_of_their_own_and_the_container_none() -> None:
    document = opened(asic_e({"a.pdf": PDF, "b.pdf": PDF, "c.txt": b"x"}, [signer()], at=SIGNED))
    assert (document.kind, set(document.inner), len(document.pages)) == ("ASiC-E", {"a.pdf", "b.pdf"}, 0)


def test_the_mimetype_makes_a_container_or_what_lies_in_meta_inf() -> None:
    assert looks_like(asic(ASIC_S, {"a.txt": b"x"}))
    assert looks_like(asic("application/zip", FILES))
    assert not looks_like(asic("application/zip", {"a.txt": b"x"}))
    assert refused(asic("application/vnd.oasis.opendocument.text", {"META-INF/documentsignatures.xml": b"x"})) == (
        "format-office"
    )


def test_of_two_entries_of_one_name_it_matters_whether_they_differ() -> None:
    data = asic(ASIC_S, FILES)
    with pytest.warns(UserWarning, match="Duplicate name"):
        assert ("duplicate-entry", "contract.pdf") in defects(with_entry(data, "contract.pdf", b"%PDF-other"))
    with pytest.warns(UserWarning, match="Duplicate name"):
        assert ("repeated-entry", "contract.pdf") in defects(with_entry(data, "contract.pdf", PDF))


def test_a_local_header_with_another_name_or_size_is_told() -> None:
    data = asic(ASIC_S, FILES)
    assert ("header-mismatch", "contract.pdf") in defects(data.replace(b"contract.pdf", b"evil-one.pdf", 1))
    at = data.index(b"contract.pdf") - 30
    size = struct.unpack_from("<I", data, at + 22)[0]
    wrong = data[: at + 22] + struct.pack("<I", size + 1) + data[at + 26 :]
    assert ("header-mismatch", "contract.pdf") in defects(wrong)


def test_a_second_name_in_the_extra_field_is_told() -> None:
    info = zipfile.ZipInfo("letter.txt")
    other = b"contract2.pdf"
    info.extra = struct.pack("<HHBI", 0x7075, 5 + len(other), 1, 0) + other
    assert ("header-mismatch", "letter.txt") in defects(with_entry(asic(ASIC_S, FILES), info, b"x"))


def test_bytes_that_belong_to_no_entry_are_told() -> None:
    data = asic(ASIC_S, FILES)
    assert ("bytes-after-archive", "the end of the archive") in defects(data + b"%PDF-1.7")
    assert ("bytes-before-archive", "mimetype") in defects(b"PK\x03\x04hidden" + data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start, where = archive.start_dir, archive.getinfo("contract.pdf").header_offset
    gap = data[:start] + b"hidden" + data[start:-6] + struct.pack("<I", start + 6) + data[-2:]
    assert ("bytes-between-entries", "the directory") in defects(gap)
    assert where > 0


def test_an_entry_that_only_its_own_header_knows_is_told() -> None:
    # Readers that stream see it; those that read the directory do not.
    both = asic(ASIC_S, FILES)
    hidden = with_entry(both, "evil.pdf", b"%PDF-evil")
    with zipfile.ZipFile(io.BytesIO(both)) as archive:
        end = archive.start_dir
    with zipfile.ZipFile(io.BytesIO(hidden)) as archive:
        stop = archive.start_dir
    tail = both[end:]
    data = hidden[:stop] + tail[:-6] + struct.pack("<I", stop) + tail[-2:]
    assert ("bytes-between-entries", "the directory") in defects(data)


@pytest.mark.parametrize("name", ["../evil.pdf", "/etc/evil.pdf", "a\\b.pdf", "C:/evil.pdf"])
def test_names_that_lead_out_of_the_container_are_told(name: str) -> None:
    info = zipfile.ZipInfo("x")
    info.filename = name
    assert ("entry-name", name) in defects(with_entry(asic(ASIC_S, FILES), info, b"x"))


def test_links_and_encrypted_entries_are_not_followed() -> None:
    link = zipfile.ZipInfo("link.pdf")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    document = opened(with_entry(asic(ASIC_S, FILES), link, b"/etc/passwd"))
    assert ("symbolic-link", "link.pdf") in {(d.code, d.where) for d in document.defects}
    assert "link.pdf" not in document.entries
    data = bytearray(asic(ASIC_S, FILES))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature, data.index(signature) + 4)  # the second entry
        data[at + offset] |= 1
    assert ("encrypted-entry", "contract.pdf") in defects(bytes(data))


def test_damage_is_told() -> None:
    data = asic(ASIC_S, FILES)
    at = data.index(b"contract.pdf") + 200
    assert ("unreadable-entry", "contract.pdf") in defects(data[:at] + b"\0\0\0\0" + data[at + 4 :])


def test_bombs_are_refused() -> None:
    assert refused(asic(ASIC_E, {"a.txt": bytes(40 << 20)})) == "container-too-large"
    assert refused(asic(ASIC_E, FILES), limits=Limits(file_bytes=len(PDF) + 20)) == "container-too-large"
    many = {f"{n}.txt": b"" for n in range(2_001)}
    assert refused(asic(ASIC_E, many)) == "container-too-large"
    assert refused(asic(ASIC_E, FILES)[:-30]) == "container-undecodable"


def test_an_evidence_record_is_named() -> None:
    document = opened(asic(ASIC_S, {**FILES, "META-INF/evidencerecord.ers": b"x"}))
    assert [code for code, _ in document.remarks] == ["evidence-record-not-examined"]


def test_equal_contents_give_equal_containers() -> None:
    assert asic_e({"a.txt": b"x"}, [signer()], at=SIGNED) == asic_e({"a.txt": b"x"}, [signer()], at=SIGNED)


def test_an_entry_without_a_name_is_read_like_any_other() -> None:
    out, info = io.BytesIO(asic(ASIC_S, FILES)), zipfile.ZipInfo("x")
    info.filename = ""
    with zipfile.ZipFile(out, "a") as archive, archive.open(info, "w") as entry:
        entry.write(b"a")
    assert opened(out.getvalue()).entries[""] == b"a"

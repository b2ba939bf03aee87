"""The validation report in XML says what the Report says, in the elements and words of TS 119 102-2."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath
from typing import Any

import pytest
from lxml import etree

from tests.builders import AT, certificate, signature
from tests.reports.cases import case
from verify.core.errors import UsageError
from verify.reports.etsi import validation_report
from verify.reports.folder import write_case
from verify.signatures.evidence import Algorithms, Change, Path, RevocationFact, SignatureEvidence, Timestamp

NS = {
    "v": "http://uri.etsi.org/19102/v1.4.1#",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "s": "urn:sigillum:validation-report:1",
}
STAMPED = datetime(2026, 3, 12, 10, 0, tzinfo=UTC)
# The children of a signature's report stand in the schema's order.
ORDER = [
    "SignatureIdentifier",
    "ValidationConstraintsEvaluationReport",
    "ValidationTimeInfo",
    "SignersDocument",
    "SignatureAttributes",
    "SignerInformation",
    "SignatureValidationProcess",
    "SignatureValidationStatus",
    "OtherInformation",
]


def written(*evidence: SignatureEvidence, **facts: Any) -> Any:
    return etree.fromstring(validation_report(case(*evidence, **facts).report))


def texts(node: Any, path: str) -> list[str]:
    return [str(t) for t in node.xpath(path, namespaces=NS)]


def stamp(**changes: Any) -> Timestamp:
    base: dict[str, Any] = {
        "kind": "signature",
        "time": STAMPED,
        "intact": True,
        "trusted": True,
        "authority": "CN=TSA",
    }
    return Timestamp(**(base | changes))


def test_the_elements_stand_in_the_schemas_order() -> None:
    full = signature(
        signed_revision_sha256="b" * 64,
        claimed_time=STAMPED,
        best_time=STAMPED,
        timestamps=(stamp(),),
        reason="approved",
        algorithms=Algorithms(signature="ecdsa", digest="sha256", key_bits=256),
    )
    (report,) = written(full).findall("v:SignatureValidationReport", NS)
    assert [etree.QName(child).localname for child in report] == ORDER


@pytest.mark.parametrize(
    ("indication", "sub", "word"),
    [
        ("TOTAL_PASSED", None, "total-passed"),
        ("TOTAL_FAILED", "HASH_FAILURE", "total-failed"),
        ("INDETERMINATE", "REVOKED_NO_POE", "indeterminate"),
    ],
)
def test_the_conclusion_is_given_in_the_standards_names(indication: str, sub: str | None, word: str) -> None:
    status = written(signature(indication=indication, sub_indication=sub)).find(".//v:SignatureValidationStatus", NS)
    assert texts(status, "v:MainIndication/text()") == [f"urn:etsi:019102:mainindication:{word}"]
    assert texts(status, "v:SubIndication/text()") == ([f"urn:etsi:019102:subindication:{sub}"] if sub else [])


@pytest.mark.parametrize(
    ("state", "changes", "said", "flag"),
    [
        ("none", (), "Nothing was changed after signing.", "no"),
        (
            "permitted",
            (Change(revision=2, object="Name", kind="value", permitted_by="form-filling"),),
            "CHANGED",
            "yes",
        ),
        ("suspicious", (Change(revision=2, object="page 1, content", kind="changed"),), "not what was signed", "yes"),
        ("unknown", (), "could not be settled", "unknown"),
    ],
)
def test_what_changed_after_signing_is_said_in_words_and_in_full(
    state: Any, changes: tuple[Change, ...], said: str, flag: str
) -> None:
    root = written(signature(modification=state, changes=changes))
    assert said in root.find("v:SignatureValidationReport/v:OtherInformation", NS).text
    told = root.find(".//s:Modification", NS)
    assert (told.get("changed-after-signing"), told.get("state")) == (flag, state)
    assert texts(told, "s:Change/text()") == [c.object for c in changes]
    assert texts(told, "s:Change/@permitted-by") == [c.permitted_by or "nothing" for c in changes]


def test_a_signature_that_does_not_hold_is_not_called_unchanged() -> None:
    root = written(signature(intact=False, broken="digest-mismatch", indication="TOTAL_FAILED"))
    said = root.find("v:SignatureValidationReport/v:OtherInformation", NS).text
    assert said == "THE SIGNATURE DOES NOT HOLD over the bytes that it names (digest-mismatch)."


def test_every_reference_leads_to_an_object_and_every_id_is_given_once() -> None:
    leaf, above = certificate(sha256="1" * 64), certificate(sha256="2" * 64, subject="CN=Example CA")
    fact = RevocationFact(
        certificate=leaf.sha256,
        source="ocsp",
        status="good",
        this_update=STAMPED,
        next_update=STAMPED + timedelta(days=1),
    )
    path = Path(complete=True, anchor="Example Root", certificates=(leaf, above))
    root = written(
        signature(signer=leaf, path=path, revocation=(fact,), timestamps=(stamp(), stamp(kind="archive"))),
        signature(id="signature-2", field="Signature2", signer=leaf, path=path, revocation=(fact,)),
        signature(
            id="signature-3", field="Stamp", purpose="timestamp", container="RFC3161", claimed_time=STAMPED,
            timestamps=(stamp(kind="document"),),
        ),
    )  # fmt: skip
    ids = texts(root, "//@id")
    assert len(ids) == len(set(ids))
    assert {r for text in texts(root, "//@VOReference") for r in text.split()} <= set(ids)
    kinds = texts(root, "v:SignatureValidationObjects/v:ValidationObject/v:ObjectType/text()")
    assert sorted(k.rpartition(":")[2] for k in kinds) == [
        "OCSPResponse", "certificate", "certificate", "certificate", "certificate", "signedData", "timestamp", "timestamp",
    ]  # fmt: skip


def test_certificates_and_the_signed_revision_are_named_by_digest() -> None:
    root = written(signature(signer=certificate(sha256="1" * 64), signed_revision_sha256="b" * 64))
    digest = base64.b64encode(bytes.fromhex("b" * 64)).decode()
    assert texts(root, "//v:SignersDocument//ds:DigestValue/text()") == [digest]
    object = root.find(f".//v:ValidationObject[@id='certificate-{'1' * 64}']", NS)
    assert texts(object, ".//ds:DigestValue/text()") == [base64.b64encode(bytes.fromhex("1" * 64)).decode()]
    assert texts(object, ".//s:Facts/@subject") == [certificate().subject]


def test_the_best_time_names_its_proof_and_is_the_moment_of_validation_where_nothing_proves_an_earlier_one() -> None:
    proven = written(signature(best_time=STAMPED, timestamps=(stamp(),))).find(".//v:BestSignatureTime", NS)
    assert texts(proven, "v:POETime/text()") == ["2026-03-12T10:00:00Z"]
    assert texts(proven, "v:POEObject/@VOReference") == ["timestamp-1-1"]
    unproven = written(signature()).find(".//v:BestSignatureTime", NS)
    assert texts(unproven, "v:POETime/text()") == [AT.isoformat().replace("+00:00", "Z")]
    assert unproven.find("v:POEObject", NS) is None


def test_a_revoked_certificate_is_told_with_time_reason_and_the_answer_that_says_so() -> None:
    leaf = certificate(sha256="1" * 64)
    fact = RevocationFact(
        certificate=leaf.sha256, source="crl", status="revoked", this_update=STAMPED, revoked_at=STAMPED, reason="key_compromise"
    )  # fmt: skip
    root = written(
        signature(signer=leaf, path=Path(complete=True, anchor="R", certificates=(leaf,)), revocation=(fact,))
    )
    told = root.find(".//v:RevocationStatusInformation", NS)
    assert texts(told, "v:ValidationObjectId/@VOReference") == [f"certificate-{leaf.sha256}"]
    assert texts(told, "v:RevocationTime/text()") == ["2026-03-12T10:00:00Z"]
    assert texts(told, "v:RevocationReason/text()") == ["urn:etsi:019102:revocationReason:keyCompromise"]
    assert texts(told, "v:RevocationObject/@VOReference") == ["crl-1"]


@pytest.mark.parametrize(
    ("kinds", "process"), [((), "Basic"), (("signature",), "LTVM"), (("signature", "archive"), "LTA")]
)
def test_the_process_follows_from_the_timestamps(kinds: tuple[Any, ...], process: str) -> None:
    root = written(signature(timestamps=tuple(stamp(kind=k) for k in kinds)))
    assert texts(root, "v:SignatureValidationReport//v:SignatureValidationProcessID/text()") == [
        f"urn:etsi:019102:validationprocess:{process}"
    ]


def test_a_document_timestamp_is_told_with_its_object_and_alone_takes_the_signatures_place() -> None:
    token = signature(
        id="signature-2", field="Stamp", purpose="timestamp", claimed_time=STAMPED, timestamps=(stamp(kind="document"),)
    )
    both = written(signature(timestamps=(stamp(kind="archive"),)), token)
    assert len(both.findall("v:SignatureValidationReport", NS)) == 1
    object = both.find(".//v:ValidationObject[@id='timestamp-2']", NS)
    assert texts(object, "v:ValidationReport//v:MainIndication/text()")[-1] == "urn:etsi:019102:mainindication:passed"
    assert texts(object, "v:POEProvisioning/v:SignatureReference/v:PAdESFieldName/text()") == ["Signature1"]
    alone = written(token)
    assert texts(alone, "v:SignatureValidationReport/v:SignatureIdentifier/v:DAIdentifier/text()") == ["Stamp"]
    assert alone.find(".//v:ValidationObject[@id='timestamp-1']", NS) is None


def test_each_finding_on_the_signature_is_a_constraint_with_its_reason() -> None:
    made = case(signature(intact=False, broken="digest-mismatch"))
    root = etree.fromstring(validation_report(made.report))
    mine = [f for f in made.report.findings if f.subject == "signature-1"]
    assert texts(root, "//v:ValidationConstraintIdentifier/text()") == [f"urn:sigillum:check:{f.check}" for f in mine]
    assert texts(root, "//s:Reason/text()") == [f.reason.en for f in mine]


def test_weak_algorithms_are_not_called_secure() -> None:
    weak = Algorithms(signature="rsassa_pkcs1v15", digest="sha1", key_bits=1024, weak=("sha1", "rsassa_pkcs1v15-1024"))
    crypto = written(signature(algorithms=weak)).find(".//v:CryptoInformation", NS)
    assert texts(crypto, "v:Algorithm/text()") == ["http://www.w3.org/2000/09/xmldsig#rsa-sha1"]
    assert texts(crypto, "v:SecureAlgorithm/text()") == ["false"]


def test_hostile_names_stay_text() -> None:
    hostile = "</vr:DAIdentifier>\x00\x1b<script>\ud800&"
    assert texts(written(signature(field=hostile)), "//v:DAIdentifier/text()") == [
        "</vr:DAIdentifier>\ufffd\ufffd<script>\ufffd&"
    ]


def test_equal_reports_give_equal_bytes() -> None:
    made = case(signature(timestamps=(stamp(),)))
    assert validation_report(made.report) == validation_report(made.report)


def test_a_report_without_signatures_has_nothing_to_export() -> None:
    with pytest.raises(UsageError, match="no signature"):
        validation_report(case().report)


def test_a_cases_folder_holds_the_xml_where_there_are_signatures(tmp_path: FilePath) -> None:
    signed = case(signature())
    folder = write_case(signed, tmp_path / "signed")
    assert (folder / "validation-report.xml").read_bytes() == validation_report(signed.report)
    assert not (write_case(case(), tmp_path / "unsigned") / "validation-report.xml").exists()

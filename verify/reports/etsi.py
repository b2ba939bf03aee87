"""The signature validation report in XML: ETSI TS 119 102-2 V1.4.1, out of a Report alone.

What the Report does not hold (certificates, tokens, revocation data) stands here by digest or by its facts; where
it is an exhibit, by the exhibit's path beside report.json. What changed after signing has no place of its own in
the standard: it is said in words at the end of each signature's report, and in full in its additional data.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from verify.core.errors import UsageError
from verify.report import Report
from verify.signatures.evidence import Certificate, Path, RevocationFact, SignatureEvidence, Timestamp

_VR = "http://uri.etsi.org/19102/v1.4.1#"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_XADES = "http://uri.etsi.org/01903/v1.3.2#"
_OWN = "urn:sigillum:validation-report:1"
_URN = "urn:etsi:019102:"

_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEX = re.compile("[0-9a-f]{64}")
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ALGORITHMS = {
    ("rsassa_pkcs1v15", "sha1"): _DS + "rsa-sha1",
    **{("rsassa_pkcs1v15", f"sha{n}"): f"{_MORE}rsa-sha{n}" for n in (224, 256, 384, 512)},
    **{("ecdsa", f"sha{n}"): f"{_MORE}ecdsa-sha{n}" for n in (1, 224, 256, 384, 512)},
    ("ed25519", "sha512"): "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
    ("ed448", "shake256"): "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448",
    **{("rsassa_pss", f"sha{n}"): f"http://www.w3.org/2007/05/xmldsig-more#sha{n}-rsa-MGF1" for n in (1, 224, 256, 384, 512)},
}  # fmt: skip
# RFC 5280, 5.3.1, in the words of the standard.
_REASONS = {
    "unspecified": "unspecified", "key_compromise": "keyCompromise", "ca_compromise": "cACompromise",
    "affiliation_changed": "affiliationChanged", "superseded": "superseded", "aa_compromise": "aACompromise",
    "cessation_of_operation": "cessationOfOperation", "certificate_hold": "certificateHold",
    "remove_from_crl": "removeFromCRL", "privilege_withdrawn": "privilegeWithdrawn",
}  # fmt: skip
_CHANGED = {
    "none": "Nothing was changed after signing.",
    "permitted": "CHANGED AFTER SIGNING, only in ways that the signature permits.",
    "suspicious": "CHANGED AFTER SIGNING in ways that the signature does not permit: what stands here is not what was signed.",
    "unknown": "It could not be settled whether the document was changed after signing in ways that matter.",
}


def validation_report(report: Report) -> bytes:
    """The XML's bytes, equal for equal reports. Raises UsageError `nothing-signed`, `report-invalid`."""
    if not any(e.kind == "signature" for e in report.evidence):
        raise UsageError(
            "nothing-signed", "the report holds no signature", "A validation report is about signatures; nothing to export."
        )  # fmt: skip
    return _Writer(report).written()


class _Writer:
    """One report on its way to XML. Created, asked once, dropped."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.all = [e for e in report.evidence if isinstance(e, SignatureEvidence)]
        self.number = {e.id: n for n, e in enumerate(self.all, 1)}
        self.alone = all(e.purpose == "timestamp" for e in self.all)
        self.anchors: dict[str, str] = {}  # name → id
        self.answers: dict[RevocationFact, str] = {}
        self.objects: dict[str, Any] = {}

    def written(self) -> bytes:
        root = etree.Element(_vr("ValidationReport"), nsmap={"vr": _VR, "ds": _DS, "XAdES": _XADES, "sigillum": _OWN})
        self._object("document", "signedData", sha256=self.report.document.sha256, facts=self._document())
        # A timestamp is told with the object that stands for it; alone in a document it takes a signature's place,
        # since the schema asks for one.
        for one in self.all:
            if one.purpose == "signature" or self.alone:
                self._report(_add(root, "SignatureValidationReport"), one)
            else:
                self._document_stamp(one)
        objects = _add(root, "SignatureValidationObjects")
        objects.extend(self.objects.values())
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)  # type: ignore[no-any-return]

    # One signature

    def _report(self, into: Any, e: SignatureEvidence) -> None:
        identifier = _add(into, "SignatureIdentifier", id=self._id(e))
        _add(identifier, "HashOnly", "false")
        _add(identifier, "DocHashOnly", "false")
        _add(identifier, "DAIdentifier", e.field)
        self._constraints(into, e)
        times = _add(into, "ValidationTimeInfo")
        _add(times, "ValidationTime", _time(self.report.provenance.at))
        self._best_time(_add(times, "BestSignatureTime"), e)
        if e.signed_revision_sha256 is not None:
            signed = _add(into, "SignersDocument")
            _digest(signed, e.signed_revision_sha256)
            self._refer(signed, "SignersDocumentRef", self._signed_revision(e, e.signed_revision_sha256))
        self._attributes(into, e)
        if e.signer is not None:
            signer = _add(into, "SignerInformation")
            self._refer(signer, "SignerCertificate", self._certificate(e.signer))
            _add(signer, "Signer", e.signer.subject)
        process = _add(into, "SignatureValidationProcess")
        _add(process, "SignatureValidationProcessID", f"{_URN}validationprocess:{_process(e)}")
        own = self.report.provenance
        _own(_add(process, "OtherInformation"), "Provenance", {"version": own.version, "trust": own.trust})
        self._status(_add(into, "SignatureValidationStatus"), e)
        _add(into, "OtherInformation", " ".join(_statements(e)))

    def _constraints(self, into: Any, e: SignatureEvidence) -> None:
        """The checks on this signature, each at its outcome, with its reason in words."""
        report = _add(into, "ValidationConstraintsEvaluationReport")
        policy = _add(report, "SignatureValidationPolicy")
        etree.SubElement(_add(policy, "SignaturePolicyIdentifier"), f"{{{_XADES}}}SignaturePolicyImplied")
        _add(policy, "PolicyName", self.report.provenance.policy)
        for finding in self.report.findings:
            if finding.subject != e.id:
                continue
            constraint = _add(report, "ValidationConstraint")
            _add(constraint, "ValidationConstraintIdentifier", f"urn:sigillum:check:{finding.check}")
            _add(_add(constraint, "ConstraintStatus"), "Status", f"{_URN}constraintStatus:applied")
            status = _add(constraint, "ValidationStatus")
            _add(status, "MainIndication", f"{_URN}mainindication:{finding.outcome}")
            told = {"code": finding.reason.code, "level": finding.level}
            _own(_add(constraint, "Indications"), "Reason", told, finding.reason.en)

    def _best_time(self, into: Any, e: SignatureEvidence) -> None:
        """The earliest proven time; the moment of validation where nothing proves an earlier one (EN 319 102-1, 5.5.4)."""
        _add(into, "POETime", _time(e.best_time or self.report.provenance.at))
        _add(into, "TypeOfProof", f"{_URN}poetype:validation")
        proof = next((s for s in e.timestamps if s.time == e.best_time and s.intact and s.trusted), None)
        if proof is not None:
            self._refer(into, "POEObject", self._stamp(proof, e))

    def _attributes(self, into: Any, e: SignatureEvidence) -> None:
        made = etree.Element(_vr("SignatureAttributes"))
        if e.claimed_time is not None and e.purpose == "signature":
            _add(_add(made, "SigningTime", Signed="true"), "Time", _time(e.claimed_time))
        names = {"content": "AllDataObjectsTimeStamp", "signature": "SignatureTimeStamp"}
        for stamp in e.timestamps:
            if stamp.time is None or e.purpose == "timestamp":
                continue
            late = "DocTimeStamp" if self.report.document.format == "pdf" else "ArchiveTimeStamp"
            one = _add(made, names.get(stamp.kind, late), Signed="true" if stamp.kind == "content" else "false")
            self._refer(one, "AttributeObject", self._stamp(stamp, e))
            _add(one, "TimeStampValue", _time(stamp.time))
        if e.reason is not None:
            _add(_add(made, "Reason", Signed="true"), "ReasonElement", e.reason)
        if e.location is not None:
            _add(_add(made, "SignatureProductionPlace", Signed="true"), "AddressString", e.location)
        if len(made):
            into.append(made)

    def _status(self, into: Any, e: SignatureEvidence) -> None:
        word = e.indication.lower().replace("_", "-")
        # Of a timestamp the standard says passed and failed, of a signature total-passed and total-failed.
        word = word.removeprefix("total-") if e.purpose == "timestamp" else word
        _add(into, "MainIndication", f"{_URN}mainindication:{word}")
        if e.sub_indication is not None:
            _add(into, "SubIndication", f"{_URN}subindication:{e.sub_indication}")
        revoked = [f for f in e.revocation if f.status == "revoked" and f.revoked_at is not None]
        data = _add(into, "AssociatedValidationReportData")
        self._chain(data, e.path)
        for fact in e.revocation:
            if fact.source != "none":
                self._refer(data, "RelatedValidationObject", self._answer(fact))
        if revoked:
            self._revoked(data, revoked[0])
        if e.algorithms.signature is not None:
            crypto = _add(data, "CryptoInformation")
            self._refer(crypto, "ValidationObjectId", self._id(e))
            used = (e.algorithms.signature, e.algorithms.digest or "")
            _add(crypto, "Algorithm", _ALGORITHMS.get(used, f"{_URN}algorithm:unidentified"))
            _add(crypto, "SecureAlgorithm", "false" if e.algorithms.weak else "true")
        additional = _add(data, "AdditionalValidationReportData")
        self._modification(_data(additional, "modification"), e)
        _own(_data(additional, "integrity"), "Integrity", {
            "intact": {True: "yes", False: "no", None: "not-computed"}[e.intact], "broken": e.broken, "coverage": e.coverage,
            "container": e.container, "level": e.level, "certification": e.certification,
        })  # fmt: skip
        _own(_data(additional, "algorithms"), "Algorithms", {
            "signature": e.algorithms.signature, "digest": e.algorithms.digest,
            "key-bits": str(e.algorithms.key_bits) if e.algorithms.key_bits else None,
            "weak": " ".join(e.algorithms.weak) or None,
        })  # fmt: skip
        if e.path.problem is not None:
            told = {"problem": e.path.problem, "at": _maybe(e.path.at)}
            _own(_data(additional, "path"), "Path", told, e.path.detail or "")
        for fact in revoked[1:]:
            self._revoked(_add(into, "AssociatedValidationReportData"), fact)

    def _chain(self, into: Any, path: Path) -> None:
        anchor = None
        if path.complete and path.anchor is not None:
            id = self.anchors.setdefault(path.anchor, f"anchor-{len(self.anchors) + 1}")
            anchor = self._object(id, "certificate", facts={"trust-anchor": path.anchor})
            self._refer(into, "TrustAnchor", anchor)
        if path.certificates:
            chain = _add(into, "CertificateChain")
            self._refer(chain, "SigningCertificate", self._certificate(path.certificates[0]))
            for one in path.certificates[1:]:
                self._refer(chain, "IntermediateCertificate", self._certificate(one))
            if anchor is not None:
                self._refer(chain, "TrustAnchor", anchor)

    def _revoked(self, into: Any, fact: RevocationFact) -> None:
        assert fact.revoked_at is not None
        told = _add(into, "RevocationStatusInformation")
        self._refer(told, "ValidationObjectId", self._certificate_named(fact.certificate))
        _add(told, "RevocationTime", _time(fact.revoked_at))
        if fact.reason in _REASONS:
            _add(told, "RevocationReason", f"{_URN}revocationReason:{_REASONS[fact.reason]}")
        if fact.source != "none":
            self._refer(told, "RevocationObject", self._answer(fact))

    def _modification(self, into: Any, e: SignatureEvidence) -> None:
        made = _own(into, "Modification", {
            "changed-after-signing": _changed(e), "state": e.modification, "detail": e.modification_detail,
            "signed-revision": str(e.revision) if e.revision else None, "revisions": str(e.revisions) if e.revisions else None,
        })  # fmt: skip
        _own(made, "Statement", {}, _CHANGED[e.modification])
        for change in e.changes:
            _own(made, "Change", {
                "revision": str(change.revision), "kind": change.kind, "permitted-by": change.permitted_by or "nothing",
                "page": str(change.page) if change.page else None,
            }, change.object)  # fmt: skip
        for seen in e.sight.differences if e.sight is not None else ():
            _own(made, "Difference", {
                "page": str(seen.page), "kind": seen.kind, "engine": seen.engine,
                "box-mm": " ".join(f"{v:.1f}" for v in seen.box_mm) if seen.box_mm else None,
                "explained-by": seen.explained_by or "nothing",
            })  # fmt: skip
        for exhibit in self.report.exhibits:
            if exhibit.subject == e.id and exhibit.type == "image/png":
                _own(made, "Exhibit", {
                    "role": exhibit.role, "page": str(exhibit.page) if exhibit.page else None, "sha256": exhibit.sha256,
                })  # fmt: skip

    # The objects that the reports refer to

    def _object(
        self, id: str, type: str, *, sha256: str | None = None, facts: Mapping[str, str | None] | None = None
    ) -> str:
        """An object's id; it is written where it is first referred to."""
        if id not in self.objects:
            one = etree.Element(_vr("ValidationObject"), id=id)
            _add(one, "ObjectType", f"{_URN}validationObject:{type}")
            shown = _add(one, "ValidationObjectRepresentation")
            if sha256 is not None:
                _digest(shown, sha256)
            if facts:
                _own(_add(shown, "direct"), "Facts", facts)
            for exhibit in self.report.exhibits:
                if exhibit.sha256 == sha256:
                    _add(shown, "URI", f"exhibits/{exhibit.file_name}")
                    break
            poe = _add(one, "POE")
            _add(poe, "POETime", _time(self.report.provenance.at))
            _add(poe, "TypeOfProof", f"{_URN}poetype:validation")
            self.objects[id] = one
        return id

    def _document(self) -> dict[str, str | None]:
        about = self.report.document
        return {"name": about.name, "format": about.format, "bytes": str(about.bytes)}

    def _signed_revision(self, e: SignatureEvidence, sha256: str) -> str:
        if sha256 == self.report.document.sha256:
            return "document"
        facts = {"signed-revision": str(e.revision), "revisions": str(e.revisions)}
        return self._object(f"signed-{sha256}", "signedData", sha256=sha256, facts=facts if e.revision else None)

    def _certificate(self, one: Certificate) -> str:
        return self._object(f"certificate-{one.sha256}", "certificate", sha256=one.sha256, facts={
            "subject": one.subject, "issuer": one.issuer, "serial": one.serial,
            "not-before": _maybe(one.not_before), "not-after": _maybe(one.not_after),
        })  # fmt: skip

    def _certificate_named(self, sha256: str) -> str:
        every = (c for e in self.all for c in (*e.path.certificates, *([e.signer] if e.signer else [])))
        found = next((c for c in every if c.sha256 == sha256), None)
        return (
            self._certificate(found) if found else self._object(f"certificate-{sha256}", "certificate", sha256=sha256)
        )

    def _answer(self, fact: RevocationFact) -> str:
        kind = "CRL" if fact.source == "crl" else "OCSPResponse"
        id = self.answers.setdefault(fact, f"{fact.source}-{len(self.answers) + 1}")
        return self._object(id, kind, facts={
            "certificate": self._certificate_named(fact.certificate), "status": fact.status,
            "this-update": _maybe(fact.this_update), "next-update": _maybe(fact.next_update),
            "revoked-at": _maybe(fact.revoked_at), "problem": fact.problem, "fetched-from": fact.fetched_from,
        })  # fmt: skip

    def _stamp(self, stamp: Timestamp, e: SignatureEvidence) -> str:
        """A token's object: the document timestamp of that time, else one of the signature's own tokens."""
        if stamp.kind in ("document", "archive"):
            for other in self.all:
                if other.purpose == "timestamp" and other.claimed_time == stamp.time:
                    return self._id(other) if self.alone else self._document_stamp(other)
        id = f"timestamp-{self.number[e.id]}-{e.timestamps.index(stamp) + 1}"
        if id not in self.objects:
            self._object(id, "timestamp", facts={"time": _maybe(stamp.time), "authority": stamp.authority})
            word = (
                "failed" if stamp.intact is False else "passed" if stamp.intact and stamp.trusted else "indeterminate"
            )
            status = _add(_add(self.objects[id], "ValidationReport"), "SignatureValidationStatus")
            _add(status, "MainIndication", f"{_URN}mainindication:{word}")
        return id

    def _document_stamp(self, e: SignatureEvidence) -> str:
        id = f"timestamp-{self.number[e.id]}"
        if id not in self.objects:
            authority = e.signer.subject if e.signer else None
            facts = {"time": _maybe(e.claimed_time), "authority": authority, "field": e.field}
            self._object(id, "timestamp", facts=facts)
            self._provides(self.objects[id], e)
            self._report(_add(self.objects[id], "ValidationReport"), e)
        return id

    def _provides(self, into: Any, e: SignatureEvidence) -> None:
        """What a timestamp that holds proves to have existed at its time: the signatures before it."""
        if e.claimed_time is None or not any(s.kind == "document" and s.intact and s.trusted for s in e.timestamps):
            return
        proof = _add(into, "POEProvisioning")
        _add(proof, "POETime", _time(e.claimed_time))
        for other in self.all:
            if other is not e and any(s.kind == "archive" and s.time == e.claimed_time for s in other.timestamps):
                _add(_add(proof, "SignatureReference"), "PAdESFieldName", other.field)

    def _id(self, e: SignatureEvidence) -> str:
        return f"S-{self.number[e.id]}"

    def _refer(self, into: Any, name: str, id: str) -> None:
        _add(into, name, VOReference=id)


# What is said


def _process(e: SignatureEvidence) -> str:
    """The process of EN 319 102-1 that the signature's material called for."""
    kinds = {s.kind for s in e.timestamps}
    if "archive" in kinds or (e.purpose == "signature" and "document" in kinds):
        return "LTA"
    return "LTVM" if "signature" in kinds else "Basic"


def _changed(e: SignatureEvidence) -> str:
    if e.changes or e.modification == "suspicious":
        return "yes"
    return "unknown" if e.modification == "unknown" else "no"


def _statements(e: SignatureEvidence) -> list[str]:
    """What no reader may miss, in words."""
    said = []
    if e.intact is False:
        said.append(f"THE SIGNATURE DOES NOT HOLD over the bytes that it names ({e.broken or 'no reason given'}).")
    elif e.intact is None:
        said.append(f"The signature could not be computed ({e.broken or 'no reason given'}).")
    if e.modification != "none" or e.intact:
        said.append(_CHANGED[e.modification])
    return said


# XML


def _vr(name: str) -> str:
    return f"{{{_VR}}}{name}"


def _add(parent: Any, name: str, text: str | None = None, **attributes: str) -> Any:
    child = etree.SubElement(parent, _vr(name), {k: _plain(v) for k, v in attributes.items()})
    child.text = _plain(text) if text is not None else None
    return child


def _own(parent: Any, name: str, attributes: Mapping[str, str | None], text: str | None = None) -> Any:
    """An element of ours; attributes without a value are left out."""
    child = etree.SubElement(
        parent, f"{{{_OWN}}}{name}", {k: _plain(v) for k, v in attributes.items() if v is not None}
    )
    child.text = _plain(text) if text else None
    return child


def _data(parent: Any, type: str) -> Any:
    data = _add(parent, "ReportData")
    _add(data, "Type", f"urn:sigillum:report-data:{type}")
    return _add(data, "Value")


def _digest(parent: Any, sha256: str) -> None:
    if not _HEX.fullmatch(sha256):
        raise UsageError(
            "report-invalid", f"{sha256[:80]!r} is no SHA-256 digest", "Name a report.json of this version."
        )
    both = _add(parent, "DigestAlgAndValue")
    etree.SubElement(both, f"{{{_DS}}}DigestMethod", Algorithm=_SHA256)
    value = etree.SubElement(both, f"{{{_DS}}}DigestValue")
    value.text = base64.b64encode(bytes.fromhex(sha256)).decode("ascii")


def _plain(text: str) -> str:
    """Text as XML 1.0 can hold it: names out of a document may hold any character."""
    return _NOT_XML.sub("\ufffd", text)


def _time(moment: datetime) -> str:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _maybe(moment: datetime | None) -> str | None:
    return _time(moment) if moment is not None else None

"""One document's signatures: found, checked, timed, traced to an anchor, and compared with what the file says now.

The order is that of EN 319 102-1: format and integrity of every signature first, then times from the newest
document timestamp to the oldest (each proves that what lies before it existed), then paths at the best proven time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from pyhanko.pdf_utils import generic

from verify.core.document import Document, digest
from verify.core.errors import Problem
from verify.signatures import containers, pdf, revocation
from verify.signatures.algorithms import hashed, weak
from verify.signatures.conclusion import conclude
from verify.signatures.containers import Integrity, Malformed, Signer
from verify.signatures.evidence import Algorithms, Change, Path, RevocationFact, SignatureEvidence, Timestamp
from verify.signatures.history import History, Unreadable
from verify.signatures.objects import entry, items
from verify.signatures.paths import Judged, Paths, described, key_bits
from verify.signatures.pdf import Coverage, Found, SignedFile
from verify.signatures.revisions import Review, Terms
from verify.stores.trust import TrustAnchors

_MOST_SIGNATURES = 200
_LEVELS = {1: "no-changes", 2: "fill-forms", 3: "annotate"}
# The defects of a byte range that leave room for what was not signed; the others only leave doubt.
_ATTACKS = frozenset({"contents-elsewhere", "byte-range-leaves-out-more", "byte-range-overlap"})


@dataclass(frozen=True, eq=False)
class Work:
    """A signature with what is known of it so far."""

    found: Found
    coverage: Coverage
    signer: Signer | None
    integrity: Integrity
    suffix: str = ""
    stamps: tuple[Timestamp, ...] = ()
    proven: datetime | None = None  # the earliest proven time of existence
    held: datetime | None = None  # what later stamps prove, without its own: the moment for a timestamp's own path

    @property
    def field(self) -> str:
        return self.found.field + self.suffix

    @property
    def revision(self) -> int | None:
        return self.coverage.revision if self.coverage.revision is not None else self.found.revision


class Examination:
    """One run over one document."""

    def __init__(
        self, document: Document, anchors: TrustAnchors, at: datetime, certificates: Sequence[bytes] = ()
    ) -> None:
        self.document = document
        self.at = at
        self.paths = Paths(anchors)
        self.given = [c for c in map(_given, certificates) if c is not None]
        self.file: SignedFile | None = None
        self.review: Review | None = None
        self.strangers: list[tuple[int, str]] | None = None
        self.store: dict[str, int] = {}
        self._digests: dict[tuple[tuple[int, ...], str], bytes] = {}

    def run(self) -> Iterator[SignatureEvidence | Problem]:
        with _Quiet():
            works = list(self._read())
            signatures = [w for w in works if isinstance(w, Work)]
            yield from (w for w in works if isinstance(w, Problem))
            self._read_store()
            for work in signatures:
                if work.signer is not None:
                    self.paths.add(work.signer.certificates, work.signer.crls, work.signer.ocsps)
                    for token, _ in _all_tokens(work.signer):
                        if token is not None:
                            self.paths.add(token.certificates, token.crls, token.ocsps)
            self.paths.add(self.given)
            first = min((w.revision for w in signatures if w.revision is not None), default=0)
            if self.file is not None and signatures:
                self.review = Review(History(self.file.reader, first))
            timed = self._timed(signatures)
            for number, work in enumerate(timed, 1):
                name = f"signature-{number}"
                try:
                    yield self._evidence(name, work, timed)
                except Exception as error:  # one signature's failure is its own; the others go on
                    yield Problem(
                        where=name,
                        code="signature-failed",
                        message=f"{work.field}: {type(error).__name__}: {error}"[:300],
                    )
                    yield _hopeless(name, work)

    # Reading

    def _read(self) -> Iterator[Work | Problem]:
        data = self.document.data
        try:
            self.file = pdf.open_signed(data, self.document.password)
            founds = [*pdf.find(self.file)]
        except Exception as error:
            self.file = pdf.open_prefix(data, self.document.password)
            founds = [*(pdf.find(self.file) if self.file is not None else pdf.scan(data))]
            if founds and self.file is None:
                yield Problem(
                    where="document",
                    code="structure-unreadable",
                    message=f"The file's structure is broken: {error}"[:300],
                )
        if self.file is not None and not founds:
            # The form lists no signature, yet the bytes hold one: a rebuilt or tampered file (universal forgery).
            founds = [f for f in pdf.scan(data) if f.contents is not None]
            if founds:
                yield Problem(
                    where="document",
                    code="signature-not-listed",
                    message="The file holds a signature that its form does not list.",
                )
        if len(founds) > _MOST_SIGNATURES:
            left_out = len(founds) - _MOST_SIGNATURES
            yield Problem(where="document", code="too-many-signatures", message=f"{left_out} signatures were left out.")
        for found in founds[:_MOST_SIGNATURES]:
            if isinstance(found, Found):
                yield from self._open(found)
                continue
            name, why = found
            yield Problem(where=name, code="signature-unreadable", message=f"The field {name} cannot be read: {why}")
            hopeless = Found(name, None, None, None, None, None)
            yield Work(
                hopeless, Coverage("partial", 0, defect="no-byte-range"), None, Integrity(None, "malformed", why)
            )

    def _open(self, found: Found) -> Iterator[Work]:
        covered = pdf.coverage(self.document.data, found, self.file)
        try:
            if found.contents is None and found.entries is None:
                raise Malformed("malformed", "what the byte range leaves out is no signature value")
            if found.contents is None:
                raise Malformed("no-signature-value", "the signature dictionary holds no /Contents")
            if found.byte_range is None:
                raise Malformed("no-byte-range", "the signature dictionary holds no /ByteRange")
            signers = self._signers(found, found.contents)
        except Malformed as error:
            null = error.code == "malformed"
            yield Work(found, covered, None, Integrity(None if null else False, error.code, str(error)))
            return
        for number, signer in enumerate(signers, 1):
            yield Work(
                found, covered, signer, self._check(found, covered, signer), f" ({number})" if len(signers) > 1 else ""
            )

    def _signers(self, found: Found, contents: bytes) -> Sequence[Signer]:
        if found.subfilter == "adbe.x509.rsa_sha1":
            return [containers.read_rsa(contents, _certificates_of(found))]
        if found.timestamp:
            return containers.read_cms(contents, "RFC3161")
        kind = {"ETSI.CAdES.detached": "PAdES", "PBAD.PAdES": "PAdES"}.get(found.subfilter or "")
        kind = kind or ("PKCS7" if (found.subfilter or "").startswith("adbe.pkcs7") else "CMS")
        return containers.read_cms(contents, kind)

    def _check(self, found: Found, covered: Coverage, signer: Signer) -> Integrity:
        span = found.byte_range or ()
        if covered.defect in ("no-byte-range", "byte-range-outside"):
            return Integrity(False, covered.defect)
        own = next((c for c in self.given if _matches(signer, c)), None)
        return containers.check(signer, lambda name: pdf.digest_of(self.document.data, span, name, self._digests), own)

    def _read_store(self) -> None:
        """The document security store, of every revision's last word: certificates, CRLs and OCSP responses."""
        if self.file is None:
            return
        try:
            store = entry(self.file.reader.root, "/DSS")
        except Exception:
            return
        if not isinstance(store, generic.DictionaryObject):
            return
        for key, reader in (("/Certs", _given), ("/CRLs", revocation.read_crl), ("/OCSPs", revocation.read_ocsp)):
            found = []
            for stream in items(entry(store, key)):
                try:
                    item = reader(bytes(stream.data))
                except Exception:
                    item = None
                if item is not None:
                    found.append(item)
            self.store[key] = len(found)
            if key == "/Certs":
                self.paths.add(found)
            elif key == "/CRLs":
                self.paths.add(crls=found)
            else:
                self.paths.add(ocsps=found)

    # Times

    def _timed(self, works: Sequence[Work]) -> list[Work]:
        """From the newest document timestamp to the oldest: a trusted one proves what it covers for all before it."""
        proofs: list[tuple[int, datetime]] = []  # (covers up to this byte, time)
        result: dict[int, Work] = {}
        order = sorted(range(len(works)), key=lambda i: works[i].coverage.end, reverse=True)
        for index in order:
            work = works[index]
            # A proof must lie outside of what it proves.
            known = min((t for end, t in proofs if end > work.coverage.end), default=None)
            if work.found.timestamp:
                stamp, _ = self._document_stamp(work, known)
                if stamp.intact and stamp.trusted and stamp.time is not None and work.coverage.defect is None:
                    proofs.append((work.coverage.end, stamp.time))
                own_time = stamp.time if stamp.trusted and stamp.intact else None
                result[index] = replace(work, stamps=(stamp,), proven=_earliest(known, own_time), held=known)
                continue
            stamps = tuple(self._stamps(work, known))
            own = [s.time for s in stamps if s.intact and s.trusted and s.time is not None and s.kind == "signature"]
            proven = _earliest(known, *own)
            result[index] = replace(
                work, stamps=(*stamps, *self._later_stamps(work, works)), proven=proven, held=proven
            )
        return [result[i] for i in range(len(works))]

    def _document_stamp(self, work: Work, known: datetime | None) -> tuple[Timestamp, Judged | None]:
        signer = work.signer
        if signer is None:
            return Timestamp(kind="document", time=None, intact=work.integrity.intact, trusted=None), None
        trusted, judged = self._trusted(signer, known)
        return Timestamp(
            kind="document", time=signer.time, intact=work.integrity.intact,
            trusted=trusted if work.integrity.intact else None, authority=_authority(signer),
        ), judged  # fmt: skip

    def _later_stamps(self, work: Work, works: Sequence[Work]) -> Iterator[Timestamp]:
        """Document timestamps over this signature, as the evidence of the signature tells them."""
        for other in works:
            if other.found.timestamp and other.coverage.end > work.coverage.end and other.signer is not None:
                trusted, _ = self._trusted(other.signer, None)
                yield Timestamp(
                    kind="archive", time=other.signer.time, intact=other.integrity.intact,
                    trusted=trusted if other.integrity.intact else None, authority=_authority(other.signer),
                )  # fmt: skip

    def _stamps(self, work: Work, known: datetime | None) -> Iterator[Timestamp]:
        signer = work.signer
        if signer is None:
            return
        for token, _ in containers.tokens(signer):
            if token is None:
                yield Timestamp(kind="signature", time=None, intact=None, trusted=None)
                continue
            value = signer.signature
            checked = containers.check(token, lambda name, value=value: hashed(name, value))  # type: ignore[misc]
            trusted, _ = self._trusted(token, known)
            yield Timestamp(
                kind="signature", time=token.time, intact=checked.intact,
                trusted=trusted if checked.intact else None, authority=_authority(token),
            )  # fmt: skip

    def _trusted(self, token: Signer, known: datetime | None) -> tuple[bool | None, Judged | None]:
        """Whether an authority's path holds: at the time that a later stamp proves, else at `at`."""
        if token.certificate is None or token.time is None:
            return None, None
        moment = known if known is not None and known < self.at else self.at
        if token.time > moment:
            return None, None  # a stamp from the future proves nothing
        judged = self.paths.judge(token.certificate, moment, purpose="time-stamping")
        if judged.problem is not None:
            return (None if judged.problem in ("no-anchors", "no-path", "expired", "weak-algorithm") else False), judged
        told = revocation.facts(self.paths, judged, moment)
        return not any(f.status == "revoked" for f in told), judged

    # Evidence

    def _evidence(self, id: str, work: Work, all: Sequence[Work]) -> SignatureEvidence:
        found, signer = work.found, work.signer
        moment = work.held if work.held is not None and work.held < self.at else self.at
        certificate = self._certificate(work)
        bits = key_bits(certificate) if certificate is not None else None
        digest_used = signer.digest_algorithm if signer else None
        signature_used = signer.signature_algorithm if signer else None
        algorithms = Algorithms(
            digest=digest_used,
            signature=signature_used,
            key_bits=bits,
            weak=weak(digest_used, signature_used, bits, moment),
        )
        path, facts = self._path(work, certificate, moment)
        modification, changes, detail = self._modification(work, all)
        level = self._level(work, all, facts)
        indication, sub = conclude(
            work.integrity,
            modification,
            path,
            facts,
            algorithms,
            proven=work.held is not None,
            timestamp=found.timestamp,
        )
        revision = work.revision
        return SignatureEvidence(
            id=id,
            purpose="timestamp" if found.timestamp else "signature",
            field=work.field,
            container=signer.kind if signer else ("RFC3161" if found.timestamp else "CMS"),
            level=level,
            intact=work.integrity.intact,
            broken=work.integrity.broken,
            modification=modification,
            changes=changes,
            modification_detail=detail,
            coverage=work.coverage.word,
            revision=revision + 1 if revision is not None else None,
            revisions=self.file.revisions if self.file else None,
            certification=_LEVELS.get(self._docmdp(found) or 0) if self._certifies(found) else None,
            algorithms=algorithms,
            indication=indication,
            sub_indication=sub,
            signer=described(certificate) if certificate is not None else None,
            reason=pdf.text_of(found.entries, "/Reason"),
            location=pdf.text_of(found.entries, "/Location"),
            appearance=self._appearance(found),
            claimed_time=self._claimed(work),
            best_time=work.proven,
            path=path,
            timestamps=work.stamps,
            revocation=facts,
            signed_revision_sha256=digest(self.document.data[: work.coverage.end])
            if work.coverage.defect is None and work.coverage.end
            else None,
        )

    def _certificate(self, work: Work) -> Any | None:
        if work.signer is None:
            return None
        if work.signer.certificate is not None:
            return work.signer.certificate
        return next((c for c in self.given if _matches(work.signer, c)), None)

    def _claimed(self, work: Work) -> datetime | None:
        if work.signer is not None and work.signer.time is not None:
            return work.signer.time
        if work.signer is not None and work.signer.signing_time is not None:
            return work.signer.signing_time
        try:
            value = entry(work.found.entries, "/M")
            time: datetime | None = generic.parse_pdf_date(str(value), strict=False) if value is not None else None
        except Exception:
            return None
        return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time

    def _appearance(self, found: Found) -> Any:
        if self.file is None or found.holder is None:
            return None
        try:
            return pdf.appearance(self.file, found.holder)
        except Exception:  # a malformed page tree: the place cannot be told
            return None

    def _path(self, work: Work, certificate: Any | None, moment: datetime) -> tuple[Path, tuple[RevocationFact, ...]]:
        if certificate is None:
            return Path(complete=False, problem="no-certificate", at=moment), ()
        purpose = "time-stamping" if work.found.timestamp else "signing"
        judged = self.paths.judge(certificate, moment, purpose=purpose)
        facts = revocation.facts(self.paths, judged, moment)
        problem, detail = judged.problem, judged.detail
        claimed = self._claimed(work)
        revoked = next((f for f in facts if f.status == "revoked"), None)
        if (
            problem in ("expired", "not-yet-valid")
            and work.held is None
            and not _accuses(problem, claimed, judged.when)
        ):
            # The certificate has run out since, perhaps; nothing proves when the signature was made.
            problem = "expired-since" if problem == "expired" else problem
        elif problem is None and revoked is not None:
            problem, detail = "revoked", f"revoked {revoked.revoked_at:%Y-%m-%d}" if revoked.revoked_at else "revoked"
            if (
                work.held is None
                and claimed is not None
                and revoked.revoked_at is not None
                and claimed < revoked.revoked_at
            ):
                problem = "revoked-since"
        path = Path(
            complete=judged.complete,
            certificates=tuple(described(c) for c in judged.steps),
            anchor=_name_of(judged.anchor) if judged.anchor is not None else None,
            at=moment,
            problem=problem,
            detail=detail,
        )
        return path, facts

    # What changed

    def _modification(self, work: Work, all: Sequence[Work]) -> tuple[Any, tuple[Change, ...], str | None]:
        covered = work.coverage
        if covered.defect is not None:
            return ("suspicious" if covered.defect in _ATTACKS else "unknown"), (), covered.defect
        if self.file is None or self.review is None or covered.revision is None:
            return "unknown", (), "structure-unreadable"
        if work.found.elsewhere:
            return "unknown", (), "one-signature-in-several-fields"
        hidden = self._strangers(covered.end, all)
        repaired = any(code == "repaired" for code, _ in self.document.remarks)
        if covered.word == "whole-file" and not repaired and not hidden:
            return "none", (), None
        try:
            edits = self.review.since(covered.revision)
        except Unreadable as error:
            return "unknown", (), str(error)
        except Exception as error:  # a malformed object somewhere in the later revisions
            return "unknown", (), f"{type(error).__name__}: {error}"[:200]
        terms = self._terms(work, all)
        changes = _changes(edits, terms)
        changes += tuple(Change(revision=self.file.revisions, object=words, kind="unlisted") for words in hidden)
        if any(c.permitted_by is None and c.kind not in ("unlisted", "certified-later") for c in changes):
            return "suspicious", changes, None
        if hidden:
            # A rebuilt table shows what no revision lists: what is seen is not what was signed.
            return ("suspicious" if repaired else "unknown"), changes, "unlisted-bytes"
        if any(c.kind == "certified-later" for c in changes):
            return "unknown", changes, "certified-later"
        if self._raises(work, all):
            return "unknown", changes, "permission-raised"
        if repaired:
            return "unknown", changes, "repaired"
        return ("permitted" if changes else "none"), changes, None

    def _strangers(self, end: int, all: Sequence[Work]) -> list[str]:
        """What stands behind the signed part and in no revision; the file is searched once for all signatures."""
        assert self.file is not None
        if self.strangers is None:
            start = min((w.coverage.end for w in all if w.coverage.end), default=0)
            self.strangers = pdf.unlisted(self.file, start)
        behind = [words for position, words in self.strangers if position >= end]
        return behind[:5]

    def _terms(self, work: Work, all: Sequence[Work]) -> Terms:
        """The strictest certification level of this signature and those before it; its own locked fields."""
        levels = [
            self._docmdp(w.found)
            for w in all
            if w.coverage.end <= work.coverage.end and (w is work or self._certifies(w.found))
        ]
        return Terms(min((v for v in levels if v is not None), default=None), self._lock(work.found))

    def _raises(self, work: Work, all: Sequence[Work]) -> bool:
        """A later signature may only take permissions away (ISO 32000-2, 12.8.2.4)."""
        later = sorted((w for w in all if w.coverage.end >= work.coverage.end), key=lambda w: w.coverage.end)
        levels = [v for v in (self._docmdp(w.found) for w in later) if v is not None]
        return any(b > a for a, b in pairwise(levels))

    def _docmdp(self, found: Found) -> int | None:
        for source, key in ((self._reference(found, "/DocMDP"), "/P"), (entry(found.holder, "/Lock"), "/P")):
            value = entry(source, key)
            if isinstance(value, int) and 1 <= value <= 3:
                return int(value)
        # The default of the transform parameters is 2 (ISO 32000-2, table 257).
        return 2 if self._has_reference(found, "/DocMDP") else None

    def _certifies(self, found: Found) -> bool:
        return self._has_reference(found, "/DocMDP")

    def _has_reference(self, found: Found, method: str) -> bool:
        return any(entry(r, "/TransformMethod") == method for r in items(entry(found.entries, "/Reference")))

    def _reference(self, found: Found, method: str) -> Any:
        for reference in items(entry(found.entries, "/Reference")):
            if entry(reference, "/TransformMethod") == method:
                return entry(reference, "/TransformParams")
        return None

    def _lock(self, found: Found) -> dict[str, Any] | None:
        source = self._reference(found, "/FieldMDP") or entry(found.holder, "/Lock")
        action = entry(source, "/Action")
        if action is None:
            return None
        return {"action": str(action).lstrip("/"), "fields": [str(f) for f in items(entry(source, "/Fields"))]}

    # The level

    def _level(self, work: Work, all: Sequence[Work], facts: Sequence[RevocationFact]) -> str | None:
        """PAdES baseline (EN 319 142-1): signing-certificate reference, timestamp, validation data, and a stamp over those."""
        signer = work.signer
        if signer is None or signer.kind != "PAdES" or not signer.names_its_certificate:
            return None
        later = [w for w in all if w.found.timestamp and w.coverage.end > work.coverage.end and w.integrity.intact]
        stamped = bool(later) or any(s.kind == "signature" and s.intact for s in work.stamps)
        if not stamped:
            return "PAdES-B-B"
        if not (self.store.get("/CRLs") or self.store.get("/OCSPs")):
            return "PAdES-B-T"
        return "PAdES-B-LTA" if any(self._covers_store(w) for w in later) else "PAdES-B-LT"

    def _covers_store(self, stamp: Work) -> bool:
        if self.file is None or stamp.revision is None:
            return False
        try:
            return "/DSS" in self.file.reader.get_historical_root(stamp.revision)
        except Exception:
            return False


def _changes(edits: Sequence[Any], terms: Terms) -> tuple[Change, ...]:
    seen: dict[tuple[int, str, str], Change] = {}
    for edit in edits:
        rule = terms.allow(edit)
        key = (edit.revision, edit.object, edit.kind)
        if key not in seen or rule is None:
            seen[key] = Change(revision=edit.revision, object=edit.object, kind=edit.kind, permitted_by=rule)
    return tuple(seen.values())


def _hopeless(id: str, work: Work) -> SignatureEvidence:
    return SignatureEvidence(
        id=id, field=work.field, container="CMS", purpose="timestamp" if work.found.timestamp else "signature",
        intact=None, broken="not-examined", modification="unknown", modification_detail="not-examined", coverage="partial",
        indication="INDETERMINATE", sub_indication="GENERIC", signer=None, path=Path(complete=False, problem="not-examined"),
    )  # fmt: skip


def _accuses(problem: str, claimed: datetime | None, border: datetime | None) -> bool:
    """A time that the signer claims may accuse, never clear."""
    if claimed is None or border is None:
        return False
    return claimed > border if problem == "expired" else claimed < border


def _earliest(*times: datetime | None) -> datetime | None:
    return min((t for t in times if t is not None), default=None)


def _all_tokens(signer: Signer) -> Iterator[tuple[Signer | None, bytes]]:
    yield from containers.tokens(signer)
    yield from containers.tokens(signer, "archive_time_stamp_token")


def _authority(token: Signer) -> str | None:
    return described(token.certificate).subject if token.certificate is not None else None


def _given(der: bytes) -> Any | None:
    try:
        return containers.certificate(der)
    except (ValueError, TypeError):
        return None


def _matches(signer: Signer, certificate: Any) -> bool:
    if signer.info is None:
        return True
    sid = signer.info["sid"]
    if sid.name == "subject_key_identifier":
        return bool(certificate.key_identifier == sid.chosen.native)
    return bool(certificate.serial_number == sid.chosen["serial_number"].native)


def _certificates_of(found: Found) -> list[bytes]:
    value = entry(found.entries, "/Cert")
    values = [value] if not isinstance(value, generic.ArrayObject) else items(value)
    return [
        bytes(v.original_bytes) for v in values if isinstance(v, generic.ByteStringObject | generic.TextStringObject)
    ]


class _Quiet:
    """pyHanko logs what it finds odd; here that is evidence, and stderr belongs to progress."""

    _NAMES = ("pyhanko", "pyhanko_certvalidator")

    def __enter__(self) -> None:
        self.levels = {name: logging.getLogger(name).level for name in self._NAMES}
        for name in self._NAMES:
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def __exit__(self, *_: object) -> None:
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)


def _name_of(anchor: Any) -> str:
    """An anchor's name as people say it."""
    shown = described(anchor)
    return shown.common_name or shown.organisation or shown.subject

"""One document's signatures: found, checked, timed, traced to an anchor, and compared with what the file says now.

The order is that of EN 319 102-1: format and integrity of every signature first, then times from the newest
document timestamp to the oldest (each proves that what lies before it existed), then paths at the best proven time.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pyhanko.pdf_utils import generic

from verify.core.document import Document
from verify.core.errors import Problem
from verify.core.exhibits import Exhibit, Piece, piece
from verify.signatures import archive, containers, levels, pdf, permissions, revocation
from verify.signatures.algorithms import hashed, weak
from verify.signatures.changes.history import History, Unreadable
from verify.signatures.changes.revisions import Review, Terms
from verify.signatures.changes.tables import Stranger, strangers
from verify.signatures.conclusion import conclude
from verify.signatures.containers import Integrity, Malformed, Signer
from verify.signatures.digests import Digests
from verify.signatures.evidence import (
    Algorithms,
    Appearance,
    Change,
    Fetching,
    Modification,
    Path,
    Sight,
    SignatureEvidence,
)
from verify.signatures.objects import entry, raw_items, ref_of, resolved
from verify.signatures.online.asking import Online, OnlineRules
from verify.signatures.paths import Paths, described, key_bits
from verify.signatures.pdf import Coverage, Found, SignedFile
from verify.signatures.sight.comparison import Eye
from verify.signatures.times import Kept, Times
from verify.signatures.trail import Trail, trail
from verify.signatures.work import Work
from verify.stores.trust import Purpose, TrustAnchors

_MOST_SIGNATURES = 200
# Beyond this the signed revisions are told by their digests only; the file itself holds them all.
_MOST_REVISION_BYTES = 64 << 20
# The defects of a byte range that leave room for what was not signed; the others only leave doubt.
_ATTACKS = frozenset({"contents-elsewhere", "byte-range-leaves-out-more", "byte-range-overlap"})


class Examination:
    """One run over one document."""

    def __init__(
        self,
        document: Document,
        anchors: TrustAnchors,
        at: datetime,
        certificates: Sequence[bytes] = (),
        *,
        sight: bool = False,
        online: OnlineRules | None = None,
    ) -> None:
        self.document = document
        self.at = at
        self.paths = Paths(anchors, at)
        self.given = [c for c in map(_given, certificates) if c is not None]
        self.file: SignedFile | None = None
        self.review: Review | None = None
        self.strangers: list[Stranger] | None = None
        self.store: list[Kept] = []
        self.digests = Digests(document.data)
        self.online = Online(online) if online is not None else None
        self._eye = Eye(document) if sight else None
        self._pictures: list[Piece] = []
        self._room = _MOST_REVISION_BYTES

    def run(self) -> Iterator[SignatureEvidence | Piece | Problem]:
        with _Quiet():
            works = list(self._read())
            signatures = [w for w in works if isinstance(w, Work)]
            self._collect(signatures)
            first = min((w.revision for w in signatures if w.revision is not None), default=0)
            if self.file is not None and signatures:
                self.review = Review(History(self.file.reader, first))
            timed = self._timed(signatures)
        yield from (w for w in works if isinstance(w, Problem))
        if self.online is not None:
            yield from self.online.pieces
        for number, work in enumerate(timed, 1):
            name = f"signature-{number}"
            found: list[SignatureEvidence | Piece | Problem]
            try:
                with _Quiet():
                    found = [self._evidence(name, work, timed), *self._exhibits(name, work)]
            except Exception as error:  # one signature's failure is its own; the others go on
                message = f"{work.field}: {type(error).__name__}: {error}"[:300]
                found = [Problem(where=name, code="signature-failed", message=message), _hopeless(name, work)]
            yield from found

    def _collect(self, works: Sequence[Work]) -> None:
        """All certificates, lists and responses that the document carries."""
        self._read_store()
        for work in works:
            if work.signer is not None:
                self.paths.add(work.signer.certificates, work.signer.crls, work.signer.ocsps)
                for token in _all_tokens(work.signer):
                    self.paths.add(token.certificates, token.crls, token.ocsps)
        self.paths.add(self.given)

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
            founds = [*pdf.stray(self.file)]
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
        return containers.check(signer, lambda name: self.digests.over(span, name), own)

    def _read_store(self) -> None:
        """The document security store as the file stands: certificates, CRLs and OCSP responses."""
        if self.file is None:
            return
        try:
            store = entry(self.file.reader.root, "/DSS")
        except Exception:
            return
        if not isinstance(store, generic.DictionaryObject):
            return
        for key, reader in (("/Certs", _given), ("/CRLs", revocation.read_crl), ("/OCSPs", revocation.read_ocsp)):
            kept = list(self._kept(entry(store, key), reader))
            self.store += kept
            found = [k.item for k in kept]
            if key == "/Certs":
                self.paths.add(found)
            elif key == "/CRLs":
                self.paths.add(crls=found)
            else:
                self.paths.add(ocsps=found)

    def _kept(self, streams: Any, reader: Any) -> Iterator[Kept]:
        if not isinstance(streams, generic.ArrayObject) or self.file is None:
            return
        for raw in raw_items(streams):
            try:
                item = reader(bytes(resolved(raw).data))
                last = self.file.reader.xrefs.get_last_change(generic.Reference(*ref_of(raw), pdf=self.file.reader))
            except Exception:  # a stream that is none, or cannot be decoded
                item = None
            if item is not None:
                yield Kept(item, int(last))

    # Times

    def _timed(self, works: Sequence[Work]) -> list[Work]:
        timed = Times(self.paths, self.at, self.store, self._content, self._ask).of(works)
        for work in timed:  # all before the first is judged: one signature's answers count for the others
            certificate = self._certificate(work)
            if certificate is not None:
                moment = work.held if work.held is not None and work.held < self.at else self.at
                self._ask(certificate, "time-stamping" if work.found.timestamp else "signing", moment)
        return timed

    def _ask(self, certificate: Any, purpose: Purpose, moment: datetime) -> None:
        """What the paths of a certificate lack, from whom it names; only where that was asked for."""
        if self.online is not None:
            self.online.complete(self.paths, certificate, purpose, moment)

    def _content(self, work: Work, algorithm: str) -> bytes:
        """The digest of what a signature covers, for the stamps on its content."""
        return self.digests.over(work.found.byte_range or (), algorithm)

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
            weak=_weak(found, digest_used, signature_used, bits, moment),
        )
        judged = self._trail(work, certificate)
        policy = containers.signature_policy(signer) if signer is not None else None
        modification, changes, detail = self._modification(work, all)
        modification, detail, sight = self._seen(id, work, modification, changes, detail)
        indication, sub = conclude(
            work.integrity,
            modification,
            judged,
            algorithms,
            since=work.since,
            disordered=work.disordered,
            timestamp=found.timestamp,
            malformed=work.coverage.defect in _ATTACKS,
            stranger=_names_strangers(signer, judged) if signer is not None else False,
            policy=(policy if policy == "unreadable" else "not-available") if policy is not None else None,
        )
        revision = work.revision
        return SignatureEvidence(
            id=id,
            purpose="timestamp" if found.timestamp else "signature",
            field=work.field,
            container=signer.kind if signer else ("RFC3161" if found.timestamp else "CMS"),
            level=self._level(work, all, judged.chain),
            intact=work.integrity.intact,
            broken=work.integrity.broken,
            modification=modification,
            changes=changes,
            modification_detail=detail,
            sight=sight,
            coverage=work.coverage.word,
            revision=revision + 1 if revision is not None else None,
            revisions=self.file.revisions if self.file else None,
            certification=permissions.certification(found),
            algorithms=algorithms,
            indication=indication,
            sub_indication=sub,
            signer=described(certificate) if certificate is not None else None,
            reason=pdf.text_of(found.entries, "/Reason"),
            location=pdf.text_of(found.entries, "/Location"),
            signature_policy=policy,
            appearance=self._appearance(found),
            claimed_time=self._claimed(work),
            best_time=work.proven,
            path=judged.path,
            timestamps=tuple(work.stamps),
            revocation=tuple(judged.facts),
            fetching=self._fetching(judged),
            signed_revision_sha256=self.digests.beginning(work.coverage.end).hex()
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

    def _appearance(self, found: Found) -> Appearance | None:
        if self.file is None or found.holder is None:
            return None
        try:
            return pdf.appearance(self.file, found.holder)
        except Exception:  # a malformed page tree: the place cannot be told
            return None

    def _trail(self, work: Work, certificate: Any | None) -> Trail:
        purpose: Purpose = "time-stamping" if work.found.timestamp else "signing"
        claimed = self._claimed(work)
        found = trail(self.paths, certificate, at=self.at, held=work.held, claimed=claimed, purpose=purpose)
        if work.unchecked and any(f.status == "revoked" for f in found.facts):
            # Whoever holds a revoked key may hold that of a revoked stamping authority, too, and set the clock back.
            return trail(self.paths, certificate, at=self.at, held=None, claimed=claimed, purpose=purpose)
        return found

    def _fetching(self, judged: Trail) -> tuple[Fetching, ...]:
        """What was asked online about the certificates of a path, and what came of it."""
        if self.online is None:
            return ()
        about = {c.sha256 for c in judged.path.certificates}
        return tuple(a for a in self.online.attempts if a.certificate in about)

    def _exhibits(self, id: str, work: Work) -> Iterator[Piece]:
        """What the answer rests on: both looks, the certificates and answers, what was signed where the file has grown since."""
        yield from self._pictures
        self._pictures.clear()
        yield from self._proofs(id, work)
        end = work.coverage.end
        if work.coverage.defect is None and 0 < end < len(self.document.data) and end <= self._room:
            self._room -= end
            name = self.digests.beginning(end).hex()
            signed = Exhibit(sha256=name, type="application/pdf", role="signed-revision", subject=id)
            yield Piece(signed, self.document.data[:end])

    def _proofs(self, id: str, work: Work) -> Iterator[Piece]:
        """The certificates of the path and of the stamps' authorities, and the usable answers about the path's."""
        certificate = self._certificate(work)
        if certificate is None:
            return
        judged = self.paths.judge(certificate, self.at, purpose="time-stamping" if work.found.timestamp else "signing")
        stamping = [t.certificate for t in _all_tokens(work.signer) if t.certificate is not None] if work.signer else []
        held = [*judged.steps, *((judged.anchor,) if judged.anchor is not None else ()), *stamping]
        for der in dict.fromkeys(c.dump() for c in held):
            yield piece(der, type="application/pkix-cert", role="certificate", subject=id)
        for kind, der in revocation.documents(self.paths, judged):
            if len(der) <= self._room:
                self._room -= len(der)
                yield piece(der, type=kind, role="revocation", subject=id)

    # What changed

    def _modification(self, work: Work, all: Sequence[Work]) -> tuple[Modification, tuple[Change, ...], str | None]:
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
        changes += tuple(Change(revision=self.file.revisions, object=s.words, kind=s.kind) for s in hidden)
        told = {s.kind for s in hidden}
        if any(c.permitted_by is None and not c.in_doubt and c.kind not in told for c in changes):
            return "suspicious", changes, None
        if hidden:
            # A rebuilt table shows what no revision lists: what is seen is not what was signed.
            seen = repaired or "revision-cut-off" in told
            named = next((s.kind for s in hidden if s.kind != "unlisted"), "unlisted-bytes")
            return ("suspicious" if seen else "unknown"), changes, named
        doubtful = next((c.kind for c in changes if c.in_doubt), None)
        if doubtful is not None:
            return "unknown", changes, doubtful
        if permissions.raises(work, all):
            return "unknown", changes, "permission-raised"
        if repaired:
            return "unknown", changes, "repaired"
        return ("permitted" if changes else "none"), changes, None

    def _seen(
        self, id: str, work: Work, modification: Modification, changes: Sequence[Change], detail: str | None
    ) -> tuple[Modification, str | None, Sight | None]:
        """What sight adds to what the structure tells: a page that looks otherwise without a permitted change accuses."""
        grown = work.coverage.defect is None and 0 < work.coverage.end < len(self.document.data)
        # Also where the structure tells of no change: a reader may read the file otherwise than we do.
        if self._eye is None or work.found.timestamp or not grown or not self._behind(work.coverage.end):
            return modification, detail, None
        # What is in doubt has its own answer already; what sight is asked for is what nothing in the file explains.
        known = [c.model_copy(update={"permitted_by": "in-doubt"}) if c.in_doubt else c for c in changes]
        sight, pieces = self._eye.look(work.coverage.end, known, self._appearance(work.found), id)
        self._pictures += pieces
        told = {d.kind for d in sight.unexplained}
        if modification != "suspicious" and told & {"changed", "page-added", "page-removed", "page-resized"}:
            return "suspicious", "looks-different", sight
        if modification in ("none", "permitted") and "engines-disagree" in told:
            return "unknown", "engines-disagree", sight
        return modification, detail, sight

    def _behind(self, end: int) -> bool:
        """Whether anything but blanks stands behind the signed part."""
        return bool(self.document.data[end:].strip(b"\x00\t\n\f\r "))

    def _strangers(self, end: int, all: Sequence[Work]) -> list[Stranger]:
        """What stands behind the signed part and in no revision; the file is searched once for all signatures."""
        assert self.file is not None
        if self.strangers is None:
            start = min((w.coverage.end for w in all if w.coverage.end), default=0)
            self.strangers = strangers(self.file.data, self.file.reader, start)
        return [s for s in self.strangers if s.position >= end][:5]

    def _terms(self, work: Work, all: Sequence[Work]) -> Terms:
        return permissions.terms(work, all)

    def _level(self, work: Work, all: Sequence[Work], chain: Sequence[Any]) -> str | None:
        return levels.level(work, all, self.store, chain)


def _changes(edits: Sequence[Any], terms: Terms) -> tuple[Change, ...]:
    seen: dict[tuple[Any, ...], Change] = {}
    for edit in edits:
        rule = terms.allow(edit)
        key = (edit.revision, edit.object, edit.kind, edit.page, edit.box_mm)
        if key not in seen or rule is None:
            seen[key] = Change(
                revision=edit.revision, object=edit.object, kind=edit.kind, permitted_by=rule, in_doubt=terms.doubt(edit),
                page=edit.page, box_mm=edit.box_mm,
            )  # fmt: skip
    return tuple(seen.values())


def _hopeless(id: str, work: Work) -> SignatureEvidence:
    return SignatureEvidence(
        id=id, field=work.field, container="CMS", purpose="timestamp" if work.found.timestamp else "signature",
        intact=None, broken="not-examined", modification="unknown", modification_detail="not-examined", coverage="partial",
        indication="INDETERMINATE", sub_indication="GENERIC", signer=None, path=Path(complete=False, problem="not-examined"),
    )  # fmt: skip


def _weak(
    found: Found, digest: str | None, signature: str | None, bits: int | None, moment: datetime
) -> tuple[str, ...]:
    """The weak algorithms; adbe.pkcs7.sha1 covers the file by SHA-1 alone, whatever its SignerInfo names."""
    names = weak(digest, signature, bits, moment)
    inner = weak("sha1", None, None, moment) if found.subfilter == "adbe.pkcs7.sha1" else ()
    return tuple(dict.fromkeys((*names, *inner)))


def _names_strangers(signer: Signer, judged: Trail) -> bool:
    """Whether the signature refers to a certificate that is not of its path (EN 319 102-1, 5.2.8.4.2.1)."""
    return judged.path.complete and any(
        all(hashed(how, c.dump()) != stated for c in judged.chain) for how, stated in containers.references(signer)[1:]
    )


def _all_tokens(signer: Signer) -> Iterator[Signer]:
    for name in ("signature_time_stamp_token", "content_time_stamp", archive.ARCHIVE_TIME_STAMP_V3):
        yield from (token for token, _ in containers.tokens(signer, name) if token is not None)


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
    values = [value] if not isinstance(value, generic.ArrayObject) else [resolved(v) for v in raw_items(value)]
    return [
        bytes(v.original_bytes) for v in values if isinstance(v, generic.ByteStringObject | generic.TextStringObject)
    ]


class _Quiet:
    """A stretch of work on one file, without noise and without pauses.

    pyHanko logs what it finds odd; here that is evidence, and stderr belongs to progress. And Python's collector would
    walk the growing tree of the file's objects over and over, which costs half of the time on large files.
    """

    _NAMES = ("pyhanko", "pyhanko_certvalidator")

    def __enter__(self) -> None:
        self.collecting = gc.isenabled()
        gc.disable()
        self.levels = {name: logging.getLogger(name).level for name in self._NAMES}
        for name in self._NAMES:
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def __exit__(self, *_: object) -> None:
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
        if self.collecting:
            gc.enable()

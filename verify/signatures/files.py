"""Signatures beside or around a file: CMS and CAdES (.p7m, .p7s), ASiC containers with them (EN 319 122-1, 319 162-1).

What case.py does for the signatures in a PDF holds here, too; only what is signed, and what protects what, is found
otherwise. The signed file may be a signed PDF: its own signatures follow those around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from asn1crypto import cms as asn1

from verify.core.document import Document
from verify.core.document import digest as sha256
from verify.core.errors import NotExamined, Problem
from verify.core.exhibits import Piece, piece
from verify.formats import cms
from verify.formats.asic import AsicDocument, in_meta
from verify.formats.cms import CmsDocument
from verify.signatures import containers, levels
from verify.signatures.algorithms import hashed
from verify.signatures.case import Examination, _matches
from verify.signatures.containers import Integrity, Malformed, Signer, attribute
from verify.signatures.evidence import Change, Modification, SignatureEvidence
from verify.signatures.manifests import Manifest, read_manifest
from verify.signatures.online.asking import OnlineRules
from verify.signatures.pdf import Coverage, Found
from verify.signatures.times import Kept, Times
from verify.signatures.work import Work
from verify.stores.trust import TrustAnchors

_MOST_SIGNATURES = 200
_SIGNATURE = re.compile(r"META-INF/[^/]*signature[^/]*\.p7[sm]$", re.IGNORECASE)
_TIMESTAMP = re.compile(r"META-INF/[^/]*timestamp[^/]*\.tst$", re.IGNORECASE)
_XADES = re.compile(r"META-INF/[^/]*signatures[^/]*\.xml$", re.IGNORECASE)
_MANIFEST = re.compile(r"META-INF/[^/]*manifest[^/]*\.xml$", re.IGNORECASE)
# What META-INF may hold besides (EN 319 162-1, 4.4.2 and 4.4.3): nobody reads contracts there.
_HOUSEKEEPING = re.compile(r"META-INF/[^/]*\.(?:xml|ers|p7s|p7m|tst)$", re.IGNORECASE)
# Defects by which two readers may show two files; the others only leave doubt.
_ATTACKS = frozenset({"duplicate-entry", "header-mismatch", "overlapping-entries"})

Inner = Callable[[Document], Iterator[Any]]


@dataclass(frozen=True, eq=False)
class Subject:
    """What one signature file is about.

    `content`: the bytes that it signs, None where they are not here. `protects`: the container's files that they
    are or name. `fault`: why these do not hold, although the signature may. `file`: the container's file it lies in.
    """

    file: str
    content: bytes | None
    protects: frozenset[str] = frozenset()
    fault: Integrity | None = None
    _digests: dict[str, bytes] = field(default_factory=dict)

    def digest(self, algorithm: str) -> bytes:
        """Raises ValueError where the content is not here or the algorithm is nobody's."""
        if self.content is None:
            raise ValueError("the signed file is not here")
        if algorithm not in self._digests:
            self._digests[algorithm] = hashed(algorithm, self.content)
        return self._digests[algorithm]


class FileExamination(Examination):
    """One run over one CMS file or container. `inner` examines the signed file, where it can bear signatures itself."""

    def __init__(
        self,
        document: Document,
        anchors: TrustAnchors,
        at: datetime,
        certificates: Sequence[bytes] = (),
        *,
        online: OnlineRules | None = None,
        inner: Inner | None = None,
    ) -> None:
        super().__init__(document, anchors, at, certificates, online=online)
        self.inner = inner
        self.subjects: dict[str, Subject] = {}
        self.broken: list[Problem] = []
        self._levels: dict[str, str | None] = {}

    def examine(self) -> Iterator[SignatureEvidence | Piece | Problem | NotExamined]:
        """The signatures around the signed file first, then those in it."""
        count = 0
        for thing in self.run():
            count += isinstance(thing, SignatureEvidence)
            yield thing
        yield from self.broken
        within = self._inner_documents()
        if len(within) > 1:
            yield NotExamined(pages=", ".join(within), why="several documents in one container; check each by itself")
        for name, document in within.items():
            seen = 0
            for thing in self.inner(document) if self.inner is not None else ():
                seen += isinstance(thing, SignatureEvidence)
                yield _moved(thing, name, count, shown=len(within) == 1)
            count += seen

    # Reading

    def _read(self) -> Iterator[Work | Problem]:
        return self._read_cms(self.document) if isinstance(self.document, CmsDocument) else self._read_container()

    def _read_cms(self, document: CmsDocument) -> Iterator[Work | Problem]:
        if document.content is None:
            yield Problem(
                where="document",
                code="original-missing",
                message=f"What {document.name} signs is not in it: give the signed file by --original.",
            )
        yield from self._open_file(Subject(document.name, document.content), document.message)

    def _read_container(self) -> Iterator[Work | Problem]:
        container = self.document
        assert isinstance(container, AsicDocument)
        manifests = {
            name: manifest
            for name, data in container.entries.items()
            if _MANIFEST.match(name) and (manifest := read_manifest(data)) is not None
        }
        signed = [n for n in container.entries if _SIGNATURE.match(n) or _TIMESTAMP.match(n)]
        if len(signed) > _MOST_SIGNATURES:
            left_out = len(signed) - _MOST_SIGNATURES
            yield Problem(where="document", code="too-many-signatures", message=f"{left_out} signatures were left out.")
        for name in signed[:_MOST_SIGNATURES]:
            message = cms.unwrapped(container.entries[name])
            yield from self._open_file(self._subject(name, manifests), message)
        for name in container.entries:
            if _XADES.match(name):
                yield Problem(
                    where=name,
                    code="xades-not-examined",
                    message=f"{name} holds XML signatures (XAdES), which are not examined.",
                )

    def _subject(self, name: str, manifests: Mapping[str, Manifest]) -> Subject:
        """What a signature file of a container is over: its manifest (ASiC-E), or the one data object (ASiC-S)."""
        container = self.document
        assert isinstance(container, AsicDocument)
        own = [m for m, manifest in manifests.items() if manifest.signature == name]
        if len(own) > 1:
            return Subject(name, None, fault=Integrity(None, "signed-data-missing", "several manifests claim it"))
        if own:
            held, fault = manifests[own[0]].held(container.entries)
            return Subject(name, container.entries[own[0]], held | {own[0]}, fault)
        objects = container.data_objects
        if len(objects) == 1:
            return Subject(name, container.entries[objects[0]], frozenset(objects))
        return Subject(name, None)

    def _open_file(self, subject: Subject, message: bytes | None) -> Iterator[Work]:
        """Each signer of one signature file, and who countersigned."""
        stamp = bool(_TIMESTAMP.match(subject.file))
        covered = Coverage(self._word(subject), 1)
        found = _found(subject.file, message, stamp)
        self.subjects[found.field] = subject
        try:
            if message is None:
                raise Malformed("malformed", "it is no CMS message")
            try:
                whole, _ = cms.definite(message)
            except ValueError as error:
                raise Malformed("malformed", str(error)) from error
            signers = containers.read_cms(whole, "RFC3161")
        except Malformed as error:
            null = error.code == "malformed"
            yield Work(found, covered, None, Integrity(None if null else False, error.code, str(error)))
            return
        if any(s.kind == "RFC3161" and s.time is not None for s in signers) and not stamp:
            found = _found(subject.file, message, True)
        for number, signer in enumerate(signers, 1):
            signer = signer if found.timestamp else replace(signer, kind=_kind(signer))
            suffix = f" ({number})" if len(signers) > 1 else ""
            work = Work(found, covered, signer, self._check(found, covered, signer), suffix)
            yield work
            yield from self._countersigners(subject, work, signer)

    def _countersigners(self, subject: Subject, work: Work, signer: Signer) -> Iterator[Work]:
        """A countersignature is over the signature's value (RFC 5652, 11.4), and by it over what that one signs."""
        fault = None if work.integrity.intact else work.integrity
        for number, info in enumerate(attribute(signer.unsigned_attributes, "counter_signature"), 1):
            found = _found(f"{work.field}, countersignature {number}", None, False)
            self.subjects[found.field] = Subject(subject.file, signer.signature, subject.protects, fault)
            try:
                own = containers.countersigner(info, signer)
            except Malformed as error:
                yield Work(found, work.coverage, None, Integrity(None, error.code, str(error)))
                continue
            own = replace(own, kind=_kind(own))
            yield Work(found, work.coverage, own, self._check(found, work.coverage, own))

    def _word(self, subject: Subject) -> str:
        if isinstance(self.document, CmsDocument):
            return "partial" if self.document.trailing else "whole-file"
        assert isinstance(self.document, AsicDocument)
        return "whole-file" if subject.protects.issuperset(self.document.data_objects) else "partial"

    def _check(self, found: Found, covered: Coverage, signer: Signer) -> Integrity:
        subject = self.subjects[found.field]
        own = next((c for c in self.given if _matches(signer, c)), None)
        if subject.content is None:
            return _without_content(signer, own)
        if signer.signed_attributes is None and containers.reads_as_attributes(subject.content):
            return Integrity(False, "content-is-attributes")  # RFC 8933, 5
        result = containers.check(_bare(signer), subject.digest, own)
        return subject.fault if result.intact and subject.fault is not None else result

    # Times

    def _timed(self, works: Sequence[Work]) -> list[Work]:
        """Each signature with the timestamps of the container that name its file, and no others."""
        result = []
        for work in works:
            try:
                result.append(self._timed_one(work, works))
            except Exception as error:  # malformed material of one signature; the others go on
                self.broken.append(
                    Problem(
                        where="document",
                        code="times-unreadable",
                        message=f"{work.field}: {type(error).__name__}: {error}"[:300],
                    )
                )
                result.append(work)
        return result

    def _timed_one(self, work: Work, works: Sequence[Work]) -> Work:
        above = self._above(self.subjects[work.found.field].file, works)
        base = replace(work, coverage=replace(work.coverage, end=1, revision=0))
        carried = work.signer
        store = [Kept(i, 0) for i in (*carried.certificates, *carried.crls, *carried.ocsps)] if carried else []
        timed = Times(self.paths, self.at, store, self._content, self._ask).of([base, *above])
        chain = self._trail(timed[0], self._certificate(timed[0])).chain
        self._levels[work.field] = _level(timed[0], timed, store, chain)
        told = replace(timed[0], coverage=work.coverage)
        certificate = self._certificate(told)
        if certificate is not None:
            moment = told.held if told.held is not None and told.held < self.at else self.at
            self._ask(certificate, "time-stamping" if told.found.timestamp else "signing", moment)
        return told

    def _above(self, file: str, works: Sequence[Work]) -> list[Work]:
        """The timestamps over a file of the container, each placed above those that it covers."""
        stamps = {w.found.field: w for w in works if w.found.timestamp and w.found.field != file}
        chosen = {n: w for n, w in stamps.items() if file in self.subjects[n].protects}
        ranks: dict[str, int] = {}

        def rank(name: str, under: frozenset[str]) -> int:
            if name not in ranks:
                # A stamp cannot cover one that covers it; names in a circle are a broken container.
                below = [n for n in chosen if n in self.subjects[name].protects and n not in under and n != name]
                ranks[name] = 1 + max((rank(n, under | {name}) for n in below), default=0)
            return ranks[name]

        return [
            replace(w, coverage=replace(w.coverage, end=1 + rank(n, frozenset()), revision=rank(n, frozenset())))
            for n, w in chosen.items()
        ]

    def _content(self, work: Work, algorithm: str) -> bytes:
        return self.subjects[work.found.field].digest(algorithm)

    def _level(self, work: Work, all: Sequence[Work], chain: Sequence[Any]) -> str | None:
        return self._levels.get(work.field)

    # Evidence

    def _evidence(self, id: str, work: Work, all: Sequence[Work]) -> SignatureEvidence:
        found = super()._evidence(id, work, all)
        content = self.subjects[work.found.field].content
        return found.model_copy(
            update={"revision": None, "signed_revision_sha256": sha256(content) if content is not None else None}
        )

    def _exhibits(self, id: str, work: Work) -> Iterator[Piece]:
        """The certificates and answers, and what was signed where it lies in the signature."""
        yield from self._proofs(id, work)
        document = self.document
        if not isinstance(document, CmsDocument) or document.detached or document.content is None:
            return
        if len(document.content) <= self._room:
            self._room -= len(document.content)
            known = document.inner is not None and document.inner.format == "pdf"
            kind = "application/pdf" if known else "application/octet-stream"
            yield piece(document.content, type=kind, role="signed-content", subject=id)

    def _modification(self, work: Work, all: Sequence[Work]) -> tuple[Modification, tuple[Change, ...], str | None]:
        """What the signature leaves unprotected: a signature around a file allows no later change."""
        if isinstance(self.document, CmsDocument):
            return ("unknown", (), "bytes-after-message") if self.document.trailing else ("none", (), None)
        assert isinstance(self.document, AsicDocument)
        defects = tuple(Change(revision=1, object=d.where, kind=d.code) for d in self.document.defects)
        if any(d.code in _ATTACKS for d in self.document.defects):
            return "suspicious", defects, "container-ambiguous"
        bare = self._unprotected(work, all)
        if bare:
            changes = (*defects, *(Change(revision=1, object=n, kind="unsigned-file") for n in bare))
            return "unknown", changes, "unsigned-files"
        return ("unknown", defects, "container-damaged") if defects else ("none", (), None)

    def _unprotected(self, work: Work, all: Sequence[Work]) -> list[str]:
        """The container's files that neither this signature is over nor one that counts beside it; where nobody signed, no timestamp."""
        container = self.document
        assert isinstance(container, AsicDocument)
        signatures = [w for w in all if not w.found.timestamp] or all
        counting = [w for w in signatures if w is work or self._counts(w, work)]
        protected = {n for w in counting for n in self.subjects[w.found.field].protects}
        strays = [n for n in container.entries if in_meta(n) and not _HOUSEKEEPING.match(n)]
        return [n for n in (*container.data_objects, *strays) if n not in protected]

    def _counts(self, other: Work, beside: Work) -> bool:
        """Whether another signature can answer for a file: it holds, and is the same signer's or somebody's whom we trust.

        Else whoever adds a file adds a signature of his own, and the file looks as if it belonged.
        """
        if not other.integrity.intact:
            return False
        mine, theirs = self._certificate(beside), self._certificate(other)
        if theirs is None:
            return False
        if mine is not None and mine.dump() == theirs.dump():
            return True
        path = self._trail(other, theirs).path
        return path.complete and path.problem is None

    def _inner_documents(self) -> Mapping[str, Document]:
        document = self.document
        if isinstance(document, AsicDocument):
            return document.inner
        assert isinstance(document, CmsDocument)
        return {document.inner.name: document.inner} if document.inner is not None else {}


def _found(name: str, message: bytes | None, stamp: bool) -> Found:
    return Found(name, message, None, "ETSI.RFC3161" if stamp else None, None, None)


def _kind(signer: Signer) -> str:
    return "CAdES" if signer.names_its_certificate else "CMS"


def _bare(signer: Signer) -> Signer:
    """The signer as of a detached signature: what is signed was taken out, and is digested as the octets that it was."""
    content = signer.content
    if content is None or content["content_type"].native == "tst_info":
        return signer
    return replace(signer, content=asn1.EncapsulatedContentInfo({"content_type": content["content_type"].dotted}))


def _without_content(signer: Signer, own: Any | None) -> Integrity:
    """The value over the attributes can be checked without the signed file, and may be broken by itself."""
    missing = Integrity(None, "signed-data-missing", "the signed file is not here")
    try:
        if signer.content is not None and signer.content["content_type"].native == "tst_info":
            stated = signer.content["content"].parsed["message_imprint"]["hashed_message"].native
        else:
            (value,) = attribute(signer.signed_attributes, "message_digest")
            stated = value.native
    except (ValueError, TypeError, KeyError, AttributeError):
        return missing
    result = containers.check(_bare(signer), lambda _: bytes(stated), own)
    return missing if result.intact else result


def _level(work: Work, timed: Sequence[Work], store: Sequence[Kept], chain: Sequence[Any]) -> str | None:
    level = levels.level(work, timed, store, chain)
    inside = any(s.kind == "archive" and s.intact for s in work.stamps)
    return level + "A" if level is not None and level.endswith("-LT") and inside else level


def _moved(thing: Any, name: str, by: int, *, shown: bool) -> Any:
    """What was found in the signed file, told of the whole: numbers go on, fields say where they lie.

    `shown`: whether the signed file's pages are the document's; else nothing shows on any page.
    """

    def moved(id: str) -> str:
        head, _, number = id.rpartition("-")
        return f"{head}-{int(number) + by}" if head == "signature" and number.isdecimal() else id

    match thing:
        case SignatureEvidence():
            update: dict[str, Any] = {"id": moved(thing.id), "field": f"{name}: {thing.field}"}
            return thing.model_copy(update=update if shown else {**update, "appearance": None})
        case Piece():
            return Piece(thing.exhibit.model_copy(update={"subject": moved(thing.exhibit.subject)}), thing.data)
        case Problem():
            return thing.model_copy(update={"where": name if thing.where == "document" else moved(thing.where)})
    return thing

"""When a signature existed at the latest, and at the earliest (EN 319 102-1, 5.5 and 5.6: proofs of existence).

Document timestamps are judged from the newest to the oldest. A trusted one proves that all that it covers existed at
its time: signatures, older timestamps, certificates and revocation answers alike. An older stamp is judged for the
moment that newer ones prove, so that an authority whose certificate has run out since still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from verify.signatures import archive, containers, revocation
from verify.signatures.algorithms import hashed, weak
from verify.signatures.containers import Integrity, Signer
from verify.signatures.evidence import Timestamp
from verify.signatures.paths import Judged, Paths, described, key_bits, outside
from verify.signatures.work import Work
from verify.stores.trust import Purpose

# What keeps an authority from being trusted without speaking against it.
_UNTOLD = frozenset({"no-anchors", "no-path", "expired", "weak-algorithm"})
_CLOSED = frozenset({"affiliation_changed", "superseded", "cessation_of_operation"})


@dataclass(frozen=True)
class Kept:
    """An item of the document's store of validation data and the revision that brought it, from 0."""

    item: Any
    revision: int


@dataclass(eq=False)
class Times:
    """The times of one document's signatures. `content`: digest over what a signature covers, by algorithm."""

    paths: Paths
    at: datetime
    store: Sequence[Kept]
    content: Callable[[Work, str], bytes]
    ask: Callable[[Any, Purpose, datetime], None] = lambda *_: None  # for what a path lacks, where that is allowed

    def of(self, works: Sequence[Work]) -> list[Work]:
        """The works with their stamps and proven times, in the order given."""
        proofs: list[tuple[int, int, datetime]] = []  # (covers up to this byte, and revision, time)
        result: dict[int, Work] = {}
        for index in sorted(range(len(works)), key=lambda i: works[i].coverage.end, reverse=True):
            work = works[index]
            # A proof must lie outside of what it proves, and what it proves must have stood in its revision.
            known = min((t for end, number, t in proofs if _stood(work, end, number)), default=None)
            if work.found.timestamp:
                stamp = self._document_stamp(work, known)
                counts = bool(stamp.intact and stamp.trusted and stamp.time and work.coverage.defect is None)
                if counts and stamp.time is not None:
                    number = work.revision if work.revision is not None else 1 << 30
                    proofs.append((work.coverage.end, number, stamp.time))
                    self._prove(work, stamp.time)
                own_time = stamp.time if counts else None
                result[index] = replace(work, stamps=(stamp,), proven=_earliest(known, own_time), held=known)
                continue
            if known is not None and work.signer is not None:
                self.paths.prove(_carried(work.signer), known)
            stamps = tuple(self._stamps(work, known))
            sound = [s for s in stamps if s.kind != "content" and s.intact and s.trusted]
            # A stamp whose authority may have been revoked counts where there is no better one, and is told.
            checked = [s.time for s in sound if s.problem is None]
            proven = _earliest(known, *(checked or [s.time for s in sound]))
            if proven is not None and work.signer is not None:
                self.paths.prove((*work.signer.own_crls, *work.signer.own_ocsps), proven)
            unchecked = proven is not None and proven not in (known, *checked)
            result[index] = replace(work, stamps=stamps, proven=proven, held=proven, unchecked=unchecked)
        later = [result[i] for i in range(len(works)) if works[i].found.timestamp]
        return [self._with_later(result[i], later) for i in range(len(works))]

    def _prove(self, stamp: Work, time: datetime) -> None:
        if stamp.revision is not None:
            self.paths.prove((k.item for k in self.store if k.revision <= stamp.revision), time)

    def _with_later(self, work: Work, later: Sequence[Work]) -> Work:
        """The document timestamps over a signature, as its own evidence tells them; and what lies before it."""
        above = [w for w in later if w.coverage.end > work.coverage.end and w.signer is not None]
        ranks = {"content": -3, "signature": -2, "archive": -1, "document": work.coverage.end}
        told = [(ranks[s.kind], s) for s in work.stamps] + [(w.coverage.end, s) for w in above for s in w.stamps[:1]]
        times = [(rank, s.time) for rank, s in told if s.intact and s.trusted and s.time is not None]
        # EN 319 102-1, 5.5.4 and 5.6.3: what was set later must tell a later time.
        disordered = any(a[0] < b[0] and a[1] > b[1] for a in times for b in times)
        if work.found.timestamp:
            return replace(work, disordered=disordered)
        stamps = (*work.stamps, *(s.model_copy(update={"kind": "archive"}) for w in above for s in w.stamps[:1]))
        inside = [s.time for s in stamps if s.kind == "content" and s.intact and s.trusted and s.time is not None]
        return replace(work, stamps=stamps, since=max(inside, default=None), disordered=disordered)

    def _document_stamp(self, work: Work, known: datetime | None) -> Timestamp:
        if work.signer is None:
            return Timestamp(kind="document", time=None, intact=work.integrity.intact, trusted=None, problem="broken")
        return self._told("document", work.signer, work.integrity, known)

    def _stamps(self, work: Work, known: datetime | None) -> Iterator[Timestamp]:
        """The time-stamp tokens that a signature carries: on its content (signed), on its value (unsigned)."""
        signer = work.signer
        if signer is None or signer.info is None:
            return
        listed: list[tuple[frozenset[bytes], datetime]] = []  # what trusted archive stamps cover, and since when
        for stamp in archive.stamps(signer, lambda name: self.content(work, name)):
            if stamp is None:
                yield Timestamp(kind="archive", time=None, intact=None, trusted=None, problem="broken")
                continue
            own = _earliest(known, *(t for tokens, t in listed if stamp.token_der in tokens))
            told = self._told("archive", stamp.token, stamp.integrity, own)
            yield told
            if told.intact and told.trusted and told.time is not None:
                # All that it lists, the older stamps among it, existed then.
                listed.append((stamp.tokens, told.time))
                self.paths.prove(stamp.covered, told.time)
        signed = _earliest(known, *(t for _, t in listed))
        for token, _ in containers.tokens(signer, "content_time_stamp"):
            yield self._token("content", token, lambda name: self.content(work, name), signed)
        for token, der in containers.tokens(signer):
            own = _earliest(known, *(t for tokens, t in listed if der in tokens))
            yield self._token("signature", token, lambda name: hashed(name, signer.signature), own)

    def _token(self, kind: Any, token: Signer | None, digest: Any, known: datetime | None) -> Timestamp:
        if token is None:
            return Timestamp(kind=kind, time=None, intact=None, trusted=None, problem="broken")
        if known is not None:
            self.paths.prove(_carried(token), known)
        return self._told(kind, token, containers.check(token, digest), known)

    def _told(self, kind: Any, token: Signer, integrity: Integrity, known: datetime | None) -> Timestamp:
        trusted, problem = self.trusted(token, known) if integrity.intact else (None, "broken")
        return Timestamp(
            kind=kind, time=token.time, intact=integrity.intact, trusted=trusted, problem=problem,
            authority=described(token.certificate).subject if token.certificate is not None else None,
        )  # fmt: skip

    def trusted(self, token: Signer, known: datetime | None) -> tuple[bool | None, str | None]:
        """Whether an authority's path holds at the time that a later stamp proves, else at `at`; and why not."""
        if token.certificate is None or token.time is None:
            return None, "no-certificate"
        if token.time > self.at:
            return None, "from-the-future"  # it proves nothing
        # A stamp that claims to be younger than one that covers it: the order of the stamps will tell.
        moment = known if known is not None and token.time <= known < self.at else self.at
        used = weak(token.digest_algorithm, token.signature_algorithm, key_bits(token.certificate), moment)
        if used or weak(_imprint_digest(token), None, None, moment):
            return None, "weak-algorithm"
        self.ask(token.certificate, "time-stamping", moment)
        best: tuple[bool | None, str | None] = (None, None)
        for judged in self.paths.candidates(token.certificate, moment, purpose="time-stamping", used=token.time):
            best = self._along(judged, token.time, moment)
            if best == (True, None):
                return best
        return best

    def _along(self, judged: Judged, time: datetime, moment: datetime) -> tuple[bool | None, str | None]:
        if judged.problem is not None:
            return (None if judged.problem in _UNTOLD else False), judged.problem
        border, _ = outside(judged.steps[0], time)
        if border is not None:
            return False, border  # a token from before, or after, its authority's certificate
        told = revocation.facts(self.paths, judged, moment)
        gone = [f for f in told if f.status == "revoked" and (f.revoked_at is None or f.revoked_at <= moment)]
        # An authority that closed in good order leaves its tokens valid (RFC 3161, 4).
        if not all(f.reason in _CLOSED and f.revoked_at is not None and time < f.revoked_at for f in gone):
            return False, "revoked"
        # What was said about the time of the stamp is kept beside it; what is out of date since would have to be asked for.
        then = revocation.facts(self.paths, judged, time) if any(f.status == "unknown" for f in told) else ()
        return True, "revocation-unknown" if any(f.status == "unknown" for f in then) else None


def _stood(work: Work, end: int, revision: int) -> bool:
    """Whether a signature stood in what a stamp covers. A range with a defect tells nothing of where it ends."""
    if work.coverage.defect is not None or end <= work.coverage.end:
        return False
    return work.found.revision is None or work.found.revision <= revision


def _carried(signer: Signer) -> Iterable[Any]:
    return (*signer.certificates, *signer.crls, *signer.ocsps)


def _imprint_digest(token: Signer) -> str | None:
    try:
        return containers.digest_name(token.content["content"].parsed["message_imprint"]["hash_algorithm"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _earliest(*times: datetime | None) -> datetime | None:
    return min((t for t in times if t is not None), default=None)

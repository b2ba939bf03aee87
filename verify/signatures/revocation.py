"""Revocation: what the authority says about each step of a path, for a moment.

Every CRL and OCSP response that speaks of a certificate is an answer of its own (RFC 5280, 6.3; RFC 6960, 3.2, both by
pyhanko-certvalidator): authentic when its signer was entitled to it at the time of issue. What counts is decided here
(EN 319 102-1, 5.2.5 and 5.2.6):

- An authentic "revoked" counts from its date on, whenever it was issued; with a compromised key from the date on which
  the compromise is suspected (RFC 5280, 5.3.2). "On hold" counts unless a later answer lifts it.
- "Good" counts for a moment when it was issued after it or is not yet out of date at it.
- An answer is worth what its signer is: it must lie in the validity of the signer's certificate now, or be proven to
  have existed while it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

from asn1crypto import core, crl, ocsp
from cryptography import x509 as fast
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from pyhanko_certvalidator.errors import RevokedError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

from verify.core.document import digest
from verify.signatures.evidence import RevocationFact
from verify.signatures.paths import Judged, Paths, finished, outside

_SECOND = timedelta(seconds=1)
_OLDEST = datetime.min.replace(tzinfo=UTC)
_COMPROMISED = frozenset({"key_compromise", "ca_compromise", "aa_compromise"})
# Without a next update an OCSP response tells about its own time only (RFC 6960, 2.4); clocks differ by some minutes.
_NO_NEXT = timedelta(minutes=30)
_EXPIRED_CERTS_ON_CRL = "2.5.29.60"
_NO_REVOCATION_AVAILABLE = "2.5.29.56"  # RFC 9608
_SHORT_TERM = "0.4.0.194121.2.1"  # EN 319 412-1, 5.2: validity assured, short term


@dataclass(frozen=True, eq=False)
class Answer:
    """One CRL's or OCSP response's word about one certificate."""

    source: Literal["ocsp", "crl"]
    documents: Sequence[Any]  # the CRL (with a delta) or the response
    this_update: datetime
    next_update: datetime | None
    status: Literal["good", "revoked", "unknown"]
    revoked_at: datetime | None = None
    reason: str | None = None
    signer: Any | None = None  # whose validity bounds it; None where an anchor signed

    @property
    def ends(self) -> datetime:
        return self.next_update if self.next_update is not None else self.this_update + _NO_NEXT

    def fresh(self, moment: datetime) -> bool:
        return self.this_update >= moment or moment <= self.ends + _SECOND


def facts(paths: Paths, judged: Judged, moment: datetime) -> tuple[RevocationFact, ...]:
    """One fact for every certificate between the leaf and the anchor, leaf first, the anchor left out."""
    if judged.validated is None or not judged.complete:
        return ()
    steps = list(judged.validated.iter_certs(include_root=False))
    return tuple(fact(paths, judged.validated, cert, moment) for cert in reversed(steps))


def fact(paths: Paths, path: ValidationPath, cert: Any, moment: datetime) -> RevocationFact:
    """What counts for a moment among all that is said about a certificate of a path."""
    name = digest(cert.dump())
    unneeded = _unneeded(cert)
    if unneeded:
        return RevocationFact(certificate=name, source="none", status="good", reason=unneeded)
    found = [a for a in answers(paths, path, cert) if _said_by_now(paths, a)]
    usable = [a for a in found if a.status != "unknown"]
    revoked = _revoked(usable)
    if revoked is not None:
        return _told(paths, name, revoked)
    good = sorted((a for a in usable if a.status == "good"), key=lambda a: a.this_update, reverse=True)
    fresh = [a for a in good if a.fresh(moment)]
    inside = [a for a in fresh if _worth(paths, a, moment)]
    if inside:
        return _told(paths, name, inside[0])
    if fresh:
        return _told(paths, name, fresh[0], status="unknown", problem="issuer-expired")
    if good:
        return _told(paths, name, good[0], status="unknown", problem="stale")
    if found:
        return _told(paths, name, found[0], status="unknown", problem="unauthorised")
    return RevocationFact(certificate=name, source="none", embedded=False, status="unknown", problem="none")


def _said_by_now(paths: Paths, answer: Answer) -> bool:
    """Whether an answer existed at the moment that is judged, or was fetched after it."""
    fetched = any(digest(d.dump()) in paths.fetched for d in answer.documents)
    return paths.now is None or fetched or answer.this_update <= paths.now + _SECOND


def _revoked(usable: Sequence[Answer]) -> Answer | None:
    """The earliest revocation. One on hold counts until a later answer lifts it."""
    found = sorted((a for a in usable if a.status == "revoked"), key=lambda a: a.revoked_at or _OLDEST)
    newest = max((a.this_update for a in usable if a.status == "good"), default=_OLDEST)
    lasting = [a for a in found if a.reason != "certificate_hold" or a.this_update >= newest]
    return lasting[0] if lasting else None


def _worth(paths: Paths, answer: Answer, moment: datetime) -> bool:
    """Whether the signer's certificate was valid while the answer is known to have existed."""
    if answer.signer is None:
        return True
    proven = [paths.proofs.get(d.dump()) for d in answer.documents]
    now = paths.now if paths.now is not None else moment
    if any(digest(d.dump()) in paths.fetched for d in answer.documents):
        now = max(now, answer.this_update)  # it came after the moment that is judged
    known = max((p for p in proven if p is not None), default=now) if all(p is not None for p in proven) else now
    return outside(answer.signer, min(known, now))[0] is None


def _told(
    paths: Paths, name: str, answer: Answer, *, status: str | None = None, problem: str | None = None
) -> RevocationFact:
    fetched = next((u for d in answer.documents if (u := paths.fetched.get(digest(d.dump())))), None)
    return RevocationFact(
        certificate=name, source=answer.source, embedded=fetched is None, status=status or answer.status,
        this_update=answer.this_update, next_update=answer.next_update, revoked_at=answer.revoked_at,
        reason=answer.reason, problem=problem, fetched_from=fetched,
    )  # fmt: skip


def documents(paths: Paths, judged: Judged) -> Iterator[tuple[str, bytes]]:
    """The lists and responses that tell about the steps of a path, each once: type and DER."""
    if judged.validated is None or not judged.complete:
        return
    seen: set[bytes] = set()
    for cert in judged.validated.iter_certs(include_root=False):
        for answer in answers(paths, judged.validated, cert):
            for one in answer.documents if answer.status != "unknown" else ():
                der = one.dump()
                if der not in seen:
                    seen.add(der)
                    yield ("application/pkix-crl" if answer.source == "crl" else "application/ocsp-response"), der


def covers(fact: RevocationFact, moment: datetime) -> bool:
    """Whether a good answer speaks about a moment: the end of a certificate's validity, say."""
    if fact.status == "revoked" or fact.problem not in (None, "stale") or fact.this_update is None:
        return False
    return fact.this_update <= moment and fact.next_update is not None and fact.next_update >= moment


# Every answer about a certificate


def answers(paths: Paths, path: ValidationPath, cert: Any, depth: int = 0) -> Sequence[Answer]:
    """All answers about a certificate of a path, each verified once; those of unentitled signers have status unknown."""
    root = getattr(path.trust_anchor.authority, "certificate", None)
    key = (
        cert.dump(),
        root.dump() if root is not None else b"",
        *(c.dump() for c in path.iter_certs(include_root=False)),
    )
    if key not in paths.memory:
        own = _own_path(path, cert)
        ocsp_answers = _safely(partial(_ocsp_answers, paths, own, cert, depth))
        paths.memory[key] = [*ocsp_answers, *_safely(partial(_crl_answers, paths, own, cert, depth))]
    found: Sequence[Answer] = paths.memory[key]
    return found


def _safely(asked: Callable[[], Iterator[Answer]]) -> list[Answer]:
    """The answers, as far as they can be read: a malformed one tells nothing and spoils no other."""
    found: list[Answer] = []
    try:
        found.extend(asked())
    except (ValueError, TypeError, KeyError, AttributeError):
        return found
    return found


def _own_path(path: ValidationPath, cert: Any) -> ValidationPath:
    held = [c.dump() for c in path.iter_certs(include_root=False)]
    position = held.index(cert.dump()) if cert.dump() in held else path.pkix_len - 1
    return path if position == path.pkix_len - 1 else path.truncate_to_issuer_and_append(cert)


def _ocsp_answers(paths: Paths, path: ValidationPath, cert: Any, depth: int) -> Iterator[Answer]:
    for response in paths.ocsps.values():
        try:
            basic = response["response_bytes"]["response"].parsed
            data = basic["tbs_response_data"]
            single = next(
                (s for s in data["responses"] if s["cert_id"]["serial_number"].native == cert.serial_number), None
            )
            if single is None:
                continue
            this = _aware(single["this_update"].native) or _OLDEST
            following = _aware(single["next_update"].native)
            produced = max(this, _aware(data["produced_at"].native) or this)
        except (ValueError, TypeError, KeyError):
            continue
        # A responder's certificate may be younger than the fact that it tells.
        for moment in dict.fromkeys((this + _SECOND, min(produced, following or produced))):
            status, when, reason = _said(verify_ocsp_response, cert, path, paths.context(moment, ocsps=[response]))
            if status != "unknown":
                break
        if status == "good" and not _tells_of_the_expired(cert, this, _cut_off(single)):
            status = "unknown"
        signer = _responder(paths, basic, path, cert)
        if (
            status == "good"
            and depth < 2
            and signer is not None
            and _signer_gone(paths, path, cert, signer, this, depth)
        ):
            status = "unknown"
        if status == "unknown" and single["cert_status"].name == "unknown":
            continue  # the responder does not know the certificate: that is no answer
        yield Answer("ocsp", [response], this, following, status, when, reason, signer)


def _crl_answers(paths: Paths, path: ValidationPath, cert: Any, depth: int) -> Iterator[Answer]:
    lists = [c for c in paths.crls.values() if _concerns(c, cert)]
    complete = [c for c in lists if c.delta_crl_indicator_value is None]
    deltas = [c for c in lists if c.delta_crl_indicator_value is not None]
    found = [a for one in complete for a in _safely(partial(_crl_answer, paths, path, cert, [one], deltas, depth))]
    if found and all(a.status == "unknown" for a in found) and len(complete) > 1:
        # Lists for some reasons each tell only together (RFC 5280, 5.2.5).
        together = _safely(partial(_crl_answer, paths, path, cert, complete, deltas, depth))
        found = together if together and together[0].status != "unknown" else found
    yield from found


def _crl_answer(
    paths: Paths, path: ValidationPath, cert: Any, lists: Sequence[Any], deltas: Sequence[Any], depth: int
) -> Iterator[Answer]:
    used = [*lists, *(d for d in deltas if any(d.issuer == c.issuer for c in lists))]
    dates = [d for d in map(_dates, used) if d is not None]
    if len(dates) != len(used):
        return
    this = max(d[0] for d in dates)
    following = min((d[1] for d in dates if d[1] is not None), default=None)
    # Entries may be dated some time after the list; those up to its end count.
    for moment in (following, this + _SECOND):
        if moment is None or moment < this:
            continue
        context = paths.context(moment, crls=used)
        status, when, reason = _said(verify_crl, cert, path, context)
        if status != "unknown":
            break
    if status == "unknown" and len(used) == 1:
        status, when, reason = _by_anchor(path, cert, used[0])
    signer = _list_signer(path, cert, context)
    if status == "good" and depth < 2 and signer is not None and _signer_gone(paths, path, cert, signer, this, depth):
        status = "unknown"
    if status == "good" and not _tells_of_the_expired(cert, this, _expired_since(used)):
        status = "unknown"
    if status == "revoked" and reason in _COMPROMISED:
        suspected = min((s for s in (_suspected(c, cert) for c in used) if s is not None), default=None)
        when = min(when, suspected) if when is not None and suspected is not None else when
    yield Answer("crl", used, this, following, status, when, reason, signer)


def _tells_of_the_expired(cert: Any, this: datetime, kept_since: datetime | None) -> bool:
    """Whether an answer can still speak of a certificate: lists forget the expired ones, unless they say how long they keep them.

    (RFC 5280, 3.3; X.509 expiredCertsOnCRL and RFC 6960 4.4.4 archive cutoff.)
    """
    ended = _aware(cert["tbs_certificate"]["validity"]["not_after"].native)
    return ended is None or this <= ended or (kept_since is not None and kept_since <= ended)


def _cut_off(single: Any) -> datetime | None:
    try:
        kept = (e for e in single["single_extensions"] or () if e["extn_id"].native == "archive_cutoff")
        return next((_aware(e["extn_value"].parsed.native) for e in kept), None)
    except (ValueError, TypeError):
        return None


def _expired_since(lists: Sequence[Any]) -> datetime | None:
    found = []
    for one in lists:
        try:
            for extension in one["tbs_cert_list"]["crl_extensions"] or ():
                if extension["extn_id"].dotted == _EXPIRED_CERTS_ON_CRL:
                    found.append(_aware(core.GeneralizedTime.load(extension["extn_value"].native).native))
        except (ValueError, TypeError):
            return None
    return min((f for f in found if f is not None), default=None)


def _said(verify: Any, cert: Any, path: ValidationPath, context: Any) -> tuple[Any, datetime | None, str | None]:
    try:
        finished(verify(cert, path, context))
    except RevokedError as error:
        return "revoked", _aware(error.revocation_dt), str(error.reason.native)
    except Exception:  # unauthorised, broken or odd: no usable answer
        return "unknown", None, None
    return "good", None, None


def _by_anchor(path: ValidationPath, cert: Any, one: Any) -> tuple[Any, datetime | None, str | None]:
    """A list signed by the anchor itself, which need not be self-signed: certvalidator finds no path for its issuer then.

    RFC 5280, 6.3.3 (f) and (g) ask for its key and its right to sign lists; every authority of a trust list is such an anchor.
    """
    root = getattr(path.trust_anchor.authority, "certificate", None)
    if root is None or root.self_signed != "no" or one.issuer.dump() != root.subject.dump() != b"":
        return "unknown", None, None
    try:
        if cert.issuer.dump() != root.subject.dump() or one.issuing_distribution_point_value is not None:
            return "unknown", None, None
        usage = root.key_usage_value
        listed = fast.load_der_x509_crl(one.dump())
        key: Any = serialization.load_der_public_key(root.public_key.dump())
        if (usage is not None and "crl_sign" not in usage.native) or not listed.is_signature_valid(key):
            return "unknown", None, None
        entry = listed.get_revoked_certificate_by_serial_number(cert.serial_number)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "unknown", None, None
    if entry is None:
        return "good", None, None
    try:
        reason = entry.extensions.get_extension_for_class(fast.CRLReason).value.reason.name
    except fast.ExtensionNotFound:
        reason = "unspecified"
    return "revoked", entry.revocation_date_utc, reason


def _signer_gone(paths: Paths, path: ValidationPath, cert: Any, signer: Any, this: datetime, depth: int) -> bool:
    """Whether a responder's or list issuer's own certificate had been revoked when the answer was given."""
    if signer.dump() in {c.dump() for c in path.iter_certs(include_root=True)} or _unneeded(signer):
        return False
    try:
        own = path.truncate_to_issuer_and_append(signer)
    except LookupError:
        return False
    told = answers(paths, own, signer, depth + 1)
    return any(a.status == "revoked" and (a.revoked_at is None or a.revoked_at <= this) for a in told)


def _responder(paths: Paths, basic: Any, path: ValidationPath, cert: Any) -> Any | None:
    """The certificate of an OCSP response's signer, where it is not an anchor's."""
    who = basic["tbs_response_data"]["responder_id"]
    root = getattr(path.trust_anchor.authority, "certificate", None)
    anchor = root.dump() if root is not None else b""
    for one in [*(basic["certs"] or ()), *path.iter_certs(include_root=False), *paths.certificates.values()]:
        if one is cert:
            continue
        if (one.public_key.sha1 == who.native) if who.name == "by_key" else (one.subject == who.chosen):
            return one if one.dump() != anchor else None
    return None


def _list_signer(path: ValidationPath, cert: Any, context: Any) -> Any | None:
    """The certificate of a list's issuer as certvalidator found it, where it is not an anchor's."""
    # There is no public way to it; the map is filled by verify_crl itself.
    issuers = getattr(context.revinfo_manager, "_crl_issuer_map", {})
    root = getattr(path.trust_anchor.authority, "certificate", None)
    found = [i for i in issuers.values() if root is None or i.dump() != root.dump()]
    return found[0] if found else None


def _concerns(one: Any, cert: Any) -> bool:
    """Whether a list could tell about a certificate: its issuer's, or an indirect one (RFC 5280, 5.2.5)."""
    try:
        if one.issuer == cert.issuer or one.issuer.dump() == cert.issuer.dump():
            return True
        point = one.issuing_distribution_point_value
        if point is not None and point["indirect_crl"].native:
            return True
        return any(dp["crl_issuer"] for dp in cert.crl_distribution_points_value or ())
    except (ValueError, TypeError):
        return False


def _dates(one: Any) -> tuple[datetime, datetime | None] | None:
    try:
        this = _aware(one["tbs_cert_list"]["this_update"].native)
        return (this, _aware(one["tbs_cert_list"]["next_update"].native)) if this is not None else None
    except (ValueError, TypeError):
        return None


def _suspected(one: Any, cert: Any) -> datetime | None:
    """The invalidity date of a list's entry: since when the key is thought to be compromised."""
    try:
        entry = fast.load_der_x509_crl(one.dump()).get_revoked_certificate_by_serial_number(cert.serial_number)
        if entry is None:
            return None
        return entry.extensions.get_extension_for_class(fast.InvalidityDate).value.invalidity_date_utc
    except (ValueError, TypeError, fast.ExtensionNotFound):
        return None


def _unneeded(cert: Any) -> str | None:
    """Why nobody needs to ask: a responder's no-check (RFC 6960, 4.2.2.2.1), or a validity too short for it."""
    try:
        extended = cert.extended_key_usage_value
        if cert.ocsp_no_check_value is not None and extended is not None and "ocsp_signing" in extended.native:
            return "no-check"
        held = {str(e["extn_id"].dotted) for e in cert["tbs_certificate"]["extensions"] or ()}
    except (ValueError, TypeError, AttributeError):
        return None
    return (
        "no-revocation-available" if _NO_REVOCATION_AVAILABLE in held else "short-term" if _SHORT_TERM in held else None
    )


def read_crl(der: bytes) -> Any | None:
    """A CRL; None where it is none."""
    try:
        found = crl.CertificateList.load(der)
        _ = found.issuer, found["tbs_cert_list"]["this_update"].native
    except (ValueError, TypeError):
        return None
    return found


def read_ocsp(der: bytes) -> Any | None:
    """An OCSP response; None where it is none, or says nothing."""
    try:
        found = ocsp.OCSPResponse.load(der)
        if found["response_status"].native != "successful":
            return None
        _ = found.response_data["responses"]
    except (ValueError, TypeError, KeyError):
        return None
    return found


def _aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time

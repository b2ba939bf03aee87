"""What a document lacks, asked of whom its certificates name: missing issuers (AIA), OCSP responders, CRLs.

Only with `--online`. What comes back is a candidate like what the document carries, trusted for nothing: paths.py and
revocation.py judge it. Every answer is an exhibit, whether it was of use or not, and every attempt is told with its
outcome; a responder that is down leaves a fact unknown and breaks nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal
from urllib.parse import quote

from asn1crypto import cms, ocsp, pem
from asn1crypto.algos import DigestAlgorithm
from asn1crypto.core import Null

from verify.core.document import digest
from verify.core.exhibits import Piece, piece
from verify.signatures import containers, revocation
from verify.signatures.evidence import Fetching
from verify.signatures.online.fetch import Fetched, Fetcher, NotFetched, OnlineRules, World
from verify.signatures.paths import Judged, Paths, validity
from verify.stores.trust import Purpose

__all__ = ["Online", "OnlineRules"]

Sought = Literal["issuer", "ocsp", "crl"]

_ISSUERS_KEPT = timedelta(days=30)
# An authority may revoke before the list that it promised; a kept answer is not used for longer than this.
_ANSWERS_KEPT = timedelta(days=7)
_MOST_CLIMBED = 12
_MOST_IN_A_BUNDLE = 50
_MOST_URLS = 4  # of a kind in one certificate
_LONGEST_GET = 255  # RFC 6960, A.1: longer requests go by POST
_NOTHING = "application/octet-stream"
_EXPIRED_ON_LIST = "2.5.29.60"  # expiredCertsOnCRL (X.509, 9.5.2.8)


class Online:
    """One document's questions. `attempts` and `pieces` grow as `complete` is called."""

    def __init__(self, rules: OnlineRules, world: World | None = None) -> None:
        self.attempts: list[Fetching] = []
        self._fetcher = Fetcher(rules, world)
        self._pieces: dict[str, Piece] = {}

    @property
    def pieces(self) -> Sequence[Piece]:
        """Every answer that came, as an exhibit."""
        return tuple(self._pieces.values())

    def complete(self, paths: Paths, certificate: Any, purpose: Purpose, moment: datetime) -> None:
        """Ask for what the paths of a certificate lack at a moment, and add it to `paths`; until one lacks nothing."""
        try:
            self._climb(paths, certificate, purpose, moment)
            asked: set[str] = set()
            while (open := _open(paths, certificate, purpose, moment, asked)) is not None:
                judged, name = open
                asked.add(name)
                self._revocation(paths, judged, name, partial(_told, paths, certificate, purpose, moment, name))
        except Exception as error:  # a certificate so odd that asking fails: what is known stands as it is
            why = f"{type(error).__name__}: {error}"[:200]
            name = digest(certificate.dump())
            self.attempts.append(Fetching(url="", sought="issuer", certificate=name, code="not-askable", detail=why))

    # Issuers

    def _climb(self, paths: Paths, leaf: Any, purpose: Purpose, moment: datetime) -> None:
        """Follow the issuers' addresses upwards, highest first, until a path is complete or nothing new is found."""
        climbed: set[bytes] = set()
        useful: list[Fetched] = []
        while len(climbed) < _MOST_CLIMBED:
            judged = paths.judge(leaf, moment, purpose=purpose)
            if judged.complete:
                for answer in useful:
                    self._fetcher.keep(answer, answer.when + _ISSUERS_KEPT)
            if judged.complete or judged.problem == "no-anchors":
                return
            rest = [c for c in _upwards(paths, leaf) if c.dump() not in climbed]
            if not rest:
                return
            climbed.add(rest[-1].dump())
            useful += self._issuers(paths, rest[-1])

    def _issuers(self, paths: Paths, cert: Any) -> Iterator[Fetched]:
        for url in _places(cert, "ca_issuers"):
            answer = self._fetcher.fetch(url)
            found = _certificates(answer.data) if isinstance(answer, Fetched) else []
            self._note(answer, "issuer", cert, "used" if found else "not-a-certificate", "application/pkix-cert")
            if found and isinstance(answer, Fetched):
                _mark(paths, paths.certificates, found, url)
                paths.add(certificates=found)
                yield answer

    # Revocation

    def _revocation(self, paths: Paths, judged: Judged, name: str, told: Callable[[], bool]) -> None:
        """Ask about one certificate of a path: its responders first, then its lists, until one tells."""
        chain = [*judged.steps, judged.anchor]
        at = next((i for i, c in enumerate(chain[:-1]) if digest(c.dump()) == name), None)
        if at is None:
            return
        cert, issuer = chain[at], chain[at + 1]
        for url in _places(cert, "ocsp") if issuer is not None else ():
            if self._ask_responder(paths, cert, issuer, url, told):
                return
        for url in _lists(cert):
            if self._ask_list(paths, cert, url, told):
                return

    def _ask_responder(self, paths: Paths, cert: Any, issuer: Any, url: str, told: Callable[[], bool]) -> bool:
        request = _request(cert, issuer)
        answer = self._fetcher.fetch(url, body=request, type="application/ocsp-request")
        by_get = url.rstrip("/") + "/" + quote(base64.b64encode(request), safe="")
        if isinstance(answer, NotFetched) and answer.code.startswith("http-4") and len(by_get) <= _LONGEST_GET:
            self._note(answer, "ocsp", cert)  # some responders stand behind caches that take GET only
            answer = self._fetcher.fetch(by_get)
        if isinstance(answer, NotFetched):
            self._note(answer, "ocsp", cert)
            return False
        response, code, detail = _read_response(answer.data, cert)
        usable = False
        if response is not None and code is None:
            _mark(paths, paths.ocsps, [response], url)
            paths.add(certificates=_signers(response), ocsps=[response])
            usable = told()
            code = "used" if usable else "not-usable"
            if usable:
                self._keep(answer, *(one["next_update"].native for one in response.response_data["responses"]))
        type = "application/ocsp-response" if response is not None else None
        self._note(answer, "ocsp", cert, code or "not-usable", type, detail)
        return usable

    def _ask_list(self, paths: Paths, cert: Any, url: str, told: Callable[[], bool]) -> bool:
        answer = self._fetcher.fetch(url)
        if isinstance(answer, NotFetched):
            self._note(answer, "crl", cert)
            return False
        crl = revocation.read_crl(_der(answer.data))
        usable, code = False, "not-a-crl"
        if crl is not None and _too_late_list(crl, cert):
            code = "after-expiry"
        elif crl is not None:
            _mark(paths, paths.crls, [crl], url)
            paths.add(crls=[crl])
            usable = told()
            code = "used" if usable else "not-usable"
            if usable:
                self._keep(answer, crl["tbs_cert_list"]["next_update"].native)
        self._note(answer, "crl", cert, code, "application/pkix-crl" if crl is not None else None)
        return usable

    def _keep(self, answer: Fetched, *next_updates: datetime | None) -> None:
        """Until its next update; what names none is not kept."""
        ends = [_aware(n) for n in next_updates if n is not None]
        if ends and len(ends) == len(next_updates):
            self._fetcher.keep(answer, min(*ends, answer.when + _ANSWERS_KEPT))

    def _note(
        self,
        answer: Fetched | NotFetched,
        sought: Sought,
        cert: Any,
        code: str = "",
        type: str | None = None,
        detail: str | None = None,
    ) -> None:
        name = digest(cert.dump())
        if isinstance(answer, NotFetched):
            attempt = Fetching(url=answer.url, sought=sought, certificate=name, code=answer.code, detail=answer.detail)
        else:
            attempt = Fetching(
                url=answer.url, sought=sought, certificate=name, code=code, detail=detail,
                sha256=answer.sha256, cached=answer.cached,
            )  # fmt: skip
            shown = type if type is not None and not code.startswith("not-a-") else _NOTHING
            if answer.sha256 not in self._pieces:
                self._pieces[answer.sha256] = piece(answer.data, type=shown, role="fetched", subject="document")
        if attempt not in self.attempts:
            self.attempts.append(attempt)


def _open(paths: Paths, leaf: Any, purpose: Purpose, moment: datetime, asked: set[str]) -> tuple[Judged, str] | None:
    """The first path with a step that cannot be told and was not asked about; None where a path lacks nothing."""
    found: tuple[Judged, str] | None = None
    for judged in paths.candidates(leaf, moment, purpose=purpose):
        unknown = [f.certificate for f in revocation.facts(paths, judged, moment) if f.status == "unknown"]
        if not unknown:
            return None
        rest = next((name for name in unknown if name not in asked), None)
        if found is None and rest is not None:
            found = judged, rest
    return found


def _told(paths: Paths, leaf: Any, purpose: Purpose, moment: datetime, name: str) -> bool:
    """Whether it is known by now if a certificate on the leaf's paths was revoked."""
    return any(
        fact.certificate == name and fact.status != "unknown"
        for judged in paths.candidates(leaf, moment, purpose=purpose)
        for fact in revocation.facts(paths, judged, moment)
    )


def _mark(paths: Paths, shelf: dict[bytes, Any], items: Iterable[Any], url: str) -> None:
    """Say where items come from, unless the document carries the same ones."""
    for item in items:
        if item.dump() not in shelf:
            paths.fetched.setdefault(digest(item.dump()), url)


def _upwards(paths: Paths, leaf: Any) -> Sequence[Any]:
    """The leaf and all that its names lead up to, nearest first."""
    found, seen = [leaf], {leaf.dump()}
    for below in found:  # grows while it is walked
        if len(found) > _MOST_IN_A_BUNDLE:
            break
        for der, other in paths.certificates.items():
            if der not in seen and other.subject == below.issuer:
                seen.add(der)
                found.append(other)
    return found


def _places(cert: Any, method: Literal["ca_issuers", "ocsp"]) -> Sequence[str]:
    """Addresses of the authority information access extension (RFC 5280, 4.2.2.1)."""
    try:
        access = cert.authority_information_access_value or ()
        found = [_url(a["access_location"]) for a in access if a["access_method"].native == method]
    except (ValueError, TypeError, KeyError):
        return ()
    return tuple(dict.fromkeys(u for u in found if u))[:_MOST_URLS]


def _lists(cert: Any) -> Sequence[str]:
    """Addresses of the CRL distribution points (RFC 5280, 4.2.1.13)."""
    try:
        points = [p["distribution_point"] for p in cert.crl_distribution_points_value or ()]
        found = [_url(name) for p in points if p.name == "full_name" for name in p.chosen]
    except (ValueError, TypeError, KeyError):
        return ()
    return tuple(dict.fromkeys(u for u in found if u))[:_MOST_URLS]


def _url(name: Any) -> str | None:
    # asn1crypto's native form undoes percent-encoding; what is asked for is what the certificate says.
    return (
        bytes(name.chosen.contents).decode("utf-8", "replace") if name.name == "uniform_resource_identifier" else None
    )


def _request(cert: Any, issuer: Any) -> bytes:
    """An OCSP request without nonce, so that answers made in advance are taken; SHA-1 is what all know (RFC 5019, 2.1)."""
    return bytes(
        ocsp.OCSPRequest(
            {
                "tbs_request": {
                    "request_list": [
                        {
                            "req_cert": {
                                "hash_algorithm": DigestAlgorithm({"algorithm": "sha1", "parameters": Null()}),
                                "issuer_name_hash": cert.issuer.sha1,
                                "issuer_key_hash": issuer.public_key.sha1,
                                "serial_number": cert.serial_number,
                            }
                        }
                    ]
                }
            }
        ).dump()
    )


def _read_response(data: bytes, cert: Any) -> tuple[Any | None, str | None, str | None]:
    """An OCSP response, and where it is of no use why: code and detail."""
    try:
        found = ocsp.OCSPResponse.load(data, strict=True)
        status = found["response_status"].native
        if status != "successful":
            return found, "ocsp-refused", str(status)
        own = [
            r for r in found.response_data["responses"] if r["cert_id"]["serial_number"].native == cert.serial_number
        ]
        if not own:
            return found, "about-another-certificate", None
        if any(_too_late_answer(one, cert) for one in own):
            return found, "after-expiry", None
    except (ValueError, TypeError, KeyError):
        return None, "not-an-ocsp-response", None
    return found, None, None


def _too_late_answer(one: Any, cert: Any) -> bool:
    """ "Good" said after a certificate ran out, by a responder that does not say how far back it knows.

    Authorities forget expired certificates; "good" then means no more than that nothing is remembered (RFC 6960, 4.4.4).
    """
    this, end = _aware(one["this_update"].native), _aware(validity(cert)[1])
    if one["cert_status"].name != "good" or end is None or this is None or this <= end:
        return False
    cutoff = _aware(one.archive_cutoff_value.native) if one.archive_cutoff_value is not None else None
    return cutoff is None or cutoff > end


def _too_late_list(crl: Any, cert: Any) -> bool:
    """The same of a list: an expired certificate is taken off it, unless it says that it keeps them (X.509, 9.5.2.8)."""
    try:
        content = crl["tbs_cert_list"]
        this, end = _aware(content["this_update"].native), _aware(validity(cert)[1])
        if end is None or this is None or this <= end:
            return False
        kept = [e for e in content["crl_extensions"] or () if e["extn_id"].dotted == _EXPIRED_ON_LIST]
        if any(_aware(e["extn_value"].parsed.native) <= end for e in kept):
            return False
        return all(e["user_certificate"].native != cert.serial_number for e in content["revoked_certificates"] or ())
    except (ValueError, TypeError, KeyError):
        return True


def _signers(response: Any) -> Sequence[Any]:
    try:
        return list(response.basic_ocsp_response["certs"] or ())[:_MOST_IN_A_BUNDLE]
    except (ValueError, TypeError, KeyError):
        return ()


def _certificates(data: bytes) -> list[Any]:
    """The certificates of an answer: DER, PEM or a PKCS#7 bundle (RFC 5280, 4.2.2.1)."""
    found: list[Any] = []
    for der in _blocks(data):
        try:
            content = cms.ContentInfo.load(der)
            bundle = [c.chosen.dump() for c in content["content"]["certificates"] if c.name == "certificate"]
        except (ValueError, TypeError, KeyError):
            bundle = [der]
        for one in bundle[:_MOST_IN_A_BUNDLE]:
            try:
                found.append(containers.certificate(one))
            except (ValueError, TypeError, KeyError):
                continue
    return found[:_MOST_IN_A_BUNDLE]


def _blocks(data: bytes) -> Sequence[bytes]:
    try:
        if not pem.detect(data):
            return (data,)
        return [der for _, _, der in pem.unarmor(data, multiple=True)][:_MOST_IN_A_BUNDLE]
    except (ValueError, TypeError):
        return ()


def _der(data: bytes) -> bytes:
    return next(iter(_blocks(data)), b"")


def _aware(time: Any) -> Any:
    return time.replace(tzinfo=UTC) if isinstance(time, datetime) and time.tzinfo is None else time

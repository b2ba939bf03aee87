"""Certificate paths: from a signer's or an authority's certificate to a configured anchor, at a given moment.

Paths are built and validated by pyhanko-certvalidator (RFC 5280, 6.1) without any network: the anchors are the
caller's, the rest comes out of the document or was fetched before. Nothing but the validity periods makes a path
depend on the moment, so each path is validated once, at a moment that lies in all of them, and the periods are held
against the moment here. Revocation is judged step by step in revocation.py.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from asn1crypto import x509
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import DisallowedAlgorithmError, PathBuildingError, PathValidationError
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    AcceptAllAlgorithms,
    CertRevTrustPolicy,
    PKIXValidationParams,
)
from pyhanko_certvalidator.registry import CertificateRegistry
from pyhanko_certvalidator.revinfo.manager import RevinfoManager
from pyhanko_certvalidator.validate import async_validate_path

from verify.signatures import evidence
from verify.signatures.algorithms import weak, weak_certificate
from verify.signatures.containers import certificate, mended_key
from verify.stores.trust import ANY_POLICY, Anchor, Purpose, TrustAnchors

_MOST_PATHS = 12
_SECOND = timedelta(seconds=1)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
T = TypeVar("T")

# What certvalidator says in words, as our codes (it has no codes of its own).
_WORDS = (
    ("permitted namespace", "name-constraints"),
    ("excluded from the namespace", "name-constraints"),
    ("maximum path length", "path-length"),
    ("set of policies", "policy"),
    ("policy", "policy"),
    ("not allowed to sign certificates", "key-usage"),
    ("signature of", "no-path"),
    ("issuer name", "no-path"),
)
# The problem that is told, where several paths fail for different reasons: the most specific first.
_ORDER = (
    "expired",
    "not-yet-valid",
    "weak-algorithm",
    "name-constraints",
    "policy",
    "path-length",
    "key-usage",
    "constraints",
    "no-path",
)
# Critical extensions that a reader of an end entity's certificate understands (RFC 5280, 6.1.5 (f)).
_UNDERSTOOD = frozenset(
    {
        "key_usage", "extended_key_usage", "basic_constraints", "certificate_policies", "subject_alt_name",
        "name_constraints", "policy_mappings", "policy_constraints", "inhibit_any_policy", "qc_statements",
        "1.3.6.1.5.5.7.1.3", "crl_distribution_points", "authority_key_identifier", "key_identifier", "ocsp_no_check",
        "issuer_alt_name", "freshest_crl", "authority_information_access", "subject_information_access",
    }
)  # fmt: skip
# Purposes that have nothing to do with signing documents; a certificate for nothing else signs none.
_OTHER_PURPOSES = frozenset({"server_auth", "time_stamping", "ocsp_signing", "code_signing"})


@dataclass(frozen=True, eq=False)
class Judged:
    """A path as validated: what the evidence tells, and what revocation needs. `steps`: leaf first, anchor left out."""

    complete: bool
    problem: str | None
    detail: str | None
    steps: Sequence[Any]
    anchor: Any | None
    validated: ValidationPath | None
    when: datetime | None = None  # the border that was crossed: not_after, not_before


@dataclass(frozen=True, eq=False)
class _Route:
    """A path from a leaf to an anchor with what does not depend on the moment."""

    path: ValidationPath
    steps: Sequence[Any]
    root: Any | None
    problem: str | None
    detail: str | None


@dataclass(eq=False)
class Paths:
    """The paths of one file's certificates. `now`: the moment at which what is not proven to be older is taken to exist."""

    anchors: TrustAnchors
    now: datetime | None = None
    certificates: dict[bytes, Any] = field(default_factory=dict)  # by their DER, as the others
    crls: dict[bytes, Any] = field(default_factory=dict)
    ocsps: dict[bytes, Any] = field(default_factory=dict)
    proofs: dict[bytes, datetime] = field(
        default_factory=dict
    )  # DER → the earliest time at which it is proven to exist
    fetched: dict[str, str] = field(default_factory=dict)  # digest of a fetched answer → its address
    memory: dict[Any, Any] = field(default_factory=dict)  # what revocation.py found out; emptied with new material
    _routes: dict[bytes, list[_Route] | str] = field(default_factory=dict)
    _judged: dict[tuple[bytes, datetime, str, datetime | None], list[Judged]] = field(default_factory=dict)
    _contexts: dict[datetime, ValidationContext] = field(default_factory=dict)
    _registry: CertificateRegistry | None = None
    _roots: list[Any] = field(default_factory=list)  # those that the document's certificates could lead to

    def __post_init__(self) -> None:
        whole = replace(
            self.anchors, certificates=tuple(self.anchors.certificates), anchors=tuple(self.anchors.anchors)
        )
        self._trust = _trust(whole)

    def add(self, certificates: Iterable[Any] = (), crls: Iterable[Any] = (), ocsps: Iterable[Any] = ()) -> None:
        """Material out of the document: candidates, trusted for nothing."""
        for shelf, items in ((self.certificates, certificates), (self.crls, crls), (self.ocsps, ocsps)):
            for item in items:
                key = item.dump()
                if key not in shelf:
                    shelf[key] = item
                    self._forget()

    def prove(self, items: Iterable[Any], time: datetime) -> None:
        """These existed at a time: a trusted timestamp covers them."""
        for item in items:
            key = item.dump()
            if key not in self.proofs or time < self.proofs[key]:
                self.proofs[key] = time
                self.memory.clear()

    def _forget(self) -> None:
        self.memory.clear()
        self._routes.clear()
        self._judged.clear()
        self._contexts.clear()
        self._registry = None

    def context(
        self, moment: datetime, crls: Sequence[Any] | None = None, ocsps: Sequence[Any] | None = None
    ) -> ValidationContext:
        """certvalidator's context for a moment; with `crls` or `ocsps` one that knows of these answers only."""
        if crls is not None or ocsps is not None:
            return self._context(moment, crls or (), ocsps or ())
        if moment not in self._contexts:
            self._contexts[moment] = self._context(moment, (), ())
        return self._contexts[moment]

    def _context(self, moment: datetime, crls: Sequence[Any], ocsps: Sequence[Any]) -> ValidationContext:
        if self._registry is None:
            self._roots = self._trust.near(self.certificates.values())
            self._registry = CertificateRegistry.build([*self.certificates.values(), *self._roots])
        return ValidationContext(
            trust_roots=self._roots,
            moment=moment,
            allow_fetching=False,
            revinfo_policy=CertRevTrustPolicy(NO_REVOCATION, retroactive_revinfo=True),
            algorithm_usage_policy=AcceptAllAlgorithms(),
            certificate_registry=self._registry,
            revinfo_manager=RevinfoManager(
                self._registry, POEManager(), crls=_contained_crls(crls), ocsps=_contained_ocsps(ocsps)
            ),
        )

    def judge(self, leaf: Any, moment: datetime, *, purpose: Purpose = "signing") -> Judged:
        """The best path of a certificate at a moment, revocation aside."""
        return self.candidates(leaf, moment, purpose=purpose)[0]

    def candidates(
        self, leaf: Any, moment: datetime, *, purpose: Purpose = "signing", used: datetime | None = None
    ) -> Sequence[Judged]:
        """Every path of a certificate at a moment that holds, or else the one that fails the most tellingly.

        `used`: when the certificate was used, where that is not the moment; an anchor must have been trusted then.
        """
        self.add([leaf])
        key = (leaf.dump(), moment, purpose, used)
        if key not in self._judged:
            self._judged[key] = self._candidates(leaf, moment, purpose, used or moment)
        return self._judged[key]

    def _candidates(self, leaf: Any, moment: datetime, purpose: Purpose, used: datetime) -> list[Judged]:
        if not self._trust.roots:
            return [Judged(False, "no-anchors", None, self._shown(leaf), None, None)]
        routes = self._routes_of(leaf)
        if isinstance(routes, str):
            return [Judged(False, "no-path", routes, self._shown(leaf), None, None)]
        allowed = [r for r in routes if self._allows(r.root, used, purpose)]
        if not allowed:
            why = f"no anchor of its paths is trusted for {purpose} at that time"
            return [Judged(False, "no-path", why, self._shown(leaf), None, None)]
        judged = [self._at(route, moment, purpose) for route in allowed]
        good = [j for j in judged if j.problem is None]
        return good or [min(judged, key=lambda j: _ORDER.index(j.problem or "no-path"))]

    def _allows(self, root: Any, moment: datetime, purpose: Purpose) -> bool:
        return any(
            purpose in a.purposes and (a.since is None or a.since <= moment) and (a.until is None or moment <= a.until)
            for a in self._trust.anchors.get(root.dump() if root is not None else b"", ())
        )

    def _routes_of(self, leaf: Any) -> list[_Route] | str:
        key = leaf.dump()
        if key not in self._routes:
            try:
                paths = self.context(_NEVER).path_builder.build_paths(leaf)[:_MOST_PATHS]
                self._routes[key] = [self._route(path) for path in paths]
            except PathBuildingError as error:
                self._routes[key] = _one_line(error)
            except Exception as error:  # odd names and extensions in certificates raise what they like
                self._routes[key] = f"{type(error).__name__}: {_one_line(error)}"
        return self._routes[key]

    def _route(self, path: ValidationPath) -> _Route:
        certificates = list(path.iter_certs(include_root=False))
        root = getattr(path.trust_anchor.authority, "certificate", None)
        steps = tuple(reversed(certificates)) or ((root,) if root is not None else ())
        problem: str | None = None
        detail: str | None = None
        inside = _common(certificates)
        if certificates and inside is not None:
            try:
                finished(async_validate_path(self.context(inside), path, self._inputs()))
            except DisallowedAlgorithmError as error:
                problem, detail = "weak-algorithm", _one_line(error)
            except PathValidationError as error:
                detail = _one_line(error)
                problem = next((code for words, code in _WORDS if words in detail), "constraints")
            except Exception as error:
                problem, detail = "constraints", f"{type(error).__name__}: {_one_line(error)}"
        if problem is None and certificates:
            problem, detail = _not_understood(certificates[-1])
        return _Route(path, steps, root, problem, detail)

    def _inputs(self) -> PKIXValidationParams:
        wanted = self.anchors.constraints
        return PKIXValidationParams(
            user_initial_policy_set=frozenset("any_policy" if p == ANY_POLICY else p for p in wanted.policies),
            initial_explicit_policy=wanted.explicit_policy,
            initial_policy_mapping_inhibit=wanted.inhibit_mapping,
            initial_any_policy_inhibit=wanted.inhibit_any_policy,
        )

    def _at(self, route: _Route, moment: datetime, purpose: Purpose) -> Judged:
        problem, detail, when = route.problem, route.detail, None
        if problem is None:
            for step in route.steps:
                problem, when = outside(step, moment)
                if problem is not None:
                    detail = f"{_friendly(step.subject)}: {when:%Y-%m-%d}" if when else None
                    break
        if problem is None and not _may(route.steps[0], purpose):
            problem, detail = "key-usage", f"the certificate is not meant for {purpose}"
        if problem is None and len(list(route.path.iter_certs(include_root=False))):
            weak = next((w for w in map(weak_certificate, route.steps) if w), None) or _weak_key(
                route.steps[1:], moment
            )
            if weak:
                problem, detail = "weak-algorithm", weak
        anchored = problem != "no-path"
        return Judged(anchored, problem, detail, route.steps, route.root if anchored else None, route.path, when)

    def _shown(self, leaf: Any) -> tuple[Any, ...]:
        """The chain as the document offers it, by names only: for the reader, proving nothing."""
        chain = [leaf]
        while len(chain) < 8 and (issuer := name_key(chain[-1].issuer)) != name_key(chain[-1].subject):
            above = next(
                (c for c in self.certificates.values() if name_key(c.subject) == issuer and c not in chain), None
            )
            if above is None:
                break
            chain.append(above)
        return tuple(chain)


@dataclass(frozen=True, eq=False)
class _Trust:
    """Anchors, parsed once for all documents: by their DER, and by name."""

    roots: dict[bytes, Any]
    anchors: dict[bytes, list[Anchor]]
    names: dict[str, list[Any]]

    def near(self, certificates: Iterable[Any]) -> list[Any]:
        """The roots that certificates name as their issuer, or that are among them: lists of trust hold thousands."""
        wanted = {name_key(name) for cert in certificates for name in (cert.issuer, cert.subject)}
        return [root for name in sorted(wanted) for root in self.names.get(name, ())]


@lru_cache(maxsize=8)
def _trust(anchors: TrustAnchors) -> _Trust:
    found = _Trust({}, {}, {})
    for purpose in ("signing", "time-stamping"):
        for anchor in anchors.of(purpose):
            known = found.anchors.setdefault(anchor.certificate, [])
            if anchor not in known:
                known.append(anchor)
    for der in list(found.anchors):
        try:
            root = certificate(der)
            name = name_key(root.subject)
        except (ValueError, TypeError):
            continue
        if root.dump() != der:  # bytes after the certificate
            found.anchors[root.dump()] = found.anchors[der]
        found.roots[root.dump()] = root
        found.names.setdefault(name, []).append(root)
    return found


def _contained_crls(crls: Sequence[Any]) -> Sequence[Any]:
    from pyhanko_certvalidator.revinfo.archival import CRLContainer

    return [CRLContainer(one) for one in crls]


def _contained_ocsps(ocsps: Sequence[Any]) -> Sequence[Any]:
    from pyhanko_certvalidator.revinfo.archival import OCSPContainer

    return [part for one in ocsps for part in OCSPContainer.load_multi(one)]


def _common(certificates: Sequence[Any]) -> datetime | None:
    """A moment in the validity of all of them; None where there is none."""
    periods = [validity(c) for c in certificates]
    if any(p[0] is None or p[1] is None for p in periods):
        return None
    begin = max((t for before, _ in periods if (t := _aware(before)) is not None), default=_NEVER)
    end = min((t for _, after in periods if (t := _aware(after)) is not None), default=_NEVER)
    return begin if begin <= end else None


def outside(cert: Any, moment: datetime) -> tuple[str | None, datetime | None]:
    """Whether a moment lies outside of a certificate's validity, and the border that it crosses."""
    before, after = (_aware(t) for t in validity(cert))
    if after is not None and moment > after + _SECOND:
        return "expired", after
    if before is not None and moment < before - _SECOND:
        return "not-yet-valid", before
    return None, None


def _not_understood(leaf: Any) -> tuple[str | None, str | None]:
    """A critical extension of the end entity's that nobody understands (RFC 5280, 4.2)."""
    try:
        unknown = sorted(set(leaf.critical_extensions) - _UNDERSTOOD)
    except (ValueError, TypeError):
        return "constraints", "its extensions cannot be read"
    return ("constraints", f"a critical extension is not understood: {unknown[0]}") if unknown else (None, None)


def _may(leaf: Any, purpose: str) -> bool:
    """The leaf's key usage: digitalSignature or contentCommitment to sign, id-kp-timeStamping to stamp (RFC 3161, 2.3)."""
    try:
        if purpose == "time-stamping":
            extended = leaf.extended_key_usage_value
            return extended is not None and "time_stamping" in extended.native
        usage, extended = leaf.key_usage_value, leaf.extended_key_usage_value
        if extended is not None and extended.native and set(extended.native) <= _OTHER_PURPOSES:
            return False
        return usage is None or bool({"digital_signature", "non_repudiation"} & set(usage.native))
    except (ValueError, TypeError):
        return False


def _weak_key(authorities: Sequence[Any], moment: datetime) -> str | None:
    """Whether an authority between the signer and the anchor has a key that is too short for a moment."""
    for cert in authorities:
        try:
            kind = {"rsassa_pss": "rsa", "ec": "ecdsa"}.get(cert.public_key.algorithm, cert.public_key.algorithm)
        except (ValueError, TypeError, KeyError):
            continue
        found = weak(None, kind, key_bits(cert), moment)
        if found:
            return f"an authority of the path has a key that is too short ({found[0]})"
    return None


def finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits: nothing is fetched, so no event loop is needed (nor disturbed)."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("an offline validation waited for something")


def validity(cert: Any) -> tuple[datetime | None, datetime | None]:
    try:
        span = cert["tbs_certificate"]["validity"]
        return span["not_before"].native, span["not_after"].native
    except Exception:  # asn1crypto raises what it likes on odd certificates
        return None, None


def name_key(name: Any) -> str:
    """A name in the form in which RFC 5280, 7.1 compares it; preparing it is slow, so each is prepared once."""
    return _prepared(name.dump())


@lru_cache(maxsize=4096)
def _prepared(der: bytes) -> str:
    try:
        return str(x509.Name.load(der).hashable)
    except Exception:
        return der.hex()


def described(cert: Any) -> evidence.Certificate:
    """A certificate's facts for the reader."""
    return _described(cert.dump())


@lru_cache(maxsize=1024)
def _described(der: bytes) -> evidence.Certificate:
    from verify.core.document import digest

    cert = certificate(der)
    names = _names(cert.subject)
    before, after = validity(cert)
    try:
        usage = tuple(sorted(cert.key_usage_value.native)) if cert.key_usage_value is not None else ()
    except Exception:
        usage = ()
    return evidence.Certificate(
        subject=_friendly(cert.subject),
        common_name=names.get("common_name"),
        organisation=names.get("organization_name"),
        organisation_id=names.get("organization_identifier") or names.get("serial_number"),
        issuer=_friendly(cert.issuer),
        serial=format(cert.serial_number, "x"),
        not_before=_aware(before),
        not_after=_aware(after),
        sha256=digest(der),
        key_usage=usage,
        self_signed=name_key(cert.issuer) == name_key(cert.subject),
    )


def _aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def _names(name: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for relative in name.chosen:
            for part in relative:
                found.setdefault(str(part["type"].native), str(part["value"].native))
    except Exception:  # noqa: S110 - names may be anything
        pass
    return found


def _friendly(name: Any) -> str:
    try:
        return str(name.human_friendly)
    except Exception:
        return "unreadable name"


def key_bits(cert: Any) -> int | None:
    try:
        key = mended_key(cert.public_key)
        if key.algorithm in ("ed25519", "ed448", "mldsa44", "mldsa65", "mldsa87"):
            return {"ed25519": 256, "ed448": 456}.get(key.algorithm)
        return int(key.bit_size)
    except Exception:  # unknown curves, math domain errors
        return None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]

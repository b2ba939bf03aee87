"""Certificate paths: from a signer's or an authority's certificate to a configured anchor, at a given moment.

Paths are built and validated by pyhanko-certvalidator (RFC 5280, 6.1) without any network: the anchors are the
caller's, the rest comes out of the document. Revocation is judged step by step in revocation.py, so that each
step's facts stand in the evidence.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    NotYetValidError,
    PathBuildingError,
    PathValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, AcceptAllAlgorithms, CertRevTrustPolicy
from pyhanko_certvalidator.validate import async_validate_path

from verify.signatures import evidence
from verify.signatures.algorithms import weak_certificate
from verify.signatures.containers import certificate, mended_key
from verify.stores.trust import TrustAnchors

_MOST_PATHS = 6
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
    "revoked",
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


@dataclass(eq=False)
class Paths:
    """The paths of one file's certificates; each (certificate, moment, purpose) is judged once."""

    anchors: TrustAnchors
    certificates: dict[bytes, Any] = field(default_factory=dict)  # by digest of the DER
    crls: dict[bytes, Any] = field(default_factory=dict)
    ocsps: dict[bytes, Any] = field(default_factory=dict)
    _roots: list[Any] = field(default_factory=list)
    _judged: dict[tuple[bytes, datetime, str], Judged] = field(default_factory=dict)
    _contexts: dict[datetime, ValidationContext] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for der in self.anchors.certificates:
            try:
                self._roots.append(certificate(der))
            except (ValueError, TypeError):
                continue

    def add(self, certificates: Iterable[Any] = (), crls: Iterable[Any] = (), ocsps: Iterable[Any] = ()) -> None:
        """Material out of the document: candidates, trusted for nothing."""
        for shelf, items in ((self.certificates, certificates), (self.crls, crls), (self.ocsps, ocsps)):
            for item in items:
                key = item.dump()
                if key not in shelf:
                    shelf[key] = item
                    self._judged.clear()
                    self._contexts.clear()

    def context(self, moment: datetime) -> ValidationContext:
        if moment not in self._contexts:
            self._contexts[moment] = ValidationContext(
                trust_roots=self._roots,
                other_certs=list(self.certificates.values()),
                moment=moment,
                crls=list(self.crls.values()),
                ocsps=list(self.ocsps.values()),
                allow_fetching=False,
                revinfo_policy=CertRevTrustPolicy(NO_REVOCATION, retroactive_revinfo=True),
                algorithm_usage_policy=AcceptAllAlgorithms(),
            )
        return self._contexts[moment]

    def judge(self, leaf: Any, moment: datetime, *, purpose: str = "signing") -> Judged:
        """The best path of a certificate at a moment. `purpose`: signing or time-stamping."""
        key = (leaf.dump(), moment, purpose)
        if key not in self._judged:
            self._judged[key] = self._judge(leaf, moment, purpose)
        return self._judged[key]

    def _judge(self, leaf: Any, moment: datetime, purpose: str) -> Judged:
        if not self._roots:
            return Judged(False, "no-anchors", None, self._shown(leaf), None, None)
        context = self.context(moment)
        try:
            candidates = context.path_builder.build_paths(leaf)[:_MOST_PATHS]
        except PathBuildingError as error:
            return Judged(False, "no-path", _one_line(error), self._shown(leaf), None, None)
        except Exception as error:  # odd names and extensions in certificates raise what they like
            return Judged(
                False, "no-path", f"{type(error).__name__}: {_one_line(error)}", self._shown(leaf), None, None
            )
        judged = [self._validate(path, context, moment, purpose) for path in candidates]
        good = [j for j in judged if j.problem is None]
        return good[0] if good else min(judged, key=lambda j: _ORDER.index(j.problem or "no-path"))

    def _validate(self, path: ValidationPath, context: ValidationContext, moment: datetime, purpose: str) -> Judged:
        certificates = list(path.iter_certs(include_root=False))
        root = getattr(path.trust_anchor.authority, "certificate", None)
        steps = tuple(reversed(certificates)) or ((root,) if root is not None else ())
        problem: str | None = None
        detail: str | None = None
        when: datetime | None = None
        try:
            finished(async_validate_path(context, path))
            if not certificates:  # the anchor itself signed: RFC 5280 asks nothing of it, the reader does
                problem, when = _outside(root, moment)
        except ExpiredError as error:
            problem, detail, when = "expired", _one_line(error), error.expired_dt
        except NotYetValidError as error:
            problem, detail, when = "not-yet-valid", _one_line(error), error.valid_from
        except DisallowedAlgorithmError as error:
            problem, detail = "weak-algorithm", _one_line(error)
        except PathValidationError as error:
            detail = _one_line(error)
            problem = next((code for words, code in _WORDS if words in detail), "constraints")
        except Exception as error:
            problem, detail = "constraints", f"{type(error).__name__}: {_one_line(error)}"
        if problem is None and not _may(steps[0], purpose):
            problem, detail = "key-usage", f"the certificate is not meant for {purpose}"
        if problem is None:
            weak = next((w for w in map(weak_certificate, steps) if w), None)
            if weak and certificates:
                problem, detail = "weak-algorithm", weak
        anchored = problem != "no-path"
        return Judged(anchored, problem, detail, steps, root if anchored else None, path, when)

    def _shown(self, leaf: Any) -> tuple[Any, ...]:
        """The chain as the document offers it, by names only: for the reader, proving nothing."""
        chain = [leaf]
        while len(chain) < 8 and chain[-1].issuer != chain[-1].subject:
            above = next(
                (c for c in self.certificates.values() if c.subject == chain[-1].issuer and c not in chain), None
            )
            if above is None:
                break
            chain.append(above)
        return tuple(chain)


def _outside(cert: Any, moment: datetime) -> tuple[str | None, datetime | None]:
    before, after = validity(cert)
    if after is not None and moment > after:
        return "expired", after
    if before is not None and moment < before:
        return "not-yet-valid", before
    return None, None


def _may(leaf: Any, purpose: str) -> bool:
    """The leaf's key usage: digitalSignature or contentCommitment to sign, id-kp-timeStamping to stamp (RFC 3161, 2.3)."""
    try:
        if purpose == "time-stamping":
            extended = leaf.extended_key_usage_value
            return extended is not None and "time_stamping" in extended.native
        usage = leaf.key_usage_value
        return usage is None or bool({"digital_signature", "non_repudiation"} & set(usage.native))
    except (ValueError, TypeError):
        return False


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
    except (ValueError, TypeError):
        return None, None


def described(cert: Any) -> evidence.Certificate:
    """A certificate's facts for the reader."""
    from verify.core.document import digest

    names = _names(cert.subject)
    before, after = validity(cert)
    try:
        usage = tuple(sorted(cert.key_usage_value.native)) if cert.key_usage_value is not None else ()
    except (ValueError, TypeError):
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
        sha256=digest(cert.dump()),
        key_usage=usage,
        self_signed=bool(cert.issuer == cert.subject),
    )


def _aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def _names(name: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for relative in name.chosen:
            for part in relative:
                found.setdefault(str(part["type"].native), str(part["value"].native))
    except (ValueError, TypeError):
        pass
    return found


def _friendly(name: Any) -> str:
    try:
        return str(name.human_friendly)
    except (ValueError, TypeError):
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

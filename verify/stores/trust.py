"""Trust anchors: which certificates are trusted, for what, on whose word; read from folders of PEM or DER.

Profiles (trustprofile.py) and the store of an installation (truststore.py) build on these.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from verify.core.document import digest
from verify.core.errors import UsageError

_PEM = re.compile(rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----.+?-----END (?:TRUSTED )?CERTIFICATE-----", re.DOTALL)
_BEGINS = re.compile(rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----")
_SUFFIXES = {".pem", ".crt", ".cer", ".der"}
# So many lists are each told in the provenance; of more, the first and a summary.
_LISTS_TOLD = 3

Purpose = Literal["signing", "time-stamping"]
PURPOSES: frozenset[Purpose] = frozenset({"signing", "time-stamping"})
ANY_POLICY = "2.5.29.32.0"


@dataclass(frozen=True)
class Anchor:
    """One certificate that is trusted, for what and on whose word. `since`, `until`: when its status held, if bounded.

    `qualified`: whether a trusted list has it as a qualified service (eIDAS); None where no list vouches. That the
    service is qualified does not make each of its certificates so: that also depends on what the certificate says.
    """

    certificate: bytes  # DER
    purposes: frozenset[Purpose] = PURPOSES
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None
    qualified: bool | None = None
    territory: str | None = None


@dataclass(frozen=True)
class PathConstraints:
    """What every path must satisfy beyond RFC 5280's defaults: the user's inputs of 6.1.1 (c) to (g)."""

    policies: frozenset[str] = frozenset({ANY_POLICY})
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any_policy: bool = False


@dataclass(frozen=True)
class ListFacts:
    """A trusted list that anchors were taken from. `sha256` of its bytes; `next_update` None: the list was closed."""

    name: str
    sha256: str
    sequence: int
    issued: datetime
    next_update: datetime | None
    fetched: datetime

    def stale(self, now: datetime) -> bool:
        """Whether its operator promised a newer one before `now`; of a closed list no newer one will come."""
        return self.next_update is None or self.next_update < now

    @property
    def due(self) -> str:
        return f"due {self.next_update:%Y-%m-%d}" if self.next_update else "closed"


@dataclass(frozen=True)
class TrustAnchors:
    """Root certificates as DER. `name` is for people, `digest` for the report's provenance.

    `anchors` says more of each; without it all `certificates` are trusted for everything. `lists`: where anchors came
    from trusted lists; `remarks`: what a reader has to know of them, as that one is stale.
    """

    name: str
    certificates: Sequence[bytes]
    anchors: Sequence[Anchor] = ()
    constraints: PathConstraints = PathConstraints()
    lists: Sequence[ListFacts] = ()
    remarks: Sequence[str] = ()

    @property
    def every(self) -> tuple[Anchor, ...]:
        return tuple(self.anchors) or tuple(Anchor(der) for der in self.certificates)

    def of(self, purpose: Purpose) -> tuple[Anchor, ...]:
        """What is trusted for a purpose."""
        return tuple(a for a in self.every if purpose in a.purposes)

    @property
    def digest(self) -> str:
        """SHA-256 over all that may change an answer; the same for the same content, wherever it was read from."""
        content = b"".join(sorted(set(self.certificates)))
        more = sorted({line for a in self.every if (line := _limits(a))})
        if self.constraints != PathConstraints():
            c = self.constraints
            more.append(f"{sorted(c.policies)} {c.explicit_policy} {c.inhibit_mapping} {c.inhibit_any_policy}")
        return digest(content + "\n".join(more).encode())

    @property
    def described(self) -> str:
        """One line for the provenance: name, number and digest of the anchors, the lists' dates, what is to be known."""
        if not self.certificates:
            return "none"
        parts = [f"{len(set(self.certificates))} roots, {self.digest[:16]}"]
        if self.lists:
            parts.append(_lists_told(self.lists))
        return f"{self.name} ({'; '.join([*parts, *self.remarks])})"


NO_ANCHORS = TrustAnchors("none", ())


def _limits(anchor: Anchor) -> str:
    """What bounds an anchor's trust, in one line; empty where it is trusted for everything, always."""
    if (anchor.purposes, anchor.since, anchor.until, anchor.qualified) == (PURPOSES, None, None, None):
        return ""
    since, until = (t.isoformat() if t else "" for t in (anchor.since, anchor.until))
    return f"{digest(anchor.certificate)} {sorted(anchor.purposes)} {since} {until} {anchor.qualified}"


def _lists_told(lists: Sequence[ListFacts]) -> str:
    shown = lists if len(lists) <= _LISTS_TOLD else lists[:1]
    told = ", ".join(f"{one.name} {one.sha256[:16]} of {one.issued:%Y-%m-%d}, {one.due}" for one in shown)
    rest = lists[len(shown) :]
    if not rest:
        return f"lists: {told}"
    all_of_them = digest("".join(sorted(one.sha256 for one in rest)).encode())
    due = min((one.next_update for one in rest if one.next_update), default=None)
    first = f", the first due {due:%Y-%m-%d}" if due else ""
    return f"lists: {told}, and {len(rest)} more {all_of_them[:16]}{first}"


def anchors_from(folders: Sequence[Path]) -> TrustAnchors:
    """Every certificate of the folders or files given, trusted for everything.

    Raises UsageError: trust-missing, trust-empty when one holds none, trust-unreadable.
    """
    found: dict[str, bytes] = {}
    for folder in folders:
        found.update((digest(der), der) for der in certificates_in(folder))
    return TrustAnchors(", ".join(f.name for f in folders), tuple(found[k] for k in sorted(found)))


def certificates_in(place: Path) -> list[bytes]:
    """The certificates of a file or of a folder's files, DER. Raises UsageError as anchors_from does."""
    if not place.exists():
        raise UsageError("trust-missing", f"{place} does not exist", "Name a folder of root certificates (PEM or DER).")
    here = [der for file in certificate_files(place) for der in certificates_of(file)]
    if not here:
        raise UsageError(
            "trust-empty", f"{place} holds no certificate", "Put the roots there as .pem, .crt, .cer or .der files."
        )
    return here


def certificate_files(place: Path) -> list[Path]:
    """The file itself, else the folder's files that may hold certificates, in the order of their names."""
    if place.is_file():
        return [place]
    return sorted(p for p in place.rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file())


def certificates_of(file: Path) -> list[bytes]:
    """The certificates of one file; what is neither PEM nor a DER certificate (a list, a key) gives none.

    Raises UsageError trust-unreadable: a file that cannot be opened, or one that says CERTIFICATE and holds none: passed
    over in silence, a root would be missing that everybody believes to be there.
    """
    try:
        data = file.read_bytes()
        if b"-----BEGIN" not in data:
            return [der for der in [_certificate(data)] if der is not None]
        blocks = [b.replace(b"TRUSTED CERTIFICATE", b"CERTIFICATE") for b in _PEM.findall(data)]
        found = [_certificate(ssl.PEM_cert_to_DER_cert(block.decode("ascii"))) for block in blocks]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError("trust-unreadable", f"{file}: {reason}", "Correct or remove the file.") from error
    whole = [der for der in found if der is not None]
    if len(whole) != len(_BEGINS.findall(data)):
        raise UsageError("trust-unreadable", f"{file}: a certificate in it is damaged", "Correct or remove the file.")
    return whole


def is_certificate(der: bytes) -> bool:
    return _certificate(der) is not None


def _certificate(der: bytes) -> bytes | None:
    """The certificate as its own bytes (OpenSSL's "trusted" form appends what OpenSSL thinks of it), or None.

    asn1crypto reads also what stricter readers refuse (negative serial numbers), and such roots are in use.
    """
    from asn1crypto import x509

    try:
        read = x509.Certificate.load(der)
        body = read["tbs_certificate"]
        _ = body["subject"].native, body["validity"].native, body["subject_public_key_info"]["algorithm"].native
        return bytes(read.dump())
    except (ValueError, TypeError, KeyError):
        return None


def merged(name: str, parts: Iterable[TrustAnchors]) -> TrustAnchors:
    """Several sets of anchors as one. Raises UsageError trust-constraints where two ask different things of a path."""
    given = list(parts)
    demands = [p.constraints for p in given if p.constraints != PathConstraints()]
    if any(d != demands[0] for d in demands):
        raise UsageError(
            "trust-constraints",
            f"{name}: two profiles ask different things of a certificate path",
            "Name one of them, or write one profile with the [paths] that you mean.",
        )
    anchors = _joined(a for part in given for a in part.every)
    return TrustAnchors(
        name,
        certificates_sorted(anchors),
        anchors,
        demands[0] if demands else PathConstraints(),
        tuple(dict.fromkeys(one for part in given for one in part.lists)),
        tuple(dict.fromkeys(r for part in given for r in part.remarks)),
    )


def certificates_sorted(anchors: Iterable[Anchor]) -> tuple[bytes, ...]:
    found = {digest(a.certificate): a.certificate for a in anchors}
    return tuple(found[k] for k in sorted(found))


def _joined(anchors: Iterable[Anchor]) -> tuple[Anchor, ...]:
    """Each certificate once per source and time, with all its purposes; in the order of the certificates' digests."""
    found: dict[tuple[object, ...], Anchor] = {}
    for one in anchors:
        bounds = (one.since, one.until, one.qualified, one.territory)
        key = (one.certificate, *bounds, one.source if one.territory else "")
        before = found.get(key)
        if before is None:
            found[key] = one
        else:
            found[key] = Anchor(one.certificate, before.purposes | one.purposes, before.source, *bounds)
    return tuple(sorted(found.values(), key=_order))


def _order(anchor: Anchor) -> tuple[str, str, str]:
    return digest(anchor.certificate), anchor.since.isoformat() if anchor.since else "", anchor.source


def described_limits(anchor: Anchor) -> Iterator[str]:
    """An anchor's bounds in words, for a list."""
    if anchor.since:
        yield f"since {anchor.since:%Y-%m-%d}"
    if anchor.until:
        yield f"until {anchor.until:%Y-%m-%d}"
    if anchor.qualified is not None:
        yield "qualified" if anchor.qualified else "not qualified"

"""Trust anchors: folders of root certificates in PEM or DER; each says what it is trusted for."""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from verify.core.document import digest
from verify.core.errors import UsageError

_PEM = re.compile(rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----.+?-----END (?:TRUSTED )?CERTIFICATE-----", re.DOTALL)
_SUFFIXES = {".pem", ".crt", ".cer", ".der"}


Purpose = Literal["signing", "time-stamping"]
ANY_POLICY = "2.5.29.32.0"


@dataclass(frozen=True)
class Anchor:
    """One certificate that is trusted, for what and on whose word. `since`, `until`: when its status held, if bounded."""

    certificate: bytes  # DER
    purposes: frozenset[Purpose] = frozenset({"signing", "time-stamping"})
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class PathConstraints:
    """What every path must satisfy beyond RFC 5280's defaults: the user's inputs of 6.1.1 (c) to (g)."""

    policies: frozenset[str] = frozenset({ANY_POLICY})
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any_policy: bool = False


@dataclass(frozen=True)
class TrustAnchors:
    """Root certificates as DER. `name` is for people, `digest` for the report's provenance.

    `anchors` says more of each; without it all `certificates` are trusted for everything.
    """

    name: str
    certificates: Sequence[bytes]
    anchors: Sequence[Anchor] = ()
    constraints: PathConstraints = PathConstraints()

    def of(self, purpose: Purpose) -> tuple[Anchor, ...]:
        """What is trusted for a purpose."""
        every = self.anchors or tuple(Anchor(der) for der in self.certificates)
        return tuple(a for a in every if purpose in a.purposes)

    @property
    def described(self) -> str:
        if not self.certificates:
            return "none"
        return f"{self.name} ({len(self.certificates)} roots, {digest(b''.join(sorted(self.certificates)))[:16]})"


NO_ANCHORS = TrustAnchors("none", ())


def anchors_from(folders: Sequence[Path]) -> TrustAnchors:
    """Every certificate of the folders or files given; raises UsageError when one holds none."""
    found: dict[str, bytes] = {}
    for folder in folders:
        if not folder.exists():
            raise UsageError(
                "trust-missing", f"{folder} does not exist", "Name a folder of root certificates (PEM or DER)."
            )
        files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)
        here = [der for file in files for der in _certificates(file)]
        if not here:
            raise UsageError(
                "trust-empty",
                f"{folder} holds no certificate",
                "Put the roots there as .pem, .crt, .cer or .der files.",
            )
        found.update((digest(der), der) for der in here)
    return TrustAnchors(", ".join(f.name for f in folders), tuple(found[k] for k in sorted(found)))


def _certificates(file: Path) -> list[bytes]:
    data = file.read_bytes()
    if b"-----BEGIN" in data:
        blocks = [b.replace(b"TRUSTED CERTIFICATE", b"CERTIFICATE") for b in _PEM.findall(data)]
        return [ssl.PEM_cert_to_DER_cert(block.decode("ascii", "ignore")) for block in blocks]
    return [data] if data[:1] == b"\x30" else []

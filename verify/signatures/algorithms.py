"""Which algorithms are strong enough, by date.

NIST SP 800-131A Rev. 2 disallows SHA-1 and keys under 112 bits (RSA and DSA 2048, EC 224) for signatures after
2013; MD5 fell to collisions in 2004 (Wang et al.). Certificates: chosen prefixes for SHA-1 were shown in 2020 and
the industry stopped issuing in 2016, so a later SHA-1 certificate is a sign of forgery.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

_UNTIL = {
    "md2": datetime(2004, 8, 17, tzinfo=UTC),
    "md5": datetime(2004, 8, 17, tzinfo=UTC),
    "sha1": datetime(2014, 1, 1, tzinfo=UTC),
    "short-key": datetime(2014, 1, 1, tzinfo=UTC),
}
_SHA1_ISSUING_ENDED = datetime(2017, 1, 1, tzinfo=UTC)


def weak(digest: str | None, signature: str | None, bits: int | None, moment: datetime) -> tuple[str, ...]:
    """The names among a signature's algorithms that are not strong at a moment."""
    found = []
    if digest in _UNTIL and moment >= _UNTIL[digest]:
        found.append(digest)
    if bits is not None and signature is not None and moment >= _UNTIL["short-key"]:
        least = (
            224 if signature in ("ecdsa", "ed25519", "ed448") else 2048 if signature.startswith(("rsa", "dsa")) else 0
        )
        if bits < least:
            found.append(f"{signature}-{bits}")
    return tuple(found)


def until(name: str) -> datetime | None:
    """The moment at which one of `weak`'s names stopped to be strong."""
    return _UNTIL.get(name, _UNTIL["short-key"])


def weak_certificate(cert: Any) -> str | None:
    """Why a certificate's own signature proves nothing; None where it does."""
    try:
        name = cert["signature_algorithm"].hash_algo
    except (ValueError, KeyError):
        return None
    issued = cert["tbs_certificate"]["validity"]["not_before"].native
    if name in ("md2", "md5"):
        return f"a certificate of the path is signed with {name}"
    if name == "sha1" and issued >= _SHA1_ISSUING_ENDED and cert.issuer != cert.subject:
        return "a certificate of the path was signed with SHA-1 after 2016"
    return None


def hashed(name: str, *pieces: bytes | memoryview) -> bytes:
    """A digest by our name of its algorithm. SHAKE256 gives 64 bytes, as Ed448 wants it (RFC 8419, 2.3)."""
    if name == "shake256":
        sponge = hashlib.shake_256()
        for piece in pieces:
            sponge.update(piece)
        return sponge.digest(64)
    hasher = hashlib.new(name)
    for piece in pieces:
        hasher.update(piece)
    return hasher.digest()

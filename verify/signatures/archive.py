"""CAdES archive timestamps (EN 319 122-1, 5.5.3): a stamp inside a container over all that proves its signature.

archive-time-stamp-v3 covers the content, the SignerInfo and, by a list of hashes (ats-hash-index-v3, or the older
ats-hash-index), the certificates, lists and unsigned attributes that were there when it was set. Neither asn1crypto
nor pyHanko knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from asn1crypto import algos, cms, core

from verify.signatures import containers
from verify.signatures.algorithms import hashed
from verify.signatures.containers import Integrity, Malformed, Signer

Digest = Callable[[str], bytes]

ARCHIVE_TIME_STAMP_V3 = "0.4.0.1733.2.4"
HASH_INDEX_V3 = "0.4.0.19122.1.5"
HASH_INDEX = "0.4.0.1733.2.5"


class _Hashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.OctetString


class HashIndex(core.Sequence):  # type: ignore[misc]
    """ATSHashIndexV3 (EN 319 122-1, 5.5.2)."""

    _fields = [  # noqa: RUF012 - a list, since asn1crypto completes it in place
        ("algorithm", algos.DigestAlgorithm),
        ("certificates", _Hashes),
        ("crls", _Hashes),
        ("attributes", _Hashes),
    ]


class _ShortHashIndex(core.Sequence):  # type: ignore[misc]
    """The older form may leave the algorithm out, which then is SHA-256; by their tags the two cannot be told apart."""

    _fields = [("certificates", _Hashes), ("crls", _Hashes), ("attributes", _Hashes)]  # noqa: RUF012


class _Parts(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.Any


@dataclass(frozen=True, eq=False)
class ArchiveStamp:
    """One archive timestamp: the token, whether it holds, and which certificates, lists and responses it covers."""

    token: Signer
    integrity: Integrity
    covered: Sequence[Any] = ()
    token_der: bytes = b""
    tokens: frozenset[bytes] = frozenset()  # the unsigned attributes' values that it covers, as DER


def stamps(signer: Signer, content: Digest) -> Iterator[ArchiveStamp | None]:
    """The archive timestamps of a SignerInfo, newest first; None for one that cannot be read."""
    found: list[ArchiveStamp] = []
    try:
        values = _values(signer.unsigned_attributes, ARCHIVE_TIME_STAMP_V3)
    except (ValueError, TypeError, KeyError, IndexError):  # an attribute that cannot be read
        values = []
    for value in values:
        try:
            token = containers.read_cms(value.dump(), "RFC3161")[0]
            found.append(replace(_checked(signer, token, content), token_der=value.dump()))
        except (Malformed, ValueError, TypeError, KeyError, IndexError):
            yield None
    yield from sorted(found, key=lambda s: s.token.time.timestamp() if s.token.time else 0.0, reverse=True)


def _checked(signer: Signer, token: Signer, content: Digest) -> ArchiveStamp:
    indexes = [(o, v) for o in (HASH_INDEX_V3, HASH_INDEX) for v in _values(token.unsigned_attributes, o)]
    if not indexes:
        raise Malformed("malformed", "an archive timestamp without its list of hashes")
    oid, raw = indexes[0]
    short = len(_Parts.load(raw.dump())) == 3
    index = (_ShortHashIndex if short else HashIndex).load(raw.dump())
    name = "sha256" if short else containers.digest_name(index["algorithm"])
    if name is None:
        return ArchiveStamp(token, Integrity(None, "unknown-algorithm"))
    present = {
        "certificates": {hashed(name, c): c for c in _encodings(signer.signed["certificates"])},
        "crls": {hashed(name, c): c for c in _encodings(signer.signed["crls"])},
        "attributes": {hashed(name, a): a for a in _attributes(signer.unsigned_attributes, oid)},
    }
    for part, known in present.items():
        if any(h.native not in known for h in index[part]):
            return ArchiveStamp(token, Integrity(False, "digest-mismatch", f"what it covers of the {part} is gone"))

    def imprint(algorithm: str) -> bytes:
        info = signer.info
        pieces = [signer.content["content_type"].dump(), content(algorithm)]
        pieces += [info[f].dump() for f in ("version", "sid", "digest_algorithm")]
        pieces += [info[f].dump() for f in ("signed_attrs", "signature_algorithm", "signature")]
        return hashed(algorithm, *pieces, raw.dump())

    listed = {h.native for part in ("certificates", "crls") for h in index[part]}
    covered = [item for item in (*signer.certificates, *signer.crls) if hashed(name, item.dump()) in listed]
    hashes = {h.native for h in index["attributes"]}
    tokens = {
        value.dump()
        for a in signer.unsigned_attributes or ()
        for value in a["values"]
        if hashed(name, a.dump() if oid == HASH_INDEX else a["type"].dump() + value.dump()) in hashes
    }
    return ArchiveStamp(token, containers.check(token, imprint), covered, tokens=frozenset(tokens))


def _encodings(choices: Any) -> Iterator[bytes]:
    if choices is core.VOID or not choices:
        return
    for choice in choices:
        yield choice.dump()


def _attributes(attributes: Any, oid: str) -> Iterator[bytes]:
    """What is hashed of the unsigned attributes: type and value of each value (v3), or the whole attribute."""
    for attribute in attributes or ():
        if oid == HASH_INDEX:
            yield attribute.dump()
        else:
            for value in attribute["values"]:
                yield attribute["type"].dump() + value.dump()


def _values(attributes: Any, oid: str) -> list[Any]:
    if attributes is None:
        return []
    return [value for a in attributes if a["type"].dotted == oid for value in a["values"]]


def set_of(values: Sequence[Any], oid: str) -> cms.CMSAttribute:
    """An attribute that asn1crypto does not know, by its number: for the simulation."""
    return cms.CMSAttribute({"type": oid, "values": list(values)})

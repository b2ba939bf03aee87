"""ASiC manifests: which files of a container a signature or timestamp over the manifest protects (EN 319 162-1, A.4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from posixpath import normpath
from urllib.parse import unquote

from lxml import etree

from verify.signatures.algorithms import hashed
from verify.signatures.containers import Integrity

_ALGORITHMS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmldsig-more#sha224": "sha224",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-224": "sha3_224",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-256": "sha3_256",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-384": "sha3_384",
    "http://www.w3.org/2007/05/xmldsig-more#sha3-512": "sha3_512",
}


@dataclass(frozen=True)
class Reference:
    """A file of the container with the digest that it had. `algorithm`: our name; None where we do not know it."""

    name: str
    algorithm: str | None
    digest: bytes


@dataclass(frozen=True)
class Manifest:
    """`signature`: the container's file that holds the signature or timestamp over this manifest."""

    signature: str
    references: Sequence[Reference]

    def held(self, entries: Mapping[str, bytes]) -> tuple[frozenset[str], Integrity | None]:
        """The files that are as they were, and what is wrong with the first that is not."""
        kept: set[str] = set()
        fault: Integrity | None = None
        for reference in self.references:
            name = _entry(reference, entries)
            wrong = _wrong(reference, entries.get(name or ""))
            if wrong is None:
                kept.add(name or "")
            elif fault is None or (wrong.intact is False and fault.intact is None):
                fault = wrong
        return frozenset(kept), fault


def read_manifest(data: bytes) -> Manifest | None:
    """A manifest's references; None for XML that is none, or breaks the rules."""
    # A document type could define entities; no manifest needs one.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or data[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
        if _local(root) != "ASiCManifest":
            return None
        (signed,) = [e for e in root if _local(e) == "SigReference"]
        references = tuple(_reference(e) for e in root if _local(e) == "DataObjectReference")
        return Manifest(_name(signed.get("URI")), references)
    except (etree.XMLSyntaxError, ValueError, TypeError, binascii.Error):
        return None


def _reference(element: etree._Element) -> Reference:
    (method,) = [e for e in element if _local(e) == "DigestMethod"]
    (value,) = [e for e in element if _local(e) == "DigestValue"]
    digest = base64.b64decode("".join((value.text or "").split()), validate=True)
    return Reference(_name(element.get("URI")), _ALGORITHMS.get(method.get("Algorithm") or ""), digest)


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _name(uri: str | None) -> str:
    """The container's name of what a URI points to: relative to the container's root (EN 319 162-1, A.4)."""
    if not uri:
        raise ValueError("a reference without an address")
    return normpath(unquote(uri)).lstrip("/")


def _entry(reference: Reference, entries: Mapping[str, bytes]) -> str | None:
    """The entry that a reference means. Old packers wrote names in their country's code page, without saying which.

    Such a name cannot be read with certainty; where exactly one of them has the content that was signed, it is that.
    """
    if reference.name in entries:
        return reference.name
    if reference.name.isascii() or reference.algorithm is None:
        return None
    alike = [
        name
        for name, content in entries.items()
        if not name.isascii() and hashed(reference.algorithm, content) == reference.digest
    ]
    return alike[0] if len(alike) == 1 else None


def _wrong(reference: Reference, content: bytes | None) -> Integrity | None:
    if content is None:
        return Integrity(None, "signed-data-missing", f"{reference.name} is not in the container")
    if reference.algorithm is None:
        return Integrity(None, "unknown-algorithm", f"the digest of {reference.name}")
    if hashed(reference.algorithm, content) != reference.digest:
        return Integrity(False, "digest-mismatch", f"{reference.name} is not what was signed")
    return None

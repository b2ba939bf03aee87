"""Reading a trusted list (ETSI TS 119 612 v2) or a list of such lists, after checking who signed it.

    read_list(data, signers, now=…) → TrustList

The XML is read by lxml directly (listcontent.py). pyHanko has a reader of its own, but it needs xsdata and 5,000 lines
of generated classes for some dozen elements, reads with recovery, and keeps neither a list's next update nor its
number, on which freshness and protection against an older list rest.

Three rules hold throughout. The signers are certificates that the caller pins: what the signature carries itself
proves nothing. What is read is what signxml gives back as signed, never the file; and the signed element must be the
file's root, so that nothing is wrapped around a genuine list. Entities and document types are refused unread.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier

from verify.core.document import digest
from verify.core.errors import VerifyError
from verify.signatures.trustlists.content import ISSUED, ROOT, TrustList, content, malformed, moment

MOST_BYTES = 32 << 20  # the largest national list had some 10 MB (NV)
_CLOCKS_DIFFER = timedelta(days=1)

_DS = "{http://www.w3.org/2000/09/xmldsig#}"

_METHODS = frozenset(
    m
    for m in SignatureMethod
    if m.name.startswith(("RSA_", "ECDSA_", "SHA"))
    and not any(weak in m.name for weak in ("SHA1", "SHA224", "SHA3_224"))
)
_DIGESTS = frozenset(d for d in DigestAlgorithm if d.name not in ("SHA1", "SHA224", "SHA3_224"))
_TRANSFORMS = {
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
}


def read_list(data: bytes, signers: Sequence[bytes], *, now: datetime) -> TrustList:
    """Check and read a list. `signers`: DER; one of them must have signed it, and have been valid when it was issued.

    Raises VerifyError: trust-list-too-large, -malformed, -unsigned, -wrapped, -wrong-signer, -broken (signed by one of
    them, and changed since), -future. An overdue list is read: how old a list may be, the caller decides.
    """
    root = parsed(data)
    claimed = moment(root, ISSUED)
    if claimed is None:
        raise malformed("it has no time of issue")
    signed, signer = _verified(root, signers, claimed)
    found = content(signed, digest(data), digest(signer))
    if found.issued != claimed:  # the root is what was signed; said again where it is relied on
        raise _wrapped()
    if found.issued > now + _CLOCKS_DIFFER:
        raise VerifyError(
            "trust-list-future",
            f"the list of {found.territory} was issued in the future ({found.issued:%Y-%m-%d})",
            "Check this machine's clock.",
        )
    return found


def parsed(data: bytes) -> Any:
    """The root of a list, nothing checked but its form. Raises VerifyError trust-list-too-large, -malformed."""
    if len(data) > MOST_BYTES:
        raise VerifyError(
            "trust-list-too-large",
            f"the list has {len(data)} bytes, more than {MOST_BYTES}",
            "Check the address; trusted lists are smaller.",
        )
    # TS 119 612 has lists in UTF-8 only; reading others would let a document type hide from the search below.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise malformed("it has a document type, which lists may not have")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise malformed(f"it is no well-formed XML ({_line(error)})") from error
    if root.tag != ROOT:
        raise malformed("it is no TrustServiceStatusList")
    return root


def _verified(root: Any, signers: Sequence[bytes], issued: datetime) -> tuple[Any, bytes]:
    """What was signed, as signxml gives it back, and by which of the pinned certificates."""
    signatures = root.findall(f"{_DS}Signature")
    if len(signatures) != 1:
        raise VerifyError(
            "trust-list-unsigned",
            f"the list has {len(signatures)} signatures at its top level, and one is asked for",
            "Check the address; a trusted list is signed by its operator.",
        )
    embedded = _embedded(signatures[0])
    config = XAdESSignatureConfiguration(
        location="./",
        expect_references=True,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=issued,
        # Where a reference does not say, XML Signature means this one (4.4.3.2); signxml would take 1.1.
        default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    why: list[str] = []
    for der in sorted(
        signers, key=lambda der: der not in embedded
    ):  # the likely one first: each try reads the whole list
        try:
            certificate = x509.load_der_x509_certificate(der)
            results = XAdESVerifier().verify(root, x509_cert=certificate, expect_config=config)
        except (SignXMLException, etree.LxmlError, UnsupportedAlgorithm, ValueError, TypeError, KeyError,
                AttributeError, AssertionError) as error:  # fmt: skip
            why.append(f"{digest(der)[:16]}: {_line(error)}")
            continue
        return _the_root(results, root), der
    if any(der in embedded for der in signers):
        raise VerifyError(
            "trust-list-broken",
            f"the list's signature does not hold ({'; '.join(why)})",
            "Fetch it again; if it stays so, tell the list's operator, and do not use it.",
        )
    by = ", ".join(digest(der) for der in embedded) or "a certificate that it does not show"
    raise VerifyError(
        "trust-list-wrong-signer",
        f"the list was signed by {by}, which is none of the {len(signers)} that may sign it",
        "If its operator has changed the signer, take the new certificate from the official source and compare this SHA-256.",
    )


def _embedded(signature: Any) -> list[bytes]:
    found = []
    for element in signature.findall(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate"):
        try:
            found.append(base64.b64decode(element.text or ""))
        except (binascii.Error, ValueError):
            continue
    return found


def _the_root(results: Sequence[Any], root: Any) -> Any:
    """The signed list, if it is the file's root and nothing else: an XML signature may point at any element."""
    lists = [r for r in results if r.signed_xml is not None and r.signed_xml.tag == ROOT]
    if len(lists) != 1:
        raise _wrapped()
    whole = {"", f"#{root.get('Id')}" if root.get("Id") else ""}
    references = results[0].signature_xml.findall(f"{_DS}SignedInfo/{_DS}Reference")
    of_root = [r for r in references if r.get("URI") in whole]
    transforms = {t.get("Algorithm") for r in of_root for t in r.findall(f"{_DS}Transforms/{_DS}Transform")}
    # Enveloped, canonicalised, and nothing that picks parts of it (TS 119 612, annex B).
    if len(of_root) != 1 or not transforms <= _TRANSFORMS:
        raise _wrapped()
    return lists[0].signed_xml


def _wrapped() -> VerifyError:
    return VerifyError(
        "trust-list-wrapped",
        "what was signed is not the list as a whole",
        "Do not use it: parts that nobody signed may be wrapped around a genuine one.",
    )


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__

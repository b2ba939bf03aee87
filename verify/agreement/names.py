"""Whether two names mean one organisation, as far as names can tell."""

from __future__ import annotations

import re
import unicodedata

from verify.agreement.evidence import Accord
from verify.signatures.evidence import Certificate

# What stands for one thing in company names: "Co., Ltd." and "Company Limited".
_FORMS = {"company": "co", "limited": "ltd", "corporation": "corp", "incorporated": "inc"}
_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


def normal(name: str) -> str:
    """A name without case, width, blanks and punctuation, legal forms shortened."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold())
    return "".join(_FORMS.get(w, w) for w in words)


def signer_accord(signer: Certificate, owner: str, unified_code: str | None) -> Accord:
    """Is the certificate's subject the owner of the seal?

    Unified codes decide where both have one. A name in another script than the owner's (a Latin
    name of a Chinese company) and a person without an organisation leave it unknown.
    """
    if unified_code and signer.organisation_id:
        codes = _CODE.findall(signer.organisation_id.upper())
        if codes:
            return "agrees" if unified_code.upper() in codes else "differs"
    names = [n for n in (signer.organisation, signer.common_name) if n]
    if any(normal(n) == normal(owner) for n in names):
        return "agrees"
    if signer.organisation and _chinese(signer.organisation) == _chinese(owner):
        return "differs"
    return "unknown"


def shown_name(signer: Certificate) -> str:
    """The name of a signer for people: person and organisation where they differ."""
    person, organisation = signer.common_name, signer.organisation
    if person and organisation and normal(person) != normal(organisation):
        return f"{person} ({organisation})"
    return organisation or person or signer.subject


def _chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)

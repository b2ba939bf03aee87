"""What a trusted list says (ETSI TS 119 612 v2): its dates, the lists it points to, the services that may be anchors.

Reads elements whose signature was checked by trustlists.py; on its own it proves nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from verify.core.errors import VerifyError
from verify.stores.trust import is_certificate
from verify.stores.trustprofile import SERVICE_PURPOSES
from verify.stores.truststore import KeptService

_TSL = "{http://uri.etsi.org/02231/v2#}"
_ADDITIONAL = "{http://uri.etsi.org/02231/v2/additionaltypes#}"
_SIE = "{http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#}"
ROOT = f"{_TSL}TrustServiceStatusList"
ISSUED = f"{_TSL}SchemeInformation/{_TSL}ListIssueDateTime"
_VERSIONS = {"5", "6"}  # TSLVersionIdentifier of TS 119 612 v2.1 and of v2.3
_SERVICE = "http://uri.etsi.org/TrstSvc/Svctype/"
_INFO = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/"
_MIME = "application/vnd.etsi.tsl+xml"

# The statuses under which a service's certificates may be relied on (TS 119 612, 5.5.4 and annex J): today's, and for
# the time before eIDAS (2016-07-01) those that TS 119 615 counts as equal.
_GOOD = {"granted", "undersupervision", "supervisionincessation", "accredited"}
_GOOD_UNQUALIFIED = _GOOD | {"recognisedatnationallevel", "setbynationallaw"}
_QUALIFIED = {"CA/QC", "TSA/QTST"}
# A CA's certificates may be meant for other things than documents (5.5.9.4).
_FOR_DOCUMENTS = {_INFO + "ForeSignatures", _INFO + "ForeSeals"}
_FOR_SITES = _INFO + "ForWebSiteAuthentication"
_KNOWN_EXTENSIONS = {
    f"{_TSL}AdditionalServiceInformation",
    f"{_TSL}ExpiredCertsRevocationInfo",
    f"{_SIE}Qualifications",  # says which certificates are qualified, not which may be relied on; not evaluated
    f"{_ADDITIONAL}TakenOverBy",
}


@dataclass(frozen=True)
class Pointer:
    """Where another list is, and which certificates (DER) may have signed it."""

    url: str
    territory: str
    kind: str  # TSLType
    signers: tuple[bytes, ...]

    @property
    def of_lists(self) -> bool:
        return _of_lists(self.kind)


@dataclass(frozen=True)
class TrustList:
    """What a list says, its signature checked. `next_update` None: closed. `signer`: SHA-256 of the pinned certificate."""

    territory: str
    kind: str  # TSLType
    sequence: int
    issued: datetime
    next_update: datetime | None
    sha256: str
    signer: str
    pointers: tuple[Pointer, ...]
    services: tuple[KeptService, ...]
    remarks: tuple[str, ...]

    @property
    def of_lists(self) -> bool:
        return _of_lists(self.kind)

    @property
    def successors(self) -> tuple[bytes, ...]:
        """Who may sign the next list of lists, as this one names them for itself; empty for a national list."""
        # Its own kind too: one scheme's list of lists may point to that of another (signatures from outside the EU).
        own = (p.signers for p in self.pointers if (p.kind, p.territory) == (self.kind, self.territory))
        return next(own, ()) if self.of_lists else ()


def content(root: Any, sha256: str, signer: str) -> TrustList:
    """The list's own words; `root` is what was signed."""
    scheme = root.find(f"{_TSL}SchemeInformation")
    version = _text(scheme, f"{_TSL}TSLVersionIdentifier")
    if version not in _VERSIONS:
        raise malformed(f"it is of version {version or 'unknown'}, and {' and '.join(sorted(_VERSIONS))} are known")
    number, territory = _text(scheme, f"{_TSL}TSLSequenceNumber"), _text(scheme, f"{_TSL}SchemeTerritory")
    issued = moment(root, ISSUED)
    if issued is None or not number.isdecimal() or len(number) > 12 or not re.fullmatch("[A-Z]{2}", territory):
        raise malformed("its number, territory or time of issue is missing")
    next_update = moment(scheme, f"{_TSL}NextUpdate/{_TSL}dateTime")
    remarks: list[str] = []
    services = tuple(_services(root, territory, remarks))
    return TrustList(
        territory=territory,
        kind=_text(scheme, f"{_TSL}TSLType"),
        sequence=int(number),
        issued=issued,
        next_update=next_update,
        sha256=sha256,
        signer=signer,
        pointers=tuple(_pointers(scheme, remarks)),
        services=services,
        remarks=tuple(remarks),
    )


def claimed_pivots(root: Any) -> tuple[str, ...]:
    """The former lists that a list of lists names as steps between two sets of signers, newest first; proven by nothing."""
    found = root.findall(f"{_TSL}SchemeInformation/{_TSL}SchemeInformationURI/{_TSL}URI")
    return tuple(dict.fromkeys(e.text.strip() for e in found if e.text and e.text.strip().endswith(".xml")))


def _pointers(scheme: Any, remarks: list[str]) -> Iterator[Pointer]:
    for element in scheme.findall(f"{_TSL}PointersToOtherTSL/{_TSL}OtherTSLPointer"):
        about = f"{_TSL}AdditionalInformation/{_TSL}OtherInformation/"
        # Beside each list there is one for people, in PDF.
        if _text(element, f"{about}{_ADDITIONAL}MimeType") != _MIME:
            continue
        url, territory = _text(element, f"{_TSL}TSLLocation"), _text(element, f"{about}{_TSL}SchemeTerritory")
        place = f"{_TSL}ServiceDigitalIdentities/{_TSL}ServiceDigitalIdentity"
        signers = tuple(der for identity in element.findall(place) for der in _certificates(identity, url, remarks))
        yield Pointer(url, territory, _text(element, f"{about}{_TSL}TSLType"), signers)


def _services(root: Any, territory: str, remarks: list[str]) -> Iterator[KeptService]:
    """The services that may be anchors, each with the spans of time in which its status was good."""
    providers = root.findall(f"{_TSL}TrustServiceProviderList/{_TSL}TrustServiceProvider")
    for provider in providers:
        of = _name(provider.find(f"{_TSL}TSPInformation/{_TSL}TSPName"))
        for service in provider.findall(f"{_TSL}TSPServices/{_TSL}TSPService"):
            now = service.find(f"{_TSL}ServiceInformation")
            if now is None:
                continue
            name = _name(now.find(f"{_TSL}ServiceName"))
            source = f"TSL {territory}: {of}, {name}"
            own = _certificates(now.find(f"{_TSL}ServiceDigitalIdentity"), source, remarks)
            former = service.findall(f"{_TSL}ServiceHistory/{_TSL}ServiceHistoryInstance")
            yield from _anchored(_stages([now, *former], own, source, remarks), source)


@dataclass(frozen=True)
class _Stage:
    """What a service was from a moment on. `certificates`: what it is known by, or none where it may not be relied on."""

    since: datetime
    service: str
    certificates: tuple[bytes, ...]


def _stages(instances: Sequence[Any], own: tuple[bytes, ...], source: str, remarks: list[str]) -> list[_Stage]:
    """Oldest first. A former status may name the key only (5.6.3): then its certificates are today's."""
    found = []
    for one in instances:
        since = moment(one, f"{_TSL}StatusStartingTime")
        if since is None:
            remarks.append(f"{source}: a status without its time was left out")
            continue
        kind = _text(one, f"{_TSL}ServiceTypeIdentifier").removeprefix(_SERVICE)
        status = _text(one, f"{_TSL}ServiceStatus").rsplit("/", 1)[-1].lower()
        good = kind in SERVICE_PURPOSES and status in (_GOOD if kind in _QUALIFIED else _GOOD_UNQUALIFIED)
        if good and not _understood(one):
            remarks.append(f"{source}: left out, a critical extension is unknown")
            good = False
        if good and kind.startswith("CA/") and not _for_documents(one):
            good = False
        held = _certificates(one.find(f"{_TSL}ServiceDigitalIdentity"), source, remarks) or own
        found.append(_Stage(since, kind, held if good else ()))
    return sorted(found, key=lambda stage: stage.since)


def _anchored(stages: Sequence[_Stage], source: str) -> Iterator[KeptService]:
    """Spans of good status, by certificate and type of service; spans that meet are one."""
    open_since: dict[tuple[bytes, str], datetime] = {}
    for stage in stages:
        held = {(der, stage.service) for der in stage.certificates}
        for key in [k for k in open_since if k not in held]:
            yield _span(key, source, open_since.pop(key), stage.since)
        for key in held:
            open_since.setdefault(key, stage.since)
    for key, since in open_since.items():
        yield _span(key, source, since, None)


def _span(key: tuple[bytes, str], source: str, since: datetime, until: datetime | None) -> KeptService:
    der, service = key
    return KeptService(
        certificate=base64.b64encode(der).decode(), service=service, source=source, since=since, until=until,
        qualified=service in _QUALIFIED,
    )  # fmt: skip


def _understood(instance: Any) -> bool:
    """No extension marked critical is unknown to us (5.5.9: such a service must not be used)."""
    for extension in instance.findall(f"{_TSL}ServiceInformationExtensions/{_TSL}Extension"):
        critical = (extension.get("Critical") or "").strip() in ("true", "1")
        if critical and any(isinstance(e.tag, str) and e.tag not in _KNOWN_EXTENSIONS for e in extension):
            return False
    return True


def _for_documents(instance: Any) -> bool:
    """Not for web sites alone. Before eIDAS nothing was said, and documents were meant."""
    place = f"{_TSL}ServiceInformationExtensions/{_TSL}Extension/{_TSL}AdditionalServiceInformation/{_TSL}URI"
    said = {(e.text or "").strip() for e in instance.findall(place)}
    return _FOR_SITES not in said or bool(said & _FOR_DOCUMENTS)


def _certificates(identity: Any, where: str, remarks: list[str]) -> tuple[bytes, ...]:
    found: dict[bytes, None] = {}
    for element in identity.findall(f"{_TSL}DigitalId/{_TSL}X509Certificate") if identity is not None else ():
        try:
            der = base64.b64decode(element.text or "")
        except (binascii.Error, ValueError):
            der = b""
        if is_certificate(der):
            found[der] = None
        else:
            remarks.append(f"{where}: a certificate cannot be read")
    return tuple(found)


def _of_lists(kind: str) -> bool:
    """TSLType EUlistofthelists, or another scheme's (5.3.3: ListOfTheLists is in each of the names)."""
    return kind.lower().endswith("listofthelists")


def _name(element: Any) -> str:
    """The English name, else the first."""
    names = element.findall(f"{_TSL}Name") if element is not None else []
    english = [n for n in names if n.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"]
    chosen = (english or names or [None])[0]
    return " ".join((chosen.text or "").split())[:120] if chosen is not None else "unnamed"


def _text(element: Any, path: str) -> str:
    found = element.find(path) if element is not None else None
    return (found.text or "").strip() if found is not None else ""


def moment(element: Any, path: str) -> datetime | None:
    text = _text(element, path)
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise malformed(f"{text[:40]!r} is no time") from error
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def malformed(why: str) -> VerifyError:
    return VerifyError("trust-list-malformed", f"this is no trusted list: {why}", "Check the address.")

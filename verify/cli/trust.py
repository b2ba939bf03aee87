"""`sigillum trust …`: what is trusted, and the lists that say so."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.cli.shell import EXIT_PASSED, EXIT_REFUSED, complain, moment, say
from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError
from verify.settings import Settings, load_settings
from verify.stores.trust import (
    PURPOSES,
    Anchor,
    Purpose,
    TrustAnchors,
    certificate_files,
    certificates_of,
    described_limits,
)
from verify.stores.trustprofile import PROFILE_NAME, WantedList
from verify.stores.truststore import TrustStore, is_profile, profile_named, trusted

if TYPE_CHECKING:
    from cryptography import x509

_ADD_HINT = "Add one by `sigillum trust add ROOT.pem`, or write a profile (docs/trust.md)."
# A whole scheme: some 45 lists of up to 10 MB.
_UPDATE_SECONDS, _REQUEST_SECONDS, _UPDATE_REQUESTS, _UPDATE_BYTES = 900.0, 120.0, 200, 512 << 20


def anchors_for(trust: Sequence[Path], settings: Settings) -> TrustAnchors:
    """What `--trust` names, else the store's default profile where it holds anchors.

    Raises UsageError as `trusted`, and trust-unknown where the settings name a profile that is not there: whoever set it
    believes that it holds.
    """
    store = TrustStore(settings.trust_folder)
    if not trust and settings.trust_profile != Settings.model_fields["trust_profile"].default:
        trust = [Path(settings.trust_profile)]
    return trusted(trust, store, default=settings.trust_profile, now=moment(None))


def list_anchors(names: Sequence[Path], *, json: bool) -> None:
    """One line per anchor: of the profiles, folders or files named, else of every stored profile."""
    settings = load_settings()
    store, now = TrustStore(settings.trust_folder), moment(None)
    told = []
    for name in names or [Path(n) for n in store.names()]:
        try:
            told.append(_told(name, store, settings, now))
        except UsageError as error:
            if names:
                raise
            complain(error)
    if not told:
        say(f"no certificate is trusted ({store.folder} holds no profile)\n  {_ADD_HINT}")
    for anchors in told:
        _show(anchors, default=anchors.name == settings.trust_profile and not names, now=now, json=json)


def _told(name: Path, store: TrustStore, settings: Settings, now: datetime) -> TrustAnchors:
    """What a name stands for. A profile that refuses overdue lists is shown with them: here one looks what is wrong."""
    if is_profile(name, store):
        return store.anchors(replace(profile_named(name, store), refuse_stale=False), now)
    return trusted([name], store, default=settings.trust_profile, now=now)


def _show(anchors: TrustAnchors, *, default: bool, now: datetime, json: bool) -> None:
    facts = [_facts(anchors.name, anchor, now) for anchor in anchors.every]
    if json:
        for one in facts:
            print(jsonlib.dumps(one, ensure_ascii=False))
    else:
        print(f"{anchors.name}{' (the default)' if default else ''}: {anchors.described}")
        for one, anchor in zip(facts, anchors.every, strict=True):
            bounds = ", ".join([*(["EXPIRED"] if one["expired"] else []), *described_limits(anchor)])
            print(f"  {one['name']}  [{', '.join(one['purposes'])}]  {one['source']}")
            print(f"    {one['not_before'] or '…'} to {one['not_after'] or '…'}{f'  {bounds}' if bounds else ''}")
            print(f"    sha256 {one['sha256']}")
    for remark in anchors.remarks:
        say(f"warning: {anchors.name}: {remark}")
    if not facts:
        say(f"warning: {anchors.name}: it holds no anchor, so nothing is trusted by it\n  {_ADD_HINT}")


def _facts(profile: str, anchor: Anchor, now: datetime) -> dict[str, Any]:
    read = _read(anchor.certificate)
    before = read.not_valid_before_utc if read else None
    after = read.not_valid_after_utc if read else None
    return {
        "profile": profile,
        "name": _subject(read),
        "purposes": sorted(anchor.purposes),
        "source": anchor.source,
        "territory": anchor.territory,
        "qualified": anchor.qualified,
        "since": anchor.since.isoformat() if anchor.since else None,
        "until": anchor.until.isoformat() if anchor.until else None,
        "not_before": f"{before:%Y-%m-%d}" if before else None,
        "not_after": f"{after:%Y-%m-%d}" if after else None,
        "expired": after < now if after else None,
        "sha256": digest(anchor.certificate),
    }


def add(places: Sequence[Path], *, purposes: Sequence[str], profile: str | None) -> None:
    """Copy certificates into a stored profile, and print their fingerprints, to be compared with the official source."""
    settings = load_settings()
    name, wanted, now = profile or settings.trust_profile, _purposes(purposes), moment(None)
    if not PROFILE_NAME.fullmatch(name):
        raise UsageError(
            "trust-profile-invalid",
            f"{name!r} is no profile's name",
            "Lower-case letters, digits, hyphens and underscores.",
        )
    store = TrustStore(settings.trust_folder)
    found = list(_certificates(places))  # all are read before one is added
    for file, der in found:
        read = _read(der)
        subject = _subject(read)
        store.add(der, profile=name, purposes=wanted, label=subject)
        print(f"{subject}\n  sha256 {digest(der)}")
        for warning in _warnings(read, now):
            say(f"warning: {file.name}: {warning}")
    count = f"{len(found)} certificate{'' if len(found) == 1 else 's'}"
    say(f"{count} added to the profile {name!r} for {' and '.join(sorted(wanted))}")
    say("Compare each sha256 with what its owner publishes: whoever holds a trusted key can sign as anybody.")


def _purposes(given: Sequence[str]) -> frozenset[Purpose]:
    chosen = {purpose for purpose in PURPOSES if purpose in given}
    for one in given:
        if one not in PURPOSES:
            raise UsageError("purpose-unknown", f"--for {one}: unknown", f"Known: {', '.join(sorted(PURPOSES))}.")
    return frozenset(chosen) or PURPOSES


def _certificates(places: Sequence[Path]) -> Iterator[tuple[Path, bytes]]:
    for place in places:
        if not place.exists():
            raise UsageError("trust-missing", f"{place} does not exist", "Name certificates, or folders of them.")
        files = certificate_files(place)
        if not files:
            raise UsageError(
                "trust-empty", f"{place} holds no certificate", "Certificates are .pem, .crt, .cer or .der files."
            )
        for file in files:
            found = certificates_of(file)
            if not found:
                raise UsageError(
                    "trust-no-certificate",
                    f"{file} holds no certificate",
                    "Nothing was added. Certificates are X.509 in PEM or DER; a PKCS#7 bundle has to be unpacked first.",
                )
            yield from ((file, der) for der in found)


def _warnings(read: x509.Certificate | None, now: datetime) -> Iterator[str]:
    from cryptography import x509

    if read is None:
        yield "parts of it cannot be read"
        return
    try:
        authority = read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        authority = False
    except ValueError:
        yield "its extensions cannot be read"
        return
    if not authority:
        yield "it is no certificate of an authority: it vouches for itself alone, and no revocation is asked of it"
    if read.not_valid_after_utc < now:
        yield f"it expired on {read.not_valid_after_utc:%Y-%m-%d}"


def _read(der: bytes) -> x509.Certificate | None:
    """None where it is one of those that only a more lenient reader takes."""
    import warnings

    from cryptography import x509

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = x509.load_der_x509_certificate(der)
            _ = read.subject, read.not_valid_after_utc
            return read
    except ValueError:
        return None


def _subject(read: x509.Certificate | None) -> str:
    if read is None:
        return "unreadable name"
    from cryptography.x509.oid import NameOID

    for wanted in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in read.subject.get_attributes_for_oid(wanted):
            return " ".join(str(attribute.value).split())
    return read.subject.rfc4514_string() or "without a name"


def update(profile: str | None) -> int:
    """Fetch and check the lists of a profile, else of all that are stored; returns 0, or 4 when a list failed."""
    settings = load_settings()
    store = TrustStore(settings.trust_folder)
    names = [Path(profile)] if profile else [Path(name) for name in store.names()]
    profiles, damaged = [], False
    for name in names:
        try:
            profiles.append(profile_named(name, store))
        except UsageError as error:
            if profile:
                raise
            complain(error)  # one damaged profile must not keep the others' lists from being fetched
            damaged = True
    wanted = {one.key: one for found in profiles for one in found.lists}
    if not wanted:
        say("no profile names a list; nothing was fetched\n  docs/trust.md shows how a profile names one.")
    codes = [_update(one, store, settings) for one in wanted.values()]
    return EXIT_REFUSED if damaged or any(codes) else EXIT_PASSED


def _update(wanted: WantedList, store: TrustStore, settings: Settings) -> int:
    """One list and what it points to; the exit code."""
    from verify.signatures.online.fetch import Fetcher, NotFetched, OnlineRules
    from verify.signatures.trustlists.reading import MOST_BYTES
    from verify.signatures.trustlists.update import Before, update

    rules = OnlineRules(
        allow=settings.network_allow,
        ports=settings.network_ports,
        seconds=_UPDATE_SECONDS,
        request_seconds=_REQUEST_SECONDS,
        requests=_UPDATE_REQUESTS,
        answer_bytes=MOST_BYTES,
        total_bytes=_UPDATE_BYTES,
        ca_file=settings.network_ca.expanduser() if settings.network_ca else None,
    )
    fetcher = Fetcher(rules)

    def get(url: str) -> bytes:
        answer = fetcher.fetch(url)
        if isinstance(answer, NotFetched):
            detail = f" ({answer.detail})" if answer.detail else ""
            raise VerifyError("trust-list-unfetched", f"{url}: {answer.code}{detail}", _hint(answer.code))
        return answer.data

    now = datetime.now(UTC)
    found = update(wanted, Before(store.kept(wanted), store.document), get=get, now=now)
    if found.kept is not None:
        store.keep(wanted, found.kept, found.documents)
        for one in found.kept.lists:
            state = "" if one.fetched == now else f"  as fetched on {one.fetched:%Y-%m-%d}"
            stale = "  OVERDUE" if one.facts.stale(now) else ""
            print(
                f"{one.facts.name}: no. {one.sequence} of {one.issued:%Y-%m-%d}, {one.facts.due}{stale}, "
                f"{len(one.services)} certificates{state}"
            )
            for remark in one.remarks:
                say(f"  {remark}")
    for failure in found.failures:
        say(f"{failure.what} was not renewed{'; the former one stays in use' if failure.kept else ''}:")
        complain(failure.error)
    if found.rotated:
        say("The list's signers have changed. Former lists lead from the pinned ones to these; pin them instead, after")
        say("comparing with the official source:")
        for der in found.rotated:
            say(f"  {_subject(_read(der))}  sha256 {digest(der)}")
    return EXIT_REFUSED if found.failures else EXIT_PASSED


def _hint(code: str) -> str:
    """What an operator can do about a list that was not fetched."""
    settings = {"private-address": "network_allow", "port": "network_ports", "tls": "network_ca"}.get(code)
    return (
        f"Where this address is meant, the setting {settings} allows it."
        if settings
        else "Try later, or correct the address."
    )

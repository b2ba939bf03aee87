"""Fetching the lists of a profile: the list itself, the former ones that lead to its signers, the national ones.

    update(wanted, before, get=…, now=…) → Updated

Each list is held against its own signers: the first against those that the profile pins, each national one against
those that the list of lists names for it. A list that cannot be fetched, does not hold, or is older than what is kept
leaves the kept one in place, if that one still holds against the signers of today; the failure is told.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from verify.core.document import digest
from verify.core.errors import VerifyError
from verify.signatures.trustlists.content import Pointer, TrustList, claimed_pivots
from verify.signatures.trustlists.reading import parsed, read_list
from verify.stores.trustprofile import WantedList
from verify.stores.truststore import Kept, KeptList

_MOST_PIVOTS = 20
_MOST_LISTS = 80  # the EU's list of lists points to some 45 (NV)


class Get(Protocol):
    """One answer over the network; raises VerifyError where there is none."""

    def __call__(self, url: str) -> bytes: ...


@dataclass(frozen=True)
class Before:
    """What an earlier update kept. `document`: a kept list's bytes, None where they are gone."""

    kept: Kept | None = None
    document: Callable[[KeptList], bytes | None] = lambda _: None

    def of(self, url: str) -> KeptList | None:
        return next((one for one in (self.kept.lists if self.kept else ()) if one.url == url), None)


@dataclass(frozen=True)
class Failure:
    """A list that could not be renewed. `kept`: the former one stays in use."""

    what: str
    error: VerifyError
    kept: bool


@dataclass(frozen=True)
class Updated:
    """What there is to keep (None: nothing at all), with the lists' bytes, and what failed.

    `rotated`: DER of the signers that former lists led to, where the pinned ones did not sign the list themselves.
    """

    kept: Kept | None
    documents: tuple[bytes, ...] = ()
    failures: tuple[Failure, ...] = ()
    rotated: tuple[bytes, ...] = ()


def update(wanted: WantedList, before: Before, *, get: Get, now: datetime) -> Updated:
    """Fetch and check a profile's list and what it points to. Bad lists are failures; nothing is raised for them."""
    taken: list[tuple[KeptList, bytes]] = []
    failures: list[Failure] = []
    rotated: list[bytes] = []

    def signers_of_first(data: bytes) -> Sequence[bytes]:
        found = _current_signers(data, wanted.signers, before.of(wanted.url), get=get, now=now)
        if found != wanted.signers:
            rotated[:] = found
        return found

    first = _renewed(wanted.url, "the list", signers_of_first, None, before, failures, taken, get=get, now=now)
    if first is None:
        return Updated(None, failures=tuple(failures))
    for pointer in _followed(first, wanted, failures):
        _renewed(
            pointer.url, pointer.territory, _always(pointer), pointer, before, failures, taken, get=get, now=now
        )  # fmt: skip
    kept = Kept(url=wanted.url, signers=tuple(map(digest, wanted.signers)), lists=tuple(one for one, _ in taken))
    return Updated(kept, tuple(data for _, data in taken), tuple(failures), tuple(rotated))


def _always(pointer: Pointer) -> Callable[[bytes], Sequence[bytes]]:
    return lambda _: pointer.signers


def _renewed(
    url: str,
    what: str,
    signers: Callable[[bytes], Sequence[bytes]],
    pointer: Pointer | None,
    before: Before,
    failures: list[Failure],
    taken: list[tuple[KeptList, bytes]],
    *,
    get: Get,
    now: datetime,
) -> TrustList | None:
    """The list as fetched now, else as kept; None where neither holds."""
    former = before.of(url)
    try:
        data = get(url)
        found = read_list(data, signers(data), now=now)
        _fits(found, pointer)
        _not_older(found, former)
        fetched = now
    except VerifyError as error:
        again = _kept_still(former, signers, pointer, before, now)
        failures.append(Failure(what, error, again is not None))
        if again is None or former is None:
            return None
        (found, data), fetched = again, former.fetched
    taken.append((_as_kept(found, url, fetched), data))
    return found


def _kept_still(
    former: KeptList | None,
    signers: Callable[[bytes], Sequence[bytes]],
    pointer: Pointer | None,
    before: Before,
    now: datetime,
) -> tuple[TrustList, bytes] | None:
    """The kept list, if it holds against the signers of today."""
    data = before.document(former) if former else None
    if data is None:
        return None
    try:
        found = read_list(data, signers(data), now=now)
        _fits(found, pointer)
    except VerifyError:
        return None
    return found, data


def _current_signers(
    data: bytes, pinned: tuple[bytes, ...], former: KeptList | None, *, get: Get, now: datetime
) -> tuple[bytes, ...]:
    """Who may sign a list of lists today: the pinned ones, or whom they named since.

    The Commission's rule (decision 2015/1505 and its explanation of pivot lists): when the signers change, a list signed
    by the old ones, the pivot, names the new ones, and later lists name the pivots, newest first. They are followed only
    where the pinned ones did not sign; and from the list that is kept on, not from before it: once a signer has gone,
    his key opens no way back.
    """
    successors = tuple(base64.b64decode(one) for one in former.successors) if former else ()
    for signers in (pinned, successors):
        try:
            read_list(data, signers, now=now)
            return signers
        except VerifyError as error:
            if error.code != "trust-list-wrong-signer":
                return signers
    current, number = (successors, former.sequence) if former and successors else (pinned, 0)
    for url in reversed(claimed_pivots(parsed(data))[:_MOST_PIVOTS]):
        try:
            pivot = read_list(get(url), current, now=now)
        except VerifyError:
            continue  # from before the known signers, or gone: the last list decides whether the way holds
        if pivot.sequence >= number and (named := pivot.successors):
            current, number = named, pivot.sequence
    return current


def _followed(first: TrustList, wanted: WantedList, failures: list[Failure]) -> Iterator[Pointer]:
    """The national lists that a list of lists points to, as far as they are wanted; each territory's once."""
    if not first.of_lists:
        return
    national = [p for p in first.pointers if not p.of_lists]
    chosen = [p for p in national if wanted.territories is None or p.territory in wanted.territories]
    for territory in sorted((wanted.territories or frozenset()) - {p.territory for p in national}):
        error = VerifyError(
            "trust-list-no-pointer",
            f"the list of lists points to none of {territory}",
            "Correct `territories` in the profile.",
        )
        failures.append(Failure(territory, error, False))
    yield from list({p.url: p for p in chosen}.values())[:_MOST_LISTS]


def _fits(found: TrustList, pointer: Pointer | None) -> None:
    """One territory's signers may not speak for another's services."""
    if pointer is not None and (found.territory != pointer.territory or found.of_lists):
        raise VerifyError(
            "trust-list-territory",
            f"the list that should be {pointer.territory}'s says that it is {found.territory}'s",
            "Tell the operator of the list of lists; the list is not used.",
        )


def _not_older(found: TrustList, former: KeptList | None) -> None:
    """A genuine list of the past would bring back what was withdrawn since."""
    if former is not None and (found.sequence, found.issued) < (former.sequence, former.issued):
        raise VerifyError(
            "trust-list-older",
            f"the list is older (no. {found.sequence}) than the one kept (no. {former.sequence})",
            "Somebody serves an old list; the kept one stays in use.",
        )


def _as_kept(found: TrustList, url: str, fetched: datetime) -> KeptList:
    return KeptList(
        url=url, territory=found.territory, of_lists=found.of_lists, sha256=found.sha256, signer=found.signer,
        sequence=found.sequence, issued=found.issued, next_update=found.next_update, fetched=fetched,
        services=found.services, remarks=found.remarks,
        successors=tuple(base64.b64encode(der).decode() for der in found.successors),
    )  # fmt: skip

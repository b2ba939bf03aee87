"""The desk: takes documents, examines one after the other, keeps what was found for a while, in memory only.

Of a document nothing outlives its examination but the view that this desk was told to give.
"""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

from api.errors import internal_error
from api.limits import ServiceLimits
from api.models import State
from verify.core.document import Document
from verify.core.errors import Refusal, VerifyError
from verify.core.policy import Policy
from verify.formats import read
from verify.report import Case
from verify.verifier import Watch, judge_again

_log = logging.getLogger(__name__)
# A result is forgotten this soon after its time even when nobody asks.
_SWEEP_SECONDS = 15.0
# What ends an examination without anything being wrong here.
_OWN = frozenset({"took-too-long", "service-stopping"})

Clock = Callable[[], datetime]


class Verifies(Protocol):
    """What a desk needs of a Verifier."""

    @property
    def policy(self) -> Policy: ...

    def verify(
        self, document: Document, *, at: datetime, document_date: date | None = None, watch: Watch | None = None
    ) -> Case: ...


@dataclass(frozen=True, eq=False)
class Order:
    """A document as handed in, and what was asked. `policy` is one of the desk's; `lang` None follows the reader."""

    name: str
    data: bytes = field(repr=False)
    document_date: date | None = None
    password: str | None = field(default=None, repr=False)
    policy: str | None = None
    lang: str | None = None


@dataclass(frozen=True, eq=False)
class Entry:
    """One order and what came of it. `order` is dropped when it is done: bytes and password are not kept."""

    id: str
    state: State
    received: datetime
    lang: str | None
    order: Order | None = None
    kept_until: datetime | None = None
    case: Case | None = None
    error: VerifyError | None = None

    @property
    def weight(self) -> int:
        """Bytes of the exhibits kept."""
        return sum(len(data) for data in self.case.exhibits.values()) if self.case else 0


class Desk:
    """Examines documents in one thread (MuPDF allows no more); `show` makes of a case what may be seen of it."""

    def __init__(
        self,
        verifier: Verifies,
        *,
        show: Callable[[Case], Case],
        policies: Mapping[str, Policy],
        limits: ServiceLimits,
        clock: Clock,
    ) -> None:
        self.policies = policies
        self.limits = limits
        self._verifier, self._show, self._clock = verifier, show, clock
        self._entries: dict[str, Entry] = {}
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._arriving = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # ── taking and giving ──────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the backlog for a document that is about to arrive. Raises VerifyError `backlog-full`."""
        with self._lock:
            if self._arriving + self._unread() >= self.limits.backlog:
                raise VerifyError(
                    "backlog-full", "Too many documents are waiting", "Send the document again in a little while."
                )
            self._arriving += 1
        try:
            yield
        finally:
            with self._lock:
                self._arriving -= 1

    def take(self, order: Order) -> Entry:
        """Put an order into the queue; call it inside `place`."""
        entry = Entry(secrets.token_urlsafe(24), "waiting", self._clock(), order.lang, order)
        with self._lock:
            self._forget()
            self._entries[entry.id] = entry
        self._queue.put(entry.id)
        return entry

    def find(self, id: str) -> Entry:
        """Raises VerifyError `verification-unknown`, for what never was and for what is no longer kept alike."""
        with self._lock:
            self._forget()
            entry = self._entries.get(id)
        if entry is None:
            minutes = self.limits.kept_for.total_seconds() / 60
            raise VerifyError(
                "verification-unknown",
                "There is no such verification, or it is no longer kept",
                f"Results are kept for {minutes:.0f} minutes at most; check the document again.",
            )
        return entry

    def done(self, id: str) -> tuple[Entry, Case]:
        """An entry with its case. Raises its own refusal, or VerifyError `verification-unfinished`."""
        entry = self.find(id)
        if entry.error is not None:
            raise copy(entry.error)
        if entry.case is None:
            raise VerifyError(
                "verification-unfinished", "The document is still being examined", "Ask again in a moment."
            )
        return entry, entry.case

    def ahead(self, entry: Entry) -> int:
        """Documents that are examined before this one."""
        if entry.state != "waiting":
            return 0
        with self._lock:
            order = list(self._entries)
            before = order[: order.index(entry.id)] if entry.id in self._entries else []
            return sum(self._entries[i].state in ("waiting", "examining") for i in before)

    # ── examining ──────────────────────────────────────────────────────────────────────────────────────

    def open(self) -> None:
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the step at hand; what waits is forgotten."""
        self._stopping.set()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout=10)

    @property
    def working(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                next_ = self._queue.get(timeout=_SWEEP_SECONDS)
            except queue.Empty:
                next_ = None
            if next_ is not None and not self._stopping.is_set():
                self._serve(next_)
            with self._lock:
                self._forget()

    def _serve(self, id: str) -> None:
        with self._lock:
            entry = self._entries[id] = replace(self._entries[id], state="examining")
        assert entry.order is not None
        case: Case | None = None
        error: VerifyError | None = None
        try:
            case = self._show(self._examine(entry.order))
        except Refusal as told:
            error = copy(told)
        except VerifyError as told:
            # The caller's words were checked when they came in: what is wrong now is ours, and its class says so.
            error = VerifyError(told.code, told.message, told.hint)
            if told.code not in _OWN:
                _log.error("a document could not be examined: %s", told)
        except MemoryError:
            error = VerifyError(
                "too-much-memory", "The document needs more memory than there is", "Send the pages in question alone."
            )
        except Exception as broken:
            # One document must not stop the desk. The place only: an error's own text may quote the document.
            at = traceback.extract_tb(broken.__traceback__)[-1]
            _log.error("an examination broke: %s at %s:%s", type(broken).__name__, at.filename, at.lineno)
            error = internal_error()
        # A copy of an error, never the one that was caught: frames of its traceback hold the document's bytes.
        now = self._clock()
        finished = replace(
            entry,
            state="done" if case is not None else "refused",
            order=None,
            case=case,
            error=error,
            kept_until=now + self.limits.kept_for,
        )
        with self._lock:
            self._entries[id] = finished

    def _examine(self, order: Order) -> Case:
        begun = self._clock()

        def watch(_: object) -> None:
            if self._stopping.is_set():
                raise VerifyError("service-stopping", "The service is being stopped", "Send the document again later.")
            if self._clock() - begun > self.limits.examined_for:
                raise VerifyError(
                    "took-too-long", "The document takes too long to examine", "Send the pages in question alone."
                )

        document = read(order.data, name=order.name, password=order.password, limits=self.limits.document)
        case = self._verifier.verify(document, at=begun, document_date=order.document_date, watch=watch)
        if order.policy is not None and order.policy != case.report.provenance.policy:
            case = replace(case, reports=tuple(judge_again(r, self.policies[order.policy]) for r in case.reports))
        return case

    # ── keeping; the caller holds the lock ─────────────────────────────────────────────────────────────

    def _unread(self) -> int:
        return sum(e.state == "waiting" for e in self._entries.values())

    def _forget(self) -> None:
        now = self._clock()
        finished = [e for e in self._entries.values() if e.kept_until is not None]
        count, weight = len(finished), sum(e.weight for e in finished)
        for entry in finished:  # the oldest first
            assert entry.kept_until is not None
            crowded = count > self.limits.kept or (weight > self.limits.kept_bytes and count > 1)
            if entry.kept_until <= now or crowded:
                del self._entries[entry.id]
                count, weight = count - 1, weight - entry.weight

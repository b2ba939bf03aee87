"""`sigillum serve`: the service on this machine."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import uvicorn

from api.app import create_app
from verify.cli.shell import calibration_named, say
from verify.cli.trust import anchors_for
from verify.core.document import Document
from verify.core.errors import UsageError, VerifyError
from verify.core.policy import Policy
from verify.kinds import CHECKS
from verify.records.defaults import default_ledger, default_shelf
from verify.report import Case
from verify.reports.views import VIEWS, View
from verify.settings import Settings, load_settings
from verify.stores.descriptors import Descriptors, FolderDescriptors, MemoryDescriptors
from verify.stores.policies import policy_named
from verify.stores.seals import FolderShelf, SealShelf
from verify.stores.trust import TrustAnchors
from verify.stores.uses import UseLedger, ledger_beside
from verify.verifier import CALIBRATION, Verifier, Watch

# Names by which a browser on this machine reaches it.
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


Registry = tuple[SealShelf, UseLedger | None]


@dataclass(frozen=True)
class AsRegistered:
    """Verifies each document against the seals and uses as they stand then: a service outlives a registry's state."""

    anchors: TrustAnchors
    policy: Policy
    models: tuple[Path, ...] | None
    registry: Callable[[], Registry]
    calibration: str = CALIBRATION
    descriptors: Descriptors = field(default_factory=MemoryDescriptors)

    def verify(
        self, document: Document, *, at: datetime, document_date: date | None = None, watch: Watch | None = None
    ) -> Case:
        seals, uses = self.registry()
        verifier = Verifier(
            anchors=self.anchors,
            seals=seals,
            uses=uses,
            policy=self.policy,
            models=self.models,
            calibration=self.calibration,
            descriptors=self.descriptors,
        )
        return verifier.verify(document, at=at, document_date=document_date, watch=watch)


def run(
    *,
    host: str,
    port: int,
    seals: Path | None,
    trust: Sequence[Path],
    policy: str | None,
    view: str,
    force: bool,
    calibration: str | None = None,
) -> None:
    """Serve until interrupted."""
    chosen = _view(view)
    local = _is_loopback(host)
    if chosen == "full" and not local and not force:
        raise UsageError(
            "full-view-exposed",
            f"the full view shows registered seals, and {host} can be reached by others",
            "Leave out --host, or --view full; or add --force if everyone who reaches it may audit every seal.",
        )
    settings = load_settings()
    verifier = AsRegistered(
        anchors=anchors_for(trust, settings),
        policy=policy_named(policy or settings.policy, CHECKS),
        models=settings.model_folders,
        registry=lambda: _registry(seals, settings),
        calibration=calibration_named(calibration, settings),
        descriptors=FolderDescriptors(settings.descriptors_folder),
    )
    verifier.registry()  # a wrong folder must be said before the first document, not after
    names = {*_LOOPBACK_NAMES, host} if chosen == "full" and local else ()
    app = create_app(verifier, view=chosen, hosts=names)
    with _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        say(f"Sigillum listens on http://{shown}:{listener.getsockname()[1]}/ ({chosen} view; Ctrl-C stops it)")
        if not local:
            say("Nobody signs in yet and nothing is encrypted: put a proxy with TLS in front of it.")
        config = uvicorn.Config(
            app,
            log_level="warning",
            # The address of a result is its key; a log of addresses would be a log of keys.
            access_log=False,
            server_header=False,
            limit_concurrency=100,
            timeout_graceful_shutdown=10,
        )
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _registry(folder: Path | None, settings: Settings) -> Registry:
    """The folder's seals and uses, else those of the records."""
    shelf: SealShelf = FolderShelf(folder) if folder else default_shelf(settings)
    shelf.seals()
    return shelf, ledger_beside(folder) if folder else default_ledger(settings)


def _view(name: str) -> View:
    for known in VIEWS:
        if name == known:
            return known
    raise UsageError("view-unknown", f"there is no view {name!r}", f"Known: {', '.join(sorted(VIEWS))}.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    """The socket; bound here, so that a port in use is one sentence."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise VerifyError(
            "port-unavailable", f"{host}:{port} cannot be listened on: {reason}", "Name another --port or --host."
        ) from error

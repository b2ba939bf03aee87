"""What a run examines with, in words that cross the process border: each worker makes its own Verifier of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from verify.core.document import digest
from verify.core.errors import VerifyError
from verify.kinds import CHECKS
from verify.records.defaults import default_ledger, default_shelf
from verify.settings import Settings
from verify.stores.descriptors import FolderDescriptors
from verify.stores.policies import policy_named
from verify.stores.seals import FolderShelf
from verify.stores.trust import TrustAnchors
from verify.stores.uses import ledger_beside
from verify.verifier import CALIBRATION, Verifier
from verify.version import VERSION


@dataclass(frozen=True)
class Recipe:
    """`seals` None: the records. Paths are absolute. `anchors` as read when the run was asked for: a run has one trust."""

    settings: Settings
    seals: Path | None
    anchors: TrustAnchors
    policy: str
    calibration: str = CALIBRATION

    def verifier(self) -> Verifier:
        """Raises UsageError as the shelves and policies do."""
        shelf = FolderShelf(self.seals) if self.seals else default_shelf(self.settings)
        shelf.seals()
        return Verifier(
            anchors=self.anchors,
            seals=shelf,
            uses=ledger_beside(self.seals) if self.seals else default_ledger(self.settings),
            policy=policy_named(self.policy, CHECKS),
            models=self.settings.model_folders,
            calibration=self.calibration,
            descriptors=FolderDescriptors(self.settings.descriptors_folder),
        )


def described(verifier: Verifier) -> dict[str, Any]:
    """All that could change an answer beside the document and `at`, for people and for the key."""
    records = [f"{seal.id} {seal.record_digest}" for seal in verifier.seals.seals()]
    rules = {id: asdict(rule) for id, rule in verifier.policy.rules.items()}
    return {
        "version": VERSION,
        "policy": verifier.policy.name,
        "policy_sha256": digest(json.dumps(rules, sort_keys=True, default=str).encode()),
        "trust": verifier.anchors.described,
        "seals": f"{verifier.seals.name} ({len(records)})",
        "seals_sha256": digest("\n".join(records).encode()),
        "uses": verifier.uses.head if verifier.uses else None,
        "calibration": _calibration(verifier),
        "imprint_pages": verifier.imprint_pages,
    }


def settings_key(facts: dict[str, Any]) -> str:
    return digest(json.dumps(facts, sort_keys=True).encode())


def _calibration(verifier: Verifier) -> str | None:
    """Name and digest; a fitted one is never overwritten, but one of the same name may be made anew elsewhere."""
    try:
        file = verifier.calibration_file()
        return f"{file.name} {file.sha256}"
    except VerifyError:
        return None  # each report then says so as a problem


@dataclass(frozen=True)
class Plan:
    """What a worker is told once: the recipe, the moment, and the key of the settings that the run began under."""

    recipe: Recipe
    at: datetime
    key: str
    longest_s: float

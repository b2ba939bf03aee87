"""Sigillum: judge a document's signatures and seals, and say how sure that is.

The public names are resolved when they are asked for (PEP 562), so that `import verify` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify.core.policy import Policy
    from verify.formats import read
    from verify.report import Case, Report
    from verify.verifier import Verifier

__all__ = ["Case", "Policy", "Report", "Verifier", "read"]

_HOMES = {
    "read": "verify.formats",
    "Verifier": "verify.verifier",
    "Policy": "verify.core.policy",
    "Report": "verify.report",
    "Case": "verify.report",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'verify' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)

"""Policies by name (those that travel with the package) or by path (a user's own TOML)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from verify.core.errors import UsageError
from verify.core.findings import Check
from verify.core.policy import Policy, load_policy


def policy_named(name: str, checks: Sequence[Check]) -> Policy:
    """The policy called so; others than the default one need name only what differs from it.

    Raises UsageError: policy-unknown, policy-invalid.
    """
    default = load_policy("default", _packaged_table("default"), checks)
    if name == "default":
        return default
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise UsageError("policy-unknown", f"{name} does not exist", "Name a policy or a TOML file.")
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError("policy-invalid", f"{name}: {error}", "Correct the policy's TOML.") from error
        return load_policy(path.stem, table, checks, base=default)
    if name not in packaged_policies():
        raise UsageError(
            "policy-unknown",
            f"there is no policy {name!r}",
            f"Known: {', '.join(packaged_policies())}; or name a TOML file.",
        )
    return load_policy(name, _packaged_table(name), checks, base=default)


def packaged_policies() -> list[str]:
    return sorted(
        p.name.removesuffix(".toml") for p in resources.files("verify.policies").iterdir() if p.name.endswith(".toml")
    )


def _packaged_table(name: str) -> dict[str, object]:
    return tomllib.loads(resources.files("verify.policies").joinpath(f"{name}.toml").read_text(encoding="utf-8"))

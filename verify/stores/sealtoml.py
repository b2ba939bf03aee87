"""Writing seal.toml, the exchange format."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from verify.stores.seals import ReferenceSeal


def seal_toml(seal: ReferenceSeal) -> str:
    """The record as TOML, in the contract's order. Strings are JSON strings, which TOML's basic strings are a superset of."""
    lines = [f"id = {_value(seal.id)}"]
    owner = {k: v for k, v in seal.owner.model_dump().items() if v is not None}
    lines.append(f"owner = {_value(owner)}")
    for name in (
        "unit", "kind", "shape", "size_mm", "text", "code", "making", "valid_from", "valid_to", "status", "status_changed", "ledger_from",
    ):  # fmt: skip
        value = getattr(seal, name)
        if value is not None:
            lines.append(f"{name} = {_value(value)}")
    for specimen in seal.specimen:
        lines += ["", "[[specimen]]", *(f"{k} = {_value(v)}" for k, v in specimen.model_dump().items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)

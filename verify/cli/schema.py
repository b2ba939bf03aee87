"""`sigillum schema`: the JSON Schemas that others build on."""

from __future__ import annotations

import json
from typing import Any

from verify.core.errors import UsageError
from verify.imprints.evidence import ComparisonEvidence, ImprintEvidence
from verify.kinds import CHECKS
from verify.report import RefusalLine, Report
from verify.stores.seals import ReferenceSeal
from verify.stores.uses import Use


def run(name: str | None) -> None:
    """Print one schema, or all under their names."""
    made = schemas()
    if name is None:
        print(json.dumps(made, indent=1, ensure_ascii=False))
    elif name in made:
        print(json.dumps(made[name], indent=1, ensure_ascii=False))
    else:
        raise UsageError("schema-unknown", f"there is no schema {name!r}", f"Known: {', '.join(made)}.")


def schemas() -> dict[str, Any]:
    imprint = ImprintEvidence.model_json_schema()
    imprints = {
        "type": "object",
        "required": ["schema", "name", "sha256", "imprints"],
        "properties": {
            "schema": {"const": "sigillum/imprints/1"},
            "name": {"type": "string"},
            "sha256": {"type": "string"},
            "imprints": {"type": "array", "items": {k: v for k, v in imprint.items() if k != "$defs"}},
        },
        "$defs": imprint.get("$defs", {}),
    }
    return {
        "report": Report.model_json_schema(mode="serialization"),
        "refusal": RefusalLine.model_json_schema(mode="serialization"),
        "imprints": imprints,
        "comparison": ComparisonEvidence.model_json_schema(),
        "seal": ReferenceSeal.model_json_schema(),
        "uses": Use.model_json_schema(),
        "checks": [
            {"id": c.id, "kind": c.kind, "answer": c.answer, "question": c.question, "parameters": dict(c.parameters)}
            for c in CHECKS
        ],
    }

"""NIST PKITS: certification paths (RFC 5280, 6.1) with revocation, the policy parameters included.

    python benchmarks/pkits.py FOLDER [--at TIME]

FOLDER holds pkits.json (rows with cert, other_certs, crls, params, error), certs/ and crls/. A case is accepted when
the path holds and every certificate of it has a good answer; expected is acceptance where the row names no error.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verify.signatures import revocation
from verify.signatures.containers import certificate
from verify.signatures.paths import Paths
from verify.stores.trust import ANY_POLICY, PathConstraints, TrustAnchors


def judged(folder: Path, row: dict[str, Any], at: datetime) -> str:
    """`accepted`, or the code of what is in the way."""
    given = row.get("params", {})
    constraints = PathConstraints(
        policies=frozenset(given.get("user_initial_policy_set", [ANY_POLICY])),
        explicit_policy=given.get("initial_explicit_policy", False),
        inhibit_mapping=given.get("initial_policy_mapping_inhibit", False),
        inhibit_any_policy=given.get("initial_any_policy_inhibit", False),
    )
    root = (folder / "certs" / "TrustAnchorRootCertificate.crt").read_bytes()
    paths = Paths(TrustAnchors("PKITS", (root,), constraints=constraints))
    paths.add([certificate((folder / "certs" / name).read_bytes()) for name in row.get("other_certs", ())])
    lists = ["TrustAnchorRootCRL.crl", *row.get("crls", ())]
    paths.add(crls=[c for n in lists if (c := revocation.read_crl((folder / "crls" / n).read_bytes())) is not None])
    leaf = certificate((folder / "certs" / row["cert"]).read_bytes())
    found = paths.judge(leaf, at)
    if found.problem is not None:
        return f"{found.problem} ({found.detail})"
    facts = revocation.facts(paths, found, at)
    if any(f.status == "revoked" for f in facts):
        return "revoked"
    if any(f.status == "unknown" for f in facts):
        return "revocation unknown"
    return "accepted"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--at", type=datetime.fromisoformat, default=datetime(2026, 11, 24, tzinfo=UTC))
    options = parser.parse_args(arguments)
    rows = json.loads((options.folder / "pkits.json").read_text(encoding="utf-8"))
    start = time.perf_counter()
    right = 0
    for row in rows:
        said = judged(options.folder, row, options.at)
        agrees = (said == "accepted") == ("error" not in row)
        right += agrees
        if not agrees:
            print(f"  {row['id']} {row['name']}: {said}; expected {row.get('error', {}).get('msg_regex', 'accepted')}")
    print(f"{right} of {len(rows)} as expected, {time.perf_counter() - start:.1f} s")
    return 0 if right == len(rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())

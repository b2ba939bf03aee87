"""Rows about certificate paths (RFC 5280, 6.1): anchors, constraints, usages, cross-certificates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.signatures.table.builders import basic, longterm, store, timed, with_lists
from tests.signatures.table.pki import NOW, POLICY, STAMPED, answer, certificate, revocation_list
from tests.signatures.table.rows import Row, open_, passed
from verify.stores.trust import PURPOSES, Anchor, PathConstraints, TrustAnchors

_NO_CHAIN = "EN 319 102-1, 5.2.6.4 (2)"
_FAULT = "EN 319 102-1, table 6: the chain breaks a constraint of annex A.4.2"
_USAGE = "EN 319 102-1, table 6; RFC 5280, 4.2.1.3"
_WANTED = PathConstraints(policies=frozenset({POLICY}), explicit_policy=True)


def _chain(problem: str) -> Sequence[object]:
    return [open_("CHAIN_CONSTRAINTS_FAILURE", problem=problem)]


def _by(signer: str, *issuers: str) -> bytes:
    return longterm("issuer", *issuers, signer=signer)


ROWS: Sequence[Row] = [
    Row("no-anchors", longterm, [open_("NO_CERTIFICATE_CHAIN_FOUND", problem="no-anchors", best_time=None)], _NO_CHAIN, anchors=()),
    Row("authority-unknown", lambda: _by("stranger-signer"), [open_("NO_CERTIFICATE_CHAIN_FOUND", problem="no-path", best_time=STAMPED)],
        _NO_CHAIN),
    Row("authority-imitated", lambda: _by("false-signer"), [open_("NO_CERTIFICATE_CHAIN_FOUND", problem="no-path")],
        f"{_NO_CHAIN}; RFC 5280, 6.1.3 (a 1): the authority's key never signed it"),
    Row("authority-missing", lambda: longterm(carry=("signer",), stamps=()),
        [open_("NO_CERTIFICATE_CHAIN_FOUND", problem="no-path")], _NO_CHAIN),
    Row("authority-in-the-store", lambda: store(longterm(carry=("signer",)), certificates=("issuer",)), [passed(problem=None)],
        "ISO 32000-2, 12.8.4.3: /Certs"),
    Row("authority-is-an-anchor", lambda: store(timed(), [revocation_list()]), [passed(problem=None)],
        "RFC 5280, 6.1.1 (d): an anchor need not be a root; above it nothing is asked", anchors=("issuer",)),
    Row("authority-is-an-anchor-and-answers", lambda: store(timed(), [], [answer("signer", by=None)]), [passed(problem=None)],
        "RFC 6960, 4.2.2.2: the issuer itself may answer", anchors=("issuer",)),
    Row("signer-is-an-anchor", timed, [passed(problem=None)], "RFC 5280, 6.1: a path of no certificates",
        anchors=("signer", "root")),
    Row("self-signed-and-trusted", lambda: longterm(signer="loner"), [passed(problem=None)], "RFC 5280, 6.1",
        anchors=("loner", "root")),
    Row("self-signed", lambda: longterm(signer="loner"), [open_("NO_CERTIFICATE_CHAIN_FOUND", problem="no-path")], _NO_CHAIN),
    Row("anchor-not-for-signing", longterm, [open_("NO_CERTIFICATE_CHAIN_FOUND", problem="no-path", best_time=STAMPED)],
        f"{_NO_CHAIN}: this profile trusts it for timestamps only", profile=lambda: _profile(purposes=frozenset({"time-stamping"}))),
    Row("anchor-not-for-time-stamping", lambda: with_lists(timed(), NOW - timedelta(days=1)),
        [passed(problem=None, best_time=None, stamps=(("signature", True, None),))],
        f"{_NO_CHAIN}: the token proves nothing, the signature needs no proof", profile=lambda: _profile(purposes=frozenset({"signing"}))),
    Row("anchor-until-after-the-proven-time", longterm, [passed(problem=None)],
        "EN 319 102-1, 5.2.6.4 and 5.6.2.4: an anchor counts until its status ended", profile=lambda: _until(STAMPED)),
    Row("anchor-until-before-the-signature", longterm, [open_("NO_CERTIFICATE_CHAIN_FOUND", problem="no-path")],
        _NO_CHAIN, profile=lambda: _until(STAMPED - timedelta(days=1))),
    Row("anchor-expired", lambda: longterm("issuer", "old", signer="old-signer"), [passed(problem=None)],
        "RFC 5280, 6.1.1 (d): who trusts an anchor has decided; its own dates are not looked at", anchors=("root", "old")),
    Row("authorities-in-a-ring", lambda: longterm(signer="ring-signer", carry=("ring-signer", "ring-two", "ring-one-by-two")),
        [open_("NO_CERTIFICATE_CHAIN_FOUND", problem="no-path")], f"{_NO_CHAIN}: they vouch for each other only"),
    # Constraints
    Row("name-permitted", lambda: _by("permitted-signer", "permitting"), [passed(problem=None)], "RFC 5280, 4.2.1.10"),
    Row("name-not-permitted", lambda: _by("unpermitted-signer", "permitting"), _chain("name-constraints"), _FAULT),
    Row("name-excluded", lambda: _by("excluded-signer", "excluding"), _chain("name-constraints"), _FAULT),
    Row("path-length-kept", lambda: _by("shallow-signer", "shallow"), [passed(problem=None)], "RFC 5280, 4.2.1.9"),
    Row("path-too-long", lambda: _by("deep-signer", "shallow", "deep"), _chain("path-length"), _FAULT),
    Row("policy-held", lambda: with_lists(basic(signer="policy-signer"), NOW - timedelta(days=1), "policy-issuer"),
        [passed(problem=None)], "RFC 5280, 6.1.5 (g)", constraints=_WANTED),
    Row("policy-held-but-not-by-the-time-stamping-authority", lambda: _by("policy-signer", "policy-issuer"),
        [open_("TRY_LATER", problem=None, best_time=None)],
        "RFC 5280, 6.1.1 (c): what is asked of every path is asked of the timestamp's as well", constraints=_WANTED),
    Row("policy-not-held", lambda: with_lists(basic(), NOW - timedelta(days=1)), _chain("policy"), _FAULT, constraints=_WANTED),
    Row("policy-required-by-the-chain", lambda: _by("strict-signer", "strict"), _chain("policy"), f"{_FAULT}; RFC 5280, 4.2.1.11"),
    # Usages
    Row("authority-that-may-not-issue", lambda: _by("mute-signer", "mute-issuer"), _chain("key-usage"), _USAGE),
    Row("authority-that-is-none", lambda: _by("lay-signer", "lay-issuer"),
        [open_("CERTIFICATE_CHAIN_GENERAL_FAILURE", problem="constraints")], "EN 319 102-1, 5.2.6.4 (3 f); RFC 5280, 6.1.4 (k)"),
    Row("signer-that-may-only-encrypt", lambda: _by("encipherer"), _chain("key-usage"), _USAGE),
    Row("signer-that-may-only-commit", lambda: _by("agreeing"), [passed(problem=None)], _USAGE),
    Row("signer-without-a-usage", lambda: _by("unlimited"), [passed(problem=None)], f"{_USAGE}: what is not stated is not limited"),
    Row("critical-extension-unknown", lambda: _by("odd"),
        [open_("CERTIFICATE_CHAIN_GENERAL_FAILURE", problem="constraints")], "EN 319 102-1, 5.2.6.4 (3 f); RFC 5280, 4.2"),
    # Two paths
    Row("crossed", lambda: _crossed("second"), [passed(problem=None)], "RFC 4158, 2.4: one path fails, another holds",
        anchors=("root", "second")),
    Row("crossed-only-the-bad-path", lambda: _crossed("second"), [open_("OUT_OF_BOUNDS_NO_POE", problem="expired")],
        "EN 319 102-1, 5.2.6.4: the authority's certificate had run out at the proven time"),
]  # fmt: skip


def _crossed(second: str) -> bytes:
    signed = timed(signer="crossed-signer", carry=("crossed-signer", "crossed", "crossed-anew", "root"))
    lists = [revocation_list("root"), revocation_list("issuer"), revocation_list(second), revocation_list("crossed")]
    return store(signed, lists)


def _profile(**bounds: Any) -> TrustAnchors:
    """The root, trusted within bounds."""
    root = certificate("root").dump()
    return TrustAnchors("table", (root,), (Anchor(root, **bounds),))


def _until(signing: datetime) -> TrustAnchors:
    """The root, trusted for signing until a moment, for timestamps without an end."""
    root = certificate("root").dump()
    return TrustAnchors(
        "table", (root,),
        (Anchor(root, purposes=frozenset({"signing"}), until=signing), Anchor(root, purposes=PURPOSES - {"signing"})),
    )  # fmt: skip

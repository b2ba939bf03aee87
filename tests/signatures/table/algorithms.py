"""Rows about algorithms: which are understood, which have become weak, and what proves that it was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from asn1crypto import algos, cms

from tests.signatures.table.builders import STAMP, Token, longterm, sign, stamp, timed, with_lists
from tests.signatures.table.pki import EARLY, NOW, SIGNED, STAMPED
from tests.signatures.table.rows import Row, failed, open_, passed, timestamp

_VERIFIED = "EN 319 102-1, 5.2.7.4: the value holds under the signer's key"
_WEAK = "EN 319 102-1, table 6 and 5.5.4: weak now, and nothing proves that it existed while the algorithm was strong"
_RESCUED = "EN 319 102-1, 5.5.4 and 5.6.2.4: proven to have existed while the algorithm was strong"
_BEFORE_MD5_FELL = datetime(2003, 6, 2, tzinfo=UTC)
_DAY_BEFORE_NOW = NOW - timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)


def _understood() -> Sequence[Row]:
    """Each algorithm signs a B-LT document."""
    asked: dict[str, dict[str, object]] = {
        "rsa-2048": {"signer": "rsa-2048"},
        "rsa-3072": {"signer": "rsa-3072", "hash": "sha512"},
        "rsa-pss": {"signer": "rsa-2048", "pss": ("sha256", 32)},
        "rsa-pss-other-mask": {"signer": "rsa-2048", "hash": "sha512", "pss": ("sha256", 20)},
        "rsa-pss-by-a-key-for-it": {"signer": "rsa-for-pss", "pss": ("sha256", 32)},
        "rsa-sha-3": {"signer": "rsa-2048", "hash": "sha3_256"},
        "ecdsa-p-256": {},
        "ecdsa-p-384": {"signer": "p-384", "hash": "sha384"},
        "ecdsa-p-521": {"signer": "p-521", "hash": "sha512"},
        "ecdsa-brainpool-256": {"signer": "brainpool-256"},
        "ecdsa-brainpool-384": {"signer": "brainpool-384", "hash": "sha384"},
        "ecdsa-sha-224": {"hash": "sha224"},
        "ecdsa-sha-3": {"hash": "sha3_256"},
        "ed25519": {"signer": "ed25519", "hash": "sha512"},
        "ed448": {"signer": "ed448", "hash": "shake256"},
        "ml-dsa-44": {"signer": "ml-dsa-44", "hash": "sha512"},
        "ml-dsa-65": {"signer": "ml-dsa-65", "hash": "sha512"},
        "ml-dsa-87": {"signer": "ml-dsa-87", "hash": "sha512"},
        # Estonian cards, 2012 to 2017: the modulus lacks its leading zero (asn1crypto issue 254).
        "rsa-negative-modulus": {"signer": "negative"},
    }
    expected = passed(level="PAdES-B-LT", best_time=STAMPED, problem=None, weak=())
    return [Row(name, lambda a=a: longterm(**a), [expected], _VERIFIED) for name, a in asked.items()]  # type: ignore[misc]


def _of_2011(**asked: object) -> bytes:
    """Signed and stamped in 2011, with the lists of an hour later."""
    made = timed(claimed=EARLY, stamps=(Token(at=EARLY + _MINUTE),), **asked)
    return with_lists(made, EARLY + _HOUR)


def _unproven(**asked: object) -> bytes:
    """Claims to be of 2011; only today's lists are in it."""
    return with_lists(sign(claimed=EARLY, **asked), _DAY_BEFORE_NOW)


def _of_2003() -> bytes:
    made = timed(
        signer="rsa-2048", hash="md5", claimed=_BEFORE_MD5_FELL, stamps=(Token(at=_BEFORE_MD5_FELL + _MINUTE),)
    )
    return with_lists(made, _BEFORE_MD5_FELL + _HOUR)


def _misstated_pss() -> bytes:
    """PSS over SHA-256 with a salt of 32 bytes; the parameters say SHA-1 masks and 20 bytes."""
    stated = cms.SignedDigestAlgorithm(
        {
            "algorithm": "rsassa_pss",
            "parameters": algos.RSASSAPSSParams(
                {
                    "hash_algorithm": {"algorithm": "sha256"},
                    "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha1"}},
                    "salt_length": 20,
                }
            ),
        }
    )
    return longterm(signer="rsa-2048", pss=("sha256", 32), algorithm=stated)


def _unknown_digest(der: bytes) -> bytes:
    """SHA-256's identifier becomes one that nobody has assigned."""
    return der.replace(bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040263"))


_FELL = open_("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", problem=None)

ROWS: Sequence[Row] = [
    *_understood(),
    Row("rsa-pss-misstated", _misstated_pss, [failed("SIG_CRYPTO_FAILURE", intact=False)],
        "EN 319 102-1, 5.2.7.4: the stated parameters (RFC 4055, 3.1) are not those that were used"),
    Row("key-of-another-kind",
        lambda: longterm(algorithm=cms.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})),
        [failed("SIG_CRYPTO_FAILURE", intact=False)],
        "EN 319 102-1, 5.2.7.4: an RSA signature cannot hold under an elliptic key"),
    Row("digest-unknown", lambda: longterm(spoil=_unknown_digest), [open_("GENERIC", intact=None)],
        "EN 319 102-1, 5.2.7.4 and table 6: what cannot be computed is neither right nor wrong"),
    Row("md5", lambda: longterm(signer="rsa-2048", hash="md5"), [replace(_FELL, weak=("md5",))], _WEAK),
    Row("md5-proven-before", _of_2003, [passed(best_time=_BEFORE_MD5_FELL + _MINUTE, weak=())], _RESCUED),
    Row("sha-1", lambda: longterm(hash="sha1"), [replace(_FELL, best_time=STAMPED, weak=("sha1",))], _WEAK),
    Row("sha-1-proven-before", lambda: _of_2011(hash="sha1"), [passed(best_time=EARLY + _MINUTE, weak=())], _RESCUED),
    Row("sha-1-claimed-before", lambda: _unproven(hash="sha1"), [replace(_FELL, best_time=None)], _WEAK),
    Row("sha-1-stamped-too-late", lambda: stamp(with_lists(sign(hash="sha1", claimed=EARLY), SIGNED), at=STAMPED),
        [replace(_FELL, best_time=STAMPED), timestamp()], _WEAK),
    Row("sha-1-archived-in-time", lambda: stamp(with_lists(sign(hash="sha1", claimed=EARLY), EARLY + _HOUR), at=EARLY + 2 * _HOUR),
        [passed(best_time=EARLY + 2 * _HOUR, weak=()), timestamp()], _RESCUED),
    Row("sha-1-made-later",
        lambda: longterm(hash="sha1", content_stamps=(Token(at=SIGNED - _MINUTE),)),
        [open_("CRYPTO_CONSTRAINTS_FAILURE", problem=None)],
        "EN 319 102-1, 5.3.4 and table 6: a content timestamp proves that it was made after the algorithm fell"),
    Row("rsa-1024", lambda: longterm(signer="rsa-1024"), [replace(_FELL, best_time=STAMPED)], _WEAK),
    Row("rsa-1024-proven-before", lambda: _of_2011(signer="rsa-1024"), [passed(best_time=EARLY + _MINUTE, weak=())], _RESCUED),
    Row("certificate-signed-with-sha-1", lambda: longterm(signer="sha-1-signed"),
        [open_("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", problem="weak-algorithm")],
        "EN 319 102-1, 5.2.6.4: the chain's algorithms count as well"),
    Row("token-over-sha-1",
        lambda: with_lists(sign(stamps=(replace(STAMP, hash="sha1"),)), _DAY_BEFORE_NOW),
        [passed(best_time=None, stamps=(("signature", True, None),))],
        "EN 319 102-1, 5.4: a token over a weak digest proves nothing; the signature needs no proof"),
    Row("token-over-sha-1-archived-in-time",
        lambda: stamp(with_lists(sign(claimed=EARLY, stamps=(Token(at=EARLY, hash="sha1"),)), EARLY + _HOUR), at=EARLY + 2 * _HOUR),
        [passed(best_time=EARLY), timestamp()],
        "EN 319 102-1, 5.6.2.4: the archive timestamp proves that the token existed while SHA-1 was strong"),
]  # fmt: skip

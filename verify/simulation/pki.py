"""A fictional public-key infrastructure: root, issuing authority, signers, a time-stamping authority.

Everything follows from a seed: keys (P-256), serial numbers, dates and signatures (RFC 6979), so that a signed
contract has the same bytes on every run. Nothing here protects anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from pyhanko.sign.timestamps import TimeStamper

FOUNDED = datetime(2015, 1, 1, tzinfo=UTC)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


@dataclass(frozen=True)
class Credentials:
    """A certificate with its private key and the certificates above it, nearest first; all DER."""

    certificate: bytes
    key: bytes
    chain: tuple[bytes, ...]

    @property
    def serial(self) -> int:
        return x509.load_der_x509_certificate(self.certificate).serial_number


@dataclass(frozen=True)
class TestPki:
    """Root → issuing authority → signers. Values: `revoke` gives another one.

    `revoked`: serial number → moment. Two with different seeds know nothing of each other: the second is untrusted.
    """

    __test__ = False  # for pytest: this is no test

    seed: str = "sigillum"
    organisation: str = "华信虚构数字证书认证中心"  # fictional
    founded: datetime = FOUNDED
    years: int = 25
    revoked: dict[int, datetime] = field(default_factory=dict)

    @property
    def root_der(self) -> bytes:
        return self._certificate(self._root_name, self._root_name, "root", "root", ca=1, years=self.years)

    @property
    def issuer_der(self) -> bytes:
        return self._certificate(self._issuer_name, self._root_name, "issuer", "root", ca=0, years=self.years)

    @property
    def timestamper_der(self) -> bytes:
        name = _name(f"{self.organisation} 时间戳", self.organisation)
        return self._certificate(name, self._issuer_name, "tsa", "issuer", stamps=True, years=self.years)

    def signer(
        self,
        name: str,
        *,
        person: str | None = None,
        code: str | None = None,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
    ) -> Credentials:
        """A signer's credentials. `name`: the organisation; `person`: who signs for it; `code`: its unified code."""
        subject = _name(person or name, name, code)
        label = f"signer:{name}:{person or ''}"
        certificate = self._certificate(
            subject, self._issuer_name, label, "issuer", valid_from=valid_from, valid_to=valid_to, years=self.years
        )
        return Credentials(certificate, self._key_der(label), (self.issuer_der, self.root_der))

    def timestamper(self, at: datetime) -> TimeStamper:
        """A time-stamping authority whose clock stands at `at`."""
        from verify.simulation.signing import FixedTimeStamper

        return FixedTimeStamper(
            Credentials(self.timestamper_der, self._key_der("tsa"), (self.issuer_der, self.root_der)), at
        )

    def revoke(self, credentials: Credentials, at: datetime) -> TestPki:
        """The same infrastructure, which revoked these credentials at a moment."""
        return replace(self, revoked={**self.revoked, credentials.serial: at})

    def crl(self, at: datetime, *, days: int = 7) -> bytes:
        """The issuing authority's revocation list of a moment, DER."""
        return self._list(self._issuer_name, "issuer", at, days, self.revoked)

    def root_crl(self, at: datetime, *, days: int = 180) -> bytes:
        """The root's revocation list: empty."""
        return self._list(self._root_name, "root", at, days, {})

    def ocsp(self, credentials: Credentials, at: datetime, *, days: int = 7) -> bytes:
        """The issuing authority's own answer about one certificate, DER. Unlike the rest its bytes vary (ECDSA)."""
        from cryptography.x509 import ocsp

        certificate = x509.load_der_x509_certificate(credentials.certificate)
        issuer = x509.load_der_x509_certificate(self.issuer_der)
        since = self.revoked.get(certificate.serial_number)
        gone = since is not None and since <= at
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=certificate,
                issuer=issuer,
                algorithm=hashes.SHA256(),
                cert_status=ocsp.OCSPCertStatus.REVOKED if gone else ocsp.OCSPCertStatus.GOOD,
                this_update=at,
                next_update=at + timedelta(days=days),
                revocation_time=since if gone else None,
                revocation_reason=x509.ReasonFlags.key_compromise if gone else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer)
            .sign(self._key("issuer"), hashes.SHA256())
        )
        return response.public_bytes(serialization.Encoding.DER)

    @property
    def _root_name(self) -> x509.Name:
        return _name(f"{self.organisation} 根证书", self.organisation)

    @property
    def _issuer_name(self) -> x509.Name:
        return _name(f"{self.organisation} 企业证书", self.organisation)

    def _key(self, label: str) -> ec.EllipticCurvePrivateKey:
        secret = int.from_bytes(hashlib.sha256(f"{self.seed}:{label}".encode()).digest(), "big") % (_ORDER - 1) + 1
        return ec.derive_private_key(secret, ec.SECP256R1())

    def _key_der(self, label: str) -> bytes:
        return self._key(label).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def _certificate(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        label: str,
        by: str,
        *,
        ca: int | None = None,
        stamps: bool = False,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        years: int,
    ) -> bytes:
        key, above = self._key(label), self._key(by)
        start = valid_from or self.founded
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(
                int.from_bytes(hashlib.sha256(f"{self.seed}:serial:{label}".encode()).digest()[:8], "big") >> 1 | 1
            )
            .not_valid_before(start)
            .not_valid_after(valid_to or start.replace(year=start.year + years))
            .add_extension(x509.BasicConstraints(ca is not None, ca), critical=True)
            .add_extension(_usage(ca is not None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        )
        if stamps:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        signed = builder.sign(above, hashes.SHA256(), ecdsa_deterministic=True)
        return signed.public_bytes(serialization.Encoding.DER)

    def _list(self, issuer: x509.Name, by: str, at: datetime, days: int, revoked: dict[int, datetime]) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer)
            .last_update(at)
            .next_update(at + timedelta(days=days))
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key(by).public_key()), critical=False
            )
        )
        for serial, since in sorted(revoked.items()):
            if since <= at:
                entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
                entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
                builder = builder.add_revoked_certificate(entry.build())
        signed: Any = builder.sign(self._key(by), hashes.SHA256(), ecdsa_deterministic=True)
        return bytes(signed.public_bytes(serialization.Encoding.DER))


def _name(common: str, organisation: str, code: str | None = None) -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ]
    if code is not None:
        parts.insert(2, x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, code))
    return x509.Name(parts)


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, content_commitment=not ca, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip

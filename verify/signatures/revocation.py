"""Embedded revocation data: what the authority says about each step of a path, for a moment.

CRLs and OCSP responses come out of the document (DSS, the container, Adobe's revocation-info attribute). An answer
counts when its issuer's signature and authority hold; an answer issued later than the moment tells about the
moment as well, since certificates on hold aside nobody is un-revoked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from asn1crypto import crl, ocsp
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import RevokedError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

from verify.core.document import digest
from verify.signatures.evidence import RevocationFact
from verify.signatures.paths import Judged, Paths, finished


def facts(paths: Paths, judged: Judged, moment: datetime) -> tuple[RevocationFact, ...]:
    """One fact for every certificate between the leaf and the anchor, the anchor left out."""
    if judged.validated is None or not judged.complete:
        return ()
    steps = list(judged.validated.iter_certs(include_root=False))
    return tuple(_fact(paths, judged.validated, cert, moment) for cert in reversed(steps))


def _fact(paths: Paths, path: ValidationPath, cert: Any, moment: datetime) -> RevocationFact:
    name = digest(cert.dump())
    context = paths.context(moment)
    if _no_check(cert):
        return RevocationFact(certificate=name, source="none", status="good", reason="no-check")
    unsure: RevocationFact | None = None
    for source, verify, dates in (
        ("ocsp", verify_ocsp_response, _ocsp_dates(paths, cert)),
        ("crl", verify_crl, _crl_dates(paths, cert)),
    ):
        this, following = dates
        if this is None:
            continue
        try:
            _run(verify, cert, path, context)
            return RevocationFact(
                certificate=name, source=source, status="good", this_update=this, next_update=following
            )
        except RevokedError as error:
            return RevocationFact(
                certificate=name, source=source, status="revoked", this_update=this, next_update=following,
                revoked_at=_aware(error.revocation_dt), reason=str(error.reason.native),
            )  # fmt: skip
        except Exception:  # stale, unauthorised, broken or odd: no usable answer
            unsure = unsure or RevocationFact(
                certificate=name, source=source, status="unknown", this_update=this, next_update=following
            )
    return unsure or RevocationFact(certificate=name, source="none", embedded=False, status="unknown")


def _run(verify: Any, cert: Any, path: ValidationPath, context: ValidationContext) -> None:
    position = list(path.iter_certs(include_root=False)).index(cert)
    if position == path.pkix_len - 1:
        finished(verify(cert, path, context))
    else:
        finished(verify(cert, path.truncate_to_issuer_and_append(cert), context))


def _no_check(cert: Any) -> bool:
    try:
        return cert.ocsp_no_check_value is not None
    except (ValueError, AttributeError):
        return False


def _ocsp_dates(paths: Paths, cert: Any) -> tuple[datetime | None, datetime | None]:
    """The freshest response about a serial number, whoever signed it: for the reader."""
    found = [
        (_aware(one["this_update"].native), _aware(one["next_update"].native))
        for one in _responses(paths)
        if one["cert_id"]["serial_number"].native == cert.serial_number
    ]
    return max(found, key=lambda d: d[0] or datetime.min.replace(tzinfo=UTC), default=(None, None))


def _responses(paths: Paths) -> Iterator[Any]:
    for response in paths.ocsps.values():
        try:
            if response["response_status"].native == "successful":
                yield from response.response_data["responses"]
        except (ValueError, TypeError, KeyError):
            continue


def _crl_dates(paths: Paths, cert: Any) -> tuple[datetime | None, datetime | None]:
    found = []
    for one in paths.crls.values():
        try:
            if one.issuer == cert.issuer or one.issuer.dump() == cert.issuer.dump():
                tbs = one["tbs_cert_list"]
                found.append((_aware(tbs["this_update"].native), _aware(tbs["next_update"].native)))
        except (ValueError, TypeError):
            continue
    return max(found, key=lambda d: d[0] or datetime.min.replace(tzinfo=UTC), default=(None, None))


def read_crl(der: bytes) -> Any | None:
    """A CRL; None where it is none."""
    try:
        found = crl.CertificateList.load(der)
        _ = found.issuer, found["tbs_cert_list"]["this_update"].native
    except (ValueError, TypeError):
        return None
    return found


def read_ocsp(der: bytes) -> Any | None:
    """An OCSP response; None where it is none, or says nothing."""
    try:
        found = ocsp.OCSPResponse.load(der)
        if found["response_status"].native != "successful":
            return None
        _ = found.response_data["responses"]
    except (ValueError, TypeError, KeyError):
        return None
    return found


def _aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time

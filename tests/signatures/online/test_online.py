"""What is missing is asked for where the certificates say; each answer is an exhibit, each attempt is told."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from tests.signatures.documents import contract
from tests.signatures.online.responders import Answer, Request, Site, files, redirect, site
from verify.cli.check import rules_of
from verify.core.document import digest
from verify.core.errors import UsageError
from verify.core.messages import LANGUAGES, catalogue, sentence
from verify.formats import read
from verify.settings import load_settings
from verify.signatures import containers, revocation
from verify.signatures.evidence import Fetching, RevocationFact
from verify.signatures.online import asking, destinations, fetch
from verify.signatures.online.asking import Online
from verify.signatures.online.fetch import OnlineRules, World
from verify.signatures.paths import Paths
from verify.simulation.pki import Credentials
from verify.simulation.signing import sign_pdf
from verify.stores.trust import NO_ANCHORS, TrustAnchors
from verify.verifier import Verifier

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
LEAF_OCSP, LEAF_CRL, SUB_CRL = "/ocsp", "/leaf.crl", "/sub.crl"


@dataclass(frozen=True)
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(DER)

    @property
    def sha256(self) -> str:
        return digest(self.der)


@cache
def _key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def holder(
    name: str,
    by: Holder | None,
    *,
    ca: bool = False,
    issuers: tuple[str, ...] = (),
    responders: tuple[str, ...] = (),
    lists: tuple[str, ...] = (),
    responds: bool = False,
    until: datetime = NOW + timedelta(days=900),
) -> Holder:
    """A fictional holder's certificate; `issuers`, `responders`, `lists`: the addresses that it names."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    own, above = _key(name), by.key if by else _key(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=900))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False),
            critical=True,
        )
    )
    access = [(AuthorityInformationAccessOID.CA_ISSUERS, u) for u in issuers]
    access += [(AuthorityInformationAccessOID.OCSP, u) for u in responders]
    if access:
        told = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in access]
        builder = builder.add_extension(x509.AuthorityInformationAccess(told), critical=False)
    if lists:
        points = [x509.DistributionPoint([x509.UniformResourceIdentifier(u)], None, None, None) for u in lists]
        builder = builder.add_extension(x509.CRLDistributionPoints(points), critical=False)
    if responds:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return Holder(builder.sign(above, hashes.SHA256()), own)


@cache
def root() -> Holder:
    return holder("Root (fictional)", None, ca=True)


@dataclass(frozen=True)
class Chain:
    """root → sub → leaf, with the addresses on a site."""

    web: Site
    sub: Holder
    leaf: Holder

    def paths(self, *, embedded: bool = True, anchors: TrustAnchors | None = None, now: datetime = NOW) -> Paths:
        found = Paths(anchors or TrustAnchors("test", (root().der,)), now)
        found.add([containers.certificate(self.sub.der)] if embedded else [])
        return found

    def crl(self, **others: Any) -> bytes:
        return crl(self.sub, **others)

    def ocsp(self, **others: Any) -> bytes:
        return answer(self.leaf, self.sub, **others)


def chain(web: Site, **others: Any) -> Chain:
    """A chain whose root's list is in order; the rest is the test's."""
    sub = holder("Issuer (fictional)", root(), ca=True, issuers=(web.url("/root.cer"),), lists=(web.url(SUB_CRL),))
    given = {"issuers": (web.url("/sub.cer"),), "responders": (web.url(LEAF_OCSP),), "lists": (web.url(LEAF_CRL),)}
    leaf = holder("Longwind Storage (fictional)", sub, **{**given, **others})
    web.answers[SUB_CRL] = crl(root())
    return Chain(web, sub, leaf)


def crl(
    by: Holder, *, revoked: Holder | None = None, this: datetime = NOW - timedelta(hours=1), days: float = 5
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.certificate.subject)
        .last_update(this)
        .next_update(this + timedelta(days=days))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
    )
    if revoked is not None:
        entry = x509.RevokedCertificateBuilder().serial_number(revoked.certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(NOW - timedelta(days=30)).build())
    return builder.sign(by.key, hashes.SHA256()).public_bytes(DER)


def answer(
    leaf: Holder,
    issuer: Holder,
    *,
    by: Holder | None = None,
    revoked: bool = False,
    this: datetime = NOW - timedelta(hours=1),
    days: float | None = 2,
) -> bytes:
    signer = by or issuer
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        this_update=this,
        next_update=this + timedelta(days=days) if days is not None else None,
        revocation_time=NOW - timedelta(days=30) if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if by is not None:
        builder = builder.certificates([by.certificate])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(DER)


def completed(
    made: Chain, paths: Paths | None = None, rules: OnlineRules | None = None, moment: datetime = NOW
) -> tuple[Online, tuple[RevocationFact, ...], Paths]:
    """The questions asked for the leaf, and its facts after them, leaf first."""
    paths = paths or made.paths()
    online = Online(rules or made.web.rules(), World(clock=lambda: NOW))
    leaf = containers.certificate(made.leaf.der)
    online.complete(paths, leaf, "signing", moment)
    return online, revocation.facts(paths, paths.judge(leaf, moment, purpose="signing"), moment), paths


def told(attempts: list[Fetching]) -> list[tuple[str, str, str]]:
    return [("/" + a.url.split("/", 3)[3], a.sought, a.code) for a in attempts]


# Issuers


def _bundle(*of: Holder) -> bytes:
    return pkcs7.serialize_certificates([h.certificate for h in of], DER)


@pytest.mark.parametrize(
    "form",
    [
        lambda sub: sub.der,
        lambda sub: sub.certificate.public_bytes(PEM),
        lambda sub: _bundle(root(), sub),
        lambda sub: pkcs7.serialize_certificates([sub.certificate, root().certificate], PEM),
    ],
    ids=["der", "pem", "p7c", "p7c-pem"],
)
def test_a_missing_issuer_is_fetched(form: Callable[[Holder], bytes]) -> None:
    with site() as web:
        made = chain(web)
        web.answers |= {"/sub.cer": form(made.sub), LEAF_OCSP: made.ocsp()}
        online, facts, paths = completed(made, made.paths(embedded=False))
        assert paths.judge(containers.certificate(made.leaf.der), NOW).complete
        assert [f.status for f in facts] == ["good", "good"]
        assert told(online.attempts)[0] == ("/sub.cer", "issuer", "used")
        assert online.pieces[0].exhibit.type == "application/pkix-cert"
        assert paths.fetched[made.sub.sha256] == web.url("/sub.cer")


def test_issuers_are_followed_upwards_to_the_anchor() -> None:
    with site() as web:
        made = chain(web)
        below = holder("Lower issuer (fictional)", made.sub, ca=True, issuers=(web.url("/sub.cer"),), lists=())
        leaf = holder("Signer (fictional)", below, issuers=(web.url("/below.cer"),))
        web.answers |= {"/sub.cer": made.sub.der, "/below.cer": below.der}
        online, _, paths = completed(Chain(web, below, leaf), made.paths(embedded=False))
        assert paths.judge(containers.certificate(leaf.der), NOW).complete
        assert told(online.attempts)[:2] == [("/below.cer", "issuer", "used"), ("/sub.cer", "issuer", "used")]


def test_issuers_that_lead_round_in_a_circle_end() -> None:
    with site() as web:
        stranger = holder("Circle A (fictional)", None, ca=True)
        one = holder("Circle B (fictional)", stranger, ca=True, issuers=(web.url("/two.cer"),))
        two = holder("Circle A (fictional)", one, ca=True, issuers=(web.url("/one.cer"),))
        leaf = holder("Signer (fictional)", two, issuers=(web.url("/two.cer"),))
        web.answers |= {"/one.cer": one.der, "/two.cer": two.der}
        made = Chain(web, two, leaf)
        online, facts, _ = completed(made, made.paths(embedded=False))
        assert facts == ()
        assert told(online.attempts)[:2] == [("/two.cer", "issuer", "used"), ("/one.cer", "issuer", "used")]
        assert len(web.asked) == 2


def test_issuers_without_end_are_left() -> None:
    with site() as web:
        made: list[Holder] = []

        def next_one(request: Request) -> Answer:
            # Each issuer is made by the next, which is yet to be fetched.
            number = int(request.path.strip("/"))
            while len(made) <= number + 1:
                made.append(holder(f"Endless {len(made)} (fictional)", None, ca=True))
            above = Holder(made[number + 1].certificate, made[number + 1].key)
            return holder(f"Endless {number} (fictional)", above, ca=True, issuers=(web.url(f"/{number + 1}"),)).der

        web.responder = next_one
        first = holder("Endless 0 (fictional)", None, ca=True)
        leaf = holder("Signer (fictional)", first, issuers=(web.url("/0"),))
        completed(Chain(web, first, leaf), Chain(web, first, leaf).paths(embedded=False))
        assert len(web.asked) == 12


def test_without_anchors_nothing_is_asked() -> None:
    with site() as web:
        made = chain(web)
        online, _, _ = completed(made, made.paths(anchors=NO_ANCHORS))
        assert (web.asked, online.attempts) == ([], [])


def test_what_is_no_certificate_is_told_and_kept_as_it_came() -> None:
    with site() as web:
        made = chain(web)
        web.answers["/sub.cer"] = b"<html>not here</html>"
        online, facts, _ = completed(made, made.paths(embedded=False))
        assert (told(online.attempts), facts) == ([("/sub.cer", "issuer", "not-a-certificate")], ())
        assert [(p.exhibit.type, p.data) for p in online.pieces] == [
            ("application/octet-stream", b"<html>not here</html>")
        ]


# Responders


def test_a_responder_says_good() -> None:
    with site() as web:
        made = chain(web)
        web.answers[LEAF_OCSP] = made.ocsp()
        online, (leaf, sub), _ = completed(made)
        assert (leaf.status, leaf.source, leaf.embedded, leaf.fetched_from) == (
            "good",
            "ocsp",
            False,
            web.url(LEAF_OCSP),
        )
        assert (sub.status, sub.source, sub.fetched_from) == ("good", "crl", web.url(SUB_CRL))
        assert told(online.attempts) == [(LEAF_OCSP, "ocsp", "used"), (SUB_CRL, "crl", "used")]
        assert [(p.exhibit.type, p.exhibit.role, p.exhibit.subject) for p in online.pieces] == [
            ("application/ocsp-response", "fetched", "document"),
            ("application/pkix-crl", "fetched", "document"),
        ]
        assert [a.sha256 for a in online.attempts] == [p.exhibit.sha256 for p in online.pieces]


def test_the_request_names_the_certificate_and_carries_no_nonce() -> None:
    with site() as web:
        made = chain(web)
        web.answers[LEAF_OCSP] = made.ocsp()
        completed(made)
        request = ocsp.load_der_ocsp_request(next(r.body for r in web.asked if r.path == LEAF_OCSP))
        expected = ocsp.OCSPRequestBuilder().add_certificate(made.leaf.certificate, made.sub.certificate, hashes.SHA1())
        assert request.public_bytes(DER) == expected.build().public_bytes(DER)


def test_a_responder_says_revoked() -> None:
    with site() as web:
        made = chain(web)
        web.answers |= {LEAF_OCSP: made.ocsp(revoked=True), LEAF_CRL: made.crl()}
        online, (leaf, _), _ = completed(made)
        assert (leaf.status, leaf.reason, leaf.revoked_at) == ("revoked", "key_compromise", NOW - timedelta(days=30))
        assert told(online.attempts)[0] == (LEAF_OCSP, "ocsp", "used")
        assert LEAF_CRL not in [r.path for r in web.asked]


def test_a_delegated_responder_counts() -> None:
    with site() as web:
        made = chain(web)
        responder = holder("Responder (fictional)", made.sub, responds=True)
        web.answers[LEAF_OCSP] = made.ocsp(by=responder)
        assert completed(made)[1][0].status == "good"


def _refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(DER)


@pytest.mark.parametrize(
    ("response", "code", "detail"),
    [
        (lambda _: _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED), "ocsp-refused", "unauthorized"),
        (lambda _: _refusal(ocsp.OCSPResponseStatus.TRY_LATER), "ocsp-refused", "try_later"),
        (lambda _: b"<html></html>", "not-an-ocsp-response", None),
        (lambda _: b"", "not-an-ocsp-response", None),
        (lambda made: made.crl(), "not-an-ocsp-response", None),
        (lambda made: made.ocsp()[:-20], "not-an-ocsp-response", None),
        (lambda made: answer(made.sub, root()), "about-another-certificate", None),
        (lambda made: made.ocsp(this=NOW - timedelta(days=30)), "not-usable", None),
        (lambda made: made.ocsp(by=holder("Stranger (fictional)", root(), responds=True)), "not-usable", None),
        (lambda _: 500, "http-500", None),
        (lambda _: redirect("ftp://10.0.0.1/"), "scheme", "ftp"),
    ],
    ids=["unauthorized", "try-later", "html", "empty", "crl", "cut", "another", "stale", "stranger", "500", "redirect"],
)  # fmt: skip
def test_where_a_responder_is_of_no_use_the_list_is_asked(
    response: Callable[[Chain], Answer], code: str, detail: str | None
) -> None:
    with site() as web:
        made = chain(web)
        web.answers |= {LEAF_OCSP: response(made), LEAF_CRL: made.crl()}
        online, (leaf, _), _ = completed(made)
        assert (online.attempts[0].code, online.attempts[0].detail) == (code, detail)
        assert (leaf.status, leaf.source, leaf.fetched_from) == ("good", "crl", web.url(LEAF_CRL))


def test_a_responder_that_takes_no_post_is_asked_by_get() -> None:
    with site() as web:
        made = chain(web)

        def by_get(request: Request) -> Answer | None:
            if not request.path.startswith(LEAF_OCSP):
                return None
            if request.method == "POST":
                return 405
            assert ocsp.load_der_ocsp_request(base64.b64decode(unquote(request.path.removeprefix(LEAF_OCSP + "/"))))
            return made.ocsp()

        web.responder = by_get
        online, (leaf, _), _ = completed(made)
        assert leaf.status == "good"
        assert [a.code for a in online.attempts if a.sought == "ocsp"] == ["http-405", "used"]


def test_a_responder_that_is_down_breaks_nothing() -> None:
    with site() as gone:
        pass
    with site() as web:
        made = chain(web, lists=(), responders=(gone.url("/ocsp"),))
        online, (leaf, sub), _ = completed(made, rules=web.rules(ports=(web.port, gone.port)))
        assert (leaf.status, leaf.source, sub.status) == ("unknown", "none", "good")
        assert told(online.attempts)[0] == ("/ocsp", "ocsp", "unreachable")


# Lists


def test_a_list_says_revoked() -> None:
    with site() as web:
        made = chain(web, responders=())
        web.answers[LEAF_CRL] = made.crl(revoked=made.leaf)
        _, (leaf, _), _ = completed(made)
        assert (leaf.status, leaf.source, leaf.revoked_at) == ("revoked", "crl", NOW - timedelta(days=30))


def test_a_list_in_pem_is_read() -> None:
    with site() as web:
        made = chain(web, responders=())
        web.answers[LEAF_CRL] = x509.load_der_x509_crl(made.crl()).public_bytes(PEM)
        _, (leaf, _), _ = completed(made)
        assert (leaf.status, leaf.fetched_from) == ("good", web.url(LEAF_CRL))


def test_the_next_address_is_asked_where_one_is_of_no_use() -> None:
    with site() as web:
        places = ("ldap://directory.example/cn=x?certificateRevocationList", web.url("/html"), web.url(LEAF_CRL))
        made = chain(web, responders=(), lists=places)
        web.answers |= {"/html": b"<html>", LEAF_CRL: made.crl()}
        online, (leaf, _), _ = completed(made)
        assert leaf.status == "good"
        assert [a.code for a in online.attempts[:3]] == ["scheme", "not-a-crl", "used"]


def test_a_list_of_another_authority_is_of_no_use() -> None:
    with site() as web:
        made = chain(web, responders=())
        web.answers[LEAF_CRL] = crl(holder("Stranger (fictional)", None, ca=True))
        online, (leaf, _), _ = completed(made)
        assert (leaf.status, told(online.attempts)[0]) == ("unknown", (LEAF_CRL, "crl", "not-usable"))


@pytest.mark.parametrize("path", [LEAF_OCSP, LEAF_CRL])
def test_good_said_after_a_certificate_ran_out_proves_nothing(path: str) -> None:
    signed = NOW - timedelta(days=400)
    with site() as web:
        named: dict[str, Any] = {"lists": ()} if path == LEAF_OCSP else {"responders": ()}
        made = chain(web, until=NOW - timedelta(days=300), **named)
        web.answers |= {LEAF_OCSP: made.ocsp(), LEAF_CRL: made.crl()}
        online, (leaf, _), _ = completed(made, moment=signed)
        assert (leaf.status, online.attempts[0].code) == ("unknown", "after-expiry")
        web.answers |= {LEAF_OCSP: made.ocsp(revoked=True), LEAF_CRL: made.crl(revoked=made.leaf)}
        _, (leaf, _), _ = completed(made, moment=signed)
        assert leaf.status == "revoked"


# What is not asked


def test_what_the_document_carries_is_not_asked_for() -> None:
    with site() as web:
        made = chain(web)
        web.answers[LEAF_OCSP] = made.ocsp()
        paths = made.paths()
        response = revocation.read_ocsp(made.ocsp())
        paths.add(crls=[revocation.read_crl(crl(root()))], ocsps=[response])
        online, (leaf, sub), _ = completed(made, paths)
        assert ([leaf.status, sub.status], leaf.fetched_from) == (["good", "good"], None)
        assert (web.asked, online.attempts, online.pieces) == ([], [], ())


def test_a_document_does_not_lead_to_loopback_unless_a_setting_names_it() -> None:
    with site() as web:
        made = chain(web)
        web.answers |= {LEAF_OCSP: made.ocsp(), LEAF_CRL: made.crl()}
        online, (leaf, _), _ = completed(made, rules=OnlineRules(ports=(web.port,)))
        assert (leaf.status, web.asked, online.pieces) == ("unknown", [], ())
        assert {a.code for a in online.attempts} == {"private-address"}


def test_a_second_signature_by_the_same_signer_asks_nothing_anew() -> None:
    with site() as web:
        made = chain(web)
        web.answers[LEAF_OCSP] = _refusal(ocsp.OCSPResponseStatus.TRY_LATER)
        web.answers[LEAF_CRL] = 404
        paths, online = made.paths(), Online(web.rules(), World(clock=lambda: NOW))
        for _ in range(3):
            online.complete(paths, containers.certificate(made.leaf.der), "signing", NOW)
        assert [r.path for r in web.asked] == [LEAF_OCSP, LEAF_CRL, SUB_CRL]
        assert len(online.attempts) == 3


def test_a_kept_answer_is_an_exhibit_all_the_same(tmp_path: Path) -> None:
    with site() as web:
        made = chain(web)
        web.answers |= {LEAF_OCSP: made.ocsp(), "/sub.cer": made.sub.der}
        rules = web.rules(cache=tmp_path)
        first, _, _ = completed(made, made.paths(embedded=False), rules)
        asked = len(web.asked)
        assert len(files(tmp_path)) == 3
        second, facts, _ = completed(made, made.paths(embedded=False), rules)
        assert len(web.asked) == asked
        assert ([f.status for f in facts], [a.cached for a in second.attempts]) == (["good"] * 2, [True] * 3)
        assert [p.exhibit for p in second.pieces] == [p.exhibit for p in first.pieces]


def test_an_answer_of_no_use_is_not_kept(tmp_path: Path) -> None:
    with site() as web:
        made = chain(web)
        stranger = holder("Stranger (fictional)", root(), responds=True)
        web.answers |= {LEAF_OCSP: made.ocsp(by=stranger), LEAF_CRL: 404, SUB_CRL: 404, "/sub.cer": b"<html>"}
        completed(made, rules=web.rules(cache=tmp_path))
        assert files(tmp_path) == []


def test_an_answer_without_a_next_update_is_used_and_not_kept(tmp_path: Path) -> None:
    with site() as web:
        made = chain(web)
        web.answers |= {LEAF_OCSP: made.ocsp(this=NOW, days=None), SUB_CRL: 404}
        _, (leaf, _), _ = completed(made, rules=web.rules(cache=tmp_path))
        assert (leaf.status, files(tmp_path)) == ("good", [])


# Words and edges


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_has_its_sentence_and_no_sentence_is_left_over(language: str) -> None:
    sources = [Path(m.__file__ or "").read_text() for m in (destinations, fetch, asking)]
    refused = {c for text in sources for c in re.findall(r'Refused\(\s*"([a-z-]+)"', text)}
    told = {c.removeprefix("fetch-") for c in catalogue(language) if c.startswith("fetch-")}
    assert refused <= told
    assert {c for c in told - {"http"} if not any(f'"{c}"' in text for text in sources)} == set()
    attempt = Fetching(url="http://pki.example/", sought="crl", certificate="00", code="http-404")
    code, params = attempt.reason
    assert "404" in sentence(code, params, language)


# The whole way


def signed(made: Chain) -> bytes:
    """A contract signed by the leaf that carries nothing but the leaf's certificate."""
    key = made.leaf.key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return sign_pdf(contract(), Credentials(made.leaf.der, key, ()), at=NOW - timedelta(days=1))


def test_what_was_fetched_is_in_the_report_and_its_exhibits() -> None:
    with site() as web:
        made = chain(web)
        web.answers |= {"/sub.cer": made.sub.der, LEAF_OCSP: made.ocsp()}
        verifier = Verifier(anchors=TrustAnchors("test", (root().der,)), online=web.rules())
        case = verifier.verify(read(signed(made), name="a.pdf"), at=NOW)
        (found,) = (e for e in case.report.evidence if e.kind == "signature")
        assert (found.path.complete, found.path.problem) == (True, None)
        assert [f.fetched_from for f in found.revocation] == [web.url(LEAF_OCSP), web.url(SUB_CRL)]
        shown = [e for e in case.report.exhibits if e.role == "fetched"]
        assert sorted(e.sha256 for e in shown) == list(case.report.provenance.fetched)
        assert {case.exhibits[e.sha256] for e in shown} == {made.sub.der, web.answers[LEAF_OCSP], web.answers[SUB_CRL]}


def test_responders_that_are_down_are_no_problem_of_the_report() -> None:
    with site() as web:
        made = chain(web)
    verifier = Verifier(anchors=TrustAnchors("test", (root().der,)), online=web.rules())
    report = verifier.verify(read(signed(made), name="a.pdf"), at=NOW).report
    assert (report.problems, report.provenance.fetched) == ((), ())


def test_without_online_nothing_is_connected_whatever_the_certificates_name(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf = signed(chain(Site(port=80)))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a check without --online went to the network")

    for way in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, way, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    report = Verifier(anchors=TrustAnchors("test", (root().der,))).verify(read(pdf, name="a.pdf"), at=NOW).report
    (found,) = (e for e in report.evidence if e.kind == "signature")
    assert (found.intact, found.path.problem, report.provenance.fetched, report.problems) == (True, "no-path", (), ())


def test_the_command_asks_only_with_its_option(tmp_path: Path) -> None:
    with site() as web:
        made = chain(web)
        web.answers |= {"/sub.cer": made.sub.der, LEAF_OCSP: made.ocsp()}
        (tmp_path / "a.pdf").write_bytes(signed(made))
        (tmp_path / "root.der").write_bytes(root().der)
        own = {
            "SIGILLUM_NETWORK_ALLOW": '["127.0.0.1"]',
            "SIGILLUM_NETWORK_PORTS": f"[{web.port}]",
            "SIGILLUM_NETWORK_CACHE": str(tmp_path / "kept"),
        }

        def fetched(*options: str) -> list[str]:
            command = ["check", tmp_path / "a.pdf", "--trust", tmp_path / "root.der", "--at", NOW.isoformat(), "--json"]
            run = subprocess.run(
                [Path(sys.executable).with_name("sigillum"), *command, *options],
                capture_output=True, env={**os.environ, **own}, timeout=60, check=False,
            )  # fmt: skip
            found: list[str] = json.loads(run.stdout)["provenance"]["fetched"]
            return found

        assert (fetched(), web.asked, files(tmp_path / "kept")) == ([], [], [])
        assert len(fetched("--online")) == 3


def test_settings_say_how_far_online_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIGILLUM_SETTINGS", str(tmp_path / "none.toml"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert rules_of(load_settings()) == OnlineRules(cache=tmp_path / "sigillum" / "fetched")
    monkeypatch.setenv("SIGILLUM_NETWORK_ALLOW", '["pki.intern", "10.0.0.0/8"]')
    monkeypatch.setenv("SIGILLUM_NETWORK_PORTS", "[80, 2560]")
    monkeypatch.setenv("SIGILLUM_NETWORK_SECONDS", "5")
    given = rules_of(load_settings())
    assert (given.allow, given.ports, given.seconds) == (("pki.intern", "10.0.0.0/8"), (80, 2560), 5.0)
    monkeypatch.setenv("SIGILLUM_NETWORK_ALLOW", '["http://pki.intern/"]')
    with pytest.raises(UsageError, match="neither a host nor a network"):
        rules_of(load_settings())

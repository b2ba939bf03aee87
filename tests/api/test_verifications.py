"""Handing in a document over HTTP: 202, state, report, exhibits; and every way in which it is refused."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from typing import Any

import pymupdf
import pytest
from PIL import Image

from api.app import create_app
from api.errors import STATUS
from api.intake import safe_name
from api.limits import ServiceLimits
from tests.api.service import (
    NOON,
    SIGNER,
    Clock,
    Told,
    answering,
    contract,
    hand_in,
    problem,
    service,
    settled,
    small_pdf,
)
from tests.reports.cases import passed
from verify.core.document import digest
from verify.core.errors import Refusal, UsageError, VerifyError
from verify.formats.limits import Limits
from verify.report import Report
from verify.reports.views import public, public_case
from verify.simulation.pki import TestPki
from verify.stores.trust import TrustAnchors
from verify.verifier import Verifier


def picture(size: tuple[int, int] = (60, 40)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, "PNG")
    return out.getvalue()


def locked() -> bytes:
    pdf: Any = pymupdf.open()
    pdf.new_page()
    return bytes(pdf.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="open sesame"))


# ── the main job ───────────────────────────────────────────────────────────────────────────────────────


def test_a_signed_contract_is_taken_examined_and_reported_by_the_real_verifier() -> None:
    verifier = Verifier(anchors=TrustAnchors("test", (TestPki().root_der,)))
    with service(verifier) as client:
        posted = hand_in(client, contract())
        assert (posted.status_code, posted.json()["state"]) == (202, "waiting")
        assert posted.headers["location"] == posted.json()["links"]["self"]
        state = settled(client, posted)
        assert state["kept_until"] == "2026-06-30T13:00:00Z"
        got = client.get(state["links"]["report"])
    report = Report.model_validate_json(got.content)
    assert (report.document.sha256, report.document.name) == (digest(contract()), "contract.pdf")
    assert (report.verdict.answers.unchanged, report.verdict.answers.signer) == ("passed", "passed")
    assert report.provenance.at == NOON
    assert state["outcome"] == report.verdict.outcome


def test_the_report_is_byte_for_byte_what_the_command_prints() -> None:
    with service(answering(), view="full") as client:
        state = settled(client, hand_in(client, small_pdf()))
        assert client.get(state["links"]["report"]).text == passed().report.to_json()


def test_date_password_and_language_are_handed_on() -> None:
    verifier = answering()
    with service(verifier) as client:
        posted = hand_in(client, locked(), document_date="2026-03-12", password="open sesame", lang="zh")
        state = settled(client, posted)
        assert state["state"] == "done"
        assert 'lang="zh-CN"' in client.get(state["links"]["report_html"]).text
        assert 'lang="en"' in client.get(state["links"]["report_html"], params={"lang": "en"}).text
    assert verifier.asked[0]["date"] == date(2026, 3, 12)


def test_a_caller_may_choose_among_the_policies_and_no_file() -> None:
    with service(answering()) as client:
        state = settled(client, hand_in(client, small_pdf(), policy="strict"))
        assert client.get(state["links"]["report"]).json()["provenance"]["policy"] == "strict"
        assert problem(hand_in(client, small_pdf(), policy="/etc/passwd.toml")) == (422, "policy-unknown")


def test_documents_are_examined_one_at_a_time_in_the_order_of_their_coming() -> None:
    verifier = Told()
    with service(verifier) as client:
        first = hand_in(client, small_pdf(), "1.pdf")
        settled(client, first, states=("examining",))
        others = [hand_in(client, small_pdf(), f"{n}.pdf") for n in (2, 3)]
        assert [client.get(o.headers["location"]).json()["ahead"] for o in others] == [1, 2]
        assert len(verifier.asked) == 1
        verifier.gate.set()
        for one in (first, *others):
            settled(client, one)
    assert [a["name"] for a in verifier.asked] == ["1.pdf", "2.pdf", "3.pdf"]


# ── what is refused, and how ───────────────────────────────────────────────────────────────────────────

OF_THE_DOCUMENT = {
    "format-office": b"PK\x03\x04....word/document.xml",
    "format-mail": b"From: a@example.org\nSubject: contract\n\nhello",
    "format-ofd": b"PK\x03\x04....OFD.xml",
    "format-unsupported": b"\x7fELF and then some",
    "picture-undecodable": picture()[:50],
    "picture-too-large": picture((400, 300)),
    "pdf-encrypted": locked(),
    "pdf-undecodable": b"%PDF-1.7 and nothing else",
}


@pytest.mark.parametrize("code", OF_THE_DOCUMENT)
def test_a_document_that_cannot_be_examined_gives_its_own_status_in_place_of_a_report(code: str) -> None:
    with service(answering(), document=Limits(picture_pixels=100_000)) as client:
        state = settled(client, hand_in(client, OF_THE_DOCUMENT[code], "contract.pdf"))
        assert (state["state"], state["outcome"], state["problem"]["code"]) == ("refused", None, code)
        for link in ("report", "report_html"):
            assert problem(client.get(state["links"][link])) == (STATUS[code], code)


def test_a_wrong_password_is_told_and_the_hint_speaks_of_the_field_not_of_the_command_line() -> None:
    with service(answering()) as client:
        wrong = settled(client, hand_in(client, locked(), password="guess"))
        assert wrong["problem"]["code"] == "pdf-wrong-password"
        none = settled(client, hand_in(client, locked()))
        assert "--" not in none["problem"]["hint"]


def test_what_is_wrong_with_an_upload_is_told_at_once() -> None:
    with service(answering()) as client:
        assert problem(hand_in(client, b"")) == (422, "file-empty")
        assert problem(client.post("/v1/verifications", files={"other": ("a.pdf", b"x")})) == (422, "upload-missing")
        assert problem(client.post("/v1/verifications", content=b"%PDF-")) == (400, "upload-malformed")
        garbled = client.post("/v1/verifications", content=b"--x", headers={"content-type": "multipart/form-data"})
        assert problem(garbled) == (400, "upload-malformed")
        two = client.post("/v1/verifications", files=[("file", ("a", b"x")), ("file", ("b", b"y"))])
        assert problem(two) == (400, "upload-malformed")
        assert problem(hand_in(client, small_pdf(), document_date="12.3.26")) == (422, "date-unreadable")
        assert problem(hand_in(client, small_pdf(), lang="xx")) == (422, "language-unknown")
        assert problem(hand_in(client, small_pdf(), password="x" * 5000)) == (400, "upload-malformed")


def test_the_size_limit_holds_exactly() -> None:
    size = len(small_pdf())
    with service(answering(), document=Limits(file_bytes=size)) as client:
        assert hand_in(client, small_pdf()).status_code == 202
    with service(answering(), document=Limits(file_bytes=size - 1)) as client:
        assert problem(hand_in(client, small_pdf())) == (413, "file-too-large")


def test_an_endless_upload_is_stopped_while_it_streams_whatever_length_it_announced() -> None:
    limits = ServiceLimits(document=Limits(file_bytes=100_000))
    for announced in (None, b"1000"):
        taken, sent = asyncio.run(_endless(create_app(answering(), limits=limits), announced))
        start = next(m for m in sent if m["type"] == "http.response.start")
        assert start["status"] == 413
        assert taken < 600_000


async def _endless(app: Any, announced: bytes | None) -> tuple[int, list[Any]]:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n%PDF-'
    taken, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        chunk = head if taken == 0 else b"0" * 10_000
        taken += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"multipart/form-data; boundary=b"), (b"host", b"testserver")]
    if announced:
        headers.append((b"content-length", announced))
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/v1/verifications", "root_path": "",
        "raw_path": b"/v1/verifications", "query_string": b"", "headers": headers, "scheme": "http",
        "server": ("testserver", 80), "client": ("test", 1), "asgi": {"version": "3.0"}, "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return taken, sent


def test_a_sender_who_never_finishes_loses_the_place() -> None:
    app = create_app(answering(), limits=ServiceLimits(upload_for=timedelta(milliseconds=50), backlog=1))

    async def stalled() -> list[Any]:
        sent: list[Any] = []
        first = True

        async def receive() -> dict[str, Any]:
            nonlocal first
            if not first:
                await asyncio.sleep(3600)
            first = False
            return {"type": "http.request", "body": b"--b\r\n", "more_body": True}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "path": "/v1/verifications", "root_path": "",
            "raw_path": b"", "query_string": b"", "headers": [(b"content-type", b"multipart/form-data; boundary=b")],
            "scheme": "http", "server": ("testserver", 80), "client": ("test", 1), "asgi": {"version": "3.0"}, "state": {},
        }  # fmt: skip
        await app(scope, receive, send)
        return sent

    for _ in range(2):  # the second finds the place free
        sent = asyncio.run(stalled())
        assert sent[0]["status"] == 408


def test_an_upload_is_never_written_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def rolled(_: object) -> None:
        raise AssertionError("written to the disk")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", rolled)
    with service(answering()) as client:
        assert hand_in(client, small_pdf() + b"\0" * 3_000_000).status_code == 202


HOSTILE = {
    "../../../etc/passwd": "passwd",
    "C:\\Users\\x\\contract.pdf": "contract.pdf",
    "contract\u202efdp.exe": "contractfdp.exe",
    "a\x00b\n.pdf": "ab.pdf",
    "..": "document",
    "/": "document",
    "": "document",
    "<script>alert(1)</script>.pdf": "script>.pdf",
    "合同 2026.pdf": "合同 2026.pdf",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_name_is_only_text(name: str) -> None:
    assert safe_name(name) == HOSTILE[name]


def test_a_long_file_name_is_shortened_and_keeps_its_end() -> None:
    shown = safe_name("a" * 5000 + ".pdf")
    assert (len(shown), shown[-4:]) == (120, ".pdf")


def test_the_bytes_decide_and_not_the_name() -> None:
    verifier = Verifier()
    with service(verifier) as client:
        state = settled(client, hand_in(client, picture(), "contract.pdf"))
        report = client.get(state["links"]["report"]).json()
    assert report["document"]["format"] == "image"
    assert report["document"]["remarks"]


# ── the backlog ────────────────────────────────────────────────────────────────────────────────────────


def test_a_full_backlog_sends_away_with_a_time_to_come_back_and_recovers() -> None:
    verifier = Told()
    with service(verifier, backlog=2) as client:
        first = hand_in(client, small_pdf())
        settled(client, first, states=("examining",))
        waiting = [hand_in(client, small_pdf()) for _ in range(2)]
        away = hand_in(client, small_pdf())
        assert problem(away) == (503, "backlog-full")
        assert int(away.headers["retry-after"]) > 0
        verifier.gate.set()
        for one in (first, *waiting):
            settled(client, one)
        settled(client, hand_in(client, small_pdf()))


def test_a_report_asked_for_too_early_says_so() -> None:
    verifier = Told()
    with service(verifier) as client:
        posted = hand_in(client, small_pdf())
        early = client.get(posted.json()["links"]["report"])
        assert problem(early) == (409, "verification-unfinished")
        assert early.headers["retry-after"]
        verifier.gate.set()


# ── keeping ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_id_is_not_found_in_every_place() -> None:
    with service(answering()) as client:
        for tail in ("", "/report", "/report.html", f"/exhibits/{'0' * 64}"):
            assert problem(client.get(f"/v1/verifications/nobody{tail}")) == (404, "verification-unknown")
        assert problem(client.get("/v1/verifications")) == (405, "method-not-allowed")


def test_ids_are_long_and_never_twice_the_same() -> None:
    with service(answering()) as client:
        ids = {hand_in(client, small_pdf()).json()["id"] for _ in range(5)}
    assert len(ids) == 5
    assert min(map(len, ids)) >= 32


def test_a_result_is_forgotten_after_its_hour() -> None:
    clock = Clock()
    with service(answering(), clock=clock) as client:
        state = settled(client, hand_in(client, small_pdf()))
        clock.pass_(minutes=59)
        assert client.get(state["links"]["report"]).status_code == 200
        clock.pass_(minutes=1)
        assert problem(client.get(state["links"]["report"])) == (404, "verification-unknown")


def test_only_so_many_results_are_kept_and_the_oldest_goes_first() -> None:
    with service(answering(), kept=2) as client:
        states = [settled(client, hand_in(client, small_pdf())) for _ in range(3)]
        found = [client.get(s["links"]["self"]).status_code for s in states]
    assert found == [404, 200, 200]


def test_only_so_many_bytes_are_kept_but_always_the_latest() -> None:
    with service(answering(), kept_bytes=1) as client:
        states = [settled(client, hand_in(client, small_pdf())) for _ in range(2)]
        found = [client.get(s["links"]["self"]).status_code for s in states]
    assert found == [404, 200]


def test_neither_document_nor_password_outlives_the_examination() -> None:
    with service(answering()) as client:
        state = settled(client, hand_in(client, locked(), password="open sesame"))
        refused = settled(client, hand_in(client, locked(), password="guess"))
        desk = client.app.state.desk  # type: ignore[attr-defined]
        for one in (state, refused):
            assert desk.find(one["id"]).order is None
        error = desk.find(refused["id"]).error
        assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


# ── our own inability ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [
        (VerifyError("specimen-missing", "/srv/seals/xinghe/2024.png cannot be read", "Put it back."), (500, "specimen-missing")),
        (UsageError("seal-invalid", "/srv/seals/xinghe/seal.toml: size_mm", "Correct it."), (500, "seal-invalid")),
        (RuntimeError("/srv/secret"), (500, "internal-error")),
        (MemoryError(), (422, "too-much-memory")),
        (Refusal("new-kind", "of refusal", "Do."), (422, "new-kind")),
    ],
    ids=["ours", "our configuration", "a bug", "memory", "a refusal not in the table"],
)  # fmt: skip
def test_a_broken_examination_names_no_path_and_the_desk_goes_on(breaks: Exception, expected: tuple[int, str]) -> None:
    verifier = answering(breaks=breaks)
    with service(verifier) as client:
        state = settled(client, hand_in(client, small_pdf()))
        told = client.get(state["links"]["report"])
        assert problem(told) == expected
        assert "/srv" not in told.text
        verifier.breaks = None
        assert settled(client, hand_in(client, small_pdf()))["state"] == "done"


def test_an_examination_that_takes_too_long_is_stopped_between_its_steps() -> None:
    clock = Clock()
    with service(answering(clock=clock), clock=clock) as client:
        state = settled(client, hand_in(client, small_pdf()))
    assert state["problem"]["code"] == "took-too-long"


# ── the two views ──────────────────────────────────────────────────────────────────────────────────────


def test_the_public_service_gives_the_public_view_and_holds_nothing_else() -> None:
    whole, shown = passed(), public_case(passed())
    hidden = [e for e in whole.report.exhibits if e.sha256 not in shown.exhibits]
    assert {e.role for e in hidden} >= {"reference", "overlay"}
    with service(answering(), view="public") as client:
        state = settled(client, hand_in(client, small_pdf()))
        links = state["links"]
        assert client.get(links["report"]).text == public(whole.report).to_json()
        page = client.get(links["report_html"]).text
        for exhibit in hidden:
            got = client.get(f"{links['self']}/exhibits/{exhibit.sha256}")
            assert problem(got) == (404, "exhibit-unknown")
            assert exhibit.sha256 not in page
        for exhibit in shown.report.exhibits:
            assert client.get(f"{links['self']}/exhibits/{exhibit.sha256}").content == shown.exhibits[exhibit.sha256]
        result = client.get(f"/v/{state['id']}", headers={"accept": "text/html"}).text
        for told in (page, result, client.get(links["self"]).text):
            for secret in ("xinghe-contract-0017", "USE-2026-0311", "2.61", "0.9312"):
                assert secret not in told
        kept = client.app.state.desk.find(state["id"]).case  # type: ignore[attr-defined]
        assert set(kept.exhibits) == set(shown.exhibits)


def test_the_full_service_gives_everything() -> None:
    with service(answering(), view="full") as client:
        state = settled(client, hand_in(client, small_pdf()))
        report = client.get(state["links"]["report"]).text
        assert "xinghe-contract-0017" in report
        for exhibit in passed().report.exhibits:
            got = client.get(f"{state['links']['self']}/exhibits/{exhibit.sha256}")
            assert (got.status_code, digest(got.content), got.headers["content-type"]) == (
                200,
                exhibit.sha256,
                "image/png",
            )


def test_an_exhibit_is_asked_for_by_its_digest_only() -> None:
    with service(answering()) as client:
        state = settled(client, hand_in(client, small_pdf()))
        for wrong in ("passwd", "..%2f..%2fetc%2fpasswd", "A" * 64):
            assert client.get(f"{state['links']['self']}/exhibits/{wrong}").status_code in (404, 422)


# ── headers, hosts, description ────────────────────────────────────────────────────────────────────────


def test_every_answer_carries_the_security_headers() -> None:
    with service(answering()) as client:
        state = settled(client, hand_in(client, small_pdf()))
        links = state["links"]
        paths = [
            *links.values(),
            "/",
            f"/v/{state['id']}",
            "/healthz",
            "/openapi.json",
            "/nowhere",
            "/static/page.css",
            "/v1/verifications/x",
        ]
        for path in paths:
            headers = client.get(path).headers
            assert headers["cache-control"] == "no-store", path
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe-eval" not in headers["content-security-policy"]


def test_a_report_page_runs_no_script() -> None:
    with service(answering()) as client:
        state = settled(client, hand_in(client, small_pdf()))
        for path in (state["links"]["report_html"], f"/v/{state['id']}"):
            assert "script-src" not in client.get(path).headers["content-security-policy"]


def test_a_restricted_service_answers_to_its_own_names_only() -> None:
    with service(answering(), hosts=("localhost", "127.0.0.1", "[::1]")) as client:
        for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
            assert client.get("/healthz", headers={"host": host}).status_code == 200
        for host in ("rebound.example.org", "localhost.example.org", "", "127.0.0.1.example.org:8000"):
            got = client.get("/healthz", headers={"host": host})
            assert problem(got) == (421, "host-unknown")
            assert got.headers["x-content-type-options"] == "nosniff"


def test_health_tells_whether_documents_are_examined() -> None:
    with service(answering()) as client:
        assert client.get("/healthz").json()["status"] == "ok"
        client.app.state.desk.close()  # type: ignore[attr-defined]
        stopped = client.get("/healthz")
    assert (stopped.status_code, stopped.json()["status"]) == (503, "stopped")


def test_the_description_uses_the_report_itself_and_gives_examples() -> None:
    with service(answering()) as client:
        described = client.get("/openapi.json").json()
    paths = described["paths"]
    assert set(paths) == {
        "/v1/verifications", "/v1/verifications/{id}", "/v1/verifications/{id}/report",
        "/v1/verifications/{id}/report.html", "/v1/verifications/{id}/exhibits/{sha256}", "/healthz",
    }  # fmt: skip
    answer = paths["/v1/verifications/{id}/report"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Report")
    schemas = described["components"]["schemas"]
    assert "HTTPValidationError" not in json.dumps(described)
    for name in ("Verification", "ProblemDetails"):
        assert schemas[name]["example"]
    assert "example" in paths["/v1/verifications"]["post"]["requestBody"]["content"]["multipart/form-data"]


def test_importing_the_service_costs_neither_pyhanko_nor_opencv() -> None:
    code = "import sys, api.app; print(sorted(m for m in ('pyhanko', 'cv2', 'pymupdf', 'skimage') if m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_signer_of_the_happy_path_stands_on_the_page() -> None:
    verifier = Verifier(anchors=TrustAnchors("test", (TestPki().root_der,)))
    with service(verifier) as client:
        state = settled(client, hand_in(client, contract()))
        assert SIGNER in client.get(state["links"]["report_html"]).text

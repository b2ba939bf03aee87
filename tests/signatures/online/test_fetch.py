"""Only what is public is reached, at the address that was checked, within time and size; and nothing raises."""

from __future__ import annotations

import itertools
import json
import os
import pickle
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.signatures.online.responders import Cables, Names, files, raw, redirect, site
from verify.core.errors import UsageError
from verify.signatures.online.answers import Answers
from verify.signatures.online.destinations import Reach, Refused, destination, public
from verify.signatures.online.fetch import Fetched, Fetcher, NotFetched, OnlineRules, World

PUBLIC, OTHER_PUBLIC = "8.8.8.8", "2606:4700::1111"  # never reached: the cables of these tests end on loopback
DAY = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)


def code(answer: Fetched | NotFetched) -> str:
    return answer.code if isinstance(answer, NotFetched) else "fetched"


def asked(url: str, rules: OnlineRules | None = None, world: World | None = None) -> str:
    return code(Fetcher(rules or OnlineRules(), world).fetch(url))


def nowhere(names: Names | None = None) -> tuple[World, Cables]:
    """A world whose every connection is noted, so that a test can say that none was made."""
    cables = Cables()
    return World(resolve=names or Names({}), connect=cables), cables


# What is reached


def test_an_answer_comes_with_its_digest_and_the_moment() -> None:
    with site({"/a?b=%2F": b"hello"}) as web:
        answer = Fetcher(web.rules(), World(clock=lambda: DAY)).fetch(web.url("/a?b=%2F"))
    assert isinstance(answer, Fetched)
    assert (answer.data, answer.when, answer.cached) == (b"hello", DAY, False)
    assert answer.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_a_body_goes_by_post() -> None:
    with site({"/": b"ok"}) as web:
        Fetcher(web.rules()).fetch(web.url("/"), body=b"\x30\x00", type="application/ocsp-request")
        assert [(r.method, r.body) for r in web.asked] == [("POST", b"\x30\x00")]


def test_the_same_question_is_asked_once() -> None:
    with site({"/": b"ok"}) as web:
        fetcher = Fetcher(web.rules())
        assert fetcher.fetch(web.url("/")) is fetcher.fetch(web.url("/"))
        assert len(web.asked) == 1


def test_a_chunked_answer_is_put_together() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with site({"/": raw(head, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n")}) as web:
        answer = Fetcher(web.rules()).fetch(web.url("/"))
    assert isinstance(answer, Fetched)
    assert answer.data == b"abcde"


def test_an_answer_over_tls_is_checked_against_its_name(tmp_path: Path) -> None:
    names = World(resolve=Names({"pki.example": [[PUBLIC]], "other.example": [[PUBLIC]]}), connect=Cables())
    certificate = tls_certificate(tmp_path / "tls.pem", "pki.example")
    with site({"/": b"ok"}, tls=certificate) as web:
        rules = OnlineRules(ports=(web.port,), ca_file=certificate)
        assert asked(f"https://pki.example:{web.port}/", rules, names) == "fetched"
        assert asked(f"https://other.example:{web.port}/", rules, names) == "tls"
        assert asked(f"https://pki.example:{web.port}/", OnlineRules(ports=(web.port,)), names) == "tls"


def test_a_file_of_authorities_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        OnlineRules(ca_file=tmp_path / "none.pem")


# What is not


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "0.0.0.0",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.192", "198.18.0.1", "192.0.2.1", "168.63.129.16",
        "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
        "2002:7f00:1::", "2002:c0a8:101::1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001::1", "2001:db8::1",
        "100::1", "5f00::1", "4000::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_not_reached_by_number_nor_by_name(address: str) -> None:
    world, cables = nowhere(Names({"pki.example": [[address]]}))
    shown = f"[{address}]" if ":" in address else address
    assert asked(f"http://{shown}/", world=world) == "private-address"
    assert asked("http://pki.example/", world=world) == "private-address"
    assert cables.reached == []


@pytest.mark.parametrize(
    "address", [PUBLIC, OTHER_PUBLIC, "2002:808:808::1", "64:ff9b::808:808", "172.32.0.1", "100.128.0.1"]
)
def test_a_public_address_is_public(address: str) -> None:
    assert public(ip_address(address))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ldap://pki.example/cn=x", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://pki.example/a.crl", "scheme"),
        ("pki.example/a.crl", "scheme"),
        ("", "scheme"),
        ("http://user:word@pki.example/", "credentials"),
        ("http://pki.example@127.0.0.1/", "credentials"),
        ("http://pki.example\\@127.0.0.1/", "bad-url"),
        ("http://2130706433/", "bad-url"),
        ("http://0x7f000001/", "bad-url"),
        ("http://0x7f.1/", "bad-url"),
        ("http://0177.0.0.1/", "bad-url"),
        ("http://127.1/", "bad-url"),
        ("http://127.0.0.1./", "bad-url"),
        ("http://[fe80::1%25eth0]/", "bad-url"),
        ("http://[::1/", "bad-url"),
        ("http:///a.crl", "bad-url"),
        ("http://pki.example:0/", "bad-url"),
        ("http://pki.example:99999/", "bad-url"),
        ("http://pki.example/a\r\nHost: other", "bad-url"),
        ("http://pki\t.example/", "bad-url"),
        ("http://pki..example/", "bad-url"),
        ("http://" + "a" * 300 + "/", "bad-url"),
        ("http://pki.example/" + "a" * 3000, "bad-url"),
        ("http://pki.example:22/", "port"),
        ("https://pki.example:6379/", "port"),
        ("http://nowhere.example/", "unresolvable"),
    ],
)
def test_a_url_that_is_not_asked(url: str, why: str) -> None:
    world, cables = nowhere(Names({"pki.example": [[PUBLIC]]}))
    assert asked(url, world=world) == why
    assert cables.reached == []


def test_loopback_by_its_usual_name_is_not_reached() -> None:
    cables = Cables()
    assert asked("http://localhost/", world=World(connect=cables)) == "private-address"
    assert cables.reached == []


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    world, cables = nowhere(Names({"pki.example": [[PUBLIC, "10.0.0.1"]]}))
    assert asked("http://pki.example/", world=world) == "private-address"
    assert cables.reached == []


def test_a_name_that_changes_its_address_is_connected_to_the_one_that_was_checked() -> None:
    with site({"/": b"ok", "/again": b"ok"}) as web:
        names = Names({"rebind.example": [[PUBLIC], ["127.0.0.1"]]})
        world, cables = nowhere(names)
        fetcher = Fetcher(OnlineRules(ports=(web.port,)), world)
        assert code(fetcher.fetch(web.url("/", "rebind.example"))) == "fetched"
        assert (names.asked, cables.reached) == (["rebind.example"], [(PUBLIC, web.port)])
        assert code(fetcher.fetch(web.url("/again", "rebind.example"))) == "private-address"
        assert cables.reached == [(PUBLIC, web.port)]
        assert [r.host for r in web.asked] == [f"rebind.example:{web.port}"]


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with site({"/": b"ok"}) as web:
        cables = Cables()

        def connect(address: str, port: int, seconds: float) -> object:
            if address == OTHER_PUBLIC:
                raise ConnectionRefusedError
            return cables(address, port, seconds)

        world = World(resolve=Names({"pki.example": [[OTHER_PUBLIC, PUBLIC]]}), connect=connect)  # type: ignore[arg-type]
        assert asked(web.url("/", "pki.example"), OnlineRules(ports=(web.port,)), world) == "fetched"


def test_a_host_that_is_down_is_asked_once_a_document() -> None:
    calls = []

    def connect(address: str, port: int, seconds: float) -> object:
        calls.append(address)
        raise TimeoutError

    world = World(resolve=Names({"down.example": [[PUBLIC]]}), connect=connect)  # type: ignore[arg-type]
    fetcher = Fetcher(OnlineRules(), world)
    assert [code(fetcher.fetch(f"http://down.example/{n}")) for n in range(5)] == ["too-slow"] * 5
    assert calls == [PUBLIC]


def test_a_resolver_that_hangs_is_left_in_time() -> None:
    done = threading.Event()
    try:
        world = World(resolve=lambda *_: [PUBLIC] if done.wait(30) else [])
        start = time.monotonic()
        assert asked("http://slow.example/", OnlineRules(request_seconds=0.2), world) == "too-slow"
        assert time.monotonic() - start < 5
    finally:
        done.set()


# What the operator allows


def test_loopback_is_reached_only_where_a_setting_names_it() -> None:
    with site({"/": b"ok"}) as web:
        only_port = {"ports": (web.port,)}
        assert asked(web.url("/"), OnlineRules(**only_port)) == "private-address"
        assert asked(web.url("/"), OnlineRules(allow=("10.0.0.0/8",), **only_port)) == "private-address"
        assert asked(web.url("/"), OnlineRules(allow=("127.0.0.1",), **only_port)) == "fetched"
        assert asked(web.url("/", "[::ffff:127.0.0.1]"), OnlineRules(allow=("127.0.0.0/8",), **only_port)) == "fetched"
        assert asked(web.url("/"), OnlineRules(allow=("127.0.0.1",))) == "port"


def test_a_host_that_a_setting_names_may_be_private_but_not_the_clouds_metadata() -> None:
    reach = Reach.of(["PKI.intern."])
    assert reach.admits("10.1.2.3", "pki.intern")
    assert reach.admits("fd12::1", "pki.intern.")
    assert not reach.admits("10.1.2.3", "other.intern")
    for address in (
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "0.0.0.0",
        "::ffff:169.254.169.254",
    ):
        assert not reach.admits(address, "pki.intern")
    assert Reach.of(["169.254.0.0/16"]).admits("169.254.169.254", "pki.intern")


@pytest.mark.parametrize("entry", ["http://pki.intern/", "pki.intern:80", "10.0.0.0/33", "2130706433.", "", "a b"])
def test_a_setting_that_names_nothing_is_said_at_once(entry: str) -> None:
    with pytest.raises(UsageError, match="neither a host nor a network"):
        OnlineRules(allow=(entry,))


def test_rules_travel_to_other_processes() -> None:
    rules = OnlineRules(allow=("pki.intern",), cache=Path("kept"))
    assert pickle.loads(pickle.dumps(rules)) == rules


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with site() as proxy, site({"/": b"ok"}) as web:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url("/"))
        assert asked(web.url("/"), web.rules()) == "fetched"
        assert proxy.asked == []


# Redirects


def test_a_redirect_is_followed_and_checked_anew() -> None:
    with site({"/end": b"ok"}) as web:
        web.answers |= {"/relative": redirect("end", 301), "/absolute": redirect(web.url("/end"), 308)}
        assert asked(web.url("/relative"), web.rules()) == "fetched"
        assert asked(web.url("/absolute"), web.rules()) == "fetched"


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("http://127.0.0.1/", "private-address"), ("http://[::1]/", "private-address"), ("http://metadata.example/", "private-address"),
        ("//localhost/", "private-address"), ("http://0x7f.1/", "bad-url"), ("http://pki.example:22/", "port"),
        ("file:///etc/passwd", "scheme"), ("http://a:b@pki.example/", "credentials"),
    ],
)  # fmt: skip
def test_a_redirect_to_where_a_document_may_not_lead_is_not_followed(to: str, why: str) -> None:
    with site({"/": redirect(to)}) as web:
        names = Names(
            {"pki.example": [[PUBLIC]], "metadata.example": [["169.254.169.254"]], "localhost": [["127.0.0.1"]]}
        )
        world, cables = nowhere(names)
        assert asked(web.url("/", "pki.example"), OnlineRules(ports=(80, web.port)), world) == why
        assert cables.reached == [(PUBLIC, web.port)]


def test_a_redirect_to_loopback_is_followed_where_a_setting_names_it() -> None:
    with site({"/end": b"ok"}) as web:
        web.answers["/"] = redirect(web.url("/end"))
        world = World(resolve=Names({"pki.example": [[PUBLIC]]}), connect=Cables())
        assert asked(web.url("/", "pki.example"), OnlineRules(ports=(web.port,)), world) == "private-address"
        assert asked(web.url("/", "pki.example"), web.rules(), world) == "fetched"


def test_redirects_end() -> None:
    with site() as web:
        web.answers |= {"/a": redirect("/b"), "/b": redirect("/a")}
        web.answers |= {f"/{n}": redirect(f"/{n + 1}") for n in range(9)}
        assert asked(web.url("/a"), web.rules()) == "redirect-loop"
        assert asked(web.url("/0"), web.rules()) == "too-many-redirects"
        assert asked(web.url("/4"), web.rules()) == "http-404"


def test_a_post_is_repeated_but_for_see_other() -> None:
    with site({"/end": b"ok"}) as web:
        web.answers |= {"/307": redirect("/end", 307), "/303": redirect("/end", 303)}
        for path in ("/307", "/303"):
            Fetcher(web.rules()).fetch(web.url(path), body=b"q", type="application/ocsp-request")
        assert [(r.method, r.body) for r in web.asked if r.path == "/end"] == [("POST", b"q"), ("GET", b"")]


# Limits


def test_a_server_that_drips_is_cut_off_by_the_whole_time() -> None:
    drops = itertools.repeat(b"x", 200)
    body = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n", *drops, pause=lambda: time.sleep(0.05))
    headers = raw(b"HTTP/1.1 200 OK\r\nX-Long: ", *itertools.repeat(b"x", 200), pause=lambda: time.sleep(0.05))
    for answer in (body, headers):
        with site({"/": answer}) as web:
            start = time.monotonic()
            assert asked(web.url("/"), web.rules(request_seconds=0.4)) == "too-slow"
            assert time.monotonic() - start < 3


def test_the_documents_time_is_spent_on_all_its_questions() -> None:
    now = 0.0

    def connect(address: str, port: int, seconds: float) -> object:
        nonlocal now
        now += 7  # seconds that every answer takes
        raise ConnectionRefusedError

    world = World(resolve=Names({f"{n}.example": [[PUBLIC]] for n in range(9)}), connect=connect, monotonic=lambda: now)  # type: ignore[arg-type]
    fetcher = Fetcher(OnlineRules(seconds=30), world)
    now += 1000  # what the examination itself takes is not counted
    assert [code(fetcher.fetch(f"http://{n}.example/")) for n in range(6)] == ["unreachable"] * 5 + ["time-spent"]


def test_an_answer_has_a_size() -> None:
    endless = raw(b"HTTP/1.1 200 OK\r\n\r\n", *itertools.repeat(b"x" * 65536, 64))
    headers = raw(b"HTTP/1.1 200 OK\r\n", *(b"X-%d: %s\r\n" % (n, b"x" * 60000) for n in range(64)))
    with site({"/told": b"x" * 2000, "/endless": endless, "/headers": headers, "/fits": b"x" * 1000}) as web:
        rules = web.rules(answer_bytes=1000)
        assert asked(web.url("/told"), rules) == "too-large"
        assert asked(web.url("/endless"), rules) == "too-large"
        assert asked(web.url("/headers"), rules) == "too-large"
        assert asked(web.url("/fits"), rules) == "fetched"


def test_the_answers_of_a_document_have_a_size_together() -> None:
    with site({f"/{n}": b"x" * 1000 for n in range(5)}) as web:
        fetcher = Fetcher(web.rules(total_bytes=2500))
        assert [code(fetcher.fetch(web.url(f"/{n}"))) for n in range(4)] == ["fetched"] * 2 + ["size-spent"] * 2


def test_the_questions_of_a_document_are_counted() -> None:
    with site({f"/{n}": b"x" for n in range(5)}) as web:
        fetcher = Fetcher(web.rules(requests=2))
        assert [code(fetcher.fetch(web.url(f"/{n}"))) for n in range(3)] == ["fetched", "fetched", "requests-spent"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (500, "http-500"), (204, "http-204"), (raw(b""), "broken-answer"), (raw(b"SSH-2.0-x\r\n"), "broken-answer"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), "truncated"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "broken-answer"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort"), "broken-answer"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b"), "encoded"),
        (raw(b"HTTP/1.1 999999 \xff\xfe\r\n\r\n"), "broken-answer"),
        (raw(b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n"), "broken-answer"),
    ],
)  # fmt: skip
def test_a_broken_answer_is_told_and_not_raised(answer: object, why: str) -> None:
    with site({"/": answer}) as web:  # type: ignore[dict-item]
        assert asked(web.url("/"), web.rules()) == why


def test_a_closed_port_is_unreachable() -> None:
    with site() as web:
        pass
    assert asked(web.url("/"), web.rules()) == "unreachable"


# What is kept


def test_a_kept_answer_spares_the_question_until_it_runs_out(tmp_path: Path) -> None:
    with site({"/": b"ok"}) as web:
        rules = web.rules(cache=tmp_path / "kept")
        first = Fetcher(rules, World(clock=lambda: DAY))
        answer = first.fetch(web.url("/"))
        assert isinstance(answer, Fetched)
        assert files(tmp_path / "kept") == []  # not before its use is known
        first.keep(answer, DAY + timedelta(days=1))
        later = Fetcher(rules, World(clock=lambda: DAY + timedelta(hours=23))).fetch(web.url("/"))
        assert isinstance(later, Fetched)
        assert (later.data, later.when, later.cached, len(web.asked)) == (b"ok", DAY, True, 1)
        too_late = Fetcher(rules, World(clock=lambda: DAY + timedelta(days=1))).fetch(web.url("/"))
        assert isinstance(too_late, Fetched)
        assert (too_late.cached, len(web.asked)) == (False, 2)
        assert files(tmp_path / "kept") == []


def test_a_kept_answer_needs_no_network_and_another_question_has_another(tmp_path: Path) -> None:
    with site({"/": b"ok"}) as web:
        rules = web.rules(cache=tmp_path)
        fetcher = Fetcher(rules, World(clock=lambda: DAY))
        answer = fetcher.fetch(web.url("/"), body=b"one", type="t")
        assert isinstance(answer, Fetched)
        fetcher.keep(answer, DAY + timedelta(days=1))
        again = Fetcher(rules, World(clock=lambda: DAY))
        assert code(again.fetch(web.url("/"), body=b"one", type="t")) == "fetched"
        assert len(web.asked) == 1
        again.fetch(web.url("/"), body=b"two", type="t")
        assert len(web.asked) == 2


@pytest.mark.parametrize("damage", [b"", b"{}\nok", b"not json\nok", b"\xff\xff\n", None])
def test_a_damaged_file_is_asked_anew(tmp_path: Path, damage: bytes | None) -> None:
    answers = Answers(tmp_path)
    answers.put("k", "http://pki.example/", b"ok", fetched=DAY, until=DAY + timedelta(days=1))
    (path,) = files(tmp_path)
    assert answers.get("k", DAY) == (b"ok", DAY)
    assert json.loads(path.read_bytes().partition(b"\n")[0])["url"] == "http://pki.example/"
    path.write_bytes(path.read_bytes() + b"!" if damage is None else damage)
    assert answers.get("k", DAY) is None
    assert files(tmp_path) == []


def test_the_folder_is_bounded_and_the_oldest_go(tmp_path: Path) -> None:
    for n in range(6):
        Answers(tmp_path).put(str(n), "u", b"x" * 1000, fetched=DAY, until=DAY + timedelta(days=1))
        os.utime(tmp_path / f"{n}.answer", (n, n))
    Answers(tmp_path, most_bytes=3000).put("new", "u", b"x", fetched=DAY, until=DAY + timedelta(days=1))
    assert [p.stem for p in files(tmp_path)] == ["4", "5", "new"]


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_question(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"a file, no folder")
    answers = Answers(tmp_path / "kept")
    answers.put("k", "u", b"ok", fetched=DAY, until=DAY + timedelta(days=1))
    assert answers.get("k", DAY) is None


def test_a_url_is_taken_apart_as_it_is_sent() -> None:
    place = destination(" http://PKI.Example/a%20b/ü?x=/é#part ")
    assert (place.host, place.port, place.target) == ("pki.example", 80, "/a%20b/%C3%BC?x=/%C3%A9")
    assert destination("https://[2606:4700::1]:8443/").authority == "[2606:4700::1]:8443"
    assert destination("http://bücher.example").authority == "xn--bcher-kva.example"
    with pytest.raises(Refused, match="scheme"):
        destination("gopher://pki.example/")


def tls_certificate(path: Path, name: str) -> Path:
    """A key and a self-signed certificate for a host, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(pem))
    return path

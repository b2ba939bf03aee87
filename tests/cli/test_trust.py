"""`sigillum trust …`, the trust that `check` takes from it, and what `doctor` says of it, as an operator runs them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.test_check import contract
from tests.signatures.trustlists.lists import LOTL_SIGNER, NOW, XA_SIGNER, TslText, on_loopback, scheme
from verify.cli import main
from verify.core.document import digest
from verify.simulation.pki import TestPki

PKI = TestPki()
AT = ["--at", "2026-06-30"]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIGILLUM_TRUST", str(tmp_path / "trust"))
    return tmp_path / "trust"


@pytest.fixture
def run(store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def sigillum(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["sigillum", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return sigillum


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root.der").write_bytes(PKI.root_der)
    return tmp_path / "root.der"


def listed(run: Run, *names: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run("trust", "list", "--json", *names).out.splitlines()]


def test_an_added_root_is_listed_with_its_fingerprint_and_check_trusts_it(run: Run, root: Path, tmp_path: Path) -> None:
    (tmp_path / "good.pdf").write_bytes(contract())
    assert run("check", tmp_path / "good.pdf", *AT).code == 3
    added = run("trust", "add", root)
    assert (added.code, digest(PKI.root_der) in added.out, "warning" in added.err) == (0, True, False)
    (one,) = listed(run)
    assert (one["profile"], one["sha256"]) == ("default", digest(PKI.root_der))
    assert (one["purposes"], one["expired"]) == (["signing", "time-stamping"], False)
    checked = run("check", "--json", tmp_path / "good.pdf", *AT)
    assert (checked.code, json.loads(checked.out)["provenance"]["trust"][:9]) == (0, "default (")


def test_check_takes_a_stored_profile_by_name_and_says_when_there_is_none(
    run: Run, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "good.pdf").write_bytes(contract())
    run("trust", "add", root, "--profile", "contracts")
    assert run("check", tmp_path / "good.pdf", *AT).code == 3  # it is not the default one
    assert run("check", tmp_path / "good.pdf", "--trust", "contracts", *AT).code == 0
    (tmp_path / "mine.toml").write_text('name = "mine"\n[[anchors]]\nfrom = "root.der"\n')
    assert run("check", tmp_path / "good.pdf", "--trust", tmp_path / "mine.toml", *AT).code == 0
    missing = run("check", tmp_path / "good.pdf", "--trust", "nosuch", *AT)
    assert (missing.code, "trust-missing" in missing.err) == (2, True)
    monkeypatch.setenv("SIGILLUM_TRUST_PROFILE", "contracts")  # the setting names another default
    assert run("check", tmp_path / "good.pdf", *AT).code == 0


def test_a_root_for_signing_alone_proves_no_time(run: Run, root: Path, tmp_path: Path) -> None:
    (tmp_path / "good.pdf").write_bytes(contract())
    run("trust", "add", root, "--for", "signing")
    (one,) = listed(run)
    assert one["purposes"] == ["signing"]
    report = json.loads(run("check", "--json", tmp_path / "good.pdf", *AT).out)
    signature = next(e for e in report["evidence"] if e["kind"] == "signature")
    assert [s["trusted"] for s in signature["timestamps"]] == [None]


def test_what_is_no_certificate_is_refused_and_nothing_is_added(
    run: Run, root: Path, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "revoked.der").write_bytes(PKI.crl(NOW))
    for wrong, code in (
        ([root, tmp_path / "revoked.der"], "trust-no-certificate"),
        ([root, tmp_path / "gone"], "trust-missing"),
        ([root, "--for", "singing"], "purpose-unknown"),
        ([root, "--profile", "../x"], "trust-profile-invalid"),
    ):
        ran = run("trust", "add", *wrong)
        assert (ran.code, code in ran.err) == (2, True)
    assert not store.exists()


def test_a_certificate_that_is_no_authoritys_or_has_expired_is_added_with_a_warning(run: Run, tmp_path: Path) -> None:
    old = TestPki(founded=NOW - timedelta(days=3700), years=5)
    (tmp_path / "signer.der").write_bytes(old.signer("Northlight Trading Ltd").certificate)
    added = run("trust", "add", tmp_path / "signer.der")
    assert (added.code, "no certificate of an authority" in added.err, "expired on" in added.err) == (0, True, True)
    assert listed(run)[0]["expired"] is True
    assert "EXPIRED" in run("trust", "list").out


def test_an_empty_store_and_an_empty_profile_are_said(run: Run, store: Path) -> None:
    assert "no certificate is trusted" in run("trust", "list").err
    store.mkdir()
    (store / "default.toml").write_text('name = "default"\n')
    assert "holds no anchor" in run("trust", "list").err
    assert "nothing was fetched" in run("trust", "update").err


def test_a_misspelt_default_profile_stops_check_with_the_key(run: Run, store: Path, tmp_path: Path) -> None:
    (tmp_path / "good.pdf").write_bytes(contract())
    store.mkdir()
    (store / "default.toml").write_text('name = "default"\nanchor = []\n')
    ran = run("check", tmp_path / "good.pdf", *AT)
    assert (ran.code, "anchor: there is no such key" in ran.err) == (2, True)
    assert "LACK trust profile default (default)" in run("doctor").out


@pytest.fixture
def lists(store: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """The scheme on loopback, reached by a profile "eu"; the files that are served."""
    files: dict[str, bytes] = {}
    with on_loopback(files) as base:
        files.update(scheme(base))
        (store / "signers").mkdir(parents=True)
        (store / "signers" / "lotl.der").write_bytes(LOTL_SIGNER.der)
        (store / "eu.toml").write_text(f'name = "eu"\n[[list]]\nurl = "{base}/lotl.xml"\nsigners = "signers"\n')
        monkeypatch.setenv("SIGILLUM_NETWORK_ALLOW", '["127.0.0.1"]')
        monkeypatch.setenv("SIGILLUM_NETWORK_PORTS", f"[{base.rsplit(':', 1)[1]}]")
        yield files


def test_updated_lists_are_trusted_and_the_report_names_them(
    run: Run, lists: dict[str, bytes], store: Path, tmp_path: Path
) -> None:
    (tmp_path / "good.pdf").write_bytes(contract())
    assert run("check", tmp_path / "good.pdf", "--trust", "eu", *AT).code == 2  # never fetched
    ran = run("trust", "update")
    assert (ran.code, "XA: no. 10 of 2026-06-01" in ran.out) == (0, True)
    assert {(one["territory"], one["qualified"]) for one in listed(run, "eu")} == {("XA", True), ("XB", True)}
    lists.clear()  # judging fetches nothing
    report = json.loads(run("check", "--json", tmp_path / "good.pdf", "--trust", "eu", *AT).out)
    assert "lists: EU list of lists" in report["provenance"]["trust"]
    signature = next(e for e in report["evidence"] if e["kind"] == "signature")
    assert [s["trusted"] for s in signature["timestamps"]] == [True]
    assert report["verdict"]["answers"]["signer"] == "passed"


def test_a_failed_update_keeps_the_former_lists_and_exits_4(run: Run, lists: dict[str, bytes]) -> None:
    assert run("trust", "update", "--profile", "eu").code == 0
    lists["/xa.xml"] = lists["/xa.xml"].replace(b"granted", b"withdrawn")
    ran = run("trust", "update")
    assert (ran.code, "XA was not renewed; the former one stays in use" in ran.err) == (4, True)
    assert "trust-list-broken" in ran.err
    assert len(listed(run, "eu")) == 3


def test_loopback_is_not_reached_unless_a_setting_names_it(
    run: Run, lists: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIGILLUM_NETWORK_ALLOW")
    ran = run("trust", "update")
    assert (ran.code, "private-address" in ran.err, "network_allow" in ran.err) == (4, True, True)


def test_doctor_counts_anchors_names_the_default_and_the_overdue_lists(
    run: Run, lists: dict[str, bytes], root: Path
) -> None:
    assert "holds no profile 'default'" in run("doctor").out
    run("trust", "add", root, "--for", "signing")
    lists["/xa.xml"] = TslText("XA", due=NOW).signed(XA_SIGNER)
    run("trust", "update")
    told = run("doctor").out
    assert "LACK trust profile default (default) anchors: 1 for signing, 0 for time-stamping" in told
    assert "LACK trust profile eu         anchors: 1 for signing, 0 for time-stamping" in told
    assert "stale: XA due 2026-06-30" in told

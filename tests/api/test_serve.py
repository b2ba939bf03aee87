"""`sigillum serve`: what it refuses to start as, and a run of the real thing."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.service import contract, small_pdf
from verify.cli import serve
from verify.core.errors import UsageError, VerifyError
from verify.formats import read
from verify.kinds import CHECKS
from verify.settings import Settings
from verify.simulation.pki import TestPki
from verify.stores.packaged import packaged
from verify.stores.policies import policy_named
from verify.stores.trust import NO_ANCHORS

PROGRAM = Path(sys.executable).with_name("sigillum")
PLAIN: dict[str, Any] = {
    "host": "127.0.0.1", "port": 0, "seals": None, "trust": (), "policy": "default", "view": "public", "force": False,
}  # fmt: skip


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "seals.example.org"])
def test_the_full_view_is_not_given_to_an_address_that_others_reach(host: str) -> None:
    with pytest.raises(UsageError) as told:
        serve.run(**PLAIN | {"host": host, "view": "full"})
    assert told.value.code == "full-view-exposed"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_known_by_all_its_names(host: str) -> None:
    assert serve._is_loopback(host)


def test_what_does_not_exist_is_said_before_listening(tmp_path: Path) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"view": "half"}, "view-unknown"), ({"policy": "lax"}, "policy-unknown"), ({"seals": tmp_path}, "seals-empty"),
        ({"trust": (tmp_path,)}, "trust-empty"),
    ]  # fmt: skip
    for option, code in wrong:
        with pytest.raises(UsageError) as told:
            serve.run(**PLAIN | option)
        assert told.value.code == code


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(VerifyError) as told:
        serve.run(**PLAIN | {"port": taken.getsockname()[1]})
    assert told.value.code == "port-unavailable"


def test_a_seal_that_was_retired_after_the_start_is_retired_for_the_next_document(tmp_path: Path, at: datetime) -> None:
    home = tmp_path / "xinghe-company"
    shutil.copytree(packaged("reference_seals") / "xinghe-company", home)
    verifier = serve.AsRegistered(
        NO_ANCHORS,
        policy_named("default", CHECKS),
        None,
        lambda: serve._registry(tmp_path, Settings(records=str(tmp_path / "none.db"))),
    )
    document = read(small_pdf())
    before = verifier.verify(document, at=at).report.provenance.seals
    record = home / "seal.toml"
    record.write_text(
        record.read_text(encoding="utf-8").replace('status = "active"', 'status = "retired"'), encoding="utf-8"
    )
    after = verifier.verify(document, at=at).report.provenance.seals
    assert before.keys() == after.keys()
    assert before != after


@contextmanager
def served(*arguments: str | Path) -> Iterator[str]:
    """The address of a running `sigillum serve`; interrupted at the end, which must be clean."""
    with subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", *map(str, arguments)], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            assert found, line + process.stderr.read()
            yield found[0].rstrip("/")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
        assert (process.returncode, process.stderr.read()) == (0, "")


@pytest.mark.service
def test_a_contract_goes_in_and_a_report_comes_out_over_the_network(tmp_path: Path) -> None:
    (tmp_path / "root.der").write_bytes(TestPki().root_der)
    with served("--trust", tmp_path) as address, httpx.Client(base_url=address, trust_env=False) as client:
        posted = client.post("/v1/verifications", files={"file": ("合同.pdf", contract())})
        assert posted.status_code == 202
        until = time.monotonic() + 60
        while (state := client.get(posted.headers["location"]).json())["state"] != "done":
            assert time.monotonic() < until, state
            time.sleep(0.1)
        report = client.get(state["links"]["report"]).json()
        assert report["document"]["name"] == "合同.pdf"
        assert report["verdict"]["answers"]["signer"] == "passed"
        assert "server" not in client.get("/").headers


@pytest.mark.service
def test_the_full_view_on_this_machine_answers_to_no_foreign_name() -> None:
    with served("--view", "full") as address, httpx.Client(base_url=address, trust_env=False) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/healthz", headers={"host": "rebound.example.org"}).status_code == 421


@pytest.mark.service
def test_a_browser_runs_the_pages_own_script_under_the_pages_own_policy(tmp_path: Path) -> None:
    with served() as address:
        run = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"{address}/?lang=zh"],
            check=True, capture_output=True, text=True, timeout=90,
        )  # fmt: skip
    assert 'class="scripted"' in run.stdout
    assert "检验一份文件" in run.stdout

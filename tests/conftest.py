"""What all tests share: a fixed moment, and reports built by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

AT = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture(autouse=True)
def _no_records_of_ones_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test, nor a command that it runs, reads the developer's own registry or trusts what he trusts."""
    monkeypatch.setenv("SIGILLUM_RECORDS", f"{tmp_path_factory.getbasetemp()}/none/records.db")
    monkeypatch.setenv("SIGILLUM_TRUST", f"{tmp_path_factory.getbasetemp()}/none/trust")

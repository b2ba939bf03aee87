"""What all tests share: a fixed moment, and reports built by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

AT = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    return AT

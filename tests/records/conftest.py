from __future__ import annotations

from pathlib import Path

import pytest

from verify.records.database import Records


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records.open(f"sqlite:///{tmp_path / 'kept' / 'records.db'}")

"""Names tell who is who only as far as names can."""

from __future__ import annotations

import pytest

from tests.builders import OWNER, certificate
from verify.agreement.evidence import Accord
from verify.agreement.names import normal, signer_accord


@pytest.mark.parametrize(
    ("subject", "owner", "code", "expected"),
    [
        ({"organisation": OWNER}, OWNER, None, "agrees"),
        ({"organisation": None, "common_name": f" {OWNER} "}, OWNER, None, "agrees"),
        ({"organisation": "虚构白云机械制造有限公司", "common_name": "x"}, OWNER, None, "differs"),
        ({"organisation": "Xinghe Trading Co., Ltd.", "common_name": "x"}, OWNER, None, "unknown"),
        ({"organisation": None, "common_name": "李虚构"}, OWNER, None, "unknown"),
        ({"organisation": "Example Company Limited", "common_name": "x"}, "EXAMPLE CO. LTD", None, "agrees"),
        ({"organisation": "another", "organisation_id": "91990000MADEMX0115"}, OWNER, "91990000MADEMX0115", "agrees"),
        ({"organisation": OWNER, "organisation_id": "91990000MADEMB0206"}, OWNER, "91990000MADEMX0115", "differs"),
    ],
)
def test_the_accord_of_a_signer_with_an_owner(
    subject: dict[str, str | None], owner: str, code: str | None, expected: Accord
) -> None:
    assert signer_accord(certificate(**subject), owner, code) == expected


def test_full_width_and_half_width_brackets_are_one() -> None:
    assert normal("示例（上海）有限公司") == normal("示例(上海)有限公司")

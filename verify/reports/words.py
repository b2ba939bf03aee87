"""The few fixed words of reports, by language."""

from __future__ import annotations

OUTCOME_WORDS = {
    "en": {"passed": "passed", "failed": "failed", "indeterminate": "not decided", "not_asked": "not asked"},
    "zh": {"passed": "通过", "failed": "不通过", "indeterminate": "无法判定", "not_asked": "未询问"},
}
ANSWER_WORDS = {
    "en": {"unchanged": "unchanged", "signer": "signer", "seal": "seal", "authorised": "authorised"},
    "zh": {"unchanged": "未改动", "signer": "签名人", "seal": "印章", "authorised": "用印授权"},
}
ANSWER_QUESTIONS = {
    "en": {
        "unchanged": "Is the document unchanged since it was signed?",
        "signer": "Who signed, and on whose word?",
        "seal": "Is it the registered seal?",
        "authorised": "Was this use of the seal approved for this document?",
    },
    "zh": {
        "unchanged": "文件自签名后是否未被改动？",
        "signer": "谁签的名，由谁证明？",
        "seal": "是否为登记的印章？",
        "authorised": "该文件的用印是否经过批准？",
    },
}

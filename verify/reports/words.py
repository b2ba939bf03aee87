"""The few fixed words of reports, by language, and how moments are told."""

from __future__ import annotations

from datetime import date, datetime

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

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def when(moment: datetime | date | None, lang: str) -> str:
    """A day or a moment in words, with its zone."""
    if moment is None:
        return "–"
    day, comma = f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}", ", "
    if lang == "zh":
        day, comma = f"{moment.year}年{moment.month}月{moment.day}日", " "
    if not isinstance(moment, datetime):
        return day
    zone = "" if moment.tzinfo is None else moment.strftime("%z")
    zone = " UTC" if zone == "+0000" else f" UTC{zone[:3]}:{zone[3:5]}" if zone else ""
    return f"{day}{comma}{moment.strftime('%H:%M:%S' if moment.second else '%H:%M')}{zone}"

"""The verdict in the terminal: what a clerk reads first, then the reasons."""

from __future__ import annotations

from rich.text import Text

from verify.core.findings import ANSWERS
from verify.core.messages import clean, sentence
from verify.report import Report
from verify.reports.html import say
from verify.reports.words import ANSWER_WORDS, OUTCOME_WORDS

_STYLE = {"passed": "bold green", "failed": "bold red", "indeterminate": "bold yellow", "not_asked": "dim"}


def plain(report: Report, lang: str) -> Text:
    """The report's verdict, four answers, warnings and problems."""
    verdict = report.verdict
    text = Text()
    text.append(f"{clean(report.document.name)}: ", style="bold")
    text.append(OUTCOME_WORDS[lang][verdict.outcome], style=_STYLE[verdict.outcome])
    text.append(f"\n  {sentence(verdict.summary.code, {}, lang)}\n")
    for answer in ANSWERS:
        state = getattr(verdict.answers, answer)
        reason = verdict.summary.answers[answer]
        text.append(f"  {ANSWER_WORDS[lang][answer]:<12} ")
        text.append(f"{OUTCOME_WORDS[lang][state]:<14}", style=_STYLE[state])
        text.append(f" {say(reason, state, lang)}\n")
    told = {verdict.summary.answers[a].code for a in ANSWERS}
    for finding in report.findings:
        if finding.level == "warn" and finding.outcome != "passed":
            text.append("  ! ", style="yellow")
            text.append(say(finding.reason, finding.outcome, lang) + "\n")
        elif finding.outcome != "passed" and finding.reason.code not in told:
            text.append("  - ")
            text.append(say(finding.reason, finding.outcome, lang) + "\n")
    for one in dict.fromkeys(f for e in report.evidence if e.kind == "signature" for f in e.fetching):
        if one.code != "used":  # what was asked online and not got: the reason why something is not told
            code, params = one.reason
            text.append(f"  i {sentence(code, params, lang)}\n", style="dim")
    for remark in report.document.remarks:
        text.append(f"  i {remark}\n", style="dim")
    for problem in report.problems:
        text.append(f"  ? {clean(problem.where)}: {clean(problem.message)} [{problem.code}]\n", style="yellow")
    return text

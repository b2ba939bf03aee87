"""The report for people: one self-contained HTML page, equal for equal cases.

No script, nothing from outside: pictures are data URIs, and the page's own policy (CSP) forbids the rest.
What comes from a document (names of files, fields, certificates) is escaped by the templates and freed
from control characters that could make it read as something else.
"""

from __future__ import annotations

import base64
import io
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from importlib import resources
from itertools import groupby
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from verify.core.errors import NotExamined, UsageError
from verify.core.exhibits import Exhibit
from verify.core.findings import ANSWERS, Finding, Reason
from verify.core.messages import LANGUAGES, catalogue, sentence
from verify.imprints.evidence import Likelihood
from verify.kinds import CHECKS
from verify.report import Case, Report
from verify.reports.views import public_sentence, withheld
from verify.reports.words import ANSWER_QUESTIONS, ANSWER_WORDS, OUTCOME_WORDS
from verify.signatures.evidence import Difference, Fetching, SignatureEvidence

Labels = Mapping[str, Mapping[str, str]]
# The pictures of the comparison by sight: they stay large enough to be read.
_SIGHT = frozenset({"as-signed", "as-now", "what-changed", "as-now-otherwise", "page-added", "page-removed"})


def html(case: Case, *, lang: str = "en") -> str:
    """The case as one HTML page in a language. Raises UsageError `language-unknown`."""
    if lang not in LANGUAGES:
        raise UsageError("language-unknown", f"there is no language {lang!r}", f"Known: {', '.join(LANGUAGES)}.")
    sheets = [Sheet(report, Album(case.exhibits, report.exhibits), lang) for report in case.reports]
    return _environment(lang).get_template("report.html").render(case=case, sheets=sheets)


@cache
def labels(lang: str) -> Labels:
    """The fixed words of the page: table → key → words."""
    return tomllib.loads(_template(f"{lang}.toml"))


# ── what the template is given ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class Sheet:
    """One report as the page tells it: its parts in reading order."""

    report: Report
    album: Album
    lang: str

    @property
    def withheld(self) -> bool:
        return withheld(self.report)

    @property
    def summary(self) -> str:
        """The verdict's sentence without the word that stands above it in large letters."""
        verdict = self.report.verdict
        told = say(Reason(code=verdict.summary.code, en=verdict.summary.en), verdict.outcome, self.lang)
        head = re.match(rf"{re.escape(OUTCOME_WORDS[self.lang][verdict.outcome])}[:：]\s*", told, re.IGNORECASE)
        rest = told[head.end() :] if head else told
        return rest[:1].upper() + rest[1:]

    @property
    def answers(self) -> list[tuple[str, str, str, str]]:
        """(name, question, state, sentence) of the four questions."""
        verdict = self.report.verdict
        return [
            (
                ANSWER_WORDS[self.lang][answer],
                ANSWER_QUESTIONS[self.lang][answer],
                state := getattr(verdict.answers, answer),
                say(verdict.summary.answers[answer], state, self.lang),
            )
            for answer in ANSWERS
        ]

    @property
    def notes(self) -> list[tuple[Finding, str]]:
        """What does not hold or is not decided and is not told by the four answers already, the gravest first."""
        verdict = self.report.verdict
        told = {(verdict.summary.answers[a].code, verdict.summary.answers[a].en) for a in ANSWERS}
        rest = [f for f in self.report.findings if f.outcome != "passed" and (f.reason.code, f.reason.en) not in told]
        rank = {("require", "failed"): 0, ("require", "indeterminate"): 1, ("warn", "failed"): 2}
        rest.sort(key=lambda f: rank.get((f.level, f.outcome), 3))
        return list({(f.level, self.say(f)): (f, self.say(f)) for f in rest}.values())  # alike on several: told once

    def say(self, finding: Finding) -> str:
        return say(finding.reason, finding.outcome, self.lang)

    def mark(self, finding: Finding) -> str:
        """The sign beside a finding. That a seal is claimed is no merit: a forgery claims it, too."""
        claimed = finding.check == "imprint.registered" and finding.outcome == "passed"
        return "not_asked" if claimed else finding.outcome

    def about(self, subject: str) -> list[Finding]:
        """The findings on one piece of evidence."""
        return [f for f in self.report.findings if f.subject == subject]

    @property
    def left_out(self) -> Sequence[NotExamined]:
        """What was not examined, where no finding says so already."""
        said_already = any(f.check == "document.complete" for f in self.report.findings)
        return () if said_already else self.report.document.not_examined

    def seen_on(self, page: int | None) -> list[tuple[str, Finding]]:
        """What can be seen on a page, each with the gravest that is found on it."""
        here = [e.id for e in self.evidence("imprint") if e.page == page]
        here += [e.id for e in self.evidence("signature") if e.appearance and e.appearance.page == page]
        return [(subject, self._gravest(subject)) for subject in here if self.about(subject)]

    def seen(self, signature: SignatureEvidence) -> list[Seen]:
        """The pages that look different since a signature, with their pictures; pictures shown before are named."""
        differences = signature.sight.differences if signature.sight else ()
        result = []
        for page, group in groupby(differences, key=lambda d: d.page):
            pictures, same_as = self.album.sight(signature.id, page)
            result.append(Seen(page, list(group), pictures, same_as))
        return result

    def _gravest(self, subject: str) -> Finding:
        weight = {"failed": 2, "indeterminate": 1, "passed": 0}
        found = self.about(subject)
        required = [f for f in found if f.level == "require"] or found
        telling = ("signature.identity", "imprint.consistent")
        return max(required, key=lambda f: (weight[f.outcome], f.check in telling))

    def evidence(self, kind: str) -> list[Any]:
        return [e for e in self.report.evidence if e.kind == kind]

    def registry(self, imprint: str) -> Any:
        """What the registry and the ledger say of an imprint; None where it claims no seal."""
        held = (e for e in self.report.evidence if e.kind == "agreement" and e.about == imprint and e.seal)
        return next(held, None)

    def question(self, check: str) -> str:
        asked = labels(self.lang).get("questions", {}).get(check)
        return asked or next((c.question.splitlines()[0] for c in CHECKS if c.id == check), check)

    def decides(self, finding: Finding) -> bool:
        return finding.key in self.report.verdict.reasons


@dataclass(frozen=True)
class Picture:
    """An exhibit as shown: a data URI and its size in pixels."""

    src: str
    width: int
    height: int
    page: int | None


@dataclass(frozen=True, eq=False)
class Seen:
    """A page that looks different since a signature. `same_as`: the evidence under which its pictures stand already."""

    page: int
    differences: Sequence[Difference]
    pictures: Mapping[str, Picture]
    same_as: str | None


@dataclass(frozen=True, eq=False)
class Album:
    """The exhibits of one report as pictures. Evidence stays lossless; whole pages are shown as JPEG."""

    data: Mapping[str, bytes]
    exhibits: Sequence[Exhibit]

    def pages(self) -> list[Picture]:
        shown = (self._picture(e) for e in self.exhibits if e.role == "page")
        return [p for p in shown if p is not None]

    def find(self, subject: str, role: str) -> Picture | None:
        """The picture of a role about a subject; None where there is none, or its bytes are not at hand."""
        found = (self._picture(e) for e in self.exhibits if e.subject == subject and e.role == role)
        return next((p for p in found if p is not None), None)

    def sight(self, subject: str, page: int) -> tuple[dict[str, Picture], str | None]:
        """The pictures of a page, as signed and now, by role; or none, and the subject that shows the same ones."""
        mine = {e.role: e for e in self.exhibits if e.subject == subject and e.page == page and e.role in _SIGHT}
        wanted = {(role, e.sha256) for role, e in mine.items()}
        for other in dict.fromkeys(e.subject for e in self.exhibits if e.role in _SIGHT):
            if other == subject:
                break
            held = {(e.role, e.sha256) for e in self.exhibits if e.subject == other and e.page == page}
            if wanted and wanted <= held:
                return {}, other
        shown = {role: self._picture(e) for role, e in mine.items()}
        return {role: picture for role, picture in shown.items() if picture is not None}, None

    def _picture(self, exhibit: Exhibit) -> Picture | None:
        data = self.data.get(exhibit.sha256)
        if data is None or exhibit.type not in ("image/png", "image/jpeg"):
            return None
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                if exhibit.role == "page":
                    return _shown(image.convert("RGB"), "JPEG", 1200, exhibit.page)
                if max(image.size) <= (1400 if exhibit.role in _SIGHT else 600):
                    return Picture(_uri(data, image.format or "PNG"), image.width, image.height, exhibit.page)
                if exhibit.role in _SIGHT:
                    return _shown(image.convert("RGB"), "JPEG", 1400, exhibit.page)
                return _shown(image.convert("RGB"), "PNG", 600, exhibit.page)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None  # a folder of exhibits may have been damaged; the report's words still stand


def _shown(image: Image.Image, format: str, largest: int, page: int | None) -> Picture:
    image.thumbnail((largest, largest), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    options: dict[str, Any] = {"quality": 80, "optimize": True} if format == "JPEG" else {"optimize": True}
    image.save(out, format, **options)
    return Picture(_uri(out.getvalue(), format), image.width, image.height, page)


def _uri(data: bytes, format: str) -> str:
    return f"data:image/{format.lower()};base64,{base64.b64encode(data).decode('ascii')}"


# ── words ──────────────────────────────────────────────────────────────────────────────────────────────

# Parameters of a reason that are codes (the others are names, numbers and texts) or moments.
_CODES = frozenset({"what", "reasons", "reason", "detail", "ink", "shape", "against", "source"})
_MOMENTS = frozenset({"time", "day", "since"})


def say(reason: Reason, outcome: str, lang: str) -> str:
    """A reason's sentence. One whose parameters were withheld is told without them."""
    template = catalogue(lang).get(reason.code)
    if template is None:
        return reason.en or sentence(reason.code, reason.params, lang)
    if "{" in template and not reason.params:
        return public_sentence(reason.code, outcome, lang)
    return sentence(reason.code, {k: _spoken(k, v, lang) for k, v in reason.params.items()}, lang)


def _spoken(name: str, value: Any, lang: str) -> Any:
    if isinstance(value, list):
        return ("；" if lang == "zh" else "; ").join(str(_spoken(name, v, lang)) for v in value)
    if name in _CODES and isinstance(value, str):
        return word(value, lang)
    if name in _MOMENTS and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return when(moment if len(value) > 10 else moment.date(), lang)
    return value


def word(code: str, lang: str) -> str:
    """A code as words; one that is not in the table as it is."""
    table = labels(lang)["words"]
    beyond = "outside-calibration"
    if code.startswith(f"{beyond}-"):
        return f"{table[beyond]} ({code.removeprefix(f'{beyond}-')})"
    return table.get(code, code)


_PLACE = re.compile(r"(page|imprint|signature|agreement)[ -](\d+)(?:/(.+))?|(document|imprints)", re.DOTALL)


def place(where: str, lang: str) -> str:
    """What a finding, problem or exhibit is about, in words: "imprint-1/x" → "Imprint 1 (x)"."""
    parts = _PLACE.fullmatch(where)
    if parts is None:
        return where
    kind, number, seal, whole = parts.groups()
    words = labels(lang)["places"]
    return words[whole] if whole else words[kind].format(n=number) + (f" ({seal})" if seal else "")


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


def _day(moment: datetime | date | None, lang: str) -> str:
    return when(moment.date() if isinstance(moment, datetime) else moment, lang)


def magnitude(likelihood: Likelihood, lang: str) -> str:
    """A likelihood ratio in words: about the measurements, never about the seal's probability."""
    table = labels(lang)["likelihood"]
    value = likelihood.log10_lr
    if value is None:
        return table["not_told"].format(reason=word(likelihood.reason or "unknown", lang))
    if abs(value) < math.log10(2):
        return table["neither"]
    low, high = likelihood.limits or (-math.inf, math.inf)
    kind = "at_least" if value <= low + 0.005 or value >= high - 0.005 else "about"
    times = table[kind].format(times=_two_digits(10 ** abs(value), down=kind == "at_least"))
    return table["for" if value > 0 else "against"].format(times=times)


def _two_digits(value: float, *, down: bool) -> str:
    """128.8 → "130" (down: "120"): more digits would claim a precision that is not there."""
    step = 10 ** max(math.floor(math.log10(value)) - 1, 0)
    # 10**2 may come out as 99.999…; what was meant is 100.
    count = math.floor(value / step + 1e-6) if down else round(value / step)
    return f"{count * step:,}".replace(",", "\u202f") if value >= 10 else f"{value:.2g}"


def _asked(one: Fetching, lang: str) -> str:
    """What was asked online and what came of it, as a sentence."""
    code, params = one.reason
    return sentence(code, params, lang)


def figure(value: float | None) -> str:
    """A number with the true minus sign; a dash where there is none."""
    if value is None:
        return "–"
    return (f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}").replace("-", "−")


def lr(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")


def axis(value: float) -> float:
    """Where a log10 ratio stands on the chart's axis from −4 to 4, in 0 to 200."""
    return round((min(max(value, -4.0), 4.0) + 4.0) * 25.0, 1)


def size(count: int) -> str:
    for unit, step in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= step:
            return f"{count / step:.3g}\u00a0{unit}"
    return f"{count}\u00a0B"


# ── the template engine ────────────────────────────────────────────────────────────────────────────────


def _template(name: str) -> str:
    return resources.files("verify.reports").joinpath("templates", name).read_text(encoding="utf-8")


# Control characters and those that turn the direction of writing: "contract\u202efdp.exe" reads as another name.
_UNSAFE = {c: "\ufffd" for c in (*range(9), 11, 12, *range(14, 32), *range(127, 160))}
_UNSAFE |= {c: "\ufffd" for c in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def _finalize(value: Any) -> Any:
    return value.translate(_UNSAFE) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment(lang: str) -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"t": labels(lang), "outcome": OUTCOME_WORDS[lang]}
    truths = labels(lang)["states"]
    environment.filters |= {
        "place": partial(place, lang=lang),
        "word": partial(word, lang=lang),
        "when": partial(when, lang=lang),
        "day": partial(_day, lang=lang),
        "magnitude": partial(magnitude, lang=lang),
        "truth": {True: truths["yes"], False: truths["no"], None: truths["unknown"]}.__getitem__,
        "asked": partial(_asked, lang=lang),
        "figure": figure,
        "lr": lr,
        "axis": axis,
        "size": size,
    }
    return environment

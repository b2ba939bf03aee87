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
from string import Formatter
from typing import Any, Literal

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
from verify.reports import objects
from verify.reports.views import public_sentence, withheld
from verify.reports.words import ANSWER_QUESTIONS, ANSWER_WORDS, OUTCOME_WORDS, when
from verify.signatures.evidence import Change, Difference, Fetching, Sight, SignatureEvidence

Labels = Mapping[str, Mapping[str, str]]
# The pictures of the comparison by sight: they stay large enough to be read.
_SIGHT = frozenset({"as-signed", "as-now", "what-changed", "as-now-otherwise", "page-added", "page-removed"})
# Those of a comparison: lines and arrows in them must be read, too.
_EXHIBITS = frozenset({"aligned", "overlay", "difference", "fold", "residuals", "measures"})
# Places that differ are cut out, that many a page, with as much around them, never smaller than this.
_MOST_PLACES = 4
_AROUND_MM = 4.0
_LEAST_MM = (40.0, 14.0)
_ENLARGED = 2
# As the anchors describe themselves (verify.stores.trust).
_ROOTS = re.compile(r"\b(\d+) roots\b")


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
        sight = signature.sight
        if sight is None:
            return []
        result = []
        for page, group in groupby(sight.differences, key=lambda d: d.page):
            told = [Told(d, _standing(d, signature)) for d in group]
            pictures, same_as = self.album.sight(signature.id, page)
            by, by_other = drawn_by(sight, [t.difference for t in told])
            places = self.album.places(signature.id, page, told, sight.dpi) if pictures else []
            result.append(Seen(page, told, pictures, same_as, by, by_other, places))
        return result

    def looks(self, signature: SignatureEvidence) -> Standing | None:
        """How the page's differences stand, the gravest; None where nothing looks different."""
        differences = signature.sight.differences if signature.sight else ()
        found = {_standing(d, signature) for d in differences}
        return next((s for s in _GRAVEST if s in found), None)

    def role(self, exhibit: Exhibit) -> str:
        """What an exhibit shows. Of a signature that does not hold nobody can say that this was signed."""
        roles = labels(self.lang)["roles"]
        holds = next((e.intact for e in self.evidence("signature") if e.id == exhibit.subject), True)
        name = exhibit.role if holds else f"{exhibit.role}-unproven"
        return roles.get(name) or roles.get(exhibit.role) or word(exhibit.role, self.lang)

    @property
    def trust(self) -> str:
        """The trusted roots, by their number and digest."""
        table = labels(self.lang)["provenance"]
        trust = self.report.provenance.trust
        if trust == "none":
            return table["none"]
        return _ROOTS.sub(lambda n: table["root"] if n[1] == "1" else table["roots"].format(n=n[1]), trust)

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


# How a difference stands: a permitted change explains it; one that is in doubt does; what is permitted and what is not
# was done to one object; nothing explains it.
Standing = Literal["permitted", "doubt", "forbidden", "none"]
_GRAVEST: Sequence[Standing] = ("none", "forbidden", "doubt", "permitted")


@dataclass(frozen=True, eq=False)
class Told:
    """A difference and how it stands."""

    difference: Difference
    standing: Standing


@dataclass(frozen=True, eq=False)
class Place:
    """A place that differs, cut out of the page before and now, enlarged."""

    box_mm: tuple[float, float, float, float]
    before: Picture
    now: Picture


@dataclass(frozen=True, eq=False)
class Seen:
    """A page that looks different since a signature. `same_as`: the evidence under which its pictures stand already.

    `by`: the program that drew its pictures, `by_other`: that of the last one; None where the report does not tell.
    """

    page: int
    differences: Sequence[Told]
    pictures: Mapping[str, Picture]
    same_as: str | None
    by: str | None
    by_other: str | None
    places: Sequence[Place]

    @property
    def mixed(self) -> bool:
        """Whether a change explains a difference and is not all that was done there."""
        return any(t.standing in ("forbidden", "doubt") for t in self.differences)


def _standing(difference: Difference, signature: SignatureEvidence) -> Standing:
    name = difference.explained_by
    if name is None:
        return "none"
    changes = [c for c in signature.changes if c.object == name and c.permitted_by is None]
    if any(not c.in_doubt for c in changes):
        return "forbidden"
    return "doubt" if changes else "permitted"


def drawn_by(sight: Sight, differences: Sequence[Difference]) -> tuple[str | None, str | None]:
    """Which program drew a page's pictures, and which the one drawn otherwise, as far as the differences tell.

    The pictures are of the program that sees most of what nothing explains, of the first where that tells nothing.
    """
    engines = sight.engines
    if len(engines) == 1:
        return engines[0], None
    kinds = {d.kind for d in differences}
    unexplained = {d.engine for d in differences if d.explained_by is None}
    by: str | None = None
    if kinds <= {"page-added", "page-removed"}:
        by = engines[0]
    elif "page-resized" not in kinds and len(unexplained) == 1:
        by = next((e for e in engines if {e} == unexplained), None)
    elif "page-resized" not in kinds and not unexplained and any(d.engine.startswith(engines[0]) for d in differences):
        by = engines[0]
    others = [e for e in engines if e != by]
    return by, others[0] if by is not None and len(others) == 1 else None


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

    def places(self, subject: str, page: int, told: Sequence[Told], dpi: float) -> list[Place]:
        """The places of a page that differ, cut out of both pictures and enlarged; the gravest first, few."""
        ends = [
            next((e for e in self.exhibits if (e.subject, e.page, e.role) == (subject, page, role)), None)
            for role in ("as-signed", "as-now")
        ]
        images = [self._opened(e) for e in ends if e is not None]
        if len(images) != 2 or images[0] is None or images[1] is None or images[0].size != images[1].size:
            return []
        before, now = images[0], images[1]
        cut: list[tuple[int, int, int, int]] = []
        found: list[Place] = []
        for one in sorted(told, key=lambda t: _GRAVEST.index(t.standing)):
            if one.difference.box_mm is None or len(found) == _MOST_PLACES:
                continue
            area = _around(one.difference.box_mm, dpi / 25.4, before.size)
            wide, high = area[2] - area[0], area[3] - area[1]
            if 3 * wide * high > before.width * before.height or any(_within(area, other) for other in cut):
                continue
            cut.append(area)
            found.append(Place(one.difference.box_mm, *(_enlarged(i.crop(area), page) for i in (before, now))))
        return found

    def _opened(self, exhibit: Exhibit) -> Image.Image | None:
        """An exhibit's picture; None where it is none, or its bytes are not at hand."""
        data = self.data.get(exhibit.sha256)
        if data is None or exhibit.type not in ("image/png", "image/jpeg"):
            return None
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                return image.convert("RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None

    def _picture(self, exhibit: Exhibit) -> Picture | None:
        data = self.data.get(exhibit.sha256)
        if data is None or exhibit.type not in ("image/png", "image/jpeg"):
            return None
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                if exhibit.role == "page":
                    return _shown(image.convert("RGB"), "JPEG", 1200, exhibit.page)
                if exhibit.role == "aligned":  # photographs, too large as PNG
                    return _shown(image.convert("RGB"), "JPEG", 1200, exhibit.page)
                largest = 1400 if exhibit.role in _SIGHT else 1200 if exhibit.role in _EXHIBITS else 600
                if max(image.size) <= largest:
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


def _around(box_mm: Sequence[float], px_per_mm: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """What is cut out for a place: enough around it to read, within the page (pixels: left, top, right, bottom)."""
    x, y, w, h = box_mm
    aside, above = max(_AROUND_MM, (_LEAST_MM[0] - w) / 2), max(_AROUND_MM, (_LEAST_MM[1] - h) / 2)
    left, right = (round(v * px_per_mm) for v in (x - aside, x + w + aside))
    top, bottom = (round(v * px_per_mm) for v in (y - above, y + h + above))
    left, top = min(max(left, 0), size[0] - 1), min(max(top, 0), size[1] - 1)
    return left, top, max(min(right, size[0]), left + 1), max(min(bottom, size[1]), top + 1)


def _within(area: Sequence[int], other: Sequence[int]) -> bool:
    return area[0] >= other[0] and area[1] >= other[1] and area[2] <= other[2] and area[3] <= other[3]


def _enlarged(image: Image.Image, page: int) -> Picture:
    image = image.resize((image.width * _ENLARGED, image.height * _ENLARGED), Image.Resampling.LANCZOS)
    return _shown(image, "PNG", max(image.size), page)


def _uri(data: bytes, format: str) -> str:
    return f"data:image/{format.lower()};base64,{base64.b64encode(data).decode('ascii')}"


# ── words ──────────────────────────────────────────────────────────────────────────────────────────────

# Parameters of a reason that are codes (the others are names, numbers and texts) or moments.
_CODES = frozenset({"what", "reasons", "reason", "ink", "shape", "against", "source"})
_MOMENTS = frozenset({"time", "day", "since"})
_CODE = re.compile("[a-z]+(?:-[a-z0-9]+)+")
# Kinds of changes that are told of files in a container (verify.formats.asic).
_OF_FILES = frozenset(
    {
        "unsigned-file", "repeated-entry", "duplicate-entry", "encrypted-entry", "compression-unknown", "symbolic-link",
        "unreadable-entry", "entry-name", "header-mismatch", "overlapping-entries", "bytes-before-archive",
        "bytes-between-entries", "bytes-after-archive",
    }
)  # fmt: skip


def say(reason: Reason, outcome: str, lang: str) -> str:
    """A reason's sentence. One whose parameters were withheld is told without them."""
    template = catalogue(lang).get(reason.code)
    if template is None:
        return reason.en or sentence(reason.code, reason.params, lang)
    if "{" in template and not reason.params:
        return public_sentence(reason.code, outcome, lang)
    if any(name and name not in reason.params for _, name, _, _ in Formatter().parse(template)) and reason.en:
        return reason.en  # from a version that said it otherwise
    return sentence(reason.code, {k: _spoken(reason.code, k, v, lang) for k, v in reason.params.items()}, lang)


def _spoken(code: str, name: str, value: Any, lang: str) -> Any:
    """A parameter of the reason `code` as it reads in a sentence."""
    if isinstance(value, list):
        return ("；" if lang == "zh" else "; ").join(str(_spoken(code, name, v, lang)) for v in value)
    if name == "detail" and isinstance(value, str):
        unknown = "changes-unreadable" if code == "changes-not-told" else "in-details"
        return detail(value, lang) or word(unknown, lang)
    if name == "objects" and isinstance(value, str) and code != "unsigned-files":  # whose objects are names of files
        return _object(value, lang)
    if name in _CODES and isinstance(value, str):
        return word(value, lang)
    if name in _MOMENTS and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return when(moment if len(value) > 10 else moment.date(), lang)
    return value


def _object(name: str, lang: str) -> str:
    """An object that was changed; where none is known, the code of what was found stands in its place."""
    return word(name, lang) if _CODE.fullmatch(name) else objects.spoken(name, lang)


def changed(change: Change, lang: str) -> str:
    """The object of a change. Files in a container keep their names."""
    whole = change.kind in _OF_FILES and change.object not in ("the directory", "the end of the archive")
    return change.object if whole else objects.spoken(change.object, lang)


def detail(text: str | None, lang: str) -> str | None:
    """A detail in words: a code, or one of our own phrases; None where a library speaks."""
    if text is None:
        return None
    table = labels(lang)["words"]
    return table.get(text) or objects.detail(text, lang)


def rule(code: str, lang: str) -> str:
    """What permits a change, in words."""
    return labels(lang)["rules"].get(code, code)


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


def _box(box_mm: Sequence[float], lang: str) -> str:
    """Where on a page something is, and how large, in words."""
    x, y, w, h = box_mm
    return labels(lang)["sight"]["box"].format(x=round(x), y=round(y), w=f"{w:.1f}", h=f"{h:.1f}")


def figure(value: float | None) -> str:
    """A number with the true minus sign; a dash where there is none."""
    if value is None:
        return "–"
    return (f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}").replace("-", "−")


def measured(value: float | None, unit: str, *, signed: bool = False) -> str:
    """A length in mm or an angle in degrees, to 0.01 mm and 0.1°; a dash where there is none."""
    if value is None:
        return "–"
    told = f"{value:{'+' if signed else ''}.{2 if unit == 'mm' else 1}f}".replace("-", "−")
    return f"{told}\u00a0mm" if unit == "mm" else f"{told}°"


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
        "rule": partial(rule, lang=lang),
        "object": partial(objects.spoken, lang=lang),
        "changed": partial(changed, lang=lang),
        "detail": partial(detail, lang=lang),
        "when": partial(when, lang=lang),
        "day": partial(_day, lang=lang),
        "magnitude": partial(magnitude, lang=lang),
        "truth": {True: truths["yes"], False: truths["no"], None: truths["unknown"]}.__getitem__,
        "asked": partial(_asked, lang=lang),
        "box": partial(_box, lang=lang),
        "figure": figure,
        "measured": measured,
        "lr": lr,
        "axis": axis,
        "size": size,
    }
    return environment

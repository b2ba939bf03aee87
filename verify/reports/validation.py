"""A validation for people: one self-contained page with its plots in it, and a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from verify.imprints.recalibrate import Refitted
from verify.imprints.validation import Group, Measured, Rate, Validation


def page(
    validation: Validation, plots: Mapping[str, str], *, refitted: Sequence[Refitted] = (), fitted: str | None = None
) -> str:
    """The page; `plots` are SVG by name, `fitted` the name of the calibration made from the pairs."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # An interval is not broken in two lines.
    environment.filters.update(
        percent=lambda rate: percent(rate).replace(", ", ",\u00a0"),
        bits=lambda rate: bits(rate).replace(", ", ",\u00a0"),
    )
    return environment.get_template("validation.html").render(
        v=validation,
        groups=[(heading(g), g) for g in validation.groups],
        plots={name: Markup(svg) for name, svg in plots.items()},  # noqa: S704 - drawn by verify.reports.plots, which escapes
        refitted=refitted,
        fitted=fitted,
    )


def _template(name: str) -> str:
    return (resources.files("verify.reports") / "templates" / name).read_text(encoding="utf-8")


def heading(group: Group) -> str:
    """What the group holds, in words."""
    if group.set is not None:
        return f"set “{group.set}”"
    return f"labelled “{group.label}”" if group.label is not None else "all pairs"


def percent(rate: Rate) -> str:
    """A share with its interval."""
    return _shown(rate, 100.0, 1)


def bits(rate: Rate) -> str:
    return _shown(rate, 1.0, 3)


def _shown(rate: Rate, factor: float, digits: int) -> str:
    if rate.value is None:
        return "–"
    told = f"{factor * rate.value:.{digits}f}"
    if rate.interval95 is None:
        return told
    low, high = (f"{factor * end:.{digits}f}" for end in rate.interval95)
    return f"{told} [{low}, {high}]"


def plain(validation: Validation) -> str:
    """What the terminal shows: the combined ratio of every group, and each alternative's over all pairs."""
    lines = [
        f"{validation.pairs.same} same, {validation.pairs.different} different {validation.pairs_are} pairs "
        f"({validation.unlabelled} without a label left out, {validation.errors} unreadable)",
        f"95 % intervals by {_seals(validation)}; nulls beyond {100 * validation.null_share:g} % count as errors in EER and Cllr",
        "",
        f"{'':<34}{'EER %':<22}{'Cllr':<24}{'Cllr-min':<10}{'≥100 for the wrong side, %: same, different':<46}nulls %: same, different",
    ]
    for group in validation.groups:
        for column, measured in group.columns.items():
            if column == "log10_lr" or (group.set is None and group.label is None):
                name = heading(group) if column == "log10_lr" else f"  against {measured.against}"
                lines.append(_line(name, measured))
    return "\n".join(lines)


def _seals(validation: Validation) -> str:
    return "seal" if validation.seals_by == "reference_seal" else "reference picture (no column reference_seal)"


def _line(name: str, m: Measured) -> str:
    wrong = next(x for x in m.misleading if x.beyond == 2)
    least = "–" if m.cllr_min.value is None else f"{m.cllr_min.value:.3f}"
    nulls = ", ".join("–" if r.value is None else f"{100 * r.value:.1f}" for r in (m.nulls_same, m.nulls_different))
    misled = f"{percent(wrong.same)}, {percent(wrong.different)}"
    return f"{name[:33]:<34}{percent(m.eer):<22}{bits(m.cllr):<24}{least:<10}{misled:<46}{nulls}"

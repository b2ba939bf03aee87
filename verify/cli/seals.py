"""`sigillum seals …`: the registered seals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError

from verify.cli.shell import EXIT_PASSED, EXIT_REFUSED, complain, day, say
from verify.core.errors import UsageError, VerifyError
from verify.records.defaults import default_shelf, existing
from verify.settings import load_settings
from verify.stores.seals import FolderShelf, Owner, ReferenceSeal, SealShelf, SealStatus

if TYPE_CHECKING:
    from verify.records.exchange import Exchanged
    from verify.records.specimens import NewSpecimen

_SIZE = re.compile(r"(\d+(?:\.\d+)?)(?:\s*[x×*]\s*(\d+(?:\.\d+)?))?")
# log10 of the ratio from which a specimen is said to look like another seal's.
_ANOTHER_SEAL = -1.0
_NONE_HINT = "Register one by `sigillum seals add`, or a folder of them by `sigillum seals import`."


def list_seals(seals: Path | None, *, json: bool) -> None:
    """One line per seal, of a folder or of the records."""
    shelf: SealShelf = FolderShelf(seals) if seals else default_shelf(load_settings())
    found = shelf.seals()
    if not found:
        say(f"no seal is registered\n  {_NONE_HINT}")
    for seal in found:
        if json:
            print(seal.model_dump_json())
            continue
        size = " x ".join(f"{v:g}" for v in seal.size_mm)
        until = f"{seal.valid_from or '…'} to {seal.valid_to or '…'}"
        print(
            f"{seal.id:<28} {seal.status:<14} {seal.kind:<21} {seal.shape:<9} {size:>11} mm  {until}  {seal.owner.name}"
        )


@dataclass(frozen=True)
class Given:
    """A seal as the options describe it, all still text."""

    id: str
    owner: str
    unified_code: str | None
    unit: str | None
    kind: str
    shape: str
    size: str
    text: str
    code: str | None
    making: str
    valid_from: str | None
    valid_to: str | None
    ledger_from: str | None


def add(given: Given, *, specimens: Sequence[Path], dpi: Sequence[float], taken: Sequence[str]) -> None:
    """Register a seal with its specimens."""
    from verify.records.database import open_records
    from verify.records.seals import register, registered
    from verify.records.specimens import ENOUGH, specimens_from

    draft = _seal(given)
    settings = load_settings()
    records = existing(settings)
    if records is not None and registered(records, draft.id) is not None:  # said before pictures are measured
        raise UsageError("seal-exists", f"there is already a seal {draft.id!r}", "Choose another id.")
    days = [d for d in (day(t, option="--taken") for t in taken) if d]
    new = specimens_from(specimens, dpi=dpi, taken=days, size_mm=draft.size_mm)
    seal = draft.model_copy(update={"specimen": tuple(one.specimen for one in new)})
    register(
        records or open_records(settings),
        seal,
        {one.specimen.sha256: one.data for one in new},
        recorded=datetime.now(UTC),
    )
    say(f"registered {seal.id} with {len(new)} specimen{'' if len(new) == 1 else 's'}")
    if len(new) < ENOUGH:
        say(
            f"warning: {len(new)} of {ENOUGH} specimens. How much prints of one seal differ is learnt from them: with fewer,"
            " a genuine imprint is more often not decided. And what one print has by chance cannot be told from what the"
            " seal has: a copy made optically, from a scanned print, is more often taken for the seal."
        )
    elif len({one.specimen.taken for one in new}) == 1:
        say(
            f"warning: all specimens were taken on {new[0].specimen.taken}. How ink, wear and hand change a print from day to"
            " day is learnt from specimens of several days."
        )
    if any(one.specimen.dpi == 0 for one in new):
        say("warning: a specimen's resolution is unknown, so its size was not checked")
    for doubt in _doubts(new):
        say(f"warning: {doubt}")


def _doubts(specimens: Sequence[NewSpecimen]) -> Iterator[str]:
    """What each specimen says against those before it: the same impression once more, or another seal's."""
    from verify.cli.compare import load_calibration
    from verify.imprints.compare import compare
    from verify.imprints.examiner import picture_imprint

    try:
        calibration = load_calibration()
    except VerifyError as error:  # registering needs none
        yield f"whether the specimens are of one seal was not looked at: {error.message}"
        return
    imprints = [picture_imprint(one.data, one.specimen.dpi) for one in specimens]
    for n in range(1, len(imprints)):
        found = compare(imprints[n], imprints[:n], calibration=calibration)
        name = specimens[n].specimen.file
        if found.reuse.same_impression:
            yield (
                f"{name} looks like another picture of an impression given before it. Scans of one impression count as one"
                " specimen: they tell nothing of how prints differ."
            )
        ratio = found.against("another-seal").log10_lr
        if ratio is not None and ratio <= _ANOTHER_SEAL:
            yield f"{name} does not look like the seal of the specimens before it. Set it right: `sigillum compare` shows both."


def _seal(given: Given) -> ReferenceSeal:
    size = _SIZE.fullmatch(given.size.strip())
    if size is None:
        raise UsageError(
            "size-unreadable", f"--size {given.size}: not a size", "Write it in millimetres, as 40 or 45x30."
        )
    try:
        return ReferenceSeal.model_validate(
            {
                "id": given.id,
                "owner": Owner(name=given.owner, unified_code=given.unified_code),
                "unit": given.unit,
                "kind": given.kind,
                "shape": given.shape,
                "size_mm": (float(size[1]), float(size[2] or size[1])),
                "text": given.text,
                "code": given.code,
                "making": given.making,
                "valid_from": day(given.valid_from, option="--valid-from"),
                "valid_to": day(given.valid_to, option="--valid-to"),
                "ledger_from": day(given.ledger_from, option="--ledger-from"),
                "status_changed": day(given.valid_from, option="--valid-from"),
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(p) for p in first["loc"])
        raise UsageError(
            "seal-invalid", f"{field}: {first['msg']}", "`sigillum seals add --help` says what may stand there."
        ) from error


def import_seals(folder: Path) -> int:
    """Import a folder of seals; returns 0, or 4 when one was refused."""
    from verify.records.database import open_records
    from verify.records.exchange import import_folder

    return _told(import_folder(open_records(load_settings()), folder, recorded=datetime.now(UTC)), "imported")


def export_seals(folder: Path, ids: Sequence[str]) -> int:
    """Export seals to a folder; returns 0, or 4 when one was refused."""
    from verify.records.exchange import export_folder

    records = existing(load_settings())
    if records is None:
        raise UsageError("seals-empty", "no seal is registered", _NONE_HINT)
    return _told(export_folder(records, folder, ids), "exported")


def _told(results: Iterable[Exchanged], done: str) -> int:
    code, any_seal = EXIT_PASSED, False
    for one in results:
        any_seal = True
        if one.why is not None:
            code = EXIT_REFUSED
            complain(one.why)
        else:
            print(f"{one.what} {one.id}: {done if one.outcome == 'done' else 'there already, unchanged'}")
    if not any_seal:
        say(f"no seal is registered\n  {_NONE_HINT}")
    return code


def set_status(id: str, status: str, *, since: str) -> None:
    """Enter a seal's status from a day on, and show its history."""
    from verify.records.seals import history
    from verify.records.seals import set_status as enter

    known = get_args(SealStatus)
    chosen = next((s for s in known if s == status), None)
    if chosen is None:
        raise UsageError("status-unknown", f"there is no status {status!r}", f"Known: {', '.join(known)}.")
    from_day = day(since, option="--since")
    assert from_day is not None
    records = existing(load_settings())
    if records is None:
        raise UsageError("seal-unknown", f"there is no registered seal {id!r}", _NONE_HINT)
    enter(records, id, chosen, since=from_day, recorded=datetime.now(UTC))
    for entry in history(records, id):
        print(f"{id}  {entry.status:<14} since {entry.since or '…'}  entered {entry.recorded:%Y-%m-%d %H:%M} UTC")

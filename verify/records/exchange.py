"""Seals as a folder, the exchange format: in, and out again byte for byte."""

from __future__ import annotations

import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import select

from verify.core.document import digest
from verify.core.errors import UsageError, VerifyError
from verify.records.database import Records
from verify.records.seals import RecordsShelf, register, registered
from verify.records.specimens import check_specimens
from verify.records.tables import SealRow
from verify.records.uses import RecordsLedger, enter_use
from verify.stores.seals import FolderShelf, ReferenceSeal, read_seal
from verify.stores.sealtoml import seal_toml
from verify.stores.uses import Use, ledger_beside


@dataclass(frozen=True)
class Exchanged:
    """What became of one seal or use. `same`: it was there already, word for word."""

    what: Literal["seal", "use"]
    id: str
    outcome: Literal["done", "same", "refused"]
    why: VerifyError | None = None


def import_folder(records: Records, folder: Path, *, recorded: datetime) -> Iterator[Exchanged]:
    """Enter every seal of a folder, then the uses of its uses.toml; each whole or not at all.

    Raises UsageError: seals-missing, seals-empty, uses-invalid, index-invalid.
    """
    if not folder.is_dir():
        raise UsageError("seals-missing", f"{folder} is not a folder", "Name a folder of <id>/seal.toml.")
    paths = sorted(folder.glob("*/seal.toml"))
    if not paths:
        raise UsageError(
            "seals-empty", f"{folder} holds no seal", "Name a folder of <id>/seal.toml, as reference_seals/ is."
        )
    digests = _index(folder)
    for path in paths:
        id = path.parent.name
        try:
            yield Exchanged("seal", id, _import_seal(records, path, digests.get(id), recorded))
        except VerifyError as error:
            yield Exchanged("seal", id, "refused", error)
    ledger = ledger_beside(folder)
    for use in ledger.uses() if ledger else ():
        try:
            yield Exchanged("use", use.id, "done" if enter_use(records, use) else "same")
        except UsageError as error:
            yield Exchanged("use", use.id, "refused", error)


def _import_seal(records: Records, path: Path, expected: str | None, recorded: datetime) -> Literal["done", "same"]:
    try:
        toml = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("seal-invalid", f"{path} cannot be read: {error}", "Restore seal.toml.") from error
    seal = read_seal(path)
    if expected is not None and seal.record_digest != expected:
        raise UsageError(
            "seal-changed",
            f"seal {seal.id} is not the record that index.toml names",
            "Ask the sender for the folder again.",
        )
    shelf = FolderShelf(path.parent.parent)
    pictures = [shelf.specimen(seal, s) for s in seal.specimen]  # digests are checked here
    known = registered(records, seal.id)
    if known == seal:
        return "same"
    if known is not None:
        fields = ", ".join(n for n in ReferenceSeal.model_fields if getattr(known, n) != getattr(seal, n))
        raise UsageError(
            "seal-differs",
            f"seal {seal.id} is registered with another {fields}",
            "A registered seal is never overwritten: change its status by `seals set-status`, or give the new one another id.",
        )
    check_specimens(seal, pictures)
    register(records, seal, {digest(p): p for p in pictures}, recorded=recorded, toml=toml)
    return "done"


def export_folder(records: Records, folder: Path, ids: Sequence[str] = ()) -> Iterator[Exchanged]:
    """Write `<id>/seal.toml` with specimens for the seals named, or for all; their uses and index.toml beside them.

    A seal appears whole or not at all; one that stands there already is left if equal, else refused.
    Raises UsageError `seal-unknown`, before anything is written; VerifyError `out-unwritable`.
    """
    shelf = RecordsShelf(records)
    seals = {seal.id: seal for seal in shelf.seals()}
    for id in ids:
        if id not in seals:
            raise UsageError(
                "seal-unknown", f"there is no registered seal {id!r}", "`sigillum seals list` shows the seals."
            )
    chosen = [seals[id] for id in dict.fromkeys(ids)] if ids else list(seals.values())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for seal in chosen:
            try:
                files = {s.file: shelf.specimen(seal, s) for s in seal.specimen}
                files["seal.toml"] = _toml(records, seal).encode("utf-8")
                yield Exchanged("seal", seal.id, _write(folder / seal.id, files))
            except VerifyError as error:
                yield Exchanged("seal", seal.id, "refused", error)
        yield from _export_uses(records, folder, {seal.id for seal in chosen})
        _write_index(folder)
    except OSError as error:
        raise VerifyError(
            "out-unwritable", f"{folder} cannot be written to: {error.strerror}", "Name another folder."
        ) from error


def _toml(records: Records, seal: ReferenceSeal) -> str:
    """The seal.toml that was imported, as long as it says what the registry says; else a new one under its heading."""
    with records.session() as session:
        imported = session.scalar(select(SealRow.toml).where(SealRow.id == seal.id))
    if imported is None:
        return seal_toml(seal)
    try:
        if ReferenceSeal.model_validate(tomllib.loads(imported)) == seal:
            return imported
    except (ValidationError, tomllib.TOMLDecodeError):
        pass
    heading: list[str] = []
    for line in imported.splitlines():
        if not line.startswith("#"):
            break
        heading.append(line + "\n")
    return "".join(heading) + seal_toml(seal)


def _write(home: Path, files: dict[str, bytes]) -> Literal["done", "same"]:
    if home.exists():
        present = {str(p.relative_to(home)): p.read_bytes() for p in home.rglob("*") if p.is_file()}
        if present == files:
            return "same"
        raise UsageError("export-exists", f"{home} exists and holds something else", "Name an empty folder.")
    draft = Path(tempfile.mkdtemp(prefix=".seal-", dir=home.parent))
    try:
        for name, data in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(data)
        draft.chmod(0o755)
        draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return "done"


def _export_uses(records: Records, folder: Path, seals: set[str]) -> Iterator[Exchanged]:
    uses = [u for u in RecordsLedger(records).uses() if u.seal in seals]
    path = folder / "uses.toml"
    ledger = ledger_beside(folder)
    present = {use.id: use for use in (ledger.uses() if ledger else ())}
    for use in uses:
        if use.id in present and present[use.id] != use:
            error = UsageError(
                "export-exists", f"{path} holds use {use.id} with another content", "Name an empty folder."
            )
            yield Exchanged("use", use.id, "refused", error)
        else:
            yield Exchanged("use", use.id, "same" if use.id in present else "done")
    new = [u for u in uses if u.id not in present]
    if new:
        text = path.read_text(encoding="utf-8") + "\n" if present else ""
        path.write_text(text + uses_toml(new), encoding="utf-8")


def uses_toml(uses: Sequence[Use]) -> str:
    """Uses as TOML. Strings are JSON strings, which TOML's basic strings are a superset of."""
    tables = []
    for use in uses:
        lines = ["[[use]]"]
        for name, value in use.model_dump(exclude={"decided"}).items():
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
        tables.append("\n".join([*lines, f"decided = {use.decided.isoformat()}"]) + "\n")
    return "\n".join(tables)


def _index(folder: Path) -> dict[str, str]:
    """Seal → digest of its record, where the folder carries an index.toml."""
    path = folder / "index.toml"
    if not path.is_file():
        return {}
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("seals", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("index-invalid", f"{path}: {error}", "Ask the sender for the folder again.") from error
    return {id: str(value) for id, value in table.items()}


def _write_index(folder: Path) -> None:
    present = {p.parent.name: read_seal(p).record_digest for p in sorted(folder.glob("*/seal.toml"))}
    if present and _index(folder) != present:
        lines = ["[seals]", *(f'{id} = "{value}"' for id, value in present.items())]
        (folder / "index.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

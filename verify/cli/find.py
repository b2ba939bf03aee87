"""`sigillum find`: imprints found, without comparing them."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path

from verify.cli.check import refused
from verify.cli.shell import EXIT_PASSED, EXIT_REFUSED, files_of, gravest, say
from verify.core.errors import VerifyError
from verify.core.exhibits import Piece
from verify.core.messages import clean
from verify.formats import read
from verify.imprints.evidence import ImprintEvidence
from verify.imprints.examiner import describe


def run(files: Sequence[Path], *, json: bool, out: Path | None) -> int:
    """Print each file's imprints; returns 0, or 4 when a file was refused."""
    found = files_of(files)
    codes = []
    for path in found.paths:
        try:
            document = read(path)
            imprints, pieces, problems = _sort(list(describe(document)))
        except VerifyError as error:
            codes.append(EXIT_REFUSED)
            refused(path, error, json=json)
            continue
        codes.append(EXIT_PASSED)
        for problem in problems:
            say(f"{path.name}: {problem}")
        if json:
            line = {
                "schema": "sigillum/imprints/1",
                "name": document.name,
                "sha256": document.sha256,
                "imprints": [i.model_dump(mode="json") for i in imprints],
            }
            print(jsonlib.dumps(line, ensure_ascii=False), flush=True)
        else:
            _table(document.name, imprints)
        if out is not None:
            _draw(out, document.sha256[:12], pieces)
    if found.unsupported:
        say(f"{found.unsupported} files of other kinds in the folders were left alone")
    return gravest(codes)


def _sort(things: Sequence[object]) -> tuple[list[ImprintEvidence], list[Piece], list[str]]:
    imprints = [t for t in things if isinstance(t, ImprintEvidence)]
    pieces = [t for t in things if isinstance(t, Piece)]
    other = [str(t) for t in things if not isinstance(t, (ImprintEvidence, Piece))]
    return imprints, pieces, other


def _table(name: str, imprints: Sequence[ImprintEvidence]) -> None:
    print(f"{clean(name)}: {len(imprints)} imprint{'' if len(imprints) == 1 else 's'}")
    for one in imprints:
        size = f"{one.size_mm[0]:.1f} x {one.size_mm[1]:.1f} mm" if one.size_mm else "scale unknown"
        x, y, w, h = one.box_px
        read = " ".join(filter(None, [one.text.arc, *one.text.lines, one.text.code])) or one.text.reason or ""
        print(f"  {one.id}: page {one.page}, {one.ink} {one.shape}, {size}, at {x},{y} {w}x{h} px  {clean(read)}")


def _draw(out: Path, key: str, pieces: Sequence[Piece]) -> None:
    folder = out / key
    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    for one in pieces:
        role = one.exhibit.role
        counts[role] = counts.get(role, 0) + 1
        stem = f"page-{one.exhibit.page}" if role == "page" else one.exhibit.subject
        (folder / f"{stem}.png").write_bytes(one.data)
    say(f"written to {folder}")

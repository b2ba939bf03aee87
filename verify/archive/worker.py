"""One document in a process of its own. Light to import: threads must be set before numpy and OpenCV load."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify.archive.recipe import Plan
    from verify.verifier import Verifier


@dataclass(frozen=True)
class Examined:
    """The report as JSON, its outcome and its flags."""

    report: str
    outcome: str
    flags: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Refused:
    code: str
    message: str


@dataclass(frozen=True)
class Broke:
    """Our own code fell over this document."""

    code: str
    message: str


@dataclass(frozen=True)
class Stop:
    """The whole run must stop: what it examines with is not what it began with."""

    code: str
    message: str
    hint: str


Result = Examined | Refused | Broke | Stop


def start() -> None:
    """Once a worker: one thread each, as many workers as cores; it ends with its parent, however that ends."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT"):
        os.environ[variable] = "1"  # OMP_THREAD_LIMIT is tesseract's
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import cv2

    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    """A pool's worker would wait for work for ever after its parent was killed."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def examine(plan: Plan, path: Path, name: str) -> Result:
    """Examine one file; `name` is its name as it can be written. Exhibits are kept where there are flags."""
    from verify.archive.flags import flags_of
    from verify.core.errors import UsageError, VerifyError
    from verify.formats import read

    with Path(os.devnull).open("w") as nowhere:
        # A document that never ends, in C code even, ends its worker; the journal then knows what to do.
        faulthandler.dump_traceback_later(plan.longest_s, exit=True, file=nowhere)
        try:
            verifier = _verifier(plan)
            case = verifier.verify(read(path, name=name), at=plan.at)
            flags = tuple(asdict(flag) for flag in flags_of(case.report))
            if flags:
                _keep_exhibits(plan, case.exhibits)
            return Examined(case.report.to_json(), case.report.verdict.outcome, flags)
        except UsageError as error:
            return Stop(error.code, error.message, error.hint)
        except VerifyError as error:
            return Refused(error.code, error.message)
        except Exception as error:
            return Broke("examiner-broke", f"{type(error).__name__}: {error}".splitlines()[0][:300])
        finally:
            faulthandler.cancel_dump_traceback_later()


_made: dict[str, Verifier] = {}


def _verifier(plan: Plan) -> Verifier:
    """Made at the first document. A registry or policy that changed since the run began must not mix two answers."""
    from verify.archive.recipe import described, settings_key
    from verify.core.errors import UsageError

    if plan.key not in _made:
        verifier = plan.recipe.verifier()
        if settings_key(described(verifier)) != plan.key:
            raise UsageError(
                "settings-changed",
                "the seals, anchors, policy or models changed while the run was under way",
                "Start `archive ingest` again: a new run begins under what holds now.",
            )
        _made[plan.key] = verifier
    return _made[plan.key]


def _keep_exhibits(plan: Plan, exhibits: Any) -> None:
    from verify.records.blobs import Blobs

    blobs = Blobs(plan.recipe.settings.blobs_folder)
    for data in exhibits.values():
        blobs.put(data)

"""The command `sigillum`: one file per command group, each importing what it runs only when it runs."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point: our own inability becomes one sentence and an exit code, never a traceback."""
    # Small matrices by the thousand: BLAS threads only wait for each other (measured: 0.2 s against 4.2 s a comparison).
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from verify.cli.app import app
    from verify.cli.shell import EXIT_REFUSED, EXIT_USAGE, complain
    from verify.core.errors import UsageError, VerifyError

    try:
        app(prog_name="sigillum")
    except UsageError as error:
        complain(error)
        sys.exit(EXIT_USAGE)
    except VerifyError as error:
        complain(error)
        sys.exit(EXIT_REFUSED)
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away (`| head`); that is not an error.
        sys.stderr.close()
        sys.exit(0)

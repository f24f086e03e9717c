"""The command line: a thin file for each command, which parses, calls the library and prints."""

from __future__ import annotations

import os
import sys

from geobfdt.cli.app import app
from geobfdt.runtime.heap import collect_garbage_rarely, share_heap

__all__ = ["main"]


def main() -> None:
    """
    Run the command line; the exit status is 0, 1 for input that cannot be read, or 2 for wrong usage.

    Examples
    --------
    ``geobfdt --help``
    """
    share_heap()
    collect_garbage_rarely()
    from geobfdt.runtime.findings import InputError

    try:
        app()
    except InputError as error:
        if "--json" in sys.argv:
            from geobfdt.runtime.findings import findings_to_json

            sys.stdout.write(f'{{"error": {findings_to_json([error.finding])[1:-1].strip()}}}\n')
        sys.stderr.write(f"geobfdt: {error}\n")
        sys.exit(1)
    except MemoryError:
        sys.stderr.write("geobfdt: out of memory; close other programs, or ingest the file and pick the .nc instead\n")
        sys.exit(1)
    except BrokenPipeError:
        # The reader of the output has closed it (`| head`), which is not an error. Without this, Python would print
        # a message at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)

"""The command line within the test's own process: the same words, output and exit status, without its start."""

from __future__ import annotations

import io
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess, run
from unittest.mock import patch

from geobfdt.cli import main


def run_command(*words: object, cwd: Path | None = None, limit: int | None = None) -> CompletedProcess[str]:
    """Run ``geobfdt WORDS``; with ``limit``, no file grows beyond so many bytes, as if the disk were full."""
    command = ["geobfdt", *map(str, words)]
    out, error = io.StringIO(), io.StringIO()
    environment = {"NO_COLOR": "1", "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
    status = 0
    with (
        chdir(cwd or Path.cwd()), patch.dict(os.environ, environment), patch.object(sys, "argv", command),
        redirect_stdout(out), redirect_stderr(error), _file_size_limit(limit),
    ):  # fmt: skip
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return CompletedProcess(command, status, out.getvalue(), error.getvalue())


@contextmanager
def _file_size_limit(limit: int | None) -> Iterator[None]:
    default, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (default, most))


def run_process(*words: object, timeout: float = 300) -> CompletedProcess[str]:
    """Run ``geobfdt WORDS`` in a process of its own, where a process is what is tested."""
    return run(
        [sys.executable, "-c", "from geobfdt.cli import main; main()", *map(str, words)],
        capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip

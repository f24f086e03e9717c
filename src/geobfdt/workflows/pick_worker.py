"""A worker process of ``geobfdt pick``: ``python -m geobfdt.workflows.pick_worker OUT OPTIONS FILE``.

The options are those of :class:`geobfdt.workflows.pick.PickOptions` as JSON. The delivery goes to standard output as
JSON, an error to standard error in one line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from geobfdt.runtime.heap import collect_garbage_rarely, share_heap

__all__ = ["main"]


def main(out: str, options: str, file: str) -> int:
    """Pick one file; the exit status is 0, or 1 if it cannot be picked."""
    # Before NumPy is imported, which starts threads that keep heaps of their own.
    share_heap()
    collect_garbage_rarely()
    from geobfdt.runtime.findings import InputError
    from geobfdt.workflows.pick import PickOptions, pick_file

    try:
        delivery = pick_file(Path(file), Path(out), PickOptions.model_validate_json(options))
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except MemoryError:
        sys.stderr.write(f"{file}: out of memory; use fewer --workers\n")
        return 1
    sys.stdout.write(json.dumps(delivery.to_dict()))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

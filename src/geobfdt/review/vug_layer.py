"""The layer of a well's vug table: people accept, reject and remove what a program found."""

from __future__ import annotations

from pathlib import Path

from geobfdt.review.items import VugFields
from geobfdt.review.table_layer import TableKind
from geobfdt.runtime.storage import atomic_files
from geobfdt.wells.layers import Fields
from geobfdt.wells.vugs import (
    COLUMNS,
    VugTable,
    new_vugs,
    read_vug_tracks,
    read_vugs,
    vug_tracks,
    write_vug_tracks,
    write_vugs,
)

__all__ = ["VUGS", "changed_vug"]

_SUFFIX = ".vugs.csv"


def changed_vug(change: VugFields, person: str) -> Fields:
    """Return the new fields of a vug that a person decides on; what was measured stays."""
    return {"status": change.status, "who": person}


def _write_with_tracks(vugs: VugTable, path: Path) -> None:
    """Write a vug table, and the tracks beside it for the vugs that are left, both or neither."""
    tracks = path.with_name(path.name.removesuffix(_SUFFIX) + ".vug-tracks.csv")
    if not tracks.exists():
        write_vugs(vugs, path)
        return
    windows = read_vug_tracks(tracks)
    with atomic_files(path.parent) as part:
        write_vugs(vugs, part / path.name)
        write_vug_tracks(vug_tracks(vugs, windows), part / tracks.name)


VUGS = TableKind("vugs", "v", _SUFFIX, COLUMNS, new_vugs, read_vugs, _write_with_tracks)

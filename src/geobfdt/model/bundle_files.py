"""The files of a model bundle, listed and checked without PyTorch and without the network in them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NoReturn

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import read_ordinary

__all__ = [
    "CARD",
    "FILES",
    "FORMAT",
    "RETRAIN",
    "SETTINGS",
    "SHIPPED",
    "WEIGHTS",
    "check_format",
    "contents_digest",
    "read_card",
    "read_weights",
]

FORMAT = 2  # Of bundles; a reader refuses others, since layers of networks differ.
SHIPPED = Path(__file__).with_name("weights")  # The bundle that the package ships.
FILES = WEIGHTS, SETTINGS, CARD = "weights.safetensors", "settings.yaml", "card.json"
RETRAIN = "copy the bundle again, or train anew"

_MAX_CARD_BYTES = 64 << 20
_MAX_WEIGHTS_BYTES = 2 << 30


def contents_digest(folder: Path) -> str:
    """
    SHA-256 of a bundle: of its weights, settings and card.

    Raises
    ------
    InputError
        If one of them cannot be read.
    """
    total = hashlib.sha256()
    for name in FILES:
        data = read_ordinary(folder / name, _MAX_WEIGHTS_BYTES, "copy the bundle again")
        total.update(f"{name} {len(data)}\n".encode() + data)
    return total.hexdigest()


def check_format(place: str | Path, kind: str, version: int, supported: int, cure: str) -> None:
    """
    Refuse files of another version.

    Parameters
    ----------
    place : str or Path
        Where it is.
    kind : str
        Name of the format.
    version, supported : int
        Format of the file, and the format that this version reads.
    cure : str
        Cure for files of an older version.

    Raises
    ------
    InputError
        If the two differ.
    """
    if version != supported:
        age, cure = ("a newer", "update geobfdt") if version > supported else ("an older", cure)
        raise InputError(place, f"written by {age} version ({kind} format {version}, this one reads {supported})", cure)


def read_card(folder: Path) -> dict[str, Any]:
    """
    Card of a bundle, without its format.

    Raises
    ------
    InputError
        If there is none, it is damaged, holds NaN or infinite numbers, or another version wrote it.
    """
    file = folder / CARD
    if not file.is_file():
        raise InputError(folder, "no model bundle here (no card.json)", "name a folder that geobfdt train wrote")
    try:
        card: dict[str, Any] = json.loads(read_ordinary(file, _MAX_CARD_BYTES, RETRAIN), parse_constant=_refuse)
        version = int(card.pop("format"))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(file, "not the card of a model bundle", RETRAIN) from error
    check_format(folder, "bundle", version, FORMAT, "train it again, from the model that this version ships")
    return card


def read_weights(folder: Path) -> bytes:
    """
    Content of a bundle's weights file, of at most 2 GiB.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    return read_ordinary(folder / WEIGHTS, _MAX_WEIGHTS_BYTES, RETRAIN)


def _refuse(constant: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which Python reads though JSON has neither."""
    raise ValueError(f"{constant} is no number in JSON")

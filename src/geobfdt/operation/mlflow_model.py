"""A model bundle as a ``python_function`` of MLflow: paths of image files in, the pick table out.

MLflow loads the bundle by naming this module (``loader_module``), so that nothing is pickled.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from geobfdt._version import __version__
from geobfdt.model.bundle import Bundle
from geobfdt.model.registry import load_model
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import InputError
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import PickTable, join_picks
from geobfdt.workflows.assemble import read_or_assemble
from geobfdt.workflows.pick import pick_image

__all__ = ["MlflowPicker", "write_mlflow_files"]

# Column of a data frame that holds the paths; the other columns are reading options.
_PATH = "path"
_CURE = f"give a path, a list of paths, or a data frame with a column {_PATH!r} and reading options"


def write_mlflow_files(folder: Path) -> list[Path]:
    """
    Write the files by which MLflow takes the folder of a bundle for a ``python_function``.

    Parameters
    ----------
    folder : Path
        Where ``MLmodel`` and ``requirements.txt`` are written; they belong beside the files of the bundle.

    Returns
    -------
    list of Path
        The two files.
    """
    import_extra("mlflow", "mlflow")
    from mlflow.models import Model
    from mlflow.pyfunc import add_to_model

    description, requirements = folder / "MLmodel", folder / "requirements.txt"
    model = Model()
    add_to_model(model, loader_module=__name__)  # type: ignore[no-untyped-call]
    model.save(str(description))
    requirements.write_text(f"geobfdt=={__version__}\n", encoding="utf-8")
    return [description, requirements]


class MlflowPicker:
    """
    What ``mlflow.pyfunc.load_model`` wraps.

    Parameters
    ----------
    bundle : Bundle
        The model.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def predict(self, model_input: Any) -> PickTable:
        """
        Pick image files as ``geobfdt pick`` does.

        Parameters
        ----------
        model_input : str, Path, list of them, or DataFrame
            Image files. A data frame has a column ``path``; its other columns are reading options by name
            (``diameter``, ``azimuth_reference``), and an empty cell is an option that is not given.

        Returns
        -------
        PickTable
            One table, the files one after the other. :func:`geobfdt.wells.picks.write_picks` writes the bytes of
            ``geobfdt pick``. ``attrs["findings"]`` holds the findings as dictionaries.

        Raises
        ------
        InputError
            If the input names no files, or one of them cannot be read.
        """
        tables, findings = [], []
        for path, options in _requests(model_input):
            image = read_or_assemble(Path(path), options)
            result = pick_image(image, NetworkDetector.of(self.bundle, image))
            tables.append(result.picks)
            findings += [finding.to_dict() for finding in (*result.picked.image.attrs["findings"], *result.cautions)]
        table = join_picks(tables) if len(tables) > 1 else tables[0]
        table.attrs["findings"] = findings
        return table


def _requests(model_input: Any) -> Iterator[tuple[str | Path, ReadingOptions]]:
    """Yield each path with its reading options."""
    if isinstance(model_input, pd.DataFrame):
        if _PATH not in model_input:
            raise InputError("MLflow input", f"a data frame without a column {_PATH!r}", _CURE)
        rows = model_input.to_dict("records")
    else:
        paths = [model_input] if isinstance(model_input, str | Path) else model_input
        rows = [{_PATH: path} for path in paths] if isinstance(paths, list | tuple) else []
    if not rows:
        raise InputError("MLflow input", "names no image file", _CURE)
    for row in rows:
        path = row[_PATH]
        if not isinstance(path, str | Path):
            raise InputError("MLflow input", f"{path!r} is no path", _CURE)
        options = {str(name): value for name, value in row.items() if name != _PATH and not pd.isna(value)}
        try:
            yield path, ReadingOptions(**options)
        except ValidationError as error:
            problem = error.errors()[0]
            observed = f"reading option {'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}"
            raise InputError(path, observed, "correct that column") from error


def _load_pyfunc(path: str) -> MlflowPicker:
    """Load a bundle; the name and the parameter are those that MLflow calls."""
    return MlflowPicker(load_model(path))

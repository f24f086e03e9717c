"""The public face: what ``geobfdt.NAME`` offers."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest
import xarray as xr
from pydantic import BaseModel, ValidationError
from typer.main import get_command

import geobfdt
from geobfdt.cli import app
from geobfdt.model.network_settings import DetrSettings
from geobfdt.runtime.findings import InputError
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.wells.picks import new_picks

OPTIONS = [name for name in geobfdt.__all__ if name.endswith("Options")]
# Values that differ from every default, of fields whose type does not tell one.
VALUES: dict[str, dict[str, Any]] = {
    "AdaptOptions": {"model": "m", "blind": ("W1",), "training": TrainingSettings(steps=3)},
    "AssembleOptions": {"columns": 180, "geometry": "tool.yaml", "without": ("speed",), "reading": {"diameter": 0.2}},
    "CaliperOptions": {"fluid_velocity": 1480.0, "known_diameters": ((1.0, 2.0, 0.2),), "amplitude": "AMP"},
    "ConvertOptions": {"to": "picks", "reading": {"decimal": "comma"}, "mapping": "m.yaml"},
    "FieldOptions": {"collar": "collars.csv", "window": 2.5, "at": ((1.0, 2.0),), "wells": ("W1",)},
    "IngestOptions": {"picks": "picks.csv", "reading": {"well": "A"}, "replace": True},
    "MergeOptions": {"reading": {"diameter": 0.2}},
    "OpenOptions": {"name": "ben", "reading": {"decimal": "comma"}, "method": "hough"},
    "PickOptions": {"model": "m", "min_confidence": 0.5, "explain": (1, 2), "reading": {"survey": "s.csv"}},
    "ReadingOptions": {"diameter": 0.2, "survey": "s.csv"},
    "ReportOptions": {"picks": "picks", "beside": ("pdf", "las"), "scale": 50, "wells": ("W1",)},
    "RetrainOptions": {"out": "runs", "include": ("W1",), "promote": True, "training": TrainingSettings(steps=3)},
    "SearchOptions": {"trials": 5, "storage": "sqlite:///trials.db"},
    "ServeOptions": {"port": 0, "token": "a-token-of-the-test", "proxies": ("10.0.0.0/8",)},
    "SimulateOptions": {"wells": 2, "length": 3, "like": "published", "tool": "fmi", "interpreter": "beds"},
    "TrainOptions": {
        "preset": "detr", "holdout": ("W1",), "masked": {"W2": (1.0, 2.5)}, "network": DetrSettings(rows=400),
        "training": TrainingSettings(steps=3), "study": {"name": "s", "levels": {"a": 1}},
    },
    "VugOptions": {"picks": "picks.csv", "method": "hough", "reading": {"decimal": "comma"}},
}  # fmt: skip


def test_every_verb_is_a_function() -> None:
    """
    The verbs of the command line are functions of the face.

    ``models`` is a group, and its verbs are Registry's; ``open`` would hide a builtin function.
    """
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    verbs = {"open_wells" if verb == "open" else verb for verb in commands - {"models"}}
    assert len(verbs) >= 23
    assert verbs <= set(geobfdt.__all__)
    assert all(inspect.isfunction(getattr(geobfdt, verb)) for verb in verbs)


def test_the_face_loads_a_verb_when_it_is_used() -> None:
    """Neither torch nor a server comes with the import."""
    code = "import sys, geobfdt; print(sorted({'torch', 'pandas', 'fastapi', 'typer'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_every_name_is_there() -> None:
    """Each name of the face is loaded from its place, and has a docstring."""
    for name in geobfdt.__all__:
        assert getattr(geobfdt, name).__doc__


@pytest.mark.parametrize("name", OPTIONS)
def test_options_cross_processes_as_json(name: str) -> None:
    """Options are the same after JSON, cannot be changed, and know no other name."""
    kind: type[BaseModel] = getattr(geobfdt, name)
    for values in ({}, VALUES[name]):
        options = kind.model_validate(values)
        assert kind.model_validate_json(options.model_dump_json()) == options
    with pytest.raises(ValidationError):
        kind.model_validate({"no_such_option": 1})
    with pytest.raises(ValidationError):
        setattr(options, next(iter(kind.model_fields)), None)


def test_a_token_is_not_printed() -> None:
    """Logs are stored, and hold what is printed of options."""
    assert "a-token-of-the-test" not in repr(geobfdt.ServeOptions(token="a-token-of-the-test"))


def test_proxies_are_addresses() -> None:
    """A name is none, and an address that is misspelt is not left out in silence."""
    for proxies in (("example.org",), ("10.0.0.1", "10.0.0.256")):
        with pytest.raises(InputError):
            geobfdt.ServeOptions(proxies=proxies)


def test_a_model_brings_its_network() -> None:
    """A preset beside a model to fine-tune would do nothing, and is refused."""
    with pytest.raises(InputError):
        geobfdt.TrainOptions(model="default", preset="curve")


@pytest.mark.parametrize("name", ["pick", "audit", "mend", "to_welly"])
@pytest.mark.parametrize("image", ["well.dlis", None, xr.Dataset()])
def test_what_is_no_image_is_refused(name: str, image: object) -> None:
    """A path in place of an image is the first mistake of a newcomer."""
    further = (new_picks(),) if name in ("audit", "mend") else ()
    with pytest.raises(TypeError, match=r"geobfdt\.read"):
        getattr(geobfdt, name)(image, *further)


@pytest.mark.parametrize("table", ["picks.csv", 1, []])
def test_what_is_no_table_is_refused(table: object) -> None:
    """In place of picks or of truth."""
    picks = new_picks(well="A", depth_m=[1.0], class_="fracture")
    for arguments in ((table, picks), (picks, table)):
        with pytest.raises(TypeError, match="DataFrame"):
            geobfdt.evaluate(*arguments)  # type: ignore[arg-type]

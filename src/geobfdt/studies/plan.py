"""Plan of a study: its cells, with the wells that each is trained, stopped and scored on, and their folders."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from geobfdt.model.bundle import Bundle
from geobfdt.model.registry import load_model
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import sha256, write_text
from geobfdt.studies.study_settings import CellSettings, Fold, StudySettings
from geobfdt.training.confidence_calibration import InterpretedWell
from geobfdt.training.prepared_wells import prepare, save
from geobfdt.training.train import interpreted_wells
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.wells.field import Field, file_stem

__all__ = ["Cell", "Place", "Plan", "StudyWells", "lay_out", "make_plan", "read_wells"]


# Training settings that came after studies had finished cells. At their defaults they change no result, and are left
# out of a digest, so that finished cells stay finished.
_YOUNGER_SETTINGS = ("fewest", "pad_ends", "simulated")


class Cell(BaseModel):
    """
    One training run, with everything that its result depends on.

    Two cells of the same fold and seed differ in their levels and in nothing else.
    """

    model_config = ConfigDict(frozen=True)

    settings: CellSettings
    trained: tuple[str, ...]
    validated: tuple[str, ...]
    tested: tuple[str, ...]
    digests: dict[str, str]
    labels: dict[str, str]
    # Fields are keys of cell.json and part of the digest, and keep their names.
    begun: str

    @property
    def digest(self) -> str:
        """Name of its folder; a setting that is younger than a finished cell counts only where it is used."""
        content = self.model_dump(mode="json")
        content["settings"]["network"] = self.settings.network.identity()
        training = content["settings"]["training"]
        for name in _YOUNGER_SETTINGS:
            if training[name] == TrainingSettings.model_fields[name].default:
                del training[name]
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def prepared(self, well: str) -> str:
        """File of a well on its grid, without suffix, within the study."""
        sizes = self.settings.network
        content = f"{self.digests[well][:8]}{self.labels[well][:8]}"
        folder = f"{1000 * sizes.step:g}mm-{sizes.columns}-{sizes.image}-{sizes.gaps}"
        if sizes.coarsest_row:
            folder += f"-rows-{1000 * sizes.coarsest_row:g}mm"
        return f"wells/{folder}/{file_stem(well)}-{content}"


@dataclass(frozen=True)
class Place:
    """
    Place of a cell in its study.

    Parameters
    ----------
    levels : dict of str to str
        Level of each axis.
    fold, seed : int
        Which of each.
    cell : Cell
        What is run; a cell may stand in several places.
    """

    levels: dict[str, str]
    fold: int
    seed: int
    cell: Cell


@dataclass(frozen=True)
class Plan:
    """
    All places of a study.

    Parameters
    ----------
    study : StudySettings
        Settings of the study.
    places : list of Place
        Cells, level by level.
    folds : tuple of tuple of Fold
        Wells of each, by seed; equal for all seeds unless the study varies them.
    notes : list of str
        Levels that could not be planned as set.
    """

    study: StudySettings
    places: list[Place]
    folds: tuple[tuple[Fold, ...], ...]
    notes: list[str]


@dataclass(frozen=True)
class StudyWells:
    """
    Interpreted wells of a field, read once for many plans.

    Parameters
    ----------
    wells : dict of str to InterpretedWell
        By name; pixels stay in their files.
    digests, labels : dict of str to str
        SHA-256 of the image, and of picks and intervals, by name.
    """

    wells: dict[str, InterpretedWell]
    digests: dict[str, str]
    labels: dict[str, str]


def read_wells(field: Path) -> StudyWells:
    """
    Read the interpreted wells of a field.

    Raises
    ------
    InputError
        If there is none, or a file is damaged.
    """
    wells = {str(well.image.attrs["well"]): well for well in interpreted_wells(field)}
    digests = {name: sha256(Field(field).file(name, ".nc")) for name in wells}
    return StudyWells(wells, digests, {name: _labels_digest(Field(field), name) for name in wells})


def make_plan(study: StudySettings, field: Path, read: StudyWells | None = None) -> Plan:
    """
    Plan a study; nothing is written.

    Parameters
    ----------
    study : StudySettings
        Settings of the study.
    field : Path
        Folder of wells with picks.
    read : StudyWells, optional
        The same wells, if they are read already.

    Raises
    ------
    InputError
        If a well is missing, a fold leaks, or a model was exposed to wells that it would be scored on.
    """
    read = read or read_wells(field)
    wells, digests, labels = read.wells, read.digests, read.labels
    dealt = [seed if "folds" in study.varied else 0 for seed in range(study.seeds)]
    folds = tuple(_folds(study, sorted(wells), field, seed) for seed in dealt)
    notes: list[str] = []
    places = []
    for levels, cell_settings in study.cells():
        start = load_model(cell_settings.start) if cell_settings.start else None
        settings = cell_settings if start is None else cell_settings.model_copy(update={"network": start.settings})
        for number, seed in product(range(len(folds[0])), range(study.seeds)):
            fold = folds[seed][number]
            if start is not None:
                _refuse_exposed(start, fold, digests, field)
            rest = tuple(name for name in sorted(wells) if name not in {*fold.test, *fold.validate_on})
            if settings.wells > len(rest):
                where = _in_words(levels)
                note = f"{where}: left out, {settings.wells} wells are set and a fold trains on {len(rest)}"
                notes += [note] if note not in notes else []
                continue
            trained = rest
            if settings.wells:
                chosen = np.random.default_rng((seed, number)).permutation(rest)[: settings.wells]
                trained = tuple(sorted(str(name) for name in chosen))
            names = (*trained, *fold.validate_on, *fold.test)
            cell = Cell(
                    settings=_seeded(settings, study, seed), trained=trained,
                    validated=fold.validate_on, tested=fold.test, digests={name: digests[name] for name in names},
                    labels={name: labels[name] for name in names}, begun=start.digest if start is not None else "",
                )  # fmt: skip
            places.append(Place(levels, number, seed, cell))
    if not places:
        raise InputError(field, f"no cell can be run: {notes[0]}", "give fewer folds, or a field of more wells")
    return Plan(study, places, folds, notes)


def _seeded(settings: CellSettings, study: StudySettings, seed: int) -> CellSettings:
    """The settings with the seeds of what the study varies; the rest keeps the seeds of the settings."""
    changed: dict[str, object] = {}
    if "initialisation" in study.varied:
        changed["weights_seed"] = seed
    if "order" in study.varied:
        changed["training"] = settings.training.model_copy(update={"seed": seed})
    return settings.model_copy(update=changed)


def lay_out(plan: Plan, field: Path, out: Path, read: StudyWells | None = None) -> list[Path]:
    """
    Make the folders of a plan's cells, and prepare wells on the grids of these cells; existing files stay.

    Parameters
    ----------
    plan : Plan
        What is to be run.
    field, out : Path
        Folders of the wells and of the study.
    read : StudyWells, optional
        The same wells, if they are read already.

    Returns
    -------
    list of Path
        Folders of the cells, in the order of the places.

    Raises
    ------
    InputError
        If something cannot be read or written.
    """
    wells = (read or read_wells(field)).wells
    folders = []
    for place in plan.places:
        cell, sizes = place.cell, place.cell.settings.network
        for name in cell.digests:
            file = out / cell.prepared(name)
            if not Path(f"{file}.npz").exists():
                well = wells[name]
                save(prepare(well.image.compute(), well.picks, well.intervals, sizes.grid, name), file)
        folders.append(out / "cells" / cell.digest)
        if not (folders[-1] / "cell.json").exists():
            write_text(folders[-1] / "cell.json", cell.model_dump_json(indent=1))
    return folders


def _refuse_exposed(start: Bundle, fold: Fold, digests: dict[str, str], field: Path) -> None:
    for name in fold.test:
        if start.exposure_of(name, digests[name]):
            cure = "begin with a model that was not trained on it, or test on other wells"
            raise InputError(
                field, f"the model {start.source} was trained on or chosen by {name}, on which it would be scored", cure
            )


def _folds(study: StudySettings, names: list[str], field: Path, seed: int) -> tuple[Fold, ...]:
    """Wells of each fold: a part of them to test on, the next few to stop on; the same for all levels."""
    if not isinstance(study.folds, int):
        for number, fold in enumerate(study.folds, 1):
            missing = sorted({*fold.test, *fold.validate_on} - set(names))
            if missing:
                cure = f"choose from {', '.join(names)}"
                raise InputError(field, f"fold {number}: no picked well {', '.join(missing)} here", cure)
            both = sorted(set(fold.test) & set(fold.validate_on))
            if both:
                observed = f"fold {number} leaks: {', '.join(both)} chooses weights and is scored"
                raise InputError(field, observed, "test on wells that choose nothing")
        return study.folds
    if not 1 <= study.folds <= len(names) or len(names) < 3:
        observed = f"{len(names)} picked wells do not make {study.folds} folds"
        raise InputError(field, observed, "give fewer folds, or bring more wells in with geobfdt ingest")
    order = [str(name) for name in np.random.default_rng(seed).permutation(names)]
    # With one fold, a third is tested.
    parts = [part.tolist() for part in np.array_split(order, max(study.folds, 3))][: study.folds]
    folds = []
    for part in parts:
        last = order.index(part[-1])
        rest = [name for name in order[last + 1 :] + order[: last + 1] if name not in part]
        few = max(round(len(names) / 7), 1)
        folds.append(Fold(test=tuple(sorted(part)), validate_on=tuple(sorted(rest[:few]))))
    return tuple(folds)


def _labels_digest(field: Field, well: str) -> str:
    """SHA-256 of the picks and intervals of a well."""
    files = (field.file(well, suffix) for suffix in (".picks.csv", ".intervals.csv"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files if file.exists())).hexdigest()


def _in_words(levels: dict[str, str]) -> str:
    return ", ".join(f"{axis} {level}" for axis, level in levels.items())

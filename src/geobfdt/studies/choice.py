"""The level that a study chose, as settings to train with and as a record for a model's card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import validation_message
from geobfdt.runtime.storage import sha256
from geobfdt.studies.study_settings import CellSettings, StudySettings
from geobfdt.training.training_settings import TrainingSettings

__all__ = ["StudyChoice", "study_choice"]

_CURE = "name the folder of a finished study that geobfdt study made"


class StudyChoice(NamedTuple):
    """
    Choice of a study by its rule.

    Parameters
    ----------
    settings : CellSettings
        Of the chosen level, with the learning rate that its cells took.
    record : dict
        For the card of a model: ``name`` of the study, ``digest`` (SHA-256 of its ``study.json``), chosen ``levels``
        and their ``f1``.
    """

    settings: CellSettings
    record: dict[str, Any]

    @property
    def training(self) -> TrainingSettings:
        """Training settings of the chosen level."""
        return self.settings.training


def study_choice(folder: Path) -> StudyChoice:
    """
    Read the choice of a study.

    Parameters
    ----------
    folder : Path
        Folder of the study, with ``study.json``.

    Raises
    ------
    InputError
        If it is no study, cells are missing, no level beats chance level, or the chosen level is no setting to train
        with.

    Notes
    -----
    With several axes a study chooses at each combination of the others. The choice of the highest score counts.
    """
    file = folder / "study.json"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        study = StudySettings.model_validate(content["study"])
        sections = [dict(section) for section in content["sections"]]
        missing = [cell for section in sections for cell in section["missing"]]
        best = [(_chosen_level(section), section) for section in sections if section["choice"] is not None]
    except OSError as error:
        raise InputError(file, f"cannot be read: {(error.strerror or str(error)).lower()}", _CURE) from error
    except ValidationError as error:
        raise InputError(file, validation_message(error), _CURE) from error
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputError(file, "not the result of a study", _CURE) from error
    if missing:
        observed = f"{len(missing)} cells of the study are not there, first {missing[0]}"
        raise InputError(file, observed, "finish it with geobfdt study, then train")
    if not best:
        raise InputError(file, "the study chose nothing: no level scores above chance level", "train its cells longer")
    level, section = max(best, key=lambda pair: float(pair[0].get("f1") or 0))
    levels = {**section["held"], list(study.axes)[-1]: section["choice"]}
    settings = next((cell for names, cell in study.cells() if names == levels), None)
    if settings is None:
        raise InputError(file, f"its choice {levels} is no level of its axes", _CURE)
    _refuse_other_questions(settings, study, file)
    if level.get("rate"):
        settings = settings.model_copy(
            update={"training": settings.training.model_copy(update={"rate": float(level["rate"])})}
        )
    record = {"name": study.name, "digest": sha256(file), "levels": levels, "f1": level.get("f1")}
    return StudyChoice(settings, record)


def _chosen_level(section: dict[str, Any]) -> dict[str, Any]:
    return dict(next(level for level in section["levels"] if level["name"] == section["choice"]))


def _refuse_other_questions(settings: CellSettings, study: StudySettings, file: Path) -> None:
    """Refuse a level that names training data: only settings of training can be chosen by a study."""
    plain = CellSettings(network=settings.network, training=settings.training)
    for name in ("wells", "metres", "labels", "split"):
        if getattr(settings, name) != getattr(plain, name):
            observed = f"the study {study.name} chose by {name}, which is training data and no setting"
            raise InputError(file, observed, "choose by a study of settings, such as backbone or optimiser")

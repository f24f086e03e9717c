"""Search of settings: trials proposed by Optuna, each validated on all folds, poor ones stopped early."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from geobfdt.runtime.engine import Engine
from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock
from geobfdt.runtime.settings_files import read_settings
from geobfdt.runtime.storage import write_text
from geobfdt.studies.cell import RESULT
from geobfdt.studies.cell_runs import run_cells
from geobfdt.studies.plan import StudyWells, lay_out, make_plan, read_wells
from geobfdt.studies.study_settings import Fold, StudySettings

__all__ = ["Choices", "SearchOptions", "SearchResult", "SearchSettings", "Span", "Trial", "read_search", "run_search"]

_MIN_TRIALS_BEFORE_PRUNING = 4  # Number of trials before any is stopped early.
_MIN_F1_ABOVE_NULL = 0.01  # F1 above chance level from which a trial has learned anything.
_MIN_TRIALS_FOR_IMPORTANCE = 8  # Number of finished trials from which the importance of settings is ranked.


class Span(BaseModel):
    """Numbers from `low` to `high`; whole ones, if both are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: int | float
    high: int | float
    log: bool = Field(False, description="whether factors count, not differences")

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"{self.low} to {self.high} is no span")
        return self


class Choices(BaseModel):
    """One of some values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    choices: tuple[Any, ...] = Field(min_length=2)


class SearchSettings(BaseModel):
    """
    A search.

    Examples
    --------
    >>> search = SearchSettings(name="rates", space={"training.rate": {"low": 1e-4, "high": 1e-2, "log": True}})
    >>> search.study({"training.rate": 1e-3}).cells()[0][1].training.rate
    0.001
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[\w-]+$", description="of the search")
    space: dict[str, Span | Choices] = Field(min_length=1, description="settings searched")
    base: dict[str, Any] = Field(default_factory=dict, description="settings that all trials share")
    folds: int | tuple[Fold, ...] = Field(3, description="how many, or which wells each")

    @model_validator(mode="after")
    def _base_is_valid(self) -> SearchSettings:
        first = {k: part.low if isinstance(part, Span) else part.choices[0] for k, part in self.space.items()}
        self.study(first)
        return self

    def study(self, values: dict[str, Any]) -> StudySettings:
        """The study of one trial: a cell a fold."""
        axes = {"trial": {"trial": values}}
        return StudySettings(name=self.name, question="", axes=axes, base=self.base, folds=self.folds, seeds=1)


class SearchOptions(BaseModel):
    """
    Settings of ``geobfdt search``, for the command line and the library alike; what is searched is a SearchSettings.

    Examples
    --------
    >>> SearchOptions(trials=5).storage is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: int = Field(30, ge=1, description="number of trials, with those of earlier runs")
    storage: str | None = Field(
        None, description="address of a database that several machines share; None: a journal in the folder"
    )


DEFAULTS = SearchOptions()
LOCAL = Engine()


class Trial(NamedTuple):
    """
    A trial.

    Parameters
    ----------
    number : int
        In the order of proposal.
    values : dict
        Its settings.
    score : float or None
        Mean F1 on the validation wells of the folds it was run on.
    state : {"finished", "given up", "failed"}
        Where it ended.
    chance : float
        Mean chance level of F1 on those folds: the score of picks at random depths.
    """

    number: int
    values: dict[str, Any]
    score: float | None
    state: str
    chance: float = 0.0

    @property
    def beats_null(self) -> bool:
        """Whether the score is above chance level."""
        return (self.score or 0.0) > self.chance + _MIN_F1_ABOVE_NULL


class SearchResult(NamedTuple):
    """
    Result of a search.

    Parameters
    ----------
    trials : list of Trial
        All that ended.
    best : Trial or None
        Of the finished ones.
    importance : dict of str to float
        Share of the differences between scores that each setting explains; empty with few trials.
    """

    trials: list[Trial]
    best: Trial | None
    importance: dict[str, float]


def read_search(file: Path) -> SearchSettings:
    """
    Read a search from YAML.

    Raises
    ------
    InputError
        If it cannot be read, or a name or value in it is unknown; one line names it.
    """
    return read_settings(SearchSettings, file, "search", "name a YAML file of a search", "docs/studies.md")


def run_search(
    search: SearchSettings,
    field: Path,
    out: Path,
    options: SearchOptions = DEFAULTS,
    *,
    engine: Engine = LOCAL,
    progress: Callable[[int, int], None] = lambda _ended, _trials: None,
) -> SearchResult:
    """
    Search until so many trials have ended, those of earlier runs included.

    Parameters
    ----------
    search : SearchSettings
        What is searched.
    field, out : Path
        Folders of the interpreted wells and of the search.
    options : SearchOptions
        Number of trials, and where they are recorded.
    engine : Engine
        What runs cells; as many trials go side by side as it has workers.
    progress : callable
        Called with the number of trials that have ended, and of all.

    Returns
    -------
    SearchResult
        Scores are of validation wells: the best is flattered by having been chosen, and the tested wells of the folds
        are not used. ``found.yaml`` in the folder is a study of it against the base, to score it on them;
        it is written if the best is above chance level. ``search.yaml`` holds the search itself.

    Raises
    ------
    InputError
        If Optuna is not installed, the folder is another search's, or something cannot be read or written.
    """
    optuna = import_extra("optuna", "search")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trials = options.trials
    # The wells are read once: every trial lays its cells out from the same pixels, picks and digests.
    read = read_wells(field)
    make_plan(search.study({}), field, read)  # A fault of the field is an error before anything is written.
    with folder_lock(out):
        _same(search, out)
        states = optuna.trial.TrialState
        study = _opened(optuna, search, out, options.storage)
        if options.storage is None:  # No other process runs: running trials were killed, and their cells remain.
            for trial in study.get_trials(states=(states.RUNNING,)):
                study.tell(trial.number, state=states.FAIL)
                study.enqueue_trial(trial.params)

        def ended() -> int:
            return len(study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED)))

        broken = 0
        progress(ended(), trials)
        while ended() < trials and broken <= trials:
            batch = [study.ask(_distributions(optuna, search)) for _ in range(min(engine.workers, trials - ended()))]
            broken += _run(batch, study, states, search, field, read, out, engine)
            progress(ended(), trials)
        outcome = _best_trial(optuna, study, states)
    write_text(out / "search.yaml", yaml.safe_dump(search.model_dump(mode="json"), sort_keys=False))
    if outcome.best is not None and outcome.best.beats_null:
        write_text(out / "found.yaml", _verdict_study(search, outcome.best))
    return outcome


def _same(search: SearchSettings, out: Path) -> None:
    text, file = search.model_dump_json(), out / "search.json"
    if not file.exists():
        write_text(file, text)
    elif file.read_text() != text:
        raise InputError(out, "holds another search", "choose another folder with --out, or finish that one")


def _opened(optuna: Any, search: SearchSettings, out: Path, storage: str | None) -> Any:
    journal = optuna.storages.journal.JournalFileBackend(str(out / "trials.journal"))
    study = optuna.create_study(
        study_name=search.name,
        storage=storage or optuna.storages.JournalStorage(journal),
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_MIN_TRIALS_BEFORE_PRUNING),
        load_if_exists=True,
    )
    # Another seed each time: a search that goes on would else propose again what it began with.
    trials_before = len(study.get_trials(deepcopy=False))
    study.sampler = optuna.samplers.TPESampler(seed=trials_before, multivariate=True, constant_liar=True)
    return study


def _distributions(optuna: Any, search: SearchSettings) -> dict[str, Any]:
    kinds = optuna.distributions
    distributions = {}
    for name, part in search.space.items():
        if isinstance(part, Choices):
            # Optuna stores choices as JSON, and lists not at all.
            distributions[name] = kinds.CategoricalDistribution([json.dumps(value) for value in part.choices])
        elif isinstance(part.low, int) and isinstance(part.high, int):
            distributions[name] = kinds.IntDistribution(part.low, part.high, log=part.log)
        else:
            distributions[name] = kinds.FloatDistribution(part.low, part.high, log=part.log)
    return distributions


def _values(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: json.loads(value) if isinstance(value, str) else value for name, value in parameters.items()}


def _run(
    batch: list[Any],
    study: Any,
    states: Any,
    search: SearchSettings,
    field: Path,
    read: StudyWells,
    out: Path,
    engine: Engine,
) -> int:
    """Run trials side by side, fold by fold; return the number that failed."""
    folders = {}
    for trial in batch:
        folders[trial.number] = lay_out(make_plan(search.study(_values(trial.params)), field, read), field, out, read)
    alive, failed = list(batch), 0
    scores: dict[int, list[float]] = {trial.number: [] for trial in batch}
    chances: dict[int, list[float]] = {trial.number: [] for trial in batch}
    for fold in range(len(folders[batch[0].number])):
        run_cells([folders[trial.number][fold] for trial in alive], engine, lambda *_: None)
        for trial in list(alive):
            file, mine = folders[trial.number][fold] / RESULT, scores[trial.number]
            if not file.exists():
                study.tell(trial.number, state=states.FAIL)
                alive.remove(trial)
                failed += 1
                continue
            result = json.loads(file.read_text())
            mine.append(float(result["validation"]["score"] or 0))
            nulls = [one["null_f1"] for one in result.get("scores", {}).values() if one["null_f1"] is not None]
            chances[trial.number].append(sum(nulls) / len(nulls) if nulls else 0.0)
            trial.set_user_attr("chance", sum(chances[trial.number]) / len(mine))
            trial.report(sum(mine) / len(mine), fold)
            if trial.should_prune():
                study.tell(trial.number, state=states.PRUNED)
                alive.remove(trial)
    for trial in alive:
        study.tell(trial.number, sum(scores[trial.number]) / len(scores[trial.number]))
    return failed


def _best_trial(optuna: Any, study: Any, states: Any) -> SearchResult:
    names = {states.COMPLETE: "finished", states.PRUNED: "given up", states.FAIL: "failed"}
    trials = []
    for trial in study.get_trials(states=tuple(names)):
        reported = trial.intermediate_values
        score = reported[max(reported)] if reported else None
        trials.append(
            Trial(trial.number, _values(trial.params), score, names[trial.state], trial.user_attrs.get("chance", 0.0))
        )
    finished = [trial for trial in trials if trial.state == "finished"]
    importance = {}
    if len(finished) >= _MIN_TRIALS_FOR_IMPORTANCE and len({trial.score for trial in finished}) > 1:
        judge = optuna.importance.PedAnovaImportanceEvaluator()
        importance = optuna.importance.get_param_importances(study, evaluator=judge)
    return SearchResult(trials, max(finished, key=lambda trial: trial.score or 0, default=None), importance)


def _verdict_study(search: SearchSettings, best: Trial) -> str:
    """A study of the best against the base, on the tested wells, that no trial has been chosen by."""
    axes = {"settings": {"base": {}, "found": best.values}}
    folds = search.model_dump(mode="json")["folds"]
    question = f"Are the settings that the search {search.name} found better on wells that it was not chosen by?"
    values = {"name": f"{search.name}-found", "question": question, "axes": axes, "base": search.base, "folds": folds}
    return yaml.safe_dump(values, sort_keys=False)

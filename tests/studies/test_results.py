"""Tables of a study: means over nothing are missing, without a warning and without a number that looks like one."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from geobfdt.studies.page import _verdicts
from geobfdt.studies.results import Line, Section, mean_of_classes
from geobfdt.studies.statistics import judge

COUNTS = np.full((2, 3, 4, 2, 3), 5.0)  # levels, seeds, wells, classes; planes found, wrong picks, planes missed


def section(null_f1: dict[str, float]) -> Section:
    """Two equal levels, with an F1 of 0.5 and this chance level."""
    levels, steps = judge(COUNTS)
    f1 = {"bedding": 0.5, "fracture": 0.5}
    empty: dict[str, Any] = {"means": {}, "parameters": {}, "runs": [], "learning": [], "look_shifts": {}}
    lines = [Line(str(number), level, f1, null_f1, **empty) for number, level in enumerate(levels)]
    return Section({}, lines, steps, 0, [], [0, 1, 2])


def test_no_chance_level_beats_nothing() -> None:
    """Where no class has a chance level its mean is missing: levels are not compared, and the page says no number."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        missing = section({"bedding": float("nan"), "fracture": float("nan")})
        assert np.isnan(missing.null_f1)
        assert not missing.beats_null
        assert "nan" not in " ".join(_verdicts(missing, "level"))


def test_the_chance_level_is_of_the_classes_that_have_one() -> None:
    """A class without one does not count as 0."""
    half = section({"bedding": 0.495, "fracture": float("nan")})
    assert half.null_f1 == 0.495
    assert not half.beats_null
    assert section({"bedding": 0.1, "fracture": 0.3}).null_f1 == 0.2
    assert section({"bedding": 0.1, "fracture": 0.3}).beats_null


def test_a_section_without_levels_has_no_verdict() -> None:
    """Nothing is finished: nothing is the best, and there is no error."""
    assert not Section({}, [], [], 0, ["all"], []).beats_null


def test_the_mean_of_no_class_is_missing() -> None:
    """It is None, not 0 and not NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mean_of_classes({"bedding": None, "fracture": None}) is None
        assert mean_of_classes({}) is None
        assert mean_of_classes({"bedding": 0.0, "fracture": None}) == 0.0

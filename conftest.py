"""Doctests print numpy scalars as plain numbers, whatever numpy's version."""

import importlib.util

import numpy as np
import pytest

# Modules that need the extra `fast` have no doctests to collect without it.
collect_ignore = (
    []
    if importlib.util.find_spec("numba")
    else ["src/geobfdt/model/curve/accelerated.py", "src/geobfdt/model/curve/kernels.py"]
)


@pytest.fixture(autouse=True)
def _plain_numbers() -> None:
    np.set_printoptions(legacy="1.25")

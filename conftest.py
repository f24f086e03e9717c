"""Doctests print numpy scalars as plain numbers, whatever numpy's version."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _plain_numbers() -> None:
    np.set_printoptions(legacy="1.25")

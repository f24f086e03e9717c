"""Two interpreters: symmetric, shifts found, classes compared."""

import json

import numpy as np
import pandas as pd
import pytest

from geobfdt.evaluation.agreement import agree, cohen_kappa
from geobfdt.wells.picks import new_picks


def interpreter(seed, wells=("A", "B"), n=150):
    """One truth, seen with 1 cm of jitter and a tenth missed; depths 100 to 160 m."""
    rng, own = np.random.default_rng(0), np.random.default_rng(seed)
    tables = []
    for well in wells:
        amplitude, azimuth = rng.uniform(0, 0.2, n), rng.uniform(0, 360, n)
        truth = new_picks(
            well=well,
            depth_m=rng.uniform(100, 160, n),
            class_=rng.choice(["bedding", "fracture"], n),
            amplitude_m=amplitude,
            azimuth_app_deg=azimuth,
            dip_app_deg=np.degrees(np.arctan(amplitude / 0.1)),
        )
        truth["depth_m"] += own.normal(0, 0.01, n)
        tables.append(truth[own.uniform(size=n) > 0.1])
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def both():
    """Two interpreters, the second 12 cm deeper in well B."""
    a, b = interpreter(1), interpreter(2)
    b.loc[b["well"] == "B", "depth_m"] += 0.12
    return a, b


def test_depth_shift_of_each_well(both):
    """The scan finds the well that is shifted and by how much, to 5 mm of the jitter's mean."""
    shifts = agree(*both).shifts.set_index("well")
    assert shifts.loc["A", "shift_m"] == pytest.approx(0.0, abs=0.0051)
    assert shifts.loc["B", "shift_m"] == pytest.approx(0.12, abs=0.0051)
    assert (shifts.loc[["A", "B"], "z"] > 10).all()
    assert shifts.loc["B", "agreement"] > 5 * shifts.loc["B", "agreement_now"]


def test_symmetric(both):
    """Either interpreter first: the same F1 and kappa, the opposite shift and bias."""
    one, other = agree(*both, shifts=5), agree(*both[::-1], shifts=5)
    assert np.allclose(one.table()["f1"], other.table()["f1"])
    assert np.allclose(one.table()["precision"], other.table()["recall"])
    assert one.kappa == pytest.approx(other.kappa)
    assert np.array_equal(one.confusion.to_numpy(), other.confusion.to_numpy().T)
    assert np.allclose(one.shifts["shift_m"][:2], -other.shifts["shift_m"][:2], atol=0.0051)
    bias = [
        x.differences().query("`class` == 'all' and measure == 'depth_bias_m'")["value"].iloc[0] for x in (one, other)
    ]
    assert bias[0] == pytest.approx(-bias[1])


def test_strangers_do_not_agree(both):
    """Picks of another place have no peak worth the name and an F1 within chance."""
    other = both[1].assign(depth_m=100 + (both[1]["depth_m"] - 100 + 23.7) % 60)
    result = agree(both[0], other)
    assert result.shifts["z"].max() < 5
    assert result.table()["z"].abs().max() < 5


def test_classes():
    """Kappa falls as classes are swapped, and the table of both shows how."""
    a = interpreter(1, ("A",))
    swapped = a.copy()
    some = np.random.default_rng(0).permutation(len(a))[:20]
    swapped.loc[some, "class"] = np.where(swapped.loc[some, "class"] == "bedding", "fracture", "bedding")
    result = agree(a, swapped)
    off = result.confusion.loc["bedding", "fracture"] + result.confusion.loc["fracture", "bedding"]
    assert off == 20
    assert result.confusion.to_numpy().sum() == len(a)
    assert agree(a, a).kappa == 1.0
    assert result.kappa_lo < result.kappa < result.kappa_hi < 1.0


def slow_kappa(table):
    """Kappa from a list of single decisions."""
    pairs = [(i, j) for i in range(len(table)) for j in range(len(table)) for _ in range(table[i][j])]
    observed = sum(i == j for i, j in pairs) / len(pairs)
    chance = sum(i == j for i, _ in pairs for _, j in pairs) / len(pairs) ** 2
    return (observed - chance) / (1 - chance)


def test_kappa_by_loop():
    """Equal to a loop over decisions, for several tables at once; NaN where chance explains all."""
    tables = np.random.default_rng(0).integers(0, 9, (5, 3, 3))
    assert np.allclose(cohen_kappa(tables), [slow_kappa(t.tolist()) for t in tables])
    assert np.isnan(cohen_kappa([[5, 0], [0, 0]]))


def test_who_picks_more_where(both):
    """A stretch that one interpreter left out stands first."""
    a, b = interpreter(1, ("A",)), interpreter(2, ("A",))
    b = b[~b["depth_m"].between(120, 130)]
    stretches = agree(a, b).stretches
    emptied = stretches[stretches["top_m"] == 120]
    assert (emptied["n_b"] == 0).all()
    assert emptied["z"].tolist() == pytest.approx((-np.sqrt(emptied["n_a"])).tolist())
    assert stretches["n_a"].sum() == len(a)
    assert stretches["n_b"].sum() == len(b)


def test_json_and_text(both):
    """JSON without NaN; text that names the shift; optional truth and confidence play no part."""
    a, b = both
    result = agree(a.assign(optional=True, confidence=0.5), b)
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["confusion"].keys() == {"bedding", "fracture"}
    assert result.table()["n_a"].max() == len(a)
    assert "0.120" in str(result)
    assert "optional" not in str(result)

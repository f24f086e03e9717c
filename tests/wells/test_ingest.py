"""Wells come into a field whole, each under its own name, with the picks that are theirs."""

import json

import numpy as np
import pytest

from geobfdt.wells.field import Field
from geobfdt.wells.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.ingest import ingest
from geobfdt.wells.picks import new_picks, write_picks
from geobfdt.wells.readers.netcdf import read
from geobfdt.wells.writers.dlis import write_dlis


def dlis(folder, well, seed=0):
    """A DLIS of a well with noise for rock."""
    pixels = np.random.default_rng(seed).normal(100, 20, (200, 16)).astype(np.float32)
    image = well_image(
        pixels, 500 + 0.01 * np.arange(200), diameter=0.2, deviation=0, hole_azimuth=0, well=well, reference="north"
    )
    write_dlis(image, folder / f"{well}.dlis")
    return folder / f"{well}.dlis"


def table(folder, wells):
    """A pick table of some wells, one bed each."""
    write_picks(
        new_picks(well=wells, depth_m=[501.0] * len(wells), class_="bedding", dip_app_deg=45.0, azimuth_app_deg=90.0,
                  reference="north"),
        folder / "picks.csv",
    )  # fmt: skip
    return folder / "picks.csv"


def test_each_well_gets_its_own_picks(tmp_path):
    """One table of two wells is dealt out, and completed from each hole."""
    files = [dlis(tmp_path, "A"), dlis(tmp_path, "B")]
    found = ingest(files, tmp_path / "field", picks=table(tmp_path, ["A", "B"]))
    field = Field(tmp_path / "field")
    assert field.wells() == ["A", "B"] == list(found)
    for well in ("A", "B"):
        picks = field.picks(well)
        assert picks["well"].tolist() == [well]
        assert picks["amplitude_m"].tolist() == pytest.approx([0.1])
        kept = json.loads(field.file(well, ".findings.json").read_text())
        assert {f["kind"] for f in kept} >= {"depth-unit", "depth-flipped"}
        assert read(field.file(well, ".nc")).sizes["depth"] == 200


def test_picks_without_a_well_name_need_a_single_file(tmp_path):
    """A table that names no well belongs to the one file given, and to none of several."""
    files = [dlis(tmp_path, "A"), dlis(tmp_path, "B")]
    picks = table(tmp_path, [""])
    with pytest.raises(InputError, match="name no well"):
        ingest(files, tmp_path / "field", picks=picks)
    ingest(files[:1], tmp_path / "field", picks=picks)
    assert len(Field(tmp_path / "field").picks("A")) == 1


def test_picks_of_another_well_are_told(tmp_path):
    """A table without a row for the well is a finding, not a silence."""
    found = ingest([dlis(tmp_path, "A")], tmp_path / "field", picks=table(tmp_path, ["Z"]))
    assert "no-picks" in {f.kind for f in found["A"]}


def test_two_files_of_one_well_are_refused(tmp_path):
    """The second would replace the first in silence."""
    (tmp_path / "other").mkdir()
    files = [dlis(tmp_path, "A"), dlis(tmp_path / "other", "A", seed=1)]
    with pytest.raises(InputError, match="--well"):
        ingest(files, tmp_path / "field")


def test_bad_table_leaves_the_field_untouched(tmp_path):
    """Nothing is written before the pick table is read."""
    (tmp_path / "picks.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError):
        ingest([dlis(tmp_path, "A")], tmp_path / "field", picks=tmp_path / "picks.csv")
    assert not (tmp_path / "field").exists()

"""The vug table on the server: people accept, reject and remove; table and tracks follow, and nobody is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from geobfdt.review.server import create_app
from geobfdt.runtime.findings import InputError
from geobfdt.wells.layers import LayerLog
from geobfdt.wells.vugs import new_vugs, read_vugs, write_vugs
from geobfdt.workflows.earlier_tables import replaces_table

from .test_server import edit

TABLE, LAYER = "/api/wells/A-1/layers/vugs", "/api/wells/A-1/layers/anna"
DEPTHS = [100.5, 101.5, 103.0]


@pytest.fixture
def client(field: Path) -> Iterator[TestClient]:
    """A client of a server that ends with the test."""
    with TestClient(create_app(field), headers={"x-geobfdt": "1"}, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def vugs(client: TestClient, field: Path) -> list[str]:
    """Items of three vugs in the table of the field, by depth; tracks of two windows are beside it."""
    rows = {
        "depth_m": DEPTHS, "azimuth_app_deg": [10.0, 95.0, 200.0], "area_mm2": [300.0, 100.0, 200.0], "aspect": 1.5,
        "diameter_mm": [19.5, 11.3, 16.0], "status": "proposed", "source": "vugs, experimental", "reference": "north",
        "remark": ["=a", "", "b"], "well": "A-1",
    }  # fmt: skip
    write_vugs(new_vugs(**rows), field / "A-1.vugs.csv")
    pd.DataFrame({
        "well": "A-1", "top_m": [100.0, 102.0], "base_m": [102.0, 104.0], "searched_m2": [1.0, 0.5],
        "count_per_m2": [2.0, 2.0], "area_share_pct": [0.04, 0.04], "mean_diameter_mm": [15.4, 16.0],
        "largest_diameter_mm": [19.5, 16.0], "mean_aspect": 1.5, "turn_share_pct": [200 / 36, 100 / 36],
    }).to_csv(field / "A-1.vug-tracks.csv", index=False, float_format="%.6f", lineterminator="\n")  # fmt: skip
    items = client.get(TABLE).json()["items"]
    return sorted(items, key=lambda item: items[item]["depth_m"])


def on_disk(field: Path, table: str = "vugs") -> pd.DataFrame:
    """Rows of a file, as pandas reads them without the project."""
    return pd.read_csv(field / f"A-1.{table}.csv")


def test_table_and_tracks_follow_each_decision(client: TestClient, field: Path, vugs: list[str]) -> None:
    """Accepted, rejected, removed: the file says who; the tracks count what is left; undo gives both files back."""
    files = [field / f"A-1.{name}.csv" for name in ("vugs", "vug-tracks")]
    first = [file.read_bytes() for file in files]
    assert edit(client, {vugs[0]: {"status": "rejected"}}, "reject", TABLE).status_code == 200
    row, tracks = on_disk(field).iloc[0], on_disk(field, "vug-tracks")
    assert (row["status"], row["who"], row["source"], row["area_mm2"]) == (
        "rejected", "anna", "vugs, experimental", 300.0
    )  # fmt: skip
    assert row["remark"] == "'=a"
    # One of 100 mm2 is left in 1 m2, and one of 200 in half of one.
    assert tracks["count_per_m2"].tolist() == [1.0, 2.0]
    assert tracks["area_share_pct"].tolist() == [0.01, 0.04]
    assert tracks["largest_diameter_mm"].tolist() == [11.3, 16.0]
    assert edit(client, {vugs[1]: {"status": "accepted"}}, "accept", TABLE).status_code == 200
    assert edit(client, {vugs[2]: None}, "delete", TABLE).status_code == 200
    assert on_disk(field)["depth_m"].tolist() == DEPTHS[:2]
    tracks = on_disk(field, "vug-tracks")
    assert tracks["count_per_m2"].tolist() == [1.0, 0.0]
    assert np.isnan(tracks["largest_diameter_mm"].iloc[1])
    # Each row keeps its item through all that is written: nothing is read back as a change.
    assert {entry["kind"] for entry in client.get(TABLE + "/log").json()[1:]} == {"reject", "accept", "delete"}
    for _ in range(3):
        assert client.post(TABLE + "/undo", json={"person": "anna"}).status_code == 200
    assert [file.read_bytes() for file in files] == first
    assert client.post(TABLE + "/redo", json={"person": "anna"}).status_code == 200
    assert on_disk(field)["status"].tolist() == ["rejected", "proposed", "proposed"]
    assert "vugs" not in client.get("/api/wells").json()[0]["layers"]


def test_a_table_without_tracks_is_edited_alone(client: TestClient, field: Path, vugs: list[str]) -> None:
    """No tracks are made up, as the wall that was searched is not known; damaged ones refuse the edit."""
    tracks = field / "A-1.vug-tracks.csv"
    tracks.write_text("a,b\n1,2\n")
    before = (field / "A-1.vugs.csv").read_bytes()
    assert edit(client, {vugs[0]: None}, "delete", TABLE).status_code == 422
    assert (field / "A-1.vugs.csv").read_bytes() == before
    tracks.unlink()
    assert edit(client, {vugs[0]: None}, "delete", TABLE).status_code == 200
    assert on_disk(field)["depth_m"].tolist() == DEPTHS[1:]
    assert not tracks.exists()


def test_nobody_overwrites_what_somebody_else_changed(client: TestClient, field: Path, vugs: list[str]) -> None:
    """An edit of another person, and a program that writes the file anew, come before an edit of an old screen."""
    version = client.get(TABLE).json()["version"]
    theirs = {"person": "ben", "items": {vugs[0]: {"status": "accepted"}}, "seen": version}
    assert client.post(TABLE + "/edits", json=theirs).status_code == 200
    assert edit(client, {vugs[0]: None}, "delete", TABLE, seen=version).status_code == 409
    table = read_vugs(field / "A-1.vugs.csv")
    table.loc[table["depth_m"] == DEPTHS[1], "area_mm2"] = 120.0
    write_vugs(table, field / "A-1.vugs.csv")
    assert edit(client, {vugs[1]: {"status": "rejected"}}, "reject", TABLE, seen=version).status_code == 409
    assert on_disk(field)["area_mm2"].tolist() == [300.0, 120.0, 200.0]
    assert on_disk(field)["status"].tolist() == ["accepted", "proposed", "proposed"]


def test_a_vug_is_decided_on_and_not_redrawn(client: TestClient, field: Path, vugs: list[str]) -> None:
    """What a program measured stays; there is no vug by hand."""
    before = (field / "A-1.vugs.csv").read_bytes()
    for fields in ({}, {"status": "edited"}, {"depth_m": 5.0}, {"status": "accepted", "area_mm2": 1.0}):
        assert edit(client, {vugs[0]: fields}, "edit", TABLE).status_code == 422
    assert edit(client, {"v1": {"status": "accepted"}}, "add", TABLE).status_code == 422
    assert (field / "A-1.vugs.csv").read_bytes() == before


def test_vugs_keep_to_their_layer(client: TestClient, vugs: list[str]) -> None:
    """No vug in the layer of a person or the breakout table, and nothing else in the vug table."""
    for layer in (LAYER, "/api/wells/A-1/layers/breakouts"):
        assert edit(client, {vugs[0]: {"status": "accepted"}}, layer=layer).status_code == 422
    for item in ({"p1": {"depth_m": 101.0, "class": "bedding"}}, {"b1": {"top_m": 1, "base_m": 2, "class": "induced"}}):
        assert edit(client, item, layer=TABLE).status_code == 422
    assert client.post(TABLE + "/begin", json={"person": "anna"}).status_code == 422
    assert client.post(LAYER + "/begin", json={"person": "anna", "source": "vugs"}).status_code == 404


def test_a_search_does_not_write_over_a_removed_vug(client: TestClient, field: Path, vugs: list[str]) -> None:
    """A table is a person's work also where all that the person did was to remove a row; undone, it is none."""
    file = field / "A-1.vugs.csv"
    assert replaces_table(file, read_vugs, "vugs", "vugs")
    edit(client, {vugs[0]: None}, "delete", TABLE)
    assert (read_vugs(file)["status"] == "proposed").all()
    with pytest.raises(InputError):
        replaces_table(file, read_vugs, "vugs", "vugs")
    client.post(TABLE + "/undo", json={"person": "anna"})
    assert replaces_table(file, read_vugs, "vugs", "vugs")
    # A row that another program took out of the file is no decision of a person.
    write_vugs(read_vugs(file).iloc[1:].reset_index(drop=True), file)
    client.get(TABLE)
    assert len(LayerLog(field).layer("A-1", "vugs").items) == 2
    assert replaces_table(file, read_vugs, "vugs", "vugs")

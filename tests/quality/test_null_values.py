"""Values that may stand for "not measured": noticed by the check, taken out by --null."""

from pathlib import Path

import numpy as np
import pytest

from geobfdt.io.images.files import read
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.quality.image_checks import check_image
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.workflows.ingest import IngestOptions, ingest


def rock(*, whole: bool, low: int = 20, high: int = 220) -> np.ndarray:
    """Layered rock with noise, 2000 rows of 32 columns."""
    rng = np.random.default_rng(3)
    layers = np.repeat(rng.normal(0, 25, 200), 10)[:, None]
    pixels = np.clip(120 + layers + rng.normal(0, 12, (2000, 32)), low, high)
    return np.round(pixels) if whole else pixels


def spoil(pixels: np.ndarray, value: float, shape: str) -> np.ndarray:
    """Pixels of which some are a null: rows, columns, a pad that is missing and moves around the hole, or any."""
    out, rng = pixels.copy(), np.random.default_rng(4)
    if shape == "rows":
        out[300:500] = value
    elif shape == "columns":
        out[:, 5:9] = value
    elif shape == "gaps":
        start = (np.arange(2000) // 40)[:, None]
        out[(np.arange(32)[None] - start) % 32 < 8] = value
    else:
        out[rng.random(out.shape) < 0.05] = value
    return out


def kinds(pixels: np.ndarray) -> dict[str, str]:
    """Severity of each finding of the check, by kind."""
    image = well_image(pixels, 100 + 0.01 * np.arange(len(pixels)), diameter=0.2, reference="north", deviation=0.0)
    return {finding.kind: str(finding.severity) for finding in check_image(image)}


@pytest.mark.parametrize("shape", ["rows", "columns", "gaps", "any"])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("value", [0.0, -1.0, 255.0, 9999.0])
def test_a_null_is_noticed(value: float, whole: bool, shape: str) -> None:
    """Whatever its shape, where it stands apart from the rock or fills rows and columns."""
    severities = kinds(spoil(rock(whole=whole), value, shape))
    # In bytes of 20 to 220, single pixels of 0 or 255 are no proof.
    if shape in ("rows", "columns") or value in (-1.0, 9999.0) or not whole:
        assert severities["null-suspected"] == "major"
    else:
        assert {"null-suspected", "saturated"} & set(severities) or shape == "any"


def test_a_null_within_the_rock_is_noticed() -> None:
    """Zeros of a normalised image lie in the middle of its values."""
    pixels = (rock(whole=False) - 120) / 40
    assert "null-suspected" not in kinds(pixels)
    for shape in ("rows", "columns", "gaps", "any"):
        assert kinds(spoil(pixels, 0.0, shape))["null-suspected"] == "major"


@pytest.mark.parametrize("whole", [True, False])
def test_saturated_rock_is_no_null(whole: bool) -> None:
    """Pixels at the end of the scale, in beds and alone, are saturated."""
    for low, high in ((0, 150), (100, 255)):
        severities = kinds(rock(whole=whole, low=low, high=high))
        assert "null-suspected" not in severities or severities["null-suspected"] == "minor"
        assert {"saturated", "null-suspected"} & set(severities)
    assert "null-suspected" not in kinds(rock(whole=whole))


def csv(folder: Path, pixels: np.ndarray) -> Path:
    """An image as CSV."""
    header = ",".join(["depth_m", *(f"{360 * (k + 0.5) / pixels.shape[1]:g}" for k in range(pixels.shape[1]))])
    rows = np.column_stack([100 + 0.01 * np.arange(len(pixels)), pixels])
    np.savetxt(folder / "a.csv", rows, fmt="%.6g", delimiter=",", header=header, comments="")
    return folder / "a.csv"


def test_the_option_takes_them_out(tmp_path: Path) -> None:
    """By name of the value; a value that no pixel has is a finding, and a netCDF file refuses it."""
    pixels = spoil(rock(whole=True)[:600], 255.0, "rows")
    file = csv(tmp_path, pixels)
    image = read(file, null=255.0)
    assert np.array_equal(np.isnan(image["image"].values), pixels == 255)
    assert "null-suspected" not in {finding.kind for finding in check_image(image)}
    findings = ingest([file], tmp_path / "field", IngestOptions())["a"]
    assert "--null 255" in next(finding.action for finding in findings if finding.kind == "null-suspected")
    assert "null-absent" in {finding.kind for finding in read(file, null=7.5).attrs["findings"]}
    write_netcdf(image, tmp_path / "a.nc")
    for bad in (tmp_path / "a.nc",):
        with pytest.raises(InputError, match="--null"):
            read(bad, null=0.0)
    with pytest.raises(InputError):
        read(file, null=float("nan"))

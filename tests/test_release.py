"""The version stands in one place, and what a release says about it agrees."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

import geobfdt

ROOT = Path(__file__).parents[1]


def test_the_version_stands_in_one_place() -> None:
    """The package reads its version from one module."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/geobfdt/_version.py"
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == geobfdt.__version__


def test_the_changelog_has_a_dated_section_of_this_version() -> None:
    """A release has a section of its own."""
    sections = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert sections[0] == ("Unreleased", "")
    assert dict(sections)[geobfdt.__version__]


def test_the_oldest_versions_are_the_floors_of_the_package() -> None:
    """`make oldest` tests what pyproject.toml allows."""
    floors = dict(
        line.split("==") for line in (ROOT / "constraints-oldest.txt").read_text().splitlines() if "==" in line
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *optional["review"], *optional["search"], *optional["onnx"]]:
        name, floor = re.match(r"([\w-]+)>=([\d.]+)", requirement).groups()  # type: ignore[union-attr]
        parts = [[int(part) for part in version.split(".")] for version in (floor, floors[name])]
        assert parts[1][: len(parts[0])] == parts[0], requirement

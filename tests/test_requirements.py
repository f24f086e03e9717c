"""What the service installs is what is tested."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", re.MULTILINE)


def pins(file: Path) -> dict[str, str]:
    """Versions by normalised name."""
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PIN.findall(file.read_text())}


def test_the_service_installs_the_versions_that_are_tested():
    """Each pin with hashes has the version of constraints.txt; `make lock` brings them together."""
    tested, installed = pins(ROOT / "constraints.txt"), pins(ROOT / "deploy" / "requirements.txt")
    assert len(installed) > 40
    assert {name: version for name, version in installed.items() if tested.get(name, version) != version} == {}


def test_every_requirement_has_a_hash():
    """Pip refuses a file in which one is missing."""
    lines = (ROOT / "deploy" / "requirements.txt").read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lines)
    assert [block.split("==")[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []

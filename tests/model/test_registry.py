"""A registry: what is in it cannot change unseen, and promoting is done wholly or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.command import run_command

from geobfdt.model.bundle import load_bundle, save_bundle
from geobfdt.model.bundle_files import FILES, SHIPPED, contents_digest
from geobfdt.model.registry import RECORD, Registry, load_model
from geobfdt.runtime.findings import InputError


def variant(folder: Path, name: str) -> Path:
    """The shipped bundle with another card."""
    bundle = load_bundle("default")
    save_bundle(
        type(bundle)(bundle.network, bundle.settings, bundle.calibration, {"name": name}), folder / name, half=True
    )
    return folder / name


@pytest.fixture(scope="module")
def two_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of two models, the first of them the champion, and the second as it came."""
    folder = tmp_path_factory.mktemp("two-models")
    registry = Registry(folder / "models")
    first = registry.add("default", who="anna", why="shipped")
    registry.add(variant(folder, "tuned"), who="anna")
    registry.name(first, "champion", who="anna", why="to begin with")
    return folder


@pytest.fixture
def registry(two_models: Path, tmp_path: Path) -> Registry:
    """A copy that a test may change."""
    shutil.copytree(two_models, tmp_path, dirs_exist_ok=True)
    return Registry(tmp_path / "models")


def test_models_are_found_and_load(registry: Registry) -> None:
    """By name, by digits, and as DIR@NAME wherever a model is asked for."""
    first, second = registry.bundles()
    assert registry.find("champion") == registry.find(first[:8]) == first
    assert load_model(f"{registry.folder}@champion").digest == load_bundle("default").digest
    assert load_model(f"{registry.folder}@{second[:10]}").card["name"] == "tuned"
    for name in ("challenger", "", "f" * 64):
        with pytest.raises(InputError, match="there are: champion"):
            registry.find(name)
    assert registry.add("default") == first  # it is there already
    assert len([e for e in registry.record() if e.action == "add"]) == 2


def test_a_model_of_another_registry_is_added_by_its_name(registry: Registry, tmp_path: Path) -> None:
    """``DIR@NAME`` names a bundle wherever a folder does."""
    digest = registry.add("default")
    registry.name(digest, "champion")
    assert Registry(tmp_path / "other").add(f"{registry.folder}@champion") == digest


def test_a_pick_table_leads_to_its_model(registry: Registry, tmp_path: Path) -> None:
    """By what it says of its source, by the digest of the weights file and by that one's first digits."""
    bundle = load_bundle("default")
    with torch.no_grad():
        next(iter(bundle.network.parameters())).mul_(1.5)
    save_bundle(
        type(bundle)(bundle.network, bundle.settings, bundle.calibration, {"name": "moved far"}), tmp_path / "moved"
    )
    third = registry.add(tmp_path / "moved")
    weights = hashlib.sha256((tmp_path / "moved" / "weights.safetensors").read_bytes()).hexdigest()
    source = load_bundle(tmp_path / "moved").source
    assert source == f"moved far {weights[:12]}"
    for name in (weights, weights[:12], weights[:9], source):
        assert registry.find(name) == third
    assert load_model(f"{registry.folder}@{source}").source == source
    for name in (f"moved {weights[:12]}", f"moved far {weights[:11]}", "moved far", "moved far "):
        with pytest.raises(InputError, match="no model"):
            registry.find(name)


def test_two_models_of_the_same_weights_are_told_of_both(registry: Registry) -> None:
    """Digits of the weights that both have lead to neither; the card's name tells them apart where it differs."""
    first, second = registry.bundles()
    weights = hashlib.sha256((registry.folder / first / "weights.safetensors").read_bytes()).hexdigest()
    assert hashlib.sha256((registry.folder / second / "weights.safetensors").read_bytes()).hexdigest() == weights
    with pytest.raises(InputError, match=f"{first[:12]}, {second[:12]}, which have the same weights"):
        registry.find(weights[:12])
    assert registry.find(f"tuned {weights[:12]}") == second
    bend(registry.folder / first / "card.json")  # the damaged one stands in no one's way
    assert registry.find(f"tuned {weights[:12]}") == second


def test_promoting_and_going_back(registry: Registry) -> None:
    """Back, and back again, as far as there were others; the record keeps all of it."""
    first, second = registry.bundles()
    third = registry.add(variant(registry.folder.parent, "third"))
    for digest in (second, third):
        registry.name(digest, "champion", who="ben", why="better")
    assert registry.back(who="cleo") == second
    assert registry.back(who="cleo") == first
    with pytest.raises(InputError, match="never stood for another"):
        registry.back()
    registry.name(third, "champion")
    assert registry.back() == first
    assert registry.names() == {"champion": first}
    assert [e.who for e in registry.record() if e.action == "name"][:5] == ["anna", "ben", "ben", "cleo", "cleo"]


def test_what_was_changed_is_found_out_and_not_promoted(registry: Registry) -> None:
    """A byte of the weights, of the card; a file that is gone."""
    first, second = registry.bundles()
    for name in FILES:
        file = registry.folder / second / name
        before = file.read_bytes()
        file.chmod(0o644)
        file.write_bytes(before[:-2] + bytes([before[-2] ^ 1]) + before[-1:])
        result = registry.verify()
        assert result[first] is None
        assert "another digest" in (result[second] or "")
        with pytest.raises(InputError, match="another digest"):
            registry.name(second, "champion")
        file.write_bytes(before)
    shutil.rmtree(registry.folder / second)
    assert registry.verify()[second] == "is gone"
    assert registry.names() == {"champion": first}
    registry.add(registry.folder.parent / "tuned")
    assert registry.verify() == {first: None, second: None}


@pytest.mark.parametrize("name", FILES)
def test_an_altered_model_is_not_used(registry: Registry, name: str) -> None:
    """Not by its name, not by its digits, though each file by itself can still be read."""
    digest = registry.find("champion")
    file = registry.folder / digest / name
    file.chmod(0o644)
    if name == "weights.safetensors":
        bend(file)
    elif name == "settings.yaml":
        file.write_text(file.read_text() + "# a comment\n")
    else:
        file.write_text(file.read_text().replace('"threshold": 0.', '"threshold": 0.9'))
    for name in ("champion", digest[:8]):
        with pytest.raises(InputError):
            load_model(f"{registry.folder}@{name}")


@pytest.mark.parametrize("bundle", ["../../outside", "/etc", "", "A" * 64, 5])
def test_a_record_names_bundles_by_digests_only(registry: Registry, bundle: str | int) -> None:
    """A line that was written by hand leads to no folder elsewhere."""
    line = {"at": "", "who": "eve", "action": "name", "bundle": bundle, "name": "champion", "why": ""}
    with (registry.folder / RECORD).open("a") as stream:
        stream.write(json.dumps(line) + "\n")
    with pytest.raises(InputError):
        load_model(f"{registry.folder}@champion")


@pytest.mark.process
def test_models_are_listed_without_pytorch(registry: Registry) -> None:
    """A list answers at once: PyTorch alone takes longer to import than that."""
    code = (
        "import sys; from geobfdt.cli.app import app; app(['models', 'list', sys.argv[1]], standalone_mode=False); "
        "sys.exit('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(registry.folder)]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert listed.returncode == 0, listed.stderr
    for digest in registry.bundles():
        assert digest[:12] in listed.stdout.split()


def bend(file: Path) -> bytes:
    """Change a byte of a file that is not to be written; what it is now."""
    file.chmod(0o644)
    data = file.read_bytes()
    file.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    return file.read_bytes()


@pytest.mark.parametrize("harm", ["a byte", "a file gone", "a folder gone", "a file in its place"])
def test_a_damaged_model_is_mended_by_importing_it_again(registry: Registry, tmp_path: Path, harm: str) -> None:
    """What the error says to do helps: afterwards the files are those of the source, and the record says so."""
    first, second = registry.bundles()
    registry.export(second, tmp_path / "second.tar")
    place = registry.folder / second
    if harm == "a byte":
        bend(place / "settings.yaml")
    elif harm == "a file gone":
        (place / "card.json").unlink()
    else:
        shutil.rmtree(place)
        if harm == "a file in its place":
            place.write_text("rubbish")
    wrong = registry.verify()[second]
    assert wrong
    assert registry.import_(tmp_path / "second.tar", who="dora", why="from the copy") == second
    assert registry.verify() == {first: None, second: None}
    for name in FILES:
        assert (place / name).read_bytes() == (tmp_path / "tuned" / name).read_bytes()
    last = registry.record()[-1]
    assert (last.action, last.bundle, last.who) == ("mend", second, "dora")
    assert last.why == f"from the copy; what was there {wrong}"
    assert [e.bundle for e in registry.record() if e.action == "add"] == [first, second]
    lines = len(registry.record())
    registry.import_(tmp_path / "second.tar")  # nothing to mend any more
    assert len(registry.record()) == lines


@pytest.mark.parametrize("refused", [".old", ".new"])
def test_a_damaged_model_stays_as_it_is_where_it_cannot_be_mended(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    """A disk that refuses half way leaves what was there, and nothing beside it."""
    place = registry.folder / registry.bundles()[1]
    damaged = bend(place / "settings.yaml")
    before = sorted(file.name for file in registry.folder.iterdir())
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if refused in (self.suffix, target.suffix) and (refused == ".new") == (self.suffix == ".new"):
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(InputError, match="no space left"):
        registry.add(tmp_path / "tuned")
    assert (place / "settings.yaml").read_bytes() == damaged
    assert sorted(file.name for file in registry.folder.iterdir()) == before
    assert registry.record()[-1].action != "mend"


def test_a_damaged_model_stands_in_no_other_ones_way(registry: Registry, tmp_path: Path) -> None:
    """Others are told apart; the damaged one is not."""
    first, second = registry.bundles()
    third = registry.add(variant(tmp_path, "third"))
    bend(registry.folder / second / "settings.yaml")
    assert registry.diff(first, third)["card"]["name"] == ("pretrained", "third")
    with pytest.raises(InputError, match="import it again"):
        registry.diff(first, second)


def test_a_model_travels_in_one_file(registry: Registry, tmp_path: Path) -> None:
    """Exported twice it is the same bytes; what comes out of another registry's door is what went in."""
    registry.export("champion", tmp_path / "a.tar")
    registry.export("champion", tmp_path / "b.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    other = Registry(tmp_path / "elsewhere")
    assert other.import_(tmp_path / "a.tar", why="carried over") == registry.find("champion")
    assert other.verify() == {registry.find("champion"): None}
    assert sorted(f.name for f in other.folder.iterdir() if not f.name.startswith("lock")) == sorted(
        [registry.find("champion"), RECORD]
    )


def hostile(name: str, file: Path, good: Path) -> None:
    """Archives that nobody should unpack."""
    with tarfile.open(good) as tar:
        parts = {about.name: tar.extractfile(about).read() for about in tar}  # type: ignore[union-attr]
    digest = next(iter(parts)).split("/")[0]
    with tarfile.open(file, "w") as out:

        def put(path: str, data: bytes, **more: Any) -> None:
            about = tarfile.TarInfo(path)
            about.size = len(data)
            for key, value in more.items():
                setattr(about, key, value)
            out.addfile(about, io.BytesIO(data))

        for path, data in parts.items():
            if name == "a link" and path.endswith("card.json"):
                put(path, b"", type=tarfile.SYMTYPE, linkname="/etc/passwd", size=0)
            elif name == "a path that leaves" and path.endswith("card.json"):
                put("../../card.json", data)
            elif name == "other contents" and path.endswith("card.json"):
                put(path, data.replace(b"pretrained", b"pretraineD"))
            else:
                put(path, data)
        if name == "one more file":
            put(f"{digest}/setup.py", b"print('hello')")


@pytest.mark.parametrize(
    "name", ["a link", "a path that leaves", "other contents", "one more file", "no archive", "cut short"]
)
def test_other_archives_are_refused(registry: Registry, tmp_path: Path, name: str) -> None:
    """In one line, and nothing of them is left."""
    good, bad = tmp_path / "good.tar", tmp_path / "bad.tar"
    registry.export("champion", good)
    if name == "no archive":
        bad.write_bytes(b"rubbish" * 1000)
    elif name == "cut short":
        bad.write_bytes(good.read_bytes()[:5000])
    else:
        hostile(name, bad, good)
    other = Registry(tmp_path / "other")
    with pytest.raises(InputError) as caught:
        other.import_(bad)
    assert "\n" not in str(caught.value)
    assert other.bundles() == []
    files = [file for file in (tmp_path / "other").rglob("*") if file.name != "lock"] if other.folder.exists() else []
    assert files == []
    assert not (tmp_path / "card.json").exists()


def test_a_torn_line_does_not_count(registry: Registry) -> None:
    """What a killed process left unfinished is cut off by the next line; a damaged line amid the record is told."""
    file = registry.folder / RECORD
    first, second = registry.bundles()
    with file.open("ab") as stream:
        stream.write(b'{"at": "2026-01-01T00:00:00Z", "who": "x", "action": "name", "bundle": "')
    assert registry.names() == {"champion": first}
    registry.name(second, "champion")
    assert registry.names() == {"champion": second}
    lines = file.read_bytes().splitlines()
    assert all(json.loads(line) for line in lines)
    file.write_bytes(b"\n".join([lines[0][:20], *lines[1:]]) + b"\n")
    with pytest.raises(InputError, match="line 1 is damaged"):
        registry.names()


def _promote(folder: str, digest: str, count: int) -> None:
    for _ in range(count):
        Registry(Path(folder)).name(digest, "champion", who=digest[:4])


@pytest.mark.process
def test_several_promote_at_once(registry: Registry) -> None:
    """Every line is whole, and none is lost."""
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=_promote, args=(str(registry.folder), digest, 5)) for digest in registry.bundles()]
    for process in both:
        process.start()
    for process in both:
        process.join()
        assert process.exitcode == 0
    assert len([e for e in registry.record() if e.action == "name"]) == 11


@pytest.mark.process
def test_killed_while_promoting(registry: Registry) -> None:
    """Whenever it is killed, the champion is one of the two, and the record reads."""
    program = """
        import sys
        from pathlib import Path
        from geobfdt.model.registry import Registry
        registry = Registry(Path(sys.argv[1]))
        both = registry.bundles()
        print("ready", flush=True)
        while True:
            for digest in both:
                registry._write("name", digest, "x", "y" * 5000, "champion")
    """
    for _ in range(3):
        command = [sys.executable, "-c", textwrap.dedent(program), str(registry.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            process.stdout.readline()
            while len(registry.record()) < 30:
                pass
            os.kill(process.pid, signal.SIGKILL)
        assert registry.names()["champion"] in registry.bundles()
        registry.name(registry.bundles()[0], "champion")
        assert registry.names()["champion"] == registry.bundles()[0]


def test_what_differs(registry: Registry, tmp_path: Path) -> None:
    """Cards differ in the name; half precision moves no weight that was stored in half precision before."""
    result = registry.diff(*registry.bundles())
    assert result["settings"] == {}
    assert result["card"]["name"] == ("pretrained", "tuned")
    assert set(result["weights"].values()) == {0.0}
    bundle = load_bundle("default")
    with torch.no_grad():
        next(iter(bundle.network.parameters())).mul_(1.5)
    save_bundle(bundle, tmp_path / "moved")
    third = registry.add(tmp_path / "moved")
    weights = registry.diff("champion", third)["weights"]
    assert next(iter(weights.values())) == pytest.approx(0.5, rel=1e-3)
    assert sum(value > 0 for value in weights.values()) == 1


def test_the_verbs(tmp_path: Path) -> None:
    """From adding to going back by the command line; errors in one line."""

    def run(*words: str, status: int = 0) -> str:
        result = run_command("models", *words)
        assert result.returncode == status, result.stderr
        return result.stdout + result.stderr

    folder = str(tmp_path / "m")
    first = run("add", folder, "default", "--why", "shipped").strip()
    run("promote", folder, first, "--why", "the first")
    run("sign", folder, "champion", "--who", "chief", "--why", "seen on two blind wells")
    listed = json.loads(run("list", folder, "--json"))
    assert listed[0]["called"] == "champion"
    assert listed[0]["signed by"] == "chief"
    assert "whole" in run("verify", folder)
    assert [e["action"] for e in json.loads(run("record", folder, "--json"))] == ["add", "name", "sign"]
    weights = hashlib.sha256((SHIPPED / "weights.safetensors").read_bytes()).hexdigest()
    assert listed[0]["weights"] == weights[:12]
    assert weights in run("show", folder, f"pretrained {weights[:12]}")
    assert json.loads(run("show", folder, weights[:10], "--json"))["source"] == f"pretrained {weights[:12]}"
    assert "no model 'x'" in run("promote", folder, "x", status=1)
    assert "never stood" in run("back", folder, status=1)
    assert listed[0]["state"] == "whole"
    second = run("add", folder, str(variant(tmp_path, "tuned"))).strip()
    bend(next((tmp_path / "m").glob(f"{second}*")) / "settings.yaml")
    states = {one["model"]: one["state"] for one in json.loads(run("list", folder, "--json"))}
    assert states[first] == "whole"
    assert states[second].startswith("damaged: ")
    words = run("list", folder).split()
    assert {first, second, weights[:12], "whole", "damaged"} <= set(words)
    (tmp_path / "empty").mkdir()
    for words in (["list", "not-there"], ["list", "empty", "--json"], ["promote", "not-there", "x"]):
        assert "name a registry" in run(words[0], str(tmp_path / words[1]), *words[2:], status=1)
    assert not (tmp_path / "not-there").exists()
    digest = contents_digest(tmp_path / "m" / json.loads(run("show", folder, "champion", "--json"))["digest"])
    assert digest.startswith(first)


def test_a_clock_that_goes_back_changes_nothing(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Order is that of the lines: what was promoted last is the champion, whatever the time says."""
    first, second = registry.bundles()[:2]
    clock = iter(range(100_000, 0, -1000))
    real = time.gmtime
    monkeypatch.setattr("geobfdt.model.registry.time.gmtime", lambda: real(next(clock)))
    before = len(registry.record())
    registry.name(first, "champion")
    registry.name(second, "champion")
    assert registry.find("champion") == second
    assert registry.back() == first
    times = [entry.at for entry in registry.record()[before:]]
    assert times == sorted(times, reverse=True)


def test_weights_that_cannot_be_read_have_no_digest(registry: Registry) -> None:
    """None, not an empty text; two such models are not said to have the same weights."""
    first, second = registry.bundles()
    assert registry.damage(first) is None
    for digest in (first, second):
        (registry.folder / digest / "weights.safetensors").unlink()
        assert registry.weights(digest) is None
    assert registry.damage(first) is not None
    assert registry.verify()[second] is not None
    assert registry.find(first[:10]) == first

"""A registry of models: bundles stored by the digest of their contents, and a record of promotions.

A registry is a folder. Each bundle lies in a folder named by the SHA-256 of its three files, so that
any change shows. ``record.jsonl`` is a log that only grows; a name (``champion``) stands for the bundle
in its last line. A promotion is therefore one line, written whole or not at all.
"""

from __future__ import annotations

import getpass
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import time
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from geobfdt.model.bundle_files import FILES, SHIPPED, WEIGHTS, contents_digest, read_card
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock
from geobfdt.runtime.storage import atomic_files, atomic_path, sha256

if TYPE_CHECKING:
    from geobfdt.model.bundle import Bundle

__all__ = ["RECORD", "Entry", "Registry", "find_bundle", "flatten", "load_model", "split_name"]

RECORD = "record.jsonl"
_MAX_BUNDLE_BYTES = 2 << 30  # Largest bundle that is imported.
_NAME_DIGITS = 12  # Number of digits by which a digest is named.
# Actions of the record for the verdicts of the gate.
_VERDICTS = {"passed": "pass", "refused": "refuse", "cannot judge": "unjudged"}
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """
    A line of the record.

    Parameters
    ----------
    at : str
        When (UTC).
    who : str
        Who.
    action : str
        ``add``, ``mend`` (a damaged bundle was replaced), ``name`` (``name`` stands for the bundle from now on),
        ``sign``, ``pass``, ``refuse`` or ``unjudged`` (at the gate).
    bundle : str
        Which one.
    name : str
        ``champion``, ``challenger``, ...
    why : str
        In words.
    """

    at: str
    who: str
    action: str
    bundle: str
    name: str = ""
    why: str = ""

    @classmethod
    def parse(cls, line: bytes) -> Entry:
        """
        Entry of a line of the record.

        Raises
        ------
        ValueError, TypeError
            If it is no entry. A bundle is a SHA-256 and nothing else: it becomes the name of a folder.
        """
        entry = cls(**json.loads(line))
        if not all(isinstance(value, str) for value in astuple(entry)) or not _DIGEST.fullmatch(entry.bundle):
            raise ValueError("not an entry")
        return entry


class Registry:
    """
    A folder of bundles.

    Parameters
    ----------
    folder : Path
        Made with the first bundle.

    Examples
    --------
    >>> import tempfile
    >>> registry = Registry(Path(tempfile.mkdtemp()))
    >>> first = registry.add("default", why="to begin with")
    >>> registry.name(first, "champion", why="there is no other")
    >>> registry.find("champion") == registry.find(first[:6]) == first
    True
    >>> registry.find(registry.weights(first)) == first  # Pick tables and geobfdt train use this name.
    True
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def at(cls, folder: Path) -> Registry:
        """
        Registry that is there already.

        Raises
        ------
        InputError
            If it is not.
        """
        if not (folder / RECORD).is_file():
            observed = f"no registry here (no {RECORD})" if folder.is_dir() else "no such folder"
            raise InputError(folder, observed, "name a registry; geobfdt models add makes one")
        return cls(folder)

    def record(self) -> list[Entry]:
        """
        Entries of the record, in order. An unfinished last line of a killed process does not count.

        Raises
        ------
        InputError
            If the record is damaged.
        """
        file = self.folder / RECORD
        if not file.exists():
            return []
        lines = file.read_bytes().split(b"\n")[:-1]
        entries = []
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                entries.append(Entry.parse(line))
            except (ValueError, TypeError) as error:
                cure = "take the line out if it is torn, or bring the file back from a copy"
                raise InputError(file, f"line {number} is damaged", cure) from error
        return entries

    def names(self) -> dict[str, str]:
        """Bundle that each name stands for now."""
        return {entry.name: entry.bundle for entry in self.record() if entry.action == "name"}

    def bundles(self) -> list[str]:
        """Digests of the bundles, in the order in which they were added."""
        return list(dict.fromkeys(entry.bundle for entry in self.record() if entry.action == "add"))

    def find(self, name: str) -> str:
        """
        Digest of a bundle, by any way to name it.

        Parameters
        ----------
        name : str
            Its name here (``champion``); the first digits of its digest, or of that of its weights; or what pick tables
            call it: the name on its card and the first digits of its weights' digest.

        Raises
        ------
        InputError
            If there is none, or it may be one of several.
        """
        named, bundles = self.names(), self.bundles()
        if name in named:
            return named[name]
        if name in bundles:
            return name
        matches = [digest for digest in bundles if self._is(digest, name)] if name else []
        if not matches:
            names = ", ".join([*named, *(digest[:_NAME_DIGITS] for digest in bundles)]) or "none"
            raise InputError(self.folder, f"no model {name!r}", f"there are: {names}")
        if len(matches) > 1:
            several = ", ".join(digest[:_NAME_DIGITS] for digest in matches)
            weights = {self.weights(digest) for digest in matches}
            same = len(weights) == 1 and None not in weights
            observed = f"{name!r} may be {several}" + (", which have the same weights" if same else "")
            raise InputError(self.folder, observed, "name it by the first digits of one of these")
        return matches[0]

    def _is(self, digest: str, name: str) -> bool:
        """Whether a name is the first digits of a digest, or the name of the bundle in pick tables."""
        *called, digits = name.split(" ")
        weights = self.weights(digest)
        begins = weights is not None and weights.startswith(digits)
        # In pick tables, digits of the weights follow the name on the card.
        if called:
            return len(digits) == _NAME_DIGITS and begins and self._source(digest) == name
        return digest.startswith(name) or begins

    def weights(self, digest: str) -> str | None:
        """SHA-256 of a bundle's weights, whose first digits are in pick tables; None if they cannot be read."""
        try:
            return sha256(self.folder / digest / WEIGHTS)
        except OSError:
            return None

    def _source(self, digest: str) -> str | None:
        """Name of a bundle in pick tables; None if it is damaged, so that other bundles can still be found."""
        try:
            return self.whole(digest).source
        except InputError:
            return None

    def path(self, name: str) -> Path:
        """
        Folder of an unchanged bundle, for ``load_bundle``.

        Raises
        ------
        InputError
            If there is none of that name, or a file of it has been changed since.
        """
        return self._unaltered(self.find(name))

    def add(self, bundle: str | Path, *, who: str | None = None, why: str = "") -> str:
        """
        Add a bundle. One that is there already is not added again, but replaced if it is damaged.

        Parameters
        ----------
        bundle : str or Path
            Its folder, ``default`` for the shipped one, or ``DIR@champion`` for one of another registry.
        who, why : str
            For the record; `who` is the user of this machine by default.

        Returns
        -------
        str
            Its digest.

        Raises
        ------
        InputError
            If it is damaged, or the registry cannot be written.
        """
        # Imported here: a list of models needs no PyTorch, which takes seconds to load.
        from geobfdt.model.bundle import load_bundle

        source = find_bundle(bundle)
        load_bundle(source)
        digest = contents_digest(source)
        with folder_lock(self.folder, wait=True):
            present = digest in self.bundles()
            damage = self.damage(digest)
            if present and damage is None:
                return digest
            self._put(source, digest)
            if present:
                self._write("mend", digest, who, f"{why}; what was there {damage}".removeprefix("; "))
            else:
                self._write("add", digest, who, why)
        return digest

    def _put(self, source: Path, digest: str) -> None:
        """Copy a bundle to its place; an existing one is replaced only by an intact one on the disk."""
        place, fresh, former = (self.folder / name for name in (digest, f".{digest}.new", f".{digest}.old"))
        try:
            with atomic_files(fresh) as part:
                for name in FILES:
                    (part / name).write_bytes((source / name).read_bytes())
                    (part / name).chmod(0o444)
            if contents_digest(fresh) != digest:
                raise InputError(source, "changed while it was read", "add it again")
            _replace(place, fresh, former)
        except OSError as error:
            observed = f"cannot be replaced: {(error.strerror or str(error)).lower()}"
            raise InputError(place, observed, "check that you may write there") from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def name(self, bundle: str, name: str, *, who: str | None = None, why: str = "") -> None:
        """
        Promote a bundle: a name stands for it from now on.

        Raises
        ------
        InputError
            If there is no such bundle, it is damaged, or the registry cannot be written.
        """
        with folder_lock(self.folder, wait=True):
            digest = self.find(bundle)
            self.whole(digest)
            self._write("name", digest, who, why, name)

    def back(self, name: str = "champion", *, who: str | None = None, why: str = "") -> str:
        """
        Roll back: a name stands again for the bundle before.

        Returns
        -------
        str
            Digest of the bundle that it stands for again.

        Raises
        ------
        InputError
            If it never stood for another, or that one is damaged.
        """
        with folder_lock(self.folder, wait=True):
            held_it = [entry.bundle for entry in self.record() if entry.action == "name" and entry.name == name]
            # A second rollback goes further back: bundles that were rolled back are skipped.
            stack: list[str] = []
            for bundle in held_it:
                if bundle in stack:
                    del stack[stack.index(bundle) + 1 :]
                else:
                    stack.append(bundle)
            if len(stack) < 2:
                raise InputError(self.folder, f"{name!r} never stood for another model", "name one instead")
            self.whole(stack[-2])
            self._write("name", stack[-2], who, why or f"back from {stack[-1][:_NAME_DIGITS]}", name)
            return stack[-2]

    def sign(self, bundle: str, *, who: str, why: str) -> None:
        """Record that a person approves a bundle."""
        with folder_lock(self.folder, wait=True):
            digest = self.find(bundle)
            self.whole(digest)
            self._write("sign", digest, who, why)

    def judge(
        self, bundle: str, state: Literal["passed", "refused", "cannot judge"], *, who: str | None = None, why: str = ""
    ) -> None:
        """Record the verdict of the gate on a bundle."""
        with folder_lock(self.folder, wait=True):
            self._write(_VERDICTS[state], self.find(bundle), who, why)

    def verify(self) -> dict[str, str | None]:
        """Problem of each bundle, in a line; None for an intact bundle."""
        problems: dict[str, str | None] = {}
        for digest in self.bundles():
            try:
                self.whole(digest)
                problems[digest] = None
            except InputError as error:
                problems[digest] = error.observed
        return problems

    def whole(self, digest: str) -> Bundle:
        """
        Bundle of a digest, as it was added.

        Raises
        ------
        InputError
            If it is damaged, or of another version of this program.
        """
        from geobfdt.model.bundle import load_bundle

        return load_bundle(self._unaltered(digest))

    def card(self, digest: str) -> dict[str, Any]:
        """
        Card of an unchanged bundle; PyTorch is not needed.

        Raises
        ------
        InputError
            As :meth:`whole`.
        """
        return read_card(self._unaltered(digest))

    def _unaltered(self, digest: str) -> Path:
        observed = self.damage(digest)
        if observed is not None:
            raise InputError(self.folder / digest, observed, "import it again, or bring it back from a copy")
        return self.folder / digest

    def damage(self, digest: str) -> str | None:
        """Describe in a line how a bundle differs from the one that was added; None if it does not."""
        if not (self.folder / digest).is_dir():
            return "is gone"
        try:
            same = contents_digest(self.folder / digest) == digest
        except InputError:  # A file is missing.
            same = False
        return None if same else "is not what was added: its files have another digest"

    def export(self, bundle: str, file: Path) -> None:
        """
        Write a bundle as one file, to carry to another machine; equal bundles give equal bytes.

        Raises
        ------
        InputError
            If it is damaged, or the file cannot be written.
        """
        digest = self.find(bundle)
        self.whole(digest)
        with atomic_path(file) as part, tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as tar:
            for name in FILES:
                data = (self.folder / digest / name).read_bytes()
                about = tarfile.TarInfo(f"{digest}/{name}")
                about.size = len(data)
                tar.addfile(about, io.BytesIO(data))

    def import_(self, file: Path, *, who: str | None = None, why: str = "") -> str:
        """
        Add a bundle from a file that :meth:`export` wrote.

        Raises
        ------
        InputError
            If it is anything else, damaged, or larger than a bundle may be.
        """
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder)
            try:
                digest = _unpack(file, part)
                if contents_digest(part) != digest:
                    raise ValueError("its files are not those that it names")
            except (OSError, ValueError, tarfile.TarError) as error:
                cure = "export it again from where it came from"
                raise InputError(file, f"not an exported model: {str(error).splitlines()[0]}", cure) from error
            return self.add(part, who=who, why=why)

    def diff(self, a: str, b: str) -> dict[str, Any]:
        """
        Differences between two bundles.

        Returns
        -------
        dict
            ``settings`` and ``card``: both values of what differs; ``weights``: root mean square difference over the
            root mean square of the first, by tensor that both have with one shape; the largest first.

        Raises
        ------
        InputError
            If there is no such bundle, or one of them is damaged.
        """
        first, second = (self.whole(self.find(name)) for name in (a, b))
        import numpy as np

        differences: dict[str, Any] = {}
        # Settings are compared as they are read: a setting that a file leaves out has its default.
        for part in ("settings", "card"):
            x, y = (
                flatten(one.settings.model_dump(mode="json") if part == "settings" else one.card)
                for one in (first, second)
            )
            differs = sorted(key for key in x.keys() | y.keys() if x.get(key) != y.get(key))
            differences[part] = {key: (x.get(key), y.get(key)) for key in differs}
        p, q = first.network.state_dict(), second.network.state_dict()
        weight_changes = {}
        for name, value in p.items():
            if name in q and q[name].shape == value.shape and value.is_floating_point():
                u, v = value.numpy().astype(float), q[name].numpy().astype(float)
                size = float(np.sqrt((u**2).mean())) if u.size else 0.0
                weight_changes[name] = float(np.sqrt(((u - v) ** 2).mean()) / size) if size else 0.0
        differences["weights"] = dict(sorted(weight_changes.items(), key=lambda one: -one[1]))
        return differences

    def _write(self, action: str, bundle: str, who: str | None, why: str, name: str = "") -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = json.dumps(asdict(Entry(at, who or _user(), action, bundle, name, why)))
        file = self.folder / RECORD
        try:
            if file.exists():
                _cut(file)
            with file.open("ab") as stream:
                stream.write(line.encode() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            why_not = (error.strerror or str(error)).lower()
            raise InputError(file, f"cannot be written: {why_not}", "free some space, and try again") from error


def _replace(place: Path, fresh: Path, former: Path) -> None:
    """Replace a folder by another one; if that fails, the former one stays."""
    shutil.rmtree(former, ignore_errors=True)  # Left by a process that was killed here.
    existed = place.exists()
    if existed:
        place.rename(former)
    try:
        fresh.rename(place)
    except OSError:
        if existed:
            former.rename(place)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _unpack(file: Path, folder: Path) -> str:
    """Read the files of an exported bundle into a folder; return the digest that they claim."""
    with tarfile.open(file, "r:") as tar:
        # Nothing is extracted: three members of given names are read, whatever the archive holds.
        members = {about.name: about for about in tar}
        digest = next(iter(members), "").split("/")[0]
        if set(members) != {f"{digest}/{name}" for name in FILES}:
            raise ValueError("it holds other files than those of a model")
        if not all(about.isreg() for about in members.values()):
            raise ValueError("it holds links")
        if sum(about.size for about in members.values()) > _MAX_BUNDLE_BYTES:
            raise ValueError(f"it claims more than {_MAX_BUNDLE_BYTES >> 30} GiB")
        for name in FILES:
            stream = tar.extractfile(members[f"{digest}/{name}"])
            (folder / name).write_bytes(stream.read() if stream is not None else b"")
    return digest


def _cut(file: Path) -> None:
    """Remove the unfinished line of a killed process, so that the next line is not appended to it."""
    data = file.read_bytes()
    with file.open("r+b") as stream:
        stream.truncate(data.rfind(b"\n") + 1)


def find_bundle(name: str | Path) -> Path:
    """
    Folder of a bundle: itself, the shipped one (``default``), or one of a registry (``DIR@champion``).

    Raises
    ------
    InputError
        If the registry has none of that name.
    """
    if str(name) == "default":
        return SHIPPED
    registry, bundle = split_name(name)
    return Registry(registry).path(bundle) if registry is not None else Path(name)


def load_model(name: str | Path = "default") -> Bundle:
    """
    Read a bundle by its name.

    Parameters
    ----------
    name : str or Path
        A folder, ``default`` for the shipped bundle, or ``DIR@champion`` for one of a registry.

    Raises
    ------
    InputError
        If the registry has none of that name, or the bundle is damaged.
    """
    from geobfdt.model.bundle import load_bundle

    return load_bundle(find_bundle(name))


def split_name(name: str | Path) -> tuple[Path | None, str]:
    """
    Registry and name of ``DIR@champion``; no registry for a bundle in a folder of its own.

    Examples
    --------
    >>> split_name("models@champion")
    (PosixPath('models'), 'champion')
    >>> split_name("default")
    (None, 'default')
    """
    folder, at, bundle = str(name).rpartition("@")
    return (Path(folder), bundle) if at and not Path(name).exists() else (None, str(name))


def flatten(value: Any, name: str = "") -> dict[str, Any]:
    """
    Nested settings by dotted names.

    Examples
    --------
    >>> flatten({"bedding": {"threshold": 0.2}, "rows": 768})
    {'bedding.threshold': 0.2, 'rows': 768}
    """
    if isinstance(value, dict):
        return {
            k: v for key, part in value.items() for k, v in flatten(part, f"{name}.{key}" if name else str(key)).items()
        }
    return {name: value}


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, OSError, KeyError):
        return "unknown"

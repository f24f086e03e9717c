"""The studies that come with the package. Each is a question, an axis, and everything else held."""

from __future__ import annotations

from typing import Any, Literal

from geobfdt.studies.settings import StudySettings
from geobfdt.training.train import TUNING

__all__ = ["PRESETS", "preset"]

_BLOCKS = {10: (1, 1, 1, 1), 14: (1, 2, 2, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
# What two cores train in a minute: half the columns and rows of either network, and a third of detr's width.
_CURVE = {"network.columns": 64, "network.step": 0.01, "network.widths": (16, 24, 48, 64), "training.rows": 384}
_DETR = {
    "network.preset": "detr", "network.step": 0.00508, "network.columns": 180, "network.rows": 400,
    "network.width": 0.25, "network.confidence": 0.0, "training.rows": 400, "training.rate": 4e-4,
    "training.augmentation": "published",
}  # fmt: skip
_TRAINING = {"training.steps": 400, "training.every": 100, "training.warmup": 40}

Network = Literal["curve", "detr"]
Levels = dict[str, dict[str, Any]]


def _depths(network: Network) -> Levels:
    name = "network.depth" if network == "detr" else "network.blocks"
    return {f"ResNet-{n}": {name: n if network == "detr" else blocks} for n, blocks in _BLOCKS.items()}


def _sizes(network: Network) -> Levels:
    if network == "detr":
        return {
            f"{layers} + {layers}, {channels}": {
                "network.encoder": layers, "network.decoder": layers, "network.channels": channels,
                "network.feed_forward": 4 * channels,
            }
            for layers, channels in ((1, 128), (2, 128), (2, 256), (4, 256), (6, 256))
        }  # fmt: skip
    return {f"queries of {n}": {"network.content": n} for n in (32, 64, 96, 160)}


def _optimisers(network: Network) -> dict[str, Levels]:
    rates: Levels = {name: {"training.rate": float(name)} for name in ("1e-4", "4e-4", "1e-3", "4e-3")}
    kinds: Levels = {name: {"training.optimiser": name} for name in ("sgd", "adam", "adamw")}
    if network == "detr":
        widths: Levels = {str(n): {"network.feed_forward": n} for n in (256, 512, 1024, 2048)}
        return {"optimiser": kinds, "feed-forward": widths, "rate": rates}
    return {"optimiser": kinds, "rate": rates}


def _labels() -> Levels:
    return {
        "as picked": {}, "3 cm off": {"labels.jitter": 0.03}, "a third missed": {"labels.missed": 1 / 3},
        "two thirds missed": {"labels.missed": 2 / 3}, "one well in another style": {"labels.styled": 1},
        "three wells in another style": {"labels.styled": 3},
    }  # fmt: skip


def _wells(_: Network) -> dict[str, Levels]:
    # What geobfdt train does with shipped weights, but as many steps however few the wells; the size is theirs, too.
    tuning = {f"training.{name}": value for name, value in TUNING if name not in ("seed", "turns", "fewest")}
    fine = {"start": "default", **tuning}
    counts: Levels = {str(n): {"wells": n} for n in (1, 3, 6, 9, 12, 14)}
    return {"start": {"random weights": {}, "shipped weights": fine}, "wells": counts}


_QUESTIONS = {
    "backbone": "Does a deeper residual network pick better, and is there a cliff?",
    "size": "How large need the part above the backbone be?",
    "optimiser": "Which optimiser, at which rate?",
    "augmentation": "What does changing windows before they are seen give?",
    "wells": "How many interpreted wells are enough, with and without the shipped weights?",
    "image": "Which image should the network see: static, dynamic, or both?",
    "gaps": "Should gaps between pads be filled, or left out and said so?",
    "split": "What does a split by shuffled windows, which leaks, promise that a well not seen does not keep?",
    "label-noise": "How much does it cost if labels are off, missing, or drawn in another style?",
}

PRESETS = tuple(_QUESTIONS)


def preset(name: str, network: Network = "curve") -> StudySettings:
    """
    Make a study that comes with the package.

    Parameters
    ----------
    name : str
        One of ``PRESETS``.
    network : {"curve", "detr"}
        Of which network.

    Raises
    ------
    ValueError
        If there is none of that name, or not for that network.

    Examples
    --------
    >>> list(preset("backbone").axes["backbone"])
    ['ResNet-10', 'ResNet-14', 'ResNet-18', 'ResNet-34']
    """
    if name not in _QUESTIONS:
        raise ValueError(f"no study {name!r}: choose from {', '.join(PRESETS)}, or name a YAML file")
    if name == "wells" and network == "detr":
        raise ValueError("the study 'wells' compares with the shipped weights, which are of curve")
    axes: dict[str, Levels]
    if name == "backbone":
        axes = {"backbone": _depths(network)}
    elif name == "size":
        axes = {"size": _sizes(network)}
    elif name == "optimiser":
        axes = _optimisers(network)
    elif name == "augmentation":
        kinds = ("none", "published", "photometric", "geometric", "both")
        axes = {"augmentation": {kind: {"training.augmentation": kind} for kind in kinds}}
    elif name == "image":
        axes = {"image": {kind: {"network.image": kind} for kind in ("static", "dynamic", "both")}}
    elif name == "gaps":
        axes = {"gaps": {kind: {"network.gaps": kind} for kind in ("mask", "linear", "nearest")}}
    elif name == "split":
        axes = {"split": {kind: {"split": kind} for kind in ("by well", "leaking windows")}}
    elif name == "label-noise":
        axes = {"labels": _labels()}
    else:
        axes = _wells(network)
    base = {**_TRAINING, **(_DETR if network == "detr" else _CURVE)}
    title = name if network == "curve" else f"{name}-{network}"
    return StudySettings(name=title, question=_QUESTIONS[name], axes=axes, base=base)

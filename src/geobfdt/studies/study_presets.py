"""The studies of the package: a question and an axis each, with everything else equal."""

from __future__ import annotations

from typing import Any

from geobfdt.studies.study_settings import StudySettings
from geobfdt.training.train import SCRATCH, SIZES, TUNING, Preset

__all__ = ["PRESETS", "preset"]

# Residual blocks by stage, for each depth of a ResNet.
_BLOCKS = {10: (1, 1, 1, 1), 14: (1, 2, 2, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


def _base(network: Preset) -> dict[str, Any]:
    """Settings of training from scratch with a preset, where they differ from the defaults."""
    sizes, training = SIZES[network], SCRATCH[network]
    return {
        "network.preset": sizes.preset,
        **{f"network.{name}": value for name, value in sizes.model_dump(exclude_defaults=True).items()},
        **{f"training.{name}": value for name, value in training.model_dump(exclude_defaults=True).items()},
    }


_BASE: dict[Preset, dict[str, Any]] = {
    # 3,200 windows of 3.8 m, some 25 minutes of one core: fractures are found by then (docs/benchmarks.md).
    "curve": {**_base("curve"), "training.steps": 1600, "training.every": 200},
    # Half the columns and rows and a quarter of the width, two or three minutes of one core.
    "detr": {
        **_base("detr"), "network.step": 0.00508, "network.columns": 180, "network.rows": 400, "network.width": 0.25,
        "network.confidence": 0.0, "training.rows": 400, "training.augmentation": "published", "training.steps": 400,
        "training.every": 100, "training.warmup": 40,
    },
    # 60,000 windows, six minutes of one core for ResNet-10: its learning curve is flat there, and its F1 on training
    # wells is far above that on others (docs/benchmarks.md).
    "detr-small": {**_base("detr-small"), "training.steps": 7500, "training.every": 750, "tolerance": 0.05},
}  # fmt: skip
# Each depth trains at the rate that validates best, and is also scored on degraded images.
_FAIR: dict[str, Any] = {"rates": (5e-4, 1e-3, 2e-3), "look_shifts": True}

Levels = dict[str, dict[str, Any]]


def _depths(network: Preset) -> dict[str, Levels]:
    if network == "curve":
        return {"backbone": {f"ResNet-{n}": {"network.blocks": blocks} for n, blocks in _BLOCKS.items()}}
    depths: Levels = {f"ResNet-{n}": {"network.depth": n} for n in _BLOCKS}
    if network == "detr":
        return {"backbone": depths}
    kinds = {kind: {"training.augmentation": kind} for kind in ("none", "published")}
    return {"augmentation": kinds, "backbone": depths}


def _sizes(network: Preset) -> Levels:
    if network != "curve":
        return {
            f"{layers} + {layers}, {channels}": {
                "network.encoder": layers, "network.decoder": layers, "network.channels": channels,
                "network.feed_forward": 4 * channels,
            }
            for layers, channels in ((1, 128), (2, 128), (2, 256), (4, 256), (6, 256))
        }  # fmt: skip
    return {f"queries of {n}": {"network.content": n} for n in (32, 64, 96, 160)}


def _optimisers(network: Preset) -> dict[str, Levels]:
    rates: Levels = {name: {"training.rate": float(name)} for name in ("1e-4", "4e-4", "1e-3", "4e-3")}
    kinds: Levels = {name: {"training.optimiser": name} for name in ("sgd", "adam", "adamw")}
    if network != "curve":
        widths: Levels = {str(n): {"network.feed_forward": n} for n in (256, 512, 1024, 2048)}
        return {"optimiser": kinds, "feed-forward": widths, "rate": rates}
    return {"optimiser": kinds, "rate": rates}


def _labels() -> Levels:
    return {
        "as picked": {}, "3 cm off": {"labels.jitter": 0.03}, "a third missed": {"labels.missed": 1 / 3},
        "two thirds missed": {"labels.missed": 2 / 3}, "one well in another style": {"labels.styled": 1},
        "three wells in another style": {"labels.styled": 3},
    }  # fmt: skip


def _wells(network: Preset) -> dict[str, Levels]:
    counts: Levels = {str(n): {"wells": n} for n in (1, 3, 6, 9, 12, 14)}
    if network != "curve":
        return {"wells": {name: level for name, level in counts.items() if name != "1"}}
    # What geobfdt train does with shipped weights, but as many steps however few the wells; the size is theirs, too.
    tuning = {f"training.{name}": value for name, value in TUNING if name not in ("seed", "turns", "fewest")}
    fine = {"start": "default", **tuning}
    return {"start": {"random weights": {}, "shipped weights": fine}, "wells": counts}


def _widths(network: Preset) -> Levels:
    if network == "curve":
        return {
            f"{w[0]} to {w[-1]}": {"network.widths": w} for w in ((8, 16, 32, 32), (16, 32, 64, 64), (32, 64, 128, 128))
        }
    return {f"{width:g}": {"network.width": width} for width in (0.125, 0.25, 0.5)}


_QUESTIONS = {
    "backbone": "Does a deeper residual network pick better, and is there a cliff?",
    "width": "Does a wider network pick better?",
    "metres": "How many metres of each well are enough?",
    "size": "How large need the part above the backbone be?",
    "optimiser": "Which optimiser, at which rate?",
    "augmentation": "What does augmentation of the windows gain?",
    "wells": "How many interpreted wells are enough, with and without the shipped weights?",
    "image": "Which image should the network see: static, dynamic, or both?",
    "gaps": "Should gaps between pads be filled, or left out and masked?",
    "split": "How much higher is the score of a leaking split, by shuffled windows, than that of new wells?",
    "label-noise": "How much does it cost if labels are off, missing, or drawn in another style?",
}

PRESETS = tuple(_QUESTIONS)


def preset(name: str, network: Preset = "curve") -> StudySettings:
    """
    Make a study that comes with the package.

    Parameters
    ----------
    name : str
        One of ``PRESETS``.
    network : {"curve", "detr", "detr-small"}
        Of which network.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> list(preset("backbone").axes["backbone"])
    ['ResNet-10', 'ResNet-14', 'ResNet-18', 'ResNet-34']
    """
    if name not in _QUESTIONS:
        raise ValueError(f"no study {name!r}: choose from {', '.join(PRESETS)}, or name a YAML file")
    axes: dict[str, Levels]
    if name == "backbone":
        axes = _depths(network)
    elif name == "width":
        axes = {"width": _widths(network)}
    elif name == "metres":
        axes = {"metres": {f"{metres:g} m": {"metres": metres} for metres in (5, 10, 20)} | {"all": {}}}
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
    title = name if network == "curve" else f"{name}-{network}"
    base = {**_BASE[network], **(_FAIR if name == "backbone" and network == "detr-small" else {})}
    return StudySettings(name=title, question=_QUESTIONS[name], axes=axes, base=base)

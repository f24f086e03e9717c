"""Sizes of networks and trainings that take a second."""

from __future__ import annotations

from typing import Any

from geobfdt.model.network_settings import CurveSettings
from geobfdt.training.training_settings import TrainingSettings

# The smallest network that has all parts: two tiers of votes, decoder layers at both strides, a stage that drops.
TINY = CurveSettings(
    columns=32, widths=(8, 8, 8, 8), features=8, votes=2, head=8, content=16, sampled=4, fine=4,
    layers=((4, 0.08, 3, 16), (2, 0.03, 3, 16)), doubts=((1, -1.75),), tiers=((0.13, 1), (0.4, 2)), queries=12,
)  # fmt: skip

# Four steps, with a check before, between and after them.
QUICK = TrainingSettings(steps=4, batch=1, rows=128, warmup=1, every=2)


def as_changes(network: CurveSettings, training: TrainingSettings) -> dict[str, Any]:
    """What ``--set`` takes: changed settings by their dotted names, as JSON has them."""
    parts = {"network": network, "training": training}
    return {
        f"{part}.{name}": value
        for part, settings in parts.items()
        for name, value in settings.model_dump(mode="json", exclude_defaults=True).items()
    }

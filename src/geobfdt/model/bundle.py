"""Model bundles: a folder that explains itself, with weights that hold numbers only.

=========================  ================================================================
``weights.safetensors``    weights and batch statistics
``settings.yaml``          settings of the network
``card.json``              training wells, scores, calibration, versions
=========================  ================================================================
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from geobfdt.model.bundle_files import CARD, FORMAT, RETRAIN, SETTINGS, SHIPPED, WEIGHTS, read_card, read_weights
from geobfdt.model.presets import Network, NetworkSettings, outline, parse_settings
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import read_yaml, validation_message
from geobfdt.runtime.storage import atomic_files
from geobfdt.wells.picks import CLASSES

__all__ = ["Bundle", "Calibration", "WellExposure", "load_bundle", "save_bundle"]

Array = npt.NDArray[np.float64]


class Calibration(BaseModel):
    """
    From a network's log odds of a class to the probability that a pick is right (Platt 1999).

    Examples
    --------
    >>> Calibration(slope=2.0, intercept=1.0).probability(np.array([-0.5]))
    array([0.5])
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    slope: float = Field(1.0, gt=0, description="factor of the log odds")
    intercept: float = Field(0.0, description="added to the scaled log odds")
    threshold: float = Field(0.5, ge=0, le=1, description="probability of best F1 on validation wells")

    def probability(self, logits: Array) -> Array:
        """Probability of log odds."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * logits + self.intercept))))

    def logits(self, probability: float) -> float:
        """Log odds of a probability within 0 and 1."""
        return float((np.log(probability) - np.log1p(-probability) - self.intercept) / self.slope)


class WellExposure(BaseModel):
    """
    The part of a well that trained a model or chose it.

    Examples
    --------
    >>> WellExposure(image="ab12", masked=(100.0, 120.0)).masked
    (100.0, 120.0)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str = Field(description="SHA-256 of the image file")
    labels: str = Field("", description="SHA-256 of picks and intervals")
    masked: tuple[float, float] | None = Field(
        None, description="masked interval, which the model was not exposed to (m, MD)"
    )


@dataclass(frozen=True)
class Bundle:
    """
    A trained network with its settings, calibration and card.

    Parameters
    ----------
    network : Network
        In evaluation mode.
    settings : NetworkSettings
        Its settings.
    calibration : dict of str to Calibration
        By class.
    card : dict
        The rest of ``card.json``: training wells, scores, versions.
    digest : str
        First 12 digits of the SHA-256 of the weights; empty while they are in no file.
    """

    network: Network
    settings: NetworkSettings
    calibration: dict[str, Calibration]
    card: dict[str, Any] = field(default_factory=dict)
    digest: str = ""

    @property
    def source(self) -> str:
        """Name of the model in pick tables."""
        return f"{self.card.get('name', self.settings.preset)} {self.digest}".strip()

    @property
    def exposures(self) -> dict[str, WellExposure]:
        """Wells that trained or chose this model, or the model that it was tuned from, by name."""
        older = {name: WellExposure(image=image) for name, image in self.card.get("digests", {}).items()}
        return older | {name: WellExposure.model_validate(entry) for name, entry in self.card.get("seen", {}).items()}

    @property
    def trained_to_depth(self) -> dict[str, float]:
        """Depth (m, MD) down to which each well trained this model, or the model that it was tuned from, by name."""
        trained = self.card.get("trained_on", [])
        older = dict.fromkeys(trained, math.inf) if isinstance(trained, list) else {}
        depths = self.card.get("learnt", {}).items()  # A null stands for the whole well.
        return older | {name: math.inf if base is None else float(base) for name, base in depths}

    def exposure_of(self, well: str, image: str) -> WellExposure | None:
        """Exposure to a well, by the well's name or by the SHA-256 of its image; None if there is none."""
        by_image = {exposure.image: exposure for exposure in self.exposures.values()}
        return self.exposures.get(well) or by_image.get(image)


def save_bundle(bundle: Bundle, folder: str | Path, half: bool = False) -> Bundle:
    """
    Write a bundle, whole or not at all.

    Parameters
    ----------
    bundle : Bundle
        Bundle to write.
    folder : str or Path
        Where; made if missing.
    half : bool
        Whether weights are stored in 16 bits.

    Returns
    -------
    Bundle
        The same bundle, read again.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    folder = Path(folder)
    tensors = {name: _stored(value, half) for name, value in bundle.network.state_dict().items()}
    calibration = {name: part.model_dump() for name, part in bundle.calibration.items()}
    weights = save(tensors, {"format": "geobfdt"})
    card = {"format": FORMAT, **bundle.card, "classes": list(CLASSES), "calibration": calibration}
    card["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    with atomic_files(folder) as part:
        (part / WEIGHTS).write_bytes(weights)
        (part / SETTINGS).write_text(yaml.safe_dump(bundle.settings.model_dump(mode="json"), sort_keys=False))
        (part / CARD).write_text(json.dumps(_plain(card), indent=1) + "\n")
    return load_bundle(folder)


def load_bundle(folder: str | Path = "default") -> Bundle:
    """
    Read a bundle.

    Parameters
    ----------
    folder : str or Path
        The bundle; ``default`` is the one that is shipped. One of a registry is read by
        :func:`geobfdt.model.registry.load_model`.

    Raises
    ------
    InputError
        If it is damaged, of another program, or written by another version of this one.
    """
    folder = SHIPPED if str(folder) == "default" else Path(folder)
    card = read_card(folder)
    try:
        settings = parse_settings(read_yaml(folder / SETTINGS, "settings file of a model", RETRAIN))
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(folder / SETTINGS, f"settings are damaged: {_why(error)}", RETRAIN) from error
    try:
        calibration = {name: Calibration(**part) for name, part in card.pop("calibration").items()}
        if card.pop("classes") != list(CLASSES) or sorted(calibration) != sorted(CLASSES):
            raise ValueError(f"classes are not {', '.join(CLASSES)}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(folder / CARD, f"calibration is damaged: {_why(error)}", RETRAIN) from error
    content = read_weights(folder)
    digest = hashlib.sha256(content).hexdigest()
    try:
        if card.pop("weights_sha256", None) != digest:
            raise ValueError("the card does not hold their SHA-256, or another one")
        stored = load(content)
        # A network without values takes no memory, however large settings describe it, until the sizes are checked.
        network = outline(settings)
        described = network.state_dict()
        _check_sizes(described, stored)
        tensors = {name: value.to(described[name].dtype, copy=True) for name, value in stored.items()}
        network.load_state_dict(tensors, assign=True)
    except (ValueError, RuntimeError, MemoryError, SafetensorError) as error:
        observed = f"weights are damaged or not of the network that {SETTINGS} describes: {_why(error)}"
        raise InputError(folder / WEIGHTS, observed, RETRAIN) from error
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise InputError(folder / WEIGHTS, "weights are not all finite numbers", RETRAIN)
    network.eval()
    bundle = Bundle(network, settings, calibration, card, digest[:12])
    try:
        _ = bundle.exposures, bundle.trained_to_depth
    except (TypeError, ValueError, AttributeError) as error:
        observed = f"the list of wells that the model was trained on is damaged: {_why(error)}"
        raise InputError(folder / CARD, observed, RETRAIN) from error
    return bundle


def _check_sizes(described: dict[str, Tensor], stored: dict[str, Tensor]) -> None:
    """Refuse weights of other sizes than those of the network that the settings describe."""
    for name in sorted(described.keys() | stored.keys()):
        ours, theirs = _shape(described.get(name)), _shape(stored.get(name))
        if ours != theirs:
            raise ValueError(f"{name} is {theirs}, and {SETTINGS} describes {ours}")


def _shape(weight: Tensor | None) -> str:
    return "not there" if weight is None else f"of {' x '.join(map(str, weight.shape)) or 'one value'}"


def _why(error: Exception) -> str:
    """Describe an error in one line: the first of several, without the words of Python or PyTorch around it."""
    if isinstance(error, ValidationError):
        return validation_message(error)
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    if isinstance(error, KeyError):
        return f"no {error.args[0]!r}"
    lines = [line.strip() for line in str(error).splitlines() if not line.startswith("Error(s) in loading")]
    return shorten(lines[0], 160, placeholder=" ...") if lines else type(error).__name__


def _stored(value: Tensor, half: bool) -> Tensor:
    return (value.half() if half and value.is_floating_point() else value).detach().contiguous()


def _plain(value: Any) -> Any:
    """The same with numbers that JSON cannot hold as null."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

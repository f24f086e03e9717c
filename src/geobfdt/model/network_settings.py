"""Settings of the networks; each default stands here and nowhere else."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from geobfdt.model.curve_settings import (
    DecoderSettings,
    DetectionSettings,
    LossSettings,
    MatchingSettings,
    VotingSettings,
)
from geobfdt.preparation.network_grid import GapsAs, GridSettings, ImageAs

__all__ = ["DETR_SMALL", "CurveSettings", "DetrSettings", "Stage"]

_MAX_REACH_CELLS = 64  # Largest number of vote cells from the middle of the tallest trace to its top.
# Neighbours are found among all pairs of shapes, and the kernel of a tier holds a value for each shape, slope, column
# and cell. No ladder of shapes that 0.1.0 could make comes near these limits.
_MAX_SHAPES, _MAX_KERNEL_VALUES = 4096, 1 << 28

# Sixteen times the grid of the shipped network, and seven times the published one's feature map. Attention over the
# places of a map takes memory with the square of their number.
_MAX_PIXELS_A_METRE = 16 * 25_600
_MAX_PLACES = 8_192

_Few = Annotated[int, Field(gt=0, le=64)]
_Channels = Annotated[int, Field(gt=0, le=1024)]
_Height = Annotated[float, Field(gt=0, le=10)]  # m
_Stride = Annotated[int, Field(ge=1, le=4)]
_Strides = tuple[_Stride, _Stride]
_Weight = Annotated[float, Field(ge=0)]


class _InputSettings(BaseModel):
    """Settings of the input of either network."""

    # Bounds are generous: a foreign bundle must not take all memory before its weights are checked.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # Settings that came after studies and runs had begun. At their defaults they change no result.
    younger: ClassVar[tuple[str, ...]] = ("coarsest_row",)

    preset: str
    step: float
    columns: int
    image: ImageAs = Field("dynamic", description="contrast evened out over a metre, over the well, or both")
    gaps: GapsAs = Field("mask", description="what was not measured: left out, or filled from its row or all around")
    coarsest_row: float | None = Field(
        None,
        gt=0,
        le=10,
        description="row height (m) above which an image is taken at a smaller scale, in which its rows have this "
        "height; none: every image at its own scale",
    )

    @property
    def grid(self) -> GridSettings:
        """Settings of the input grid."""
        return GridSettings(self.step, self.columns, self.image, self.gaps, self.coarsest_row or math.inf)

    @property
    def image_count(self) -> int:
        """Number of images of a strip that the network takes."""
        return 2 if self.image == "both" else 1

    def identity(self) -> dict[str, Any]:
        """
        Return the values that name a run or the cell of a study.

        A setting that is younger than finished runs counts only where it is not at its default, so that a finished run
        stays the same run.

        Examples
        --------
        >>> "voting" in CurveSettings().identity()
        False
        >>> CurveSettings(voting=VotingSettings(slopes=7)).identity()["voting"]
        {'slopes': 7}
        """
        values = self.model_dump(mode="json")
        used = self.model_dump(mode="json", include=set(self.younger), exclude_defaults=True)
        older = {name: value for name, value in values.items() if name not in self.younger}
        return older | {name: used[name] for name in self.younger if used.get(name)}


class Stage(NamedTuple):
    """
    Decoder layers that run on the same queries.

    Parameters
    ----------
    layers : slice
        Layers of the stage.
    least : float
        Log odds from which a query goes on to this stage.
    """

    layers: slice
    least: float


class CurveSettings(_InputSettings):
    """
    Settings of the ``curve`` network.

    Notes
    -----
    ``blocks`` are those of a ResNet-18. The study ``docs/studies/backbone`` (small networks, few steps) did not
    separate 10, 14, 18 and 34; with hours of pretraining there is more to learn, and it costs a tenth of a step.
    ``gaps`` and ``image`` are what the shipped weights were trained with; the studies of these names could not tell
    them from the alternatives.

    Examples
    --------
    >>> CurveSettings().columns
    128
    """

    younger: ClassVar[tuple[str, ...]] = ("voting", "decoder", "detection", "matching", "loss", "coarsest_row")

    # Names of fields are keys of settings files and of the metadata of exported graphs: they stay as they are.
    preset: Literal["curve"] = "curve"
    step: float = Field(0.005, ge=0.0005, le=0.2, description="row height of the grid (m)")
    columns: int = Field(128, multiple_of=16, gt=0, le=1024, description="columns of the grid")
    # Under 16 and at full height, oneDNN in PyTorch 2.13 writes beyond its memory on processors with AVX-512.
    widths: tuple[_Channels, _Channels, _Channels, _Channels] = Field(
        (24, 48, 96, 128), description="channels at strides 2, 4, 8, 16"
    )
    blocks: tuple[_Few, _Few, _Few, _Few] = Field((2, 2, 2, 2), description="residual blocks at strides 2, 4, 8, 16")
    features: int = Field(48, gt=0, le=1024, description="channels of the features that votes and queries read")
    votes: int = Field(6, gt=0, le=1024, description="channels averaged along candidate traces, for each slope")
    head: int = Field(32, gt=0, le=1024, description="hidden channels of the head that scores votes")
    tiers: tuple[tuple[_Height, _Few], ...] = Field(
        ((0.13, 1), (0.4, 2), (1.15, 4), (2.2, 8)),
        description="votes: amplitudes up to so many m are voted for on so many feature rows at once",
    )
    content: int = Field(96, multiple_of=4, gt=0, le=1024, description="channels of a query")
    sampled: int = Field(24, gt=0, le=1024, description="channels sampled along a query's trace")
    fine: int = Field(
        12, gt=0, le=1024, description="channels of the features at stride 2, for the last decoder layers"
    )
    layers: tuple[tuple[Literal[4, 2], _Height, _Few, _Channels], ...] = Field(
        (
            (4, 0.08, 9, 64), (4, 0.08, 9, 64), (2, 0.03, 7, 64), (2, 0.03, 7, 64),
            (4, 0.08, 9, 96), (2, 0.03, 7, 96), (2, 0.03, 7, 96), (2, 0.03, 7, 96),
        ),
        min_length=2,
        max_length=32,
        description="decoder layers: stride of features, half-width of the band (m, perpendicular to the trace), "
        "samples across it, channels of a column",
    )  # fmt: skip
    doubts: tuple[tuple[int, float], ...] = Field(
        ((1, -2.3), (2, -1.9), (4, -1.05)),
        description="thresholds between decoder stages: number of layers before the stage, and log odds below which a "
        "query is dropped",
    )
    company: float = Field(1.0, gt=0, description="distance in depth up to which queries attend to each other (m)")
    beside: int = Field(
        40, gt=0, le=1000, description="largest number of queries above and below that a query attends to"
    )
    queries: int = Field(100, gt=0, le=10000, description="queries of a training window of 768 rows")
    voting: VotingSettings = Field(VotingSettings(), description="trace shapes and how they are voted for")
    decoder: DecoderSettings = Field(DecoderSettings(), description="what all decoder layers share")
    detection: DetectionSettings = Field(DetectionSettings(), description="choice of queries and planes")
    matching: MatchingSettings = Field(MatchingSettings(), description="pairs of queries and planes in training")
    loss: LossSettings = Field(LossSettings(), description="weights and distances of the loss")

    @model_validator(mode="after")
    def _fine_enough_for_memory(self) -> CurveSettings:
        if self.columns / self.step > _MAX_PIXELS_A_METRE:
            raise ValueError(f"a grid of {self.columns} columns and steps of {self.step:g} m is too fine to hold")
        return self

    @field_validator("doubts")
    @classmethod
    def _in_order(cls, thresholds: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
        layers = [layer for layer, _ in thresholds]
        if layers != sorted(set(layers)):
            raise ValueError(f"layers {layers} do not go up: name each once, the first first")
        return thresholds

    @model_validator(mode="after")
    def _in_reach(self) -> CurveSettings:
        for tallest, pool in self.tiers:
            if tallest > _MAX_REACH_CELLS * 4 * self.step * pool:
                raise ValueError(
                    f"tiers up to {tallest:g} m need over {_MAX_REACH_CELLS} cells of {4 * self.step * pool:g} m"
                )
        return self

    @model_validator(mode="after")
    def _ladder_fits_memory(self) -> CurveSettings:
        columns, lowest = self.columns // 4, 0.0
        for tallest, pool in self.tiers:
            shapes = sum(count for _, count in self.voting.rings(lowest, tallest, columns))
            if not shapes:
                raise ValueError(
                    f"voting: no ring of trace shapes lies between amplitudes of {lowest:g} and {tallest:g} m"
                )
            # From the highest point of the tallest trace to its lowest one, and a cell more at either end.
            cells = 2 * math.ceil(tallest / (4 * self.step * pool)) + 3
            if shapes > _MAX_SHAPES or shapes * self.voting.slopes * columns * cells > _MAX_KERNEL_VALUES:
                raise ValueError(f"voting: {shapes:,} trace shapes up to {tallest:g} m are too many to hold")
            lowest = tallest
        return self

    @model_validator(mode="after")
    def _heads_share_a_query(self) -> CurveSettings:
        if self.content % self.decoder.heads:
            raise ValueError(f"content of {self.content} channels cannot be split over {self.decoder.heads} heads")
        return self

    @property
    def stages(self) -> list[Stage]:
        """The decoder's layers, grouped by the queries that they run on."""
        thresholds = [(0, -math.inf), *((layer, least) for layer, least in self.doubts if 0 < layer < len(self.layers))]
        ends = [*(layer for layer, _ in thresholds[1:]), len(self.layers)]
        return [Stage(slice(first, end), least) for (first, least), end in zip(thresholds, ends, strict=True)]


class DetrSettings(_InputSettings):
    """
    Settings of the ``detr`` network: the published system.

    Its authors state the input of 800 x 360 pixels, the feature map of 256 x 50 x 23, ResNet-10 to 34, four layers of
    encoder and of decoder, a feed-forward width of 1024, weights of 5 and 1, and the confidence of 0.5. Guesses are
    the row height, which five of their figures agree on though they state another; where the backbone is cut; what
    ResNet-14 is, which has no standard; heads, channels and dropout; the number of queries; and both settings of the
    focal loss.

    Notes
    -----
    :data:`DETR_SMALL` is the level of this network that a CPU trains in about an hour.

    Examples
    --------
    >>> DetrSettings(width=0.35).scaled(256)
    88
    """

    preset: Literal["detr"] = "detr"
    step: float = Field(0.00254, ge=0.0005, le=0.2, description="row height of the grid (m)")
    columns: int = Field(360, gt=0, le=1440, description="columns of the grid")
    rows: int = Field(800, multiple_of=4, gt=0, le=8000, description="height of a window (rows)")
    depth: Literal[10, 14, 18, 34] = Field(10, description="layers of the residual network")
    cut: Literal["four", "three"] = Field("four", description="stages of the residual network, the last at stride 16")
    strides: tuple[_Strides, _Strides, _Strides, _Strides] = Field(
        ((1, 1), (2, 2), (2, 2), (1, 1)),
        description="strides of the residual stages, down the hole and round it; the stem before them has 4 and 4",
    )
    width: float = Field(1.0, gt=0, le=4, description="factor on all channels, of backbone and transformer")
    encoder: int = Field(4, gt=0, le=32, description="encoder layers")
    decoder: int = Field(4, gt=0, le=32, description="decoder layers")
    heads: int = Field(8, multiple_of=4, gt=0, le=64, description="attention heads")
    channels: int = Field(256, gt=0, le=2048, description="channels of the transformer at width 1")
    feed_forward: int = Field(1024, gt=0, le=8192, description="hidden channels of a feed-forward block at width 1")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of activations dropped in training, but of attention")
    position_wave: float | None = Field(
        None,
        gt=1,
        le=8000,
        description="fastest wave of the positions down the hole (cells of the map); none: all",
    )
    temperature: float = Field(10000, gt=1, description="ratio of the slowest wave of the positions to the fastest")
    input_positions: bool = Field(False, description="whether positions are also added to what enters the encoder")
    feature_scale: float = Field(1.0, gt=0, le=16, description="factor on the backbone's features before the encoder")
    queries: int = Field(100, gt=0, le=2000, description="learned queries: most planes of a window")
    alpha: float = Field(0.25, ge=0, le=1, description="weight of ones in the focal loss; zeros weigh 1 - alpha")
    gamma: float = Field(2.0, ge=0, description="exponent of the focal loss")
    class_weight: float = Field(5.0, ge=0, description="weight of classes in the loss")
    distance_weight: float = Field(1.0, ge=0, description="weight of the L1 distance in the loss")
    matching_weights: tuple[_Weight, _Weight] | None = Field(
        None, description="weights of classes and of the L1 distance in the matching; none: those of the loss"
    )
    confidence: float = Field(0.5, ge=0, le=1, description="probability from which a query is a plane; 0: all are")

    @model_validator(mode="after")
    def _small_enough_for_memory(self) -> DetrSettings:
        if self.rows * self.columns / 16**2 > _MAX_PLACES:
            raise ValueError(f"a window of {self.rows} x {self.columns} has over {_MAX_PLACES:,} places to attend to")
        return self

    def scaled(self, channels: int) -> int:
        """Channels at this width, in whole multiples of the heads."""
        return max(round(channels * self.width / self.heads), 1) * self.heads

    @property
    def height(self) -> float:
        """Height of a window (m)."""
        return self.rows * self.step

    @property
    def map(self) -> tuple[int, int]:
        """Rows and columns of the feature map."""
        stages = self.strides[: 4 if self.cut == "four" else 3]
        down, across = (4 * math.prod(stage[axis] for stage in stages) for axis in range(2))
        return -(-self.rows // down), -(-self.columns // across)

    @property
    def pairing_weights(self) -> tuple[float, float]:
        """Weights of classes and of the L1 distance in the matching."""
        return self.matching_weights or (self.class_weight, self.distance_weight)


# The published network at a size that a CPU trains in about an hour: windows of about a metre, a quarter of the width.
# Depth matters most, so its map keeps rows of 4 cm, and positions differ between neighbouring rows.
DETR_SMALL = DetrSettings(
    step=0.01,
    columns=96,
    rows=96,
    width=0.25,
    strides=((1, 1), (1, 2), (1, 3), (1, 1)),
    encoder=2,
    decoder=3,
    heads=4,
    dropout=0.0,
    position_wave=4.0,
    temperature=100.0,
    input_positions=True,
    feature_scale=0.25,
    queries=30,
    class_weight=2.0,
    distance_weight=5.0,
    confidence=0.0,
)

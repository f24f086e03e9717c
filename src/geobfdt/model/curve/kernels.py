"""Compiled kernels of the ``curve`` network: what PyTorch does in many passes over memory, in one pass in cache.

Numba compiles this module when it is first imported, and keeps the code on disk. Everything is built on one product of
matrices (:func:`_tile`) that keeps its sums in registers: a layer, a convolution and a mean over columns are products
whose rows overlap, or lie apart by any stride. Arrays are of single precision, contiguous, and padded: rows of sums to
whole tiles (``TILE_ROWS``), channels to whole panels (:func:`panel_width`). No array is checked here;
:mod:`geobfdt.model.curve.accelerated` makes them all.

All kernels are compiled in one module, since Numba compiles a function again only if its own file changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils, config
from numba.extending import intrinsic

__all__ = [
    "SPARE",
    "TILE_ROWS",
    "VOTE_CELLS",
    "add_upsampled",
    "attend_along_traces",
    "attend_to_neighbours",
    "convolve",
    "lay_out",
    "linear",
    "normalise",
    "panel_width",
    "score_votes",
]


def _has(feature: str) -> bool:
    """Return whether the processor that Numba compiles for has an instruction set."""
    if config.CPU_FEATURES is not None:
        return f"+{feature}" in config.CPU_FEATURES.split(",")
    return bool(binding.get_host_cpu_features().get(feature, False))


if binding.get_default_triple().startswith("x86_64") and not _has("fma"):
    raise ImportError("these kernels need a processor with fused multiply-add")

_WIDE = _has("avx512f")
_LANES = 16 if _WIDE else 8  # Numbers in a vector.
TILE_ROWS = 8 if _WIDE else 4  # Rows of a tile: as many sums as leave registers for the factors.
# Panels of so many channels, and the vectors that they are made of.
_PANELS: dict[int, tuple[int, ...]] = (
    {48: (16, 16, 16), 32: (16, 16), 24: (16, 8), 16: (16,), 8: (8,)} if _WIDE else {24: (8, 8, 8), 16: (8, 8), 8: (8,)}
)
SPARE = 64  # Numbers beyond the end of an array that vectors may touch.
_SUM_VECTORS = 4  # Vectors of cells that are summed at a time.
_CHUNK = _SUM_VECTORS * _LANES  # Cells of them.
VOTE_CELLS = 128  # Cells of a vote whose sums are computed together; the first and the last one belong to neighbours.
_NO_FLOOR = np.float32(-np.inf)
_REORDER = {"reassoc", "contract", "nsz", "arcp"}  # NaN and infinity keep their meaning.

_LONG, _INT, _SINGLE = ir.IntType(64), ir.IntType(32), ir.FloatType()
_VECTOR = types.Array(types.float32, 1, "C")
_MATRIX = types.Array(types.float32, 2, "C")
_MAP = types.Array(types.float32, 3, "C")
_INDICES = types.Array(types.int64, 1, "C")
_LINEAR = types.Tuple((_VECTOR, _VECTOR, types.int64))  # Packed weights, bias, width of a panel.
_I, _F, _B, _NOTHING = types.int64, types.float32, types.boolean, types.void


def _compiled(result: Any, *arguments: Any) -> Any:
    """Compile a function for one set of types, at once: a cache that cannot be written fails on import."""
    return njit([result(*arguments)], nogil=True, cache=True, fastmath=_REORDER)


def panel_width(channels: int) -> int:
    """Width of the panels that hold so many channels with the least padding."""
    return min(_PANELS, key=lambda width: (-(-channels // width) * width, -width))


class _Lanes:
    """Vectors of so many numbers, at addresses in bytes."""

    def __init__(self, builder: Any, lanes: int) -> None:
        self.builder, self.lanes, self.kind = builder, lanes, ir.VectorType(_SINGLE, lanes)

    def at(self, address: Any, offset: int) -> Any:
        return self.builder.add(address, ir.Constant(_LONG, offset))

    def load(self, address: Any) -> Any:
        values = self.builder.load(self.builder.inttoptr(address, self.kind.as_pointer()))
        values.align = 4
        return values

    def store(self, values: Any, address: Any) -> None:
        self.builder.store(values, self.builder.inttoptr(address, self.kind.as_pointer())).align = 4

    def splat(self, number: Any) -> Any:
        nothing = ir.Constant(self.kind, ir.Undefined)
        one = self.builder.insert_element(nothing, number, ir.Constant(_INT, 0))
        everywhere = ir.Constant(ir.VectorType(_INT, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, nothing, everywhere)

    def fma(self, first: Any, second: Any, third: Any) -> Any:
        kind = ir.FunctionType(self.kind, [self.kind] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.fma.v{self.lanes}f32")
        return self.builder.call(function, [first, second, third])

    def at_least(self, values: Any, floor: Any) -> Any:
        """The larger of two; a value that is not a number stays one, as in PyTorch."""
        return self.builder.select(self.builder.fcmp_ordered("<", values, floor), floor, values)


def _load_number(builder: Any, address: Any) -> Any:
    return builder.load(builder.inttoptr(address, _SINGLE.as_pointer()))


def _tile(vectors: tuple[int, ...]) -> Callable[..., None]:
    """
    Make the product of a tile: ``TILE_ROWS`` rows times one panel of channels.

    Notes
    -----
    ``out = max(bias + sum over segments and depth of lhs x rhs + residual, floor)``. A row of `lhs` consists of
    segments that lie `segment_step` apart, each of `depth` numbers side by side; rows lie `lhs_step` apart and may
    overlap, so that a convolution needs no copy. Steps and addresses are in bytes. An address of 0 is no residual.
    """

    @intrinsic
    def tile(
        typingctx: Any, lhs: Any, lhs_step: Any, segment_step: Any, segments: Any, depth: Any,  # noqa: ARG001
        rhs: Any, rhs_step: Any, out: Any, out_step: Any, bias: Any, residual: Any, floor: Any,  # noqa: ARG001
    ) -> Any:  # fmt: skip
        def codegen(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            (
                lhs,
                lhs_step,
                segment_step,
                segments,
                depth,
                rhs,
                rhs_step,
                out,
                out_step,
                bias,
                residual,
                floor,
            ) = arguments
            parts = [_Lanes(builder, lanes) for lanes in vectors]
            offsets = [4 * sum(vectors[:i]) for i in range(len(vectors))]
            # These variables become registers.
            sums = [[cgutils.alloca_once(builder, part.kind) for part in parts] for _ in range(TILE_ROWS)]
            for i, (part, offset) in enumerate(zip(parts, offsets, strict=True)):
                first = part.load(part.at(bias, offset))
                for row in sums:
                    builder.store(first, row[i])
            place = cgutils.alloca_once_value(builder, rhs)
            with cgutils.for_range(builder, segments) as segment:
                begin = builder.add(lhs, builder.mul(segment.index, segment_step))
                begins = [builder.add(begin, builder.mul(lhs_step, ir.Constant(_LONG, i))) for i in range(TILE_ROWS)]
                with cgutils.for_range(builder, depth) as loop:
                    here, along = builder.load(place), builder.mul(loop.index, ir.Constant(_LONG, 4))
                    factors = [part.load(part.at(here, offset)) for part, offset in zip(parts, offsets, strict=True)]
                    for row, row_begin in zip(sums, begins, strict=True):
                        number = _load_number(builder, builder.add(row_begin, along))
                        for part, factor, total in zip(parts, factors, row, strict=True):
                            builder.store(part.fma(part.splat(number), factor, builder.load(total)), total)
                    builder.store(builder.add(here, rhs_step), place)
            steps = [builder.mul(out_step, ir.Constant(_LONG, i)) for i in range(TILE_ROWS)]
            with builder.if_then(builder.icmp_signed("!=", residual, ir.Constant(_LONG, 0))):
                for step, row in zip(steps, sums, strict=True):
                    for part, offset, total in zip(parts, offsets, row, strict=True):
                        other = part.load(part.at(builder.add(residual, step), offset))
                        builder.store(builder.fadd(builder.load(total), other), total)
            for step, row in zip(steps, sums, strict=True):
                for part, offset, total in zip(parts, offsets, row, strict=True):
                    value = part.at_least(builder.load(total), part.splat(floor))
                    part.store(value, part.at(builder.add(out, step), offset))
            return context.get_dummy_value()

        return types.void(*(types.intp,) * 11, types.float32), codegen

    return tile  # type: ignore[no-any-return]


_TILES = {width: _tile(vectors) for width, vectors in _PANELS.items()}
_tile8, _tile16, _tile24 = _TILES[8], _TILES[16], _TILES[24]
_tile32, _tile48 = _TILES.get(32, _tile8), _TILES.get(48, _tile8)


@intrinsic
def _blend(typingctx: Any, out: Any, above: Any, below: Any, share: Any, rest: Any, count: Any) -> Any:  # noqa: ARG001
    """``out = rest * above + share * below`` for so many numbers, rounded up to vectors of 8."""

    def codegen(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        out, above, below, share, rest, count = arguments
        lanes = _Lanes(builder, 8)
        share, rest = lanes.splat(share), lanes.splat(rest)
        vectors = builder.sdiv(builder.add(count, ir.Constant(_LONG, 7)), ir.Constant(_LONG, 8))
        with cgutils.for_range(builder, vectors) as loop:
            along = builder.mul(loop.index, ir.Constant(_LONG, 32))
            first = builder.fmul(rest, lanes.load(builder.add(above, along)))
            lanes.store(lanes.fma(share, lanes.load(builder.add(below, along)), first), builder.add(out, along))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp, types.float32, types.float32, types.intp), codegen


@intrinsic
def _mix_taps(
    typingctx: Any, out: Any, before: Any, here: Any, after: Any, shares: Any, count: Any  # noqa: ARG001
) -> Any:  # fmt: skip
    """Weighted sum of what is positive in three columns, for so many channels; `shares` holds three rows of them."""

    def codegen(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        out, before, here, after, shares, count = arguments
        lanes = _Lanes(builder, _LANES)
        zero = lanes.splat(ir.Constant(_SINGLE, 0.0))
        row = builder.mul(count, ir.Constant(_LONG, 4))
        places = [shares, builder.add(shares, row), builder.add(shares, builder.add(row, row))]
        size = ir.Constant(_LONG, _LANES)
        vectors = builder.sdiv(builder.add(count, ir.Constant(_LONG, _LANES - 1)), size)
        with cgutils.for_range(builder, vectors) as loop:
            along = builder.mul(loop.index, ir.Constant(_LONG, 4 * _LANES))
            total = zero
            for column, share in zip((before, here, after), places, strict=True):
                active = lanes.at_least(lanes.load(builder.add(column, along)), zero)
                total = lanes.fma(active, lanes.load(builder.add(share, along)), total)
            lanes.store(total, builder.add(out, along))
        return context.get_dummy_value()

    return types.void(*(types.intp,) * 6), codegen


@intrinsic
def _sum_lines(typingctx: Any, out: Any, lines: Any, offsets: Any, weights: Any, count: Any) -> Any:  # noqa: ARG001
    """Weighted sum of pieces of lines, for ``_CHUNK`` cells: `offsets` (numbers) say where they lie."""

    def codegen(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        out, lines, offsets, weights, count = arguments
        lanes = _Lanes(builder, _LANES)
        zero = lanes.splat(ir.Constant(_SINGLE, 0.0))
        sums = [cgutils.alloca_once_value(builder, zero) for _ in range(_SUM_VECTORS)]
        with cgutils.for_range(builder, count) as loop:
            place = builder.add(offsets, builder.mul(loop.index, ir.Constant(_LONG, 8)))
            offset = builder.load(builder.inttoptr(place, _LONG.as_pointer()))
            begin = builder.add(lines, builder.mul(offset, ir.Constant(_LONG, 4)))
            weight = _load_number(builder, builder.add(weights, builder.mul(loop.index, ir.Constant(_LONG, 4))))
            weight = lanes.splat(weight)
            for i, total in enumerate(sums):
                piece = lanes.load(lanes.at(begin, 4 * _LANES * i))
                builder.store(lanes.fma(weight, piece, builder.load(total)), total)
        for i, total in enumerate(sums):
            lanes.store(builder.load(total), lanes.at(out, 4 * _LANES * i))
        return context.get_dummy_value()

    return types.void(*(types.intp,) * 5), codegen


@intrinsic
def _as_float(typingctx: Any, bits: Any) -> Any:  # noqa: ARG001
    return types.float32(types.int32), lambda _, builder, __, arguments: builder.bitcast(arguments[0], _SINGLE)


@intrinsic
def _as_bits(typingctx: Any, number: Any) -> Any:  # noqa: ARG001
    return types.int32(types.float32), lambda _, builder, __, arguments: builder.bitcast(arguments[0], _INT)


@_compiled(_F, _F)
def _exp(x):
    """Exponential in single precision, of a kind that loops turn into vectors (Cephes' polynomial)."""
    x = min(max(x, np.float32(-87.0)), np.float32(88.0))
    power = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    x = x - power * np.float32(0.693359375) + power * np.float32(2.12194440e-4)
    value = np.float32(1.9875691500e-4)
    value = value * x + np.float32(1.3981999507e-3)
    value = value * x + np.float32(8.3334519073e-3)
    value = value * x + np.float32(4.1665795894e-2)
    value = value * x + np.float32(1.6666665459e-1)
    value = value * x + np.float32(5.0000001201e-1)
    value = value * x * x + x + np.float32(1.0)
    return value * _as_float(np.int32((np.int32(power) + np.int32(127)) << np.int32(23)))


@_compiled(_F, _F)
def _log(x):
    """Natural logarithm of a normal positive number, of the same kind."""
    bits = _as_bits(x)
    power = np.float32((bits >> np.int32(23)) - np.int32(126))
    x = _as_float(np.int32((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000)))
    low = x < np.float32(0.707106781)
    power = power - np.float32(1.0) if low else power
    x = x + x - np.float32(1.0) if low else x - np.float32(1.0)
    value = np.float32(7.0376836292e-2)
    value = value * x - np.float32(1.1514610310e-1)
    value = value * x + np.float32(1.1676998740e-1)
    value = value * x - np.float32(1.2420140846e-1)
    value = value * x + np.float32(1.4249322787e-1)
    value = value * x - np.float32(1.6668057665e-1)
    value = value * x + np.float32(2.0000714765e-1)
    value = value * x - np.float32(2.4999993993e-1)
    value = value * x + np.float32(3.3333331174e-1)
    square = x * x
    value = value * x * square - np.float32(0.5) * square - power * np.float32(2.12194440e-4)
    return x + value + power * np.float32(0.693359375)


@_compiled(_F, _F)
def _sigmoid(x):
    return np.float32(1.0) / (np.float32(1.0) + _exp(-x))


@_compiled(_NOTHING, *(_I,) * 15, _F)
def _product(
    lhs, lhs_step, segment_step, segments, depth, rows, rhs, rhs_step, panel_step, width, panels, out, out_step,
    bias, residual, floor,
):  # fmt: skip
    """Product of matrices, tile by tile; see :func:`_tile`. Panels of `rhs` lie `panel_step` apart."""
    for panel in range(panels):
        across = 4 * width * panel
        factors = rhs + panel * panel_step
        for row in range(0, rows, TILE_ROWS):
            begin, place = lhs + row * lhs_step, out + row * out_step + across
            other = residual + row * out_step + across if residual != 0 else residual
            if width == 8:
                _tile8(begin, lhs_step, segment_step, segments, depth, factors, rhs_step, place, out_step,
                       bias + across, other, floor)  # fmt: skip
            elif width == 16:
                _tile16(begin, lhs_step, segment_step, segments, depth, factors, rhs_step, place, out_step,
                        bias + across, other, floor)  # fmt: skip
            elif width == 24:
                _tile24(begin, lhs_step, segment_step, segments, depth, factors, rhs_step, place, out_step,
                        bias + across, other, floor)  # fmt: skip
            elif width == 32:
                _tile32(begin, lhs_step, segment_step, segments, depth, factors, rhs_step, place, out_step,
                        bias + across, other, floor)  # fmt: skip
            else:
                _tile48(begin, lhs_step, segment_step, segments, depth, factors, rhs_step, place, out_step,
                        bias + across, other, floor)  # fmt: skip


@_compiled(_NOTHING, _I, _I, _I, _LINEAR, _I, _I, _I, _F)
def _layer(lhs, lhs_step, rows, layer, out, bias, residual, floor):
    """Product of rows with packed weights; `bias` is an address."""
    weights, zeros, width = layer
    panels = zeros.size // width
    depth = weights.size // zeros.size
    _product(lhs, lhs_step, 0, 1, depth, rows, weights.ctypes.data, 4 * width, 4 * width * depth, width, panels, out,
             4 * zeros.size, bias, residual, floor)  # fmt: skip


@_compiled(
    _NOTHING, _MATRIX, _LINEAR, _MATRIX, _B, _B,
)  # fmt: skip
def linear(inputs, layer, out, add, relu):
    """
    Linear layer on all rows, with optional ReLU; `add` says whether the result is added to what `out` holds.

    Rows of inputs and of the result are whole tiles.
    """
    floor = np.float32(0.0) if relu else _NO_FLOOR
    place = out.ctypes.data
    _layer(inputs.ctypes.data, 4 * inputs.shape[1], inputs.shape[0], layer, place, layer[1].ctypes.data,
           place if add else 0, floor)  # fmt: skip


@_compiled(
    _NOTHING, _MATRIX, _VECTOR, _VECTOR,
)  # fmt: skip
def normalise(values, weight, bias):
    """Normalise each row to mean 0 and variance 1, then scale and shift it, in place (layer normalisation)."""
    size = weight.size
    for i in range(values.shape[0]):
        row = values[i]
        total = np.float32(0.0)
        for j in range(size):
            total += row[j]
        mean = total / np.float32(size)
        total = np.float32(0.0)
        for j in range(size):
            total += (row[j] - mean) * (row[j] - mean)
        scale = np.float32(1.0) / np.float32(math.sqrt(total / np.float32(size) + np.float32(1e-5)))
        for j in range(size):
            row[j] = (row[j] - mean) * scale * weight[j] + bias[j]


@_compiled(
    _NOTHING, _MAP, _I, _I, _LINEAR, _MAP, _MAP, _B, _B, _VECTOR, _I, _I,
)  # fmt: skip
def convolve(image, size, stride, layer, other, out, add, relu, measured, begin, end):
    """
    Convolution with padding round the hole, addition and ReLU in one pass.

    A row of pixels side by side is one row of the product, so that no pixel is copied.

    Parameters
    ----------
    image : array (rows + 2 margin, columns + 2 margin, channels)
        Within a margin that is as wide as the largest kernel on it reaches: copies of the columns from the other side,
        and zeros above and below.
    size, stride : int
        Of the kernel.
    layer : packed layer
        Weights (size x size x channels, outputs) and bias.
    other : array like `out`
        What is added to the result.
    out : array (rows + 2, columns + 2, outputs)
        Result, with its own margin of 1; rows above and below stay as they are.
    add, relu : bool
        Whether `other` is added, and whether negative values become 0.
    measured : array (rows of the result,)
        0 where a row does not belong to the image: it becomes 0.
    begin, end : int
        Rows of the result to compute.
    """
    columns, outputs = out.shape[1] - 2, out.shape[2]
    wide, channels = image.shape[1], image.shape[2]
    margin = (wide - stride * columns) // 2 - size // 2
    weights, bias, width = layer
    depth = size * channels
    line, pixel = 4 * wide * channels, 4 * channels
    floor = np.float32(0.0) if relu else _NO_FLOOR
    for row in range(begin, end):
        if measured[row] == np.float32(0.0):
            out[row + 1] = np.float32(0.0)
            continue
        lhs = image.ctypes.data + (row * stride + margin) * line + margin * pixel
        at = 4 * outputs * ((row + 1) * out.shape[1] + 1)
        _product(lhs, stride * pixel, line, size, depth, columns, weights.ctypes.data, 4 * width,
                 4 * width * depth * size, width, outputs // width, out.ctypes.data + at, 4 * outputs, bias.ctypes.data,
                 other.ctypes.data + at if add else 0, floor)  # fmt: skip
        for channel in range(outputs):
            out[row + 1, 0, channel] = out[row + 1, columns, channel]
            out[row + 1, columns + 1, channel] = out[row + 1, 1, channel]
    if columns % TILE_ROWS and end == out.shape[0] - 2:
        # The last tile reaches into the row below the map.
        for column in range(columns + 2):
            for channel in range(outputs):
                out[end + 1, column, channel] = np.float32(0.0)


@_compiled(
    _NOTHING, _MAP, _MAP, _B, _VECTOR,
)  # fmt: skip
def add_upsampled(coarse, fine, relu, measured):
    """Add a map of half the resolution to one, in place, both within margins of 1; rows not measured become 0."""
    rows, columns, channels = fine.shape[0] - 2, fine.shape[1] - 2, fine.shape[2]
    for row in range(rows):
        if measured[row] == np.float32(0.0):
            fine[row + 1] = np.float32(0.0)
            continue
        for column in range(columns):
            for channel in range(channels):
                value = fine[row + 1, column + 1, channel] + coarse[row // 2 + 1, column // 2 + 1, channel]
                fine[row + 1, column + 1, channel] = np.float32(0.0) if relu and value < np.float32(0.0) else value
        for channel in range(channels):
            fine[row + 1, 0, channel] = fine[row + 1, columns, channel]
            fine[row + 1, columns + 1, channel] = fine[row + 1, 1, channel]


@_compiled(
    _NOTHING, _MAP, _MATRIX, _I, _VECTOR,
)  # fmt: skip
def lay_out(features, mask, channels, field):
    """Lay features within a margin of 1 out for sampling: columns first, the measured share as last channel."""
    rows, columns = mask.shape
    for row in range(rows):
        for column in range(columns):
            at = (column * rows + row) * (channels + 1)
            for channel in range(channels):
                field[at + channel] = features[row + 1, column + 1, channel]
            field[at + channels] = mask[row, column]


@njit([_NOTHING(_VECTOR, _I, _I, _I, _VECTOR, _F, _MATRIX, _VECTOR, _F, _I, _VECTOR)], nogil=True, cache=True)
def _sample(field, columns, rows, channels, trace, radius, waves, across, row_height, band, slopes):
    """Sample features in a band along one trace, linear between rows; zero beyond the ends of the map."""
    samples = across.size
    place = band
    source = field.ctypes.data
    for column in range(columns):
        cosine, sine = waves[column, 1], waves[column, 2]
        # Rounded as PyTorch rounds it: a depth of 80 m has steps of 8 micrometres.
        depth = np.float32(np.float64(trace[0]) + np.float64(trace[1]) * np.float64(cosine))
        depth = np.float32(np.float64(depth) + np.float64(trace[2]) * np.float64(sine))
        rise = (trace[2] * cosine - trace[1] * sine) / radius
        slope = np.float32(math.sqrt(np.float32(1.0) + rise * rise))
        slopes[column] = slope
        for sample in range(samples):
            at = (depth + slope * across[sample]) / row_height
            share, rest, low = np.float32(0.0), np.float32(0.0), 0
            # Half a row beyond the ends counts: queries often begin on the last row itself.
            if at > np.float32(-0.5) and at < np.float32(rows) - np.float32(0.5):
                at = min(max(at, np.float32(0.0)), np.float32(rows - 1))
                low = min(int(at), max(rows - 2, 0))
                share = at - np.float32(low)
                rest = np.float32(1.0) - share
            above = source + 4 * channels * (column * rows + low)
            _blend(place, above, above + 4 * channels, share, rest, channels)
            place += 4 * channels


@_compiled(_NOTHING, _VECTOR, _VECTOR, _VECTOR, _MATRIX, types.float64, _VECTOR)
def _fit(offsets, weights, slopes, waves, ridge, change):
    """Fit offsets from a trace by a change of it; see :func:`geobfdt.model.curve.decoder.fit_trace_update`."""
    columns = weights.size
    n00, n01, n02, n11, n12, n22 = ridge, 0.0, 0.0, ridge, 0.0, ridge
    r0, r1, r2 = 0.0, 0.0, 0.0
    for i in range(columns):
        cosine, sine, slope = waves[i, 1], waves[i, 2], slopes[i]
        share = weights[i] / (slope * slope) / columns
        pull = share * offsets[i] * slope
        n00 += share
        n01 += share * cosine
        n02 += share * sine
        n11 += share * cosine * cosine
        n12 += share * cosine * sine
        n22 += share * sine * sine
        r0 += pull
        r1 += pull * cosine
        r2 += pull * sine
    c00, c01, c02 = n11 * n22 - n12 * n12, n02 * n12 - n01 * n22, n01 * n12 - n02 * n11
    c11, c12, c22 = n00 * n22 - n02 * n02, n01 * n02 - n00 * n12, n00 * n11 - n01 * n01
    determinant = n00 * c00 + n01 * c01 + n02 * c02
    change[0] = (c00 * r0 + c01 * r1 + c02 * r2) / determinant
    change[1] = (c01 * r0 + c11 * r1 + c12 * r2) / determinant
    change[2] = (c02 * r0 + c12 * r1 + c22 * r2) / determinant


@_compiled(types.float64, _VECTOR, _F)
def _stretch(trace, radius):
    return math.sqrt(1.0 + (trace[1] * trace[1] + trace[2] * trace[2]) / (radius * radius) / 2.0)


@_compiled(
    _NOTHING, _VECTOR, _I, _I, _I, _MATRIX, _F, _MATRIX, _VECTOR, _F, _MATRIX, _LINEAR, _LINEAR, _VECTOR, _INDICES,
    _LINEAR, _LINEAR, _F, _F, _VECTOR, _MATRIX, _MATRIX, _MATRIX,
)  # fmt: skip
def attend_along_traces(
    field, columns, rows, channels, traces, radius, waves, across, row_height, embedded, look, again, shares, reaches,
    mixes, local, limit, ridge, scratch, pooled, change, weight,
):  # fmt: skip
    """
    Read the features in a band along each trace; one query at a time, whose values stay in cache.

    It computes what :meth:`geobfdt.model.curve.decoder._Layer.attend_along_trace` does.

    Parameters
    ----------
    field : array (columns x rows x channels + SPARE,)
        Feature map, columns first.
    columns, rows, channels : int
        Its sizes.
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    radius : float
        Hole radius (m).
    waves : array (columns, 3)
        1, cos t and sin t.
    across : array (samples,)
        Distances of the samples from the trace (m).
    row_height : float
        Height of a row of the map (m).
    embedded : array (n, padded)
        Embedded hidden state of each query, with the bias of `look`.
    look, again, mixes, local : packed layers
        The mixes are packed one after the other.
    shares : array (reaches x 3 x padded + SPARE,)
        Taps of each mix.
    reaches : array of int
        Distances of the taps (columns).
    limit, ridge : float
        Half-width of the band (m); weight of the prior.
    scratch : array
        See :func:`geobfdt.model.curve.accelerated._scratch_size`.
    pooled : array (n, 2 x padded), change : array (n, 3), weight : array (n, columns)
        Results: the weighted and the plain mean of the columns, what is added to the trace, the weight of each column.
    """
    size = again[1].size
    tall = -(-columns // TILE_ROWS) * TILE_ROWS
    depth = look[0].size // look[1].size
    row = 4 * size
    band = scratch.ctypes.data
    wrapped = band + 4 * (tall * depth + SPARE)
    values = wrapped + row * (tall + 2) + 4 * SPARE
    taps = values + row * tall + 4 * SPARE
    # The last parts of the scratch are used as arrays, too.
    at = (taps - band) // 4 + size * tall + SPARE
    offsets = scratch[at : at + 8 * tall]
    at += 8 * tall + SPARE
    means = scratch[at : at + TILE_ROWS * columns]
    at += TILE_ROWS * columns + SPARE
    both = scratch[at : at + TILE_ROWS * size]
    at += TILE_ROWS * size + SPARE
    slopes = scratch[at : at + columns]
    first, last = (wrapped - band) // 4, (wrapped - band) // 4 + columns * size
    zeros = local[1].ctypes.data
    for i in range(TILE_ROWS * columns):
        means[i] = np.float32(1.0) / np.float32(columns) if columns <= i < 2 * columns else np.float32(0.0)
    mix_weights, mix_bias, mix_width = mixes
    count = reaches.size
    # A mean has no bias: a row of zeros follows the biases of the mixes.
    no_bias = mix_bias.ctypes.data + row * count
    mix_size = mix_weights.size // max(count, 1)
    mix_depth = mix_size // size
    for query in range(traces.shape[0]):
        _sample(field, columns, rows, channels, traces[query], radius, waves, across, row_height, band, slopes)
        _layer(band, 4 * depth, tall, look, wrapped + row, embedded[query].ctypes.data, 0, np.float32(0.0))
        for i in range(size):
            scratch[first + i] = scratch[last + i]
            scratch[last + size + i] = scratch[first + size + i]
        # Three columns side by side are one row of this product.
        floor = _NO_FLOOR if count else np.float32(0.0)
        _layer(wrapped, row, tall, again, values, again[1].ctypes.data, 0, floor)
        for part in range(count):
            reach = reaches[part]
            for column in range(columns):
                before, after = (column - reach) % columns, (column + reach) % columns
                _mix_taps(taps + row * column, values + row * before, values + row * column, values + row * after,
                          shares.ctypes.data + 3 * row * part, size)  # fmt: skip
            floor = np.float32(0.0) if part == count - 1 else _NO_FLOOR
            _product(taps, row, 0, 1, mix_depth, tall, mix_weights.ctypes.data + 4 * mix_size * part, 4 * mix_width,
                     4 * mix_width * mix_depth, mix_width, size // mix_width, values, row,
                     mix_bias.ctypes.data + row * part, values, floor)  # fmt: skip
        _layer(values, row, tall, local, offsets.ctypes.data, zeros, 0, _NO_FLOOR)
        total = np.float32(0.0)
        for column in range(columns):
            # tanh(x) = 1 - 2 / (exp(2 x) + 1)
            grown = _exp(np.float32(2.0) * offsets[8 * column])
            share = _sigmoid(offsets[8 * column + 1])
            offsets[8 * column] = limit * (np.float32(1.0) - np.float32(2.0) / (grown + np.float32(1.0)))
            weight[query, column] = share
            total += share
        for column in range(columns):
            means[column] = weight[query, column] / (total + np.float32(1e-3))
        _product(means.ctypes.data, 4 * columns, 0, 1, columns, TILE_ROWS, values, row, 4 * mix_width, mix_width,
                 size // mix_width, both.ctypes.data, row, no_bias, 0, _NO_FLOOR)  # fmt: skip
        for i in range(2 * size):
            pooled[query, i] = both[i]
        for column in range(columns):
            offsets[column] = offsets[8 * column]
        stretching = _stretch(traces[query], radius)
        _fit(offsets[:columns], weight[query], slopes, waves, ridge / (stretching * stretching), change[query])


@_compiled(
    _NOTHING, _I, _I, _I, _MATRIX, _MATRIX, _F, _F, _F, _MATRIX, _VECTOR, _MATRIX, _VECTOR, _MATRIX, _MATRIX,
)  # fmt: skip
def _bias_pairs(
    query, low, near, places, geometry, max_distance, depth_scale, rms_floor, inner, inner_bias, outer, outer_bias,
    pairs, biases,
):  # fmt: skip
    """
    Make biases and gates (2 x heads, neighbours) of the geometry of a query's pairs with so many from `low` on.

    Rows of `pairs` are the four values of a pair, 1 where the two are too far apart, and what the hidden layer holds.
    """
    z0, a, b = places[0, query], places[1, query], places[2, query]
    stretching, east, north, up = geometry[0, query], geometry[1, query], geometry[2, query], geometry[3, query]
    for k in range(near):
        j = low + k
        change, da, db = z0 - places[0, j], a - places[1, j], b - places[2, j]
        rms = np.float32(math.sqrt(change * change + (da * da + db * db) * np.float32(0.5) + np.float32(1e-8)))
        scaled = rms / np.float32(math.sqrt(stretching * geometry[0, j]))
        cosine = east * geometry[1, j] + north * geometry[2, j] + up * geometry[3, j]
        square = cosine * cosine
        fourth = square * square
        eighth = fourth * fourth
        apart = change / depth_scale
        pairs[0, k] = _log(scaled + rms_floor) + np.float32(3.0)
        pairs[1, k] = square
        pairs[2, k] = eighth * eighth
        pairs[3, k] = _exp(-apart * apart)
        pairs[4, k] = np.float32(1.0) if abs(change) > max_distance else np.float32(0.0)
    for o in range(outer_bias.size):
        for k in range(near):
            biases[o, k] = outer_bias[o]
    for u in range(inner_bias.size):
        w0, w1, w2, w3 = inner[u, 0], inner[u, 1], inner[u, 2], inner[u, 3]
        for k in range(near):
            value = w0 * pairs[0, k] + w1 * pairs[1, k] + w2 * pairs[2, k] + w3 * pairs[3, k] + inner_bias[u]
            pairs[5, k] = value if value > np.float32(0.0) else np.float32(0.0)
        for o in range(outer_bias.size):
            share = outer[o, u]
            for k in range(near):
                biases[o, k] += share * pairs[5, k]


@_compiled(
    _NOTHING, _MATRIX, _MATRIX, _F, _I, _F, _F, _F, _I, _I, _MATRIX, _VECTOR, _MATRIX, _VECTOR, _MATRIX,
)  # fmt: skip
def attend_to_neighbours(
    traces, projected, radius, beside, max_distance, depth_scale, rms_floor, heads, size, inner, inner_bias, outer,
    outer_bias, out,
):  # fmt: skip
    """
    Attend to the real neighbours of each query; see :class:`geobfdt.model.curve.decoder.CurveDecoder`.

    Parameters
    ----------
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    projected : array (rows, at least 3 x size)
        Queries, keys and values.
    radius : float
        Hole radius (m).
    beside : int
        Number of neighbours on either side.
    max_distance, depth_scale, rms_floor : float
        Of the settings (m).
    heads, size : int
        Attention heads; channels of a query.
    inner, outer : array (16, 5), (2 x heads, 16)
        Layers that make biases and gates of the geometry of a pair, with their biases.
    out : array (rows, size + heads)
        Results: the attended values, and the logarithm of the counted neighbours.
    """
    count, channels = traces.shape[0], size // heads
    most = 2 * beside + 1
    keys = np.empty((size, count), dtype=np.float32)
    for i in range(count):
        for j in range(size):
            keys[j, i] = projected[i, size + j]
    geometry = np.empty((4, count), dtype=np.float32)  # Stretch, and the pole of the plane in the axes of the hole.
    for i in range(count):
        a, b = traces[i, 1] / radius, traces[i, 2] / radius
        length = np.float32(math.sqrt(a * a + b * b + np.float32(1.0)))
        geometry[0, i] = _stretch(traces[i], radius)
        geometry[1, i], geometry[2, i], geometry[3, i] = a / length, b / length, np.float32(1.0) / length
    places = np.empty((3, count), dtype=np.float32)
    for i in range(count):
        places[0, i], places[1, i], places[2, i] = traces[i, 0], traces[i, 1], traces[i, 2]
    pairs = np.empty((6, most), dtype=np.float32)
    biases, score = np.empty((2 * heads, most), dtype=np.float32), np.empty(most, dtype=np.float32)
    scale = np.float32(1.0 / math.sqrt(channels))
    for i in range(count):
        low, high = max(i - beside, 0), min(i + beside + 1, count)
        near = high - low
        _bias_pairs(i, low, near, places, geometry, max_distance, depth_scale, rms_floor, inner, inner_bias, outer,
                    outer_bias, pairs, biases)  # fmt: skip
        for head in range(heads):
            begin = head * channels
            for k in range(near):
                score[k] = np.float32(0.0)
            for d in range(channels):
                value = projected[i, begin + d] * scale
                for k in range(near):
                    score[k] += value * keys[begin + d, low + k]
            highest = np.float32(-np.inf)
            counted = np.float32(0.0)
            for k in range(near):
                # A large number, as in PyTorch: the exponential of it is 0.
                score[k] += biases[head, k] - np.float32(1e4) * pairs[4, k]
                highest = max(highest, score[k])
                counted += _sigmoid(biases[heads + head, k]) * (np.float32(1.0) - pairs[4, k])
            total = np.float32(0.0)
            for k in range(near):
                score[k] = _exp(score[k] - highest) * (np.float32(1.0) - pairs[4, k])
                total += score[k]
            for d in range(channels):
                out[i, begin + d] = np.float32(0.0)
            for k in range(near):
                share = score[k] / total
                for d in range(channels):
                    out[i, begin + d] += share * projected[low + k, 2 * size + begin + d]
            out[i, size + head] = np.float32(math.log1p(counted))


@_compiled(_NOTHING, _MATRIX, _I, _I, _VECTOR, _I)
def _transpose_rows(maps, first, width, lines, factor):
    """Lay rows (rows, lines) from `first` on out as lines along depth; zero beyond the ends of the map."""
    rows, count = maps.shape
    for x in range(width):
        row = first + x
        if 0 <= row < rows:
            for line in range(count):
                lines[line * factor + x] = maps[row, line]
        else:
            for line in range(count):
                lines[line * factor + x] = np.float32(0.0)


@_compiled(
    _NOTHING, _I, _I, _VECTOR, _VECTOR, _I, _I, _INDICES, _INDICES, _VECTOR, _INDICES, _INDICES, _VECTOR, _MATRIX,
    _MATRIX,
)  # fmt: skip
def _sum_shape(
    shape, at, lines, shown, width, slopes, starts, offsets, weights, mask_starts, mask_offsets, mask_weights, totals,
    shares,
):  # fmt: skip
    """Sum votes (arcs x votes, cells) and measured shares (arcs, cells) along one shape, arc by arc."""
    arcs = shares.shape[0]
    votes = totals.shape[0] // arcs
    for arc in range(arcs):
        place = shape * arcs + arc
        begin, count = mask_starts[place], mask_starts[place + 1] - mask_starts[place]
        _sum_lines(shares[arc].ctypes.data, shown.ctypes.data + 4 * at, mask_offsets.ctypes.data + 8 * begin,
                   mask_weights.ctypes.data + 4 * begin, count)  # fmt: skip
        begin, count = starts[place], starts[place + 1] - starts[place]
        for vote in range(votes):
            _sum_lines(totals[arc * votes + vote].ctypes.data,
                       lines.ctypes.data + 4 * (at + vote * slopes * width), offsets.ctypes.data + 8 * begin,
                       weights.ctypes.data + 4 * begin, count)  # fmt: skip


@_compiled(_NOTHING, _F, _MATRIX, _MATRIX)
def _weigh_halves(prior, shares, scales):
    """Reciprocal weight of the half turn from each arc on, and the weight of the whole turn in the row after them."""
    arcs = shares.shape[0]
    turn, value = scales[arcs], scales[arcs + 1]
    for x in range(_CHUNK):
        turn[x] = prior
    for arc in range(arcs):
        for x in range(_CHUNK):
            turn[x] += shares[arc, x]
            value[x] = prior
        for i in range(max(arcs // 2, 1)):
            other = (arc + i) % arcs
            for x in range(_CHUNK):
                value[x] += shares[other, x]
        for x in range(_CHUNK):
            scales[arc, x] = np.float32(1.0) / value[x]


@_compiled(_NOTHING, _I, _I, _F, _MATRIX, _MATRIX, _MATRIX, _MATRIX, _VECTOR)
def _mean_shape(at, columns, prior, totals, shares, scales, means, covered):
    """Means over the turn and over the best half of it, and the share measured, from the sums of the arcs."""
    arcs = shares.shape[0]
    votes, half = totals.shape[0] // arcs, max(arcs // 2, 1)
    _weigh_halves(prior, shares, scales)
    turn, value, highest = scales[arcs], scales[arcs + 1], scales[arcs + 2]
    for x in range(_CHUNK):
        covered[at + x] = (turn[x] - prior) / np.float32(columns)
        means[at + x, votes] = covered[at + x]
    for vote in range(votes):
        for x in range(_CHUNK):
            value[x], highest[x] = np.float32(0.0), np.float32(-np.inf)
        for arc in range(arcs):
            for x in range(_CHUNK):
                value[x] += totals[arc * votes + vote, x]
        for x in range(_CHUNK):
            means[at + x, vote] = value[x] / turn[x]
        for arc in range(arcs):
            for x in range(_CHUNK):
                value[x] = np.float32(0.0)
            for i in range(half):
                other = (arc + i) % arcs
                for x in range(_CHUNK):
                    value[x] += totals[other * votes + vote, x]
            for x in range(_CHUNK):
                highest[x] = max(highest[x], value[x] * scales[arc, x])
        for x in range(_CHUNK):
            means[at + x, votes + 1 + vote] = highest[x]


@_compiled(
    _NOTHING, _MATRIX, _MATRIX, _I, _I, _I, _I, _I, _F, _INDICES, _INDICES, _VECTOR, _INDICES, _INDICES, _VECTOR,
    _MATRIX, _LINEAR, _LINEAR, _LINEAR, _F, _I, _I, _MATRIX,
)  # fmt: skip
def score_votes(
    maps, mask, reach, arcs, votes, slopes, width, prior, starts, offsets, weights, mask_starts, mask_offsets,
    mask_weights, ring_bias, first, second, last, least, begin, end, score,
):  # fmt: skip
    """
    Average features along candidate traces and score the means; see :class:`geobfdt.model.curve.votes.VoteHead`.

    Most values of its kernels are zero: only the others are summed, and the means of a shape are scored in cache.

    Parameters
    ----------
    maps : array (cells, columns x votes x slopes)
        What is averaged.
    mask : array (cells, columns)
        Measured share.
    reach : int
        Cells above and below that the tallest trace reaches.
    arcs, votes, slopes : int
        Sizes of the vote.
    width : int
        Numbers of a line, at least ``VOTE_CELLS + 2 reach``.
    prior : float
        Weight of the prior of a mean.
    starts, offsets, weights : array
        Non-zero values of each shape and arc: where they begin, where they lie in lines (numbers), their weights.
    mask_starts, mask_offsets, mask_weights : array
        The same for the measured share.
    ring_bias : array (shapes, padded)
        Bias of the first layer for each shape.
    first, second, last : packed layers
        Layers that score the means.
    least : float
        Measured share of the turn above which a cell has a score.
    begin, end : int
        Pieces of ``VOTE_CELLS - 2`` cells to score.
    score : array (shapes, cells)
        Result: the probability of the most probable class.
    """
    cells, columns = mask.shape
    channels = votes * slopes
    lines = np.zeros(columns * channels * width + SPARE, dtype=np.float32)
    shown = np.zeros(columns * width + SPARE, dtype=np.float32)
    totals = np.empty((arcs * votes, _CHUNK), dtype=np.float32)
    shares = np.empty((arcs, _CHUNK), dtype=np.float32)
    scales = np.empty((arcs + 3, _CHUNK), dtype=np.float32)
    depth = 2 * votes + 1
    means = np.zeros((VOTE_CELLS + 2, depth), dtype=np.float32)
    one = np.empty((VOTE_CELLS, first[1].size), dtype=np.float32)
    two = np.empty((VOTE_CELLS, second[1].size), dtype=np.float32)
    three = np.empty((VOTE_CELLS, last[1].size), dtype=np.float32)
    covered = np.empty(VOTE_CELLS, dtype=np.float32)
    shapes, classes = score.shape[0], last[1].size
    step = VOTE_CELLS - 2
    for piece in range(begin, end):
        # Row x of a line is cell `top + x - reach`; the first and the last cell are those of the pieces beside.
        top = piece * step - 1
        _transpose_rows(maps, top - reach, VOTE_CELLS + 2 * reach, lines, width)
        _transpose_rows(mask, top - reach, VOTE_CELLS + 2 * reach, shown, width)
        count = min(step, cells - piece * step)
        for shape in range(shapes):
            for at in range(0, VOTE_CELLS, _CHUNK):
                _sum_shape(shape, at, lines, shown, width, slopes, starts, offsets, weights, mask_starts, mask_offsets,
                           mask_weights, totals, shares)  # fmt: skip
                _mean_shape(at, columns, prior, totals, shares, scales, means, covered)
            # The first layer is padded with zeros beyond the ends of the image.
            if piece == 0:
                means[0] = np.float32(0.0)
            if count < step or top + 1 + step == cells:
                means[count + 1] = np.float32(0.0)
            rows = -(-count // TILE_ROWS) * TILE_ROWS
            _layer(means.ctypes.data, 4 * depth, rows, first, one.ctypes.data, ring_bias[shape].ctypes.data, 0,
                   np.float32(0.0))  # fmt: skip
            _layer(one.ctypes.data, 4 * first[1].size, rows, second, two.ctypes.data, second[1].ctypes.data, 0,
                   np.float32(0.0))  # fmt: skip
            _layer(two.ctypes.data, 4 * second[1].size, rows, last, three.ctypes.data, last[1].ctypes.data, 0,
                   _NO_FLOOR)  # fmt: skip
            for cell in range(count):
                best = three[cell, 0]
                for i in range(1, classes):
                    best = max(best, three[cell, i])
                probability = _sigmoid(best)
                score[shape, top + 1 + cell] = probability if covered[cell + 1] > least else np.float32(0.0)

"""Names of the runtimes of networks; the command line takes them from here without importing a network."""

from __future__ import annotations

from typing import Literal

__all__ = ["RuntimeName"]

RuntimeName = Literal["auto", "torch", "numba", "onnx"]

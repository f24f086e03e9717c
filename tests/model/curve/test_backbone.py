"""Features of a long strip, which are computed in pieces to save memory."""

from __future__ import annotations

import pytest
import torch

from geobfdt.model.curve.backbone import Pyramid


@pytest.mark.parametrize("blocks", [(1, 1, 1, 1), (2, 2, 2, 2), (3, 4, 1, 1)])
@pytest.mark.parametrize("rows", [1536, 1552, 3072, 4000])
def test_pieces_are_the_whole(blocks: tuple[int, ...], rows: int) -> None:
    """What is seen where pieces meet is what is seen at once, as for learning: every row counts, each a little."""
    torch.manual_seed(0)
    pyramid = Pyramid(2, (8, 8, 8, 8), blocks, 8, 4).eval()
    for part in pyramid.modules():
        if isinstance(part, torch.nn.BatchNorm2d):  # as zeros they would leave blocks out
            torch.nn.init.ones_(part.weight)
    image = torch.randn(1, 2, rows, 16)
    whole = pyramid(image)
    with torch.no_grad():
        pieces = pyramid(image)
    for one, other in zip(whole, pieces, strict=True):
        assert one.std() > 0.01
        torch.testing.assert_close(other, one.detach(), rtol=1e-4, atol=1e-5)

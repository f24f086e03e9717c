"""Time of one forward pass and of one training step, against Hugging Face's DETR.

    pip install 'geobfdt[benchmarks]'
    python benchmarks/network.py --batch 2 --rounds 9

All take windows of 2.03 m. Hugging Face's `DetrForObjectDetection` and the `detr` preset take 800 x 360 pixels, have a
residual network of as many blocks that ends in a map of 256 x 50 x 23, four layers of encoder and of decoder, 100
queries, and get the same number of objects. The `curve` preset takes 400 x 128. Each round times every
network once, in turn; what is printed is the median of the rounds, and of the rounds' ratios to Hugging Face's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

PLANES = 15  # of a window
ROWS, COLUMNS = 800, 360


def hugging_face(batch: int) -> tuple[Callable[[], object], Callable[[], None], int]:
    """Forward pass, training step and parameters of their DETR."""
    from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

    backbone = ResNetConfig(
        num_channels=1, layer_type="basic", depths=[1, 1, 1], hidden_sizes=[64, 128, 256], out_features=["stage3"]
    )
    config = DetrConfig(
        use_timm_backbone=False, backbone_config=backbone, use_pretrained_backbone=False, num_channels=1, d_model=256,
        encoder_layers=4, decoder_layers=4, encoder_ffn_dim=1024, decoder_ffn_dim=1024, num_queries=100, num_labels=2,
        auxiliary_loss=True,
    )  # fmt: skip
    network = DetrForObjectDetection(config)
    pixels = torch.rand(batch, 1, ROWS, COLUMNS)
    boxes = torch.rand(PLANES, 4) * 0.4 + 0.1
    labels = [{"class_labels": torch.arange(PLANES) % 2, "boxes": boxes} for _ in range(batch)]
    optimiser = torch.optim.AdamW(network.parameters(), 1e-4)

    def forward() -> object:
        network.eval()
        with torch.inference_mode():
            return network(pixels)

    def step() -> None:
        network.train()
        optimiser.zero_grad()
        network(pixels, labels=labels).loss.backward()
        optimiser.step()

    return forward, step, sum(p.numel() for p in network.parameters())


def ours(preset: str, batch: int) -> tuple[Callable[[], object], Callable[[], None], int]:
    """Forward pass, training step and parameters of a preset."""
    from geobfdt.model.curve.criterion import Targets
    from geobfdt.model.curve.network import channels
    from geobfdt.model.network_settings import CurveSettings, DetrSettings
    from geobfdt.model.presets import build, loss, plane_finder

    settings = CurveSettings() if preset == "curve" else DetrSettings(cut="three")
    rows, columns = (ROWS * 0.00254 / settings.step, settings.columns)
    network = build(settings).to(memory_format=torch.channels_last)  # As the training loop does.
    rng = np.random.default_rng(0)
    grids = torch.from_numpy(rng.integers(1, 255, (batch, round(rows) // 16 * 16, columns), dtype=np.uint8))
    planes = np.column_stack([rng.uniform(0, 2, PLANES), rng.normal(0, 0.05, (PLANES, 2))])
    label_mask = np.ones((2, grids.shape[1]), bool)
    targets = [Targets(planes, np.arange(PLANES) % 2, np.zeros(PLANES, bool), 0.108, label_mask) for _ in range(batch)]
    optimiser = torch.optim.AdamW(network.parameters(), 1e-4)

    def forward() -> object:
        network.eval()
        with torch.inference_mode():
            if preset == "detr":
                return network(channels(grids)[:, :-1])
            return [plane_finder(network)(grid.numpy(), 0.108) for grid in grids]

    def step() -> None:
        network.train()
        optimiser.zero_grad()
        loss(network, grids, targets, rng).total.backward()
        optimiser.step()

    return forward, step, sum(p.numel() for p in network.parameters())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    networks = {
        "Hugging Face": hugging_face(arguments.batch),
        "detr": ours("detr", arguments.batch),
        "curve": ours("curve", arguments.batch),
    }
    seconds = np.zeros((arguments.rounds + 1, len(networks), 2))
    for around in seconds:
        for parts, (forward, step, _) in zip(around, networks.values(), strict=True):
            for i, what in enumerate((forward, step)):
                start = time.perf_counter()
                what()
                parts[i] = (time.perf_counter() - start) / arguments.batch
    seconds = seconds[1:]  # the first round warms up
    ratios = np.median(seconds / seconds[:, :1], axis=0)
    print(f"{'':14}{'parameters':>12}{'forward (ms)':>14}{'ratio':>7}{'step (ms)':>11}{'ratio':>7}")
    for (name, (_, _, size)), times, ratio in zip(networks.items(), np.median(seconds, axis=0), ratios, strict=True):
        print(f"{name:14}{size:12,}{1e3 * times[0]:14.0f}{ratio[0]:7.2f}{1e3 * times[1]:11.0f}{ratio[1]:7.2f}")


if __name__ == "__main__":
    main()

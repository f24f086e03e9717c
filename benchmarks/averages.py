"""Score averages of the weights of a run with those it began with, on four groups of validation wells.

    python benchmarks/averages.py RUN/best.safetensors --from RUN14.safetensors --shares 0 0.35 0.5 0.7 1

F1 is at a trace RMS of 3 cm before refinement, at the best threshold of each class; precision and recall are in
parentheses. `ordinary` and `held-out` are the wells by which pretraining chooses, `second` are twenty more ordinary
wells of their stream, `layered` are sixteen wells of the rock that the run trains on.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    """Print one line for each share."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--from", dest="start", type=Path, required=True)
    parser.add_argument("--shares", type=float, nargs="+", default=[0, 0.5, 1], help="of the run's weights")
    arguments = parser.parse_args()
    from safetensors.torch import load_file

    from geobfdt.model.curve.network import CurveNetwork
    from geobfdt.model.network_settings import CurveSettings
    from geobfdt.model.presets import plane_finder
    from geobfdt.simulation.layered import HELD_OUT_APPEARANCES, LayeredAppearance
    from geobfdt.training.prepared_wells import PreparedWell
    from geobfdt.training.sources import simulated_well
    from geobfdt.training.validation import validate

    def wells(first: int, count: int, looks: tuple[LayeredAppearance | None, ...]) -> list[PreparedWell]:
        return [
            simulated_well(2_000_000, first + i, 12.0, CurveSettings().grid, {}, looks[i % len(looks)])
            for i in range(count)
        ]

    groups = {
        "ordinary": wells(0, 20, (None,)), "second": wells(100, 20, (None,)),
        "held-out": wells(0, 16, HELD_OUT_APPEARANCES), "layered": wells(200, 16, ("mixture",)),
    }  # fmt: skip
    before, after = load_file(arguments.start), load_file(arguments.weights)
    for share in arguments.shares:
        network = CurveNetwork(CurveSettings())
        network.load_state_dict(
            {
                name: (1 - share) * before[name].float() + share * value.float() if value.is_floating_point() else value
                for name, value in after.items()
            }
        )
        network.eval()
        parts = []
        for name, group in groups.items():
            points = validate(plane_finder(network), group)
            scores = (f"{kind} {p.f1:.3f} ({p.precision:.2f}, {p.recall:.2f})" for kind, p in points.items())
            parts.append(f"{name}: {', '.join(scores)}")
        print(f"{share:.2f}  {'; '.join(parts)}", flush=True)


if __name__ == "__main__":
    main()

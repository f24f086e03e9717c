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

    from geobfdt.model.presets import plane_finder
    from geobfdt.simulation.layered import HELD_OUT_APPEARANCES
    from geobfdt.training.pretraining import mean_network, validation_wells
    from geobfdt.training.validation import validate

    groups = {
        "ordinary": validation_wells(20), "second": validation_wells(20, first=100),
        "held-out": validation_wells(16, HELD_OUT_APPEARANCES),
        "layered": validation_wells(16, ("mixture",), first=200),
    }  # fmt: skip
    before, after = load_file(arguments.start), load_file(arguments.weights)
    for share in arguments.shares:
        network = mean_network(before, after, share)
        parts = []
        for name, group in groups.items():
            points = validate(plane_finder(network), group)
            scores = (f"{kind} {p.f1:.3f} ({p.precision:.2f}, {p.recall:.2f})" for kind, p in points.items())
            parts.append(f"{name}: {', '.join(scores)}")
        print(f"{share:.2f}  {'; '.join(parts)}", flush=True)


if __name__ == "__main__":
    main()

"""Adapt a model to images of one appearance without any label, and score it before and after.

    python benchmarks/adapt.py --look "56 row offsets" --folder RUNS/adapt --out results/adapt-row-offsets.json

Wells are layer cakes of one look (`benchmarks/layer_cake.py`): some to adapt to, without picks, and others to score on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from layer_cake import DIAMETER_M, LOOKS, Picker, draw_cake, score_look
from results_file import add_out, write_results


def main() -> None:
    """Print the scores before and after."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--look", choices=list(LOOKS), default="56 row offsets")
    parser.add_argument("--wells", type=int, default=4)
    parser.add_argument("--length", type=float, default=20.0, help="of a well to adapt to (m)")
    parser.add_argument("--cakes", type=int, default=6, help="to score on")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--folder", type=Path, required=True, help="of wells and of the model")
    add_out(parser)
    arguments = parser.parse_args()
    import geobfdt
    from geobfdt.io.write.netcdf import write_netcdf
    from geobfdt.training.adapt import ADAPTING
    from geobfdt.wells.field import Field
    from geobfdt.wells.image import well_image

    field = Field(arguments.folder / "field")
    field.path.mkdir(parents=True, exist_ok=True)
    for index in range(arguments.wells):
        rng = np.random.default_rng([2929, list(LOOKS).index(arguments.look), index])
        cake = draw_cake(rng, LOOKS[arguments.look], arguments.length)
        image = well_image(cake.image, cake.depth, diameter=DIAMETER_M, well=f"cake-{index}", reference="high_side")
        write_netcdf(image, field.file(f"cake-{index}", ".nc"))
    settings = ADAPTING.of_steps(arguments.steps)
    bundle = geobfdt.adapt(field.path, arguments.folder / "model", geobfdt.AdaptOptions(training=settings))
    print(json.dumps({key: bundle.card[key] for key in ("share_of_change", "simulated_f1", "planes_trained")}))
    rows = []
    for name, model in (("before", "default"), ("after", str(arguments.folder / "model"))):
        row = score_look(arguments.look, Picker(model), arguments.cakes, 12.0, 29)
        rows.append({"when": name, **row})
        print(
            f"{name:7s} F1 3 cm {row['f1_3cm']:.2f} ({row['f1_3cm_lo']:.2f}-{row['f1_3cm_hi']:.2f})  5 cm "
            f"{row['f1_5cm']:.2f} (null {row['null_5cm']:.2f})  ECE {row['ece']:.2f}",
            flush=True,
        )
    write_results(arguments.out, rows)


if __name__ == "__main__":
    main()

"""
Fine-tune on one well
=====================

The shipped network is fine-tuned on one interpreted well. Eight steps take seconds here; the default is about 400 steps
and takes minutes. The deepest fifth of the picks is held out and decides whether the new weights are better.
"""

import tempfile
from pathlib import Path

import geobfdt
from geobfdt.reports.learning_figure import draw_learning, learning_verdict
from geobfdt.training.train import TUNING

folder = Path(tempfile.mkdtemp())
geobfdt.simulate(
    folder / "sim", geobfdt.SimulateOptions(wells=1, length=8.0, seed=2, tool="atv", deviation=0.0, interpreter="dense")
)
geobfdt.ingest(sorted((folder / "sim").glob("*.dlis")), folder / "field", geobfdt.IngestOptions(picks=folder / "sim"))

# %%
# Settings are one frozen object. The defaults of fine-tuning are ``TUNING``.
settings = TUNING.model_copy(
    update={"steps": 8, "turns": 0, "fewest": 1, "every": 2, "warmup": 2, "batch": 2, "rows": 256, "simulated": 0.0}
)
model = geobfdt.train(folder / "field", folder / "model", geobfdt.TrainOptions(model="default", training=settings))

# %%
# The card of the model holds the scores of the held-out stretch. If the gain may be chance, the initial weights are
# kept.
validation = model.card["validation"]
print(validation)
print(learning_verdict(validation))

# %%
# Loss of each step, and scores of the held-out stretch.
picture = folder / "learning.png"
draw_learning(folder / "model" / "run" / "metrics.jsonl", "by depth", validation, picture)

# %%
# The bundle is a folder, and picks like the shipped network: ``geobfdt pick next.dlis --model model --out picks``.
picks = geobfdt.pick(geobfdt.read(folder / "sim" / "W01.dlis"), model=folder / "model")
print(picks["class"].value_counts().to_string())

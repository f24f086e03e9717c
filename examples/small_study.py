"""
Compare two settings: a study
=============================

Which learning rate? A study trains a cell for each level, fold and seed, with all else equal, and reports which
differences are certain. This one is tiny: a toy network and four steps a cell, on four wells of four metres. No
difference is certain here.
"""

import tempfile
import warnings
from pathlib import Path

import geobfdt
from geobfdt.runtime.engine import Engine
from geobfdt.studies.page import write_pages
from geobfdt.studies.study_settings import StudySettings

folder = Path(tempfile.mkdtemp())
geobfdt.simulate(folder / "sim", geobfdt.SimulateOptions(wells=4, length=4.0, seed=3, tool="atv", interpreter="dense"))
geobfdt.ingest(sorted((folder / "sim").glob("*.dlis")), folder / "field", geobfdt.IngestOptions(picks=folder / "sim"))

# %%
# Axes have levels, from the lightest; ``base`` holds what all cells share. ``geobfdt study FILE.yaml`` reads the same
# from a file.
warnings.filterwarnings("ignore", "Mean of empty slice")  # A toy picks nothing, so there is no chance level.
settings = StudySettings.model_validate(
    {
        "name": "rates",
        "question": "Which learning rate?",
        "axes": {"rate": {"low": {"training.rate": 1e-4}, "high": {"training.rate": 1e-2}}},
        "base": {
            "network.step": 0.01, "network.columns": 32, "network.widths": [8, 8, 8, 8], "network.features": 8,
            "network.votes": 2, "network.head": 8, "network.content": 16, "network.sampled": 4, "network.fine": 4,
            "network.layers": [[4, 0.08, 3, 16], [2, 0.03, 3, 16]], "network.doubts": [[1, -1.75]],
            "network.tiers": [[0.13, 1], [0.4, 2]], "network.queries": 12,
            "training.steps": 4, "training.batch": 1, "training.rows": 128, "training.warmup": 1, "training.every": 2,
        },
        "folds": 2,
        "seeds": 1,
    }
)  # fmt: skip
study = folder / "study"
plan, sections = geobfdt.study(settings, folder / "field", study, Engine(workers=1), lambda *_: None)

# %%
# The page of the study: scores with their intervals, and the verdict on each step.
write_pages(plan, sections, study, folder / "field")
print((study / "study.md").read_text().split("## Design")[0])

# %%
# Large dots are means with their intervals, small ones are seeds.
picture = study / "scores.png"

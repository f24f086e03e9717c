"""The picture of a training run."""

from __future__ import annotations

import json
from pathlib import Path

from geobfdt.reports.learning import draw_learning


def test_a_run_is_drawn(tmp_path: Path) -> None:
    """Losses and scores, and a run that has neither yet."""
    rows = [{"step": 20 * i, "total": 9.0 / i} for i in range(1, 20)]
    rows.append({"step": 380, "score": 0.5, "bedding": {"f1": 0.6}, "fracture": {"f1": 0.4}})
    for name, content in (("full", rows), ("empty", [])):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in content))
        draw_learning(tmp_path / name, tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")

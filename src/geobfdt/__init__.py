"""Pick fractures and bedding planes on borehole image logs, and score the picks honestly.

The verbs of the command line are functions here; each is imported when it is first used.

Examples
--------
>>> import geobfdt
>>> geobfdt.__version__
'0.1.0'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from geobfdt.evaluation.agreement import agree as agree
    from geobfdt.evaluation.scores import evaluate as evaluate
    from geobfdt.io.images.files import inspect as inspect
    from geobfdt.io.images.files import read as read
    from geobfdt.picking.picker import pick as pick
    from geobfdt.quality.label_audit import audit as audit
    from geobfdt.simulation.field import simulate as simulate
    from geobfdt.training.adapt import adapt as adapt
    from geobfdt.training.train import train as train
    from geobfdt.workflows.convert import convert as convert
    from geobfdt.workflows.ingest import ingest as ingest

# Heavy modules (pandas, xarray, scipy) load when a verb is used, so that `geobfdt --help` answers at once.
_VERBS = {
    "adapt": "geobfdt.training.adapt",
    "agree": "geobfdt.evaluation.agreement",
    "audit": "geobfdt.quality.label_audit",
    "convert": "geobfdt.workflows.convert",
    "evaluate": "geobfdt.evaluation.scores",
    "ingest": "geobfdt.workflows.ingest",
    "inspect": "geobfdt.io.images.files",
    "pick": "geobfdt.picking.picker",
    "read": "geobfdt.io.images.files",
    "simulate": "geobfdt.simulation.field",
    "train": "geobfdt.training.train",
}

__all__ = [
    "__version__",
    "adapt",
    "agree",
    "audit",
    "convert",
    "evaluate",
    "ingest",
    "inspect",
    "pick",
    "read",
    "simulate",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _VERBS:
        raise AttributeError(f"module 'geobfdt' has no attribute {name!r}")
    return getattr(import_module(_VERBS[name]), name)


def __dir__() -> list[str]:
    return __all__

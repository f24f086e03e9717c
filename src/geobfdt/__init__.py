"""Pick fractures and bedding planes on borehole image logs, and score the picks honestly.

The verbs of the command line are functions here; each is imported when it is first used. ``pick`` takes an image in
memory, ``pick_files`` does what ``geobfdt pick`` does, ``open_wells`` and then ``serve`` do what ``geobfdt open``
does, and :class:`Registry` holds what ``geobfdt models`` does. A verb with many settings takes them as one frozen
object, such as :class:`PickOptions`.

Examples
--------
>>> import geobfdt
>>> geobfdt.__version__
'0.2.0'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from geobfdt._version import __version__

if TYPE_CHECKING:
    from geobfdt.evaluation.agreement import agree as agree
    from geobfdt.evaluation.scores import evaluate as evaluate
    from geobfdt.io.images.files import inspect as inspect
    from geobfdt.io.images.files import read as read
    from geobfdt.io.striplogs import from_striplog as from_striplog
    from geobfdt.io.striplogs import to_striplog as to_striplog
    from geobfdt.io.welly_wells import from_welly as from_welly
    from geobfdt.io.welly_wells import to_welly as to_welly
    from geobfdt.model.registry import Registry as Registry
    from geobfdt.operation.gate import gate as gate
    from geobfdt.operation.retraining import RetrainOptions as RetrainOptions
    from geobfdt.operation.retraining import retrain as retrain
    from geobfdt.operation.tracking import track as track
    from geobfdt.picking.picker import pick as pick
    from geobfdt.quality.label_audit import audit as audit
    from geobfdt.quality.mending import mend as mend
    from geobfdt.review.opening import OpenOptions as OpenOptions
    from geobfdt.review.opening import open_wells as open_wells
    from geobfdt.review.serve import serve as serve
    from geobfdt.review.serve_options import ServeOptions as ServeOptions
    from geobfdt.simulation.field import SimulateOptions as SimulateOptions
    from geobfdt.simulation.field import simulate as simulate
    from geobfdt.studies.search import SearchOptions as SearchOptions
    from geobfdt.studies.search import run_search as search
    from geobfdt.studies.study import run_study as study
    from geobfdt.training.adapt import AdaptOptions as AdaptOptions
    from geobfdt.training.adapt import adapt as adapt
    from geobfdt.training.train import TrainOptions as TrainOptions
    from geobfdt.training.train import train as train
    from geobfdt.wells.options import ReadingOptions as ReadingOptions
    from geobfdt.workflows.caliper import CaliperOptions as CaliperOptions
    from geobfdt.workflows.caliper import caliper as caliper
    from geobfdt.workflows.convert import ConvertOptions as ConvertOptions
    from geobfdt.workflows.convert import convert as convert
    from geobfdt.workflows.demo import demo as demo
    from geobfdt.workflows.drift import drift as drift
    from geobfdt.workflows.field_page import FieldOptions as FieldOptions
    from geobfdt.workflows.field_page import field_page as field
    from geobfdt.workflows.ingest import IngestOptions as IngestOptions
    from geobfdt.workflows.ingest import ingest as ingest
    from geobfdt.workflows.merge import MergeOptions as MergeOptions
    from geobfdt.workflows.merge import merge as merge
    from geobfdt.workflows.pick import PickOptions as PickOptions
    from geobfdt.workflows.pick import pick_files as pick_files
    from geobfdt.workflows.report import ReportOptions as ReportOptions
    from geobfdt.workflows.report import report_field as report
    from geobfdt.workflows.vugs import VugOptions as VugOptions
    from geobfdt.workflows.vugs import vugs as vugs

# Heavy modules (pandas, xarray, scipy) load when a verb is used, so that `geobfdt --help` answers at once.
_PLACES = {
    "adapt": ("geobfdt.training.adapt", "adapt"),
    "agree": ("geobfdt.evaluation.agreement", "agree"),
    "assemble": ("geobfdt.workflows.assemble", "assemble"),
    "audit": ("geobfdt.quality.label_audit", "audit"),
    "caliper": ("geobfdt.workflows.caliper", "caliper"),
    "convert": ("geobfdt.workflows.convert", "convert"),
    "demo": ("geobfdt.workflows.demo", "demo"),
    "drift": ("geobfdt.workflows.drift", "drift"),
    "evaluate": ("geobfdt.evaluation.scores", "evaluate"),
    "field": ("geobfdt.workflows.field_page", "field_page"),
    "from_striplog": ("geobfdt.io.striplogs", "from_striplog"),
    "from_welly": ("geobfdt.io.welly_wells", "from_welly"),
    "gate": ("geobfdt.operation.gate", "gate"),
    "ingest": ("geobfdt.workflows.ingest", "ingest"),
    "inspect": ("geobfdt.io.images.files", "inspect"),
    "mend": ("geobfdt.quality.mending", "mend"),
    "merge": ("geobfdt.workflows.merge", "merge"),
    "open_wells": ("geobfdt.review.opening", "open_wells"),
    "pick": ("geobfdt.picking.picker", "pick"),
    "pick_files": ("geobfdt.workflows.pick", "pick_files"),
    "read": ("geobfdt.io.images.files", "read"),
    "report": ("geobfdt.workflows.report", "report_field"),
    "retrain": ("geobfdt.operation.retraining", "retrain"),
    "search": ("geobfdt.studies.search", "run_search"),
    "serve": ("geobfdt.review.serve", "serve"),
    "simulate": ("geobfdt.simulation.field", "simulate"),
    "study": ("geobfdt.studies.study", "run_study"),
    "to_striplog": ("geobfdt.io.striplogs", "to_striplog"),
    "to_welly": ("geobfdt.io.welly_wells", "to_welly"),
    "track": ("geobfdt.operation.tracking", "track"),
    "train": ("geobfdt.training.train", "train"),
    "vugs": ("geobfdt.workflows.vugs", "vugs"),
    "Registry": ("geobfdt.model.registry", "Registry"),
    "AdaptOptions": ("geobfdt.training.adapt", "AdaptOptions"),
    "AssembleOptions": ("geobfdt.workflows.assemble", "AssembleOptions"),
    "CaliperOptions": ("geobfdt.workflows.caliper", "CaliperOptions"),
    "ConvertOptions": ("geobfdt.workflows.convert", "ConvertOptions"),
    "FieldOptions": ("geobfdt.workflows.field_page", "FieldOptions"),
    "IngestOptions": ("geobfdt.workflows.ingest", "IngestOptions"),
    "MergeOptions": ("geobfdt.workflows.merge", "MergeOptions"),
    "OpenOptions": ("geobfdt.review.opening", "OpenOptions"),
    "PickOptions": ("geobfdt.workflows.pick", "PickOptions"),
    "ReadingOptions": ("geobfdt.wells.options", "ReadingOptions"),
    "ReportOptions": ("geobfdt.workflows.report", "ReportOptions"),
    "RetrainOptions": ("geobfdt.operation.retraining", "RetrainOptions"),
    "SearchOptions": ("geobfdt.studies.search", "SearchOptions"),
    "ServeOptions": ("geobfdt.review.serve_options", "ServeOptions"),
    "SimulateOptions": ("geobfdt.simulation.field", "SimulateOptions"),
    "TrainOptions": ("geobfdt.training.train", "TrainOptions"),
    "VugOptions": ("geobfdt.workflows.vugs", "VugOptions"),
}

__all__ = [
    "AdaptOptions",
    "AssembleOptions",
    "CaliperOptions",
    "ConvertOptions",
    "FieldOptions",
    "IngestOptions",
    "MergeOptions",
    "OpenOptions",
    "PickOptions",
    "ReadingOptions",
    "Registry",
    "ReportOptions",
    "RetrainOptions",
    "SearchOptions",
    "ServeOptions",
    "SimulateOptions",
    "TrainOptions",
    "VugOptions",
    "__version__",
    "adapt",
    "agree",
    "assemble",
    "audit",
    "caliper",
    "convert",
    "demo",
    "drift",
    "evaluate",
    "field",
    "from_striplog",
    "from_welly",
    "gate",
    "ingest",
    "inspect",
    "mend",
    "merge",
    "open_wells",
    "pick",
    "pick_files",
    "read",
    "report",
    "retrain",
    "search",
    "serve",
    "simulate",
    "study",
    "to_striplog",
    "to_welly",
    "track",
    "train",
    "vugs",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'geobfdt' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__

"""What is scored: the rows, wells and depths at which a pick, or its absence, can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geobfdt.evaluation.matching import UNKNOWN, Kind, Planes
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.intervals import IntervalTable, covered, new_intervals
from geobfdt.wells.picks import PickTable, without_rejected
from geobfdt.wells.well_names import well_key

__all__ = ["ALL_CLASSES", "Group", "Span", "classes_comparable", "gather", "scored_pieces"]

Span = Mapping[str, tuple[float, float]]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Name of all classes together.
ALL_CLASSES = "all"
# The logged span reaches this far beyond the outermost row, where it is not given.
_MARGIN_M = 0.25


@dataclass(frozen=True)
class Group:
    """
    Picks and truth that may be matched with each other: of one well and one class, or of one well.

    Parameters
    ----------
    well, class_ : str
        Well, and class or :data:`ALL_CLASSES`.
    picks, truth : Planes
        Planes (n) and (m), in an order that does not depend on the order of the tables.
    pick_rows, truth_rows : array (n,), (m,) of int
        Their positions in the tables as given.
    pick_class, truth_class : array (n,), (m,) of str
        Their classes.
    confidence : array (n,)
        Confidence of the picks, NaN where it is missing.
    pick_inside, truth_inside : array (n,), (m,) of bool
        Whether they lie where their class was interpreted.
    optional : array (m,) of bool
        True planes that may be missed without harm.
    pieces : array (k, 2)
        Top and base of the scored pieces of the well (m, MD), ascending.
    kinds : tuple of str
        Distances that the truth allows.
    """

    well: str
    class_: str
    picks: Planes
    truth: Planes
    pick_rows: Ints
    truth_rows: Ints
    pick_class: npt.NDArray[np.object_]
    truth_class: npt.NDArray[np.object_]
    confidence: Floats
    pick_inside: Bools
    truth_inside: Bools
    optional: Bools
    pieces: Floats
    kinds: tuple[Kind, ...]

    @property
    def best_kind(self) -> Kind:
        """The most complete distance: trace where the truth allows it, else depth."""
        return "trace" if "trace" in self.kinds else "depth"


def scored_pieces(intervals: IntervalTable, well: str, name: str, top: float, base: float) -> Floats:
    """
    Pieces of a span in which a class was interpreted and nothing is ignored.

    Parameters
    ----------
    intervals : IntervalTable
        Interval table.
    well, name : str
        Well and class.
    top, base : float
        The span (m, MD).

    Returns
    -------
    array (k, 2)
        Top and base of each piece (m, MD), ascending; pieces that touch are one.

    Examples
    --------
    >>> from geobfdt.wells.intervals import new_intervals
    >>> table = new_intervals([("A", "ignored", "breakout", 2.0, 3.0)])
    >>> scored_pieces(table, "A", "bedding", 0.0, 9.0)
    array([[0., 2.],
           [3., 9.]])
    """
    ends = intervals.loc[intervals["well"] == well, ["top_m", "base_m"]].to_numpy(float).ravel()
    edges = np.unique(np.clip(np.concatenate([[top, base], ends]), top, base))
    keep = covered(intervals, well, name, (edges[:-1] + edges[1:]) / 2)
    starts = keep & ~np.concatenate([[False], keep[:-1]])
    stops = keep & ~np.concatenate([keep[1:], [False]])
    return np.column_stack([edges[:-1][starts], edges[1:][stops]])


def gather(
    picks: PickTable,
    truth: PickTable,
    intervals: IntervalTable | None = None,
    span: Span | None = None,
    by_class: bool = True,
) -> tuple[list[Group], list[Finding]]:
    """
    Sort picks and truth into groups that are matched separately.

    Rejected rows of either table are left out. A well is scored if the truth has a plane in it or the interval table
    says that it was interpreted; picks in other wells are neither right nor wrong.

    Parameters
    ----------
    picks, truth : PickTable
        Pick tables; truth may have a boolean column ``optional``.
    intervals : IntervalTable, optional
        Interval table.
    span : mapping of well to (top, base), optional
        Logged depths (m, MD); else from a little above the first to a little below the last row or interval.
    by_class : bool
        A group for each class, or for each well only.

    Returns
    -------
    groups : list of Group
        By well and class, sorted.
    findings : list of Finding
        Descriptions of what could not be compared, and why.

    Raises
    ------
    InputError
        If there is nothing to score against, or the tables have no well in common.
    """
    intervals = new_intervals() if intervals is None else intervals
    tables = [_without_rejected(picks), _without_rejected(truth)]
    # Case and blanks of a well's name do not matter: the truth's spelling counts.
    spellings = {well_key(name): name for name in (*intervals["well"], *truth["well"])}
    tables[0] = PickTable(tables[0].assign(well=[spellings.get(well_key(name), name) for name in tables[0]["well"]]))
    interpreted = set(intervals.loc[intervals["kind"] == "interpreted", "well"])
    wells, picked = sorted(set(tables[1]["well"]) | interpreted), set(tables[0]["well"])
    if not wells:
        raise InputError("truth", "it has no plane and no interpreted interval", "give a table that has")
    if picked and not picked & set(wells):
        raise InputError(
            "picks and truth",
            f"no well in common: {_list_names(picked)} against {_list_names(wells)}",
            "give both tables the same well names",
        )
    findings = []
    if extra := sorted(picked - set(wells)):
        findings.append(_major_finding("well-without-truth", extra, "picked, but there is no truth", "left out"))
    if unpicked := [well for well in wells if well not in picked]:
        findings.append(
            _major_finding("well-without-picks", unpicked, "no picks", "every plane there counts as missed")
        )
    classes = sorted({*tables[0]["class"], *tables[1]["class"]})
    for name in classes:
        alone = int((tables[0]["class"] == name).sum())
        if (
            name not in set(tables[1]["class"])
            and not ((intervals["class"] == name) & intervals["well"].isin(wells)).any()
        ):
            findings.append(
                _major_finding(
                    "class-without-truth",
                    [name],
                    f"{alone} picks and no truth",
                    "they count as wrong; say in an interval table where the class was interpreted",
                )
            )

    groups = []
    for well in wells:
        mine = [table[table["well"] == well] for table in tables]
        top, base = _well_span(well, mine, intervals, span)
        findings += _depths_apart(well, mine[0]["depth_m"].to_numpy(float), mine[1]["depth_m"].to_numpy(float))
        for name in classes if by_class else [ALL_CLASSES]:
            members = [table[table["class"] == name] if by_class else table for table in mine]
            if any(map(len, members)):
                pieces = scored_pieces(intervals, well, name, top, base)
                groups.append(_make_group(well, name, members[0], members[1], intervals, pieces, findings))
    return groups, findings


def _depths_apart(well: str, picks: Floats, truth: Floats) -> list[Finding]:
    """Note a well whose picks and true planes lie at no common depth."""
    if not picks.size or not truth.size:
        return []
    if picks.min() <= truth.max() and truth.min() <= picks.max():
        return []
    observed = f"picks from {picks.min():g} to {picks.max():g} m, true planes from {truth.min():g} to {truth.max():g} m"
    action = "every pick counts as wrong; check the units and the origin of the depths"
    return [_major_finding("depths-apart", [well], observed, action)]


def classes_comparable(picks: PickTable, truth: PickTable, intervals: IntervalTable | None = None) -> list[Finding]:
    """
    Check whether the classes of two tables can be compared.

    They cannot where one of the tables has a single class and the other another one as well: it may have been made
    without classes. They can where intervals say that every class was interpreted that the truth has no plane of.

    Parameters
    ----------
    picks, truth : PickTable
        Pick tables.
    intervals : IntervalTable, optional
        Interval table.

    Returns
    -------
    list of Finding
        One of kind ``class-blind`` where they cannot; score with ``by_class=False`` then.

    Examples
    --------
    >>> from geobfdt.wells.picks import new_picks
    >>> one = new_picks(well="A", depth_m=[1.0, 2.0], class_="fracture")
    >>> two = new_picks(well="A", depth_m=[1.0, 2.0], class_=["fracture", "bedding"])
    >>> [finding.kind for finding in classes_comparable(two, one)], classes_comparable(two, two)
    (['class-blind'], [])
    """
    theirs, ours = ({*without_rejected(table)["class"]} for table in (picks, truth))
    if not theirs or not ours or theirs == ours or min(len(theirs), len(ours)) > 1:
        return []
    lacking = theirs - ours
    if lacking and intervals is not None:
        lacking -= {*intervals.loc[intervals["kind"] == "interpreted", "class"]}
        if not lacking:
            return []
    observed = f"one has {' and '.join(sorted(theirs))}, the other {' and '.join(sorted(ours))}"
    cure = "scored whatever the class; to score by class, give both tables their classes or say what was interpreted"
    return [_major_finding("class-blind", sorted(theirs ^ ours), observed, cure)]


def _without_rejected(table: PickTable) -> PickTable:
    return without_rejected(table.assign(_row=np.arange(len(table))))


def _list_names(wells: set[str] | list[str]) -> str:
    some = sorted(wells)
    return ", ".join(repr(name) for name in some[:3]) + (f" and {len(some) - 3} more" if len(some) > 3 else "")


def _major_finding(kind: str, wells: list[str], observed: str, action: str) -> Finding:
    return Finding(Severity.MAJOR, kind, _list_names(wells), observed, action)


def _well_span(well: str, tables: list[PickTable], intervals: IntervalTable, span: Span | None) -> tuple[float, float]:
    rows = np.concatenate([table["depth_m"].to_numpy(float) for table in tables])
    if span is not None and well in span:
        # Rows beyond the logged span are scored, so the null pickers must be able to go there too.
        reach = np.concatenate([rows, span[well]])
    else:
        interpreted = intervals[(intervals["well"] == well) & (intervals["kind"] == "interpreted")]
        reach = np.concatenate([rows - _MARGIN_M, rows + _MARGIN_M, interpreted["top_m"], interpreted["base_m"]])
    return float(reach.min()), float(reach.max())


# The tables of one well; the group that it makes is their record.
def _make_group(  # noqa: PLR0913
    well: str,
    name: str,
    picks: PickTable,
    truth: PickTable,
    intervals: IntervalTable,
    pieces: Floats,
    findings: list[Finding],
) -> Group:
    picks, truth = _sort_rows(picks), _sort_rows(truth)
    inside = [_inside(table, intervals, well) for table in (picks, truth)]
    # A column of a CSV file with empty cells holds True, False and NaN.
    optional = truth["optional"].isin([True]).to_numpy() if "optional" in truth else np.zeros(len(truth), dtype=bool)
    planes = Planes.of(picks), Planes.of(truth)
    kinds = _allowed_kinds(f"{well} {name}".strip(), planes, ~optional & inside[1], findings)
    return Group(
        well=well,
        class_=name,
        picks=planes[0],
        truth=planes[1],
        pick_rows=picks["_row"].to_numpy(),
        truth_rows=truth["_row"].to_numpy(),
        pick_class=picks["class"].to_numpy(object),
        truth_class=truth["class"].to_numpy(object),
        confidence=picks["confidence"].to_numpy(float),
        pick_inside=inside[0],
        truth_inside=inside[1],
        optional=optional,
        pieces=pieces,
        kinds=kinds,
    )


def _sort_rows(table: PickTable) -> PickTable:
    keys = ["depth_m", "amplitude_m", "azimuth_app_deg", "dip_true_deg", "azimuth_true_deg", "confidence", "class"]
    return table.sort_values(keys, kind="stable")


def _inside(table: PickTable, intervals: IntervalTable, well: str) -> Bools:
    inside = np.zeros(len(table), dtype=bool)
    for name in table["class"].unique():
        rows = (table["class"] == name).to_numpy()
        inside[rows] = covered(intervals, well, name, table["depth_m"].to_numpy(float)[rows])
    return inside


def _allowed_kinds(
    place: str, planes: tuple[Planes, Planes], required: Bools, findings: list[Finding]
) -> tuple[Kind, ...]:
    """Return the distances that the truth allows; a picker is not judged by any other."""
    codes = [set(p.reference.tolist()) for p in planes]
    clash = len((codes[0] | codes[1]) - {UNKNOWN}) > 1
    if all(codes) and (UNKNOWN in codes[0]) != (UNKNOWN in codes[1]):
        findings.append(
            _major_finding(
                "reference-assumed", [place], "one table does not say its azimuth reference", "taken to be the other's"
            )
        )
    kinds: list[Kind] = ["depth"]
    has: list[dict[Kind, Bools]] = [
        {
            "pole": np.asarray(np.isfinite(p.true).all(-1) | (np.isfinite(p.apparent).all(-1) & (not clash))),
            "trace": np.asarray(np.isfinite(p.trace).all(-1) & (not clash)),
        }
        for p in planes
    ]
    needs_of: dict[Kind, str] = {"pole": "dips", "trace": "amplitudes and apparent azimuths in one reference"}
    for kind, needs in needs_of.items():
        if not has[1][kind][required].all() or (clash and not has[1][kind].any()):
            missing = int((~has[1][kind][required]).sum())
            findings.append(
                _major_finding(
                    f"truth-without-{kind}",
                    [place],
                    f"{missing} true planes lack {needs}",
                    f"not scored by {kind} here",
                )
            )
            continue
        kinds.append(kind)
        if missing := int((~has[0][kind]).sum()):
            findings.append(
                _major_finding(
                    f"pick-without-{kind}", [place], f"{missing} picks lack {needs}", f"they count as wrong by {kind}"
                )
            )
    return tuple(kinds)

"""The structure of one well in numbers: intensities by class, sets, zones, folds and their uncertainty."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from geobfdt.quality.measured import MeasuredDepths
from geobfdt.reports.style import kinds_of
from geobfdt.structure.dip_patterns import DipPattern, find_dip_patterns
from geobfdt.structure.girdle import Girdle, find_girdle
from geobfdt.structure.intensity import Intensity, intensity
from geobfdt.structure.orientation import MeanPlane, mean_plane, remove_dip
from geobfdt.structure.sets import PlaneSet, find_sets, set_spacing
from geobfdt.structure.zones import Zone, find_zones
from geobfdt.wells.image import WellImage, log_at
from geobfdt.wells.intervals import IntervalTable, covered
from geobfdt.wells.picks import CLASSES, PickTable, complete, with_attitude, without_rejected

__all__ = ["DEFAULT_VIEW", "MIN_TILT_DEG", "SetLine", "Structure", "StructureView", "ZoneLine", "analyse_structure"]

# A bed that dips by less is level: there is no dip to remove, and no section along it.
MIN_TILT_DEG = 2.0
# Beds with a smaller confidence are in no dip pattern, which takes every bed as equal.
_MIN_PATTERN_CONFIDENCE = 0.5


class StructureView(NamedTuple):
    """
    How the structure of a well is looked at.

    Parameters
    ----------
    sections : tuple of float
        Azimuths of vertical sections (deg); empty: along the mean bed, or square to the axis of a fold.
    structural_dip : (float, float) or None
        Dip and azimuth that is removed (deg); None: that of the mean bed.
    """

    sections: tuple[float, ...] = ()
    structural_dip: tuple[float, float] | None = None


DEFAULT_VIEW = StructureView()


class SetLine(NamedTuple):
    """
    A set of fractures.

    Parameters
    ----------
    part : PlaneSet
        Its mean and its planes.
    spacing : float
        Between its planes, square to them (m); NaN where none of them lies in metres that count.
    level : (float, float)
        Dip and azimuth of its mean with the structural dip removed (deg); NaN where none is removed.
    intensity : Intensity or None
        Of its planes alone; None where no metre counts.
    """

    part: PlaneSet
    spacing: float
    level: tuple[float, float]
    intensity: Intensity | None


class ZoneLine(NamedTuple):
    """
    A stretch whose beds lie alike.

    Parameters
    ----------
    zone : Zone
        Depths and mean bed.
    intensities : dict of str to Intensity
        Of the classes, within it; a class is absent where it was not looked at.
    """

    zone: Zone
    intensities: dict[str, Intensity]


class Structure(NamedTuple):
    """
    What the picks of a well say.

    Parameters
    ----------
    picks : PickTable
        The well's picks but for rejected ones, completed.
    length : dict of str to float
        Metres with pixels in which each class was interpreted; see :class:`geobfdt.quality.measured.MeasuredDepths`.
    intensities : dict of str to Intensity
        By kind: classes, and fractures by polarity.
    beds : MeanPlane or None
        Mean bed.
    sets : list of SetLine
        Of fractures; the largest first.
    zones : list of ZoneLine
        Downwards; one where beds lie alike all along, none without beds.
    girdle : Girdle or None
        Girdle of the beds, with the axis of a fold where it is claimed; None with fewer than three beds.
    patterns : list of DipPattern
        Dip patterns of the beds, downwards.
    removed_dip : (float, float) or None
        Dip and azimuth that is removed from planes (deg): that of the view, or the mean bed's; None without beds.
    sections : tuple of float
        Azimuths of the vertical sections (deg).
    hole : (float, float) or None
        Mean deviation and azimuth of the hole (deg).
    wrong : float
        Picks that are wrong, as their confidences say; NaN where they have none.
    unmeasured : int
        Picks where nothing was measured. They count in no intensity.
    """

    picks: PickTable
    length: dict[str, float]
    intensities: dict[str, Intensity]
    beds: MeanPlane | None
    sets: list[SetLine]
    zones: list[ZoneLine]
    girdle: Girdle | None
    patterns: list[DipPattern]
    removed_dip: tuple[float, float] | None
    sections: tuple[float, ...]
    hole: tuple[float, float] | None
    wrong: float
    unmeasured: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without the picks."""
        sets = [
            {
                **line.part.mean._asdict(),
                "members": len(line.part.members),
                "spacing_m": line.spacing,
                "beds_level": line.level,
                "intensity": line.intensity.to_dict() if line.intensity is not None else None,
            }
            for line in self.sets
        ]
        zones = [
            {
                "top_m": line.zone.top,
                "base_m": line.zone.base,
                "mean_bed": line.zone.beds._asdict(),
                "intensity": {name: one.to_dict() for name, one in line.intensities.items()},
            }
            for line in self.zones
        ]
        return {
            "length_m": self.length,
            "intensity": {name: one.to_dict() for name, one in self.intensities.items()},
            "mean_bed": self.beds._asdict() if self.beds is not None else None,
            "sets": sets,
            "zones": zones,
            "fold": None if self.girdle is None else {**self.girdle._asdict(), "claimed": self.girdle.claimed},
            "dip_patterns": [one._asdict() for one in self.patterns],
            "removed_dip": self.removed_dip,
            "sections": self.sections,
            "picks": len(self.picks),
            "expected_wrong": self.wrong,
            "picks_unmeasured": self.unmeasured,
        }


def analyse_structure(
    image: WellImage, picks: PickTable, intervals: IntervalTable, view: StructureView = DEFAULT_VIEW
) -> Structure:
    """
    Work out the structure of a well.

    Intensities count metres with pixels in which the class was interpreted, and the picks that lie there. Mean planes
    and sets take every pick.

    Parameters
    ----------
    image : WellImage
        The well. Its pixels tell which metres were measured, in blocks of rows.
    picks : PickTable
        Pick table; a confidence counts as the probability that the pick is right, none as certainty.
    intervals : IntervalTable
        Where it was interpreted, and what is ignored.
    view : StructureView
        Sections and structural dip.
    """
    well, measured = str(image.attrs["well"]), MeasuredDepths.of(image)
    own = picks[picks["well"].isin(["", well])] if well else picks
    mine = complete(without_rejected(own).reset_index(drop=True), image)[0]
    sure = mine["confidence"].fillna(1.0).to_numpy(float)
    at, tilt = mine.loc[:, ["depth_m", "dip_app_deg"]].to_numpy(float).T
    looked = {name: measured.where(covered(intervals, well, name, measured.depth)) for name in CLASSES}
    inside = {name: measured.contains(at) & covered(intervals, well, name, at) for name in CLASSES}
    length = {name: where.metres for name, where in looked.items()}
    kinds, classes = kinds_of(mine), mine["class"].to_numpy(object)
    intensities = {}
    for name in (*CLASSES, *(kind for kind in np.unique(kinds.astype(str)) if kind not in CLASSES)):
        one = "fracture" if "fracture" in name else name
        rows = ((classes == name) | (kinds == name)) & inside[one]
        if length[one] > 0:
            intensities[name] = intensity(at[rows], tilt[rows], length[one], sure[rows])
    planes = with_attitude(mine)
    true = mine.index.isin(planes.index)
    beds, fractures = ((classes == name) & true for name in CLASSES)
    lies = planes.reindex(mine.index)[["dip_true_deg", "azimuth_true_deg"]].to_numpy(float)
    mean = mean_plane(lies[beds, 0], lies[beds, 1], sure[beds]) if beds.any() and sure[beds].sum() > 0 else None
    girdle = find_girdle(lies[beds, 0], lies[beds, 1], sure[beds])
    certain = beds & (sure >= _MIN_PATTERN_CONFIDENCE)
    patterns = find_dip_patterns(at[certain], lies[certain, 0], lies[certain, 1])
    removed = view.structural_dip
    if removed is None and mean is not None:
        removed = (mean.dip, mean.azimuth)
    sets = []
    for part in find_sets(lies[fractures, 0], lies[fractures, 1], sure[fractures]):
        level = (float("nan"), float("nan"))
        if removed is not None:
            turned = remove_dip(part.mean.dip, part.mean.azimuth, *removed)
            level = (float(turned[0]), float(turned[1]))
        members = np.flatnonzero(fractures)[part.members]
        counted = members[inside["fracture"][members]]
        spacing, alone = float("nan"), None
        if length["fracture"] > 0:
            alone = intensity(at[counted], tilt[counted], length["fracture"], sure[counted])
        if alone is not None and alone.planes > 0:
            # This single angle to the hole gives the same probability of meeting the hole as the angles of all planes.
            across = np.degrees(np.arccos(np.cos(np.radians(tilt[counted])).mean()))
            spacing = set_spacing(alone.planes, float(across), length["fracture"])
        sets.append(SetLine(part, spacing, level, alone))
    zones = []
    for zone in find_zones(at[beds], lies[beds, 0], lies[beds, 1], sure[beds]):
        within = {}
        here = (at >= zone.top) & (at <= zone.base)
        for name in CLASSES:
            metres = float(looked[name].metres_between([zone.top, zone.base])[0])
            rows = (classes == name) & inside[name] & here
            if metres > 0:
                within[name] = intensity(at[rows], tilt[rows], metres, sure[rows])
        zones.append(ZoneLine(zone, within))
    return Structure(
        mine,
        length,
        intensities,
        mean,
        sets,
        zones,
        girdle,
        patterns,
        removed,
        view.sections or _default_sections(mean, girdle),
        _mean_hole_direction(image),
        float((1 - mine["confidence"]).sum()) if mine["confidence"].notna().any() else float("nan"),
        int((~measured.contains(at)).sum()),
    )


def _default_sections(beds: MeanPlane | None, girdle: Girdle | None) -> tuple[float, ...]:
    """Section square to the axis of a fold, or along the dip of the mean bed."""
    if girdle is not None and girdle.claimed:
        return (float(round((girdle.trend + 90) % 180)),)
    return () if beds is None or beds.dip < MIN_TILT_DEG else (float(round(beds.azimuth) % 360),)


def _mean_hole_direction(image: WellImage) -> tuple[float, float] | None:
    """Return the mean direction of the hole."""
    depth = image["depth"].values
    at = np.linspace(depth[0], depth[-1], 200)
    deviation, azimuth = (np.radians(log_at(image, name, at)) for name in ("deviation", "hole_azimuth"))
    down = np.stack([np.sin(deviation) * np.sin(azimuth), np.sin(deviation) * np.cos(azimuth), np.cos(deviation)])
    vertical = np.nanmax(np.abs(deviation), initial=0) < 1e-3 and np.isfinite(deviation).any()
    if vertical:
        return 0.0, 0.0
    if not np.isfinite(down).any():
        return None
    east, north, low = np.nanmean(down, axis=1)
    return float(np.degrees(np.arctan2(np.hypot(east, north), low))), float(np.degrees(np.arctan2(east, north)) % 360)

"""Records of OSDU: well logs, marker sets, interval sets and trajectories, their bulk data as Parquet.

A record is what the Storage service and the Wellbore DDMS of an OSDU platform take. What a platform wants to know, and
no image file says, stands in a settings file: partition, wellbore, access, legal tags, the datum of depths. Units,
north and coordinate reference system are explicit in every record; one that is not known is refused.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import LOGS, WellImage, row_spacing
from geobfdt.wells.survey import Survey

__all__ = ["OsduRecord", "OsduSettings", "interval_set", "marker_set", "trajectory", "well_log"]

# Versions of the kinds that are written.
_KINDS = {
    "WellLog": "1.2.0",
    "WellboreMarkerSet": "1.2.1",
    "WellboreIntervalSet": "1.0.0",
    "WellboreTrajectory": "1.1.0",
}
_NORTHS = {"true": "TrueNorth", "grid": "GridNorth", "magnetic": "MagneticNorth"}
# Station property of azimuths from a north; the standard has none for magnetic ones.
_STATION_AZIMUTHS = {"true": "AzimuthTN", "grid": "AzimuthGN"}
# Factor to the base unit, and what is measured, for the units of frames of reference.
_UNITS = {"m": (1.0, "L"), "dega": (0.0174532925199433, "A")}
# Symbols of the catalogue of units, by the spellings of image files.
_IMAGE_UNITS = {
    "ohm.m": "ohm.m", "ohmm": "ohm.m", "ohm-m": "ohm.m", "mm": "mm", "m": "m", "in": "in", "us": "us", "mv": "mV",
    "db": "dB", "unitless": "unitless",
}  # fmt: skip
# Image rows are written so many at a time, so that memory does not grow with the length of a well.
_BLOCK_ROWS = 4096
# Unequal steps of depth differ by more than this share of a step.
_REGULAR_SHARE = 1e-3

Word = Annotated[str, StringConstraints(pattern=r"^[\w\-\.]+$")]
Group = Annotated[
    str, StringConstraints(pattern=r"^[a-zA-Z0-9_+&*-]+(?:\.[a-zA-Z0-9_+&*-]+)*@(?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,7}$")
]
Text = Annotated[str, StringConstraints(min_length=1)]
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]


class OsduSettings(BaseModel):
    """
    What an OSDU platform wants to know of a wellbore and its data.

    Examples
    --------
    >>> OsduSettings(
    ...     partition="opendes", wellbore="A-1", owners=["a@b.com"], viewers=["a@b.com"], legal_tags=["opendes-open"],
    ...     countries=["NO"], vertical_reference="KB",
    ... ).wellbore_id
    'opendes:master-data--Wellbore:A-1:'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    partition: Word = Field(description="name of the data partition")
    wellbore: Text = Field(description="key of the Wellbore record, the last part of its id")
    owners: tuple[Group, ...] = Field(min_length=1, description="groups that own the records")
    viewers: tuple[Group, ...] = Field(min_length=1, description="groups that may read the records")
    legal_tags: tuple[Text, ...] = Field(min_length=1, description="legal tags of the records")
    countries: tuple[Country, ...] = Field(min_length=1, description="other relevant countries, two letters each")
    vertical_reference: Text = Field(
        description="where measured depth is 0: the VerticalMeasurementID of an entry of the Wellbore record"
    )
    crs: Text | None = Field(
        None, description="key of the projected CoordinateReferenceSystem whose north is grid north"
    )
    image_unit: Text | None = Field(None, description="symbol of the unit of image values, where the file names none")

    @property
    def wellbore_id(self) -> str:
        """Reference to the Wellbore record."""
        return self.reference("master-data--Wellbore", self.wellbore)

    def reference(self, entity: str, key: str) -> str:
        """Return a reference to the latest version of a record of the partition."""
        return f"{self.partition}:{entity}:{quote(key, safe=':.-_')}:"

    def unit(self, symbol: str) -> str:
        """Return the reference to a unit of measure."""
        return self.reference("reference-data--UnitOfMeasure", symbol)


@dataclass(frozen=True)
class OsduRecord:
    """
    A record and its bulk data.

    Parameters
    ----------
    kind : str
        Entity type, such as ``WellLog``.
    record : dict
        What the platform takes as JSON.
    bulk : iterator of DataFrame
        Rows of the Parquet file, block by block.
    """

    kind: str
    record: dict[str, Any]
    bulk: Iterator[pd.DataFrame]

    def write_bulk(self, path: Path) -> None:
        """Write the bulk data as Parquet, block by block."""
        pyarrow = import_extra("pyarrow", "osdu")
        parquet = import_extra("pyarrow.parquet", "osdu")
        writer = None
        try:
            for block in self.bulk:
                table = pyarrow.Table.from_pandas(block, preserve_index=False)
                if writer is None:
                    writer = parquet.ParquetWriter(path, table.schema)
                writer.write_table(table.cast(writer.schema))
        finally:
            if writer is not None:
                writer.close()


def well_log(image: WellImage, name: str, settings: OsduSettings) -> OsduRecord:
    """
    Make a WellLog record of an image: measured depth, the image, its dynamic companion, and the known hole logs.

    Parameters
    ----------
    image : WellImage
        The well.
    name : str
        Name of the record.
    settings : OsduSettings
        What the platform wants to know.

    Returns
    -------
    OsduRecord
        Curves of several columns are named as the Wellbore DDMS has them: ``IMAGE[0]``, ``IMAGE[1]``, ...; their
        angles, the reference and the origin of the image are extension properties.

    Raises
    ------
    InputError
        If the unit of the image, its azimuth reference, or the north of its azimuths is not known.
    """
    place, depth = str(image.attrs["source"] or image.attrs["well"]), image["depth"].values
    reference, north = str(image.attrs["reference"]), str(image.attrs["north"])
    if reference == "unknown":
        raise InputError(place, "nothing says where image angle 0 points", "give --azimuth-reference")
    logs = [log for log in LOGS if np.isfinite(image[log].values).any()]
    if north == "unknown" and (reference != "high_side" or "hole_azimuth" in logs):
        raise InputError(place, "nothing says which north azimuths are from", "give --north true, grid or magnetic")
    pictures = [picture for picture in ("image", "dynamic") if picture in image]
    unit = settings.image_unit or _IMAGE_UNITS.get(str(image.attrs["units"]).strip().lower())
    if unit is None:
        observed = f"the unit of the image is {image.attrs['units']!r}"
        raise InputError(place, observed, "give image_unit in the OSDU settings, a symbol such as ohm.m or unitless")
    columns, units = int(image.sizes["azimuth"]), {"diameter": "m", "deviation": "dega", "hole_azimuth": "dega"}
    metres = settings.unit("m")
    curves = [{"CurveID": "MD", "Mnemonic": "MD", "NumberOfColumns": 1, "CurveUnit": metres}]
    curves += [
        # A dynamic companion is normalised.
        {"CurveID": one.upper(), "Mnemonic": one.upper(), "NumberOfColumns": columns,
         "CurveUnit": settings.unit(unit if one == "image" else "unitless")}
        for one in pictures
    ]  # fmt: skip
    curves += [
        {"CurveID": one.upper(), "Mnemonic": one.upper(), "NumberOfColumns": 1, "CurveUnit": settings.unit(units[one])}
        for one in logs
    ]
    ends = {"TopDepth": float(depth[0]), "BaseDepth": float(depth[-1]), "DepthUnit": metres}
    step = row_spacing(image)
    regular = depth.size > 1 and bool(np.all(np.abs(np.diff(depth) - step) <= _REGULAR_SHARE * step))
    data: dict[str, Any] = {
        "ReferenceCurveID": "MD",
        "SamplingDomainTypeID": settings.reference("reference-data--WellLogSamplingDomainType", "Depth"),
        "SamplingStart": float(depth[0]),
        "SamplingStop": float(depth[-1]),
        "TopMeasuredDepth": float(depth[0]),
        "BottomMeasuredDepth": float(depth[-1]),
        "IsRegular": regular,
        "Curves": [{**curve, **ends} for curve in curves],
    }
    lengths = ["SamplingStart", "SamplingStop", "TopMeasuredDepth", "BottomMeasuredDepth"]
    if regular:
        data["SamplingInterval"] = step
        lengths.append("SamplingInterval")
    origin = ("tool", "run", "reference", "north", "declination", "dark", "normalisation", "source", "source_sha256")
    extension = {key: image.attrs[key] for key in origin}
    extension["azimuth_deg"] = [float(angle) for angle in image["azimuth"].values]
    meta = [_unit_frame("m", lengths, settings)]
    if north in _NORTHS:
        meta.append(_north_frame(north, ["ExtensionProperties.geobfdt.azimuth_deg", "Curves[].HOLE_AZIMUTH"], settings))
    return _record("WellLog", name, settings, data, meta, extension, _image_blocks(image, pictures, logs))


def marker_set(picks: pd.DataFrame, name: str, settings: OsduSettings, north: str) -> OsduRecord:
    """
    Make a WellboreMarkerSet record of picks: a marker each, with dip and dip azimuth where they are known.

    Parameters
    ----------
    picks : PickTable
        Picks of one well.
    name : str
        Name of the record.
    settings : OsduSettings
        What the platform wants to know.
    north : str
        North of the azimuths.

    Returns
    -------
    OsduRecord
        Its bulk data are the whole pick table.

    Raises
    ------
    InputError
        If a pick has an azimuth and its north is not known.
    """
    oriented = bool(picks["azimuth_true_deg"].notna().any())
    if oriented and north not in _NORTHS:
        raise InputError(name, "nothing says which north azimuths are from", "give --north true, grid or magnetic")
    columns = {
        "MarkerMeasuredDepth": "depth_m",
        "SurfaceDipAngle": "dip_true_deg",
        "SurfaceDipAzimuth": "azimuth_true_deg",
        "MarkerInterpreter": "source",
    }
    markers = []
    for number, row in enumerate(picks.to_dict("records")):
        label = row.get("class_source")
        marker = {"MarkerID": str(number), "MarkerName": str(label if _has_value(label) else row["class"])}
        marker |= {key: row[column] for key, column in columns.items() if _has_value(row[column])}
        markers.append({**marker, "FeatureName": str(row["class"])})
    table = picks.drop(columns=[column for column in picks if _empty(picks[column])]).reset_index(drop=True)
    data = {"Markers": markers, "AvailableMarkerProperties": _properties(table, settings, "MarkerPropertyUnitID")}
    meta = [
        _unit_frame("m", ["Markers[].MarkerMeasuredDepth"], settings),
        _unit_frame("dega", ["Markers[].SurfaceDipAngle", "Markers[].SurfaceDipAzimuth"], settings),
    ]
    if oriented:
        meta.append(_north_frame(north, ["Markers[].SurfaceDipAzimuth"], settings))
    extension = {"north": north}
    return _record("WellboreMarkerSet", name, settings, data, meta, extension, iter([table]))


def interval_set(
    intervals: pd.DataFrame, breakouts: pd.DataFrame, name: str, settings: OsduSettings, north: str
) -> OsduRecord:
    """
    Make a WellboreIntervalSet record of intervals and of breakouts and induced fractures.

    Parameters
    ----------
    intervals : IntervalTable
        Intervals of one well.
    breakouts : BreakoutTable
        Its breakouts.
    name : str
        Name of the record.
    settings : OsduSettings
        What the platform wants to know.
    north : str
        North of the azimuths of breakouts.

    Returns
    -------
    OsduRecord
        Its bulk data are both tables, one under the other.

    Raises
    ------
    InputError
        If a breakout has an azimuth and its north is not known.
    """
    if breakouts["azimuth_true_deg"].notna().any() and north not in _NORTHS:
        raise InputError(name, "nothing says which north azimuths are from", "give --north true, grid or magnetic")
    tables = [table for table in (intervals, breakouts.assign(kind="damage")) if len(table)]
    table = pd.concat(tables, ignore_index=True)
    table = table.drop(columns=[column for column in table if _empty(table[column])])
    rows = [
        {"IntervalID": str(number),
         "StartMeasuredDepth": float(row["top_m"]), "StopMeasuredDepth": float(row["base_m"]),
         "StartIntervalName": str(row["class"]), "StopIntervalName": str(row["class"])}
        for number, row in enumerate(table.to_dict("records"))
    ]  # fmt: skip
    meta = [_unit_frame("m", ["Intervals[].StartMeasuredDepth", "Intervals[].StopMeasuredDepth"], settings)]
    extension = {"north": north, "properties": _properties(table, settings, "unit")}
    return _record("WellboreIntervalSet", name, settings, {"Intervals": rows}, meta, extension, iter([table]))


def trajectory(survey: Survey, name: str, settings: OsduSettings) -> OsduRecord:
    """
    Make a WellboreTrajectory record of a survey: measured depth, inclination and azimuth of its stations.

    Parameters
    ----------
    survey : Survey
        Stations.
    name : str
        Name of the record.
    settings : OsduSettings
        What the platform wants to know; ``crs`` where azimuths are from grid north.

    Returns
    -------
    OsduRecord
        Its bulk data are the stations.

    Raises
    ------
    InputError
        If the north of the azimuths is not known, is magnetic, or is grid north of no coordinate reference system.
    """
    azimuth = _STATION_AZIMUTHS.get(survey.north)
    if azimuth is None:
        observed = f"azimuths of the survey are from {survey.north} north"
        raise InputError(name, observed, "turn them to true or grid north, and name the column azimuth true or so")
    columns = {"MD": survey.depth, "Inclination": survey.deviation, azimuth: survey.azimuth}
    units = {"MD": "m", "Inclination": "dega", azimuth: "dega"}
    properties = [
        {"Name": one, "StationPropertyUnitID": settings.unit(units[one]),
         "TrajectoryStationPropertyTypeID": settings.reference("reference-data--TrajectoryStationPropertyType", one)}
        for one in columns
    ]  # fmt: skip
    data: dict[str, Any] = {
        "TopDepthMeasuredDepth": float(survey.depth[0]),
        "BaseDepthMeasuredDepth": float(survey.depth[-1]),
        "AzimuthReferenceType": settings.reference("reference-data--AzimuthReferenceType", _NORTHS[survey.north]),
        "AvailableTrajectoryStationProperties": properties,
    }
    if survey.north == "grid":
        data["ProjectedCRSID"] = _crs(name, settings)
    meta = [
        _unit_frame("m", ["TopDepthMeasuredDepth", "BaseDepthMeasuredDepth"], settings),
        _north_frame(survey.north, [f"AvailableTrajectoryStationProperties[].{azimuth}"], settings),
    ]
    return _record("WellboreTrajectory", name, settings, data, meta, {}, iter([pd.DataFrame(columns)]))


# What a record is made of.
def _record(  # noqa: PLR0913
    kind: str, name: str, settings: OsduSettings, data: dict[str, Any], meta: list[dict[str, Any]],
    extension: Mapping[str, Any], bulk: Iterator[pd.DataFrame],
) -> OsduRecord:  # fmt: skip
    """Put a record together; its id follows from partition, wellbore, kind and name, and is the same at each export."""
    entity = f"work-product-component--{kind}"
    key = uuid.uuid5(uuid.NAMESPACE_URL, "|".join((settings.partition, settings.wellbore, kind, name)))
    extension = {key: value for key, value in extension.items() if _has_value(value)}
    record = {
        "id": f"{settings.partition}:{entity}:{key}",
        "kind": f"osdu:wks:{entity}:{_KINDS[kind]}",
        "acl": {"owners": list(settings.owners), "viewers": list(settings.viewers)},
        "legal": {"legaltags": list(settings.legal_tags), "otherRelevantDataCountries": list(settings.countries)},
        "meta": meta,
        "data": {
            "Name": name,
            "Source": "GeoBFDT",
            "WellboreID": settings.wellbore_id,
            "VerticalMeasurement": {"VerticalReferenceID": settings.vertical_reference},
            **data,
            "ExtensionProperties": {"geobfdt": extension},
        },
    }
    return OsduRecord(kind, record, bulk)


def _unit_frame(symbol: str, properties: Sequence[str], settings: OsduSettings) -> dict[str, Any]:
    """Return the frame of reference that gives properties their unit."""
    factor, quantity = _UNITS[symbol]
    reference = {
        "abcd": {"a": 0.0, "b": factor, "c": 1.0, "d": 0.0},
        "symbol": symbol,
        "baseMeasurement": {"ancestry": quantity, "type": "UM"},
        "type": "UAD",
    }
    return {
        "kind": "Unit",
        "name": symbol,
        "persistableReference": json.dumps(reference, separators=(",", ":")),
        "unitOfMeasureID": settings.unit(symbol),
        "propertyNames": list(properties),
    }


def _north_frame(north: str, properties: Sequence[str], settings: OsduSettings) -> dict[str, Any]:
    """Return the frame of reference that gives azimuths their north."""
    if north == "grid":
        _crs("north", settings)
    reference = json.dumps({"code": _NORTHS[north], "type": "AZR"}, separators=(",", ":"))
    return {
        "kind": "AzimuthReference",
        "name": _NORTHS[north],
        "persistableReference": reference,
        "propertyNames": list(properties),
    }


def _crs(place: str, settings: OsduSettings) -> str:
    if settings.crs is None:
        observed = "azimuths are from grid north, and nothing says of which coordinate reference system"
        raise InputError(place, observed, "give crs in the OSDU settings, such as Projected:EPSG::32632")
    return settings.reference("reference-data--CoordinateReferenceSystem", settings.crs)


def _properties(table: pd.DataFrame, settings: OsduSettings, key: str) -> list[dict[str, str]]:
    """List the columns of bulk data with the units that their names hold."""
    suffixes = {"_m": "m", "_deg": "dega"}
    properties = []
    for column in map(str, table.columns):
        symbol = next((unit for suffix, unit in suffixes.items() if column.endswith(suffix)), None)
        properties.append({"Name": column} | ({key: settings.unit(symbol)} if symbol else {}))
    return properties


def _image_blocks(image: WellImage, pictures: Sequence[str], logs: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield rows of an image with its depths and logs."""
    columns = int(image.sizes["azimuth"])
    for top in range(0, int(image.sizes["depth"]), _BLOCK_ROWS):
        rows = image.isel(depth=slice(top, top + _BLOCK_ROWS))
        parts = [pd.DataFrame({"MD": rows["depth"].values})]
        parts += [
            pd.DataFrame(rows[one].values, columns=[f"{one.upper()}[{i}]" for i in range(columns)]) for one in pictures
        ]
        parts += [pd.DataFrame({one.upper(): rows[one].values}) for one in logs]
        yield pd.concat(parts, axis=1)


def _has_value(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and np.isnan(value))


def _empty(column: pd.Series[Any]) -> bool:
    return bool((column.isna() | (column == "")).all())

"""Picks along rows of an image whose rows may differ because of the tool and not of the rock."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage, log_at, row_spacing
from geobfdt.wells.picks import PickTable

__all__ = ["downgrade_picks_along_rows"]

_FLAT_ROWS, _FLAT_M = 1.5, 0.01  # Height of a trace, in rows and in metres, up to which a pick runs along a row.
_DEVIATED_DEG = 30.0  # Hole inclination from which beds along rows are odd, unless most are.
_AROUND_M, _FEWEST = 5.0, 4  # Other beds that are compared: how far away, and how many have to be there.
_SHOWN = 5  # Depths that a finding names.


def downgrade_picks_along_rows(picks: PickTable, image: WellImage) -> tuple[PickTable, list[Finding]]:
    """
    Give quality D to picks along rows that probably come from the tool and not from the rock.

    Parameters
    ----------
    picks : PickTable
        Pick table of one well.
    image : WellImage
        The well, with the findings of its checks.

    Returns
    -------
    picks : PickTable
        The same, with quality D for such picks.
    findings : list of Finding
        ``picks-along-rows``, if there are any.

    Notes
    -----
    A pick is along a row if its trace is no higher than a row and a half. It gets quality D if the image check found
    rows that are offset as wholes (``row-offsets``), or if the hole is inclined by 30 degrees or more and fewer than
    half of the beds within 5 m run along rows.
    """
    if picks.empty:
        return picks, []
    depth, height = picks["depth_m"].to_numpy(float), 2 * picks["amplitude_m"].to_numpy(float)
    along = height <= max(_FLAT_ROWS * row_spacing(image), _FLAT_M)
    offset = any(finding.kind == "row-offsets" for finding in image.attrs["findings"])
    inclined = np.asarray(log_at(image, "deviation", depth)) >= _DEVIATED_DEG
    beds = (picks["class"] == "bedding").to_numpy()
    suspect = along & (offset | (inclined & _unlike_others(depth, along, beds)))
    if not suspect.any():
        return picks, []
    where = ", ".join(f"{at:.2f}" for at in depth[suspect][:_SHOWN]) + (" ..." if suspect.sum() > _SHOWN else "")
    why = "rows of this image are offset as wholes" if offset else "the hole is inclined and beds around are not flat"
    observed = f"{suspect.sum()} of {len(picks)} picks run along rows, at {where} m, and {why}"
    cure = "quality D; compare --even-rows, and reject what the rock does not show"
    changed = picks.assign(quality=picks["quality"].where(~suspect, "D"))
    return changed, [Finding(Severity.MAJOR, "picks-along-rows", str(image.attrs["well"]), observed, cure)]


def _unlike_others(
    depth: npt.NDArray[np.float64], along: npt.NDArray[np.bool_], beds: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Whether there are enough beds around each pick, and fewer than half of them run along rows."""
    order = np.argsort(depth[beds], kind="stable")
    at, flat = depth[beds][order], np.concatenate([[0], np.cumsum(along[beds][order])])
    first, last = np.searchsorted(at, depth - _AROUND_M), np.searchsorted(at, depth + _AROUND_M, side="right")
    return np.asarray((last - first > _FEWEST) & (flat[last] - flat[first] < 0.5 * (last - first)))

"""The turn from the north of an image file to another one, by what file and user state."""

from __future__ import annotations

from geobfdt.io.tables.surveys import read_survey
from geobfdt.runtime.findings import InputError, Severity
from geobfdt.wells.image import WellImage, place_of
from geobfdt.wells.north import North, NorthTurn, north_turn
from geobfdt.wells.options import ReadingOptions

__all__ = ["image_north_turn"]


def image_north_turn(
    image: WellImage, reading: ReadingOptions, target: North | None, convergence: float | None
) -> NorthTurn | None:
    """
    Return how the azimuths of an image are to be turned; None without a target north.

    Parameters
    ----------
    image : WellImage
        The well as it was read with these options.
    reading : ReadingOptions
        What the user states beside the file.
    target : str, optional
        North to turn to.
    convergence : float, optional
        What to add to grid azimuths to get true ones (deg).

    Raises
    ------
    InputError
        If a north, or an angle that is needed, is not known or contradicts the file, or image and survey are from two
        norths.
    """
    place = place_of(image)
    if target is None:
        if convergence is not None:
            raise InputError(
                place, "a convergence is given, and no north to turn to", "give --to-north, or leave it out"
            )
        return None
    overruled = [f for f in image.attrs["findings"] if f.kind == "north-stated" and f.severity is Severity.MAJOR]
    if reading.north is not None and overruled:
        observed = f"{overruled[0].observed}, and --north says {reading.north}: it may have been turned already"
        cure = "leave out --north; if the file is wrong, convert it with --north alone first"
        raise InputError(place, observed, cure)
    if any(finding.kind == "north-conflict" for finding in image.attrs["findings"]):
        raise InputError(place, "image and survey are from two norths", "give a survey from the north of the image")
    if reading.survey is not None and reading.north is None:
        survey, _ = read_survey(reading.survey, well=image.attrs["well"], decimal=reading.decimal)
        if survey.north == "unknown":
            raise InputError(
                reading.survey, "nothing says from which north its azimuths are", "give --north for image and survey"
            )
    declination = float(image.attrs["declination"])
    return north_turn(place, image.attrs["north"], target, declination=declination, convergence=convergence)

"""How long work tells what share of it is done."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "no_progress", "part_of"]


class Progress(Protocol):
    """Is called with the finished share of a piece of work, 0 to 1, and, where there is more to say, the step."""

    def __call__(self, share: float, text: str = "", /) -> None: ...  # noqa: D102


def no_progress(_share: float, _text: str = "") -> None:
    """Tell nobody."""


def part_of(progress: Progress, first: float, last: float, text: str = "") -> Progress:
    """
    Progress of a part of the work.

    Parameters
    ----------
    progress : Progress
        That of the whole.
    first, last : float
        Shares of the whole at which the part begins and ends.
    text : str
        The step, where the part names none.

    Examples
    --------
    >>> shares = []
    >>> part_of(shares.append, 0.5, 1.0)(0.5)
    >>> shares
    [0.75]
    """

    def tell(share: float, step: str = "", /) -> None:
        at = first + (last - first) * share
        if step or text:
            progress(at, step or text)
        else:
            progress(at)

    return tell

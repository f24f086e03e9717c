"""Progress of long work: a callable that takes the finished share."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "no_progress", "part_of"]


class Progress(Protocol):
    """Callable that takes the finished share of the work, 0 to 1, and, optionally, the name of the step."""

    def __call__(self, share: float, text: str = "", /) -> None: ...  # noqa: D102


def no_progress(_share: float, _text: str = "") -> None:
    """Ignore the progress."""


def part_of(progress: Progress, first: float, last: float, text: str = "") -> Progress:
    """
    Return the progress callable for a part of the work.

    Parameters
    ----------
    progress : Progress
        Progress of the whole work.
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

    def report(share: float, step: str = "", /) -> None:
        at = first + (last - first) * share
        if step or text:
            progress(at, step or text)
        else:
            progress(at)

    return report

"""Vocabulary of interpreters: class, polarity and status that a label of a pick table gives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import parse_yaml, read_yaml

__all__ = ["Meaning", "Pattern", "Vocabulary", "load_vocabulary"]

# Advice at the end of every message about a vocabulary.
_CURE = "see docs/pick-tables.md for the vocabulary file"


class Meaning(BaseModel):
    """Meaning of a label."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    class_: Literal["bedding", "fracture", "ignored", "excluded"] = Field(alias="class", description="class or fate")
    polarity: Literal["", "conductive", "resistive"] = Field("", description="what the label says of the polarity")
    continuity: Literal["", "continuous", "discontinuous"] = Field("", description="what it says of the trace")
    feature: Literal["", "breakout", "induced"] = Field("", description="what it says of damage by drilling")


class Pattern(Meaning):
    """A meaning and its labels."""

    like: str = Field(description="label with * for any text")


# A label with one of these words beside a class does not name that class.
_NEGATIONS = {
    "no", "non", "not", "none", "never", "nil", "un", "nor", "without", "absent", "absence", "lack", "lacking", "free",
    "false", "pseudo",
}  # fmt: skip
# A label with one of these between two classes leaves open which of them it is.
_ALTERNATIVES = re.compile(r"[/|?&+]|\bor\b")
# "Non-conductive fracture" is a fracture whose polarity the label does not give.
_NEGATED = re.compile(
    r"\b(?:non|not|un)[\W_]+(?:(?:dis)?continuous|conductive|resistive|healed|cemented|filled|mineralised|mineralized"
    r"|open|closed|partial|(?:drilling[\W_]+)?induced)\b"
)
# Words for conductive and for resistive fractures.
_POLARITY_WORDS = ({"conductive", "cond"}, {"resistive", "res", "healed", "cemented"})


def _normal(label: str) -> str:
    return " ".join(re.split(r"[\s_-]+", label.strip().casefold())).strip()


@cache
def _phrase(like: str) -> re.Pattern[str]:
    """Whole words that a pattern matches, also in the plural; each has a blank behind it."""
    parts = []
    for part in _normal(like).split():
        word = re.escape(part).replace(r"\*", r"\S*") + ("" if "*" in part else "s?")
        parts.append(r"(\S+ )*" if part == "*" else word + " ")
    return re.compile("".join(parts))


def _bare(value: Any) -> Any:
    """`bedding` is short for `{class: bedding}`."""
    return {"class": value} if isinstance(value, str) else value


class Vocabulary(BaseModel):
    """
    Labels and what they mean.

    Examples
    --------
    >>> words = Vocabulary(labels={"Bedding": "bedding"}, patterns=[{"like": "*frac*", "class": "fracture"}])
    >>> words.meaning("BEDDING").class_, words.meaning("Open_Fracture").class_, words.meaning("fold")
    ('bedding', 'fracture', None)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: dict[str, Meaning] = Field({}, description="meaning by whole label")
    patterns: tuple[Pattern, ...] = Field((), description="tried in order for a label that is not among them")

    @field_validator("labels", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        # YAML reads a label such as 12 as a number, but labels are text.
        return {_normal(str(k)): _bare(v) for k, v in value.items()} if isinstance(value, dict) else value

    def meaning(self, label: str) -> Meaning | None:
        """
        Look a label up: whole first, then by the patterns in order; case, ``_``, ``-`` and blanks do not matter.

        A pattern matches whole words, or any text where it says so; a label that denies something is matched only by a
        pattern that names the denial. A label of two classes, such as ``bedding/fracture``, names neither.

        Parameters
        ----------
        label : str
            Label as in a table.

        Returns
        -------
        Meaning or None
            None if the vocabulary does not hold it.
        """
        word = _normal(label)
        if word in self.labels:
            return self.labels[word]
        match = self._by_pattern(label)
        if match is None or _ALTERNATIVES.search(_normal(match.like)):
            return match
        parts = [self.labels.get(_normal(part)) or self._by_pattern(part) for part in _ALTERNATIVES.split(word)]
        classes = {part.class_ for part in parts if part is not None}
        return match if len(classes) < 2 else None

    def _by_pattern(self, label: str) -> Pattern | None:
        """Return the first pattern that matches a label, None if none does."""
        word = _normal(label)
        words = re.findall(r"[^\W_]+", _NEGATED.sub(" ", label.replace("_", " ").casefold()))
        plain = _NEGATED.search(word) is None
        # In "not conductive or resistive" it is unclear what the negation refers to.
        denials = (_NEGATIONS if plain else _NEGATIONS | {"or", "and"}) & set(words)
        for pattern in self.patterns:
            like = _normal(pattern.like)
            whole = _phrase(like).fullmatch("".join(f"{w} " for w in words))
            # A pattern `*frac*` of a user matches any text, if the label has no negation.
            if (whole and denials <= set(re.findall(r"[^\W_]+", like))) or (
                plain and not denials and fnmatchcase(word, like)
            ):
                both = all(pole & set(words) for pole in _POLARITY_WORDS)
                return pattern.model_copy(update={"polarity": ""}) if both else pattern
        return None

    def meanings(self, labels: Iterable[str], file: str | Path = "pick table") -> dict[str, Meaning]:
        """
        Look up every label of a table.

        Parameters
        ----------
        labels : iterable of str
            Labels, one a row.
        file : str or Path
            Name for the error.

        Returns
        -------
        dict of str to Meaning
            Meaning by label.

        Raises
        ------
        InputError
            If the vocabulary does not hold some of them; all are named, with their counts.

        Examples
        --------
        >>> load_vocabulary().meanings(["CCF", "log", "log"])
        Traceback (most recent call last):
        geobfdt.runtime.findings.InputError: pick table: labels not in the vocabulary: 'log' (2 rows); give a vocabulary
        file with the line labels: {'log': fracture}, or bedding, ignored, excluded as each is
        """
        counts: dict[str, int] = {}
        for label in labels:
            counts[label] = counts.get(label, 0) + 1
        meanings = {label: self.meaning(label) for label in counts}
        unknown = [label for label, meaning in meanings.items() if meaning is None]
        if unknown:
            examples = sorted(unknown, key=lambda label: -counts[label])[:30]
            named = ", ".join(f"{label[:40]!r} ({counts[label]} rows)" for label in examples)
            more = f" and {len(unknown) - len(examples)} more" if len(unknown) > len(examples) else ""
            line = ", ".join(f"{label[:40]!r}: fracture" for label in examples)
            raise InputError(
                file,
                f"labels not in the vocabulary: {named}{more}",
                f"give a vocabulary file with the line labels: {{{line}}}, or bedding, ignored, excluded as each is",
            )
        return {label: meaning for label, meaning in meanings.items() if meaning is not None}


def load_vocabulary(path: str | Path | None = None) -> Vocabulary:
    """
    Read a vocabulary file and put it before the built-in one; without a file, the built-in one alone.

    Parameters
    ----------
    path : str or Path, optional
        YAML with ``labels`` and ``patterns`` (``docs/pick-tables.md``).

    Raises
    ------
    InputError
        If it cannot be read or says something that is not known.

    Examples
    --------
    >>> load_vocabulary().meaning("Conductive fracture").polarity
    'conductive'
    """
    if path is None:
        return _built_in()
    content = read_yaml(Path(path), "vocabulary file", _CURE)
    try:
        own = Vocabulary.model_validate({} if content is None else content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "top"
        raise InputError(path, f"{place}: {first['msg']} (given {str(first['input'])[:60]!r})", _CURE) from error
    base = _built_in()
    # A pattern of the user has priority over a label of the built-in list, so that matching labels are dropped there.
    inherited = {k: v for k, v in base.labels.items() if own.meaning(k) is None}
    return Vocabulary.model_construct(labels=inherited | own.labels, patterns=(*own.patterns, *base.patterns))


@cache
def _built_in() -> Vocabulary:
    text = files("geobfdt.wells").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    return Vocabulary.model_validate(parse_yaml(text))

"""The words of interpreters."""

import pytest

from geobfdt.wells.findings import InputError
from geobfdt.wells.vocabulary import load_vocabulary


@pytest.mark.parametrize(
    ("label", "class_", "polarity", "continuity"),
    [
        ("Bedding", "bedding", "", ""),
        ("DEFORMED_BEDDING", "bedding", "", ""),
        ("Erosional surface", "bedding", "", ""),
        ("cross-bed", "bedding", "", ""),
        ("Cross-bedding", "bedding", "", ""),
        ("Foliation", "bedding", "", ""),
        ("Unconformity", "bedding", "", ""),
        ("Stylolite", "bedding", "", ""),
        ("CCF", "fracture", "conductive", "continuous"),
        ("dcf", "fracture", "conductive", "discontinuous"),
        ("CRF", "fracture", "resistive", "continuous"),
        ("DRF", "fracture", "resistive", "discontinuous"),
        ("RF", "fracture", "resistive", ""),
        ("CF", "fracture", "conductive", ""),
        ("PF", "fracture", "", ""),
        ("Conductive fracture", "fracture", "conductive", ""),
        ("Resistive  Fracture", "fracture", "resistive", ""),
        ("Discontinuous conductive fracture", "fracture", "conductive", "discontinuous"),
        ("Continuous resistive fracture", "fracture", "resistive", "continuous"),
        ("Possible fault", "fracture", "", ""),
        ("Fault", "fracture", "", ""),
        ("Vein", "fracture", "resistive", ""),
        ("Cond_FTCC", "fracture", "conductive", ""),
        ("Cond_PTT", "fracture", "conductive", ""),
        ("Breakout", "ignored", "", ""),
        ("Induced fracture", "ignored", "", ""),
        ("Drilling-induced tensile fracture", "ignored", "", ""),
        ("DITF_En_Echelon", "ignored", "", ""),
        ("Petal-centreline", "ignored", "", ""),
    ],
)
def test_labels_of_the_field(label, class_, polarity, continuity):
    """Labels of vendors and of the real tables mean what an interpreter means by them."""
    meaning = load_vocabulary().meaning(label)
    assert (meaning.class_, meaning.polarity, meaning.continuity) == (class_, polarity, continuity)


def test_unknown_labels_are_all_named(tmp_path):
    """Nothing is dropped: unknown labels, their counts and the line to add are in one line."""
    with pytest.raises(InputError) as error:
        load_vocabulary().meanings(["Bedding", "Blob", "Blob", ""], "dips.csv")
    assert "dips.csv: labels not in the vocabulary: 'Blob' (2 rows), '' (1 rows)" in str(error.value)
    assert "labels: {'Blob': fracture, '': fracture}" in str(error.value)


def test_the_line_to_add_cures(tmp_path):
    """The line that the error shows, put in a file, is a vocabulary that knows the labels."""
    with pytest.raises(InputError) as error:
        load_vocabulary().meanings(["Blob", ""])
    line = str(error.value).split("with the line ")[1].split(", or bedding")[0]
    path = tmp_path / "words.yaml"
    path.write_text(line)
    assert [m.class_ for m in load_vocabulary(path).meanings(["blob", ""]).values()] == ["fracture", "fracture"]


def test_own_vocabulary_goes_first(tmp_path):
    """A user's label or pattern wins over the built-in one; what it does not hold is still known."""
    path = tmp_path / "words.yaml"
    path.write_text(
        "labels: {stylolite: excluded, Type 1: {class: fracture, polarity: resistive}}\n"
        "patterns: [{like: 'fault*', class: ignored}]\n"
    )
    words = load_vocabulary(path)
    assert words.meaning("Stylolite").class_ == "excluded"
    assert words.meaning("type_1").polarity == "resistive"
    assert words.meaning("Fault").class_ == "ignored"
    assert words.meaning("Bedding").class_ == "bedding"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("labels: {a: plane}", "labels.a.class"),
        ("labels: {a: {class: bedding, colour: red}}", "colour"),
        ("lables: {a: bedding}", "lables"),
        ("- a", "top"),
        ("labels: [", "not a vocabulary file"),
    ],
)
def test_bad_vocabulary_file(tmp_path, text, says):
    """A vocabulary that says something unknown is refused in one line."""
    path = tmp_path / "words.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        load_vocabulary(path)

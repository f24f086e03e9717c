"""The words of interpreters."""

import pytest

from geobfdt.runtime.findings import InputError
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


INDUCED = """Centerline fracture|Centreline|centre-line fracture|Center line|Petal-centerline fracture|petal fracture|
Petals|Drilling enhanced fracture|Drilling-enhanced natural fracture|Mechanical fracture|Fracture, mechanical|
Mechanically induced|Stress induced fracture|DITF|DIF|Break-out|Break out|Artificial fracture|Unnatural fracture"""
NEITHER = """Non-conductive fracture|non_conductive_fracture|Nonconductive fracture|Not conductive fracture|
Fracture, not conductive|Fracture (non-conductive)|Non resistive fault|Un-healed fracture|Unhealed fracture|
Non-cemented fracture|Conductive/resistive fracture|Fault, resistive and conductive|Cond/res fracture|
Non-induced fracture"""
NO_PLANE = """No fracture|No fractures|Non-fracture|Not a fracture|non_fracture|Nonfracture|Unfractured|
Without fracture|
Fracture: no|Fracture absent|Fracture - none|Fault (no fill)|Never fractured|Non-natural fracture|False fracture|
Pseudo-fracture|No conductive or resistive fracture|No open fracture|Not conductive or resistive fracture|
Non cond_FTCC|No vein|No fault|No joint|Non-bedding|No bedding|
Not bedding|Bedding: none|No lamination|Not foliation|Non stylolite|no unconformity|Cond: none"""


def split(labels):
    """Labels between bars."""
    return [label.strip() for label in labels.split("|")]


@pytest.mark.parametrize("label", split(INDUCED))
def test_what_drilling_makes_is_no_fracture_of_the_rock(label):
    """Induced in every spelling: an interval to ignore, never a pick."""
    assert load_vocabulary().meaning(label).class_ == "ignored"


@pytest.mark.parametrize("label", split(NEITHER))
def test_a_denied_polarity_is_none(label):
    """A fracture that is not conductive is not conductive; whether it is resistive, nobody says."""
    meaning = load_vocabulary().meaning(label)
    assert (meaning.class_, meaning.polarity) == ("fracture", "")


@pytest.mark.parametrize("label", split(NO_PLANE))
def test_a_denied_plane_is_none(label):
    """A label that denies its plane is excluded or not known, never that plane."""
    meaning = load_vocabulary().meaning(label)
    assert meaning is None or meaning.class_ == "excluded"


@pytest.mark.parametrize("denial", ["no", "non", "not", "none", "without", "un"])
@pytest.mark.parametrize(
    "place", ["{denial} {label}", "{denial}-{label}", "{label} ({denial})", "{label}, {denial}", "{label}_{denial}"]
)
@pytest.mark.parametrize(
    "label", ["conductive fracture", "resistive fault", "vein", "bedding plane", "breakout", "CCF"]
)
def test_no_label_means_the_same_with_and_without_a_denial(denial, place, label):
    """Wherever the word stands, what it denies is not what the row is."""
    words = load_vocabulary()
    meaning, denied = words.meaning(label), words.meaning(place.format(denial=denial, label=label))
    assert denied is None or denied.class_ == "excluded" or (denied.class_ == meaning.class_ and not denied.polarity)


@pytest.mark.parametrize("label", ["Fracture-free", "fracture free zone", "Absence of fractures", "lack of bedding"])
def test_a_lack_of_planes_is_no_plane(label):
    """Zones without fractures have to be defined by the user."""
    assert load_vocabulary().meaning(label) is None


@pytest.mark.parametrize(
    ("label", "class_"),
    [("Bedding/fracture", None), ("fracture or bedding", None), ("Fault | bed", None), ("Breakout/fracture", None),
     ("Foliation/bedding", "bedding"), ("Fracture / fault", "fracture"), ("Conductive/resistive fracture", "fracture"),
     ("Fracture in bedding", "fracture")],
)  # fmt: skip
def test_a_label_of_two_classes_names_neither(label, class_):
    """Which class comes first in the list decides nothing."""
    meaning = load_vocabulary().meaning(label)
    assert (None if meaning is None else meaning.class_) == class_


def test_plurals_are_the_same():
    """Fractures, veins and beds are a fracture, a vein and a bed."""
    words = load_vocabulary()
    for label in ("Open fractures", "Possible faults", "Veins", "Joints", "Cross-beds", "Laminations", "Stylolites"):
        assert words.meaning(label) is not None, label


def test_whole_words_of_a_users_pattern(tmp_path):
    """A star within a word is any text of it; a denial has to be named."""
    path = tmp_path / "words.yaml"
    path.write_text("patterns: [{like: '*klu*', class: fracture}, {like: 'non klu*', class: ignored}]\n")
    words = load_vocabulary(path)
    assert words.meaning("Kluft offen").class_ == "fracture"
    assert words.meaning("non-kluft").class_ == "ignored"
    assert words.meaning("kluft: no") is None


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

"""Progress where nobody watches a bar, and what is said when a user stops the work."""

import pytest

from geobfdt.cli import console


def test_long_work_logs_plain_lines_without_a_terminal(capsys):
    """A line each half minute, with the share, what it is at, and the time left; none for short work."""
    seconds = iter([0.0, 10.0, 40.0, 50.0, 80.0, 400.0])
    advance = console._LogLines("training", lambda: next(seconds))
    for share, text in ((0.1, "step 1"), (0.2, "step 2"), (0.3, "step 3"), (0.5, ""), (1.0, "done")):
        advance(share, text)
    lines = capsys.readouterr().err.splitlines()
    # After 40 s a fifth is done: 160 s are left. After 80 s a half: 80 s.
    assert lines == ["training: 20 %, step 2, about 3 min left", "training: 50 %, about 1 min left"]


def test_a_stopped_verb_says_what_was_kept(capsys):
    """Ctrl-C is passed on; standard error names the work and what stays of it."""
    with pytest.raises(KeyboardInterrupt), console.progress("picking 3 wells", on_interrupt="wells that are done stay"):
        raise KeyboardInterrupt
    printed = capsys.readouterr()
    assert printed.err.strip() == "stopped while picking 3 wells: wells that are done stay"
    assert printed.out == ""


@pytest.mark.parametrize("markup", [True, False])
def test_text_of_a_file_does_not_steer_the_terminal(capsys, markup):
    """Escape sequences, carriage returns and changes of direction come out as question marks, in tables too."""
    name = "A-1\x1b[2J\x9b31m\r\u202egnp"
    console.console().print(f"well {name}", markup=markup)
    console.print_table(name, [{"well": name}])
    printed = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\r", "\u202e"} & set(printed)
    assert printed.count("A-1?") == 3

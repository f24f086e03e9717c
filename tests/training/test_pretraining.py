"""The command that makes the shipped weights."""

from __future__ import annotations

import sys

import pytest
import torch

from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.network_settings import CurveSettings
from geobfdt.training import pretraining


def test_the_command_parses(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No option has the name of a training setting."""
    monkeypatch.setattr(sys, "argv", ["pretraining", "--help"])
    with pytest.raises(SystemExit) as end:
        pretraining.main()
    assert end.value.code == 0
    assert "--pad_ends" in capsys.readouterr().out


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_mean_of_two_networks(share: float) -> None:
    """Each number lies between those of both, counters are those of the later one."""
    torch.manual_seed(0)
    before, after = (CurveNetwork(CurveSettings()).state_dict() for _ in range(2))
    mean = pretraining.mean_network(before, after, share).state_dict()
    for name, value in mean.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, before[name] + share * (after[name] - before[name]))
        else:
            assert torch.equal(value, after[name])

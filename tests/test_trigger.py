# SPDX-License-Identifier: GPL-3.0-or-later
"""The trigger, against sines and noise whose crossings are known."""

import numpy as np
import pytest

from luisim.errors import ParameterError
from luisim.trigger import MODES, Trigger, latest

TIME = np.arange(0.0, 2.0, 1e-3)
SINE = 1.0 + 0.5 * np.sin(2 * np.pi * 5.0 * TIME)


@pytest.mark.parametrize(("edge", "phase"), [("rising", 0.0), ("falling", 0.5)])
@pytest.mark.parametrize("level", [0.8, 1.0, 1.3])
def test_it_fires_where_a_sine_crosses(edge: str, phase: float, level: float) -> None:
    found = Trigger("auto", level, edge, 0.05).times(TIME, SINE)  # type: ignore[arg-type]
    shift = np.arcsin((level - 1.0) / 0.5) / (2 * np.pi)
    expected = (np.arange(-1, 12) + (shift if edge == "rising" else phase - shift)) / 5.0
    expected = expected[(expected > TIME[0]) & (expected < TIME[-1])]
    expected = expected[-found.size :]
    assert found.size >= 9
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_hysteresis_keeps_noise_from_firing_it() -> None:
    noisy = SINE + 0.02 * np.random.default_rng(2).standard_normal(TIME.size)
    assert Trigger("auto", 1.0, "rising", 0.0).times(TIME, noisy).size > 12
    assert Trigger("auto", 1.0, "rising", 0.2).times(TIME, noisy).size in (9, 10)


def test_a_level_that_is_never_reached_fires_nothing() -> None:
    assert Trigger("normal", 2.0).times(TIME, SINE).size == 0
    assert Trigger("normal", 0.1).times(TIME, SINE).size == 0


def test_the_newest_complete_crossing() -> None:
    times = np.array([0.1, 0.3, 0.5])
    assert latest(times, 0.4) == 0.3
    assert latest(times, 0.05) is None
    assert latest(np.empty(0), 1.0) is None


def test_modes_and_edges_go_round() -> None:
    trigger = Trigger()
    seen = [trigger.mode]
    for _ in MODES:
        trigger = trigger.next_mode()
        seen.append(trigger.mode)
    assert seen == ["off", "auto", "normal", "single", "off"]
    assert trigger.other_edge().edge == "falling"
    assert trigger.other_edge().other_edge() == trigger


def test_nonsense_is_refused() -> None:
    with pytest.raises(ParameterError, match="hysteresis"):
        Trigger("auto", 1.0, "rising", -0.1)
    with pytest.raises(ParameterError):
        Trigger("auto", float("nan"))

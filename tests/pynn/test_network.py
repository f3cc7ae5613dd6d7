# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to the chip has two ways in, the engine and step by step: both see the same network alike."""

import numpy as np
import pytest

from luisim.hicannx.calibration import NeuronTarget
from luisim.hicannx.constants import MADC_PERIOD
from luisim.hicannx.profiles import PROFILES
from luisim.hicannx.readout import in_lsb
from luisim.pynn.calibrations import ChipConfig
from luisim.pynn.network import Chip, Emulated, Network, Synapses, emulate

CHIP = Chip("v2_2021", 1)
SITES = np.array([3, 17, 4, 30])


def network() -> Network:
    """Two sources, one strong, excite two neurons; these excite a third, and it inhibits them; a fourth hears nothing."""
    pairs = [
        (0, 0, 0, 300.0),
        (0, 1, 0, 40.0),
        (1, 1, 0, 250.0),
        (2, 2, 0, 200.0),
        (3, 2, 0, 90.0),
        (4, 0, 1, 63.0),
        (4, 1, 1, 130.0),
    ]
    source, neuron, receptor, weight = (np.array(column) for column in zip(*pairs, strict=True))
    synapses = Synapses(2, source, neuron, receptor, weight.astype(np.float64))
    return Network(CHIP, SITES, ChipConfig(CHIP, NeuronTarget()).neurons(SITES), synapses)


def both(**given: object) -> tuple[Emulated, Emulated]:
    inputs = [np.array([10e-6, 12e-6, 60e-6, 62e-6]), np.array([30e-6, 31e-6])]
    return tuple(emulate(network(), inputs, 120e-6, [(2, "v")], whole=whole, **given) for whole in (True, False))  # type: ignore[return-value]


@pytest.mark.parametrize("fine", [True, False])
def test_both_ways_give_the_same_spikes_and_membrane(fine: bool) -> None:
    a, b = both(fine=fine)
    assert sum(train.size for train in a.spikes) >= 6
    for one, other in zip(a.spikes, b.spikes, strict=True):
        np.testing.assert_allclose(one, other, atol=0.35e-6)
    grid = np.arange(0.0, 118e-6, MADC_PERIOD)
    volts = [np.interp(grid, part.time, part.signals[2, "v"]) for part in (a, b)]
    away = np.all([np.abs(grid - t) > 3e-6 for t in a.spikes[2]], axis=0)
    assert np.abs(in_lsb(volts[0] - volts[1], PROFILES["v2_2021"]))[away].max() < 4.0


def test_neurons_that_nobody_watches_are_left_out() -> None:
    a, b = both(watched=np.array([0]))
    for part in (a, b):
        assert part.spikes[3].size == 0
        assert part.spikes[0].size > 0

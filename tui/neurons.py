# SPDX-License-Identifier: GPL-3.0-or-later
"""Neurons: what the app sets and shows of the neurons of a chip. Pure functions, named as those of :mod:`tui.boards`."""

import numpy as np

from luisim.experiment import Experiment, SpikeTrain
from luisim.hicannx.parameters import HicannX
from luisim.hicannx.sampled import name_of
from luisim.trace import Trace
from tui.language import N_
from tui.widgets.cell import Cell, cells

NOUN = N_("neuron")
ABOUT = N_("""\
A neuron of the HICANN-X chip is a thousand times faster than the board: its times are in µs. Its settings, and what its \
converter reads, are whole numbers: LSB, the smallest step there is. Key u shows volt instead. Key w puts the settings on all \
512 neurons of the chip: no two are alike. CV says how much the ISI varies.""")


def shown(experiment: Experiment[HicannX]) -> Experiment[HicannX]:
    """All of its neurons can be looked at."""
    return experiment


def names(experiment: Experiment[HicannX]) -> tuple[str, ...]:
    """The neurons' numbers, from 0."""
    return tuple(str(index) for index in range(len(experiment.device.neurons)))


def trimmers(experiment: Experiment[HicannX]) -> tuple[Cell, ...]:
    """What can be turned."""
    return cells(experiment)


def settings(experiment: Experiment[HicannX], name: str) -> Experiment[HicannX]:
    """The neurons of an experiment are all set alike, so a knob turns the whole experiment."""
    return experiment


def with_settings(experiment: Experiment[HicannX], name: str, changed: Experiment[HicannX]) -> Experiment[HicannX]:
    """What the knob made of it."""
    return changed


def of(trace: Trace, name: str) -> Trace:
    """One neuron of a trace; a recording has one alone."""
    signal, out = name_of("v_madc", int(name)), name_of("out", int(name))
    if signal not in trace.signals:
        signal, out = "v_madc", "out"
    return Trace(trace.time, {"v_madc": trace.signals[signal]}, {"out": trace.spikes.get(out, np.empty(0))}, trace.origin)


def in_volt(trace: Trace, experiment: Experiment[HicannX]) -> Trace:
    """The same in V at the MADC's input."""
    lsb = experiment.device.chip_profile.madc_lsb
    return Trace(trace.time, {"v_mem": trace.signals["v_madc"] * lsb}, trace.spikes, trace.origin, fast=True)


def inputs(experiment: Experiment[HicannX]) -> list[tuple[float, float, str]]:
    """(start, stop, label) of the spikes that go in: + excites, − inhibits."""
    marks = {"excitatory": "+", "inhibitory": "−"}
    found = {(time, marks[s.receptor]) for s in experiment.stimuli if isinstance(s, SpikeTrain) for time in s.times}
    return [(time, time, mark) for time, mark in sorted(found)]

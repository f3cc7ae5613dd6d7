# SPDX-License-Identifier: GPL-3.0-or-later
"""setup, run, reset, end: the functions of the interface that are no class."""

from collections.abc import Sequence
from typing import Any

from pyNN import common
from pyNN.recording import get_io

from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.hicannx.constants import NEURONS
from luisim.pynn import registers, simulator
from luisim.pynn.calibrations import ChipConfig
from luisim.pynn.injection import check_injected
from luisim.pynn.simulator import RunCommand

_INJECTED = ("injected_config", "injected_readout")
# accepted without an effect: a cache of the real calibration
_WITHOUT_EFFECT = ("calibration_cache", "backgroundPermutation")
_CALIX = ("injected_calib_target", "injected_calib_options")


def setup(timestep: float = simulator.State.dt, min_delay: Any = "auto", **extra_params: Any) -> int:
    """Begin: whatever was built before is forgotten.

    ``neuronPermutation``: which circuit (0 to 511) each neuron gets, in order. ``initial_config``: a calibration, see
    :func:`luisim.pynn.helper.chip_from_file`. ``enable_neuron_bypass``: every event at a neuron is a spike. ``connection``,
    ``calibration_cache``, ``backgroundPermutation``: accepted without an effect. Ours: ``profile`` and ``seed`` choose the
    chip (None: nominal), ``strict`` the later rules of the interface. Raises KeyError for any other name.
    """
    names = ("neuronPermutation", "initial_config", "enable_neuron_bypass", "connection", "max_delay")
    unknown = set(extra_params) - {*names, *_INJECTED, *_WITHOUT_EFFECT, *_CALIX, "profile", "seed", "strict"}
    if unknown:
        raise KeyError(
            f"setup() does not know {', '.join(sorted(unknown))}; it takes {', '.join(names)}, profile, seed, strict."
        )
    for name in _INJECTED:
        check_injected(name, extra_params.get(name))
    for name in _CALIX:
        if extra_params.get(name) is not None:
            raise UnsupportedExperiment(f"{name} is of calix, which does not run here: give the targets to CalibHXNeuronCuba.")
    state = simulator.begin()
    if "profile" in extra_params or "seed" in extra_params:
        chosen = state.chip
        state.chip = simulator.chip(extra_params.get("profile", chosen.profile), extra_params.get("seed", chosen.seed))
    common.setup(timestep, min_delay, max_delay=extra_params.get("max_delay", "auto"))
    state.strict = bool(extra_params.get("strict", False))
    state.bypass = bool(extra_params.get("enable_neuron_bypass", False))
    if "neuronPermutation" in extra_params:
        state.permutation = _permutation(extra_params["neuronPermutation"])
    config = extra_params.get("initial_config")
    if isinstance(config, registers.ChipRegisters):
        state.grenade_chip_config, config = config, None
    if config is not None and not isinstance(config, ChipConfig):
        raise ParameterError(
            "initial_config must be a calibration of the simulated chip: pynn.helper.chip_from_nightly()"
            " or pynn.helper.chip_from_file(path)."
        )
    state.initial_config = None if state.bypass else config
    simulator.logger.info(
        "simulated chip %s, seed %s, luisim %s: no hardware is used",
        state.chip.profile,
        state.provenance["chip_seed"],
        state.provenance["luisim_version"],
    )
    return 0


def _permutation(values: Sequence[int]) -> list[int]:
    chosen = [int(value) for value in values]
    if len(set(chosen)) != len(chosen):
        raise ValueError("neuronPermutation names a circuit twice; every circuit can be one neuron only.")
    if any(not 0 <= value < NEURONS for value in chosen):
        raise ValueError(f"neuronPermutation holds circuits outside 0 to {NEURONS - 1}.")
    return chosen


def end(compatible_output: bool = True) -> None:
    """Write what was to be written, and let go of the chip."""
    for population, variables, file in simulator.state.write_on_end:
        population.write_data(get_io(file), variables)
    simulator.finish()


def run(runtime: float | None, command: RunCommand = RunCommand.EXECUTE, callbacks: Any = None) -> float:
    """Run for ``runtime`` ms of the chip's time, or queue it (see :class:`RunCommand`). Returns the time in ms.

    A further run needs a ``reset()`` in between: else RuntimeError, since a chip does not stand still.
    """
    if callbacks:
        raise ParameterError("run() takes no callbacks: a chip cannot be stopped; use a PlasticityRule, or several runs.")
    time: float = simulator.state.run(runtime, command)
    return time


def run_until(time_point: float, callbacks: Any = None) -> float:
    """Run up to ``time_point`` ms."""
    return run(time_point - simulator.state.t, callbacks=callbacks)


def reset(annotations: dict[str, Any] | None = None) -> None:
    """Back to time 0 with the same network: what was recorded stays as a segment, the next run makes a new one."""
    for recorder in list(simulator.state.recorders):
        recorder.store_to_cache(annotations or {})
    simulator.state.reset()


def get_current_time() -> float:
    """Time in ms since the last reset."""
    return float(simulator.state.t)


def get_time_step() -> float:
    """Sample period of the MADC in ms."""
    return float(simulator.state.dt)


def get_min_delay() -> float:
    """0: delays cannot be set."""
    return float(simulator.state.min_delay)


def get_max_delay() -> float:
    """0: delays cannot be set."""
    return float(simulator.state.max_delay)


def num_processes() -> int:
    """1."""
    return 1


def rank() -> int:
    """0."""
    return 0


def get_backend_statistics() -> dict[str, Any]:
    """How much of the chip the network takes. RuntimeError before the first run."""
    if not simulator.state.mapped:
        raise RuntimeError("There are no statistics before the network was mapped: call pynn.run() first.")
    synapses = sum(len(projection) for projection in simulator.state.projections)
    return {"neurons": simulator.state.placed, "synapses": synapses, **simulator.state.provenance}


def initialize(cells: Any, **initial_values: Any) -> None:
    """Refused by the cells: a chip starts from where its neurons rest."""
    cells.initialize(**initial_values)

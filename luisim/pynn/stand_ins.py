# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins: the names that code for the real system imports, for one process that runs such a script.

``install()`` puts them into ``sys.modules``. Nothing is written anywhere, so packages of the real system stay as they are.
What is not simulated is there too, and says so in a sentence when it is used.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np

from luisim.errors import UnsupportedExperiment
from luisim.hicannx.constants import CAPMEM_MAX, MADC_PERIOD, NEURONS, WEIGHT_MAX
from luisim.hicannx.instance import ChipInstance
from luisim.hicannx.profiles import PROFILES
from luisim.hicannx.readout import madc, madc_times, stamps
from luisim.pynn import helper, morphology, simulator, widgets

_PYNN = "pynn_brainscales.brainscales2"
_SUBMODULES = (
    *("simulator", "helper", "plasticity_rules", "populations", "projections", "recording", "standardmodels"),
    *("standardmodels.cells", "standardmodels.synapses", "connectors", "morphology"),
    *("morphology.parts", "morphology.parameters", "morphology.mc_neuron_base"),
)
_REGISTERS = "it writes or reads registers of the real chip, which are not simulated"
_REFUSED = {
    "hxtorch": "it trains networks on the chip's own software, which is not simulated; use luisim.pynn",
    "pygrenade_vx": _REGISTERS,
    "pygrenade_common": _REGISTERS,
    "calix": "calibrations are done by luisim: use initial_config=pynn.helper.chip_from_nightly()",
    "quiggeldy": "there is no queue to a real chip",
    "nmpi": "there is no queue to a real chip",
    "ebrains_drive": "there is no remote drive",
    "ipycanvas": "there is no browser to draw in; use matplotlib",
    "deap": "it is not part of luisim; install it beside",
}
MEASURE_VOLTAGE = "measure_voltage"
_PAD_STREAM = 2**35  # of the converter's noise when it reads a pad


class Connection:
    """What stands for the connection to a chip."""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *exception: object) -> None:
        return None


def measure_voltage(*arguments: Any, samples: int = 1000, **named: Any) -> Any:
    """What the MADC of the simulated chip reads of an external voltage: a structured array with ``value`` and ``chip_time``.

    Stands for the notebook's own function, which drives registers. The voltage (V) is the last number among the arguments.
    """
    numbers = [value for value in (*arguments, *named.values()) if isinstance(value, int | float | np.number)]
    if not numbers:
        raise UnsupportedExperiment("measure_voltage needs a voltage in V, for example measure_voltage(connection, 0.6).")
    chip = simulator.state.chip if simulator.state else simulator.chip_of_environment()
    _calls[0] += 1
    draw = None if chip.seed is None else ChipInstance(chip.seed).noise(_PAD_STREAM + _calls[0])
    time = madc_times(samples * MADC_PERIOD)[:samples]
    read = np.empty(samples, dtype=[("value", np.int64), ("chip_time", np.int64)])
    read["value"] = madc(np.full(samples, float(numbers[-1])), PROFILES[chip.profile], draw)
    read["chip_time"] = np.rint(stamps(time) / 8e-9)
    return read


_calls = [0]


def _module(name: str, values: dict[str, Any], refusal: str = _REGISTERS) -> ModuleType:
    """A module with these names; any other says why it is not there."""
    module = ModuleType(name)
    module.__path__ = []
    vars(module).update(values)

    def missing(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise UnsupportedExperiment(f"{name}.{attribute} is not simulated: {refusal}.")

    module.__getattr__ = missing  # type: ignore[method-assign]
    sys.modules[name] = module
    return module


class _Range:
    """A whole number with a range, as the chip's software has one for each kind of setting."""

    def __init__(self, low: int, high: int) -> None:
        self.min, self.max, self.size = low, high, high - low + 1

    def __call__(self, value: int) -> int:
        return int(value)


class _SynapseWeightQuad:
    Value = _Range(0, WEIGHT_MAX)


class _CapMemCell:
    Value = _Range(0, CAPMEM_MAX)


class _AtomicNeuronOnDLS:
    size = NEURONS


class _Refuser:
    """Finds the packages that are refused, so that importing them says why."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Raises UnsupportedExperiment for a refused package."""
        why = _REFUSED.get(name.partition(".")[0])
        if why is not None and not (name.startswith("deap") and _is_there(name)):
            raise UnsupportedExperiment(f"{name} cannot be imported here: {why}.")
        package, _, last = name.rpartition(".")
        if package == f"{_PYNN}.morphology":
            getattr(morphology, last, None)  # says what is not simulated
        return None


def _is_there(name: str) -> bool:
    from importlib.machinery import PathFinder

    return PathFinder.find_spec(name) is not None


def install() -> None:
    """Put the stand-ins in place, for this process."""
    import luisim.pynn as pynn

    package = _module("pynn_brainscales", {"brainscales2": pynn}, "it is no part of the interface")
    sys.modules[_PYNN] = pynn
    package.brainscales2 = pynn  # type: ignore[attr-defined]
    for name in _SUBMODULES:
        sys.modules[f"{_PYNN}.{name}"] = importlib.import_module(f"luisim.pynn.{name}")

    helpers = {
        "setup_hardware_client": lambda *_: None,
        "get_nightly_calibration": lambda name="spiking_cocolist.pbin", *_: helper.chip_from_file(name),
        "save_nightly_calibration": lambda *_: None,
    }
    static = _module("_static", {}, "only the helpers of the notebooks are")
    common = _module("_static.common", {}, "only its helpers are")
    static.common = common  # type: ignore[attr-defined]
    common.helpers = _module("_static.common.helpers", helpers, "it is no helper that is known")  # type: ignore[attr-defined]

    hxcomm = {"ManagedConnection": Connection}
    hal = {"SynapseWeightQuad": _SynapseWeightQuad, "CapMemCell": _CapMemCell}
    halco = {"AtomicNeuronOnDLS": _AtomicNeuronOnDLS, "CompartmentOnLogicalNeuron": int}
    parts: dict[str, dict[str, Any]] = {"hxcomm": hxcomm, "hal": hal, "halco": halco, "lola": {}, "sta": {}, "logger": {}}
    dlens = _module("dlens_vx_v3", {})
    for name, values in parts.items():
        setattr(dlens, name, _module(f"dlens_vx_v3.{name}", values))
    alone: tuple[tuple[str, dict[str, Any]], ...] = (
        ("pyhxcomm_vx", hxcomm),
        ("pyhaldls_vx_v3", hal),
        ("pyhalco_hicann_dls_vx_v3", halco),
        ("pyhalco_common", {}),
        ("pylola_vx_v3", {}),
        ("pystadls_vx_v3", {}),
    )
    for name, values in alone:
        _module(name, values)
    sys.modules["pylogging"] = importlib.import_module("luisim.pynn.logger")

    sys.modules["ipywidgets"] = sys.modules["ipywidgets.widgets"] = widgets
    widgets.__dict__["widgets"] = widgets
    display: dict[str, Callable[..., Any]] = {
        "display": print,
        "HTML": str,
        "Markdown": str,
        "clear_output": lambda *_, **__: None,
    }
    ipython = _module("IPython", {"get_ipython": lambda: None, "version_info": (9, 0, 0)}, "there is no notebook server")
    ipython.display = _module("IPython.display", dict(display), "there is no browser")  # type: ignore[attr-defined]
    sys.meta_path.insert(0, _Refuser())

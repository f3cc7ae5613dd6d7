# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins: the names that code for the real system imports, for one process that runs such a script.

``install()`` puts them into ``sys.modules``. Nothing is written anywhere, so packages of the real system stay as they are.
What is not simulated is there too, and says so in a sentence when it is used.
"""

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from luisim.errors import UnsupportedExperiment
from luisim.hicannx.constants import CAPMEM_MAX, MADC_PERIOD, NEURONS, TIME_GRID, WEIGHT_MAX
from luisim.hicannx.instance import ChipInstance
from luisim.hicannx.profiles import PROFILES
from luisim.hicannx.readout import madc, madc_times, stamps
from luisim.pynn import helper, logger, morphology, simulator, widgets
from luisim.pynn.registers import BACKENDS, ChipRegisters

_PYNN = "pynn_brainscales.brainscales2"
_SUBMODULES = (
    *("simulator", "helper", "plasticity_rules", "populations", "projections", "recording", "standardmodels"),
    *("standardmodels.cells", "standardmodels.synapses", "connectors", "morphology"),
    *("morphology.parts", "morphology.parameters", "morphology.mc_neuron_base"),
)
_REGISTERS = "it writes or reads registers of the real chip, which are not simulated"
_REFUSED = {
    "hxtorch": "it trains networks on the chip's own software, which is not simulated; use luisim.pynn",
    "calix": "calibrations are done by luisim: use initial_config=pynn.helper.chip_from_nightly()",
    "quiggeldy": "there is no queue to a real chip",
    "nmpi": "there is no queue to a real chip",
    "ebrains_drive": "there is no remote drive",
    "ipycanvas": "there is no browser to draw in; use matplotlib",
    "deap": "it is not part of luisim; install it beside",
}
# the low-level packages, in all their versions; those without a stand-in of their own have names that all refuse
_LOW_LEVEL = re.compile(r"(dlens_vx|py(haldls|halco|lola|stadls|hxcomm|fisch|grenade|ccalix|libnux|hwdb))(_\w+)?")
MEASURE_VOLTAGE = "measure_voltage"
_PAD_STREAM = 2**35  # of the converter's noise when it reads a pad


class Connection:
    """What stands for the connection to a chip."""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def get_unique_identifier(self) -> list[str]:
        """The chip that is simulated."""
        return [helper.get_unique_identifier()]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnsupportedExperiment(f"{name} of a connection is not here: {_REGISTERS}.")


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
    read["chip_time"] = np.rint(stamps(time) / TIME_GRID)
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


class _SynapseMatrix:
    Weight = _Range(0, WEIGHT_MAX)


class _TimerValue:
    fpga_clock_cycles_per_us = round(1e-6 / TIME_GRID)


class _Timer:
    Value = _TimerValue


def _iter_all(kind: Any) -> Iterable[int]:
    """All numbers of a kind of place on the chip."""
    return range(kind.min, kind.max + 1)


class _Refuser:
    """Finds the packages that are refused, so that importing them says why."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Raises UnsupportedExperiment for a refused package."""
        package, _, inner = name.partition(".")
        why = _REFUSED.get(package)
        if why is not None and not (package == "deap" and _is_there(package)):
            raise UnsupportedExperiment(f"{name} cannot be imported here: {why}.")
        if package == "pynn_brainscales" and not name.startswith(f"{_PYNN}.") and inner:
            raise UnsupportedExperiment(f"{name} cannot be imported here: only {_PYNN} is simulated.")
        if name.startswith(f"{_PYNN}."):
            if name.startswith(f"{_PYNN}.morphology."):
                getattr(morphology, name.rpartition(".")[2], None)  # says what is not simulated
            own = f"luisim.pynn{name.removeprefix(_PYNN)}"
            if _is_ours(own):
                sys.modules[name] = importlib.import_module(own)
                return ModuleSpec(name, _Ready())
            raise UnsupportedExperiment(f"{name} cannot be imported here: luisim.pynn has no such part.")
        if _LOW_LEVEL.fullmatch(package):
            return ModuleSpec(name, _Ready(), is_package=True)
        return None


class _Ready(Loader):
    """Loads what is refused name by name, or is there already."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module."""
        return sys.modules.get(spec.name) or _module(spec.name, {})

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do."""


def _is_ours(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _is_there(name: str) -> bool:
    from importlib.machinery import PathFinder

    return PathFinder.find_spec(name) is not None


def install(folder: Path | None = None) -> None:
    """Put the stand-ins in place, for this process. ``folder``: the script's, where other parts of ``_static`` may lie."""
    import luisim.pynn as pynn

    package = _module("pynn_brainscales", {"brainscales2": pynn}, "it is no part of the interface")
    sys.modules[_PYNN] = pynn
    package.brainscales2 = pynn  # type: ignore[attr-defined]
    for name in _SUBMODULES:
        sys.modules[f"{_PYNN}.{name}"] = importlib.import_module(f"luisim.pynn.{name}")

    helpers: dict[str, Any] = {
        "is_experimental_kernel": lambda: False,
        "setup_hardware_client": lambda *_: None,
        "get_nightly_calibration": lambda name="spiking_cocolist.pbin", *_: helper.chip_from_file(name),
        "save_nightly_calibration": lambda *_: None,
    }
    static = _module("_static", {}, "only the helpers of the notebooks are")
    common = _module("_static.common", {}, "only its helpers are")
    static.common = common  # type: ignore[attr-defined]
    known: dict[str, dict[str, Any]] = {
        "helpers": helpers,
        "collab_helpers": {"in_ebrains_collaboratory": lambda: False, "check_kernel": lambda: None},
        MEASURE_VOLTAGE: {MEASURE_VOLTAGE: measure_voltage},
    }
    for name, values in known.items():
        setattr(common, name, _module(f"_static.common.{name}", values, "it is no helper that is known"))
    if folder is not None:
        static.__path__, common.__path__ = [str(folder / "_static")], [str(folder / "_static" / "common")]

    hxcomm = {"ManagedConnection": Connection}
    hal = {"SynapseWeightQuad": _SynapseWeightQuad, "CapMemCell": _CapMemCell, "Timer": _Timer}
    lola = {"Chip": ChipRegisters, "SynapseMatrix": _SynapseMatrix}
    halco: dict[str, Any] = {
        "AtomicNeuronOnDLS": _Range(0, NEURONS - 1),
        "CommonNeuronBackendConfigOnDLS": _Range(0, BACKENDS - 1),
        "CompartmentOnLogicalNeuron": int,
        "Enum": int,
        "iter_all": _iter_all,
    }
    halco["common"] = _module("dlens_vx_v3.halco.common", {"Enum": int, "iter_all": _iter_all})
    parts: dict[str, dict[str, Any]] = {"hxcomm": hxcomm, "hal": hal, "halco": halco, "lola": lola, "sta": {}}
    own: tuple[tuple[str, dict[str, Any]], ...] = (
        ("pyhaldls_vx", hal),
        ("pyhalco_hicann_dls_vx", halco),
        ("pylola_vx", lola),
    )
    for version in ("v2", "v3"):
        dlens = _module(f"dlens_vx_{version}", {"logger": logger})
        for name, values in parts.items():
            setattr(dlens, name, _module(f"dlens_vx_{version}.{name}", values))
        for name, values in own:
            _module(f"{name}_{version}", values)
        sys.modules[f"dlens_vx_{version}.logger"] = logger
    _module("pyhxcomm_vx", hxcomm)
    _module("pyhalco_common", halco)
    sys.modules["pylogging"] = logger

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

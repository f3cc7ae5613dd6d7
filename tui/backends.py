# SPDX-License-Identifier: GPL-3.0-or-later
"""The composition root: the one place that knows every device, every back end and every shipped experiment."""

import difflib
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from firmware_bridge.backend import MeasuredLui
from firmware_bridge.replay import RecordedLui, shipped_recordings
from luisim.errors import ParameterError
from luisim.experiment import Backend, Experiment
from luisim.experiment_file import read_toml
from luisim.hicannx import experiment_file as hicannx_file
from luisim.hicannx import network_file
from luisim.hicannx.chip_experiment import ChipModel, ChipNetwork
from luisim.hicannx.circuit import HicannXCircuit
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX
from luisim.hicannx.recorded import RecordedHicannX
from luisim.lui.circuit import LuiCircuit
from luisim.lui.experiment_file import read_experiment
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui

DEFAULT_EXPERIMENT = "real-board"
DEFAULT_NEURON = "chip-leak-over-threshold"
DEFAULT_RECORDING = "lui-photo"
_SHIPPED = files("luisim") / "experiments"


def experiment_names(device: str = "lui") -> tuple[str, ...]:
    """Names of the experiments on a kind of device that come with luisim."""
    folder = _SHIPPED / device if device != "lui" else _SHIPPED
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def experiment_titles() -> dict[str, str]:
    """Name and title of every experiment that comes with luisim."""
    return {name: read_toml(path).get("title", "") for name, path in _shipped().items()}


def load_experiment(source: str) -> Experiment[Any]:
    """A shipped experiment by its name, or the TOML file at a path. Raises :class:`ParameterError`."""
    shipped = _shipped()
    names = tuple(shipped)
    if source in names:
        path = shipped[source]
    elif source.endswith(".toml") or Path(source).exists():
        path = Path(source)
    else:
        near = difflib.get_close_matches(source, names, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? Give" if near else "give"
        raise ParameterError(f"There is no experiment {source!r}; {hint} one of {', '.join(names)}, or a TOML file.")
    content = read_toml(path)
    device = content.get("device")
    chip = network_file.read_network if network_file.is_network(content) else hicannx_file.read_experiment
    readers: dict[Any, Callable[..., Experiment[Any]]] = {"lui": read_experiment, "hicann-x": chip}
    if device not in readers:
        raise ParameterError(f'{path.name}: device = {device!r} is unknown; write device = "lui" or device = "hicann-x".')
    try:
        return readers[device](content, path.stem)
    except ParameterError as error:
        raise ParameterError(f"{path.name}: {error}") from None


def _shipped() -> dict[str, Path]:
    """Where each shipped experiment is, those of the board first."""
    found = {name: Path(str(_SHIPPED / f"{name}.toml")) for name in experiment_names()}
    return found | {name: Path(str(_SHIPPED / "hicannx" / f"{name}.toml")) for name in experiment_names("hicannx")}


def usual(device: Lui | HicannX) -> tuple[Backend[Any], ...]:
    """What the app shows of a device if nobody says otherwise: circuit, model and recording."""
    recording = RecordedHicannX.name if isinstance(device, HicannX) else f"recording:{DEFAULT_RECORDING}"
    return tuple(open_backend(word, device) for word in ("circuit", "model", recording))


def open_backend(word: str, device: Lui | HicannX | ChipNetwork | None = None, *, raw: bool = False) -> Backend[Any]:
    """What a word after ``--on`` means: ``circuit``, ``model``, ``board[:PORT]`` or ``recording:PATH``, for a device.

    ``raw``: the traces of a chip also hold the membrane in V.
    """
    kind, _, rest = word.partition(":")
    if isinstance(device, ChipNetwork) and not rest and kind in ("circuit", "model"):
        return HicannXCircuit() if kind == "circuit" else ChipModel()
    if isinstance(device, HicannX) and not rest and kind in ("circuit", "model"):
        return HicannXCircuit(raw=raw) if kind == "circuit" else HicannXModel(raw=raw)
    if isinstance(device, HicannX) and word == RecordedHicannX.name:
        return RecordedHicannX()
    match kind:
        case "circuit" if not rest:
            return LuiCircuit()
        case "model" if not rest:
            return LuiModel()
        case "board":
            from firmware_bridge.connect import connect  # with pyserial, which the app starts without

            return MeasuredLui(partial(connect, rest), word, partial(connect, rest, paced=True))
        case "recording" if rest:
            return RecordedLui(rest)
    raise ParameterError(
        f"There is no back end {word!r}: give circuit, model, board, board:PORT, board:simulated, or recording:PATH"
        f" (shipped recordings: {', '.join(f'recording:{name}' for name in shipped_recordings())})."
    )

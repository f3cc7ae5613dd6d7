# SPDX-License-Identifier: GPL-3.0-or-later
"""The composition root: the one place that knows every device, every back end and every shipped experiment."""

import difflib
from importlib.resources import files
from pathlib import Path

from firmware_bridge.backend import MeasuredLui
from firmware_bridge.replay import RecordedLui, shipped_recordings
from luisim.errors import ParameterError
from luisim.experiment import Backend, Experiment
from luisim.experiment_file import read_toml
from luisim.lui.circuit import LuiCircuit
from luisim.lui.experiment_file import read_experiment
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui

DEFAULT_EXPERIMENT = "real-board"
DEFAULT_RECORDING = "lui-photo"
_SHIPPED = files("luisim") / "experiments"


def experiment_names() -> tuple[str, ...]:
    """Names of the experiments that come with luisim."""
    return tuple(sorted(item.name.removesuffix(".toml") for item in _SHIPPED.iterdir() if item.name.endswith(".toml")))


def experiment_titles() -> dict[str, str]:
    """Name and title of every experiment that comes with luisim."""
    return {name: read_toml(Path(str(_SHIPPED / f"{name}.toml"))).get("title", "") for name in experiment_names()}


def load_experiment(source: str) -> Experiment[Lui]:
    """A shipped experiment by its name, or the TOML file at a path. Raises :class:`ParameterError`."""
    names = experiment_names()
    if source in names:
        path = Path(str(_SHIPPED / f"{source}.toml"))
    elif source.endswith(".toml") or Path(source).exists():
        path = Path(source)
    else:
        near = difflib.get_close_matches(source, names, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ParameterError(f"There is no experiment {source!r}; {hint}Give one of {', '.join(names)}, or a TOML file.")
    content = read_toml(path)
    device = content.get("device")
    if device != "lui":
        raise ParameterError(f'{path.name}: device = {device!r} is unknown; write device = "lui".')
    try:
        return read_experiment(content, path.stem)
    except ParameterError as error:
        raise ParameterError(f"{path.name}: {error}") from None


def open_backend(word: str) -> Backend[Lui]:
    """What a word after ``--on`` means: ``circuit``, ``model``, ``board``, ``board:PORT`` or ``recording:PATH``."""
    kind, _, rest = word.partition(":")
    match kind:
        case "circuit" if not rest:
            return LuiCircuit()
        case "model" if not rest:
            return LuiModel()
        case "board":
            from firmware_bridge.connect import connect  # with pyserial, which the app starts without

            return MeasuredLui(lambda experiment: connect(rest, experiment), word)
        case "recording" if rest:
            return RecordedLui(rest)
    raise ParameterError(
        f"There is no back end {word!r}: give circuit, model, board, board:PORT, board:simulated, or recording:PATH"
        f" (shipped recordings: {', '.join(f'recording:{name}' for name in shipped_recordings())})."
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""Experiments on the whole chip as a teacher writes them: [[population]], [[source]], [[background]], [[projection]]."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.experiment_file import Table, read_choice
from luisim.hicannx.calibration import NeuronTarget, calibrated
from luisim.hicannx.chip_experiment import ChipNetwork
from luisim.hicannx.chip_result import Site
from luisim.hicannx.constants import NEURONS, WEIGHT_MAX
from luisim.hicannx.network import Background, Network, Population, Projection, Receptor, Source
from luisim.hicannx.parameters import SETTINGS, HicannX, NeuronLsb
from luisim.quantity import Quantity, parse_si, quantities

_KEYS = (
    *("device", "title", "duration", "profile", "seed", "clock_scale", "pulse_clock_scale", "neuron", "calibration"),
    *("population", "source", "background", "projection", "record"),
)
_DURATION = Quantity("s", 1e-6, 10.0, "ten seconds on the chip are three hours of biology")
_TIMES = Quantity("s", 0.0, 3600.0, "")
_RATE = Quantity("", 0.0, 1e6, "Hz of one source")
_SIZE = Quantity("", 1, NEURONS, "")
_PATTERNS = ("all-to-all", "one-to-one", "random", "chain")
_TARGETS = quantities(NeuronTarget)


def is_network(content: Mapping[str, Any]) -> bool:
    """Whether a parsed chip experiment is one of a network."""
    return "population" in content


def read_network(content: Mapping[str, Any], name: str) -> Experiment[ChipNetwork]:
    """The experiment that a parsed TOML file describes. Raises :class:`ParameterError` naming the key that is wrong."""
    top = Table(content, "the experiment", _KEYS)
    duration = _DURATION.check("duration", parse_si(top.required("duration", 'duration = "200 us"'), "s", "duration"))
    seed = top.raw("seed", 1)
    if seed != "nominal" and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise ParameterError(f'seed = {seed!r} must be a whole number from 0 on, or "nominal".')
    clock, pulse = (_whole(top, key, quantities(HicannX)[key], 0) for key in ("clock_scale", "pulse_clock_scale"))
    chip = HicannX((NeuronLsb(),), top.raw("profile", HicannX.profile), None if seed == "nominal" else seed, None, clock, pulse)
    tables = [Table(t, f"[[population]] {k}", ("name", "size", "bypass", "neuron")) for k, t in _tables(content, "population")]
    sizes = [_whole(table, "size", _SIZE, 1) for table in tables]
    base = _settings(top, sum(sizes), chip)
    populations, place = [], 0
    for table, size in zip(tables, sizes, strict=True):
        own = table.table("neuron", SETTINGS)
        changes = {key: own.raw(key) for key in SETTINGS if key in own}
        neurons = tuple(NeuronLsb(**(vars(neuron) | changes)) for neuron in base[place : place + size])
        populations.append(Population(_name(table), neurons, bool(table.raw("bypass", False))))
        place += size
    draw = np.random.default_rng(0 if chip.seed is None else chip.seed)
    sources, inputs = [], {}
    for k, values in _tables(content, "source"):
        source, trains = _source(Table(values, f"[[source]] {k}", ("name", "size", "times", "rate", "seed")), duration)
        sources.append(source)
        inputs[source.name] = trains
    backgrounds = tuple(_background(values, k) for k, values in _tables(content, "background"))
    parts = {p.name: p.size for p in populations} | {s.name: s.size for s in sources} | {b.name: b.size for b in backgrounds}
    projections = tuple(_projection(values, k, parts, draw) for k, values in _tables(content, "projection"))
    network = Network(tuple(populations), tuple(sources), backgrounds, projections)
    title = str(top.raw("title", name))
    device = ChipNetwork(network, chip.profile, chip.seed, inputs, _record(top, network), clock, pulse, title)
    return Experiment(device, duration, (), name)


def _tables(content: Mapping[str, Any], key: str) -> list[tuple[int, Mapping[str, Any]]]:
    values = content.get(key, [])
    if not isinstance(values, list) or not all(isinstance(item, Mapping) for item in values):
        raise ParameterError(f"{key} must be written as [[{key}]], one such heading for each.")
    return list(enumerate(values, start=1))


def _settings(top: Table, n: int, chip: HicannX) -> tuple[NeuronLsb, ...]:
    """The settings of all neurons: those of [neuron], on top of a calibration if there is one."""
    table = top.table("neuron", SETTINGS)
    settings = {key: table.raw(key) for key in SETTINGS if key in table}
    _SIZE.check("the number of neurons", n)
    if "calibration" not in top:
        return (NeuronLsb(**settings),) * n
    goals = top.table("calibration", tuple(_TARGETS))
    target = NeuronTarget(**{key: goals.number(key, quantity) for key, quantity in _TARGETS.items() if key in goals})
    device = HicannX((NeuronLsb(),) * n, chip.profile, chip.seed, clock_scale=chip.clock_scale)
    return tuple(NeuronLsb(**(vars(neuron) | settings)) for neuron in calibrated(device, target).neurons)


def _source(table: Table, duration: float) -> tuple[Source, tuple[NDArray[np.float64], ...]]:
    """A source with the same ``times`` for all, a list of such lists, or a Poisson train of ``rate`` Hz for each."""
    source = Source(_name(table), _whole(table, "size", Quantity("", 1, 8192, ""), 1))
    if "rate" in table:
        rate = table.number("rate", _RATE)
        draw = np.random.default_rng(_whole(table, "seed", Quantity("", 0, 2**32 - 1, ""), 1))
        counts = draw.poisson(rate * duration, source.size)
        return source, tuple(np.sort(draw.uniform(0.0, duration, count)) for count in counts)
    times = table.required("times", 'times = ["10 us", "50 us"], or rate = 20000')
    if isinstance(times, list) and times and all(isinstance(item, list) for item in times):
        if len(times) != source.size:
            raise ParameterError(f"times in {table.where} has {len(times)} lists; {source.name!r} has {source.size} sources.")
        return source, tuple(_times(item) for item in times)
    return source, (_times(times if isinstance(times, list) else [times]),) * source.size


def _times(values: list[Any]) -> NDArray[np.float64]:
    return np.array([_TIMES.check("times", parse_si(value, "s", "times")) for value in values], dtype=np.float64)


def _background(values: Mapping[str, Any], number: int) -> Background:
    table = Table(values, f"[[background]] {number}", ("name", "size", "rate", "regular", "seed"))
    table.required("rate", "rate = 100000")
    rate = table.number("rate", quantities(Background)["rate"])
    size = _whole(table, "size", Quantity("", 1, 256, ""), 1)
    return Background(
        _name(table), size, rate, bool(table.raw("regular", False)), _whole(table, "seed", Quantity("", 0, 2**32 - 1, ""), 1)
    )


def _projection(values: Mapping[str, Any], number: int, sizes: Mapping[str, int], draw: np.random.Generator) -> Projection:
    known = ("name", "pre", "post", "pattern", "weight", "probability", "group", "receptor", "onto")
    table = Table(values, f"[[projection]] {number}", known)
    pre, post = (read_choice(table, end, tuple(sizes)) for end in ("pre", "post"))
    pattern = read_choice(table, "pattern", _PATTERNS)
    if pattern == "one-to-one":
        if sizes[pre] != sizes[post]:
            raise ParameterError(f"one-to-one in {table.where} needs equal sizes; they are {sizes[pre]} and {sizes[post]}.")
        i = j = np.arange(sizes[pre])
    else:
        i, j = (index.ravel() for index in np.indices((sizes[pre], sizes[post])))
    if pattern == "random":
        table.required("probability", "probability = 0.2")
        chosen = draw.random(i.size) < table.number("probability", Quantity("", 0.0, 1.0, ""))
        i, j = i[chosen], j[chosen]
    elif pattern == "chain":
        group = _whole(table, "group", _SIZE, 1)
        chosen = j // group == i // group + 1
        i, j = i[chosen], j[chosen]
    if "onto" in table:
        first, last = _range(table, sizes[post])
        chosen = (j >= first) & (j < last)
        i, j = i[chosen], j[chosen]
    receptor: Receptor = "inhibitory" if table.raw("receptor") == "inhibitory" else "excitatory"
    if "receptor" in table:
        read_choice(table, "receptor", ("excitatory", "inhibitory"))
    return Projection(pre, post, i, j, _weights(table, i.size, receptor, draw), receptor, str(table.raw("name", "")))


def _range(table: Table, size: int) -> tuple[int, int]:
    """``onto = [first, last]``: only these neurons of the population, the last one not included."""
    value = table.raw("onto")
    whole = isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
    if not whole or not 0 <= value[0] < value[1] <= size:
        raise ParameterError(
            f"onto = {value!r} in {table.where} must be two numbers such as [0, {size}], the first one smaller."
        )
    return value[0], value[1]


def _weights(table: Table, count: int, receptor: Receptor, draw: np.random.Generator) -> NDArray[np.int64]:
    """One weight for all, or ``[low, high]`` of which each is drawn; an inhibitory receptor makes them negative."""
    weight = table.required("weight", "weight = 30, or weight = [0, 63] to draw each")
    values = weight if isinstance(weight, list) else [weight]
    limit = 256 * WEIGHT_MAX
    good = len(values) in (1, 2) and all(isinstance(v, int) and not isinstance(v, bool) and abs(v) <= limit for v in values)
    if not good or values[0] > values[-1]:
        raise ParameterError(
            f"weight = {weight!r} in {table.where} must be a whole number from {-limit} to {limit}, 63 a synapse,"
            " or [low, high]."
        )
    drawn = draw.integers(values[0], values[-1] + 1, count)
    return -np.abs(drawn) if receptor == "inhibitory" else drawn


def _record(top: Table, network: Network) -> tuple[Site, ...]:
    """``record = ["name", 3, ...]``: pairs of a population and a number; by default the first neuron of all."""
    values = top.raw("record", [network.populations[0].name, 0])
    if not isinstance(values, list) or len(values) not in (2, 4):
        raise ParameterError('record must name one neuron or two, as in record = ["a", 0] or record = ["a", 0, "a", 1].')
    sites = []
    for name, index in zip(values[::2], values[1::2], strict=True):
        if isinstance(index, bool) or not isinstance(index, int):
            raise ParameterError(f"record names the neuron {index!r} of {name!r}; write a whole number.")
        network.circuit_of(str(name), index)
        sites.append(Site(str(name), index))
    return tuple(sites)


def _name(table: Table) -> str:
    name = table.required("name", 'name = "a"')
    if not isinstance(name, str) or not name:
        raise ParameterError(f"name = {name!r} in {table.where} must be a text.")
    return name


def _whole(table: Table, key: str, quantity: Quantity, default: int) -> int:
    value = table.raw(key, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParameterError(f"{key} = {value!r} in {table.where} must be a whole number of {quantity.range_text}.")
    return int(quantity.check(f"{key} in {table.where}", value))

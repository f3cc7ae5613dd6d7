# SPDX-License-Identifier: GPL-3.0-or-later
"""Chip: a network on one instance of the chip, run in pieces that continue one another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luisim.errors import ParameterError
from luisim.hicannx import engine
from luisim.hicannx.arrivals import checked_train, queued
from luisim.hicannx.bypass import bypass_spikes
from luisim.hicannx.chip_result import ChipResult, ChipState, Record, Recorded, Site
from luisim.hicannx.constants import COLUMNS, NEURONS, TIME_GRID, WEIGHT_MAX
from luisim.hicannx.electrical import NeuronCircuit, electrical
from luisim.hicannx.instance import ChipInstance, Mismatch
from luisim.hicannx.lines import Events, Lines, Samples
from luisim.hicannx.mapping import Mapping as ChipMapping
from luisim.hicannx.mapping import map_network
from luisim.hicannx.network import Network
from luisim.hicannx.parameters import HicannX, NeuronLsb, columns
from luisim.hicannx.prepared import Jitter
from luisim.hicannx.readout import cadc, cadc_times, madc, madc_times, on_pin, stamps
from luisim.hicannx.wiring import uses_switches

__all__ = ["Chip", "ChipResult", "ChipState", "Record", "Recorded", "Site"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

MADC_CHANNELS = 2
LONGEST = 3600.0  # s


class Chip:
    """A network on the chip ``seed`` (None: nominal, without mismatch and noise) of the kind ``profile``.

    ``deviations``: (512,) in place of the instance's mismatch. Raises :class:`~luisim.errors.ParameterError` that names
    the limit if the network does not fit.
    """

    def __init__(
        self,
        network: Network,
        profile: str = HicannX.profile,
        seed: int | None = None,
        *,
        clock_scale: int = 0,
        pulse_clock_scale: int = 0,
        deviations: Mismatch | None = None,
    ) -> None:
        # the device checks profile, seed and clocks; it holds no neurons of its own here
        self.device = HicannX(
            (NeuronLsb(),), profile, seed, deviations, clock_scale=clock_scale, pulse_clock_scale=pulse_clock_scale
        )
        bypass = {population.bypass for population in network.populations}
        if len(bypass) > 1:
            raise ParameterError("Bypass mode holds for the whole chip here: set it for all populations or for none.")
        self.bypass = bypass.pop()
        self.mapping = map_network(network)
        self._prepare()

    @property
    def network(self) -> Network:
        """The network that is on the chip."""
        return self.mapping.network

    @property
    def circuit(self) -> NeuronCircuit:
        """The neuron circuits in the order of the populations."""
        return self._circuit

    @property
    def lines(self) -> Lines:
        """The synapses as the engine takes them."""
        return self._lines

    def with_weights(self, name: str, weights: ArrayLike) -> "Chip":
        """The same chip with other weights of a projection. Raises :class:`ParameterError` if they do not fit in its places."""
        old = self.network.projection(name)
        changed = replace(old, weights=np.asarray(weights).ravel())
        return self._with(self.mapping.with_weights(changed))

    def with_neurons(self, name: str, neurons: Sequence[NeuronLsb]) -> "Chip":
        """The same chip with other settings of a population's neurons."""
        population = self.network.population(name)
        if len(neurons) != population.size:
            raise ParameterError(f"The population {name!r} has {population.size} neurons, not {len(neurons)}.")
        changed = replace(population, neurons=tuple(neurons))
        populations = tuple(changed if p.name == name else p for p in self.network.populations)
        return self._with(replace(self.mapping, network=replace(self.network, populations=populations)))

    def run(
        self,
        duration: float,
        inputs: Mapping[str, Sequence[ArrayLike]] | None = None,
        record: Record | None = None,
        *,
        state: ChipState | None = None,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> ChipResult:
        """Run for ``duration`` s, rounded up to whole steps, from rest or from the ``state`` of an earlier result.

        A step is 0.1 us; where the first piece of a run has an MADC trace it is the MADC's 34 ns, and stays so.
        ``inputs``: source -> for each of its sources the times in s, ascending, absolute. ``seed`` draws this run's noise.
        Raises :class:`~luisim.errors.ParameterError` for times that are unsorted, negative or not finite.
        """
        if not (np.isfinite(duration) and 0.0 < duration <= LONGEST):
            raise ParameterError(f"A run must last more than 0 s and at most {LONGEST:g} s, not {duration} s.")
        record = record or Record()
        state = state or ChipState(step=engine.CHIP_STEP if record.madc else engine.STEP)
        steps = int(np.ceil(duration / state.step - 1e-6))
        after = replace(state, steps=state.steps + steps)
        looks = self._looks(record, state.time, steps * state.step)
        ticks, who, outside = self._arrivals(inputs or {}, state.time, after.time)
        ticks, who, delayed = self._queued(ticks, who, state)
        now = ticks * TIME_GRID < after.time
        after = replace(after, waiting=(ticks[~now], who[~now]))
        ticks, who = ticks[now], who[now]
        nothing = Recorded(np.empty(0), np.empty((0, 0)))
        if self.bypass:
            if record.madc or record.cadc:
                raise ParameterError("In bypass mode membranes are not used; record spikes only.")
            if progress is not None:
                progress(0.0)
            trains, late = bypass_spikes(ticks, who, self._reach, self._feeds, after.time)
            waiting = tuple(np.concatenate(both) for both in zip(late, after.waiting, strict=True))
            order = np.argsort(waiting[0], kind="stable")
            after = replace(after, waiting=(waiting[0][order], waiting[1][order]))
            read = (nothing, nothing)
        else:
            run = engine.run(
                self._circuit,
                self._lines,
                self._events(ticks, who),
                steps * state.step,
                state=state.engine,
                dt=state.step,
                noise=self._noise(seed),
                samples=[look.samples for look in looks],
                progress=progress,
                cancelled=cancelled,
            )
            trains = tuple(stamps(train) for train in run.trains())
            after = replace(after, engine=run.state)
            read = self._read(record, looks, run.membranes, state, seed)
        return ChipResult(self.network, state.time, after.time, self._by_population(trains), outside, *read, delayed, after)

    def events(self, inputs: Mapping[str, Sequence[ArrayLike]], duration: float) -> Events:
        """What the engine takes for these inputs and the backgrounds in the first ``duration`` s."""
        ticks, who, _ = self._arrivals(inputs, 0.0, duration)
        ticks, who, _ = self._queued(ticks, who, ChipState())
        return self._events(ticks, who)

    def _with(self, mapping: ChipMapping) -> "Chip":
        other = object.__new__(Chip)
        other.device, other.bypass, other.mapping = self.device, self.bypass, mapping
        other._prepare()
        return other

    def _prepare(self) -> None:
        network, device = self.network, self.device
        mismatch = device.deviations or ChipInstance(device.seed).mismatch(NEURONS)
        here = Mismatch(**{name: values[network.circuits] for name, values in vars(mismatch).items()})
        neurons = tuple(neuron for population in network.populations for neuron in population.neurons)
        if any(map(uses_switches, neurons)):
            raise ParameterError(
                "A network on the whole chip has neurons of one circuit each: leave out multicompartment_* here, or write an"
                " experiment without populations, whose neurons may be connected."
            )
        self._offsets = here.v_readout
        self._circuit = electrical(
            columns(neurons),
            device.chip_profile,
            here,
            clock_scale=device.clock_scale,
            pulse_clock_scale=device.pulse_clock_scale,
        )
        self._keys = list(self.mapping.addresses)
        self._number = {key: k for k, key in enumerate(self._keys)}
        self._buses = np.array([self.mapping.addresses[key].bus for key in self._keys], dtype=np.int64)
        self._weigh()

    def _weigh(self) -> None:
        """The lines of each source, read off the configuration as an event with its address would find them."""
        arrays, circuits = self.mapping.configuration.arrays, self.network.circuits
        weights, signs, first, reach = [], [], [0], []
        copies = self._copies()
        for number, key in enumerate(self._keys):
            address = self.mapping.addresses[key]
            found = np.concatenate([array.columns_of(address.bus, address.event) for array in arrays], axis=1)[:, circuits]
            for side, sign in enumerate((1, -1)):
                for copy in range(copies[number, side]):  # a line takes 63; several synapses of a source add up
                    weights.append(np.clip(found[side] - WEIGHT_MAX * copy, 0, WEIGHT_MAX))
                    signs.append(sign)
            reach.append(np.flatnonzero(found.any(axis=0)))
            first.append(len(signs))
        self._first, self._reach = np.array(first, dtype=np.int64), reach
        place, feeds = 0, np.full(self.network.n, -1, dtype=np.int64)
        for population in self.network.populations:
            for index in range(population.size):
                feeds[place] = self._number.get((population.name, index), -1)
                place += 1
        self._feeds = feeds
        count = np.where(feeds >= 0, self._first[feeds + 1] - self._first[feeds], 0)
        targets = [np.arange(self._first[k], self._first[k + 1]) for k in feeds if k >= 0]
        use, recovery = self._plasticity()
        self._lines = Lines(
            np.array(weights, dtype=np.uint8).reshape(-1, self.network.n),
            np.array(signs, dtype=np.int8),
            np.concatenate([[0], np.cumsum(count)]),
            np.concatenate([np.empty(0, dtype=np.int64), *targets]),
            utilization=use,
            recovery=recovery,
        )

    def _plasticity(self) -> tuple[Array, Array] | tuple[None, None]:
        """Utilization and recovery (s) of each line; None if no source has short-term plasticity."""
        own = [self.network.part(name).plasticity for name, _ in self._keys]
        if not any(own):
            return None, None
        count = np.diff(self._first)
        part = np.repeat([0.0 if p is None else p.utilization / 16.0 for p in own], count)
        return part, np.repeat([1.0 if p is None else p.tau for p in own], count)

    def _copies(self) -> Indices:
        """(sources, sign): the most synapses of a source on one neuron, whatever their weights are now."""
        counts = np.zeros((len(self._keys), 2, NEURONS), dtype=np.int16)
        for projection in self.network.projections:
            place = self.mapping.placed[projection.name]
            source = np.array([self._number.get((projection.pre, int(k)), 0) for k in projection.pre_index], dtype=np.int64)
            np.add.at(counts, (source[place.pair], (1 - place.sign) // 2, place.array * COLUMNS + place.column), 1)
        most: Indices = counts.max(axis=2).astype(np.int64)
        return most

    def _arrivals(
        self, inputs: Mapping[str, Sequence[ArrayLike]], start: float, stop: float
    ) -> tuple[Indices, Indices, dict[str, tuple[Array, ...]]]:
        """Ticks and sources of what comes in, and the same as trains."""
        names = {source.name: source.size for source in self.network.sources}
        outside: dict[str, tuple[Array, ...]] = {}
        for name, trains in inputs.items():
            if name not in names:
                raise ParameterError(f"There is no source {name!r} to give times to; there are {', '.join(names) or 'none'}.")
            if len(trains) != names[name]:
                raise ParameterError(f"The source {name!r} has {names[name]} trains, not {len(trains)}.")
            outside[name] = tuple(checked_train(train, f"{name}[{k}]", start, stop) for k, train in enumerate(trains))
        first, last = -(-round(start / 1e-9) // 8), -(-round(stop / 1e-9) // 8)
        for background in self.network.backgrounds:
            event = self.mapping.addresses[(background.name, 0)].event
            source = next((s for _, s in self.mapping.configuration.generators if s.label == event), None)
            if source is None:  # it feeds nothing
                continue
            ticks, labels = source.events(first, last)
            which = (labels ^ source.label).astype(np.int64)
            outside[background.name] = tuple(ticks[which == k] * TIME_GRID for k in range(background.size))
        parts, whos = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for name, trains_of in outside.items():
            for index, train in enumerate(trains_of):
                number = self._number.get((name, index))
                if number is not None and train.size:
                    parts.append(np.rint(train / TIME_GRID).astype(np.int64))
                    whos.append(np.full(train.size, number))
        ticks, who = np.concatenate(parts), np.concatenate(whos)
        order = np.argsort(ticks, kind="stable")
        return ticks[order], who[order], outside

    def _queued(self, ticks: Indices, who: Indices, state: ChipState) -> tuple[Indices, Indices, int]:
        """When events get onto their buses, those that wait from before first; and how many had to wait."""
        ticks, who = np.concatenate([state.waiting[0], ticks]), np.concatenate([state.waiting[1], who])
        moved = queued(ticks, self._buses[who])
        order = np.argsort(moved, kind="stable")
        return moved[order], who[order], int(np.count_nonzero(moved != ticks))

    def _events(self, ticks: Indices, who: Indices) -> Events:
        count = self._first[who + 1] - self._first[who]
        offset = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        return Events(np.repeat(ticks * TIME_GRID, count), np.repeat(self._first[who], count) + offset)

    def _noise(self, seed: int) -> Jitter | None:
        """Noise of the thresholds: the same at the same time, however a run is cut."""
        device, profile = self.device, self.device.chip_profile
        if device.seed is None:
            return None
        draw = ChipInstance(device.seed).noise(2 * seed)
        return Jitter(np.full(self.network.n, profile.jitter_lsb * profile.madc_lsb), int(draw.integers(2**63)))

    def _looks(self, record: Record, start: float, duration: float) -> list["_Look"]:
        """What the engine is asked for: a look for each converter and signal."""
        circuits = [self.network.circuit_of(site.population, site.index) for site in record.madc]
        if len(circuits) > MADC_CHANNELS:
            raise ParameterError(
                f"The MADC has {MADC_CHANNELS} channels, so it cannot record {len(circuits)} neurons; the CADC can."
            )
        if len(circuits) == MADC_CHANNELS and circuits[0] % 2 == circuits[1] % 2:
            kind = "odd" if circuits[0] % 2 else "even"
            raise ParameterError(
                "The MADC has a channel for even and one for odd neuron circuits;"
                f" {circuits[0]} and {circuits[1]} are both {kind}."
            )
        looks = []
        for converter, sites, times in ((0, record.madc, madc_times), (1, record.cadc, cadc_times)):
            places = self._places(sites)
            for signal in dict.fromkeys(site.signal for site in sites):
                rows = np.array([k for k, site in enumerate(sites) if site.signal == signal], dtype=np.int64)
                looks.append(_Look(converter, rows, Samples(places[rows], start + times(duration), signal)))
        return looks

    def _places(self, sites: Sequence[Site]) -> Indices:
        for site in sites:
            self.network.circuit_of(site.population, site.index)  # there is such a neuron
        return np.array([self.network.first_of(site.population) + site.index for site in sites], dtype=np.int64)

    def _read(
        self, record: Record, looks: Sequence["_Look"], found: Sequence[Array], state: ChipState, seed: int
    ) -> tuple[Recorded, Recorded]:
        profile, chip_seed = self.device.chip_profile, self.device.seed
        read = [Recorded(np.empty(0), np.empty((0, 0)))] * 2
        for converter, sites in enumerate((record.madc, record.cadc)):
            if not sites:
                continue
            own = [(look, volts) for look, volts in zip(looks, found, strict=True) if look.converter == converter]
            at = own[0][0].samples.times
            volts = np.empty((len(sites), at.size))
            for look, values in own:
                volts[look.rows] = on_pin(values, look.samples.signal) + self._offsets[look.samples.neurons][:, None]
            # another stream for each piece
            draw = None if chip_seed is None else np.random.default_rng([chip_seed, 3, seed, state.steps])
            read[converter] = Recorded(stamps(at), cadc(volts, profile) if converter else madc(volts, profile, draw))
        return read[0], read[1]

    def _by_population(self, trains: Sequence[Array]) -> dict[str, tuple[Array, ...]]:
        found, place = {}, 0
        for population in self.network.populations:
            found[population.name] = tuple(trains[place : place + population.size])
            place += population.size
        return found


@dataclass(frozen=True)
class _Look:
    """What one converter (0 MADC, 1 CADC) reads of one signal: ``rows`` of its sites."""

    converter: int
    rows: Indices
    samples: Samples

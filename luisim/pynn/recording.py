# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorder: what is recorded from a population, with the limits of the chip's read-out, and the data as Neo blocks."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import neo
import numpy as np
import quantities as pq
from pyNN import errors, recording
from pyNN.recording import Variable

from luisim.pynn import simulator
from luisim.pynn.morphology.mc_neuron_base import McNeuronBase
from luisim.pynn.simulator import cell_of, place_of

PADS = tuple(f"pad_{n}{kind}" for n in (0, 1) for kind in ("", "_buffered", "_unbuffered"))
DEVICES = ("madc", "cadc", *PADS)


class Recorder(recording.Recorder):  # type: ignore[misc]
    """The recorder of one population. ``devices``: what reads which (cell, variable)."""

    _simulator = simulator

    def __init__(self, population: Any, file: Any = None) -> None:
        super().__init__(population, file)
        self.devices: dict[tuple[int, str], str] = {}

    def record(
        self,
        variables: Any,
        ids: Iterable[Any],
        sampling_interval: float | None = None,
        locations: Any = None,
        *,
        device: str = "madc",
    ) -> None:
        """Add cells to what is recorded. Raises ValueError for a third MADC neuron, RecordingError for unknown variables."""
        if device not in DEVICES:
            raise ValueError(f"device = {device!r} is unknown; there are {', '.join(DEVICES)}.")
        compartments = self._compartments(locations)
        if sampling_interval is not None and not np.isclose(sampling_interval, simulator.State.dt):
            raise ValueError(f"sampling_interval cannot be chosen: the MADC takes a sample each {simulator.State.dt:g} ms.")
        names = [variables] if isinstance(variables, str) else list(variables)
        chosen = [place_of(cell, compartment) for cell in ids for compartment in compartments]
        for name in names:
            if not self.population.can_record(name):
                raise errors.RecordingError(name, self.population.celltype)
        wanted = {(place, name): device for name in names if name != "spikes" for place in chosen}
        self._check_limits(self.devices | wanted)
        self.devices |= wanted
        for name in names:
            self.recorded[Variable(name, None, None)] |= set(chosen)

    def _compartments(self, locations: Any) -> list[int]:
        """The compartments that ``locations`` name; the first if they name none. Raises ValueError."""
        celltype = self.population.celltype
        labels = [locations] if isinstance(locations, str) else None if locations is None else list(locations)
        if not isinstance(celltype, McNeuronBase):
            if labels not in (None, ["soma"]):
                raise ValueError(
                    f"locations = {labels}: neurons of {self.population.label} have one compartment; leave it out."
                )
            return [0]
        return [0] if labels is None else celltype.get_compartment_ids(labels)

    def _label(self, compartment: int) -> str:
        celltype = self.population.celltype
        return celltype.get_label(compartment) if isinstance(celltype, McNeuronBase) else "unlabeled"

    def _check_limits(self, wanted: dict[tuple[int, str], str]) -> None:
        everywhere = dict(wanted)
        for other in self._simulator.state.recorders:
            if other is not self:
                everywhere |= other.devices
        sources = defaultdict(set)
        for cell, name in everywhere:
            sources[cell].add(name)
        for cell, found in sources.items():
            if len(found) > 1:
                raise ValueError(
                    f"Neuron {cell_of(cell)[0]} cannot be read at {' and '.join(sorted(found))} at once: a circuit has one"
                    " read-out; record one variable, or call record(None) first."
                )
        madc = [cell for (cell, _), device in everywhere.items() if device == "madc"]
        if len(madc) > simulator.MADC_SITES:
            raise ValueError(
                f"The MADC reads {simulator.MADC_SITES} neurons at most, not {len(madc)}: record a view of the population,"
                ' or take device="cadc".'
            )
        for pad in (0, 1):
            users = [cell for (cell, _), device in everywhere.items() if device.startswith(f"pad_{pad}")]
            if len(users) > 1:
                raise ValueError(f"pad_{pad} leads one neuron out, not {len(users)}: record a view of one neuron.")

    def reset(self) -> None:
        """Record nothing any more. What was recorded since the last reset() stays."""
        self.recorded: dict[Any, set[Any]] = defaultdict(set)
        self.devices = {}

    def get(
        self,
        variables: Any,
        gather: bool = False,
        filter_ids: Any = None,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
        locations: Any = None,
    ) -> neo.Block:
        """The data as a Neo block: a segment for each run, in it a spike train and a signal for each cell and piece."""
        names = None if variables == "all" else {variables} if isinstance(variables, str) else set(variables)
        known = self.population.celltype.recordable
        for name in names or ():
            if name not in known:
                raise errors.RecordingError(name, self.population.celltype)
        cells = None if filter_ids is None else {int(cell) for cell in filter_ids}
        block = neo.Block(name=self.population.label, description=self.population.describe(), rec_datetime=datetime.now())
        block.annotate(**self.metadata, **(annotations or {}))
        segments = list(self.cache)
        if self._simulator.state.running and not self.clear_flag:
            segments.append(self._get_current_segment())
        places = None if locations is None else set(self._compartments(locations))
        block.segments = [_filtered(segment, names, cells, places) for segment in segments]
        for segment in block.segments:
            segment.block = block
        if clear:
            self.clear()
        return block

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known of the population, and that it was simulated."""
        return {**super().metadata, **self._simulator.state.provenance}

    def clear(self) -> None:
        """Forget all data of this population."""
        self.cache.clear()
        self.clear_flag = True

    def _get_current_segment(self, filter_ids: Any = None, variables: Any = "all", clear: bool = False) -> neo.Segment:
        state = self._simulator.state
        segment = neo.Segment(
            name=f"segment{state.segment_counter:03d}", description=self.population.describe(), rec_datetime=datetime.now()
        )
        segment.annotate(**state.provenance)
        label = self.population.label
        own = {int(cell) for cell in self.population.all_cells}
        for piece in state.pieces:
            for place in sorted(piece.spikes, key=cell_of):
                cell, compartment = cell_of(place)
                if cell not in own:
                    continue
                segment.spiketrains.append(
                    neo.SpikeTrain(
                        piece.spikes[place],
                        t_start=piece.start,
                        t_stop=piece.stop,
                        units="ms",
                        source_population=label,
                        source_id=cell,
                        source_index=self.population.id_to_index(cell),
                        source_location=self._label(compartment),
                        source_compartment=compartment,
                        channel_id=cell,
                    )
                )
            for signal in sorted(piece.signals, key=lambda signal: (cell_of(signal.cell), signal.variable)):
                cell, compartment = cell_of(signal.cell)
                if cell in own:
                    segment.irregularlysampledsignals.append(
                        neo.IrregularlySampledSignal(
                            signal.time,
                            signal.values.astype(np.float32)[:, None],
                            units="dimensionless",
                            time_units=pq.ms,
                            name=signal.variable,
                            source_ids=[cell],
                            source_locations=[self._label(compartment)],
                            source_compartments=[compartment],
                            source_population=label,
                            device=signal.device,
                            array_annotations={"channel_index": [self.population.id_to_index(cell)]},
                        )
                    )
        return segment

    def store_to_cache(self, annotations: dict[str, Any] | None = None) -> None:
        """Keep the data of the run that ends with a reset, if there was one and its data was not cleared."""
        if self._simulator.state.running and not self.clear_flag:
            segment = self._get_current_segment()
            segment.annotate(**(annotations or {}))
            self.cache.store(segment)
        self.clear_flag = False

    def _local_count(self, variable: Any, filter_ids: Any = None) -> dict[int, int]:
        cells = None if filter_ids is None else {int(cell) for cell in filter_ids}
        own = {int(cell) for cell in self.population.all_cells}
        counts: dict[int, int] = {}
        for piece in self._simulator.state.pieces:
            for place, times in piece.spikes.items():
                cell = cell_of(place)[0]
                if cell in own and (cells is None or cell in cells):
                    counts[cell] = counts.get(cell, 0) + times.size
        return counts


def _filtered(
    segment: neo.Segment, names: set[str] | None, cells: set[int] | None, compartments: set[int] | None
) -> neo.Segment:
    """The same segment with these variables, cells and compartments only."""

    def wanted(name: str, cell: int, compartment: int) -> bool:
        pairs = ((name, names), (cell, cells), (compartment, compartments))
        return all(chosen is None or value in chosen for value, chosen in pairs)

    new = neo.Segment(name=segment.name, description=segment.description, rec_datetime=segment.rec_datetime)
    new.annotate(**segment.annotations)
    for train in segment.spiketrains:
        if wanted("spikes", train.annotations["source_id"], train.annotations["source_compartment"]):
            new.spiketrains.append(train)
    for signal in segment.irregularlysampledsignals:
        if wanted(signal.name, signal.annotations["source_ids"][0], signal.annotations["source_compartments"][0]):
            new.irregularlysampledsignals.append(signal)
    return new

# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a neuron with several compartments: which circuits a compartment has, and how it meets the shared line."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple


class SharedLineConnection(NamedTuple):
    """The shared line of ``row`` (0 or 1) goes through from the column ``start`` to the column ``stop``."""

    start: int
    stop: int
    row: int


class Compartment:
    """Neuron circuits on one membrane. Everything about them is named by their ``positions``.

    ``positions``: 0 to 127 are the columns of the neuron's first row, 128 to 255 those of its other row. ``label``: what
    ``location_selector`` and ``locations`` call it. ``connect_shared_line``: positions that a switch joins to the line.
    ``connect_conductance``: pairs (position, i_bias_nmda) of those that meet it through their resistor. Further arguments are
    parameters of :class:`~luisim.pynn.cells.HXNeuron`: one value, or one for each circuit. Raises TypeError.
    """

    def __init__(
        self,
        *,
        positions: Sequence[int],
        label: str = "",
        connect_shared_line: Sequence[int] | None = None,
        connect_conductance: Sequence[tuple[int, int]] | None = None,
        **parameters: Any,
    ) -> None:
        self._positions = _places(positions, "positions")
        self._shared: list[int] = []
        self._conductance: list[tuple[int, int]] = []
        self.label = label
        self.connect_shared_line = [] if connect_shared_line is None else connect_shared_line
        self.connect_conductance = [] if connect_conductance is None else connect_conductance
        self.parameters = parameters

    @property
    def positions(self) -> list[int]:
        """Where its circuits are."""
        return self._positions

    @positions.setter
    def positions(self, positions: Sequence[int]) -> None:
        places = _places(positions, "positions")
        _check_inside(self._shared, places, "connect_shared_line")
        _check_inside([place for place, _ in self._conductance], places, "connect_conductance")
        self._positions = places

    @property
    def label(self) -> str:
        """Its name."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"label = {label!r} of a compartment must be a text.")
        self._label = label

    @property
    def connect_shared_line(self) -> list[int]:
        """Positions that a switch joins to the shared line."""
        return self._shared

    @connect_shared_line.setter
    def connect_shared_line(self, positions: Sequence[int]) -> None:
        places = _places(positions, "connect_shared_line")
        _check_inside(places, self._positions, "connect_shared_line")
        self._shared = places

    @property
    def connect_conductance(self) -> list[tuple[int, int]]:
        """Pairs of a position that meets the shared line through its resistor, and the resistor's bias."""
        return self._conductance

    @connect_conductance.setter
    def connect_conductance(self, pairs: Sequence[tuple[int, int]]) -> None:
        listed = list(pairs) if isinstance(pairs, Iterable) and not isinstance(pairs, str) else [pairs]
        if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in listed):
            raise TypeError(f"connect_conductance = {pairs!r} must be a list of pairs (position, i_bias_nmda).")
        places = _places([place for place, _ in listed], "connect_conductance")
        _check_inside(places, self._positions, "connect_conductance")
        self._conductance = listed

    @property
    def size(self) -> int:
        """How many circuits it has."""
        return len(self._positions)


def _places(values: Any, name: str) -> list[int]:
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise TypeError(f"{name} = {values!r} must be a list of whole numbers.")
    listed = list(values)
    if not all(isinstance(value, int) for value in listed):
        raise TypeError(f"{name} = {values!r} must hold whole numbers only.")
    if len(set(listed)) != len(listed):
        raise TypeError(f"{name} = {listed} names a circuit twice.")
    return listed


def _check_inside(places: Iterable[int], positions: list[int], name: str) -> None:
    outside = [place for place in places if place not in positions]
    if outside:
        raise TypeError(f"{name} names {outside}, which are not among the compartment's positions {positions}.")

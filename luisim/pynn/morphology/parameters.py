# SPDX-License-Identifier: GPL-3.0-or-later
"""McCircuitParameters: one parameter of a neuron with several compartments, a value for each circuit of each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pyNN.parameters import ArrayParameter


class McCircuitParameters(ArrayParameter):  # type: ignore[misc]
    """``value[compartment][circuit]``. Compartments may have different numbers of circuits."""

    def __init__(self, value: Sequence[Any]) -> None:
        self.value = np.empty(len(value), dtype=object)
        for index, circuits in enumerate(value):
            self.value[index] = np.array(circuits)  # a copy: two neurons never share one

    def of(self, compartment: int, circuit: int) -> Any:
        """The value of one circuit; a compartment with one value has it for all its circuits."""
        values = np.atleast_1d(self.value[compartment])
        return values[circuit if values.size > 1 else 0]

    def max(self) -> Any:
        """The largest of all."""
        return max(np.max(circuits) for circuits in self.value)

    def __eq__(self, other: object) -> Any:
        if isinstance(other, np.ndarray):
            return np.array([self == one for one in other], dtype=np.bool_)
        return (
            isinstance(other, McCircuitParameters)
            and self.value.size == other.value.size
            and all(np.array_equal(a, b) for a, b in zip(self.value, other.value, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]

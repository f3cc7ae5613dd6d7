# SPDX-License-Identifier: GPL-3.0-or-later
"""Network: what a person wants on the chip, in populations and projections, before it has a place there."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import BACKGROUNDS, NEURONS
from luisim.hicannx.parameters import NeuronLsb
from luisim.quantity import Quantity, check_fields

Indices = NDArray[np.int64]
Receptor = Literal["excitatory", "inhibitory"]


@dataclass(frozen=True)
class ShortTerm:
    """Short-term depression of all synapses of a source, as its drivers hold it: 4 bit codes.

    An event counts with the resource R; then R falls by a part ``utilization`` / 16 and recovers with :attr:`tau`.
    """

    utilization: Annotated[int, Quantity("", 0, 15, "haldls: 4 bit")]
    recovery: Annotated[int, Quantity("", 0, 15, "haldls: 4 bit")] = 7
    offset: Annotated[int, Quantity("", 0, 15, "haldls: 4 bit; balances drivers; no effect, as they do not differ here")] = 0

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def tau(self) -> float:
        """Time constant of the recovery in s: 1 us at 0, twice as long for each two codes (assumed; no public number)."""
        return float(1e-6 * 2.0 ** (self.recovery / 2.0))


@dataclass(frozen=True)
class Population:
    """Neurons that are on the chip, each with its own settings. With ``bypass`` every event that matches is one spike."""

    name: str
    neurons: tuple[NeuronLsb, ...]
    bypass: bool = False
    plasticity: ShortTerm | None = None

    def __post_init__(self) -> None:
        if not self.neurons:
            raise ParameterError(f"The population {self.name!r} has no neurons; give it one or more.")

    @property
    def size(self) -> int:
        """How many neurons."""
        return len(self.neurons)


@dataclass(frozen=True)
class Source:
    """Spike sources outside the chip, whose times are handed over with each run."""

    name: str
    size: Annotated[int, Quantity("", 1, 8192, "the labels of four buses")] = 1
    plasticity: ShortTerm | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class Background:
    """Sources that a generator on the chip feeds: ``rate`` in Hz of all together, ``size`` a power of two from 1 to 256."""

    name: str
    size: int
    rate: Annotated[float, Quantity("", 1.0, 125e6, "haldls: up to one event a tick of 8 ns")]
    regular: bool = False
    seed: Annotated[int, Quantity("", 0, 2**32 - 1, "haldls: 32 bit")] = 1
    plasticity: ShortTerm | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.size not in [2**k for k in range(9)]:
            raise ParameterError(
                f"The background {self.name!r} has {self.size} sources; a generator serves 1, 2, 4, ... or 256: it draws bits."
            )


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from the sources or neurons of ``pre`` to the neurons of ``post``: (k,) arrays of indices and weights.

    A weight is a whole number whose sign is that of its row; beyond 63 it takes several synapses. ``receptor`` says where
    those of weight 0 go: they take a synapse too, as they may grow.
    """

    pre: str
    post: str
    pre_index: Indices
    post_index: Indices
    weights: Indices
    receptor: Receptor = "excitatory"
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or f"{self.pre} to {self.post}")
        for key in ("pre_index", "post_index", "weights"):
            object.__setattr__(self, key, _whole(getattr(self, key), f"{key} of the projection {self.name!r}"))
        if not self.pre_index.size == self.post_index.size == self.weights.size:
            raise ParameterError(f"The projection {self.name!r} needs as many weights as it has pairs of pre and post.")
        if self.receptor not in ("excitatory", "inhibitory"):
            raise ParameterError(f'receptor = {self.receptor!r} is unknown; allowed are "excitatory" and "inhibitory".')

    @classmethod
    def all_to_all(
        cls, pre: str, post: str, matrix: ArrayLike, receptor: Receptor = "excitatory", name: str = ""
    ) -> "Projection":
        """Every source to every neuron with a (pre, post) matrix of weights; k runs over post first."""
        weights = np.atleast_2d(np.asarray(matrix))
        pre_index, post_index = np.indices(weights.shape)
        return cls(pre, post, pre_index.ravel(), post_index.ravel(), weights.ravel(), receptor, name)

    @classmethod
    def one_to_one(
        cls, pre: str, post: str, weight: int, size: int, receptor: Receptor = "excitatory", name: str = ""
    ) -> "Projection":
        """Source ``i`` to neuron ``i``, all with one weight."""
        index = np.arange(size)
        return cls(pre, post, index, index, np.full(size, weight), receptor, name)

    @property
    def signs(self) -> Indices:
        """(k,): +1 for synapses in excitatory rows, -1 in inhibitory ones."""
        zero = 1 if self.receptor == "excitatory" else -1
        return np.where(self.weights == 0, zero, np.sign(self.weights))


@dataclass(frozen=True)
class Network:
    """Populations, what feeds them, and what connects them.

    ``permutation``: the hardware circuit (0 to 511) of each neuron in the order of the populations; by default that order.
    Raises :class:`~luisim.errors.ParameterError` for names that are unknown or given twice, and for more than the chip has.
    """

    populations: tuple[Population, ...]
    sources: tuple[Source, ...] = ()
    backgrounds: tuple[Background, ...] = ()
    projections: tuple[Projection, ...] = ()
    permutation: tuple[int, ...] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _once([part.name for part in self._parts()], "population or source")
        _once([projection.name for projection in self.projections], "projection")
        if not 1 <= self.n <= NEURONS:
            raise ParameterError(f"The network has {self.n} neurons; a chip has 1 to {NEURONS}: make a population smaller.")
        if len(self.backgrounds) > BACKGROUNDS:
            raise ParameterError(f"The network has {len(self.backgrounds)} backgrounds; the chip has {BACKGROUNDS} generators.")
        for projection in self.projections:
            self._check(projection)
        if self.permutation is not None:
            self._check_permutation(self.permutation)

    @property
    def n(self) -> int:
        """How many neurons."""
        return sum(population.size for population in self.populations)

    def part(self, name: str) -> Population | Source | Background:
        """A population, source or background by its name. Raises :class:`ParameterError`."""
        parts = {part.name: part for part in self._parts()}
        if name not in parts:
            raise ParameterError(f"There is no {name!r} in the network; there are {', '.join(parts)}.")
        return parts[name]

    def population(self, name: str) -> Population:
        """A population by its name. Raises :class:`ParameterError`."""
        part = self.part(name)
        if not isinstance(part, Population):
            names = ", ".join(population.name for population in self.populations)
            raise ParameterError(f"{name!r} is no population of neurons; there are {names}.")
        return part

    def projection(self, name: str) -> Projection:
        """A projection by its name. Raises :class:`ParameterError`."""
        for projection in self.projections:
            if projection.name == name:
                return projection
        names = ", ".join(repr(projection.name) for projection in self.projections)
        raise ParameterError(f"There is no projection {name!r}; there are {names or 'none'}.")

    def first_of(self, name: str) -> int:
        """The place of a population's first neuron among all."""
        self.population(name)
        before = 0
        for population in self.populations:
            if population.name == name:
                break
            before += population.size
        return before

    def circuit_of(self, name: str, index: int) -> int:
        """The hardware circuit (0 to 511) of a neuron. Raises :class:`ParameterError` if the population has no such neuron."""
        size = self.population(name).size
        if not 0 <= index < size:
            raise ParameterError(f"The population {name!r} has neurons 0 to {size - 1}, not {index}.")
        place = self.first_of(name) + index
        return place if self.permutation is None else self.permutation[place]

    @property
    def circuits(self) -> Indices:
        """(n,): the hardware circuit of each neuron."""
        return np.arange(self.n) if self.permutation is None else np.array(self.permutation[: self.n], dtype=np.int64)

    def with_projection(self, changed: Projection) -> "Network":
        """With another projection in place of the one of that name."""
        self.projection(changed.name)
        return replace(self, projections=tuple(changed if p.name == changed.name else p for p in self.projections))

    def _parts(self) -> list[Population | Source | Background]:
        return [*self.populations, *self.sources, *self.backgrounds]

    def _check(self, projection: Projection) -> None:
        for end, index, size in (
            ("pre", projection.pre_index, self.part(projection.pre).size),
            ("post", projection.post_index, self.population(projection.post).size),
        ):
            bad = index[(index < 0) | (index >= size)]
            if bad.size:
                where = getattr(projection, end)
                raise ParameterError(
                    f"The projection {projection.name!r} names {where}[{bad[0]}]; {where!r} has 0 to {size - 1}."
                )

    def _check_permutation(self, permutation: tuple[int, ...]) -> None:
        if len(permutation) < self.n:
            raise ParameterError(f"The permutation names {len(permutation)} circuits; the network has {self.n} neurons.")
        for circuit in permutation:
            if not 0 <= circuit < NEURONS:
                raise ParameterError(f"neuron {circuit} in the permutation does not exist: a chip has 0 to {NEURONS - 1}.")
        _once([str(circuit) for circuit in permutation], "neuron of the permutation")


def _once(names: list[str], what: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ParameterError(f"There are two of the {what} {twice[0]!r}; give each its own name.")


def _whole(values: ArrayLike, what: str) -> Indices:
    given = np.asarray(values)
    if given.ndim != 1:
        raise ParameterError(f"The {what} must be a list of whole numbers.")
    if given.dtype.kind not in "iu" and not np.all(np.isfinite(given) & (given == np.rint(given))):
        raise ParameterError(f"The {what} must be whole numbers; round them first.")
    array = given.astype(np.int64)
    array.setflags(write=False)
    return array

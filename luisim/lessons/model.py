# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson and Finding: what a pupil is asked to do, and what a check found, whoever ran it.

A lesson plans runs from the settings and answers of a pupil; somebody runs them (a simulation, a board, or a recording that is
played); ``findings`` reads the traces. It is a pure function, so the same check holds for all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from typing import Any, NamedTuple

from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lui.network import Lui, LuiNetwork
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.quantity import parse_si, quantities
from luisim.trace import Trace

KNOBS = (
    *("v_leak", "r_leak", "r_syn"),
    *(f"weight{n}" for n in (1, 2, 3)),
    *(f"sign{n}" for n in (1, 2, 3)),
)

Answers = Mapping[str, str]
Points = tuple[LuiParameters, ...]


@dataclass(frozen=True)
class Finding:
    """One line of a check: passes where ``low`` <= ``measured`` <= ``high``; ``measured`` is None if it could not be read.

    ``name`` finds its words and its hint in the text of the lesson. ``expected``: the theory's value. SI units.
    """

    name: str
    measured: float | None
    expected: float
    low: float
    high: float
    unit: str = ""

    @property
    def passed(self) -> bool:
        """Whether it is as expected within its tolerance."""
        return self.measured is not None and isfinite(self.measured) and self.low <= self.measured <= self.high

    @property
    def tolerance(self) -> float | None:
        """By how much it may differ; None where only one side counts."""
        return None if self.high == inf or self.low == -inf else 0.5 * (self.high - self.low)


def near(name: str, measured: float | None, expected: float, tolerance: float, unit: str = "") -> Finding:
    """``expected`` within an absolute ``tolerance``."""
    return Finding(name, measured, expected, expected - tolerance, expected + tolerance, unit)


def within(name: str, measured: float | None, expected: float, part: float, unit: str = "") -> Finding:
    """``expected`` within a ``part`` of itself."""
    return near(name, measured, expected, part * abs(expected), unit)


def at_least(name: str, measured: float | None, low: float, unit: str = "") -> Finding:
    """``low`` or more."""
    return Finding(name, measured, low, low, inf, unit)


def at_most(name: str, measured: float | None, high: float, unit: str = "") -> Finding:
    """``high`` or less."""
    return Finding(name, measured, high, -inf, high, unit)


class Run(NamedTuple):
    """What was planned, and the trace that came of it."""

    experiment: Experiment[Lui]
    trace: Trace

    @property
    def parameters(self) -> LuiParameters:
        """Of the one board of the run."""
        assert isinstance(self.experiment.device, LuiBoard)
        return self.experiment.device.parameters


Plan = Callable[[Points, Answers], tuple[Experiment[Lui], ...]]
Check = Callable[[Sequence[Run], Answers], tuple[Finding, ...]]


@dataclass(frozen=True)
class Lesson:
    """``start``: the experiment that it begins with. ``knobs``: what a pupil sets for it, at so many ``points``.

    ``answers``: key and example of what a pupil types. ``board``: whose knobs these are in a network.
    """

    number: int
    slug: str
    start: Experiment[Lui]
    plan: Plan
    findings: Check
    knobs: tuple[str, ...] = ()
    points: int = 1
    answers: Mapping[str, str] = field(default_factory=dict)
    board: str = ""

    def check(self, runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
        """What the runs show. Raises :class:`ParameterError` for answers that are missing or cannot be read."""
        return self.findings(runs, answers)

    def settings(self, answers: Answers) -> Points:
        """The points that the answers name: ``v_leak=0.3,0.4`` are two. What is not named stays as in ``start``."""
        for key in answers:
            if key not in (*self.knobs, *self.answers):
                known = ", ".join((*self.knobs, *self.answers)) or "none"
                raise ParameterError(f"Lesson {self.number} has no answer {key!r}; it takes: {known}.")
        if not self.knobs:
            return (parameters_of(self.start),) if isinstance(self.start.device, LuiBoard) else ()
        columns = {key: [part.strip() for part in answers[key].split(",")] for key in self.knobs if key in answers}
        count = max((len(column) for column in columns.values()), default=1)
        if count < self.points:
            raise ParameterError(
                f"Lesson {self.number} needs {self.points} settings of {' and '.join(self.knobs)}, with commas between them;"
                f" given: {count}."
            )
        points = []
        for index in range(count):
            here = parameters_of(self.start, self.board)
            for key, column in columns.items():
                if len(column) not in (1, count):
                    raise ParameterError(f"{key} has {len(column)} values, but another setting has {count}; give as many.")
                here = turned(here, key, column[index % len(column)])
            points.append(here)
        return tuple(points)


def turned(parameters: LuiParameters, knob: str, value: str) -> LuiParameters:
    """The board with one knob set to what was typed: a fraction, a resistance, or 1 and -1 for a sign."""
    if knob in ("v_leak", "r_leak", "r_syn"):
        quantity = quantities(LuiParameters)[knob]
        changed: dict[str, Any] = {knob: quantity.check(knob, parse_si(value, quantity.unit, knob))}
        return replace(parameters, **changed)
    index, parts = int(knob[-1]) - 1, parameters.parts
    if knob.startswith("sign"):
        if value not in ("1", "+1", "+", "-1", "-"):
            raise ParameterError(f"{knob} = {value!r} is not allowed: give 1 (excitatory) or -1 (inhibitory).")
        signs = list(parameters.sign)
        signs[index] = -1 if value.startswith("-") else 1
        return replace(parameters, sign=(signs[0], signs[1], signs[2]))
    turn = parse_si(value, "", knob)
    if not 0.0 <= turn <= 1.0:
        raise ParameterError(f"{knob} = {value} is out of range: allowed is 0 to 1, the part of the trimmer's way.")
    weights = list(parameters.r_weight)
    weights[index] = parts.track_weight[index] * (1.0 - turn)
    return replace(parameters, r_weight=(weights[0], weights[1], weights[2]))


def parameters_of(experiment: Experiment[Lui], board: str = "") -> LuiParameters:
    """Those of the one board, or of one by its name."""
    device = experiment.device
    return device.parameters if isinstance(device, LuiBoard) else device.boards[device.names.index(board)].parameters


def with_board(experiment: Experiment[Lui], parameters: LuiParameters, boards: Sequence[str] = ()) -> Experiment[Lui]:
    """The experiment with these parameters for its one board, or for those that are named."""
    device = experiment.device
    if isinstance(device, LuiBoard):
        return replace(experiment, device=replace(device, parameters=parameters))
    changed = tuple(
        replace(board, parameters=parameters) if name in boards else board
        for name, board in zip(device.names, device.boards, strict=True)
    )
    return replace(experiment, device=LuiNetwork(device.names, changed, device.wires))


def number(answers: Answers, key: str, unit: str = "") -> float:
    """A typed number in SI units. Raises :class:`ParameterError` if it is missing."""
    return parse_si(word(answers, key), unit, key)


def word(answers: Answers, key: str, allowed: Sequence[str] = ()) -> str:
    """A typed word, one of ``allowed``. Raises :class:`ParameterError` if it is missing or another one."""
    if key not in answers:
        raise ParameterError(f"The answer {key} is missing: add --answer {key}=..., or type {key}=... in the lesson.")
    value = answers[key].strip()
    if allowed and value not in allowed:
        raise ParameterError(f"{key} = {value!r} is not one of the answers: {', '.join(allowed)}.")
    return value

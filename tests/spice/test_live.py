# SPDX-License-Identifier: GPL-3.0-or-later
"""A circuit that runs on: what is altered takes effect, and nothing piles up."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from luisim.errors import ParameterError, SimulationError
from luisim.spice.live import _KEPT, Live, _Waiting
from luisim.spice.ngspice import Ngspice

RC = """* an RC element and a source of pulses
v1 a 0 1
r1 a mem 1k
c1 mem 0 100u ic=0
v2 in 0 pulse(0 0 0 10u 10u 1m 1e9)
r2 in 0 1meg
.tran 0.5m 1e6 uic
"""
TAU = 0.1  # s


class Reader:
    """Collects what a live run hands over."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.values = np.empty((0, 3))
        self.applied: dict[int, float] = {}

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 30.0  # only waited for if something is wrong
        while not condition():
            assert time.monotonic() < end, "it did not happen"
            samples = self.live.read()
            self.values = np.concatenate([self.values, samples.values])
            self.applied |= dict(samples.applied)
            time.sleep(0.005)

    @property
    def now(self) -> float:
        return float(self.values[-1, 0]) if len(self.values) else 0.0


@pytest.fixture
def reader(ngspice: Ngspice) -> Iterator[Reader]:
    live = Live(RC, ("mem", "in"))
    yield Reader(live)
    live.close()


def test_an_altered_source_is_followed_from_then_on(reader: Reader) -> None:
    reader.until(lambda: reader.now > 0.2)
    ticket = reader.live.alter({"v1": 2.0})
    reader.until(lambda: ticket in reader.applied)
    altered = reader.applied[ticket]
    reader.until(lambda: reader.now > altered + 0.3)
    t, mem = reader.values[:, 0], reader.values[:, 1]
    at_altered = 1.0 - np.exp(-altered / TAU)
    expected = np.where(
        t <= altered, 1.0 - np.exp(-t / TAU), 2.0 + (at_altered - 2.0) * np.exp(-np.maximum(t - altered, 0.0) / TAU)
    )
    assert np.max(np.abs(mem - expected)) < 5e-3
    assert np.all(np.diff(t) > 0.0)
    assert np.max(np.diff(t)) < 1.1e-3


def test_a_pulse_has_its_width(reader: Reader) -> None:
    reader.until(lambda: reader.now > 0.05)
    ticket = reader.live.pulse("v2", 3.0, 15e-3)
    reader.until(lambda: ticket in reader.applied)
    start = reader.applied[ticket]
    reader.until(lambda: reader.now > start + 0.03)
    high = reader.values[reader.values[:, 2] > 1.5, 0]
    assert high[0] == pytest.approx(start, abs=0.6e-3)
    assert high[-1] - high[0] == pytest.approx(15e-3, abs=0.7e-3)
    assert reader.values[:, 2].max() == pytest.approx(3.0)


def test_a_pause_stops_time_and_alterations_wait(reader: Reader) -> None:
    reader.until(lambda: reader.now > 0.1)
    reader.live.pause()
    ticket = reader.live.alter({"v1": 2.0})
    reader.until(lambda: ticket in reader.applied)
    stopped = reader.now
    assert reader.applied[ticket] == pytest.approx(stopped, abs=1e-3)
    time.sleep(0.1)
    assert reader.live.read().values.size == 0
    reader.live.resume()
    reader.until(lambda: reader.now > stopped + 0.1)
    assert np.max(np.diff(reader.values[:, 0])) < 1.1e-3


def test_faster_than_the_clock(reader: Reader) -> None:
    reader.live.throttle(50.0)
    reader.until(lambda: reader.now > 5.0)
    assert reader.values[-1, 1] == pytest.approx(1.0, abs=1e-6)


def test_a_killed_worker_is_reported_and_the_next_one_runs(reader: Reader) -> None:
    reader.until(lambda: reader.now > 0.0)
    os.kill(reader.live._worker._process.pid, signal.SIGKILL)
    with pytest.raises(SimulationError, match=r"^ngspice was ended by signal 9 while the circuit was live; start it again\.$"):
        reader.until(lambda: False)
    with Live(RC, ("mem", "in")) as again:
        other = Reader(again)
        other.until(lambda: other.now > 0.0)


@pytest.mark.parametrize(
    ("deck", "save", "sentence"),
    [
        (RC, ("mem", "nowhere"), "no node named nowhere"),
        (RC.replace("c1 mem 0 100u ic=0", "x1 mem 0 missing"), ("mem", "in"), "ngspice refuses the deck"),
    ],
)
def test_what_ngspice_refuses_is_one_sentence(ngspice: Ngspice, deck: str, save: tuple[str, ...], sentence: str) -> None:
    with Live(deck, save) as live, pytest.raises(SimulationError, match=sentence):
        Reader(live).until(lambda: False)


def test_a_device_that_is_not_there(reader: Reader) -> None:
    reader.live.alter({"r.x1.missing": 2.0})
    with pytest.raises(SimulationError, match=r"ngspice refuses what was altered: .*r\.x1\.missing"):
        reader.until(lambda: False)


def test_many_turns_in_a_row_are_all_applied(reader: Reader) -> None:
    tickets = [reader.live.alter({"v1": 1.0 + number / 50}) for number in range(50)]  # from before the first point on
    reader.until(lambda: set(tickets) <= reader.applied.keys())
    last = reader.applied[tickets[-1]]
    reader.until(lambda: reader.now > last + 0.5)
    assert reader.values[-1, 1] == pytest.approx(1.98, abs=0.02)


def test_commands_are_refused() -> None:
    with pytest.raises(ParameterError, match="command"):
        Live(RC + ".control\nshell true\n.endc\n", ("mem",))


def test_what_nobody_reads_does_not_pile_up() -> None:
    waiting = _Waiting()
    for number in range(3 * _KEPT):
        waiting.put(np.full((1, 2), float(number)))
    chunks, others = waiting.take()
    assert len(chunks) == _KEPT
    assert chunks[-1][0, 0] == 3 * _KEPT - 1
    assert others == []
    assert waiting.take() == ([], [])

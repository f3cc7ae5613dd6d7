# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions in virtual time: unplug and replug, reset in the middle, wrong baud rate, a silent port, a drifting clock."""

import numpy as np
import pytest

from firmware_bridge import session as session_module
from firmware_bridge.clock import DeviceClock
from firmware_bridge.errors import BoardError
from firmware_bridge.protocol import Samples
from firmware_bridge.record import arm, fast_enough
from firmware_bridge.session import Gap, Session
from firmware_bridge.simulated.memory import MemoryBoard
from firmware_bridge.simulated.port import VirtualPort
from firmware_bridge.wiring import Wiring


def listen(session: Session, seconds: float) -> list:
    until = session.transport.now() + seconds
    return [event for _ in iter(lambda: session.transport.now() < until, False) for event in session.events(0.05)]


@pytest.fixture(params=["chip", "memory"])
def port(request: pytest.FixtureRequest) -> VirtualPort:
    board = request.getfixturevalue("simulated")(1) if request.param == "chip" else MemoryBoard()
    return VirtualPort(board)


def test_unplug_and_replug(port: VirtualPort, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(port)
    arm(session, Wiring(), 1000)
    assert any(isinstance(event, Samples) for event in listen(session, 0.5))
    port.plugged = False
    pulled = port.now()
    check = port._check
    monkeypatch.setattr(port, "_check", lambda: (setattr(port, "plugged", port.now() > pulled + 1.0), check()))
    events = listen(session, 5.0)
    gap = next(event for event in events if isinstance(event, Gap))
    assert "unplugged" in gap.reason
    assert gap.since <= pulled
    assert gap.until - (pulled + 1.0) < 2.0  # back within 2 s of the replug
    assert isinstance(events[-1], Samples)  # the settings were given again


def test_reset_in_the_middle(port: VirtualPort) -> None:
    session = Session(port)
    arm(session, Wiring(), 1000)
    listen(session, 0.5)
    port.board.reset()
    events = listen(session, 4.0)
    assert [event.reason for event in events if isinstance(event, Gap)] == ["The board was reset."]
    assert isinstance(events[-1], Samples)


def test_staying_away_ends_in_a_sentence(port: VirtualPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_BACK", 2.0)
    session = Session(port)
    port.plugged = False
    with pytest.raises(BoardError, match="plug it in"):
        listen(session, 5.0)


def test_wrong_baud_is_named(port: VirtualPort) -> None:
    port.baud = 9600
    with pytest.raises(BoardError, match="another baud rate"):
        Session(port)


def test_higher_baud(port: VirtualPort) -> None:
    session = Session(port)
    arm(session, Wiring.of(1), 3000)
    assert session.baud == 250_000
    times = [event for event in listen(session, 1.0) if isinstance(event, Samples)]
    assert sum(len(event.words) for event in times) > 2700


def test_too_much_for_the_line() -> None:
    assert fast_enough(1000, 4) == 115_200
    assert fast_enough(1000, 6) == 250_000
    with pytest.raises(BoardError, match="more than the line carries"):
        fast_enough(6000, 6)


class Silent(VirtualPort):
    def read(self, timeout: float) -> bytes:
        self.board.advance(timeout)
        return b""


class Chatter(Silent):
    def read(self, timeout: float) -> bytes:
        return super().read(timeout) + b"Temperature: 21.5 C\r\n"


@pytest.mark.parametrize(("kind", "words"), [(Silent, "Nothing answers"), (Chatter, "another program answers")])
def test_no_bridge_at_the_port(kind: type[VirtualPort], words: str) -> None:
    with pytest.raises(BoardError, match=words):
        Session(kind(MemoryBoard()))


def test_a_refused_order_is_a_sentence(port: VirtualPort) -> None:
    session = Session(port)
    with pytest.raises(BoardError, match="refuses start"):
        session.ask("start", 5, 1)


@pytest.mark.parametrize("error", [-0.005, 0.0, 0.005])
def test_the_clock_is_fitted(error: float) -> None:
    clock = DeviceClock()
    rng = np.random.default_rng(4)
    for n in range(1, 3000):
        true = 0.013 * n
        clock.arrived(round(true * (1 + error) * 1e6), true + 0.001 + rng.exponential(0.004))
    assert clock.rate == pytest.approx(1 / (1 + error), abs=5e-5)


def test_short_runs_do_not_make_up_a_drift() -> None:
    clock = DeviceClock()
    rng = np.random.default_rng(5)
    for n in range(1, 60):
        clock.arrived(round(0.013 * n * 1e6), 0.013 * n + rng.exponential(0.004))
    assert clock.rate == 1.0

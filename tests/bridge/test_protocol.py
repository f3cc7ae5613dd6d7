# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversation in memory: the board in memory at one end, the connection at the other."""

import random
import struct

import pytest

from firmware_bridge.framing import Damage, encode
from firmware_bridge.protocol import (
    NEED_DATA,
    RECEIVING,
    SENDING,
    Connection,
    Event,
    Hello,
    LocalProtocolError,
    Lost,
    Restarted,
    Samples,
    State,
    Status,
)
from firmware_bridge.simulated.memory import MemoryBoard


def events(connection: Connection, data: bytes = b"") -> list[Event]:
    connection.receive_data(data)
    found = []
    while (event := connection.next_event()) is not NEED_DATA:
        found.append(event)
    return found  # type: ignore[return-value]


def frame(kind: int, sequence: int, us: int, payload: bytes) -> bytes:
    return encode(struct.pack("<BBI", kind, sequence % 256, us % (1 << 32)) + payload)


def hello(nonce: int, us: int = 0) -> bytes:
    return frame(1, 0, us, struct.pack("<BB3BBBBBBHHIHI", 1, 0, 1, 0, 0, 1, 6, 10, 6, 0, 5000, 1100, 110_000, 6000, nonce))


STATUS = struct.pack("<HHHBBHB", 0, 0, 0, 0, 0, 5000, 0)


def ready(us: int = 0) -> Connection:
    connection = Connection()
    connection.send("bin", 1, 9)
    assert isinstance(events(connection, b"\0" + hello(9, us))[-1], Hello)
    return connection


def test_greeting_ignores_an_answer_to_somebody_else() -> None:
    connection = Connection()
    connection.send("bin", 1, 9)
    assert events(connection, hello(8)) == []
    assert connection.state is State.GREETING


def test_every_command_is_refused_where_the_table_says_so() -> None:
    for command, allowed in SENDING.items():
        for state in State:
            connection = ready()
            connection.state = state
            if state in allowed:
                connection.send(command, 1, 1)
                assert connection.state is allowed[state]
            else:
                with pytest.raises(LocalProtocolError):
                    connection.send(command, 1, 1)
    with pytest.raises(LocalProtocolError):
        ready().send("stim", 1, -5)


def test_frames_count_only_where_the_table_says_so() -> None:
    for kind in range(8):
        for state in (State.TEXT, State.READY, State.SAMPLING):
            connection = ready()
            connection.state = state
            payload = {1: hello(9)[9:], 2: struct.pack("<BBHH", 1, 1, 1000, 5), 3: b"\x07\x03\0\0", 4: STATUS, 5: b"ok stop 0"}
            found = events(connection, frame(kind, 1, 5, payload.get(kind, b"xx")))
            assert bool(found) == (state in RECEIVING.get(kind, ()))


def test_lost_frames_are_counted_over_the_wrap() -> None:
    connection = ready()
    sent = [n for n in range(1, 600) if n not in (3, 254, 255, 256, 300)]
    found = [e for n in sent for e in events(connection, frame(4, n, n, STATUS))]
    assert [e.frames for e in found if isinstance(e, Lost)] == [1, 3, 1]


def test_the_clock_goes_on_over_its_32_bits() -> None:
    connection = ready((1 << 32) - 500)
    times = [(1 << 32) - 500 + 400 * n for n in range(1, 5)]
    found = [e for n, us in enumerate(times, 1) for e in events(connection, frame(4, n, us, STATUS))]
    assert [e.time_us for e in found if isinstance(e, Status)] == times


def test_noise_never_raises_and_the_next_frame_is_found() -> None:
    rng = random.Random(11)
    for _ in range(200):
        connection = ready()
        for _ in range(rng.randint(0, 5)):
            events(connection, rng.randbytes(rng.randint(0, 400)))
        found = events(connection, b"\0" + frame(4, 1, 77, STATUS))
        assert isinstance(found[-1], Status)
        assert found[-1].time_us == 77


def test_good_frames_of_any_content_never_raise() -> None:
    rng = random.Random(12)
    for _ in range(5000):
        connection = ready()
        connection.state = State.SAMPLING
        for event in events(connection, frame(rng.randint(0, 6), 1, rng.getrandbits(32), rng.randbytes(rng.randint(0, 60)))):
            assert isinstance(event, Event)


def test_damage_is_an_event() -> None:
    damaged = bytearray(frame(4, 1, 5, STATUS))
    damaged[4] ^= 1
    assert any(isinstance(event, Damage) for event in events(ready(), bytes(damaged)))


def test_a_reset_is_noticed_in_the_middle_of_a_frame() -> None:
    connection = ready()
    connection.state = State.SAMPLING
    found = events(connection, b"\x05\x06" + b"# lui-bridge proto=1\r\n")
    assert isinstance(found[-1], Restarted)
    assert connection.state is State.TEXT


def test_the_board_in_memory_talks_like_the_firmware(talk) -> None:
    talk = talk(MemoryBoard()).greet()
    talk.say("start", 1000, 3, seconds=1.0)
    scans = talk.of(Samples)
    assert sum(len(scan.words) for scan in scans) >= 950
    assert not talk.of(Damage)
    assert not talk.of(Lost)

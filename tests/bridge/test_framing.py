# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames: round trip, published check value, and damage of every kind."""

import random
from binascii import crc_hqx

from firmware_bridge.framing import Damage, FrameReader, decode, encode


def bodies(seed: int, count: int) -> list[bytes]:
    rng = random.Random(seed)
    return [bytes(rng.choices((0, 0, 1, 255, 17), k=rng.randint(6, 118))) for _ in range(count)]


def test_crc_has_its_published_check_value() -> None:
    assert crc_hqx(b"123456789", 0xFFFF) == 0x29B1


def test_known_stuffing() -> None:
    # Cheshire and Baker: each code byte is the distance to the next zero
    stuffed = encode(b"\x01\x00\x02\x03\x00\x00")
    assert stuffed.startswith(b"\x02\x01\x03\x02\x03\x01")
    assert stuffed.count(0) == 1
    assert stuffed.endswith(b"\0")


def test_round_trip_in_any_pieces() -> None:
    sent = bodies(1, 200)
    stream = b"".join(map(encode, sent))
    rng = random.Random(2)
    for pieces in ([stream], [stream[i : i + 1] for i in range(len(stream))], None):
        reader, got = FrameReader(), []
        at = 0
        if pieces is None:
            pieces = []
            while at < len(stream):
                size = rng.randint(1, 300)
                pieces.append(stream[at : at + size])
                at += size
        for piece in pieces:
            got += list(reader.receive(piece))
        assert got == sent


def test_no_corrupted_frame_is_accepted() -> None:
    rng = random.Random(3)
    good = [encode(body)[:-1] for body in bodies(4, 50)]
    accepted = 0
    for n in range(200_000):
        frame = bytearray(good[n % len(good)])
        for bit in rng.sample(range(8 * len(frame)), rng.randint(1, 3)):
            frame[bit >> 3] ^= 1 << (bit & 7)
        accepted += 0 not in frame and isinstance(decode(bytes(frame)), bytes)
    assert accepted == 0


def test_any_bytes_then_a_good_frame() -> None:
    rng = random.Random(5)
    for _ in range(300):
        reader = FrameReader()
        noise = rng.randbytes(rng.randint(0, 5000))
        for at in range(0, len(noise), 700):
            list(reader.receive(noise[at : at + 700]))
        body = b"\x02" + rng.randbytes(40)
        assert list(reader.receive(b"\0" + encode(body)))[-1] == body


def test_an_endless_frame_is_damage() -> None:
    reader = FrameReader()
    found = [item for _ in range(30) for item in reader.receive(b"\x05" * 100)]
    assert found
    assert all(isinstance(item, Damage) for item in found)

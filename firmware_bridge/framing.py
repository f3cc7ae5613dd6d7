# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames on a serial line: COBS with a zero byte behind each, CRC-16 inside. Bytes in, frames and damage out.

COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Trans. Networking 7 (1999). The check is CRC-16/IBM-3740
(polynomial 0x1021, start 0xFFFF), which :func:`binascii.crc_hqx` computes; of "123456789" it is 0x29B1.
"""

from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 120  # bytes of a frame, decoded, with its CRC: what the firmware sends at most
_CRC = 2
_SHORTEST = 6 + _CRC  # type, sequence number, time
_MOST_BUFFERED = 2048


@dataclass(frozen=True)
class Damage:
    """Bytes that are no frame: ``data`` as they came in, without the zero byte; ``reason`` in a few words."""

    data: bytes
    reason: str


def encode(body: bytes) -> bytes:
    """The frame that carries ``body`` (at most 118 bytes), as it goes over the line."""
    whole = body + crc_hqx(body, 0xFFFF).to_bytes(_CRC, "little")
    return b"".join(bytes((len(part) + 1,)) + part for part in whole.split(b"\0")) + b"\0"


def decode(stuffed: bytes) -> bytes | Damage:
    """The body of one frame, without the zero byte behind it; :class:`Damage` if it is none."""
    size = len(stuffed)
    if size > LONGEST + 1:
        return Damage(stuffed, "longer than a frame")
    parts = []
    at = 0
    while at < size:
        end = at + stuffed[at]
        if end == at or end > size:
            return Damage(stuffed, "stuffing does not add up")
        parts.append(stuffed[at + 1 : end])
        at = end
    whole = b"\0".join(parts)
    if len(whole) < _SHORTEST:
        return Damage(stuffed, "shorter than a frame")
    if crc_hqx(whole[:-_CRC], 0xFFFF) != whole[-2] | whole[-1] << 8:
        return Damage(stuffed, "checksum does not fit")
    return whole[:-_CRC]


class FrameReader:
    """Cuts a stream of bytes at its zero bytes. Any bytes in any pieces are allowed; nothing raises."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def rest(self) -> bytes:
        """What has come in since the last zero byte."""
        return self._rest

    def clear(self) -> None:
        """Forget the bytes of an unfinished frame."""
        self._rest = b""

    def receive(self, data: bytes) -> Iterator[bytes | Damage]:
        """Bodies of good frames and damage between them, in order."""
        *pieces, rest = (self._rest + data).split(b"\0")
        self._rest = rest
        for piece in pieces:
            if piece:
                yield decode(piece)
        if len(rest) > _MOST_BUFFERED:
            self._rest = b""
            yield Damage(rest, "no end of a frame")

# SPDX-License-Identifier: GPL-3.0-or-later
"""Volts and their uncertainty; calibration against a chip whose reference and ADC are off."""

import numpy as np
import pytest

from firmware_bridge.errors import BoardError
from firmware_bridge.protocol import Samples
from firmware_bridge.readout import Readout, reference_for, two_point
from firmware_bridge.session import Session
from firmware_bridge.simulated.chip import Piece
from firmware_bridge.simulated.port import VirtualPort


def mean_code(session: Session, channel: int) -> float:
    session.ask("start", 500, 1 << channel)
    codes: list[int] = []
    until = session.transport.now() + 1.0
    while session.transport.now() < until:
        for event in session.events(0.05):
            if isinstance(event, Samples):
                codes += event.codes[:, 0].tolist()
    session.ask("stop")
    return float(np.mean(codes))


def test_codes_become_volts() -> None:
    readout = Readout(5.0)
    codes = np.arange(1024, dtype=np.uint16)
    true = (codes + 0.5) / 1024 * 5.0
    assert readout.volts(codes) == pytest.approx(true)
    assert Readout(5.0, calibrated=True).uncertainty(2.5) < readout.uncertainty(2.5)
    # by hand: 4.88 mV / sqrt 12, 2 x 4.88 mV / sqrt 3, 0.5 % of 2.5 V
    assert Readout(5.0, calibrated=True).uncertainty(2.5) == pytest.approx(
        np.sqrt(1.41**2 + 5.64**2 + 12.5**2) * 1e-3, rel=1e-3
    )


@pytest.mark.parametrize(("vcc", "reference"), [(4.75, 1.1), (5.0, 1.03), (5.2, 1.17)])
def test_a_voltmeter_calibrates_the_reference(simulated, vcc, reference) -> None:
    board = simulated(1, vcc=vcc, reference=reference)
    board._show = lambda ahead: None  # the pin hangs on a source, not on a Lu.i
    session = Session(VirtualPort(board))

    def read(volts: float) -> tuple[float, float]:
        board.chip.set_voltage(5, [Piece(0, volts)])
        readout = Readout(session.hello.vcc, session.hello.calibrated)
        reading = float(readout.volts([mean_code(session, 5)])[0])
        return reading, float(readout.uncertainty(reading))

    reading, uncertainty = read(2.0)
    assert abs(reading - 2.0) < 2.5 * uncertainty  # the stated one covers the error before
    true = reference_for(2.0, mean_code(session, 5), session.hello.reference, session.hello.vcc)
    session.ask("ref", round(true * 1000))
    session = Session(session.transport)
    assert session.hello.calibrated
    reading, uncertainty = read(3.0)
    assert abs(reading - 3.0) < 2.5 * uncertainty
    assert uncertainty < 0.02


def test_two_points_give_gain_and_offset() -> None:
    readout = two_point((200.0, 800.0), (1.0, 4.0), Readout(5.0))
    assert readout.volts([200.0, 800.0]) == pytest.approx([1.0, 4.0])
    with pytest.raises(BoardError, match="too close"):
        two_point((200.0, 210.0), (1.0, 1.05), Readout(5.0))


def test_impossible_calibrations_are_refused() -> None:
    with pytest.raises(BoardError, match="too small"):
        reference_for(0.1, 20.0, 1.1, 5.0)
    with pytest.raises(BoardError, match="Check the pin"):
        reference_for(4.0, 400.0, 1.1, 5.0)

# SPDX-License-Identifier: GPL-3.0-or-later
"""One ngspice for all tests of this folder."""

import os
from collections.abc import Iterator

import pytest

from luisim.errors import SimulatorMissing
from luisim.spice.ngspice import Ngspice


@pytest.fixture(scope="session")
def ngspice() -> Iterator[Ngspice]:
    with Ngspice() as engine:
        try:
            engine.library()
        except SimulatorMissing as error:
            if "CI" in os.environ:
                raise
            pytest.skip(str(error))
        yield engine

# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh chip for every test, and calibrations kept for the whole session, away from the user's cache."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import luisim.pynn as pynn


@pytest.fixture(scope="session", autouse=True)
def calibrations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("luisim.pynn.calibrations.user_cache_path", lambda name: folder)
        yield folder


@pytest.fixture(autouse=True)
def chip(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("LUISIM_CHIP", raising=False)
    pynn.setup()
    yield
    pynn.simulator.finish()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the whole app at 80x24, compared with those in tests/data/tui, which a person has looked at.

After a change that is meant: `LUISIM_SNAPSHOTS=write pytest tests/tui/test_snapshots.py`, and look at the new pictures.
"""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui.app import LuisimApp

PICTURES = Path(__file__).parents[1] / "data" / "tui"
WRITE = os.environ.get("LUISIM_SNAPSHOTS") == "write"
CASES = {
    "overlay": ("", "braille"),
    "lanes-residual": ("v v d", "braille"),
    "aligned-light": ("v t", "braille"),
    "cursors-trigger-measure": ("g k a b }", "braille"),
    "projector-quadrant": ("t t k", "quadrant"),
    "half": ("k", "half"),
    "ascii": ("g k a", "ascii"),
}


def stable(svg: str) -> str:
    """Without the number that Textual draws for each picture."""
    return re.sub(r"terminal-\d+", "terminal", svg)


@pytest.mark.parametrize("name", CASES)
async def test_snapshot(name: str, fake_backend: Callable[..., Any], experiment: Any) -> None:
    keys, glyphs = CASES[name]
    app = LuisimApp(experiment, [fake_backend(word) for word in ("circuit", "model", "recording:lui-photo")], glyphs=glyphs)
    async with app.run_test(size=(80, 24)) as pilot:
        end = time.monotonic() + 10.0
        while not all(source.ran is app.experiment for source in app.sources.values()):
            assert time.monotonic() < end
            await pilot.pause(0.01)
        await pilot.press(*keys.split())
        await pilot.pause(0.3)
        svg = stable(app.export_screenshot(title="luisim", simplify=True))
    path = PICTURES / f"{name}.svg"
    if WRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg, encoding="utf-8")
    assert path.exists(), f"there is no picture {path.name}: write it with LUISIM_SNAPSHOTS=write, and look at it"
    if svg != path.read_text(encoding="utf-8"):
        path.with_suffix(".new.svg").write_text(svg, encoding="utf-8")
        pytest.fail(f"{path.name} looks different now: compare it with {path.stem}.new.svg")

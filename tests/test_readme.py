# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows works as printed. Its commands are run by CI (.ci/readme.py)."""

import re
import tomllib
from pathlib import Path

from luisim.lui.experiment_file import read_experiment
from luisim.lui.model import LuiModel

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_experiments_run() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        experiment = read_experiment(tomllib.loads(block), "readme")
        assert LuiModel().run(experiment).duration == experiment.duration


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_its_map_is_true() -> None:
    places = README.partition("| place | what |")[2].partition("\n\n")[0]
    found = re.findall(r"^\| \[?`([\w./]+)`", places, re.MULTILINE) + re.findall(r"[,;] `([\w./]+/)`", places)
    assert len(found) > 8
    for path in found:
        assert (ROOT / path).exists(), path

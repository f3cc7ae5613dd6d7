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
    for path in re.findall(r"^\| (?:\[)?`([\w./]+)`", README, re.MULTILINE):
        assert (ROOT / path).exists(), path

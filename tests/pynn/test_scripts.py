# SPDX-License-Identifier: GPL-3.0-or-later
"""`luisim run` of scripts and notebooks that were written for the real system."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from luisim.errors import ParameterError, SimulationError
from luisim.pynn import script, widgets
from tui import scripts

NOTEBOOK = [
    "%matplotlib inline\n!pip install something\n"
    "from _static.common.helpers import setup_hardware_client\nsetup_hardware_client()",
    "import numpy as np\nimport matplotlib.pyplot as plt\nimport pynn_brainscales.brainscales2 as pynn\n"
    "from dlens_vx_v3 import hal, hxcomm, sta\nfrom ipywidgets import interact\n"
    "print('largest', hal.SynapseWeightQuad.Value.max)",
    "def measure_voltage(connection, voltage):\n    return sta.PlaybackProgramBuilder()",
    "voltages = np.arange(0.2, 1.0, 0.2)\nmeans = []\n"
    "with hxcomm.ManagedConnection() as connection:\n"
    "    for voltage in voltages:\n        means.append(np.mean(measure_voltage(connection, voltage)['value']))\n"
    "print('slope', np.polyfit(voltages, means, 1)[0])",
    "@interact(n=(1, 9))\ndef draw(n):\n    plt.plot([n, n + 1])\n    plt.show()",
    "print('end', pynn.cells.HXNeuron.__module__)",
]


def run(path: Path, code: str, **given: str) -> subprocess.CompletedProcess[str]:
    path.write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "luisim.pynn.script", str(path), str(path.parent / "figures")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_notebook_of_the_real_system(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in NOTEBOOK]
    cells.insert(1, {"cell_type": "markdown", "source": ["# words"]})
    done = run(tmp_path / "adc.ipynb", json.dumps({"cells": cells}))
    assert done.returncode == 0, done.stderr
    assert "largest 63" in done.stdout
    assert "end luisim.pynn.standardmodels.cells" in done.stdout
    assert "measure_voltage" in done.stderr
    # the ADC characteristic: 1.235 mV a step
    slope = float(done.stdout.split("slope ")[1].split()[0])
    assert slope == pytest.approx(1 / 1.235e-3, rel=0.01)
    assert (tmp_path / "figures" / "adc-01.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import hxtorch", "hxtorch cannot be imported here"),
        ("from dlens_vx_v3 import lola\nlola.SynapseRow()", "lola.SynapseRow is not simulated"),
        ("from pynn_brainscales.brainscales2.morphology import mechanisms", "place them with Compartment"),
        ("import pynn_brainscales.brainscales2.morphology.builder", "place them with Compartment"),
        ("x = 1\n\nprint(undefined)", "line 3: NameError"),
        ("def broken(:", "line 1: SyntaxError"),
    ],
)
def test_what_cannot_run_says_which_and_why(tmp_path: Path, code: str, words: str) -> None:
    done = run(tmp_path / "wrong.py", code)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_runs_scripts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ok.py"
    path.write_text(
        "import pynn_brainscales.brainscales2 as pynn\npynn.setup()\np = pynn.Population(1, pynn.cells.HXNeuron())\n"
        "p.record('v')\npynn.run(0.005)\nprint(p.get_data().annotations['chip_profile'], __name__)\npynn.end()\n",
        encoding="utf-8",
    )
    assert scripts.is_script(str(path))
    assert scripts.run(path, None, "v2_2021:3") == 0
    out, err = capfd.readouterr()
    assert "v2_2021 __main__" in out
    assert "simulated chip v2_2021, seed 3" in err
    path.write_text("raise ValueError('no')", encoding="utf-8")
    with pytest.raises(SimulationError, match="said above"):
        scripts.run(path, None, "v2_2021:3")


def test_only_scripts_are_scripts() -> None:
    assert scripts.is_script("a.ipynb")
    assert not scripts.is_script("silent-neuron")
    assert not scripts.is_script("my.cir")


@pytest.mark.parametrize(
    ("name", "chip", "words"), [("none.py", "v3_tutorial:1", "none.py"), ("seed_notebook.py", "v9:1", "v9")]
)
def test_wrong_words(name: str, chip: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        scripts.run(Path(__file__).with_name(name), None, chip)


@pytest.mark.parametrize("content", ["not json", "{}", '{"cells": [1]}'])
def test_what_is_no_notebook(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError, match="not a notebook"):
        list(script.cells(path))


def test_lines_for_the_notebook_keep_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    cell = {"cell_type": "code", "source": "%matplotlib inline\nx = 1\n!ls\ny = 2"}
    bash = {"cell_type": "code", "source": "%%bash\nls"}
    path.write_text(json.dumps({"cells": [bash, cell]}), encoding="utf-8")
    assert list(script.cells(path)) == [("a.ipynb cell 2", "\nx = 1\n\ny = 2")]


@pytest.mark.parametrize(
    ("control", "value"),
    [
        (widgets.IntSlider(min=3, max=9), 3),
        (widgets.IntSlider(value=700, min=400, max=600), 600),
        (widgets.FloatSlider(0.5, min=0, max=1), 0.5),
        (widgets.Dropdown(options=["a", "b"]), "a"),
        (widgets.Dropdown(options={"a": 4}), 4),
        (widgets.Checkbox(), False),
        (widgets.fixed([1, 2]), [1, 2]),
        ((0, 10), 5),
        ((0.0, 1.0, 0.1), 0.5),
        (["x", "y"], "x"),
        (True, True),
        (3, 3),
    ],
)
def test_sliders_stay_at_their_defaults(control: object, value: object) -> None:
    seen = []
    widgets.interact(lambda n: seen.append(n), n=control)
    assert seen == [value]

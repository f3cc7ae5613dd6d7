# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds of PyNN on the simulated chip: import, the tutorial's script, and networks of growing size."""

import io
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

start = time.process_time()
import luisim.pynn as pynn  # noqa: E402  # its import is what is measured

IMPORT = time.process_time() - start

from luisim.pynn import script  # noqa: E402

TUTORIAL = Path(__file__).parents[1] / "tests" / "pynn" / "seed_notebook.py"


def network(size: int, runtime: float) -> tuple[float, int]:
    """CPU seconds of ``runtime`` ms, and the spikes in it: calibrated neurons with Poisson noise, each inhibits eight."""
    pynn.setup()
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    cells = pynn.Population(size, pynn.cells.HXNeuron())
    cells.record("spikes")
    noise = pynn.Population(size, pynn.cells.SpikeSourcePoisson(rate=2e5))
    Static = pynn.synapses.StaticSynapse  # noqa: N806
    pynn.Projection(noise, cells, pynn.OneToOneConnector(), synapse_type=Static(weight=40), receptor_type="excitatory")
    pairs = [(i, (i + k) % size) for i in range(size) for k in range(1, min(9, size))]
    if pairs:
        list_connector = pynn.FromListConnector(pairs)
        pynn.Projection(cells, cells, list_connector, synapse_type=Static(weight=-10), receptor_type="inhibitory")
    begin = time.process_time()
    pynn.run(runtime)
    return time.process_time() - begin, sum(cells.get_spike_counts().values())


def tutorial() -> float:
    """CPU seconds of the tutorial's script, matplotlib's import and its four pictures included."""
    begin = time.process_time()
    with TemporaryDirectory() as folder, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        sys.argv = ["script", str(TUTORIAL), folder]
        if script.main():
            raise SystemExit("the tutorial's script failed")
    return time.process_time() - begin


def main() -> None:
    """Print a table."""
    print(f"import luisim.pynn          {IMPORT:6.2f} s")
    print(f"tutorial, four experiments  {tutorial():6.2f} s")
    for size in (1, 64, 320, 512):
        seconds, spikes = network(size, 0.5)
        print(f"{size:4} neurons, 0.5 ms        {seconds:6.2f} s   {spikes} spikes")


if __name__ == "__main__":
    main()

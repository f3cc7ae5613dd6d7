# SPDX-License-Identifier: GPL-3.0-or-later
"""`luisim chip`: a network on the chip as a report and a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from luisim.errors import UnsupportedExperiment
from luisim.experiment import Experiment
from luisim.hicannx import activity
from luisim.hicannx.chip import Chip
from luisim.hicannx.chip_experiment import ChipNetwork
from luisim.hicannx.chip_result import ChipResult
from luisim.quantity import format_si
from tui.console import bar, columns, progress, say, show
from tui.picture import save
from tui.report import SCHEMA

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR = 40  # characters of the longest bar of the histogram


def show_chip(experiment: Experiment[Any], png: Path, seed: int, *, json: bool) -> int:
    """Run it, print the report, draw the picture. Raises :class:`UnsupportedExperiment` if it is no network on a chip."""
    device = experiment.device
    if not isinstance(device, ChipNetwork):
        raise UnsupportedExperiment(
            f"{experiment.name} has no [[population]]; luisim chip takes networks such as feed-forward, or use luisim run."
        )
    result = device.run(experiment.duration, seed=seed, progress=bar("chip"))
    progress("")
    draw_chip(device.chip, result, device.title or experiment.name, png)
    say(f"picture written to {png}")
    show(as_json(experiment, device.chip, result) if json else as_text(experiment, device.chip, result))
    return 0


def as_json(experiment: Experiment[ChipNetwork], chip: Chip, result: ChipResult) -> dict[str, Any]:
    """Spikes in s, rates in Hz and the use of the chip."""
    return {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "duration": result.stop - result.start,
        "used": {name: {"used": used, "of": most} for name, (used, most) in activity.used(chip).items()},
        "rates": {name: values.tolist() for name, values in activity.rates(result).items()},
        "spikes": {name: [train.tolist() for train in trains] for name, trains in result.spikes.items()},
        "delayed_events": result.delayed,
    }


def as_text(experiment: Experiment[ChipNetwork], chip: Chip, result: ChipResult) -> str:
    """The rates of each population, their histogram, and the use of the chip."""
    device = experiment.device
    instance = "nominal" if device.seed is None else f"chip {device.seed}"
    head = (
        f"{experiment.name} on the simulated chip ({device.profile}, {instance}), {format_si(result.stop - result.start, 's')}"
    )
    rows = [["population", "neurons", "spikes", "mean rate", "highest"]]
    for name, values in activity.rates(result).items():
        spikes = sum(train.size for train in result.spikes[name])
        rows.append([name, str(values.size), str(spikes), *(format_si(float(f(values)), "Hz") for f in (np.mean, np.max))])
    for name, trains in result.events.items():
        rows.append([f"{name} (in)", str(len(trains)), str(sum(train.size for train in trains)), "", ""])
    count, edges = activity.rate_histogram(result, 12)
    bars = [["rate", "neurons", ""]]
    for number, low, high in zip(count, edges[:-1], edges[1:], strict=True):
        length = round(_BAR * number / count.max())
        bars.append([f"{format_si(low, 'Hz', 3)} to {format_si(high, 'Hz', 3)}", str(number), "#" * length])
    use = [["in use", "", "of"], *([name, str(used), str(most)] for name, (used, most) in activity.used(chip).items())]
    waited = f"\n{result.delayed} events waited for their bus.\n" if result.delayed else ""
    return f"{head}\n\n{columns(rows)}\n\n{columns(bars)}\n\n{columns(use)}\n{waited}"


def draw_chip(chip: Chip, result: ChipResult, title: str, path: Path) -> None:
    """Write the picture: raster, the recorded membranes, weights of all synapses, histogram of the rates."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    ((spikes, synapses), (membrane, histogram)) = figure.subplots(2, 2, width_ratios=[3, 2])
    time, circuit = activity.raster(result)
    spikes.plot(time * 1e6, circuit, "|", color="#0072b2", markersize=3)
    spikes.set(xlabel="time (µs)", ylabel="neuron circuit", ylim=(-0.5, 511.5), xlim=(result.start * 1e6, result.stop * 1e6))
    for number, values in enumerate(result.madc.values):
        membrane.plot(result.madc.times * 1e6, values, color=("#7d3c98", "#009e73")[number], linewidth=0.9)
    membrane.set(xlabel="time (µs)", ylabel="membrane (LSB)", xlim=(result.start * 1e6, result.stop * 1e6))
    matrix = activity.weights(chip)
    picture = synapses.imshow(matrix, cmap="RdBu_r", vmin=-63, vmax=63, aspect="auto", interpolation="nearest")
    synapses.set(xlabel="column (neuron circuit)", ylabel="synapse row")
    figure.colorbar(picture, ax=synapses, label="weight")
    _histogram(histogram, result)
    save(figure, path)


def _histogram(axes: "Axes", result: ChipResult) -> None:
    count, edges = activity.rate_histogram(result)
    axes.stairs(count, edges / 1e3, fill=True, color="#d55e00")
    axes.set(xlabel="rate (kHz)", ylabel="neurons")

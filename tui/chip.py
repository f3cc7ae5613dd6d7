# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line shows of the chip alone: agreement of circuit and model, and characteristics."""

from typing import Any

import numpy as np

from luisim.errors import ParameterError
from luisim.experiment import Experiment, PadVoltage
from luisim.hicannx import connected
from luisim.hicannx.agreement import Agreement, experiments, from_chip, verdict
from luisim.hicannx.characteristic import adc_characteristic, cell_characteristic
from luisim.hicannx.circuit import HicannXCircuit
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.hicannx.sampled import name_of
from luisim.quantity import format_si
from luisim.trace import Trace
from tui.console import columns as table
from tui.console import progress, show
from tui.report import SCHEMA

_VOLTS = tuple(round(0.05 * k, 2) for k in range(25))  # 0 to 1.2 V
_CELLS = {
    "leak": np.arange(400.0, 1023.0, 100.0),
    "reset": np.arange(300.0, 1001.0, 100.0),
    "threshold": np.arange(0.0, 501.0, 100.0),
}


def agreement(names: tuple[str, ...], seed: int, *, json: bool) -> int:
    """Run the sets of a seed whose names begin as given, print the table, and return 0 if all agree, else 4."""
    if seed < 0:
        raise ParameterError(f"seed = {seed} is out of range: allowed are whole numbers from 0 on.")
    model, circuit = HicannXModel(), HicannXCircuit()
    chosen: list[tuple[Experiment[HicannX], Trace | None]] = [
        (experiment, None) for experiment in experiments(seed=seed) if not names or experiment.name.startswith(names)
    ]
    if any(name.startswith("chip") for name in names):  # 16 of 512 neurons that ran together
        chosen += [pair for pair in from_chip(seed=seed) if pair[0].name.startswith(names)]
    together = [e for e in connected.experiments(seed=seed) if names and e.name.startswith(names)]
    if not chosen and not together:
        raise ParameterError(
            f"No set begins with {' or '.join(names)}; they are set_00 to set_39, chip for 16 of a whole chip, and connected"
            f" for {connected.SETS} sets of neurons whose membranes are connected."
        )
    verdicts = []
    for number, (experiment, trace) in enumerate(chosen, start=1):
        progress(f"{experiment.name} ({number} of {len(chosen)})")
        verdicts.append(verdict(experiment, trace or model.run(experiment), circuit.run(experiment)))
    for experiment in together:
        progress(experiment.name)
        verdicts += connected.verdicts(experiment, model.run(experiment), circuit.run(experiment))
    circuit.close()
    progress("")
    show({"schema": SCHEMA, "verdicts": [v.as_dict() for v in verdicts]} if json else _agreement_text(verdicts))
    return 0 if all(v.agrees for v in verdicts) else 4


def _agreement_text(verdicts: list[Agreement]) -> str:
    rows = [["set", "spikes (circuit : model)", "RMS aligned", "ISI", ""]]
    for v in verdicts:
        isi = "-" if v.isi is None else f"{v.isi:+.3f} %"
        told = "ok" if v.agrees else f"differs: {', '.join(v.faults)}"
        rows.append([v.name, f"{v.circuit_spikes} : {v.model_spikes}", f"{v.rms:.2f} LSB", isi, told])
    agree = sum(v.agrees for v in verdicts)
    return f"{table(rows)}\n\n{agree} of {len(verdicts)} agree within 3 LSB rms and 0.5 % of the ISI.\n"


def neurons(trace: Trace) -> list[dict[str, float | int | None]]:
    """What each neuron of a chip's trace shows: spikes, mean ISI in s, highest and lowest reading and their mean in LSB."""
    rows: list[dict[str, float | int | None]] = []
    recorded = [times for name, times in trace.spikes.items() if name.partition("_")[0] == "out"]
    for index, times in enumerate(recorded):  # the others of a network only spike
        v = trace.signals[name_of("v_madc", index)]
        isi = float(np.diff(times).mean()) if times.size > 1 else None
        rows.append(
            {"spike_count": times.size, "mean_isi": isi, "max": float(v.max()), "min": float(v.min()), "mean": float(v.mean())}
        )
    return rows


def neurons_text(trace: Trace) -> str:
    """The same as a table, with the spread between the neurons in its last line."""
    found = neurons(trace)
    rows = [["neuron", "spikes", "mean ISI", "highest", "lowest", "mean"]]
    for index, row in enumerate(found):
        isi = "-" if row["mean_isi"] is None else format_si(row["mean_isi"], "s")
        rows.append([str(index), str(row["spike_count"]), isi, *(f"{row[k]:.1f} LSB" for k in ("max", "min", "mean"))])
    isis = [row["mean_isi"] for row in found if row["mean_isi"] is not None]
    spread = format_si(float(np.std(isis)), "s", 3) if isis else "-"
    levels = [f"{np.std([value for row in found if (value := row[k]) is not None]):.1f} LSB" for k in ("max", "min", "mean")]
    rows.append(["sd", "", spread, *levels])
    return f"\n{table(rows)}\n"


def characteristic(seed: int, profile: str, neurons: int, *, json: bool) -> int:
    """Measure and print the characteristics of a chip."""
    if not 1 <= neurons <= 512:
        raise ParameterError(f"neurons = {neurons} is out of range: allowed is 1 to 512.")
    device = HicannX((NeuronLsb(),) * neurons, profile, seed)
    pad = PadVoltage(_VOLTS)
    sweep = Experiment(device, pad.dwell * len(_VOLTS), (pad,), "adc-characteristic")
    adc = adc_characteristic(sweep, HicannXModel().run(sweep))
    cells = {name: cell_characteristic(device, name, values) for name, values in _CELLS.items()}
    if json:
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "adc": {
                "volts": adc.volts.tolist(),
                "mean": adc.mean.tolist(),
                "deviation": adc.deviation.tolist(),
                "linear": adc.linear.tolist(),
                "volt_per_lsb": adc.volt_per_lsb,
                "volt_at_0": adc.volt_at_0,
            },
            "cells": {name: {"values": _CELLS[name].tolist(), "reading": read.tolist()} for name, read in cells.items()},
        }
        show(document)
        return 0
    rows = [["voltage", "mean", "deviation", ""]]
    for volt, mean, deviation, linear in zip(adc.volts, adc.mean, adc.deviation, adc.linear, strict=True):
        rows.append([f"{volt:.2f} V", f"{mean:.1f} LSB", f"{deviation:.2f} LSB", "" if linear else "saturated"])
    text = f"MADC\n{table(rows)}\n\nvoltage = {adc.volt_per_lsb * 1e3:.4f} mV * reading {adc.volt_at_0 * 1e3:+.2f} mV\n"
    for name, read in cells.items():
        volts = adc.in_volt(read.mean(axis=1))
        rows = [[f"{name} cell", "mean", "between neurons", "voltage"]]
        for value, row, volt in zip(_CELLS[name], read, volts, strict=True):
            rows.append([f"{value:.0f}", f"{row.mean():.1f} LSB", f"{row.std():.1f} LSB", f"{volt:.3f} V"])
        text += f"\n{table(rows)}\n"
    show(text)
    return 0

# SPDX-License-Identifier: GPL-3.0-or-later
"""`luisim`: the command line. Without a subcommand it opens the app, or compares headless where there is no terminal.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 a run failed, 2 wrong words or values,
4 a check did not pass.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import cyclopts
from cyclopts import Parameter

from luisim import __version__
from luisim.errors import LuisimError, ParameterError, SimulationError, UnsupportedExperiment
from luisim.experiment import Backend, Experiment
from luisim.hicannx.chip_experiment import ChipNetwork
from luisim.trace import Trace
from tui import backends, board_commands, lesson_commands, lui_commands, measure_commands, scripts
from tui.console import bar, progress, say, show
from tui.language import take_language
from tui.sentences import said
from tui.serve import command as serve_command
from tui.widgets.glyphs import GlyphName

app = cyclopts.App(
    name="luisim",
    version=__version__,
    help="One neuron three times: the Lu.i board as a circuit, as a model and as a recording, side by side."
    " --lang de or --lang en, anywhere, chooses the language of the app and the lessons.",
    help_format="plaintext",
)
lui_commands.register(app)
board_commands.register(app)
lesson_commands.register(app)
measure_commands.register(app)
serve_command.register(app)
scripts.register(app)

On = Annotated[
    tuple[str, ...], Parameter(name="--on", negative=(), help="Back end: circuit, model, board[:PORT] or recording:PATH.")
]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON document instead of a table.")]
Png = Annotated[Path | None, Parameter(name="--png", help="Draw the traces into this file (.png, .svg or .pdf).")]
Seed = Annotated[int, Parameter(name="--seed", help="Seed of everything drawn by chance; equal seeds give equal runs.")]

_DEFAULT_ON = ("circuit", "model", f"recording:{backends.DEFAULT_RECORDING}")
_DEFAULT_PICTURE = Path("luisim-comparison.png")


@app.default
def start() -> int:
    """Open the app on a board; where standard output is no terminal, compare, print the table and draw the picture."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return open_app()
    return compare(backends.DEFAULT_EXPERIMENT, on=_DEFAULT_ON, png=_DEFAULT_PICTURE)


@app.command(name="app")
def open_app(
    experiment: str = backends.DEFAULT_EXPERIMENT,
    *,
    on: On = _DEFAULT_ON,
    glyphs: Annotated[
        GlyphName, Parameter(name="--glyphs", help="What curves are drawn with; luisim testcard shows what your font can.")
    ] = "braille",
    watch: Annotated[
        bool, Parameter(name="--watch", negative="--no-watch", help="Show a board that is plugged in by itself.")
    ] = True,
) -> int:
    """Open the oscilloscope in this terminal.

    Parameters
    ----------
    experiment
        Name of a shipped experiment (see `luisim experiments`) or a TOML file.
    """
    from tui.app import run_app, run_network  # textual takes 0.3 s to import

    loaded = backends.load_experiment(experiment)
    if isinstance(loaded.device, ChipNetwork):
        run_network(loaded, glyphs=glyphs)
        return 0
    usual = backends.usual(loaded.device) if on == _DEFAULT_ON else None
    run_app(loaded, usual or [backends.open_backend(word, loaded.device) for word in on], glyphs=glyphs, watch=watch)
    return 0


@app.command
def run(
    experiment: str,
    *,
    on: Annotated[str, Parameter(name="--on", help="Back end: circuit, model, board[:PORT] or recording:PATH.")] = "model",
    csv: Annotated[Path | None, Parameter(name="--csv", help="Write the trace here, its spikes beside it.")] = None,
    png: Png = None,
    seed: Seed = 0,
    raw: Annotated[bool, Parameter(name="--raw", negative=(), help="Chip: also the membrane in V, without noise.")] = False,
    json: Json = False,
    save: Annotated[
        tuple[str, ...], Parameter(name="--save", negative=(), consume_multiple=True, help="Of a netlist: only these signals.")
    ] = (),
    timeout: Annotated[float, Parameter(name="--timeout", help="Of a netlist: seconds after which it is stopped.")] = 60.0,
    folder: Annotated[
        Path | None, Parameter(name="--folder", help="Of a netlist: the folder that its includes must lie in, if not its own.")
    ] = None,
    on_chip: Annotated[
        str | None, Parameter(name="--chip", help="Of a script: the simulated chip, profile:seed; else v3_tutorial:1.")
    ] = None,
    figures: Annotated[
        Path | None, Parameter(name="--figures", help="Of a script: the folder its figures go to, if not beside it.")
    ] = None,
) -> int:
    """Run one experiment on one back end, a netlist of your own in ngspice, or a PyNN script on the simulated chip.

    A script or notebook is run as it is, with all your rights: run only code that you trust.

    Parameters
    ----------
    experiment
        Name of a shipped experiment (see `luisim experiments`), a TOML file, a netlist (.cir), or a script for the
        BrainScaleS-2 chip (.py, .ipynb).
    """
    from luisim.spice.allowlist import is_netlist
    from luisim.trace_files import write_csv
    from tui import netlist, report

    if scripts.is_script(experiment):
        return scripts.run(Path(experiment), figures, on_chip)
    if is_netlist(experiment):
        result = netlist.run(Path(experiment), folder, save, timeout, bar("ngspice"))
        progress("")
        if csv is not None:
            write_csv(result, csv)
            say(f"signals written to {csv}")
        if png is not None:
            netlist.draw(result, png)
            say(f"picture written to {png}")
        show(netlist.as_json(result) if json else netlist.as_text(result))
        return 0
    if save or folder is not None:
        raise ParameterError("--save and --folder belong to a netlist, a file such as my.cir; leave them out here.")
    loaded = backends.load_experiment(experiment)
    trace = _run_on(on, loaded, seed, raw=raw)
    if csv is not None:
        write_csv(trace, csv)
        say(f"trace written to {csv}")
    _draw([trace], loaded, png)
    shown: dict[str, Any] | str = report.run_json(loaded, trace) if json else report.run_text(loaded, trace)
    if len(trace.spikes) > 1 and trace.membrane == "v_madc":
        from tui.chip import neurons, neurons_text

        shown = {**shown, "neurons": neurons(trace)} if isinstance(shown, dict) else shown + neurons_text(trace)
    show(shown)
    return 0


@app.command
def compare(experiment: str, *, on: On = _DEFAULT_ON[:2], png: Png = None, seed: Seed = 0, json: Json = False) -> int:
    """Run one experiment on several back ends and say by how much they differ.

    Parameters
    ----------
    experiment
        Name of a shipped experiment (see `luisim experiments`) or a TOML file.
    """
    from tui import report

    if len(on) < 2:
        raise ParameterError("A comparison needs two back ends or more, as in --on circuit --on model.")
    loaded = backends.load_experiment(experiment)
    traces = [_run_on(word, loaded, seed) for word in on]
    pairs = report.compare_all(traces)
    _draw(traces, loaded, png)
    show((report.comparison_json if json else report.comparison_text)(loaded, traces, pairs))
    return 0


@app.command
def agreement(
    cases: Annotated[tuple[str, ...], Parameter(help="Only cases whose names begin so, such as a_leak.")] = (),
    *,
    device: Annotated[Literal["lui", "hicann-x"], Parameter(name="--device", help="Which device: lui or hicann-x.")] = "lui",
    on: On = ("model", "circuit"),
    png: Annotated[Path | None, Parameter(name="--png", help="Draw the cases, and where the two part, into this file.")] = None,
    seed: Annotated[int, Parameter(name="--seed", help="Which sets of settings are drawn for hicann-x.")] = 1,
    json: Json = False,
) -> int:
    """Run every reference case and show how closely the model and the circuit come to it.

    For hicann-x: neurons with settings spread over their ranges, the circuit against the model; "chip" takes some of a
    whole chip, "connected" sets of neurons whose membranes are connected.
    """
    import dataclasses

    if device == "hicann-x":
        from tui import chip

        return chip.agreement(cases, seed, json=json)

    from luisim.lui.margin import sweep
    from luisim.lui.reference import CIRCUIT_TOLERANCE, MODEL_TOLERANCE, judge, reference_cases
    from tui import report

    chosen = [case for case in reference_cases() if not cases or case.name.startswith(cases)]
    if not chosen:
        raise ParameterError(
            f"No reference case begins with {' or '.join(cases)}; there are a_leak, b_psp, c_fi, d_net and f_supply."
        )
    verdicts, opened = [], [backends.open_backend(word) for word in on]
    for backend in opened:
        tolerance = CIRCUIT_TOLERANCE if backend.name == "circuit" else MODEL_TOLERANCE
        for number, case in enumerate(chosen, start=1):
            progress(f"{backend.name}: {case.name} ({number} of {len(chosen)})")
            verdicts.append(judge(case, backend.run(case.experiment), tolerance))
    if png is not None:
        from tui.agreement_picture import draw_agreement

        margins = sweep(opened, progress=bar("near the threshold")) if len(opened) == 2 else ()
        draw_agreement(verdicts, margins, png)
        say(f"picture written to {png}")
    progress("")
    if json:
        rows = [dataclasses.asdict(v) | {"agrees": v.agrees} for v in verdicts]
        show({"schema": report.SCHEMA, "verdicts": rows})
    else:
        show(report.agreement_text(verdicts))
    return 0 if all(v.agrees for v in verdicts) else 4


@app.command
def characteristic(*, seed: Seed = 1, profile: str = "v2_2021", neurons: int = 4, json: Json = False) -> int:
    """Chip: the MADC against an external voltage, and leak, reset and threshold against their LSB values."""
    from tui import chip

    return chip.characteristic(seed, profile, neurons, json=json)


@app.command(name="chip")
def whole_chip(
    experiment: str = "feed-forward",
    *,
    png: Annotated[Path | None, Parameter(name="--png", help="Picture of the chip (.png, .svg or .pdf).")] = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Chip: run a network on it and show its rates and what it uses; draws spikes, a membrane, the weights and the rates.

    Parameters
    ----------
    experiment
        Name of a shipped experiment with populations (see `luisim experiments`) or a TOML file.
    """
    from tui import chip_report

    loaded = backends.load_experiment(experiment)
    return chip_report.show_chip(loaded, png or Path(f"luisim-chip-{loaded.name}.png"), seed, json=json)


@app.command
def experiments() -> int:
    """List the experiments that come with luisim."""
    for name, title in backends.experiment_titles().items():
        print(f"{name:25} {title}")
    return 0


@app.command
def doctor() -> int:
    """Show what luisim found on this computer, and the line that repairs each gap."""
    from tui.doctor import doctor_text, report

    findings = report()
    print(doctor_text(findings))
    return 0 if all(finding.ok for finding in findings) else 4


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: every error that a person can cause ends as one sentence on standard error."""
    try:
        code = app(
            take_language(sys.argv[1:] if arguments is None else arguments),
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        sys.stdout.flush()
    except (LuisimError, cyclopts.CycloptsError) as error:
        progress("")
        say(f"luisim: {_sentence(error)}")
        log = error.log if isinstance(error, SimulationError) else ()
        for line in log[-5:]:
            say(f"    {line}")
        code = 1 if isinstance(error, SimulationError | OSError) else 2  # a BoardError is an OSError
    except KeyboardInterrupt:
        progress("")
        say("luisim: stopped.")
        code = 130
    except BrokenPipeError:  # the reader of our output has gone, as in `luisim ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to write goes nowhere
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _sentence(error: Exception) -> str:
    text = said(" ".join(str(error).split()))
    return f"{text} Try: luisim --help" if isinstance(error, cyclopts.CycloptsError) else text


def _run_on(word: str, experiment: Experiment[Any], seed: int, *, raw: bool = False) -> Trace:
    backend: Backend[Any] = backends.open_backend(word, experiment.device, raw=raw)
    reason = backend.unsupported(experiment)
    if reason is not None:
        raise UnsupportedExperiment(f"{backend.name} cannot run {experiment.name}: {reason}")
    for sentence in backend.by_hand(experiment):
        say(f"{backend.name}, set by hand: {sentence}")
    trace = backend.run(experiment, seed=seed, progress=bar(backend.name))
    progress("")
    return trace


def _draw(traces: Sequence[Trace], experiment: Experiment[Any], path: Path | None) -> None:
    if path is not None:
        from tui.picture import draw  # matplotlib takes 0.6 s to import

        draw(traces, experiment.name, path)
        say(f"picture written to {path}")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""`luisim lesson`: list, show, run and check the lessons, and show a pupil's progress."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.experiment import Backend, Experiment
from luisim.lessons import lesson as find
from luisim.lessons.model import Answers, Lesson, Run
from luisim.lui.network import Lui
from luisim.trace import Trace
from luisim.trace_files import read_csv, write_csv
from tui import backends, lesson_report
from tui import progress as kept
from tui.console import bar, progress, say, show
from tui.language import _

_Number = Annotated[str, Parameter(help="Number or name of a lesson, see luisim lesson list.")]
_Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON document.")]
_Answer = Annotated[
    tuple[str, ...], Parameter(name="--answer", negative=(), help="A setting or an answer, such as v_leak=0.7.")
]
_On = Annotated[
    tuple[str, ...],
    Parameter(
        name="--on",
        negative=(),
        help="model, circuit, board:simulated, board:PORT, recording:PATH or TRACE.csv; one for each run.",
    ),
]
_Pupil = Annotated[str, Parameter(name="--pupil", help="Whose progress it is, where several share a computer.")]

lesson_app = cyclopts.App(name="lesson", help="Lessons 0 to 18: list, show, run, check, progress.", help_format="plaintext")


def register(app: cyclopts.App) -> None:
    """Add `luisim lesson ...` to the command line."""
    app.command(lesson_app)


@lesson_app.command(name="list")
def list_lessons(*, pupil: _Pupil = "") -> int:
    """List the lessons, and which of them are passed."""
    print(lesson_report.list_text(kept.load(pupil)))
    return 0


@lesson_app.command(name="show")
def show_lesson(
    number: _Number,
    *,
    hints: Annotated[int, Parameter(name="--hints", help="How many hints, 0 to 3.")] = 0,
    solution: Annotated[bool, Parameter(name="--solution", negative=(), help="Show the solution and the theory, too.")] = False,
    pupil: _Pupil = "",
) -> int:
    """Show what a lesson asks, with so many hints."""
    if not 0 <= hints <= 3:
        raise ParameterError(f"--hints {hints} is out of range: allowed is 0 to 3.")
    lesson = find(number)
    print(lesson_report.show_text(lesson, hints=hints, solution=solution), end="")
    if hints or solution:
        kept.save(kept.load(pupil).helped(lesson.slug, hints, solution=solution))
    return 0


@lesson_app.command(name="run")
def run_lesson(
    number: _Number,
    *,
    on: _On = ("model",),
    answer: _Answer = (),
    csv: Annotated[
        Path | None, Parameter(name="--csv", help="Write the traces: NAME.csv, of several runs NAME-1.csv ...")
    ] = None,
) -> int:
    """Run the experiments of a lesson and print what they show, without a check."""
    from tui import report

    lesson = find(number)
    runs = runs_of(lesson, on, lesson_report.split_answers(answer))
    for index, (experiment, trace) in enumerate(runs, start=1):
        print(report.run_text(experiment, trace))
        for name, times in trace.spikes.items():
            print(f"{name}: {', '.join(f'{t:.4f}' for t in times)}\n")
        if csv is not None:
            path = csv if len(runs) == 1 else csv.with_name(f"{csv.stem}-{index}{csv.suffix}")
            write_csv(trace, path)
            say(f"trace written to {path}")
    return 0


@lesson_app.command
def check(
    number: _Number,
    *,
    on: _On = ("model",),
    answer: _Answer = (),
    plain: Annotated[bool, Parameter(name="--plain", negative=(), help="Whole sentences, for screen readers.")] = False,
    pupil: _Pupil = "",
    json: _Json = False,
) -> int:
    """Check a lesson: run what it asks with your settings and answers, and compare with theory. Exit code 4: not passed."""
    lesson, answers = find(number), lesson_report.split_answers(answer)
    runs = runs_of(lesson, on, answers)
    findings = lesson.check(runs, answers)
    passed = all(finding.passed for finding in findings)
    typed = {key: text for key, text in answers.items() if key in lesson.answers}
    kept.save(kept.load(pupil).tried(lesson.slug, passed, typed, datetime.now()))
    origin = runs[0].trace.origin
    show(
        lesson_report.check_json(lesson, findings, origin) if json else lesson_report.check_text(lesson, findings, plain=plain)
    )
    return 0 if passed else 4


@lesson_app.command(name="progress")
def show_progress(*, pupil: _Pupil = "", json: _Json = False) -> int:
    """Show which lessons are passed, after how many tries."""
    found = kept.load(pupil)
    show(lesson_report.progress_json(found) if json else lesson_report.list_text(found))
    return 0


def runs_of(lesson: Lesson, on: Sequence[str], answers: Answers) -> tuple[Run, ...]:
    """The traces that a lesson needs, from the back ends or files after ``--on``. Raises a ``LuisimError``."""
    planned = lesson.plan(lesson.settings(answers), answers)
    files = [word for word in on if word.endswith(".csv") or word.startswith("recording:")]
    if not files:
        if len(on) != 1:
            raise ParameterError("Give one back end, or a recording for each run of the lesson.")
        return tuple(Run(experiment, _run(on[0], experiment, len(planned))) for experiment in planned)
    if len(files) != len(on):
        raise ParameterError("Recordings and other back ends cannot be mixed in one check.")
    if lesson.slug != "no-two-alike" and len(files) != len(planned):
        raise ParameterError(
            f"Lesson {lesson.number} needs {len(planned)} recordings, one for each setting, and got {len(files)};"
            f" luisim lesson run {lesson.number} --csv NAME.csv makes them."
        )
    return tuple(Run(planned[min(n, len(planned) - 1)], _play(word, planned[0])) for n, word in enumerate(files))


def _play(word: str, experiment: Experiment[Lui]) -> Trace:
    if word.startswith("recording:"):
        return backends.open_backend(word).run(experiment)
    if not Path(word).is_file():
        raise ParameterError(f"There is no file {word}; give the CSV file of a trace.")
    return read_csv(Path(word))


def _run(word: str, experiment: Experiment[Lui], count: int) -> Trace:
    backend: Backend[Any] = backends.open_backend(word, experiment.device)
    reason = backend.unsupported(experiment)
    if reason is not None:
        raise UnsupportedExperiment(f"{backend.name} cannot run {experiment.name}: {reason}")
    for sentence in backend.by_hand(experiment):
        say(f"{backend.name}, " + _("set by hand") + f": {sentence}")
    if word.startswith("board") and not word.endswith(":simulated") and sys.stdin.isatty():
        input(_("Set it so, then press Enter: "))
    trace = backend.run(experiment, progress=bar(f"{backend.name} ({count})"))
    progress("")
    return trace

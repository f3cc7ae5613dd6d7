# SPDX-License-Identifier: GPL-3.0-or-later
"""LessonPanel: a lesson beside the traces: its text, the pupil's settings and answers, check marks, hints, solution.

It looks at the app through :class:`Desk` alone. A lesson that needs one run is checked on what is seen, so a live board, a
recording or a simulation. Where it needs several, each point is kept with its trace; what was not seen is run on the source
that the pupil has chosen.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from luisim.errors import LuisimError, ParameterError, UnsupportedExperiment
from luisim.experiment import Backend, Experiment
from luisim.lessons import LESSONS, f_i_curve, fit_by_hand, tour
from luisim.lessons.model import Finding, Lesson, Points, Run
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui
from luisim.lui.parameters import LuiParameters
from luisim.trace import Trace
from tui import lesson_report
from tui import progress as kept
from tui.language import N_, _, decimal, point, translate_bindings
from tui.sentences import said

_LOOK = 1.0  # s between two looks at the traces for the live check marks


class Desk(Protocol):
    """What a lesson needs of the app."""

    def begin_lesson(self, experiment: Experiment[Lui]) -> None:
        """Put this experiment on the desk."""

    def lesson_settings(self) -> LuiParameters | None:
        """How the knobs stand; None where they are not a board's."""

    def lesson_trace(self, name: str) -> Trace | None:
        """What the first source that is on shows of the experiment ``name``; None if another one is on the desk."""

    def lesson_bench(self) -> Backend[Lui] | None:
        """What further runs are made on: the first source that is on; None if it is busy with a live run."""

    def lesson_deeds(self) -> frozenset[str]:
        """What the pupil has done with the app since the lesson began."""


class Answer(Input, can_focus=False):
    """The line for answers: it takes the keys only while a pupil answers, so that tab leads to the knobs and not into it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", N_("Leave it"), show=False, id="answer.leave", tooltip=N_("back to the lesson"))
    ]

    def begin(self) -> None:
        """Take the keys."""
        self.can_focus = True
        self.focus()

    def on_click(self) -> None:
        """Whoever clicks here wants to answer."""
        self.begin()

    def action_leave(self) -> None:
        """Back to the lesson."""
        self.value = ""
        self.screen.query_one(LessonPanel).focus()

    def on_blur(self) -> None:
        """Somebody else has the keys."""
        self.can_focus = False


class LessonPanel(VerticalScroll, can_focus=True):
    """The lessons, one at a time; begins with the first that is not passed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "answer", N_("Answer"), show=False, id="lesson.answer", tooltip=N_("type an answer: v_leak=0.7")),
        Binding("c", "check", N_("Check"), show=False, id="lesson.check", tooltip=N_("check the lesson")),
        Binding("h", "hint", N_("Hint"), show=False, id="lesson.hint", tooltip=N_("the next hint, up to three")),
        Binding("a", "keep", N_("Keep point"), show=False, id="lesson.keep", tooltip=N_("keep the knobs' settings as a point")),
        Binding("backspace", "drop", N_("Drop point"), show=False, id="lesson.drop", tooltip=N_("drop the last point")),
        Binding("s", "solution", N_("Solution"), show=False, id="lesson.solution", tooltip=N_("show solution and theory")),
        Binding("left", "go(-1)", N_("Lesson before"), show=False, id="lesson.before", tooltip=N_("the lesson before")),
        Binding("right", "go(1)", N_("Next lesson"), show=False, id="lesson.next", tooltip=N_("the next lesson")),
    ]

    def __init__(self, desk: Desk, *, pupil: str = "") -> None:
        super().__init__(id="lesson")
        self._desk, self._pupil = desk, pupil
        self.progress = kept.load(pupil)
        self.lesson: Lesson = next((item for item in LESSONS if not self.progress.of(item.slug).passed), LESSONS[0])
        self._forget()

    def _forget(self) -> None:
        self.answers: dict[str, str] = {}
        self.points: list[LuiParameters] = []
        self._traces: list[Trace | None] = []  # what was seen of each point
        self.findings: Sequence[Finding] = ()
        self.marks: dict[str, bool] = {}  # of the live look
        self.note = ""
        self._hints, self._solution, self._seen = 0, False, None

    _seen: Trace | None
    _done_shown = ""

    def compose(self) -> ComposeResult:
        """The text; below it, always in sight, one line to type answers into, and the keys."""
        yield Static(id="lesson-text", markup=False)
        with Vertical(id="lesson-foot"):
            yield Answer(id="lesson-answer", compact=True)
            yield Static(id="lesson-keys", markup=False)

    def on_mount(self) -> None:
        """Begin."""
        self.speak()
        self._begin()
        self.set_interval(_LOOK, self._look)

    def speak(self) -> None:
        """Say everything in the language that is spoken now."""
        translate_bindings(self)
        self._show()

    def _begin(self) -> None:
        self._desk.begin_lesson(self.lesson.start)
        self._show()

    # ------------------------------------------------------------------------------------------------------------ keys

    def action_go(self, by: int) -> None:
        """Another lesson."""
        self.lesson = LESSONS[(self.lesson.number + by) % len(LESSONS)]
        self._forget()
        self._begin()
        self.scroll_home(animate=False)

    def action_answer(self) -> None:
        """Type."""
        self.query_one(Answer).begin()

    def action_hint(self) -> None:
        """One more hint."""
        self._hints = min(3, self._hints + 1)
        self._help()

    def action_solution(self) -> None:
        """Show it, or hide it again."""
        self._solution = not self._solution
        self._help()

    def _help(self) -> None:
        self._keep_progress(self.progress.helped(self.lesson.slug, self._hints, solution=self._solution))
        self._show_end()

    def action_keep(self) -> None:
        """Keep how the knobs stand."""
        settings = self._desk.lesson_settings()
        if settings is None or not self.lesson.knobs:
            self._say(_("This lesson needs no points; type your answers."))
            return
        self.points.append(settings)
        self._traces.append(self._desk.lesson_trace(self.lesson.start.name))
        self._say("")
        if self.lesson.slug == f_i_curve.LESSON.slug:
            try:
                self._make_runs(tuple(self.points), {}, self._draw_curve)
            except LuisimError as error:
                self._say(said(str(error)))

    def action_drop(self) -> None:
        """The last point was a mistake."""
        if self.points:
            self.points.pop()
            self._traces.pop()
        self._say("")

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        self.focus()
        if not text:
            return
        key = text.partition("=")[0].strip()
        # a decimal comma; in a list of settings the comma stands between them
        several = key in self.lesson.knobs or len(self.lesson.answers.get(key, "").split(",")) > 1
        try:
            typed = lesson_report.split_answers([text if several else point(text)])
            if key not in (*self.lesson.knobs, *self.lesson.answers):
                self.lesson.settings(typed)  # says which there are
        except ParameterError as error:
            self._say(said(str(error)))
            return
        self.answers |= typed
        event.input.value = ""
        self._seen = None
        self._say("")

    def action_check(self) -> None:
        """Check what is set, kept and typed."""
        try:
            runs = self._seen_run()
            if runs is None:
                answers = dict(self._all_answers)
                self._make_runs(self._points(), answers, lambda runs: self._check(runs, answers))
                return
            self._judge(self.lesson.check(runs, self._all_answers))
        except LuisimError as error:
            self._say(said(str(error)))

    # ------------------------------------------------------------------------------------------------------------ checks

    @property
    def _all_answers(self) -> dict[str, str]:
        """What was typed; where the knobs are the answer, how they stand."""
        settings = self._desk.lesson_settings()
        own = {} if settings is None else {"v_leak": repr(settings.v_leak), "r_leak": repr(settings.r_leak)}
        by_knob = own if self.lesson is fit_by_hand.LESSON else {}
        deeds = self._desk.lesson_deeds() if self.lesson is tour.LESSON else frozenset()
        seen = {"done": ",".join(deed for deed in tour.ACTIONS if deed in deeds)} if deeds else {}
        return {**by_knob, **seen, **self.answers}

    def _points(self) -> Points:
        typed = {key: text for key, text in self.answers.items() if key in self.lesson.knobs}
        settings = self._desk.lesson_settings()
        if typed or not self.lesson.knobs or settings is None:
            return self.lesson.settings(typed)
        points = tuple(self.points) or (settings,)
        if len(points) < self.lesson.points:
            raise ParameterError(
                _("This lesson needs {needed} points; kept so far: {count}. Key a keeps one.").format(
                    needed=self.lesson.points, count=len(self.points)
                )
            )
        return points

    def _seen_run(self) -> tuple[Run, ...] | None:
        """The one run of this lesson as it is seen on the desk; None if the lesson needs other runs than that."""
        planned = self.lesson.plan(self._points(), self._all_answers)
        trace = self._desk.lesson_trace(planned[0].name) if len(planned) == 1 else None
        return None if trace is None or self.lesson is fit_by_hand.LESSON else (Run(planned[0], trace),)

    def _kept_runs(self, planned: Sequence[Experiment[Lui]]) -> list[Run] | None:
        """The points as they were seen when they were kept; None unless all are, and are all that is needed."""
        start, seen = self.lesson.start, [trace for trace in self._traces if trace is not None]
        same = all(run.name == start.name and run.stimuli == start.stimuli for run in planned)
        typed = any(key in self.lesson.knobs for key in self.answers)
        if typed or not same or not (len(planned) == len(seen) == len(self.points)):
            return None
        return [Run(run, trace) for run, trace in zip(planned, seen, strict=True)]

    def _make_runs(self, points: Points, answers: dict[str, str], then: Callable[[Sequence[Run]], None]) -> None:
        """Call ``then`` in a thread with the runs of the lesson: as they were seen, else made on the chosen source."""
        lesson = self.lesson
        planned = lesson.plan(points, answers)
        found = self._kept_runs(planned)
        # the target of lesson 12 is a board that nobody has
        bench = LuiModel() if lesson is fit_by_hand.LESSON else self._desk.lesson_bench()
        if found is None and bench is None:
            raise ParameterError(_("A live board has no time for the runs of this lesson: go back to single runs (l)."))
        self._work(lesson, planned, found, bench, then)

    @work(exclusive=True, thread=True, group="lesson")
    def _work(
        self,
        lesson: Lesson,
        planned: Sequence[Experiment[Lui]],
        found: list[Run] | None,
        bench: Backend[Lui] | None,
        then: Callable[[Sequence[Run]], None],
    ) -> None:
        try:
            if found is None and bench is not None:
                found = []
                for number, experiment in enumerate(planned, start=1):
                    words = _("Running on {source}: {number} of {count} …")
                    told = words.format(source=_(bench.name.partition(":")[0]), number=number, count=len(planned))
                    self.app.call_from_thread(self._say, told)
                    reason = bench.unsupported(experiment)
                    if reason is not None:
                        raise UnsupportedExperiment(f"{bench.name} cannot run {experiment.name}: {reason}")
                    found.append(Run(experiment, bench.run(experiment, cancelled=lambda: lesson is not self.lesson)))
            then(found or [])
        except LuisimError as error:
            if lesson is self.lesson:
                self.app.call_from_thread(self._say, said(str(error)))
        finally:
            if bench is not None and getattr(bench, "name", "") == "circuit":
                getattr(bench, "close", lambda: None)()

    def _check(self, runs: Sequence[Run], answers: dict[str, str]) -> None:
        """In the worker: some checks take their time."""
        lesson = self.lesson
        findings = lesson.check(runs, answers)
        if lesson is self.lesson:
            self.app.call_from_thread(self._judge, findings)

    def _draw_curve(self, runs: Sequence[Run]) -> None:
        """The f-I assistant: the points so far, and the fit through them."""
        found = f_i_curve.curve(runs)
        lines = [f"{1e6 * i:6.1f} µA  {f:6.2f} Hz" for i, f in zip(found.currents, found.rates, strict=True)]
        if found.r2 is not None and found.rheobase is not None:
            lines.append(
                _("fit: r² {r2}, begins at {current}").format(r2=f"{found.r2:.3f}", current=f"{1e6 * found.rheobase:.0f} µA")
            )
        self.app.call_from_thread(self._say, decimal("\n".join(lines)))

    def _judge(self, findings: Sequence[Finding]) -> None:
        self.findings, self.note = findings, ""
        passed = all(finding.passed for finding in findings)
        typed = {key: text for key, text in self.answers.items() if key in self.lesson.answers}
        self._keep_progress(self.progress.tried(self.lesson.slug, passed, typed, datetime.now()))
        self._show_end()

    def _look(self) -> None:
        """Check marks while the pupil works, where one run is enough and all is typed that is asked for."""
        answers = self._all_answers
        if self.lesson is tour.LESSON and answers.get("done", "") != self._done_shown:
            self._done_shown = answers.get("done", "")
            self._show()
        if not set(self.lesson.answers) <= set(answers):
            return
        try:
            runs = self._seen_run()
            if runs is not None and runs[0].trace is not self._seen:
                self._seen = runs[0].trace
                self.marks = {finding.name: finding.passed for finding in self.lesson.check(runs, self._all_answers)}
                self._show()
        except LuisimError:
            return  # not enough is set yet; the check says what is missing

    def _keep_progress(self, progress: kept.Progress) -> None:
        self.progress = progress
        try:
            kept.save(progress)
        except ParameterError as error:
            self.app.notify(said(str(error)), severity="warning", markup=False)

    # ------------------------------------------------------------------------------------------------------------ looks

    def _say(self, text: str) -> None:
        self.note = text
        self._show_end()

    def _show_end(self) -> None:
        """What is new stands at the end, which a small terminal would not show."""
        self._show()
        self.call_after_refresh(self.scroll_end, animate=False)

    def _show(self) -> None:
        lesson, own, text = self.lesson, lesson_report.words_of(self.lesson), Text()
        passed = "✓ " if self.progress.of(lesson.slug).passed else ""
        text.append(f"{passed}{lesson.number}  {own.title}\n\n", "bold")
        text.append(f"{own.story}\n\n")
        for head, body in ((_("Question"), own.question), (_("Task"), own.task)):
            text.append(f"{head}\n", "bold")
            text.append(f"{body.replace('`', '')}\n\n")
        if lesson.points > 1 or self.points:
            text.append(_("Points kept: {count}").format(count=len(self.points)) + "\n")
        shown = self._all_answers if lesson is tour.LESSON else self.answers
        for key, answer in shown.items():
            text.append(f"{key}={answer}\n", "italic")
        self._append_marks(text)
        if self.note:
            text.append(f"\n{self.note}\n", "bold")
        for number, hint in enumerate(own.hints[: self._hints], start=1):
            text.append("\n" + _("Hint") + f" {number}: {hint.replace('`', '')}\n")
        if self._solution:
            text.append("\n" + _("Solution") + f": {own.solution.replace('`', '')}\n\n{own.theory}\n")
        self.query_one("#lesson-text", Static).update(text)
        self.query_one("#lesson-keys", Static).update("  ".join(self._keys()))
        asked = next((key for key in (*lesson.answers, *lesson.knobs) if key not in self.answers), _("key"))
        self.query_one(Answer).placeholder = _("{key}=...").format(key=asked)

    def _keys(self) -> list[str]:
        """The keys that are of use in this lesson."""
        keys = [_("enter: answer"), _("c: check"), _("h: hint"), _("s: solution")]
        if self.lesson.points > 1:
            keys.append(_("a: keep point"))
        return [*keys, _("left, right: lessons"), _("tab: to the knobs, o: back")]

    def _append_marks(self, text: Text) -> None:
        own = lesson_report.words_of(self.lesson)
        if self.findings:
            for finding in self.findings:
                text.append(f"\n{'✓' if finding.passed else '✗'} {own.labels[finding.name]}: ")
                text.append(f"{lesson_report.value(finding.measured, finding.unit)}, {lesson_report.wanted(finding)}\n")
                if not finding.passed:
                    text.append(f"  {own.advice[finding.name]}\n", "italic")
            if all(finding.passed for finding in self.findings):
                text.append("\n" + _("Passed. Well done!") + "\n", "bold")
                text.append(f"{own.theory}\n")
            return
        for name, passed in self.marks.items():
            text.append(f"{'✓' if passed else '·'} {own.labels[name]}\n")

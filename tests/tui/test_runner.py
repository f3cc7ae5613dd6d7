# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner: the newest wish wins, long runs are cancelled, nothing that a back end does ends it."""

import queue
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from luisim.errors import SimulationError, SimulatorMissing
from tui.messages import Failed, Message, Progress, Ran
from tui.runner import PATIENCE, Runner

WAIT = 10.0  # s, only waited for if something is wrong


def variants(experiment: Any, count: int) -> list[Any]:
    return [replace(experiment, duration=1.0 + number) for number in range(count)]


def test_runs_what_is_wanted(fake_backend: Callable[..., Any], experiment: Any) -> None:
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    runner = Runner(fake_backend("model"), heard.put)
    runner.want(experiment)
    message = heard.get(timeout=WAIT)
    assert isinstance(message, Ran)
    assert message.experiment is experiment
    assert message.trace.origin == "model"
    runner.close()
    assert runner.backend.closed  # type: ignore[attr-defined]


def test_the_newest_replaces_the_waiting(fake_backend: Callable[..., Any], experiment: Any) -> None:
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    backend = fake_backend("circuit", held=True)
    runner = Runner(backend, heard.put)
    first, *_, last = wishes = variants(experiment, 6)
    runner.want(first)
    assert backend.started.acquire(timeout=WAIT)
    for wish in wishes[1:]:
        runner.want(wish)
    backend.gate.set()
    # the run that was on is left to finish: it is short, and a turning knob should move something
    assert [heard.get(timeout=WAIT).experiment for _ in range(2)] == [first, last]  # type: ignore[union-attr]
    runner.close()
    assert backend.runs == [first, last]


def test_a_long_run_is_cancelled_for_a_newer_one(fake_backend: Callable[..., Any], experiment: Any) -> None:
    now = [0.0]
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    backend = fake_backend("circuit", held=True)
    runner = Runner(backend, heard.put, clock=lambda: now[0])
    first, last = variants(experiment, 2)
    runner.want(first)
    assert backend.started.acquire(timeout=WAIT)
    now[0] = 1.1 * PATIENCE
    runner.want(last)
    assert backend.started.acquire(timeout=WAIT)
    backend.gate.set()
    assert heard.get(timeout=WAIT).experiment is last  # type: ignore[union-attr]
    assert backend.cancelled_runs == 1
    runner.close()


@pytest.mark.parametrize(("elapsed", "done", "cancelled"), [(0.1, 0.5, False), (2.0, 0.9, False), (2.0, 0.1, True)])
def test_a_run_that_is_nearly_done_may_finish(
    fake_backend: Callable[..., Any], experiment: Any, elapsed: float, done: float, cancelled: bool
) -> None:
    now = [0.0]
    answers: list[bool] = []
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    first, last = variants(experiment, 2)

    class Asking(type(fake_backend("x"))):  # type: ignore[misc]
        def run(self, experiment: Any, **call: Any) -> Any:
            if experiment is first:
                runner.want(last)
                now[0] = elapsed
                call["progress"](done)
                answers.append(call["cancelled"]())
            return super().run(experiment, **call)

    runner = Runner(Asking("circuit"), heard.put, clock=lambda: now[0])
    runner.want(first)
    found = [heard.get(timeout=WAIT)]
    while not (isinstance(found[-1], Ran) and found[-1].experiment is last):
        found.append(heard.get(timeout=WAIT))
    runner.close()
    assert answers == [cancelled]
    if elapsed >= 0.1:
        assert Progress("circuit", done) in found


@pytest.mark.parametrize(
    ("error", "says", "hopeless"),
    [
        (SimulationError("ngspice gave up at 3 ms."), "ngspice gave up at 3 ms.", False),
        (SimulatorMissing("No libngspice was found."), "No libngspice was found.", True),
        (ZeroDivisionError("division by zero"), "failed unexpectedly", False),
    ],
)
def test_failures_become_sentences(
    fake_backend: Callable[..., Any], experiment: Any, error: Exception, says: str, hopeless: bool
) -> None:
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    runner = Runner(fake_backend("circuit", error=error), heard.put)
    for _ in range(2):  # it goes on after a failure
        runner.want(experiment)
        message = heard.get(timeout=WAIT)
        assert isinstance(message, Failed)
        assert says in message.sentence
        assert (message.loud, message.hopeless) == (True, hopeless)
    runner.close()


def test_what_a_back_end_does_not_do_is_said_quietly(fake_backend: Callable[..., Any], experiment: Any) -> None:
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    backend = fake_backend("circuit", reason="The circuit has no fourth input.")
    runner = Runner(backend, heard.put)
    runner.want(experiment)
    assert heard.get(timeout=WAIT) == Failed("circuit", experiment, "The circuit has no fourth input.", loud=False)
    runner.close()
    assert backend.runs == []

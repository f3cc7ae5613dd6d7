# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs: the sources of the app with the runner behind each of them: who is asked for what, and what came back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from luisim.experiment import Backend, Experiment
from luisim.trace import Trace
from tui.messages import Failed, Message, Progress, Ran
from tui.runner import Runner
from tui.widgets.source import Source, sources_of, with_source


class Runs:
    """Keeps a source for each of ``backends``; its runner starts with :meth:`start`. ``taken_keys`` are no source's key."""

    def __init__(self, backends: Sequence[Backend[Any]], taken_keys: frozenset[str]) -> None:
        self.backends = tuple(backends)
        self._taken_keys = taken_keys
        self._hear_with: Callable[[Message], None] | None = None
        self.sources = {source.name: source for source in sources_of([backend.name for backend in backends], taken_keys)}
        self._runners: dict[str, Runner] = {}
        self._told: set[tuple[str, str]] = set()

    def start(self, hear: Callable[[Message], None]) -> None:
        """Start every back end; ``hear`` is called in the runners' threads."""
        self._hear_with = hear
        for backend in self.backends:
            self._runners[backend.name] = Runner(backend, hear)

    def add(self, backend: Backend[Any]) -> Source:
        """One more back end, which is asked for nothing yet; its source."""
        self.backends += (backend,)
        added = with_source(tuple(self.sources.values()), backend.name, self._taken_keys)
        self.sources = {source.name: source for source in added}
        if self._hear_with is not None:
            self._runners[backend.name] = Runner(backend, self._hear_with)
        return self.sources[backend.name]

    def close(self) -> None:
        """End every back end."""
        for runner in self._runners.values():
            runner.close()

    def ask(self, experiment: Experiment[Any]) -> None:
        """Let every source that is on run this."""
        for source in self.sources.values():
            if source.shown:
                self.ask_one(source, experiment)

    def ask_one(self, source: Source, experiment: Experiment[Any]) -> None:
        """Let one source run this, and turn it on."""
        self.sources[source.name] = replace(source, asked=experiment, shown=True, done=0.0, late=False)
        if source.name in self._runners:
            self._runners[source.name].want(experiment)

    def find_late(self) -> None:
        """Mark the sources that have not yet what they were asked for."""
        for source in self.sources.values():
            self.sources[source.name] = replace(source, late=source.waiting)

    def hear(self, message: Progress) -> None:
        """Take in how far a run is."""
        self.sources[message.source] = replace(self.sources[message.source], done=message.done)

    def take(self, message: Ran | Failed, one: Callable[[Trace], Trace]) -> str:
        """Take in how a run has ended; a sentence if a person must be told. ``one``: what is looked at of a trace."""
        source = self.sources[message.source]
        if isinstance(message, Ran):
            late = source.late and (message.rough or message.experiment is not source.asked)
            ran = source.ran if message.rough else message.experiment
            self.sources[source.name] = replace(
                source, ran=ran, trace=one(message.trace), whole=message.trace, failure="", done=0.0, late=late
            )
            return ""
        source = replace(source, failure=message.sentence, trace=None, whole=None, ran=message.experiment, done=0.0, late=False)
        self.sources[source.name] = source.off() if message.hopeless else source
        if not message.loud or (source.name, message.sentence) in self._told:  # not again at every turn of a knob
            return ""
        self._told.add((source.name, message.sentence))
        return message.sentence

    def look(self, one: Callable[[Trace], Trace]) -> None:
        """Look at another part of every trace."""
        for source in self.sources.values():
            if source.whole is not None:
                self.sources[source.name] = replace(source, trace=one(source.whole))

    def forget(self) -> None:
        """Drop all traces."""
        for source in self.sources.values():
            failure = "" if source.shown else source.failure
            self.sources[source.name] = replace(source, trace=None, whole=None, failure=failure)

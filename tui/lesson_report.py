# SPDX-License-Identifier: GPL-3.0-or-later
"""Lessons as text: what is asked, and what a check found, in the language that is spoken."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from luisim.errors import ParameterError
from luisim.lessons import LESSONS
from luisim.lessons.model import Finding, Lesson
from luisim.lessons.text import Words, words
from luisim.quantity import format_si
from tui.console import columns
from tui.language import _, decimal, language
from tui.progress import Progress

SCHEMA = 1


def words_of(lesson: Lesson) -> Words:
    """The words of a lesson in the language that is spoken."""
    return words(lesson.slug, language())


def value(number: float | None, unit: str) -> str:
    """A finding's number; a dash where there was nothing to read."""
    if number is None:
        return "–"
    text = format_si(number, unit) if unit else f"{round(number, 4):.4g}"
    return decimal(text.replace(" u", " µ").replace("Ohm", "Ω"))


def wanted(finding: Finding) -> str:
    """What it should be."""
    if finding.high == inf:
        return _("at least {value}").format(value=value(finding.low, finding.unit))
    if finding.low == -inf:
        return _("at most {value}").format(value=value(finding.high, finding.unit))
    low, high = value(finding.low, finding.unit), value(finding.high, finding.unit)
    return _("{value} ({low} to {high})").format(value=value(finding.expected, finding.unit), low=low, high=high)


def show_text(lesson: Lesson, *, hints: int = 0, solution: bool = False) -> str:
    """A lesson to read: story, question, task, and as much help as is wanted."""
    own = words_of(lesson)
    parts = [
        f"{lesson.number}  {own.title}",
        own.story,
        _("Question") + f": {own.question}",
        _("Task") + f": {own.task.replace('`', '')}",
    ]
    parts += [_("Hint") + f" {n}: {text.replace('`', '')}" for n, text in enumerate(own.hints[:hints], start=1)]
    if solution:
        parts += [_("Solution") + f": {own.solution.replace('`', '')}", _("Theory") + f": {own.theory}"]
    return "\n\n".join(parts) + "\n"


def check_text(lesson: Lesson, findings: Sequence[Finding], *, plain: bool = False) -> str:
    """One row for each finding, a hint below each that failed, and a verdict. ``plain``: sentences, for screen readers."""
    own = words_of(lesson)
    lines = [f"{lesson.number}  {own.title}"]
    width = max(len(own.labels[finding.name]) for finding in findings)
    for finding in findings:
        label, measured = own.labels[finding.name], value(finding.measured, finding.unit)
        if plain:
            state = _("passed") if finding.passed else _("not yet")
            lines.append(
                _("{label}: {state}. Measured {measured}, wanted {wanted}.").format(
                    label=label, state=state, measured=measured, wanted=wanted(finding)
                )
            )
        else:
            lines.append(f"{'✓' if finding.passed else '✗'} {label:<{width}}  {measured:>10}   {wanted(finding)}")
        if not finding.passed:
            lines.append(("" if plain else "  ") + _("Hint") + f": {own.advice[finding.name]}")
    if all(finding.passed for finding in findings):
        lines += ["", _("Passed. Well done!"), own.theory]
    else:
        lines += ["", _("Not yet. Look at the hints and try again.")]
    return "\n".join(lines) + "\n"


def check_json(lesson: Lesson, findings: Sequence[Finding], origin: str) -> dict[str, Any]:
    """The same for programs; a bound that is not there is null."""
    own = words_of(lesson)
    return {
        "schema": SCHEMA,
        "lesson": lesson.number,
        "slug": lesson.slug,
        "backend": origin,
        "passed": all(finding.passed for finding in findings),
        "findings": [
            {
                "name": f.name,
                "unit": f.unit,
                "measured": None if f.measured is None else float(f.measured),
                "expected": float(f.expected),
                "tolerance": None if f.tolerance is None else float(f.tolerance),
                "low": None if f.low == -inf else float(f.low),
                "high": None if f.high == inf else float(f.high),
                "passed": bool(f.passed),
                "hint": None if f.passed else own.advice[f.name],
            }
            for f in findings
        ],
    }


def list_text(progress: Progress) -> str:
    """All lessons, with a mark at those that are passed."""
    rows = [[_("no."), _("lesson"), _("passed"), _("tries")]]
    for lesson in LESSONS:
        entry = progress.of(lesson.slug)
        rows.append([str(lesson.number), words_of(lesson).title, "✓" if entry.passed else "", str(entry.attempts or "")])
    return columns(rows)


def progress_json(progress: Progress) -> dict[str, Any]:
    """What is kept of a pupil."""
    return {
        "schema": SCHEMA,
        "pupil": progress.pupil,
        "lessons": {
            slug: {
                "passed": e.passed,
                "attempts": e.attempts,
                "hints": e.hints,
                "solution": e.solution,
                "predictions": dict(e.predictions),
            }
            for slug, e in progress.entries.items()
        },
    }


def split_answers(typed: Sequence[str]) -> Mapping[str, str]:
    """``key=value`` texts as answers. Raises :class:`~luisim.errors.ParameterError`."""
    found = {}
    for text in typed:
        key, sign, answer = text.partition("=")
        if not sign or not key.strip() or not answer.strip():
            raise ParameterError(f"{text!r} is not an answer: write key=value, such as v_leak=0.7.")
        found[key.strip()] = answer.strip()
    return found

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lesson says, read from ``<slug>.de.md`` and ``<slug>.en.md`` beside this file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from luisim.errors import ParameterError

_HEADINGS = {
    "en": ("Question", "Task", "Hints", "Solution", "Check", "Theory"),
    "de": ("Frage", "Aufgabe", "Tipps", "Lösung", "Prüfung", "Theorie"),
}


@dataclass(frozen=True)
class Words:
    """A lesson in one language. ``labels`` and ``advice``: of each finding, by its name; advice is shown where it fails."""

    title: str
    story: str
    question: str
    task: str
    hints: tuple[str, ...]
    solution: str
    theory: str
    labels: Mapping[str, str]
    advice: Mapping[str, str]


@cache
def words(slug: str, language: str) -> Words:
    """The words of a lesson. Raises :class:`ParameterError` for a language that there is none for."""
    if language not in _HEADINGS:
        raise ParameterError(f"There are no lessons in {language!r}; give de or en.")
    text = (files("luisim.lessons") / f"{slug}.{language}.md").read_text(encoding="utf-8")
    head, *sections = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    found = dict(zip(sections[::2], (body.strip() for body in sections[1::2]), strict=True))
    question, task, hints, solution, check, theory = (found[heading] for heading in _HEADINGS[language])
    title, _, story = head.strip().partition("\n")
    labels, advice = {}, {}
    for name, label, hint in re.findall(r"^- (\w+): (.*?) \| (.*)$", check, flags=re.MULTILINE):
        labels[name], advice[name] = label, hint
    return Words(
        title.removeprefix("# "),
        story.strip(),
        question,
        task,
        tuple(re.findall(r"^\d\. (.*)$", hints, flags=re.MULTILINE)),
        solution,
        theory,
        labels,
        advice,
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences of the library in German: none that a person in the app can meet is forgotten, none is kept that nobody says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import firmware_bridge
import luisim
import tui
from luisim.errors import LuisimError
from luisim.quantity import parse_si
from tui.backends import experiment_titles, load_experiment, open_backend
from tui.language import set_language
from tui.sentences import FORMS, PARTS, SHIPPED, said
from tui.widgets.trimmer import TRIMMERS

_PACKAGES = [Path(str(package.__file__)).parent for package in (luisim, firmware_bridge, tui)]
# where every sentence can be met in the app
_MET = (
    *("luisim/quantity.py", "luisim/lessons/model.py", "luisim/lui/live.py", "luisim/lui/model.py"),
    *("luisim/hicannx/sampled.py", "luisim/hicannx/circuit.py", "luisim/hicannx/recorded.py"),
    *("firmware_bridge/backend.py", "firmware_bridge/replay.py", "firmware_bridge/following.py"),
    *("firmware_bridge/live.py", "firmware_bridge/session.py", "firmware_bridge/link.py", "firmware_bridge/recording.py"),
    *("luisim/lui/events.py", "luisim/lessons/jeffress.py", "luisim/lessons/tau_mem.py"),
)
_REASONS = ("unsupported", "refusal")  # functions that return sentences


@pytest.fixture(autouse=True)
def speaking_german() -> Iterator[None]:
    set_language("de")
    yield
    set_language("en")


def sample(node: ast.expr) -> str | None:
    """What a text in the source looks like when it is said, with 7 for each field."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
    return None


def sentences(path: Path) -> list[str]:
    """Of errors that are raised, and of reasons that are returned."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), []
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and re.search(r"Error|Missing|Unsupported", node.func.id)
        ):
            found += [sample(argument) for argument in node.args[:1]]
        elif isinstance(node, ast.FunctionDef) and node.name in _REASONS:
            found += [sample(inner.value) for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value]
    return [text for text in found if text]


@pytest.mark.parametrize("path", _MET)
def test_no_sentence_is_forgotten(path: str) -> None:
    root = _PACKAGES[0].parent
    found = sentences(root / path)
    assert found
    known = [text for text in found if said(text) == text]
    assert known == []


def test_no_form_is_kept_that_nobody_says() -> None:
    every = [text for package in _PACKAGES for path in package.rglob("*.py") for text in _texts(path)]
    for form in FORMS + PARTS:
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", ".*", re.escape(form)), re.DOTALL)
        assert any(pattern.fullmatch(text) for text in every), form


def _texts(path: Path) -> list[str]:
    if path.name == "sentences.py":
        return []
    found = [sample(n) for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.expr)]
    return [text for text in found if text]


@pytest.mark.parametrize(
    ("text", "unit", "german"),
    [
        ("high", "s", "V_leak = 'high' ist keine Zahl; schreibe sie etwa so: \"200 ms\"."),
        ("3 V", "Ohm", 'die Einheit Ohm, etwa "25 kOhm" oder "25k".'),
        ("3 V", "", "V_leak nimmt keine Einheit, etwa 0,8."),
    ],
)
def test_real_errors_come_out_whole(text: str, unit: str, german: str) -> None:
    with pytest.raises(LuisimError) as caught:
        parse_si(text, unit, "V_leak")
    assert said(str(caught.value)).endswith(german)


def test_numbers_in_it_have_a_comma() -> None:
    parameters = load_experiment("leak-over-threshold").device.parameters
    with pytest.raises(LuisimError) as caught:
        TRIMMERS[0].typed("1.5", parameters)
    assert said(str(caught.value)) == "V_leak = 1,5 liegt außerhalb: Erlaubt ist 0 bis 1."


def test_words_on_the_command_line() -> None:
    with pytest.raises(LuisimError) as caught:
        load_experiment("leak-over-treshold")
    assert said(str(caught.value)).startswith(
        "Einen Versuch 'leak-over-treshold' gibt es nicht; meinst Du 'leak-over-threshold'? "
    )
    with pytest.raises(LuisimError) as caught:
        open_backend("oscilloscope")
    assert said(str(caught.value)).startswith("Eine Quelle 'oscilloscope' gibt es nicht: Nimm circuit")
    assert (
        said("board cannot run xor: an Arduino measures Lu.i boards only")
        == "board kann xor nicht: ein Arduino misst nur Lu.i-Boards"
    )
    assert said("Nobody has ever said this.") == "Nobody has ever said this."


def test_every_shipped_title_is_german() -> None:
    assert set(experiment_titles().values()) <= set(SHIPPED)
    assert all(said(title) != title for title in experiment_titles().values())

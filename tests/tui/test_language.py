# SPDX-License-Identifier: GPL-3.0-or-later
"""German and English: no message without a translation, and the compiled catalogue is that of the text file."""

import ast
import gettext
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from luisim.errors import ParameterError
from tui import language
from tui.language import LOCALES, N_, _, decimal, point, set_language, system_language, take_language

_TUI = Path(language.__file__).parent


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    set_language("en")


def test_every_message_has_a_german_translation() -> None:
    with (LOCALES / "de" / "LC_MESSAGES" / "luisim.po").open("rb") as file:
        written = {message.id: message.string for message in read_po(file, locale="de") if message.id}
    keywords = {"_": None, "N_": None, "ngettext": (1, 2)}
    found = {row[2] for row in extract_from_dir(_TUI, keywords=keywords, method_map=[("**.py", "python")])}
    assert sorted(message for message in found if not written.get(message)) == []  # run tools/translate
    compiled = gettext.translation("luisim", LOCALES, languages=["de"])
    for message, translated in written.items():
        if isinstance(message, tuple):  # one and many
            assert [compiled.ngettext(*message, count) for count in (1, 2)] == list(translated)
            continue
        assert compiled.gettext(message) == translated
        assert fields(message) == fields(translated)
    assert len(found) > 300


def fields(text: str) -> set[str]:
    return {name for _before, name, *_rest in string.Formatter().parse(text) if name}


def test_the_tool_that_collects_messages_sees_all_of_them() -> None:
    """On Python 3.11 Babel overlooks a call inside an f-string."""
    with (LOCALES / "de" / "LC_MESSAGES" / "luisim.po").open("rb") as file:
        written = {one for m in read_po(file) for one in (m.id if isinstance(m.id, tuple) else (m.id,))}
    for path in _TUI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_", "ngettext"):
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        assert argument.value in written, f"{path}, line {node.lineno}"


def test_the_language_can_be_switched() -> None:
    set_language("de")
    assert (_("Pause"), _("Help"), decimal("1.5 V, 2.0")) == ("Pause", "Hilfe", "1,5 V, 2,0")
    set_language("en")
    assert (_("Help"), decimal("1.5 V"), N_("Help")) == ("Help", "1.5 V", "Help")
    assert point("1,5 V") == "1.5 V"
    with pytest.raises(ParameterError, match="de"):
        set_language("fr")


def test_the_command_line_and_the_computer_choose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LUISIM_LANG", raising=False)
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "de_AT.UTF-8")
    assert system_language() == "de"
    assert take_language(["lesson", "--lang", "en", "list"]) == ["lesson", "list"]
    assert language.language() == "en"
    take_language(["--lang=de"])
    assert language.language() == "de"
    monkeypatch.setenv("LANG", "C.UTF-8")
    take_language([])
    assert language.language() == "en"

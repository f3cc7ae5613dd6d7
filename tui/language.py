# SPDX-License-Identifier: GPL-3.0-or-later
"""Language: German or English for everything the face says, switchable while it runs; decimal comma or point.

Words that are written when they are shown: ``_("Pause")``. Words in class attributes, which Python reads once at import (the
BINDINGS): ``N_("Pause")`` marks them, and ``_()`` or :func:`translate_bindings` translates them where they are shown.
English is the language of the source; ``locales/de`` holds the German (see ``tools/translate``).
"""

import gettext as _gettext
import locale
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from luisim.errors import ParameterError

if TYPE_CHECKING:  # textual takes 0.3 s to import, which the command line would pay for nothing
    from textual.binding import Binding, BindingsMap, BindingType
    from textual.dom import DOMNode

LANGUAGES: Final[Mapping[str, str]] = {"de": "Deutsch", "en": "English"}
LOCALES = Path(__file__).parent / "locales"
_DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")

_translations: _gettext.NullTranslations = _gettext.NullTranslations()
_language = "en"
_untranslated: WeakKeyDictionary["DOMNode", "BindingsMap"] = WeakKeyDictionary()


def set_language(name: str) -> None:
    """Speak ``de`` or ``en`` from now on. Raises :class:`ParameterError` for any other."""
    global _language, _translations
    if name not in LANGUAGES:
        raise ParameterError(f"There is no language {name!r}; give de (Deutsch) or en (English).")
    _language = name
    _translations = _gettext.NullTranslations() if name == "en" else _gettext.translation("luisim", LOCALES, languages=[name])


def language() -> str:
    """The language that is spoken: ``de`` or ``en``."""
    return _language


def system_language() -> str:
    """German where the computer is set to German, else English."""
    names = [os.environ.get(key, "") for key in ("LC_ALL", "LC_MESSAGES", "LANG")]
    found = next((name for name in names if name), "") or (locale.getlocale()[0] or "")
    return "de" if found.lower().startswith(("de", "german")) else "en"


def take_language(arguments: Sequence[str]) -> list[str]:
    """The words of a command line without ``--lang``, which is obeyed; without it LUISIM_LANG or the computer's language is.

    Raises :class:`ParameterError` for a language that there is none of.
    """
    left, chosen, words = [], os.environ.get("LUISIM_LANG") or system_language(), iter(arguments)
    for word in words:
        if word == "--lang":
            chosen = next(words, "")
        elif word.startswith("--lang="):
            chosen = word.removeprefix("--lang=")
        else:
            left.append(word)
    set_language(chosen)
    return left


def _(message: str) -> str:
    """The message in the language that is spoken."""
    return _translations.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """``one`` or ``many``, as ``count`` asks for."""
    return _translations.ngettext(one, many, count)


def N_(message: str) -> str:  # noqa: N802, the name that gettext's tools know
    """Marks a message that is translated later, where it is shown."""
    return message


def decimal(text: str) -> str:
    """Numbers in ``text`` with the decimal mark of the language: ``1.5 V`` or ``1,5 V``."""
    return _DECIMAL.sub(",", text) if _language == "de" else text


def point(text: str) -> str:
    """What a person typed with a decimal comma, with a point: ``1,5 V`` becomes ``1.5 V``."""
    return re.sub(r"(?<=\d),(?=\d)", ".", text)


def translate_bindings(node: "DOMNode") -> None:
    """Let the keys of ``node`` speak the language, wherever Textual shows them (footer, palette, key panel)."""
    original = _untranslated.setdefault(node, node._bindings.copy())
    translated = {key: [_translated(b) for b in bindings] for key, bindings in original.key_to_bindings.items()}
    node._bindings = type(original).from_keys(translated)


def add_bindings(node: "DOMNode", bindings: Iterable["BindingType"]) -> None:
    """Give ``node`` further keys, or other ones in their place, that speak the language as well."""
    original = _untranslated.setdefault(node, node._bindings.copy())
    for key, binding in type(original)(bindings).key_to_bindings.items():
        original.key_to_bindings[key] = binding
    translate_bindings(node)


def _translated(binding: "Binding") -> "Binding":
    group = binding.group
    return replace(
        binding,
        description=_(binding.description) if binding.description else "",
        tooltip=_(binding.tooltip) if binding.tooltip else "",
        group=None if group is None else replace(group, description=_(group.description)),
    )

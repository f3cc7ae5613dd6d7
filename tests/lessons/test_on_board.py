# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripted pupil at the real firmware: every lesson whose boards fit on one Arduino, on a simulated one in virtual time.

Lessons 16 to 18 have more than six boards: they are checked on the model and on recordings of their spikes.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from luisim.lessons import LESSONS
from luisim.lessons.model import Lesson
from tui.backends import open_backend

_SPEC = spec_from_file_location("lesson_pupil", Path(__file__).with_name("test_lessons.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
pupil = module_from_spec(_SPEC)
_SPEC.loader.exec_module(pupil)


@pytest.mark.parametrize("item", LESSONS[:16], ids=lambda item: item.slug)
def test_it_is_solved_on_the_firmware_and_a_wrong_answer_is_seen(item: Lesson) -> None:
    bench = open_backend("board:simulated").run
    answers = pupil.answers_of(item, bench)
    assert [finding for finding in pupil.solve(item, answers, bench) if not finding.passed] == []
    wrong, name = pupil.WRONG[item.number]
    if item.number not in (1, 2, 5, 10, 11, 13):  # these are long: failing them is tested on the model
        failed = {finding.name for finding in pupil.solve(item, {**answers, **wrong}, bench) if not finding.passed}
        assert name in failed

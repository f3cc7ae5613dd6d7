# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker against theory, against bad decks, and against being killed, cancelled and crowded."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from luisim.errors import ParameterError, SimulationCancelled, SimulationError, SimulatorMissing
from luisim.spice import ngspice as module
from luisim.spice.netlists import Netlist, deck
from luisim.spice.ngspice import Ngspice, Signals

ROOT = Path(__file__).resolve().parents[2]

RC = "* RC\nv1 in 0 1\nr1 in out 1k\nc1 out 0 1u ic=0\n.tran 10u 5m uic\n.end\n"
LONG = "* long\nv1 in 0 sin(0 1 1k)\nr1 in out 1k\nc1 out 0 1u ic=0\n.save out\n.tran 1u 10 uic\n.end\n"


def assert_charges(signals: Signals, tau: float = 1e-3) -> None:
    np.testing.assert_allclose(signals["out"], 1.0 - np.exp(-signals["time"] / tau), atol=1e-3)


def circuit(*elements: str) -> str:
    return "\n".join(["* circuit", "v1 in 0 1", "r1 in 0 1k", *elements, ".tran 10u 5m", ".end"])


def pid_of(engine: Ngspice) -> int:
    assert engine._worker is not None
    return engine._worker._process.pid


class Running:
    """A long run in another thread that has come so far as to report progress."""

    def __init__(self, engine: Ngspice, cancelled: Callable[[], bool] | None = None) -> None:
        self.error: BaseException | None = None
        started = threading.Event()

        def work() -> None:
            try:
                engine.run(LONG, progress=lambda _: started.set(), cancelled=cancelled)
            except BaseException as error:
                self.error = error

        self._thread = threading.Thread(target=work)
        self._thread.start()
        assert started.wait(20.0)

    def end(self) -> tuple[BaseException | None, float]:
        """What the run raised, and how long it took from now until then in s."""
        start = time.perf_counter()
        self._thread.join(20.0)
        assert not self._thread.is_alive()
        return self.error, time.perf_counter() - start


# ------------------------------------------------------------------------------------------------------------ results


def test_rc_against_theory(ngspice: Ngspice) -> None:
    signals = ngspice.run(RC)
    assert list(signals) == ["time", "i(v1)", "in", "out"]
    assert_charges(signals)
    np.testing.assert_allclose(signals["i(v1)"], -np.exp(-signals["time"] / 1e-3) / 1e3, atol=1e-6)
    assert np.all(np.diff(signals["time"]) > 0.0)
    assert signals["time"][-1] == pytest.approx(5e-3)


def test_overrides_win_also_in_parameters_computed_from_them(ngspice: Ngspice) -> None:
    cards = ("* RC", ".param r=1k", ".param rr={2*r}", "v1 in 0 1", "r1 in out {rr}", "c1 out 0 1u ic=0", ".tran 10u 5m uic")
    assert_charges(ngspice.run(deck(Netlist("rc.cir", cards), {"r": 250.0})), tau=0.5e-3)


def test_save_returns_what_is_asked_for_under_plain_names(ngspice: Ngspice) -> None:
    text = "*\nv1 1 0 1\nx1 1 out low\n.subckt low a b\nr1 a mid 500\nr2 mid b 500\nc1 b 0 1u\n.ends\n.tran 10u 5m uic\n.end"
    assert list(ngspice.run(text, save=["out", "1", "I(V1)", "x1.mid", "@r.x1.r1[i]"])) == [
        *("time", "out", "1", "i(v1)", "x1.mid", "@r.x1.r1[i]")
    ]
    for save in (["nosuch"], ["out", "nosuch"]):
        with pytest.raises(SimulationError, match="no node or current named nosuch"):
            ngspice.run(text, save=save)


def test_a_stop_time_that_only_ngspice_can_work_out(ngspice: Ngspice) -> None:
    assert_charges(ngspice.run(RC.replace("5m", "{2*t}").replace("v1", ".param t=3m\nv1")))


def test_a_deck_without_title_or_end_loses_no_element(ngspice: Ngspice) -> None:
    assert_charges(ngspice.run(RC.replace("* RC", "").replace(".end\n", "")))


def test_progress_rises_to_one(ngspice: Ngspice) -> None:
    seen: list[float] = []
    ngspice.run(LONG.replace(".tran 1u 10", ".tran 1u 300m"), progress=seen.append)
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert 0.0 <= seen[0] < 0.9
    assert seen[-1] == 1.0


def test_a_very_long_line(ngspice: Ngspice) -> None:
    total = ngspice.run(circuit("b1 sum 0 v=" + "+".join(["v(in)"] * 5000), "r2 sum 0 1"), save=["sum"])["sum"]
    np.testing.assert_allclose(total, 5000.0)
    with pytest.raises(SimulationError) as caught:
        ngspice.run(circuit("r2 in 0 1k " + "x" * 100_000))
    assert len(str(caught.value)) < 400


# ---------------------------------------------------------------------------------------------------------- bad decks


@pytest.mark.parametrize(
    ("elements", "sentence"),
    [
        (["r2 in 0 {nope}"], r"Undefined parameter \[nope\]"),
        (["r2 in 0 'a+'"], "refuses the deck"),
        (["x1 in nosuch"], "unknown subckt: x1 in nosuch"),
        (["d1 in 0 nosuch"], "could not find a valid modelname"),
        (["b1 out 0 v=v(in)+*2)", "r2 out 0 1"], "Error on line 4"),
        (["r2 in 0 {1/0}"], "Error on line 4"),
        (["v2 in 0 2"], r"stopped at t = 0 s of 5 ms: TRAN: Timestep too small"),
        (["b1 x 0 i=v(x)>0.5 ? 1e9*v(x)^3 : -1e9", "b2 x 0 v=v(x)>0.3 ? -1e6 : 1e6"], "stopped at t = 0 s of 5 ms"),
        (["b1 q 0 v=v(in)+é"], "refuses the deck"),  # ngspice prints half of the two bytes: no UTF-8
    ],
)
def test_a_bad_deck_is_one_sentence_and_the_next_run_is_right(ngspice: Ngspice, elements: list[str], sentence: str) -> None:
    with pytest.raises(SimulationError, match=sentence) as caught:
        ngspice.run(circuit(*elements))
    assert "\n" not in str(caught.value)
    assert caught.value.log
    assert_charges(ngspice.run(RC))


def test_a_run_that_stops_in_the_middle_is_no_result(ngspice: Ngspice) -> None:
    with pytest.raises(SimulationError, match="stopped at t = 2 ms of 5 ms: TRAN: Timestep too small"):
        ngspice.run(circuit("b1 x 0 v=time<2m ? 0 : ln(-1)", "r2 x 0 1"))


@pytest.mark.parametrize("text", ["", "* title", "*\nr1 a 0 1\n.end", RC.replace(".end", ".tran 1u 1m\n.end")])
def test_a_deck_has_exactly_one_tran(ngspice: Ngspice, text: str) -> None:
    with pytest.raises(ParameterError, match=r"exactly one \.tran"):
        ngspice.run(text)


def test_commands_and_includes_never_reach_ngspice(ngspice: Ngspice) -> None:
    with pytest.raises(ParameterError, match=r"line 7: .* is a command"):
        ngspice.run(RC, save=["out)\n.control\nquit\n.endc"])
    with pytest.raises(ParameterError, match=r"line 4: .* must be read first"):
        ngspice.run(circuit(".include nosuch.lib"))
    with pytest.raises(ParameterError, match=r"line 6: .* is a command"):
        ngspice.run(RC.replace(".end", ".control\nquit\n.endc\n.end"))


def test_a_crash_of_the_library_is_one_sentence(ngspice: Ngspice) -> None:
    try:
        ngspice.run(circuit("v2 x 0 dc 0 external", "r2 x 0 1"))  # kills ngspice 39 with SIGSEGV; 42 runs it
    except SimulationError as error:
        assert str(error).startswith("ngspice was ended by signal 11 before it was done")  # noqa: PT017
    assert_charges(ngspice.run(RC))


def test_an_accident_in_the_worker_is_one_sentence_and_its_traceback_is_in_the_log(ngspice: Ngspice) -> None:
    with pytest.raises(SimulationError, match="ngspice stopped with code 1 before it was done") as caught:
        ngspice.run(circuit("r2 in \udcff 1"))
    assert "UnicodeEncodeError" in caught.value.log[-1]
    assert_charges(ngspice.run(RC))


# ------------------------------------------------------------------------------------------------- killing, cancelling


def test_killing_the_worker_in_a_run(ngspice: Ngspice) -> None:
    running = Running(ngspice)
    os.kill(pid_of(ngspice), signal.SIGKILL)
    error, _ = running.end()
    assert isinstance(error, SimulationError)
    assert str(error).startswith("ngspice was ended by signal 9")
    assert_charges(ngspice.run(RC))


def test_killing_the_worker_between_runs_goes_unnoticed(ngspice: Ngspice) -> None:
    ngspice.run(RC)
    os.kill(pid_of(ngspice), signal.SIGKILL)
    time.sleep(0.1)
    assert_charges(ngspice.run(RC))


def test_time_out(ngspice: Ngspice) -> None:
    start = time.perf_counter()
    with pytest.raises(SimulationError, match=r"after 0\.5 s at \d+% of its time span"):
        ngspice.run(LONG, timeout=0.5)
    assert time.perf_counter() - start < 3.0
    assert_charges(ngspice.run(RC))


def test_cancelling_from_another_thread(ngspice: Ngspice) -> None:
    cancel = threading.Event()
    running = Running(ngspice, cancel.is_set)
    cancel.set()
    error, took = running.end()
    assert isinstance(error, SimulationCancelled)
    assert took < 0.3
    assert_charges(ngspice.run(RC))


def test_cancelling_while_another_run_is_on(ngspice: Ngspice) -> None:
    cancel = threading.Event()
    running = Running(ngspice, cancel.is_set)
    with pytest.raises(SimulationCancelled):
        ngspice.run(RC, cancelled=lambda: True)
    assert ngspice._worker is not None
    assert ngspice._worker.alive  # the other run goes on
    cancel.set()
    running.end()


def test_an_error_in_progress_ends_the_run(ngspice: Ngspice) -> None:
    def fail(_: float) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ngspice.run(LONG, progress=fail)
    assert_charges(ngspice.run(RC))


def test_closing_ends_a_run_and_the_worker(ngspice: Ngspice) -> None:
    engine = Ngspice()
    running = Running(engine)
    pid = pid_of(engine)
    engine.close()
    error, took = running.end()
    assert isinstance(error, SimulationCancelled)
    assert took < 1.0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(SimulationCancelled, match="closed"):
        engine.run(RC)
    engine.warm()
    engine.close()


def test_two_threads_at_once(ngspice: Ngspice) -> None:
    results: dict[float, list[Signals]] = {1.0: [], 2.0: []}

    def work(volt: float) -> None:
        results[volt] += [ngspice.run(RC.replace("v1 in 0 1", f"v1 in 0 {volt}")) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(volt,)) for volt in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    for volt, found in results.items():
        assert len(found) == 20
        for signals in found:
            assert_charges(signals | {"out": signals["out"] / volt})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the memory of the worker from /proc")
def test_200_runs_do_not_grow_the_worker(ngspice: Ngspice) -> None:
    def resident() -> int:
        pages = int(Path(f"/proc/{pid_of(ngspice)}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    for _ in range(20):
        ngspice.run(RC)
    before, pid = resident(), pid_of(ngspice)
    for number in range(200):
        if number % 10 == 0:
            with pytest.raises(SimulationError):
                ngspice.run(circuit("x1 in nosuch"))
        ngspice.run(RC)
    assert pid_of(ngspice) == pid
    assert resident() - before < 2_000_000  # it is 0.1 MB; 4 MB without remcirc or without destroy all


# ------------------------------------------------------------------------------------------------ the world around it


def test_importing_the_module_imports_no_pyspice() -> None:
    code = "import sys, luisim.spice.ngspice; sys.exit('PySpice' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


PROGRAM = f"""
from luisim.errors import SimulationError
from luisim.spice.ngspice import Ngspice
ngspice = Ngspice()
for element in ("r2 in 0 {{nope}}", "b1 out 0 v=v(in)+*2)"):
    try:
        ngspice.run("*\\nv1 in 0 1\\n" + element + "\\n.tran 1u 1m\\n.end")
    except SimulationError:
        pass
assert abs(ngspice.run({RC!r})["out"][-1] - 0.99326) < 1e-3
print(ngspice._worker._process.pid, ngspice._worker._folder)
"""


@pytest.mark.parametrize("how", ["-c", "stdin", "script"])
def test_any_main_program_works_prints_nothing_more_and_leaves_nothing_behind(
    ngspice: Ngspice, tmp_path: Path, how: str
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    arguments = {"-c": ["-c", PROGRAM], "stdin": ["-"], "script": ["program.py"]}[how]
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        input=PROGRAM if how == "stdin" else "",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    pid, folder = done.stdout.split(maxsplit=1)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
    assert not Path(folder.strip()).exists()


def test_the_worker_dies_with_its_owner(ngspice: Ngspice) -> None:
    program = (
        "from luisim.spice.ngspice import Ngspice\n"
        "n = Ngspice()\n"
        "tell = lambda _: print(n._worker._process.pid, n._worker._folder, flush=True)\n"
        f"n.run({LONG!r}, progress=tell)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split(maxsplit=1)
        owner.kill()
    deadline = time.monotonic() + 5.0
    while Path(folder.strip()).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(folder.strip()).exists()
    time.sleep(0.2)
    status = Path(f"/proc/{pid}/status")  # where nobody collects orphans the dead worker stays as a zombie
    assert not status.exists() or "State:\tZ" in status.read_text()


def test_ctrl_c_is_the_callers_business(ngspice: Ngspice) -> None:
    ngspice.run(RC)
    pid = pid_of(ngspice)
    os.kill(pid, signal.SIGINT)
    assert_charges(ngspice.run(RC))
    assert pid_of(ngspice) == pid
    assert os.getsid(pid) != os.getsid(0)


def test_no_spiceinit_is_executed(ngspice: Ngspice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".spiceinit").write_text(f"echo done > {tmp_path}/traitor\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with Ngspice() as engine:
        assert_charges(engine.run(RC))
    assert not (tmp_path / "traitor").exists()


def test_without_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "libngspice.so"
    broken.write_text("no library")
    for candidates in ((), (str(broken),)):
        monkeypatch.setattr(module, "library_candidates", lambda candidates=candidates: candidates)
        with Ngspice() as engine, pytest.raises(SimulatorMissing, match="apt install ngspice libngspice0") as caught:
            engine.run(RC)
        assert "\n" not in str(caught.value)
        assert module.find_library() is None


def test_the_variable_comes_first_and_what_does_not_load_is_passed_over(
    ngspice: Ngspice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = module.find_library()
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", str(tmp_path / "gone.so"))
    assert module.library_candidates()[0] == str(tmp_path / "gone.so")
    assert module.find_library() == good == ngspice.library().path
    with Ngspice() as engine:
        engine.warm()
        assert engine.library() == ngspice.library()

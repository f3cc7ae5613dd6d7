# SPDX-License-Identifier: GPL-3.0-or-later
"""The race: every tool on every workload, each run a fresh process, in shuffled rounds: all share the machine's moods."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from engine import environments, reference
from engine.accuracy import accuracy
from engine.workloads import Array, workload

HERE = Path(__file__).resolve().parent
PATIENCE = 900.0  # s for one process
UNSCORED = ("W6",)  # 36 million spikes


@dataclass(frozen=True)
class Case:
    """A workload as a process is told it; ``n`` a thousand times more for W6."""

    workload: str
    level: str = "medium"
    duration: float | None = None
    n: int = 512
    rows: int = 256
    batch: int = 1

    @property
    def label(self) -> str:
        size = "" if (self.n, self.rows, self.batch) == (512, 256, 1) else f" n={self.n} rows={self.rows} x{self.batch}"
        return f"{self.workload} {self.level}{size}"

    def words(self) -> list[str]:
        given = [self.workload, self.level, "--n", self.n, "--rows", self.rows, "--batch", self.batch]
        return [*map(str, given), *(["--duration", str(self.duration)] if self.duration else [])]


@dataclass(frozen=True)
class Tool:
    """``environment`` None: the Python that runs this."""

    name: str
    module: str
    mode: str
    environment: str | None = None


@dataclass
class Result:
    """All runs of a tool on a case: CPU s of their parts, of the whole process, and what else they said."""

    tool: str
    case: Case
    runs: list[dict[str, object]] = field(default_factory=list)
    failure: str = ""

    def part(self, name: str) -> float:
        """Median CPU s of a part, NaN if there is none."""
        values = [run["cpu"].get(name, np.nan) for run in self.runs]  # type: ignore[attr-defined]
        return float(np.median(values)) if values else float("nan")

    def value(self, name: str) -> float:
        """Median of another number."""
        values = [run.get(name, np.nan) for run in self.runs]
        return float(np.median(values)) if values else float("nan")  # type: ignore[arg-type]

    def as_json(self) -> dict[str, object]:
        return {"tool": self.tool, "case": asdict(self.case), "failure": self.failure, "runs": self.runs}


def race(
    plan: list[tuple[Tool, Case, int]], seed: int, done: Callable[[list[Result]], None], keep: Path, seconds: float = np.inf
) -> list[Result]:
    """Rounds until each pair ran as often as the plan says; ``done`` after each round; spikes of the first run in ``keep``.

    After ``seconds`` no further process is started.
    """
    rng, end = np.random.default_rng(seed), time.monotonic() + seconds
    results = {(tool, case): Result(tool.name, case) for tool, case, _ in plan}
    rounds, total, count = max(n for _, _, n in plan), sum(n for _, _, n in plan), 0
    for turn in range(rounds):
        for k in rng.permutation(len(plan)):
            tool, case, repeats = plan[k]
            result = results[tool, case]
            if turn >= repeats or result.failure or time.monotonic() > end:
                continue
            count += 1
            print(f"\r\033[K{count} of {total}: {tool.name}, {case.label}", end="", file=sys.stderr, flush=True)
            spikes = (
                keep / f"{tool.name} {case.label}.npz".replace(" ", "_")
                if turn == 0 and case.workload not in UNSCORED
                else None
            )
            try:
                result.runs.append(_measure(tool, case, spikes))
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                result.failure = str(error)
        done(list(results.values()))
    print(file=sys.stderr)
    return list(results.values())


def expected(case: Case) -> tuple[Array, np.ndarray]:  # type: ignore[type-arg]
    """The reference's spikes, kept in the cache folder under what they depend on."""
    sources = b"".join((HERE / name).read_bytes() for name in ("workloads.py", "reference.py", "dop853.py"))
    path = environments.cache() / "reference" / f"{_digest(sources, case)}.npz"
    if not path.is_file():
        print(f"\r\033[Kreference of {case.label}", end="", file=sys.stderr, flush=True)
        times, neurons = reference.spikes(workload(case.workload, case.level, case.duration, n=case.n, rows=case.rows))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, times=times, neurons=neurons)
    with np.load(path) as kept:
        return kept["times"], kept["neurons"]


def from_json(raw: dict[str, object]) -> Result:
    """A result as :meth:`Result.as_json` wrote it."""
    return Result(str(raw["tool"]), Case(**raw["case"]), raw["runs"], str(raw["failure"]))  # type: ignore[arg-type]


def score(result: Result, keep: Path) -> None:
    """Put the accuracy of the first run and what identifies its spikes beside its figures."""
    path = keep / f"{result.tool} {result.case.label}.npz".replace(" ", "_")
    if (
        not path.is_file()
        or "accuracy" in result.runs[0]
        or (result.case.n, result.case.rows, result.case.batch) != (512, 256, 1)
    ):
        return
    with np.load(path) as kept:
        n = 100 if result.case.workload == "W5" else result.case.n
        found = accuracy(kept["times"], kept["neurons"], *expected(result.case), n)
        result.runs[0]["digest"] = hashlib.sha256(kept["times"].tobytes() + kept["neurons"].tobytes()).hexdigest()
    result.runs[0]["accuracy"] = asdict(found)


def _measure(tool: Tool, case: Case, spikes: Path | None) -> dict[str, object]:
    python = Path(sys.executable) if tool.environment is None else environments.python(tool.environment)
    if python is None:
        raise RuntimeError(environments.reason(str(tool.environment)))
    if tool.mode == "cpp":
        return _measure_compiled(python, tool, case, spikes)
    words = [str(python), "-m", f"engine.{tool.module}", *case.words(), "--mode", tool.mode]
    if spikes:
        words += ["--spikes", str(spikes)]
    if tool.mode == "cython":
        words += ["--folder", str(environments.cache() / "cython")]
    return _run(words, HERE.parent)


def _measure_compiled(python: Path, tool: Tool, case: Case, spikes: Path | None) -> dict[str, object]:
    """Brian2's C++ program: built once for a case, its cost kept beside it; then run as it is."""
    sources = b"".join((HERE / name).read_bytes() for name in ("workloads.py", "run_brian2.py"))
    folder = environments.cache() / "compiled" / _digest(sources, case)
    built = folder / "built.json"
    if not built.is_file():
        words = [str(python), "-m", f"engine.{tool.module}", *case.words(), "--mode", "cpp", "--folder", str(folder)]
        built.write_text(json.dumps(_run(words, HERE.parent)))
    before = json.loads(built.read_text())
    run = _run([str(folder / "main")], folder, speaks=False)
    core = float((folder / "core.txt").read_text())
    times, neurons = (
        np.fromfile(next((folder / "results").glob(f"_dynamic_array_spikemonitor_{name}_*")), kind)
        for name, kind in (("t", np.float64), ("i", np.int32))
    )
    if spikes:
        np.savez(spikes, times=times * 1e3, neurons=neurons)
    parts = before["cpu"] | {"core": core, "program": float(run["cpu_total"]) - core}  # type: ignore[arg-type]
    total = before["cpu_total"] + run["cpu_total"]
    return run | {"version": before["version"], "cpu": parts, "cpu_total": total, "spikes": len(times)}


def _run(words: list[str], folder: Path, speaks: bool = True) -> dict[str, object]:
    """A process to its end: what it said, with its whole CPU s, wall s and peak memory."""
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        child = subprocess.Popen(
            words, cwd=folder, stdout=out, stderr=err, env=os.environ | one_core | {"PYTHONPATH": str(HERE.parent)}
        )
        while (ended := os.wait4(child.pid, os.WNOHANG))[0] == 0:
            if time.perf_counter() - start > PATIENCE:
                child.kill()
                os.wait4(child.pid, 0)
                child.returncode = -9
                raise RuntimeError(f"took longer than {PATIENCE:g} s")
            time.sleep(0.01)
        _, status, usage = ended
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        lines = [line for line in out.read().splitlines() if line.startswith("RESULT ")]
        if child.returncode or (speaks and not lines):
            raise RuntimeError((err.read().strip().splitlines() or ["ended without a word"])[-1])
    said = json.loads(lines[-1].removeprefix("RESULT ")) if speaks else {"rss_mb": usage.ru_maxrss / 1024.0}
    return said | {"cpu_total": usage.ru_utime + usage.ru_stime, "wall": time.perf_counter() - start}


def _digest(sources: bytes, case: Case) -> str:
    return hashlib.sha256(sources + repr(case).encode()).hexdigest()[:16]

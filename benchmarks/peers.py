# SPDX-License-Identifier: GPL-3.0-or-later
"""luisim's engine beside Brian2, NEST and PyNN: same networks, same inputs, one interleaved run; a table and a picture.

First `.venv/bin/python benchmarks/peers.py --setup` (about 1 GB in the cache folder; a C++ compiler is needed for Brian2), then
`.venv/bin/python benchmarks/peers.py` (half an hour) or `--quick` (a few minutes). CPU time on one core: other load disturbs
little, and ratios within one run least.
"""

import argparse
import json
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from engine import environments, goals, picture, plan, race, table
from engine.limit import NATIVE, Limit, limit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setup", action="store_true", help="make the other simulators' environments, and stop")
    parser.add_argument("--quick", action="store_true", help="medium rates only, slow simulators once")
    parser.add_argument("--only", default="", metavar="NAMES", help="only these tools, with commas between")
    parser.add_argument("--repeats", type=int, default=5, help="fresh processes of each (default 5)")
    parser.add_argument("--minutes", type=float, default=np.inf, help="start nothing after so long; what ran is shown")
    parser.add_argument("--seed", type=int, default=1, help="of the order of the runs")
    parser.add_argument("--report", type=Path, metavar="JSON", help="table and picture of a run that was, even if cut short")
    parser.add_argument("--out", type=Path, default=Path("peers"), help="PATH.json, PATH.txt and PATH.png are written")
    given = parser.parse_args()
    if given.setup:
        for name in plan.ENVIRONMENTS:
            print(f"{name}: {'ready' if environments.set_up(name) else environments.reason(name)}")
        return
    if given.report:
        raw = json.loads(given.report.read_text())
        report(raw["head"], Limit(*raw["limit"]), [race.from_json(one) for one in raw["results"]], given.out)
        return
    chosen = plan.quick() if given.quick else plan.whole(given.repeats)
    chosen = [(tool, case, repeats) for tool, case, repeats in chosen if not given.only or tool.name in given.only.split(",")]
    if not chosen:
        sys.exit(f"No tool is named {given.only!r}; there are {', '.join(t.name for t in picture.TOOLS)}.")
    portable, machine = limit(), limit(NATIVE)
    head = [
        f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}, numpy {np.__version__};"
        " CPU time, one core, medians of fresh, shuffled processes",
        f"limit: {1e9 * machine.step:.0f} ns a step of 512 neurons, {1e9 * machine.event:.1f} ns an event on 512 synapses;"
        f" without this processor's own instructions {1e9 * portable.step:.0f} and {1e9 * portable.event:.1f} ns",
        *_sizes(),
    ]
    with tempfile.TemporaryDirectory() as folder:

        def save(results: list[race.Result]) -> None:
            for result in results:
                race.score(result, Path(folder))
            raw = {"head": head, "limit": list(asdict(machine).values()), "results": [r.as_json() for r in results]}
            given.out.with_suffix(".json").write_text(json.dumps(raw, indent=1))

        results = race.race(chosen, given.seed, save, Path(folder), 60.0 * given.minutes)
    report(head, machine, results, given.out)


def report(head: list[str], machine: Limit, results: list[race.Result], out: Path) -> None:
    """Print the table, and write it and the picture."""
    known = goals.Results(results)
    text = [*head, *table.lines(known, machine), "", "Goals:"]
    text += table.goal_lines(goals.goals(known, machine, goals.installed_mb()))
    out.with_suffix(".txt").write_text("\n".join(text) + "\n")
    print("\n".join(text))
    picture.draw(known, machine, out.with_suffix(".png"))


def _sizes() -> list[str]:
    """What each environment weighs, or why there is none."""
    text = [f"luisim's engine: {goals.installed_mb():.2f} MB installed beyond numpy"]
    for name in plan.ENVIRONMENTS:
        ready = environments.python(name) is not None
        text.append(f"{name}: {f'{environments.installed_mb(name):.0f} MB installed' if ready else environments.reason(name)}")
    return text


if __name__ == "__main__":
    main()

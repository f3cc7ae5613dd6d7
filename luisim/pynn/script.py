# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one script or notebook that was written for the real system: ``python -m luisim.pynn.script FILE FIGURES``.

A process of its own, so that the stand-ins end with it. The code is run as it is, with all rights of who runs it.
"""

import argparse
import ast
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from luisim.errors import LuisimError, ParameterError

FAILED = 1
NO_SCRIPT = 2


def cells(path: Path) -> Iterator[tuple[str, str]]:
    """(where, code) of a script, or of each code cell of a notebook; lines that are commands to the notebook are left out.

    Raises :class:`~luisim.errors.ParameterError` if the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".ipynb":
            yield path.name, text
            return
        notebook = json.loads(text)
        code = [(n, cell["source"]) for n, cell in enumerate(notebook["cells"], start=1) if cell["cell_type"] == "code"]
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path} cannot be read ({error}); give a Python script or a notebook.") from None
    except (ValueError, KeyError, TypeError):
        raise ParameterError(f"{path} is not a notebook: it must be JSON with a list of cells.") from None
    for number, source in code:
        lines = (source if isinstance(source, str) else "".join(source)).splitlines()
        if lines and lines[0].startswith("%%"):
            continue
        kept = ["" if line.lstrip().startswith(("%", "!")) else line for line in lines]
        yield f"{path.name} cell {number}", "\n".join(kept)


def keep_figures(folder: Path, stem: str) -> Any:
    """Make matplotlib draw into files: ``show()`` writes what is open. Returns that function."""
    os.environ["MPLBACKEND"] = "Agg"
    import matplotlib.pyplot as plt

    count = 0

    def show(*ignored: object, **named: object) -> None:
        nonlocal count
        for number in plt.get_fignums():
            figure = plt.figure(number)
            if figure.get_axes():
                count += 1
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{stem}-{count:02d}.png"
                figure.savefig(path, dpi=120, bbox_inches="tight")
                print(f"figure written to {path}", file=sys.stderr)
        plt.close("all")

    use = plt.style.use

    def use_if_there(style: Any) -> None:
        # the notebooks' own style file is not part of them when they are copied alone
        if not (isinstance(style, str | Path) and "matplotlibrc" in str(style) and not Path(style).exists()):
            use(style)

    plt.show = show
    plt.style.use = use_if_there
    return show


def main() -> int:
    """Run it. Exit codes: 0 done, 1 the code failed, 2 there is no such script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("figures", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("luisim.pynn").setLevel(logging.INFO)
    path: Path = arguments.file.resolve()
    try:
        parts = list(cells(path))
    except ParameterError as error:
        print(f"luisim: {error}", file=sys.stderr)
        return NO_SCRIPT
    show = keep_figures(arguments.figures.resolve(), path.stem)
    from luisim.pynn import stand_ins

    stand_ins.install(path.parent)
    sys.path.insert(0, str(path.parent))
    sys.argv = [str(path)]
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    fine = all(_run(where, code, names) for where, code in parts)
    show()
    return 0 if fine else FAILED


def _run(where: str, code: str, names: dict[str, Any]) -> bool:
    """Statement by statement, so that a function that only drives registers is replaced before it is called."""
    from luisim.pynn.stand_ins import MEASURE_VOLTAGE, measure_voltage

    try:
        for statement in ast.parse(code, where).body:
            exec(compile(ast.Module([statement], []), where, "exec"), names)
            if isinstance(statement, ast.FunctionDef) and statement.name == MEASURE_VOLTAGE:
                print("luisim: measure_voltage drives registers; the simulated MADC stands in for it", file=sys.stderr)
                names[MEASURE_VOLTAGE] = measure_voltage
    except SystemExit as stop:
        return stop.code in (None, 0)
    except KeyboardInterrupt:
        print(f"luisim: {where}: stopped", file=sys.stderr)
        return False
    except BaseException as error:
        line = error.lineno if isinstance(error, SyntaxError) else _line_in(where, error)
        print(f"luisim: {where}, line {line}: {_sentence(error)}", file=sys.stderr)
        return False
    return True


def _sentence(error: BaseException) -> str:
    if isinstance(error, LuisimError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return f"the package {package} is not installed, or has no {error.name}: pip install {package}, then run this again."
    return f"{type(error).__name__}: {error}"


def _line_in(where: str, error: BaseException) -> int:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == where]
    return lines[-1] or 0 if lines else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""Build hook: compiles luisim/kernels/*.c where a C compiler is, and lets the installation go on where none is."""

import hashlib
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# contraction to fused multiply-adds would change the last bits
FLAGS = ["-std=c11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-shared", "-fPIC"]


class KernelHook(BuildHookInterface):
    """Puts NAME.HASH.so beside NAME.c, for the checkout (editable) and into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; a failure is a remark."""
        if os.name != "posix":
            return
        folder = Path(self.root) / "luisim" / "kernels"
        for stale in folder.glob("*.so"):
            stale.unlink()
        for source in sorted(folder.glob("*.c")):
            digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
            target = source.with_name(f"{source.stem}.{digest}.so")
            command = [*shlex.split(os.environ.get("CC", "cc")), *FLAGS, str(source), "-o", str(target), "-lm"]
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"luisim: {source.name} was not compiled ({error}); its Python twin runs instead.", file=sys.stderr)
                continue
            build_data["artifacts"].append(f"luisim/kernels/{target.name}")
            build_data["pure_python"] = False
            build_data["infer_tag"] = True

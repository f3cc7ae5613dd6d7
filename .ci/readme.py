# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every command in the ```sh blocks of the given documents, as printed, from the checkout's root."""

import re
import subprocess
import sys
from pathlib import Path


def commands(document: str) -> list[str]:
    """The command lines of its ```sh blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")]


def main() -> int:
    """1 if one of them failed."""
    failed = []
    for name in sys.argv[1:]:
        for command in commands(Path(name).read_text(encoding="utf-8")):
            if command == "make test":  # what calls this has just done it
                continue
            print(f"{name}: {command}", flush=True)
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                check=False,
            )
            print("\n".join(done.stdout.splitlines()[:40]), flush=True)
            if done.returncode:
                failed.append(f"{command} (exit {done.returncode})")
    for command in failed:
        print(f"README command failed: {command}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor: looks whether this computer has what luisim needs, and says how to get what is missing."""

import importlib.metadata
import locale
import math
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass

import numpy as np

import luisim
from firmware_bridge.link import ports
from luisim.errors import LuisimError
from luisim.spice import netlists
from luisim.spice.ngspice import Ngspice, find_executable

BRAILLE_ROW = "⣀⣤⣶⣿⠿⠛⠉"  # boxes or question marks instead of dots mean that the font lacks it

_TAU = 1e-3  # s
_RC = f"* charging a capacitor\nv1 in 0 1\nr1 in out 1k\nc1 out 0 {_TAU / 1e3} ic=0\n.tran 10u {5 * _TAU} uic\n.end\n"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``remedy`` is what to type or do if it is not ``ok``, or a remark; often empty."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def report() -> tuple[Finding, ...]:
    """Look at everything; takes about a second, because ngspice is really started."""
    return (
        _python(),
        Finding("luisim", True, luisim.__version__),
        _pyspice(),
        _libngspice(),
        _ngspice_program(),
        _circuits(),
        _terminal_size(),
        _colours(),
        _encoding(),
        _braille(),
        _serial_ports(),
        *_serial_permission(),
    )


def doctor_text(findings: tuple[Finding, ...]) -> str:
    """The findings as a person reads them, each remedy under its gap."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{'ok ' if finding.ok else '-- '} {finding.name:<{width}}  {finding.found}")
        if finding.remedy:
            lines.append(f"{'':{width + 4}}  {finding.remedy}")
    gaps = sum(not finding.ok for finding in findings)
    lines += [
        "",
        "Everything is in place." if gaps == 0 else f"{gaps} of {len(findings)} need attention: the lines marked with --.",
    ]
    return "\n".join(lines)


def _python() -> Finding:
    ok = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Finding("Python", ok, platform.python_version(), "" if ok else "Install Python 3.11, 3.12 or 3.13.")


def _pyspice() -> Finding:
    try:
        version = importlib.metadata.version("PySpice")
    except importlib.metadata.PackageNotFoundError:
        version = "not installed"
    ok = version == "1.5"
    return Finding("PySpice", ok, version, "" if ok else "pip install PySpice==1.5")


def _libngspice() -> Finding:
    """Start the worker and let it charge a capacitor: nothing less tells that the library works."""
    try:
        with Ngspice() as ngspice:
            library = ngspice.library()
            signals = ngspice.run(_RC, save=["out"], timeout=20.0)
    except LuisimError as error:
        return Finding("libngspice", False, str(error), _how_to_install())
    deviation = float(np.max(np.abs(signals["out"] - (1.0 - np.exp(-signals["time"] / _TAU)))))
    ok = math.isfinite(deviation) and deviation < 1e-3
    found = f"{library.path}, version {library.version}, charges a capacitor to within {deviation:.1g} of theory"
    return Finding("libngspice", ok, found, "" if ok else "Set NGSPICE_LIBRARY_PATH to another libngspice.")


def _ngspice_program() -> Finding:
    path = find_executable()
    if path is None:
        return Finding("ngspice", False, "no program of that name", _how_to_install())
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("ngspice", False, f"{path} does not run: {error}", _how_to_install())
    text = answer.stdout.decode("utf-8", "replace")
    version = next((word for word in text.split() if word.startswith("ngspice-")), "of unknown version")
    return Finding("ngspice", True, f"{path}, {version}")


def _how_to_install() -> str:
    if sys.platform == "darwin":
        return "brew install ngspice"
    if sys.platform == "win32":
        return "In WSL2 (wsl --install), which is the supported way: sudo apt install ngspice libngspice0 python3-venv"
    for tool, command in (("dnf", "sudo dnf install ngspice libngspice"), ("pacman", "sudo pacman -S ngspice")):
        if shutil.which(tool) and not shutil.which("apt"):
            return command
    return "sudo apt install ngspice libngspice0"


def _circuits() -> Finding:
    try:
        folder = netlists.circuits_folder()
    except LuisimError as error:
        return Finding("circuits", False, str(error))
    count = len(list(folder.rglob("*.cir")))
    return Finding(
        "circuits", count > 0, f"{count} netlists in {folder}", "" if count else "pip install --force-reinstall luisim"
    )


def _terminal_size() -> Finding:
    size = shutil.get_terminal_size()
    ok = size.columns >= 80 and size.lines >= 24
    return Finding(
        "terminal", ok, f"{size.columns} x {size.lines}", "" if ok else "Make the window at least 80 x 24 characters."
    )


def _colours() -> Finding:
    # Windows Terminal sets WT_SESSION and shows 24 bits, but sets no COLORTERM
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or "WT_SESSION" in os.environ:
        return Finding("colours", True, "16 million")
    if sys.platform == "win32":
        return Finding("colours", False, "an old console window", "Open Windows Terminal (wt) and start again from there.")
    if "256color" in os.environ.get("TERM", ""):
        return Finding("colours", True, "256", "export COLORTERM=truecolor, if the terminal can show it, for finer shades.")
    term = os.environ.get("TERM") or "no TERM set"
    return Finding("colours", False, f"few ({term})", "Use a terminal with 256 colours, or: export TERM=xterm-256color")


def _encoding() -> Finding:
    encoding = locale.getencoding()
    ok = "utf" in encoding.lower()
    remedy = "set PYTHONUTF8=1" if sys.platform == "win32" else "export LANG=C.UTF-8"
    return Finding("encoding", ok, encoding, "" if ok else remedy)


def _braille() -> Finding:
    """Curves are drawn with braille dots. Which font the terminal really uses, only a person can see."""
    look = f"Look at this: {BRAILLE_ROW}  It should be a band of dots that rises from left to right; else: luisim testcard"
    fc_list = shutil.which("fc-list")
    if fc_list is None or os.environ.get("SSH_CONNECTION") or "WT_SESSION" in os.environ:
        return Finding("braille", True, "the terminal's font cannot be asked for from here", look)
    try:
        answer = subprocess.run([fc_list, ":charset=28ff", "family"], capture_output=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        answer = b""
    fonts = sorted({line.split(",")[0] for line in answer.decode("utf-8", "replace").splitlines() if line})
    if fonts:
        return Finding("braille", True, f"in {', '.join(fonts[:3])}", look)
    return Finding("braille", False, "in no installed font", f"sudo apt install fonts-dejavu-core    {look}")


def _serial_ports() -> Finding:
    found = ports()
    text = ", ".join(f"{port.device} ({port.description})" for port in found)
    return Finding(
        "serial ports", True, text or "none", "" if found else "Only needed for a real board: plug it in and look again."
    )


def _serial_permission() -> tuple[Finding, ...]:
    """Linux lets only a group open serial ports: dialout on Debian, uucp on Arch."""
    if not sys.platform.startswith("linux"):
        return ()
    import grp

    names = {group.gr_name: group.gr_gid for group in grp.getgrall()}
    wanted = next((name for name in ("dialout", "uucp") if name in names), None)
    if os.geteuid() == 0 or wanted is None:
        return (Finding("serial access", True, "as root" if os.geteuid() == 0 else "no group guards the ports"),)
    if names[wanted] in {*os.getgroups(), os.getegid()}:
        return (Finding("serial access", True, f"member of {wanted}"),)
    return (
        Finding("serial access", False, f"not in the group {wanted}", f"sudo usermod -aG {wanted} $USER, then log in again"),
    )

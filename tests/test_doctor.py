# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor on this computer, and on one where things are missing."""

import os

import pytest
from serial.tools.list_ports_common import ListPortInfo

from firmware_bridge import link
from firmware_bridge.link import Port
from luisim.spice import ngspice
from tui import doctor
from tui.doctor import Finding, doctor_text, report


def by_name(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_this_computer() -> None:
    found = by_name(report())
    assert {"Python", "luisim", "PySpice", "libngspice", "ngspice", "circuits", "terminal", "braille", "serial ports"} <= set(
        found
    )
    assert found["Python"].ok
    if "CI" in os.environ or found["libngspice"].ok:
        assert "of theory" in found["libngspice"].found
        assert found["ngspice"].ok


def test_every_gap_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngspice, "library_candidates", tuple)
    monkeypatch.setattr(doctor, "find_executable", lambda: None)
    monkeypatch.setattr(doctor, "ports", tuple)
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(doctor.os, "getgroups", list)
    monkeypatch.setattr(doctor.os, "getegid", lambda: 1000)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.delenv("WT_SESSION", raising=False)
    findings = report()
    gaps = {finding.name for finding in findings if not finding.ok}
    assert {"libngspice", "ngspice", "terminal", "colours"} <= gaps
    assert all(finding.remedy for finding in findings if not finding.ok)
    found = by_name(findings)
    assert "sudo apt install" in found["libngspice"].remedy
    assert found["serial access"].ok or "usermod" in found["serial access"].remedy
    assert f"{len(gaps)} of {len(findings)} need attention" in doctor_text(findings)


@pytest.mark.parametrize(
    ("variables", "platform", "ok"),
    [
        ({"COLORTERM": "truecolor"}, "linux", True),
        ({"TERM": "xterm-256color"}, "linux", True),
        ({"TERM": "linux"}, "linux", False),
        ({"WT_SESSION": "1"}, "win32", True),
        ({}, "win32", False),
    ],
)
def test_colours(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], platform: str, ok: bool) -> None:
    for name in ("COLORTERM", "TERM", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(doctor.sys, "platform", platform)
    assert doctor._colours().ok is ok


def test_the_text_names_boards_and_puts_a_remedy_under_its_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ports", lambda: (Port("/dev/ttyUSB0", "CP2102", 0x10C4, 0xEA60),))
    text = doctor_text((doctor._serial_ports(), Finding("sense", False, "none", "get some")))
    assert text.splitlines() == [
        "ok  serial ports  /dev/ttyUSB0 (CP2102)",
        "--  sense         none",
        "                  get some",
        "",
        "1 of 2 need attention: the lines marked with --.",
    ]
    assert doctor_text((Finding("all", True, "well"),)).endswith("Everything is in place.")


def test_ports_are_listed_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    usb = ListPortInfo("/dev/ttyUSB0")
    usb.vid, usb.pid, usb.description = 0x10C4, 0xEA60, "CP2102"
    monkeypatch.setattr(link.list_ports, "comports", lambda: [usb, ListPortInfo("/dev/ttyS0")])
    assert link.ports() == (Port("/dev/ttyS0", "n/a"), Port("/dev/ttyUSB0", "CP2102", 0x10C4, 0xEA60))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlists that want to do harm: each is refused in one sentence or runs harmlessly, and the next good one runs.

Every deck lies in a folder of its own. A command that is executed leaves the file canary; beside the folder lies a file whose
text must turn up nowhere.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from luisim.errors import LuisimError, ParameterError, SimulationError, SimulatorMissing
from luisim.spice.allowlist import read_untrusted
from luisim.spice.netlists import deck
from luisim.spice.ngspice import Limits, Ngspice, find_executable

SECRET = "kanarienvogel4711"
TIMEOUT = 1.0  # s
RC = "v1 in 0 1\nr1 in out 1k\nc1 out 0 1u ic=0\n.tran 10u 5m uic\n"
SHELL = "shell touch canary"
CONTROL = f".control\n{SHELL}\nrun\n.endc\n"

Files = dict[str, str | bytes]


def rc(*more: str) -> Files:
    """The good circuit and something else."""
    return {"my.cir": "* title\n" + RC + "\n".join(more) + "\n.end\n"}


def top(text: str | bytes, **more: str | bytes) -> Files:
    return {"my.cir": text, **{name.replace("_", ".", 1): content for name, content in more.items()}}


# canary and SECRET stand for paths (small letters: ngspice knows no others); the name says what is tried
COMMANDS: dict[str, Files] = {
    "control": rc(CONTROL),
    "control in capitals": rc(CONTROL.replace("control", "CONTROL").replace("shell", "SHELL")),
    "control indented": rc("   " + CONTROL),
    "control behind a tab": rc("\t" + CONTROL),
    "control with a suffix": rc(CONTROL.replace(".control", ".controlfoo")),
    "control in an include": rc(".include a.lib") | {"a.lib": CONTROL},
    "control in a section": rc(".lib a.lib tt") | {"a.lib": f".lib tt\n{CONTROL}.endl\n"},
    "control where nothing holds": rc(".if (0)", CONTROL, ".endif"),
    "control in a subcircuit": rc(".subckt a b", CONTROL, ".ends"),
    "control behind a carriage return": rc("* remark\r" + CONTROL.replace("\n", "\r")),
    "control behind a form feed": rc("r9 in 0 1k\x0c" + CONTROL),
    "control behind a vertical tab": rc("r9 in 0 1k\x0b" + CONTROL),
    "control behind a line separator": rc("r9 in 0 1k\u2028" + CONTROL),
    "control behind a next line": rc("r9 in 0 1k\x85" + CONTROL),
    "control behind a zero": rc("r9 in 0 1k\0\n" + CONTROL),
    "control behind a zero at the start": rc("\0" + CONTROL),
    "control behind a byte order mark": top("\ufeff" + CONTROL + RC),
    "control in the first line": top(CONTROL + RC),
    "control in two lines": rc(".con", f"+trol {SHELL}"),
    "control before the circuit": top("* title\n" + CONTROL + RC),
    "end of a control block": rc(".endc"),
    "text after the end": top("* title\n" + RC + ".end\n" + CONTROL + SHELL + "\n"),
    "end in a section": rc(".lib a.lib tt") | {"a.lib": f".lib tt\n.end\n.endl\n{CONTROL}"},
    "command in a comment": rc(f"*#{SHELL}"),
    "command in an indented comment": rc(f"    *#{SHELL}"),
    "command in a comment with a space": rc(f"*# {SHELL}"),
    "command in a comment of an include": rc(".include a.lib") | {"a.lib": f"*#{SHELL}\n"},
    "command as the title": top(f"*#{SHELL}\n" + RC),
    "command behind a hash": rc(f"#{SHELL}", f"#!{SHELL}"),
    "command behind a dollar": rc(f"${SHELL}"),
    "command as an element": rc(SHELL),
    "source as an element": rc("source a.lib") | {"a.lib": CONTROL},
    "commands as cards": rc(f".{SHELL}", f".exec {SHELL}"),
    "command before the parser": rc(f".pre_{SHELL}"),
    "quit": rc(".control\nquit\n.endc"),
    "quit as a card": rc(".quit"),
    "backquote in the title": top("* `touch canary`\n" + RC),
    "backquote in a parameter": rc(".param x=`touch canary`"),
    "backquote in a save": rc(".save `touch canary`"),
    "backquote in an option": rc(".options temp=`touch canary`"),
    "backquote in an element": rc("r9 in 0 `touch canary`"),
    "backquote in a file name": rc('.include "`touch canary`.lib"'),
    "dollar and brackets": rc(".param x=$(touch canary)", ".save $(touch canary)"),
    "semicolon": rc(f".save v(out); {SHELL}", f".param x=1 ; {SHELL}"),
    "redirected save": rc(".save v(out) > canary"),
    "redirected print": rc(".print tran v(out) > canary"),
    "redirected plot": rc(".plot tran v(out) > canary"),
    "redirected measurement": rc(".meas tran x max v(out) > canary"),
    "pipe as an include": rc(".include |touch canary"),
    "title card": rc(".title `touch canary`; shell touch canary"),
    "start-up file": rc() | {".spiceinit": f"{SHELL}\n", "spice.rc": f"{SHELL}\n", "spinit": f"{SHELL}\n"},
    "start-up file by include": rc(".include .spiceinit") | {".spiceinit": f"{SHELL}\n"},
    "option: raw file": rc(".options rawfile=canary"),
    "option: source path": rc(".options sourcepath=/"),
    "option: editor": rc(".options editor=canary"),
    "option: compatibility": rc(".options ngbehavior=all"),
    "option: among good ones": rc(".options reltol=1e-4 rawfile=canary method=gear"),
    "option: in quotes": rc(".options 'rawfile'=canary"),
    "option: continued": rc(".options reltol=1e-4", "+ rawfile=canary"),
    "write card": rc(".write canary v(out)"),
}

PROCESS = 'process_file="./evil.sh"'
EVIL: Files = {"evil.sh": "#!/bin/sh\ntouch canary\n", "evil.cm": b"\x7fELF", "evil.so": b"\x7fELF"}
CODE: dict[str, Files] = {
    "process": rc("a1 [in] clk null [out] m", f".model m d_process ({PROCESS})") | EVIL,
    "process in a library": rc(".include a.lib", "x1 in out bad")
    | EVIL
    | {"a.lib": f".subckt bad a b\nA1 [a] c null [b] m\n.model m d_process({PROCESS})\n.ends\n"},
    "process continued": rc("a1 [in] clk null [out] m", ".model m", "+ d_process", f"+ ({PROCESS})") | EVIL,
    "process glued": rc(".model m d \\\\", f"d_process ({PROCESS})") | EVIL,
    "process through a parameter": rc(".param kind=d_process", ".model m {kind} (level=1)") | EVIL,
    "process without a device": rc(".model m d_process") | EVIL,
    "process through poly": rc(f"e1 b 0 poly(1) in 0 0 1 ]) .model m d_process ({PROCESS})") | EVIL,
    "process as a kind after another": rc(f".model m d(is=1) d_process ({PROCESS})") | EVIL,
    "digital library": rc("a1 [in] [out] m", '.model m d_cosim(simulation="./evil.so")') | EVIL,
    "code model": rc(".codemodel ./evil.cm") | EVIL,
    "compiled Verilog-A": rc(".osdi ./evil.so", "n1 in out m", ".model m evil") | EVIL,
    "Verilog-A card": rc('.hdl "evil.so"', ".pre_osdi evil.so") | EVIL,
    "gate": rc("u1 dff(1) in out") | EVIL,
    "file source": rc("a1 %v([out]) m", '.model m filesource (file="SECRET")'),
    "digital source": rc("a1 [out] m", '.model m d_source (input_file="SECRET")'),
    "state machine": rc("a1 [in] clk null [out] m", '.model m d_state (state_file="SECRET")'),
    "table": rc("a1 in out 0 m", '.model m table2d (file="SECRET")'),
    "waveform from a file": rc('v9 b 0 pwl file="SECRET"', "r9 b 0 1"),
    "waveform from another file": rc('v9 b 0 wavefile="SECRET" chan=0', "r9 b 0 1"),
    "waveform from a file without a sign": rc('v9 b 0 pwl file "SECRET"', "r9 b 0 1"),
    "b source from a file": rc('b9 b 0 v=table(time) tablefile = "SECRET"'),
    "external value": rc("v9 b 0 dc 0 external", "r9 b 0 1"),
}

READING: dict[str, Files] = {
    "absolute path": rc(".include SECRET"),
    "absolute path in quotes": rc('.include "SECRET"'),
    "absolute path in single quotes": rc(".INC 'SECRET'"),
    "absolute path of a library": rc(".lib SECRET tt"),
    "absolute path with a suffix": rc(".includexyz SECRET"),
    "absolute path in an include": rc(".include a.lib") | {"a.lib": ".include SECRET\n"},
    "passwords": rc(".include /etc/passwd"),
    "password library": rc(".lib /etc/passwd root"),
    "folder above": rc(".include ../secret.lib"),
    "folder above and down": rc(".include sub/../../secret.lib") | {"sub/a.lib": ""},
    "home": rc(".include ~/secret.lib", ".include ~root/.profile"),
    "home variable": rc(".include $HOME/secret.lib", ".include {HOME}/secret.lib"),
    "address": rc(".include file://SECRET"),
    "environment": rc(".include /proc/self/environ"),
    "endless device": rc(".include /dev/zero"),
    "standard input": rc(".include /dev/stdin"),
    "link to a file": rc(".include link.lib") | {"link.lib -> ../secret.lib": ""},
    "link to a folder": rc(".include out/secret.lib") | {"out -> ..": ""},
    "link to a link": rc(".include one.lib") | {"one.lib -> two.lib": "", "two.lib -> ../secret.lib": ""},
    "links in a circle": rc(".include one.lib") | {"one.lib -> two.lib": "", "two.lib -> one.lib": ""},
    "folder": rc(".include ."),
    "pipe": rc(".include fifo.lib") | {"fifo.lib |": ""},
    "missing": rc(".include gone.lib"),
    "zero in a path": rc(".include a\0.lib"),
    "long path": rc(".include " + "a/" * 400 + "x.lib"),
    "longer path": rc(".include " + "a" * 40_000 + " b c"),
    "itself": rc(".include my.cir"),
    "itself by another name": rc(".include me.cir") | {"me.cir -> my.cir": ""},
    "one another": rc(".include a.lib") | {"a.lib": ".include b.lib\n", "b.lib": ".include a.lib\n"},
    "section of itself": rc(".lib a.lib tt") | {"a.lib": ".lib tt\n.lib a.lib tt\n.endl\n"},
    "long chain": rc(".include 0.lib") | {f"{n}.lib": f".include {n + 1}.lib\n" for n in range(40)} | {"40.lib": "r9 in 0 1"},
    "doubling": rc(".include 0.lib")
    | {f"{n}.lib": f".include {n + 1}.lib\n" * 2 for n in range(14)}
    | {"14.lib": "r9 in 0 1\n"},
    "doubling in subcircuits": rc(".include 0.lib")
    | {
        f"{n}.lib": f".subckt a{n} b\n.include {n + 1}.lib\n.ends\n.subckt b{n} b\n.include {n + 1}.lib\n.ends\n"
        for n in range(14)
    }
    | {"14.lib": "r9 in 0 1\n"},
    "one large remark again and again": rc(*(f".subckt s{n} a\n.include a.lib\n.ends" for n in range(100)))
    | {"a.lib": "*" * 1_900_000},
}

SIZE: dict[str, Files] = {
    "endless": rc().copy() | {"my.cir": "* t\n" + RC.replace("10u 5m", "1p 1e9")},
    "endless, kept short": top("* t\n" + RC.replace(".tran 10u 5m", ".options interp\n.tran 1 1e6 0 1n")),
    "endless and chatty": top("* t\nv1 in 0 sin(0 1 1g)\nr1 in out 1k\nc1 out 0 1n\n.tran 1n 1\n.save none\n"),
    "many points": top("* t\n" + RC.replace("10u 5m", "1n 100m")),
    "subcircuits by powers of ten": rc("x1 in s9", ".subckt s0 a", "r1 a 0 1k", ".ends")
    | {
        "my.cir": "* t\n"
        + RC
        + "x1 in s9\n.subckt s0 a\nr1 a 0 1k\n.ends\n"
        + "".join(f".subckt s{n} a\n" + "".join(f"x{m} a s{n - 1}\n" for m in range(10)) + ".ends\n" for n in range(1, 10))
    },
    "subcircuit in itself": rc("x1 in s", ".subckt s a", "x1 a s", ".ends"),
    "subcircuits in one another": rc("x1 in s", ".subckt s a", "x1 a t", ".ends", ".subckt t a", "x1 a s", ".ends"),
    "long line": rc("r9 in 0 " + "1" * 1_000_000),
    "long line of letters": rc(".param " + "a" * 49_000),
    "long line of assignments": rc(".param " + " ".join(f"p{n}=1" for n in range(5_000))),
    "long line in many pieces": rc("v9 b 0 pwl(0 0", *(f"+ {n}u 1" for n in range(100_000)), "+)"),
    "long waveform": rc("v9 b 0 pwl(" + " ".join(f"{n}u {n % 7}" for n in range(1, 5_000)) + ")", "r9 b 0 1k"),
    "large file": top("* t\n" + "r9 in 0 1k\n" * 300_000),
    "many lines": top("* t\n" + RC + "".join(f"r9{n} in 0 1k\n" for n in range(60_000))),
    "many library lines": top("* t\n" + RC + ".lib x\n" * 200_000),
    "many tran": top("* t\n" + RC + ".tran 1u 1m\n" * 50_000),
    "brackets in a source": rc("b9 b 0 v=" + "(" * 5_000 + "1" + ")" * 5_000),
    "brackets in a parameter": rc(".param x={" + "(" * 5_000 + "1" + ")" * 5_000 + "}", "r9 in 0 {x}"),
    "braces": rc(".param x=" + "{" * 5_000 + "1" + "}" * 5_000),
    "brackets that stay open": rc("b9 b 0 v=" + "(" * 20_000),
    "minus signs": rc("b9 b 0 v=" + "-" * 20_000 + "1"),
    "conditions": rc(*[".if (1)"] * 3_000, "r9 in 0 1k", *[".endif"] * 3_000),
    "conditions that stay open": rc(*[".if (1)"] * 3_000),
    "parameters in a circle": rc(".param a={b}", ".param b={a}", "r9 in 0 {a}"),
    "function of itself": rc(".func f(x) {f(x)+1}", "r9 in 0 {f(1)}", "b9 b 0 v=f(1)"),
    "functions by powers of two": rc(
        ".func f0(x) {x}", *(f".func f{n}(x) {{f{n - 1}(x)+f{n - 1}(x)}}" for n in range(1, 30)), "b9 b 0 v=f29(time)"
    ),
    "long node": rc("r9 in " + "n" * 20_000 + " 1k", "r8 " + "n" * 20_000 + " 0 1k"),
    "many nodes on a subcircuit": rc(
        "x1 " + "in " * 5_000 + " s", ".subckt s " + " ".join(f"n{n}" for n in range(5_000)), ".ends"
    ),
}

ODD: dict[str, Files] = {
    "empty": top(""),
    "only a title": top("* title\n"),
    "only an end": top(".end\n"),
    "only line ends": top("\n\n\n\n"),
    "zeros": top(b"\0" * 1000),
    "noise": top(np.random.default_rng(1).bytes(20_000)),
    "printable noise": top("* t\n" + "".join(chr(c) for c in np.random.default_rng(2).integers(32, 127, 20_000))),
    "two bytes a letter": top(("* t\n" + RC).encode("utf-16")),
    "another alphabet": top(("* t\n" + RC + "rü in 0 1k\n").encode("latin-1")),
    "cyrillic o": rc("r9 \u043eut 0 1k"),
    "right to left": rc("r9 in 0 1k \u202e.control"),
    "zero in a value": rc("r9 in 0 1\0k"),
    "escape sequence": rc("\x1b[2Jr9 in 0 1k", "r8 in 0 \x1b]0;x\x07"),
    "escape sequence in the title": top("* \x1b[2J\x1b]0;x\x07\n" + RC),
    "format": rc("r%s%n%n%n in %s%s%n 1k", "r8 %s%s%n 0 1k"),
    "constants as nodes": rc("r9 in c 1k", "r8 c e 1k", "r7 e i 1k", "r6 i pi 1k", "r5 pi 0 1k"),
    "more constants": rc("r9 in boltz 1k", "r8 boltz yes 1k", "r7 yes false 1k", "r6 false kelvin 1k", "r5 kelvin 0 1k"),
    "words as nodes": rc(
        "r9 in all 1k", "r8 all none 1k", "r7 none 0 1k", "r6 in time 1k", "r5 time temper 1k", "r4 temper 0 1"
    ),
    "time as a node": rc("r9 in time 1k", "r8 time 0 1k"),
    "parameters called as functions": rc(".param sin=1 time=2 v=3 temper=4", "b9 b 0 v=sin(time)"),
    "no analysis": top("* t\n" + RC.replace(".tran", "*")),
    "two analyses": rc(".tran 1u 1m"),
    "another analysis": rc(".op", ".ac dec 10 1 1meg"),
    "negative time": top("* t\n" + RC.replace("10u 5m", "-1u -1m")),
    "no time": top("* t\n" + RC.replace("10u 5m", "0 0")),
    "half an analysis": top("* t\n" + RC.replace("10u 5m uic", "10u")),
    "analysis of letters": top("* t\n" + RC.replace("10u 5m", "fast slow")),
    "endless numbers": rc("r9 in 0 1e999", "c9 in 0 -1e999", "l9 in 0 1e-999"),
    "no value": rc("r9 in 0", "c9", "q"),
    "division by zero": rc("b9 b 0 v=1/v(zero)", "r9 zero 0 1"),
    "sources against one another": rc("v8 in 0 2"),
    "loop of coils": rc("l8 in 0 1u", "l9 in 0 1u", "k1 l8 l9 2"),
    "no ground": top("* t\nr1 a b 1k\nv1 a b 1\n.tran 1u 1m\n"),
    "unknown subcircuit": rc("x1 in out nobody"),
    "subcircuit without an end": rc(".subckt s a b", "r1 a b 1"),
    "end without a subcircuit": rc(".ends", ".ends s"),
    "unknown model": rc("d9 in 0 nobody", "q9 in out 0 nobody"),
    "unknown function": rc("b9 b 0 v=system(1)", ".param x={system(1)}"),
    "half an expression": rc("b9 b 0 v=1+*", "b8 c 0 v=)("),
    "unknown node saved": rc(".save v(nobody) i(nobody) @nobody[x]"),
    "nothing saved": rc(".save none"),
    "continued title": top("* t\n+ .control\n" + RC),
    "only continuations": top("+\n+ r1\n+\n"),
    "element of a sign": rc("%1 in 0 1k", "? in 0", "= in 0 1k", "( in 0 1k"),
    "sizes that do not fit": rc("m1 in out 0 0 mm w=-1 l=0", ".model mm nmos (level=999)"),
    "noise source": rc("v9 b 0 dc 0 trnoise(1 1p 0 0)", "r9 b 0 1k"),
}

DECKS = {
    f"{kind}: {name}": files
    for kind, decks in (("command", COMMANDS), ("code", CODE), ("reading", READING), ("size", SIZE), ("odd", ODD))
    for name, files in decks.items()
}

# these are refused before ngspice sees anything of them, and the sentence names what is wrong
REFUSED = {
    **dict.fromkeys((f"command: {name}" for name in COMMANDS if name.startswith("control ")), ""),
    **dict.fromkeys(
        (f"command: {name}" for name in COMMANDS if name.startswith("option: ")), "is not allowed|cannot be read|names a file"
    ),
    **dict.fromkeys((f"code: {name}" for name in CODE), ""),
    "command: backquote in a parameter": "backquote",
    "reading: absolute path": "secret.lib lies outside the folder",
    "reading: passwords": "passwd lies outside the folder",
    "reading: folder above": "secret.lib lies outside the folder",
    "reading: link to a file": "link.lib lies outside the folder",
    "reading: endless device": "zero lies outside the folder",
    "reading: pipe": "no regular file",
    "reading: itself": "includes itself",
    "reading: itself by another name": "includes itself",
    "reading: one large remark again and again": "add up to more than 20 MB",
    "reading: doubling in subcircuits": "or 1000 files",
    "size: large file": "larger than 2 MB",
    "size: long line": "more than 50000 characters",
    "odd: nothing saved": "saves nothing",
    "odd: two analyses": "exactly one .tran",
    "odd: another analysis": "remove this line",
}


@pytest.fixture(scope="module")
def confined() -> Iterator[Ngspice]:
    with Ngspice(Limits(cpu=100, memory=1_000_000_000)) as engine:
        try:
            engine.library()
        except SimulatorMissing as error:
            if "CI" in os.environ:
                raise
            pytest.skip(str(error))
        yield engine


def lay(folder: Path, files: Files) -> Path:
    """Put the files of a deck into ``folder``/box, a secret beside it. `a -> b` is a link, `a |` a named pipe."""
    (folder / "secret.lib").write_text(f"x9 in {SECRET}\n", encoding="utf-8")
    box = folder / "box"
    box.mkdir()
    for name, content in files.items():
        if " -> " in name:
            link, target = name.split(" -> ")
            (box / link).symlink_to(target)
        elif name.endswith(" |"):
            os.mkfifo(box / name.removesuffix(" |"))
        else:
            (box / name).parent.mkdir(exist_ok=True)
            data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
            data = data.replace(b"canary", str(folder / "canary").encode()).replace(
                b"SECRET", str(folder / "secret.lib").encode()
            )
            (box / name).write_bytes(data)
    if (box / "evil.sh").exists():
        (box / "evil.sh").chmod(0o755)
    return box / "my.cir"


def good(engine: Ngspice) -> None:
    signals = engine.run("* good\n" + RC + ".end\n", timeout=20.0)
    np.testing.assert_allclose(signals["out"], 1.0 - np.exp(-signals["time"] / 1e-3), atol=1e-3)


@pytest.mark.parametrize("name", DECKS)
def test_no_deck_does_harm(name: str, confined: Ngspice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lay(tmp_path, DECKS[name])
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = set(tmp_path.rglob("*"))
    refusal = None
    try:
        said = " ".join(confined.run(deck(read_untrusted(path)), timeout=TIMEOUT))
    except LuisimError as error:
        refusal = error
        said = " ".join((str(error), *getattr(error, "log", ())))
    if name in REFUSED:
        assert isinstance(refusal, ParameterError)
        assert re.search(REFUSED[name], str(refusal))
    if refusal is not None:
        assert re.fullmatch(r"[^\n\x1b]+[.!]", str(refusal))
    assert SECRET not in said
    assert set(tmp_path.rglob("*")) == before  # no canary, and nothing else
    good(confined)


def test_limits_end_a_run_that_nobody_waits_for() -> None:
    endless = "* t\n" + RC.replace(".tran 10u 5m", ".options interp\n.tran 1 1e6 0 1n") + ".end\n"
    with Ngspice(Limits(cpu=2)) as engine:
        with pytest.raises(SimulationError, match="ngspice was ended by signal"):
            engine.run(endless, timeout=300.0)
        with pytest.raises(SimulationError, match="needs more memory than it may have"):
            engine.run("* t\n" + RC.replace("10u 5m", "1n 1") + ".end\n")
        good(engine)


def test_the_trap_works(tmp_path: Path) -> None:
    """The same decks in a bare ngspice: the command is executed and the secret comes out, so the tests above can see it."""
    program = find_executable()
    if program is None:
        pytest.skip("no ngspice program")
    for name, deed in (
        ("command: control", "canary"),
        ("command: command in a comment", "canary"),
        ("reading: absolute path", SECRET),
    ):
        folder = tmp_path / deed / name.replace(" ", "-").replace(":", "")
        folder.mkdir(parents=True)
        path = lay(folder, DECKS[name])
        done = subprocess.run([program, "-b", path], cwd=path.parent, capture_output=True, text=True, timeout=60, check=False)
        if deed == "canary":
            assert (folder / "canary").exists(), name
        else:
            assert deed in done.stdout + done.stderr


def test_there_are_enough_of_them() -> None:
    assert len(DECKS) >= 60

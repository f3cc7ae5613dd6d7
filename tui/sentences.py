# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences: what the library says to a person, in the language that is spoken.

The library speaks English. A sentence of it is recognised here by its form, and its fields are put into the German one; a
field may be a sentence itself (``board cannot run xor: an Arduino measures ...``). What is not known stays as it is.
"""

import re
import string
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from tui.language import N_, _, decimal

# the longer form of two that fit stands first
FORMS: Final = (
    # values that a person types
    N_("{name} = {value} is out of range: allowed is {low} to {high}, the part of the trimmer's way."),
    N_("{name} = {value} is out of range: allowed is {range}."),
    N_("{name} = {value} is not a number; write it like {example}."),
    N_("{name} must be a number such as {example}, not {value}."),
    N_("{name} = {value}: the suffix {suffix} does not fit; {again} takes {wanted}, as in {example}."),
    N_("{name} = {value} is not allowed: give 1 (excitatory) or -1 (inhibitory)."),
    # experiments and files
    N_("There is no experiment {name}; {hint} one of {names}, or a TOML file."),
    N_("There is no experiment file {path}; give a TOML file or the name of a shipped experiment."),
    N_("{path} cannot be read as a text file ({reason})."),
    N_("{file} is no valid TOML: {reason}. Texts and numbers with units need quotes."),
    N_('{file}: device = {device} is unknown; write device = "lui" or device = "hicann-x".'),
    N_("{where} has no key {key}; {hint}Known keys: {known}."),
    N_("{where} lacks the key {key}; add a line such as {example}"),
    N_(
        "There is no back end {name}: give circuit, model, board, board:PORT, board:simulated, or recording:PATH (shipped"
        " recordings: {names})."
    ),
    N_("There is no language {name}; give de (Deutsch) or en (English)."),
    N_("There are no glyphs {name}; give one of {names}."),
    # simulations
    N_("{source} cannot run {experiment}: {reason}"),
    N_("{source} failed unexpectedly ({error})."),
    N_("No libngspice was found that can be loaded{more}. Install it: {command}."),
    N_("PySpice cannot be imported ({error}). Install it: pip install PySpice==1.5."),
    N_("The process for ngspice cannot be started: {reason}."),
    N_("ngspice {fate} before it was done; try again, then look for an error in the netlist."),
    N_("ngspice {fate} while the circuit was live; start it again."),
    N_("ngspice stopped at t = {time} s: {reason}."),
    N_("ngspice refuses the deck: {reason}."),
    N_("ngspice refuses what was altered: {reason}."),
    N_("ngspice could not be halted; start the live circuit again."),
    N_("The run was stopped: {reason}."),
    N_("The model makes no progress at one point in time; please report this experiment."),
    N_("There is not enough memory for this run; record fewer boards or make it shorter."),
    N_('That is too much to record; add a line such as record = ["a", "b"] (or record = [] for spikes alone).'),
    N_("Live runs one board; choose an experiment with a single board (e)."),
    N_("it cannot run live (l: back to single runs)"),
    N_("Turn on the circuit (c) or the model (m) first."),
    N_("In a live circuit only the trimmers and the switches can be turned."),
    # a chip
    N_("The circuit solves neurons one by one and no network; run it on the model."),
    N_("An external voltage is read past the neuron circuit; run it on the model."),
    N_("Bypass mode has no membranes to show; use luisim chip, which shows spikes."),
    N_("The {kind} input is switched off; set {key}_input_enable = true in [neuron], or add a [calibration] table."),
    N_("There is no neuron {number} for a stimulus; the last one is neuron {last}."),
    N_('A chip takes stimuli of kind "spikes" and "voltage".'),
    N_("No neuron meets these targets; keep the reset below the threshold and the time constants within 2 to 30 us."),
    # recordings
    N_("no recording here; try {names}"),
    N_(
        "There is no recording {name}: give the path of a recorded folder or of a CSV file, or the name of a shipped one"
        " ({names})."
    ),
    N_("{name} is one picture in time; live shows folders that luisim record makes"),
    N_("{name} holds several boards; look at it with luisim replay, or export it."),
    N_("{name} holds several boards; live shows recordings of one board."),
    N_("The experiment is shorter than two samples of {name}; let it last longer."),
    N_("The recording {folder} cannot be begun ({reason}); choose another folder."),
    N_(
        "The recording in {folder} stopped: {reason}. What was measured until now is kept; make room on the disk and begin"
        " a new recording."
    ),
    N_("The recording in {folder} stopped: {reason}. Make room on the disk and begin anew."),
    N_("{folder} is no recording ({reason}); give a folder that luisim record has made."),
    N_("{folder} was recorded by a newer luisim; update this one."),
    N_("{folder} holds fewer than two samples; record for longer."),
    N_("{folder}: line {number} of samples.csv is damaged ({text}); delete that line."),
    # a board on the desk
    N_("{experiment} is not about Lu.i boards, and an Arduino measures only those."),
    N_("Input {input} has no wire to the Arduino; use input 1, 2 or 3."),
    N_("The measurement was stopped."),
    N_("an Arduino measures Lu.i boards only"),
    N_("an Arduino measures one board ([board] alone) or a network of 2 to {most}"),
    N_("an Arduino cannot inject a current into the membrane; use pulses into an input"),
    N_("an Arduino can only send pulses into inputs"),
    N_("its pulses have 5 V, so an amplitude of {value} is not possible"),
    N_("its shortest pulse has 50 us, not {value}"),
    N_("of several boards only input 1 has a wire to the Arduino, not input {input}"),
    N_("There are several Arduinos ({ports}); name one, as in --on board:{port}."),
    N_(
        "No Arduino was found: plug it in, and look with luisim ports. Without one, luisim simulate-board gives you a port."
        "{more}"
    ),
    N_("The board sent no samples; repeat, and look with luisim ports whether it is still there."),
    N_("The board on {port} sends no samples; unplug it, plug it in again, and repeat."),
    N_("The board on {port} fell silent; unplug it, plug it in again, and repeat."),
    N_("The board on {port} does not answer {command}; unplug it, plug it in again, and repeat."),
    N_("The board on {port} refuses {command}: {reason}."),
    N_("{reason} The measurement has a gap; repeat it."),
    N_("{reason} It did not come back within {seconds} s; plug it in and begin again."),
    N_("{count} frames were lost on the way; use another cable or port, and repeat."),
    N_("{port} was unplugged."),
    N_("{port} cannot do {baud} baud ({reason}); use 115200."),
    N_("{port} cannot do {baud} baud; use 115200, with four channels at most."),
    N_("The firmware on {port} speaks protocol {theirs}, this program {ours}; flash it anew: {command}"),
    # lessons
    N_("There is no lesson {name}; give a number from 0 to {last} (see luisim lesson list)."),
    N_("Lesson {number} has no answer {key}; it takes: {known}."),
    N_("Lesson {number} needs {points} settings of {knobs}, with commas between them; given: {count}."),
    N_("{key} has {count} values, but another setting has {other}; give as many."),
    N_("The answer {key} is missing: add --answer {key_again}=..., or type {key_too}=... in the lesson."),
    N_("{key} = {value} is not one of the answers: {allowed}."),
    N_("{text} is not an answer: write key=value, such as v_leak=0.7."),
    N_("tau has {count} values for {runs} settings; type one for each, with commas."),
    N_("winners needs {count} of {names}, with commas between them."),
    N_("{name}: {sentence}"),
)

# what a field of them may hold
PARTS: Final = (
    N_("{low} to {high}"),
    N_("the unit {unit}"),
    N_("no unit"),
    N_('"25 kOhm" or "25k"'),
    N_("did you mean {near}? Give"),
    N_("give"),
    N_("did you mean {near}? "),
    N_("; tried {names}"),
    N_("excitatory"),
    N_("inhibitory"),
    N_("none"),
)

# what the shipped files say: titles of experiments, and how a recorded board or neuron was set
SHIPPED: Final = (
    N_("Current source"),
    N_("Current step"),
    N_("Excitatory PSP"),
    N_("Inhibitory PSP"),
    N_("Stacked PSPs"),
    N_("Resting potential"),
    N_("Leak over threshold"),
    N_("A real board and its twins"),
    N_("Mutual inhibition"),
    N_("Logical AND"),
    N_("Logical OR"),
    N_("Logical NOT"),
    N_("Exclusive OR"),
    N_("Jeffress coincidence detector"),
    N_("Ring attractor"),
    N_("Synfire chain of five"),
    N_("Synfire ring of seven"),
    N_("Chip: a silent neuron"),
    N_("Chip: a chain of four compartments"),
    N_("Chip: leak over threshold"),
    N_("Chip: the neuron of the recording single_neuron_lot"),
    N_("Chip: the neuron of the recording girlsday_lot"),
    N_("Chip: winner takes all"),
    N_("Chip: 64 sources onto 512 neurons"),
    N_("Chip: external stimulation"),
    N_("Chip: fixed-pattern variations"),
    N_("Chip: synfire chain of ten groups"),
    N_("Chip: characteristic of the MADC"),
    N_("leak potential trimmer fully up, membrane trimmer at its high end, nothing wired to the inputs"),
    N_("threshold 300, reset 400, refractory 255; the leak was moved by hand"),
)

_WHOLE = frozenset(FORMS + PARTS + SHIPPED)
_AS_IT_IS = frozenset({"path", "file", "folder", "port", "ports", "command", "key", "near", "names"})
_OPTIONAL = frozenset({"hint", "more"})


def said(sentence: str) -> str:
    """The sentence of the library in the language that is spoken."""
    return _in_language(sentence, FORMS)


def _in_language(text: str, forms: Sequence[str]) -> str:
    if text in _WHOLE:
        return _(text)
    for form in forms:
        match = _pattern(form).fullmatch(text)
        if match is not None:
            return _(form).format(**_fields(match.groupdict()))
    return text


def _fields(found: Mapping[str, str]) -> dict[str, str]:
    return {name: text if name in _AS_IT_IS else decimal(_in_language(text, PARTS + FORMS)) for name, text in found.items()}


@cache
def _pattern(form: str) -> re.Pattern[str]:
    pieces = [
        re.escape(literal) + (f"(?P<{name}>.{'*' if name in _OPTIONAL else '+'}?)" if name else "")
        for literal, name, *_rest in string.Formatter().parse(form)
    ]
    return re.compile("".join(pieces), re.DOTALL)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The neuron of HICANN-X as a model: a pure step over arrays of neurons.

Membrane V, the two synaptic lines E and I, the adaptation capacitor W and the comparator's output X (fires at 1)::

    C dV/dt   = I_x tanh((V_x - V) / U_x)       x: the reset while it is on, else the leak; one OTA, two settings
                + I_exc(E, V) + I_inh(I, V) + I_constant
                + I_lim s(ln(I_e / I_lim) + (V - V_e) / n U_T)   s: logistic; an exponential that ends at I_lim
                - I_w tanh((W - W_ref) / U_w)
    dE/dt     = -E / tau_exc, a step at each event; I alike
    C_w dW/dt = C_w / tau_w (W_ref - W) + I_a tanh((V - V_a) / U_w) + I_b during the pulse
    dX/dt     = tanh((V - V_th) / U_c) / t_c, never below 0; held at 0 in the refractory period

A step is exponential Rosenbrock-Euler for V (exact where the law is linear, second order elsewhere, stable for any step),
exact for the lines and W with V held at its middle, and exact for X along a straight V, however narrow U_c is. Steps end at
what happens inside them: a spike, found by false position on X; the end of the reset, of the refractory period and of the
adaptation pulse, which are counted in clocks.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.electrical import Input, NeuronCircuit

Array = NDArray[np.float64]

_TIME_EPS = 1e-13  # s; far below anything that matters, far above rounding at a second


@dataclass(frozen=True)
class State:
    """n neurons at their own times: every field an (n,) array; times in s, ``x`` the comparator from 0 to 1, the rest V."""

    time: Array
    v: Array
    exc: Array
    inh: Array
    w: Array
    x: Array
    reset_until: Array
    refractory_until: Array
    pulse_until: Array

    def take(self, index: NDArray[np.intp]) -> "State":
        """Only the neurons at ``index``."""
        return State(*(getattr(self, f.name)[index] for f in fields(self)))

    def put(self, index: NDArray[np.intp], other: "State") -> "State":
        """With ``other`` in place of the neurons at ``index``."""
        values = []
        for f in fields(self):
            array = getattr(self, f.name).copy()
            array[index] = getattr(other, f.name)
            values.append(array)
        return State(*values)


@dataclass(frozen=True)
class Spikes:
    """Which neuron fired when: two (k,) arrays, in the order of time for each neuron."""

    neuron: NDArray[np.intp]
    time: Array


def resting(circuit: NeuronCircuit, time: float = 0.0) -> State:
    """Neurons as they are before an experiment: at the leak potential, or at the reset potential if the leak would fire."""
    fires = (circuit.fires > 0.0) & (circuit.v_leak > circuit.v_threshold)
    return settled(circuit, np.where(fires, circuit.v_reset, circuit.v_leak), time)


def settled(circuit: NeuronCircuit, v: Array, time: float) -> State:
    """Neurons whose membranes have stood at ``v`` for long."""
    pull = circuit.i_a * np.tanh((v - circuit.v_adapt_leak) / circuit.v_lin_adapt)
    zero, past = np.zeros(circuit.n), np.full(circuit.n, time)
    return State(past, v, zero, zero, circuit.v_adapt_ref + pull * circuit.tau_adapt / circuit.c_adapt, zero, past, past, past)


def events(circuit: NeuronCircuit, state: State, excitatory: Array | float = 0.0, inhibitory: Array | float = 0.0) -> State:
    """The state after synaptic events with these summed weights: of all neurons, or (n,)."""
    return replace(
        state,
        exc=state.exc + excitatory * circuit.excitatory.step,
        inh=state.inh + inhibitory * circuit.inhibitory.step,
    )


def step(circuit: NeuronCircuit, state: State, h: float, threshold_shift: Array | float = 0.0) -> tuple[State, Spikes]:
    """Every neuron ``h`` s later. ``threshold_shift``: (n,) V added to the threshold, its noise."""
    end = state.time + h
    shift = np.broadcast_to(np.asarray(threshold_shift, dtype=np.float64), (circuit.n,))
    state, fired = _piece(circuit, state, end, shift)
    neurons, times = [np.flatnonzero(fired)], [state.time[fired]]
    while (late := np.flatnonzero(end - state.time > _TIME_EPS)).size:
        part, fired = _piece(circuit.take(late), state.take(late), end[late], shift[late])
        neurons.append(late[fired])
        times.append(part.time[fired])
        state = state.put(late, part)
    return replace(state, time=end), Spikes(np.concatenate(neurons), np.concatenate(times))


def _piece(c: NeuronCircuit, s: State, end: Array, shift: Array) -> tuple[State, NDArray[np.bool_]]:
    """Up to ``end`` or to the first thing that happens before it; which of the neurons fire there."""
    h = next_stop(c, s, end, c.c_mem) - s.time
    new = _solve(c, s, h, shift)
    fired = new.x >= 1.0
    if not fired.any():
        return new, fired
    index = np.flatnonzero(fired)
    few, before = c.take(index), s.take(index)
    at_spike = _at_spike(few, before, new.take(index), h[index], shift[index])
    return new.put(index, fired_at(few, at_spike, np.ones(index.size, dtype=np.bool_))), fired


def next_stop(c: NeuronCircuit, s: State, end: Array, capacitance: Array) -> Array:
    """(n,) s up to which a step may go: ``end``, or what happens before it. ``capacitance``: what each OTA charges, in F."""
    now = s.time + _TIME_EPS
    # no longer than the OTA's time constant: from far away it would shoot past where it pulls to
    resets = s.reset_until > now
    i_ota, v_lin = np.where(resets, c.i_reset, c.i_leak), np.where(resets, c.v_lin_reset, c.v_lin_leak)
    limit = capacitance * v_lin / np.maximum(i_ota, 1e-15)
    stop: Array = np.minimum(end, s.time + limit)
    for until in (s.reset_until, s.refractory_until, s.pulse_until):
        stop = np.where(until > now, np.minimum(stop, until), stop)
    return stop


def fired_at(c: NeuronCircuit, s: State, fired: NDArray[np.bool_]) -> State:
    """The state in which those that ``fired`` (n,) have done so: their counters run from the next tick on."""
    tick = np.ceil(s.time / c.clock - 1e-6) * c.clock
    return replace(
        s,
        x=np.where(fired, 0.0, s.x),
        reset_until=np.where(fired, tick + c.n_reset * c.clock, s.reset_until),
        refractory_until=np.where(fired, tick + c.n_refractory * c.clock, s.refractory_until),
        pulse_until=np.where(fired, tick + c.n_pulse * c.clock, s.pulse_until),
    )


def _at_spike(c: NeuronCircuit, before: State, after: State, h: Array, shift: Array) -> State:
    """Where X reaches 1 within ``h``: false position, three times because X stands at 0 until V has crossed the threshold."""
    low, x_low, high, x_high = np.zeros_like(h), before.x, h, after.x
    state = after
    for _ in range(3):
        part = low + (high - low) * (1.0 - x_low) / (x_high - x_low)
        state = _solve(c, before, part, shift)
        early = state.x < 1.0
        low, x_low = np.where(early, part, low), np.where(early, state.x, x_low)
        high, x_high = np.where(early, high, part), np.where(early, x_high, state.x)
    return state


def _solve(c: NeuronCircuit, s: State, h: Array, shift: Array) -> State:
    """``h`` s later, with nothing happening in between."""
    current, slope = membrane_current(c, s, h)
    z = slope / c.c_mem * h
    return moved(c, s, h, s.v + h * phi(z) * current / c.c_mem, shift)


def phi(z: Array) -> Array:
    """(exp(z) - 1) / z."""
    value: Array = np.where(np.abs(z) > 1e-8, np.expm1(z) / np.where(z == 0.0, 1.0, z), 1.0)
    return value


def membrane_current(c: NeuronCircuit, s: State, h: Array) -> tuple[Array, Array]:
    """What all blocks of a circuit drive into its membrane over the next ``h`` s: (n,) A, and its slope with V in S."""
    now = s.time + _TIME_EPS
    resets, refractory = s.reset_until > now, s.refractory_until > now
    # one OTA: switched to the reset's bias and reference while the reset is on
    i_ota = np.where(resets, c.i_reset, c.i_leak)
    v_lin = np.where(resets, c.v_lin_reset, c.v_lin_leak)
    pull = np.tanh((np.where(resets, c.v_reset, c.v_leak) - s.v) / v_lin)
    current = i_ota * pull + c.i_constant
    slope = -i_ota / v_lin * (1.0 - pull * pull)
    for line, receptor in ((s.exc, c.excitatory), (s.inh, c.inhibitory)):
        if receptor.i_out.any():
            i, g = _input_current(receptor, line * np.exp(-0.5 * h / receptor.tau), s.v)
            current, slope = current + i, slope + g
    if c.i_exp.any():
        drive = np.log(np.maximum(c.i_exp, 1e-30) / c.exp_limit) + (s.v - c.v_exp) / c.exp_slope
        part = 1.0 / (1.0 + np.exp(-np.clip(drive, -80.0, 80.0)))
        off = (c.i_exp == 0.0) | (refractory & (c.exp_pause > 0.0))
        i = np.where(off, 0.0, c.exp_limit * part)
        current, slope = current + i, slope + i * (1.0 - part) / c.exp_slope
    if c.i_adapt.any():
        w_half = _adaptation(c, s, s.v, 0.5 * h, now)
        current = current - c.i_adapt * np.tanh((w_half - c.v_adapt_ref) / c.v_lin_adapt)
    return current, slope


def moved(c: NeuronCircuit, s: State, h: Array, v: Array, shift: Array) -> State:
    """``h`` s later, when the membrane has come to ``v``, with nothing happening in between."""
    now = s.time + _TIME_EPS
    w = _adaptation(c, s, 0.5 * (s.v + v), h, now) if c.i_adapt.any() else s.w
    x = s.x
    if c.fires.any():
        rise = h * _mean_drive(s.v - c.v_threshold - shift, v - s.v, s.x > 0.0, c.comparator_width) / c.comparator_delay
        x = np.where((s.refractory_until > now) | (c.fires == 0.0), 0.0, np.maximum(s.x + rise, 0.0))
    return State(
        s.time + h,
        v,
        s.exc * np.exp(-h / c.excitatory.tau),
        s.inh * np.exp(-h / c.inhibitory.tau),
        w,
        x,
        s.reset_until,
        s.refractory_until,
        s.pulse_until,
    )


def _mean_drive(over: Array, change: Array, charged: NDArray[np.bool_], width: Array) -> Array:
    """Mean of tanh(input / width) over a step in which the comparator's input runs straight from ``over`` by ``change``.

    While the output lies at 0 (not ``charged``) an input below 0 does nothing.
    """
    start, end = over / width, (over + change) / width
    crosses = ~charged & (start < 0.0) & (end > 0.0)
    gained = _log_cosh(end) - np.where(crosses, 0.0, _log_cosh(start))
    flat = np.abs(end - start) < 1e-6
    return np.where(flat, np.tanh(0.5 * (start + end)), gained / np.where(flat, 1.0, end - start))


def _log_cosh(x: Array) -> Array:
    size = np.abs(x)
    value: Array = size + np.log1p(np.exp(-2.0 * size)) - np.log(2.0)
    return value


def _input_current(receptor: Input, line: Array, v: Array) -> tuple[Array, Array]:
    """The input's current into the membrane in A and its slope with V in S."""
    drive = receptor.i_out * np.tanh((line + receptor.offset) / receptor.v_lin)
    if not receptor.coba.any():
        return drive, np.zeros_like(drive)
    away = np.tanh((receptor.reversal - v) / receptor.v_lin_coba)
    coba = receptor.coba > 0.0
    return np.where(coba, drive * away, drive), np.where(coba, -drive * (1.0 - away * away) / receptor.v_lin_coba, 0.0)


def _adaptation(c: NeuronCircuit, s: State, v: Array, h: Array, now: Array) -> Array:
    """W after ``h`` s with the membrane held at ``v``."""
    charge = c.i_a * np.tanh((v - c.v_adapt_leak) / c.v_lin_adapt) + np.where(s.pulse_until > now, c.i_b, 0.0)
    goal = c.v_adapt_ref + charge * c.tau_adapt / c.c_adapt
    return goal + (s.w - goal) * np.exp(-h / c.tau_adapt)

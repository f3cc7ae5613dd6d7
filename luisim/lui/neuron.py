# SPDX-License-Identifier: GPL-3.0-or-later
"""The Lu.i neuron as a model: a pure step from one event to the next, exact in between.

Five states carry it: the membrane potential V (on C5), the integrator's voltage u = V_syn - V_x (on C2), the one-shot's
voltage (on C9), and two latches: the threshold comparator and the output. With g_i the conductance that pulse i switches to
its rail V_i, and k the dividers R10/(R10+R11) and R13/(R12+R13)::

    C_syn du/dt = -(I_in + u / R_syn),   I_in = sum g_i (V_i - V_x),   V_x = VDD/2 until V_syn meets a rail
    C_mem dV/dt = (V_leak - V) / R_leak  (at most the follower's short-circuit current)
                  + min(k (VDD - V_syn), VDD - V) / R14     push source, starved near VDD
                  - min(k V_syn, V) / R15                   pull source, starved near 0 V: the "triode floor"
                  + I_offset + I_stimulus - I_reset(V)

Every right-hand side is linear as long as no source starves, no rail is met and no latch flips. So a step solves the linear
piece in closed form (two exponentials), finds the first of these events inside it, and ends there. Left out: anything faster
than 50 us (op-amp glitches, comparator delay, C9's 10 us discharge) and the 1 ms filter of VDD/2 under a drooping supply.
"""

from bisect import bisect_right
from dataclasses import dataclass
from math import atan, exp, floor, inf, log
from typing import NamedTuple

from luisim.lui.crossing import TOLERANCE, first_crossing
from luisim.lui.parameters import LuiParameters
from luisim.lui.rails import RAIL_DROP, RAIL_RESISTANCE, RESET_CORNERS, VU_LAMPS, Rails, rails
from luisim.lui.temperature import at_temperature

_SYNAPSE_ON_N = 6.0  # Ohm, 2SK3018 on 3 V: 5 to 7 typical in the data sheet
_DISCHARGED = 1.1e-3  # V left on C9 while Q11 conducts: R26 and Q11 against R27
_LEAST_RESISTANCE = 1.0  # Ohm: a trimmer at its end stop
# S: where the leak follower and Q9 both give all they can (10 mA), nothing else would bound the closed form
_LEAST_CONDUCTANCE = 1e-6
# A comparator's bias current flows out of its lower input: into the membrane for each VU LED that is not lit, one step of it
# at each tap, which the width of the comparators' input stages (60 mV) makes a slope. The stated offset current is that at
# 3.2 taps, 0.67 V at 3 V (fitted to the reference simulation).
_TAPS_OF_OFFSET = 3.2
_LAMP_HYSTERESIS = 0.5e-3  # V: an LM339's output needs this much to swing
_C_STAIR, _NO_DERATING = 0.1, 1e3  # V

# what ends a piece: an event's name, and sign * (V - level - gain * V_syn), which is positive inside the piece
Guard = tuple[str, float, float, float]


class State(NamedTuple):
    """Where a board is. ``v_mem``, ``u`` (integrator capacitor), ``v_ref`` (one-shot capacitor) in V.

    ``above``: the threshold comparator's latch. ``output``: the output's latch. ``lamps``: lit VU LEDs, followed only where
    a battery's resistance makes them matter.
    """

    v_mem: float
    u: float
    v_ref: float
    above: bool = False
    output: bool = False
    lamps: int = 0


class Drive(NamedTuple):
    """What acts on a board from outside: which inputs are high, and the current into the membrane pad in A."""

    inputs: tuple[bool, bool, bool] = (False, False, False)
    current: float = 0.0


@dataclass(frozen=True, slots=True)
class Piece:
    """One linear piece of a run: ``duration`` in s, the state at its ``end``, and the closed form in between.

    V(t) = v_inf + v_fast exp(-t/tau_v) + v_slow exp(-t/tau_u) and V_syn(t) = s_inf + s_slow exp(-t/tau_u).
    """

    duration: float
    end: State
    rate_v: float
    rate_u: float
    v_inf: float
    v_fast: float
    v_slow: float
    s_inf: float
    s_slow: float
    v_out: float


class Neuron:
    """One board with its trimmers set, ready to step. ``loads``: how many inputs its output drives."""

    def __init__(self, parameters: LuiParameters, loads: int = 0) -> None:
        parameters = at_temperature(parameters)
        parts = parameters.parts
        self.parameters = parameters
        self._parts = parts
        self._loads = loads
        self._droops = parameters.r_battery > 0.0
        self._rails: dict[tuple[int, bool], Rails] = {}
        self._k_push = parts.r_push_top / (parts.r_push_top + parts.r_push_bottom)
        self._k_pull = parts.r_pull_bottom / (parts.r_pull_top + parts.r_pull_bottom)
        at_rail = rails(parameters).leak_at_rail
        self._g_leak = 1.0 / (max(parameters.r_leak, _LEAST_RESISTANCE) + (RAIL_RESISTANCE if at_rail else 0.0))
        self._g_syn = 1.0 / max(parameters.r_syn, _LEAST_RESISTANCE)
        self._weight = tuple(max(r, 0.0) + parts.r_weight_series for r in parameters.r_weight)
        # synapse transistors that are off still leak: BSS84 to VDD in each, 2SK3018 to ground where the switch is at "-"
        self._off_to_vdd = 3.0 / parts.off_resistance_p
        self._off = self._off_to_vdd + parameters.sign.count(-1) / parts.off_resistance_n
        self._rate_ref = 1.0 / (parts.r_one_shot * parts.c_ref)
        # the stated offset current holds at 3 V for RV4 at 11k and all switches at "+", leakage of the synapses included
        leakage = 3.0 * (1.5 / parts.off_resistance_p) * 11e3
        self._offset = parts.offset_current - (self._k_push / parts.r_push + self._k_pull / parts.r_pull) * leakage
        self._offset -= parts.offset_push / parts.r_push + parts.offset_pull / parts.r_pull

    def rest(self, v_mem: float = 0.0, v_syn: float | None = None) -> State:
        """The state just after switching on: membrane at ``v_mem`` (V), integrator and one-shot at rest."""
        state = State(v_mem, 0.0, 0.0)
        while self._droops and state.lamps < VU_LAMPS and v_mem > self._at(state).lamps_up[state.lamps]:
            state = state._replace(lamps=state.lamps + 1)
        here = self._at(state)
        u = -(self._off_to_vdd * here.vdd - self._off * here.half) / self._g_syn if v_syn is None else v_syn - here.half
        fires = v_mem >= here.threshold
        return state._replace(u=u, v_ref=_DISCHARGED if fires else here.vdd, above=fires, output=fires)

    def step(self, state: State, drive: Drive, limit: float) -> Piece:
        """From ``state`` to the next event, or for ``limit`` s if nothing happens before. ``drive`` stays as it is."""
        here = self._at(state)
        rate_u, u_inf, s_const, s_gain, edges = self._integrator(state, drive, here)
        slow = state.u - u_inf
        s_inf, s_slow = s_const + s_gain * u_inf, s_gain * slow
        conductance, current, per_v_syn, guards = self._membrane(state, drive, here, s_const + s_gain * state.u)
        c_mem, borders = self._capacitance(state.v_mem)
        guards += borders

        rate_v = conductance / c_mem
        if abs(rate_v - rate_u) < 1e-7 * rate_u:
            rate_v *= 1.0 + 1e-6  # two equal time constants have no two-exponential form
        v_inf = (current + per_v_syn * s_inf) / conductance
        v_slow = per_v_syn * s_slow / c_mem / (rate_v - rate_u)
        v_fast = state.v_mem - v_inf - v_slow

        duration, event = limit, ""
        for name, sign, level, gain in guards:
            c, a, b = sign * (v_inf - level - gain * s_inf), sign * v_fast, sign * (v_slow - gain * s_slow)
            # a latch can lie behind us at once: where the supply has jumped past it
            behind = name and c + a + b < -TOLERANCE
            when = 0.0 if behind else first_crossing(c, a, rate_v, b, rate_u, duration)
            if when < duration:
                duration, event = when, name
        for name, sign, level in edges:
            when = first_crossing(sign * (u_inf - level), sign * slow, rate_u, 0.0, rate_u, duration)
            if when < duration:
                duration, event = when, name
        ref_end = self._one_shot_ends(state, here)
        if ref_end < duration:
            duration, event = ref_end, "output falls"

        e_v, e_u = exp(-rate_v * duration), exp(-rate_u * duration)
        end = State(
            v_inf + v_fast * e_v + v_slow * e_u,
            u_inf + slow * e_u,
            _DISCHARGED if state.above else here.vdd + (state.v_ref - here.vdd) * exp(-self._rate_ref * duration),
            state.above,
            state.output,
            state.lamps,
        )
        v_out = here.output_high if state.output else here.output_low
        end = self._after(end, event)
        return Piece(duration, end, rate_v, rate_u, v_inf, v_fast, v_slow, s_inf, s_slow, v_out)

    def constants(self) -> tuple[float, ...]:
        """What the kernel needs to step this board, in the order of its ``Board``, but for the place of the rails."""
        parts = self._parts
        return (
            *(self._g_leak, self._g_syn, *self._weight, *self.parameters.sign, self._off_to_vdd, self._off),
            *(self._rate_ref, self._offset, parts.c_syn, parts.c_mem, parts.c_mem_half, parts.r_push, parts.r_pull),
            *(self._k_push, self._k_pull, parts.comparator_bias, float(self._droops)),
        )

    def rails_table(self) -> list[tuple[float, ...]]:
        """The rails as the kernel's rows: one, or with a battery one for each number of lamps and each output."""
        if not self._droops:
            return [_row(self._at(State(0.0, 0.0, 0.0)))]
        states = [State(0.0, 0.0, 0.0, output=output, lamps=lamps) for lamps in range(VU_LAMPS + 1) for output in (False, True)]
        return [_row(self._at(state)) for state in states]

    def _at(self, state: State) -> Rails:
        key = (state.lamps, state.output) if self._droops else (0, False)
        found = self._rails.get(key)
        if found is None:
            found = self._rails[key] = rails(self.parameters, *key, loads=self._loads)
        return found

    def _integrator(
        self, state: State, drive: Drive, here: Rails
    ) -> tuple[float, float, float, float, list[tuple[str, float, float]]]:
        """Rate (1/s) and asymptote (V) of u, V_syn = constant + gain * u, and the edges where that law changes."""
        g, to_rails = self._off, self._off_to_vdd * here.vdd
        for pulse, weight, sign in zip(drive.inputs, self._weight, self.parameters.sign, strict=True):
            if pulse and sign > 0:
                g_i = 1.0 / (weight + here.synapse_on_p)
                g, to_rails = g + g_i, to_rails + g_i * here.vdd
            elif pulse:
                g += 1.0 / (weight + _SYNAPSE_ON_N)
        i_in = to_rails - g * here.half
        low = RAIL_DROP + RAIL_RESISTANCE * max(i_in, 0.0) - here.half
        high = here.vdd - RAIL_DROP + RAIL_RESISTANCE * min(i_in, 0.0) - here.half
        c, g_syn = self._parts.c_syn, self._g_syn
        at_low = state.u < low - TOLERANCE or (state.u <= low + TOLERANCE and -i_in - low * g_syn < 0.0)
        at_high = state.u > high + TOLERANCE or (state.u >= high - TOLERANCE and -i_in - high * g_syn > 0.0)
        if not (at_low or at_high):
            edges = [("", 1.0, low), ("", -1.0, high)]
            return g_syn / c, -i_in / g_syn, here.half, 1.0, edges
        # on the rail: V_syn = rail + r I_in with V_x = V_syn - u, so I_in = to_rails - g (V_syn - u)
        against = i_in > 0.0 if at_low else i_in < 0.0
        r = RAIL_RESISTANCE if against else 0.0
        rail = RAIL_DROP if at_low else here.vdd - RAIL_DROP
        constant, gain = (rail + r * to_rails) / (1.0 + r * g), r * g / (1.0 + r * g)
        through = to_rails - g * constant  # I_in = through + g (1 - gain) u
        rate = (g * (1.0 - gain) + g_syn) / c
        edge = ("", -1.0, low) if at_low else ("", 1.0, high)
        return rate, -through / c / rate, constant, gain, [edge]

    def _capacitance(self, v_mem: float) -> tuple[float, list[Guard]]:
        """C5 around ``v_mem`` in F, and the guards of that value: a ceramic capacitor loses capacitance under bias.

        C(V) = C / (1 + (V / V_half)^2) in stairs of 0.1 V, each with the mean over its width.
        """
        c, half = self._parts.c_mem, self._parts.c_mem_half
        if half >= _NO_DERATING:
            return c, []
        stair = floor(v_mem / _C_STAIR)
        low, high = stair * _C_STAIR, (stair + 1) * _C_STAIR
        mean = c * half * (atan(high / half) - atan(low / half)) / _C_STAIR
        return mean, [("", 1.0, low, 0.0), ("", -1.0, high, 0.0)]

    def _membrane(self, state: State, drive: Drive, here: Rails, v_syn: float) -> tuple[float, float, float, list[Guard]]:
        """Conductance (S), current (A) and its slope with V_syn (S) at the membrane, and the guards of this law."""
        parts, v = self._parts, state.v_mem
        conductance, per_v_syn = parts.comparator_bias / here.tap, 0.0
        current = self._offset + drive.current + parts.comparator_bias * _TAPS_OF_OFFSET
        guards: list[Guard] = []

        reach = here.leak_limit / self._g_leak
        if v < here.leak - reach:
            current += here.leak_limit
            guards.append(("", -1.0, here.leak - reach, 0.0))
        elif v > here.leak + reach:
            current -= here.leak_limit
            guards.append(("", 1.0, here.leak + reach, 0.0))
        else:
            current, conductance = current + self._g_leak * here.leak, conductance + self._g_leak
            if here.leak - reach > 0.0:
                guards.append(("", 1.0, here.leak - reach, 0.0))
            if here.leak + reach < here.vdd:
                guards.append(("", -1.0, here.leak + reach, 0.0))

        k = self._k_pull  # pull source: starved below V = k V_syn
        if v > k * v_syn:
            per_v_syn -= k / parts.r_pull
            guards.append(("", 1.0, 0.0, k))
        else:
            conductance += 1.0 / parts.r_pull
            guards.append(("", -1.0, 0.0, k))
        k = self._k_push  # push source: starved above V = VDD - k (VDD - V_syn)
        ceiling = here.vdd * (1.0 - k)
        if v < ceiling + k * v_syn:
            current, per_v_syn = current + k * here.vdd / parts.r_push, per_v_syn - k / parts.r_push
            guards.append(("", -1.0, ceiling, k))
        else:
            current, conductance = current + here.vdd / parts.r_push, conductance + 1.0 / parts.r_push
            guards.append(("", 1.0, ceiling, k))

        if state.output:
            corner = max(bisect_right(here.reset, (v, inf)) - 1, 0)
            v0, i0 = here.reset[corner]
            if corner + 1 < len(here.reset):
                v1, i1 = here.reset[corner + 1]
                slope = (i1 - i0) / (v1 - v0)
                conductance, current = conductance + slope, current - i0 + slope * v0
                guards.append(("", -1.0, v1, 0.0))
            else:  # Q9 saturates
                current -= i0
            if corner > 0:
                guards.append(("", 1.0, v0, 0.0))

        if state.above:
            guards.append(("below", 1.0, here.threshold_low, 0.0))
        else:
            guards.append(("spike", -1.0, here.threshold, 0.0))
        if self._droops and state.lamps < VU_LAMPS:
            guards.append(("lamp on", -1.0, here.lamps_up[state.lamps], 0.0))
        if self._droops and state.lamps > 0:
            guards.append(("lamp off", 1.0, here.lamps_up[state.lamps - 1] - _LAMP_HYSTERESIS, 0.0))
        return max(conductance, _LEAST_CONDUCTANCE), current, per_v_syn, guards

    def _one_shot_ends(self, state: State, here: Rails) -> float:
        """Time in s until C9 has charged to the level that ends the output pulse."""
        if state.above or not state.output:
            return inf
        if state.v_ref >= here.one_shot_end:
            return 0.0
        return log((here.vdd - state.v_ref) / (here.vdd - here.one_shot_end)) / self._rate_ref

    @staticmethod
    def _after(state: State, event: str) -> State:
        """The latches after ``event``; "" only changes which linear law holds."""
        match event:
            case "spike":
                return state._replace(above=True, output=True, v_ref=_DISCHARGED)
            case "below":
                return state._replace(above=False)
            case "output falls":
                return state._replace(output=False)
            case "lamp on":
                return state._replace(lamps=state.lamps + 1)
            case "lamp off":
                return state._replace(lamps=state.lamps - 1)
        return state


def _row(here: Rails) -> tuple[float, ...]:
    """Rails in the order of the kernel's struct, the corners of the reset filled up with zeros."""
    filled = (*here.reset, *((0.0, 0.0),) * (RESET_CORNERS - len(here.reset)))
    return (
        *(here.vdd, here.half, here.leak, here.leak_limit, here.threshold, here.threshold_low, here.one_shot_end),
        *(here.output_high, here.output_low, here.synapse_on_p, here.tap, *here.lamps_up, float(len(here.reset))),
        *(v for v, _ in filled),
        *(i for _, i in filled),
    )

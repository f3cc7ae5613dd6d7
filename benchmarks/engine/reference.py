# SPDX-License-Identifier: GPL-3.0-or-later
"""High-precision spike times of the workloads, in float64, from one event to the next, for no simulator's sake.

A linear leak: the closed form between events; its slope is a sum of three exponentials, so where it changes sign is bracketed
exactly and no threshold passage is missed. The OTA's leak and AdEx: DOP853 (:mod:`engine.dop853`).
"""

import heapq

import numpy as np
from numpy.typing import NDArray

from engine import dop853
from engine.workloads import DT, Adex, Array, Lif, Workload

Index = NDArray[np.intp]
LONGEST = 1.0  # units between looks; for the OTA 0.1, so that one step of DOP853 is exact to rounding


def spikes(w: Workload) -> tuple[Array, Index]:
    """All spike times in units, sorted, and whose they are."""
    times, neurons = _adex(w, w.neuron) if isinstance(w.neuron, Adex) else _lif(w, w.neuron)
    order = np.lexsort((neurons, times))
    return times[order], neurons[order]


def closed_form_interval(lif: Lif) -> Array:
    """(n,) from reset to threshold without input, ``e`` above ``theta``; under a tanh leak sinh decays exponentially."""
    far, near = lif.e - lif.v_r, lif.e - lif.theta
    if lif.leak_range is None:
        return lif.tau_m * np.log(far / near)
    return lif.tau_m * np.log(np.sinh(far / lif.leak_range) / np.sinh(near / lif.leak_range))


class _Linear:
    """v of the linear leak ``h`` after v, e, i."""

    def __init__(self, lif: Lif) -> None:
        self.p = lif

    def after(self, j: Index, v: Array, e: Array, i: Array, h: Array) -> Array:
        p, a, b = self.p, *self._parts(j, e, i)
        rest = p.e[j]
        own = (v - rest - a + b) * np.exp(-h / p.tau_m[j])
        return rest + own + a * np.exp(-h / p.tau_e[j]) - b * np.exp(-h / p.tau_i[j])

    def slope(self, j: Index, v: Array, e: Array, i: Array, h: Array) -> Array:
        p = self.p
        now = p.e[j] - self.after(j, v, e, i, h) + e * np.exp(-h / p.tau_e[j]) - i * np.exp(-h / p.tau_i[j])
        return now / p.tau_m[j]

    def bracket(self, j: Index, v: Array, e: Array, i: Array, h: Array) -> tuple[Array, Array]:
        """Times between which v first passes theta, monotone; NaN if it does not up to ``h``.

        exp(t / tau_m) dv/dt has one extremum, in closed form: on either side of it dv/dt has one zero at most.
        """
        p = self.p
        with np.errstate(all="ignore"):
            turn = np.log(e * p.tau_i[j] / (i * p.tau_e[j])) / (1.0 / p.tau_e[j] - 1.0 / p.tau_i[j])
        turn = np.where((turn > 0.0) & (turn < h), turn, h)
        ends = np.sort([self._zero(j, v, e, i, 0.0 * h, turn), turn, self._zero(j, v, e, i, turn, h), h], axis=0)
        low, high, before = np.full(len(j), np.nan), np.full(len(j), np.nan), np.zeros(len(j))
        for end in ends:
            hit = np.isnan(high) & (self.after(j, v, e, i, end) >= p.theta[j])
            low, high, before = np.where(hit, before, low), np.where(hit, end, high), end
        return low, high

    def passage(self, j: Index, v: Array, e: Array, i: Array, h: Array) -> Array:
        """When v first reaches theta, NaN if not up to ``h``."""
        low, high = self.bracket(j, v, e, i, h)
        found = np.flatnonzero(~np.isnan(high))
        answer = np.full(len(j), np.nan)
        if found.size:
            j, v, e, i, low, high = (x[found] for x in (j, v, e, i, low, high))
            t = 0.5 * (low + high)
            for _ in range(100):
                miss = self.after(j, v, e, i, t) - self.p.theta[j]
                low, high = np.where(miss < 0.0, t, low), np.where(miss < 0.0, high, t)
                with np.errstate(all="ignore"):
                    guess = t - miss / self.slope(j, v, e, i, t)
                new = np.where((guess >= low) & (guess <= high), guess, 0.5 * (low + high))
                done = np.all(np.abs(new - t) < 1e-14)
                t = new
                if done:
                    break
            answer[found] = t
        return answer

    def _parts(self, j: Index, e: Array, i: Array) -> tuple[Array, Array]:
        p = self.p
        return e * p.tau_e[j] / (p.tau_e[j] - p.tau_m[j]), i * p.tau_i[j] / (p.tau_i[j] - p.tau_m[j])

    def _zero(self, j: Index, v: Array, e: Array, i: Array, low: Array, high: Array) -> Array:
        """Where the slope changes sign between two times, else the later one."""
        rises = self.slope(j, v, e, i, low) > 0.0
        changes = rises != (self.slope(j, v, e, i, high) > 0.0)
        if not changes.any():
            return high
        end = high
        for _ in range(60):
            middle = 0.5 * (low + high)
            same = (self.slope(j, v, e, i, middle) > 0.0) == rises
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        return np.where(changes, low, end)


class _Ota:
    """The same for the saturating leak; ``h`` is short, so that v has one bump at most within it."""

    def __init__(self, lif: Lif) -> None:
        assert lif.leak_range is not None
        self.p, self.u = lif, lif.leak_range

    def _law(self, j: Index, e: Array, i: Array) -> dop853.Slope:
        p, u = self.p, self.u[j]

        def law(t: Array, y: Array) -> Array:
            current = e * np.exp(-t / p.tau_e[j]) - i * np.exp(-t / p.tau_i[j])
            return (u * np.tanh((p.e[j] - y) / u) + current) / p.tau_m[j]

        return law

    def after(self, j: Index, v: Array, e: Array, i: Array, h: Array) -> Array:
        return dop853.step(self._law(j, e, i), v[None], h)[0]

    def passage(self, j: Index, v: Array, e: Array, i: Array, h: Array) -> Array:
        law, high = self._law(j, e, i), h
        end = self.after(j, v, e, i, h)
        bump = (end < self.p.theta[j]) & (law(0.0 * h, v[None])[0] > 0.0) & (law(h, end[None])[0] < 0.0)
        if bump.any():
            low, up = np.zeros(len(j)), h.copy()
            for _ in range(50):
                middle = 0.5 * (low + up)
                rises = law(middle, dop853.step(law, v[None], middle))[0] > 0.0
                low, up = np.where(rises, middle, low), np.where(rises, up, middle)
            high = np.where(bump, low, h)
        hit = np.flatnonzero(self.after(j, v, e, i, high) >= self.p.theta[j])
        answer = np.full(len(j), np.nan)
        if hit.size:
            part = self._law(j[hit], e[hit], i[hit])
            answer[hit] = dop853.first_passage(part, v[hit][None], high[hit], self.p.theta[j[hit]])[0]
        return answer


def _lif(w: Workload, p: Lif) -> tuple[Array, Index]:
    membrane = _Linear(p) if p.leak_range is None else _Ota(p)
    longest = LONGEST if p.leak_range is None else DT
    if w.delay is not None:
        longest = min(longest, w.delay)  # what is fired within an interval arrives after it
    weights = np.zeros((1, p.n)) if w.weights is None else w.millivolts
    excite, inhibit = np.maximum(weights, 0.0), np.maximum(-weights, 0.0)
    all_j = np.arange(p.n)
    v, e, i, free = p.start, np.zeros(p.n), np.zeros(p.n), np.zeros(p.n)  # free: end of the refractory period
    arrivals: list[tuple[float, int]] = [
        (float(step) * DT, int(row)) for step, row in zip(w.input_step, w.input_row, strict=True)
    ]
    arrivals.append((np.inf, 0))
    heapq.heapify(arrivals)
    times: list[Array] = []
    neurons: list[Index] = []
    now = 0.0
    while now < w.duration:
        end = min(w.duration, now + longest, arrivals[0][0])
        # each neuron from `at`: now, or when it is free
        at = np.clip(free, now, end)
        e_at, i_at = e * np.exp(-(at - now) / p.tau_e), i * np.exp(-(at - now) / p.tau_i)
        h = end - at
        leak = p.e - v if p.leak_range is None else p.leak_range * np.tanh((p.e - v) / p.leak_range)
        reach = v + h * np.maximum(leak + e_at - i_at * np.exp(-h / p.tau_i), 0.0) / p.tau_m  # an upper bound
        new = np.where(h > 0.0, membrane.after(all_j, v, e_at, i_at, h), v)
        look = np.flatnonzero((reach >= p.theta) & (h > 0.0))
        while look.size:
            wait = membrane.passage(look, v[look], e_at[look], i_at[look], h[look])
            fired = ~np.isnan(wait)
            look, wait = look[fired], wait[fired]
            if not look.size:
                break
            spike = at[look] + wait
            times.append(spike)
            neurons.append(look)
            if w.delay is not None:
                for t, j in zip(spike, look, strict=True):
                    heapq.heappush(arrivals, (float(t) + w.delay, int(j) % len(weights)))
            free[look] = spike + p.t_ref[look]
            again = np.minimum(free[look], end)
            e_at[look] *= np.exp(-(again - at[look]) / p.tau_e[look])
            i_at[look] *= np.exp(-(again - at[look]) / p.tau_i[look])
            v[look] = p.v_r[look]
            at[look], h[look] = again, end - again
            new[look] = np.where(h[look] > 0.0, membrane.after(look, v[look], e_at[look], i_at[look], h[look]), v[look])
            look = look[h[look] > 0.0]
        v, e, i, now = new, e_at * np.exp(-h / p.tau_e), i_at * np.exp(-h / p.tau_i), end
        while arrivals[0][0] <= now:
            row = heapq.heappop(arrivals)[1]
            e += excite[row]
            i += inhibit[row]
    return (np.concatenate(times), np.concatenate(neurons)) if times else (np.zeros(0), np.zeros(0, np.intp))


def _adex(w: Workload, p: Adex, rtol: float = 1e-12) -> tuple[Array, Index]:
    """Neurons do not wait for each other: each has its own time and step."""
    now, h = np.zeros(p.n), np.full(p.n, 0.01)
    y = np.array([p.e_l, np.zeros(p.n)])
    times: list[Array] = []
    neurons: list[Index] = []
    while (j := np.flatnonzero(now < w.duration)).size:

        def law(t: Array, y: Array, j: Index = j) -> Array:
            v, adapt = y
            leak = p.g_l[j] * (p.e_l[j] - v) + p.g_l[j] * p.delta_t[j] * np.exp((v - p.v_t[j]) / p.delta_t[j])
            return np.array([(leak + p.i[j] - adapt) / p.c[j], (p.a[j] * (v - p.e_l[j]) - adapt) / p.tau_w[j]])

        with np.errstate(all="ignore"):  # a trial step may go through the singularity; it is refused
            new, error = dop853.step_with_error(law, y[:, j], h[j], rtol, 1e-12)
            sound = np.isfinite(error) & np.all(np.isfinite(new), axis=0)
            error = np.where(sound, error, 1e9)
            tried = h[j]
            h[j] = tried * np.clip(0.9 * np.maximum(error, 1e-12) ** -0.125, 0.2, 4.0)
        taken = error <= 1.0
        fires = taken & (new[0] >= p.v_peak)
        quiet = j[taken & ~fires]
        y[:, quiet] = new[:, taken & ~fires]
        now[quiet] += tried[taken & ~fires]
        if fires.any():
            k = j[fires]
            with np.errstate(all="ignore"):
                wait, at = dop853.first_passage(lambda t, y, k=k: law(t, y, k), y[:, k], tried[fires], p.v_peak)
            times.append(now[k] + wait)
            neurons.append(k)
            goal = p.a[k] * (p.v_r[k] - p.e_l[k])
            y[0, k], y[1, k] = p.v_r[k], goal + (at[1] + p.b[k] - goal) * np.exp(-p.t_ref[k] / p.tau_w[k])
            now[k] += wait + p.t_ref[k]
            h[k] = 0.01
    if not times:
        return np.zeros(0), np.zeros(0, np.intp)
    found, whose = np.concatenate(times), np.concatenate(neurons)
    return found[found <= w.duration], whose[found <= w.duration]

# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine against a high-precision solution, closed forms, the single-neuron model, its own numpy form, and bad input."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from luisim.errors import ParameterError, SimulationCancelled
from luisim.hicannx.agreement import drawn
from luisim.hicannx.electrical import NeuronCircuit, circuit_of
from luisim.hicannx.engine import CHIP_STEP, Run, pieces, run, run_alone, run_many
from luisim.hicannx.ideal import Adex, Lif
from luisim.hicannx.lines import Events, Lines, Samples
from luisim.hicannx.neuron import resting, step
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.hicannx.prepared import Jitter
from luisim.hicannx.profiles import PROFILES
from luisim.hicannx.run import jitter
from luisim.hicannx.run import run as run_single
from luisim.kernels import network
from luisim.kernels.network import library
from luisim.kernels.noise import normal

Array = NDArray[np.float64]


needs_kernel = pytest.mark.skipif(library() is None, reason="The kernel is not compiled here.")


def compiled_forms(monkeypatch: pytest.MonkeyPatch, *arguments: Any, **options: Any) -> list[Run]:
    """With this processor's own instructions, and as any processor runs it."""
    found = []
    for plain in (False, True):
        monkeypatch.setattr(network, "PLAIN", plain)
        found.append(run(*arguments, **options))
    return found


def neurons(n: int, *, saturates: bool, e: float = 0.0, seed: int = 1) -> Lif:
    draw = np.random.default_rng(seed)

    def spread(mean: float, sd: float) -> Array:
        return mean * (1.0 + sd * draw.standard_normal(n))

    return Lif(
        tau_m=spread(10e-6, 0.15),
        tau_e=spread(5e-6, 0.15),
        tau_i=spread(7e-6, 0.15),
        e=e + draw.standard_normal(n),
        theta=15.0 + draw.standard_normal(n),
        v_reset=-2.0 + 0.5 * draw.standard_normal(n),
        t_ref=spread(2e-6, 0.1),
        scale_e=np.full(n, 0.10),
        scale_i=np.full(n, 0.05),
        v_lin=np.full(n, 12.0) if saturates else None,
    )


def random_lines(count: int, n: int, seed: int = 2) -> Lines:
    draw = np.random.default_rng(seed)
    return Lines(draw.integers(0, 64, (count, n)), np.where(np.arange(count) % 2 == 0, 1, -1), latency=0.0)


def recurrent(lines: Lines, delay: float = 0.53e-6) -> Lines:
    n = lines.n
    return replace(lines, targets_from=np.arange(n + 1), targets=np.arange(n) % lines.count, delay=delay)


def poisson(count: int, rate: float, duration: float, seed: int = 3) -> Events:
    draw = np.random.default_rng(seed)
    times = np.sort(draw.uniform(0.0, duration, draw.poisson(count * rate * duration)))
    return Events(times, draw.integers(0, count, times.size))


def high_precision(c: Lif, lines: Lines, events: Events, duration: float) -> list[list[float]]:
    """Runge and Kutta's fourth order in 64 bit, with steps of at most 20 ns that end at events, spikes and releases."""
    n = c.n
    v, ie, ii = np.where(c.e >= c.theta, c.v_reset, c.e), np.zeros(n), np.zeros(n)
    held = np.zeros(n)
    trains: list[list[float]] = [[] for _ in range(n)]
    coming = sorted(zip((events.times + lines.latency).tolist(), events.lines.tolist(), strict=True))

    def slope(who: NDArray[np.intp], v: Array, t: Array, ie: Array, ii: Array) -> Array:
        away = c.e[who] - v
        leak = away if c.v_lin is None else c.v_lin[who] * np.tanh(away / c.v_lin[who])
        return (leak + ie * np.exp(-t / c.tau_e[who]) - ii * np.exp(-t / c.tau_i[who])) / c.tau_m[who]

    def moved(who: NDArray[np.intp], v: Array, start: Array, h: Array) -> Array:
        e, i = ie[who], ii[who]
        k1 = slope(who, v, start, e, i)
        k2 = slope(who, v + 0.5 * h * k1, start + 0.5 * h, e, i)
        k3 = slope(who, v + 0.5 * h * k2, start + 0.5 * h, e, i)
        k4 = slope(who, v + h * k3, start + h, e, i)
        return v + h * (k1 + 2.0 * k2 + 2.0 * k3 + k4) / 6.0

    now, every = 0.0, np.arange(n)
    assert lines.targets_from is not None
    while now < duration:
        while coming and coming[0][0] <= now:
            _, line = coming.pop(0)
            if lines.sign[line] > 0:
                ie = ie + lines.weights[line] * c.scale_e
            else:
                ii = ii + lines.weights[line] * c.scale_i
        h = min(20e-9, duration - now, coming[0][0] - now if coming else 1.0)
        begin = np.clip(held - now, 0.0, h)
        end = moved(every, v, begin, h - begin)
        for j in np.flatnonzero(end >= c.theta):
            who, low, high = every[j : j + 1], 0.0, h - begin[j]
            for _ in range(40):
                middle = 0.5 * (low + high)
                over = moved(who, v[who], begin[who], np.array([middle]))[0] >= c.theta[j]
                low, high = (low, middle) if over else (middle, high)
            time = now + begin[j] + high
            trains[j].append(time)
            end[j], held[j] = c.v_reset[j], time + c.t_ref[j]
            for line in lines.targets[lines.targets_from[j] : lines.targets_from[j + 1]].tolist():
                coming.append((time + lines.delay + lines.latency, line))
            coming.sort()
        v, ie, ii = end, ie * np.exp(-h / c.tau_e), ii * np.exp(-h / c.tau_i)
        now += h
    return trains


def same(a: Run, b: Run) -> None:
    np.testing.assert_array_equal(a.neuron, b.neuron)
    np.testing.assert_array_equal(a.time, b.time)
    for one, other in zip(a.membranes, b.membranes, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("saturates", [False, True])
@pytest.mark.parametrize("wired", [False, True])
def test_spike_times_against_high_precision(saturates: bool, wired: bool) -> None:
    duration = 150e-6
    if wired:
        c = replace(neurons(48, saturates=saturates, e=24.0), scale_e=np.full(48, 0.02), scale_i=np.full(48, 0.03))
        lines, events = recurrent(random_lines(64, 48)), poisson(64, 5e3, duration)
    else:
        c, lines, events = neurons(48, saturates=saturates), random_lines(64, 48), poisson(64, 60e3, duration)
    exact = high_precision(c, lines, events, duration)
    found = run(c, lines, events, duration).trains()
    assert [len(t) for t in exact] == [t.size for t in found]
    errors = np.abs(np.concatenate(found) - np.concatenate([np.array(t) for t in exact]))
    assert errors.size > 100
    # what is asked for is 20 ns at the median
    assert np.median(errors) < 2e-9
    assert np.quantile(errors, 0.99) < 60e-9


@needs_kernel
@pytest.mark.parametrize("saturates", [False, True])
def test_numpy_gives_the_same_bits(saturates: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    n, duration = 70, 60e-6
    c = neurons(n, saturates=saturates, e=16.0)
    lines = recurrent(random_lines(64, n))
    lines = replace(lines, utilization=np.where(np.arange(64) < 32, 0.3, 0.0), recovery=np.full(64, 20e-6))
    samples = [Samples.cadc(n, duration), Samples.madc(np.array([3, 69]), duration)]
    on_grid = Events(np.round(poisson(64, 50e3, duration).times * 0.999, 7), poisson(64, 50e3, duration).lines)
    for events in (poisson(64, 50e3, duration), on_grid):
        compiled, plain = compiled_forms(monkeypatch, c, lines, events, duration, samples=samples)
        assert compiled.time.size > 100
        same(compiled, plain)
        same(compiled, run(c, lines, events, duration, samples=samples, compiled=False))


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_kernel)])
@pytest.mark.parametrize("at", [1e-6, 1.04e-6])
def test_many_events_in_one_step_do_not_overflow(compiled: bool, at: float) -> None:
    c = replace(neurons(3, saturates=False), scale_e=np.full(3, 1e-5), theta=np.full(3, 1e6))
    lines = Lines(np.full((1, 3), 63), np.array([1]), latency=0.0)
    many = Events(np.full(2500, at), np.zeros(2500))
    v = run(c, lines, many, 5e-6, samples=[Samples(np.arange(3), np.array([5e-6]))], compiled=compiled).membranes[0][:, 0]
    t = 5e-6 - at
    shape = c.tau_e / (c.tau_e - c.tau_m) * (np.exp(-t / c.tau_e) - np.exp(-t / c.tau_m))
    np.testing.assert_allclose(v - c.e, 2500 * 63 * 1e-5 * shape, rtol=1e-5 if at == 1e-6 else 1e-2)  # parts of 64


@pytest.mark.parametrize("chip", [False, True])
def test_pieces_give_the_same_as_one_run(chip: bool) -> None:
    n, duration = 16, 80e-6
    c = circuits(n) if chip else neurons(n, saturates=True, e=16.0)
    lines, events = recurrent(random_lines(64, n)), poisson(64, 30e3, duration)
    whole = run(c, lines, events, duration)
    parts = list(pieces(c, lines, events.between, duration, 7e-6))
    assert len(parts) > 10
    assert whole.time.size > 20
    np.testing.assert_array_equal(np.concatenate([p.time for p in parts]), whole.time)
    np.testing.assert_array_equal(np.concatenate([p.neuron for p in parts]), whole.neuron)


def test_threads_give_the_same_as_one_after_the_other() -> None:
    shared = {"lines": random_lines(64, 64), "events": poisson(64, 50e3, 1e-4), "duration": 1e-4}
    jobs = [shared | {"neurons": neurons(64, saturates=True, e=16.0, seed=s)} for s in range(4)]
    for one, two in zip(run_many(jobs, 1), run_many(jobs, 2), strict=True):
        same(one, two)


@pytest.mark.parametrize("saturates", [False, True])
def test_closed_form_and_steps_agree_without_synapses(saturates: bool) -> None:
    c = neurons(64, saturates=saturates, e=22.0)
    closed, stepped = run_alone(c, 200e-6).trains(), run(c, Lines.none(64), Events.none(), 200e-6).trains()
    for one, other in zip(closed, stepped, strict=True):
        assert one.size == other.size > 0
        np.testing.assert_allclose(one, other, atol=8e-9)


@needs_kernel
def test_closed_form_in_numpy_gives_the_same_bits() -> None:
    c = neurons(300, saturates=True, e=15.0)  # some fire never, some often
    same(run_alone(c, 200e-6), run_alone(c, 200e-6, compiled=False))


def adaptive(n: int, current: float, seed: int = 4) -> Adex:
    """Brette and Gerstner's neuron, 10 % spread; nF, uS, mV, nA, and a millisecond of theirs is a microsecond here."""
    draw = np.random.default_rng(seed)

    def spread(mean: float) -> Array:
        return mean * (1.0 + 0.1 * draw.standard_normal(n))

    e_l = -70.6 + draw.standard_normal(n)
    return Adex(
        c=spread(0.281) * 1e-6,
        g_l=spread(0.030),
        e_l=e_l,
        v_t=-50.4 + draw.standard_normal(n),
        delta_t=spread(2.0),
        tau_w=spread(144e-6),
        a=spread(0.004),
        b=spread(0.0805),
        v_r=e_l,
        v_peak=np.full(n, -30.0),
        i=spread(current),
        t_ref=spread(2e-6),
    )


def test_adex_against_an_integrator_of_eighth_order() -> None:
    from scipy.integrate import solve_ivp

    c, duration = adaptive(4, 1.6), 150e-6
    errors = []
    for j, train in enumerate(run(c, Lines.none(4), Events.none(), duration).trains()):
        k = {f: float(getattr(c, f)[j]) for f in c.__dataclass_fields__}

        def slopes(_: float, y: Array, k: dict[str, float] = k) -> list[float]:
            v, w = y
            upswing = k["delta_t"] * np.exp(min((v - k["v_t"]) / k["delta_t"], 100.0))
            return [(k["g_l"] * (k["e_l"] - v + upswing) - w + k["i"]) / k["c"], (k["a"] * (v - k["e_l"]) - w) / k["tau_w"]]

        def peak(_: float, y: Array, k: dict[str, float] = k) -> float:
            return y[0] - k["v_peak"]

        peak.terminal = True  # type: ignore[attr-defined]
        time, y, exact = 0.0, [k["e_l"], 0.0], []
        while time < duration:
            done = solve_ivp(slopes, (time, duration), y, method="DOP853", rtol=1e-10, atol=1e-10, events=peak)
            if not done.t_events[0].size:
                break
            exact.append(float(done.t[-1]))
            held = k["a"] * (k["v_r"] - k["e_l"])
            y = [k["v_r"], held + (done.y[1, -1] + k["b"] - held) * np.exp(-k["t_ref"] / k["tau_w"])]
            time = exact[-1] + k["t_ref"]
        assert len(exact) == train.size > 3
        errors.append(np.abs(train - exact))
    assert np.median(np.concatenate(errors)) < 20e-9
    assert np.concatenate(errors).max() < 0.12e-6


@needs_kernel
@pytest.mark.parametrize("current", [0.75, 6.0])
def test_adex_in_numpy_gives_the_same_bits(current: float, monkeypatch: pytest.MonkeyPatch) -> None:
    c, samples = adaptive(70, current), [Samples(np.arange(70), np.arange(100) * 1e-6)]
    arguments = (c, Lines.none(70), Events.none(), 100e-6)
    compiled, plain = compiled_forms(monkeypatch, *arguments, samples=samples)
    same(compiled, plain)
    same(compiled, run(*arguments, samples=samples, compiled=False))


def test_short_term_depression_follows_its_recursion() -> None:
    # amplitudes of a regular train on one line: R recovers between events, each event uses a part of it
    c = replace(neurons(1, saturates=False), theta=np.full(1, 1e6), tau_e=np.full(1, 0.5e-6), scale_e=np.full(1, 1.0))
    lines = Lines(np.array([[50]]), np.array([1]), latency=0.0, utilization=np.array([0.4]), recovery=np.array([15e-6]))
    times = np.arange(1, 6) * 10e-6
    at = [Samples(np.array([0]), np.sort(np.concatenate([times, times + 0.1e-6])))]
    v = run(c, lines, Events(times, np.zeros(5)), 60e-6, samples=at).membranes[0][0]
    jumps = v[1::2] - (c.e + (v[::2] - c.e) * np.exp(-0.1e-6 / c.tau_m))
    resource, expected = 1.0, []
    for _ in times:
        expected.append(resource)
        resource = 1.0 - (1.0 - 0.6 * resource) * np.exp(-10.0 / 15.0)
    np.testing.assert_allclose(jumps / jumps[0], expected, rtol=1e-4)


FIRING = NeuronLsb(
    leak_v_leak=1000,
    leak_i_bias=200,
    threshold_v_threshold=300,
    threshold_enable=True,
    reset_v_reset=400,
    reset_i_bias=1022,
    membrane_capacitance_capacitance=63,
    refractory_period_refractory_time=255,
    excitatory_input_enable=True,
    excitatory_input_i_bias_gm=500,
    excitatory_input_i_bias_tau=60,
    excitatory_input_i_shift_reference=310,
)


LSB = 1.235e-3  # V


def circuits(n: int) -> NeuronCircuit:
    return circuit_of(HicannX((FIRING,) * n, seed=3))


def wild_circuits(n: int) -> NeuronCircuit:
    """Settings from all over their ranges, every block of the neuron among them."""
    chosen = [drawn(np.random.default_rng([6, k])) for k in range(n)]
    more = {"exponential_enable": True, "exponential_v_exp": 640, "exponential_i_bias": 100, "adaptation_enable": True}
    more |= {"adaptation_v_leak": 600, "adaptation_v_ref": 600, "adaptation_enable_pulse": True}
    more |= {"adaptation_i_bias_tau": 100, "adaptation_i_bias_a": 200, "adaptation_i_bias_b": 300}
    coba = {"excitatory_input_enable_coba_mode": True, "excitatory_input_i_bias_coba": 300}
    coba |= {"excitatory_input_e_coba_reversal": 900}
    chosen = [replace(c, **(more if k % 3 == 0 else coba if k % 3 == 1 else {})) for k, c in enumerate(chosen)]
    return circuit_of(HicannX(tuple(chosen), seed=3))


def noise_of(n: int, duration: float) -> Array:
    return jitter(PROFILES["v2_2021"], n, duration, np.random.default_rng(8))


def test_512_chip_circuits_are_those_of_the_single_neuron_model() -> None:
    c, duration = wild_circuits(512), 12e-6
    times, noise = np.arange(0.0, duration, CHIP_STEP), noise_of(512, duration)
    # with its own steps of 34 ns the model is further from the limit of short ones than the engine
    alone = run_single(c, times, noise=noise, max_step=CHIP_STEP / 20)
    arguments = (c, Lines.none(512), Events.none(), duration)
    found = run(*arguments, dt=CHIP_STEP, noise=noise, samples=[Samples(np.arange(512), times)])
    # a run ends with a whole step
    trains = [train[train <= times[-1]] for train in found.trains()]
    assert [train.size for train in trains] == [train.size for train in alone.spikes]
    errors = [np.abs(one - other) for one, other in zip(trains, alone.spikes, strict=True)]
    every = np.concatenate(errors)
    assert every.size > 500
    assert np.median(every) < 1e-12
    assert np.quantile(every, 0.99) < 1e-9
    # a spike beside a tick of its clock may reset one tick of 8 ns later; an exponential that no threshold ends runs away
    pairs = zip(trains, alone.spikes, c.clock, strict=True)
    same_ticks = np.array([np.array_equal(np.ceil(one / clock), np.ceil(other / clock)) for one, other, clock in pairs])
    assert np.count_nonzero(same_ticks) > 505
    chosen = same_ticks & ((c.fires > 0.0) | (c.i_exp == 0.0))
    assert np.count_nonzero(chosen) > 480
    off = np.abs(found.membranes[0] - alone.v).max(1) / LSB
    assert off[chosen & (c.i_exp == 0.0)].max() < 0.5
    # an exponential's upswing repeats a small difference large: of 146 neurons with one a single one is off by 0.6 LSB
    assert np.quantile(off[chosen], 0.99) < 0.5
    assert off[chosen].max() < 0.8


def fine_steps(c: NeuronCircuit, lines: Lines, events: Events, duration: float, h: float) -> list[list[float]]:
    """The single-neuron model in steps of ``h`` in a network, with arrivals at the nearest step."""
    state, trains = resting(c), [[] for _ in range(c.n)]  # type: ignore[var-annotated]
    coming: dict[int, list[int]] = {}
    for time, line in zip(events.times, events.lines, strict=True):
        coming.setdefault(round((time + lines.latency) / h), []).append(int(line))
    assert lines.targets_from is not None
    for k in range(round(duration / h)):
        for line in coming.pop(k, ()):
            weights = lines.weights[line].astype(np.float64)
            if lines.sign[line] > 0:
                state = replace(state, exc=state.exc + weights * c.excitatory.step)
            else:
                state = replace(state, inh=state.inh + weights * c.inhibitory.step)
        state, spikes = step(c, state, h)
        for j, time in zip(spikes.neuron, spikes.time, strict=True):
            trains[j].append(float(time))
            targets = lines.targets[lines.targets_from[j] : lines.targets_from[j + 1]].tolist()
            coming.setdefault(round((time + lines.delay + lines.latency) / h), []).extend(targets)
    return trains


@pytest.mark.parametrize("wired", [False, True])
def test_chip_network_against_fine_steps(wired: bool) -> None:
    n, duration = 24, 30e-6
    both = {f"inhibitory_input_{k}": getattr(FIRING, f"excitatory_input_{k}") for k in ("enable", "i_bias_gm", "i_bias_tau")}
    neuron = replace(FIRING, leak_v_leak=840, inhibitory_input_i_shift_reference=310, **both)
    c = circuit_of(HicannX((neuron,) * n, seed=3))
    lines = replace(random_lines(64, n), latency=0.4e-6)
    lines, events = (recurrent(lines), poisson(64, 10e3, duration)) if wired else (lines, poisson(64, 25e3, duration))
    exact = fine_steps(c, lines, events, duration, 4e-9)
    found = run(c, lines, events, duration, dt=CHIP_STEP).trains()
    assert [len(t) for t in exact] == [t.size for t in found]
    errors = np.abs(np.concatenate(found) - np.concatenate([np.array(t) for t in exact]))
    assert errors.size > 30
    assert np.median(errors) < 20e-9


@needs_kernel
def test_chip_in_numpy_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    n, duration = 70, 6e-6
    c, lines, events = wild_circuits(n), recurrent(random_lines(64, n)), poisson(64, 20e3, duration)
    for noise in (noise_of(n, duration), Jitter(np.full(n, 2e-3), 2**60 + 7)):
        options: dict[str, Any] = {"noise": noise, "samples": [Samples.cadc(n, duration)]}
        compiled, plain = compiled_forms(monkeypatch, c, lines, events, duration, **options)
        assert compiled.time.size > 50
        same(compiled, plain)
        same(compiled, run(c, lines, events, duration, compiled=False, **options))


def test_lines_and_adaptation_are_those_of_the_single_neuron_model() -> None:
    c, duration, h = wild_circuits(12), 8e-6, CHIP_STEP / 4
    times = np.arange(0.0, duration, CHIP_STEP)
    lines, events = Lines(np.full((1, 12), 40), np.array([1]), latency=0.0), Events(np.array([CHIP_STEP * 50]), np.zeros(1))
    at = [Samples(np.arange(12), times, signal) for signal in ("exc", "w")]
    found = run(c, lines, events, duration, dt=CHIP_STEP, samples=at).membranes
    state, exc, w = resting(c), [], []
    for k in range(times.size * 4):
        if k == 200:
            state = replace(state, exc=state.exc + 40.0 * c.excitatory.step)
        if k % 4 == 0:
            exc.append(state.exc)
            w.append(state.w)
        state, _ = step(c, state, h)
    exc[50] = found[0][:, 50]  # a sample at the very time of an event is the one before it
    np.testing.assert_allclose(found[0], np.array(exc).T, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found[1], np.array(w).T, rtol=0.0, atol=0.5 * LSB)


def test_drawn_noise_is_normal_and_independent() -> None:
    drawn = np.array([normal(2**60 + 7, 2**33 + knot, 512) for knot in range(2000)])
    assert drawn.mean() == pytest.approx(0.0, abs=4e-3)
    assert drawn.std() == pytest.approx(1.0, rel=3e-3)
    # Irwin-Hall of 8: 0.26 % of a normal distribution lie beyond 3 standard deviations, of this one 0.17 %
    assert np.mean(np.abs(drawn) > 3.0) == pytest.approx(0.0017, abs=0.0003)
    for one, other in ((drawn[1:], drawn[:-1]), (drawn[:, 1:], drawn[:, :-1]), (drawn, drawn**2)):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] == pytest.approx(0.0, abs=5e-3)
    others = np.array([normal(2**60 + 8, 2**33 + knot, 512) for knot in range(2000)])
    assert np.corrcoef(drawn.ravel(), others.ravel())[0, 1] == pytest.approx(0.0, abs=5e-3)


def test_stiff_circuits_are_stable() -> None:
    wild = replace(FIRING, membrane_capacitance_capacitance=0, leak_i_bias=1022, reset_enable_multiplication=True)
    at = [Samples(np.arange(1), np.arange(0.0, 20e-6, CHIP_STEP))]
    v = run(circuit_of(HicannX((wild,))), Lines.none(1), Events.none(), 20e-6, dt=CHIP_STEP, samples=at).membranes[0]
    assert np.all((v > 0.1) & (v < 1.0))


def test_weights_may_change_between_pieces() -> None:
    c, lines = neurons(8, saturates=False), random_lines(4, 8)
    events = Events(np.arange(8) * 10e-6, np.zeros(8))
    silent = replace(lines, weights=np.zeros((4, 8)))
    at = [Samples(np.arange(8), np.array([75e-6]))]
    first = run(c, lines, events.between(0.0, 40e-6), 40e-6)
    assert first.state is not None
    last = run(c, silent, events.between(40e-6, 80e-6), 40e-6, state=first.state, samples=at)
    np.testing.assert_allclose(last.membranes[0][:, 0], c.e, atol=0.2)
    with pytest.raises(ParameterError, match="other lines"):
        run(c, random_lines(5, 8), Events.none(), 1e-6, state=first.state)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Lines(np.full((1, 4), 64), np.ones(1)), "A weight of 64 does not fit"),
        (lambda: Lines(np.full((1, 4), -1), np.ones(1)), "A weight of -1 does not fit"),
        (lambda: Events(np.array([2e-6, 1e-6]), np.zeros(2)), "must ascend"),
        (lambda: Events(np.array([-1e-6]), np.zeros(1)), "is negative"),
        (lambda: Events(np.array([np.nan]), np.zeros(1)), "finite"),
        (lambda: bad_run(duration=0.0), "duration = 0.0 s must be"),
        (lambda: bad_run(duration=np.nan), "duration = nan s must be"),
        (lambda: bad_run(samples=[Samples(np.array([512]), np.zeros(1))]), "There is no neuron 512"),
        (lambda: bad_run(samples=[Samples(np.array([0]), np.zeros(1), "u")]), "There is no signal 'u'"),
        (lambda: bad_run(samples=[Samples(np.array([0]), np.zeros(1), "w")]), "lif neurons have no w"),
        (lambda: bad_run(events=Events(np.zeros(1), np.array([9]))), "line 9"),
        (lambda: bad_run(events=Events(np.array([1.0]), np.zeros(1))), "must lie from"),
        (lambda: bad_run(lines=Lines.none(3)), "lead to 3 neurons"),
        (lambda: bad_run(lines=recurrent(random_lines(4, 8), delay=0.0)), "within a step"),
        (lambda: bad_run(dt=10e-6), "too short for steps"),
        (lambda: bad_run(neurons=circuits(8), dt=1e-6), "longer than a comparator takes"),
        (lambda: bad_run(neurons=circuits(8), noise=np.zeros((8, 5))), "noise ends before the run"),
    ],
)
def test_bad_input_gets_one_sentence(make, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ParameterError, match=says) as error:
        make()
    assert "\n" not in str(error.value)


def bad_run(**changes) -> Run:  # type: ignore[no-untyped-def]
    good = {"neurons": neurons(8, saturates=False), "lines": random_lines(4, 8), "events": Events.none(), "duration": 1e-5}
    return run(**(good | changes))


def test_a_run_can_be_cancelled() -> None:
    with pytest.raises(SimulationCancelled):
        bad_run(cancelled=lambda: True)

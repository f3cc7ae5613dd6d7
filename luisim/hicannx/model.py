# SPDX-License-Identifier: GPL-3.0-or-later
"""HicannXModel: the back end that steps the behavioural model of a chip's neurons."""

from collections.abc import Callable

import numpy as np

from luisim.experiment import Experiment
from luisim.hicannx.compartments import cells_of, resting, step
from luisim.hicannx.parameters import HicannX
from luisim.hicannx.readout import madc_times
from luisim.hicannx.run import run
from luisim.hicannx.sampled import as_trace, input_events, pad_voltage, refusal, staircase, threshold_noise
from luisim.trace import Trace

_HURRY = 700  # steps: about 0.07 s of a processor
_MOMENT, _STILL = 1e-6, 1e-7  # s, V: a membrane that moves by less in a moment is at rest


class HicannXModel:
    """Runs experiments on neurons of one chip, each as if it were recorded alone, or connected by their switches.

    ``raw`` adds the membrane in V.
    """

    name = "model"

    def __init__(self, *, raw: bool = False) -> None:
        self._raw = raw

    def unsupported(self, experiment: Experiment[HicannX]) -> str | None:
        """The model runs every experiment that the chip could."""
        return refusal(experiment)

    def by_hand(self, experiment: Experiment[HicannX]) -> tuple[str, ...]:
        """Nothing: all settings of a chip are under software control."""
        return ()

    def run(
        self,
        experiment: Experiment[HicannX],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """Signals ``v_madc`` in LSB (``v_madc_1``, ... for further neurons) at the MADC's stamps; spikes of ``out`` in s.

        The chip's own ``seed`` draws mismatch and noise; ``seed`` here draws the noise of this run.
        """
        return self._run(experiment, 1, seed, progress, cancelled)

    def preview(self, experiment: Experiment[HicannX], *, seed: int = 0) -> Trace:
        """The same in a hurry, in at most ``_HURRY`` steps: spikes come up to some 0.7 us late or early."""
        times = madc_times(experiment.duration)
        cells = cells_of(experiment.device)
        start = resting(cells)
        moved, spikes = step(cells, start, _MOMENT)
        if not experiment.stimuli and not spikes.time.size and np.allclose(moved.v, start.v, rtol=0.0, atol=_STILL):
            v = np.repeat(start.v[: cells.n, None], times.size, axis=1)  # nothing moves it, so it stays where it is
            return as_trace(experiment, v, [np.empty(0)] * cells.n, self.name, run_seed=seed, raw=self._raw)
        stride = -(-times.size // _HURRY)
        return self._run(experiment, stride, seed, None, None)

    def _run(
        self,
        experiment: Experiment[HicannX],
        stride: int,
        seed: int,
        progress: Callable[[float], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> Trace:
        """Solved at every ``stride``-th sample of the MADC, straight in between."""
        times = madc_times(experiment.duration)
        pad = pad_voltage(experiment)
        if pad is not None:
            return as_trace(experiment, staircase(pad, times), [np.empty(0)], self.name, run_seed=seed, raw=self._raw)
        solved = np.append(times[:-1:stride], times[-1])
        recording = run(
            cells_of(experiment.device),
            solved,
            input_events(experiment),
            noise=threshold_noise(experiment, seed),
            progress=progress,
            cancelled=cancelled,
        )
        if progress:
            progress(1.0)
        v = recording.v if stride == 1 else np.array([np.interp(times, solved, row) for row in recording.v])
        return as_trace(experiment, v, recording.spikes, self.name, run_seed=seed, raw=self._raw)

# SPDX-License-Identifier: GPL-3.0-or-later
"""HicannXModel: the back end that steps the behavioural model of a chip's neurons."""

from collections.abc import Callable

import numpy as np

from luisim.experiment import Experiment
from luisim.hicannx.electrical import circuit_of
from luisim.hicannx.parameters import HicannX
from luisim.hicannx.readout import madc_times
from luisim.hicannx.run import run
from luisim.hicannx.sampled import as_trace, input_events, pad_voltage, refusal, staircase, threshold_noise
from luisim.trace import Trace


class HicannXModel:
    """Runs experiments on neurons of one chip, each as if it were recorded alone. ``raw`` adds the membrane in V."""

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
        times = madc_times(experiment.duration)
        pad = pad_voltage(experiment)
        if pad is not None:
            return as_trace(experiment, staircase(pad, times), [np.empty(0)], self.name, run_seed=seed, raw=self._raw)
        recording = run(
            circuit_of(experiment.device),
            times,
            input_events(experiment),
            noise=threshold_noise(experiment, seed),
            progress=progress,
            cancelled=cancelled,
        )
        if progress:
            progress(1.0)
        return as_trace(experiment, recording.v, recording.spikes, self.name, run_seed=seed, raw=self._raw)

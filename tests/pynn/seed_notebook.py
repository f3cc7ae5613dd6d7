# SPDX-License-Identifier: GPL-3.0-or-later
# Written from the code that a public tutorial shows; parameters that its extraction lost are those its comments name.
# Run by tests as it stands, under the names of the real system.
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pynn_brainscales.brainscales2 as pynn
from _static.common.helpers import get_nightly_calibration, setup_hardware_client
from ipywidgets import IntSlider, interact
from pynn_brainscales.brainscales2 import Population
from pynn_brainscales.brainscales2.standardmodels.cells import SpikeSourceArray
from pynn_brainscales.brainscales2.standardmodels.synapses import StaticSynapse

IntSlider = partial(IntSlider, continuous_update=False)
setup_hardware_client()
plt.style.use("_static/matplotlibrc")


def plot_membrane_dynamics(population: Population, segment_id=-1, ylim=None):
    if len(population) != 1:
        raise ValueError("Plotting is supported for populations of size 1.")
    mem_v = population.get_data("v").segments[segment_id].irregularlysampledsignals[0]
    plt.plot(mem_v.times, mem_v, alpha=0.5)
    print(f"Mean membrane potential: {mem_v.mean()}")
    plt.xlabel("Wall clock time [ms]")
    plt.ylabel("ADC readout [a.u.]")
    if ylim:
        plt.ylim(ylim)


@interact(v_leak=IntSlider(min=400, max=1022, step=1, value=700))
def silent(v_leak):
    plt.title("First experiment: A silent neuron")
    pynn.setup()
    pop = pynn.Population(1, pynn.cells.HXNeuron(leak_v_leak=v_leak, leak_i_bias=1022))
    pop.record(["v"])
    pynn.run(0.2)
    plot_membrane_dynamics(pop, ylim=(100, 800))
    plt.show()
    pynn.end()


FIRING = {
    "threshold_enable": True,
    "reset_i_bias": 1022,
    "membrane_capacitance_capacitance": 63,
    "refractory_period_refractory_time": 255,
}


@interact(
    v_leak=IntSlider(min=400, max=1022, step=1, value=1000),
    v_threshold=IntSlider(min=0, max=500, step=1, value=300),
    v_reset=IntSlider(min=300, max=1022, step=1, value=400),
    i_bias_leak=IntSlider(min=0, max=1022, step=1, value=150),
)
def leak_over_threshold(v_leak, v_threshold, v_reset, i_bias_leak):
    plt.title("Second experiment: Leak over threshold")
    pynn.setup()
    pop = pynn.Population(
        1,
        pynn.cells.HXNeuron(
            leak_v_leak=v_leak,
            leak_i_bias=i_bias_leak,
            threshold_v_threshold=v_threshold,
            reset_v_reset=v_reset,
            **FIRING,
        ),
    )
    pop.record(["v", "spikes"])
    pynn.run(0.05)
    plot_membrane_dynamics(pop, ylim=(100, 800))
    print("spikes:", pop.get_data("spikes").segments[-1].spiketrains[0].magnitude.tolist())
    plt.show()
    pynn.end()


plt.title("Third experiment: Fixed-pattern variations")
pynn.setup()
pop = pynn.Population(
    10,
    pynn.cells.HXNeuron(
        leak_v_leak=1000,
        leak_i_bias=200,
        threshold_v_threshold=300,
        reset_v_reset=400,
        **FIRING,
    ),
)
for neuron_id in range(len(pop)):
    print(f"Recording fixed-pattern variations: Run {neuron_id}")
    p_view = pynn.PopulationView(pop, [neuron_id])
    p_view.record(["v", "spikes"])
    pynn.run(0.05)
    plot_membrane_dynamics(p_view, ylim=(100, 800))
    pynn.reset()
    pop.record(None)
plt.show()
pynn.end()

calib = get_nightly_calibration("spiking_cocolist.pbin")


@interact(
    exc_weight=IntSlider(min=0, max=63, step=1, value=31),
    inh_weight=IntSlider(min=0, max=63, step=1, value=31),
    isi=IntSlider(min=10, max=100, step=5, value=50),
)
def run_experiment(exc_weight: int, inh_weight: int, isi: float):
    plt.title("Fourth experiment: External stimulation")
    pynn.setup(initial_config=calib)
    stimulated_p = pynn.Population(1, pynn.cells.HXNeuron())
    stimulated_p.record(["v", "spikes"])
    wait_before_experiment = 0.01  # ms (hw)
    isi_ms = isi / 1000
    spiketimes = np.arange(6) * isi_ms + wait_before_experiment
    excitatory_spike = np.ones_like(spiketimes, dtype=bool)
    excitatory_spike[1] = False
    exc_spikes = spiketimes[excitatory_spike]
    exc_stim_pop = pynn.Population(2, SpikeSourceArray(spike_times=exc_spikes))
    pynn.Projection(
        exc_stim_pop,
        stimulated_p,
        pynn.AllToAllConnector(),
        synapse_type=StaticSynapse(weight=exc_weight),
        receptor_type="excitatory",
    )
    inh_spikes = spiketimes[~excitatory_spike]
    inh_stim_pop = pynn.Population(2, SpikeSourceArray(spike_times=inh_spikes))
    pynn.Projection(
        inh_stim_pop,
        stimulated_p,
        pynn.AllToAllConnector(),
        synapse_type=StaticSynapse(weight=-inh_weight),
        receptor_type="inhibitory",
    )
    pynn.run(0.3)
    plot_membrane_dynamics(stimulated_p, ylim=(100, 600))
    plt.show()
    pynn.end()

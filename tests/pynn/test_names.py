# SPDX-License-Identifier: GPL-3.0-or-later
"""Every public name of the interface and of the packages below it works, or is refused in one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import luisim.pynn as pynn
from luisim.errors import LuisimError, UnsupportedExperiment
from luisim.pynn.registers import NOT_HERE

# pynn-brainscales 993d8e3: what the package, its cells, synapses, rules and helpers offer
PUBLIC = {
    pynn: """
list_standard_models setup end run run_until run_for reset initialize get_current_time get_time_step get_min_delay
get_max_delay num_processes rank create connect set record logger preprocess RunCommand InjectedConfiguration InjectedReadout
get_post_realtime_read get_pre_realtime_read get_post_realtime_read_ppu_symbols get_backend_statistics
get_execution_time_info Population PopulationView Assembly Projection Timer PlasticityRule helper simulator cells synapses
standardmodels populations projections recording plasticity_rules errors space AllToAllConnector OneToOneConnector
FixedProbabilityConnector DistanceDependentProbabilityConnector DisplacementDependentProbabilityConnector
IndexBasedProbabilityConnector FromListConnector FromFileConnector FixedNumberPreConnector FixedNumberPostConnector
SmallWorldConnector CSAConnector CloneConnector ArrayConnector FixedTotalNumberConnector
""",
    pynn.cells: """
HXNeuron PlasticHXNeuron CalibHXNeuronCuba CalibHXNeuronCoba SpikeSourceArray SpikeSourcePoisson SpikeSourcePoissonOnChip
""",
    pynn.synapses: "StaticSynapse PlasticSynapse StaticRecordingSynapse",
    pynn.plasticity_rules: "Timer PlasticityRule PlasticityRuleHandle",
    pynn.helper: """
chip_from_file chip_from_nightly chip_from_portable_binary nightly_calib_path nightly_calib_url get_unique_identifier
""",
}

# what public scripts import and use of the packages below; each line runs on its own
WORKS = """
from dlens_vx_v3 import hal, halco, hxcomm, lola, sta, logger
from dlens_vx_v2 import halco, lola
import pyhalco_hicann_dls_vx_v3 as halco
import pyhxcomm_vx as hxcomm
import pylogging as logger
import pygrenade_vx.network as grenade
import pystadls_vx_v3 as stadls
import dlens_vx_v3.halco as halco; assert halco.AtomicNeuronOnDLS.size == 512
from dlens_vx_v3 import hal; assert hal.SynapseWeightQuad.Value.max == 63 and hal.CapMemCell.Value.max == 1022
from dlens_vx_v3 import lola; assert lola.SynapseMatrix.Weight.max == 63
from dlens_vx_v3 import hal; assert hal.Timer.Value.fpga_clock_cycles_per_us == 125
from dlens_vx_v3 import halco; assert halco.AtomicNeuronOnDLS(halco.common.Enum(7)) == 7
from dlens_vx_v3 import halco; assert len(list(halco.iter_all(halco.CommonNeuronBackendConfigOnDLS))) == 4
from dlens_vx_v3.hxcomm import ManagedConnection; assert ManagedConnection().__enter__().get_unique_identifier()
from _static.common.helpers import setup_hardware_client, get_nightly_calibration, save_nightly_calibration
from _static.common.measure_voltage import measure_voltage
from _static.common.collab_helpers import in_ebrains_collaboratory; assert not in_ebrains_collaboratory()
from _static.mine import HERE; assert HERE
from pynn_brainscales.brainscales2.standardmodels.cells import SpikeSourceArray, HXNeuron
from pynn_brainscales.brainscales2.standardmodels.synapses import StaticSynapse
from pynn_brainscales.brainscales2 import Population, simulator
import pynn_brainscales.brainscales2.plasticity_rules as rules
from ipywidgets import interact, IntSlider, Layout, fixed
from IPython.display import display, HTML, clear_output
""".strip().splitlines()
REFUSED = """
import hxtorch
from hxtorch import spiking
import calix.spiking
from calix.spiking import SpikingCalibTarget
import quiggeldy
import nmpi
from dlens_vx_v3 import lola; lola.SynapseWeightRow()
from dlens_vx_v3.lola import SynapseWeightRow
from dlens_vx_v3 import sta; sta.AbsoluteTimePlaybackProgramBuilder()
from dlens_vx_v3 import hal; hal.MADCControl()
import pygrenade_vx as grenade; grenade.network.NetworkBuilder()
import pyhaldls_vx_v4; pyhaldls_vx_v4.CapMemCell
from dlens_vx_v3.hxcomm import ManagedConnection; ManagedConnection().__enter__().get_hwdb_entry()
import pynn_brainscales.brainscales3
import pynn_brainscales.brainscales2.utils.chip_plotter
from pynn_brainscales import brainscales3
from _static.common.helpers import unheard_of
""".strip().splitlines()
PROGRAM = """
import json, sys
from pathlib import Path
from luisim.errors import LuisimError
from luisim.pynn import stand_ins
stand_ins.install(Path(sys.argv[1]))
found = []
for line in json.load(sys.stdin):
    try:
        exec(line, {})
        found.append("works")
    except LuisimError as error:
        found.append(str(error))
    except BaseException as error:
        found.append(f"BARE {type(error).__name__}: {error}")
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("script")
    (folder / "_static").mkdir()
    (folder / "_static" / "mine.py").write_text("HERE = True", encoding="utf-8")
    lines = [*WORKS, *REFUSED]
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    done = subprocess.run(command, input=json.dumps(lines), capture_output=True, text=True, check=True, timeout=120)
    return dict(zip(lines, json.loads(done.stdout), strict=True))


def test_the_interface_has_all_its_names() -> None:
    for where, names in PUBLIC.items():
        assert [name for name in names.split() if not hasattr(where, name)] == []


@pytest.mark.parametrize("line", WORKS)
def test_what_scripts_import_is_there(outcomes: dict[str, str], line: str) -> None:
    assert outcomes[line] == "works"


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_not_simulated_says_so(outcomes: dict[str, str], line: str) -> None:
    sentence = outcomes[line]
    assert sentence != "works"
    assert not sentence.startswith("BARE")
    assert sentence.endswith(".")


@pytest.mark.parametrize("name", sorted(NOT_HERE))
def test_the_state_says_what_it_does_not_hold(name: str) -> None:
    with pytest.raises(UnsupportedExperiment, match=name):
        getattr(pynn.simulator.state, name)


def test_the_state_has_what_scripts_read() -> None:
    state = pynn.simulator.state
    assert state.max_weight == 63
    assert state.dt == pytest.approx(3.4e-5)
    assert not state.enable_neuron_bypass
    with pytest.raises(AttributeError, match="unheard_of"):
        state.unheard_of  # noqa: B018  # the look itself is what fails


def test_empty_injections_are_nothing() -> None:
    pynn.setup(injected_config=pynn.InjectedConfiguration(), injected_readout=pynn.InjectedReadout())
    with pytest.raises(RuntimeError, match="after a run"):
        pynn.get_post_realtime_read()
    pynn.Population(1, pynn.cells.HXNeuron())
    pynn.run(0.001)
    assert pynn.get_post_realtime_read() == pynn.get_pre_realtime_read() == {}


def test_injections_that_ask_for_something_are_refused() -> None:
    with pytest.raises(LuisimError, match="pre_realtime"):
        pynn.setup(injected_config=pynn.InjectedConfiguration(pre_realtime={1: 2}))
    with pytest.raises(LuisimError, match="post_realtime"):
        pynn.setup(injected_readout=pynn.InjectedReadout(post_realtime={1}))
    with pytest.raises(UnsupportedExperiment, match="CalibHXNeuronCuba"):
        pynn.setup(injected_calib_target=object())


def test_observables_of_the_chips_processor_are_refused() -> None:
    for name in ("ObservablePerSynapse", "ObservablePerNeuron", "ObservableArray"):
        with pytest.raises(UnsupportedExperiment, match=name):
            getattr(pynn.PlasticityRule, name)()
        with pytest.raises(UnsupportedExperiment, match=name):
            getattr(pynn.PlasticityRule, name).Type  # noqa: B018  # the look itself is what fails
    with pytest.raises(UnsupportedExperiment, match="observations"):
        pynn.PlasticityRule(pynn.Timer()).get_observable_array("rates")
    with pytest.raises(UnsupportedExperiment, match="PlasticSynapse"):
        pynn.synapses.StaticRecordingSynapse(timer=pynn.Timer(), weight=1, observables={"weights"})


def test_preprocess_is_the_old_name_of_prepare() -> None:
    pynn.Population(1, pynn.cells.HXNeuron())
    with pytest.warns(DeprecationWarning, match="PREPARE"):
        pynn.preprocess()
    assert pynn.get_backend_statistics()["neurons"] == 1


def test_loggers_take_several_things(caplog: pytest.LogCaptureFixture) -> None:
    log = pynn.logger.get("mine")
    pynn.logger.set_loglevel(log, pynn.logger.LogLevel.INFO)
    with caplog.at_level("INFO", "luisim.pynn"):
        log.INFO("spikes: ", 3)
        log.DEBUG("not this")
        log.info("as Python does")
    assert caplog.messages == ["spikes: 3", "as Python does"]


@pytest.mark.parametrize(("scale", "refractory"), [(0, 2.04), (3, 16.32)])
def test_the_clocks_of_the_neurons_can_be_set(scale: int, refractory: float) -> None:
    # facts 1.3: 255 counts are 2.04 us at full clock, 16.3 us at scale 3
    def period(counts: int) -> float:
        neuron = pynn.cells.HXNeuron(
            leak_v_leak=1022,
            leak_i_bias=1022,
            threshold_v_threshold=300,
            threshold_enable=True,
            reset_v_reset=300,
            reset_i_bias=1022,
            reset_enable_multiplication=True,
            refractory_period_refractory_time=counts,
        )
        pynn.setup(profile="v2_2021", seed=None)
        population = pynn.Population(1, neuron)
        for backend in pynn.simulator.state.grenade_chip_config.neuron_block.backends:
            backend.clock_scale_fast = backend.clock_scale_slow = scale
        population.record("spikes")
        pynn.run(0.3)
        train = population.get_data().segments[0].spiketrains[0].magnitude
        return float((train[-1] - train[0]) / (train.size - 1) * 1e3)

    assert period(255) - period(55) == pytest.approx(refractory * 200 / 255, rel=0.02)


def test_clocks_that_are_not_simulated_say_so() -> None:
    backend = pynn.simulator.state.grenade_chip_config.neuron_block.backends[0]
    with pytest.raises(UnsupportedExperiment, match="0 to 15"):
        backend.clock_scale_fast = 16
    with pytest.raises(UnsupportedExperiment, match="waveform"):
        backend.waveform = 1
    with pytest.raises(UnsupportedExperiment, match="crossbar"):
        pynn.simulator.state.grenade_chip_config.crossbar  # noqa: B018  # the look itself is what fails
    pynn.Population(1, pynn.cells.HXNeuron())
    backend.clock_scale_fast = 3
    with pytest.raises(UnsupportedExperiment, match="one clock_scale_fast"):
        pynn.run(0.01)


def test_a_fresh_configuration_is_a_chip_without_calibration() -> None:
    registers = pynn.registers.ChipRegisters()
    for backend in registers.neuron_block.backends:
        backend.clock_scale_fast = backend.clock_scale_slow = 3
    pynn.setup(initial_config=registers)
    assert pynn.simulator.state.initial_config is None
    assert pynn.simulator.state.grenade_chip_config.clocks() == (3, 0)


def test_a_missing_package_says_how_to_get_it(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("import not_a_package_of_anybody", encoding="utf-8")
    command = [sys.executable, "-m", "luisim.pynn.script", str(path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "pip install not_a_package_of_anybody" in done.stderr

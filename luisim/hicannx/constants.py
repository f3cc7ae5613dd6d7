# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of the chip that no parameter changes. Each names where it comes from.

"haldls", "halco", "calix" and "pynn" are the public repositories of the BrainScaleS-2 software (electronicvisions).
"""

NEURONS = 512  # halco: 2 rows of 256 neuron circuits
CAPMEM_MAX = 1022  # halco: 10 bit; 1023 means off
WEIGHT_MAX = 63  # halco: 6 bit a synapse; several synapses of one source add up

CAPMEM_VOLTAGE = 1.6 / CAPMEM_MAX  # V a step; dissertation S. Billaudelle (2022): voltage cells reach 1.6 V
CAPMEM_CURRENT = 1.0e-6 / CAPMEM_MAX  # A a step; the same source: current cells reach 1.0 uA

CAPACITANCE_MAX = 63  # halco: 6 bit
C_MEM_FULL = 2.3e-12  # F at 63; haldls (2.3 pF), calix and grenade say 2.2 pF
C_MEM_PARASITIC = 0.09e-12  # F at 0; calix: six connected circuits lengthen the time constant by a quarter, 4 % each

CLOCK = 250e6  # Hz; haldls: the refractory counter runs at CLOCK / 2^(scale + 1)
TIME_GRID = 8e-9  # s; pynn: events and MADC stamps lie on the 125 MHz grid of the FPGA
HOLDOFF_CLOCKS = 31  # haldls: the reset is released 31 - 2 holdoff clocks before the refractory period ends
REFRACTORY_MAX = 255  # haldls: 8 bit counter

MADC_PERIOD = 34e-9  # s; haldls: 17 clocks of 500 MHz; recordings of 2021: 34.00 ns
MADC_MAX = 1023  # haldls: 10 bit
CADC_MAX = 255  # haldls: 8 bit
CADC_PERIOD = 1.7e-6  # s; hxtorch: what the plasticity processor needs for one sample
MADC_PER_CADC, MADC_OFFSET = 2.89, 73.0  # MADC = 2.89 CADC + 73; recording hxsnn_intro of 2025, both converters on one neuron

SYNAPSE_PULSE = 4e-9  # s; dissertation S. Billaudelle: length of the current pulse of one event
SYNAPSE_LATENCY = 0.40e-6  # s from the event's stamp to the PSP's onset; fitted to single_neuron_stimulation
SYNAPSE_DELAY = SYNAPSE_LATENCY + 0.5 * SYNAPSE_PULSE  # s, to the middle of the pulse, where a step of the line stands for it

ARRAYS = 2  # halco: synapse arrays, one for each row of neuron circuits; also called hemispheres
ROWS, COLUMNS = 256, 256  # halco: synapses of an array
QUADRANT = 128  # halco: columns of a quadrant; a neuron's connected circuits lie on one
DRIVERS = 128  # halco: synapse drivers of an array, each with two rows
BUSES = 4  # halco: PADI buses of an array, each with every fourth driver
LABEL_BITS, SELECT_BITS = 6, 5  # haldls: of an event's 14 bits the low 6 are compared by synapses, the next 5 by drivers
LABELS = 2**LABEL_BITS
DRIVERS_PER_BUS = DRIVERS // BUSES
BACKGROUNDS = 8  # halco: background spike generators, one for each PADI bus of both arrays

# SPDX-License-Identifier: GPL-3.0-or-later
"""One neuron circuit of the BrainScaleS-2 chip HICANN-X: its parameters, its model, its netlist and its calibration."""

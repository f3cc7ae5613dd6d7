# SPDX-License-Identifier: GPL-3.0-or-later
"""luisim: one neuron as a circuit, as a model and as the thing itself."""

__version__ = "0.1.0"

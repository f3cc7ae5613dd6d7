# SPDX-License-Identifier: GPL-3.0-or-later
"""The cells and synapses that the chip has."""

from luisim.pynn.standardmodels import cells, synapses

__all__ = ["cells", "synapses"]

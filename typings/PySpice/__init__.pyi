# SPDX-License-Identifier: GPL-3.0-or-later
# PySpice 1.5 carries no types; these few lines cover what luisim.spice.ngspice touches.

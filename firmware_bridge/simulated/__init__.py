# SPDX-License-Identifier: GPL-3.0-or-later
"""A board without a board: the committed firmware on a simulated chip, its ADC fed by the Lu.i model."""

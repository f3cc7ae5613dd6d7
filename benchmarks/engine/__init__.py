# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of the chip beside other simulators: what ``benchmarks/peers.py`` is made of."""

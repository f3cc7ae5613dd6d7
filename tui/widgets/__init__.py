# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the app's face, and the plain values behind them."""

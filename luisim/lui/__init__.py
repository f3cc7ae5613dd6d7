# SPDX-License-Identifier: GPL-3.0-or-later
"""The Lu.i board: its parameters, its model and its circuit."""

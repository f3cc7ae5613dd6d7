# SPDX-License-Identifier: GPL-3.0-or-later
"""SPICE netlists and the worker that runs them; knows no board."""

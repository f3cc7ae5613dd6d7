# SPDX-License-Identifier: GPL-3.0-or-later
"""Screens that come up over the app: help, the list of experiments, the entry of a value."""

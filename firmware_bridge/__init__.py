# SPDX-License-Identifier: GPL-3.0-or-later
"""The physical board: its firmware, its wire format and its recordings."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person touches: the command line and the terminal app."""

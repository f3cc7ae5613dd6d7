# SPDX-License-Identifier: GPL-3.0-or-later
"""`luisim serve`: the app in a browser."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""The inner loops that Python is too slow for: small C files, optional, each with the Python that it mirrors bit for bit.

They are compiled when the package is installed (``tools/kernels.py``). Where that was not possible, or where the source has
changed since, the Python twin runs instead: the same numbers, later.
"""

import ctypes
import hashlib
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent


def source_hash(source: bytes) -> str:
    """What ties a library to the source that it was compiled from; part of its file name."""
    return hashlib.sha256(source).hexdigest()[:12]


def load(name: str) -> ctypes.CDLL | None:
    """The compiled form of ``NAME.c``, or None if there is none that belongs to this source and loads here."""
    path = _FOLDER / f"{name}.{source_hash((_FOLDER / f'{name}.c').read_bytes())}.so"
    if not path.is_file():
        return None
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        return None

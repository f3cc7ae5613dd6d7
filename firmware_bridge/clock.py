# SPDX-License-Identifier: GPL-3.0-or-later
"""DeviceClock: the board's microseconds as true seconds. A Uno's ceramic resonator is off by up to half a percent."""

from collections import deque

_MOST_ERROR = 0.015  # a resonator is never worse
_LEAST_SPAN = 1.0  # s before a rate is believed
_WINDOW = 0.25  # s: the least delayed arrival of each window counts
_KEPT = 480  # windows, two minutes


class DeviceClock:
    """Fits the rate of the board's clock to the times at which its frames arrived.

    Frames arrive late, never early, so the least delayed of each quarter second are taken. ``rate``: true seconds in a
    second of the board's, 1 until it is known better than that.
    """

    def __init__(self) -> None:
        self._windows: deque[tuple[float, float]] = deque(maxlen=_KEPT)  # device s, lateness in s

    def arrived(self, time_us: int, host: float) -> None:
        """A frame stamped ``time_us`` by the board arrived at ``host`` (s of the computer's monotonic clock)."""
        device = time_us * 1e-6
        late = host - device
        if self._windows and device - self._windows[-1][0] < _WINDOW:
            if late < self._windows[-1][1]:
                self._windows[-1] = (self._windows[-1][0], late)
        else:
            self._windows.append((device, late))

    @property
    def rate(self) -> float:
        """True seconds in one of the board's."""
        return self._fit()[0]

    @property
    def uncertainty(self) -> float:
        """Standard uncertainty of the fitted rate, relative; 0.005, a resonator's class, where nothing was fitted."""
        return self._fit()[1]

    def _fit(self) -> tuple[float, float]:
        """Line of least squares through the lateness; believed only where it differs from 1 by three times its error."""
        points = list(self._windows)[:-1]
        n = len(points)
        if n < 4 or points[-1][0] - points[0][0] < _LEAST_SPAN:
            return 1.0, 0.005
        x0, y0 = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
        sxx = sum((x - x0) ** 2 for x, _ in points)
        slope = sum((x - x0) * (y - y0) for x, y in points) / sxx
        rest = sum((y - y0 - slope * (x - x0)) ** 2 for x, y in points)
        error = (rest / (n - 2) / sxx) ** 0.5
        if abs(slope) > _MOST_ERROR or abs(slope) < 3.0 * error:
            return 1.0, max(error, 1e-6)
        return 1.0 + slope, max(error, 1e-6)

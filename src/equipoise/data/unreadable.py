"""The account of images that cannot be read: how many may there be, which are they, and why.

A few damaged files must not end a run of days, and a set that is damaged throughout must not pass for data.
"""

import math
import warnings
from collections.abc import Mapping

from equipoise.core.errors import DataWarning, UserError

_NUM_NAMED = 3


class Unreadable:
    """Images found unreadable so far.

    Args:
        total: images in the set.
        max_fraction: part of them, in [0, 1), that may be unreadable.
        setting: what a person calls ``max_fraction``.
    """

    def __init__(self, total: int, max_fraction: float, setting: str = "data.max_unreadable") -> None:
        self._total, self._max_fraction, self._setting = total, max_fraction, setting
        self._reasons: dict[str, str] = {}

    @property
    def allowed(self) -> int:
        """How many images may be unreadable."""
        return math.floor(self._max_fraction * self._total + 1e-9)  # 0.29 x 100 is a little under 29

    def add(self, reasons: Mapping[str, str]) -> bool:
        """Enter images by name, each with its reason; says whether any is new.

        Raises:
            UserError: there are more than allowed, or no image is left.
        """
        before = len(self._reasons)
        self._reasons.update(reasons)
        count = len(self._reasons)
        if count == self._total:
            raise UserError(f"None of the {count} images can be read: {self._first()}.")
        if count > self.allowed:
            raise UserError(
                f"{count} of {self._total} images cannot be read, more than {self._setting} "
                f"({self._max_fraction:g}) allows: {self._first()}; mend or remove them, or allow more."
            )
        return count > before

    def warn(self) -> None:
        """Name the first of them in a warning, if there are any."""
        if self._reasons:
            count = len(self._reasons)
            text = f"{count} of {self._total} images cannot be read and are left out: {self._first()}."
            warnings.warn(text, DataWarning, stacklevel=2)

    def warn_on_doubling(self) -> None:
        """`warn` at the first, second, fourth, eighth … find, so that a long run is not drowned in warnings."""
        count = len(self._reasons)
        if count & (count - 1) == 0:
            self.warn()

    def _first(self) -> str:
        named = [f"{name!r} {reason}" for name, reason in list(self._reasons.items())[:_NUM_NAMED]]
        more = len(self._reasons) - len(named)
        return ", ".join(named) + (f", and {more} more" if more else "")

"""Numbers on their way from the device to the host, without anyone waiting for the device's newest work.

On the CPU a tensor's value is there at once. Elsewhere, asking for it would stop the host until the device has done
all that is queued, in every step. So the value is copied beside the work, and each reading returns the value that was
handed in *the time before*: one update late, which for an average over twenty of them is of no account, and the same
in every repetition, as "whatever has arrived by now" would not be.
"""

from typing import Any

import torch
from torch import Tensor


class Reader:
    """Reads one scalar after another.

    Args:
        late: return the value handed in the time before; None leaves it to the device: late, but at once on the CPU.

    >>> at_once, late = Reader(), Reader(late=True)
    >>> [at_once.read(value) for value in (1.0, 2.0, 3.0)]
    [1.0, 2.0, 3.0]
    >>> [late.read(value) for value in (1.0, 2.0, 3.0)]
    [None, 1.0, 2.0]
    """

    def __init__(self, *, late: bool | None = None) -> None:
        self.late = late
        self._waiting: float | Tensor | None = None
        self._arrived: Any = None  # a CUDA event, where the value is in the air

    def read(self, value: float | Tensor) -> float | None:
        """Hand in ``value`` (a number, or a tensor of one element) and take what can be had without waiting."""
        on_device = isinstance(value, Tensor) and value.device.type != "cpu"
        if not (on_device if self.late is None else self.late):
            return value.detach().item() if isinstance(value, Tensor) else float(value)
        previous = self.waiting()
        self._send(value)
        return previous

    def waiting(self) -> float | None:
        """The value that the next reading will return, if it is to be a late one; waits until it has arrived."""
        if self._arrived is not None:
            self._arrived.synchronize()
            self._arrived = None
        if isinstance(self._waiting, Tensor):
            self._waiting = self._waiting.item()
        return self._waiting

    def put_back(self, value: float | None) -> None:
        """Go on with what `waiting` returned."""
        self._waiting, self._arrived = value, None

    def _send(self, value: float | Tensor) -> None:
        if not isinstance(value, Tensor):
            self._waiting = value
        elif value.device.type == "cuda":
            self._waiting = torch.empty((), dtype=value.dtype, pin_memory=True)
            self._waiting.copy_(value.detach().reshape(()), non_blocking=True)
            self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._arrived.record(torch.cuda.current_stream(value.device))
        else:  # fetched at the next reading, when the device has long been past it
            self._waiting = value.detach().clone()

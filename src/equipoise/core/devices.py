"""Which device to train on, and the settings of a process that make training on it fast."""

import ctypes
import sys

import torch

from equipoise.core.errors import UserError

# From glibc's malloc.h: parameters of mallopt(3).
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


def resolve_device(name: str) -> torch.device:
    """The device called ``name``; ``auto`` takes CUDA, then Apple's, then the CPU.

    Raises:
        UserError: the name is not a device, or this machine has none of the kind.
    """
    if name == "auto":
        accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        return accelerator or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # also tells the devices that hold no numbers, such as meta
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        raise UserError(
            f"Device {name!r} cannot be used here; choose auto, cpu, or a device that torch sees."
        ) from error
    return device


def keep_freed_memory() -> bool:
    """Tell glibc to keep large freed blocks instead of giving them back to the system; says whether it did.

    Activations of a CPU training step are hundreds of kilobytes and more. By default each is mapped and unmapped anew,
    and the page faults cost a fifth to a half of the step. Elsewhere than on Linux with glibc this does nothing.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    keep = 1 << 30
    # Setting any of the three also stops glibc from adapting them, so all are set.
    return all(mallopt(name, keep) == 1 for name in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD)) and (
        mallopt(_M_TOP_PAD, 64 << 20) == 1
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` is how Python or torch says that memory is full.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes do not fit"))
    (True, False)
    """
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "alloc" in str(error)

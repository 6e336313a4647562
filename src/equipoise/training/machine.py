"""Where and how tensors are computed with: threads, device, memory layout, precision."""

import contextlib
import functools
import os
from collections.abc import Callable
from typing import Any

import torch

from equipoise.config import RunSettings
from equipoise.core.devices import keep_freed_memory, resolve_device
from equipoise.core.errors import UserError


def prepare_machine(settings: RunSettings) -> torch.device:
    """Settle threads and memory for this process; returns the device.

    Raises:
        UserError: this machine has no such device, or not so many threads.
    """
    most = 4 * (os.cpu_count() or 1)
    if settings.threads > most:
        raise UserError(f"threads was given as {settings.threads}, but this machine can use at most {most}.")
    if settings.threads:
        torch.set_num_threads(settings.threads)
    keep_freed_memory()
    device = resolve_device(settings.device)
    if settings.deterministic and device.type != "cpu":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS refuses
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
    return device


def memory_format(settings: RunSettings, example_shape: tuple[int, ...]) -> torch.memory_format:
    """Layout of image tensors and convolutions; points have but one."""
    is_image = len(example_shape) == 3
    return torch.channels_last if is_image and settings.training.channels_last else torch.contiguous_format


def precision_context(settings: RunSettings, device: torch.device) -> Callable[[], Any]:
    """Makes the context of forward passes: bfloat16 autocast, or nothing."""
    if settings.training.precision == "fp32":
        return contextlib.nullcontext
    return functools.partial(torch.autocast, device.type, dtype=torch.bfloat16)

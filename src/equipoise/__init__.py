"""Equipoise: adversarial training as a game that you can balance, measure and understand.

The rooms, in the order in which data flows: ``config`` (settings) -> ``games``, ``networks``, ``optimizers``,
``schedules``, ``data``, ``metrics`` (parts) -> ``training`` (rounds and records) -> ``reports`` (pages) and ``cli``.
Import the room you need; this module imports nothing, so that ``import equipoise`` is instant.
"""

from typing import Final

__version__: Final = "0.1.0"

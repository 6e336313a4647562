"""Words of sentences that several rooms make."""

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """One name or more as a sentence lists them.

    >>> listed(["4"]), listed(["4", "8", "16"])
    ('4', '4, 8 and 16')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

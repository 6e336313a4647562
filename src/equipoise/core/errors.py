"""Errors that a user reads, and the sentence they are made of.

A user's mistake is one sentence: what was given, what is allowed, what to do. It is raised as `UserError`, which the
command line prints without a traceback and answers with exit code 2. Our own invariants are plain asserts.
"""

import difflib
from collections.abc import Iterable


class EquipoiseError(Exception):
    """Base of every error that Equipoise raises on purpose."""


class UserError(EquipoiseError, ValueError):
    """The request was wrong; the message is the one sentence a person needs."""


class NotMeasurableError(UserError):
    """Numbers that nothing can be measured of: not finite, or the moments of nothing."""


class RunFailedError(EquipoiseError):
    """The request was right but the run ended badly (it diverged, or the machine failed it)."""


class IgnoredSettingWarning(UserWarning):
    """A setting was given that nothing will read."""


class GuardWarning(UserWarning):
    """A run shows signs of going wrong."""


class ResumeWarning(UserWarning):
    """A run goes on under other settings, or on another machine, than it was saved under."""


class DataWarning(UserWarning):
    """Something in the data was skipped or converted in a way a person should know of."""


class PictureWarning(UserWarning):
    """A picture or a page was not made; the run itself is whole."""


class TrackerWarning(UserWarning):
    """A tracker has failed; the run itself goes on."""


class SampleSizeWarning(UserWarning):
    """A number was measured on so few examples that it says more about them than a person may think."""


def nearest(given: str, choices: Iterable[str]) -> str | None:
    """The choice most like ``given``, or None where nothing is.

    >>> nearest("hing", ["hinge", "wasserstein"])
    'hinge'
    """
    close = difflib.get_close_matches(given, list(choices), n=1, cutoff=0.5)
    return close[0] if close else None


def unknown(kind: str, given: str, choices: Iterable[str]) -> UserError:
    """The error for a name that is not in a registry.

    Args:
        kind: what the name should have named, in words ("objective").
        given: the name as the user wrote it.
        choices: the names that would have been right.

    >>> print(unknown("objective", "hing", ["hinge", "wasserstein"]))
    Unknown objective 'hing'; did you mean 'hinge'? Choose from: hinge, wasserstein.
    """
    choices = list(choices)
    guess = nearest(given, choices)
    hint = f"did you mean {guess!r}? Choose" if guess else "choose"
    return UserError(f"Unknown {kind} {given!r}; {hint} from: {', '.join(choices)}.")

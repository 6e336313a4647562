"""Running a conformance suite: what its checks have in common, whatever kind of thing they try."""

from collections.abc import Callable, Mapping
from typing import TypeVar

Subject = TypeVar("Subject")


def run_checks(subject: Subject, checks: Mapping[str, Callable[[Subject], None]], called: str = "") -> None:
    """Run all ``checks``; the first that fails raises AssertionError with its name noted.

    Args:
        subject: what is tried.
        checks: by name; each raises AssertionError where the subject fails.
        called: the subject in words, for the note.

    >>> def is_positive(number: int) -> None:
    ...     assert number > 0, "it is not positive"
    >>> run_checks(1, {"sign": is_positive})
    """
    for name, check in checks.items():
        try:
            check(subject)
        except AssertionError as error:
            error.add_note(f"in the check {name!r}" + (f" of {called}" if called else ""))
            raise

"""``equipoise COMMAND ...``: finds the command, and turns errors into a sentence and an exit code.

Exit codes: 0 done; 1 the run itself ended badly; 2 the request was wrong. No traceback without ``--debug``.
"""

import importlib
import sys
import warnings
from collections.abc import Callable, Sequence

import equipoise
from equipoise.core.errors import RunFailedError, UserError, unknown

COMMANDS: dict[str, str] = {
    "train": "start a run from a recipe: equipoise train [RECIPE] [--config FILE] [--field value ...]",
    "resume": "go on with a run from its newest checkpoint: equipoise resume RUN",
    "sample": "write pictures made by a trained generator: equipoise sample RUN [--num 64] [--out FOLDER]",
    "evaluate": "measure a trained generator again: equipoise evaluate RUN [--step N] [--num-samples N]",
    "flow": "draw the limit of small learning rates: equipoise flow [GAME|ring|grid|RECIPE] [--from-training]",
    "recipes": "list the recipes, or print one as YAML: equipoise recipes [NAME]",
}
USAGE = f"""usage: equipoise COMMAND ... [--debug]

Adversarial training as a game that you can balance, measure and understand.

commands:
{chr(10).join(f"  {name:<10} {text}" for name, text in COMMANDS.items())}

'equipoise COMMAND --help' lists everything that can be set; --debug shows tracebacks; --version the version."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    if not given or given[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    if given[0] == "--version":
        print(equipoise.__version__)
        return 0
    with warnings.catch_warnings():
        _print_warnings_once()
        try:
            return _command(given[0])(given[1:])
        except (UserError, RunFailedError) as error:
            if debug:
                raise
            print(f"equipoise: {error}", file=sys.stderr)
            return 2 if isinstance(error, UserError) else 1
        except Exception as error:
            if debug:
                raise
            first_line = str(error).partition("\n")[0]
            print(f"equipoise: {type(error).__name__}: {first_line} (--debug shows where)", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("equipoise: interrupted.", file=sys.stderr)
            return 1


def _command(name: str) -> Callable[[list[str]], int]:
    if name not in COMMANDS:
        raise unknown("command", name, COMMANDS)
    command: Callable[[list[str]], int] = importlib.import_module(f"equipoise.cli.{name}").main
    return command


def _print_warnings_once() -> None:
    """Show each warning as one line of its own words, once."""
    shown: set[str] = set()

    def show(message: Warning | str, *_: object) -> None:
        text = str(message)
        if text not in shown:
            shown.add(text)
            print(f"warning: {text}", file=sys.stderr)

    warnings.simplefilter("always")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.showwarning = show  # type: ignore[assignment]


def entry() -> None:
    """The console script."""
    sys.exit(main())

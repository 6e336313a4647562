"""``equipoise COMMAND ...``: finds the command, and turns errors into a sentence and an exit code.

Exit codes: 0 done; 1 the run itself ended badly; 2 the request was wrong. No traceback without ``--debug``.
"""

import importlib
import sys
import warnings
from collections.abc import Callable, Sequence

import equipoise
from equipoise.cli.output import discard
from equipoise.core.errors import RunFailedError, UserError, unknown

COMMANDS: dict[str, str] = {
    "train": "start a run from a recipe: equipoise train [RECIPE] [--config FILE] [--field value ...]",
    "resume": "go on with a run from its newest checkpoint: equipoise resume RUN [--field value ...]",
    "sample": "write pictures made by a trained generator: equipoise sample RUN [--num 64] [--out FOLDER]",
    "evaluate": "measure a trained generator again: equipoise evaluate RUN [--step N] [--num-samples N]",
    "fid": "measure how far two sets of images are apart: equipoise fid A B [--features NAME]",
    "adapt": "train a classifier for unlabelled data of another domain: equipoise adapt [RECIPE] [--field value ...]",
    "predict": "apply an adapted classifier to images: equipoise predict RUN IMAGES [--out FILE]",
    "diagnose": "measure the game at a checkpoint, and say what to do: equipoise diagnose RUN [--step N ...]",
    "study": "many runs and their analysis: equipoise study KIND ...",
    "flow": "draw the limit of small learning rates: equipoise flow [GAME|ring|grid|RECIPE] [--from-training]",
    "report": "one page that says what happened: equipoise report RUN|STUDY ... [--out FILE]",
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
            code = _command(given[0])(given[1:])
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where an error still has words
            return code
        except (UserError, RunFailedError) as error:
            if debug:
                raise
            print(f"equipoise: {error}", file=sys.stderr)
            return 2 if isinstance(error, UserError) else 1
        except BrokenPipeError:  # whoever read the output has read enough
            discard(sys.stdout)
            return 0
        except KeyboardInterrupt:
            print("equipoise: interrupted; a run goes on with 'equipoise resume RUN'.", file=sys.stderr)
            return 1
        except Exception as error:
            if debug:
                raise
            print(f"equipoise: {_in_words(error)}", file=sys.stderr)
            return 1


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f" ('{error.filename}')" if error.filename else ""
        return f"{error.strerror}{where}; see to that, then try again."
    if isinstance(error, MemoryError):
        return "The memory is full; choose smaller networks or batches."
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]} (--debug shows where)"


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

"""``equipoise study KIND ...``: finds the kind of study."""

import importlib

from equipoise.core.errors import unknown

STUDIES: dict[str, str] = {
    "batch-size": "steps to a target against the batch size, and which size costs least",
    "compare": "which of several configurations is better at one budget, with paired statistics over seeds",
    "tune": "search settings by random draws, a grid or Optuna; what a budget of trials buys",
    "disturb": "does a distance rise when images get worse? Six disturbances at four levels",
}
USAGE = f"""usage: equipoise study KIND ...

Many runs and their analysis. Kinds:
{chr(10).join(f"  {name:<11} {text}" for name, text in STUDIES.items())}

'equipoise study KIND --help' lists everything that can be set."""


def main(arguments: list[str]) -> int:
    """Run one study; returns the exit code."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    if arguments[0] not in STUDIES:
        raise unknown("study", arguments[0], STUDIES)
    module = importlib.import_module(f"equipoise.cli.study_{arguments[0].replace('-', '_')}")
    code: int = module.main(arguments[1:])
    return code

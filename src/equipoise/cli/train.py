"""``equipoise train [RECIPE] [--config FILE] [--field value ...]``."""

from pathlib import Path

from equipoise.cli.settings import parse_settings


def main(arguments: list[str]) -> int:
    """Train a recipe with the changes asked for; returns the exit code."""
    settings = parse_settings(arguments)
    from equipoise.cli.watching import watched
    from equipoise.training import train

    return watched(
        lambda observer, stop, on_load: train(settings, observer, stop, on_load), Path(settings.root) / settings.name
    )

"""``equipoise flow [GAME|ring|grid|RECIPE] [--from-training] [--field value ...]``: dual flows, played and drawn.

What is drawn follows from the first word: a portrait of a game between two numbers (the default: why GANs rotate), the
laboratory of mode collapse on ring or grid, or with ``--from-training`` any game trained at smaller and smaller rates.
"""

from typing import get_args

from equipoise.cli.parsing import parse
from equipoise.config.flows import FlowSettings, LaboratorySettings, LimitSettings, PortraitGame, PortraitSettings
from equipoise.core.errors import UserError, unknown
from equipoise.recipes import RECIPES

PROG = "equipoise flow [GAME|ring|grid|RECIPE] [--from-training]"
PORTRAITS: tuple[str, ...] = get_args(PortraitGame)
LABORATORIES = ("ring", "grid")
# Both saddles are steep: 200 times steeper for one player than the step of the other games allows.
_STEEP = {"tau": 0.002, "time": 1.0, "order_time": 0.1, "order_steps": (40, 80, 160, 320)}


def main(arguments: list[str]) -> int:
    """Play and draw a flow; returns the exit code."""
    settings = parse_settings(arguments)
    from equipoise.cli.flowing import flow

    return flow(settings)


def parse_settings(arguments: list[str]) -> FlowSettings:
    """The settings that the first word and the options ask for.

    Raises:
        UserError: the word names nothing, or an option is wrong.
    """
    from_training = "--from-training" in arguments
    rest = [argument for argument in arguments if argument != "--from-training"]
    given = rest.pop(0) if rest and not rest[0].startswith("-") else None
    default = default_settings(given, from_training)
    return parse(type(default), rest, prog=PROG, description=_description(default), default=default)


def default_settings(given: str | None, from_training: bool) -> FlowSettings:
    """The settings that ``given`` stands for, before options."""
    if from_training:
        return _limit(given or "ring")
    if given is None or given in PORTRAITS:
        game: PortraitGame = given or "rotation"  # type: ignore[assignment]
        return PortraitSettings(game=game, name=game, **(_STEEP if game.startswith("saddle") else {}))
    if given in LABORATORIES:
        return LaboratorySettings(data=given, name=given, std=0.2)
    if given in RECIPES:
        raise UserError(
            f"The recipe {given!r} is no game between two numbers, so it has no portrait; add --from-training to train "
            f"it towards its flow."
        )
    raise unknown("game, laboratory or recipe", given, list(dict.fromkeys([*PORTRAITS, *LABORATORIES, *RECIPES])))


def _limit(given: str) -> LimitSettings:
    if given in RECIPES and RECIPES[given].settings().game.kind == "generative":
        return LimitSettings(recipe=given, name=f"{given}-limit", lr=0.1, time=4.0)
    steep = {"lr": 0.004, "time": 0.4} if given.startswith("saddle") else {}
    games = [name for name in PORTRAITS if name != "rotation"]
    if given not in games and given not in RECIPES:
        raise unknown("recipe or game", given, list(dict.fromkeys([*RECIPES, *games])))
    return LimitSettings(recipe=given, name=f"{given}-limit", **steep)


def _description(settings: FlowSettings) -> str:
    what = {
        PortraitSettings: "every scheme over the vector field of a game between two numbers",
        LaboratorySettings: "mode collapse with particles, and its cures",
        LimitSettings: "one game trained at rates eta, eta/2, eta/4, ... towards its flow",
    }[type(settings)]
    return (
        f"Play and draw dual flows, the limit of training as the learning rate vanishes. Below: {what}.\n\n"
        f"Portraits:    {', '.join(PORTRAITS)} (default: rotation)\n"
        f"Laboratories: {', '.join(LABORATORIES)}\n"
        f"From training: --from-training with a recipe or a game (default: ring)"
    )

"""What a claim is: arms, each with the configurations it is tuned over, and what is claimed of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from equipoise.config import PlayerSettings, RunSettings

PAPER_EVALUATIONS = 100
"""Evaluations of a run at the paper's size, after the first."""
MOST_LOST = 2000
"""Rounds that a kill can cost."""
PAPER = "-paper"
"""Behind the name of a claim at the paper's size."""
Candidates = dict[str, RunSettings]
"""Configurations that one arm is tuned over, by what tells them apart."""


@dataclass(frozen=True)
class Contrast:
    """One thing that a claim says.

    Attributes:
        better: the arm that should have the lower distance.
        worse: the other.
        says: what would have been shown, in words.
    """

    better: str
    worse: str
    says: str


@dataclass(frozen=True)
class Claim:
    """A claim that can be tested.

    Attributes:
        name: behind ``claim:``.
        says: the claim, a sentence.
        source: whose it is.
        data: the data set's short name.
        arms: makes the candidates of every arm, for runs of so many gradients of the loss.
        contrasts: what must all hold.
        gradients: of a run, both players together.
        search_seeds: runs of each candidate.
        seeds: fresh runs of each arm's best candidate.
        drawn: whether the candidates are random draws, over which there are intervals, and not points of a grid.
    """

    name: str
    says: str
    source: str
    data: str
    arms: Callable[[int], Mapping[str, Candidates]]
    contrasts: tuple[Contrast, ...]
    gradients: int
    search_seeds: int = 1
    seeds: int = 5
    drawn: bool = False


def measured_often(settings: RunSettings, gradients: int, num_evaluations: int = 2) -> RunSettings:
    """``settings`` for so many gradients in all, with ``num_evaluations`` after the first and few pictures."""
    steps = max(gradients // (1 + settings.training.disc_steps), 1)
    often = {"steps": steps, "log_every": max(steps // 100, 1), "sample_every": steps}
    often["checkpoint_every"] = min(steps, MOST_LOST)
    evaluation = settings.evaluation.model_copy(update={"every": max(steps // num_evaluations, 1)})
    return settings.model_copy(
        update={"training": settings.training.model_copy(update=often), "evaluation": evaluation}
    )


def grid(
    settings: RunSettings, player: PlayerSettings, disc_rates: tuple[float, ...], gen_rates: tuple[float, ...]
) -> Candidates:
    """``settings`` with ``player`` for both at every pair of rates."""
    return {
        f"disc {disc:g}, gen {gen:g}": settings.model_copy(
            update={"disc": player.model_copy(update={"lr": disc}), "gen": player.model_copy(update={"lr": gen})}
        )
        for disc in disc_rates
        for gen in gen_rates
    }


def diagonal(settings: RunSettings, player: PlayerSettings, rates: tuple[float, ...]) -> Candidates:
    """The same at one rate for both."""
    return {label: made for rate in rates for label, made in grid(settings, player, (rate,), (rate,)).items()}

"""Advice: a small table of rules, each a pure function from what was measured to a sentence with its reason, or None.

The order of `RULES` is that of importance. Numbers above which a rule speaks are constants beside it, with their
reasons; none of them is a law. Options that a sentence names are those of ``equipoise train`` and ``equipoise resume``.
"""

from collections.abc import Callable

from equipoise.training.diagnosis.findings import Findings
from equipoise.training.diagnosis.rules import motion, outcomes, players

Rule = Callable[[Findings], str | None]

RULES: tuple[Rule, ...] = (
    outcomes.is_broken,
    outcomes.has_ended_badly,
    players.disc_is_ahead,
    players.disc_is_behind,
    players.probe_blows_up,
    players.probe_finds_more,
    outcomes.modes_are_lost,
    outcomes.copies_training_set,
    outcomes.makes_few_things,
    motion.rotates,
    motion.is_unstable,
    motion.path_leads_away,
    players.penalty_leads,
    players.batch_is_small,
    players.batch_is_large,
    outcomes.misses_training_set,
    motion.path_turns,
    motion.is_no_equilibrium,
    players.probe_finds_no_more,
    motion.search_fell_short,
)


def advise(found: Findings) -> list[tuple[str, str]]:
    """(rule, sentence) of every rule that has something to say, the most important first."""
    spoken = [(rule.__name__, rule(found)) for rule in RULES]
    sentences = [(name, sentence) for name, sentence in spoken if sentence]
    return sentences or [("nothing_found", "Nothing that was measured asks for a change.")]

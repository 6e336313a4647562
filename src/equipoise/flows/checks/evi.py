"""The dual evolution-variational inequalities, evaluated along a discrete solution.

A dual flow with moduli of convexity (l_gen, l_disc) satisfies, for every comparison point u of the generator's space,

    1/2 d/dt d^2(x_t, u) + l_gen/2 d^2(x_t, u) + E1(x_t; y_t) - E1(u; y_t) <= 0

and the same for the discriminator, with its metric divided by r. For a discrete solution the left side becomes

    (d^2(x+, u) - d^2(x, u)) / (2 tau) + l_gen/2 d^2(x+, u) + E1(x+; y*) - E1(u; y*),    y* the opponent of the step,

which for proximal steps is at most -d^2(x+, x) / (2 tau) <= 0 exactly, if E1 is l_gen-convex, and for explicit steps at
most of the order of tau. (Our formulation; the paper's own definition was not at hand.)
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from equipoise.flows.flow import Flow, State
from equipoise.flows.integrate import Trajectory
from equipoise.flows.schemes import Scheme


def evi_residuals(
    flow: Flow,
    scheme: Scheme,
    trajectory: Trajectory,
    comparisons: Sequence[State],
    disc_modulus: float = 0.0,
    gen_modulus: float = 0.0,
) -> State:
    """The left sides of both inequalities; positive entries are violations.

    Args:
        flow: whose energies and metrics are taken.
        scheme: which made the trajectory; its ``opponents`` say against whom a step was taken.
        trajectory: K + 1 neighbouring states (``every=1``).
        comparisons: C states whose parts are the points u.
        disc_modulus: convexity of E2 in its own argument.
        gen_modulus: convexity of E1 in its own argument.

    Returns:
        (disc (K, C), gen (K, C)).
    """
    states, times = trajectory.states, trajectory.times
    disc_rows, gen_rows = [], []
    for number in range(len(states) - 1):
        before, after, tau = states[number], states[number + 1], times[number + 1] - times[number]
        disc_opponent = (before if scheme.opponents[0] == "old" else after).gen
        gen_opponent = (before if scheme.opponents[1] == "old" else after).disc
        pairs = [_residuals(flow, before, after, u, tau, disc_opponent, gen_opponent) for u in comparisons]
        moduli = [flow.squared_distances(after, u) for u in comparisons]
        disc_rows.append([pair[0] + disc_modulus / 2 * m[0] for pair, m in zip(pairs, moduli, strict=True)])
        gen_rows.append([pair[1] + gen_modulus / 2 * m[1] for pair, m in zip(pairs, moduli, strict=True)])
    return State(*(torch.stack([torch.stack(row) for row in rows]) for rows in (disc_rows, gen_rows)))


def _residuals(
    flow: Flow, before: State, after: State, u: State, tau: float, disc_opponent: Tensor, gen_opponent: Tensor
) -> tuple[Tensor, Tensor]:
    """Both left sides without the terms of convexity."""
    nearer = [(new - old) / (2 * tau) for new, old in _distance_pairs(flow, before, after, u)]
    disc_energies = [flow.disc_energy(State(disc, disc_opponent)) for disc in (after.disc, u.disc)]
    gen_energies = [flow.gen_energy(State(gen_opponent, gen)) for gen in (after.gen, u.gen)]
    disc = nearer[0] / flow.ratio + disc_energies[0] - disc_energies[1]
    return disc, nearer[1] + gen_energies[0] - gen_energies[1]


def _distance_pairs(flow: Flow, before: State, after: State, u: State) -> list[tuple[Tensor, Tensor]]:
    return list(zip(flow.squared_distances(after, u), flow.squared_distances(before, u), strict=True))

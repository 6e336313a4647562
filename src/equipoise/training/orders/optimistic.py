"""Optimistic gradient descent: each gradient is extended by how much it has just changed.

    z_(n+1) = z_n - h (2 F(z_n) - F(z_(n-1))),      F(z_(-1)) := F(z_0), so that the first step is a plain one

(Popov 1980; Daskalakis et al. 2018, who hand the extended gradient to Adam, as this order hands it to any optimiser.)
One gradient evaluation of either player per round. Averaging of the iterates is left to the caller.
"""

from typing import Any

from equipoise.games import LossTerms
from equipoise.training.orders.order import JointGradient, Match, Order, on_device_of
from equipoise.training.player import Gradients


def optimistic(current: Gradients, previous: Gradients) -> Gradients:
    """2 g_n - g_(n-1), entry by entry and in new tensors; a parameter without previous gradient gets g_n.

    >>> import torch
    >>> optimistic((torch.tensor(3.0), torch.tensor(1.0), None), (torch.tensor(2.0), None, None))
    (tensor(4.), tensor(1.), None)
    """
    return tuple(
        None if new is None else 2 * new - (new if old is None else old)
        for new, old in zip(current, previous, strict=True)
    )


class Optimistic(Order):
    """Both players move from the same point along extended gradients.

    Extra discriminator updates come before the shared one and are extended too: each by the discriminator's gradient
    before it, as if the optimiser itself were optimistic.

    The gradients remembered are the tensors that autograd returned. They need no copy, because the optimiser never sees
    them, only their extension; remembering what the optimiser is handed would be the well-known way to get
    plain descent out of this method.
    """

    def __init__(self, num_disc_steps: int = 1) -> None:
        super().__init__(num_disc_steps)
        self._previous: dict[str, Gradients] = {}

    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play the extra discriminator updates, then one update of both."""
        for _ in range(self.num_disc_steps - 1):
            _, gradients = match.disc_gradient(next(match.batches))
            match.apply_disc(self._extended("disc", gradients))
        terms, joint = match.joint_gradient(next(match.batches))
        match.apply(JointGradient(self._extended("disc", joint.disc), self._extended("gen", joint.gen)))
        return terms

    def _extended(self, player: str, gradients: Gradients) -> Gradients:
        previous = self._previous.get(player, gradients)
        self._previous[player] = gradients
        return optimistic(gradients, previous)

    def state_dict(self) -> dict[str, Any]:
        """The newest gradient of either player."""
        return dict(self._previous)

    def load_state_dict(self, state: dict[str, Any], match: Match) -> None:
        """Go on from a saved state."""
        players = {"disc": match.disc, "gen": match.gen}
        self._previous = {name: on_device_of(players[name], gradients) for name, gradients in state.items()}

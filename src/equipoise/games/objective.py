"""What an objective is: the losses of both players on logits, and the values they take at the ideal.

The ideal is the equilibrium at which the generated law equals the real one, P_g = P_r, and the discriminator is
optimal. There the discriminator's loss is a known constant V*, whatever the data, which is what makes "is one player
winning?" a question with an answer: the gap between the loss and V* (Hazimeh & Ponomareva 2023, table 1).

Conventions: both players minimise; a loss is a scalar; each term is a mean over the batch; the discriminator's loss is
the **sum** of its real and its fake term, so V* of the logistic losses is log 4, not log 2. Penalties stay apart.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Losses of both players and their ideal values.

    Attributes:
        name: key in `equipoise.games.OBJECTIVES`.
        disc_loss: (real_scores (N,), fake_scores (N,)) -> scalar that the discriminator minimises.
        gen_loss: (fake_scores (N,), real_scores (N,) or None) -> scalar that the generator minimises.
        ideal_disc_loss: the discriminator's loss at the ideal, V*.
        ideal_gen_loss: the generator's loss at the ideal, or None where it is not determined.
        optimal_score: a score that, given to every example, is optimal for the discriminator while P_g = P_r.
        gen_reads_real_scores: whether ``gen_loss`` needs the scores of real examples.
    """

    name: str
    disc_loss: Callable[[Tensor, Tensor], Tensor]
    gen_loss: Callable[[Tensor, Tensor | None], Tensor]
    ideal_disc_loss: float
    ideal_gen_loss: float | None
    optimal_score: float
    gen_reads_real_scores: bool = False

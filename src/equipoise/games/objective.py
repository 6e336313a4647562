"""What an objective is: the losses of both players on logits, and the values they take at the ideal.

The ideal is the equilibrium at which the generated law equals the real one, P_g = P_r, and the discriminator is
optimal. There the discriminator's loss is a known constant V*, whatever the data, which is what makes "is one player
winning?" a question with an answer: the gap between the loss and V* (Hazimeh & Ponomareva 2023, table 1).

Conventions: both players minimise; a loss is a scalar; each term is a mean over the batch; the discriminator's loss is
the **sum** of its real and its fake term, so V* of the logistic losses is log 4, not log 2. Penalties stay apart.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

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

    def scaled(self, factor: float) -> "Objective":
        """Both losses times ``factor``, above 0, and their ideal values with them.

        Adam hardly sees the factor, but a gap does: an averaged cross-entropy, of half the size, has the ideal log 2.

        >>> from equipoise.games import OBJECTIVES
        >>> OBJECTIVES["least-squares"].scaled(0.5).ideal_disc_loss
        0.25
        """
        assert factor > 0, "a factor of 0 or less would change what the players want"
        return replace(
            self,
            disc_loss=lambda real_scores, fake_scores: factor * self.disc_loss(real_scores, fake_scores),
            gen_loss=lambda fake_scores, real_scores: factor * self.gen_loss(fake_scores, real_scores),
            ideal_disc_loss=factor * self.ideal_disc_loss,
            ideal_gen_loss=None if self.ideal_gen_loss is None else factor * self.ideal_gen_loss,
        )

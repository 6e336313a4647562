"""The domain-adversarial game (Ganin & Lempitsky 2015; Ganin et al. 2016, "DANN"): a classifier for a new domain.

There are labelled examples of a source domain and unlabelled ones of a target domain. ``gen`` is a feature extractor F
with a label head Y, ``disc`` a discriminator D that tells the domains apart by their features. With the minimax
objective

    L_d = -E_s log D(F(x)) - E_t log(1 - D(F(x)))         what disc minimises; ideal log 4, whatever the data
    gen minimises  L_y(Y(F(x_s)), y_s) - lambda L_d       both domains' features move, not the target's alone

which is gradient reversal, said as two players. Of any other objective, disc's loss takes the source for real and the
target for generated, and gen's is the sum of ``gen_loss`` over both domains, the scores of the source mirrored at the
optimal score c, s -> 2c - s, so that to be taken for the other domain is what either wants: for ``minimax`` this sum
is -L_d, for ``nonsaturating`` the loss of inverted domain labels.

lambda is `Game.adversarial_weight`; it enters gen's total and never the adversarial loss that is recorded and that
the gap is taken from. A small lambda lets disc separate the domains without gen caring, so the loss that goes with
the best target accuracy may lie below log 4, which is why the gap-aware paper tunes V* (Hazimeh & Ponomareva 2023).

With ``information_weight`` gen also maximises the mutual information of target examples and their predicted classes
(Shi & Sha 2012), H(mean prediction) - mean H(prediction): sure of each example, and using every class. Its weight is a
multiple of lambda, because predictions are not worth sharpening before the domains have met.

With ``conditioned`` disc sees the outer product of features and class probabilities (Long et al. 2018, "CDAN"); the
weights by entropy of that paper are not offered, because objectives average over plain batches.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from equipoise.core import vectors
from equipoise.core.batches import Batch, DomainBatch
from equipoise.core.seeding import Streams
from equipoise.games.game import Game, LossTerms
from equipoise.games.objective import Objective
from equipoise.games.penalties import Penalty


class Features(NamedTuple):
    """Both domains' features, from one pass over both halves of a batch.

    Attributes:
        source: (N, F).
        target: (N, F).
    """

    source: Tensor
    target: Tensor


class DomainAdversarialGame(Game[Features]):
    """A classifier that is to serve two domains, against a discriminator of domains.

    Args:
        disc: (features (N, D), None) -> scores (N,), higher for the source; D is F, or F x K where ``conditioned``.
        gen: has ``features``: examples (N, ...) -> (N, F), and ``head``: features (N, F) -> logits (N, K).
        objective: both adversarial losses.
        penalty: slope penalty of the discriminator, taken in its input, or None.
        penalty_weight: what the penalty is multiplied by.
        clip: bound on every discriminator weight after its update, or None.
        weighted_disc: whether lambda also multiplies the discriminator's own adversarial loss, as where one optimiser
            minimises one sum of losses.
        conditioned: whether the discriminator sees features and predictions.
        information_weight: of the mutual information, in units of lambda.
    """

    def __init__(
        self,
        disc: nn.Module,
        gen: nn.Module,
        objective: Objective,
        penalty: Penalty | None = None,
        penalty_weight: float = 1.0,
        clip: float | None = None,
        *,
        weighted_disc: bool = False,
        conditioned: bool = False,
        information_weight: float = 0.0,
    ) -> None:
        assert isinstance(gen.features, nn.Module), "the classifier's features are a module of its own"
        assert isinstance(gen.head, nn.Module), "the classifier's head is a module of its own"
        self.disc, self.gen, self.objective = disc, gen, objective
        self._features, self._head = gen.features, gen.head
        self.ideal_disc_loss, self.ideal_gen_loss = objective.ideal_disc_loss, _ideal_gen_loss(objective)
        self.penalty, self.penalty_weight, self.clip = penalty, penalty_weight, clip
        self.weighted_disc, self.conditioned = weighted_disc, conditioned
        self.information_weight = information_weight

    def generate(self, batch: Batch, streams: Streams) -> Features:
        """Features of both halves, from one pass, so that batch normalisation sees both domains at once."""
        assert isinstance(batch, DomainBatch), "a domain-adversarial game is played on batches of two domains"
        features: Tensor = self._features(torch.cat([batch.examples, batch.target]))
        return halves(features, len(batch.examples))

    def disc_terms(self, batch: Batch, move: Features, streams: Streams) -> LossTerms:
        """The discriminator's loss; draws from the stream "penalty" if it has one."""
        with torch.no_grad():
            logits = self._logits(torch.cat(move)) if self.conditioned else None
        seen = self._seen(Features(move.source.detach(), move.target.detach()), logits)
        return self._disc_terms(seen, self._scores(seen), streams)

    def gen_terms(self, batch: Batch, move: Features, streams: Streams) -> LossTerms:
        """The classifier's loss: adversarial, and as the auxiliary term what it learns from labels and predictions."""
        logits = self._logits_of(move)
        return self._gen_terms(batch, logits, self._scores(self._seen(move, logits)))

    def terms(self, batch: Batch, move: Features, streams: Streams) -> tuple[LossTerms, LossTerms]:
        """Both losses from one pass of the discriminator over both domains."""
        logits = self._logits_of(move)
        seen = self._seen(move, logits)
        scores = self._scores(seen)
        return self._disc_terms(seen, scores, streams), self._gen_terms(batch, logits, scores)

    def constrain_disc(self) -> None:
        """Clip the discriminator's weights, if the game asks for it."""
        if self.clip is not None:
            vectors.clamp_(list(self.disc.parameters()), self.clip)

    def _logits(self, features: Tensor) -> Tensor:
        return vectors.at_least_float32(self._head(features))

    def _logits_of(self, move: Features) -> Tensor:
        """Of both domains where anything reads those of the target, of the source otherwise."""
        return self._logits(torch.cat(move) if self.conditioned or self.information_weight else move.source)

    def _seen(self, move: Features, logits: Tensor | None) -> Features:
        """What the discriminator sees of either domain."""
        if not self.conditioned:
            return move
        assert logits is not None
        return halves(conditioned_on(torch.cat(move), logits), len(move.source))

    def _scores(self, seen: Features) -> Features:
        scores = vectors.at_least_float32(self.disc(torch.cat(seen)))
        return halves(scores, len(seen.source))

    def _disc_terms(self, seen: Features, scores: Features, streams: Streams) -> LossTerms:
        loss, penalty = self.objective.disc_loss(*scores), None
        if self.penalty is not None:
            penalty = self.penalty_weight * self.penalty(self.disc, seen.source, seen.target, streams["penalty"])
        weight = self.adversarial_weight if self.weighted_disc else 1.0
        return LossTerms(loss, penalty, weight=weight, accuracy=domain_accuracy(scores, self.objective.optimal_score))

    def _gen_terms(self, batch: Batch, logits: Tensor, scores: Features) -> LossTerms:
        assert batch.labels is not None, "the source domain has labels"
        of_source, of_target = halves(logits, len(batch.labels))
        learned = functional.cross_entropy(of_source, batch.labels)
        if self.information_weight:
            learned = learned - self.adversarial_weight * self.information_weight * information(of_target)
        return LossTerms(
            confusion(self.objective, scores),
            auxiliary=learned,
            weight=self.adversarial_weight,
            accuracy=(of_source.detach().argmax(1) == batch.labels).float().mean(),
        )


def halves(joined: Tensor, num_source: int) -> Features:
    """What was joined to one tensor, the source first, apart again."""
    return Features(joined[:num_source], joined[num_source:])


def confusion(objective: Objective, scores: Features) -> Tensor:
    """What the features minimise so that either domain is taken for the other: a scalar, from scores (N,) each.

    >>> from equipoise.games import OBJECTIVES
    >>> scores = Features(torch.tensor([2.0]), torch.tensor([1.0]))
    >>> bool(confusion(OBJECTIVES["minimax"], scores) == -OBJECTIVES["minimax"].disc_loss(*scores))
    True
    """
    of_target = objective.gen_loss(scores.target, scores.source)
    if objective.gen_reads_real_scores:  # pairs of one example of either domain: both have had their say
        return of_target
    return of_target + objective.gen_loss(2 * objective.optimal_score - scores.source, None)


def conditioned_on(features: Tensor, logits: Tensor) -> Tensor:
    """The outer product of features (N, F) and class probabilities (N, K), flattened to (N, F K).

    Nothing is differentiated through the probabilities.
    """
    probabilities = logits.detach().softmax(1).to(features.dtype)
    return (features.unsqueeze(2) * probabilities.unsqueeze(1)).flatten(1)


def information(logits: Tensor) -> Tensor:
    """Mutual information of examples and predicted classes, in nats, from logits (N, K): a scalar in [0, log K].

    >>> information(torch.tensor([[100.0, 0.0], [0.0, 100.0]]))  # sure, and both classes: log 2
    tensor(0.6931)
    """
    log_probabilities = logits.log_softmax(1)
    # By its logarithm: the mean of a class that no example is given is 0 in float32, where entropy has no slope.
    log_mean = log_probabilities.logsumexp(0) - math.log(len(logits))
    return _negative_entropy(log_probabilities).mean() - _negative_entropy(log_mean)


def _negative_entropy(log_probabilities: Tensor) -> Tensor:
    return (log_probabilities.exp() * log_probabilities).sum(-1)


def domain_accuracy(scores: Features, threshold: float) -> Tensor:
    """Fraction of examples whose domain is told right by scores (N,) at the threshold, each domain counting half."""
    right = (scores.source.detach() > threshold).float().mean() + (scores.target.detach() <= threshold).float().mean()
    return right / 2


def _ideal_gen_loss(objective: Objective) -> float | None:
    if objective.ideal_gen_loss is None:
        return None
    return objective.ideal_gen_loss * (1 if objective.gen_reads_real_scores else 2)

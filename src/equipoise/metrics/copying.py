"""Does a generator copy its training set? Nearest training neighbours of generated and of held-out examples.

    C = (U - n m / 2) / sd(U),    U = number of pairs (q, p) with d(q, T) > d(p, T)

over n generated examples q and m held-out ones p, with d the distance to the nearest of the training set T: the
Mann-Whitney statistic, standardised (Meehan, Chaudhuri & Dasgupta 2020, A Non-Parametric Test to Detect Data-Copying
in Generative Models, without their partition of space into cells). Far below 0 generated examples lie nearer to the
training set than fresh ones do: it is copied, or what is made is dull: pictures all alike, in the thick of the data,
lie near some training example too. So the training examples that are anybody's nearest are counted: few of them serve
a generator that makes few things, many one that copies. Far above 0 generated examples lie farther: the generator
misses the data. Within +-3 nothing can be said.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata, tiecorrect
from torch import Tensor

from equipoise.metrics.rows import Features, paired_rows

BLOCK = 1024
"""Rows of a block of distances."""


@dataclass(frozen=True)
class Copying:
    """How near generated and held-out examples lie to a training set.

    Attributes:
        statistic: C; far below 0 for copies.
        ratio: median distance of generated over that of held-out examples; NaN where the latter is 0.
        generated: median distance of generated examples.
        held_out: median distance of held-out ones.
        variety: different nearest training examples of the generated ones over those of as many held-out ones: about 1
            for copies of everything as for a good generator, near 0 where few things are made.
        num_generated: n.
        num_held_out: m.
        num_training: examples of the training set.
    """

    statistic: float
    ratio: float
    generated: float
    held_out: float
    variety: float
    num_generated: int
    num_held_out: int
    num_training: int


def nearest(samples: Features, reference: Features) -> tuple[Tensor, Tensor]:
    """Distance (N,) of each sample to its nearest reference example, and which that is (N,), in blocks of rows.

    Args:
        samples: (N, d).
        reference: (M, d).

    Raises:
        UserError: dimensions differ, or a number is not finite.

    >>> distances, which = nearest(torch.tensor([[0.0], [5.0]]), torch.tensor([[4.0], [1.0]]))
    >>> distances.tolist(), which.tolist()
    ([1.0, 1.0], [1, 0])
    """
    x, y = paired_rows(samples, reference, fewest=1)
    distances, which = [], []
    for block in torch.split(x, BLOCK):
        closest = torch.cdist(block, y).argmin(dim=1)
        # The products by which all distances are compared lose small ones; those that are kept are taken anew.
        distances.append((block - y[closest]).double().square().sum(dim=1).sqrt())
        which.append(closest)
    return torch.cat(distances), torch.cat(which)


def copying(generated: Features, held_out: Features, training: Features) -> Copying:
    """Compare the distances of generated and held-out examples to a training set; rows (N, d), (M, d), (T, d).

    Raises:
        UserError: dimensions differ, or a number is not finite.
    """
    (ours, our_nearest), (theirs, their_nearest) = (nearest(each, training) for each in (generated, held_out))
    near, far = ours.cpu().numpy(), theirs.cpu().numpy()
    here, there = float(np.median(near)), float(np.median(far))
    ratio = here / there if there else math.nan
    fewest = min(len(near), len(far))
    variety = num_different(our_nearest[:fewest]) / num_different(their_nearest[:fewest])
    return Copying(mann_whitney(near, far), ratio, here, there, variety, len(near), len(far), len(training))


def num_different(numbers: Tensor) -> int:
    """How many different numbers there are.

    >>> num_different(torch.tensor([3, 1, 3]))
    2
    """
    return len(set(numbers.tolist()))


def mann_whitney(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The standardised Mann-Whitney statistic of two samples, with ties; above 0 where ``x`` is larger.

    >>> round(mann_whitney(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])), 3)
    -1.964
    """
    n, m = len(x), len(y)
    ranks = rankdata(np.concatenate([x, y]))
    statistic = ranks[:n].sum() - n * (n + 1) / 2
    spread = math.sqrt(tiecorrect(ranks) * n * m * (n + m + 1) / 12)
    return float(statistic - n * m / 2) / spread if spread else 0.0

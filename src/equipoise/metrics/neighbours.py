"""Precision and recall, density and coverage of one set of features against another, by nearest neighbours.

The ball of an example is the closed ball to its k-th nearest neighbour in its own set, itself not counted.

    precision   fraction of samples that lie in the ball of some real example    (Kynkaanniemi et al. 2019, k = 3)
    recall      fraction of real examples that lie in the ball of some sample    (the same)
    density     mean number of real balls that a sample lies in, over k          (Naeem et al. 2020, k = 5)
    coverage    fraction of real examples whose ball holds some sample           (the same)

Examples on the surface of a ball are in it, as the definitions say, so a set against itself has precision, recall and
coverage 1 even where examples are repeated; density is then about 1, and above 1 where samples crowd together. The
values depend on k and on both sizes.

Distances are computed by blocks of rows. Up to 256 features they are float64; above, products are made in the type of
the features. What rounding adds to a squared distance is granted to the ball.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.metrics.rows import Features, paired_rows
from equipoise.metrics.uncertainty import NUM_GROUPS, Interval, from_replicates, size_notes

BLOCK = 1024
"""Rows of a block of distances."""
_DOUBLE_UP_TO = 256


@dataclass(frozen=True)
class NeighbourScores:
    """How samples and real examples lie among each other; larger is better.

    Attributes:
        precision: in [0, 1].
        recall: in [0, 1].
        density: at least 0.
        coverage: in [0, 1].
        num_neighbours: k.
        num_samples: N.
        num_reference: M.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    num_neighbours: int
    num_samples: int
    num_reference: int


SCORES = tuple(field.name for field in fields(NeighbourScores))[:4]


def neighbour_scores(samples: Features, reference: Features, num_neighbours: int = 5) -> NeighbourScores:
    """All four scores from one pass over the distances, in memory for a block of rows.

    Args:
        samples: (N, d) features.
        reference: (M, d).
        num_neighbours: k, at least 1 and below N and M.

    Raises:
        UserError: a set has no more than k examples, dimensions differ, or a number is not finite.

    >>> here = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    >>> found = neighbour_scores(here, here + 10, num_neighbours=1)
    >>> found.precision, found.coverage
    (0.0, 0.0)
    """
    x, y = _checked(samples, reference, num_neighbours)
    precision, recall, density, coverage = _scores(x, y, num_neighbours, num_groups=0)[0].tolist()
    return NeighbourScores(precision, recall, density, coverage, num_neighbours, len(x), len(y))


def neighbour_intervals(
    samples: Features, reference: Features, num_neighbours: int = 5, level: float = 0.95, seed: int = 0
) -> dict[str, Interval]:
    """Each of the four scores with its interval, by name, from the same single pass.

    Ten groups of examples, drawn with the seed, are left out in turn, on both sides and in the balls.

    Raises:
        UserError: as `neighbour_scores`, or fewer than ten examples on a side.

    Warns:
        SampleSizeWarning: under 10,000 examples on a side.
    """
    x, y = _checked(samples, reference, max(num_neighbours, NUM_GROUPS))
    draw = torch.Generator().manual_seed(seed)
    x, y = (each[torch.randperm(len(each), generator=draw).to(each.device)] for each in (x, y))
    table = _scores(x, y, num_neighbours, NUM_GROUPS)
    notes, counts = size_notes(len(x), len(y)), (len(x), len(y))
    found = {}
    for column, name in enumerate(SCORES):
        bounds = (0.0, np.inf if name == "density" else 1.0)
        interval = from_replicates(float(table[0, column]), table[1:, column], counts, level, bounds)
        found[name] = interval.noted(notes)
    next(iter(found.values())).warn()
    return found


def _checked(samples: Features, reference: Features, num_neighbours: int) -> tuple[Tensor, Tensor]:
    if num_neighbours < 1:
        raise UserError(f"{num_neighbours} neighbours were asked for; give at least 1.")
    x, y = paired_rows(samples, reference, fewest=num_neighbours + 1)
    # Distances are small against coordinates far from zero, whose rounding would drown them.
    centre = y.double().mean(dim=0)
    dtype = torch.float64 if x.shape[1] <= _DOUBLE_UP_TO else x.dtype
    return (x - centre).to(dtype), (y - centre).to(dtype)


def _scores(x: Tensor, y: Tensor, num_neighbours: int, num_groups: int) -> NDArray[np.float64]:
    """The four scores (1 + G, 4) of all examples, and of all but those of each group of consecutive ones."""
    ours, theirs = _Balls(x, num_neighbours, num_groups), _Balls(y, num_neighbours, num_groups)
    in_real, real_balls, reached, covered = _contacts(ours, theirs)
    kept_x, kept_y = ours.kept.double(), theirs.kept.double()
    num_x, num_y = kept_x.sum(dim=0), kept_y.sum(dim=0)
    columns = (
        (in_real * kept_x).sum(dim=0) / num_x,
        (reached * kept_y).sum(dim=0) / num_y,
        (real_balls * kept_x).sum(dim=0) / (num_x * num_y) * (num_y / num_neighbours),
        (covered * kept_y).sum(dim=0) / num_y,
    )
    return torch.stack(columns, dim=1).cpu().numpy()


class _Balls:
    """A set with the squared radius of each ball, (N, 1 + G): of the whole set, and without each group."""

    def __init__(self, rows: Tensor, num_neighbours: int, num_groups: int) -> None:
        self.rows = rows
        self.squares = rows.square().sum(dim=1)
        group = torch.arange(len(rows), device=rows.device) * max(num_groups, 1) // len(rows)
        numbers = torch.arange(num_groups, device=rows.device)
        everyone = torch.ones(len(rows), 1, dtype=torch.bool, device=rows.device)
        self.kept = torch.cat([everyone, group[:, None] != numbers], dim=1)
        self.radii = torch.cat([self._radii(block, num_neighbours) for block in _blocks(len(rows))])

    def _radii(self, block: slice, num_neighbours: int) -> Tensor:
        distances = _squared_distances(self, self, block)
        own = torch.arange(block.start, block.stop, device=distances.device)
        distances[own - block.start, own] = torch.inf
        # The nearest of each group are all that is needed to leave any one of them out.
        nearest = [
            part.topk(min(num_neighbours, part.shape[1]), largest=False).values
            for part in torch.split_with_sizes(distances, self._group_sizes(), dim=1)
        ]
        whole = torch.cat(nearest, dim=1).kthvalue(num_neighbours).values
        without = [
            torch.cat(nearest[:left_out] + nearest[left_out + 1 :], dim=1).kthvalue(num_neighbours).values
            for left_out in range(self.kept.shape[1] - 1)
        ]
        return torch.stack([whole, *without], dim=1)

    def _group_sizes(self) -> list[int]:
        return (~self.kept[:, 1:]).sum(dim=0).tolist() or [len(self.rows)]


def _squared_distances(one: _Balls, other: _Balls, block: slice) -> Tensor:
    """Squared distances (B, M) of a block of rows, up to rounding."""
    return torch.addmm(one.squares[block, None] + other.squares, one.rows[block], other.rows.T, alpha=-2)


def _rounding(one: _Balls, other: _Balls, block: slice) -> Tensor:
    """What rounding can add to each squared distance and take from a radius."""
    return (one.squares[block, None] + other.squares).mul_(8 * torch.finfo(one.squares.dtype).eps)


def _contacts(ours: _Balls, theirs: _Balls) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """For each choice of groups: samples in real balls, in how many; real examples in samples' balls, balls reached."""
    device = ours.rows.device
    real_balls = torch.zeros(ours.kept.shape, dtype=torch.float64, device=device)
    reached, covered = (torch.zeros(theirs.kept.shape, dtype=torch.bool, device=device) for _ in range(2))
    for block in _blocks(len(ours.rows)):
        distances = _squared_distances(ours, theirs, block) - _rounding(ours, theirs, block)
        for choice in range(ours.kept.shape[1]):
            of_ours, of_theirs = ours.kept[block, choice], theirs.kept[:, choice]
            in_theirs = distances <= theirs.radii[:, choice]
            real_balls[block, choice] = (in_theirs & of_theirs).sum(dim=1).double()
            covered[:, choice] |= (in_theirs & of_ours[:, None]).any(dim=0)
            reached[:, choice] |= ((distances <= ours.radii[block, choice, None]) & of_ours[:, None]).any(dim=0)
    return real_balls > 0, real_balls, reached, covered


def _blocks(count: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]

"""The claims of three papers as studies.

Every arm is tuned first, on seeds of its own, and its best configuration is played on fresh seeds: the value that won a
search is too good by having won. All arms get the same number of gradients of the loss. Each claim has two scales: one
for two cores, and the paper's (`NAME-paper`), which is a GPU's work.
"""

from equipoise.recipes.claims.claim import PAPER, Candidates, Claim, Contrast, measured_often
from equipoise.recipes.claims.conjugate_gradients import CONJUGATE_GRADIENTS
from equipoise.recipes.claims.gap_aware import GAP_AWARE_SCHEDULE
from equipoise.recipes.claims.two_time_scales import TWO_TIME_SCALES

CLAIMS: dict[str, Claim] = {
    claim.name: claim for claim in (*CONJUGATE_GRADIENTS, *TWO_TIME_SCALES, *GAP_AWARE_SCHEDULE)
}
"""By name."""

__all__ = ["CLAIMS", "PAPER", "Candidates", "Claim", "Contrast", "measured_often"]

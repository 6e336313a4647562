"""A run diagnosed at a checkpoint: the game itself is measured, and the numbers are put into words.

`measurements` is the registry: losses against their ideals, gradients, gradient noise, eigenvalues (`linearise`,
`eigenvalues`, `verdict`), the path-angle, a fresh discriminator, modes, memorisation. `diagnose` opens a run and plays
them; `advice` holds the rules, `tables` the tables. Figures are drawn from the record alone by
`equipoise.reports.diagnosis`.
"""

from equipoise.training.diagnosis.diagnose import diagnose, diagnosis_path
from equipoise.training.diagnosis.measurements import MEASUREMENTS

__all__ = ["MEASUREMENTS", "diagnose", "diagnosis_path"]

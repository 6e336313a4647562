"""The value of an evaluation that tells a run's checkpoints apart: by what name records hold it, what people call it.

Less is better. Every evaluation names its judge; records of before there was a choice name none, and theirs is ``fd``.
"""

import math
from collections.abc import Mapping
from typing import Any

RISKS = {
    "source-validation": "source_error",
    "entropy": "entropy",
    "information": "information_risk",
    "nuclear-norm": "nuclear_norm_risk",
    "importance-weighted": "importance_weighted_risk",
    "dev": "dev_risk",
}
"""Names in the record of what each rule minimises that chooses an adapted classifier without labels of the target."""
JUDGES = {
    "fd": "FD",
    "mode_error": "mode error",
    "jsd4": "JSD-4",
    "source_error": "source error",
    "entropy": "entropy of predictions",
    "information_risk": "information risk",
    "nuclear_norm_risk": "nuclear-norm risk",
    "importance_weighted_risk": "importance-weighted risk",
    "dev_risk": "DEV risk",
}
"""Labels by name in the record."""


def judge_of(record: Mapping[str, Any]) -> str:
    """Name of the value that judges the evaluation ``record``.

    >>> judge_of({"values": {"fd": 2.0, "mode_error": 0.5}, "judge": "mode_error"})
    'mode_error'
    """
    return str(record.get("judge", "fd"))


def distance_of(record: Mapping[str, Any]) -> float:
    """What the judge of the evaluation ``record`` measured; NaN where it was not finite.

    >>> distance_of({"values": {"fd": 2.0, "mode_error": 0.5}, "judge": "mode_error"})
    0.5
    >>> distance_of({"values": {"fd": None}})
    nan
    """
    value = record["values"][judge_of(record)]
    return math.nan if value is None else float(value)

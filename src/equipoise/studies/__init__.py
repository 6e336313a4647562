"""Studies: many runs and their analysis."""

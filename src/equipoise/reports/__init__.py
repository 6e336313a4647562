"""Figures from records on disk. No torch: a run can be drawn years later on a laptop."""

"""Guarding: what notices that a run goes wrong, and what is then done.

`probe` looks at one round on the device, `detectors` at the history, `guard` decides by the run's policy.
"""

"""Faults made on purpose, and what is left after them: for tests/faults and benchmarks/faults.py."""

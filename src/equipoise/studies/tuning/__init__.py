"""Tuning: a search over settings, and what a search of so many trials buys.

`dimensions` and `space` say what is searched, `plan` which trials that makes, `search` and `optuna_search` hand them
out, `scores`, `budget` and `heat_map` are pure functions of what they gave, `findings`, `words` and `results` bring it
to paper, and `study` does one after the other.
"""

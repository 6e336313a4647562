"""Adapting a classifier to another domain: how it is looked at, judged without labels, drawn, loaded and applied.

The game is in `equipoise.games`, its rounds are those of every other game.
"""

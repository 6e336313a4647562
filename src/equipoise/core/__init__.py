"""The ground floor: errors and outcomes, atomic files, seeded randomness, arithmetic over parameter lists.

Modules here know nothing of games. Those that import torch (``batches``, ``seeding``, ``vectors``, ``tensors``,
``devices``) are apart from those that do not, so that settings, recipes and reports stay free of it.
"""

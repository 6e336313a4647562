"""Measuring: examples, of a generator or of anything else, against a distance's reference.

`evaluator` (pictures and points) and `text_evaluator` measure during training; `measure` does so afterwards,
`comparison` and `text_files` for any two sets. All draw, embed and reduce by the same passes: `example_sets` says what
a side is, `observing` what is kept of it, `measures` what is computed. The distances are the room `metrics`.
"""

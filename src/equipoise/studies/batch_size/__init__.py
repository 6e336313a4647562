"""Which batch size? The second paper's question (Sato & Iiduka 2023), from its runs to its advice.

`plan` says what is run and `study` runs it; `laws` and `fitting` hold N(b), `profile` the interval of b*; `critical`
puts them beside what was measured, `noise_scale` and `hyperparameters` estimate b* without a sweep, `advice` says it in
words and `results` writes it down. `archive` reads the published runs of Shallue et al. 2019 for the same analysis.
"""
